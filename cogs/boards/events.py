"""What happens to the channels of boards and of their pictures: gone, hidden, opened, unpinned."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Final

import discord
from discord.ext import commands

from bot.discord_ui.boards.people import bot_viewer
from bot.discord_ui.boards.pinned import PinnedBoards
from bot.discord_ui.channel_rules import hides_from_nobody, is_age_restricted
from bot.discord_ui.client import ImageBot

logger = logging.getLogger(__name__)

_PUBLIC: Final = frozenset({discord.ChannelType.public_thread, discord.ChannelType.news_thread})


class BoardEvents(commands.Cog):
    """Listens to what Discord tells of channels, threads, pins and roles."""

    def __init__(self, bot: ImageBot, pinned: PinnedBoards) -> None:
        self._bot = bot
        self._boards = bot.service.system.boards
        self._pinned = pinned
        self._were_open: dict[int, bool] = {}  # channels that are gone; their threads come after

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Let the board of a channel that is gone stay, without one."""
        self._were_open[channel.id] = hides_from_nobody(channel)  # before anything is awaited
        await self._gone(channel.guild.id, channel.id, was_open=self._were_open[channel.id])

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Let the board of a thread that is gone stay, without one."""
        guild = self._bot.get_guild(payload.guild_id)
        parent = None if guild is None else guild.get_channel(payload.parent_id)
        is_parent_open = self._were_open.get(payload.parent_id, False)
        if parent is not None:
            is_parent_open = hides_from_nobody(parent)
        was_open = is_parent_open and payload.thread_type in _PUBLIC
        await self._gone(payload.guild_id, payload.thread_id, was_open=was_open)

    async def _gone(self, guild_id: int, channel_id: int, *, was_open: bool) -> None:
        by = bot_viewer(self._bot, guild_id)
        await self._boards.forget_channel(channel_id, by=by, was_open=was_open)
        await self._pinned.redraw_all_of(guild_id)  # its pictures may be on any of them

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """Redraw a server's boards where a channel shows itself to others than before."""
        if _viewing(before) != _viewing(after):
            await self._pinned.redraw_all_of(after.guild.id)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Look after the boards of a server that invites the bot again."""
        await self._pinned.redraw_all_of(guild.id)

    @commands.Cog.listener()
    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        """Redraw a server's boards where a role may view other channels than before."""
        if before.permissions != after.permissions:
            await self._pinned.redraw_all_of(after.guild.id)

    @commands.Cog.listener()
    async def on_raw_thread_update(self, payload: discord.RawThreadUpdateEvent) -> None:
        """Bring the board of a thread up to date that was closed while something changed."""
        metadata = payload.data.get("thread_metadata", {})
        board = await self._boards.of_channel(payload.guild_id, payload.thread_id)
        if board is not None and not metadata.get("archived") and not metadata.get("locked"):
            await self._pinned.look_after(board.id)

    @commands.Cog.listener()
    async def on_guild_channel_pins_update(
        self,
        channel: discord.abc.GuildChannel | discord.Thread,
        _last_pin: dt.datetime | None,
    ) -> None:
        """Pin a board's message again if it was unpinned: the pin makes the channel a board."""
        board = await self._boards.of_channel(channel.guild.id, channel.id)
        if board is None:
            return
        try:
            await self._pinned.messages.keep_pinned(board)
        except discord.HTTPException as error:
            logger.warning("The message of board %s cannot be pinned: %s", board.id, error)


def _viewing(channel: discord.abc.GuildChannel) -> tuple[object, bool]:
    """Return what decides who may view a channel."""
    return channel.overwrites, is_age_restricted(channel)
