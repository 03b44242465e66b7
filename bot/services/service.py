"""The bot without a face: everything that can be asked of it, with its parts put together."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Self

from bot.domain.jobs import Job
from bot.domain.rules import Entry
from bot.domain.viewers import Viewer
from bot.engine.picture_check import PictureClassifier
from bot.engine.tokens import TokenCounter
from bot.errors import BotError, LoadFailedError, ModelFilesError
from bot.execution.slot import Slot
from bot.media.thumbnails import PictureCache
from bot.models import ModelFiles, lora_folder, model_rules
from bot.services.active_jobs import ActiveJob, ActiveJobs
from bot.services.audit_log import AuditLog
from bot.services.boards import BoardContext, Boards, BoardSystem
from bot.services.breakdowns import Breakdowns
from bot.services.cases import Cases
from bot.services.checkpoints import Checkpoints
from bot.services.deletions import Deletions
from bot.services.delivery import Delivery
from bot.services.dispatcher import Dispatcher
from bot.services.estimator import Estimator
from bot.services.holds import Holds
from bot.services.image_archive import ImageArchive
from bot.services.images import Images
from bot.services.intake import Intake
from bot.services.integrity import check_files_slowly
from bot.services.job_context import JobContext
from bot.services.jobs import Jobs
from bot.services.loras import Loras
from bot.services.maintenance import (
    back_up_daily,
    empty_quarantine_daily,
    fill_likenesses,
    fill_records,
    sweep,
    sweep_sources_daily,
)
from bot.services.members import Members
from bot.services.moderation import Moderation
from bot.services.picture_check import PictureCheck
from bot.services.picture_gate import PictureGate
from bot.services.policy import Policy
from bot.services.privacy import PrivacyParts
from bot.services.queue import FairQueue
from bot.services.queue_view import QueueView
from bot.services.quotas import Quotas
from bot.services.reports import Reports
from bot.services.resumption import Resumption
from bot.services.retries import RetryPolicy
from bot.services.rules import Rules
from bot.services.styles import Styles
from bot.services.system import System
from bot.services.temporary_files import temporary_in
from bot.services.trash import Trash
from bot.services.usage import UsageReports
from bot.settings import Settings
from bot.storage import Store

logger = logging.getLogger(__name__)

ANSWERS_S: Final = 20.0  # for answers that are under way when the bot stops
GOODBYE_S: Final = 5.0  # for telling everybody who waits that the bot stops


class Service:
    """Everything that can be asked of the bot, and the work behind it.

    Attributes:
        jobs: Submit and cancel jobs, and see the queue.
        images: Finished images.
        boards: The mood boards of guilds.
        moderation: What moderators can do with the queue.
        privacy: What everybody can ask about themselves.
        members: What they can do about members and what these made.
        cases: What they have to decide: held jobs, reports, appeals.
        reports: What everybody can tell them.
        system: What the bot does on its own account, whoever may see it.
        model_rules: What can be asked of the model.
        loras: Those that it can draw with.
        rules: What servers decide for themselves.
        trash: What was deleted and can be brought back.
        usage: How much it is used.
        styles: The styles of servers, and the built-in ones.
        policy: What these rules say of whatever is asked for.
        quotas: How much members may still have drawn.
        model_id: What draws.
        forms: The forms that were opened, by who opened them.
        hints: The hints that were given, by who got them.
        takeovers: What can be drawn of other programs' pictures, by ids that only their user has.
        temporary: The folder of files that nobody needs after a restart.
        lost: Set when no engine can be had any more: the process has to be started again.
        load_failure: Why the engine could not be loaded, where that is so.

    """

    jobs: Jobs
    moderation: Moderation
    members: Members
    cases: Cases
    reports: Reports
    trash: Trash
    system: System
    lost: asyncio.Event

    def __init__(
        self,
        store: Store,
        slots: Sequence[Slot],
        files: ModelFiles,
        settings: Settings,
        operator: Sequence[Entry] = (),
        classifier: Callable[[], PictureClassifier] = PictureClassifier,
    ) -> None:
        """Put the parts together; nothing runs yet.

        `operator` are the operator's own rules; `classifier` loads what looks at pictures.
        """
        self._store = store
        self._slots = slots
        self._model = files
        self._settings = settings
        self._queue = FairQueue(
            max_jobs=settings.max_jobs, max_jobs_per_user=settings.max_jobs_per_user
        )
        lora_files = lora_folder(files, settings, reads_when_asked=False)
        self.loras = Loras(lora_files)
        self.model_rules = model_rules(files, settings, lora_files)
        self.rules = Rules(store, operator)
        self.model_id = files.model_id
        self.usage = UsageReports(store)
        self.policy = Policy(self.rules, self.model_rules.default, PictureCheck(classifier))
        self.quotas = Quotas(store, self.policy)
        boards = BoardContext(
            store=store,
            policy=self.policy,
            model_rules=self.model_rules,
            space_bytes=settings.max_boards_mb * 1_000_000,
            pictures=PictureCache(store.boards.small_copies),
        )
        self.boards = Boards(boards)
        self._board_context = boards
        self._board_system = BoardSystem(boards)
        self.forms = store.forms
        self.hints = store.hints
        self.takeovers = store.takeovers
        self.temporary = temporary_in(settings.data_dir)
        self._active_jobs = ActiveJobs()
        self.looking = asyncio.Lock()  # a picture handed in may unpack to 115 MB: one at a time
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
        self._log = AuditLog(
            store, self.rules, self._active_jobs, days=settings.audit_days, patience=patience
        )
        self.styles = Styles(store, self.policy, self.boards, boards, self._log)
        self._deletions = Deletions(
            store,
            self._active_jobs,
            self._log,
            files=self._files,
            patience=patience,
            trash_bytes=settings.max_trash_mb * 1_000_000,
        )
        self._privacy = PrivacyParts(
            store,
            self._active_jobs,
            self._deletions,
            boards,
            settings,
            retention_days=self._retention_days,
            patience=patience,
        )
        self.privacy = self._privacy.privacy
        self._archive = ImageArchive(store, files=self._files)
        self._gate = PictureGate(store, self.policy, self._archive)
        self.images = Images(store, self._deletions, self.policy, self._gate)
        self._delivery = Delivery(
            store,
            self._archive,
            self._active_jobs,
            self._checkpoints,
            self._deletions,
            self._gate,
            is_stopping=lambda: self._is_stopping,
            patience=patience,
        )

    async def __aenter__(self) -> Self:
        """Begin to work."""
        model, device = self._model, self._settings.device
        await self._breakdowns.begin()
        await self.rules.open()
        left_over = await self._store.jobs.unfinished()
        await self._checkpoints.forget_others([job.id for job in left_over], self._store.jobs.known)
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
            archive=self._archive,
            checkpoints=self._checkpoints,
            breakdowns=self._breakdowns,
            estimator=estimator,
            policy=self.policy,
            loras=self.loras,
            log=self._log,
            model_id=model.model_id,
            device=device,
        )
        self.rules.on_change = self._dispatcher.call_back
        self._queue_view = QueueView(
            queue=self._queue,
            active_jobs=self._active_jobs,
            dispatcher=self._dispatcher,
            estimator=estimator,
        )
        self.lost = self._dispatcher.lost
        self._queue_view.loading(await self._store.machine.load_time_s(model.model_id, device))
        self._tokens = asyncio.create_task(_token_counter(model.folder), name="tokenizer")
        self._open(left_over)
        self._begin()
        return self

    def _open(self, left_over: Sequence[Job]) -> None:
        """Put together what can be asked once the queue is there."""
        context = JobContext(
            store=self._store,
            queue=self._queue,
            active_jobs=self._active_jobs,
            dispatcher=self._dispatcher,
            queue_view=self._queue_view,
            delivery=self._delivery,
        )
        intake = Intake(context, is_stopping=lambda: self._is_stopping)
        resumption = Resumption(
            context,
            checkpoints=self._checkpoints,
            breakdowns=self._breakdowns,
            intake=intake,
            left_over=left_over,
        )
        self._holds = Holds(
            context, intake=intake, log=self._log, max_held=self._settings.max_jobs_per_user
        )
        self.jobs = Jobs(
            context,
            intake=intake,
            resumption=resumption,
            tokens=self._tokens,
            model_rules=self.model_rules,
            policy=self.policy,
            loras=self.loras,
            usage=self.usage,
            holds=self._holds,
            log=self._log,
        )
        self._privacy.erasures.cancel = self._cancel_for
        self._privacy.erasures.show_logs = self._log.resume
        self.moderation = Moderation(context, self._log)
        self.trash = Trash(context, self.policy, self._board_context, reply_to=self._holds.reply_to)
        self.members = Members(self._store, self.rules, self._deletions, self._log)
        self.reports = Reports(self._store, self._log)
        self.cases = Cases(self._store, self.members, self._holds, self._deletions, self._log)
        self.system = System(
            store=self._store,
            archive=self._archive,
            deletions=self._deletions,
            boards=self._board_system,
            resumption=resumption,
            erasures=self._privacy.erasures,
            departures=self._privacy.departures,
            holds=self._holds,
            audit=self._log,
        )

    async def _cancel_for(self, job_id: str, user_id: int) -> None:
        """Stop a job as its requester would."""
        await self.jobs.cancel(job_id, viewer=Viewer(user_id=user_id))

    def _retention_days(self, guild_id: int | None) -> int | None:
        """Return how many days the images of a guild are kept; None is for ever."""
        own = None if guild_id is None else self.rules.of_server("retention_days", guild_id)
        set_days = [self._settings.retention_days, own]
        return min((each for each in set_days if isinstance(each, int) and each), default=None)

    def _begin(self) -> None:
        backups = self._settings.data_dir / "backups"
        self._work = asyncio.create_task(self._dispatcher.work(), name="dispatcher")
        self._active_jobs.start(self._note_loaded(), "load")
        self._active_jobs.start(self._prepare_policy(), "load the picture check")
        self._active_jobs.start(self.loras.watch(), "look after LoRAs")
        self._active_jobs.start(self._queue_view.correct(), "correct places")
        self._active_jobs.start(back_up_daily(self._store, backups), "back up")
        self._active_jobs.start(self._sweep(), "sweep")
        self._active_jobs.start(empty_quarantine_daily(self._store), "empty quarantine")
        forgetting = self._privacy.forget_daily(after=self.system.resumed)
        self._active_jobs.start(forgetting, "forget")
        self._active_jobs.start(sweep_sources_daily(self._store), "sweep sources")
        self._active_jobs.start(fill_likenesses(self._store), "fill likenesses")
        self._active_jobs.start(fill_records(self._store, self._files), "fill records")
        self._active_jobs.start(check_files_slowly(self._store), "check files")
        self._active_jobs.start(self._board_system.keep_tidy(), "sweep boards")
        self._active_jobs.start(self._holds.expire_hourly(), "end what was held too long")
        emptying = self._deletions.expire_hourly(after=self.system.resumed)
        self._active_jobs.start(emptying, "empty the trash")
        self._active_jobs.start(self._log.forget_daily(), "forget what is too old")

    async def __aexit__(self, *_: object) -> None:
        """Stop; what is not finished is taken up at the next start."""
        await self.stop()
        await self._tokens
        await self._active_jobs.end_tasks()  # only upkeep, and replies that wait to be tried again
        self._breakdowns.end()
        self.policy.close()

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

    async def idle(self) -> None:
        """Wait until nothing waits, runs or is being answered."""
        await self._active_jobs.wait_until(lambda: not len(self._active_jobs))

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

    async def _prepare_policy(self) -> None:
        """Load what looks at pictures behind the model, which everybody waits for."""
        await asyncio.gather(*(slot.loaded() for slot in self._slots), return_exceptions=True)
        await self.policy.prepare()

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
