"""Stars: whether one under a picture hangs it on a board, and on which."""

from __future__ import annotations

from bot.domain.boards import Access, Actor, StarRule
from bot.errors import BotError
from bot.services.boards.changes import BoardChanges, allowed


class Starboard(BoardChanges):
    """Stars."""

    async def stars(self, guild_id: int) -> StarRule | None:
        """Return what stars do in a guild; None where they do nothing."""
        return await self._table.stars(guild_id)

    async def set_stars(self, actor: Actor, stars: StarRule | None) -> None:
        """Let stars hang up pictures in the actor's guild, or do nothing any more.

        Raises:
            BotError: The actor is no moderator, or there is no such board.

        """
        if not actor.is_moderator:
            raise BotError("Only moderators can say what a star does in this server.")
        async with self._table.change() as change:
            if stars is not None and stars.board_id is not None:
                board = await change.head(stars.board_id)
                allowed(board, actor, Access.LOOK, typed=stars.board_id)
            await change.set_stars(actor.guild_id, stars)
