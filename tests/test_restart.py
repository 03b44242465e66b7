"""A bot that was stopped goes on where it was, for the same people, in the same messages."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from bot.client import ImageBot
from bot.service import open_service
from tests.town import SMALL, SteeredEngine, Town, ids_of, texts_of

pytest_plugins = ["tests.bot_fixtures"]


@contextlib.asynccontextmanager
async def started_again(town: Town, engine: SteeredEngine) -> AsyncIterator[None]:
    """Start service and bot anew on the same database, as a new process would."""
    async with open_service(town.settings, lambda: engine) as service:
        bot = ImageBot(town.settings, service)
        bot.now = town.env.now
        await town.env.restart_bot(bot)
        town.service, town.bot = service, bot
        yield
        await town.idle()


async def submitted_but_not_drawn(town: Town):
    """Leave a job behind that was acknowledged, and a service that does nothing any more."""
    town.service._stopping = False
    town.service._worker.cancel()
    return await town.ada.slash(town.channel, "imagine", prompt="a red apple", size=SMALL, seed=5)


@pytest.fixture
async def left(town: Town):
    result = await submitted_but_not_drawn(town)
    yield result
    town.service._rides.clear()


async def test_a_waiting_job_is_taken_up_again_in_its_message(
    town: Town, engine: SteeredEngine, left
):
    old = town.service
    engine.hold()
    async with started_again(town, engine):
        assert "Taken up again after a restart" in texts_of(left.response)
        engine.release()
        await town.idle()
        assert ids_of(left.response)
        assert "seed `5`" in texts_of(left.response)
        assert len(town.images()) == 1
    old._rides.clear()


async def test_a_token_that_died_meanwhile_loses_nothing(town: Town, engine: SteeredEngine, left):
    old = town.service
    await town.env.advance_time(16 * 60)
    async with started_again(town, engine):
        await town.idle()
        assert ids_of(left.response), "the bot edits its message itself"
        assert len(town.images()) == 1
    old._rides.clear()


async def test_a_message_that_was_deleted_meanwhile_is_posted_anew(
    town: Town, engine: SteeredEngine, left
):
    old = town.service
    await town.moderator.delete(left.response)
    async with started_again(town, engine):
        await town.idle()
        [message] = town.images()
        assert "a red apple" in texts_of(message)
    old._rides.clear()


async def test_what_was_made_but_not_posted_is_posted_without_drawing_again(
    town: Town, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch
):
    old = town.service
    for method, path in (
        ("PATCH", "/webhooks/*"),
        ("PATCH", "/channels/*"),
        ("POST", "/channels/*"),
    ):
        town.env.inject_error(method, path, status=403, code=50013, times=None)
    result = await town.ada.slash(town.channel, "imagine", prompt="a red apple", size=SMALL)
    await town.idle()
    assert ids_of(result.response) == []
    town.env.backend.faults.clear()
    drawn = len(engine.drawn)
    async with started_again(town, engine):
        await town.idle()
        assert ids_of(result.response)
        assert len(engine.drawn) == drawn
    old._rides.clear()
