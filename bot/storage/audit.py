"""The table of what moderators did and have to decide."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

import aiosqlite

from bot.domain.jobs import now
from bot.domain.moderation import APPEALABLE, HOLDS, TO_DECIDE, Act, AuditEntry, Decision
from bot.storage.charges import REFUND
from bot.storage.database import Database

_COLUMNS: Final = (
    "guild_id", "act", "created_at", "by_id", "by_name", "user_id", "user_name", "channel_id",
    "job_id", "image_ids", "words", "why", "until", "about", "is_done",
)  # fmt: skip
_INSERT: Final = (
    f"INSERT INTO audit ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - names of columns only
)
_DECIDE: Final = (
    "UPDATE audit SET decision = ?, decided_by = ?, decided_by_name = ?, decided_at = ?"
    " WHERE id = ? AND decision IS NULL"
)
_RELEASE: Final = "UPDATE jobs SET approved_by = ? WHERE id = ?"
_REVEAL: Final = (
    "UPDATE generations SET channel_id = (SELECT channel_id FROM jobs WHERE id = ?1)"
    " WHERE job_id = ?1"
)
_END: Final = (
    "UPDATE jobs SET state = ?, error = ?, ended_by = ?, is_told = 0, tried_since = NULL,"
    " changed_at = ? WHERE id = ?"
)


class AuditTable:
    """Entries by guild; they are kept for a time of the operator's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entry: AuditEntry) -> AuditEntry:
        """Write an entry; return it with its id."""
        async with self._database.transaction() as db:
            return await insert_entry(db, entry)

    async def report(self, entry: AuditEntry) -> AuditEntry | None:
        """Write a report of images; None where its author has reported all of them before."""
        async with self._database.transaction() as db:
            async with db.executemany(
                "INSERT OR IGNORE INTO reports (image_id, user_id, guild_id) VALUES (?, ?, ?)",
                [(each, entry.by_id, entry.guild_id) for each in entry.image_ids],
            ) as cursor:
                is_new = cursor.rowcount > 0
            return await insert_entry(db, entry) if is_new else None

    async def appeal(self, entry: AuditEntry) -> AuditEntry | None:
        """Write an appeal; None where there was one against the same before."""
        async with self._database.transaction() as db:
            known = await self._database.rows("SELECT 1 FROM audit WHERE about = ?", entry.about)
            return None if known else await insert_entry(db, entry)

    async def hide(self, entry: AuditEntry) -> AuditEntry:
        """Write an entry, and let its images be hidden until they are clicked, on boards too."""
        async with self._database.transaction() as db:
            await db.executemany(
                "UPDATE jobs SET spoiler = 1"
                " WHERE id = (SELECT job_id FROM generations WHERE id = ?)",
                [(each,) for each in entry.image_ids],
            )
            await db.executemany(
                "UPDATE board_items SET is_spoiler = 1 WHERE generation_id = ?",
                [(each,) for each in entry.image_ids],
            )
            return await insert_entry(db, entry)

    async def find(self, entry_id: int) -> AuditEntry | None:
        """Return an entry."""
        found = await self._select("WHERE id = ?", entry_id)
        return found[0] if found else None

    async def page(
        self, guild_id: int, *, user_id: int | None = None, offset: int, limit: int
    ) -> list[AuditEntry]:
        """Return entries of a guild, or those that concern one member, newest first."""
        return await self._select(
            "WHERE guild_id = ?1 AND (?2 IS NULL OR user_id = ?2) ORDER BY id DESC LIMIT ?3"
            " OFFSET ?4",
            guild_id, user_id, limit, offset,
        )  # fmt: skip

    async def reports_since(self, guild_id: int, by_id: int, since: dt.datetime) -> int:
        """Return how often a member reported something since a moment."""
        rows = await self._database.rows(
            "SELECT COUNT(*) AS count FROM audit"
            " WHERE guild_id = ? AND by_id = ? AND act = 'report' AND created_at > ?",
            guild_id, by_id, since.isoformat(),
        )  # fmt: skip
        return int(rows[0]["count"])

    async def last_appealable(self, guild_id: int | None, user_id: int) -> AuditEntry | None:
        """Return what a member was last refused, warned or banned for; anywhere for None."""
        found = await self._select(
            f"WHERE (?1 IS NULL OR guild_id = ?1) AND user_id = ?2"
            f" AND (act IN {_listed(APPEALABLE)}"
            f" OR (act IN {_listed(HOLDS)} AND decision = 'refused')) ORDER BY id DESC LIMIT 1",
            guild_id, user_id,
        )  # fmt: skip
        return found[0] if found else None

    async def count_since(self, guild_id: int, user_id: int, act: Act, since: dt.datetime) -> int:
        """Return how often something concerned a member since a moment."""
        rows = await self._database.rows(
            "SELECT COUNT(*) AS count FROM audit"
            " WHERE guild_id = ? AND user_id = ? AND act = ? AND created_at > ?",
            guild_id, user_id, act, since.isoformat(),
        )  # fmt: skip
        return int(rows[0]["count"])

    async def open_hold(self, job_id: str) -> AuditEntry | None:
        """Return the entry that a held job waits for."""
        found = await self._select(
            f"WHERE job_id = ? AND decision IS NULL AND act IN {_listed(HOLDS)}", job_id
        )
        return found[0] if found else None

    async def open_holds(self) -> list[AuditEntry]:
        """Return what all held jobs wait for, oldest first."""
        return await self._select(f"WHERE decision IS NULL AND act IN {_listed(HOLDS)} ORDER BY id")

    # Decisions

    async def decide(
        self,
        entry: AuditEntry,
        decision: Decision,
        *,
        by: int | None,
        name: str = "",
        sentence: str = "",
        tell: bool = False,
    ) -> bool:
        """Decide an entry, and what becomes of its job, in one transaction.

        Args:
            entry: What is decided.
            decision: How.
            by: Who decides; None is the bot.
            name: What they are called.
            sentence: What a requester is told whose held job is not drawn.
            tell: Whether whom it concerns is to be told, or its messages have to change.

        Returns:
            Whether it was open: only one decision counts.

        """
        at = now().isoformat()
        async with self._database.transaction() as db:
            async with db.execute(_DECIDE, (decision, by, name, at, entry.id)) as cursor:
                if cursor.rowcount == 0:
                    return False
            if tell:
                await db.execute("UPDATE audit SET is_done = 0 WHERE id = ?", (entry.id,))
            if entry.act not in HOLDS or entry.job_id is None:
                return True
            if decision is Decision.APPROVED:
                await db.execute(_RELEASE, (by, entry.job_id))
                await db.execute(_REVEAL, (entry.job_id,))
            else:
                state = "cancelled" if decision is Decision.CANCELLED else "failed"
                await db.execute(_END, (state, sentence or None, by, at, entry.job_id))
                await db.execute(REFUND, (entry.job_id,))
        return True

    # Messages

    async def unshown(self) -> list[AuditEntry]:
        """Return what the log channels do not show as it is, oldest first."""
        return await self._select("WHERE shown_as IS NOT COALESCE(decision, '') ORDER BY id")

    async def undone(self) -> list[AuditEntry]:
        """Return what has still to be followed up, oldest first."""
        return await self._select("WHERE is_done = 0 ORDER BY id")

    async def set_message(self, entry_id: int, channel_id: int, message_id: int) -> None:
        """Record which message of a log channel shows an entry."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE audit SET log_channel_id = ?, log_message_id = ? WHERE id = ?",
                (channel_id, message_id, entry_id),
            )

    async def lose_message(self, message_id: int | None) -> list[AuditEntry]:
        """Record that the message of what is still open is gone, or those of all for None.

        Returns:
            What is not shown any more.

        """
        lost = await self._select(
            f"WHERE decision IS NULL AND act IN {_listed(TO_DECIDE)} AND log_channel_id IS NOT NULL"
            " AND (?1 IS NULL OR log_message_id = ?1)",
            message_id,
        )
        if lost:  # most messages that are deleted in a server are other ones
            async with self._database.transaction() as db:
                await db.executemany(
                    "UPDATE audit SET log_channel_id = NULL, shown_as = NULL WHERE id = ?",
                    [(each.id,) for each in lost],
                )
        return lost

    async def set_shown(self, entry: AuditEntry) -> None:
        """Record that the log channel shows an entry as it is given, or that it cannot."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE audit SET shown_as = ? WHERE id = ?", (entry.decision or "", entry.id)
            )

    async def set_done(self, entry_id: int) -> None:
        """Record that whom an entry concerns knows, or cannot be told, and so on."""
        async with self._database.transaction() as db:
            await db.execute("UPDATE audit SET is_done = 1 WHERE id = ?", (entry_id,))

    async def forget(self, before: dt.datetime) -> int:
        """Delete what is older and decided; return how much that was."""
        sql = (
            "DELETE FROM audit WHERE created_at < ?"  # noqa: S608 - constants
            f" AND (decision IS NOT NULL OR act NOT IN {_listed(HOLDS)})"
        )
        async with (
            self._database.transaction() as db,
            db.execute(sql, (before.isoformat(),)) as cursor,
        ):
            return cursor.rowcount

    async def _select(self, where: str, *values: object) -> list[AuditEntry]:
        rows = await self._database.rows(f"SELECT * FROM audit {where}", *values)  # noqa: S608 - constants of this file
        return [_entry(row) for row in rows]


async def insert_entry(db: aiosqlite.Connection, entry: AuditEntry) -> AuditEntry:
    """Write an entry inside a transaction; return it with its id."""
    async with db.execute(_INSERT, _values(entry)) as cursor:
        entry_id = cursor.lastrowid
    assert entry_id is not None
    return replace(entry, id=entry_id)


def _values(entry: AuditEntry) -> tuple[Any, ...]:
    return (
        entry.guild_id, entry.act, entry.created_at.isoformat(), entry.by_id, entry.by_name,
        entry.user_id, entry.user_name, entry.channel_id, entry.job_id,
        json.dumps(entry.image_ids), entry.words, entry.why,
        None if entry.until is None else entry.until.isoformat(), entry.about, int(entry.is_done),
    )  # fmt: skip


def _entry(row: aiosqlite.Row) -> AuditEntry:
    return AuditEntry(
        id=row["id"],
        guild_id=row["guild_id"],
        act=Act(row["act"]),
        created_at=dt.datetime.fromisoformat(row["created_at"]),
        by_id=row["by_id"],
        by_name=row["by_name"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        channel_id=row["channel_id"],
        job_id=row["job_id"],
        image_ids=tuple(json.loads(row["image_ids"])),
        words=row["words"],
        why=row["why"],
        until=_moment(row["until"]),
        about=row["about"],
        decision=None if row["decision"] is None else Decision(row["decision"]),
        decided_by=row["decided_by"],
        decided_by_name=row["decided_by_name"],
        decided_at=_moment(row["decided_at"]),
        log_channel_id=row["log_channel_id"],
        log_message_id=row["log_message_id"],
        is_done=bool(row["is_done"]),
    )


def _moment(given: str | None) -> dt.datetime | None:
    return None if given is None else dt.datetime.fromisoformat(given)


def _listed(names: Collection[str]) -> str:
    """Return constants of this program as a list of SQL."""
    return f"({', '.join(repr(str(each)) for each in sorted(names))})"
