"""Mood boards of a guild: what a board is, what hangs on it, and who may do what.

Only values: `bot.storage.boards` keeps them, `bot.services.boards` changes them and
`bot.media.exports` shows them.
"""

from bot.domain.boards.access import Access, Actor, Grant
from bot.domain.boards.answers import (
    VERBS,
    Added,
    BoardSummary,
    ChannelDefaults,
    Count,
    Hanging,
    LogPage,
    Stars,
)
from bot.domain.boards.values import (
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
    access_of,
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
