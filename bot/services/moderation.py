"""What moderators can do with the jobs of their guild, and the bot's owners with all."""

from __future__ import annotations

from bot.domain.jobs import now
from bot.domain.moderation import Act, AuditEntry
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.services.audit_log import AuditLog
from bot.services.job_context import JobContext, JobPart
from bot.services.queue import EVERYWHERE
from bot.services.replies import QueueEntry


class Moderation(JobPart):
    """Move, pause, resume and clear; nobody moves or clears what they may not moderate.

    Everything here raises a `BotError` where the viewer is no moderator of the whole guild, or,
    where all guilds are concerned, not the bot's owner.
    """

    def __init__(self, context: JobContext, log: AuditLog) -> None:
        super().__init__(context)
        self._log = log

    def movable(self, *, viewer: Viewer) -> list[QueueEntry]:
        """Return the waiting jobs that the viewer may move, in their order; none for others."""
        return [
            entry
            for entry in self._queue_view.entries()
            if viewer.may_steer_jobs and entry.position > 0
            if viewer.may_moderate(entry.job.origin)
        ]

    async def move_to_front(self, job_id: str, *, viewer: Viewer) -> QueueEntry | None:
        """Let a waiting job be its guild's next; None if none such waits, for this moderator."""
        _check(viewer)
        active = self._active_jobs.find(job_id)
        if active is None or not self._queue.has(job_id):
            return None
        if not viewer.may_moderate(active.job.origin):
            return None
        await self._store.jobs.set_moved(job_id)
        if not self._queue.has(job_id):  # it was taken or cancelled while that was written
            return None
        self._queue.move_to_front(job_id)
        origin = active.job.origin
        await self._note(Act.MOVED, viewer, job_id=job_id, user_id=origin.user_id)
        return self._queue_view.entry(job_id)

    async def pause(self, *, viewer: Viewer, everywhere: bool = False) -> None:
        """Hold back the waiting jobs of the viewer's guild, or of all; new ones are still taken."""
        guild_id = _steered(viewer, everywhere=everywhere)
        await self._store.jobs.pause(guild_id, by=viewer.user_id)
        self._queue.pause(guild_id)
        await self._note(Act.PAUSED, viewer, everywhere=everywhere)

    async def resume(self, *, viewer: Viewer, everywhere: bool = False) -> bool:
        """Let the jobs go on; tell whether they were held back."""
        guild_id = _steered(viewer, everywhere=everywhere)
        if not self._queue.is_paused(guild_id):
            return False
        await self._store.jobs.unpause(guild_id)
        self._queue.resume(guild_id)
        await self._active_jobs.changed()
        await self._note(Act.RESUMED, viewer, everywhere=everywhere)
        return True

    def is_paused(self, *, viewer: Viewer, everywhere: bool = False) -> bool:
        """Tell whether the jobs of the viewer's guild, or of all, are held back: all may know."""
        return self._queue.is_paused(EVERYWHERE if everywhere else viewer.guild_id)

    async def clear(self, *, viewer: Viewer, user_id: int | None = None) -> int:
        """Cancel what waits, or what waits for one user, as far as the moderator may see it.

        Returns:
            How many jobs that were.

        """
        _check(viewer)
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
        if active_jobs:
            await self._note(Act.CLEARED, viewer, user_id=user_id, why=f"× {len(active_jobs)}")
        return len(active_jobs)

    async def _note(
        self,
        act: Act,
        viewer: Viewer,
        *,
        everywhere: bool = False,
        user_id: int | None = None,
        job_id: str | None = None,
        why: str = "",
    ) -> None:
        """Write down what was done in the viewer's guild."""
        if viewer.guild_id is None or everywhere:
            return
        entry = AuditEntry(
            guild_id=viewer.guild_id,
            act=act,
            created_at=now(),
            by_id=viewer.user_id,
            by_name=viewer.user_name,
            user_id=user_id,
            channel_id=viewer.channel_id,
            job_id=job_id,
            why=why,
        )
        await self._log.add(entry)


def _steered(viewer: Viewer, *, everywhere: bool) -> int:
    """Return whose jobs are meant, if they are the viewer's to steer."""
    if everywhere:
        if not viewer.is_owner:
            raise BotError("Only the bot's owner can do that for all servers.")
        return EVERYWHERE
    return _check(viewer)


def _check(viewer: Viewer) -> int:
    """Return the guild of a moderator; Discord hides the commands, but lets a server show them."""
    if not viewer.may_steer_jobs or viewer.guild_id is None:
        raise BotError(
            "Only moderators of this server can steer its jobs: that takes *Manage Messages* in "
            "the whole server, not in one channel alone."
        )
    return viewer.guild_id
