"""What the queue's benchmarks share: a service with many users and no Discord in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.domain.batches import Batch
from bot.domain.drawing import RawImage
from bot.domain.jobs import Generation, Job, JobSource, now
from bot.domain.requests import ImageRequest
from bot.domain.viewers import Viewer
from bot.engine import Engine
from bot.services import Progress, QueueEntry, Service, open_service
from bot.settings import DEMO_MODEL_DIR, Settings
from tests.support.discord_server.stand_in import StandInEngine
from tests.support.viewers import viewer_at

HERE = Viewer(user_id=0, guild_id=1, channels=frozenset({2}))  # sees what the crowd asks for


@dataclass(kw_only=True)
class Customer:
    """The reply of one job; notes what it was told and when, in seconds of the monotonic clock."""

    user_id: int
    asked_s: float = field(default_factory=time.monotonic)
    promised_s: float | None = None
    done_s: float | None = None
    images: Sequence[Generation] = ()
    job: Job | None = None
    failure: str | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def waited_s(self) -> float:
        """Return the seconds from asking to the images."""
        assert self.done_s is not None
        return self.done_s - self.asked_s

    async def queued(self, entry: QueueEntry) -> None:
        """Note the first promise."""
        self.job, self.promised_s = entry.job, entry.eta_s

    async def moved(self, entry: QueueEntry) -> None:
        """Keep to the first promise."""

    async def kept(self, job: Job) -> None:
        """Nothing stops here."""

    async def progress(self, progress: Progress) -> None:
        """Watch."""

    async def done(self, job: Job, generations: Sequence[Generation]) -> None:
        """Note the end and keep the images."""
        self.done_s = time.monotonic()
        self.images = generations
        self.ended.set()

    async def held(self, job: Job) -> None:
        """Nothing is held here."""

    async def refused(self, job: Job, sentence: str, /) -> None:
        """Nor refused."""

    async def failed(self, job: Job, sentence: str, /) -> None:
        """Note why there are no images."""
        self.failure = f"{job.id}: {sentence}"
        self.ended.set()

    async def undelivered(self, job: Job, sentence: str, /) -> None:
        """Note why the images did not come."""
        self.failure = f"{job.id}: {sentence}"
        self.ended.set()

    async def cancelled(self, job: Job, *, by_requester: bool) -> None:
        """Note that somebody did what nobody does here."""
        self.failure = f"{job.id} was cancelled ({by_requester=})"
        self.ended.set()

    async def made(self) -> Sequence[Generation]:
        """Wait for the images; without any, the benchmark ends."""
        await self.ended.wait()
        if self.failure is not None:
            raise SystemExit(self.failure)
        return self.images


def origin(user_id: int) -> JobSource:
    """Return a place for a user's jobs."""
    return JobSource(
        guild_id=1,
        channel_id=2,
        user_id=user_id,
        user_name=f"user{user_id}",
        locale="en-US",
        application_id=3,
        token="none",
        expires_at=now() + dt.timedelta(minutes=15),
    )


async def ask(
    service: Service,
    user_id: int,
    *requests: ImageRequest,
    again: Sequence[str] = (),
    sources: Sequence[RawImage] = (),
    batch: Batch | None = None,
) -> Customer:
    """Submit a job; `again` are the ids of the images that it draws again, if it does."""
    customer = Customer(user_id=user_id)
    await service.jobs.submit(
        requests,
        origin(user_id),
        viewer=viewer_at(origin(user_id)),
        reply=customer,
        parents=again,
        relation="same_seed" if again else "imagine",
        sources=sources,
        batch=batch,
    )
    return customer


@contextlib.asynccontextmanager
async def opened(engine: Callable[[], Engine] | None = None) -> AsyncIterator[Service]:
    """Open a service in an empty folder, with the stand-in engine unless another is given."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder),
            model=str(DEMO_MODEL_DIR),
            device="cpu",
            max_jobs=1_000_000,
            max_jobs_per_user=1_000_000,
        )
        async with open_service(settings, engine or stand_in(Path(folder))) as service:
            yield service


def stand_in(folder: Path, *, seconds_per_forward: float = 0.001) -> Callable[[], Engine]:
    """Return what makes the quick engine that draws nothing real."""
    return lambda: StandInEngine(seconds_per_forward=seconds_per_forward, notes=folder / "notes")
