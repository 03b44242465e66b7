"""The tables of jobs: what was asked for, what became of it, and where drawing is paused."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from typing import Any, Final

import aiosqlite

from bot.domain.batches import batch_of
from bot.domain.jobs import Job, JobSource, JobState, now
from bot.domain.moderation import AuditEntry
from bot.domain.requests import Axis, OperationKind, Size
from bot.domain.rules import QuotaError
from bot.domain.scenes import ChannelKind
from bot.domain.viewers import HELD_CHANNEL, NO_CHANNEL
from bot.storage.audit import insert_entry
from bot.storage.charges import REFUND, Bill, ChargeTable
from bot.storage.database import Database
from bot.storage.requests import REQUEST_COLUMNS, request_of, request_values
from bot.storage.sources import input_rows

_ENDS: Final = (JobState.POSTED, JobState.FAILED, JobState.CANCELLED)
_INSERT_JOB: Final = (
    "INSERT INTO jobs (id, state, relation, parent_id, spoiler, guild_id, channel_id,"
    " user_id, user_name, locale, application_id, token, expires_at, created_at, changed_at, axis,"
    " message_id, upload_limit, role_ids, places, channel_kind, held_why, batch)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_IS_HELD: Final = "held_why IS NOT NULL AND approved_by IS NULL AND state IN ('queued', 'made')"
_INSERT_REQUEST: Final = (
    f"INSERT OR IGNORE INTO requests (job_id, position, parent_id, {', '.join(REQUEST_COLUMNS)})"  # noqa: S608 - names of columns only
    f" VALUES (?, ?, ?{', ?' * len(REQUEST_COLUMNS)})"
)


_INSERT_PLACE: Final = (
    "INSERT INTO places (channel_id, guild_id, is_age_restricted) VALUES (?, ?, ?)"
    " ON CONFLICT (channel_id) DO UPDATE SET is_age_restricted = excluded.is_age_restricted"
    " WHERE is_age_restricted <> excluded.is_age_restricted"
)
_INSERT_NEW_PLACE: Final = "INSERT OR IGNORE INTO places (channel_id, guild_id) VALUES (?, ?)"


class JobTable:
    """Jobs with their requests."""

    def __init__(self, database: Database) -> None:
        """Remember the connection."""
        self._database = database
        self._charges = ChargeTable(database)

    async def add(
        self,
        job: Job,
        bill: Bill | None = None,
        entry: AuditEntry | None = None,
        *,
        max_held: int | None = None,
    ) -> AuditEntry | None:
        """Write a new job with its requests, where it comes from, and what it costs.

        Args:
            job: The job.
            bill: What it costs.
            entry: What moderators are to read of it.
            max_held: How many jobs of one user may wait for a moderator.

        Returns:
            That, as it was written.

        Raises:
            QuotaError: Its requester or its server has no room for it; nothing is written.

        """
        async with self._database.transaction() as db:
            if max_held is not None:
                await self._check_held(job.origin.user_id, max_held)
            if bill is not None:
                await self._charges.settle(db, job, bill)
            await insert_job(db, job)
            if job.origin.guild_id is not None:
                await db.execute(_INSERT_PLACE, _place_values(job.origin))
            await insert_requests(db, job)
            return None if entry is None else await insert_entry(db, entry)

    async def _check_held(self, user_id: int, most: int) -> None:
        sql = f"SELECT COUNT(*) AS count FROM jobs WHERE user_id = ? AND {_IS_HELD}"  # noqa: S608 - a constant
        count = (await self._database.rows(sql, user_id))[0]["count"]
        if count >= most:
            raise QuotaError(
                "words",
                f"{count} of your jobs wait for a moderator, and {most} are the limit: wait for "
                "them, or cancel one with /cancel.",
            )

    async def held_of(self, user_id: int) -> list[Job]:
        """Return a user's jobs that wait for a moderator, oldest first."""
        rows = await self._database.rows(
            f"SELECT * FROM jobs WHERE user_id = ? AND {_IS_HELD} ORDER BY created_at, rowid",  # noqa: S608 - a constant
            user_id,
        )
        return [await self._job(row) for row in rows]

    async def start(self, job_id: str) -> None:
        """Record that the engine begins with a job, once more."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE jobs SET state = 'running', attempts = attempts + 1, changed_at = ?"
                " WHERE id = ?",
                (now().isoformat(), job_id),
            )

    async def hide(self, job_id: str) -> None:
        """Let a job's images be hidden until they are clicked."""
        async with self._database.transaction() as db:
            await db.execute("UPDATE jobs SET spoiler = 1 WHERE id = ?", (job_id,))

    async def set_posted(self, job_id: str) -> None:
        """Record that a job's images are posted; its interaction's token is of no more use."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE jobs SET state = 'posted', token = NULL, changed_at = ? WHERE id = ?",
                (now().isoformat(), job_id),
            )
            await db.execute(REFUND, (job_id,))

    async def set_failed(self, job_id: str, error: str) -> None:
        """Record why a job failed; its requester does not know yet."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE jobs SET state = 'failed', error = ?, is_told = 0, tried_since = NULL,"
                " changed_at = ? WHERE id = ?",
                (error, now().isoformat(), job_id),
            )
            await db.execute(REFUND, (job_id,))

    async def set_cancelled(self, job_id: str, *, by: int | None) -> None:
        """Record that a job was stopped; what was shown of it is not taken back yet."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE jobs SET state = 'cancelled', ended_by = ?, is_told = 0, changed_at = ?"
                " WHERE id = ?",
                (by, now().isoformat(), job_id),
            )
            await db.execute(REFUND, (job_id,))

    async def withdraw(self, job_id: str) -> None:
        """Record that a job was stopped that nobody waits for."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE jobs SET state = 'cancelled', is_told = 1, token = NULL, changed_at = ?"
                " WHERE id = ?",
                (now().isoformat(), job_id),
            )
            await db.execute(REFUND, (job_id,))

    async def set_told(self, job_id: str) -> None:
        """Record that the requester knows how a job ended; its token is of no more use."""
        async with self._database.transaction() as db:
            await db.execute("UPDATE jobs SET is_told = 1, token = NULL WHERE id = ?", (job_id,))

    async def unanswered_since(self, job_id: str) -> dt.datetime:
        """Record that a requester could not be answered; return since when that is so."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE jobs SET tried_since = COALESCE(tried_since, ?) WHERE id = ?",
                (now().isoformat(), job_id),
            )
            [row] = await self._database.rows("SELECT tried_since FROM jobs WHERE id = ?", job_id)
        return dt.datetime.fromisoformat(row["tried_since"])

    async def set_message(self, job_id: str, channel_id: int, message_id: int) -> None:
        """Record which message answers a job."""
        async with self._database.transaction() as db:
            await db.execute("UPDATE jobs SET message_id = ? WHERE id = ?", (message_id, job_id))
            await db.execute(
                "UPDATE generations SET message_id = ?2,"
                " channel_id = CASE channel_id WHEN ?4 THEN channel_id ELSE ?1 END"
                " WHERE job_id = ?3 AND deleted_at IS NULL",
                (channel_id, message_id, job_id, HELD_CHANNEL),
            )

    async def posting_since(self, job_id: str) -> dt.datetime | None:
        """Return when a message with a job's images was first about to be posted, if ever."""
        rows = await self._database.rows("SELECT posting_at FROM jobs WHERE id = ?", job_id)
        moment = rows[0]["posting_at"] if rows else None
        return None if moment is None else dt.datetime.fromisoformat(moment)

    async def set_posting(self, job_id: str) -> dt.datetime:
        """Record that a message with a job's images is about to be posted; return since when."""
        moment = now()
        async with self._database.transaction() as db:
            if (known := await self.posting_since(job_id)) is not None:
                return known
            await db.execute(
                "UPDATE jobs SET posting_at = ? WHERE id = ?", (moment.isoformat(), job_id)
            )
        return moment

    async def set_moved(self, job_id: str) -> None:
        """Record that a moderator moved a job to the front."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE jobs SET moved_at = ? WHERE id = ?", (now().isoformat(), job_id)
            )

    async def find(self, job_id: str) -> Job | None:
        """Return a job by its id."""
        rows = await self._database.rows("SELECT * FROM jobs WHERE id = ?", job_id)
        return await self._job(rows[0]) if rows else None

    async def is_over(self, job_id: str) -> bool:
        """Tell whether a job came to one of its ends: its message will not change any more."""
        return bool(
            await self._database.rows(
                "SELECT 1 FROM jobs WHERE id = ? AND state IN (?, ?, ?)", job_id, *_ENDS
            )
        )

    async def known(self, ids: Collection[str]) -> set[str]:
        """Return those of some ids that a job has."""
        found = [await self._database.rows("SELECT id FROM jobs WHERE id = ?", id_) for id_ in ids]
        return {rows[0]["id"] for rows in found if rows}

    async def unfinished(self) -> list[Job]:
        """Return the jobs that wait, were running, are not posted or not told, oldest first.

        Those that wait for a moderator are not among them.
        """
        rows = await self._database.rows(
            "SELECT * FROM jobs WHERE (state IN ('queued', 'running', 'made') OR is_told = 0)"  # noqa: S608 - a constant
            f" AND NOT ({_IS_HELD}) ORDER BY created_at, rowid"
        )
        return [await self._job(row) for row in rows]

    async def moved(self) -> list[str]:
        """Return the ids of the waiting jobs that were moved to the front, the first one first."""
        rows = await self._database.rows(
            "SELECT id FROM jobs WHERE state IN ('queued', 'running') AND moved_at IS NOT NULL"
            " ORDER BY moved_at DESC"
        )
        return [row["id"] for row in rows]

    async def recent_sizes(self, user_id: int, *, limit: int = 5) -> list[Size]:
        """Return the sizes a user had drawn last, newest first, each once; no upscaled ones."""
        rows = await self._database.rows(
            "SELECT width, height FROM requests JOIN jobs ON jobs.id = requests.job_id"
            " WHERE user_id = ? AND json_extract(other_fields, '$.operation.kind') IS NOT ?"
            " GROUP BY width, height ORDER BY MAX(created_at) DESC LIMIT ?",
            user_id, OperationKind.UPSCALE, limit,
        )  # fmt: skip
        return [Size(width=row["width"], height=row["height"]) for row in rows]

    async def locale_of(self, user_id: int) -> str:
        """Return the language of a user's last job; English where there is none."""
        rows = await self._database.rows(
            "SELECT locale FROM jobs WHERE user_id = ? ORDER BY created_at DESC LIMIT 1", user_id
        )
        return str(rows[0]["locale"]) if rows else "en-US"

    async def pauses(self) -> set[int]:
        """Return the guilds whose jobs are held back; 0 is everywhere."""
        return {row["guild_id"] for row in await self._database.rows("SELECT * FROM pauses")}

    async def pause(self, guild_id: int, *, by: int) -> None:
        """Record that a guild's jobs are held back."""
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT OR REPLACE INTO pauses (guild_id, user_id, created_at) VALUES (?, ?, ?)",
                (guild_id, by, now().isoformat()),
            )

    async def unpause(self, guild_id: int) -> None:
        """Record that a guild's jobs go on."""
        async with self._database.transaction() as db:
            await db.execute("DELETE FROM pauses WHERE guild_id = ?", (guild_id,))

    async def _job(self, row: aiosqlite.Row) -> Job:
        requests = await self._database.rows(
            "SELECT * FROM requests WHERE job_id = ? ORDER BY position", row["id"]
        )
        return Job(
            id=row["id"],
            requests=tuple(request_of(each) for each in requests),
            origin=_origin(row),
            parents=tuple(each["parent_id"] for each in requests if each["parent_id"] is not None),
            relation=row["relation"],
            spoiler=bool(row["spoiler"]),
            created_at=dt.datetime.fromisoformat(row["created_at"]),
            state=JobState(row["state"]),
            message_id=row["message_id"],
            attempts=row["attempts"],
            error=row["error"],
            ended_by=row["ended_by"],
            axis=None if row["axis"] is None else Axis(row["axis"]),
            batch=batch_of(row["batch"]),
            held_why=row["held_why"],
            approved_by=row["approved_by"],
        )


async def insert_job(db: aiosqlite.Connection, job: Job) -> None:
    """Write a job without its requests, and its place if that is new, inside a transaction."""
    await db.execute(_INSERT_JOB, _job_values(job))
    if job.origin.guild_id is not None and job.origin.channel_id != NO_CHANNEL:
        await db.execute(_INSERT_NEW_PLACE, (job.origin.channel_id, job.origin.guild_id))


async def insert_requests(db: aiosqlite.Connection, job: Job, *, first: int = 0) -> None:
    """Write the requests of a job from a position on; one that is there stays."""
    await db.executemany(
        _INSERT_REQUEST,
        [
            (job.id, first + i, job.parent_of(i), *request_values(request))
            for i, request in enumerate(job.requests)
        ],
    )
    await db.executemany(
        "INSERT OR IGNORE INTO inputs (job_id, position, place, pixel_sha256) VALUES (?, ?, ?, ?)",
        list(input_rows(job, first=first)),
    )


def _job_values(job: Job) -> tuple[Any, ...]:
    origin = job.origin
    return (
        job.id, job.state, job.relation, job.parent_of(0), int(job.spoiler),
        origin.guild_id, origin.channel_id, origin.user_id, origin.user_name,
        origin.locale, origin.application_id, origin.token,
        origin.expires_at.isoformat(), job.created_at.isoformat(), job.created_at.isoformat(),
        job.axis, job.message_id, origin.upload_limit,
        json.dumps(sorted(origin.role_ids)), json.dumps(origin.places), origin.channel_kind,
        job.held_why, None if job.batch is None else job.batch.to_json(),
    )  # fmt: skip


def _place_values(origin: JobSource) -> tuple[Any, ...]:
    is_age_restricted = origin.channel_kind is ChannelKind.AGE_RESTRICTED
    return origin.channel_id, origin.guild_id, int(is_age_restricted)


def _origin(row: aiosqlite.Row) -> JobSource:
    return JobSource(
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        locale=row["locale"],
        application_id=row["application_id"],
        token=row["token"],
        expires_at=dt.datetime.fromisoformat(row["expires_at"]),
        upload_limit=row["upload_limit"],
        channel_kind=ChannelKind(row["channel_kind"]),
        role_ids=frozenset(json.loads(row["role_ids"])),
        places=tuple(json.loads(row["places"])),
    )
