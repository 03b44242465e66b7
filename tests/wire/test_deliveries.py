"""Every answer of a job comes to an end, whatever Discord says to it: on the wire, by its codes."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.discord_env import SMALL
from tests.support.discord_server.bot_process import BotProcess, bot_process
from tests.support.discord_server.clock import PATIENCE_S
from tests.support.discord_server.faults import Fault
from tests.support.discord_server.server import DiscordServer
from tests.support.discord_server.world import Place, Seen
from tests.support.sampling import sampled

pytest_plugins = ["tests.support.wire_fixtures"]

CALLBACK = "/interactions/{interaction_id}/{token}/callback"
SEND = "/channels/{channel_id}/messages"
EDIT = "/channels/{channel_id}/messages/{message_id}"
BY_TOKEN = "/webhooks/{webhook_id}/{token}/messages/{message_id}"
SLOW_S = 0.05  # a forward: a job takes 0.4 s, long enough to be met while it is drawn


@pytest.fixture(autouse=True)
def every_request_is_as_discord_describes_it(server: DiscordServer):
    yield
    assert server.rest.unknown == []
    assert server.description.violations == []


@pytest.fixture
async def slow(server: DiscordServer, place: Place, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """Return a bot that draws slowly enough to be met at it, and at the end logged no trace."""
    bot = BotProcess(server=server, data_dir=tmp_path / "data", seconds_per_forward=SLOW_S)
    async with bot_process(bot):
        yield bot
    assert "Traceback" not in bot.log, bot.log


@pytest.fixture
def thread(server: DiscordServer, place: Place) -> Any:
    return server.people.thread(place.channel, "night", place.ada)


async def begun(server: DiscordServer, place: Place, channel: Any, **options: Any) -> Seen:
    """Ask for an image, and return the message that acknowledges it."""
    asked = await server.people.slash(
        place.ada, channel, "imagine",
        **{"prompt": "a red apple", "size": SMALL, "seed": 5, **options},
    )  # fmt: skip
    message = await server.people.answered(asked)
    assert message is not None
    return message


async def told_in_private(server: DiscordServer, place: Place) -> str:
    """Return the one direct message to who asked."""
    words = "made and kept"
    told = await server.people.text(place.ada.user.dm_channel, words)
    [only] = server.people.messages(place.ada.user.dm_channel)
    assert only.id == told.id
    return told.text


def job_of(bot: BotProcess) -> sqlite3.Row:
    with contextlib.closing(sqlite3.connect(bot.data_dir / "bot.sqlite3")) as db:
        db.row_factory = sqlite3.Row
        [row] = db.execute("SELECT * FROM jobs").fetchall()
        return row


async def ended(server: DiscordServer, bot: BotProcess, state: str) -> None:
    """Wait until the job has ended so, and its requester knows; only its row tells."""
    async with asyncio.timeout(PATIENCE_S):
        while job_of(bot)["state"] != state or not job_of(bot)["is_told"]:
            await server.changes.within(0.05)


async def one_image(server: DiscordServer, channel: Any) -> Seen:
    """Wait for the image, and that no other message of the bot's is left beside it."""
    await server.people.images(channel)
    await server.changes.until(
        lambda: len(server.people.messages(channel)) == 1, what="only one message"
    )
    assert set(server.people.posted().values()) == {1}
    return server.people.messages(channel)[0]


@pytest.mark.nightly
async def test_in_a_thread_archived_meanwhile_the_image_is_posted_anew(
    server: DiscordServer, place: Place, thread: Any, slow: BotProcess
):
    """Edits are refused with 400 / 50083; a new message opens the thread again."""
    first = await begun(server, place, thread)
    server.people.archive(thread.id)
    message = await one_image(server, thread)
    assert message.id != first.id
    await ended(server, slow, "posted")


async def test_a_post_into_an_archived_thread_survives_a_lost_answer_and_a_kill(
    server: DiscordServer, place: Place, thread: Any, slow: BotProcess
):
    await begun(server, place, thread)
    server.faults.next(Fault.DROPPED_AFTER, "POST", SEND)
    server.people.archive(thread.id)
    await server.people.images(thread)
    await slow.kill()
    await slow.start()
    await ended(server, slow, "posted")
    await one_image(server, thread)


@pytest.mark.parametrize("has_page", [False, True])
@pytest.mark.nightly
async def test_an_edit_that_was_carried_out_before_the_thread_was_archived_is_not_posted_again(
    server: DiscordServer, place: Place, thread: Any, slow: BotProcess, *, has_page: bool
):
    first = await begun(server, place, thread)
    if has_page:  # of something in between, without a code: it says nothing of the message
        server.faults.next(Fault.GONE, "GET", EDIT)
    server.faults.next(Fault.DROPPED_AFTER, "PATCH", BY_TOKEN)
    await server.people.images(thread)
    server.people.archive(thread.id)
    await ended(server, slow, "posted")
    assert (await one_image(server, thread)).id == first.id


async def test_in_a_locked_thread_the_requester_is_told_in_private_at_once(
    server: DiscordServer, place: Place, thread: Any, slow: BotProcess
):
    await begun(server, place, thread)
    server.people.archive(thread.id, locked=True)
    assert "I may not post in its channel" in await told_in_private(server, place)
    await ended(server, slow, "failed")
    assert server.people.posted() == {}
    assert sum("is given up" in line for line in slow.lines) == 1


@pytest.mark.nightly
async def test_words_that_something_in_between_finds_too_large_are_written_again(
    server: DiscordServer, place: Place, thread: Any, slow: BotProcess
):
    await begun(server, place, thread)
    dm = f"/channels/{place.ada.user.dm_channel.id}/messages"
    server.faults.next(Fault.TOO_LARGE, "POST", dm, times=2)
    server.people.archive(thread.id, locked=True)
    await told_in_private(server, place)
    await ended(server, slow, "failed")


@pytest.mark.parametrize("code", [30046, 10008])
async def test_a_message_that_takes_no_edit_is_replaced(
    server: DiscordServer, place: Place, slow: BotProcess, code: int
):
    first = await begun(server, place, place.channel)
    server.faults.refuse(code, "PATCH", BY_TOKEN, times=None)
    server.faults.refuse(code, "PATCH", EDIT, times=None)
    message = await one_image(server, place.channel)
    assert message.id != first.id
    await ended(server, slow, "posted")


@pytest.mark.parametrize("code", [10003, 160005, 50035])
async def test_a_final_refusal_is_told_in_private_at_once(
    server: DiscordServer, place: Place, slow: BotProcess, code: int
):
    await begun(server, place, place.channel)
    for method, route in (("PATCH", BY_TOKEN), ("PATCH", EDIT)):
        server.faults.refuse(code, method, route, times=None)
    server.faults.refuse(code, "POST", f"/channels/{place.channel.id}/messages", times=None)
    await told_in_private(server, place)
    await ended(server, slow, "failed")
    assert server.people.posted() == {}


async def test_who_takes_no_messages_either_is_told_where_they_asked(
    server: DiscordServer, place: Place, slow: BotProcess
):
    await begun(server, place, place.channel)
    server.faults.refuse(50035, "PATCH", BY_TOKEN)  # the images alone
    server.faults.refuse(50007, "POST", f"/channels/{place.ada.user.dm_channel.id}/messages")
    told = await server.people.text(place.channel, "made and kept", viewer=place.ada)
    assert told.ephemeral
    await ended(server, slow, "failed")


async def test_where_nobody_can_be_told_that_is_an_end_as_well(
    server: DiscordServer, place: Place, thread: Any, slow: BotProcess
):
    await begun(server, place, thread)
    server.faults.refuse(50007, "POST", f"/channels/{place.ada.user.dm_channel.id}/messages")
    server.faults.refuse(50027, "POST", "/webhooks/{webhook_id}/{token}", times=None)
    server.people.archive(thread.id, locked=True)
    server.faults.refuse(50007, "POST", f"/channels/{place.ada.user.dm_channel.id}/messages")
    await ended(server, slow, "failed")
    await slow.restart()
    await slow.ready(jobs_taken_up=True)
    assert server.people.messages(place.ada.user.dm_channel) == []


@pytest.mark.parametrize("kind", sampled(["page", "20016", "40062"], first=1))
async def test_a_passing_refusal_is_tried_again(
    server: DiscordServer, place: Place, slow: BotProcess, kind: str
):
    await begun(server, place, place.channel)
    if kind == "page":
        server.faults.next(Fault.PAGE, "PATCH", BY_TOKEN)
    else:
        server.faults.refuse(int(kind), "PATCH", BY_TOKEN, times=5)
    await one_image(server, place.channel)
    await ended(server, slow, "posted")


async def test_an_image_of_which_no_copy_is_taken_is_named(
    server: DiscordServer, place: Place, slow: BotProcess
):
    first = await begun(server, place, place.channel)
    server.faults.refuse(40005, "PATCH", BY_TOKEN, times=7)  # 10 MiB and half of it, six times
    message = await one_image(server, place.channel)
    assert message.id == first.id
    assert message.attachments == []
    assert "no copy of it fits" in message.text


@pytest.mark.parametrize("code", [40060, 10062])
async def test_who_does_not_get_the_acknowledgement_drops_the_job(
    server: DiscordServer, place: Place, slow: BotProcess, code: int
):
    """Another process has answered, or its user was told that nobody did."""
    server.faults.refuse(code, "POST", CALLBACK)
    await server.people.slash(
        place.ada, place.channel, "imagine", prompt="a red apple", size=SMALL, seed=5
    )
    await server.changes.until(lambda: server.journal.of("POST", CALLBACK), what="its answer")
    await ended(server, slow, "cancelled")
    assert server.people.messages(place.channel) == []
    assert server.journal.of("PATCH", BY_TOKEN) == []
    if code == 40060:  # the log comes by a pipe of its own
        async with asyncio.timeout(PATIENCE_S):
            while "another copy of the bot" not in slow.log:
                await server.changes.within(0.05)
    assert ("another copy of the bot" in slow.log) == (code == 40060)


@pytest.mark.nightly
async def test_after_a_restart_the_upload_limit_is_the_one_that_was_told(
    server: DiscordServer, place: Place, slow: BotProcess
):
    server.people.limit_uploads(place.guild.id, 300_000)
    await begun(server, place, place.channel, prompt="noise", size="512x512")
    await slow.restart()
    message = await one_image(server, place.channel)
    assert message.attachments[0]["size"] <= 300_000
    assert 413 not in {request.status for request in server.journal.requests}
