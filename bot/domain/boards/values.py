"""A board, what hangs on it and what is said of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from bot.domain.boards.access import Access, Grant
from bot.domain.styles import Style

DEFAULT_THRESHOLD: Final = 3  # votes that put a candidate on the shortlist


class BoardState(StrEnum):
    """Whether a board is in use; a deleted one can be brought back for a day."""

    OPEN = "open"
    ARCHIVED = "archived"
    DELETED = "deleted"


class ItemStatus(StrEnum):
    """How far a picture got."""

    CANDIDATE = "candidate"
    SHORTLIST = "shortlist"
    APPROVED = "approved"
    REJECTED = "rejected"


class ItemSource(StrEnum):
    """Where a picture comes from."""

    GENERATION = "generation"  # this bot drew it: it has a recipe
    UPLOAD = "upload"  # an attachment of somebody's message


class SheetOrder(StrEnum):
    """How a sheet sorts its pictures."""

    CHOSEN = "chosen"
    NEWEST = "newest"
    VOTES = "votes"
    STATUS = "status"


class Theme(StrEnum):
    """The colours of a sheet."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, kw_only=True)
class Swatch:
    """A colour of a palette.

    Attributes:
        rgb: 0 .. 255 each.
        share: Of the picture's (or board's) area, 0 .. 1.

    """

    rgb: tuple[int, int, int]
    share: float

    @property
    def hex(self) -> str:
        """Return `#rrggbb`."""
        red, green, blue = self.rgb
        return f"#{red:02x}{green:02x}{blue:02x}"


@dataclass(frozen=True, kw_only=True)
class Comment:
    """What somebody said of a picture."""

    id: int
    user_id: int
    user_name: str
    text: str
    created_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """One entry of a board's log.

    Attributes:
        verb: What was done, a key of `bot.locales` behind `board_log_`, for example `added`.
        number: Of the picture it was done to, or None.
        channel_id: The channel that picture was taken from: who may not view it, is not told.
        detail: For example the new caption; shown as plain text.

    """

    user_id: int
    user_name: str
    verb: str
    number: int | None
    channel_id: int | None = None
    detail: str
    created_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Item:
    """A picture on a board, with our own copy of its bytes.

    Attributes:
        id: Seven characters, as images have.
        number: What people call it by on this board; never given twice, whatever the order.
        path: Of our copy, in the format that it came in.
        pixel_sha256: Of its RGB pixels.
        prompt: Of pictures that this bot drew.
        recipe_text: The canonical recipe of pictures that this bot drew.
        credit: Who made it, as shown: a name.
        link: To the message it was taken from.
        channel_id: The channel it was taken from: who may not see that, does not see it here.
        is_spoiler: Hidden until it is clicked, wherever it is shown.
        voter_ids: Who voted for it, one vote each.
        palette: The most frequent first.

    """

    id: str
    board_id: str
    number: int
    source: ItemSource
    path: Path
    width: int
    height: int
    pixel_sha256: str
    likeness: bytes = field(repr=False)
    generation_id: str | None
    prompt: str | None
    seed: int | None
    recipe_text: str | None = field(repr=False)
    caption: str
    credit: str
    author_id: int | None
    link: str | None
    channel_id: int | None
    is_spoiler: bool
    status: ItemStatus
    tags: tuple[str, ...]
    voter_ids: frozenset[int]
    comments: tuple[Comment, ...]
    palette: tuple[Swatch, ...]
    added_by: int
    added_by_name: str
    added_at: dt.datetime

    @property
    def votes(self) -> int:
        """Return how many people voted for it."""
        return len(self.voter_ids)


@dataclass(frozen=True, kw_only=True)
class ItemLabel:
    """What a picture is found by in a list; the fields are those of `Item`."""

    number: int
    caption: str
    prompt: str | None
    credit: str
    tags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board of a guild with all that hangs on it.

    Attributes:
        channel_id: The channel, thread or forum post that is the board; None where it is only a
            list that `/board show` shows.
        message_id: The pinned message that shows the sheet.
        defaults: What it gives to `/imagine` in its channel; where it has a name, that style of the
            server or the built-in one, and its own values before that one's.
        everyone: What members may do whom no grant names.
        threshold: Votes that put a candidate on the shortlist.
        items: In the chosen order.
        revision: Grows with every change, so that a sheet knows whether it is stale.

    """

    id: str
    guild_id: int
    name: str
    brief: str
    channel_id: int | None
    message_id: int | None
    owner_id: int
    owner_name: str
    state: BoardState
    defaults: Style
    theme: Theme
    order: SheetOrder
    everyone: Access
    grants: tuple[Grant, ...]
    self_vote: bool
    threshold: int
    items: tuple[Item, ...]
    palette: tuple[Swatch, ...]
    revision: int
    created_at: dt.datetime
    deleted_at: dt.datetime | None = None

    def item(self, number: int) -> Item | None:
        """Return the picture with this number."""
        return next((item for item in self.items if item.number == number), None)

    def ordered(self, order: SheetOrder | None = None) -> tuple[Item, ...]:
        """Return the pictures as they are shown; what is equal stays in the chosen order."""
        match order or self.order:
            case SheetOrder.NEWEST:
                return tuple(sorted(self.items, key=lambda item: item.added_at, reverse=True))
            case SheetOrder.VOTES:
                return tuple(sorted(self.items, key=lambda item: -item.votes))
            case SheetOrder.STATUS:
                return tuple(sorted(self.items, key=lambda item: _RANK[item.status]))
            case _:
                return self.items


_RANK: Final = {
    ItemStatus.APPROVED: 0,
    ItemStatus.SHORTLIST: 1,
    ItemStatus.CANDIDATE: 2,
    ItemStatus.REJECTED: 3,
}
