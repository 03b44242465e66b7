"""The table of breakdowns: what was being drawn when the engine broke or the process died."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Final, Literal

from bot.domain.jobs import now
from bot.storage.database import Database

Cause = Literal["engine", "process"]
KEPT_FOR: Final = dt.timedelta(days=30)


class BreakdownTable:
    """Breakdowns of the last month."""

    def __init__(self, database: Database) -> None:
        """Remember the connection."""
        self._database = database

    async def add(self, cause: Cause, *, job_id: str | None, index: int | None) -> None:
        """Record that something broke while an image was drawn, or none."""
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT INTO breakdowns (cause, job_id, position, created_at) VALUES (?, ?, ?, ?)",
                (cause, job_id, index, now().isoformat()),
            )
        await self.forget_old()

    async def forget_old(self) -> None:
        """Forget the breakdowns of more than a month ago."""
        async with self._database.transaction() as db:
            oldest = (now() - KEPT_FOR).isoformat()
            await db.execute("DELETE FROM breakdowns WHERE created_at < ?", (oldest,))

    async def of_job(self, job_id: str, cause: Cause) -> Counter[int]:
        """Return how often each image of a job was being drawn at a breakdown."""
        rows = await self._database.rows(
            "SELECT position, COUNT(*) AS times FROM breakdowns"
            " WHERE job_id = ? AND cause = ? GROUP BY position",
            job_id,
            cause,
        )
        return Counter({row["position"]: row["times"] for row in rows})

    async def single_deaths(self, *, since: dt.datetime) -> int:
        """Return how often the process died at no image, or at one that it died at only once."""
        rows = await self._database.rows(
            "SELECT COUNT(*) AS times FROM (SELECT job_id FROM breakdowns"
            " WHERE cause = 'process' AND created_at >= ?"
            " GROUP BY job_id, position, CASE WHEN job_id IS NULL THEN id END"
            " HAVING COUNT(*) = 1)",
            since.isoformat(),
        )
        return int(rows[0]["times"])
