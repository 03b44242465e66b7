"""Taking up what an earlier run of the program left unfinished."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from bot.domain.jobs import Job, JobState
from bot.services.active_jobs import ActiveJob
from bot.services.breakdowns import Breakdowns
from bot.services.checkpoints import Checkpoints
from bot.services.delivery import FIXED_SENTENCE
from bot.services.intake import Intake
from bot.services.job_context import JobContext, JobPart
from bot.services.replies import Reply, UnansweredError
from bot.services.slot_worker import POISON_SENTENCE

TAKEN_UP_WITHIN_S: Final = 10.0  # for saying so at one job; what hangs longer is not said


class Resumption(JobPart):
    """The jobs of the last run, until they are taken up."""

    def __init__(
        self,
        context: JobContext,
        *,
        checkpoints: Checkpoints,
        breakdowns: Breakdowns,
        intake: Intake,
        left_over: Sequence[Job],
    ) -> None:
        super().__init__(context)
        self._checkpoints = checkpoints
        self._breakdowns = breakdowns
        self._intake = intake
        self.left_over = list(left_over)
        intake.arriving += [job.origin.user_id for job in left_over if _waits(job)]

    async def resume(self, make_reply: Callable[[Job], Reply]) -> None:
        """Take up the jobs."""
        hopeless = await self._breakdowns.hopeless([job for job in self.left_over if _waits(job)])
        waiting = []
        while self.left_over:
            drawings = await self._checkpoints.restore(self.left_over[0])
            job = self.left_over.pop(0)  # as it is now: it may have been cancelled meanwhile
            active = ActiveJob(job=job, reply=make_reply(job), attempts=job.attempts)
            if job.message_id is not None or not _waits(job):
                active.acknowledged.set()  # long ago; how it goes on may be told at any time
            if not _waits(job):
                self._active_jobs.add(active)
                self._active_jobs.start(self._end_at_last(active), f"end {job.id}")
                continue
            self._intake.arriving.remove(job.origin.user_id)
            active.drawings = drawings
            active.failures = dict.fromkeys(
                set(hopeless[job.id]) - drawings.keys(), POISON_SENTENCE
            )
            if active.is_through:
                self._active_jobs.add(active)
                self._dispatcher.hand_on(active)
            else:
                self._intake.enqueue(active)
            waiting.append(active)
        for job_id in reversed(await self._store.jobs.moved()):
            self._queue.move_to_front(job_id)
        await self._active_jobs.changed()
        self._say_taken_up(waiting)

    def _say_taken_up(self, active_jobs: Sequence[ActiveJob]) -> None:
        """Tell who waits that it goes on: in order in each channel, all channels at once.

        A channel that hangs holds nobody up: neither other channels nor any image. Those come first
        of which it is not known whether they were ever acknowledged.
        """
        by_channel: dict[int, list[ActiveJob]] = {}
        for active in sorted(active_jobs, key=lambda each: each.acknowledged.is_set()):
            by_channel.setdefault(active.job.origin.channel_id, []).append(active)
        for channel_id, waiting in by_channel.items():
            self._active_jobs.start(self._say_taken_up_in(waiting), f"taken up in {channel_id}")

    async def _say_taken_up_in(self, active_jobs: Sequence[ActiveJob]) -> None:
        for active in active_jobs:
            entry = self._queue_view.entry(active.job.id)
            if active.acknowledged.is_set() and (entry is None or active.ended.is_set()):
                continue
            with contextlib.suppress(TimeoutError, UnansweredError):
                async with asyncio.timeout(TAKEN_UP_WITHIN_S):
                    await self._intake.acknowledge(active, entry)

    async def cancel(self, job_id: str, *, by: int) -> bool:
        """Cancel a job before it is taken up; tell whether it waits. `resume` tells its user."""
        for index, job in enumerate(self.left_over):
            if job.id == job_id and _waits(job):
                self.left_over[index] = replace(job, state=JobState.CANCELLED, ended_by=by)
                self._intake.arriving.remove(job.origin.user_id)
                await self._store.jobs.set_cancelled(job_id, by=by)
                return True
        return False

    async def _end_at_last(self, active: ActiveJob) -> None:
        """Say what an earlier run of the program could not say any more."""
        job = active.job
        if job.state is JobState.MADE:
            await self._delivery.answer(active)
        elif job.is_held:
            await self._delivery.end_held(active)
        elif job.state is JobState.CANCELLED:
            await self._delivery.tell_cancelled(active, by=job.ended_by)
        else:
            await self._delivery.tell_failure(active, job.error or FIXED_SENTENCE)


def _waits(job: Job) -> bool:
    """Tell whether a job of the last run is still to be drawn."""
    return job.state in {JobState.QUEUED, JobState.RUNNING}
