"""The engine goes from image to image by itself; turns, cancels and restarts stay right."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import sqlite3
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.domain.drawing import Drawing, DrawTask, Step
from bot.domain.jobs import CancelOutcome, Generation, Job, JobSource, now
from bot.domain.requests import ImageRequest, Quality, Size
from bot.domain.viewers import Viewer
from bot.engine.protocol import OnStep
from bot.errors import BadImageError
from bot.execution.slot import EngineHungError, NotBegunError
from bot.execution.thread_slot import ThreadSlot
from bot.services import POISON_SENTENCE, Progress, QueueEntry, Service, open_service
from bot.settings import Settings
from tests.support.viewers import viewer_at

if TYPE_CHECKING:
    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]

HERE = Viewer(user_id=0, guild_id=1, channels=frozenset({2}))
PATIENCE_S = 30.0
HELD = 1  # the seed of the image that stops at its last step


class LateEngine:
    """The real engine; one seed's image stops behind its last step, and can end badly there."""

    def __init__(self, engine: ZImageEngine) -> None:
        self._engine = engine
        self.at_end = threading.Event()
        self.go_on = threading.Event()
        self.end: Exception | None = None
        self.ends = 1  # how often it ends so
        self.begun: list[int] = []
        self.began_another = threading.Event()

    def load(self) -> None:
        pass

    def draw(
        self,
        task: DrawTask,
        *,
        on_step: OnStep | None = None,
        cancel: threading.Event | None = None,
    ) -> Drawing:
        request = task.request
        self.begun.append(request.seed)
        if request.seed != HELD:
            self.began_another.set()

        def stopping(step: Step) -> None:
            if on_step is not None:
                on_step(step)
            if request.seed == HELD and step.number == step.total:
                self.at_end.set()
                assert self.go_on.wait(PATIENCE_S)

        drawing = self._engine.draw(task, on_step=stopping, cancel=cancel)
        if request.seed == HELD and self.end is not None and self.ends:
            self.ends -= 1
            raise self.end
        return drawing

    def warm(self, size: Size, *, cancel: threading.Event) -> bool:
        return True

    def close(self) -> None:
        pass


class Asker:
    """A reply that keeps what it is told."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self.generations: Sequence[Generation] = ()
        self.sentence = ""
        self.was_cancelled = False

    async def queued(self, entry: QueueEntry) -> None:
        self.job = entry.job

    async def moved(self, entry: QueueEntry) -> None:
        pass

    async def kept(self, job: Job) -> None:
        pass

    async def progress(self, progress: Progress) -> None:
        pass

    async def done(self, job: Job, generations: Sequence[Generation]) -> None:
        self.generations = generations

    async def held(self, job: Job) -> None:
        """Nothing is held here."""

    async def refused(self, job: Job, sentence: str, /) -> None:
        """Nor refused."""

    async def failed(self, job: Job, sentence: str, /) -> None:
        self.sentence = sentence

    async def cancelled(self, job: Job, *, by_requester: bool) -> None:
        self.was_cancelled = True


def wish(seed: int) -> ImageRequest:
    return ImageRequest(
        prompt="a red apple", seed=seed, size=Size(width=128, height=128), quality=Quality.DRAFT
    )


async def ask(service: Service, user_id: int, *seeds: int) -> Asker:
    reply = Asker()
    origin = JobSource(
        guild_id=1, channel_id=2, user_id=user_id, user_name="Ada", locale="en-US",
        application_id=3, token=None, expires_at=now() + dt.timedelta(minutes=15),
    )  # fmt: skip
    await service.jobs.submit(
        [wish(seed) for seed in seeds], origin, viewer=viewer_at(origin), reply=reply
    )
    return reply


@pytest.fixture
def late(loaded_engine: ZImageEngine) -> LateEngine:
    return LateEngine(loaded_engine)


@pytest.fixture
async def service(settings: Settings, late: LateEngine) -> AsyncIterator[Service]:
    async with open_service(settings, lambda: late) as service:
        try:
            yield service
        finally:
            late.go_on.set()


async def ended(service: Service) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await service.idle()


async def at_its_end(late: LateEngine, service: Service) -> None:
    """Wait until the held image is at its last step, and the next one waits on its thread."""
    assert await asyncio.to_thread(late.at_end.wait, PATIENCE_S)
    async with asyncio.timeout(PATIENCE_S):
        while service._slots[0]._thread._calls.empty():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)


def row(settings: Settings, job: Job | None) -> tuple[str, int]:
    assert job is not None
    with contextlib.closing(sqlite3.connect(settings.data_dir / "bot.sqlite3")) as db:
        sql = "SELECT state, attempts FROM jobs WHERE id = ?"
        state, attempts = db.execute(sql, (job.id,)).fetchone()
        return state, attempts


async def test_the_next_job_begins_while_the_event_loop_is_busy(service: Service, late: LateEngine):
    await ask(service, 10, HELD)
    await ask(service, 20, 2)
    await at_its_end(late, service)

    late.go_on.set()
    began = late.began_another.wait(PATIENCE_S)  # on the loop: nothing else runs on it meanwhile

    assert began
    await ended(service)


async def test_the_images_of_a_job_follow_one_another_without_the_event_loop(
    service: Service, late: LateEngine
):
    reply = await ask(service, 10, HELD, 2)
    await at_its_end(late, service)

    late.go_on.set()
    began = late.began_another.wait(PATIENCE_S)

    assert began
    await ended(service)
    assert [each.request.seed for each in reply.generations] == [HELD, 2]


async def test_who_is_next_is_chosen_at_the_last_moment_and_shown_as_such(
    service: Service, late: LateEngine
):
    await ask(service, 10, HELD)
    second = await ask(service, 20, 2)
    await at_its_end(late, service)
    third = await ask(service, 30, 3)

    entries = {entry.job.id: entry.position for entry in service.jobs.queue(viewer=HERE)}

    assert [entries.get(each.job.id) for each in (second, third) if each.job] == [1, 2]
    late.go_on.set()
    await ended(service)
    assert late.begun == [HELD, 2, 3]


async def test_a_job_that_was_asked_for_ahead_can_be_cancelled(
    service: Service, settings: Settings, late: LateEngine
):
    await ask(service, 10, HELD)
    second = await ask(service, 20, 2)
    third = await ask(service, 30, 3)
    await at_its_end(late, service)
    assert second.job is not None

    cancelling = asyncio.create_task(
        service.jobs.cancel(second.job.id, viewer=replace(HERE, user_id=20))
    )
    await asyncio.sleep(0)
    late.go_on.set()

    assert await cancelling is CancelOutcome.RUNNING
    await ended(service)
    assert second.was_cancelled
    assert row(settings, second.job) == ("cancelled", 0)
    assert third.generations


async def test_a_job_is_no_suspect_before_its_own_turn(
    service: Service, settings: Settings, late: LateEngine
):
    await ask(service, 10, HELD)
    second = await ask(service, 20, 2)
    await at_its_end(late, service)

    assert row(settings, second.job) == ("queued", 0)
    late.go_on.set()
    await ended(service)
    assert row(settings, second.job) == ("posted", 1)


async def test_a_drawing_that_breaks_the_engine_does_not_take_the_next_one_with_it(
    service: Service, settings: Settings, late: LateEngine
):
    late.end, late.ends = RuntimeError("CUDA error: an illegal memory access"), 2
    first = await ask(service, 10, HELD)
    second = await ask(service, 20, 2)
    await at_its_end(late, service)

    late.go_on.set()
    await ended(service)

    assert first.sentence == POISON_SENTENCE
    assert second.generations
    assert late.begun == [HELD, HELD, 2]
    assert row(settings, second.job) == ("posted", 1)


async def test_an_image_that_fails_does_not_call_off_the_next_one(
    service: Service, late: LateEngine
):
    late.end = BadImageError("The model returned one single colour: try another seed.")
    first = await ask(service, 10, HELD, 2)
    second = await ask(service, 20, 3)
    await at_its_end(late, service)

    late.go_on.set()
    await ended(service)

    assert [each.request.seed for each in first.generations] == [2]
    assert second.generations


async def test_a_stopping_bot_draws_what_it_asked_for_and_keeps_the_rest(
    settings: Settings, late: LateEngine
):
    async with open_service(settings, lambda: late) as service:
        first = await ask(service, 10, HELD)
        second = await ask(service, 20, 2)
        third = await ask(service, 30, 3)
        await at_its_end(late, service)
        stopping = asyncio.create_task(service.stop())
        await asyncio.sleep(0)
        late.go_on.set()
        await stopping

    assert first.generations
    assert second.generations
    assert row(settings, third.job) == ("queued", 0)


async def test_what_waits_behind_a_hung_drawing_is_never_begun(late: LateEngine):
    async with ThreadSlot(lambda: late, patience_s=2.0, grace_s=0.01) as slot:
        tasks = [DrawTask(request=wish(seed)) for seed in (HELD, 2, 3)]
        results = await asyncio.gather(*map(slot.draw, tasks[:2]), return_exceptions=True)
        late.go_on.set()
        await slot.restart()
        third = await slot.draw(tasks[2])

    assert [type(each) for each in results] == [EngineHungError, NotBegunError]
    assert third.image.pixels
    assert late.begun == [HELD, 3]
