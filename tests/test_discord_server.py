"""The bot as a process of its own against a Discord on the wire, killed and started again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.discord_server.bot_process import BotProcess, bot_process
from tests.discord_server.server import DiscordServer
from tests.town import SMALL


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer().listening() as server:
        yield server


@pytest.fixture
async def bot(server: DiscordServer, tmp_path: Path) -> AsyncIterator[BotProcess]:
    async with bot_process(BotProcess(server=server, data_dir=tmp_path / "data")) as bot:
        yield bot


async def test_a_bot_in_another_process_answers_imagine(server: DiscordServer, tmp_path: Path):
    guild = server.people.guild()
    channel = guild.create_text_channel("pictures")
    ada = server.people.member(guild, "ada")
    async with bot_process(BotProcess(server=server, data_dir=tmp_path / "data")) as bot:
        asked = await server.people.slash(
            ada, channel, "imagine", prompt="a red apple", size=SMALL, seed=5
        )
        await server.people.answered(asked)
        message = await server.people.image(asked)
        assert "seed `5`" in message.text
        assert await bot.terminate() == 0
