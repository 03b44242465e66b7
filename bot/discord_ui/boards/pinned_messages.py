"""The pinned message that shows a board in its channel: posted, pinned, edited, and taken down."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Final

import discord

from bot.discord_ui.boards.display import when
from bot.discord_ui.boards.formatting import log_line
from bot.discord_ui.boards.people import bot_viewer, may_pin, seen_by_all, told_to_all
from bot.discord_ui.boards.revision import is_current, shown_revision
from bot.discord_ui.boards.views import BoardView, board_content
from bot.discord_ui.channel_rules import Place
from bot.discord_ui.client import ImageBot
from bot.discord_ui.content import Content
from bot.discord_ui.discord_errors import Refusal, in_one_line, is_gone, refusal_of
from bot.discord_ui.places import places_of
from bot.discord_ui.threads import reopened
from bot.discord_ui.viewers import places_around
from bot.domain.boards import Board, BoardState
from bot.domain.scenes import Scene
from bot.locales import text

logger = logging.getLogger(__name__)

_PRIVATE: Final = frozenset({"granted", "revoked"})  # entries that are no news for everyone
NEWS: Final = 3  # lines of what is new
NEWS_READ: Final = 12  # entries; some are about pictures that not everybody may see
MESSAGES_READ: Final = 30  # when looking for a message that may be there already


class PinnedMessages:
    """The messages of all boards that are channels."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot
        self._boards = bot.service.system.boards
        self._shown: dict[str, tuple[int, int]] = {}  # channel and message of each board

    def note(self, board_id: str, channel_id: int, message_id: int) -> None:
        """Remember where a board's message is, even one that is about to be taken down."""
        self._shown[board_id] = channel_id, message_id

    async def forget(self, message_ids: Collection[int]) -> list[str]:
        """Note that messages are gone; return the boards that they showed."""
        lost = {id_: each for id_, (_, each) in self._shown.items() if each in message_ids}
        for board_id, message_id in lost.items():
            del self._shown[board_id]
            await self._boards.forget_message(message_id)
        return list(lost)

    async def is_stale(self, board_id: str) -> bool:
        """Return whether a board's message is gone or out of date."""
        board = await self._boards.board(board_id)
        if board is None or board.channel_id is None:
            return board_id in self._shown
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

    async def redraw(self, board_id: str) -> None:
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
                await self.redraw(board_id)
            elif refusal is Refusal.PLACE_GONE:
                by = bot_viewer(self._bot, board.guild_id)
                await self._boards.forget_channel(board.channel_id, by=by)
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
        locale = self._locale(guild, board)
        seen = await seen_by_all(places_of(self._bot), guild, board)
        notes = await self._news(guild, seen, locale)
        if left_out := len(board.items) - len(seen.items):
            notes.append(text("board_left_out", locale, count=left_out))
        looking = BoardView(locale=locale, limit_bytes=guild.filesize_limit)
        return await board_content(self._bot.service, seen, looking, notes=notes)

    def _locale(self, guild: discord.Guild, board: Board) -> str:
        place = None if board.channel_id is None else guild.get_channel_or_thread(board.channel_id)
        places = places_around(place, board.channel_id)
        scene = Scene(guild_id=guild.id, user_id=0, places=places)
        return self._bot.service.policy.language(scene) or str(guild.preferred_locale)

    async def _news(self, guild: discord.Guild, seen: Board, locale: str) -> list[str]:
        """Return the latest activities that everyone in the channel may know of."""
        done = await self._boards.newest(seen.id, count=NEWS_READ)
        news = [each for each in done if each.verb not in _PRIVATE]
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
