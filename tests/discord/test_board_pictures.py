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

from bot.domain.boards import Access, Actor, Grant, Source, Status, rules
from bot.domain.recipe import parse_recipe
from bot.errors import BotError
from bot.media.exports.thumbnails import PictureCache
from bot.media.picture_files import write_once
from tests.support.boards_env import (
    ADA,
    BEN,
    CLEO,
    HERE,
    MOD,
    STRANGER,
    Room,
    an_image,
    open_room,
    picture,
)
from tests.unit.media.test_reading import chunk, encoded, profile, with_chunks
from tests.unit.services.test_board_service import refused, verbs


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path) as room:
        yield room


async def test_an_upload_hangs_as_our_own_copy_of_its_bytes(room: Room):
    board = await room.board()
    content = picture(1, "JPEG", quality=80)
    added = await room.boards.add_upload(
        BEN, board.id, content, author_id=99, author_name="Someone\nelse", channel_id=7,
        link="https://discord.com/channels/1/7/8", is_spoiler=True, caption=" light \n and air ",
        tags=["#soft, Light", "light"],
    )  # fmt: skip
    item = added.item
    assert (added.duplicate_of, added.is_exact) == (None, False)
    assert item.path.read_bytes() == content
    assert item.path.name == hashlib.sha256(content).hexdigest() + ".jpg"
    with Image.open(io.BytesIO(content)) as image:
        assert (item.width, item.height) == image.size
        assert item.pixel_sha256 == hashlib.sha256(image.tobytes()).hexdigest()
    assert (item.number, item.source, item.status) == (1, Source.UPLOAD, Status.CANDIDATE)
    assert (item.caption, item.credit, item.tags) == (
        "light and air",
        "Someone else",
        ("soft", "Light"),
    )
    assert (item.author_id, item.channel_id, item.is_spoiler) == (99, 7, True)
    assert (item.added_by, item.added_by_name, item.added_at) == (11, "Ben", room.clock())
    assert (item.generation_id, item.recipe_text, item.prompt) == (None, None, None)
    assert item.palette
    assert abs(sum(swatch.share for swatch in item.palette) - 1) < 0.01
    board = await room.now(board)
    assert board.items == (item,)
    assert board.palette
    assert await room.boards.item(CLEO, board.id, 1) == item


async def test_photographs_and_large_texts_hang_and_are_shown_on_the_sheet(
    room: Room, tmp_path: Path
):
    """What was taken in is decoded the same way for the sheet; it keeps its own size."""
    board, exif = await room.board(), Image.Exif()
    exif[0x0112] = 6
    photo = encoded(Image.new("RGB", (6000, 4000), "red"), "JPEG", exif=exif)
    talking = with_chunks(
        chunk(b"tEXt", b"large\0" + b"a" * 6_000_000),
        chunk(b"iCCP", b"press\0\0" + zlib.compress(profile() + bytes(2_000_000))),
    )
    cache = PictureCache(tmp_path / "cache")
    for content, size in ((photo, (4000, 6000)), (talking, (64, 48))):
        item = (await room.upload(board, content=content)).item
        assert (item.width, item.height) == size
        shown = cache.picture(item, width=size[0] // 16, height=size[1] // 16)
        assert shown is not None


async def test_an_image_of_the_bot_hangs_with_its_recipe(room: Room):
    board, made = await room.board(), await an_image(room.store, spoiler=True)
    added = await room.boards.add_generation(CLEO, board.id, f" `{made.id.upper()}` ", viewer=HERE)
    item = added.item
    assert (item.source, item.generation_id) == (Source.GENERATION, made.id)
    assert (item.prompt, item.seed) == ("红苹果 on a table", 1)
    assert item.recipe_text is not None
    assert parse_recipe(item.recipe_text).pixel_sha256 == item.pixel_sha256 == made.pixel_sha256
    assert (item.credit, item.author_id, item.added_by) == ("Ben", 11, 12)
    assert (item.channel_id, item.is_spoiler) == (2, True)  # what is hidden stays hidden
    assert item.path.read_bytes() == made.path.read_bytes()


async def test_an_image_of_an_older_version_hangs_with_its_recipe_too(room: Room):
    board, made = await room.board(), await an_image(room.store, is_old=True)
    item = (
        await room.boards.add_generation(ADA, board.id, made.id, viewer=HERE, credit="B. & Co")
    ).item
    assert item.recipe_text is not None
    assert parse_recipe(item.recipe_text).request == made.request
    assert item.credit == "B. & Co"
    copy = await room.upload(board, content=picture(1, "JPEG", quality=70))
    assert copy.duplicate_of == item


async def test_only_images_of_the_guild_that_are_there_can_be_added(room: Room):
    board = await room.board()
    elsewhere = await an_image(room.store, 2, guild_id=2)
    private = await an_image(room.store, 3, guild_id=None)
    deleted = await an_image(room.store, 4)
    await room.store.deletions.begin([deleted.id], by=1, locale="en-US")
    lost, damaged = await an_image(room.store, 5), await an_image(room.store, 6)
    lost.path.unlink()
    damaged.path.write_bytes(b"garbage")
    for made, state in ((lost, "gone"), (damaged, "damaged")):
        await refused(
            room.boards.add_generation(ADA, board.id, made.id, viewer=HERE),
            f"The file of the image '{made.id}' is {state}: press Same seed",
        )
    for id_ in (elsewhere.id, private.id, deleted.id, "nonsense"):
        await refused(
            room.boards.add_generation(ADA, board.id, id_, viewer=HERE),
            f"There is no image '{id_}' here",
        )
    assert await room.numbers(board) == []
    assert room.copies() == []


async def test_a_picture_stays_when_its_image_is_deleted(room: Room):
    board, made = await room.board(), await an_image(room.store)
    await room.boards.add_generation(ADA, board.id, made.id, viewer=HERE)
    await room.store.deletions.begin([made.id], by=1, locale="en-US")
    made.path.unlink()
    await room.boards.tidy()
    [item] = (await room.now(board)).items
    assert item.path.is_file()
    assert item.recipe_text is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "This file is no picture"),
        (b"<svg onload=alert(1)>", "This file is a drawing in SVG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "no picture|damaged"),
        (picture(1)[:-200], "damaged or cut short"),
        (b"\xff" * (25 * 1024**2 + 1), "The file has 26 MB"),
    ],
)
async def test_what_is_no_picture_is_refused_and_leaves_nothing(
    room: Room, content: bytes, words: str
):
    board = await room.board()
    with pytest.raises(BotError, match=words):
        await room.boards.add_upload(
            ADA, board.id, content, author_id=None, author_name="x", channel_id=None,
            is_spoiler=False,
        )  # fmt: skip
    assert await room.numbers(board) == []
    assert room.copies() == []


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"caption": "x" * 501}, "The caption has 501 characters"),
        ({"credit": "x" * 101}, "The credit has 101 characters"),
        ({"tags": ["x" * 31]}, "The tag has 31 characters"),
        ({"tags": [f"t{i}" for i in range(21)]}, "A picture with 21 tags is too much"),
    ],
)
async def test_words_that_are_too_long_are_refused(room: Room, details: dict[str, Any], words: str):
    board = await room.board()
    await refused(room.upload(board, **details), words)
    assert room.copies() == []


async def test_the_same_pixels_hang_once(room: Room):
    board, other = await room.board(), await room.board("Other")
    first = await room.upload(board, caption="the first")
    again = await room.upload(board, caption="again", by=BEN)
    as_webp = await room.upload(board, content=picture(1, "WEBP", lossless=True))
    for added in (again, as_webp):
        assert added.is_exact
        assert added.item == added.duplicate_of == first.item
    assert await room.numbers(board) == [1]
    assert (await room.now(board)).revision == 2
    elsewhere = await room.upload(other)  # a picture may hang on many boards
    assert not elsewhere.is_exact
    assert elsewhere.duplicate_of is None
    assert elsewhere.item.path == first.item.path


async def test_a_changed_copy_is_added_and_said_so(room: Room):
    board = await room.board()
    await room.upload(board, 1)
    second = await room.upload(board, 2)
    smaller = await room.upload(board, content=picture(2, "JPEG", side=64, quality=70))
    assert smaller.duplicate_of == second.item
    assert not smaller.is_exact
    assert smaller.item.number == 3
    assert (await room.upload(board, 3)).duplicate_of is None


async def test_a_copy_that_is_gone_or_broken_keeps_nobody_from_adding(room: Room):
    board = await room.board()
    gone, broken = (await room.upload(board, 1)).item, (await room.upload(board, 2)).item
    gone.path.unlink()
    broken.path.write_bytes(b"x")
    for seed in (1, 2):
        added = await room.upload(board, content=picture(seed, "JPEG"))
        assert added.duplicate_of is None
    assert await room.numbers(board) == [1, 2, 3, 4]


async def test_many_at_once_get_numbers_of_their_own_and_one_of_each_wins(room: Room):
    board = await room.board()
    added = await asyncio.gather(
        *(room.upload(board, seed, by=who) for seed in (1, 2, 3, 4) for who in (ADA, BEN, CLEO))
    )
    new = [each.item for each in added if not each.is_exact]
    assert sorted(item.number for item in new) == [1, 2, 3, 4]
    assert len({item.pixel_sha256 for item in new}) == 4
    assert sorted(await room.numbers(board)) == [1, 2, 3, 4]
    assert len(room.copies()) == 4


async def test_of_two_copies_at_once_the_later_one_is_said_to_be_a_copy(room: Room):
    board = await room.board()
    one, other = await asyncio.gather(
        room.upload(board), room.upload(board, content=picture(1, "JPEG"))
    )
    first, second = sorted((one, other), key=lambda added: added.item.number)
    assert (first.duplicate_of, second.duplicate_of) == (None, first.item)


async def test_a_sweep_waits_for_a_picture_between_its_file_and_its_row(
    room: Room, monkeypatch: pytest.MonkeyPatch
):
    board = await room.board()
    sweeps: list[asyncio.Task[int]] = []

    def write_and_sweep(path: Path, content: bytes) -> None:
        write_once(path, content)
        loop.call_soon_threadsafe(lambda: sweeps.append(asyncio.create_task(room.boards.tidy())))

    loop = asyncio.get_running_loop()
    monkeypatch.setattr("bot.services.boards.additions.write_once", write_and_sweep)
    item = (await room.upload(board)).item
    assert [await sweep for sweep in sweeps] == [0]
    assert item.path.is_file()


async def test_an_id_that_is_taken_is_not_given_again(room: Room, monkeypatch: pytest.MonkeyPatch):
    board = await room.board()
    first = (await room.upload(board, 1)).item
    drawn = iter([first.id, first.id, "another"])
    monkeypatch.setattr("bot.storage.boards.changes.new_id", lambda: next(drawn))
    assert (await room.upload(board, 2)).item.id == "another"


async def test_a_board_has_a_thousand_pictures_at_most(room: Room, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rules, "MAX_ITEMS", 2)
    board = await room.board()
    await room.upload(board, 1)
    await room.upload(board, 2)
    await refused(room.upload(board, 3), "The board 'Spring' has 2 pictures, and 2 are the limit")
    await room.boards.remove(ADA, board.id, 1)
    assert (await room.upload(board, 3)).item.number == 3  # no number is given twice
    await refused(room.boards.bring_back(ADA, board.id, 1), "has 2 pictures")


async def test_pictures_are_put_in_any_order(room: Room):
    board = await room.board()
    for seed in range(1, 6):
        await room.upload(board, seed)

    async def move(number: int, before: int | None) -> list[int]:
        await room.boards.move(ADA, board.id, number, before=before)
        return await room.numbers(board)

    assert await move(5, 1) == [5, 1, 2, 3, 4]
    assert await move(1, None) == [5, 2, 3, 4, 1]
    assert await move(2, 4) == [5, 3, 2, 4, 1]
    assert await move(4, 3) == [5, 4, 3, 2, 1]
    revision = (await room.now(board)).revision
    assert await move(3, 3) == [5, 4, 3, 2, 1]
    assert (await room.now(board)).revision == revision
    await refused(
        room.boards.move(ADA, board.id, 3, before=9), "There is no picture 9 on the board"
    )
    await refused(room.boards.move(ADA, board.id, 9, before=None), "There is no picture 9")
    await room.boards.remove(ADA, board.id, 4)
    await move(1, 5)
    await room.boards.bring_back(ADA, board.id, 4)
    assert await room.numbers(board) == [1, 5, 4, 3, 2]  # where it hung
    await room.upload(board, 7)
    assert await room.numbers(board) == [1, 5, 4, 3, 2, 6]


async def test_words_and_status_are_changed_and_noted(room: Room):
    board = await room.board()
    await room.upload(board, tags=["a"])
    boards = room.boards
    assert (await boards.caption(ADA, board.id, 1, " new\tone ")).caption == "new one"
    assert (await boards.credit(ADA, board.id, 1, "Eve")).credit == "Eve"
    assert (await boards.tag(ADA, board.id, 1, "A", "b、c")).tags == ("a", "b", "c")
    assert (await boards.untag(ADA, board.id, 1, "#B", "x")).tags == ("a", "c")
    assert (await boards.set_status(ADA, board.id, 1, Status.APPROVED)).status is Status.APPROVED
    many = [f"t{i}" for i in range(19)]
    await refused(boards.tag(ADA, board.id, 1, *many), "A picture with 21 tags is too much")
    page = await boards.log(ADA, board.id)
    told = [(each.verb, each.number, each.detail) for each in reversed(page.activities)]
    assert told[2:] == [
        ("captioned", 1, "new one"),
        ("credited", 1, "Eve"),
        ("tagged", 1, "b, c"),
        ("untagged", 1, "b"),
        ("status", 1, "approved"),
    ]
    revision = (await room.now(board)).revision
    for same in (
        boards.caption(ADA, board.id, 1, "new one"),
        boards.credit(ADA, board.id, 1, "Eve"),
        boards.tag(ADA, board.id, 1, "a"),
        boards.untag(ADA, board.id, 1, "zzz"),
        boards.set_status(ADA, board.id, 1, Status.APPROVED),
    ):
        await same
    assert (await room.now(board)).revision == revision


async def test_who_hung_it_up_may_word_it_and_take_it_off(room: Room):
    board = await room.board()
    await room.upload(board, 1, by=BEN)
    await room.upload(board, 2, by=ADA)
    await room.boards.caption(BEN, board.id, 1, "mine")
    await room.boards.tag(BEN, board.id, 1, "mine")
    await refused(room.boards.set_status(BEN, board.id, 1, Status.APPROVED), "may not curate")
    await refused(room.boards.tag(BEN, board.id, 2, "x"), "may not curate")
    await refused(room.boards.remove(BEN, board.id, 2), "may not curate")
    await room.boards.remove(BEN, board.id, 1)
    await refused(room.boards.bring_back(CLEO, board.id, 1), "may not curate")
    await room.boards.bring_back(BEN, board.id, 1)
    assert await room.numbers(board) == [1, 2]


async def test_who_made_a_picture_may_take_it_off_and_not_word_it(room: Room):
    board = await room.board(everyone=Access.LOOK)
    await room.upload(board, 1, author_id=BEN.user_id)
    await refused(room.boards.caption(BEN, board.id, 1, "x"), "You may only look")
    await refused(room.boards.remove(CLEO, board.id, 1), "may not curate")
    await room.boards.remove(BEN, board.id, 1)
    assert await room.numbers(board) == []


async def test_a_picture_that_was_taken_off_is_back_within_a_day_with_all_that_was_said(room: Room):
    board = await room.board()
    await room.upload(board, 1)
    await room.upload(board, 2)
    await room.boards.vote(BEN, board.id, 1)
    await room.boards.comment(BEN, board.id, 1, "x")
    before = await room.now(board)
    gone = await room.boards.remove(ADA, board.id, 1)
    assert gone == before.items[0]
    now = await room.now(board)
    assert now.items == before.items[1:]
    assert now.palette != before.palette
    await refused(room.boards.vote(BEN, board.id, 1), "There is no picture 1 on the board")
    await refused(room.boards.remove(ADA, board.id, 1), "There is no picture 1")
    room.clock.move(hours=23)
    await room.boards.tidy()
    assert await room.boards.bring_back(ADA, board.id, 1) == gone
    back = await room.now(board)
    assert (back.items, back.palette) == (before.items, before.palette)
    await refused(room.boards.bring_back(ADA, board.id, 1), "No picture 1 was taken off")


async def test_after_a_day_a_picture_is_gone_for_good(room: Room):
    board = await room.board()
    await room.upload(board)
    await room.boards.remove(ADA, board.id, 1)
    room.clock.move(days=1, seconds=1)
    await refused(room.boards.bring_back(ADA, board.id, 1), "No picture 1 was taken off")
    assert await room.boards.tidy() == 1
    assert room.copies() == []
    added = await room.upload(board)  # the same picture again
    assert (added.item.number, added.is_exact) == (2, False)


async def test_what_hangs_there_again_is_not_brought_back_beside_itself(room: Room):
    board = await room.board()
    await room.upload(board)
    await room.boards.remove(ADA, board.id, 1)
    assert (await room.upload(board)).item.number == 2
    await refused(room.boards.bring_back(ADA, board.id, 1), "it is picture 2")


async def test_everybody_has_one_vote_and_can_take_it_back(room: Room):
    board = await room.board(threshold=2)
    await room.upload(board)
    assert (await room.boards.vote(ADA, board.id, 1)).voter_ids == {10}
    assert (await room.boards.vote(ADA, board.id, 1)).voter_ids == set()
    first = await room.boards.vote(ADA, board.id, 1)
    assert (first.votes, first.status) == (1, Status.CANDIDATE)
    second = await room.boards.vote(BEN, board.id, 1)
    assert (second.votes, second.status) == (2, Status.SHORTLIST)
    back = await room.boards.vote(BEN, board.id, 1)
    assert (back.votes, back.status) == (1, Status.CANDIDATE)
    done = await verbs(room, board.id)
    assert done[2:] == [
        "voted", "unvoted", "voted", "voted", "shortlisted", "unvoted", "unshortlisted"
    ]  # fmt: skip


async def test_what_a_curator_decided_votes_do_not_undo(room: Room):
    board = await room.board(threshold=2)
    await room.upload(board)
    await room.boards.vote(ADA, board.id, 1)
    await room.boards.set_status(ADA, board.id, 1, Status.SHORTLIST)
    assert (await room.boards.vote(ADA, board.id, 1)).status is Status.SHORTLIST
    for voter in (ADA, BEN):
        await room.boards.vote(voter, board.id, 1)
    await room.boards.set_status(ADA, board.id, 1, Status.CANDIDATE)
    assert (await room.boards.vote(CLEO, board.id, 1)).status is Status.CANDIDATE


async def test_a_lower_threshold_shortlists_what_has_enough_votes(room: Room):
    board = await room.board(threshold=3)
    for seed in (1, 2):
        await room.upload(board, seed)
        await room.boards.vote(ADA, board.id, seed)
    await room.boards.vote(BEN, board.id, 2)
    after = await room.boards.edit(ADA, board.id, threshold=2)
    assert [item.status for item in after.items] == [Status.CANDIDATE, Status.SHORTLIST]


async def test_the_pictures_of_a_guild_have_a_limit_of_bytes(room: Room):
    first, second = await room.board("a"), await room.board("b")
    content = picture(1)
    await room.upload(first, content=content)
    assert await room.boards.space(ADA) == len(content)
    room.boards.space_bytes = len(content) + 10
    await room.upload(second, content=content)  # the same file takes no room
    with pytest.raises(BotError, match=r"keep 0\.0 MB of pictures.* are the limit: take pict"):
        await room.upload(second, 2)
    assert len(room.copies()) == 1
    other = Actor(guild_id=2, user_id=1, user_name="Eve")
    elsewhere = await room.boards.create(other, name="c")
    await room.upload(elsewhere, 3, by=other)
    await room.boards.delete(ADA, first.id)
    await room.boards.delete(ADA, second.id)
    assert await room.boards.space(ADA) == len(content), "it can be brought back for a day"
    room.clock.move(hours=25)
    await room.boards.tidy()
    assert await room.boards.space(ADA) == 0


async def test_copies_of_an_earlier_version_are_weighed(room: Room):
    board = await room.board()
    await room.upload(board)
    async with room.store.database.transaction() as db:
        await db.execute("UPDATE board_items SET size_bytes = 0")
    await room.boards.tidy()
    assert await room.boards.space(ADA) == len(picture(1))


@pytest.mark.parametrize("status", [Status.APPROVED, Status.REJECTED])
async def test_votes_move_nothing_that_was_decided(room: Room, status: Status):
    board = await room.board(threshold=1)
    await room.upload(board)
    await room.boards.set_status(ADA, board.id, 1, status)
    assert (await room.boards.vote(BEN, board.id, 1)).status is status


async def test_a_board_may_count_no_votes_for_ones_own(room: Room):
    board = await room.board(self_vote=False)
    made = await an_image(room.store, user=BEN)
    await room.boards.add_generation(CLEO, board.id, made.id, viewer=HERE)
    for who in (BEN, CLEO):  # who made it, and who hung it up
        await refused(room.boards.vote(who, board.id, 1), "Picture 1 is your own")
    await room.boards.vote(ADA, board.id, 1)
    await room.boards.edit(ADA, board.id, self_vote=True)
    assert (await room.boards.vote(BEN, board.id, 1)).votes == 2
    await room.boards.edit(ADA, board.id, self_vote=False)
    assert (await room.boards.vote(BEN, board.id, 1)).votes == 1  # it can still be taken back


async def test_votes_at_once_are_all_counted(room: Room):
    board = await room.board(threshold=5)
    await room.upload(board)
    people = [replace(BEN, user_id=100 + i) for i in range(20)]
    await asyncio.gather(*(room.boards.vote(each, board.id, 1) for each in people))
    [item] = (await room.now(board)).items
    assert (item.votes, item.status) == (20, Status.SHORTLIST)
    assert (await verbs(room, board.id)).count("shortlisted") == 1
    await asyncio.gather(*(room.boards.vote(each, board.id, 1) for each in people))
    assert (await room.now(board)).items[0].votes == 0


async def test_comments_are_kept_in_their_order_and_deleted_by_who_may(
    room: Room, monkeypatch: pytest.MonkeyPatch
):
    board = await room.board()
    await room.upload(board)
    first = await room.boards.comment(BEN, board.id, 1, " softer,\n\n\n\nplease ")
    second = await room.boards.comment(CLEO, board.id, 1, "同意")
    assert first.text == "softer,\n\nplease"
    [item] = (await room.now(board)).items
    assert item.comments == (first, second)
    await refused(room.boards.comment(BEN, board.id, 1, " \u202e "), "The comment is empty")
    await refused(room.boards.comment(BEN, board.id, 1, "x" * 1001), "The comment has 1001")
    await refused(room.boards.delete_comment(CLEO, board.id, 1, first.id), "may not curate")
    await refused(room.boards.delete_comment(BEN, board.id, 1, 999), "There is no such comment")
    await room.boards.delete_comment(BEN, board.id, 1, first.id)
    item = await room.boards.delete_comment(MOD, board.id, 1, second.id)
    assert item.comments == ()
    monkeypatch.setattr(rules, "MAX_COMMENTS", 1)
    await room.boards.comment(BEN, board.id, 1, "one")
    await refused(room.boards.comment(BEN, board.id, 1, "two"), "Picture 1 has 1 comments")


async def test_rejected_pictures_do_not_colour_the_board(room: Room):
    board = await room.board()
    await room.upload(board, 1)
    alone = (await room.now(board)).palette
    await room.upload(board, 2)
    assert (await room.now(board)).palette != alone
    await room.boards.set_status(ADA, board.id, 2, Status.REJECTED)
    assert (await room.now(board)).palette == alone
    await room.boards.set_status(ADA, board.id, 2, Status.CANDIDATE)
    assert (await room.now(board)).palette != alone
    await room.boards.remove(ADA, board.id, 1)
    await room.boards.remove(ADA, board.id, 2)
    assert (await room.now(board)).palette == ()


async def test_who_deletes_an_image_can_take_it_off_everywhere(room: Room):
    board, other = await room.board(), await room.board("Other", everyone=Access.NONE)
    made = await an_image(room.store, user=BEN)
    for each in (board, other):
        await room.upload(each, 5)
        await room.boards.add_generation(ADA, each.id, made.id, viewer=HERE)
    elsewhere = await room.boards.create(STRANGER, name="x")
    await room.boards.archive(ADA, board.id)
    seen = [hanging.board_name for hanging in await room.boards.hangings(BEN, made.id)]
    assert seen == ["Spring"]
    assert len(await room.boards.hangings(MOD, made.id)) == 2
    assert await room.boards.hangings(STRANGER, made.id) == []
    assert await room.boards.take_off_everywhere(CLEO, made.id) == []
    assert await room.boards.take_off_everywhere(STRANGER, made.id) == []
    room.told.clear()
    gone = await room.boards.take_off_everywhere(BEN, made.id)
    assert [(each.board_id, each.number) for each in gone] == [(board.id, 2), (other.id, 2)]
    assert room.told == [board.id, other.id]
    assert await room.numbers(board) == await room.numbers(other) == [1]
    assert await room.numbers(elsewhere) == []


async def test_every_change_raises_the_revision_once_it_is_kept(room: Room):
    board = await room.board()
    revisions = [board.revision]

    async def note(board_id: str) -> None:
        revisions.append((await room.now(board)).revision)

    room.boards.on_change(note)
    await room.upload(board)
    await room.boards.vote(BEN, board.id, 1)
    await room.boards.comment(BEN, board.id, 1, "x")
    await room.boards.grant(ADA, board.id, Grant(kind="role", subject_id=1, access=Access.OWN))
    await refused(room.boards.remove(CLEO, board.id, 1), "may not curate")
    assert revisions == [1, 2, 3, 4, 5]


async def test_a_change_that_fails_half_way_changes_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
):
    board = await room.board()
    await room.upload(board)
    before = await room.now(board)
    room.told.clear()

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.services.boards.changes.merged", fail)
    with pytest.raises(ZeroDivisionError):
        await room.upload(board, 2)
    with pytest.raises(ZeroDivisionError):
        await room.boards.remove(ADA, board.id, 1)
    monkeypatch.undo()
    assert await room.now(board) == before
    assert room.told == []
    assert (await room.upload(board, 2)).item.number == 2
