"""The one way in which a board is changed: allowed, in one transaction, noted, and told."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bot.domain.boards import Access, Actor, Board, BoardState, Item, access_of, rules
from bot.domain.jobs import now
from bot.domain.plain_text import quoted
from bot.domain.requests import SizeRules
from bot.errors import BotError, InvalidRequestError
from bot.media.exports import PictureCache
from bot.media.palettes import merged
from bot.storage import Store
from bot.storage.boards import BoardChange

logger = logging.getLogger(__name__)

UNDO_FOR: Final = dt.timedelta(days=1)  # what was deleted or taken off can be brought back
_LOOKED_AT_ONCE: Final = 2  # a picture of 4096 x 4096 is 50 MB of memory
_NAME_SHOWN: Final = 80  # characters of what was typed

OnChange = Callable[[str], Awaitable[None]]


@dataclass(kw_only=True)
class BoardUpdate:
    """A change of a board that is under way.

    Attributes:
        board: As it was before, without its pictures.
        is_noted: Whether anything was changed.

    """

    change: BoardChange
    actor: Actor
    board: Board
    at: dt.datetime
    is_noted: bool = False

    def check(self, needs: Access) -> None:
        """Refuse what the actor may not do.

        Raises:
            BotError: They may not.

        """
        if access_of(self.board, self.actor) < needs:
            raise BotError(refusal(self.board, needs))

    async def note(self, verb: str, *, item: Item | None = None, detail: str = "") -> None:
        """Write what was done into the board's log."""
        self.is_noted = True
        await self.change.note(
            self.board.id, self.actor, verb, at=self.at, item=item, detail=detail
        )

    async def item(self, number: int) -> Item:
        """Return a picture that hangs on the board.

        Raises:
            InvalidRequestError: There is none with this number.

        """
        found = await self.change.item(self.board.id, number)
        if found is None:
            raise no_picture(self.board, number)
        return found

    async def recolour(self) -> None:
        """Find the whole board's colours anew, after other pictures count."""
        palettes = await self.change.palettes(self.board.id)
        await self.change.set_palette(self.board.id, await asyncio.to_thread(merged, palettes))


class BoardChanges:
    """What every part of `Boards` stands on.

    Attributes:
        now: Tells the time; tests may set it.
        space_bytes: What the pictures of a guild may take.
        pictures: The small copies that sheets are made of.
        exporting: Held while files are written: they take memory, and both cores.

    """

    def __init__(
        self, store: Store, *, sizes: SizeRules, space_bytes: int = rules.SPACE_BYTES
    ) -> None:
        """`sizes` are what the model draws, `space_bytes` a guild's."""
        self._store = store
        self._table = store.boards
        self._sizes = sizes
        self.space_bytes = space_bytes
        self._callbacks: list[OnChange] = []
        self._looking = asyncio.Semaphore(_LOOKED_AT_ONCE)
        self._files = asyncio.Lock()  # held between a copy's file and its row, and by the sweep
        self.now: Callable[[], dt.datetime] = now
        self.pictures = PictureCache(store.boards.small_copies)
        self.exporting = asyncio.Lock()

    def on_change(self, callback: OnChange) -> Callable[[], None]:
        """Have something called with a board's id after every change of it that was kept.

        It is awaited before the change's own answer, so it should only make a note.

        Returns:
            What ends that.

        """
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    async def _tell(self, board_id: str) -> None:
        for callback in self._callbacks:
            try:
                await callback(board_id)
            except Exception:
                logger.exception("A change of board %s could not be told", board_id)

    @contextlib.asynccontextmanager
    async def _working(
        self, actor: Actor, board_id: str, needs: Access, *, is_archive_fine: bool = False
    ) -> AsyncIterator[BoardUpdate]:
        """Change a board; it is told when all of it is kept.

        Raises:
            BotError: There is none that the actor may see, they may not do this, or it is archived.

        """
        async with self._table.change() as change:
            head = await change.head(board_id)
            check = allowed if is_archive_fine else changeable
            board = check(head, actor, needs, typed=board_id)
            work = BoardUpdate(change=change, actor=actor, board=board, at=self.now())
            yield work
        if work.is_noted:
            await self._tell(board_id)

    async def _seen(self, actor: Actor, board_id: str) -> Board:
        """Return a board that an actor may see, without its pictures."""
        return allowed(await self._table.head(board_id), actor, Access.LOOK, typed=board_id)

    async def _now(self, board: Board, number: int) -> Item:
        """Return a picture as it is now.

        Raises:
            InvalidRequestError: It does not hang there, or not any more.

        """
        found = await self._table.item(board.id, number)
        if found is None:
            raise no_picture(board, number)
        return found

    async def _whole(self, board_id: str) -> Board:
        """Return a board that is known to be there, after a change."""
        board = await self._table.find(board_id)
        assert board is not None
        return board


def allowed(board: Board | None, actor: Actor, needs: Access, *, typed: str) -> Board:
    """Return a board that an actor may do something with.

    Raises:
        BotError: They may not; a board that they may not even see is said not to be there.

    """
    if board is None or board.state is BoardState.DELETED:
        raise no_board(typed)
    access = access_of(board, actor)
    if access < Access.LOOK:
        raise no_board(typed)
    if access < needs:
        raise BotError(refusal(board, needs))
    return board


def changeable(board: Board | None, actor: Actor, needs: Access, *, typed: str) -> Board:
    """Return a board on which an actor may change something now.

    Raises:
        BotError: They may not, or it is archived.

    """
    found = allowed(board, actor, needs, typed=typed)
    if found.state is BoardState.ARCHIVED:
        raise BotError(f"The board {found.name!r} is archived: take it out of the archive first.")
    return found


def no_board(typed: str) -> InvalidRequestError:
    """Return what is said of a board that is not there, or not for this reader."""
    return InvalidRequestError(
        f"There is no board {quoted(typed, _NAME_SHOWN)} here that you may see: choose one of the "
        "list."
    )


def no_picture(board: Board, number: int) -> InvalidRequestError:
    """Return what is said of a number that no picture of a board has."""
    return InvalidRequestError(
        f"There is no picture {number} on the board {board.name!r}: use a number on its sheet."
    )


def refusal(board: Board, needs: Access) -> str:
    """Return what is said to whom may not do something with a board that they may see."""
    if needs is Access.ADD:
        return (
            f"You may only look at the board {board.name!r}: ask {board.owner_name} or a moderator "
            "to let you add."
        )
    if needs is Access.CURATE:
        return (
            f"You may not curate the board {board.name!r}: ask {board.owner_name} or a moderator "
            "to let you."
        )
    return f"Only {board.owner_name} and moderators can do that with the board {board.name!r}."
