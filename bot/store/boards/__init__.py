"""Mood boards: what is asked of them, and the one way in which they are changed."""

from bot.store.boards.changes import BoardChange
from bot.store.boards.table import BoardTable

__all__ = ["BoardChange", "BoardTable"]
