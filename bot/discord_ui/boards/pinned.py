"""The message that is a board's face in its channel: posted, pinned, kept current, posted again.

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

from bot.discord_ui.boards.display import when
from bot.discord_ui.boards.formatting import log_line
from bot.discord_ui.boards.people import bot_actor, may_pin, seen_by_all, told_to_all
from bot.discord_ui.boards.revision import is_current, shown_revision
from bot.discord_ui.boards.views import BoardView, board_content
from bot.discord_ui.channel_rules import Place
from bot.discord_ui.client import ImageBot
from bot.discord_ui.content import Content
from bot.discord_ui.discord_errors import Refusal, in_one_line, is_gone, refusal_of
from bot.discord_ui.places import places_of
from bot.discord_ui.threads import reopened
from bot.domain.boards import Board, BoardState
from bot.locales import text

logger = logging.getLogger(__name__)

_PRIVATE: Final = frozenset({"granted", "revoked"})  # entries that are no news for everyone
NEWS: Final = 3  # lines of what is new
NEWS_READ: Final = 12  # entries; some are about pictures that not everybody may see
MESSAGES_READ: Final = 30  # when looking for a message that may be there already
AT_ONCE: Final = 8  # boards that are looked after at the same time
LOOKED_AFTER_WITHIN_S: Final = 60.0  # one that hangs longer is looked after at the next start
AGAIN_S: Final = (1.0, 5.0, 20.0, 60.0)  # between tries that fail; the last repeats


class PinnedBoards(commands.Cog):
    """Keeps the messages of all boards that are channels."""

    def __init__(self, bot: ImageBot) -> None:
        """Remember the bot; nothing is drawn before it is ready."""
        self._bot = bot
        self._boards = bot.service.boards
        self._wanted: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._shown: dict[str, tuple[int, int]] = {}  # channel and message of each board
        self._drawn: dict[str, float] = {}  # when each was last redrawn, on the monotonic clock
        self._looking: asyncio.Task[None] | None = None
        self._end = self._boards.on_change(self.redraw_soon)

    async def cog_unload(self) -> None:
        """Stop; what is undone is found at the next start."""
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
            await self._redraw(board_id)
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
            self._shown[board_id] = channel_id, message_id
            self._wanted.add(board_id)
        slots = asyncio.Semaphore(AT_ONCE)

        async def look_after(board_id: str) -> None:
            async with slots:  # a channel that hangs does not hold the others up
                await self.look_after(board_id)

        boards = {*await self._boards.channel_boards(), *self._wanted}
        await asyncio.gather(*map(look_after, boards))

    async def look_after(self, board_id: str) -> None:
        """Redraw a board whose message is gone, or shows what is not so any more."""
        try:
            async with asyncio.timeout(LOOKED_AFTER_WITHIN_S):
                is_stale = await self._is_stale(board_id)
            if is_stale:
                await self.redraw_soon(board_id)
        except Exception as error:
            if refusal_of(error) is None:
                logger.exception("Board %s cannot be looked after", board_id)
            else:
                said = in_one_line(error)
                logger.warning("The message of board %s cannot be read: %s", board_id, said)

    async def _is_stale(self, board_id: str) -> bool:
        """Return whether a board's message is gone, or shows what is not so any more."""
        board = await self._boards.board(board_id)
        if board is None or board.channel_id is None:
            return board_id in self._wanted
        if board.message_id is None:
            return True
        self._shown[board.id] = board.channel_id, board.message_id
        channel = self._bot.get_partial_messageable(board.channel_id, guild_id=board.guild_id)
        try:
            message = await channel.fetch_message(board.message_id)
        except discord.HTTPException as error:
            if not is_gone(error):
                raise
            return True
        guild = self._bot.get_guild(board.guild_id)
        if guild is None or not message.pinned:
            return True
        # What channels hide may have changed while the bot was away.
        return not is_current(message, await seen_by_all(places_of(self._bot), guild, board))

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Post a board's message again."""
        await self._gone({payload.message_id})

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Post boards' messages again."""
        await self._gone(payload.message_ids)

    async def _gone(self, message_ids: set[int]) -> None:
        lost = [id_ for id_, (_, message) in self._shown.items() if message in message_ids]
        for board_id in lost:
            _, message_id = self._shown.pop(board_id)
            await self._boards.forget_message(message_id)
            await self.redraw_soon(board_id)

    async def redraw_all_of(self, guild_id: int) -> None:
        """Redraw all boards of a server that are channels."""
        for board_id in await self._boards.channel_boards(guild_id):
            await self.redraw_soon(board_id)

    # Drawing

    async def _redraw(self, board_id: str) -> None:
        """Bring a board's message up to date, wherever the board is now."""
        board = await self._boards.board(board_id)
        await self._take_down_old(board_id, board)
        if board is None or board.channel_id is None:
            return
        guild = self._bot.get_guild(board.guild_id)
        if guild is None:
            return
        content = await self._content(guild, board)
        try:
            if not await self._edit(board, content) and board.state is BoardState.OPEN:
                await self._post(board, content)
        except discord.HTTPException as error:
            refusal = refusal_of(error)
            if refusal is Refusal.NOT_EDITABLE and await reopened(self._bot, board.channel_id):
                self._wanted.add(board_id)
            elif refusal is Refusal.PLACE_GONE:
                actor = bot_actor(self._bot, board.guild_id)
                await self._boards.forget_channel(actor, board.channel_id)
            else:
                raise

    async def _take_down_old(self, board_id: str, board: Board | None) -> None:
        """Delete the message of a board that is deleted, or is another channel now.

        It is forgotten only then: what fails is tried again, also by the next start.
        """
        old = self._shown.get(board_id)
        if old is None or (board is not None and board.channel_id == old[0]):
            return
        channel = self._bot.get_partial_messageable(old[0])
        try:
            await channel.get_partial_message(old[1]).delete()
        except discord.HTTPException as error:
            if refusal_of(error) is Refusal.PASSING:
                raise
            logger.info("An old message of board %s is left: %s", board_id, in_one_line(error))
        self._shown.pop(board_id, None)
        await self._boards.forget_message(old[1])

    async def _content(self, guild: discord.Guild, board: Board) -> Content:
        locale = str(guild.preferred_locale)
        seen = await seen_by_all(places_of(self._bot), guild, board)
        notes = await self._news(guild, seen, locale)
        if left_out := len(board.items) - len(seen.items):
            notes.append(text("board_left_out", locale, count=left_out))
        looking = BoardView(locale=locale, limit_bytes=guild.filesize_limit)
        return await board_content(self._bot.service, seen, looking, notes=notes)

    async def _news(self, guild: discord.Guild, seen: Board, locale: str) -> list[str]:
        """Return what was done last, as far as everyone here may know."""
        actor = bot_actor(self._bot, guild.id)
        page = await self._boards.log(actor, seen.id, page_size=NEWS_READ)
        news = [each for each in page.activities if each.verb not in _PRIVATE]
        told = await told_to_all(places_of(self._bot), guild, seen, news)
        lines = [f"{when(each)} {log_line(each, locale)}" for each in told]
        return lines[:NEWS]

    async def _edit(self, board: Board, content: Content) -> bool:
        """Edit a board's message; return False where there is none."""
        if board.message_id is None:
            return False
        assert board.channel_id is not None
        channel = self._bot.get_partial_messageable(board.channel_id)
        try:
            partial = channel.get_partial_message(board.message_id)
            message = await partial.edit(**content.arguments())
        except discord.HTTPException as error:
            if refusal_of(error) is not Refusal.MESSAGE_GONE:
                raise
            self._shown.pop(board.id, None)
            await self._boards.forget_message(board.message_id)
            return False
        self._shown[board.id] = board.channel_id, board.message_id
        await self._pin(board, message)
        return True

    async def _post(self, board: Board, content: Content) -> None:
        """Post a board's message, unless it is there and was not recorded, and pin it."""
        assert board.channel_id is not None
        channel = self._bot.get_partial_messageable(board.channel_id, guild_id=board.guild_id)
        message = await self._look_for(channel, board)
        if message is None:
            nonce = f"zib-{board.id}-{board.revision}"
            message = await channel.send(nonce=nonce, silent=True, **content.arguments_of_new())
        else:
            await message.edit(**content.arguments())
        if not await self._boards.set_message(board.id, board.channel_id, message.id):
            await message.delete()  # the board is another channel by now, or none
            return
        self._shown[board.id] = board.channel_id, message.id
        await self._pin(board, message)

    async def keep_pinned(self, board: Board) -> None:
        """Pin a board's message that is there and is not pinned."""
        if board.channel_id is not None and board.message_id is not None:
            channel = self._bot.get_partial_messageable(board.channel_id, guild_id=board.guild_id)
            try:
                message = await channel.fetch_message(board.message_id)
            except discord.HTTPException as error:
                if not is_gone(error):
                    raise
            else:
                await self._pin(board, message)

    async def _pin(self, board: Board, message: discord.Message) -> None:
        """Pin a message where it is not, as far as the bot may."""
        assert board.channel_id is not None
        guild = self._bot.get_guild(board.guild_id)
        place = None if guild is None else await self._place(guild, board.channel_id)
        if message.pinned or place is None or not may_pin(place):
            return
        try:
            await message.pin()
        except discord.HTTPException as error:
            said = in_one_line(error)
            logger.warning("The message of board %s cannot be pinned: %s", board.id, said)

    async def _place(self, guild: discord.Guild, channel_id: int) -> Place | None:
        return await places_of(self._bot).find(guild, channel_id)

    async def _look_for(
        self, channel: discord.PartialMessageable, board: Board
    ) -> discord.Message | None:
        async for message in channel.history(limit=MESSAGES_READ):
            if shown_revision(message, board.id) is not None:
                return message
        return None
