"""A deleted image leaves Discord whatever happens on the way, with kills and faults on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chaos.damage import keep_copy, restore
from tests.support.discord_env import SMALL, texts_of
from tests.support.discord_server.bot_process import BotProcess, bot_process
from tests.support.discord_server.clock import PATIENCE_S
from tests.support.discord_server.faults import Fault
from tests.support.discord_server.server import DiscordServer
from tests.support.discord_server.world import Place, Seen
from tests.support.sampling import sampled

pytest_plugins = ["tests.support.wire_fixtures"]

EDIT = "/channels/{channel_id}/messages/{message_id}"
CALLBACK = "/interactions/{interaction_id}/{token}/callback"
PRESSED = "/webhooks/{webhook_id}/{token}/messages/@original"
BY_TOKEN = "/webhooks/{webhook_id}/{token}/messages/{message_id}"
WAYS = (BY_TOKEN, EDIT)  # to a message: by its pressed button, and as the bot


@pytest.fixture(autouse=True)
def every_request_is_as_discord_describes_it(server: DiscordServer):
    yield
    assert server.rest.unknown == []
    assert server.description.violations == []


@pytest.fixture
async def quick(server: DiscordServer, place: Place, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """Return a bot that in all its runs logs no trace."""
    async with bot_process(BotProcess(server=server, data_dir=tmp_path / "data")) as bot:
        yield bot
    assert "Traceback" not in bot.log, bot.log


@pytest.fixture
def thread(server: DiscordServer, place: Place) -> Any:
    return server.people.thread(place.channel, "night", place.ada)


async def image(
    server: DiscordServer, place: Place, channel: Any = None, *, count: int = 1
) -> Seen:
    """Return a message with finished images, which is recorded as that."""
    asked = await server.people.slash(
        place.ada, channel or place.channel, "imagine",
        prompt="a red apple", size=SMALL, seed=5, count=count,
    )  # fmt: skip
    return await server.people.image(asked, count=count)


async def posted(server: DiscordServer, bot: BotProcess) -> None:
    """Wait until an image's post is recorded: until then its delivery takes it out as well."""
    async with asyncio.timeout(PATIENCE_S):
        while rows(bot, "SELECT * FROM jobs WHERE state <> 'posted'"):
            await server.changes.within(0.05)


async def delete(server: DiscordServer, place: Place, message: Seen, *, times: int = 1) -> Any:
    pressed = None
    for _ in range(times):
        pressed = await server.people.press(place.ada, message, "Delete")
    return pressed


async def said(server: DiscordServer, pressed: Any) -> str:
    """Return what whoever pressed Delete was told."""
    await server.changes.until(lambda: server.people.followups(pressed), what="an answer")
    return texts_of(server.people.followups(pressed)[-1])


def rows(bot: BotProcess, sql: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(bot.data_dir / "bot.sqlite3")) as db:
        return db.execute(sql).fetchall()


async def gone(server: DiscordServer, bot: BotProcess, count: int = 1) -> None:
    """Wait until so many images have left Discord and the list of what is to be done."""
    async with asyncio.timeout(PATIENCE_S):
        # One read: between two, a deletion can begin.
        while not rows(
            bot,
            "SELECT 1 FROM generations WHERE deleted_at IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM deletions)",
        ):
            await server.changes.within(0.05)
    kept = {row[0] for row in rows(bot, "SELECT id FROM generations WHERE deleted_at IS NULL")}
    shas = rows(
        bot,
        "SELECT DISTINCT pixel_sha256 FROM generations WHERE deleted_at IS NULL"
        " OR id IN (SELECT generation_id FROM trash)",  # where they can be brought back
    )
    assert len(rows(bot, "SELECT id FROM generations WHERE deleted_at IS NOT NULL")) == count
    assert set(server.people.posted()) == kept
    assert len(list((bot.data_dir / "images").rglob("*.png"))) == len(shas)


def break_deletes(server: DiscordServer, fault: Fault, *, times: int = 1) -> None:
    for way in WAYS:
        server.faults.next(fault, "DELETE", way, times=times)


@pytest.mark.parametrize(
    "fault",
    sampled(
        [
            Fault.DROPPED_BEFORE,
            Fault.DROPPED_AFTER,
            Fault.SERVER_ERROR,
            Fault.UNAVAILABLE,
            Fault.PAGE,
            Fault.RATE_LIMITED,
            Fault.TOO_LARGE,  # which a deletion cannot be
        ],
        first=2,
    ),
)
async def test_a_fault_on_the_way_only_delays_it(
    server: DiscordServer, place: Place, quick: BotProcess, fault: Fault
):
    message = await image(server, place)
    break_deletes(server, fault)
    pressed = await delete(server, place, message)
    assert "Deleted" in await said(server, pressed)
    await gone(server, quick)


@pytest.mark.nightly
async def test_it_is_deleted_for_everybody_at_once_and_the_answer_says_what_is_left(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place)
    break_deletes(server, Fault.HANGS, times=9)
    pressed = await delete(server, place, message)
    await server.changes.until(lambda: server.journal.fault_counts["hangs"], what="the request")
    shown = await server.people.slash(place.ada, place.channel, "show", id=message.images[0])
    await server.people.answered(shown)
    assert "There is no image" in texts_of(server.people.response(shown))
    answer = await said(server, pressed)
    assert "is being deleted" in answer
    assert f"/{message.channel_id}/{message.id}" in answer
    await quick.kill()
    server.faults.clear()
    await quick.start()
    await gone(server, quick)


async def test_a_kill_between_row_and_message_is_made_good_by_the_next_start(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place, count=4)
    copy = await server.people.slash(place.ming, place.channel, "show", id=message.images[1])
    await server.people.image(copy)
    break_deletes(server, Fault.HANGS)
    await delete(server, place, message)
    await server.changes.until(lambda: server.journal.fault_counts["hangs"], what="the request")
    await quick.kill()
    server.faults.clear()
    assert server.people.posted()
    await quick.start()
    await gone(server, quick, 4)
    assert server.people.messages(place.channel) == []


@pytest.mark.parametrize("has_copy", [False, True])
@pytest.mark.nightly
async def test_a_lost_database_neither_undoes_nor_forgets_it(
    server: DiscordServer, place: Place, quick: BotProcess, *, has_copy: bool
):
    message, kept = await image(server, place, count=4), await image(server, place)
    await posted(server, quick)
    if has_copy:
        keep_copy(quick.data_dir)
    copy = await server.people.slash(place.ming, place.channel, "show", id=message.images[1])
    await server.people.image(copy)
    break_deletes(server, Fault.HANGS, times=9)
    for _ in range(2):  # the second time, it is the start that goes on with it
        hanging = server.journal.fault_counts["hangs"]
        await delete(server, place, message)
        await server.changes.until(
            lambda had=hanging: server.journal.fault_counts["hangs"] > had, what="the request"
        )
        await quick.kill()
        (quick.data_dir / "bot.sqlite3").unlink()
        assert "4 pictures were being deleted" in await restore(quick.data_dir)
        await quick.start()
    await quick.kill()
    server.faults.clear()
    await quick.start()
    await gone(server, quick, 4)
    assert [each.id for each in server.people.messages(place.channel)] == [kept.id]
    assert len(list((quick.data_dir / "records").rglob("*.json"))) == 1


async def test_messages_that_show_it_again_are_known_after_a_lost_database(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place)
    await posted(server, quick)
    shown = await server.people.slash(place.ming, place.channel, "show", id=message.images[0])
    await server.people.image(shown)
    await quick.kill()
    (quick.data_dir / "bot.sqlite3").unlink()
    await restore(quick.data_dir)
    await quick.start()
    assert "Deleted" in await said(server, await delete(server, place, message))
    await gone(server, quick)
    assert server.people.messages(place.channel) == []


async def test_a_copy_that_only_the_channel_still_takes_goes_as_well(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place)
    server.faults.refuse(10008, "PATCH", PRESSED)
    await server.people.slash(place.ming, place.channel, "show", id=message.images[0])
    await server.changes.until(
        lambda: len(server.people.with_images(place.channel)) == 2, what="a copy"
    )
    assert "Deleted" in await said(server, await delete(server, place, message))
    await gone(server, quick)


async def test_a_copy_whose_answers_were_all_lost_before_a_kill_goes_as_well(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place)
    server.faults.next(Fault.DROPPED_AFTER, "POST", CALLBACK)
    server.faults.refuse(10008, "GET", PRESSED)
    server.faults.next(Fault.DROPPED_AFTER, "PATCH", PRESSED, times=None)
    shown = await server.people.slash(place.ming, place.channel, "show", id=message.images[0])
    await server.people.image(shown)
    await quick.kill()
    assert rows(quick, "SELECT * FROM copies") == []
    server.faults.clear()
    await quick.start()
    async with asyncio.timeout(PATIENCE_S):
        while rows(quick, "SELECT * FROM deferrals"):
            await server.changes.within(0.05)
    assert "Deleted" in await said(server, await delete(server, place, message))
    await gone(server, quick)


async def test_a_copy_in_the_channel_whose_answers_were_lost_before_a_kill_goes_as_well(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place)
    server.faults.refuse(10008, "PATCH", PRESSED)
    server.faults.next(Fault.DROPPED_AFTER, "POST", "/channels/*/messages", times=None)
    await server.people.slash(place.ming, place.channel, "show", id=message.images[0])
    await server.changes.until(
        lambda: len(server.people.with_images(place.channel)) == 2, what="a copy"
    )
    await quick.kill()
    server.faults.clear()
    server.faults.refuse(10008, "GET", PRESSED)  # the answer's own place is gone for good
    await quick.start()
    async with asyncio.timeout(PATIENCE_S):
        while rows(quick, "SELECT * FROM deferrals"):
            await server.changes.within(0.05)
    server.faults.clear()
    assert "Deleted" in await said(server, await delete(server, place, message))
    await gone(server, quick)


async def test_a_kill_before_the_deletion_is_acknowledged_leaves_nothing_behind(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place)
    server.faults.next(Fault.HANGS, "POST", CALLBACK)
    await delete(server, place, message)
    await server.changes.until(lambda: server.journal.fault_counts["hangs"], what="the request")
    await quick.restart()
    server.faults.clear()
    await gone(server, quick)


async def test_one_of_four_leaves_its_message_though_the_edit_fails_and_the_bot_is_killed(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place, count=4)
    first, *others = message.images
    shown = await server.people.slash(place.ada, place.channel, "show", id=first)
    copy = await server.people.image(shown)
    server.faults.next(Fault.UNAVAILABLE, "PATCH", EDIT)
    await delete(server, place, copy)
    await server.changes.until(lambda: server.journal.fault_counts["503"], what="the refusal")
    await quick.restart()
    await gone(server, quick)
    [left] = server.people.messages(place.channel)
    assert (left.id, left.images) == (message.id, others)
    assert len(left.attachments) == 3


async def test_an_edit_that_is_too_large_or_one_too_many_only_delays_it(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place, count=2)
    first, other = message.images
    await posted(server, quick)
    shown = await server.people.slash(place.ada, place.channel, "show", id=first)
    copy = await server.people.image(shown)
    server.faults.refuse(30046, "PATCH", EDIT, times=1)
    server.faults.next(Fault.TOO_LARGE, "PATCH", EDIT)
    await delete(server, place, copy)
    await gone(server, quick)
    [left] = server.people.messages(place.channel)
    assert (left.id, left.images, len(left.attachments)) == (message.id, [other], 1)
    assert {"30046", "413"} <= server.journal.fault_counts.keys()


@pytest.mark.parametrize("code", sampled([50001, 50013], first=1))
async def test_what_discord_does_not_let_go_is_told_and_can_be_deleted_later(
    server: DiscordServer, place: Place, quick: BotProcess, code: int
):
    message = await image(server, place)
    for way in WAYS:
        server.faults.refuse(code, "DELETE", way)
    await posted(server, quick)
    answer = await said(server, await delete(server, place, message))
    assert "does not let me remove" in answer
    assert f"/{place.guild.id}/{message.channel_id}/{message.id}" in answer
    assert rows(quick, "SELECT * FROM deletions") == []
    assert "Deleted" in await said(server, await delete(server, place, message))
    await gone(server, quick)


@pytest.mark.parametrize("fault", [None, Fault.TOO_LARGE])
@pytest.mark.nightly
async def test_what_is_refused_after_a_restart_is_told_in_private(
    server: DiscordServer, place: Place, quick: BotProcess, fault: Fault | None
):
    message = await image(server, place)
    await posted(server, quick)
    break_deletes(server, Fault.HANGS)
    await delete(server, place, message)
    await server.changes.until(lambda: server.journal.fault_counts["hangs"], what="the request")
    await quick.kill()
    server.faults.clear()
    for way in WAYS:
        server.faults.refuse(50001, "DELETE", way)
    if fault is not None:  # of something in between: these are a few words
        server.faults.next(fault, "POST", f"/channels/{place.ada.user.dm_channel.id}/messages")
    await quick.start()
    told = await server.people.text(place.ada.user.dm_channel, "does not let me remove")
    assert f"/{message.channel_id}/{message.id}" in told.text


async def test_an_answer_that_gets_lost_says_nothing_untrue(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place)
    server.faults.next(Fault.DROPPED_BEFORE, "POST", "/webhooks/{webhook_id}/{token}")
    pressed = await delete(server, place, message)
    await gone(server, quick)
    await server.changes.until(lambda: server.journal.fault_counts, what="the lost answer")
    assert server.people.followups(pressed) == []


async def test_a_press_that_something_in_between_finds_too_large_deletes_what_was_pressed(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place)
    await posted(server, quick)
    server.faults.next(Fault.TOO_LARGE, "POST", CALLBACK)
    assert "Deleted" in await said(server, await delete(server, place, message))
    await gone(server, quick)


async def test_where_the_first_answer_is_another_message_the_pressed_one_is_deleted(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place)
    await posted(server, quick)
    server.faults.refuse(50109, "POST", CALLBACK)  # which the bot takes for a defect of its own
    server.faults.next(Fault.HANGS, "DELETE")
    answer = await server.people.answered(await delete(server, place, message))
    assert answer.id != message.id
    server.faults.clear()  # which drops what hangs: it is deleted after the answer has been given
    await gone(server, quick)


async def test_a_stop_in_the_middle_says_nothing_untrue(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place)
    await posted(server, quick)
    break_deletes(server, Fault.HANGS, times=9)
    pressed = await delete(server, place, message)
    await server.changes.until(lambda: server.journal.fault_counts["hangs"], what="the request")
    await quick.terminate()
    assert not [each for each in server.people.followups(pressed) if "Deleted" in texts_of(each)]
    server.faults.clear()
    await quick.start()
    await gone(server, quick)


@pytest.mark.parametrize("code", sampled([10003, 10008], first=1))
async def test_what_is_gone_already_is_deleted(
    server: DiscordServer, place: Place, quick: BotProcess, code: int
):
    message = await image(server, place)
    for way in WAYS:
        server.faults.refuse(code, "DELETE", way)
    assert "Deleted" in await said(server, await delete(server, place, message))
    assert rows(quick, "SELECT * FROM deletions") == []


async def test_an_archived_thread_is_opened_for_it_and_a_locked_one_is_told(
    server: DiscordServer, place: Place, thread: Any, quick: BotProcess
):
    first, second = await image(server, place, thread), await image(server, place, thread)
    copies = [
        await server.people.image(
            await server.people.slash(place.ada, place.channel, "show", id=each.images[0])
        )
        for each in (first, second)
    ]
    server.people.archive(thread.id)
    assert "Deleted" in await said(server, await delete(server, place, copies[0]))
    assert [each.id for each in server.people.with_images(thread)] == [second.id]
    server.people.archive(thread.id, locked=True)
    answer = await said(server, await delete(server, place, copies[1]))
    assert f"/{thread.id}/{second.id}" in answer
    assert [each.id for each in server.people.with_images(thread)] == [second.id]
    assert server.people.with_images(place.channel) == []


async def test_delete_pressed_three_times_deletes_once(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place)
    await delete(server, place, message, times=3)
    await gone(server, quick)


@pytest.mark.parametrize("fault", [Fault.HANGS, Fault.DROPPED_AFTER])
async def test_a_kill_while_images_are_brought_back_posts_them_once(
    server: DiscordServer, place: Place, quick: BotProcess, fault: Fault
):
    message = await image(server, place, count=2)
    await posted(server, quick)
    pressed = await delete(server, place, message)
    await said(server, pressed)
    await quick.restart()  # in the trash, it survives that as well
    await gone(server, quick, 2)
    server.faults.next(fault, "POST", "/channels/{channel_id}/messages", times=9)
    before = server.journal.fault_counts.total()
    await server.people.press(place.ada, server.people.followups(pressed)[-1], "Bring back")
    await server.changes.until(
        lambda: server.journal.fault_counts.total() > before, what="the post"
    )
    await quick.kill()
    server.faults.clear()
    await quick.start()
    await server.changes.until(
        lambda: sorted(server.people.posted()) == sorted(message.images), what="the images"
    )
    await posted(server, quick)
    [again] = server.people.with_images(place.channel)
    assert again.images == message.images
    assert rows(quick, "SELECT * FROM trash") == []
    assert rows(quick, "SELECT * FROM generations WHERE deleted_at IS NOT NULL") == []


async def test_what_is_deleted_and_brought_back_again_and_again_is_posted_each_time(
    server: DiscordServer, place: Place, quick: BotProcess
):
    message = await image(server, place)
    for _ in range(3):
        await posted(server, quick)
        pressed = await delete(server, place, message)
        await said(server, pressed)
        await gone(server, quick)
        await server.people.press(place.ada, server.people.followups(pressed)[-1], "Bring back")
        await server.changes.until(
            lambda: server.people.with_images(place.channel), what="the image, though it is new"
        )
        [message] = server.people.with_images(place.channel)
