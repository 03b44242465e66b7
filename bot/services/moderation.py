"""What moderators can do with the jobs of their guild, and the bot's owners with all."""

from __future__ import annotations

from bot.domain.viewers import Viewer
from bot.services.active_jobs import ActiveJobs
from bot.services.delivery import Delivery
from bot.services.queue import FairQueue
from bot.services.queue_view import QueueView
from bot.services.replies import QueueEntry
from bot.storage import Store


class Moderation:
    """Move, pause, resume and clear; nobody moves or clears what they may not moderate."""

    def __init__(
        self,
        *,
        store: Store,
        queue: FairQueue,
        active_jobs: ActiveJobs,
        queue_view: QueueView,
        delivery: Delivery,
    ) -> None:
        self._store = store
        self._queue = queue
        self._active_jobs = active_jobs
        self._queue_view = queue_view
        self._delivery = delivery

    async def move_to_front(self, job_id: str, *, viewer: Viewer) -> QueueEntry | None:
        """Let a waiting job be its guild's next; None if none such waits, for this moderator."""
        active = self._active_jobs.find(job_id)
        if active is None or not self._queue.has(job_id):
            return None
        if not viewer.may_moderate(active.job.origin):
            return None
        await self._store.jobs.set_moved(job_id)
        if not self._queue.has(job_id):  # it was taken or cancelled while that was written
            return None
        self._queue.move_to_front(job_id)
        return self._queue_view.entry(job_id)

    async def pause(self, guild_id: int, *, by: int) -> None:
        """Hold back the waiting jobs of a guild; new ones are still taken."""
        await self._store.jobs.pause(guild_id, by=by)
        self._queue.pause(guild_id)

    async def resume(self, guild_id: int) -> None:
        """Let the jobs of a guild go on."""
        await self._store.jobs.unpause(guild_id)
        self._queue.resume(guild_id)
        await self._active_jobs.changed()

    def is_paused(self, guild_id: int | None) -> bool:
        """Tell whether the jobs of a guild are held back."""
        return self._queue.is_paused(guild_id)

    async def clear(self, viewer: Viewer, *, user_id: int | None = None) -> int:
        """Cancel what waits, or what waits for one user, as far as the moderator may see it.

        Returns:
            How many jobs that were.

        """
        active_jobs = [
            active
            for active in self._active_jobs
            if self._queue.has(active.job.id)
            and viewer.may_moderate(active.job.origin)
            and user_id in {None, active.job.origin.user_id}
        ]
        for active in active_jobs:
            self._queue.remove(active.job.id)
        for active in active_jobs:
            await self._delivery.record_cancelled(active, by=viewer.user_id)
            telling = self._delivery.tell_cancelled(active, by=viewer.user_id)
            self._active_jobs.start(telling, f"cancel {active.job.id}")
        return len(active_jobs)
