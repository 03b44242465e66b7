"""Erasing rows so that nothing of them is left in the file: not in the index, not in free pages."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Final

import aiosqlite

from bot.storage.database import Database

_AMONG: Final = "(SELECT value FROM json_each(?))"
_MERGED_PAGES: Final = 500  # of the search index in one transaction: some milliseconds


async def erase_images(db: aiosqlite.Connection, ids: Sequence[str]) -> None:
    """Erase the rows of images, inside a transaction; a board that shows one keeps its copy."""
    listed = json.dumps(list(ids))
    found = await _rows(
        db,
        f"SELECT id, user_id, seed, created_at FROM generations WHERE id IN {_AMONG}",  # noqa: S608
        listed,
    )
    for row in found:  # the index finds a row by its facets; by the image's id it reads all rows
        day = row["created_at"][:10].replace("-", "")
        facets = (f"u{row['user_id']}", f"s{row['seed']}", f"d{day}")
        await db.execute(
            "DELETE FROM prompts WHERE rowid IN (SELECT rowid FROM prompts"
            " WHERE prompts MATCH ? AND generation_id = ?)",
            (" AND ".join(f'facets : "{each}"' for each in facets), row["id"]),
        )
    for sql in (
        "DELETE FROM copies WHERE generation_id IN",
        "DELETE FROM deletions WHERE generation_id IN",
        "DELETE FROM trash WHERE generation_id IN",
        "UPDATE board_items SET generation_id = NULL WHERE generation_id IN",
        "DELETE FROM generations WHERE id IN",
    ):
        await db.execute(f"{sql} {_AMONG}", (listed,))
    await db.execute("UPDATE erased SET num_images = num_images + ?", (len(found),))


async def erase_jobs(db: aiosqlite.Connection, ids: Collection[str]) -> None:
    """Erase the rows of jobs without images, inside a transaction."""
    listed = json.dumps(list(ids))
    await db.execute(f"DELETE FROM requests WHERE job_id IN {_AMONG}", (listed,))  # noqa: S608
    await db.execute(f"DELETE FROM breakdowns WHERE job_id IN {_AMONG}", (listed,))  # noqa: S608
    async with db.execute(f"DELETE FROM jobs WHERE id IN {_AMONG}", (listed,)) as cursor:  # noqa: S608
        await db.execute("UPDATE erased SET num_jobs = num_jobs + ?", (cursor.rowcount,))


async def scrub(database: Database) -> bool:
    """Let the files of the database lose what was erased from its tables.

    The search index marks words as deleted until its parts are merged, and the `-wal` file holds
    pages as they were.

    Returns:
        False while another program reads the database: try again later.

    """
    pages = -_MERGED_PAGES  # below zero, it begins to merge all parts into one
    while True:
        async with database.transaction() as db:
            before = db.total_changes
            await db.execute("INSERT INTO prompts(prompts, rank) VALUES ('merge', ?)", (pages,))
            if db.total_changes - before < 2:  # noqa: PLR2004 - of FTS5: nothing is left to do
                break
        pages = _MERGED_PAGES
    return await database.empty_log()


async def _rows(db: aiosqlite.Connection, sql: str, *values: object) -> list[aiosqlite.Row]:
    async with db.execute(sql, values) as cursor:
        return list(await cursor.fetchall())
