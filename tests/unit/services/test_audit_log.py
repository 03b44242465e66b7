"""What moderators have to decide reaches them, or whoever waits for it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.domain.jobs import ImageMessage
from bot.domain.moderation import AuditEntry, Decision
from bot.domain.requests import ImageRequest, Size
from bot.domain.rules import Entry
from bot.domain.scenes import Layer
from bot.domain.viewers import Viewer
from bot.services import NotPostableError, NotReachedError, Service, open_service
from bot.services.retries import RetryPolicy
from bot.settings import Settings
from tests.support.discord_env import SteeredEngine
from tests.support.hidden_things import Place, Silent, Target, origin
from tests.support.viewers import viewer_at

pytest_plugins = ["tests.support.bot_fixtures"]

GUILD, CHANNEL, LOG = 1, 2, 3
PATIENCE_S = 30.0


@dataclass
class Writer:
    """A Discord that answers as it is told, from the first try on, and takes all that follows."""

    known: list[bool | None] = field(default_factory=list)
    refusals: list[Exception] = field(default_factory=list)
    written: list[AuditEntry] = field(default_factory=list)
    has_written: asyncio.Event = field(default_factory=asyncio.Event)

    def can_write(self, guild_id: int, channel_id: int) -> bool | None:
        assert (guild_id, channel_id) == (GUILD, LOG)
        return self.known.pop(0) if self.known else True

    async def write(self, entry: AuditEntry, channel_id: int) -> ImageMessage:
        if self.refusals:
            raise self.refusals.pop(0)
        self.written.append(entry)
        self.has_written.set()
        return ImageMessage(channel_id=channel_id, message_id=entry.id)

    async def follow_up(self, entry: AuditEntry) -> None:
        raise AssertionError(entry)


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
async def service(
    settings: Settings, engine: SteeredEngine, writer: Writer
) -> AsyncIterator[Service]:
    async with open_service(settings, lambda: engine) as service:
        service._log.writer = writer
        service._log._patience = RetryPolicy(pauses_s=(0.0, 0.0), seldom_s=0.0)
        service.system.holds.make_reply = lambda _: Silent()
        manager = Viewer(user_id=1, guild_id=GUILD, is_manager=True)
        values = {"words": "ask", "log_channel": str(LOG)}
        rules = [Entry(layer=Layer.SERVER, name=name, value=each) for name, each in values.items()]
        await service.rules.change(rules, viewer=manager)
        yield service


async def hold(service: Service) -> Viewer:
    """Ask for something that a moderator has to look at; return who asked."""
    source = origin(Place(guild_id=GUILD, channel_id=CHANNEL), Target())
    request = ImageRequest(prompt="gore", seed=1, size=Size(width=128, height=128))
    await service.jobs.submit([request], source, viewer=viewer_at(source), reply=Silent())
    return viewer_at(source)


async def test_an_outage_of_the_server_ends_nothing(service: Service, writer: Writer):
    """After a start and in an outage Discord does not tell of a server: that is not its end."""
    writer.known = [True, None, None]
    writer.refusals = [NotReachedError("503"), TimeoutError()]
    asker = await hold(service)
    async with asyncio.timeout(PATIENCE_S):
        await writer.has_written.wait()
    assert len(await service.jobs.held(viewer=asker)) == 1


@pytest.mark.parametrize("is_final", [True, False])
async def test_a_channel_that_refuses_ends_what_waits_for_it(
    service: Service, writer: Writer, *, is_final: bool
):
    writer.refusals = [NotPostableError("403", is_final=is_final)]
    asker = await hold(service)
    async with asyncio.timeout(PATIENCE_S):
        await writer.has_written.wait()  # how it ended, for the day when the channel is back
    assert await service.jobs.held(viewer=asker) == []
    assert writer.written[-1].decision is Decision.UNREAD
