"""The loop that draws: one job after the other, whoever's turn it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Mapping
from typing import Final

from bot.domain.drawing import Drawing, RawImage
from bot.domain.jobs import Job
from bot.errors import BotError, CancelledError, InvalidRequestError
from bot.execution.engine_thread import EngineHungError
from bot.execution.executor import Executor
from bot.media.encoding import encode_preview
from bot.services.active_jobs import Ride, Rides
from bot.services.breakdowns import Breakdowns
from bot.services.checkpoints import Unfinished
from bot.services.delivery import FIXED_SENTENCE, Delivery
from bot.services.estimator import Estimator
from bot.services.prefetcher import Ahead
from bot.services.queue import FairQueue
from bot.services.replies import Progress
from bot.storage import Store

logger = logging.getLogger(__name__)

POISON_SENTENCE: Final = "Drawing this stopped the engine twice, so it is not tried again."


class _BrokenError(Exception):
    """The engine is of no use any more."""


class Worker:
    """Take jobs from the queue and draw them; storing and answering run beside the next one.

    When an image comes to its last step, the next one is chosen and asked for, so that the engine
    never waits for the event loop, the queue or the database. It is not chosen before: whoever
    comes until then has a fair turn.

    Attributes:
        running: The job that is drawn now.
        unfinished: The jobs that were taken when the last engine was lost; the next start takes
            them up.
        lost: Set when no engine can be had any more: the process has to be started again.

    """

    def __init__(  # noqa: PLR0913 - the parts that meet here
        self,
        *,
        store: Store,
        executor: Executor,
        queue: FairQueue,
        rides: Rides,
        delivery: Delivery,
        unfinished: Unfinished,
        breakdowns: Breakdowns,
        estimator: Estimator,
        model_id: str,
        device: str,
    ) -> None:
        """Remember the parts."""
        self._store = store
        self._executor = executor
        self._queue = queue
        self._rides = rides
        self._delivery = delivery
        self._unfinished = unfinished
        self._breakdowns = breakdowns
        self._estimator = estimator
        self._model_id = model_id
        self._device = device
        self._is_stopping = False
        self.running: Ride | None = None
        self.unfinished: set[Ride] = set()
        self._ahead = Ahead(self._ask)
        self.lost = asyncio.Event()

    async def work(self) -> None:
        """Draw until told to stop."""
        while (ride := await self._next()) is not None:
            self.running = ride
            try:
                await self._run(ride)
            finally:
                self.running = None

    async def _next(self) -> Ride | None:
        """Return whose turn it is; None when told to stop, and nothing was asked for ahead."""
        while self._ahead.ride is None:
            await self._rides.wait_until(self._has_news)
            if self._is_stopping:
                return None
            ride = self._take()
            if ride is not None:
                return ride
        return self._ahead.ride

    def _take(self) -> Ride | None:
        """Take the next job from the queue; None if all that wait are held back."""
        job = self._queue.take()
        if job is None:
            return None
        ride = self._rides.find(job.id)
        assert ride is not None
        return ride

    @property
    def underway(self) -> list[Ride]:
        """Return the jobs that no longer wait in the queue, the one that is drawn first."""
        rides = (self.running, self._ahead.ride)
        return list(dict.fromkeys(ride for ride in rides if ride is not None))

    async def stop(self) -> None:
        """Take no further job."""
        self._is_stopping = True
        await self._rides.changed()

    def left_s(self) -> float | None:
        """Return how long the job that runs will still take; None if that is not known."""
        ride = self.running
        if ride is None:
            return 0.0
        left = ride.left
        total, current = self._estimator.seconds(left), self._estimator.seconds(left[:1])
        if total is None or current is None:
            return None
        return total - current * ride.step_share

    def _has_news(self) -> bool:
        return self._is_stopping or self._queue.has_turn()

    async def _run(self, ride: Ride) -> None:
        """Draw all images of a job that can be drawn; then hand it on."""
        with contextlib.suppress(CancelledError):  # looked at below, like a late one
            while not ride.is_through and not ride.cancel.is_set() and not self._is_lost():
                await self._attempt(ride)
        self._ahead.drop(ride)
        self.hand_on(ride)

    def hand_on(self, ride: Ride) -> None:
        """Let a job end, beside the next one; from here on no cancel comes between."""
        job_id = ride.job.id
        sentence = next(iter(ride.failures.values()), FIXED_SENTENCE)
        if ride.cancel.is_set() and not ride.keeps_part:
            cancelled = self._delivery.cancelled(ride, by=ride.cancelled_by)
            self._rides.start(cancelled, f"cancel {job_id}")
        elif ride.is_drawn:
            self._rides.start(self._delivery.finish(ride), f"finish {job_id}")
        elif self._is_lost() and not ride.cancel.is_set():
            self.unfinished.add(ride)
        elif ride.keeps_part:
            self._rides.start(self._delivery.finish_part(ride, sentence), f"finish {job_id}")
        else:
            self._rides.start(self._delivery.fail(ride, sentence), f"fail {job_id}")

    async def _attempt(self, ride: Ride) -> None:
        """Draw what is not drawn yet, until the engine breaks."""
        await self._store.jobs.start(ride.job.id)
        ride.attempts += 1
        for index in range(len(ride.job.requests)):
            if index not in ride.drawings and index not in ride.failures:
                try:
                    await self._draw_or_note(ride, index)
                except _BrokenError:
                    await self._restart_engine()
                    return

    async def _draw_or_note(self, ride: Ride, index: int) -> None:
        """Draw one image, or note why it cannot be; the others of its job still can.

        Raises:
            _BrokenError: The engine broke, and needs to be replaced.
            CancelledError: The job was cancelled.

        """
        try:
            ride.drawings[index] = await self._draw(ride, index)
        except CancelledError:
            raise
        except EngineHungError as error:
            if ride.cancelled_by is None:  # it was set to end the hung drawing only
                ride.cancel = threading.Event()
            await self._note_breakdown(ride, index)
            raise _BrokenError from error
        except BotError as error:
            is_mistake = isinstance(error, InvalidRequestError)  # of whoever typed it
            logger.info(
                "Image %d of job %s failed: %s", index + 1, ride.job.id, error.message,
                exc_info=not is_mistake,
            )  # fmt: skip
            ride.failures[index] = error.message
        except Exception as error:
            logger.exception("Image %d of job %s broke the engine", index + 1, ride.job.id)
            await self._note_breakdown(ride, index)
            raise _BrokenError from error
        else:
            if not ride.is_through:  # else all of them are stored in a moment
                keeping = self._unfinished.keep(ride, index)
                self._rides.start(keeping, f"keep {ride.job.id}")

    async def _note_breakdown(self, ride: Ride, index: int) -> None:
        """Give an image up that broke the engine too often; one that was not begun never did."""
        if index in ride.begun and await self._breakdowns.broke(ride.job.id, index):
            ride.failures[index] = POISON_SENTENCE

    async def _restart_engine(self) -> None:
        """Replace an engine that broke; where that fails too, only a new process can help."""
        try:
            await self._executor.restart()
        except Exception:
            logger.exception("No engine can be had: the process must be started again")
            self.lost.set()
            self._is_stopping = True

    def _is_lost(self) -> bool:
        return self.lost.is_set()

    async def _draw(self, ride: Ride, index: int) -> Drawing:
        """Draw one image, or wait for it where it was asked for ahead."""
        drawing = await self._ahead.take(ride, index)
        if drawing is None:
            ride.image_index, ride.step_share = index, 0.0
            drawing = await self._ask(ride, index)
        request = ride.job.requests[index]
        ride.step_share = 0.0  # of what is left now
        if not drawing.is_usual:
            return drawing
        tokens, speed = self._estimator.learn(request, drawing.durations_s)
        recorded = self._store.machine.set_speed(
            self._model_id, self._device, tokens=tokens, speed=speed
        )
        self._rides.start(recorded, f"speed of {ride.job.id}")  # the next image need not wait
        return drawing

    async def _recorded(self, job: Job, index: int) -> Mapping[str, object] | None:
        """Return what an image that is drawn again was made under.

        It stands in the original's row, so a restarted bot knows it too.
        """
        if job.relation != "same_seed":
            return None
        originals = await self._store.generations.originals(job)
        original = originals.get(job.parent_of(index) or "")
        return None if original is None else original.conditions

    async def _ask(self, ride: Ride, index: int) -> Drawing:
        job_id = ride.job.id
        ride.begun.discard(index)
        try:
            return await self._executor.draw(
                ride.job.requests[index],
                like=await self._recorded(ride.job, index),
                cancel=ride.cancel,
                on_progress=lambda step, total, raw: self._note_step(ride, index, step, total, raw),
                wants_preview=ride.wants_preview,
                on_begin=lambda: self._begin(ride, index),
            )
        finally:
            self._breakdowns.drawn(job_id, index)

    def _begin(self, ride: Ride, index: int) -> None:
        """Note on the engine's thread that an image is begun."""
        ride.begun.add(index)
        self._breakdowns.drawing(ride.job.id, index)

    def _look_ahead(self, ride: Ride, index: int) -> None:
        """Choose what comes after an image and ask for it."""
        if self._ahead.ride is not None or self._is_stopping or ride is not self.running:
            return
        tried = {*ride.drawings, *ride.failures}
        left = [i for i in range(index + 1, len(ride.job.requests)) if i not in tried]
        following, first = (ride, left[0]) if left else (self._take_fresh(), 0)
        if following is not None:
            self._ahead.ask(following, first)

    def _take_fresh(self) -> Ride | None:
        """Take the next job, unless it was begun before: some of its images may be there."""
        job = self._queue.peek()
        if job is None or (ride := self._rides.find(job.id)) is None or ride.attempts:
            return None
        return self._take()

    def _note_step(
        self, ride: Ride, index: int, step: int, total: int, preview: RawImage | None
    ) -> None:
        ride.image_index, ride.step_share = index, step / total
        if step >= total - 1:
            self._look_ahead(ride, index)
        if ride.acknowledged.is_set():
            self._rides.start(
                self._show_step(ride, index, step, total, preview), f"progress {ride.job.id}"
            )

    async def _show_step(
        self, ride: Ride, index: int, step: int, total: int, preview: RawImage | None
    ) -> None:
        async with ride.showing:  # or a preview that takes long comes behind later steps
            encoded = None if preview is None else await asyncio.to_thread(encode_preview, preview)
        if ride.ended.is_set():
            return
        await ride.reply.progress(
            Progress(
                step=step,
                total=total,
                image_index=index,
                count=len(ride.job.requests),
                preview=encoded,
            )
        )
