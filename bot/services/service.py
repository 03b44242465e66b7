"""The bot without a face: everything that can be asked of it, with its parts put together."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from PIL import Image

from bot.domain.jobs import (
    CancelOutcome,
    Generation,
    ImageMessage,
    Job,
    JobSource,
    JobState,
    Relation,
    new_id,
    now,
)
from bot.domain.lineage import Ancestry, Family
from bot.domain.recipe import signed_text
from bot.domain.requests import Axis, ImageRequest, Size, SizeRules
from bot.domain.search import Search
from bot.domain.verdict import verdict
from bot.domain.viewers import Viewer
from bot.engine.tokens import TokenCounter
from bot.errors import BotError, LoadFailedError, ModelFilesError
from bot.execution.slot import Slot
from bot.media.fingerprint import candidates
from bot.media.image_input import Picture
from bot.media.metadata import Takeover
from bot.models import ModelFiles
from bot.services.active_jobs import ActiveJob, ActiveJobs
from bot.services.boards import Boards
from bot.services.breakdowns import Breakdowns
from bot.services.checkpoints import Checkpoints
from bot.services.deletions import Deletions, Removal
from bot.services.delivery import FIXED_SENTENCE, Delivery
from bot.services.dispatcher import Dispatcher
from bot.services.estimator import Estimator
from bot.services.integrity import check_files_slowly
from bot.services.lookalikes import Lookalike
from bot.services.maintenance import (
    back_up_daily,
    empty_quarantine_daily,
    fill_likenesses,
    fill_records,
    sweep,
)
from bot.services.moderation import Moderation
from bot.services.picture_origin import PictureOrigin
from bot.services.queue import FairQueue
from bot.services.queue_view import QueueView
from bot.services.replies import Page, PublicQueueEntry, QueueEntry, Reply, UnansweredError
from bot.services.retries import RetryPolicy
from bot.services.slot_worker import POISON_SENTENCE
from bot.services.temporary_files import temporary_in
from bot.settings import Settings
from bot.storage import Store
from bot.storage.places import KnownPlace

logger = logging.getLogger(__name__)

STOPPING_SENTENCE: Final = "The bot is about to restart: try again in a minute."
CANCEL_PATIENCE_S: Final = 2.0  # the answer to a cancel must come within Discord's 3 s
ANSWERS_S: Final = 20.0  # for answers that are under way when the bot stops
GOODBYE_S: Final = 5.0  # for telling everybody who waits that the bot stops
TAKEN_UP_WITHIN_S: Final = 10.0  # for saying so at one job; what hangs longer is not said


class Service:
    """Everything that can be asked of the bot, and the work behind it.

    Attributes:
        rules: The sizes that the model draws.
        model_id: What draws.
        moderation: What moderators can do with the line.
        boards: The mood boards of guilds.
        forms: The forms that were opened.
        hints: The hints that were given.
        deletions: What becomes of images that are deleted.
        deferrals: The answers that were deferred and not given yet.
        temporary: The folder of files that nobody needs after a restart.
        lost: Set when no engine can be had any more: the process has to be started again.
        load_failure: Why the engine could not be loaded, where that is so.

    """

    def __init__(
        self, store: Store, slots: Sequence[Slot], files: ModelFiles, settings: Settings
    ) -> None:
        """Put the parts together; nothing runs yet."""
        self._store = store
        self._slots = slots
        self._model = files
        self._settings = settings
        self._queue = FairQueue(
            max_jobs=settings.max_jobs, max_jobs_per_user=settings.max_jobs_per_user
        )
        self.rules = SizeRules(native=files.native)
        self.model_id = files.model_id
        self.boards = Boards(
            store, sizes=self.rules, space_bytes=settings.max_boards_mb * 1_000_000
        )
        self.forms = store.forms
        self.hints = store.hints
        self.deferrals = store.deferrals
        self.temporary = temporary_in(settings.data_dir)
        self._active_jobs = ActiveJobs()
        self.looking = asyncio.Lock()  # a picture handed in may unpack to 115 MB: one at a time
        # The user of each job that is being written down, or that the last run left: it is not in
        # the queue yet, and counts as if it were.
        self._arriving: list[int] = []
        self._left_over: list[Job] = []  # by the last run of the program, until it is resumed
        self._is_stopping = False
        self.load_failure: LoadFailedError | None = None
        self._checkpoints = Checkpoints(
            settings.data_dir / "unfinished",
            model=f"{files.model_id} {files.revision}",
            quarantine=store.quarantine,
        )
        self._breakdowns = Breakdowns(store, settings.data_dir / "drawing")
        patience = RetryPolicy(lasts=dt.timedelta(seconds=settings.delivery_patience_s))
        self._files = asyncio.Lock()  # between a file and its row
        self.deletions = Deletions(store, self._active_jobs, files=self._files, patience=patience)
        self._delivery = Delivery(
            store,
            self._active_jobs,
            self._checkpoints,
            self.deletions,
            files=self._files,
            is_stopping=lambda: self._is_stopping,
            patience=patience,
        )

    async def __aenter__(self) -> Self:
        """Begin to work."""
        model, device = self._model, self._settings.device
        await self._breakdowns.begin()
        self._left_over = await self._store.jobs.unfinished()
        self._arriving = [job.origin.user_id for job in self._left_over if _waits(job)]
        await self._checkpoints.forget_others(
            [job.id for job in self._left_over], self._store.jobs.known
        )
        for guild_id in await self._store.jobs.pauses():
            self._queue.pause(guild_id)
        await self._store.machine.record_model(model.model_id, model.revision, model.manifest)
        estimator = Estimator(await self._store.machine.speeds(model.model_id, device))
        self._dispatcher = Dispatcher(
            self._slots,
            store=self._store,
            queue=self._queue,
            active_jobs=self._active_jobs,
            delivery=self._delivery,
            checkpoints=self._checkpoints,
            breakdowns=self._breakdowns,
            estimator=estimator,
            model_id=model.model_id,
            device=device,
        )
        self._queue_view = QueueView(
            queue=self._queue,
            active_jobs=self._active_jobs,
            dispatcher=self._dispatcher,
            estimator=estimator,
        )
        self.moderation = Moderation(
            store=self._store,
            queue=self._queue,
            active_jobs=self._active_jobs,
            queue_view=self._queue_view,
            delivery=self._delivery,
        )
        self.lost = self._dispatcher.lost
        self._queue_view.loading(await self._store.machine.load_time_s(model.model_id, device))
        self._tokens = asyncio.create_task(_token_counter(model.folder), name="tokenizer")
        self._begin()
        return self

    def _begin(self) -> None:
        backups = self._settings.data_dir / "backups"
        self._work = asyncio.create_task(self._dispatcher.work(), name="dispatcher")
        self._active_jobs.start(self._note_loaded(), "load")
        self._active_jobs.start(self._queue_view.correct(), "correct places")
        self._active_jobs.start(back_up_daily(self._store, backups), "back up")
        self._active_jobs.start(self._sweep(), "sweep")
        self._active_jobs.start(empty_quarantine_daily(self._store), "empty quarantine")
        self._active_jobs.start(fill_likenesses(self._store), "fill likenesses")
        self._active_jobs.start(fill_records(self._store, self._files), "fill records")
        self._active_jobs.start(check_files_slowly(self._store), "check files")
        self._active_jobs.start(self.boards.keep_tidy(), "sweep boards")

    async def __aexit__(self, *_: object) -> None:
        """Stop; what is not finished is taken up at the next start."""
        await self.stop()
        await self._tokens
        await self._active_jobs.end_tasks()  # only upkeep, and replies that wait to be tried again
        self._breakdowns.end()

    async def stop(self) -> None:
        """Take no more jobs, tell who waits, let the one that runs be drawn, stored, answered."""
        if self._is_stopping:
            return
        self._is_stopping = True
        await self._dispatcher.stop()
        await self._say_goodbye()
        await asyncio.gather(self._work, return_exceptions=True)
        with contextlib.suppress(TimeoutError):  # what cannot be said now, the next start says
            async with asyncio.timeout(ANSWERS_S):
                await self._active_jobs.wait_until(
                    lambda: all(map(self._only_waits, self._active_jobs))
                )

    def _only_waits(self, active: ActiveJob) -> bool:
        """Tell whether a job is kept as it is for the next start."""
        return self._queue.has(active.job.id) or (active in self._dispatcher.unfinished)

    async def _say_goodbye(self) -> None:
        told = [
            asyncio.create_task(self._say_kept(active))
            for active in self._active_jobs
            if self._queue.has(active.job.id)
        ]
        if told:
            _, late = await asyncio.wait(told, timeout=GOODBYE_S)
            for task in late:
                task.cancel()
            results = await asyncio.gather(*told, return_exceptions=True)
            missed = sum(isinstance(result, BaseException) for result in results)
            logger.info("Told %d of %d who wait", len(told) - missed, len(told))

    async def _say_kept(self, active: ActiveJob) -> None:
        """Say that a job keeps its place, behind an acknowledgement that is on its way."""
        await active.acknowledged.wait()
        if not active.is_withdrawn:
            await active.reply.kept(active.job)

    # What can be asked

    async def submit(
        self,
        requests: Sequence[ImageRequest],
        origin: JobSource,
        *,
        reply: Reply,
        parents: Sequence[str] = (),
        relation: Relation = "imagine",
        spoiler: bool = False,
        axis: Axis | None = None,
    ) -> QueueEntry | None:
        """Write a job down, queue it, and have it acknowledged.

        What comes from a hidden image is hidden too.

        Args:
            requests: The images.
            origin: Who asks, from where.
            reply: How they are answered.
            parents: The id of the image that each of them comes from, or none.
            relation: How they come from them.
            spoiler: Whether they are hidden until they are clicked.
            axis: What differs between the images, where they are a comparison.

        Returns:
            Its place, unless it was taken at once.

        Raises:
            BotError: A prompt has too many tokens, the queue is full, the requester's limit is
                reached, or the bot is stopping.
            UnansweredError: Discord did not take the acknowledgement: the job is withdrawn.

        """
        if self._is_stopping:
            raise BotError(STOPPING_SENTENCE)
        await self._check_tokens(requests)
        with self._room_for(origin.user_id):
            job = Job(
                id=new_id(),
                requests=tuple(requests),
                origin=origin,
                parents=tuple(parents),
                relation=relation,
                spoiler=spoiler or bool(await self.spoilers_among(parents)),
                created_at=now(),
                axis=axis,
            )
            await self._store.jobs.add(job)
        active = ActiveJob(job=job, reply=reply)
        entry = self._enqueue(active)
        await self._active_jobs.changed()
        await self._acknowledge(active, entry)
        return entry

    async def resume(self, make_reply: Callable[[Job], Reply]) -> None:
        """Take up the jobs and deletions an earlier run of the program left unfinished."""
        hopeless = await self._breakdowns.hopeless([job for job in self._left_over if _waits(job)])
        waiting = []
        while self._left_over:
            drawings = await self._checkpoints.restore(self._left_over[0])
            job = self._left_over.pop(0)  # as it is now: it may have been cancelled meanwhile
            active = ActiveJob(job=job, reply=make_reply(job), attempts=job.attempts)
            if job.message_id is not None or not _waits(job):
                active.acknowledged.set()  # long ago; how it goes on may be told at any time
            if not _waits(job):
                self._active_jobs.add(active)
                self._active_jobs.start(self._end_at_last(active), f"end {job.id}")
                continue
            self._arriving.remove(job.origin.user_id)
            active.drawings = drawings
            active.failures = {i: POISON_SENTENCE for i in hopeless[job.id] if i not in drawings}
            if active.is_through:
                self._active_jobs.add(active)
                self._dispatcher.hand_on(active)
            else:
                self._enqueue(active)
            waiting.append(active)
        for job_id in reversed(await self._store.jobs.moved()):
            self._queue.move_to_front(job_id)
        await self._active_jobs.changed()
        self._say_taken_up(waiting)
        await self.deletions.resume()

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
                    await self._acknowledge(active, entry)

    async def cancel(self, job_id: str, *, viewer: Viewer) -> CancelOutcome:
        """Stop a job and say what that really stopped."""
        job = await self._store.jobs.find(job_id)
        if job is None or not viewer.sees_job(job.origin):
            return CancelOutcome.UNKNOWN
        if not viewer.may_end(job.origin):
            return CancelOutcome.NOT_YOURS
        active = self._active_jobs.find(job_id)
        if active is None:
            return await self._cancel_left_over(job_id, by=viewer.user_id)
        if self._queue.remove(job_id) is not None:
            await self._delivery.record_cancelled(active, by=viewer.user_id)
            telling = self._delivery.tell_cancelled(active, by=viewer.user_id)
            self._active_jobs.start(telling, f"cancel {job_id}")
            return CancelOutcome.QUEUED
        if active not in self._dispatcher.underway:
            return CancelOutcome.TOO_LATE
        active.cancelled_by = viewer.user_id
        self._dispatcher.cancel(active)
        if active.job.axis is None:  # of a comparison, what is drawn may still be handed over
            with contextlib.suppress(BotError):  # the worker records it, too
                await self._store.jobs.set_cancelled(job_id, by=viewer.user_id)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(active.ended.wait(), CANCEL_PATIENCE_S)
        return CancelOutcome.RUNNING  # true whatever the engine does: the worker looks at the flag

    async def _cancel_left_over(self, job_id: str, *, by: int) -> CancelOutcome:
        """Cancel a job that the last run left, before it is taken up; `resume` tells of it."""
        for index, job in enumerate(self._left_over):
            if job.id == job_id and _waits(job):
                self._left_over[index] = replace(job, state=JobState.CANCELLED, ended_by=by)
                self._arriving.remove(job.origin.user_id)
                await self._store.jobs.set_cancelled(job_id, by=by)
                return CancelOutcome.QUEUED
        return CancelOutcome.TOO_LATE

    def queue_for(self, viewer: Viewer) -> list[PublicQueueEntry]:
        """Return everything on its way, in the order that will really happen.

        All of it is returned, or positions would lie; of a job that the reader may not know of,
        nothing but its place.
        """
        return [
            PublicQueueEntry.of(entry, is_seen=viewer.sees_job(entry.job.origin))
            for entry in self._queue_view.entries()
        ]

    async def places(self, guild_id: int) -> list[KnownPlace]:
        """Return the channels and threads of a guild in which images were made."""
        return await self._store.places.of_guild(guild_id)

    async def place_gone(self, channel_id: int, *, is_age_restricted: bool | None = None) -> None:
        """Record that a channel or thread is deleted."""
        await self._store.places.set_gone(channel_id, is_age_restricted=is_age_restricted)

    async def generation(self, generation_id: str, *, viewer: Viewer) -> Generation | None:
        """Return an image that `viewer` may see; its file may be damaged or gone."""
        return await self._store.generations.find(generation_id, viewer)

    async def job(self, job_id: str) -> Job | None:
        """Return a job by its id, wherever it belongs to."""
        return await self._store.jobs.find(job_id)

    async def originals(self, job: Job) -> dict[str, Generation]:
        """Return the images that those of a job come from, by id, deleted ones too."""
        return await self._store.generations.originals(job)

    async def descent(self, generation_id: str, *, viewer: Viewer) -> Ancestry:
        """Return the way from the first image to one that `viewer` may see."""
        return await self._store.lineage.descent(generation_id, viewer)

    async def family(self, generation_id: str, *, viewer: Viewer) -> Family:
        """Return all that comes from the same first image as one that may be seen."""
        return await self._store.lineage.family(generation_id, viewer)

    async def of_message(self, message_id: int, *, viewer: Viewer) -> list[Generation]:
        """Return the images that a message of the bot shows first, if they may be seen."""
        return await self._store.generations.of_message(message_id, viewer)

    async def with_pixels(self, pixel_sha256: str, *, viewer: Viewer) -> list[Generation]:
        """Return the images with exactly these pixels that `viewer` may see."""
        return await self._store.generations.with_pixels(pixel_sha256, viewer)

    async def made_here(self, picture: Picture, *, viewer: Viewer) -> PictureOrigin:
        """Return what a picture's file says, what proves it, and what was made here of it."""
        recipe, doubt = None, None
        try:
            recipe = picture.recipe
        except BotError as error:
            doubt = error.message
        here = await self.with_pixels(picture.pixel_sha256, viewer=viewer)
        kept = [] if recipe is None else await self.with_pixels(recipe.pixel_sha256, viewer=viewer)
        found = Lookalike(original=None)
        if not here:
            found = await self.lookalike(picture.image, viewer=viewer)
        return PictureOrigin(
            recipe=recipe,
            verdict=None if recipe is None else verdict(recipe, kept, self._store.key),
            doubt=doubt,
            is_whole=recipe is not None and recipe.pixel_sha256 == picture.pixel_sha256,
            here=here,
            lookalike=found.original,
            unread=found.unread,
        )

    def signed_recipe(self, text: str) -> str:
        """Return the recipe of an image of the database with the signature that proves it."""
        return text if self._store.key is None else signed_text(text, self._store.key)

    async def keep_takeover(self, takeover: Takeover) -> str:
        """Keep what can be drawn of another program's picture, and return its id."""
        return await self._store.takeovers.add(takeover)

    async def takeover(self, id_: str) -> Takeover | None:
        """Return what was kept under an id, unless that was long ago."""
        return await self._store.takeovers.find(id_)

    async def lookalike(self, image: Image.Image, *, viewer: Viewer) -> Lookalike:
        """Look for the image that `image` (RGB) is a changed copy of, if it may be seen."""
        known = await self._store.generations.likenesses(viewer)
        near = await asyncio.to_thread(candidates, image, known)
        found = [await self.generation(id_, viewer=viewer) for id_ in near]
        return await asyncio.to_thread(
            Lookalike.among, image, [each for each in found if each is not None]
        )

    async def spoilers_among(self, ids: Sequence[str]) -> frozenset[str]:
        """Return those of some images that are hidden until they are clicked."""
        return await self._store.generations.spoilers_among(ids)

    async def history(
        self,
        *,
        viewer: Viewer,
        search: Search | None = None,
        page: int = 0,
        page_size: int = 5,
    ) -> Page:
        """Return a page of the images of a place, newest first."""
        found = await self._store.generations.history(
            viewer=viewer,
            search=search or Search(),
            offset=page * page_size,
            limit=page_size + 1,
        )
        return Page(generations=found[:page_size], has_older=len(found) > page_size)

    async def delete(
        self,
        *generation_ids: str,
        viewer: Viewer,
        locale: str = "en-US",
        shown_in: ImageMessage | None = None,
    ) -> Removal:
        """Delete images for their requester or a moderator of where they were made.

        All of them or none. Nobody finds them from here on; their messages and files go with
        `deletions.carry_out`, or at once where no message shows them. Images that are deleted
        already may be named again, with one more message that still shows them.

        Args:
            generation_ids: The images; those that the viewer may not see do not exist.
            viewer: Who asks.
            locale: Their language.
            shown_in: A message that shows all of them.

        Raises:
            BotError: Somebody else asks.

        """
        found = await self._store.generations.find_any(generation_ids, viewer)
        if not all(map(viewer.may_end, found)):
            raise BotError("Only its requester and moderators can delete it.")
        ids = [each.id for each in found]
        removal = await self.deletions.begin(
            ids, by=viewer.user_id, locale=locale, shown_in=shown_in
        )
        if not await self.deletions.messages_of(removal):
            await self.deletions.carry_out_now(removal)
        return removal

    async def deletable(self, ids: Sequence[str], *, viewer: Viewer | None) -> list[Generation]:
        """Return images that may be seen (None: all), deleted ones too: a message may show them."""
        return await self._store.generations.find_any(ids, viewer)

    async def note_copy(self, message: ImageMessage, shown: Sequence[Generation]) -> None:
        """Record that a message shows images again, so that it goes when they are deleted."""
        await self._store.deletions.add_copy(message, [each.id for each in shown])
        for job_id in {each.job_id for each in shown}:
            await self._delivery.write_records(job_id)
        await self.deletions.catch_up(message, shown)

    async def note_found(self, message: ImageMessage, ids: Sequence[str]) -> bool:
        """Record a message that was found to show images; tell whether that was not known.

        Images of a job that is not through yet are left out: the message may be the job's own,
        which its delivery looks for.
        """
        shown = [
            each
            for each in await self.deletable(ids, viewer=None)
            if await self._store.jobs.is_over(each.job_id)
            and message.message_id
            not in {known.message_id for known in await self._store.deletions.messages_of(each.id)}
        ]
        if shown:
            await self.note_copy(message, shown)
        return bool(shown)

    async def set_message(self, job_id: str, channel_id: int, message_id: int) -> None:
        """Record which message answers a job."""
        await self._store.jobs.set_message(job_id, channel_id, message_id)
        await self._delivery.write_records(job_id)

    async def is_posting(self, job_id: str) -> bool:
        """Tell whether it was tried before to post a job's images anew."""
        return await self._store.jobs.is_posting(job_id)

    async def was_posting(self, job_id: str) -> bool:
        """Record that a job's images are about to be posted; tell whether that was tried before."""
        return await self._store.jobs.set_posting(job_id) is not None

    async def recent_sizes(self, user_id: int) -> list[Size]:
        """Return the sizes a user drew last, as far as this model draws them."""
        sizes = await self._store.jobs.recent_sizes(user_id)
        return [s for s in sizes if max(s.width, s.height) <= self.rules.max_side]

    async def idle(self) -> None:
        """Wait until nothing waits, runs or is being answered."""
        await self._active_jobs.wait_until(lambda: not len(self._active_jobs))

    # The parts put together

    async def _check_tokens(self, requests: Sequence[ImageRequest]) -> None:
        """Refuse prompts that the model cannot read whole, before anything is written down."""
        counter = await asyncio.shield(self._tokens)
        if counter is not None:
            await asyncio.to_thread(counter.check, requests)

    @contextlib.contextmanager
    def _room_for(self, user_id: int) -> Iterator[None]:
        """Keep a place for one more job of a user while it is written down.

        The limits are checked and the place is taken in one step, before anything is awaited: who
        submits at the same moment is counted.

        Raises:
            BotError: The queue is full, or the user's limit is reached.

        """
        theirs = [
            active for active in self._dispatcher.underway if active.job.origin.user_id == user_id
        ]
        self._queue.check_room(
            user_id,
            running=len(theirs) + self._arriving.count(user_id),
            arriving=len(self._arriving),
        )
        self._arriving.append(user_id)
        try:
            yield
        finally:
            self._arriving.remove(user_id)

    def _enqueue(self, active: ActiveJob) -> QueueEntry | None:
        self._active_jobs.add(active)
        self._queue.add(active.job)
        return self._queue_view.entry(active.job.id)

    async def _acknowledge(self, active: ActiveJob, entry: QueueEntry | None) -> None:
        """Tell the requester the place; the job goes on, whatever the network does."""
        entry = entry or QueueEntry(job=active.job, position=0, eta_s=None)
        try:
            self._queue_view.shown(active, entry)
            await active.reply.queued(entry)
        except UnansweredError as error:
            logger.info("Job %s is withdrawn: %s", active.job.id, error)
            active.is_withdrawn = True
            self._dispatcher.cancel(active)
            if self._queue.remove(active.job.id) is not None:
                self._active_jobs.start(
                    self._delivery.withdraw(active), f"withdraw {active.job.id}"
                )
            raise
        except BotError as error:
            logger.info("Job %s could not be acknowledged: %s", active.job.id, error.message)
        except Exception:
            logger.exception("Job %s could not be acknowledged", active.job.id)
        finally:
            active.acknowledged.set()

    async def _end_at_last(self, active: ActiveJob) -> None:
        """Say what an earlier run of the program could not say any more."""
        job = active.job
        if job.state is JobState.MADE:
            await self._delivery.answer(active)
        elif job.state is JobState.CANCELLED:
            await self._delivery.tell_cancelled(active, by=job.ended_by)
        else:
            await self._delivery.tell_failure(active, job.error or FIXED_SENTENCE)

    async def _note_loaded(self) -> None:
        """Learn how long loading takes; a model that cannot be loaded is the end."""
        try:
            seconds = max(await asyncio.gather(*(slot.loaded() for slot in self._slots)))
        except BotError as error:
            self._end_without_model(error.message)
            return
        except Exception:
            logger.exception("The model cannot be loaded")
            self._end_without_model("The model cannot be loaded: the log says where it failed.")
            return
        finally:
            self._queue_view.loaded()
        await self._store.machine.set_load_time(self.model_id, self._settings.device, seconds)

    def _end_without_model(self, sentence: str) -> None:
        self.load_failure = LoadFailedError(sentence)
        self.lost.set()

    async def _sweep(self) -> None:
        await sweep(self._store, self._files)


async def _token_counter(folder: Path) -> TokenCounter | None:
    """Load the model's tokenizer beside its weights; without it the engine itself counts."""
    try:
        return await asyncio.to_thread(TokenCounter, folder)
    except ModelFilesError as error:
        logger.warning("Prompts are counted only when they are drawn: %s", error)
        return None


def _waits(job: Job) -> bool:
    """Tell whether a job of the last run is still to be drawn."""
    return job.state in {JobState.QUEUED, JobState.RUNNING}
