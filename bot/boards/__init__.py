"""Mood boards of a guild: what a board is, what hangs on it, and who may do what.

Only values: `bot.store.boards` keeps them, `bot.service.boards` changes them and `bot.exhibits`
shows them.
"""

from bot.boards.access import Access, Grant, access_of
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
    "Access",
    "Activity",
    "Board",
    "BoardState",
    "Comment",
    "Grant",
    "Item",
    "Order",
    "Source",
    "Status",
    "Swatch",
    "Theme",
    "access_of",
]
