"""The worker of one slot: it draws one job after the other there, and asks for the next in time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bot.domain.drawing import Drawing, DrawTask, PreviewKind, RawImage, Step
from bot.domain.jobs import Job
from bot.domain.moderation import Act
from bot.errors import BotError, CancelledError, InvalidRequestError
from bot.execution.slot import EngineHungError, Slot
from bot.services.active_jobs import ActiveJob, ActiveJobs
from bot.services.audit_log import AuditLog, entry_of
from bot.services.breakdowns import Breakdowns
from bot.services.checkpoints import Checkpoints
from bot.services.estimator import Estimator
from bot.services.image_archive import ImageArchive
from bot.services.loras import Loras
from bot.services.policy import Policy
from bot.services.prefetcher import Prefetcher, task_id
from bot.services.step_display import show_step
from bot.storage import Store

logger = logging.getLogger(__name__)

POISON_SENTENCE: Final = "Drawing this stopped the engine twice, so it is not tried again."
PREVIEW_EVERY_S: Final = 1.0  # more would not be shown: Discord allows about one edit a second


class SlotLostError(Exception):
    """The slot's engine broke, and no other can be had."""


class _BrokenError(Exception):
    """The engine is of no use any more."""


@dataclass(frozen=True, kw_only=True)
class DrawingParts:
    """What the workers of all slots share.

    Attributes:
        lost: Set when the process has to be started again: no further image is begun.

    """

    store: Store
    active_jobs: ActiveJobs
    archive: ImageArchive
    checkpoints: Checkpoints
    breakdowns: Breakdowns
    estimator: Estimator
    policy: Policy
    loras: Loras
    log: AuditLog
    model_id: str
    device: str
    lost: asyncio.Event


class SlotWorker:
    """Draw jobs on one slot.

    When an image comes to its last step, the next one is chosen and asked for, so that the engine
    never waits for the event loop, the queue or the database. It is not chosen before: whoever
    comes until then has a fair turn.

    Attributes:
        running: The job that is drawn now.
        prefetcher: The image that waits in the slot behind it.

    """

    def __init__(
        self,
        slot: Slot,
        parts: DrawingParts,
        *,
        number: int,
        take_ahead: Callable[[], ActiveJob | None],
        take_turn: Callable[[ActiveJob], ActiveJob | None],
    ) -> None:
        """Begin without a job.

        Args:
            slot: Where is drawn.
            parts: What all workers share.
            number: Of the slot.
            take_ahead: Takes the next job from the queue, if there is one.
            take_turn: Does the same where the job that is drawn gives way; it may be next itself.

        """
        self._slot, self._parts, self._number = slot, parts, number
        self._take_ahead, self._take_turn = take_ahead, take_turn
        self.running: ActiveJob | None = None
        self.prefetcher = Prefetcher(slot, self._ask)
        self._asked: dict[str, tuple[ActiveJob, int]] = {}  # what is in the slot, by task
        self._called_back: set[str] = set()

    @property
    def waiting(self) -> ActiveJob | None:
        """Return a job that could as well be drawn elsewhere: it waits here behind another one."""
        active = self.prefetcher.active
        is_behind = self.running is not None and active is not self.running
        return active if active is not None and is_behind and not active.begun else None

    def cancel(self, active: ActiveJob) -> None:
        """Stop the images of a job that are drawn or wait here."""
        for index in range(len(active.job.requests)):
            self._slot.cancel(task_id(active, index))

    def left_s(self) -> float | None:
        """Return how long the turn that runs will still take; None if that is not known."""
        active, seconds = self.running, self._parts.estimator.seconds
        if active is None:
            return 0.0
        left = active.left[:1] if active.job.takes_turns else active.left
        total, current = seconds(left), seconds(left[:1])
        if total is None or current is None:
            return None
        return total - current * active.step_share

    async def run(self, active: ActiveJob) -> None:
        """Draw all images of a job that can be drawn, or those of its turn where it gives way.

        Raises:
            SlotLostError: The engine broke and could not be replaced.

        """
        self.running = active
        try:
            with contextlib.suppress(CancelledError):  # whoever hands the job on looks at the flag
                while not (active.is_through or active.is_cancelled or self._parts.lost.is_set()):
                    await self._attempt(active)
                    if self._is_turn_over(active):
                        break
        finally:
            self.prefetcher.drop(active)
            self.running = None

    async def _attempt(self, active: ActiveJob) -> None:
        """Draw what is not drawn yet, until the engine breaks."""
        await self._parts.store.jobs.start(active.job.id)
        active.attempts += 1
        for index in active.untried:
            try:
                await self._draw_or_note(active, index)
            except _BrokenError:
                await self._restart_engine()
                return
            if self._is_turn_over(active):
                return

    def _is_turn_over(self, active: ActiveJob) -> bool:
        """Tell whether a job that gives way was not chosen again when its image came to its end."""
        return active.job.takes_turns and self.prefetcher.active is not active

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
                keeping = self._parts.checkpoints.keep(active, index)
                self._parts.active_jobs.start(keeping, f"keep {active.job.id}")
                encoding = self._parts.archive.encode(active, index)
                self._parts.active_jobs.start(encoding, f"encode {active.job.id}")

    async def _note_breakdown(self, active: ActiveJob, index: int) -> None:
        """Give an image up that broke the engine too often; one that was not begun never did."""
        if index in active.begun and await self._parts.breakdowns.broke(active.job.id, index):
            active.failures[index] = POISON_SENTENCE

    async def _restart_engine(self) -> None:
        try:
            await self._slot.restart()
        except Exception as error:
            logger.exception("No engine can be had: the process must be started again")
            raise SlotLostError from error

    async def _draw(self, active: ActiveJob, index: int) -> Drawing:
        """Draw one image, or wait for it if it was asked for ahead."""
        drawing = await self.prefetcher.take(active, index)
        if drawing is None:
            active.image_index, active.step_share = index, 0.0
            drawing = await self._ask(active, index)
        active.step_share = 0.0  # of what is left now
        if drawing.is_usual:
            self._learn_speed(active, index, drawing)
        return drawing

    def _learn_speed(self, active: ActiveJob, index: int, drawing: Drawing) -> None:
        parts = self._parts
        tokens, speed = parts.estimator.learn(active.job.requests[index], drawing.durations_s)
        recorded = parts.store.machine.set_speed(
            parts.model_id, parts.device, tokens=tokens, speed=speed
        )
        parts.active_jobs.start(recorded, f"speed of {active.job.id}")  # the next image goes first

    def call_back(self) -> None:
        """Let what was asked for and has not begun be asked for again, by the rules of now."""
        for id_, (active, index) in self._asked.items():
            if index not in active.begun:
                self._called_back.add(id_)
                self._slot.cancel(id_)

    async def _ask(self, active: ActiveJob, index: int) -> Drawing:
        """Have one image drawn, if the rules allow it when it begins.

        Raises:
            BotError: It is not drawn, or not any more.

        """
        id_ = task_id(active, index)
        while True:
            self._called_back.discard(id_)
            try:
                return await self._ask_once(active, index)
            except CancelledError:
                if active.is_cancelled or id_ not in self._called_back:
                    raise

    async def _ask_once(self, active: ActiveJob, index: int) -> Drawing:
        active.begun.discard(index)
        await self._parts.loras.wait_for(active.job.requests[index])
        is_checked = self._parts.policy.checks_pictures(active.job.origin.scene)
        task = DrawTask(
            id=task_id(active, index),
            job_id=active.job.id,
            request=active.job.requests[index],
            inputs=await self._inputs(active.job, index),
            match=await self._recorded(active.job, index),
            preview=PreviewKind.NONE if is_checked else PreviewKind.SMALL,
            preview_every_s=PREVIEW_EVERY_S,
        )
        if not active.job.spoiler and await self._parts.policy.hides_image(active.job, index):
            await self._parts.store.jobs.hide(active.job.id)
            active.job = replace(active.job, spoiler=True)
        # Last, as no rule may change between this and the slot.
        if (refusal := await self._parts.policy.refusal(active.job, index)) is not None:
            self._note_refusal(active.job, refusal)
            raise InvalidRequestError(refusal)
        if active.is_cancelled:
            raise CancelledError("The job was cancelled before this image was asked for.")
        self._asked[task.id] = active, index
        try:
            return await self._slot.draw(
                task,
                on_step=lambda step: self._note_step(active, index, step),
                on_begin=lambda: self._begin(active, index),
            )
        finally:
            self._asked.pop(task.id, None)
            self._parts.breakdowns.drawn(self._number, active.job.id, index)

    async def _inputs(self, job: Job, index: int) -> tuple[RawImage, ...]:
        """Return the pictures that an image is made from.

        Raises:
            InvalidRequestError: One of them is gone.

        """
        read, given = self._parts.store.sources.read, job.requests[index].inputs
        return tuple(
            [await asyncio.to_thread(read, each.pixel_sha256, each.role) for each in given]
        )

    def _note_refusal(self, job: Job, refusal: str) -> None:
        """Let moderators read of what rules refused that came while it waited."""
        if job.origin.guild_id is not None:
            entry = entry_of(job, Act.REFUSED, why=refusal)
            self._parts.active_jobs.start(self._parts.log.note(entry), f"refused {job.id}")

    async def _recorded(self, job: Job, index: int) -> Mapping[str, object] | None:
        """Return what an image that is drawn again was made under.

        It stands in the original's row, so a restarted bot knows it too.
        """
        if job.relation != "same_seed":
            return None
        originals = await self._parts.store.generations.originals(job)
        original = originals.get(job.parent_of(index) or "")
        return None if original is None else original.conditions

    def _begin(self, active: ActiveJob, index: int) -> None:
        """Note, on the engine's thread, that an image is begun."""
        active.begun.add(index)
        self._parts.breakdowns.drawing(self._number, active.job.id, index)

    def _note_step(self, active: ActiveJob, index: int, step: Step) -> None:
        active.image_index, active.step_share = index, step.number / step.total
        if step.number >= step.total - 1:
            self._look_ahead(active, index)
        if active.acknowledged.is_set():
            self._parts.active_jobs.start(
                show_step(active, index, step), f"progress {active.job.id}"
            )

    def _look_ahead(self, active: ActiveJob, index: int) -> None:
        """Choose what comes after an image and ask for it."""
        if self.prefetcher.active is not None or active is not self.running:
            return
        left = [i for i in active.untried if i > index]
        if not left:
            following = self._take_ahead()
        else:
            following = self._take_turn(active) if active.job.takes_turns else active
        if following is not None:
            first = left[0] if following is active else following.untried[0]
            self.prefetcher.ask(following, first)
