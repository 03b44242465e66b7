"""Rows that are made again from files, in a database that nothing else uses meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import aiosqlite

from bot.domain.jobs import Generation, Job, now
from bot.storage.boards.restoration import BoardRestoration
from bot.storage.generation_rows import insert_generations
from bot.storage.jobs import insert_job, insert_requests
from bot.storage.record_documents import Visibility
from bot.storage.search_index import index_facets
from bot.storage.store import Store
from bot.storage.trash import bring_back_places

FATE_UNKNOWN: Final = (
    "The bot's data were damaged and brought back from a copy, and what became of this job is not "
    "known: ask for it again."
)


NOBODY: Final = 0  # no user of Discord has this id


class Restoration:
    """The changes that bring a copy of the database to the state of the files beside it."""

    def __init__(self, store: Store) -> None:
        """Use an open store."""
        self._store = store
        self._database = store.database
        self.boards = BoardRestoration(store.database)

    async def add_images(
        self, found: Iterable[tuple[Job, Generation]]
    ) -> list[tuple[Job, Generation]]:
        """Write images with their jobs, in one transaction; those that are there already stay.

        Returns:
            Those that were written.

        """
        added = []
        async with self._database.transaction() as db:
            for job, generation in found:
                if await self._count("SELECT count(*) FROM generations WHERE id = ?"
                                     " OR (job_id = ? AND position = ?)",
                                     generation.id, job.id, generation.index):  # fmt: skip
                    continue
                if not await self._count("SELECT count(*) FROM jobs WHERE id = ?", job.id):
                    await insert_job(db, job)
                await insert_requests(db, job, first=generation.index)
                await insert_generations(db, job, [generation])
                await db.execute(
                    "UPDATE generations SET has_record = 1 WHERE id = ?", (generation.id,)
                )
                added.append((job, generation))
        return added

    async def give(self, guild_id: int | None, user_id: int | None) -> list[tuple[Job, Generation]]:
        """Give the images that nobody is known to have asked for to somebody; return them."""
        rows = await self._database.rows(
            "SELECT id, job_id FROM generations"
            " WHERE user_id = ? AND guild_id IS NULL AND deleted_at IS NULL",
            NOBODY,
        )
        async with self._database.transaction() as db:
            for table, column in (("generations", "id"), ("jobs", "job_id")):
                await db.executemany(
                    f"UPDATE {table} SET guild_id = ?, user_id = ? WHERE id = ?",  # noqa: S608
                    [(guild_id, user_id or NOBODY, row[column]) for row in rows],
                )
        given = [(await self._job(row["job_id"]), await self._image(row["id"])) for row in rows]
        async with self._database.transaction() as db:
            await db.executemany(
                "UPDATE prompts SET facets = ? WHERE generation_id = ?",
                [(index_facets(image), image.id) for _, image in given],
            )
        return given

    async def _job(self, job_id: str) -> Job:
        job = await self._store.jobs.find(job_id)
        assert job is not None
        return job

    async def _image(self, image_id: str) -> Generation:
        image = await self._store.generations.find(image_id, None)
        assert image is not None
        return image

    async def live_pixels(self) -> list[str]:
        """Return the pixels' SHA-256 of all images that are not deleted, each once."""
        rows = await self._database.rows(
            "SELECT DISTINCT pixel_sha256 FROM generations WHERE deleted_at IS NULL"
        )
        return [row["pixel_sha256"] for row in rows]

    async def live_images(self, pixel_sha256: str) -> list[aiosqlite.Row]:
        """Return id, job, position and `has_record` of the images with some pixels."""
        return await self._database.rows(
            "SELECT id, job_id, position, has_record FROM generations"
            " WHERE pixel_sha256 = ? AND deleted_at IS NULL",
            pixel_sha256,
        )

    async def note(self, found: Sequence[Visibility], *, is_current: bool) -> tuple[int, int]:
        """Write where images are shown, and which of them are on their way out.

        Args:
            found: What records tell; of images without a row, nothing is written.
            is_current: Whether the rows may be newer than the records.

        Returns:
            How many images were shown elsewhere than their rows said, and how many deletions will
            go on.

        """
        live = [each for each in found if each.deletion is None]
        out = [(each.deletion, *each.place) for each in found if each.deletion is not None]
        async with self._database.transaction() as db:
            moved = await db.executemany(
                "UPDATE generations SET message_id = ?1 WHERE job_id = ?2 AND position = ?3"
                " AND deleted_at IS NULL AND message_id IS NOT ?1 AND (message_id IS NULL OR ?4)",
                [
                    (each.message.message_id, *each.place, not is_current)
                    for each in live
                    if each.message is not None
                ],
            )
            if not is_current:  # what was brought back since the copy is no longer deleted
                await bring_back_places(db, [each.place for each in live])
            await db.executemany(
                "UPDATE generations SET deleted_at = COALESCE(deleted_at, ?)"
                " WHERE job_id = ? AND position = ?",
                [(deletion.created_at.isoformat(), *place) for deletion, *place in out],
            )
            going_on = await db.executemany(
                "INSERT INTO deletions (generation_id, user_id, locale, created_at)"
                " SELECT id, ?, ?, ? FROM generations WHERE job_id = ? AND position = ?"
                " ON CONFLICT DO NOTHING",
                [
                    (each.user_id, each.locale, each.created_at.isoformat(), *place)
                    for each, *place in out
                ],
            )
            await db.executemany(
                "INSERT INTO copies (message_id, generation_id, channel_id)"
                " SELECT ?1, id, ?2 FROM generations WHERE job_id = ?3 AND position = ?4"
                " AND message_id IS NOT ?1 ON CONFLICT DO NOTHING",
                [
                    (message.message_id, message.channel_id, *each.place)
                    for each in found
                    for message in each.messages
                ],
            )
        return max(moved.rowcount, 0), max(going_on.rowcount, 0)

    async def mark_deleted(self, ids: Collection[str]) -> None:
        """Mark images as deleted that were so after the copy was made."""
        async with self._database.transaction() as db:
            await db.executemany(
                "UPDATE generations SET deleted_at = ? WHERE id = ?",
                [(now().isoformat(), id_) for id_ in ids],
            )

    async def unfinished(self) -> dict[str, int]:
        """Return how many images each job wants that waits or was being drawn; 0 of one made."""
        rows = await self._database.rows(
            "SELECT jobs.id, CASE state WHEN 'made' THEN 0 ELSE count(*) END AS num"
            " FROM jobs JOIN requests ON job_id = jobs.id"
            " WHERE state IN ('queued', 'running', 'made') GROUP BY jobs.id"
        )
        return {row["id"]: row["num"] for row in rows}

    async def set_ended(self, posted: Mapping[str, int | None], made: Collection[str]) -> None:
        """Record of unfinished jobs that they ended: posted in a message, or made at least."""
        async with self._database.transaction() as db:
            await db.executemany(
                "UPDATE jobs SET state = 'posted', is_told = 1, token = NULL,"
                " message_id = COALESCE(?, message_id)"
                " WHERE id = ? AND state IN ('queued', 'running', 'made')",
                [(message_id, job_id) for job_id, message_id in posted.items()],
            )
            await db.executemany(
                "UPDATE jobs SET state = 'made' WHERE id = ? AND state IN ('queued', 'running')",
                [(job_id,) for job_id in made],
            )

    async def give_up(self, job_ids: Collection[str]) -> None:
        """Let jobs fail of which nobody knows whether they were drawn after the copy was made."""
        async with self._database.transaction() as db:
            await db.executemany(
                "UPDATE jobs SET state = 'failed', is_told = 0, error = ?, changed_at = ?"
                " WHERE id = ?",
                [(FATE_UNKNOWN, now().isoformat(), job_id) for job_id in job_ids],
            )

    async def distrust_messages(self) -> None:
        """Have the channel looked at before anything that is unfinished is posted."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE jobs SET posting_at = COALESCE(posting_at, ?)"
                " WHERE state IN ('queued', 'running', 'made')",
                (now().isoformat(),),
            )

    async def _count(self, sql: str, *values: object) -> int:
        return int((await self._database.rows(sql, *values))[0][0])
