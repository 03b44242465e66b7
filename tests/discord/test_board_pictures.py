"""Pictures on boards: hung up, told apart, curated, voted for, talked about, taken off."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.domain.boards import Access, Grant, ItemSource, ItemStatus, rules
from bot.domain.recipe import parse_recipe
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.media.picture_files import write_once
from bot.media.thumbnails import PictureCache
from tests.support.boards_env import (
    ADA,
    BEN,
    CLEO,
    MOD,
    STRANGER,
    BoardsEnv,
    an_image,
    open_boards_env,
    picture,
)
from tests.unit.media.test_reading import chunk, encoded, profile, with_chunks
from tests.unit.services.test_board_service import refused, verbs


@pytest.fixture
async def boards_env(tmp_path: Path) -> AsyncIterator[BoardsEnv]:
    async with open_boards_env(tmp_path) as boards_env:
        yield boards_env


async def test_an_upload_hangs_as_our_own_copy_of_its_bytes(boards_env: BoardsEnv):
    board = await boards_env.board()
    content = picture(1, "JPEG", quality=80)
    added = await boards_env.boards.add_upload(
        board.id,
        content,
        viewer=BEN,
        author_id=99,
        author_name="Someone\nelse",
        channel_id=7,
        link="https://discord.com/channels/1/7/8",
        is_spoiler=True,
        caption=" light \n and air ",
        tags=["#soft, Light", "light"],
    )
    item = added.item
    assert (added.duplicate_of, added.is_exact) == (None, False)
    assert item.path.read_bytes() == content
    assert item.path.name == hashlib.sha256(content).hexdigest() + ".jpg"
    with Image.open(io.BytesIO(content)) as image:
        assert (item.width, item.height) == image.size
        assert item.pixel_sha256 == hashlib.sha256(image.tobytes()).hexdigest()
    assert (item.number, item.source, item.status) == (1, ItemSource.UPLOAD, ItemStatus.CANDIDATE)
    assert (item.caption, item.credit, item.tags) == (
        "light and air",
        "Someone else",
        ("soft", "Light"),
    )
    assert (item.author_id, item.channel_id, item.is_spoiler) == (99, 7, True)
    assert (item.added_by, item.added_by_name, item.added_at) == (11, "Ben", boards_env.clock())
    assert (item.generation_id, item.recipe_text, item.prompt) == (None, None, None)
    assert item.palette
    assert abs(sum(swatch.share for swatch in item.palette) - 1) < 0.01
    board = await boards_env.now(board)
    assert board.items == (item,)
    assert board.palette
    assert (await boards_env.boards.picture(board.id, 1, viewer=CLEO))[1] == item


async def test_photographs_and_large_texts_hang_and_are_shown_on_the_sheet(
    boards_env: BoardsEnv, tmp_path: Path
):
    """What was taken in is decoded the same way for the sheet; it keeps its own size."""
    board, exif = await boards_env.board(), Image.Exif()
    exif[0x0112] = 6
    photo = encoded(Image.new("RGB", (6000, 4000), "red"), "JPEG", exif=exif)
    talking = with_chunks(
        chunk(b"tEXt", b"large\0" + b"a" * 6_000_000),
        chunk(b"iCCP", b"press\0\0" + zlib.compress(profile() + bytes(2_000_000))),
    )
    cache = PictureCache(tmp_path / "cache")
    for content, size in ((photo, (4000, 6000)), (talking, (64, 48))):
        item = (await boards_env.upload(board, content=content)).item
        assert (item.width, item.height) == size
        shown = cache.picture(item, width=size[0] // 16, height=size[1] // 16)
        assert shown is not None


async def test_an_image_of_the_bot_hangs_with_its_recipe(boards_env: BoardsEnv):
    board, made = await boards_env.board(), await an_image(boards_env.store, spoiler=True)
    added = await boards_env.boards.add_generation(board.id, f" `{made.id.upper()}` ", viewer=CLEO)
    item = added.item
    assert (item.source, item.generation_id) == (ItemSource.GENERATION, made.id)
    assert (item.prompt, item.seed) == ("红苹果 on a table", 1)
    assert item.recipe_text is not None
    assert parse_recipe(item.recipe_text).pixel_sha256 == item.pixel_sha256 == made.pixel_sha256
    assert (item.credit, item.author_id, item.added_by) == ("Ben", 11, 12)
    assert (item.channel_id, item.is_spoiler) == (2, True)  # what is hidden stays hidden
    assert item.path.read_bytes() == made.path.read_bytes()


async def test_an_image_of_an_older_version_hangs_with_its_recipe_too(boards_env: BoardsEnv):
    board, made = await boards_env.board(), await an_image(boards_env.store, is_old=True)
    item = (
        await boards_env.boards.add_generation(board.id, made.id, viewer=ADA, credit="B. & Co")
    ).item
    assert item.recipe_text is not None
    assert parse_recipe(item.recipe_text).request == made.request
    assert item.credit == "B. & Co"
    copy = await boards_env.upload(board, content=picture(1, "JPEG", quality=70))
    assert copy.duplicate_of == item


async def test_only_images_of_the_guild_that_are_there_can_be_added(boards_env: BoardsEnv):
    board = await boards_env.board()
    elsewhere = await an_image(boards_env.store, 2, guild_id=2)
    private = await an_image(boards_env.store, 3, guild_id=None)
    deleted = await an_image(boards_env.store, 4)
    await boards_env.store.deletions.begin([deleted.id], by=1, locale="en-US")
    lost, damaged = await an_image(boards_env.store, 5), await an_image(boards_env.store, 6)
    lost.path.unlink()
    damaged.path.write_bytes(b"garbage")
    for made, state in ((lost, "gone"), (damaged, "damaged")):
        await refused(
            boards_env.boards.add_generation(board.id, made.id, viewer=ADA),
            f"The file of the image '{made.id}' is {state}: press Same seed",
        )
    for id_ in (elsewhere.id, private.id, deleted.id, "nonsense"):
        await refused(
            boards_env.boards.add_generation(board.id, id_, viewer=ADA),
            f"There is no image '{id_}' here",
        )
    assert await boards_env.numbers(board) == []
    assert boards_env.copies() == []


async def test_a_picture_stays_when_its_image_is_deleted(boards_env: BoardsEnv):
    board, made = await boards_env.board(), await an_image(boards_env.store)
    await boards_env.boards.add_generation(board.id, made.id, viewer=ADA)
    await boards_env.store.deletions.begin([made.id], by=1, locale="en-US")
    made.path.unlink()
    await boards_env.system.tidy()
    [item] = (await boards_env.now(board)).items
    assert item.path.is_file()
    assert item.recipe_text is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "This file is no picture"),
        (b"<svg onload=alert(1)>", "This file is a drawing in SVG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "no picture|damaged"),
        (picture(1)[:-200], "damaged or cut short"),
        (b"\xff" * (51 * 10**6 + 1), "The file has 51 MB"),
    ],
)
async def test_what_is_no_picture_is_refused_and_leaves_nothing(
    boards_env: BoardsEnv, content: bytes, words: str
):
    board = await boards_env.board()
    with pytest.raises(BotError, match=words):
        await boards_env.boards.add_upload(
            board.id,
            content,
            viewer=ADA,
            author_id=None,
            author_name="x",
            channel_id=None,
            is_spoiler=False,
        )
    assert await boards_env.numbers(board) == []
    assert boards_env.copies() == []


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"caption": "x" * 501}, "The caption has 501 characters"),
        ({"credit": "x" * 101}, "The credit has 101 characters"),
        ({"tags": ["x" * 31]}, "The tag has 31 characters"),
        ({"tags": [f"t{i}" for i in range(21)]}, "A picture with 21 tags is too much"),
    ],
)
async def test_words_that_are_too_long_are_refused(
    boards_env: BoardsEnv, details: dict[str, Any], words: str
):
    board = await boards_env.board()
    await refused(boards_env.upload(board, **details), words)
    assert boards_env.copies() == []


async def test_the_same_pixels_hang_once(boards_env: BoardsEnv):
    board, other = await boards_env.board(), await boards_env.board("Other")
    first = await boards_env.upload(board, caption="the first")
    again = await boards_env.upload(board, caption="again", by=BEN)
    as_webp = await boards_env.upload(board, content=picture(1, "WEBP", lossless=True))
    for added in (again, as_webp):
        assert added.is_exact
        assert added.item == added.duplicate_of == first.item
    assert await boards_env.numbers(board) == [1]
    assert (await boards_env.now(board)).revision == 2
    elsewhere = await boards_env.upload(other)  # a picture may hang on many boards
    assert not elsewhere.is_exact
    assert elsewhere.duplicate_of is None
    assert elsewhere.item.path == first.item.path


async def test_a_changed_copy_is_added_and_said_so(boards_env: BoardsEnv):
    board = await boards_env.board()
    await boards_env.upload(board, 1)
    second = await boards_env.upload(board, 2)
    smaller = await boards_env.upload(board, content=picture(2, "JPEG", side=64, quality=70))
    assert smaller.duplicate_of == second.item
    assert not smaller.is_exact
    assert smaller.item.number == 3
    assert (await boards_env.upload(board, 3)).duplicate_of is None


async def test_a_copy_that_is_gone_or_broken_keeps_nobody_from_adding(boards_env: BoardsEnv):
    board = await boards_env.board()
    gone, broken = (
        (await boards_env.upload(board, 1)).item,
        (await boards_env.upload(board, 2)).item,
    )
    gone.path.unlink()
    broken.path.write_bytes(b"x")
    for seed in (1, 2):
        added = await boards_env.upload(board, content=picture(seed, "JPEG"))
        assert added.duplicate_of is None
    assert await boards_env.numbers(board) == [1, 2, 3, 4]


async def test_many_at_once_get_numbers_of_their_own_and_one_of_each_wins(boards_env: BoardsEnv):
    board = await boards_env.board()
    added = await asyncio.gather(
        *(
            boards_env.upload(board, seed, by=who)
            for seed in (1, 2, 3, 4)
            for who in (ADA, BEN, CLEO)
        )
    )
    new = [each.item for each in added if not each.is_exact]
    assert sorted(item.number for item in new) == [1, 2, 3, 4]
    assert len({item.pixel_sha256 for item in new}) == 4
    assert sorted(await boards_env.numbers(board)) == [1, 2, 3, 4]
    assert len(boards_env.copies()) == 4


async def test_of_two_copies_at_once_the_later_one_is_said_to_be_a_copy(boards_env: BoardsEnv):
    board = await boards_env.board()
    one, other = await asyncio.gather(
        boards_env.upload(board), boards_env.upload(board, content=picture(1, "JPEG"))
    )
    first, second = sorted((one, other), key=lambda added: added.item.number)
    assert (first.duplicate_of, second.duplicate_of) == (None, first.item)


async def test_a_sweep_waits_for_a_picture_between_its_file_and_its_row(
    boards_env: BoardsEnv, monkeypatch: pytest.MonkeyPatch
):
    board = await boards_env.board()
    sweeps: list[asyncio.Task[int]] = []

    def write_and_sweep(path: Path, content: bytes) -> None:
        write_once(path, content)
        loop.call_soon_threadsafe(
            lambda: sweeps.append(asyncio.create_task(boards_env.system.tidy()))
        )

    loop = asyncio.get_running_loop()
    monkeypatch.setattr("bot.services.boards.additions.write_once", write_and_sweep)
    item = (await boards_env.upload(board)).item
    assert [await sweep for sweep in sweeps] == [0]
    assert item.path.is_file()


async def test_an_id_that_is_taken_is_not_given_again(
    boards_env: BoardsEnv, monkeypatch: pytest.MonkeyPatch
):
    board = await boards_env.board()
    first = (await boards_env.upload(board, 1)).item
    drawn = iter([first.id, first.id, "another"])
    monkeypatch.setattr("bot.storage.boards.transaction.new_id", lambda: next(drawn))
    assert (await boards_env.upload(board, 2)).item.id == "another"


async def test_a_board_has_a_thousand_pictures_at_most(
    boards_env: BoardsEnv, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rules, "MAX_ITEMS", 2)
    board = await boards_env.board()
    await boards_env.upload(board, 1)
    await boards_env.upload(board, 2)
    await refused(
        boards_env.upload(board, 3), "The board 'Spring' has 2 pictures, and 2 are the limit"
    )
    await boards_env.boards.remove(board.id, 1, viewer=ADA)
    assert (await boards_env.upload(board, 3)).item.number == 3  # no number is given twice
    await refused(boards_env.boards.bring_back(board.id, 1, viewer=ADA), "has 2 pictures")


async def test_pictures_are_put_in_any_order(boards_env: BoardsEnv):
    board = await boards_env.board()
    for seed in range(1, 6):
        await boards_env.upload(board, seed)

    async def move(number: int, before: int | None) -> list[int]:
        await boards_env.boards.move(board.id, number, viewer=ADA, before=before)
        return await boards_env.numbers(board)

    assert await move(5, 1) == [5, 1, 2, 3, 4]
    assert await move(1, None) == [5, 2, 3, 4, 1]
    assert await move(2, 4) == [5, 3, 2, 4, 1]
    assert await move(4, 3) == [5, 4, 3, 2, 1]
    revision = (await boards_env.now(board)).revision
    assert await move(3, 3) == [5, 4, 3, 2, 1]
    assert (await boards_env.now(board)).revision == revision
    await refused(
        boards_env.boards.move(board.id, 3, viewer=ADA, before=9),
        "There is no picture 9 on the board",
    )
    await refused(
        boards_env.boards.move(board.id, 9, viewer=ADA, before=None), "There is no picture 9"
    )
    await boards_env.boards.remove(board.id, 4, viewer=ADA)
    await move(1, 5)
    await boards_env.boards.bring_back(board.id, 4, viewer=ADA)
    assert await boards_env.numbers(board) == [1, 5, 4, 3, 2]  # where it hung
    await boards_env.upload(board, 7)
    assert await boards_env.numbers(board) == [1, 5, 4, 3, 2, 6]


async def test_words_and_status_are_changed_and_noted(boards_env: BoardsEnv):
    board = await boards_env.board()
    await boards_env.upload(board, tags=["a"])
    boards = boards_env.boards
    assert (
        await boards.describe(board.id, 1, viewer=ADA, caption=" new\tone ")
    ).caption == "new one"
    assert (await boards.describe(board.id, 1, viewer=ADA, credit="Eve")).credit == "Eve"
    assert (await boards.describe(board.id, 1, viewer=ADA, tags=["A", "b、c"])).tags == (
        "a",
        "b",
        "c",
    )
    assert (await boards.describe(board.id, 1, viewer=ADA, untags=["#B", "x"])).tags == ("a", "c")
    assert (
        await boards.set_status(board.id, 1, ItemStatus.APPROVED, viewer=ADA)
    ).status is ItemStatus.APPROVED
    many = [f"t{i}" for i in range(19)]
    await refused(
        boards.describe(board.id, 1, viewer=ADA, tags=[*many]), "A picture with 21 tags is too much"
    )
    page = await boards.log(board.id, viewer=ADA)
    told = [(each.verb, each.number, each.detail) for each in reversed(page.activities)]
    assert told[2:] == [
        ("captioned", 1, "new one"),
        ("credited", 1, "Eve"),
        ("tagged", 1, "b, c"),
        ("untagged", 1, "b"),
        ("status", 1, "approved"),
    ]
    revision = (await boards_env.now(board)).revision
    for same in (
        boards.describe(board.id, 1, viewer=ADA, caption="new one"),
        boards.describe(board.id, 1, viewer=ADA, credit="Eve"),
        boards.describe(board.id, 1, viewer=ADA, tags=["a"]),
        boards.describe(board.id, 1, viewer=ADA, untags=["zzz"]),
        boards.set_status(board.id, 1, ItemStatus.APPROVED, viewer=ADA),
    ):
        await same
    assert (await boards_env.now(board)).revision == revision


async def test_who_hung_it_up_may_word_it_and_take_it_off(boards_env: BoardsEnv):
    board = await boards_env.board()
    await boards_env.upload(board, 1, by=BEN)
    await boards_env.upload(board, 2, by=ADA)
    await boards_env.boards.describe(board.id, 1, viewer=BEN, caption="mine")
    await boards_env.boards.describe(board.id, 1, viewer=BEN, tags=["mine"])
    await refused(
        boards_env.boards.set_status(board.id, 1, ItemStatus.APPROVED, viewer=BEN), "may not curate"
    )
    await refused(boards_env.boards.describe(board.id, 2, viewer=BEN, tags=["x"]), "may not curate")
    await refused(boards_env.boards.remove(board.id, 2, viewer=BEN), "may not curate")
    await boards_env.boards.remove(board.id, 1, viewer=BEN)
    await refused(boards_env.boards.bring_back(board.id, 1, viewer=CLEO), "may not curate")
    await boards_env.boards.bring_back(board.id, 1, viewer=BEN)
    assert await boards_env.numbers(board) == [1, 2]


async def test_who_made_a_picture_may_take_it_off_and_not_word_it(boards_env: BoardsEnv):
    board = await boards_env.board(everyone=Access.LOOK)
    await boards_env.upload(board, 1, author_id=BEN.user_id)
    await refused(
        boards_env.boards.describe(board.id, 1, viewer=BEN, caption="x"), "You may only look"
    )
    await refused(boards_env.boards.remove(board.id, 1, viewer=CLEO), "may not curate")
    await boards_env.boards.remove(board.id, 1, viewer=BEN)
    assert await boards_env.numbers(board) == []


async def test_a_picture_that_was_taken_off_is_back_within_a_day_with_all_that_was_said(
    boards_env: BoardsEnv,
):
    board = await boards_env.board()
    await boards_env.upload(board, 1)
    await boards_env.upload(board, 2)
    await boards_env.boards.vote(board.id, 1, viewer=BEN)
    await boards_env.boards.comment(board.id, 1, "x", viewer=BEN)
    before = await boards_env.now(board)
    gone = await boards_env.boards.remove(board.id, 1, viewer=ADA)
    assert gone == before.items[0]
    now = await boards_env.now(board)
    assert now.items == before.items[1:]
    assert now.palette != before.palette
    await refused(
        boards_env.boards.vote(board.id, 1, viewer=BEN), "There is no picture 1 on the board"
    )
    await refused(boards_env.boards.remove(board.id, 1, viewer=ADA), "There is no picture 1")
    boards_env.clock.move(hours=23)
    await boards_env.system.tidy()
    assert await boards_env.boards.bring_back(board.id, 1, viewer=ADA) == gone
    back = await boards_env.now(board)
    assert (back.items, back.palette) == (before.items, before.palette)
    await refused(
        boards_env.boards.bring_back(board.id, 1, viewer=ADA), "No picture 1 was taken off"
    )


async def test_after_a_day_a_picture_is_gone_for_good(boards_env: BoardsEnv):
    board = await boards_env.board()
    await boards_env.upload(board)
    await boards_env.boards.remove(board.id, 1, viewer=ADA)
    boards_env.clock.move(days=1, seconds=1)
    await refused(
        boards_env.boards.bring_back(board.id, 1, viewer=ADA), "No picture 1 was taken off"
    )
    assert await boards_env.system.tidy() == 1
    assert boards_env.copies() == []
    added = await boards_env.upload(board)  # the same picture again
    assert (added.item.number, added.is_exact) == (2, False)


async def test_what_hangs_there_again_is_not_brought_back_beside_itself(boards_env: BoardsEnv):
    board = await boards_env.board()
    await boards_env.upload(board)
    await boards_env.boards.remove(board.id, 1, viewer=ADA)
    assert (await boards_env.upload(board)).item.number == 2
    await refused(boards_env.boards.bring_back(board.id, 1, viewer=ADA), "it is picture 2")


async def test_everybody_has_one_vote_and_can_take_it_back(boards_env: BoardsEnv):
    board = await boards_env.board(threshold=2)
    await boards_env.upload(board)
    assert (await boards_env.boards.vote(board.id, 1, viewer=ADA)).item.voter_ids == {10}
    assert (await boards_env.boards.vote(board.id, 1, viewer=ADA)).item.voter_ids == set()
    first = (await boards_env.boards.vote(board.id, 1, viewer=ADA)).item
    assert (first.votes, first.status) == (1, ItemStatus.CANDIDATE)
    second = (await boards_env.boards.vote(board.id, 1, viewer=BEN)).item
    assert (second.votes, second.status) == (2, ItemStatus.SHORTLIST)
    back = (await boards_env.boards.vote(board.id, 1, viewer=BEN)).item
    assert (back.votes, back.status) == (1, ItemStatus.CANDIDATE)
    done = await verbs(boards_env, board.id)
    assert done[2:] == [
        "voted", "unvoted", "voted", "voted", "shortlisted", "unvoted", "unshortlisted"
    ]  # fmt: skip


async def test_what_a_curator_decided_votes_do_not_undo(boards_env: BoardsEnv):
    board = await boards_env.board(threshold=2)
    await boards_env.upload(board)
    await boards_env.boards.vote(board.id, 1, viewer=ADA)
    await boards_env.boards.set_status(board.id, 1, ItemStatus.SHORTLIST, viewer=ADA)
    assert (
        await boards_env.boards.vote(board.id, 1, viewer=ADA)
    ).item.status is ItemStatus.SHORTLIST
    for voter in (ADA, BEN):
        await boards_env.boards.vote(board.id, 1, viewer=voter)
    await boards_env.boards.set_status(board.id, 1, ItemStatus.CANDIDATE, viewer=ADA)
    assert (
        await boards_env.boards.vote(board.id, 1, viewer=CLEO)
    ).item.status is ItemStatus.CANDIDATE


async def test_a_lower_threshold_shortlists_what_has_enough_votes(boards_env: BoardsEnv):
    board = await boards_env.board(threshold=3)
    for seed in (1, 2):
        await boards_env.upload(board, seed)
        await boards_env.boards.vote(board.id, seed, viewer=ADA)
    await boards_env.boards.vote(board.id, 2, viewer=BEN)
    await boards_env.boards.edit(board.id, viewer=ADA, threshold=2)
    after = await boards_env.now(board)
    assert [item.status for item in after.items] == [ItemStatus.CANDIDATE, ItemStatus.SHORTLIST]


async def test_the_pictures_of_a_guild_have_a_limit_of_bytes(boards_env: BoardsEnv):
    first, second = await boards_env.board("a"), await boards_env.board("b")
    content = picture(1)
    await boards_env.upload(first, content=content)
    assert await boards_env.boards.space(viewer=ADA) == len(content)
    boards_env.context.space_bytes = len(content) + 10
    await boards_env.upload(second, content=content)  # the same file takes no room
    with pytest.raises(BotError, match=r"keep 0\.0 MB of pictures.* are the limit: take pict"):
        await boards_env.upload(second, 2)
    assert len(boards_env.copies()) == 1
    other = Viewer(guild_id=2, user_id=1, user_name="Eve")
    elsewhere = await boards_env.boards.create(viewer=other, name="c")
    await boards_env.upload(elsewhere, 3, by=other)
    await boards_env.boards.delete(first.id, viewer=ADA)
    await boards_env.boards.delete(second.id, viewer=ADA)
    assert await boards_env.boards.space(viewer=ADA) == len(content), (
        "it can be brought back for a day"
    )
    boards_env.clock.move(hours=25)
    await boards_env.system.tidy()
    assert await boards_env.boards.space(viewer=ADA) == 0


async def test_copies_of_an_earlier_version_are_weighed(boards_env: BoardsEnv):
    board = await boards_env.board()
    await boards_env.upload(board)
    async with boards_env.store.database.transaction() as db:
        await db.execute("UPDATE board_items SET size_bytes = 0")
    await boards_env.system.tidy()
    assert await boards_env.boards.space(viewer=ADA) == len(picture(1))


@pytest.mark.parametrize("status", [ItemStatus.APPROVED, ItemStatus.REJECTED])
async def test_votes_move_nothing_that_was_decided(boards_env: BoardsEnv, status: ItemStatus):
    board = await boards_env.board(threshold=1)
    await boards_env.upload(board)
    await boards_env.boards.set_status(board.id, 1, status, viewer=ADA)
    assert (await boards_env.boards.vote(board.id, 1, viewer=BEN)).item.status is status


async def test_a_board_may_count_no_votes_for_ones_own(boards_env: BoardsEnv):
    board = await boards_env.board(self_vote=False)
    made = await an_image(boards_env.store, user=BEN)
    await boards_env.boards.add_generation(board.id, made.id, viewer=CLEO)
    for who in (BEN, CLEO):  # who made it, and who hung it up
        await refused(boards_env.boards.vote(board.id, 1, viewer=who), "Picture 1 is your own")
    await boards_env.boards.vote(board.id, 1, viewer=ADA)
    await boards_env.boards.edit(board.id, viewer=ADA, self_vote=True)
    assert (await boards_env.boards.vote(board.id, 1, viewer=BEN)).item.votes == 2
    await boards_env.boards.edit(board.id, viewer=ADA, self_vote=False)
    assert (
        await boards_env.boards.vote(board.id, 1, viewer=BEN)
    ).item.votes == 1  # it can still be taken back


async def test_votes_at_once_are_all_counted(boards_env: BoardsEnv):
    board = await boards_env.board(threshold=5)
    await boards_env.upload(board)
    people = [replace(BEN, user_id=100 + i) for i in range(20)]
    await asyncio.gather(*(boards_env.boards.vote(board.id, 1, viewer=each) for each in people))
    [item] = (await boards_env.now(board)).items
    assert (item.votes, item.status) == (20, ItemStatus.SHORTLIST)
    assert (await verbs(boards_env, board.id)).count("shortlisted") == 1
    await asyncio.gather(*(boards_env.boards.vote(board.id, 1, viewer=each) for each in people))
    assert (await boards_env.now(board)).items[0].votes == 0


async def test_comments_are_kept_in_their_order_and_deleted_by_who_may(
    boards_env: BoardsEnv, monkeypatch: pytest.MonkeyPatch
):
    board = await boards_env.board()
    await boards_env.upload(board)
    first = await boards_env.boards.comment(board.id, 1, " softer,\n\n\n\nplease ", viewer=BEN)
    second = await boards_env.boards.comment(board.id, 1, "同意", viewer=CLEO)
    assert first.text == "softer,\n\nplease"
    [item] = (await boards_env.now(board)).items
    assert item.comments == (first, second)
    await refused(
        boards_env.boards.comment(board.id, 1, " \u202e ", viewer=BEN), "The comment is empty"
    )
    await refused(
        boards_env.boards.comment(board.id, 1, "x" * 1001, viewer=BEN), "The comment has 1001"
    )
    await refused(
        boards_env.boards.delete_comment(board.id, 1, first.id, viewer=CLEO), "may not curate"
    )
    await refused(
        boards_env.boards.delete_comment(board.id, 1, 999, viewer=BEN), "There is no such comment"
    )
    await boards_env.boards.delete_comment(board.id, 1, first.id, viewer=BEN)
    item = await boards_env.boards.delete_comment(board.id, 1, second.id, viewer=MOD)
    assert item.comments == ()
    monkeypatch.setattr(rules, "MAX_COMMENTS", 1)
    await boards_env.boards.comment(board.id, 1, "one", viewer=BEN)
    await refused(
        boards_env.boards.comment(board.id, 1, "two", viewer=BEN), "Picture 1 has 1 comments"
    )


async def test_rejected_pictures_do_not_colour_the_board(boards_env: BoardsEnv):
    board = await boards_env.board()
    await boards_env.upload(board, 1)
    alone = (await boards_env.now(board)).palette
    await boards_env.upload(board, 2)
    assert (await boards_env.now(board)).palette != alone
    await boards_env.boards.set_status(board.id, 2, ItemStatus.REJECTED, viewer=ADA)
    assert (await boards_env.now(board)).palette == alone
    await boards_env.boards.set_status(board.id, 2, ItemStatus.CANDIDATE, viewer=ADA)
    assert (await boards_env.now(board)).palette != alone
    await boards_env.boards.remove(board.id, 1, viewer=ADA)
    await boards_env.boards.remove(board.id, 2, viewer=ADA)
    assert (await boards_env.now(board)).palette == ()


async def test_who_deletes_an_image_can_take_it_off_everywhere(boards_env: BoardsEnv):
    board, other = await boards_env.board(), await boards_env.board("Other", everyone=Access.NONE)
    made = await an_image(boards_env.store, user=BEN)
    for each in (board, other):
        await boards_env.upload(each, 5)
        await boards_env.boards.add_generation(each.id, made.id, viewer=ADA)
    elsewhere = await boards_env.boards.create(viewer=STRANGER, name="x")
    await boards_env.boards.archive(board.id, viewer=ADA)
    seen = [hanging.board_name for hanging in await boards_env.boards.hangings(made.id, viewer=BEN)]
    assert seen == ["Spring"]
    assert len(await boards_env.boards.hangings(made.id, viewer=MOD)) == 2
    assert await boards_env.boards.hangings(made.id, viewer=STRANGER) == []
    assert await boards_env.boards.take_off_everywhere(made.id, viewer=CLEO) == []
    assert await boards_env.boards.take_off_everywhere(made.id, viewer=STRANGER) == []
    boards_env.told.clear()
    gone = await boards_env.boards.take_off_everywhere(made.id, viewer=BEN)
    # Also where Ben may not look; that it hung there, he is not told.
    assert [(each.board_id, each.number) for each in gone] == [(board.id, 2)]
    assert boards_env.told == [board.id, other.id]
    assert await boards_env.numbers(board) == await boards_env.numbers(other) == [1]
    assert await boards_env.numbers(elsewhere) == []


async def test_every_change_raises_the_revision_once_it_is_kept(boards_env: BoardsEnv):
    board = await boards_env.board()
    revisions = [board.revision]

    async def note(board_id: str) -> None:
        revisions.append((await boards_env.now(board)).revision)

    boards_env.system.on_change(note)
    await boards_env.upload(board)
    await boards_env.boards.vote(board.id, 1, viewer=BEN)
    await boards_env.boards.comment(board.id, 1, "x", viewer=BEN)
    await boards_env.boards.grant(
        board.id, Grant(kind="role", subject_id=1, access=Access.OWN), viewer=ADA
    )
    await refused(boards_env.boards.remove(board.id, 1, viewer=CLEO), "may not curate")
    assert revisions == [1, 2, 3, 4, 5]


async def test_a_change_that_fails_half_way_changes_nothing(
    boards_env: BoardsEnv, monkeypatch: pytest.MonkeyPatch
):
    board = await boards_env.board()
    await boards_env.upload(board)
    before = await boards_env.now(board)
    boards_env.told.clear()

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.services.boards.updates.merged", fail)
    with pytest.raises(ZeroDivisionError):
        await boards_env.upload(board, 2)
    with pytest.raises(ZeroDivisionError):
        await boards_env.boards.remove(board.id, 1, viewer=ADA)
    monkeypatch.undo()
    assert await boards_env.now(board) == before
    assert boards_env.told == []
    assert (await boards_env.upload(board, 2)).item.number == 2
