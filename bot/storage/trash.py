"""The table of deleted images that can be brought back, by who deleted them, until a time."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import aiosqlite

from bot.storage.boards import BoardChange, BoardTable
from bot.storage.database import Database

_AMONG: Final = "(SELECT value FROM json_each(?))"


@dataclass(frozen=True, kw_only=True)
class TrashEntry:
    """Images that were deleted together, and come back together.

    Attributes:
        id: What a button names them by.
        until: When they are gone for good.
        sizes: Of their files in bytes, by their ids, where they are about to be deleted.

    """

    id: str
    created_at: dt.datetime
    until: dt.datetime
    sizes: Mapping[str, int] = field(default_factory=dict)


async def put_in_trash(
    db: aiosqlite.Connection, entry: TrashEntry, ids: Sequence[str], *, by: int
) -> None:
    """Keep images that are about to be marked as deleted, inside a transaction.

    One that is deleted already is kept no longer than it is; see `take_over`.
    """
    await db.executemany(
        "INSERT INTO trash (generation_id, trash_id, user_id, created_at, until, size_bytes)"
        " SELECT id, ?, ?, ?, ?, ? FROM generations WHERE id = ? AND deleted_at IS NULL"
        " ON CONFLICT DO NOTHING",
        [
            (
                entry.id,
                by,
                entry.created_at.isoformat(),
                entry.until.isoformat(),
                entry.sizes[each],
                each,
            )
            for each in ids
        ],
    )


async def take_over(db: aiosqlite.Connection, ids: Sequence[str], *, by: int) -> None:
    """Let nobody but `by` bring back what they delete once more, unless they made it themselves.

    So a requester cannot bring back what a moderator deleted behind them.
    """
    await db.executemany(
        "UPDATE trash SET user_id = ?1 WHERE generation_id = ?2"
        " AND ?1 <> (SELECT user_id FROM generations WHERE id = ?2)",
        [(by, each) for each in ids],
    )


async def empty_trash(db: aiosqlite.Connection, ids: Sequence[str]) -> None:
    """Let images be gone for good, inside a transaction."""
    await db.executemany("DELETE FROM trash WHERE generation_id = ?", [(each,) for each in ids])


async def bring_back_places(db: aiosqlite.Connection, places: Sequence[tuple[str, int]]) -> None:
    """Let images be no longer deleted, by job and position, as far as they are in the trash."""
    of_place = "SELECT id FROM generations WHERE job_id = ? AND position = ?"
    await db.executemany(
        "UPDATE generations SET deleted_at = NULL WHERE job_id = ? AND position = ?"
        " AND id IN (SELECT generation_id FROM trash)",
        places,
    )
    await db.executemany(f"DELETE FROM trash WHERE generation_id IN ({of_place})", places)  # noqa: S608 - a constant


class TrashTable:
    """Deleted images that can be brought back."""

    def __init__(self, database: Database, *, boards: BoardTable) -> None:
        self._database = database
        self._boards = boards

    async def size_bytes(self) -> int:
        """Return what the files of all of them weigh."""
        [row] = await self._database.rows("SELECT COALESCE(sum(size_bytes), 0) FROM trash")
        return int(row[0])

    async def entry_of(self, ids: Sequence[str], user_id: int) -> TrashEntry | None:
        """Return what somebody can bring back of some images; the newest, where that is several."""
        rows = await self._database.rows(
            f"SELECT * FROM trash WHERE generation_id IN {_AMONG} AND user_id = ?"  # noqa: S608 - a constant
            " ORDER BY created_at DESC LIMIT 1",
            json.dumps(list(ids)), user_id,
        )  # fmt: skip
        return _entry(rows[0]) if rows else None

    async def find(
        self, trash_id: str, user_id: int, *, at: dt.datetime
    ) -> tuple[TrashEntry, list[str]] | None:
        """Return what somebody can bring back under an id at a time, and the ids of the images."""
        rows = await self._database.rows(
            "SELECT trash.* FROM trash JOIN generations ON generations.id = generation_id"
            " WHERE trash_id = ? AND trash.user_id = ? AND until > ?"
            " ORDER BY generations.created_at, position",
            trash_id, user_id, at.isoformat(),
        )  # fmt: skip
        return (_entry(rows[0]), [row["generation_id"] for row in rows]) if rows else None

    async def is_leaving(self, ids: Sequence[str]) -> bool:
        """Tell whether images have not left Discord yet."""
        return bool(
            await self._database.rows(
                f"SELECT 1 FROM deletions WHERE generation_id IN {_AMONG} LIMIT 1",  # noqa: S608 - a constant
                json.dumps(list(ids)),
            )
        )

    async def is_gone(self, generation_id: str) -> bool:
        """Tell whether an image is deleted and nobody can bring it back."""
        return bool(
            await self._database.rows(
                "SELECT 1 FROM generations WHERE id = ? AND deleted_at IS NOT NULL"
                " AND id NOT IN (SELECT generation_id FROM trash)",
                generation_id,
            )
        )

    async def due(self, at: dt.datetime) -> list[str]:
        """Return the ids of the images that nobody can bring back any more at a time."""
        rows = await self._database.rows(
            "SELECT generation_id FROM trash WHERE until <= ? ORDER BY until", at.isoformat()
        )
        return [row["generation_id"] for row in rows]

    @contextlib.asynccontextmanager
    async def bring_back(
        self, trash_id: str, user_id: int, *, at: dt.datetime
    ) -> AsyncIterator[tuple[list[str], BoardChange]]:
        """Bring images back and have their jobs posted again, in one transaction with the boards.

        Yields:
            The ids of their jobs, none where there is nothing to bring back any more; and what
            changes boards in the same transaction.

        """
        async with self._database.transaction() as db:
            found = await self.find(trash_id, user_id, at=at)
            listed = json.dumps([] if found is None else found[1])
            rows = await self._database.rows(
                f"SELECT DISTINCT job_id FROM generations WHERE id IN {_AMONG}"  # noqa: S608 - a constant
                " ORDER BY created_at",
                listed,
            )
            job_ids = [row["job_id"] for row in rows]
            for sql in (
                f"UPDATE generations SET deleted_at = NULL WHERE id IN {_AMONG}",  # noqa: S608 - a constant
                f"DELETE FROM trash WHERE generation_id IN {_AMONG}",  # noqa: S608 - a constant
            ):
                await db.execute(sql, (listed,))
            # A job that failed could not be posted, which is tried anew.
            await db.execute(
                "UPDATE jobs SET error = CASE state WHEN 'failed' THEN NULL ELSE error END,"  # noqa: S608 - a constant
                " state = 'made', is_told = 1, tried_since = NULL, posting_at = NULL,"
                f" changed_at = ? WHERE id IN {_AMONG}",
                (at.isoformat(), json.dumps(job_ids)),
            )
            yield job_ids, BoardChange(db, self._database, folder=self._boards.folder)


def _entry(row: aiosqlite.Row) -> TrashEntry:
    return TrashEntry(
        id=row["trash_id"],
        created_at=dt.datetime.fromisoformat(row["created_at"]),
        until=dt.datetime.fromisoformat(row["until"]),
    )
