"""What can be asked of boards without changing them; no answer holds what may not be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.domain.boards import (
    Access,
    Board,
    BoardPlace,
    BoardState,
    BoardSummary,
    Item,
    ItemLabel,
    LogEntry,
    LogPage,
    Neighbours,
    SheetOrder,
    access_of,
    is_theirs,
    sees_item,
)
from bot.domain.jobs import typed_id
from bot.domain.styles import Style
from bot.domain.viewers import Viewer
from bot.services.boards.refusals import allowed, changeable, guild_of, no_picture
from bot.services.boards.updates import UNDO_FOR, BoardChanges
from bot.services.boards.visibility import seen_board, without_colours

LOG_PAGE: Final = 15  # entries


class Overview(BoardChanges):
    """Questions; whoever may not see a board or a picture is told that it is not there."""

    # Boards

    async def boards(
        self, *, viewer: Viewer, with_archived: bool = False, with_deleted: bool = False
    ) -> list[BoardSummary]:
        """Return the boards of the viewer's guild that they may see, by name.

        Args:
            viewer: Who asks.
            with_archived: Also those that are archived.
            with_deleted: Also those that the viewer can still bring back.

        """
        wanted = {BoardState.OPEN} | ({BoardState.ARCHIVED} if with_archived else set())
        found = []
        for summary, board in await self._table.summaries(guild_of(viewer), with_counts=False):
            access = access_of(board, viewer)
            is_wanted = summary.state in wanted and access >= Access.LOOK
            if is_wanted or (with_deleted and access is Access.OWN and self._can_restore(board)):
                found.append(replace(summary, access=access))
        owned = [each.id for each in found if each.access is Access.OWN]
        counts = await self._table.counts(viewer, owned=owned)
        return [_counted(each, *counts.get(each.id, (0, 0))) for each in found]

    async def find(self, name_or_id: str, *, viewer: Viewer) -> Board:
        """Return a board by its id or by its name, with the pictures that the viewer may see.

        Raises:
            NoBoardError: There is none that they may see.

        """
        head = await self.head(name_or_id, viewer=viewer)
        board = allowed(await self._table.find(head.id), viewer, Access.LOOK, typed=name_or_id)
        return await asyncio.to_thread(seen_board, board, viewer)

    async def head(
        self,
        name_or_id: str,
        *,
        viewer: Viewer,
        needs: Access = Access.LOOK,
        is_archive_fine: bool = True,
    ) -> Board:
        """Return a board on which the viewer may do so much, without pictures and colours.

        Raises:
            BotError: There is none, they may not do so much, or it is archived.

        """
        board = await self._table.head(typed_id(name_or_id))
        if board is None or board.guild_id != viewer.guild_id:
            board = await self._table.named(guild_of(viewer), name_or_id)
        check = allowed if is_archive_fine else changeable
        return without_colours(check(board, viewer, needs, typed=name_or_id))

    async def of_channel(self, *channel_ids: int | None, viewer: Viewer) -> str | None:
        """Return the id of the open board that the first such channel is, if it may be seen."""
        for channel_id in channel_ids:
            board = None if channel_id is None else await self._table.of_channel(channel_id)
            if board is not None and access_of(board, viewer) >= Access.LOOK:
                return board.id
        return None

    async def defaults(self, channel_id: int, *, viewer: Viewer) -> Style:
        """Return what the board of a channel gives to prompts there; nothing where none is."""
        board = await self._table.of_channel(channel_id)
        if board is None or board.guild_id != viewer.guild_id or channel_id not in viewer.channels:
            return Style()
        return board.defaults

    async def num_items(self, board_id: str, *, viewer: Viewer) -> int:
        """Return how many pictures hang on a board, hidden ones too, to who may delete them all.

        Raises:
            BotError: They may not.

        """
        head = await self.head(board_id, viewer=viewer, needs=Access.OWN)
        return await self._table.num_items(head.id)

    async def space(self, *, viewer: Viewer) -> int:
        """Return how many bytes the pictures of the viewer's guild take."""
        return await self._table.space(guild_of(viewer))

    # Pictures

    async def picture(self, name_or_id: str, number: int, *, viewer: Viewer) -> tuple[Board, Item]:
        """Return a board, without its other pictures, and one that hangs on it.

        Raises:
            BotError: There is none that the viewer may see.

        """
        head = await self.head(name_or_id, viewer=viewer)
        item = await self._table.item(head.id, number)
        if item is None or not sees_item(item, access_of(head, viewer), viewer):
            raise no_picture(head, number)
        return head, item

    async def signed_recipe(self, board_id: str, number: int, *, viewer: Viewer) -> str | None:
        """Return the recipe of a picture that this bot drew, with the signature that proves it."""
        _, item = await self.picture(board_id, number, viewer=viewer)
        return None if item.recipe_text is None else self._store.signed(item.recipe_text)

    async def describable(self, board_id: str, number: int, *, viewer: Viewer) -> Item:
        """Return a picture whose words the viewer may change now; see `describe`.

        Raises:
            BotError: There is none, or they may not.

        """
        board, item = await self.picture(board_id, number, viewer=viewer)
        needs = Access.ADD if item.added_by == viewer.user_id else Access.CURATE
        changeable(board, viewer, needs, typed=board_id)
        return item

    async def neighbours(
        self, board_id: str, number: int, order: SheetOrder | None = None, *, viewer: Viewer
    ) -> Neighbours:
        """Return which pictures stand before and after one, of those that may be seen."""
        head = await self.head(board_id, viewer=viewer)
        access, order = access_of(head, viewer), order or head.order
        return await self._table.neighbours(head.id, number, order, viewer, access)

    async def labels(
        self,
        name_or_id: str,
        *,
        viewer: Viewer,
        order: SheetOrder | None = None,
        limit: int | None = None,
    ) -> list[ItemLabel]:
        """Return what pictures of a board are found by, as its sheet or `order` sorts them."""
        head = await self.head(name_or_id, viewer=viewer)
        return await self._table.labels(
            head.id,
            order or head.order,
            viewer,
            access_of(head, viewer),
            limit=-1 if limit is None else limit,
        )

    async def taken_off(self, board_id: str, *, viewer: Viewer) -> list[Item]:
        """Return the pictures that the viewer can bring back to a board."""
        board = await self.head(board_id, viewer=viewer)
        access = access_of(board, viewer)
        found = await self._table.taken_off(board.id, since=self._context.now() - UNDO_FOR)
        return [
            each
            for each in found
            if sees_item(each, access, viewer)
            and (access >= Access.CURATE or is_theirs(each, viewer))
        ]

    async def hangings(self, generation_id: str, *, viewer: Viewer) -> list[BoardPlace]:
        """Return where an image hangs, as far as the viewer may see it there."""
        found = await self._table.of_generation(guild_of(viewer), typed_id(generation_id))
        return await self._seen_places(found, viewer)

    async def _seen_places(self, items: Sequence[Item], viewer: Viewer) -> list[BoardPlace]:
        """Return where pictures hang, or hung until now, by the names of the boards."""
        places = []
        for item in items:
            head = await self._table.head(item.board_id)
            if head is not None and sees_item(item, access_of(head, viewer), viewer):
                places.append(
                    BoardPlace(board_id=head.id, board_name=head.name, number=item.number)
                )
        return sorted(places, key=lambda each: each.board_name.casefold())

    # What was done

    async def log(
        self, board_id: str, page: int = 0, *, viewer: Viewer, page_size: int = LOG_PAGE
    ) -> LogPage:
        """Return what was done to a board, the newest first; of hidden pictures, nothing."""
        head = await self.head(board_id, viewer=viewer)
        access, offset = access_of(head, viewer), page * page_size
        found = await self._table.seen_log(
            head.id, viewer, access, offset=offset, limit=page_size + 1
        )
        moved = {int(each.detail) for each in found if _is_move(each)}
        traces = await self._table.traces(head.id, moved)
        hidden = {each.number for each in traces if not sees_item(each, access, viewer)}
        told = [
            replace(each, detail="") if _is_move(each) and int(each.detail) in hidden else each
            for each in found
        ]
        return LogPage(activities=tuple(told[:page_size]), has_older=len(told) > page_size)


def _is_move(entry: LogEntry) -> bool:
    """Tell whether an entry names another picture, before which one was put."""
    return entry.verb == "moved" and bool(entry.detail)


def _counted(summary: BoardSummary, num_items: int, num_approved: int) -> BoardSummary:
    return replace(summary, num_items=num_items, num_approved=num_approved)
