"""Who may do what on a board, and who may see which of its pictures."""

from __future__ import annotations

from typing import Protocol

from bot.domain.boards.access import Access
from bot.domain.boards.values import Board
from bot.domain.viewers import Viewer


class Hung(Protocol):
    """What of a picture on a board decides who may see it."""

    @property
    def channel_id(self) -> int | None:
        """Return the channel it was taken from; None where whoever sees the board may see it."""

    @property
    def author_id(self) -> int | None:
        """Return who made it."""

    @property
    def added_by(self) -> int:
        """Return who hung it up."""


def access_of(board: Board, viewer: Viewer) -> Access:
    """Return what somebody may do: the most that anything gives them; elsewhere, nothing.

    Moderators of the guild, and of the channel that the board is, may do all that its owner may.
    Who may not view that channel may do nothing. One that is gone was perhaps hidden: of such a
    board only who owns it knows.
    """
    access = _given(board, viewer)
    if board.channel_id is None or board.channel_id in viewer.channels:
        return access
    return access if access is Access.OWN and board.channel_id in viewer.gone else Access.NONE


def _given(board: Board, viewer: Viewer) -> Access:
    if board.guild_id != viewer.guild_id:
        return Access.NONE
    if viewer.user_id == board.owner_id or viewer.moderates(board.channel_id):
        return Access.OWN
    return max([board.everyone, *(each.access for each in board.grants if each.is_for(viewer))])


def is_theirs(item: Hung, viewer: Viewer) -> bool:
    """Tell whether somebody made a picture or hung it up."""
    return viewer.user_id in {item.added_by, item.author_id}


def may_clear(item: Hung, board: Board, viewer: Viewer) -> bool:
    """Tell whether somebody may take a deleted image off a board, whether or not they see that.

    Who made it may, and moderators of the guild, or of the channel that the board is.
    """
    is_there = board.guild_id == viewer.guild_id
    moderates = board.channel_id in viewer.channels and viewer.moderates(board.channel_id)
    return is_there and (item.author_id == viewer.user_id or viewer.is_moderator or moderates)


def sees_item(item: Hung, access: Access, viewer: Viewer) -> bool:
    """Tell whether somebody may see a picture of a board on which they may do so much.

    What comes from a channel that is gone is for who made or added it and for who owns the board:
    nobody can tell any more who else could view that channel.
    """
    if access is Access.NONE:
        return False
    if item.channel_id in viewer.gone:
        return access is Access.OWN or is_theirs(item, viewer)
    return item.channel_id is None or item.channel_id in viewer.channels
