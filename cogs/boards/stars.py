"""⭐ reactions that hang a picture on a board, in servers that enable them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Final, TypeVar

import discord
from discord.ext import commands

from bot.discord_ui.boards.people import actor_of_member, may_view_board
from bot.discord_ui.boards.pictures import Pictures
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import generation_ids
from bot.discord_ui.discord_errors import Refusal, in_one_line, refusal_of
from bot.discord_ui.places import places_of
from bot.discord_ui.viewers import viewer_in
from bot.domain.boards import Actor, access_of
from bot.domain.viewers import Viewer
from bot.errors import BotError

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")
STAR: Final = "⭐"
DONE: Final = "📌"  # put under what hangs there now


class Stars(commands.Cog):
    """Listens for stars."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Hang the pictures of a starred message on the board of its channel, or the server's."""
        member = payload.member
        if payload.guild_id is None or member is None or member.bot or payload.emoji.name != STAR:
            return
        board_id = await self._board_id(payload.guild_id, payload.channel_id, member)
        if board_id is None:
            return
        channel = self._bot.get_partial_messageable(payload.channel_id, guild_id=payload.guild_id)
        message = await self._patiently(lambda: channel.fetch_message(payload.message_id))
        if message is None:
            return
        viewer = await self._viewer(member, payload.channel_id)
        if await self._hang(message, actor_of_member(member), board_id, viewer):
            await self._patiently(lambda: message.add_reaction(DONE))

    async def _patiently(self, ask: Callable[[], Awaitable[_Result]]) -> _Result | None:
        """Ask Discord until it answers; None where it refuses, or for too long."""
        for pause_s in (*self._bot.answer_times.elsewhere_s, None):
            try:
                return await ask()
            except Exception as error:
                refusal = refusal_of(error)
                if refusal is None:
                    raise
                if refusal is not Refusal.PASSING or pause_s is None:
                    logger.info("A star comes to nothing: %s", in_one_line(error))
                    return None
                await asyncio.sleep(pause_s)
        return None

    async def _board_id(self, guild_id: int, channel_id: int, member: discord.Member) -> str | None:
        """Return the board that a star in a channel means; None where stars do nothing."""
        boards = self._bot.service.boards
        stars = await boards.stars(guild_id)
        if stars is None:
            return None
        thread = member.guild.get_thread(channel_id)
        for place_id in (channel_id, thread.parent_id if thread else channel_id):
            here = await boards.of_channel(guild_id, place_id)
            if here is not None:
                return here.id
        board = None if stars.board_id is None else await boards.board(stars.board_id)
        if board is None:
            return None
        access = access_of(board, actor_of_member(member))
        also = [] if board.channel_id is None else [board.channel_id]
        viewer = await self._viewer(member, channel_id, also=also)
        return board.id if may_view_board(viewer, board.channel_id, access) else None

    async def _viewer(
        self, member: discord.Member, channel_id: int, also: Collection[int] = ()
    ) -> Viewer:
        """Return the viewer who starred a message in this channel."""
        here = await places_of(self._bot).find(member.guild, channel_id)
        return await viewer_in(self._bot, member, channel_id, here=here, also=also)

    async def _hang(
        self, message: discord.Message, actor: Actor, board_id: str, viewer: Viewer
    ) -> bool:
        """Hang all pictures of a message up; return whether at least one is there now."""
        pictures = await self._pictures(message, viewer)
        is_done = False
        for index in range(len(pictures)):
            try:
                await pictures.hang(self._bot, actor, board_id, index, {}, viewer)
            except (BotError, discord.HTTPException) as error:
                logger.info("A starred picture was not hung up: %s", error)
            else:
                is_done = True
        return is_done

    async def _pictures(self, message: discord.Message, viewer: Viewer) -> Pictures:
        is_ours = self._bot.user is not None and message.author.id == self._bot.user.id
        if not is_ours:
            return Pictures.of_message(message)
        found = [
            await self._bot.service.generation(each, viewer=viewer)
            for each in generation_ids(message)
        ]
        return Pictures(generations=[each for each in found if each is not None])
