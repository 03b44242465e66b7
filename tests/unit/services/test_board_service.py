"""Boards as a whole: made, found, set up, shared, deleted, brought back, swept."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.domain.boards import (
    VERBS,
    Access,
    BoardState,
    Grant,
    ItemStatus,
    SheetOrder,
    StarRule,
    Theme,
    rules,
)
from bot.domain.styles import Style
from bot.errors import BotError
from bot.locales import sentence
from bot.services import open_service
from bot.settings import Settings
from tests.support.boards_env import (
    ADA,
    BEN,
    CLEO,
    GUILD,
    MOD,
    STRANGER,
    BoardsEnv,
    an_image,
    open_boards_env,
    picture,
)
from tests.support.discord_env import SteeredEngine, empty_trash
from tests.unit.services.test_service import idle, origin, submit

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture
async def boards_env(tmp_path: Path) -> AsyncIterator[BoardsEnv]:
    async with open_boards_env(tmp_path) as boards_env:
        yield boards_env


async def refused(doing: Any, words: str) -> None:
    """Expect one sentence, in both languages."""
    with pytest.raises(BotError, match=words) as caught:
        await doing
    chinese = sentence(caught.value.message, "zh-CN")
    assert chinese != caught.value.message
    assert chinese.endswith("。")


async def verbs(boards_env: BoardsEnv, board_id: str) -> list[str]:
    page = await boards_env.boards.log(board_id, viewer=ADA, page_size=100)
    assert {each.verb for each in page.activities} <= set(VERBS)
    return [each.verb for each in reversed(page.activities)]


async def test_a_board_comes_back_as_it_was_made(boards_env: BoardsEnv):
    made = await boards_env.board(
        "  Spring\n colours ", channel_id=5, brief="soft\r\n\n\n\nand light", style=" pastel, ",
        size="Wide", theme=Theme.LIGHT, order=SheetOrder.VOTES, everyone=Access.LOOK,
        self_vote=False, threshold=2,
    )  # fmt: skip
    assert made.name == "Spring colours"
    assert made.brief == "soft\n\nand light"
    assert made.defaults == Style.of(after="pastel", size="Wide")
    assert (made.theme, made.order) == (Theme.LIGHT, SheetOrder.VOTES)
    assert (made.everyone, made.self_vote, made.threshold) == (Access.LOOK, False, 2)
    assert (made.owner_id, made.owner_name, made.revision) == (10, "Ada", 1)
    assert made.created_at == boards_env.clock()
    for typed in (made.id, f" `{made.id.upper()}` ", "spring COLOURS", "Ｓpring  colours"):
        assert await boards_env.boards.find(typed, viewer=BEN) == made
    assert await boards_env.system.of_channel(1, 5) == made
    assert await boards_env.system.of_channel(2, 5) is None
    assert await boards_env.system.of_channel(1, 6) is None
    assert boards_env.told == [made.id]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "needs a name"),
        (" \n\t ", "needs a name"),
        ("\u200b\u202e\u2066", "needs a name"),
        ("x" * 81, "The name has 81 characters: 80 are the limit"),
    ],
)
async def test_a_name_that_cannot_be_used_is_refused(boards_env: BoardsEnv, name: str, words: str):
    await refused(boards_env.board(name), words)
    assert await boards_env.boards.boards(viewer=ADA) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"brief": "x" * 1001}, "The brief has 1001 characters"),
        ({"style": "x" * 301}, "The style has 301 characters"),
        ({"size": "513x512"}, "multiples of 16"),
        ({"size": "nonsense"}, "is not understood"),
        ({"threshold": 0}, "The threshold 0 does not work"),
    ],
)
async def test_a_value_that_cannot_be_used_is_refused(
    boards_env: BoardsEnv, options: dict[str, Any], words: str
):
    await refused(boards_env.board(**options), words)
    board = await boards_env.board()
    await refused(boards_env.boards.edit(board.id, viewer=ADA, **options), words)
    assert await boards_env.now(board) == board


async def test_signs_that_turn_the_text_beside_them_are_not_kept(boards_env: BoardsEnv):
    board = await boards_env.board("\u202egnirpS\u202c עברית 春", brief="a\x00b\u2067c")
    assert board.name == "gnirpS עברית 春"
    assert board.brief == "abc"


async def test_names_are_unique_in_a_guild_until_the_board_is_deleted(boards_env: BoardsEnv):
    board = await boards_env.board("Spring")
    await refused(boards_env.board(" SPRING "), "There is a board 'SPRING' here already")
    other = await boards_env.board("Summer")
    await refused(boards_env.boards.edit(other.id, viewer=BEN, name="x"), "Only Ada and moderators")
    await refused(boards_env.boards.edit(other.id, viewer=ADA, name="spring"), "here already")
    await boards_env.boards.edit(board.id, viewer=ADA, name="SPRING")  # its own name
    elsewhere = await boards_env.boards.create(viewer=STRANGER, name="Spring")
    assert elsewhere.guild_id == 2
    await boards_env.boards.delete(board.id, viewer=ADA)
    await boards_env.board("Spring")
    await refused(boards_env.boards.restore(board.id, viewer=ADA), "here already")


async def test_a_channel_is_one_open_board(boards_env: BoardsEnv):
    first = await boards_env.board("Spring", channel_id=5)
    await refused(
        boards_env.board("Summer", channel_id=5), "The channel is a board already, 'Spring'"
    )
    await boards_env.boards.archive(first.id, viewer=ADA)
    second = await boards_env.board("Summer", channel_id=5)
    assert await boards_env.system.of_channel(1, 5) == second
    await refused(boards_env.boards.unarchive(first.id, viewer=ADA), "a board already, 'Summer'")
    third = await boards_env.board("Autumn")
    await refused(
        boards_env.boards.edit(third.id, viewer=ADA, channel_id=5), "a board already, 'Summer'"
    )
    assert (await boards_env.boards.delete(first.id, viewer=ADA)).state is BoardState.DELETED
    restored = await boards_env.boards.restore(
        first.id, viewer=ADA
    )  # as it was: archived, so beside the other
    assert restored.state is BoardState.ARCHIVED
    assert await boards_env.system.channel_boards() == [second.id]
    await boards_env.boards.delete(second.id, viewer=ADA)
    await boards_env.boards.unarchive(first.id, viewer=ADA)
    await refused(boards_env.boards.restore(second.id, viewer=ADA), "a board already, 'Spring'")


async def test_two_boards_of_one_name_or_channel_at_once_are_one(boards_env: BoardsEnv):
    made = await asyncio.gather(
        *(boards_env.board("Spring", channel_id=5) for _ in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(each, BotError) for each in made) == 1
    assert len(await boards_env.boards.boards(viewer=ADA)) == 1


async def test_a_guild_has_a_hundred_boards_at_most(
    boards_env: BoardsEnv, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rules, "MAX_BOARDS", 2)
    first, _ = await boards_env.board("a"), await boards_env.board("b")
    await refused(boards_env.board("c"), "There are 2 boards here, and 2 are the limit")
    await boards_env.boards.create(viewer=STRANGER, name="c")
    await boards_env.boards.delete(first.id, viewer=ADA)
    await boards_env.board("c")
    await refused(boards_env.boards.restore(first.id, viewer=ADA), "are the limit")


async def test_another_guilds_board_is_as_if_it_were_not_there(boards_env: BoardsEnv):
    board = await boards_env.board(channel_id=5)
    await boards_env.upload(board)
    boards = boards_env.boards
    before = await boards_env.now(board)
    for doing in (
        boards.find(board.id, viewer=STRANGER),
        boards.find("Spring", viewer=STRANGER),
        boards.edit(board.id, viewer=STRANGER, name="x"),
        boards.edit(board.id, viewer=STRANGER, theme=Theme.LIGHT),
        boards.archive(board.id, viewer=STRANGER),
        boards.unarchive(board.id, viewer=STRANGER),
        boards.delete(board.id, viewer=STRANGER),
        boards.restore(board.id, viewer=STRANGER),
        boards.grant(
            board.id, Grant(kind="member", subject_id=1, access=Access.OWN), viewer=STRANGER
        ),
        boards.revoke(board.id, viewer=STRANGER, kind="member", subject_id=1),
        boards.picture(board.id, 1, viewer=STRANGER),
        boards.move(board.id, 1, viewer=STRANGER, before=None),
        boards.describe(board.id, 1, viewer=STRANGER, caption="x"),
        boards.describe(board.id, 1, viewer=STRANGER, credit="x"),
        boards.describe(board.id, 1, viewer=STRANGER, tags=["x"]),
        boards.describe(board.id, 1, viewer=STRANGER, untags=["x"]),
        boards.remove(board.id, 1, viewer=STRANGER),
        boards.bring_back(board.id, 1, viewer=STRANGER),
        boards.vote(board.id, 1, viewer=STRANGER),
        boards.comment(board.id, 1, "x", viewer=STRANGER),
        boards.delete_comment(board.id, 1, 1, viewer=STRANGER),
        boards.log(board.id, viewer=STRANGER),
        boards_env.upload(board, 2, by=STRANGER),
        boards.add_generation(board.id, (await an_image(boards_env.store)).id, viewer=STRANGER),
    ):
        await refused(doing, "There is no board '.+' here that you may see")
    assert await boards.boards(viewer=STRANGER, with_archived=True, with_deleted=True) == []
    assert await boards_env.now(board) == before


async def test_who_may_not_look_is_not_told_that_there_is_a_board(boards_env: BoardsEnv):
    board = await boards_env.board("Secret", everyone=Access.NONE)
    await refused(boards_env.boards.find("Secret", viewer=BEN), "There is no board 'Secret' here")
    await refused(boards_env.boards.delete(board.id, viewer=BEN), "There is no board")
    assert await boards_env.boards.boards(viewer=BEN) == []
    assert [each.name for each in await boards_env.boards.boards(viewer=MOD)] == ["Secret"]
    grant = Grant(kind="role", subject_id=50, access=Access.LOOK)
    await boards_env.boards.grant(board.id, grant, viewer=ADA)
    [line] = await boards_env.boards.boards(viewer=BEN)
    assert line.access is Access.LOOK
    assert (await boards_env.boards.find("Secret", viewer=BEN)).grants == (grant,)
    await refused(
        boards_env.upload(board, by=BEN), "You may only look at the board 'Secret': ask Ada"
    )
    await refused(boards_env.boards.find("Secret", viewer=CLEO), "There is no board")


async def test_each_level_may_do_what_it_says_and_no_more(boards_env: BoardsEnv):
    board = await boards_env.board(everyone=Access.LOOK)
    await boards_env.upload(board)
    boards = boards_env.boards

    async def give(access: Access) -> None:
        await boards.grant(board.id, Grant(kind="member", subject_id=11, access=access), viewer=ADA)

    await refused(boards.vote(board.id, 1, viewer=BEN), "You may only look")
    await refused(boards.comment(board.id, 1, "x", viewer=BEN), "You may only look")
    await give(Access.ADD)
    await boards.vote(board.id, 1, viewer=BEN)
    await refused(
        boards.describe(board.id, 1, viewer=BEN, caption="x"),
        "You may not curate the board 'Spring'",
    )
    await refused(boards.remove(board.id, 1, viewer=BEN), "You may not curate")
    await refused(boards.edit(board.id, viewer=BEN, order=SheetOrder.VOTES), "You may not curate")
    await refused(boards_env.upload(board, 3, by=BEN, is_released=True), "You may not curate")
    await give(Access.CURATE)
    await boards.describe(board.id, 1, viewer=BEN, caption="x")
    await boards.edit(board.id, viewer=BEN, order=SheetOrder.VOTES, theme=Theme.LIGHT)
    await refused(
        boards.edit(board.id, viewer=BEN, name="x", theme=Theme.DARK), "Only Ada and moderators"
    )
    await refused(boards.delete(board.id, viewer=BEN), "Only Ada and moderators")
    await give(Access.OWN)
    await boards.edit(board.id, viewer=BEN, name="x")
    await boards.revoke(board.id, viewer=ADA, kind="member", subject_id=11)
    await refused(boards.vote(board.id, 1, viewer=BEN), "You may only look")
    assert (await boards_env.now(board)).grants == ()


async def test_grants_are_limited_and_the_last_one_counts(
    boards_env: BoardsEnv, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rules, "MAX_GRANTS", 2)
    board = await boards_env.board()
    for subject_id in (1, 2):
        grant = Grant(kind="role", subject_id=subject_id, access=Access.LOOK)
        await boards_env.boards.grant(board.id, grant, viewer=ADA)
    third = Grant(kind="member", subject_id=1, access=Access.OWN)
    await refused(
        boards_env.boards.grant(board.id, third, viewer=ADA), "names 2 members and roles already"
    )
    again = Grant(kind="role", subject_id=2, access=Access.CURATE)
    board = await boards_env.boards.grant(board.id, again, viewer=ADA)
    assert board.grants[1] == again
    revision = board.revision
    board = await boards_env.boards.grant(board.id, again, viewer=ADA)
    assert board.revision == revision  # nothing changed


async def test_what_is_edited_is_noted_and_what_is_not_is_not(boards_env: BoardsEnv):
    board = await boards_env.board(channel_id=5)
    assert await boards_env.system.set_message(board.id, 5, 100)
    edited = await boards_env.boards.edit(
        board.id,
        viewer=ADA,
        name="Spring",
        brief="new",
        size="512x512",
        everyone=Access.LOOK,
        self_vote=False,
    )
    assert edited.defaults.value("size") == "512x512"
    assert (edited.brief, edited.everyone) == ("new", Access.LOOK)
    assert edited.message_id == 100
    newest = (await boards_env.boards.log(board.id, viewer=ADA)).activities[0]
    assert newest.detail == "brief, everyone, self_vote, size"
    boards_env.told.clear()
    same = await boards_env.boards.edit(board.id, viewer=ADA, brief=" new ")
    assert same == edited
    assert boards_env.told == []
    gone = await boards_env.boards.edit(board.id, viewer=ADA, channel_id=None, size=None)
    assert (gone.channel_id, gone.message_id, gone.defaults) == (None, None, Style())
    assert gone.revision == edited.revision + 1


async def test_an_archived_board_can_be_looked_at_and_not_changed(boards_env: BoardsEnv):
    board = await boards_env.board(channel_id=5)
    await boards_env.upload(board)
    await boards_env.boards.archive(board.id, viewer=ADA)
    await boards_env.boards.archive(board.id, viewer=ADA)
    archived = await boards_env.boards.find("spring", viewer=BEN)
    assert archived.state is BoardState.ARCHIVED
    for doing in (
        boards_env.upload(board, 2),
        boards_env.boards.vote(board.id, 1, viewer=BEN),
        boards_env.boards.describe(board.id, 1, viewer=ADA, caption="x"),
        boards_env.boards.edit(board.id, viewer=ADA, brief="x"),
        boards_env.boards.remove(board.id, 1, viewer=ADA),
    ):
        await refused(doing, "The board 'Spring' is archived")
    assert await boards_env.boards.boards(viewer=ADA) == []
    [line] = await boards_env.boards.boards(viewer=ADA, with_archived=True)
    assert (line.state, line.num_items) == (BoardState.ARCHIVED, 1)
    await boards_env.boards.unarchive(board.id, viewer=ADA)
    await boards_env.boards.vote(board.id, 1, viewer=BEN)
    done = await verbs(boards_env, board.id)
    assert done == ["created", "added", "archived", "unarchived", "voted"]


async def test_a_deleted_board_is_back_whole_within_a_day(boards_env: BoardsEnv):
    board = await boards_env.board(channel_id=5)
    await boards_env.upload(board)
    await boards_env.boards.vote(board.id, 1, viewer=BEN)
    await boards_env.system.set_message(board.id, 5, 100)
    before = await boards_env.now(board)
    deleted = await boards_env.boards.delete(board.id, viewer=ADA)
    assert (deleted.state, deleted.deleted_at) == (BoardState.DELETED, boards_env.clock())
    assert await boards_env.system.board(board.id) is None
    assert await boards_env.system.of_channel(1, 5) is None
    assert await boards_env.system.of_message(100) is None
    assert await boards_env.system.channel_boards() == []
    await refused(boards_env.boards.find(board.id, viewer=ADA), "There is no board")
    await refused(boards_env.boards.vote(board.id, 1, viewer=BEN), "There is no board")
    assert await boards_env.boards.boards(viewer=BEN, with_deleted=True) == []
    [line] = await boards_env.boards.boards(viewer=ADA, with_deleted=True)
    assert line.id == board.id
    await refused(boards_env.boards.restore(board.id, viewer=BEN), "There is no board")
    boards_env.clock.move(hours=23, minutes=59)
    await boards_env.system.tidy()
    await boards_env.boards.restore(board.id, viewer=ADA)
    back = await boards_env.now(board)
    assert back.items == before.items
    assert back.items[0].path.is_file()
    assert back.revision == before.revision + 2
    await refused(boards_env.boards.restore(board.id, viewer=ADA), "is not deleted")


async def test_after_a_day_nothing_of_a_deleted_board_is_left(boards_env: BoardsEnv):
    board, other = await boards_env.board(), await boards_env.board("Other")
    await boards_env.upload(board, 1)
    await boards_env.upload(board, 2)
    await boards_env.upload(other, 2)
    await boards_env.boards.comment(board.id, 1, "x", viewer=BEN)
    await boards_env.boards.vote(board.id, 1, viewer=BEN)
    await boards_env.boards.grant(
        board.id, Grant(kind="role", subject_id=1, access=Access.OWN), viewer=ADA
    )
    await boards_env.boards.delete(board.id, viewer=ADA)
    assert len(boards_env.copies()) == 2
    boards_env.clock.move(days=1, seconds=1)
    await refused(boards_env.boards.restore(board.id, viewer=ADA), "deleted more than a day ago")
    assert await boards_env.boards.boards(
        viewer=ADA, with_deleted=True
    ) == await boards_env.boards.boards(viewer=ADA)
    assert await boards_env.system.tidy() == 1  # the other picture hangs on another board, too
    [kept] = boards_env.copies()
    assert kept == (await boards_env.now(other)).items[0].path.name
    for table in ("board_votes", "board_comments", "board_grants"):
        assert await boards_env.store.database.rows(f"SELECT * FROM {table}") == []
    await refused(boards_env.boards.restore(board.id, viewer=ADA), "There is no board")


async def test_what_no_row_names_is_kept_in_quarantine_and_what_lies_beside_it_stays(
    boards_env: BoardsEnv, caplog: pytest.LogCaptureFixture
):
    board = await boards_env.board()
    item = (await boards_env.upload(board)).item
    orphan = item.path.with_name("ab" * 32 + ".png")
    part, foreign = item.path.with_name(".x3_x5y7z.part"), item.path.with_name("Thumbs.db")
    small = boards_env.boards.pictures.copy_of(item, side=64)
    assert small is not None
    for path in (orphan, part, foreign):
        path.write_bytes(b"left behind")
    assert await boards_env.system.tidy() == 0
    assert sorted(item.path.parent.iterdir()) == sorted([item.path, foreign])
    assert small.is_file()
    [moved] = boards_env.store.quarantine.folder.rglob("*.png")
    assert moved.parts[-3:] == ("boards", item.path.parent.name, orphan.name)
    assert moved.read_bytes() == b"left behind"
    [warning] = [each for each in caplog.messages if "quarantine" in each]
    assert "pictures of boards, 1." in warning
    assert "`python -m bot restore" in warning


async def test_a_copy_stays_that_hangs_where_only_a_newer_database_knew(tmp_path: Path):
    async with open_boards_env(tmp_path) as boards_env:
        board = await boards_env.board()
        item = (await boards_env.upload(board)).item
        await boards_env.boards.remove(board.id, 1, viewer=ADA)
        older = await boards_env.store.database.back_up()
        await boards_env.upload(await boards_env.board("Other"))  # the same picture
    shutil.copy(older, tmp_path / "bot.sqlite3")
    async with open_boards_env(tmp_path) as boards_env:
        boards_env.clock.move(days=1, seconds=1)
        assert await boards_env.system.tidy() == 0
        [moved] = boards_env.store.quarantine.folder.rglob("*.png")
        assert moved.name == item.path.name


async def test_small_copies_go_with_the_pictures_they_show(boards_env: BoardsEnv):
    board = await boards_env.board()
    gone, kept = (await boards_env.upload(board, 1)).item, (await boards_env.upload(board, 2)).item
    small = [boards_env.boards.pictures.copy_of(item, side=64) for item in (gone, kept)]
    await boards_env.boards.remove(board.id, 1, viewer=ADA)
    await boards_env.system.tidy()
    assert all(path is not None and path.is_file() for path in small)
    boards_env.clock.move(days=1, seconds=1)
    await boards_env.system.tidy()
    assert [path is not None and path.is_file() for path in small] == [False, True]


async def test_a_log_of_a_busy_board_is_cut_and_read_page_by_page(
    boards_env: BoardsEnv, monkeypatch: pytest.MonkeyPatch
):
    board, other = await boards_env.board(), await boards_env.board("Other")
    await boards_env.upload(board)
    for _ in range(10):
        await boards_env.boards.vote(board.id, 1, viewer=BEN)
    first = await boards_env.boards.log(board.id, viewer=ADA, page_size=5)
    last = await boards_env.boards.log(board.id, 2, viewer=ADA, page_size=5)
    assert (len(first.activities), first.has_older) == (5, True)
    assert [each.verb for each in last.activities] == ["added", "created"]
    assert not last.has_older
    assert (await boards_env.boards.log(board.id, 3, viewer=ADA, page_size=5)).activities == ()
    monkeypatch.setattr("bot.services.boards.cleanup._LOG_LENGTH", 4)
    await boards_env.system.tidy()
    assert await verbs(boards_env, board.id) == ["voted", "unvoted"] * 2
    assert await verbs(boards_env, other.id) == ["created"]


async def test_the_message_of_a_board_is_remembered_and_forgotten(boards_env: BoardsEnv):
    board = await boards_env.board(channel_id=5)
    revision = board.revision
    assert await boards_env.system.set_message(board.id, 5, 100)
    assert not await boards_env.system.set_message(board.id, 6, 101)  # it is another channel by now
    found = await boards_env.system.of_message(100)
    assert found is not None
    assert (found.id, found.message_id, found.revision) == (board.id, 100, revision)
    assert await boards_env.system.forget_message(999) is None
    assert await boards_env.system.forget_message(100) == board.id
    assert (await boards_env.now(board)).message_id is None
    await boards_env.system.set_message(board.id, 5, 102)
    assert await boards_env.system.forget_channel(5, by=MOD) == [board.id]
    left = await boards_env.now(board)
    assert (left.channel_id, left.message_id, left.state) == (None, None, BoardState.OPEN)
    assert await boards_env.system.channel_boards() == []


async def test_a_channel_has_the_defaults_of_its_open_board(boards_env: BoardsEnv):
    boards = boards_env.boards
    here, elsewhere = replace(ADA, channels=frozenset({5})), replace(ADA, guild_id=2)
    assert await boards.defaults(5, viewer=here) == Style()
    board = await boards_env.board(channel_id=5, style="pastel", size="wide")
    assert await boards.defaults(5, viewer=here) == Style.of(after="pastel", size="wide")
    assert await boards.defaults(5, viewer=replace(here, channels=frozenset())) == Style()
    assert await boards.defaults(5, viewer=elsewhere) == Style()
    await boards.archive(board.id, viewer=ADA)
    assert await boards.defaults(5, viewer=here) == Style()


async def test_the_list_counts_what_hangs_there(boards_env: BoardsEnv):
    await boards_env.board("summer")
    board = await boards_env.board("Autumn", brief="leaves")
    for seed in (1, 2, 3):
        await boards_env.upload(board, seed)
    await boards_env.boards.set_status(board.id, 2, ItemStatus.APPROVED, viewer=ADA)
    await boards_env.boards.remove(board.id, 2, viewer=ADA)
    boards_env.clock.move(minutes=5)
    await boards_env.boards.set_status(board.id, 1, ItemStatus.APPROVED, viewer=ADA)
    lines = await boards_env.boards.boards(viewer=ADA)
    assert [each.name for each in lines] == ["Autumn", "summer"]
    assert (lines[0].num_items, lines[0].num_approved) == (2, 1)
    assert lines[0].changed_at == boards_env.clock()
    assert lines[0].access is Access.OWN


async def test_a_callback_that_fails_keeps_no_change_from_its_answer(
    boards_env: BoardsEnv, caplog: pytest.LogCaptureFixture
):
    async def fail(board_id: str) -> None:
        raise ConnectionError("nobody there")

    boards_env.context.callbacks.insert(0, fail)
    board = await boards_env.board()
    assert boards_env.told == [board.id]
    assert "could not be told" in caplog.text


async def test_boards_are_as_they_were_after_a_restart(tmp_path: Path):
    async with open_boards_env(tmp_path) as boards_env:
        board = await boards_env.board(channel_id=5)
        made = await an_image(boards_env.store)
        await boards_env.boards.add_generation(board.id, made.id, viewer=BEN, tags=["a", "b"])
        await boards_env.upload(board, 2, content=picture(2, "JPEG"), is_spoiler=True)
        await boards_env.boards.move(board.id, 2, viewer=ADA, before=1)
        await boards_env.boards.comment(board.id, 1, "很好", viewer=CLEO)
        await boards_env.boards.vote(board.id, 1, viewer=CLEO)
        await boards_env.system.set_message(board.id, 5, 100)
        before = await boards_env.now(board)
    async with open_boards_env(tmp_path) as boards_env:
        assert await boards_env.now(board) == before
        shown = await boards_env.system.of_message(100)
        assert shown == replace(before, items=())
        assert [item.path.suffix for item in before.items] == [".jpg", ".png"]


async def test_a_drawn_image_stays_on_its_board_when_it_is_deleted_and_the_bot_restarts(
    settings: Settings, engine: SteeredEngine
):
    async with open_service(settings, lambda: engine) as service:
        reply = await submit(service, by=origin(BEN.user_id))
        await idle(service)
        [made] = reply.generations
        board = await service.boards.create(viewer=ADA, name="Spring", channel_id=2)
        added = await service.boards.add_generation(board.id, made.id, viewer=ADA)
        await service.images.delete(made.id, viewer=BEN)
        await empty_trash(service)
        assert not made.path.is_file()
    async with open_service(settings, lambda: engine) as service:
        await service.system.boards.tidy()
        again = await service.boards.find("Spring", viewer=BEN)
        assert again.items == (added.item,)
        with Image.open(added.item.path) as picture:
            assert hashlib.sha256(picture.tobytes()).hexdigest() == made.pixel_sha256
        assert added.item.recipe_text == made.recipe_text
        taken = await service.boards.take_off_everywhere(made.id, viewer=BEN)
        assert [each.board_id for each in taken] == [board.id]


async def test_moderators_say_what_a_star_does(boards_env: BoardsEnv):
    board = await boards_env.board()
    assert await boards_env.system.stars(GUILD) is None
    await refused(
        boards_env.boards.set_stars(StarRule(board_id=None), viewer=BEN), "Only moderators"
    )
    await boards_env.boards.set_stars(StarRule(board_id=board.id), viewer=MOD)
    assert await boards_env.system.stars(GUILD) == StarRule(board_id=board.id)
    assert await boards_env.system.stars(2) is None
    await refused(
        boards_env.boards.set_stars(StarRule(board_id=board.id), viewer=STRANGER),
        "There is no board",
    )
    await boards_env.boards.set_stars(None, viewer=MOD)
    assert await boards_env.system.stars(GUILD) is None
