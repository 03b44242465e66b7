"""A request comes back from the database as it was, also from one of before `other_fields`."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

from bot.domain.requests import ImageRequest, Quality, Size
from bot.storage import Store
from bot.storage.requests import REQUEST_COLUMNS
from tests.support.old_database import make_database
from tests.unit.storage.test_relations import add_old_job
from tests.unit.storage.test_store import a_job, opened

BEFORE = 22  # the last version of the database in which every field had a column
ODD = ImageRequest(
    prompt="红苹果 '\"; --", seed=2**32 - 1, size=Size(width=272, height=128),
    quality=Quality.FINAL, guidance_scale=0.1 + 0.2, variety=60, variety_scale=1,
)  # fmt: skip


async def test_every_field_comes_back_to_the_last_bit(tmp_path: Path):
    job = a_job(requests=(ODD,))
    async with opened(tmp_path) as store:
        await store.jobs.add(job)
        assert (await store.jobs.find(job.id)).requests == (ODD,)
        [row] = await store.database.rows("SELECT * FROM requests")
        assert set(REQUEST_COLUMNS) <= set(row.keys())


async def test_a_field_without_a_column_needs_no_migration(tmp_path: Path):
    job = a_job(requests=(ODD,))
    async with opened(tmp_path) as store:
        await store.jobs.add(job)
        [row] = await store.database.rows("SELECT other_fields FROM requests")
        columns = set(REQUEST_COLUMNS) - {"other_fields"}
        assert json.loads(row["other_fields"]).keys() == ODD.to_json().keys() - columns


async def test_a_database_of_before_opens_with_its_jobs_and_images(tmp_path: Path):
    path = await make_database(tmp_path, version=BEFORE)
    with contextlib.closing(sqlite3.connect(path)) as db:
        add_old_job(db, "waits", None, "imagine", [(7, 30), (8, 0)], made=False)
        add_old_job(db, "made", None, "imagine", [(7, 30), (8, 0)])
        for table in ("requests", "generations"):
            db.execute(f"UPDATE {table} SET guidance_scale = 1.2999999999999998, quality = 'final'")
        db.execute(
            "UPDATE generations SET conditions = '{}', durations = '{}',"
            " created_at = '2026-11-01T00:00:00+00:00'"
        )
        db.commit()
    plain = ImageRequest(
        prompt="a red apple", seed=8, size=Size(width=128, height=128), quality=Quality.FINAL,
        guidance_scale=1.2999999999999998,
    )  # fmt: skip
    varied = ImageRequest.from_json(
        {**plain.to_json(), "seed": 7, "variety": 30, "variety_scale": 1}
    )
    async with Store(path, images=tmp_path / "images") as store:
        [job] = await store.jobs.unfinished()
        assert job.requests == (varied, plain)
        images = [await store.generations.find(id_, viewer=None) for id_ in ("made0", "made1")]
        assert [each.request for each in images] == [varied, plain]
        [member] = (await store.lineage.descent("made0", None)).members
        assert member.request == varied
