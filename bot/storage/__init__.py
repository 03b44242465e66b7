"""The record of everything that was asked for and made, in SQLite; the only package with SQL."""

from bot.storage.database_checks import DatabaseError
from bot.storage.deletions import Deletion
from bot.storage.store import Store

__all__ = ["DatabaseError", "Deletion", "Store"]
