"""The record of everything that was asked for and made, in SQLite; the only module with SQL."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import aiosqlite

from bot.errors import BotError
from bot.generation import GenerationRequest, Quality, Size
from bot.jobs import Generation, Job, JobState, Origin, Scope, now

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_BUSY_MS: Final = 10_000  # how long a write waits for another program that reads the database


class DatabaseError(BotError):
    """The database cannot be used."""


class Store:
    """One connection; writes are transactions, one after the other."""

    def __init__(self, path: Path, *, images: Path) -> None:
        """Remember where the database and the image files are."""
        self._path = path
        self._images = images
        self._transaction = asyncio.Lock()
        self._db: aiosqlite.Connection

    async def __aenter__(self) -> Self:
        """Open the database and bring it to this program's version.

        Raises:
            DatabaseError: It is damaged, locked, unwritable, or of a newer version.

        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._db = await aiosqlite.connect(self._path, isolation_level=None)
            await self._prepare()
        except (OSError, sqlite3.Error) as error:
            await self._close_quietly()
            raise DatabaseError(
                f"The database {self._path} cannot be used ({error}): check the disk and its "
                "permissions, or move the file away to begin a new one."
            ) from error
        except BaseException:
            await self._close_quietly()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the database."""
        await self._db.close()

    async def _close_quietly(self) -> None:
        if hasattr(self, "_db"):
            await self._db.close()

    async def _prepare(self) -> None:
        self._db.row_factory = aiosqlite.Row
        await self._db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        await self._db.execute("PRAGMA journal_mode = WAL")
        await self._db.execute(
            "PRAGMA synchronous = FULL"
        )  # an acknowledged job survives a power cut
        await self._db.execute("PRAGMA foreign_keys = ON")
        await self._migrate()

    async def _migrate(self) -> None:
        """Run each migration that is new, together with its version, in one transaction."""
        scripts = sorted(_MIGRATIONS.glob("*.sql"))
        async with self._db.execute("PRAGMA user_version") as cursor:
            row = await cursor.fetchone()
        version = int(row[0]) if row else 0
        if version > len(scripts):
            raise DatabaseError(
                f"The database {self._path} has version {version}, this program knows "
                f"{len(scripts)}: update the program, or point DATA_DIR to another folder."
            )
        for number, script in enumerate(scripts[version:], start=version + 1):
            sql = script.read_text(encoding="utf-8")
            await self._db.executescript(
                f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;"
            )

    @contextlib.asynccontextmanager
    async def _write(self) -> AsyncIterator[aiosqlite.Connection]:
        """Run a transaction: all of it is kept, or nothing."""
        async with self._transaction:
            await self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                await self._db.execute("ROLLBACK")
                raise
            await self._db.execute("COMMIT")

    async def _rows(self, sql: str, *values: object) -> list[aiosqlite.Row]:
        async with self._db.execute(sql, values) as cursor:
            return list(await cursor.fetchall())

    # Jobs

    async def add_job(self, job: Job) -> None:
        """Write a new job with its requests."""
        origin = job.origin
        async with self._write() as db:
            await db.execute(
                "INSERT INTO jobs (id, state, relation, parent_id, spoiler, guild_id, channel_id,"
                " user_id, user_name, locale, application_id, token, expires_at, created_at,"
                " changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job.id, job.state, job.relation, job.parent_id, int(job.spoiler),
                    origin.guild_id, origin.channel_id, origin.user_id, origin.user_name,
                    origin.locale, origin.application_id, origin.token,
                    origin.expires_at.isoformat(), job.created_at.isoformat(),
                    job.created_at.isoformat(),
                ),
            )  # fmt: skip
            await db.executemany(
                "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(job.id, i, *_request_values(request)) for i, request in enumerate(job.requests)],
            )

    async def start_job(self, job_id: str) -> None:
        """Record that the engine begins with a job, once more."""
        async with self._write() as db:
            await db.execute(
                "UPDATE jobs SET state = 'running', attempts = attempts + 1, changed_at = ?"
                " WHERE id = ?",
                (now().isoformat(), job_id),
            )

    async def end_job(self, job_id: str, state: JobState, *, error: str | None = None) -> None:
        """Record how a job ended; its interaction's token is of no more use."""
        async with self._write() as db:
            await db.execute(
                "UPDATE jobs SET state = ?, error = ?, token = NULL, changed_at = ? WHERE id = ?",
                (state, error, now().isoformat(), job_id),
            )

    async def set_message(self, job_id: str, channel_id: int, message_id: int) -> None:
        """Record which message answers a job."""
        async with self._write() as db:
            await db.execute("UPDATE jobs SET message_id = ? WHERE id = ?", (message_id, job_id))
            await db.execute(
                "UPDATE generations SET channel_id = ?, message_id = ? WHERE job_id = ?",
                (channel_id, message_id, job_id),
            )

    async def job(self, job_id: str) -> Job | None:
        """Return a job by its id."""
        rows = await self._rows("SELECT * FROM jobs WHERE id = ?", job_id)
        return await self._job(rows[0]) if rows else None

    async def unfinished_jobs(self) -> list[Job]:
        """Return the jobs that wait, were running or are not posted yet, oldest first."""
        rows = await self._rows(
            "SELECT * FROM jobs WHERE state IN ('queued', 'running', 'made')"
            " ORDER BY created_at, rowid"
        )
        return [await self._job(row) for row in rows]

    async def _job(self, row: aiosqlite.Row) -> Job:
        requests = await self._rows(
            "SELECT * FROM requests WHERE job_id = ? ORDER BY position", row["id"]
        )
        return Job(
            id=row["id"],
            requests=tuple(_request(each) for each in requests),
            origin=_origin(row),
            parent_id=row["parent_id"],
            relation=row["relation"],
            spoiler=bool(row["spoiler"]),
            created_at=dt.datetime.fromisoformat(row["created_at"]),
            state=JobState(row["state"]),
            message_id=row["message_id"],
            attempts=row["attempts"],
        )

    # Generations

    async def finish_job(self, job: Job, generations: Sequence[Generation]) -> None:
        """Write the images of a job, whose files are there, and that it is made: all or nothing."""
        async with self._write() as db:
            await db.executemany(_INSERT_GENERATION, [_values(job, each) for each in generations])
            await db.execute(
                "UPDATE jobs SET state = 'made', changed_at = ? WHERE id = ?",
                (now().isoformat(), job.id),
            )

    async def generations_of(self, job_id: str) -> list[Generation]:
        """Return the images of a job, deleted ones too."""
        return self._generations(
            await self._rows("SELECT * FROM generations WHERE job_id = ? ORDER BY position", job_id)
        )

    async def generation(self, generation_id: str, scope: Scope | None = None) -> Generation | None:
        """Return an image that is not deleted, if it may be seen from `scope` (None: anywhere)."""
        where, values = _where(scope)
        found = self._generations(
            await self._rows(
                f"SELECT * FROM generations WHERE id = ? AND deleted_at IS NULL{where}",  # noqa: S608
                generation_id,
                *values,
            )
        )
        return found[0] if found else None

    async def originals(self, job: Job) -> list[Generation]:
        """Return the images of the job that the parent of `job` belongs to."""
        rows = await self._rows("SELECT job_id FROM generations WHERE id = ?", job.parent_id)
        return await self.generations_of(rows[0]["job_id"]) if rows else []

    async def history(
        self, *, scope: Scope, search: str, user_id: int | None, offset: int, limit: int
    ) -> list[Generation]:
        """Return images of a place, newest first, whose prompt holds `search`."""
        where, values = _where(scope)
        if user_id is not None:
            where, values = f"{where} AND user_id = ?", [*values, user_id]
        pattern = "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = await self._rows(
            f"SELECT * FROM generations WHERE deleted_at IS NULL{where}"  # noqa: S608
            " AND prompt LIKE ? ESCAPE '\\' ORDER BY created_at DESC, position DESC"
            " LIMIT ? OFFSET ?",
            *values, pattern, limit, offset,
        )  # fmt: skip
        return self._generations(rows)

    async def delete_generation(self, generation_id: str) -> bool:
        """Mark an image as deleted; return whether no other image has the same file."""
        async with self._write() as db:
            await db.execute(
                "UPDATE generations SET deleted_at = ? WHERE id = ?",
                (now().isoformat(), generation_id),
            )
            rows = await self._rows(
                "SELECT 1 FROM generations WHERE deleted_at IS NULL AND pixel_sha256 ="
                " (SELECT pixel_sha256 FROM generations WHERE id = ?) LIMIT 1",
                generation_id,
            )
        return not rows

    async def recent_sizes(self, user_id: int, *, limit: int = 5) -> list[Size]:
        """Return the sizes a user asked for last, newest first, each once."""
        rows = await self._rows(
            "SELECT width, height FROM requests JOIN jobs ON jobs.id = requests.job_id"
            " WHERE user_id = ? GROUP BY width, height ORDER BY MAX(created_at) DESC LIMIT ?",
            user_id, limit,
        )  # fmt: skip
        return [Size(width=row["width"], height=row["height"]) for row in rows]

    def _generations(self, rows: Iterable[aiosqlite.Row]) -> list[Generation]:
        return [_generation(row, self.image_path(row["pixel_sha256"])) for row in rows]

    def image_path(self, pixel_sha256: str) -> Path:
        """Return where the file with these pixels is, or would be."""
        return self._images / pixel_sha256[:2] / f"{pixel_sha256}.png"

    # Models and speeds

    async def record_model(self, model_id: str, revision: str, manifest: Mapping[str, str]) -> None:
        """Record the hashes of a model's files, once."""
        async with self._write() as db:
            await db.executemany(
                "INSERT OR IGNORE INTO model_files VALUES (?, ?, ?, ?)",
                [(model_id, revision, path, md5) for path, md5 in manifest.items()],
            )

    async def speeds(self, model_id: str, device: str) -> dict[int, float]:
        """Return seconds a forward by image tokens, as this machine drew them."""
        rows = await self._rows(
            "SELECT tokens, seconds_per_forward FROM speeds WHERE model_id = ? AND device = ?",
            model_id, device,
        )  # fmt: skip
        return {row["tokens"]: row["seconds_per_forward"] for row in rows}

    async def set_speed(
        self, model_id: str, device: str, *, tokens: int, seconds_per_forward: float
    ) -> None:
        """Record how long a forward takes."""
        async with self._write() as db:
            await db.execute(
                "INSERT OR REPLACE INTO speeds VALUES (?, ?, ?, ?)",
                (model_id, device, tokens, seconds_per_forward),
            )


_COLUMNS: Final = (
    "id", "job_id", "position", "relation", "parent_id", "user_id", "guild_id", "channel_id",
    "message_id", "prompt", "prompt_used", "seed", "width", "height", "quality",
    "num_inference_steps", "sigmas", "guidance_scale", "model_id", "model_revision", "dtype",
    "device", "torch", "diffusers", "transformers", "conditions", "durations", "pixel_sha256",
    "created_at",
)  # fmt: skip
_INSERT_GENERATION: Final = (
    f"INSERT INTO generations ({', '.join(_COLUMNS)})"  # noqa: S608 - names of columns only
    f" VALUES ({', '.join('?' * len(_COLUMNS))})"
)


def _where(scope: Scope | None) -> tuple[str, list[object]]:
    """Return the condition that keeps a reader within their guild or their direct messages."""
    if scope is None:
        return "", []
    if scope.guild_id is not None:
        return " AND guild_id = ?", [scope.guild_id]
    return " AND guild_id IS NULL AND user_id = ?", [scope.user_id]


def _request_values(request: GenerationRequest) -> tuple[Any, ...]:
    return (
        request.prompt, request.seed, request.size.width, request.size.height,
        request.quality, request.guidance_scale,
    )  # fmt: skip


def _request(row: aiosqlite.Row) -> GenerationRequest:
    return GenerationRequest(
        prompt=row["prompt"],
        seed=row["seed"],
        size=Size(width=row["width"], height=row["height"]),
        quality=Quality(row["quality"]),
        guidance_scale=row["guidance_scale"],
    )


def _origin(row: aiosqlite.Row) -> Origin:
    return Origin(
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        locale=row["locale"],
        application_id=row["application_id"],
        token=row["token"],
        expires_at=dt.datetime.fromisoformat(row["expires_at"]),
    )


def _values(job: Job, generation: Generation) -> tuple[Any, ...]:
    request, made = generation.request, generation.conditions
    return (
        generation.id, job.id, generation.index, job.relation, job.parent_id,
        job.origin.user_id, job.origin.guild_id, job.origin.channel_id, job.message_id,
        request.prompt, made["prompt_used"], request.seed, request.size.width, request.size.height,
        request.quality, made["num_inference_steps"], json.dumps(made["sigmas"]),
        request.guidance_scale, made["model"], made["revision"], made["dtype"], made["device"],
        made["torch"], made["diffusers"], made["transformers"],
        json.dumps(dict(made), ensure_ascii=False), json.dumps(dict(generation.durations_s)),
        generation.pixel_sha256, generation.created_at.isoformat(),
    )  # fmt: skip


def _generation(row: aiosqlite.Row, path: Path) -> Generation:
    return Generation(
        id=row["id"],
        job_id=row["job_id"],
        index=row["position"],
        request=_request(row),
        path=path,
        pixel_sha256=row["pixel_sha256"],
        conditions=json.loads(row["conditions"]),
        durations_s=json.loads(row["durations"]),
        user_id=row["user_id"],
        guild_id=row["guild_id"],
        parent_id=row["parent_id"],
        created_at=dt.datetime.fromisoformat(row["created_at"]),
        relation=row["relation"],
        channel_id=row["channel_id"],
        message_id=row["message_id"],
    )
