"""The table of finished images, each with everything that made it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import aiosqlite

from bot.domain.jobs import Generation, Job, now
from bot.domain.search import Search
from bot.domain.viewers import Viewer
from bot.storage.database import Database
from bot.storage.record_documents import Place
from bot.storage.requests import REQUEST_COLUMNS, request_of, request_values
from bot.storage.search_index import (
    index_facets,
    index_words,
    match_expression,
    sees_little,
    unindexed_pieces,
)

# Of an image that is deleted, too, until its messages are gone.
_IS_LEFT: Final = "(deleted_at IS NULL OR id IN (SELECT generation_id FROM deletions))"


class GenerationTable:
    """Finished images; their files lie under `images`, named for their pixels.

    A `viewer` that is None stands for the bot's own work and for its operator: they see all.
    """

    def __init__(self, database: Database, *, images: Path) -> None:
        """Remember the connection and where the files are."""
        self._database = database
        self._images = images

    async def add(
        self, job: Job, generations: Sequence[Generation], *, have_records: bool = False
    ) -> None:
        """Write the images of a job, whose files are there, and that it is made: all or nothing.

        Args:
            job: It was written down before.
            generations: Its images.
            have_records: Whether their records are there, too.

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
                "UPDATE jobs SET state = 'made', error = ?, ended_by = ?, changed_at = ?"
                " WHERE id = ?",
                (job.error, job.ended_by, now().isoformat(), job.id),
            )

    async def of_job(self, job_id: str) -> list[Generation]:
        """Return the images of a job, deleted ones too."""
        return self._generations(
            await self._database.rows(
                "SELECT * FROM generations WHERE job_id = ? ORDER BY position", job_id
            )
        )

    async def find(self, generation_id: str, viewer: Viewer | None) -> Generation | None:
        """Return an image that is not deleted, if it `viewer` may see (None: anyone)."""
        found = await self._there("id", generation_id, viewer)
        return found[0] if found else None

    async def with_pixels(self, pixel_sha256: str, viewer: Viewer | None) -> list[Generation]:
        """Return the images with exactly these pixels that may be seen, oldest first."""
        return await self._there("pixel_sha256", pixel_sha256, viewer, order="created_at, position")

    async def of_message(self, message_id: int, viewer: Viewer) -> list[Generation]:
        """Return the images that a message was the first to show, if they may be seen."""
        return await self._there("message_id", message_id, viewer)

    async def left_of_job(self, job_id: str) -> list[Generation]:
        """Return the images of a job that are not deleted."""
        return await self._there("job_id", job_id, None)

    async def _there(
        self, column: str, value: object, viewer: Viewer | None, *, order: str = "position"
    ) -> list[Generation]:
        """Return the images that have a value, are not deleted and that `viewer` may see."""
        where, values = _where(viewer)
        return self._generations(
            await self._database.rows(
                f"SELECT * FROM generations WHERE {column} = ? AND deleted_at IS NULL{where}"  # noqa: S608 - names of columns only
                f" ORDER BY {order}",
                value,
                *values,
            )
        )

    async def likenesses(self, viewer: Viewer | None) -> list[tuple[str, bytes]]:
        """Return the id and likeness of every image that may be seen (None: from anywhere)."""
        where, values = _where(viewer)
        rows = await self._database.rows(
            "SELECT id, likeness FROM generations"  # noqa: S608
            f" WHERE deleted_at IS NULL AND length(likeness) > 0{where}",
            *values,
        )
        return [(row["id"], row["likeness"]) for row in rows]

    async def without_likeness(self, *, after: str = "", limit: int) -> list[Generation]:
        """Return some images that have no fingerprint yet, starting behind an id."""
        return self._generations(
            await self._database.rows(
                "SELECT * FROM generations WHERE likeness IS NULL AND deleted_at IS NULL"
                " AND id > ? ORDER BY id LIMIT ?",
                after,
                limit,
            )
        )

    async def set_likeness(self, generation_id: str, likeness: bytes) -> None:
        """Record what a changed copy of an image is recognised by."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE generations SET likeness = ? WHERE id = ?", (likeness, generation_id)
            )

    async def originals(self, job: Job) -> dict[str, Generation]:
        """Return the images that those of a job come from, by id, deleted ones too."""
        marks = ", ".join("?" * len(job.parents))
        rows = await self._database.rows(
            f"SELECT * FROM generations WHERE id IN ({marks})",  # noqa: S608 - only placeholders
            *job.parents,
        )
        return {each.id: each for each in self._generations(rows)}

    async def spoilers_among(self, ids: Sequence[str]) -> frozenset[str]:
        """Return those of some images that are hidden until they are clicked."""
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
        """Return images of a place that are as `search` wants them, newest first."""
        if search == Search() and not sees_little(viewer):
            return await self._newest(viewer, offset=offset, limit=limit)
        pieces = unindexed_pieces(search)
        where, values = _where(viewer)
        rows = await self._database.rows(
            "SELECT generations.* FROM prompts"  # noqa: S608 - only as many LIKEs as pieces
            " JOIN generations ON generations.id = prompts.generation_id"
            f" WHERE prompts MATCH ? AND deleted_at IS NULL{where}"
            + " AND prompt LIKE ? ESCAPE '\\'" * len(pieces)
            + " ORDER BY prompts.rowid DESC LIMIT ? OFFSET ?",
            match_expression(search, viewer), *values, *map(_pattern, pieces), limit, offset,
        )  # fmt: skip
        return self._generations(rows)

    async def _newest(self, viewer: Viewer, *, offset: int, limit: int) -> list[Generation]:
        where, values = _where(viewer)
        return self._generations(
            await self._database.rows(
                f"SELECT * FROM generations WHERE deleted_at IS NULL{where}"  # noqa: S608
                " ORDER BY created_at DESC, position DESC LIMIT ? OFFSET ?",
                *values,
                limit,
                offset,
            )
        )

    async def find_any(self, ids: Sequence[str], viewer: Viewer | None) -> list[Generation]:
        """Return images that `viewer` may see (None: anybody's), deleted ones too."""
        marks = ", ".join("?" * len(ids))
        where, values = _where(viewer)
        return self._generations(
            await self._database.rows(
                f"SELECT * FROM generations WHERE id IN ({marks}){where} ORDER BY position",  # noqa: S608 - only placeholders
                *ids,
                *values,
            )
        )

    async def shown_in(self, message_id: int) -> list[Generation]:
        """Return the images in a message that are not deleted, in their order."""
        return self._generations(
            await self._database.rows(
                "SELECT * FROM generations WHERE deleted_at IS NULL AND (message_id = ?1 OR id IN"
                " (SELECT generation_id FROM copies WHERE message_id = ?1)) ORDER BY position",
                message_id,
            )
        )

    async def is_shared(self, generation: Generation) -> bool:
        """Tell whether another image that is not gone has the same pixels, and so their file."""
        return bool(
            await self._database.rows(
                f"SELECT 1 FROM generations WHERE pixel_sha256 = ? AND id <> ? AND {_IS_LEFT}"  # noqa: S608 - a constant
                " LIMIT 1",
                generation.pixel_sha256,
                generation.id,
            )
        )

    async def without_record(self, *, limit: int) -> list[str]:
        """Return the ids of some jobs with images that have no record yet."""
        rows = await self._database.rows(
            "SELECT DISTINCT job_id FROM generations"
            " WHERE has_record = 0 AND deleted_at IS NULL LIMIT ?",
            limit,
        )
        return [row["job_id"] for row in rows]

    async def set_recorded(self, job_id: str) -> None:
        """Remember that the records of a job's images are there."""
        async with self._database.transaction() as db:
            await db.execute("UPDATE generations SET has_record = 1 WHERE job_id = ?", (job_id,))

    async def places(self, prefix: str) -> dict[Place, bool]:
        """Return the places of images whose pixels' SHA-256 begins so, and whether each is left.

        An image that is on its way out is: its files have to outlive its messages.
        """
        rows = await self._database.rows(
            f"SELECT job_id, position, {_IS_LEFT} AS is_left FROM generations"  # noqa: S608 - a constant
            " WHERE pixel_sha256 >= ? AND pixel_sha256 < ?",
            prefix, prefix + "g",
        )  # fmt: skip
        return {(row["job_id"], row["position"]): bool(row["is_left"]) for row in rows}

    async def known_pixels(self, prefix: str) -> dict[str, bool]:
        """Return the pixels' SHA-256, where it begins so, of all images, and whether any is left.

        Those of which every image is gone are among them.
        """
        rows = await self._database.rows(
            f"SELECT pixel_sha256, max({_IS_LEFT}) AS is_left FROM generations"  # noqa: S608 - a constant
            " WHERE pixel_sha256 >= ? AND pixel_sha256 < ? GROUP BY pixel_sha256",
            prefix, prefix + "g",
        )  # fmt: skip
        return {row["pixel_sha256"]: bool(row["is_left"]) for row in rows}

    def _generations(self, rows: Iterable[aiosqlite.Row]) -> list[Generation]:
        return [_generation(row, self.image_path(row["pixel_sha256"])) for row in rows]

    def image_path(self, pixel_sha256: str) -> Path:
        """Return where the file with these pixels is, or would be."""
        return self._images / pixel_sha256[:2] / f"{pixel_sha256}.png"


_COLUMNS: Final = (
    "id", "job_id", "position", "relation", "parent_id", "user_id", "guild_id", "channel_id",
    "message_id", *REQUEST_COLUMNS, "prompt_used", "num_inference_steps", "sigmas", "model_id",
    "model_revision", "dtype", "device", "torch", "diffusers", "transformers", "conditions",
    "durations", "pixel_sha256", "created_at", "recipe", "likeness",
)  # fmt: skip
_INSERT_GENERATION: Final = (
    f"INSERT INTO generations ({', '.join(_COLUMNS)})"  # noqa: S608 - names of columns only
    f" VALUES ({', '.join('?' * len(_COLUMNS))})"
)


async def insert_generations(
    db: aiosqlite.Connection, job: Job, generations: Sequence[Generation]
) -> None:
    """Write images and what they are looked for by, inside a transaction."""
    await db.executemany(_INSERT_GENERATION, [_values(job, each) for each in generations])
    await db.executemany(
        "INSERT INTO prompts (generation_id, words, facets) VALUES (?, ?, ?)",
        [(g.id, index_words(g.request.prompt), index_facets(g)) for g in generations],
    )


def _pattern(piece: str) -> str:
    return "%" + piece.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _where(viewer: Viewer | None) -> tuple[str, list[object]]:
    """Return the condition that keeps a reader to what they may see; see `Viewer.sees`."""
    if viewer is None:
        return "", []
    if viewer.guild_id is None:
        return " AND guild_id IS NULL AND user_id = ?", [viewer.user_id]
    everyones = viewer.channels | (viewer.gone if viewer.is_moderator else frozenset())
    among = "(SELECT value FROM json_each(?))"
    rule = f"(channel_id IN {among} OR (user_id = ? AND channel_id IN {among}))"
    values = [_listed(everyones), viewer.user_id, _listed(viewer.gone)]
    return f" AND guild_id = ? AND {rule}", [viewer.guild_id, *values]


def _listed(ids: frozenset[int]) -> str:
    return json.dumps(sorted(ids))


def _values(job: Job, generation: Generation) -> tuple[Any, ...]:
    made = generation.conditions
    return (
        generation.id, job.id, generation.index, generation.relation, generation.parent_id,
        job.origin.user_id, job.origin.guild_id, job.origin.channel_id, job.message_id,
        *request_values(generation.request),
        made["prompt_used"], made["num_inference_steps"], json.dumps(made["sigmas"]),
        made["model"], made["revision"], made["dtype"], made["device"], made["torch"],
        made["diffusers"], made["transformers"],
        json.dumps(dict(made), ensure_ascii=False), json.dumps(dict(generation.durations_s)),
        generation.pixel_sha256, generation.created_at.isoformat(), generation.recipe_text,
        generation.likeness,
    )  # fmt: skip


def _generation(row: aiosqlite.Row, path: Path) -> Generation:
    return Generation(
        id=row["id"],
        job_id=row["job_id"],
        index=row["position"],
        request=request_of(row),
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
        recipe_text=row["recipe"],
        likeness=row["likeness"],
    )
