"""Mood boards: what is asked of them, and the one way in which they are changed."""

from bot.storage.boards.table import BoardTable
from bot.storage.boards.transaction import BoardChange

__all__ = ["BoardChange", "BoardTable"]
