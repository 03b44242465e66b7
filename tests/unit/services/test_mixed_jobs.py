"""Jobs of every kind, killed and started again in between, are made again to the same pixels.

What a request carries beside its operation joins by itself once a request can: LoRAs where
`ImageRequest.adapters` is taken (there is no `check_adapters` any more) and the engine has a
`lora_path`; a control map where `ImageRequest.control` is there, made by `JobMaker._with_control`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest

from bot.domain.batches import Batch, BatchKind
from bot.domain.jobs import Generation, Job
from bot.domain.requests import Adapter, ImageRequest, OperationKind, operations
from bot.settings import Settings
from tests.support.discord_env import PATIENCE_S, SteeredEngine, crash
from tests.support.tiny_loras import write_lora
from tests.unit.services.test_mixed_operations import Maker, Wish
from tests.unit.services.test_service import Recorder, opened, submit

pytest_plugins = ["tests.support.bot_fixtures"]
pytestmark = pytest.mark.engine

TAKES_ADAPTERS: Final = not hasattr(operations, "check_adapters")
TAKES_CONTROL: Final = "control" in {each.name for each in dataclasses.fields(ImageRequest)}
BATCH: Final = 10  # images: it gives way between them
DRAWN_WITHIN_S: Final = 3600.0
SESSIONS: Final = 3  # that are killed


@dataclass(frozen=True, kw_only=True)
class Loras:
    """Files of LoRAs, which the engine finds by their hash."""

    folder: Path
    hashes: tuple[str, ...]

    def path(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.safetensors"


def written_loras(folder: Path, model: Path) -> Loras:
    hashes = []
    for seed in range(2):
        sha256 = write_lora(model, folder / "new.safetensors", seed=seed)
        (folder / "new.safetensors").rename(folder / f"{sha256}.safetensors")
        hashes.append(sha256)
    return Loras(folder=folder, hashes=tuple(hashes))


@dataclass(kw_only=True)
class JobMaker(Maker):
    """Draws jobs at random: single images, batches, with LoRAs and control where these are."""

    loras: Loras
    kinds: Iterator[OperationKind] = field(default_factory=lambda: itertools.cycle(OperationKind))

    def job(self, number: int) -> list[Wish]:
        """Return a job; every tenth is a batch."""
        if number % 10 == 9:
            return [self.carrying(Wish(request=self.words())) for _ in range(BATCH)]
        return [self.carrying(self.wish(next(self.kinds)))]

    def carrying(self, wish: Wish) -> Wish:
        """Return an image with more to it, half of the time."""
        if wish.request.is_upscaled:
            return wish
        if TAKES_ADAPTERS and self.dice.choice((True, False)):
            wish = self._with_loras(wish)
        if TAKES_CONTROL and self.dice.choice((True, False)):
            wish = self._with_control(wish)
        return wish

    def _with_loras(self, wish: Wish) -> Wish:
        chosen = self.dice.sample(self.loras.hashes, self.dice.choice((1, 2)))
        adapters = tuple(
            Adapter(name=each[:8], sha256=each, scale=self.dice.choice((0.5, 1.0)))
            for each in chosen
        )
        return replace(wish, request=replace(wish.request, adapters=adapters))

    def _with_control(self, wish: Wish) -> Wish:
        """Return an image that is led by a map, which is one more picture that is handed in."""
        from bot.domain.requests import Control  # noqa: PLC0415 - where requests have one

        picture = self.picture("source", wish.request.size)
        control = Control(kind="scribble", pixel_sha256=picture.pixel_sha256, scale=0.8)
        request = replace(wish.request, control=control)
        return replace(wish, request=request, pictures=(*wish.pictures, picture))


def engine_with(loras: Loras, model: Path) -> Any:
    """Return an engine that finds the LoRAs, where it can."""
    from bot.engine.z_image import ZImageEngine  # noqa: PLC0415 - imports torch

    takes = "lora_path" in inspect.signature(ZImageEngine).parameters
    more = {"lora_path": loras.path} if takes else {}
    engine = ZImageEngine(
        model, model_id="demo", revision="test", device="cpu", cpu_threads=1, **more
    )
    engine.load()
    return engine


async def submitted(service: Any, job: Sequence[Wish]) -> str:
    """Submit a job and return its id."""
    batch = Batch(kind=BatchKind.PROMPTS, title="mixed.csv") if len(job) > 1 else None
    recorder = await submit(
        service,
        *(each.request for each in job),
        sources=[picture for each in job for picture in each.pictures],
        parents=[parent for each in job for parent in each.parents],
        relation=job[0].relation,
        batch=batch,
    )
    return recorder.job_id


def replies() -> Callable[[Job], Recorder]:
    known: dict[str, Recorder] = {}
    return lambda job: known.setdefault(job.id, Recorder())


async def drawn_through_kills(
    settings: Settings, engine: SteeredEngine, jobs: Sequence[Sequence[Wish]], dice: random.Random
) -> list[list[Generation]]:
    """Submit jobs, some a run of the program, and kill each run but the last at a random image."""
    ids: list[str] = []
    size = -(-len(jobs) // SESSIONS)
    for first in range(0, len(jobs), size):
        async with opened(settings, engine) as service:
            await service.system.resume(replies())
            engine.at_step.clear()
            engine.hold_after = len(engine.drawn) + dice.randint(size // 2, size)
            ids += [await submitted(service, job) for job in jobs[first : first + size]]
            assert await asyncio.to_thread(engine.at_step.wait, PATIENCE_S)
            engine.hold_after = None
            await crash(service)
    async with opened(settings, engine) as service:
        await service.system.resume(replies())
        async with asyncio.timeout(DRAWN_WITHIN_S):
            await service.idle()
        return [await service._store.generations.left_of_job(id_) for id_ in ids]


async def check_all_are_made_again(
    settings: Settings, engine: SteeredEngine, loras: Loras, count: int
) -> None:
    dice = random.Random(20)
    maker = JobMaker(dice=dice, loras=loras)
    jobs = [maker.job(number) for number in range(count)]
    made = await drawn_through_kills(settings, engine, jobs, dice)
    assert [len(each) for each in made] == list(map(len, jobs))
    again = [
        [Wish(request=each.request, parents=[each.id], relation="same_seed") for each in images]
        for images in made
    ]
    redrawn = await drawn_through_kills(settings, engine, again, dice)
    assert hashes(redrawn) == hashes(made)
    requests = [each.request for images in redrawn for each in images]
    assert {each.operation.kind for each in requests} == {*OperationKind}
    if TAKES_ADAPTERS:
        assert {bool(each.adapters) for each in requests} == {True, False}


def hashes(jobs: Sequence[Sequence[Generation]]) -> list[list[str]]:
    return [[each.pixel_sha256 for each in images] for images in jobs]


@pytest.mark.nightly
async def test_fifty_mixed_jobs_are_made_again_through_kills(
    settings: Settings, sketch_model: Path, tmp_path: Path
):
    settings = settings.model_copy(update={"max_jobs_per_user": 100})
    loras = written_loras(tmp_path / "loras", sketch_model)
    engine = engine_with(loras, sketch_model)
    await check_all_are_made_again(settings, SteeredEngine(engine), loras, 50)
    engine.close()
