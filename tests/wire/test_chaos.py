"""A short form of the chaos run: a few kills and faults, and nothing is lost.

`python -m tests.benchmarks.chaos` is the long one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.chaos.run import Chaos


async def test_nothing_is_lost_when_everything_fails(tmp_path: Path):
    found = await Chaos(
        data_dir=tmp_path / "data",
        kills=3,
        seed=2,
        alive_s=0.8,
        note=lambda _: None,
        faults=["500", "502", "429", "413", "dropped after", "dropped before", "gateway drop"],
    ).run()
    assert found.wrong == [], str(found)
    assert found.counts["jobs posted"] > 0
    assert found.counts["faults"] > 0


@pytest.mark.nightly
async def test_no_image_is_lost_when_the_database_is_too(tmp_path: Path):
    found = await Chaos(
        data_dir=tmp_path / "data",
        kills=2,
        seed=3,
        alive_s=0.8,
        note=lambda _: None,
        faults=[],
        damage_every=2,
    ).run()
    assert found.wrong == [], str(found)
    assert found.counts["jobs posted"] > 0
    assert found.counts["databases lost and restored"] == 1
