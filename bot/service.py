"""The one path a job takes: written down, queued, drawn, stored, answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

from bot.engines import Drawing, Engine, RawImage
from bot.errors import BotError, CancelledError
from bot.executor import Executor, ThreadExecutor
from bot.generation import GenerationRequest, Size, SizeRules
from bot.images import encode_png, encode_preview, write_once
from bot.jobs import (
    CancelOutcome,
    Generation,
    Job,
    JobState,
    Origin,
    Relation,
    Scope,
    new_id,
    now,
)
from bot.models import ModelFiles, locate
from bot.queue import Estimator, FairQueue
from bot.recipe import make_recipe
from bot.settings import Settings
from bot.store import Store

logger = logging.getLogger(__name__)

FIXED_SENTENCE: Final = "Something went wrong on my side; it has been logged. Please try again."
STOPPING_SENTENCE: Final = "The bot is about to restart: try again in a minute."
POISON_SENTENCE: Final = "Drawing this stopped the bot twice, so it is not tried again."
PREVIEW_EVERY_S: Final = 1.0  # more would not be shown: Discord allows about one edit a second
MAX_ATTEMPTS: Final = 2  # a job that was running when the process died this often is given up
CANCEL_PATIENCE_S: Final = 2.0  # the answer to a cancel must come within Discord's 3 s
POST_AGAIN_S: Final = (2.0, 10.0, 60.0, 300.0)  # pauses between tries to post what is made


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A place in the queue: 1 is next; the seconds until the images are there, if known."""

    job: Job
    position: int
    eta_s: float | None


@dataclass(frozen=True, kw_only=True)
class QueueEntry:
    """A job on its way; position 0 is being drawn."""

    job: Job
    position: int
    eta_s: float | None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A step of one of a job's images; `preview` is a WebP, where one was made."""

    step: int
    total: int
    image_index: int
    count: int
    preview: bytes | None


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some images of a history, newest first."""

    generations: list[Generation]
    has_older: bool


class Reply(Protocol):
    """Whoever asked for a job; the service tells them how it goes."""

    async def queued(self, ticket: Ticket) -> None:
        """Acknowledge: the job is written down."""

    async def progress(self, progress: Progress) -> None:
        """Show how far the drawing is."""

    async def done(self, job: Job, generations: Sequence[Generation]) -> None:
        """Hand over the images."""

    async def failed(self, job: Job, sentence: str, /) -> None:
        """Say what went wrong."""

    async def cancelled(self, job: Job) -> None:
        """Say that the job was stopped."""


@dataclass(kw_only=True, eq=False)
class _Ride:
    """A job on its way through this process."""

    job: Job
    reply: Reply
    cancel: threading.Event = field(default_factory=threading.Event)
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    image_index: int = 0
    step_share: float = 0.0  # of the image being drawn
    preview_due: float = 0.0


@contextlib.asynccontextmanager
async def open_service(
    settings: Settings, engine_factory: Callable[[], Engine]
) -> AsyncIterator[Service]:
    """Open store, executor and service, in this order, and close them backwards.

    Raises:
        BotError: The model or the database cannot be used.

    """
    files = await asyncio.to_thread(locate, settings.model, model_cache=settings.model_cache)
    data = settings.data_dir
    async with (
        Store(data / "bot.sqlite3", images=data / "images") as store,
        ThreadExecutor(engine_factory) as executor,
        Service(store, executor, files, settings) as service,
    ):
        yield service


class Service:
    """The bot without a face: everything that can be asked of it, and the work behind it."""

    def __init__(
        self, store: Store, executor: Executor, files: ModelFiles, settings: Settings
    ) -> None:
        """Put the parts together; nothing runs yet."""
        self._store = store
        self._executor = executor
        self._files = files
        self._queue = FairQueue(
            max_jobs=settings.max_jobs, max_jobs_per_user=settings.max_jobs_per_user
        )
        self._device = settings.device
        self.rules = SizeRules(native=files.native)
        self.model_id = files.model_id
        self._rides: dict[str, _Ride] = {}  # waiting, running or being posted
        self._running: _Ride | None = None
        self._stopping = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        """Begin to work."""
        files = self._files
        await self._store.record_model(files.model_id, files.revision, files.manifest)
        speeds = await self._store.speeds(files.model_id, self._device)
        self._estimator = Estimator(speeds)
        self._worker = asyncio.create_task(self._work(), name="queue")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop; what is not finished is taken up at the next start."""
        await self.stop()
        for task in list(self._tasks):  # only replies that wait to be tried again are left
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Take no more jobs, let the one that runs be drawn, stored and answered."""
        self._stopping = True
        async with self._changed:
            self._changed.notify_all()
        await asyncio.gather(self._worker, return_exceptions=True)
        await self._settled()

    # What can be asked

    async def submit(
        self,
        requests: Sequence[GenerationRequest],
        origin: Origin,
        *,
        reply: Reply,
        parent: str | None = None,
        relation: Relation = "imagine",
        spoiler: bool = False,
    ) -> Ticket:
        """Write a job down, queue it, and have it acknowledged.

        Raises:
            BotError: The queue is full, the requester's limit is reached, or the bot is stopping.

        """
        if self._stopping:
            raise BotError(STOPPING_SENTENCE)
        self._check_room(origin.user_id)
        job = Job(
            id=new_id(),
            requests=tuple(requests),
            origin=origin,
            parent_id=parent,
            relation=relation,
            spoiler=spoiler,
            created_at=now(),
        )
        await self._store.add_job(job)
        return await self._enqueue(_Ride(job=job, reply=reply))

    async def resume(self, make_reply: Callable[[Job], Reply]) -> None:
        """Take up the jobs an earlier run of the program left unfinished."""
        for job in await self._store.unfinished_jobs():
            if job.id in self._rides:
                continue
            ride = _Ride(job=job, reply=make_reply(job))
            if job.state is JobState.MADE:
                ride.acknowledged.set()
                self._rides[job.id] = ride
                generations = await self._store.generations_of(job.id)
                self._start(self._answer(ride, generations), f"post {job.id}")
            elif job.attempts >= MAX_ATTEMPTS:
                ride.acknowledged.set()
                self._rides[job.id] = ride
                self._start(self._fail(ride, POISON_SENTENCE), f"fail {job.id}")
            else:
                await self._enqueue(ride)

    async def cancel(
        self, job_id: str, *, by: int, is_moderator: bool, scope: Scope
    ) -> CancelOutcome:
        """Stop a job and say what that really stopped."""
        job = await self._store.job(job_id)
        if job is None or not _visible(job, scope):
            return CancelOutcome.UNKNOWN
        if job.origin.user_id != by and not is_moderator:
            return CancelOutcome.NOT_YOURS
        ride = self._rides.get(job_id)
        if ride is None:
            return CancelOutcome.TOO_LATE
        if self._queue.remove(job_id) is not None:
            await self._store.end_job(job_id, JobState.CANCELLED)
            self._start(self._say_cancelled(ride), f"cancel {job_id}")
            return CancelOutcome.QUEUED
        if ride is not self._running:
            return CancelOutcome.TOO_LATE
        ride.cancel.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ride.ended.wait(), CANCEL_PATIENCE_S)
        after = await self._store.job(job_id)
        stopped = after is None or after.state in {JobState.CANCELLED, JobState.RUNNING}
        return CancelOutcome.RUNNING if stopped else CancelOutcome.TOO_LATE

    async def queue_for(self, *, scope: Scope, user_id: int) -> list[QueueEntry]:  # noqa: ARG002
        """Return everything on its way, in the order that will really happen.

        All of it is returned, or positions would lie; whoever shows it hides what is not of
        `scope` or `user_id`.
        """
        left = self._left_s()
        entries = []
        if self._running is not None:
            entries.append(QueueEntry(job=self._running.job, position=0, eta_s=left))
        for position, job in enumerate(self._queue.order(), start=1):
            left = _plus(left, self._estimator.seconds(job.requests))
            entries.append(QueueEntry(job=job, position=position, eta_s=left))
        return entries

    async def generation(self, generation_id: str, *, scope: Scope) -> Generation | None:
        """Return an image that may be seen from `scope` and whose file is there."""
        found = await self._store.generation(generation_id, scope)
        return found if found is not None and found.path.is_file() else None

    async def originals(self, job: Job) -> list[Generation]:
        """Return the images that stood beside the parent of a job."""
        return await self._store.originals(job)

    async def history(
        self,
        *,
        scope: Scope,
        search: str = "",
        user_id: int | None = None,
        page: int = 0,
        page_size: int = 5,
    ) -> Page:
        """Return a page of the images of a place, newest first."""
        found = await self._store.history(
            scope=scope,
            search=search,
            user_id=user_id,
            offset=page * page_size,
            limit=page_size + 1,
        )
        return Page(generations=found[:page_size], has_older=len(found) > page_size)

    async def delete(self, generation_id: str, *, by: int, is_moderator: bool) -> None:
        """Delete an image for its requester or a moderator, who must be allowed to see it.

        Raises:
            BotError: Somebody else asks.

        """
        found = await self._store.generation(generation_id)
        if found is None:
            return
        if found.user_id != by and not is_moderator:
            raise BotError("Only its requester and moderators can delete it.")
        if await self._store.delete_generation(generation_id):
            await asyncio.to_thread(found.path.unlink, missing_ok=True)

    async def set_message(self, job_id: str, channel_id: int, message_id: int) -> None:
        """Record which message answers a job."""
        await self._store.set_message(job_id, channel_id, message_id)

    async def recent_sizes(self, user_id: int) -> list[Size]:
        """Return the sizes a user drew last, as far as this model draws them."""
        sizes = await self._store.recent_sizes(user_id)
        return [s for s in sizes if max(s.width, s.height) <= self.rules.max_side]

    async def idle(self) -> None:
        """Wait until nothing waits, runs or is being answered."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._rides)
        await self._settled()

    # The work behind it

    def _check_room(self, user_id: int) -> None:
        is_theirs = self._running is not None and self._running.job.origin.user_id == user_id
        self._queue.check_room(user_id, running=int(is_theirs))

    async def _enqueue(self, ride: _Ride) -> Ticket:
        self._rides[ride.job.id] = ride
        self._queue.add(ride.job)
        entries = await self.queue_for(scope=Scope(), user_id=0)
        entry = next(e for e in entries if e.job.id == ride.job.id)
        ticket = Ticket(job=ride.job, position=entry.position, eta_s=entry.eta_s)
        async with self._changed:
            self._changed.notify_all()
        try:
            await ride.reply.queued(ticket)
        except Exception:  # the job is written down and goes on, whatever the network does
            logger.exception("Job %s could not be acknowledged", ride.job.id)
        finally:
            ride.acknowledged.set()
        return ticket

    async def _work(self) -> None:
        """Draw one job after the other; storing and answering run beside the next one."""
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._stopping or len(self._queue) > 0)
            if self._stopping:
                return
            job = self._queue.take()
            assert job is not None
            ride = self._running = self._rides[job.id]
            try:
                await self._run(ride)
            finally:
                self._running = None

    async def _run(self, ride: _Ride) -> None:
        """Draw all images of a job; the two boundaries where anything may be caught end here."""
        try:
            await self._store.start_job(ride.job.id)
            drawings = [await self._draw(ride, i) for i in range(len(ride.job.requests))]
        except CancelledError:
            await self._store.end_job(ride.job.id, JobState.CANCELLED)
            ride.ended.set()
            self._start(self._say_cancelled(ride), f"cancel {ride.job.id}")
        except BotError as error:
            logger.info("Job %s failed: %s", ride.job.id, error.message, exc_info=error.__cause__)
            self._start(self._fail(ride, error.message), f"fail {ride.job.id}")
        except Exception:
            logger.exception("Job %s failed", ride.job.id)
            self._start(self._fail(ride, FIXED_SENTENCE), f"fail {ride.job.id}")
        else:
            self._start(self._finish(ride, drawings), f"finish {ride.job.id}")

    async def _draw(self, ride: _Ride, index: int) -> Drawing:
        ride.image_index, ride.step_share = index, 0.0
        request = ride.job.requests[index]
        drawing = await self._executor.draw(
            request,
            cancel=ride.cancel,
            on_progress=lambda step, total, raw: self._note_step(ride, step, total, raw),
            wants_preview=lambda: _preview_is_due(ride),
        )
        tokens, speed = self._estimator.learn(request, drawing.duration_s)
        await self._store.set_speed(
            self.model_id, self._device, tokens=tokens, seconds_per_forward=speed
        )
        return drawing

    def _note_step(self, ride: _Ride, step: int, total: int, preview: RawImage | None) -> None:
        ride.step_share = step / total
        if ride.acknowledged.is_set():
            self._start(self._show_step(ride, step, total, preview), f"progress {ride.job.id}")

    async def _show_step(
        self, ride: _Ride, step: int, total: int, preview: RawImage | None
    ) -> None:
        encoded = None if preview is None else await asyncio.to_thread(encode_preview, preview)
        if ride.ended.is_set():
            return
        await ride.reply.progress(
            Progress(
                step=step,
                total=total,
                image_index=ride.image_index,
                count=len(ride.job.requests),
                preview=encoded,
            )
        )

    async def _finish(self, ride: _Ride, drawings: Sequence[Drawing]) -> None:
        """Store the images of a job, file before row, then answer."""
        ride.ended.set()
        try:
            generations = [
                await asyncio.to_thread(self._store_file, ride.job, i, drawing)
                for i, drawing in enumerate(drawings)
            ]
            await self._store.finish_job(ride.job, generations)
        except OSError as error:
            logger.exception("The images of job %s could not be stored", ride.job.id)
            await self._fail(ride, f"The image could not be stored: {error.strerror or error}.")
            return
        await self._answer(ride, generations)

    def _store_file(self, job: Job, index: int, drawing: Drawing) -> Generation:
        request = job.requests[index]
        recipe = make_recipe(request, drawing)
        path = self._store.image_path(drawing.image.pixel_sha256)
        write_once(path, encode_png(drawing.image, recipe=recipe))
        return Generation(
            id=new_id(),
            job_id=job.id,
            index=index,
            request=request,
            path=path,
            pixel_sha256=drawing.image.pixel_sha256,
            conditions=drawing.conditions,
            durations_s=drawing.durations_s,
            user_id=job.origin.user_id,
            guild_id=job.origin.guild_id,
            parent_id=job.parent_id,
            created_at=now(),
            relation=job.relation,
            channel_id=job.origin.channel_id,
        )

    async def _answer(self, ride: _Ride, generations: Sequence[Generation]) -> None:
        """Hand the images over, again and again until it works or the program ends."""
        await ride.acknowledged.wait()
        for pause in (*POST_AGAIN_S, None):
            try:
                await ride.reply.done(ride.job, generations)
            except Exception:
                logger.exception("The images of job %s could not be posted", ride.job.id)
            else:
                await self._store.end_job(ride.job.id, JobState.POSTED)
                break
            await self._leave(ride)  # made and stored: nobody waits for this but the requester
            if pause is None or self._stopping:
                break  # the next start tries again
            await asyncio.sleep(pause)
        await self._leave(ride)

    async def _fail(self, ride: _Ride, sentence: str) -> None:
        ride.ended.set()
        await self._store.end_job(ride.job.id, JobState.FAILED, error=sentence)
        await self._say(ride, ride.reply.failed(ride.job, sentence))

    async def _say_cancelled(self, ride: _Ride) -> None:
        ride.ended.set()
        await self._say(ride, ride.reply.cancelled(ride.job))

    async def _say(self, ride: _Ride, saying: object) -> None:
        await ride.acknowledged.wait()
        try:
            await saying  # type: ignore[misc]
        except Exception:
            logger.exception("The requester of job %s could not be told", ride.job.id)
        finally:
            await self._leave(ride)

    async def _leave(self, ride: _Ride) -> None:
        self._rides.pop(ride.job.id, None)
        async with self._changed:
            self._changed.notify_all()

    def _left_s(self) -> float | None:
        """Return how long the job that runs will still take."""
        if self._running is None:
            return 0.0
        requests = self._running.job.requests[self._running.image_index :]
        total, current = self._estimator.seconds(requests), self._estimator.seconds(requests[:1])
        if total is None or current is None:
            return None
        return total - current * self._running.step_share

    def _start(self, work: object, name: str) -> None:
        """Run something beside the queue; it is kept, and a failure is logged."""
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s failed", task.get_name(), exc_info=error)

    async def _settled(self) -> None:
        """Wait for everything that is being stored or said, but not for tries to come."""
        while busy := [t for t in self._tasks if t.get_name().split()[-1] in self._rides]:
            await asyncio.wait(busy, timeout=0.5)


def _preview_is_due(ride: _Ride) -> bool:
    """Tell whether to make a preview now; on the drawing thread."""
    moment = time.monotonic()
    if moment < ride.preview_due:
        return False
    is_first = ride.preview_due == 0.0
    ride.preview_due = moment + PREVIEW_EVERY_S
    return not is_first


def _visible(job: Job, scope: Scope) -> bool:
    if scope.guild_id is not None:
        return job.origin.guild_id == scope.guild_id
    return job.origin.guild_id is None and job.origin.user_id == scope.user_id


def _plus(left: float | None, more: float | None) -> float | None:
    return None if left is None or more is None else left + more
