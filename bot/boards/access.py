"""Who may do what on a board."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal

from bot.viewers import Rights

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
class Actor(Rights):
    """A member of a guild who does something there."""

    guild_id: int
    user_id: int
    user_name: str
    role_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a member or a role may do."""

    kind: Literal["member", "role"]
    subject_id: int
    access: Access


def access_of(board: Board, actor: Actor) -> Access:
    """Return what somebody may do: the most that anything gives them; elsewhere, nothing.

    Moderators of the guild, and of the channel that the board is, may do all that its owner may.
    """
    if board.guild_id != actor.guild_id:
        return Access.NONE
    if actor.user_id == board.owner_id or actor.moderates(board.channel_id):
        return Access.OWN
    given = [
        grant.access
        for grant in board.grants
        if (grant.kind == "member" and grant.subject_id == actor.user_id)
        or (grant.kind == "role" and grant.subject_id in actor.role_ids)
    ]
    return max([board.everyone, *given])
