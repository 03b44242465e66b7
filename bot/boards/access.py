"""Who may do what on a board."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from bot.boards.values import Board


class Access(IntEnum):
    """What somebody may do; each level includes those before it."""

    NONE = 0
    LOOK = 1
    ADD = 2  # pictures, votes and comments
    CURATE = 3  # order, captions, tags, status, and taking pictures off
    OWN = 4  # the board's name, rules and members, archiving and deleting


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A member of a guild who does something there.

    Attributes:
        is_moderator: Whether the guild lets them manage what others made.

    """

    guild_id: int
    user_id: int
    user_name: str
    role_ids: frozenset[int] = frozenset()
    is_moderator: bool = False


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a member or a role may do."""

    kind: Literal["member", "role"]
    subject_id: int
    access: Access


def access_of(
    board: Board, *, user_id: int, role_ids: Collection[int], is_moderator: bool
) -> Access:
    """Return what a member of the board's guild may do: the most that anything gives them."""
    if is_moderator or user_id == board.owner_id:
        return Access.OWN
    given = [
        grant.access
        for grant in board.grants
        if (grant.kind == "member" and grant.subject_id == user_id)
        or (grant.kind == "role" and grant.subject_id in role_ids)
    ]
    return max([board.everyone, *given])
