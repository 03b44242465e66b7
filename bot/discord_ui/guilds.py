"""The servers that the bot is a member of, as Discord tells them."""

from __future__ import annotations

import discord
from discord.ext import commands

from bot.discord_ui.client import ImageBot


class Guilds(commands.Cog):
    """Notes where the bot was invited and removed; an outage of a server is neither."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Note all servers: what happened while the bot was not connected was not told."""
        await self._bot.service.system.departures.note_present(
            [each.id for each in self._bot.guilds]
        )

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Note that the bot was invited."""
        await self._bot.service.system.departures.note_joined(guild.id)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note that the bot was removed; Discord tells of an outage as `on_guild_unavailable`."""
        await self._bot.service.system.departures.note_left(guild.id)


async def setup(bot: ImageBot) -> None:
    """Let the bot know its servers."""
    await bot.add_cog(Guilds(bot))
