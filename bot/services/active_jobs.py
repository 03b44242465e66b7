"""The jobs on their way through this process, and the tasks that run beside the queue."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import math
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.domain.drawing import Drawing
from bot.domain.jobs import Job
from bot.domain.requests import ImageRequest
from bot.media.image_file import ImageFile
from bot.services.replies import Reply

logger = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class ActiveJob:
    """A job on its way through this process.

    Attributes:
        is_cancelled: Whether its drawings are to stop before their next step.
        acknowledged: Set when the requester has been told of the job, or could not be.
        ended: Set when nothing can be stopped any more.
        showing: Held while a step's preview is encoded.
        attempts: How often the engine began with it, or went on in a turn of it.
        begun: The images that the engine really began with.
        step_share: How much of the image being drawn is done.
        drawings: The images that are drawn, by their place in the job; where the engine broke on
            its way, they are not drawn again.
        files: Those of them that are encoded already.
        failures: Why others were not, in one sentence each.
        shown: The place that the requester sees, and when it was shown.
        is_withdrawn: Whether nobody waits for it: nothing of it is told or shown.

    """

    job: Job
    reply: Reply
    is_cancelled: bool = False
    cancelled_by: int | None = None
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    showing: asyncio.Lock = field(default_factory=asyncio.Lock)
    attempts: int = 0
    begun: set[int] = field(default_factory=set)
    image_index: int = 0
    step_share: float = 0.0
    drawings: dict[int, Drawing] = field(default_factory=dict)
    files: dict[int, ImageFile] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    shown: QueueNotice | None = None
    is_withdrawn: bool = False

    @property
    def is_drawn(self) -> bool:
        """Tell whether every image of the job is drawn."""
        return len(self.drawings) == len(self.job.requests)

    @property
    def is_through(self) -> bool:
        """Tell whether no image is left to be tried."""
        return len(self.drawings) + len(self.failures) == len(self.job.requests)

    @property
    def untried(self) -> list[int]:
        """Return the places of the images that are still to be tried."""
        tried = {*self.drawings, *self.failures}
        return [i for i in range(len(self.job.requests)) if i not in tried]

    @property
    def left(self) -> list[ImageRequest]:
        """Return the requests of the images that are still to be tried."""
        return [self.job.requests[i] for i in self.untried]

    @property
    def turns(self) -> tuple[int, ...]:
        """Return what each turn costs that it still needs, in forwards x tokens."""
        works = [each.work for each in self.left]
        costs = works if self.job.takes_turns else [sum(works)]
        return tuple(map(math.ceil, costs))

    @property
    def keeps_part(self) -> bool:
        """True if finished images are posted although the job did not complete.

        Of a cancelled job only if it is a sheet, and not if a moderator stopped it: they
        want it gone.
        """
        by_requester = self.cancelled_by in {None, self.job.origin.user_id}
        is_wanted = not self.is_cancelled or (self.job.is_sheet and by_requester)
        return bool(self.drawings) and is_wanted and not self.is_withdrawn


@dataclass(frozen=True, kw_only=True)
class QueueNotice:
    """What the requester of a waiting job was told last."""

    position: int
    ready_at: dt.datetime | None
    at_s: float = field(default_factory=time.monotonic)


class ActiveJobs:
    """The active jobs by id; whoever waits for a change of them is woken."""

    def __init__(self) -> None:
        """Begin without any."""
        self._active_jobs: dict[str, ActiveJob] = {}
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[ActiveJob]:
        """Iterate over the jobs that are active now."""
        return iter(list(self._active_jobs.values()))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._active_jobs)

    def find(self, job_id: str) -> ActiveJob | None:
        """Return an active job by its id, or None."""
        return self._active_jobs.get(job_id)

    def add(self, active: ActiveJob) -> None:
        """Take a job along."""
        self._active_jobs[active.job.id] = active

    async def leave(self, active: ActiveJob) -> None:
        """Let a job go: its requester knows how it ended."""
        self._active_jobs.pop(active.job.id, None)
        await self.changed()

    async def changed(self) -> None:
        """Wake whoever waits for something."""
        async with self._changed:
            self._changed.notify_all()

    async def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that only a change brings about."""
        async with self._changed:
            await self._changed.wait_for(is_so)

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something beside the queue; it is kept, and a failure is logged."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s failed", task.get_name(), exc_info=error)

    async def end_tasks(self) -> None:
        """Stop what still runs beside the queue."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
