"""Mood boards of a guild: what a board is, what hangs on it, and who may do what.

Only values: `bot.storage.boards` keeps them, `bot.services.boards` changes them and
`bot.media.exports` shows them.
"""

from bot.domain.boards.access import Access, Grant
from bot.domain.boards.answers import (
    VERBS,
    Added,
    BoardPlace,
    BoardSummary,
    LogPage,
    Neighbours,
    StarRule,
    Vote,
)
from bot.domain.boards.policies import access_of, is_theirs, may_clear, sees_item
from bot.domain.boards.values import (
    Board,
    BoardState,
    Comment,
    Item,
    ItemLabel,
    ItemSource,
    ItemStatus,
    LogEntry,
    SheetOrder,
    Swatch,
    Theme,
)

__all__ = [
    "VERBS",
    "Access",
    "Added",
    "Board",
    "BoardPlace",
    "BoardState",
    "BoardSummary",
    "Comment",
    "Grant",
    "Item",
    "ItemLabel",
    "ItemSource",
    "ItemStatus",
    "LogEntry",
    "LogPage",
    "Neighbours",
    "SheetOrder",
    "StarRule",
    "Swatch",
    "Theme",
    "Vote",
    "access_of",
    "is_theirs",
    "may_clear",
    "sees_item",
]
