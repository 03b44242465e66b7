"""What boards answer with, beside a whole board: lists, what was added, what was done."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from bot.domain.boards.access import Access
from bot.domain.boards.values import BoardState, Item, LogEntry

# What a log says was done; `bot.locales` has a key `board_log_<verb>` for each.
VERBS: Final = (
    "created", "edited", "archived", "unarchived", "deleted", "restored", "granted", "revoked",
    "added", "moved", "captioned", "credited", "tagged", "untagged", "status", "removed",
    "brought_back", "released", "voted", "unvoted", "shortlisted", "unshortlisted", "commented",
    "comment_deleted", "channel_gone",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Added:
    """A picture that was hung up.

    Attributes:
        item: None where it hung there already and whoever asks may not see it.
        duplicate_of: The picture of the same board that it is a changed copy of, if that is seen.
        is_exact: Whether that has the very same pixels, so that nothing was hung up and `item`
            is the one that hung there already.

    """

    item: Item | None
    duplicate_of: Item | None = None
    is_exact: bool = False


@dataclass(frozen=True, kw_only=True)
class BoardSummary:
    """A line of a list of boards.

    Attributes:
        access: What the reader may do.
        num_approved: Of the pictures.
        changed_at: When something was last done to the board.

    """

    id: str
    guild_id: int
    name: str
    brief: str
    channel_id: int | None
    owner_id: int
    owner_name: str
    state: BoardState
    access: Access
    num_items: int
    num_approved: int
    created_at: dt.datetime
    changed_at: dt.datetime
    deleted_at: dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The numbers of the pictures before and after one, as its reader sees the board."""

    before: int | None
    after: int | None


@dataclass(frozen=True, kw_only=True)
class Vote:
    """A vote that was given or taken back.

    Attributes:
        item: The picture as it is now.
        is_given: Whether the vote counts now.
        is_decisive: Whether the picture has another status for it.

    """

    item: Item
    is_given: bool
    is_decisive: bool


@dataclass(frozen=True, kw_only=True)
class LogPage:
    """A page of a board's log, the newest first."""

    activities: tuple[LogEntry, ...]
    has_older: bool


@dataclass(frozen=True, kw_only=True)
class BoardPlace:
    """Where an image hangs."""

    board_id: str
    board_name: str
    number: int


@dataclass(frozen=True, kw_only=True)
class StarRule:
    """That a star under a picture hangs it on a board.

    Attributes:
        board_id: The board for stars in channels that are none; None where they count for nothing.

    """

    board_id: str | None
