"""The one way in which a board is changed: allowed, in one transaction, noted, and told."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from bot.domain.boards import Access, Board, Item, access_of, is_theirs, rules, sees_item
from bot.domain.jobs import now
from bot.domain.requests import ModelRules
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.media.palettes import merged
from bot.media.thumbnails import PictureCache
from bot.services.boards.refusals import allowed, changeable, no_picture, refusal
from bot.services.boards.visibility import without_colours
from bot.services.policy import Policy
from bot.storage import Store
from bot.storage.boards import BoardChange, BoardTable

logger = logging.getLogger(__name__)

UNDO_FOR: Final = dt.timedelta(days=1)  # what was deleted or taken off can be brought back
_LOOKED_AT_ONCE: Final = 2  # a picture of 4096 x 4096 is 50 MB of memory

OnChange = Callable[[str], Awaitable[None]]


@dataclass(kw_only=True, eq=False)
class BoardContext:
    """What everything about boards shares, whoever asks for it.

    Attributes:
        model_rules: What can be asked of the model.
        space_bytes: What the pictures of a guild may take.
        now: Tells the time; tests may set it.
        callbacks: Called with a board's id after every change of it that was kept.
        looking: Held while a picture that is handed in is opened.
        files: Held between a copy's file and its row, and by the sweep.
        pictures: The small copies that sheets are made of.
        policy: What people may write.

    """

    store: Store
    model_rules: ModelRules
    space_bytes: int = rules.SPACE_BYTES
    now: Callable[[], dt.datetime] = now
    callbacks: list[OnChange] = field(default_factory=list)
    looking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LOOKED_AT_ONCE))
    files: asyncio.Lock = field(default_factory=asyncio.Lock)
    pictures: PictureCache
    policy: Policy

    async def tell(self, board_id: str) -> None:
        """Call everybody who wants to know of a change."""
        for callback in self.callbacks:
            try:
                await callback(board_id)
            except Exception:
                logger.exception("A change of board %s could not be told", board_id)


@dataclass(kw_only=True)
class BoardUpdate:
    """A change of a board that is under way.

    Attributes:
        board: As it was before, without its pictures.
        is_noted: Whether anything was changed.

    """

    change: BoardChange
    viewer: Viewer
    board: Board
    at: dt.datetime
    is_noted: bool = False

    def check(self, needs: Access) -> None:
        """Refuse what the viewer may not do.

        Raises:
            BotError: They may not.

        """
        if access_of(self.board, self.viewer) < needs:
            raise BotError(refusal(self.board, needs))

    def check_theirs(self, item: Item) -> None:
        """Refuse to change somebody else's picture, unless they may curate.

        Raises:
            BotError: They may not.

        """
        if not is_theirs(item, self.viewer):
            self.check(Access.CURATE)

    def sees(self, item: Item) -> bool:
        """Tell whether the viewer may see a picture of the board."""
        return sees_item(item, access_of(self.board, self.viewer), self.viewer)

    async def note(self, verb: str, *, item: Item | None = None, detail: str = "") -> None:
        """Write what was done into the board's log."""
        self.is_noted = True
        await self.change.note(
            self.board.id, self.viewer, verb, at=self.at, item=item, detail=detail
        )

    async def item(self, number: int) -> Item:
        """Return a picture that hangs on the board and may be seen.

        Raises:
            InvalidRequestError: There is none with this number.

        """
        found = await self.change.item(self.board.id, number)
        if found is None or not self.sees(found):
            raise no_picture(self.board, number)
        return found

    async def recolour(self) -> None:
        """Find the whole board's colours anew, after other pictures count."""
        palettes = await self.change.palettes(self.board.id)
        await self.change.set_palette(self.board.id, await asyncio.to_thread(merged, palettes))


class BoardChanges:
    """The base of the parts of `Boards`: rights, transaction, log and notice."""

    def __init__(self, context: BoardContext) -> None:
        self._context = context
        self._store = context.store

    @property
    def _table(self) -> BoardTable:
        return self._store.boards

    @contextlib.asynccontextmanager
    async def _working(
        self, viewer: Viewer, board_id: str, needs: Access, *, is_archive_fine: bool = False
    ) -> AsyncIterator[BoardUpdate]:
        """Change a board; it is told when all of it is kept.

        Raises:
            BotError: There is none that the viewer may see, they may not do this, or it is
                archived.

        """
        async with self._table.change() as change:
            head = await change.head(board_id)
            check = allowed if is_archive_fine else changeable
            board = check(head, viewer, needs, typed=board_id)
            work = BoardUpdate(change=change, viewer=viewer, board=board, at=self._context.now())
            yield work
        if work.is_noted:
            await self._context.tell(board_id)

    async def _after(self, work: BoardUpdate, number: int) -> Item:
        """Return a picture as it is now.

        Raises:
            InvalidRequestError: It does not hang there any more.

        """
        found = await self._table.item(work.board.id, number)
        if found is None:
            raise no_picture(work.board, number)
        return found

    async def _head(self, board_id: str) -> Board:
        """Return a board that is known to be there, after a change, without its pictures.

        Its colours are those of all its pictures: not everybody who sees it may see these.
        """
        board = await self._table.head(board_id)
        assert board is not None
        return without_colours(board)

    def _can_restore(self, board: Board) -> bool:
        return board.deleted_at is not None and self._context.now() - board.deleted_at <= UNDO_FOR
