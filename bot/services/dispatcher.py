"""The dispatcher: it gives every job, in its turn, to a slot that is free."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.execution.slot import Slot
from bot.services.active_jobs import ActiveJob, ActiveJobs
from bot.services.audit_log import AuditLog
from bot.services.breakdowns import Breakdowns
from bot.services.checkpoints import Checkpoints
from bot.services.delivery import FIXED_SENTENCE, Delivery
from bot.services.estimator import Estimator
from bot.services.image_archive import ImageArchive
from bot.services.loras import Loras
from bot.services.policy import Policy
from bot.services.queue import FairQueue
from bot.services.slot_worker import DrawingParts, SlotLostError, SlotWorker
from bot.storage import Store


class Dispatcher:
    """Let the workers of all slots draw; storing and answering run beside the next drawing.

    Attributes:
        workers: One for each slot.
        unfinished: The jobs that were taken when an engine was lost; the next start takes them up.
        lost: Set when no engine can be had any more: the process has to be started again.

    """

    def __init__(  # noqa: PLR0913 - the parts that meet here
        self,
        slots: Sequence[Slot],
        *,
        store: Store,
        queue: FairQueue,
        active_jobs: ActiveJobs,
        delivery: Delivery,
        archive: ImageArchive,
        checkpoints: Checkpoints,
        breakdowns: Breakdowns,
        estimator: Estimator,
        policy: Policy,
        loras: Loras,
        log: AuditLog,
        model_id: str,
        device: str,
    ) -> None:
        self._queue = queue
        self._active_jobs = active_jobs
        self._delivery = delivery
        self._checkpoints = checkpoints
        self._is_stopping = False
        self.unfinished: set[ActiveJob] = set()
        self.lost = asyncio.Event()
        parts = DrawingParts(
            store=store,
            active_jobs=active_jobs,
            archive=archive,
            checkpoints=checkpoints,
            breakdowns=breakdowns,
            estimator=estimator,
            policy=policy,
            loras=loras,
            log=log,
            model_id=model_id,
            device=device,
            lost=self.lost,
        )
        self.workers = [
            SlotWorker(
                slot, parts, number=number, take_ahead=self._take_ahead, take_turn=self._take_turn
            )
            for number, slot in enumerate(slots)
        ]

    async def work(self) -> None:
        """Draw until told to stop."""
        await asyncio.gather(*map(self._serve, self.workers))

    async def stop(self) -> None:
        """Take no further job."""
        self._is_stopping = True
        await self._active_jobs.changed()

    @property
    def underway(self) -> list[ActiveJob]:
        """Return the jobs that no longer wait in the queue, those that are drawn first."""
        running = [worker.running for worker in self.workers]
        asked = [worker.prefetcher.active for worker in self.workers]
        return list(dict.fromkeys(active for active in (*running, *asked) if active is not None))

    def cancel(self, active: ActiveJob) -> None:
        """Stop a job, wherever it is drawn, before its next step."""
        active.is_cancelled = True
        for worker in self.workers:
            worker.cancel(active)

    async def call_back(self) -> None:
        """Let what waits in slots and has not begun be asked for again, by the rules of then."""
        for worker in self.workers:
            worker.call_back()

    def hand_on(self, active: ActiveJob) -> None:
        """Let a job end, beside the next one; from here on no cancel comes between."""
        job_id = active.job.id
        sentence = next(iter(active.failures.values()), FIXED_SENTENCE)
        if active.is_cancelled and not active.keeps_part:
            cancelled = self._delivery.cancelled(active, by=active.cancelled_by)
            self._active_jobs.start(cancelled, f"cancel {job_id}")
        elif active.is_drawn:
            self._active_jobs.start(self._delivery.finish(active), f"finish {job_id}")
        elif self.lost.is_set() and not active.is_cancelled:
            self.unfinished.add(active)
        elif active.keeps_part:
            self._active_jobs.start(
                self._delivery.finish_part(active, sentence), f"finish {job_id}"
            )
        else:
            self._active_jobs.start(self._delivery.fail(active, sentence), f"fail {job_id}")

    async def _serve(self, worker: SlotWorker) -> None:
        while (active := await self._next(worker)) is not None:
            try:
                await worker.run(active)
            except SlotLostError:
                self.lost.set()
                self._is_stopping = True
            if active.job.takes_turns and self._is_to_go_on(active):
                if self._is_stopping:
                    await self._checkpoints.keep_all(active)
                self._queue.put_back(active.job, active.turns)
                await self._active_jobs.changed()
            else:
                self.hand_on(active)
            if self._is_stopping:
                await self._active_jobs.changed()  # the workers that wait end, too

    def _is_to_go_on(self, active: ActiveJob) -> bool:
        return not (active.is_through or active.is_cancelled or self.lost.is_set())

    async def _next(self, worker: SlotWorker) -> ActiveJob | None:
        """Return whose turn it is; None when told to stop, and nothing was asked for ahead."""
        while worker.prefetcher.active is None:
            await self._active_jobs.wait_until(self._has_news)
            if self._is_stopping:
                return None
            active = self._take() or self._take_over()
            if active is not None:
                return active
        return worker.prefetcher.active

    def _has_news(self) -> bool:
        return self._is_stopping or self._queue.has_turn() or self._keeper() is not None

    def _take(self) -> ActiveJob | None:
        """Take the next job from the queue; None if all that wait are held back."""
        job = self._queue.take()
        if job is None:
            return None
        active = self._active_jobs.find(job.id)
        assert active is not None
        return active

    def _take_ahead(self) -> ActiveJob | None:
        """Take the next job, before a slot is free for it."""
        return None if self._is_stopping else self._take()

    def _take_turn(self, active: ActiveJob) -> ActiveJob | None:
        """Take the job whose turn it is after this image of one that gives way; maybe that one."""
        self._queue.put_back(active.job, active.turns[1:])
        following = self._take_ahead()
        if following is not active:  # it waits again when its image is there
            self._queue.remove(active.job.id)
        return following

    def _keeper(self) -> SlotWorker | None:
        """Return a worker whose slot keeps a job waiting."""
        return next((worker for worker in self.workers if worker.waiting is not None), None)

    def _take_over(self) -> ActiveJob | None:
        """Take a job, for a free slot, from one where it waits behind another."""
        keeper = self._keeper()
        if keeper is None or (active := keeper.waiting) is None:
            return None
        keeper.prefetcher.drop(active)
        return active
