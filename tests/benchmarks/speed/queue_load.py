"""Many jobs through the real service, queue, store and files, without Discord."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import random
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.domain.drawing import Drawing, DrawTask
from bot.domain.jobs import Generation, Job, JobSource, now
from bot.domain.requests import ImageRequest, ModelRules, Quality, Size
from bot.domain.viewers import Viewer
from bot.engine import Engine
from bot.engine.protocol import OnStep
from bot.errors import EngineError
from bot.services import Progress, QueueEntry, Service, open_service
from bot.settings import Settings
from tests.benchmarks.speed.figures import GpuActivity, QueueFigures, Spread

_USERS: Final = 7  # who ask in turns
_WATCHED: Final = 12  # images while the GPU's driver is listened to: some 40,000 kernels
_WARM_UPS: Final = 3  # images before those that are counted
_NO_LIMIT: Final = 1_000_000
_SIZES: Final = ("square", "portrait", "landscape", "small", "wide")
_THINGS: Final = (
    "a red fox under an old bridge", "宋代山水画,远山如黛", "a castle at night, film grain",
    "a bowl of ramen, studio light", "一只橘猫 on a windowsill", "cyberpunk city in the rain",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """A drawing by the clock of the engine's thread, and the seconds of its stages.

    On a GPU a stage's seconds are the GPU's own.
    """

    start: float
    end: float
    busy_s: float


class WatchedEngine:
    """An engine that notes when each of its drawings began and ended, and what its stages took."""

    def __init__(self, engine: Engine) -> None:
        """Watch an engine."""
        self._engine = engine
        self.drawings: list[_Drawn] = []

    def load(self) -> None:
        """Load it."""
        self._engine.load()

    def draw(
        self,
        task: DrawTask,
        *,
        on_step: OnStep | None = None,
        cancel: threading.Event | None = None,
    ) -> Drawing:
        """Draw, and note when."""
        start = time.perf_counter()
        drawing = self._engine.draw(task, on_step=on_step, cancel=cancel)
        end = time.perf_counter()
        self.drawings.append(_Drawn(start=start, end=end, busy_s=drawing.duration_s))
        return drawing

    def warm(self, size: Size, *, cancel: threading.Event) -> bool:
        """Warm it."""
        return self._engine.warm(size, cancel=cancel)

    def close(self) -> None:
        """Close it."""
        self._engine.close()


@dataclass(kw_only=True)
class _Customer:
    """The reply of one job: waits for its images, which are on disk when it gets them."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    failure: str | None = None

    async def queued(self, entry: QueueEntry) -> None:
        """Take note of nothing."""

    async def moved(self, entry: QueueEntry) -> None:
        """Take note of nothing."""

    async def kept(self, job: Job) -> None:
        """Take note of nothing."""

    async def progress(self, progress: Progress) -> None:
        """Take note of nothing."""

    async def done(self, job: Job, generations: Sequence[Generation]) -> None:
        """Have the images."""
        self.ended.set()

    async def held(self, job: Job) -> None:
        """Nothing is held here."""

    async def refused(self, job: Job, sentence: str, /) -> None:
        """Nor refused."""

    async def failed(self, job: Job, sentence: str, /) -> None:
        """Have none."""
        self.failure = sentence
        self.ended.set()

    async def undelivered(self, job: Job, sentence: str, /) -> None:
        """Do not listen."""

    async def cancelled(self, job: Job, *, by_requester: bool) -> None:
        """Nobody cancels here."""


def mixed_requests(count: int, rules: ModelRules) -> list[ImageRequest]:
    """Return requests of several sizes, qualities and prompts, the same ones every time."""
    chance = random.Random(1)
    return [
        ImageRequest(
            prompt=f"{chance.choice(_THINGS)}, number {number}",
            seed=number,
            size=rules.named[chance.choice(_SIZES)],
            quality=chance.choice(list(Quality)),
        )
        for number in range(count)
    ]


def equal_requests(count: int, rules: ModelRules) -> list[ImageRequest]:
    """Return requests of the model's own square, each with a prompt of its own."""
    return [
        ImageRequest(
            prompt=f"{_THINGS[number % len(_THINGS)]}, number {number}",
            seed=number,
            size=rules.default,
        )
        for number in range(count)
    ]


async def measure_queues(
    settings: Settings,
    make_engine: Callable[[], Engine],
    batches: Mapping[str, Sequence[ImageRequest]],
    *,
    on_image: Callable[[], object] = lambda: None,
    is_gpu: bool,
) -> list[QueueFigures]:
    """Draw batches of jobs, each job one image, with one service in a folder of its own.

    Args:
        settings: Their folder and limits are replaced.
        make_engine: Called on the thread that the engine lives on.
        batches: Requests by the name of the batch.
        on_image: Called after every image.
        is_gpu: Whether to listen to the GPU's driver during some further images.

    Raises:
        EngineError: An image could not be drawn.

    """
    engines: list[WatchedEngine] = []

    def make() -> Engine:
        engines.append(WatchedEngine(make_engine()))
        return engines[-1]

    with tempfile.TemporaryDirectory(prefix="z-image-bench-") as folder:
        own = settings.model_copy(
            update={
                "data_dir": Path(folder),
                "max_jobs": _NO_LIMIT,
                "max_jobs_per_user": _NO_LIMIT,
            }
        )
        figures = []
        async with open_service(own, make) as service:
            for name, requests in batches.items():
                await _draw_all(service, requests[:_WARM_UPS], on_image)  # loaded and warm
                engines[-1].drawings.clear()
                stored_s = await _draw_all(service, requests, on_image)
                drawings = list(engines[-1].drawings)
                gpu = None
                if is_gpu:
                    gpu = await _watch_gpu(service, requests, on_image, device=own.device)
                figures.append(_figures(name, drawings, stored_s, gpu))
    return figures


async def _draw_all(
    service: Service, requests: Sequence[ImageRequest], on_image: Callable[[], object]
) -> float:
    """Ask for everything at once and return the seconds until all of it was handed over."""
    start = time.perf_counter()
    customers = [_Customer() for _ in requests]
    for number, (request, customer) in enumerate(zip(requests, customers, strict=True)):
        origin = _origin(number % _USERS + 1)
        viewer = Viewer(user_id=origin.user_id)
        await service.jobs.submit([request], origin, viewer=viewer, reply=customer)
    for customer in customers:
        await customer.ended.wait()
        on_image()
    seconds = time.perf_counter() - start
    await service.idle()
    failure = next((customer.failure for customer in customers if customer.failure), None)
    if failure is not None:
        raise EngineError(f"A job of the queue failed: {failure}")
    return seconds


async def _watch_gpu(
    service: Service,
    requests: Sequence[ImageRequest],
    on_image: Callable[[], object],
    *,
    device: str,
) -> GpuActivity | None:
    from bot.engine.hardware import choose_device  # noqa: PLC0415
    from tests.benchmarks.baseline.activity import ActivityMeter  # noqa: PLC0415 - imports torch

    watched = requests[:_WATCHED]
    with ActivityMeter(choose_device(device)) as meter:
        await _draw_all(service, watched, on_image)
    activity = meter.activity()
    return GpuActivity(
        images=len(watched),
        idle_share=activity.idle_s / activity.whole_s,
        waiting_share=activity.waiting_s / activity.whole_s,
    )


def _figures(
    name: str, drawings: Sequence[_Drawn], stored_s: float, gpu: GpuActivity | None
) -> QueueFigures:
    # From one image's arrival to the next one's, less the next one's stages.
    gaps = [after.end - before.end - after.busy_s for before, after in itertools.pairwise(drawings)]
    return QueueFigures(
        name=name,
        images=len(drawings),
        drawing_s=drawings[-1].end - drawings[0].start,
        stored_s=stored_s,
        gaps=Spread.of(gaps or [0.0]),
        idle_share=sum(gaps) / ((drawings[-1].end - drawings[0].end) or 1.0),
        gpu=gpu,
    )


def _origin(user_id: int) -> JobSource:
    return JobSource(
        guild_id=1,
        channel_id=2,
        user_id=user_id,
        user_name=f"user{user_id}",
        locale="en-US",
        application_id=3,
        token=None,
        expires_at=now() + dt.timedelta(minutes=15),
    )
