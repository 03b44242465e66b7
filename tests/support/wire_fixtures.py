"""Fixtures for tests on the wire; loaded by `pytest_plugins` where they are wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import discord
import pytest

from tests.support.discord_server.bot_process import BotProcess, bot_process
from tests.support.discord_server.raw import Raw
from tests.support.discord_server.server import DiscordServer
from tests.support.discord_server.world import Place


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer().listening() as server:
        yield server


@pytest.fixture
def place(server: DiscordServer) -> Place:
    people = server.people
    guild = people.guild()
    may_manage = discord.Permissions(manage_messages=True)
    return Place(
        guild=guild,
        channel=guild.create_text_channel("pictures"),
        ada=people.member(guild, "ada"),
        ming=people.member(guild, "ming", locale="zh-CN"),
        moderator=people.member(guild, "grace", permissions=may_manage),
    )


@pytest.fixture
async def raw(server: DiscordServer) -> AsyncIterator[Raw]:
    async with aiohttp.ClientSession() as session:
        yield Raw(server=server, session=session)


@pytest.fixture
async def bot(server: DiscordServer, place: Place, tmp_path: Path) -> AsyncIterator[BotProcess]:
    """Return a bot that is ready, with the quick engine."""
    async with bot_process(BotProcess(server=server, data_dir=tmp_path / "data")) as bot:
        yield bot
