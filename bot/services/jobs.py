"""What can be asked of jobs: submit, cancel, and see the queue."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Final

from bot.domain.batches import Batch
from bot.domain.drawing import RawImage
from bot.domain.jobs import CancelOutcome, Job, JobSource, Relation, new_id, now
from bot.domain.moderation import Act, AuditEntry
from bot.domain.requests import Axis, ImageRequest, ModelRules, Size
from bot.domain.viewers import Viewer
from bot.engine.tokens import TokenCounter
from bot.engine.upscaler import check_installed
from bot.errors import BotError, InvalidRequestError
from bot.services.active_jobs import ActiveJob
from bot.services.audit_log import AuditLog, entry_of
from bot.services.holds import Holds
from bot.services.intake import Intake
from bot.services.job_context import JobContext, JobPart
from bot.services.loras import Loras
from bot.services.policy import Admission, Policy, UnwantedWordError, action_of
from bot.services.replies import PublicQueueEntry, QueueEntry, Reply
from bot.services.resumption import Resumption
from bot.services.source_pictures import keep_sources
from bot.services.usage import UsageReports

logger = logging.getLogger(__name__)

CANCEL_PATIENCE_S: Final = 2.0  # the answer to a cancel must come within Discord's 3 s


class Jobs(JobPart):
    """Jobs of everybody, as far as a viewer may know of them."""

    def __init__(  # noqa: PLR0913 - the parts that meet here
        self,
        context: JobContext,
        *,
        intake: Intake,
        resumption: Resumption,
        tokens: asyncio.Task[TokenCounter | None],
        model_rules: ModelRules,
        policy: Policy,
        loras: Loras,
        usage: UsageReports,
        holds: Holds,
        log: AuditLog,
    ) -> None:
        super().__init__(context)
        self._intake = intake
        self._resumption = resumption
        self._tokens = tokens
        self._model_rules = model_rules
        self._policy = policy
        self._loras = loras
        self._usage = usage
        self._holds = holds
        self._log = log

    async def submit(  # noqa: PLR0913 - what a job is made of
        self,
        requests: Sequence[ImageRequest],
        origin: JobSource,
        *,
        viewer: Viewer,
        reply: Reply,
        parents: Sequence[str] = (),
        relation: Relation = "imagine",
        spoiler: bool = False,
        axis: Axis | None = None,
        sources: Sequence[RawImage] = (),
        batch: Batch | None = None,
    ) -> QueueEntry | None:
        """Write a job down, queue it, and have it acknowledged.

        What comes from a hidden image is hidden too.

        Args:
            requests: The images.
            origin: Who asks, from where.
            viewer: The same, with what may be shown where the images will be.
            reply: How they are answered.
            parents: The id of the image that each of them comes from, or none.
            relation: How they come from them.
            spoiler: Whether they are hidden until they are clicked.
            sources: The pictures that they are made from, as far as those are not here yet.
            axis: What differs between the images, where they are a comparison.
            batch: What they have to do with each other, where braces or a file asked for them.

        Returns:
            Its place, unless it was taken at once or a moderator looks at it first.

        Raises:
            BotError: An image that they come from is not for everyone there, another kind of model
                has to draw one, a prompt has too many tokens or an unwanted word, a LoRA is not
                here, a rule of the server is against it, the queue is full, the requester's limit
                or quota is reached, or the bot is stopping.
            UnansweredError: Discord did not take the acknowledgement: the job is withdrawn.

        """
        self._intake.check_open()
        for each in requests:
            each.check_profile(self._model_rules.profile)
        await self._check_parents(parents, viewer)
        if any(each.is_upscaled for each in requests):
            check_installed()
        if any(each.control is not None for each in requests):
            self._model_rules.check_control()
        await self._check_tokens(requests)
        await self._loras.check(requests)
        action = action_of(axis, has_parents=bool(parents))
        admission = await self._admit(requests, origin, action=action, batch=batch)
        with self._intake.room_for(origin.user_id):  # before anything of it is written
            kept = await asyncio.to_thread(keep_sources, self._store.sources, requests, sources)
            job = Job(
                id=new_id(),
                requests=kept,
                origin=origin,
                parents=tuple(parents),
                relation=relation,
                spoiler=spoiler
                or admission.spoiler
                or bool(await self._store.generations.spoilers_among(parents)),
                created_at=now(),
                axis=axis,
                batch=batch,
                held_why=admission.hold,
            )
            async with self._refusals_counted(origin, kept):
                if job.is_held:
                    await self._holds.hold(job, admission.bill, reply)
                    return None
                logged = await self._store.jobs.add(job, admission.bill, self._log_entry(job))
        active = ActiveJob(job=job, reply=reply)
        entry = self._intake.enqueue(active)
        await self._active_jobs.changed()
        await self._intake.acknowledge(active, entry)
        if logged is not None:
            self._log.publish(logged)
        return entry

    async def _admit(
        self,
        requests: Sequence[ImageRequest],
        origin: JobSource,
        *,
        action: str = "imagine",
        batch: Batch | None = None,
    ) -> Admission:
        """Return what becomes of images; that they are refused is counted and written down."""
        async with self._refusals_counted(origin):
            try:
                return await self._policy.admit(requests, origin.scene, action=action, batch=batch)
            except UnwantedWordError as error:
                await self._note_refusal(requests, origin, error)
                raise

    async def check(
        self,
        requests: Sequence[ImageRequest],
        origin: JobSource,
        *,
        viewer: Viewer,  # noqa: ARG002 - who asks is the origin's user; nothing is shown of others
        batch: Batch | None = None,
    ) -> None:
        """Refuse what could not be submitted, before its requester is asked about it.

        Raises:
            BotError: A prompt has too many tokens or an unwanted word, or a rule is against it.

        """
        await self._check_tokens(requests)
        await self._admit(requests, origin, batch=batch)

    async def refusals(
        self,
        requests: Sequence[ImageRequest],
        origin: JobSource,
        *,
        viewer: Viewer,  # noqa: ARG002 - the same
    ) -> dict[int, InvalidRequestError]:
        """Return why some images could not be submitted, by their places."""
        if await self._refusal_of(requests, origin) is None:
            return {}
        each_on_its_own = [await self._refusal_of([each], origin) for each in requests]
        found = {i: error for i, error in enumerate(each_on_its_own) if error is not None}
        for error in list(found.values())[:1]:
            await self._usage.count_refusal(error, origin)
        unwanted = {i: each for i, each in found.items() if isinstance(each, UnwantedWordError)}
        if unwanted:  # moderators read of them once
            first = next(iter(unwanted.values()))
            await self._note_refusal([requests[i] for i in unwanted], origin, first)
        return found

    async def _refusal_of(
        self, requests: Sequence[ImageRequest], origin: JobSource
    ) -> InvalidRequestError | None:
        try:
            await self._check_tokens(requests)
            await self._policy.admit(requests, origin.scene)
        except InvalidRequestError as error:
            return error
        return None

    @contextlib.asynccontextmanager
    async def _refusals_counted(
        self, origin: JobSource, kept: Sequence[ImageRequest] = ()
    ) -> AsyncIterator[None]:
        """Count a refusal; the pictures that were kept for it are of no more use."""
        try:
            yield
        except BotError as error:
            self._store.sources.refused |= {
                each.pixel_sha256 for request in kept for each in request.inputs
            }
            await self._usage.count_refusal(error, origin)
            raise

    def _log_entry(self, job: Job) -> AuditEntry | None:
        """Return what moderators read of an ordinary job, where they want to read of all."""
        guild_id = job.origin.guild_id
        if guild_id is None or not self._log.wants_jobs(guild_id):
            return None
        return entry_of(job, Act.JOB)

    async def _note_refusal(
        self, requests: Sequence[ImageRequest], origin: JobSource, error: UnwantedWordError
    ) -> None:
        """Let moderators know what was refused, and its author appeal."""
        if origin.guild_id is None:
            return
        entry = AuditEntry(
            guild_id=origin.guild_id,
            act=Act.REFUSED,
            created_at=now(),
            user_id=origin.user_id,
            user_name=origin.user_name,
            channel_id=origin.channel_id,
            words=" | ".join(dict.fromkeys(each.prompt for each in requests)),
            why=error.message,
        )
        try:
            error.entry_id = (await self._log.add(entry)).id
        except BotError as unwritten:  # a full disk: it is refused all the same
            logger.warning("A refusal is not written down: %s", unwritten.message)

    async def _check_tokens(self, requests: Sequence[ImageRequest]) -> None:
        """Refuse prompts that the model cannot read whole, before anything is written down."""
        counter = await asyncio.shield(self._tokens)
        if counter is not None:
            await asyncio.to_thread(counter.check, requests)

    async def _check_parents(self, ids: Sequence[str], viewer: Viewer) -> None:
        """Refuse to draw from images that not everyone may see who sees what is drawn."""
        if not ids:
            return
        known = {each.id: each for each in await self._store.generations.find_any(ids, viewer)}
        for id_ in ids:
            if id_ not in known or not viewer.may_share(known[id_]):
                raise InvalidRequestError(
                    f"The image {id_!r} is not there for everyone here: draw it where it was made."
                )

    async def cancel(self, job_id: str, *, viewer: Viewer) -> CancelOutcome:
        """Stop a job and say what that really stopped; what moderators stop is written down."""
        job = await self._store.jobs.find(job_id)
        if job is None or not viewer.sees_job(job.origin):
            return CancelOutcome.UNKNOWN
        if not viewer.may_end(job.origin):
            return CancelOutcome.NOT_YOURS
        outcome = await self._stop(job_id, viewer)
        is_done = outcome in {CancelOutcome.QUEUED, CancelOutcome.RUNNING}
        is_others = job.origin.user_id != viewer.user_id and job.origin.guild_id is not None
        if is_done and is_others and not job.is_held:  # of that there is an entry
            await self._log.note(entry_of(job, Act.CANCELLED, by=viewer))
        return outcome

    async def _stop(self, job_id: str, viewer: Viewer) -> CancelOutcome:
        active = self._active_jobs.find(job_id)
        if active is None:
            by = viewer.user_id
            is_stopped = await self._resumption.cancel(job_id, by=by) or await self._holds.cancel(
                job_id, by=by, name=viewer.user_name
            )
            return CancelOutcome.QUEUED if is_stopped else CancelOutcome.TOO_LATE
        if self._queue.remove(job_id) is not None:
            active.cancelled_by, active.is_cancelled = viewer.user_id, True
            if active.keeps_part:  # it waits between two turns
                self._dispatcher.hand_on(active)
                return CancelOutcome.RUNNING
            await self._delivery.record_cancelled(active, by=viewer.user_id)
            telling = self._delivery.tell_cancelled(active, by=viewer.user_id)
            self._active_jobs.start(telling, f"cancel {job_id}")
            return CancelOutcome.QUEUED
        if active not in self._dispatcher.underway:
            return CancelOutcome.TOO_LATE
        active.cancelled_by = viewer.user_id
        self._dispatcher.cancel(active)
        if not active.job.is_sheet:  # of a sheet, what is drawn may still be handed over
            with contextlib.suppress(BotError):  # the worker records it, too
                await self._store.jobs.set_cancelled(job_id, by=viewer.user_id)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(active.ended.wait(), CANCEL_PATIENCE_S)
        return CancelOutcome.RUNNING  # true whatever the engine does: the worker looks at the flag

    def queue(self, *, viewer: Viewer) -> list[PublicQueueEntry]:
        """Return everything on its way, in the order that will really happen.

        All of it is returned, or positions would lie; of a job that the reader may not know of,
        nothing but its place.
        """
        return [
            PublicQueueEntry.of(entry, is_seen=viewer.sees_job(entry.job.origin))
            for entry in self._queue_view.entries()
        ]

    async def held(self, *, viewer: Viewer) -> list[Job]:
        """Return the viewer's own jobs that wait for a moderator, the oldest first."""
        return await self._store.jobs.held_of(viewer.user_id)

    async def recent_sizes(self, *, viewer: Viewer) -> list[Size]:
        """Return the sizes that the viewer drew last, as far as this model draws them."""
        sizes = await self._store.jobs.recent_sizes(viewer.user_id)
        return [s for s in sizes if max(s.width, s.height) <= self._model_rules.max_side]
