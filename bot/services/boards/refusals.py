"""Whether somebody may do something with a board, and the one sentence where they may not."""

from __future__ import annotations

from typing import Final

from bot.domain.boards import Access, Board, BoardState, access_of
from bot.domain.plain_text import quoted
from bot.domain.viewers import Viewer
from bot.errors import BotError, InvalidRequestError

_NAME_SHOWN: Final = 80  # characters of what was typed


class NoBoardError(InvalidRequestError):
    """There is no such board, or not for this viewer: the two are not told apart."""

    def __init__(self, typed: str) -> None:
        super().__init__(
            f"There is no board {quoted(typed, _NAME_SHOWN)} here that you may see: choose one of "
            "the list."
        )


def allowed(board: Board | None, viewer: Viewer, needs: Access, *, typed: str) -> Board:
    """Return a board that a viewer may do something with.

    Raises:
        BotError: They may not; a board that they may not even see is said not to be there.

    """
    if board is None or board.state is BoardState.DELETED:
        raise NoBoardError(typed)
    access = access_of(board, viewer)
    if access < Access.LOOK:
        raise NoBoardError(typed)
    if access < needs:
        raise BotError(refusal(board, needs))
    return board


def changeable(board: Board | None, viewer: Viewer, needs: Access, *, typed: str) -> Board:
    """Return a board on which a viewer may change something now.

    Raises:
        BotError: They may not, or it is archived.

    """
    found = allowed(board, viewer, needs, typed=typed)
    if found.state is BoardState.ARCHIVED:
        raise BotError(f"The board {found.name!r} is archived: take it out of the archive first.")
    return found


def no_picture(board: Board, number: int) -> InvalidRequestError:
    """Return what is said of a number that no picture of a board has, or none for this viewer."""
    return InvalidRequestError(
        f"There is no picture {number} on the board {board.name!r}: use a number on its sheet."
    )


def no_image(typed: str | None) -> InvalidRequestError:
    """Return what is said of an image that is not there, or was deleted while it was hung up."""
    return InvalidRequestError(
        f"There is no image {quoted(typed)} here: use the id under an image that is not deleted."
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


def guild_of(viewer: Viewer) -> int:
    """Return the guild whose boards a viewer may see.

    Raises:
        BotError: They look at what is their own: boards are a server's.

    """
    if viewer.guild_id is None:
        raise BotError("Boards belong to a server that has invited me: use this there.")
    return viewer.guild_id
