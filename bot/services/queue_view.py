"""The line as people see it: places and times, kept true while they wait."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import math
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from bot.domain.jobs import Job, now
from bot.domain.requests import ImageRequest
from bot.errors import BotError
from bot.services.active_jobs import ActiveJob, ActiveJobs, QueueNotice
from bot.services.dispatcher import Dispatcher
from bot.services.estimator import Estimator
from bot.services.queue import FairQueue
from bot.services.replies import QueueEntry

logger = logging.getLogger(__name__)

CORRECT_EVERY_S: Final = 6.0  # one edit: with those of a drawing, below Discord's 5 edits in 5 s
SHOWN_AT_LEAST_S: Final = 10.0  # a place that changes faster than it can be read helps nobody
CORRECT_WITHIN_S: Final = 10.0  # what hangs longer is tried again
TOLERATED_S: Final = 5.0  # an error of the time that nobody minds
TOLERATED_SHARE: Final = 0.25  # or this much of the time that is left


class QueueView:
    """Where every job stands and when its images will be there."""

    def __init__(
        self,
        *,
        queue: FairQueue,
        active_jobs: ActiveJobs,
        dispatcher: Dispatcher,
        estimator: Estimator,
    ) -> None:
        self._queue = queue
        self._active_jobs = active_jobs
        self._dispatcher = dispatcher
        self._estimator = estimator
        self._loaded_at_s: float | None = None

    def loading(self, expected_s: float | None) -> None:
        """Note that the engine is being loaded, and how long that took last time."""
        self._loaded_at_s = None if expected_s is None else time.monotonic() + expected_s
        self._is_loaded = False

    def loaded(self) -> None:
        """Note that the engine is ready."""
        self._is_loaded = True

    _is_loaded = True

    def entries(self) -> list[QueueEntry]:
        """Return everything on its way, in the order that will really happen."""
        workers, load_left_s = self._dispatcher.workers, self._load_left_s()
        free_in = [_plus(worker.left_s(), load_left_s) for worker in workers]  # seconds, by slot
        ready_in = {  # seconds, by job; of one that takes turns, with its last one
            worker.running.job.id: left
            for worker, left in zip(workers, free_in, strict=True)
            if worker.running is not None
        }
        running = [worker.running.job for worker in workers if worker.running is not None]
        taken = Counter(ready_in.keys())  # turns, by job
        waiting: dict[str, Job] = {}
        for job, chosen in self._order():
            slot = _soonest(free_in) if chosen is None else chosen
            seconds = self._estimator.seconds(self._turn(job, taken[job.id]))
            free_in[slot] = ready_in[job.id] = _plus(free_in[slot], seconds)
            taken[job.id] += 1
            waiting[job.id] = job
        ordered = running + [job for id_, job in waiting.items() if job not in running]
        return [
            *(
                QueueEntry(job=job, position=max(0, i - len(running) + 1), eta_s=ready_in[job.id])
                for i, job in enumerate(ordered)
            ),
            *(
                QueueEntry(job=job, position=position, eta_s=None, is_paused=True)
                for position, job in enumerate(
                    self._queue.held_back(), start=len(ordered) - len(running) + 1
                )
            ),
        ]

    def _turn(self, job: Job, number: int) -> Sequence[ImageRequest]:
        """Return what is drawn in a job's next turn, or a later one, counted from 0."""
        active = self._active_jobs.find(job.id)
        left = job.requests if active is None else active.left  # some may be from before
        return left[number : number + 1] if job.takes_turns else left

    def _order(self) -> list[tuple[Job, int | None]]:
        """Return the jobs that wait, turn by turn, and the slot of those chosen already."""
        chosen = [
            (active.job, slot)
            for slot, worker in enumerate(self._dispatcher.workers)
            if (active := worker.prefetcher.active) is not None and active is not worker.running
        ]
        begun = [
            (active.job, active.turns[1:])
            for active in self._dispatcher.underway
            if active.job.takes_turns and len(active.turns) > 1
        ]
        return [*chosen, *((job, None) for job in self._queue.schedule(begun))]

    def entry(self, job_id: str) -> QueueEntry | None:
        """Return the place of a job; None if it no longer waits."""
        return next((each for each in self.entries() if each.job.id == job_id), None)

    def shown(self, active: ActiveJob, entry: QueueEntry) -> None:
        """Note what a requester was told."""
        active.shown = QueueNotice(position=entry.position, ready_at=_ready_at(entry))

    async def correct(self) -> None:
        """Correct one shown place after the other, the most wrong one first, for ever."""
        while True:
            await asyncio.sleep(CORRECT_EVERY_S)
            wrong = [
                (error, entry, active)
                for entry in self.entries()
                if (active := self._active_jobs.find(entry.job.id)) is not None
                and (error := self._error_s(active, entry)) > 0
            ]
            if wrong:
                _, entry, active = max(wrong, key=lambda each: each[0])
                self._active_jobs.start(self._show(active, entry), f"correct {active.job.id}")

    async def _show(self, active: ActiveJob, entry: QueueEntry) -> None:
        """Correct a place, beside all others: one channel that hangs does not stop them."""
        self.shown(active, entry)
        try:
            async with asyncio.timeout(CORRECT_WITHIN_S):
                await active.reply.moved(entry)
        except (BotError, TimeoutError) as error:
            logger.info("The place of job %s is not corrected: %s", active.job.id, error)
        except Exception:
            logger.exception("The place of job %s could not be corrected", active.job.id)

    def _error_s(self, active: ActiveJob, entry: QueueEntry) -> float:
        """Return how wrong the shown time is, in seconds; a wrong place counts a little."""
        shown = active.shown
        if entry.position == 0 or shown is None or not active.acknowledged.is_set():
            return 0.0
        if time.monotonic() - shown.at_s < SHOWN_AT_LEAST_S:
            return 0.0
        ready_at = _ready_at(entry)
        place_error = 1.0 / entry.position if entry.position != shown.position else 0.0
        if ready_at is None or shown.ready_at is None:
            return TOLERATED_S if ready_at is not shown.ready_at else place_error
        error_s = abs((ready_at - shown.ready_at).total_seconds())
        tolerated = max(TOLERATED_S, TOLERATED_SHARE * (entry.eta_s or 0.0))
        return error_s if error_s > tolerated else place_error

    def _load_left_s(self) -> float | None:
        if self._is_loaded:
            return 0.0
        if self._loaded_at_s is None:
            return None
        return max(0.0, self._loaded_at_s - time.monotonic())


def _ready_at(entry: QueueEntry) -> dt.datetime | None:
    return None if entry.eta_s is None else now() + dt.timedelta(seconds=entry.eta_s)


def _soonest(free_in: Sequence[float | None]) -> int:
    """Return which slot is free first; what is not known comes last."""
    return min(
        range(len(free_in)), key=lambda i: math.inf if (left := free_in[i]) is None else left
    )


def _plus(left: float | None, more: float | None) -> float | None:
    return None if left is None or more is None else left + more
