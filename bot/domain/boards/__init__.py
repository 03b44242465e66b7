"""Mood boards of a guild: what a board is, what hangs on it, and who may do what.

Only values: `bot.storage.boards` keeps them, `bot.services.boards` changes them and
`bot.media.exports` shows them.
"""

from bot.domain.boards.access import Access, Actor, Grant
from bot.domain.boards.answers import (
    VERBS,
    Added,
    BoardPlace,
    BoardSummary,
    ChannelDefaults,
    Count,
    LogPage,
    StarRule,
)
from bot.domain.boards.values import (
    Board,
    BoardState,
    Comment,
    Item,
    ItemSource,
    ItemStatus,
    LogEntry,
    SheetOrder,
    Swatch,
    Theme,
    access_of,
)

__all__ = [
    "VERBS",
    "Access",
    "Actor",
    "Added",
    "Board",
    "BoardPlace",
    "BoardState",
    "BoardSummary",
    "ChannelDefaults",
    "Comment",
    "Count",
    "Grant",
    "Item",
    "ItemSource",
    "ItemStatus",
    "LogEntry",
    "LogPage",
    "SheetOrder",
    "StarRule",
    "Swatch",
    "Theme",
    "access_of",
]
