"""An image that is drawn again is drawn on the path, and by the threads, that made it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Quality, Size
from bot.engine.placement import LEAST
from bot.services import open_service
from bot.settings import Settings
from tests.support.discord_env import SteeredEngine
from tests.support.later import imported_later
from tests.support.sampling import sampled
from tests.support.viewers import viewer_at
from tests.unit.services.test_service import Recorder, idle, opened, origin, reached_a_step

with imported_later():
    import torch

    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]

REQUEST = ImageRequest(
    prompt="红苹果", seed=3, size=Size(width=128, height=128), quality=Quality.DRAFT
)
OTHER = ImageRequest(
    prompt="a fox", seed=4, size=Size(width=144, height=128), quality=Quality.DRAFT
)
two_cores = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is one core only")


@pytest.fixture(autouse=True)
def own_threads() -> Iterator[None]:
    """Give the process its number of threads back, which is one for all engines in it."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def new_engine(folder: Path, *, path: str, threads: int) -> ZImageEngine:
    return ZImageEngine(
        folder, model_id="demo", revision="test", device="cpu", path=path, cpu_threads=threads
    )


@pytest.fixture(scope="module")
def loaded_engine(demo_model: Path) -> ZImageEngine:
    """Let the bot draw with the model that the originals are of."""
    return new_engine(demo_model, path="reference", threads=2)


@pytest.mark.nightly
@two_cores
@pytest.mark.parametrize("own", ["reference", "fast"])
def test_either_path_draws_what_the_other_one_made(demo_model: Path, own: str):
    other = {"reference": "fast", "fast": "reference"}[own]
    made = new_engine(demo_model, path=other, threads=1).draw(DrawTask(request=REQUEST))
    engine = new_engine(demo_model, path=own, threads=2)
    before = engine.draw(
        DrawTask(request=REQUEST)
    )  # with the same words, on the same grid of steps
    again = engine.draw(DrawTask(request=REQUEST, match=made.conditions))
    assert again.image.pixel_sha256 == made.image.pixel_sha256
    assert (again.conditions["path"], again.conditions["cpu_threads"]) == (other, 1)
    after = engine.draw(DrawTask(request=REQUEST))
    assert after.image.pixel_sha256 == before.image.pixel_sha256 != made.image.pixel_sha256
    assert (after.conditions["path"], after.conditions["cpu_threads"]) == (own, 2)
    assert [each.is_usual for each in (before, again, after)] == [True, False, True]


@two_cores
async def test_same_seed_keeps_to_what_was_recorded_also_after_a_restart(
    settings: Settings, demo_model: Path, real_engine: SteeredEngine
):
    first = new_engine(demo_model, path="fast", threads=1)
    reply = Recorder()
    async with open_service(settings, lambda: first) as service:
        await service.jobs.submit(
            (REQUEST, OTHER), origin(), viewer=viewer_at(origin()), reply=reply
        )
        await idle(service)
    originals = reply.generations
    running, waiting, again = Recorder(), Recorder(), Recorder()
    async with opened(settings, real_engine) as service:  # 2 threads, on the reference path
        real_engine.hold()
        await service.jobs.submit((OTHER,), origin(), viewer=viewer_at(origin()), reply=running)
        await reached_a_step(real_engine)
        await service.jobs.submit(
            [each.request for each in originals],
            origin(),
            viewer=viewer_at(origin()),
            reply=waiting,
            parents=[each.id for each in originals],
            relation="same_seed",
        )
        stop = asyncio.create_task(service.stop())
        await asyncio.sleep(0)
        real_engine.release()
        await stop
        assert waiting.was_kept
    async with opened(settings, real_engine) as service:
        await service.system.resume(lambda _: again)
        await idle(service)
    for made, original in zip(again.generations, originals, strict=True):
        assert made.pixel_sha256 == original.pixel_sha256
        assert (made.conditions["path"], made.conditions["cpu_threads"]) == ("fast", 1)
    assert running.generations[0].conditions["path"] == "reference"
    assert running.generations[0].pixel_sha256 != originals[1].pixel_sha256


@pytest.mark.parametrize(
    "like",
    sampled(
        [
            {"path": "of another world", "cpu_threads": 10**6, "attention": 3, "vae_tiling": "no"},
            {"path": "fast", "cpu_threads": -1, "attention": "fa3-fwd 0.0", "vae_tiling": None},
            {"path": "fast", "cpu_threads": "2"},
            {"path": None, "cpu_threads": True},
        ],
        first=1,
    ),
)
def test_what_is_not_here_is_left_as_it_is(demo_model: Path, like: dict[str, object]):
    engine = new_engine(demo_model, path="fast", threads=1)
    usual = engine.draw(DrawTask(request=REQUEST))
    drawing = engine.draw(DrawTask(request=REQUEST, match=like))
    assert drawing.image.pixel_sha256 == usual.image.pixel_sha256
    assert drawing.conditions == usual.conditions


def test_recipes_of_before_there_were_paths_mean_the_reference(demo_model: Path):
    engine = new_engine(demo_model, path="fast", threads=1)
    assert (
        engine.draw(DrawTask(request=REQUEST, match={"seed": 3})).conditions["path"] == "reference"
    )


@pytest.mark.nightly
def test_tiles_are_drawn_again_as_tiles(demo_model: Path):
    engine = new_engine(demo_model, path="reference", threads=1)
    large = ImageRequest(prompt="a fox", seed=1, size=Size(width=272, height=128))
    whole = engine.draw(DrawTask(request=large))
    tiled = engine.draw(DrawTask(request=large, match={**whole.conditions, "vae_tiling": True}))
    assert tiled.conditions["vae_tiling"] is True
    assert tiled.image.pixel_sha256 != whole.image.pixel_sha256


def test_a_path_whose_weights_are_away_stays_a_named_difference(
    demo_model: Path, monkeypatch: pytest.MonkeyPatch
):
    engine = new_engine(demo_model, path="fast", threads=1)
    usual = engine.draw(DrawTask(request=REQUEST))
    monkeypatch.setattr(engine._loaded().planner, "settled", lambda *_, **__: LEAST)
    drawing = engine.draw(DrawTask(request=REQUEST, match={"path": "reference"}))
    assert drawing.conditions["path"] == "fast"
    assert drawing.image.pixel_sha256 == usual.image.pixel_sha256
