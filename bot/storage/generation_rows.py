"""How a finished image lies in a row of `generations`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import aiosqlite

from bot.domain.jobs import Generation, Job
from bot.domain.picture_score import PictureScore
from bot.domain.viewers import HELD_CHANNEL
from bot.storage.requests import REQUEST_COLUMNS, request_of, request_values
from bot.storage.search_index import index_facets, index_words

_COLUMNS: Final = (
    "id", "job_id", "position", "relation", "parent_id", "user_id", "guild_id", "channel_id",
    "message_id", *REQUEST_COLUMNS, "prompt_used", "num_inference_steps", "sigmas", "model_id",
    "model_revision", "dtype", "device", "torch", "diffusers", "transformers", "conditions",
    "durations", "pixel_sha256", "created_at", "recipe", "likeness", "safety", "is_withheld",
)  # fmt: skip
_INSERT_GENERATION: Final = (
    f"INSERT INTO generations ({', '.join(_COLUMNS)})"  # noqa: S608 - names of columns only
    f" VALUES ({', '.join('?' * len(_COLUMNS))})"
)


async def insert_generations(
    db: aiosqlite.Connection, job: Job, generations: Sequence[Generation]
) -> None:
    """Write images and their search index, inside a transaction."""
    await db.executemany(_INSERT_GENERATION, [_values(job, each) for each in generations])
    await db.executemany(
        "INSERT INTO prompts (generation_id, words, facets) VALUES (?, ?, ?)",
        [(g.id, index_words(g.request.prompt), index_facets(g)) for g in generations],
    )


def _values(job: Job, generation: Generation) -> tuple[Any, ...]:
    made = generation.conditions
    return (
        generation.id, job.id, generation.index, generation.relation, generation.parent_id,
        job.origin.user_id, job.origin.guild_id,
        HELD_CHANNEL if job.is_held else job.origin.channel_id, job.message_id,
        *request_values(generation.request),
        made["prompt_used"], made["num_inference_steps"], json.dumps(made["sigmas"]),
        made["model"], made["revision"], made["dtype"], made["device"], made["torch"],
        made["diffusers"], made["transformers"],
        json.dumps(dict(made), ensure_ascii=False), json.dumps(dict(generation.durations_s)),
        generation.pixel_sha256, generation.created_at.isoformat(), generation.recipe_text,
        generation.likeness, score_text(generation.score), generation.is_withheld,
    )  # fmt: skip


def score_text(score: PictureScore | None) -> str | None:
    """Return a score as its column holds it."""
    return None if score is None else score.to_json()


def generation_of(row: aiosqlite.Row, path: Path) -> Generation:
    """Return the image that a row holds; `path` is that of its file."""
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
        score=None if row["safety"] is None else PictureScore.from_json(row["safety"]),
        is_withheld=bool(row["is_withheld"]),
    )
