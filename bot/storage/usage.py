"""What the tables tell of how much the bot is used, and the table of refusals."""

from __future__ import annotations

import datetime as dt
from typing import Final

from bot.domain.jobs import now
from bot.domain.usage import Share, Usage, days_until
from bot.storage.database import Database

NO_GUILD: Final = 0  # of direct messages

# ?1 is the guild, or NULL for all; ?2 the first moment.
_IMAGES: Final = (
    "SELECT substr(created_at, 1, 10) AS day, COUNT(*) AS number FROM generations"
    " WHERE (?1 IS NULL OR guild_id = ?1) AND created_at >= ?2 GROUP BY day"
)
_SHARES: Final = (
    "WITH jobs_here AS (SELECT *, CASE WHEN ?1 IS NULL THEN COALESCE(guild_id, 0) ELSE user_id END"
    " AS who FROM jobs"
    " WHERE (?1 IS NULL OR guild_id = ?1) AND created_at >= ?2)"
    " SELECT who, COUNT(*) AS jobs, MAX(created_at) AS last, user_name,"  # of the row with the max
    " SUM((SELECT COUNT(*) FROM generations WHERE job_id = jobs_here.id)) AS images,"
    " SUM((SELECT TOTAL(cost) FROM charges WHERE job_id = jobs_here.id)) AS cost"
    " FROM jobs_here GROUP BY who ORDER BY images DESC, jobs DESC, who"
)
_WAITS: Final = (
    "SELECT (julianday(changed_at) - julianday(created_at)) * 86400 AS wait FROM jobs"
    " WHERE (?1 IS NULL OR guild_id = ?1) AND created_at >= ?2 AND state = 'posted' ORDER BY wait"
)
_ENDS: Final = (
    "SELECT state, COUNT(*) AS number FROM jobs"
    " WHERE (?1 IS NULL OR guild_id = ?1) AND created_at >= ?2"
    " AND state IN ('posted', 'failed', 'cancelled') GROUP BY state"
)
_REFUSALS: Final = (
    "SELECT rule, SUM(number) AS number FROM refusals"
    " WHERE (?1 IS NULL OR guild_id = ?1) AND day >= ?2 GROUP BY rule ORDER BY number DESC, rule"
)


class UsageTable:
    """What was drawn and refused, counted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count_refusal(self, guild_id: int | None, rule: str) -> None:
        """Count that a rule refused something today."""
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT INTO refusals (guild_id, day, rule, number) VALUES (?, ?, ?, 1)"
                " ON CONFLICT DO UPDATE SET number = number + 1",
                (guild_id or NO_GUILD, now().date().isoformat(), rule),
            )

    async def of(self, guild_id: int | None, *, days: int) -> Usage:
        """Return the usage of a guild, or of all for None, within the last days (UTC)."""
        dates = days_until(now().date(), days)
        since = dates[0].isoformat()
        async with self._database.snapshot():
            images = {
                row["day"]: row["number"]
                for row in await self._database.rows(_IMAGES, guild_id, since)
            }
            shares = [
                Share(
                    id=row["who"],
                    name="" if guild_id is None else row["user_name"],
                    images=row["images"],
                    jobs=row["jobs"],
                    cost=round(row["cost"]),
                )
                for row in await self._database.rows(_SHARES, guild_id, since)
            ]
            waits = [row["wait"] for row in await self._database.rows(_WAITS, guild_id, since)]
            ends = await self._database.rows(_ENDS, guild_id, since)
            refusals = await self._database.rows(_REFUSALS, guild_id, since)
        return Usage(
            images={each: images.get(each.isoformat(), 0) for each in dates},
            shares=tuple(shares),
            waits_s=tuple(max(each, 0.0) for each in waits),
            ends={row["state"]: row["number"] for row in ends},
            refusals={row["rule"]: row["number"] for row in refusals},
        )

    async def by_day(
        self, guild_id: int | None, *, days: int
    ) -> list[tuple[dt.date, int, int, str, int]]:
        """Return day, guild, user, the user's name then, and images: each day's most first."""
        since = days_until(now().date(), days)[0].isoformat()
        rows = await self._database.rows(
            "SELECT substr(g.created_at, 1, 10) AS day, COALESCE(g.guild_id, 0) AS guild,"
            " g.user_id AS user, MAX(j.user_name) AS name, COUNT(*) AS number"
            " FROM generations g LEFT JOIN jobs j ON j.id = g.job_id"
            " WHERE (?1 IS NULL OR g.guild_id = ?1) AND g.created_at >= ?2"
            " GROUP BY day, guild, user ORDER BY day, number DESC, guild, user",
            guild_id, since,
        )  # fmt: skip
        return [
            (dt.date.fromisoformat(row["day"]), row["guild"], row["user"], row["name"] or "",
             row["number"])
            for row in rows
        ]  # fmt: skip
