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
    ChannelDefaults,
    Grant,
    Order,
    Stars,
    Status,
    Theme,
    rules,
)
from bot.errors import BotError
from bot.locales import sentence
from bot.services import open_service
from bot.settings import Settings
from tests.support.boards_env import (
    ADA,
    BEN,
    CLEO,
    GUILD,
    HERE,
    MOD,
    STRANGER,
    Room,
    an_image,
    open_room,
    picture,
)
from tests.support.discord_env import SteeredEngine
from tests.unit.services.test_service import idle, origin, submit

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as room:
        yield room


async def refused(doing: Any, words: str) -> None:
    """Expect one sentence, in both languages."""
    with pytest.raises(BotError, match=words) as caught:
        await doing
    chinese = sentence(caught.value.message, "zh-CN")
    assert chinese != caught.value.message
    assert chinese.endswith("。")


async def verbs(room: Room, board_id: str) -> list[str]:
    page = await room.boards.log(ADA, board_id, page_size=100)
    assert {each.verb for each in page.activities} <= set(VERBS)
    return [each.verb for each in reversed(page.activities)]


async def test_a_board_comes_back_as_it_was_made(room: Room):
    made = await room.board(
        "  Spring\n colours ", channel_id=5, brief="soft\r\n\n\n\nand light", style=" pastel, ",
        size="Wide", theme=Theme.LIGHT, order=Order.VOTES, everyone=Access.LOOK, self_vote=False,
        threshold=2,
    )  # fmt: skip
    assert made.name == "Spring colours"
    assert made.brief == "soft\n\nand light"
    assert (made.style, made.size) == ("pastel", "Wide")
    assert (made.theme, made.order) == (Theme.LIGHT, Order.VOTES)
    assert (made.everyone, made.self_vote, made.threshold) == (Access.LOOK, False, 2)
    assert (made.owner_id, made.owner_name, made.revision) == (10, "Ada", 1)
    assert made.created_at == room.clock()
    for typed in (made.id, f" `{made.id.upper()}` ", "spring COLOURS", "Ｓpring  colours"):
        assert await room.boards.find(BEN, typed) == made
    assert await room.boards.of_channel(1, 5) == made
    assert await room.boards.of_channel(2, 5) is None
    assert await room.boards.of_channel(1, 6) is None
    assert room.told == [made.id]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "needs a name"),
        (" \n\t ", "needs a name"),
        ("\u200b\u202e\u2066", "needs a name"),
        ("x" * 81, "The name has 81 characters: 80 are the limit"),
    ],
)
async def test_a_name_that_cannot_be_used_is_refused(room: Room, name: str, words: str):
    await refused(room.board(name), words)
    assert await room.boards.boards(ADA) == []


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
    room: Room, options: dict[str, Any], words: str
):
    await refused(room.board(**options), words)
    board = await room.board()
    await refused(room.boards.edit(ADA, board.id, **options), words)
    assert await room.now(board) == board


async def test_signs_that_turn_the_text_beside_them_are_not_kept(room: Room):
    board = await room.board("\u202egnirpS\u202c עברית 春", brief="a\x00b\u2067c")
    assert board.name == "gnirpS עברית 春"
    assert board.brief == "abc"


async def test_names_are_unique_in_a_guild_until_the_board_is_deleted(room: Room):
    board = await room.board("Spring")
    await refused(room.board(" SPRING "), "There is a board 'SPRING' here already")
    other = await room.board("Summer")
    await refused(room.boards.edit(BEN, other.id, name="x"), "Only Ada and moderators")
    await refused(room.boards.edit(ADA, other.id, name="spring"), "here already")
    await room.boards.edit(ADA, board.id, name="SPRING")  # its own name
    elsewhere = await room.boards.create(STRANGER, name="Spring")
    assert elsewhere.guild_id == 2
    await room.boards.delete(ADA, board.id)
    await room.board("Spring")
    await refused(room.boards.restore(ADA, board.id), "here already")


async def test_a_channel_is_one_open_board(room: Room):
    first = await room.board("Spring", channel_id=5)
    await refused(room.board("Summer", channel_id=5), "The channel is a board already, 'Spring'")
    await room.boards.archive(ADA, first.id)
    second = await room.board("Summer", channel_id=5)
    assert await room.boards.of_channel(1, 5) == second
    await refused(room.boards.unarchive(ADA, first.id), "a board already, 'Summer'")
    third = await room.board("Autumn")
    await refused(room.boards.edit(ADA, third.id, channel_id=5), "a board already, 'Summer'")
    assert (await room.boards.delete(ADA, first.id)).state is BoardState.DELETED
    restored = await room.boards.restore(ADA, first.id)  # as it was: archived, so beside the other
    assert restored.state is BoardState.ARCHIVED
    assert await room.boards.channel_boards() == [second.id]
    await room.boards.delete(ADA, second.id)
    await room.boards.unarchive(ADA, first.id)
    await refused(room.boards.restore(ADA, second.id), "a board already, 'Spring'")


async def test_two_boards_of_one_name_or_channel_at_once_are_one(room: Room):
    made = await asyncio.gather(
        *(room.board("Spring", channel_id=5) for _ in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(each, BotError) for each in made) == 1
    assert len(await room.boards.boards(ADA)) == 1


async def test_a_guild_has_a_hundred_boards_at_most(room: Room, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rules, "MAX_BOARDS", 2)
    first, _ = await room.board("a"), await room.board("b")
    await refused(room.board("c"), "There are 2 boards here, and 2 are the limit")
    await room.boards.create(STRANGER, name="c")
    await room.boards.delete(ADA, first.id)
    await room.board("c")
    await refused(room.boards.restore(ADA, first.id), "are the limit")


async def test_another_guilds_board_is_as_if_it_were_not_there(room: Room):
    board = await room.board(channel_id=5)
    await room.upload(board)
    boards = room.boards
    before = await room.now(board)
    for doing in (
        boards.find(STRANGER, board.id),
        boards.find(STRANGER, "Spring"),
        boards.edit(STRANGER, board.id, name="x"),
        boards.edit(STRANGER, board.id, theme=Theme.LIGHT),
        boards.archive(STRANGER, board.id),
        boards.unarchive(STRANGER, board.id),
        boards.delete(STRANGER, board.id),
        boards.restore(STRANGER, board.id),
        boards.grant(STRANGER, board.id, Grant(kind="member", subject_id=1, access=Access.OWN)),
        boards.revoke(STRANGER, board.id, kind="member", subject_id=1),
        boards.item(STRANGER, board.id, 1),
        boards.move(STRANGER, board.id, 1, before=None),
        boards.caption(STRANGER, board.id, 1, "x"),
        boards.credit(STRANGER, board.id, 1, "x"),
        boards.tag(STRANGER, board.id, 1, "x"),
        boards.untag(STRANGER, board.id, 1, "x"),
        boards.remove(STRANGER, board.id, 1),
        boards.bring_back(STRANGER, board.id, 1),
        boards.vote(STRANGER, board.id, 1),
        boards.comment(STRANGER, board.id, 1, "x"),
        boards.delete_comment(STRANGER, board.id, 1, 1),
        boards.log(STRANGER, board.id),
        room.upload(board, 2, by=STRANGER),
        boards.add_generation(STRANGER, board.id, (await an_image(room.store)).id, viewer=HERE),
    ):
        await refused(doing, "There is no board '.+' here that you may see")
    assert await boards.boards(STRANGER, with_archived=True, with_deleted=True) == []
    assert await room.now(board) == before


async def test_who_may_not_look_is_not_told_that_there_is_a_board(room: Room):
    board = await room.board("Secret", everyone=Access.NONE)
    await refused(room.boards.find(BEN, "Secret"), "There is no board 'Secret' here")
    await refused(room.boards.delete(BEN, board.id), "There is no board")
    assert await room.boards.boards(BEN) == []
    assert [each.name for each in await room.boards.boards(MOD)] == ["Secret"]
    grant = Grant(kind="role", subject_id=50, access=Access.LOOK)
    await room.boards.grant(ADA, board.id, grant)
    [line] = await room.boards.boards(BEN)
    assert line.access is Access.LOOK
    assert (await room.boards.find(BEN, "Secret")).grants == (grant,)
    await refused(room.upload(board, by=BEN), "You may only look at the board 'Secret': ask Ada")
    await refused(room.boards.find(CLEO, "Secret"), "There is no board")


async def test_each_level_may_do_what_it_says_and_no_more(room: Room):
    board = await room.board(everyone=Access.LOOK)
    await room.upload(board)
    boards = room.boards

    async def give(access: Access) -> None:
        await boards.grant(ADA, board.id, Grant(kind="member", subject_id=11, access=access))

    await refused(boards.vote(BEN, board.id, 1), "You may only look")
    await refused(boards.comment(BEN, board.id, 1, "x"), "You may only look")
    await give(Access.ADD)
    await boards.vote(BEN, board.id, 1)
    await refused(boards.caption(BEN, board.id, 1, "x"), "You may not curate the board 'Spring'")
    await refused(boards.remove(BEN, board.id, 1), "You may not curate")
    await refused(boards.edit(BEN, board.id, order=Order.VOTES), "You may not curate")
    await refused(room.upload(board, 3, by=BEN, is_released=True), "You may not curate")
    await give(Access.CURATE)
    await boards.caption(BEN, board.id, 1, "x")
    await boards.edit(BEN, board.id, order=Order.VOTES, theme=Theme.LIGHT)
    await refused(boards.edit(BEN, board.id, name="x", theme=Theme.DARK), "Only Ada and moderators")
    await refused(boards.delete(BEN, board.id), "Only Ada and moderators")
    await give(Access.OWN)
    await boards.edit(BEN, board.id, name="x")
    await boards.revoke(ADA, board.id, kind="member", subject_id=11)
    await refused(boards.vote(BEN, board.id, 1), "You may only look")
    assert (await room.now(board)).grants == ()


async def test_grants_are_limited_and_the_last_one_counts(
    room: Room, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rules, "MAX_GRANTS", 2)
    board = await room.board()
    for subject_id in (1, 2):
        grant = Grant(kind="role", subject_id=subject_id, access=Access.LOOK)
        await room.boards.grant(ADA, board.id, grant)
    third = Grant(kind="member", subject_id=1, access=Access.OWN)
    await refused(room.boards.grant(ADA, board.id, third), "names 2 members and roles already")
    again = Grant(kind="role", subject_id=2, access=Access.CURATE)
    board = await room.boards.grant(ADA, board.id, again)
    assert board.grants[1] == again
    revision = board.revision
    board = await room.boards.grant(ADA, board.id, again)
    assert board.revision == revision  # nothing changed


async def test_what_is_edited_is_noted_and_what_is_not_is_not(room: Room):
    board = await room.board(channel_id=5)
    assert await room.boards.set_message(board.id, 5, 100)
    edited = await room.boards.edit(
        ADA, board.id, name="Spring", brief="new", size="512x512", everyone=Access.LOOK,
        self_vote=False,
    )  # fmt: skip
    assert (edited.brief, edited.size, edited.everyone) == ("new", "512x512", Access.LOOK)
    assert edited.message_id == 100
    newest = (await room.boards.log(ADA, board.id)).activities[0]
    assert newest.detail == "brief, everyone, self_vote, size"
    room.told.clear()
    same = await room.boards.edit(ADA, board.id, brief=" new ")
    assert same == edited
    assert room.told == []
    gone = await room.boards.edit(ADA, board.id, channel_id=None, size=None)
    assert (gone.channel_id, gone.message_id, gone.size) == (None, None, None)
    assert gone.revision == edited.revision + 1


async def test_an_archived_board_can_be_looked_at_and_not_changed(room: Room):
    board = await room.board(channel_id=5)
    await room.upload(board)
    await room.boards.archive(ADA, board.id)
    await room.boards.archive(ADA, board.id)
    archived = await room.boards.find(BEN, "spring")
    assert archived.state is BoardState.ARCHIVED
    for doing in (
        room.upload(board, 2),
        room.boards.vote(BEN, board.id, 1),
        room.boards.caption(ADA, board.id, 1, "x"),
        room.boards.edit(ADA, board.id, brief="x"),
        room.boards.remove(ADA, board.id, 1),
    ):
        await refused(doing, "The board 'Spring' is archived")
    assert await room.boards.boards(ADA) == []
    [line] = await room.boards.boards(ADA, with_archived=True)
    assert (line.state, line.num_items) == (BoardState.ARCHIVED, 1)
    await room.boards.unarchive(ADA, board.id)
    await room.boards.vote(BEN, board.id, 1)
    done = await verbs(room, board.id)
    assert done == ["created", "added", "archived", "unarchived", "voted"]


async def test_a_deleted_board_is_back_whole_within_a_day(room: Room):
    board = await room.board(channel_id=5)
    await room.upload(board)
    await room.boards.vote(BEN, board.id, 1)
    await room.boards.set_message(board.id, 5, 100)
    before = await room.now(board)
    deleted = await room.boards.delete(ADA, board.id)
    assert (deleted.state, deleted.deleted_at) == (BoardState.DELETED, room.clock())
    assert await room.boards.board(board.id) is None
    assert await room.boards.of_channel(1, 5) is None
    assert await room.boards.of_message(100) is None
    assert await room.boards.channel_boards() == []
    await refused(room.boards.find(ADA, board.id), "There is no board")
    await refused(room.boards.vote(BEN, board.id, 1), "There is no board")
    assert await room.boards.boards(BEN, with_deleted=True) == []
    [line] = await room.boards.boards(ADA, with_deleted=True)
    assert line.id == board.id
    await refused(room.boards.restore(BEN, board.id), "There is no board")
    room.clock.move(hours=23, minutes=59)
    await room.boards.tidy()
    back = await room.boards.restore(ADA, board.id)
    assert back.items == before.items
    assert back.items[0].path.is_file()
    assert back.revision == before.revision + 2
    await refused(room.boards.restore(ADA, board.id), "is not deleted")


async def test_after_a_day_nothing_of_a_deleted_board_is_left(room: Room):
    board, other = await room.board(), await room.board("Other")
    await room.upload(board, 1)
    await room.upload(board, 2)
    await room.upload(other, 2)
    await room.boards.comment(BEN, board.id, 1, "x")
    await room.boards.vote(BEN, board.id, 1)
    await room.boards.grant(ADA, board.id, Grant(kind="role", subject_id=1, access=Access.OWN))
    await room.boards.delete(ADA, board.id)
    assert len(room.copies()) == 2
    room.clock.move(days=1, seconds=1)
    await refused(room.boards.restore(ADA, board.id), "deleted more than a day ago")
    assert await room.boards.boards(ADA, with_deleted=True) == await room.boards.boards(ADA)
    assert await room.boards.tidy() == 1  # the other picture hangs on another board, too
    [kept] = room.copies()
    assert kept == (await room.now(other)).items[0].path.name
    for table in ("board_votes", "board_comments", "board_grants"):
        assert await room.store.database.rows(f"SELECT * FROM {table}") == []
    await refused(room.boards.restore(ADA, board.id), "There is no board")


async def test_what_no_row_names_is_kept_in_quarantine_and_what_lies_beside_it_stays(
    room: Room, caplog: pytest.LogCaptureFixture
):
    board = await room.board()
    item = (await room.upload(board)).item
    orphan = item.path.with_name("ab" * 32 + ".png")
    part, foreign = item.path.with_name(".x3_x5y7z.part"), item.path.with_name("Thumbs.db")
    small = room.boards.pictures.copy_of(item, side=64)
    assert small is not None
    for path in (orphan, part, foreign):
        path.write_bytes(b"left behind")
    assert await room.boards.tidy() == 0
    assert sorted(item.path.parent.iterdir()) == sorted([item.path, foreign])
    assert small.is_file()
    [moved] = room.store.quarantine.folder.rglob("*.png")
    assert moved.parts[-3:] == ("boards", item.path.parent.name, orphan.name)
    assert moved.read_bytes() == b"left behind"
    [warning] = [each for each in caplog.messages if "quarantine" in each]
    assert "pictures of boards, 1." in warning
    assert "`python -m bot restore" in warning


async def test_a_copy_stays_that_hangs_where_only_a_newer_database_knew(tmp_path: Path):
    async with open_room(tmp_path) as room:
        board = await room.board()
        item = (await room.upload(board)).item
        await room.boards.remove(ADA, board.id, 1)
        older = await room.store.database.back_up()
        await room.upload(await room.board("Other"))  # the same picture
    shutil.copy(older, tmp_path / "bot.sqlite3")
    async with open_room(tmp_path) as room:
        room.clock.move(days=1, seconds=1)
        assert await room.boards.tidy() == 0
        [moved] = room.store.quarantine.folder.rglob("*.png")
        assert moved.name == item.path.name


async def test_small_copies_go_with_the_pictures_they_show(room: Room):
    board = await room.board()
    gone, kept = (await room.upload(board, 1)).item, (await room.upload(board, 2)).item
    small = [room.boards.pictures.copy_of(item, side=64) for item in (gone, kept)]
    await room.boards.remove(ADA, board.id, 1)
    await room.boards.tidy()
    assert all(path is not None and path.is_file() for path in small)
    room.clock.move(days=1, seconds=1)
    await room.boards.tidy()
    assert [path is not None and path.is_file() for path in small] == [False, True]


async def test_a_log_of_a_busy_board_is_cut_and_read_page_by_page(
    room: Room, monkeypatch: pytest.MonkeyPatch
):
    board, other = await room.board(), await room.board("Other")
    await room.upload(board)
    for _ in range(10):
        await room.boards.vote(BEN, board.id, 1)
    first = await room.boards.log(ADA, board.id, page_size=5)
    last = await room.boards.log(ADA, board.id, 2, page_size=5)
    assert (len(first.activities), first.has_older) == (5, True)
    assert [each.verb for each in last.activities] == ["added", "created"]
    assert not last.has_older
    assert (await room.boards.log(ADA, board.id, 3, page_size=5)).activities == ()
    monkeypatch.setattr("bot.services.boards.cleanup._LOG_LENGTH", 4)
    await room.boards.tidy()
    assert await verbs(room, board.id) == ["voted", "unvoted"] * 2
    assert await verbs(room, other.id) == ["created"]


async def test_the_message_of_a_board_is_remembered_and_forgotten(room: Room):
    board = await room.board(channel_id=5)
    revision = board.revision
    assert await room.boards.set_message(board.id, 5, 100)
    assert not await room.boards.set_message(board.id, 6, 101)  # it is another channel by now
    found = await room.boards.of_message(100)
    assert found is not None
    assert (found.id, found.message_id, found.revision) == (board.id, 100, revision)
    assert await room.boards.forget_message(999) is None
    assert await room.boards.forget_message(100) == board.id
    assert (await room.now(board)).message_id is None
    await room.boards.set_message(board.id, 5, 102)
    assert await room.boards.forget_channel(MOD, 5) == [board.id]
    left = await room.now(board)
    assert (left.channel_id, left.message_id, left.state) == (None, None, BoardState.OPEN)
    assert await room.boards.channel_boards() == []


async def test_a_channel_has_the_defaults_of_its_open_board(room: Room):
    boards = room.boards
    assert await boards.defaults_for(1, 5) == ChannelDefaults()
    board = await room.board(channel_id=5, style="pastel", size="wide")
    assert await boards.defaults_for(1, 5) == ChannelDefaults(size="wide", style="pastel")
    assert await boards.defaults_for(2, 5) == ChannelDefaults()
    await boards.archive(ADA, board.id)
    assert await boards.defaults_for(1, 5) == ChannelDefaults()


async def test_the_list_counts_what_hangs_there(room: Room):
    await room.board("summer")
    board = await room.board("Autumn", brief="leaves")
    for seed in (1, 2, 3):
        await room.upload(board, seed)
    await room.boards.set_status(ADA, board.id, 2, Status.APPROVED)
    await room.boards.remove(ADA, board.id, 2)
    room.clock.move(minutes=5)
    await room.boards.set_status(ADA, board.id, 1, Status.APPROVED)
    lines = await room.boards.boards(ADA)
    assert [each.name for each in lines] == ["Autumn", "summer"]
    assert (lines[0].num_items, lines[0].num_approved) == (2, 1)
    assert lines[0].changed_at == room.clock()
    assert lines[0].access is Access.OWN


async def test_a_callback_that_fails_keeps_no_change_from_its_answer(
    room: Room, caplog: pytest.LogCaptureFixture
):
    async def fail(board_id: str) -> None:
        raise ConnectionError("nobody there")

    room.boards._callbacks.insert(0, fail)
    board = await room.board()
    assert room.told == [board.id]
    assert "could not be told" in caplog.text


async def test_boards_are_as_they_were_after_a_restart(tmp_path: Path):
    async with open_room(tmp_path) as room:
        board = await room.board(channel_id=5)
        made = await an_image(room.store)
        await room.boards.add_generation(BEN, board.id, made.id, viewer=HERE, tags=["a", "b"])
        await room.upload(board, 2, content=picture(2, "JPEG"), is_spoiler=True)
        await room.boards.move(ADA, board.id, 2, before=1)
        await room.boards.comment(CLEO, board.id, 1, "很好")
        await room.boards.vote(CLEO, board.id, 1)
        await room.boards.set_message(board.id, 5, 100)
        before = await room.now(board)
    async with open_room(tmp_path) as room:
        assert await room.now(board) == before
        assert await room.boards.of_message(100) == before
        assert [item.path.suffix for item in before.items] == [".jpg", ".png"]


async def test_a_drawn_image_stays_on_its_board_when_it_is_deleted_and_the_bot_restarts(
    settings: Settings, engine: SteeredEngine
):
    async with open_service(settings, lambda: engine) as service:
        reply = await submit(service, by=origin(BEN.user_id))
        await idle(service)
        [made] = reply.generations
        board = await service.boards.create(ADA, name="Spring", channel_id=2)
        added = await service.boards.add_generation(ADA, board.id, made.id, viewer=HERE)
        await service.delete(made.id, viewer=replace(HERE, user_id=BEN.user_id))
        assert not made.path.is_file()
    async with open_service(settings, lambda: engine) as service:
        await service.boards.tidy()
        again = await service.boards.find(BEN, "Spring")
        assert again.items == (added.item,)
        with Image.open(added.item.path) as picture:
            assert hashlib.sha256(picture.tobytes()).hexdigest() == made.pixel_sha256
        assert added.item.recipe_text == made.recipe_text
        taken = await service.boards.take_off_everywhere(BEN, made.id)
        assert [each.board_id for each in taken] == [board.id]


async def test_moderators_say_what_a_star_does(room: Room):
    board = await room.board()
    assert await room.boards.stars(GUILD) is None
    await refused(room.boards.set_stars(BEN, Stars(board_id=None)), "Only moderators")
    await room.boards.set_stars(MOD, Stars(board_id=board.id))
    assert await room.boards.stars(GUILD) == Stars(board_id=board.id)
    assert await room.boards.stars(2) is None
    await refused(room.boards.set_stars(STRANGER, Stars(board_id=board.id)), "There is no board")
    await room.boards.set_stars(MOD, None)
    assert await room.boards.stars(GUILD) is None
