"""Jobs that wait for a moderator: before they are drawn, or before their images are posted.

A held job is a row, not a job on its way: it takes no place in the queue, however long it waits.
Whoever decides first, decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bot.domain.jobs import Job, JobState, now
from bot.domain.moderation import Act, AuditEntry, Decision
from bot.errors import BotError
from bot.services.active_jobs import ActiveJob
from bot.services.audit_log import AuditLog, entry_of
from bot.services.intake import Intake
from bot.services.job_context import JobContext, JobPart
from bot.services.policy import RefusedHereError
from bot.services.replies import QueueEntry, Reply, UnansweredError
from bot.storage.charges import Bill

logger = logging.getLogger(__name__)

HELD_FOR: Final = dt.timedelta(days=7)
LOOK_EVERY_S: Final = 3600.0
NOBODY_READS: Final = (
    "The rules here send that to a moderator first, and this server has no log channel that I can "
    "write to: ask its moderators."
)
AGAINST_IT: Final = "A moderator of this server decided against it."
_SENTENCES: Final = {
    Decision.REFUSED: AGAINST_IT,
    Decision.WARNED: AGAINST_IT,
    Decision.BANNED: AGAINST_IT,
    Decision.EXPIRED: "No moderator of this server looked at it for a week.",
    Decision.UNREAD: NOBODY_READS,
}


class Holds(JobPart):
    """Hold jobs, and let them go on or end.

    Attributes:
        make_reply: Makes the reply of a job that waits no more; set by whoever serves Discord.

    """

    def __init__(
        self, context: JobContext, *, intake: Intake, log: AuditLog, max_held: int
    ) -> None:
        """`max_held` jobs of one user may wait for moderators."""
        super().__init__(context)
        self._intake = intake
        self._log = log
        self._max_held = max_held
        self.make_reply: Callable[[Job], Reply] | None = None
        log.on_unread = self.end_unread
        self._delivery.hold = self.hold_made

    async def hold(self, job: Job, bill: Bill, reply: Reply) -> None:
        """Write a job down that a moderator has to look at, and tell its requester.

        Raises:
            BotError: No moderator would read of it, its requester has too many such jobs, or no
                room for it.
            UnansweredError: Discord did not take the acknowledgement: the job is withdrawn.

        """
        self._check_log(job)
        entry = await self._store.jobs.add(
            job, bill, entry_of(job, Act.HELD, why=job.held_why or ""), max_held=self._max_held
        )
        assert entry is not None
        await self._acknowledge(entry, job, reply)

    def _check_log(self, job: Job) -> None:
        guild_id = job.origin.guild_id
        if guild_id is None or self._log.channel_of(guild_id) is None:
            raise RefusedHereError("words", NOBODY_READS)

    async def _acknowledge(self, entry: AuditEntry, job: Job, reply: Reply) -> None:
        """Tell a requester that a moderator looks at it first; then moderators are told of it."""
        try:
            await reply.held(job)
        except UnansweredError:
            await self._store.audit.decide(entry, Decision.CANCELLED, by=job.origin.user_id)
            await self._store.jobs.withdraw(job.id)
            raise
        except BotError as error:
            logger.info("Job %s could not be acknowledged: %s", job.id, error.message)
        self._log.publish(entry)

    async def hold_made(self, active: ActiveJob) -> None:
        """Let moderators look at images that are stored, and tell who asked for them.

        Where no moderator can, the requester is told so, and the images are deleted.
        """
        job = active.job = replace(active.job, state=JobState.MADE)
        entry = await self._store.audit.open_hold(job.id)
        if entry is None and job.origin.guild_id is not None:  # they were stored before
            entry = await self._hold_stored(job)
        try:
            self._check_log(job)
        except RefusedHereError as error:
            if entry is not None:
                await self.end(entry, Decision.UNREAD, by=None)
                return
            active.job = replace(job, state=JobState.FAILED, error=error.message)
            await self._store.jobs.set_failed(job.id, error.message)
            await self._delivery.end_held(active)
            return
        await self._say_held(active)
        await self._active_jobs.leave(active)
        if entry is not None:
            self._log.publish(entry)

    async def _hold_stored(self, job: Job) -> AuditEntry:
        images = await self._store.generations.left_of_job(job.id)
        ids, why = [each.id for each in images], job.held_why or ""
        entry = entry_of(job, Act.HELD_IMAGES, why=why, image_ids=ids)
        return await self._store.generations.hold(job, entry)

    async def _say_held(self, active: ActiveJob) -> None:
        try:
            await active.reply.held(active.job)
        except (BotError, UnansweredError) as error:
            logger.info("The requester does not know that %s is held: %s", active.job.id, error)

    async def resume(self) -> None:
        """Take up what an earlier run left: what it could not acknowledge, too."""
        for entry in await self._store.audit.open_holds():
            job = await self._store.jobs.find(entry.job_id or "")
            if job is not None and job.message_id is None and entry.act is Act.HELD:
                self._active_jobs.start(self._acknowledge_again(entry, job), f"held {job.id}")
            elif job is not None and entry.act is Act.HELD_IMAGES:
                self._active_jobs.start(self._say_held(self._active(job)), f"held {job.id}")
        await self.expire(now() - HELD_FOR)

    async def _acknowledge_again(self, entry: AuditEntry, job: Job) -> None:
        try:
            await self._acknowledge(entry, job, self.reply_to(job))
        except UnansweredError as error:
            logger.info("Job %s is withdrawn: %s", job.id, error)

    async def expire_hourly(self) -> None:
        """End what was held too long, again and again, for ever."""
        while True:
            try:
                if self.make_reply is not None:
                    await self.expire(now() - HELD_FOR)
            except BotError as error:
                logger.warning("What was held too long is not ended yet: %s", error.message)
            await asyncio.sleep(LOOK_EVERY_S)

    async def expire(self, before: dt.datetime) -> None:
        """End what was held before a moment and nobody looked at."""
        for entry in await self._store.audit.open_holds():
            if entry.created_at < before:
                await self.end(entry, Decision.EXPIRED, by=None)

    async def end_unread(self, entry: AuditEntry) -> None:
        """End what no moderator can read of."""
        await self.end(entry, Decision.UNREAD, by=None)

    async def approve(self, entry: AuditEntry, *, by: int, name: str) -> bool:
        """Let a held job go on; False where that was decided before."""
        if not await self._store.audit.decide(entry, Decision.APPROVED, by=by, name=name):
            return False
        job = await self._store.jobs.find(entry.job_id or "")
        if job is None:  # its requester wants to be forgotten
            return True
        active = self._active(job)
        if job.state is JobState.MADE:
            self._active_jobs.add(active)
            self._active_jobs.start(self._delivery.answer(active), f"answer {job.id}")
        else:
            place = self._intake.enqueue(active)
            await self._active_jobs.changed()
            if place is not None:
                self._active_jobs.start(self._say_queued(active, place), f"queued {job.id}")
        await self._published(entry)
        return True

    async def _say_queued(self, active: ActiveJob, place: QueueEntry) -> None:
        self._queue_view.shown(active, place)
        with contextlib.suppress(BotError):  # its images will say more
            await active.reply.moved(place)

    async def end(
        self, entry: AuditEntry, decision: Decision, *, by: int | None, name: str = ""
    ) -> bool:
        """Let a held job come to its end, untold so far; False where that was decided before."""
        sentence = _SENTENCES.get(decision, "")
        if not await self._store.audit.decide(entry, decision, by=by, name=name, sentence=sentence):
            return False
        job = await self._store.jobs.find(entry.job_id or "")
        if job is not None:
            active = self._active(job)
            self._active_jobs.add(active)
            self._active_jobs.start(self._delivery.end_held(active), f"end {job.id}")
        await self._published(entry)
        return True

    async def cancel(self, job_id: str, *, by: int, name: str) -> bool:
        """End a held job for its requester, or for who may end it; tell whether it was held."""
        entry = await self._store.audit.open_hold(job_id)
        return entry is not None and await self.end(entry, Decision.CANCELLED, by=by, name=name)

    async def _published(self, entry: AuditEntry) -> None:
        if (known := await self._store.audit.find(entry.id)) is not None:
            self._log.publish(known)

    def _active(self, job: Job) -> ActiveJob:
        active = ActiveJob(job=job, reply=self.reply_to(job))
        active.acknowledged.set()
        return active

    def reply_to(self, job: Job) -> Reply:
        """Return what answers a job in its channel, however long ago it was asked for."""
        assert self.make_reply is not None, "nobody was there to ask for it"
        return self.make_reply(job)
