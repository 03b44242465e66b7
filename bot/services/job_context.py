"""What everything around jobs works with, whoever asks for it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.services.active_jobs import ActiveJobs
from bot.services.delivery import Delivery
from bot.services.dispatcher import Dispatcher
from bot.services.queue import FairQueue
from bot.services.queue_view import QueueView
from bot.storage import Store


@dataclass(frozen=True, kw_only=True)
class JobContext:
    """The parts that a job passes through."""

    store: Store
    queue: FairQueue
    active_jobs: ActiveJobs
    dispatcher: Dispatcher
    queue_view: QueueView
    delivery: Delivery


class JobPart:
    """Something that is done with jobs."""

    def __init__(self, context: JobContext) -> None:
        self._store = context.store
        self._queue = context.queue
        self._active_jobs = context.active_jobs
        self._dispatcher = context.dispatcher
        self._queue_view = context.queue_view
        self._delivery = context.delivery
