"""Jobs of every kind, killed and started again in between, are made again to the same pixels.

The real queue, engine and database, in processes that end with SIGKILL in the middle of drawings:
the benchmark of reproduction, which looks itself whether an image is lost or made twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
import sys
from collections import Counter
from pathlib import Path

import pytest

from bot.domain.batches import BatchKind
from tests.benchmarks.reproduce import Part
from tests.support.mixed_requests import MixedJob, kinds_of

pytest_plugins = ["tests.support.bot_fixtures"]
pytestmark = pytest.mark.engine

JOBS, KILLS = 50, 3
SEED = 20


def first_jobs(part: Part) -> list[MixedJob]:
    """Return fifty jobs, in which every kind of image occurs."""
    jobs = list(itertools.islice(part.jobs(), JOBS))
    counts = kinds_of([each for job in jobs for each in job.requests])
    assert all(counts.values()), counts
    assert Counter(job.batch.kind for job in jobs if job.batch).keys() == {*BatchKind}
    return jobs


def pixels(data: Path) -> tuple[Counter[str], Counter[str]]:
    """Return the hashes of the images that were made, and of those that were made again."""
    with contextlib.closing(sqlite3.connect(data / "bot.sqlite3")) as database:
        rows = database.execute(
            "SELECT jobs.relation, generations.pixel_sha256"
            " FROM generations JOIN jobs ON jobs.id = generations.job_id"
        ).fetchall()
    found = {kind: Counter(sha for relation, sha in rows if relation == kind) for kind, _ in rows}
    return found["imagine"], found["same_seed"]


@pytest.mark.nightly
async def test_fifty_mixed_jobs_are_made_again_through_kills(sketch_model: Path, tmp_path: Path):
    part = Part(folder=tmp_path, model=sketch_model, seed=SEED, is_mixed=True, side=128)
    part.write_weights()
    jobs = first_jobs(part)
    images = sum(len(each.wishes) for each in jobs)
    line = ["--operations", "mixed", "--kills", str(KILLS), "--images", str(images)]
    line += ["--folder", str(tmp_path), "--model", str(sketch_model), "--seed", str(SEED)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.reproduce", *line, "--side", "128"
    )
    assert await process.wait() == 0
    made, again = pixels(tmp_path / "data")
    assert made == again
    assert made.total() == images
