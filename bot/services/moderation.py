"""What moderators can do with the jobs of their guild, and the bot's owners with all."""

from __future__ import annotations

from bot.domain.viewers import Viewer
from bot.services.active_jobs import Rides
from bot.services.delivery import Delivery
from bot.services.queue import FairQueue
from bot.services.queue_view import Line
from bot.services.replies import Ticket
from bot.storage import Store


class Moderation:
    """Move, pause, resume and clear; nobody moves or clears what they may not moderate."""

    def __init__(
        self, *, store: Store, queue: FairQueue, rides: Rides, line: Line, delivery: Delivery
    ) -> None:
        """Remember the parts."""
        self._store = store
        self._queue = queue
        self._rides = rides
        self._line = line
        self._delivery = delivery

    async def move_to_front(self, job_id: str, *, viewer: Viewer) -> Ticket | None:
        """Let a waiting job be its guild's next; None if none such waits, for this moderator."""
        ride = self._rides.find(job_id)
        if ride is None or not self._queue.has(job_id):
            return None
        if not viewer.may_moderate(ride.job.origin):
            return None
        await self._store.jobs.set_moved(job_id)
        if not self._queue.has(job_id):  # it was taken or cancelled while that was written
            return None
        self._queue.move_to_front(job_id)
        return self._line.ticket(job_id)

    async def pause(self, guild_id: int, *, by: int) -> None:
        """Hold back the waiting jobs of a guild; new ones are still taken."""
        await self._store.jobs.pause(guild_id, by=by)
        self._queue.pause(guild_id)

    async def resume(self, guild_id: int) -> None:
        """Let the jobs of a guild go on."""
        await self._store.jobs.unpause(guild_id)
        self._queue.resume(guild_id)
        await self._rides.changed()

    def is_paused(self, guild_id: int | None) -> bool:
        """Tell whether the jobs of a guild are held back."""
        return self._queue.is_paused(guild_id)

    async def clear(self, viewer: Viewer, *, user_id: int | None = None) -> int:
        """Cancel what waits, or what waits for one user, as far as the moderator may see it.

        Returns:
            How many jobs that were.

        """
        rides = [
            ride
            for ride in self._rides
            if self._queue.has(ride.job.id)
            and viewer.may_moderate(ride.job.origin)
            and user_id in {None, ride.job.origin.user_id}
        ]
        for ride in rides:
            self._queue.remove(ride.job.id)
        for ride in rides:
            await self._delivery.record_cancelled(ride, by=viewer.user_id)
            telling = self._delivery.tell_cancelled(ride, by=viewer.user_id)
            self._rides.start(telling, f"cancel {ride.job.id}")
        return len(rides)
