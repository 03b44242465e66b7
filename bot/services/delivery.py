"""From a finished drawing to an answer: an image is checked, stored, then posted."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.domain.jobs import Generation, ImageMessage, Job, JobState
from bot.errors import BotError
from bot.services.active_jobs import ActiveJob, ActiveJobs
from bot.services.checkpoints import Checkpoints
from bot.services.deletions import Deletions
from bot.services.image_archive import ImageArchive
from bot.services.picture_check import PictureCheckError
from bot.services.picture_gate import PictureGate
from bot.services.replies import NotPostableError, NotReachedError
from bot.services.retries import RetryPolicy
from bot.storage import Store

logger = logging.getLogger(__name__)

FIXED_SENTENCE: Final = "Something went wrong on my side; it has been logged. Please try again."
STORE_AGAIN_S: Final = (1.0, 5.0, 20.0)  # pauses while the disk or the database refuses

Say = Callable[[], Coroutine[Any, Any, None]]


class Delivery:
    """Store what was drawn and tell whoever asked, all while the next image is drawn.

    Attributes:
        hold: Keeps images from being posted before a moderator saw them; set by `Holds`.

    """

    def __init__(  # noqa: PLR0913 - the parts that meet here
        self,
        store: Store,
        archive: ImageArchive,
        active_jobs: ActiveJobs,
        checkpoints: Checkpoints,
        deletions: Deletions,
        gate: PictureGate,
        *,
        is_stopping: Callable[[], bool],
        patience: RetryPolicy,
    ) -> None:
        self._store = store
        self._archive = archive
        self._checkpoints = checkpoints
        self._active_jobs = active_jobs
        self._is_stopping = is_stopping
        self._patience = patience
        self._deletions = deletions
        self._gate = gate
        self.hold: Callable[[ActiveJob], Coroutine[Any, Any, None]] | None = None

    async def finish(self, active: ActiveJob) -> None:
        """Store what was drawn of a job, then answer.

        Wait for the job's acknowledgement first: of a job that is withdrawn nothing is stored.
        """
        active.ended.set()
        await active.acknowledged.wait()
        if active.is_withdrawn:
            await self.withdraw(active)
            return
        for pause_s in (*STORE_AGAIN_S, None):
            try:
                verdict = await self._gate.judge(active.job, active.drawings)
                active.job = verdict.applied_to(active.job)
                await self._archive.add(active.job, active.drawings, verdict, active.files)
            except Exception as error:
                logger.exception(
                    "The images of job %s could not be checked and stored", active.job.id
                )
                if pause_s is None:
                    await self.fail(active, _sentence_of(error))
                    return
                await asyncio.sleep(pause_s)
            else:
                active.files.clear()
                active.drawings.clear()  # their pixels are on the disk, and telling may take hours
                await self._checkpoints.forget(active.job.id)
                await self._answer_or_hold(active)
                return

    async def _answer_or_hold(self, active: ActiveJob) -> None:
        if active.job.is_held:
            assert self.hold is not None
            await self.hold(active)
        else:
            await self.answer(active)

    async def finish_part(self, active: ActiveJob, sentence: str) -> None:
        """Store and hand over what was drawn of a job; `sentence` says why the rest is missing."""
        active.job = replace(
            active.job,
            error=None if active.is_cancelled else sentence,
            ended_by=active.cancelled_by if active.is_cancelled else None,
        )
        await self.finish(active)

    async def answer(self, active: ActiveJob) -> None:
        """Post the images that may be shown.

        If that fails for good, tell the requester where to find them; where none may be shown, why.
        """
        try:
            job = active.job = await self._gate.catch_up(active.job)
        except PictureCheckError as failure:
            await self.fail(active, failure.message)
            return
        if job.is_held:
            assert self.hold is not None
            await self.hold(active)
            return
        left = await self._store.generations.left_of_job(job.id)
        if left and not _shown(left):
            await self.fail(active, job.error or self._gate.why_withheld(left))
            return

        async def hand_over() -> None:
            # Read at each try: an image that was deleted meanwhile must not be posted.
            if images := _shown(await self._store.generations.left_of_job(job.id)):
                await active.reply.done(job, images)
                await self._catch_up(job, images)
            else:
                await active.reply.cancelled(job, by_requester=True)
            await self._store.jobs.set_posted(job.id)
            await self._archive.update_records(job.id)

        error = await self._until_it_works(active, hand_over, "posted")
        if error is None:
            return
        images = _shown(await self._store.generations.left_of_job(job.id))
        if images:
            sentence = kept_sentence([each.id for each in images], error, self._patience)
            await self._record(active, self._store.jobs.set_failed(job.id, sentence))
            await self.tell_failure(active, sentence)
        else:  # all were deleted meanwhile, by somebody who knows that
            await self._store.jobs.set_posted(job.id)
            await self._active_jobs.leave(active)

    async def _catch_up(self, job: Job, images: Sequence[Generation]) -> None:
        row = await self._store.jobs.find(job.id)
        if row is not None and row.message_id is not None:
            message = ImageMessage(channel_id=job.origin.channel_id, message_id=row.message_id)
            await self._deletions.catch_up(message, images)

    async def fail(self, active: ActiveJob, sentence: str) -> None:
        """Record that a job failed and tell its requester why."""
        await self._record(active, self._store.jobs.set_failed(active.job.id, sentence))
        await self.tell_failure(active, sentence)

    async def tell_failure(self, active: ActiveJob, sentence: str) -> None:
        """Tell a requester why their job failed, in private if its images are kept."""
        job = active.job

        async def tell() -> None:
            if _shown(await self._store.generations.left_of_job(job.id)):
                await active.reply.undelivered(job, sentence)
            elif job.is_held:
                await active.reply.refused(job, sentence)
            else:
                await active.reply.failed(job, sentence)
            await self._store.jobs.set_told(job.id)

        await self._tell(active, tell, "told of its failure")

    async def end_held(self, active: ActiveJob) -> None:
        """Tell how a held job ended, once its images, if it had any, are on their way out."""
        job = active.job
        if images := await self._store.generations.left_of_job(job.id):
            by = job.ended_by or job.origin.user_id
            ids = [each.id for each in images]
            removal = await self._deletions.begin(
                ids, by=by, locale=job.origin.locale, is_final=True
            )
            self._deletions.carry_out(removal)
        if job.state is JobState.CANCELLED:
            await self.tell_cancelled(active, by=job.ended_by)
        else:
            await self.tell_failure(active, job.error or FIXED_SENTENCE)

    async def cancelled(self, active: ActiveJob, *, by: int | None) -> None:
        """Record that a job was stopped, then say so in its message."""
        await self.record_cancelled(active, by=by)
        await self.tell_cancelled(active, by=by)

    async def record_cancelled(self, active: ActiveJob, *, by: int | None) -> None:
        """Record that a job was stopped; this comes before anybody is told."""
        await self._record(active, self._store.jobs.set_cancelled(active.job.id, by=by))

    async def withdraw(self, active: ActiveJob) -> None:
        """Withdraw a job that nobody waits for; no message is sent or changed."""
        await self._record(active, self._store.jobs.withdraw(active.job.id))
        await self._active_jobs.leave(active)

    async def tell_cancelled(self, active: ActiveJob, *, by: int | None) -> None:
        """Say in a job's message that it was stopped."""

        async def tell() -> None:
            by_requester = by in {None, active.job.origin.user_id}
            await active.reply.cancelled(active.job, by_requester=by_requester)
            await self._store.jobs.set_told(active.job.id)

        await self._tell(active, tell, "told of its end")

    async def _tell(self, active: ActiveJob, tell: Say, what: str) -> None:
        """Tell how a job ended; a message that can never arrive counts as told."""
        error = await self._until_it_works(active, tell, what)
        if error is not None:
            await self._store.jobs.set_told(active.job.id)
            await self._active_jobs.leave(active)

    async def _record(self, active: ActiveJob, recording: Coroutine[Any, Any, None]) -> None:
        """Record how a job ended; if the database refuses, log it and go on."""
        try:
            await recording
        except Exception:
            logger.exception("The end of job %s could not be recorded", active.job.id)
        active.ended.set()
        await self._checkpoints.forget(active.job.id)

    async def _until_it_works(self, active: ActiveJob, say: Say, what: str) -> BotError | None:
        """Retry until something is said, is given up, or the program ends.

        Returns:
            The error it was given up for, if it was.

        """
        await active.acknowledged.wait()
        if active.is_withdrawn:
            await self.withdraw(active)
            return None
        pauses_s = itertools.chain(
            self._patience.pauses_s, itertools.repeat(self._patience.seldom_s)
        )
        for number, pause_s in enumerate(pauses_s, start=1):
            error = await self._try(active, say, what, is_first=number == 1)
            if error is None:
                break
            if await self._is_enough(active, error, tries=number):
                logger.warning("Job %s is given up, not %s: %s", active.job.id, what, error.message)
                return error  # the job stays: that is recorded, and may be told
            # How it ended is recorded: only the requester still waits for this.
            await self._active_jobs.leave(active)
            if self._is_stopping():
                break  # the next start tries again
            await asyncio.sleep(pause_s)
        await self._active_jobs.leave(active)
        return None

    async def _try(
        self, active: ActiveJob, say: Say, what: str, *, is_first: bool
    ) -> BotError | None:
        """Try once and return the error, if any; log the trace of a defect the first time only."""
        try:
            async with asyncio.timeout(self._patience.within_s):
                await say()
        except (NotPostableError, NotReachedError) as error:
            found: BotError = error
        except TimeoutError:
            found = NotReachedError(f"no answer within {self._patience.within_s:g} s")
        except Exception as error:
            if is_first:
                logger.exception("Job %s could not be %s", active.job.id, what)
            found = NotReachedError(f"{type(error).__name__}: {error}")
        else:
            return None
        logger.info("Job %s could not be %s: %s", active.job.id, what, found.message)
        return found

    async def _is_enough(self, active: ActiveJob, error: BotError, *, tries: int) -> bool:
        """Tell whether to stop retrying."""
        if isinstance(error, NotPostableError) and (
            error.is_final or tries > len(self._patience.pauses_s)  # a permission may come back
        ):
            return True
        try:
            since = await self._store.jobs.unanswered_since(active.job.id)
        except BotError as refusal:
            logger.warning("A try of job %s is not counted: %s", active.job.id, refusal.message)
            return False
        return self._patience.is_over(tries, since)


def _shown(images: Sequence[Generation]) -> list[Generation]:
    return [each for each in images if not each.is_withheld]


def kept_sentence(image_ids: Sequence[str], error: BotError, patience: RetryPolicy) -> str:
    """Return the sentence for a requester whose images cannot be posted."""
    ids = ", ".join(f"`{each}`" for each in image_ids)
    if isinstance(error, NotPostableError):
        return (
            f"The image {ids} is made and kept, but I may not post in its channel any more: "
            "use /show or /history where I may."
        )
    hours = patience.lasts.total_seconds() / 3600
    return (
        f"The image {ids} is made and kept, but Discord did not take it for {hours:.0f} hours: "
        "use /show or /history."
    )


def _sentence_of(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"The image could not be stored: {error.strerror or error}."
    return error.message if isinstance(error, BotError) else FIXED_SENTENCE
