"""Two slots: whoever waits gets the one that is free, and one does not disturb the other."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from bot.domain.batches import Batch, BatchKind
from bot.domain.drawing import Drawing, DrawTask, Step
from bot.domain.jobs import CancelOutcome, Generation, Job, JobSource, now
from bot.domain.requests import ImageRequest, Quality, Size
from bot.domain.viewers import Viewer
from bot.engine.protocol import from_json, to_json
from bot.errors import CancelledError
from bot.execution.slot import EngineHungError
from bot.models import locate
from bot.services import POISON_SENTENCE, Progress, QueueEntry, Service
from bot.settings import Settings
from bot.storage import Store
from tests.support.discord_server.stand_in import StandInEngine
from tests.support.viewers import viewer_at

pytest_plugins = ["tests.support.bot_fixtures"]

PATIENCE_S = 30.0
ADA, MING, EVE = 10, 20, 30


class RemoteSlot:
    """A slot as another process would be: only JSON goes to its engine and comes back.

    A drawing stops twice, behind its first step and behind its last one, until its seed may go on.
    """

    def __init__(self, notes: Path) -> None:
        self._engine = StandInEngine(seconds_per_forward=0.0, notes=notes)
        self._turn = asyncio.Lock()
        self._cancelled: dict[str, asyncio.Event] = {}
        self.begun: list[int] = []
        self.hangs: list[int] = []
        self.restarts = 0
        self.can_restart = True
        self.goes_on: dict[int, asyncio.Event] = defaultdict(asyncio.Event)
        self.ends: dict[int, asyncio.Event] = defaultdict(asyncio.Event)

    async def draw(
        self, task: DrawTask, *, on_step: Callable[[Step], None], on_begin: Callable[[], None]
    ) -> Drawing:
        cancelled = self._cancelled[task.id] = asyncio.Event()
        async with self._turn:
            if cancelled.is_set():
                raise CancelledError("It was cancelled in time.")
            on_begin()
            arrived = from_json(to_json(task))
            seed = arrived.request.seed
            self.begun.append(seed)
            if seed in self.hangs:
                self.hangs.remove(seed)
                raise EngineHungError("It hangs.")
            steps: list[Step] = []
            drawing = self._engine.draw(arrived, on_step=steps.append)
            first, *others = (from_json(to_json(step)) for step in steps)
            on_step(first)
            await either(self.goes_on[seed], cancelled)
            for step in others:
                if not cancelled.is_set():
                    on_step(step)
            await either(self.ends[seed], cancelled)
            if cancelled.is_set():
                raise CancelledError("It was cancelled.")
            return from_json(to_json(drawing))

    def cancel(self, task_id: str) -> None:
        if task_id in self._cancelled:
            self._cancelled[task_id].set()

    def let(self, *seeds: int) -> None:
        """Let drawings come to their end."""
        for seed in seeds:
            self.goes_on[seed].set()
            self.ends[seed].set()

    async def loaded(self) -> float:
        return 0.0

    async def restart(self) -> None:
        self.restarts += 1
        if not self.can_restart:
            raise RuntimeError("no such device")


class Asker:
    """A reply that keeps what it is told."""

    def __init__(self) -> None:
        self.generations: Sequence[Generation] = ()
        self.sentence = ""
        self.was_cancelled = False
        self.was_kept = False

    async def queued(self, entry: QueueEntry) -> None:
        self.job = entry.job

    async def moved(self, entry: QueueEntry) -> None:
        pass

    async def kept(self, job: Job) -> None:
        self.was_kept = True

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


async def either(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


@pytest.fixture
def slots(tmp_path: Path) -> list[RemoteSlot]:
    return [RemoteSlot(tmp_path / "notes") for _ in range(2)]


@pytest.fixture
async def service(settings: Settings, slots: list[RemoteSlot]) -> AsyncIterator[Service]:
    data = settings.data_dir
    data.mkdir()
    files = locate(settings.model, model_cache=settings.model_cache)
    async with (
        Store(data / "bot.sqlite3", images=data / "images") as store,
        Service(store, slots, files, settings) as service,
    ):
        yield service
        for slot in slots:
            slot.let(*range(10))


async def ask(service: Service, user_id: int, *seeds: int, batch: Batch | None = None) -> Asker:
    reply = Asker()
    origin = JobSource(
        guild_id=1, channel_id=2, user_id=user_id, user_name="Ada", locale="en-US",
        application_id=3, token=None, expires_at=now() + dt.timedelta(minutes=15),
    )  # fmt: skip
    size = Size(width=128, height=128)
    requests = [
        ImageRequest(prompt="a red apple", seed=seed, size=size, quality=Quality.DRAFT)
        for seed in seeds
    ]
    viewer = viewer_at(origin)
    await service.jobs.submit(requests, origin, viewer=viewer, reply=reply, batch=batch)
    return reply


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)


async def ended(service: Service) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await service.idle()


async def test_two_jobs_are_drawn_at_once(service: Service, slots: list[RemoteSlot]):
    first, second = await ask(service, ADA, 1), await ask(service, MING, 2)
    await until(lambda: [slot.begun for slot in slots] == [[1], [2]])
    shown = {entry.job.id: entry.position for entry in service.jobs.queue(viewer=here(EVE))}
    assert shown == {first.job.id: 0, second.job.id: 0}
    for slot in slots:
        slot.let(1, 2)
    await ended(service)
    assert first.generations
    assert second.generations


async def test_no_job_waits_for_a_busy_slot_while_another_is_free(
    service: Service, slots: list[RemoteSlot]
):
    await ask(service, ADA, 1)
    await ask(service, MING, 2)
    await until(lambda: [slot.begun for slot in slots] == [[1], [2]])
    third = await ask(service, EVE, 3)

    slots[0].goes_on[1].set()  # at its last step, the slot takes the next job
    await until(lambda: chosen(service) == [3])
    slots[1].let(2)  # but the other one is free first

    await until(lambda: slots[1].begun == [2, 3])
    assert slots[0].begun == [1]
    slots[0].let(1)
    slots[1].let(3)
    await ended(service)
    assert third.generations
    assert slots[0].begun == [1]


async def test_each_slot_has_its_next_image_asked_for_in_time(
    service: Service, slots: list[RemoteSlot]
):
    for user_id, seed in ((ADA, 1), (MING, 2), (EVE, 3), (ADA, 4)):
        await ask(service, user_id, seed)
    await until(lambda: [slot.begun for slot in slots] == [[1], [2]])
    slots[1].goes_on[2].set()
    slots[0].goes_on[1].set()
    await until(lambda: chosen(service) == [4, 3])
    for slot in slots:
        slot.let(1, 2, 3, 4)
    await ended(service)
    assert [slot.begun for slot in slots] == [[1, 4], [2, 3]]


async def test_a_cancel_finds_the_slot_that_draws(service: Service, slots: list[RemoteSlot]):
    first, second = await ask(service, ADA, 1), await ask(service, MING, 2)
    await until(lambda: [slot.begun for slot in slots] == [[1], [2]])
    outcome = await service.jobs.cancel(second.job.id, viewer=here(MING))
    slots[0].let(1)
    await ended(service)
    assert outcome is CancelOutcome.RUNNING
    assert second.was_cancelled
    assert first.generations


async def test_a_slot_that_hangs_is_restarted_while_the_other_one_draws_on(
    service: Service, slots: list[RemoteSlot]
):
    slots[0].hangs = [1, 1]
    poison, other = await ask(service, ADA, 1), await ask(service, MING, 2)
    await until(lambda: poison.sentence == POISON_SENTENCE)
    slots[1].let(2)
    await ended(service)
    assert [slot.restarts for slot in slots] == [2, 0]
    assert slots[1].begun == [2]
    assert other.generations


async def test_a_slot_that_is_lost_ends_the_service_behind_what_the_other_one_draws(
    service: Service, slots: list[RemoteSlot]
):
    slots[0].hangs, slots[0].can_restart = [1], False
    lost, drawn = await ask(service, ADA, 1), await ask(service, MING, 2)
    await asyncio.wait_for(service.lost.wait(), PATIENCE_S)
    slots[1].let(2)
    await asyncio.wait_for(service.stop(), PATIENCE_S)
    assert drawn.generations
    assert (lost.sentence, lost.generations) == ("", ())


def here(user_id: int) -> Viewer:
    return Viewer(user_id=user_id, guild_id=1, channels=frozenset({2}))


def chosen(service: Service) -> list[int]:
    """Return the seeds of the images that wait in the slots, by slot."""
    workers = service._dispatcher.workers
    asked = [worker.prefetcher.active for worker in workers if worker.prefetcher.active]
    return [active.job.requests[0].seed for active in asked]


async def test_batches_that_give_way_are_drawn_whole_by_two_slots(
    service: Service, slots: list[RemoteSlot]
):
    file = Batch(kind=BatchKind.PROMPTS, title="list.txt")
    for slot in slots:
        slot.let(*range(100))
    first = await ask(service, ADA, *range(20), batch=file)
    second = await ask(service, MING, *range(20, 40), batch=file)
    others = [await ask(service, EVE, seed) for seed in range(40, 44)]
    await ended(service)
    assert [each.request.seed for each in first.generations] == list(range(20))
    assert [each.request.seed for each in second.generations] == list(range(20, 40))
    assert all(each.generations for each in others)
    # One may be begun twice, where a free slot takes it over that was just asked for elsewhere.
    assert {seed for slot in slots for seed in slot.begun} == set(range(44))
