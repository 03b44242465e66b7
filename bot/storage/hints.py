"""The table of hints that were given, so that nobody is told twice."""

from __future__ import annotations

from collections.abc import Iterable

from bot.storage.database import Database


class HintTable:
    """Hints by the user who got them."""

    def __init__(self, database: Database) -> None:
        """Remember the connection."""
        self._database = database

    async def claim(self, user_id: int, hints: Iterable[str]) -> list[str]:
        """Record hints as given to a user; return those that were not before."""
        async with self._database.transaction() as db:
            return [
                hint
                for hint in hints
                if (
                    await db.execute("INSERT OR IGNORE INTO hints VALUES (?, ?)", (user_id, hint))
                ).rowcount
            ]
