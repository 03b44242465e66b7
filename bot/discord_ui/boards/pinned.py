"""Redrawing the messages of boards: after changes, at a start, and when one was deleted.

A change only makes a note; each board's own task then redraws, at once and at most once an interval
however many changes come. What a stopped bot leaves undone is found at the next start: a button of
the message carries the revision that it shows, and which pictures.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

import discord
from discord.ext import commands

from bot.discord_ui.boards.pinned_messages import PinnedMessages
from bot.discord_ui.client import ImageBot
from bot.discord_ui.discord_errors import Refusal, in_one_line, refusal_of

logger = logging.getLogger(__name__)

AT_ONCE: Final = 8  # boards that are looked after at the same time
LOOKED_AFTER_WITHIN_S: Final = 60.0  # one that hangs longer is looked after at the next start
AGAIN_S: Final = (1.0, 5.0, 20.0, 60.0)  # between tries that fail; the last repeats


class PinnedBoards(commands.Cog):
    """Keeps the messages of all boards that are channels."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot
        self._boards = bot.service.system.boards
        self._wanted: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._drawn: dict[str, float] = {}  # when each was last redrawn, on the monotonic clock
        self._looking: asyncio.Task[None] | None = None
        self.messages = PinnedMessages(bot)
        self._end = self._boards.on_change(self.redraw_soon)

    async def cog_unload(self) -> None:
        """Stop; the next start finds what is left to do."""
        self._end()
        tasks = [*self._tasks.values(), *([self._looking] if self._looking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def redraw_soon(self, board_id: str) -> None:
        """Note that a board's message is out of date."""
        self._wanted.add(board_id)
        if board_id not in self._tasks and self._bot.is_ready():
            task = asyncio.create_task(self._keep_current(board_id), name=f"board {board_id}")
            self._tasks[board_id] = task

    async def _keep_current(self, board_id: str) -> None:
        """Redraw a board until nothing is left to redraw."""
        try:
            await self._redraw_wanted(board_id)
        finally:  # in the same step as the last look: no wish falls between
            del self._tasks[board_id]

    async def _redraw_wanted(self, board_id: str) -> None:
        failures = 0
        while board_id in self._wanted:
            await asyncio.sleep(self._wait_s(board_id))
            self._wanted.discard(board_id)
            self._drawn[board_id] = time.monotonic()
            if await self._may_be_redrawn_later(board_id):
                self._wanted.add(board_id)
                await asyncio.sleep(AGAIN_S[min(failures, len(AGAIN_S) - 1)])
                failures += 1

    async def _may_be_redrawn_later(self, board_id: str) -> bool:
        """Redraw a board; return whether that failed and may work later."""
        try:
            await self.messages.redraw(board_id)
        except Exception as error:
            refusal = refusal_of(error)
            if refusal is None:
                logger.exception("The message of board %s cannot be drawn", board_id)
            else:
                said = in_one_line(error)
                logger.warning("The message of board %s cannot be kept: %s", board_id, said)
            return refusal is Refusal.PASSING
        return False

    def _wait_s(self, board_id: str) -> float:
        """Return how long a board's message must still stay as it is."""
        drawn, interval = self._drawn.get(board_id), self._bot.redraw_interval_s
        if drawn is None:
            return 0.0
        left = drawn + interval - time.monotonic()
        return min(max(left, 0.0), interval)  # never longer, whatever becomes of the clock

    # What Discord tells

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Look after all boards, at a start and after every longer interruption."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_after_all(), name="boards")

    async def _look_after_all(self) -> None:
        for board_id, channel_id, message_id in await self._boards.left_messages():
            self.messages.note(board_id, channel_id, message_id)
            self._wanted.add(board_id)
        slots = asyncio.Semaphore(AT_ONCE)

        async def look_after(board_id: str) -> None:
            async with slots:  # a channel that hangs does not hold the others up
                await self.look_after(board_id)

        boards = {*await self._boards.channel_boards(), *self._wanted}
        await asyncio.gather(*map(look_after, boards))

    async def look_after(self, board_id: str) -> None:
        """Redraw a board whose message is gone or out of date."""
        try:
            async with asyncio.timeout(LOOKED_AFTER_WITHIN_S):
                is_stale = await self.messages.is_stale(board_id)
            if is_stale:
                await self.redraw_soon(board_id)
        except Exception as error:
            if refusal_of(error) is None:
                logger.exception("Board %s cannot be looked after", board_id)
            else:
                said = in_one_line(error)
                logger.warning("The message of board %s cannot be read: %s", board_id, said)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Post a board's message again."""
        await self._gone({payload.message_id})

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Post boards' messages again."""
        await self._gone(payload.message_ids)

    async def _gone(self, message_ids: set[int]) -> None:
        for board_id in await self.messages.forget(message_ids):
            await self.redraw_soon(board_id)

    async def redraw_all_of(self, guild_id: int) -> None:
        """Redraw all boards of a server that are channels."""
        for board_id in await self._boards.channel_boards(guild_id):
            await self.redraw_soon(board_id)
