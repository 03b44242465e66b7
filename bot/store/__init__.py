"""The record of everything that was asked for and made, in SQLite; the only package with SQL."""

from bot.store.database import DatabaseError
from bot.store.deletions import Deletion
from bot.store.store import Store

__all__ = ["DatabaseError", "Deletion", "Store"]
