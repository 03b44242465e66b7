"""⭐ reactions that hang a picture on a board, in servers that enable them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, TypeVar

import discord
from discord.ext import commands

from bot.discord_ui.boards.pictures import Pictures
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import generation_ids
from bot.discord_ui.discord_errors import Refusal, in_one_line, refusal_of
from bot.discord_ui.places import places_of
from bot.discord_ui.viewers import scene_in, viewer_in
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
        if await self._bot.service.system.boards.stars(payload.guild_id) is None:
            return
        viewer = await self._viewer(member, payload.channel_id)
        if not self._may_use(viewer):
            return
        thread = member.guild.get_thread(payload.channel_id)
        board_id = await self._bot.service.boards.star_board(
            payload.channel_id, thread.parent_id if thread else None, viewer=viewer
        )
        if board_id is None:
            return
        channel = self._bot.get_partial_messageable(payload.channel_id, guild_id=payload.guild_id)
        message = await self._patiently(lambda: channel.fetch_message(payload.message_id))
        if message is None:
            return
        if await self._hang(message, board_id, viewer):
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

    async def _viewer(self, member: discord.Member, channel_id: int) -> Viewer:
        """Return what somebody who stars a message may see from there."""
        here = await places_of(self._bot).find(member.guild, channel_id)
        viewer = await viewer_in(self._bot, member, channel_id, here=here)
        if here is None:
            return viewer
        scene = await scene_in(self._bot, member, here)
        return replace(viewer, places=scene.places, kind=scene.kind)

    def _may_use(self, viewer: Viewer) -> bool:
        """Tell whether the rules let somebody use boards; nobody is told of a star in vain."""
        try:
            self._bot.service.policy.check_use("board", viewer.scene)
        except BotError as error:
            logger.info("A star is not heeded: %s", error.message)
            return False
        return True

    async def _hang(self, message: discord.Message, board_id: str, viewer: Viewer) -> bool:
        """Hang all pictures of a message up; return whether one hangs there now."""
        pictures = await self._pictures(message, viewer)
        is_done = False
        for index in range(len(pictures)):
            try:
                await pictures.hang(self._bot, board_id, index, {}, viewer)
            except (BotError, discord.HTTPException) as error:
                logger.info("A starred picture was not hung up: %s", error)
            else:
                is_done = True
        return is_done

    async def _pictures(self, message: discord.Message, viewer: Viewer) -> Pictures:
        is_ours = self._bot.user is not None and message.author.id == self._bot.user.id
        if not is_ours:
            return Pictures.of_message(message)
        ids = generation_ids(message)
        return Pictures(generations=await self._bot.service.images.find_all(ids, viewer=viewer))
