"""Mood boards of a guild: what a board is, what hangs on it, and who may do what.

Only values: `bot.store.boards` keeps them, `bot.service.boards` changes them and `bot.exhibits`
shows them.
"""

from bot.boards.access import Access, Actor, Grant, access_of
from bot.boards.answers import (
    VERBS,
    Added,
    BoardSummary,
    ChannelDefaults,
    Count,
    Hanging,
    LogPage,
    Stars,
)
from bot.boards.values import (
    Activity,
    Board,
    BoardState,
    Comment,
    Item,
    Order,
    Source,
    Status,
    Swatch,
    Theme,
)

__all__ = [
    "VERBS",
    "Access",
    "Activity",
    "Actor",
    "Added",
    "Board",
    "BoardState",
    "BoardSummary",
    "ChannelDefaults",
    "Comment",
    "Count",
    "Grant",
    "Hanging",
    "Item",
    "LogPage",
    "Order",
    "Source",
    "Stars",
    "Status",
    "Swatch",
    "Theme",
    "access_of",
]
