"""What the bot does on its own account: there is no viewer, and nothing of it answers anybody.

Only what keeps messages, restarts and deletions going may use it; `tests/unit/services` has the
list. What is shown to people comes from the other parts of the service.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.domain.jobs import Generation, ImageMessage, Job
from bot.domain.requests import Axis, ImageRequest
from bot.services.audit_log import AuditLog
from bot.services.boards import BoardSystem
from bot.services.deletions import Deletions
from bot.services.holds import Holds
from bot.services.image_archive import ImageArchive
from bot.services.privacy import Departures, Erasures
from bot.services.replies import Reply
from bot.services.resumption import Resumption
from bot.storage import Store
from bot.storage.places import KnownPlace


class System:
    """Jobs, images and boards as they are, whoever may see them.

    Attributes:
        boards: The messages and channels of boards, and what is swept of them.
        holds: The jobs that wait for a moderator.
        deletions: What becomes of images that are deleted.
        audit: What moderators are shown, and members told.
        deferrals: The answers that were deferred and not given yet.
        departures: Of which servers the bot is a member, and which it left.
        resumed: Set once everything of an earlier run is taken up.

    """

    def __init__(  # noqa: PLR0913 - the parts that meet here
        self,
        *,
        store: Store,
        archive: ImageArchive,
        deletions: Deletions,
        boards: BoardSystem,
        resumption: Resumption,
        erasures: Erasures,
        departures: Departures,
        holds: Holds,
        audit: AuditLog,
    ) -> None:
        self._store = store
        self._archive = archive
        self._resumption = resumption
        self._erasures = erasures
        self.departures = departures
        self.resumed = asyncio.Event()
        self.holds = holds
        self.audit = audit
        self.boards = boards
        self.deletions = deletions
        self.deferrals = store.deferrals

    async def resume(self, make_reply: Callable[[Job], Reply]) -> None:
        """Take up the jobs and deletions an earlier run of the program left unfinished."""
        await self.holds.resume()
        await self._resumption.resume(make_reply)
        await self.deletions.resume()
        await self.audit.resume()
        await self._erasures.resume()
        self.resumed.set()

    async def places(self, guild_id: int) -> list[KnownPlace]:
        """Return the channels and threads of a guild that anything was made or hung up from."""
        return await self._store.places.of_guild(guild_id)

    async def place_gone(self, channel_id: int, *, is_age_restricted: bool | None = None) -> None:
        """Record that a channel or thread is deleted."""
        await self._store.places.set_gone(channel_id, is_age_restricted=is_age_restricted)

    async def job(self, job_id: str) -> Job | None:
        """Return a job."""
        return await self._store.jobs.find(job_id)

    async def originals(self, job: Job) -> dict[str, Generation]:
        """Return the images that those of a job come from, by id, deleted ones too."""
        return await self._store.generations.originals(job)

    def picture_beside(self, job: Job) -> Path | None:
        """Return the file of the picture that is shown beside a job's images.

        That is what a comparison begins with or follows, and the map that steers any others.
        Variations of an image, which differ by their seeds, are shown without it.
        """
        if job.axis is None and job.batch is None:
            return self.map_path(job.requests[0])
        inputs = job.requests[0].inputs
        if job.axis is Axis.SEEDS or not inputs:
            return None
        return self._store.sources.path(inputs[0].pixel_sha256)

    def map_path(self, request: ImageRequest) -> Path | None:
        """Return the file of the map that steered an image, to be shown beside it."""
        control = request.control
        return None if control is None else self._store.sources.path(control.pixel_sha256)

    async def images(self, ids: Sequence[str]) -> list[Generation]:
        """Return images, deleted ones too."""
        return await self._store.generations.find_any(ids, None)

    async def spoilers_among(self, ids: Sequence[str]) -> frozenset[str]:
        """Return those of some images that are hidden until they are clicked."""
        return await self._store.generations.spoilers_among(ids)

    async def locale_of(self, user_id: int) -> str:
        """Return the language that somebody asked in last."""
        return await self._store.jobs.locale_of(user_id)

    # Messages

    async def set_message(self, job_id: str, channel_id: int, message_id: int) -> None:
        """Record which message answers a job."""
        await self._store.jobs.set_message(job_id, channel_id, message_id)
        await self._archive.update_records(job_id)

    async def posting_since(self, job_id: str) -> dt.datetime | None:
        """Return since when it is tried to post a job's images anew; None where it is not."""
        return await self._store.jobs.posting_since(job_id)

    async def was_posting(self, job_id: str) -> dt.datetime:
        """Record that a job's images are about to be posted; return since when that is tried."""
        return await self._store.jobs.set_posting(job_id)

    async def note_copy(self, message: ImageMessage, shown: Sequence[Generation]) -> None:
        """Record that a message shows images again, so that it goes when they are deleted."""
        await self._store.deletions.add_copy(message, [each.id for each in shown])
        for job_id in {each.job_id for each in shown}:
            await self._archive.update_records(job_id)
        await self.deletions.catch_up(message, shown)

    async def note_found(self, message: ImageMessage, ids: Sequence[str]) -> bool:
        """Record a message that was found to show images; tell whether that was not known.

        Images of a job that is not through yet are left out: the message may be the job's own,
        which its delivery looks for.
        """
        shown = [
            each
            for each in await self.images(ids)
            if await self._store.jobs.is_over(each.job_id)
            and message.message_id
            not in {known.message_id for known in await self._store.deletions.messages_of(each.id)}
        ]
        if shown:
            await self.note_copy(message, shown)
        return bool(shown)
