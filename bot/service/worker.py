"""The loop that draws: one job after the other, whoever's turn it is."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from typing import Final

from bot.engine_thread import EngineHungError
from bot.engines import Drawing, RawImage
from bot.errors import BotError, CancelledError, InvalidRequestError
from bot.estimator import Estimator
from bot.executor import Executor
from bot.images import encode_preview
from bot.jobs import Job
from bot.queue import FairQueue
from bot.service.ahead import Ahead
from bot.service.delivery import FIXED_SENTENCE, Delivery
from bot.service.replies import Progress
from bot.service.rides import Ride, Rides
from bot.service.unfinished import Unfinished
from bot.store import Store

logger = logging.getLogger(__name__)

POISON_SENTENCE: Final = "Drawing this stopped the engine twice, so it is not tried again."
MAX_ATTEMPTS: Final = 2  # a job that broke the engine, or the process, this often is given up


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
        """Draw all images of a job, once more if the engine broke; then hand it on."""
        sentence = FIXED_SENTENCE
        while not ride.is_through and not ride.cancel.is_set() and not self._is_lost():
            if ride.attempts >= MAX_ATTEMPTS:
                sentence = POISON_SENTENCE
                break
            try:
                await self._attempt(ride)
            except CancelledError:
                pass  # looked at below, like a cancel that came after the last step
            except EngineHungError:
                if ride.cancelled_by is None:  # it was set to end the hung drawing only
                    ride.cancel = threading.Event()
                await self._restart_engine()
            except BotError as error:
                is_mistake = isinstance(error, InvalidRequestError)  # of whoever typed it
                logger.info(
                    "Job %s failed: %s", ride.job.id, error.message, exc_info=not is_mistake
                )
                sentence = error.message
                break
            except Exception:
                logger.exception("Job %s broke the engine", ride.job.id)
                await self._restart_engine()
        self._ahead.drop(ride)
        self._hand_on(ride, next(iter(ride.failures.values()), sentence))

    def _hand_on(self, ride: Ride, sentence: str) -> None:
        """Let a job end, beside the next one; from here on no cancel comes between."""
        job_id = ride.job.id
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
        """Draw what is not drawn yet."""
        await self._store.jobs.start(ride.job.id)
        ride.attempts += 1
        for index in range(len(ride.job.requests)):
            if index not in ride.drawings and index not in ride.failures:
                await self._draw_or_note(ride, index)

    async def _draw_or_note(self, ride: Ride, index: int) -> None:
        """Draw one image; where one of a comparison cannot be, the others still can.

        Raises:
            BotError: It cannot be drawn, and the job is none without it.

        """
        try:
            ride.drawings[index] = await self._draw(ride, index)
        except (CancelledError, EngineHungError):
            raise
        except BotError as error:
            if ride.job.axis is None:
                raise
            logger.info("Image %d of job %s failed: %s", index + 1, ride.job.id, error.message)
            ride.failures[index] = error.message
        else:
            if not ride.is_through:  # else all of them are stored in a moment
                keeping = self._unfinished.keep(ride, index)
                self._rides.start(keeping, f"keep {ride.job.id}")

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
        return await self._executor.draw(
            ride.job.requests[index],
            like=await self._recorded(ride.job, index),
            cancel=ride.cancel,
            on_progress=lambda step, total, raw: self._note_step(ride, index, step, total, raw),
            wants_preview=ride.wants_preview,
        )

    def _look_ahead(self, ride: Ride, index: int) -> None:
        """Choose what comes after an image and ask for it."""
        if self._ahead.ride is not None or self._is_stopping or ride is not self.running:
            return
        left = [i for i in range(index + 1, len(ride.job.requests)) if i not in ride.drawings]
        following, first = (ride, left[0]) if left else (self._take_fresh(), 0)
        if following is not None:
            self._ahead.ask(following, first)

    def _take_fresh(self) -> Ride | None:
        """Take the next job, unless it was begun before.

        Its row says that it runs before it is drawn once more, or a job that ends the process at
        once would be tried for ever.
        """
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
