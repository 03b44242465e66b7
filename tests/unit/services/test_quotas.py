"""Quotas are exact: whatever comes at once, is withdrawn or fails, and over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.requests import ImageRequest
from bot.domain.rules import QuotaError, Scene
from bot.domain.rules.quota import IMAGE
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.services import Service, open_service
from bot.services.queue import EVERYWHERE
from bot.settings import Settings
from tests.support.discord_env import SteeredEngine
from tests.support.hidden_things import Place, Silent, Target, origin

pytest_plugins = ["tests.support.bot_fixtures"]

GUILD, CHANNEL = 1, 30
OWNER = Viewer(user_id=1, guild_id=GUILD, is_manager=True)
MODERATOR = Viewer(user_id=2, guild_id=GUILD, is_moderator=True)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"max_jobs": 1000, "max_jobs_per_user": 1000})


def viewer(user_id: int) -> Viewer:
    return Viewer(
        user_id=user_id, guild_id=GUILD, channel_id=CHANNEL, channels=frozenset({CHANNEL})
    )


async def submit(service: Service, user_id: int = 7, *, size: int = 256, count: int = 1) -> Any:
    """Ask for images as somebody in a server; one of the usual size and quality costs 1."""
    source = origin(Place(guild_id=GUILD, channel_id=CHANNEL), Target(user=user_id))
    typed = {"prompt": "x", "size": f"{size}x{size}", "rules": service.model_rules}
    requests = [ImageRequest.parse(**typed, seed=i) for i in range(count)]
    return await service.jobs.submit(requests, source, viewer=viewer(user_id), reply=Silent())


async def at_once(service: Service, users: Sequence[int], **options: Any) -> int:
    """Let many ask at once, and return how many jobs were taken."""
    asked = [submit(service, each, **options) for each in users]
    results = await asyncio.gather(*asked, return_exceptions=True)
    refused = [each for each in results if isinstance(each, BaseException)]
    assert all(isinstance(each, QuotaError) for each in refused), refused
    return len(results) - len(refused)


async def used(service: Service, user_id: int = 7) -> int:
    scene = Scene(guild_id=GUILD, user_id=user_id, places=(CHANNEL,))
    state = await service.quotas.state(scene, viewer=viewer(user_id))
    return sum(each.cost for each in state.member.charges)


async def test_of_a_hundred_at_once_exactly_as_many_are_taken_as_there_is_room_for(
    settings: Settings, engine: SteeredEngine
):
    async with open_service(settings, lambda: engine) as service:
        service._queue.pause(EVERYWHERE)
        await service.rules.replace("[server]\nquota_day = 7", viewer=OWNER)
        assert await at_once(service, [7] * 100) == 7
        assert await at_once(service, [8] * 10, size=128) == 10  # a quarter each
        assert await used(service) == 7 * IMAGE
    async with open_service(settings, lambda: engine) as service:  # after a restart
        service._queue.pause(EVERYWHERE)
        assert await at_once(service, [7] * 5) == 0
        assert await at_once(service, [8] * 30, size=128) == 18


async def test_a_servers_total_is_shared_by_all(settings: Settings, engine: SteeredEngine):
    async with open_service(settings, lambda: engine) as service:
        service._queue.pause(EVERYWHERE)
        await service.rules.replace("[server]\ntotal_day = 9\nquota_day = 3", viewer=OWNER)
        assert await at_once(service, [1, 2, 3, 4, 5] * 20) == 9


async def test_what_is_cancelled_or_fails_gives_its_room_back(
    settings: Settings, engine: SteeredEngine
):
    async with open_service(settings, lambda: engine) as service:
        await service.moderation.pause(viewer=MODERATOR)
        await service.rules.replace("[server]\nquota_day = 5", viewer=OWNER)
        assert await at_once(service, [7] * 6) == 5
        for entry in service.jobs.queue(viewer=viewer(7))[:3]:
            await service.jobs.cancel(entry.job.id, viewer=viewer(7))
        assert await used(service) == 2 * IMAGE
        assert await at_once(service, [7] * 6) == 3
        engine.failure = BotError("It does not work.")
        await service.moderation.resume(viewer=MODERATOR)
        await service.idle()
        assert await used(service) == 0


async def test_of_a_job_only_what_was_drawn_is_paid_for(settings: Settings, engine: SteeredEngine):
    async with open_service(settings, lambda: engine) as service:
        await service.rules.replace("[server]\nquota_day = 5", viewer=OWNER)
        engine.failures = {1: BotError("It does not work.")}
        await submit(service, count=3)
        await service.idle()
        assert await used(service) == 2 * IMAGE


async def test_slow_mode_lets_one_of_many_through_and_says_when(
    settings: Settings, engine: SteeredEngine
):
    async with open_service(settings, lambda: engine) as service:
        service._queue.pause(EVERYWHERE)
        await service.rules.replace("[server]\nslow_mode = 600", viewer=OWNER)
        assert await at_once(service, [7] * 20) == 1
        assert await at_once(service, [8]) == 1
        with pytest.raises(QuotaError, match=r"in slow mode: you can ask again <t:\d+:R>"):
            await submit(service)
        [entry, *_] = [e for e in service.jobs.queue(viewer=viewer(7)) if e.job.origin.user_id == 7]
        await service.jobs.cancel(entry.job.id, viewer=viewer(7))
        await submit(service)


async def test_moderators_grant_images_and_nobody_else_does(
    settings: Settings, engine: SteeredEngine
):
    async with open_service(settings, lambda: engine) as service:
        service._queue.pause(EVERYWHERE)
        await service.rules.replace("[server]\nquota_day = 2\nquota_hour = 1", viewer=OWNER)
        assert await at_once(service, [7] * 4) == 1
        await service.quotas.grant(7, 3, viewer=MODERATOR)
        assert await at_once(service, [7] * 9) == 3
        for who in (viewer(7), replace(MODERATOR, guild_id=None), replace(MODERATOR, guild_id=2)):
            with pytest.raises(BotError):
                await service.quotas.state(Scene(guild_id=GUILD, user_id=8), viewer=who)
        with pytest.raises(BotError, match="Only moderators"):
            await service.quotas.grant(7, 3, viewer=viewer(7))
        with pytest.raises(BotError, match="0 images cannot be granted: use 1 to 10,000"):
            await service.quotas.grant(7, 0, viewer=MODERATOR)


async def test_a_quota_of_nothing_says_so(settings: Settings, engine: SteeredEngine):
    async with open_service(settings, lambda: engine) as service:
        await service.rules.replace("[server]\nquota_day = 0", viewer=OWNER)
        with pytest.raises(QuotaError, match="No images are drawn here: the rule quota_day is 0"):
            await submit(service)
