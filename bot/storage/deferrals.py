"""The table of deferred answers that were not given yet."""

from __future__ import annotations

import datetime as dt
import json

import aiosqlite

from bot.domain.deferrals import Deferral, Repeat
from bot.storage.database import Database


class DeferralTable:
    """Deferrals by their interactions' ids."""

    def __init__(self, database: Database) -> None:
        """Remember the connection."""
        self._database = database

    async def add(self, deferral: Deferral) -> None:
        """Write a deferral down; one that is there already stays as it is."""
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT OR IGNORE INTO deferrals (id, payload, is_thinking, repeat, created_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (deferral.id, json.dumps(dict(deferral.payload), default=str),
                 deferral.is_thinking, deferral.repeat, deferral.created_at.isoformat()),
            )  # fmt: skip

    async def left(self) -> list[Deferral]:
        """Return all deferrals, the oldest first."""
        rows = await self._database.rows("SELECT * FROM deferrals ORDER BY id")
        return [_deferral(row) for row in rows]

    async def num_sent(self, deferral_id: int) -> int:
        """Return how many files of an answer went into private messages before."""
        rows = await self._database.rows("SELECT num_sent FROM deferrals WHERE id = ?", deferral_id)
        return int(rows[0][0]) if rows else 0

    async def note_attempt(self, deferral_id: int) -> None:
        """Count an attempt before it begins: what ends the process must not do so for ever."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE deferrals SET attempts = attempts + 1 WHERE id = ?", (deferral_id,)
            )

    async def note_sent(self, deferral_id: int, num_sent: int) -> None:
        """Record how many files went into private messages."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE deferrals SET num_sent = ? WHERE id = ?", (num_sent, deferral_id)
            )

    async def forget(self, deferral_id: int) -> None:
        """Remove a deferral: its answer was given."""
        async with self._database.transaction() as db:
            await db.execute("DELETE FROM deferrals WHERE id = ?", (deferral_id,))


def _deferral(row: aiosqlite.Row) -> Deferral:
    return Deferral(
        id=row["id"],
        payload=json.loads(row["payload"]),
        is_thinking=bool(row["is_thinking"]),
        repeat=Repeat(row["repeat"]),
        attempts=row["attempts"],
        created_at=dt.datetime.fromisoformat(row["created_at"]),
    )
