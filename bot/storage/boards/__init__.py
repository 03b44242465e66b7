"""Mood boards: what is asked of them, and the one way in which they are changed."""

from bot.storage.boards.changes import BoardChange
from bot.storage.boards.table import BoardTable

__all__ = ["BoardChange", "BoardTable"]
