"""What somebody may do on a board, and who was given it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from bot.domain.viewers import Viewer


class Access(IntEnum):
    """What somebody may do; each level includes those before it."""

    NONE = 0
    LOOK = 1
    ADD = 2  # pictures, votes and comments
    CURATE = 3  # order, captions, tags, status, and taking pictures off
    OWN = 4  # the board's name, rules and members, archiving and deleting


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What a member or a role may do."""

    kind: Literal["member", "role"]
    subject_id: int
    access: Access

    def is_for(self, viewer: Viewer) -> bool:
        """Tell whether it names somebody, or a role of theirs."""
        ids = viewer.role_ids if self.kind == "role" else {viewer.user_id}
        return self.subject_id in ids
