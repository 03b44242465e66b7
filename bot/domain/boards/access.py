"""Who may do what on a board."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal

from bot.domain.viewers import Rights

if TYPE_CHECKING:
    pass


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
