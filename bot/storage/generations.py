"""The table of finished images, each with everything that made it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.domain.jobs import Generation, Job, now
from bot.domain.moderation import AuditEntry
from bot.domain.search import Search
from bot.domain.viewers import HELD_CHANNEL, Viewer
from bot.storage.audit import insert_entry
from bot.storage.database import Database
from bot.storage.generation_rows import generation_of, insert_generations, score_text
from bot.storage.record_documents import Place
from bot.storage.search_index import match_expression, sees_little, unindexed_pieces

# A deleted image is left until its messages are gone, and nobody can bring it back any more.
_IS_LEFT: Final = (
    "(deleted_at IS NULL OR id IN (SELECT generation_id FROM deletions)"
    " OR id IN (SELECT generation_id FROM trash))"
)


class GenerationTable:
    """Finished images; their files are under `images`, named after their pixels.

    A `viewer` of None is the bot itself or its operator, who see everything.
    """

    def __init__(self, database: Database, *, images: Path) -> None:
        self._database = database
        self._images = images

    async def add(
        self,
        job: Job,
        generations: Sequence[Generation],
        *,
        have_records: bool = False,
        entry: AuditEntry | None = None,
    ) -> None:
        """Insert a job's images and mark the job as made, in one transaction.

        Those of a held job are of a channel that nobody views until a moderator lets it go on.

        Args:
            job: The job, which has a row already.
            generations: Its images, whose files are written already.
            have_records: Whether their records are written, too.
            entry: What moderators read of it.

        """
        async with self._database.transaction() as db:
            await insert_generations(db, job, generations)
            await db.execute(  # the message may have become known while they were drawn
                "UPDATE generations SET message_id = (SELECT message_id FROM jobs WHERE id = ?1)"
                " WHERE job_id = ?1 AND deleted_at IS NULL",
                (job.id,),
            )
            if have_records:
                await db.execute(
                    "UPDATE generations SET has_record = 1 WHERE job_id = ?", (job.id,)
                )
            await db.execute(
                "UPDATE jobs SET state = 'made', error = ?, ended_by = ?, changed_at = ?,"
                " spoiler = ?, held_why = ?, approved_by = ? WHERE id = ?",
                (
                    job.error, job.ended_by, now().isoformat(), job.spoiler, job.held_why,
                    job.approved_by, job.id,
                ),
            )  # fmt: skip
            if entry is not None:
                await insert_entry(db, entry)

    async def hold(self, job: Job, entry: AuditEntry) -> AuditEntry:
        """Keep images that are stored from being posted before a moderator saw them."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE jobs SET held_why = ?, approved_by = NULL WHERE id = ?",
                (job.held_why, job.id),
            )
            await db.execute(
                "UPDATE generations SET channel_id = ? WHERE job_id = ?", (HELD_CHANNEL, job.id)
            )
            return await insert_entry(db, entry)

    async def set_checked(self, job: Job, generations: Sequence[Generation]) -> None:
        """Record what the check said of a job's images, and what that makes of the job."""
        async with self._database.transaction() as db:
            await db.executemany(
                "UPDATE generations SET safety = ?, is_withheld = ? WHERE id = ?",
                [(score_text(each.score), each.is_withheld, each.id) for each in generations],
            )
            await db.execute(
                "UPDATE jobs SET error = ?, spoiler = ? WHERE id = ?",
                (job.error, job.spoiler, job.id),
            )

    async def of_job(self, job_id: str) -> list[Generation]:
        """Return a job's images, including deleted ones."""
        return await self._select(
            "SELECT * FROM generations WHERE job_id = ? ORDER BY position", job_id
        )

    async def find(self, generation_id: str, viewer: Viewer | None) -> Generation | None:
        """Return an image, unless it is deleted or `viewer` may not see it."""
        found = await self._there("id", generation_id, viewer)
        return found[0] if found else None

    async def with_pixels(self, pixel_sha256: str, viewer: Viewer | None) -> list[Generation]:
        """Return the images with exactly these pixels that `viewer` may see, oldest first."""
        return await self._there("pixel_sha256", pixel_sha256, viewer, order="created_at, position")

    async def of_message(self, message_id: int, viewer: Viewer) -> list[Generation]:
        """Return the images that were first shown in a message, if `viewer` may see them."""
        return await self._there("message_id", message_id, viewer)

    async def of_member(
        self, user_id: int, since: dt.datetime | None, viewer: Viewer
    ) -> list[Generation]:
        """Return the images of a member since a moment that `viewer` may see, oldest first."""
        found = await self._there("user_id", user_id, viewer, order="created_at, position")
        return [each for each in found if since is None or each.created_at >= since]

    async def left_of_job(self, job_id: str) -> list[Generation]:
        """Return the images of a job that are not deleted; those that are withheld, too."""
        return await self._there("job_id", job_id, None)

    async def _there(
        self, column: str, value: object, viewer: Viewer | None, *, order: str = "position"
    ) -> list[Generation]:
        """Return the images with a value in a column, without deleted and invisible ones."""
        where, values = _where(viewer)
        return await self._select(
            f"SELECT * FROM generations WHERE {column} = ? AND deleted_at IS NULL{where}"  # noqa: S608 - names of columns only
            f" ORDER BY {order}",
            value,
            *values,
        )

    async def likenesses(self, viewer: Viewer | None) -> list[tuple[str, bytes]]:
        """Return the id and likeness of every image that `viewer` may see."""
        where, values = _where(viewer)
        rows = await self._database.rows(
            "SELECT id, likeness FROM generations"  # noqa: S608
            f" WHERE deleted_at IS NULL AND length(likeness) > 0{where}",
            *values,
        )
        return [(row["id"], row["likeness"]) for row in rows]

    async def without_likeness(self, *, after: str = "", limit: int) -> list[Generation]:
        """Return up to `limit` images without a fingerprint, in order of id from `after` on."""
        return await self._select(
            "SELECT * FROM generations WHERE likeness IS NULL AND deleted_at IS NULL"
            " AND id > ? ORDER BY id LIMIT ?",
            after,
            limit,
        )

    async def set_likeness(self, generation_id: str, likeness: bytes) -> None:
        """Record the fingerprint by which changed copies of an image are recognised."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE generations SET likeness = ? WHERE id = ?", (likeness, generation_id)
            )

    async def originals(self, job: Job) -> dict[str, Generation]:
        """Return the images that a job's derive from, by id, including deleted ones."""
        marks = ", ".join("?" * len(job.parents))
        images = await self._select(
            f"SELECT * FROM generations WHERE id IN ({marks})",  # noqa: S608 - only placeholders
            *job.parents,
        )
        return {each.id: each for each in images}

    async def spoilers_among(self, ids: Sequence[str]) -> frozenset[str]:
        """Return which of some images are hidden until they are clicked."""
        if not ids:
            return frozenset()
        marks = ", ".join("?" * len(ids))
        rows = await self._database.rows(
            "SELECT generations.id FROM generations"  # noqa: S608 - only placeholders
            " JOIN jobs ON jobs.id = generations.job_id"
            f" WHERE generations.id IN ({marks}) AND jobs.spoiler",
            *ids,
        )
        return frozenset(row["id"] for row in rows)

    async def history(
        self, *, viewer: Viewer, search: Search, offset: int, limit: int
    ) -> list[Generation]:
        """Return images that match `search` and that `viewer` may see, newest first."""
        if search == Search() and not sees_little(viewer):
            return await self._newest(viewer, offset=offset, limit=limit)
        pieces = unindexed_pieces(search)
        where, values = _where(viewer)
        return await self._select(
            "SELECT generations.* FROM prompts"  # noqa: S608 - only as many LIKEs as pieces
            " JOIN generations ON generations.id = prompts.generation_id"
            f" WHERE prompts MATCH ? AND deleted_at IS NULL{where}"
            + " AND prompt LIKE ? ESCAPE '\\'" * len(pieces)
            + " ORDER BY prompts.rowid DESC LIMIT ? OFFSET ?",
            match_expression(search, viewer), *values, *map(_pattern, pieces), limit, offset,
        )  # fmt: skip

    async def _newest(self, viewer: Viewer, *, offset: int, limit: int) -> list[Generation]:
        where, values = _where(viewer)
        return await self._select(
            f"SELECT * FROM generations WHERE deleted_at IS NULL{where}"  # noqa: S608
            " ORDER BY created_at DESC, position DESC LIMIT ? OFFSET ?",
            *values,
            limit,
            offset,
        )

    async def find_any(self, ids: Sequence[str], viewer: Viewer | None) -> list[Generation]:
        """Return images that `viewer` may see, including deleted ones."""
        marks = ", ".join("?" * len(ids))
        where, values = _where(viewer)
        return await self._select(
            f"SELECT * FROM generations WHERE id IN ({marks}){where} ORDER BY position",  # noqa: S608 - only placeholders
            *ids,
            *values,
        )

    async def shown_in(self, message_id: int) -> list[Generation]:
        """Return the images in a message that are not deleted, by position."""
        return await self._select(
            "SELECT * FROM generations WHERE deleted_at IS NULL AND NOT is_withheld"
            " AND (message_id = ?1 OR id IN"
            " (SELECT generation_id FROM copies WHERE message_id = ?1)) ORDER BY position",
            message_id,
        )

    async def is_shared(self, generation: Generation) -> bool:
        """Tell whether another image that is left has the same pixels and so shares the file."""
        return bool(
            await self._database.rows(
                f"SELECT 1 FROM generations WHERE pixel_sha256 = ? AND id <> ? AND {_IS_LEFT}"  # noqa: S608 - a constant
                " LIMIT 1",
                generation.pixel_sha256,
                generation.id,
            )
        )

    async def without_record(self, *, limit: int) -> list[str]:
        """Return the ids of up to `limit` jobs with images that have no record."""
        rows = await self._database.rows(
            "SELECT DISTINCT job_id FROM generations"
            " WHERE has_record = 0 AND deleted_at IS NULL LIMIT ?",
            limit,
        )
        return [row["job_id"] for row in rows]

    async def set_recorded(self, job_id: str) -> None:
        """Record that a job's images have their records."""
        async with self._database.transaction() as db:
            await db.execute("UPDATE generations SET has_record = 1 WHERE job_id = ?", (job_id,))

    async def places(self, prefix: str) -> dict[Place, bool]:
        """Return the places of the images whose pixels' SHA-256 begins with `prefix`.

        The value tells whether the image is left. One whose deletion is under way is, as its file
        must outlive its messages.
        """
        rows = await self._database.rows(
            f"SELECT job_id, position, {_IS_LEFT} AS is_left FROM generations"  # noqa: S608 - a constant
            " WHERE pixel_sha256 >= ? AND pixel_sha256 < ?",
            prefix, prefix + "g",
        )  # fmt: skip
        return {(row["job_id"], row["position"]): bool(row["is_left"]) for row in rows}

    async def known_pixels(self, prefix: str) -> dict[str, bool]:
        """Return every known SHA-256 of pixels that begins with `prefix`.

        The value tells whether any image with those pixels is left.
        """
        rows = await self._database.rows(
            f"SELECT pixel_sha256, max({_IS_LEFT}) AS is_left FROM generations"  # noqa: S608 - a constant
            " WHERE pixel_sha256 >= ? AND pixel_sha256 < ? GROUP BY pixel_sha256",
            prefix, prefix + "g",
        )  # fmt: skip
        return {row["pixel_sha256"]: bool(row["is_left"]) for row in rows}

    async def _select(self, sql: str, *values: object) -> list[Generation]:
        """Return the images whose rows a query finds."""
        rows = await self._database.rows(sql, *values)
        return [generation_of(row, self.image_path(row["pixel_sha256"])) for row in rows]

    def image_path(self, pixel_sha256: str) -> Path:
        """Return where the file with these pixels is or would be."""
        return self._images / pixel_sha256[:2] / f"{pixel_sha256}.png"


def _pattern(piece: str) -> str:
    return "%" + piece.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _where(viewer: Viewer | None) -> tuple[str, list[object]]:
    """Return the condition, and its values, for what a viewer may see; see `Viewer.sees`."""
    if viewer is None:
        return "", []
    shown = " AND NOT is_withheld"
    if viewer.guild_id is None:
        return f"{shown} AND guild_id IS NULL AND user_id = ?", [viewer.user_id]
    everyones = viewer.channels | (viewer.gone if viewer.is_moderator else frozenset())
    among = "(SELECT value FROM json_each(?))"
    rule = f"(channel_id IN {among} OR (user_id = ? AND channel_id IN {among}))"
    values = [_listed(everyones), viewer.user_id, _listed(viewer.gone)]
    return f"{shown} AND guild_id = ? AND {rule}", [viewer.guild_id, *values]


def _listed(ids: frozenset[int]) -> str:
    return json.dumps(sorted(ids))
