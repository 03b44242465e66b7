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
from bot.services.active_jobs import ActiveJob, ActiveJobs
from bot.services.breakdowns import Breakdowns
from bot.services.checkpoints import Checkpoints
from bot.services.delivery import FIXED_SENTENCE, Delivery
from bot.services.estimator import Estimator
from bot.services.prefetcher import Prefetcher
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
        active_jobs: ActiveJobs,
        delivery: Delivery,
        checkpoints: Checkpoints,
        breakdowns: Breakdowns,
        estimator: Estimator,
        model_id: str,
        device: str,
    ) -> None:
        self._store = store
        self._executor = executor
        self._queue = queue
        self._active_jobs = active_jobs
        self._delivery = delivery
        self._checkpoints = checkpoints
        self._breakdowns = breakdowns
        self._estimator = estimator
        self._model_id = model_id
        self._device = device
        self._is_stopping = False
        self.running: ActiveJob | None = None
        self.unfinished: set[ActiveJob] = set()
        self._prefetcher = Prefetcher(self._ask)
        self.lost = asyncio.Event()

    async def work(self) -> None:
        """Draw until told to stop."""
        while (active := await self._next()) is not None:
            self.running = active
            try:
                await self._run(active)
            finally:
                self.running = None

    async def _next(self) -> ActiveJob | None:
        """Return whose turn it is; None when told to stop, and nothing was asked for ahead."""
        while self._prefetcher.active is None:
            await self._active_jobs.wait_until(self._has_news)
            if self._is_stopping:
                return None
            active = self._take()
            if active is not None:
                return active
        return self._prefetcher.active

    def _take(self) -> ActiveJob | None:
        """Take the next job from the queue; None if all that wait are held back."""
        job = self._queue.take()
        if job is None:
            return None
        active = self._active_jobs.find(job.id)
        assert active is not None
        return active

    @property
    def underway(self) -> list[ActiveJob]:
        """Return the jobs that no longer wait in the queue, the one that is drawn first."""
        active_jobs = (self.running, self._prefetcher.active)
        return list(dict.fromkeys(active for active in active_jobs if active is not None))

    async def stop(self) -> None:
        """Take no further job."""
        self._is_stopping = True
        await self._active_jobs.changed()

    def left_s(self) -> float | None:
        """Return how long the job that runs will still take; None if that is not known."""
        active = self.running
        if active is None:
            return 0.0
        left = active.left
        total, current = self._estimator.seconds(left), self._estimator.seconds(left[:1])
        if total is None or current is None:
            return None
        return total - current * active.step_share

    def _has_news(self) -> bool:
        return self._is_stopping or self._queue.has_turn()

    async def _run(self, active: ActiveJob) -> None:
        """Draw all images of a job that can be drawn; then hand it on."""
        with contextlib.suppress(CancelledError):  # looked at below, like a late one
            while not active.is_through and not active.cancel.is_set() and not self._is_lost():
                await self._attempt(active)
        self._prefetcher.drop(active)
        self.hand_on(active)

    def hand_on(self, active: ActiveJob) -> None:
        """Let a job end, beside the next one; from here on no cancel comes between."""
        job_id = active.job.id
        sentence = next(iter(active.failures.values()), FIXED_SENTENCE)
        if active.cancel.is_set() and not active.keeps_part:
            cancelled = self._delivery.cancelled(active, by=active.cancelled_by)
            self._active_jobs.start(cancelled, f"cancel {job_id}")
        elif active.is_drawn:
            self._active_jobs.start(self._delivery.finish(active), f"finish {job_id}")
        elif self._is_lost() and not active.cancel.is_set():
            self.unfinished.add(active)
        elif active.keeps_part:
            self._active_jobs.start(
                self._delivery.finish_part(active, sentence), f"finish {job_id}"
            )
        else:
            self._active_jobs.start(self._delivery.fail(active, sentence), f"fail {job_id}")

    async def _attempt(self, active: ActiveJob) -> None:
        """Draw what is not drawn yet, until the engine breaks."""
        await self._store.jobs.start(active.job.id)
        active.attempts += 1
        for index in range(len(active.job.requests)):
            if index not in active.drawings and index not in active.failures:
                try:
                    await self._draw_or_note(active, index)
                except _BrokenError:
                    await self._restart_engine()
                    return

    async def _draw_or_note(self, active: ActiveJob, index: int) -> None:
        """Draw one image, or note why it cannot be; the others of its job still can.

        Raises:
            _BrokenError: The engine broke, and needs to be replaced.
            CancelledError: The job was cancelled.

        """
        try:
            active.drawings[index] = await self._draw(active, index)
        except CancelledError:
            raise
        except EngineHungError as error:
            if active.cancelled_by is None:  # it was set to end the hung drawing only
                active.cancel = threading.Event()
            await self._note_breakdown(active, index)
            raise _BrokenError from error
        except BotError as error:
            is_mistake = isinstance(error, InvalidRequestError)  # of whoever typed it
            logger.info(
                "Image %d of job %s failed: %s", index + 1, active.job.id, error.message,
                exc_info=not is_mistake,
            )  # fmt: skip
            active.failures[index] = error.message
        except Exception as error:
            logger.exception("Image %d of job %s broke the engine", index + 1, active.job.id)
            await self._note_breakdown(active, index)
            raise _BrokenError from error
        else:
            if not active.is_through:  # else all of them are stored in a moment
                keeping = self._checkpoints.keep(active, index)
                self._active_jobs.start(keeping, f"keep {active.job.id}")

    async def _note_breakdown(self, active: ActiveJob, index: int) -> None:
        """Give an image up that broke the engine too often; one that was not begun never did."""
        if index in active.begun and await self._breakdowns.broke(active.job.id, index):
            active.failures[index] = POISON_SENTENCE

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

    async def _draw(self, active: ActiveJob, index: int) -> Drawing:
        """Draw one image, or wait for it where it was asked for ahead."""
        drawing = await self._prefetcher.take(active, index)
        if drawing is None:
            active.image_index, active.step_share = index, 0.0
            drawing = await self._ask(active, index)
        request = active.job.requests[index]
        active.step_share = 0.0  # of what is left now
        if not drawing.is_usual:
            return drawing
        tokens, speed = self._estimator.learn(request, drawing.durations_s)
        recorded = self._store.machine.set_speed(
            self._model_id, self._device, tokens=tokens, speed=speed
        )
        self._active_jobs.start(
            recorded, f"speed of {active.job.id}"
        )  # the next image need not wait
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

    async def _ask(self, active: ActiveJob, index: int) -> Drawing:
        job_id = active.job.id
        active.begun.discard(index)
        try:
            return await self._executor.draw(
                active.job.requests[index],
                like=await self._recorded(active.job, index),
                cancel=active.cancel,
                on_progress=lambda step, total, raw: self._note_step(
                    active, index, step, total, raw
                ),
                wants_preview=active.wants_preview,
                on_begin=lambda: self._begin(active, index),
            )
        finally:
            self._breakdowns.drawn(job_id, index)

    def _begin(self, active: ActiveJob, index: int) -> None:
        """Note on the engine's thread that an image is begun."""
        active.begun.add(index)
        self._breakdowns.drawing(active.job.id, index)

    def _look_ahead(self, active: ActiveJob, index: int) -> None:
        """Choose what comes after an image and ask for it."""
        if self._prefetcher.active is not None or self._is_stopping or active is not self.running:
            return
        tried = {*active.drawings, *active.failures}
        left = [i for i in range(index + 1, len(active.job.requests)) if i not in tried]
        following, first = (active, left[0]) if left else (self._take_fresh(), 0)
        if following is not None:
            self._prefetcher.ask(following, first)

    def _take_fresh(self) -> ActiveJob | None:
        """Take the next job, unless it was begun before: some of its images may be there."""
        job = self._queue.peek()
        if job is None or (active := self._active_jobs.find(job.id)) is None or active.attempts:
            return None
        return self._take()

    def _note_step(
        self, active: ActiveJob, index: int, step: int, total: int, preview: RawImage | None
    ) -> None:
        active.image_index, active.step_share = index, step / total
        if step >= total - 1:
            self._look_ahead(active, index)
        if active.acknowledged.is_set():
            self._active_jobs.start(
                self._show_step(active, index, step, total, preview), f"progress {active.job.id}"
            )

    async def _show_step(
        self, active: ActiveJob, index: int, step: int, total: int, preview: RawImage | None
    ) -> None:
        async with active.showing:  # or a preview that takes long comes behind later steps
            encoded = None if preview is None else await asyncio.to_thread(encode_preview, preview)
        if active.ended.is_set():
            return
        await active.reply.progress(
            Progress(
                step=step,
                total=total,
                image_index=index,
                count=len(active.job.requests),
                preview=encoded,
            )
        )
