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
        duplicate_of: The picture of the same board that it is a changed copy of, or None.
        is_exact: Whether that has the very same pixels, so that nothing was hung up and `item`
            is the one that hung there already.

    """

    item: Item
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
class Count:
    """How many pictures a board has from one channel: who may not view that, is not told of them.

    Attributes:
        channel_id: None for pictures that whoever sees the board may see.
        num_approved: Of the pictures.

    """

    board_id: str
    channel_id: int | None
    num_items: int
    num_approved: int


@dataclass(frozen=True, kw_only=True)
class LogPage:
    """A page of a board's log, the newest first."""

    activities: tuple[LogEntry, ...]
    has_older: bool


@dataclass(frozen=True, kw_only=True)
class ChannelDefaults:
    """What the board of a channel gives to prompts there; nothing where there is no board.

    Attributes:
        size: Used where none is given, as typed.
        style: Words added to the prompt.

    """

    size: str | None = None
    style: str = ""


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
