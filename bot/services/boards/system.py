"""What the bot itself does with boards: their messages, their channels, what is swept."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.boards import Access, Board, BoardState, LogEntry, StarRule
from bot.domain.viewers import Viewer
from bot.services.boards.cleanup import Cleanup
from bot.services.boards.updates import OnChange


class BoardSystem(Cleanup):
    """Boards without a viewer: nothing of it is an answer to somebody.

    What it returns is shown only as far as everyone may see it who may view the place where it is
    shown; see `bot.discord_ui.boards.people`.
    """

    def on_change(self, callback: OnChange) -> Callable[[], None]:
        """Have something called with a board's id after every change of it that was kept.

        It is awaited before the change's own answer, so it should only make a note.

        Returns:
            What ends that.

        """
        self._context.callbacks.append(callback)
        return lambda: self._context.callbacks.remove(callback)

    async def board(self, board_id: str) -> Board | None:
        """Return a board with all its pictures, unless it is deleted."""
        board = await self._table.find(board_id)
        return None if board is None or board.state is BoardState.DELETED else board

    async def of_channel(self, guild_id: int, channel_id: int) -> Board | None:
        """Return the open board that a channel is, without its pictures."""
        board = await self._table.of_channel(channel_id)
        return None if board is None or board.guild_id != guild_id else board

    async def of_message(self, message_id: int) -> Board | None:
        """Return the board that a message shows, without its pictures."""
        return await self._table.of_message(message_id)

    async def channel_boards(self, guild_id: int | None = None) -> list[str]:
        """Return the ids of the boards whose message is kept current, of a guild or of all."""
        return await self._table.with_channel(guild_id)

    async def left_messages(self) -> list[tuple[str, int, int]]:
        """Return board, channel and message where one still shows a board that is deleted."""
        return await self._table.left_messages()

    async def newest(self, board_id: str, *, count: int) -> list[LogEntry]:
        """Return what was last done to a board."""
        return await self._table.log(board_id, offset=0, limit=count)

    async def stars(self, guild_id: int) -> StarRule | None:
        """Return what stars do in a guild; None where they do nothing."""
        return await self._table.stars(guild_id)

    # What Discord tells; nothing of it is a change of the board

    async def set_message(self, board_id: str, channel_id: int, message_id: int) -> bool:
        """Record which message shows a board; tell whether that channel still is the board."""
        async with self._table.change() as change:
            return await change.set_message(board_id, channel_id, message_id)

    async def forget_message(self, message_id: int) -> str | None:
        """Forget a message that is gone; return the id of the board that it showed."""
        async with self._table.change() as change:
            found = await change.forget_message(message_id)
        return found[0] if found else None

    async def forget_channel(
        self, channel_id: int, *, by: Viewer, was_open: bool = False
    ) -> list[str]:
        """Forget a channel that is gone; its boards stay, without one.

        Nobody can tell any more who could view it. So unless it hid from nobody, its boards are
        from now on for who owns them, is named on them, or moderates, and its pictures on any
        board for who made or added them and for who owns that board.

        Args:
            channel_id: Of a channel, a thread or a forum post.
            by: The bot itself, which the log names.
            was_open: Whether it is known that every member could view it.

        Returns:
            The ids of the boards that it was.

        """
        everyone = None if was_open else int(Access.NONE)
        async with self._table.change() as change:
            if was_open:
                await change.release(channel_id)
            gone = await change.forget_channel(channel_id, everyone=everyone)
            for board_id in gone:
                detail = "" if was_open else "closed"
                await change.note(
                    board_id, by, "channel_gone", at=self._context.now(), detail=detail
                )
        for board_id in gone:
            await self._context.tell(board_id)
        return gone
