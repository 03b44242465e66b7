"""Stars: whether one under a picture hangs it on a board, and on which."""

from __future__ import annotations

from bot.domain.boards import Access, BoardState, StarRule, access_of
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.services.boards.overview import Overview
from bot.services.boards.refusals import allowed, guild_of


class Starboard(Overview):
    """Stars."""

    async def star_board(self, *channel_ids: int | None, viewer: Viewer) -> str | None:
        """Return the board that a star means: that of the first channel that is one, or the rule's.

        None where stars do nothing, or hang on a board that the viewer may not see.
        """
        stars = await self._table.stars(guild_of(viewer))
        if stars is None:
            return None
        if (here := await self.of_channel(*channel_ids, viewer=viewer)) is not None:
            return here
        board = None if stars.board_id is None else await self._table.head(stars.board_id)
        if board is None or board.state is BoardState.DELETED:
            return None
        return board.id if access_of(board, viewer) >= Access.LOOK else None

    async def set_stars(self, stars: StarRule | None, *, viewer: Viewer) -> None:
        """Let stars hang up pictures in the viewer's guild, or do nothing any more.

        Raises:
            BotError: The viewer is no moderator, or there is no such board.

        """
        if not viewer.may_set_stars:
            raise BotError("Only moderators can say what a star does in this server.")
        async with self._table.change() as change:
            if stars is not None and stars.board_id is not None:
                board = await change.head(stars.board_id)
                allowed(board, viewer, Access.LOOK, typed=stars.board_id)
            await change.set_stars(guild_of(viewer), stars)
