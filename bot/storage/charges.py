"""The tables of quotas: what images cost their requesters, and what moderators granted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import aiosqlite

from bot.domain.jobs import Job, now
from bot.domain.rules import Account, Charge, Limit, check_pause
from bot.domain.rules.quota import MONTH
from bot.storage.database import Database

_INSERT: Final = (
    "INSERT INTO charges (job_id, position, guild_id, user_id, cost, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
# Of a job that has come to its end, only what was drawn is paid for.
REFUND: Final = (
    "DELETE FROM charges WHERE job_id = ?1 AND position NOT IN"
    " (SELECT position FROM generations WHERE job_id = ?1)"
)


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What a job costs, and what leaves room for it.

    Attributes:
        costs: Of each image, in thousandths of a usual one.
        member: The limits of its requester.
        server: Those of all members together.
        pause_s: Seconds that have to lie between two jobs of one member in one channel.

    """

    costs: tuple[int, ...]
    member: tuple[Limit, ...] = ()
    server: tuple[Limit, ...] = ()
    pause_s: int = 0


class ChargeTable:
    """Charges and grants by member."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settle(self, db: aiosqlite.Connection, job: Job, bill: Bill) -> None:
        """Charge a job, inside the transaction that writes it; what is no server's is free.

        Raises:
            QuotaError: There is no room for it.

        """
        origin, at, cost = job.origin, job.created_at, sum(bill.costs)
        if origin.guild_id is None:
            return
        if bill.pause_s and (last := await self._last_job_at(origin.user_id, origin.channel_id)):
            check_pause(last + dt.timedelta(seconds=bill.pause_s), at)
        if bill.member:
            account = await self.member(origin.guild_id, origin.user_id, bill.member, at)
            account.check(cost, at)
        if bill.server:
            (await self.server(origin.guild_id, bill.server, at)).check(cost, at)
        rows = [
            (job.id, i, origin.guild_id, origin.user_id, each, at.isoformat())
            for i, each in enumerate(bill.costs)
        ]
        await db.executemany(_INSERT, rows)

    async def member(
        self, guild_id: int, user_id: int, limits: Sequence[Limit], at: dt.datetime
    ) -> Account:
        """Return what a member had drawn, as far back as their limits look."""
        since = _since(limits, at)
        rows = await self._database.rows(
            "SELECT created_at, cost FROM charges"
            " WHERE guild_id = ?1 AND user_id = ?2 AND created_at > ?3"
            " UNION ALL SELECT created_at, -cost FROM grants"
            " WHERE guild_id = ?1 AND user_id = ?2 AND created_at > ?3",
            guild_id, user_id, since,
        )  # fmt: skip
        return Account(limits=tuple(limits), charges=_charges(rows))

    async def server(self, guild_id: int, limits: Sequence[Limit], at: dt.datetime) -> Account:
        """Return what all members of a server had drawn."""
        rows = await self._database.rows(
            "SELECT created_at, cost FROM charges WHERE guild_id = ? AND created_at > ?",
            guild_id, _since(limits, at),
        )  # fmt: skip
        return Account(limits=tuple(limits), charges=_charges(rows))

    async def _last_job_at(self, user_id: int, channel_id: int) -> dt.datetime | None:
        """Return when a member last asked for something in a channel that was not withdrawn."""
        rows = await self._database.rows(
            "SELECT MAX(created_at) AS at FROM jobs WHERE user_id = ? AND channel_id = ?"
            " AND state <> 'cancelled'",
            user_id, channel_id,
        )  # fmt: skip
        return None if rows[0]["at"] is None else dt.datetime.fromisoformat(rows[0]["at"])

    async def grant(self, guild_id: int, user_id: int, cost: int, *, by: int) -> None:
        """Let a member draw more: it counts in every window in which it was granted."""
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT INTO grants (guild_id, user_id, cost, granted_by, created_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (guild_id, user_id, cost, by, now().isoformat()),
            )

    async def forget_old(self) -> None:
        """Forget grants too old to count, and charges of jobs that were erased and are as old."""
        oldest = (now() - 2 * MONTH).isoformat()
        async with self._database.transaction() as db:
            await db.execute("DELETE FROM grants WHERE created_at < ?", (oldest,))
            await db.execute(
                "DELETE FROM charges WHERE created_at < ? AND job_id NOT IN (SELECT id FROM jobs)",
                (oldest,),
            )


def _since(limits: Sequence[Limit], at: dt.datetime) -> str:
    longest = max((each.window for each in limits), default=dt.timedelta(0))
    return (at - 2 * longest).isoformat()


def _charges(rows: Sequence[aiosqlite.Row]) -> tuple[Charge, ...]:
    return tuple(
        Charge(at=dt.datetime.fromisoformat(row["created_at"]), cost=row["cost"]) for row in rows
    )
