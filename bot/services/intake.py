"""The way of a job into the queue: room is kept for it, it is queued, and its user is told."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Final

from bot.errors import BotError
from bot.services.active_jobs import ActiveJob
from bot.services.job_context import JobContext, JobPart
from bot.services.replies import QueueEntry, UnansweredError

logger = logging.getLogger(__name__)

STOPPING_SENTENCE: Final = "The bot is about to restart: try again in a minute."


class Intake(JobPart):
    """What new jobs and those of an earlier run have in common.

    Attributes:
        arriving: The user of each job that is being written down, or that the last run left: it is
            not in the queue yet, and counts as if it were.

    """

    def __init__(
        self,
        context: JobContext,
        *,
        is_stopping: Callable[[], bool],
    ) -> None:
        super().__init__(context)
        self._is_stopping = is_stopping
        self.arriving: list[int] = []

    def check_open(self) -> None:
        """Refuse jobs of a bot that stops.

        Raises:
            BotError: It does.

        """
        if self._is_stopping():
            raise BotError(STOPPING_SENTENCE)

    @contextlib.contextmanager
    def room_for(self, user_id: int) -> Iterator[None]:
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
            running=len(theirs) + self.arriving.count(user_id),
            arriving=len(self.arriving),
        )
        self.arriving.append(user_id)
        try:
            yield
        finally:
            self.arriving.remove(user_id)

    def enqueue(self, active: ActiveJob) -> QueueEntry | None:
        """Let a job wait; return its place, unless it is taken at once."""
        self._active_jobs.add(active)
        self._queue.add(active.job, active.turns)
        return self._queue_view.entry(active.job.id)

    async def acknowledge(self, active: ActiveJob, entry: QueueEntry | None) -> None:
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
