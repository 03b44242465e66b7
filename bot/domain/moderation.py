"""What is done about misuse, and what moderators have to decide: the entries of the audit table."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Act(StrEnum):
    """What happened."""

    JOB = "job"  # an ordinary one, where a server wants to read of all
    REFUSED = "refused"
    HELD = "held"  # before drawing
    HELD_IMAGES = "held_images"  # before posting
    REPORT = "report"
    APPEAL = "appeal"
    WARNED = "warned"
    BANNED = "banned"
    UNBANNED = "unbanned"
    DELETED = "deleted"
    HIDDEN = "hidden"
    MOVED = "moved"
    PAUSED = "paused"
    RESUMED = "resumed"
    CLEARED = "cleared"
    CANCELLED = "cancelled"  # one job of somebody else
    STYLE_MADE = "style_made"
    STYLE_CHANGED = "style_changed"
    STYLE_REMOVED = "style_removed"


class Decision(StrEnum):
    """What became of something that had to be decided."""

    APPROVED = "approved"
    REFUSED = "refused"
    DISMISSED = "dismissed"
    DELETED = "deleted"
    HIDDEN = "hidden"
    WARNED = "warned"
    BANNED = "banned"
    LIFTED = "lifted"  # of an appeal; a ban ends
    CANCELLED = "cancelled"  # by whom it concerns
    EXPIRED = "expired"
    UNREAD = "unread"  # no moderator can be reached


HOLDS: Final = frozenset({Act.HELD, Act.HELD_IMAGES})
TO_DECIDE: Final = HOLDS | {Act.REPORT, Act.APPEAL}
APPEALABLE: Final = frozenset({Act.REFUSED, Act.WARNED, Act.BANNED})


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """Something that was done, or has to be decided.

    Attributes:
        id: 0 until it is written down.
        by_id: Who did it; None where the bot itself did. Of a report and an appeal, who wrote it.
        user_id: Whom it concerns, where it is somebody.
        channel_id: Where what it is about was asked for.
        words: The prompt, or what an appeal says.
        until: Of a ban: when it ends.
        about: Of an appeal, the id of the entry that it is against.
        is_done: Whether nothing has to follow: whom it concerns is told, and messages are changed.
        log_channel_id: Where its message is; None where there is none, or none any more.
        log_message_id: The last message that showed it.

    """

    id: int = 0
    guild_id: int
    act: Act
    created_at: dt.datetime
    by_id: int | None = None
    by_name: str = ""
    user_id: int | None = None
    user_name: str = ""
    channel_id: int | None = None
    job_id: str | None = None
    image_ids: tuple[str, ...] = ()
    words: str = ""
    why: str = ""
    until: dt.datetime | None = None
    about: int | None = None
    decision: Decision | None = None
    decided_by: int | None = None
    decided_by_name: str = ""
    decided_at: dt.datetime | None = None
    log_channel_id: int | None = None
    log_message_id: int | None = None
    is_done: bool = True

    @property
    def can_be_appealed(self) -> bool:
        """Tell whether whom it concerns may ask once for another decision."""
        is_refused = self.act in HOLDS and self.decision is Decision.REFUSED
        return self.act in APPEALABLE or is_refused

    @property
    def is_open(self) -> bool:
        """Tell whether somebody still has to decide it."""
        return self.act in TO_DECIDE and self.decision is None
