"""A job that waits for a moderator, and a bot that is killed meanwhile: on the wire."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.builders import ChannelHandle
from simcord.enums import OverwriteType

from bot.domain.rules import Entry
from bot.domain.scenes import Layer
from bot.storage import Store
from bot.storage.rules import Step
from tests.support.discord_env import SMALL
from tests.support.discord_server.bot_process import BotProcess, bot_process
from tests.support.discord_server.clock import PATIENCE_S
from tests.support.discord_server.faults import Fault
from tests.support.discord_server.server import DiscordServer
from tests.support.discord_server.world import Place, Seen

pytest_plugins = ["tests.support.wire_fixtures"]

CALLBACK = "/interactions/{interaction_id}/{token}/callback"


@pytest.fixture(autouse=True)
def every_request_is_as_discord_describes_it(server: DiscordServer):
    yield
    assert server.rest.unknown == []
    assert server.description.violations == []


@pytest.fixture
def log(server: DiscordServer, place: Place) -> ChannelHandle:
    channel = place.guild.create_text_channel("log")
    server.people.hide(channel)
    may_view = discord.Permissions(view_channel=True).value
    seen = Overwrite(place.moderator.id, OverwriteType.MEMBER, allow=may_view)
    server.backend.set_overwrite(channel.id, seen)
    return channel


@pytest.fixture
async def bot(
    server: DiscordServer, place: Place, log: ChannelHandle, tmp_path: Path
) -> AsyncIterator[BotProcess]:
    """Return a bot of a server that sends unwanted words to moderators first."""
    data = tmp_path / "data"
    values = {"words": "ask", "log_channel": str(log.id)}
    async with Store(data / "bot.sqlite3", images=data / "images") as store:
        entries = [
            Entry(layer=Layer.SERVER, name=name, value=each) for name, each in values.items()
        ]
        steps = [Step(old=None, new=each) for each in entries]
        await store.rules.change(place.guild.id, steps, by=1, name="owner")
    async with bot_process(BotProcess(server=server, data_dir=data)) as bot:
        yield bot
    assert "Traceback" not in bot.log, bot.log


async def ask(server: DiscordServer, place: Place) -> Any:
    return await server.people.slash(
        place.ada, place.channel, "imagine", prompt="a nude statue", size=SMALL, seed=5
    )


def rows(bot: BotProcess, sql: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(bot.data_dir / "bot.sqlite3")) as db:
        return db.execute(sql).fetchall()


async def until(server: DiscordServer, bot: BotProcess, sql: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not rows(bot, sql):
            await server.changes.within(0.05)


async def press(server: DiscordServer, place: Place, message: Seen, choice: str) -> Any:
    number = message.text.split("#")[1].split()[0]
    custom_id = f"zib:case:{choice}:{number}"
    return await server.people.press(place.moderator, message, custom_id=custom_id)


async def test_killed_while_held_and_once_it_is_approved(
    server: DiscordServer, place: Place, log: ChannelHandle, bot: BotProcess
):
    """It is asked about once, waits over a kill, and is drawn once."""
    asked = await ask(server, place)
    shown = await server.people.text(log, "May this be drawn?")
    await bot.kill()
    await bot.start()
    await press(server, place, shown, "approved")
    await until(server, bot, "SELECT 1 FROM jobs WHERE approved_by IS NOT NULL")
    await bot.kill()
    await bot.start()
    message = await server.people.image(asked)
    await server.people.text(log, "approved")
    assert server.people.posted() == {message.images[0]: 1}
    [only] = server.people.messages(log)
    assert only.id == shown.id


async def test_killed_before_anybody_was_told_of_it(
    server: DiscordServer, place: Place, log: ChannelHandle, bot: BotProcess
):
    """What was never acknowledged is withdrawn: no moderator is asked."""
    server.faults.next(Fault.HANGS, "POST", CALLBACK)
    await ask(server, place)
    await until(server, bot, "SELECT 1 FROM jobs WHERE held_why IS NOT NULL")
    await bot.kill()
    await bot.start()
    await until(server, bot, "SELECT 1 FROM jobs WHERE state = 'cancelled'")
    asked = await ask(server, place)
    await server.people.text(log, "May this be drawn?")
    assert len(server.people.messages(log)) == 1
    assert (await server.people.answered(asked)) is not None


async def test_killed_while_the_log_channel_is_written(
    server: DiscordServer, place: Place, log: ChannelHandle, bot: BotProcess
):
    """Moderators are asked once, whether or not the first message arrived."""
    server.faults.next(Fault.DROPPED_AFTER, "POST", "/channels/{channel_id}/messages")
    await ask(server, place)
    await server.people.text(log, "May this be drawn?")
    await bot.kill()
    await bot.start()
    await until(server, bot, "SELECT 1 FROM audit WHERE shown_as IS NOT NULL")
    assert len(server.people.messages(log)) == 1
