"""Servers that the bot was removed from: after a time of grace all that is theirs goes."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection

from bot.domain.jobs import now
from bot.domain.privacy import NOBODY
from bot.services.active_jobs import ActiveJobs
from bot.services.boards import BoardSystem
from bot.services.deletions import Deletions
from bot.services.maintenance import sweep_sources
from bot.services.privacy.erasures import Erasures
from bot.storage import Store
from bot.storage.erasure import scrub

logger = logging.getLogger(__name__)


class Departures:
    """Notes where the bot is a member, and erases what is of servers that it left long ago."""

    def __init__(
        self,
        store: Store,
        active_jobs: ActiveJobs,
        deletions: Deletions,
        boards: BoardSystem,
        erasures: Erasures,
        *,
        grace: dt.timedelta,
    ) -> None:
        self._store = store
        self._active_jobs = active_jobs
        self._deletions = deletions
        self._boards = boards
        self._erasures = erasures
        self._grace = grace

    async def note_present(self, guild_ids: Collection[int]) -> None:
        """Record of which servers the bot is a member; those that are missing it has left."""
        await self._store.guilds.note_present(guild_ids)

    async def note_joined(self, guild_id: int) -> None:
        """Record that the bot was invited to a server; what is kept of it stays."""
        await self._store.guilds.note_joined(guild_id)

    async def note_left(self, guild_id: int) -> None:
        """Record that the bot was removed from a server, which is no outage of it."""
        await self._store.guilds.note_left(guild_id)
        logger.info("Removed from guild %d: its data go in %d days", guild_id, self._grace.days)

    async def erase_due(self, *, today: dt.datetime | None = None) -> list[int]:
        """Erase what is of servers whose time of grace is over; return their ids."""
        due = await self._store.guilds.left_before((today or now()) - self._grace)
        for guild_id in due:
            await self._erase(guild_id)
        return due

    async def _erase(self, guild_id: int) -> None:
        """Erase files, then rows; the note that the bot left goes last, with the others."""
        store = self._store
        for active in self._active_jobs:  # held back by a pause, perhaps
            if active.job.origin.guild_id == guild_id:
                await self._erasures.cancel(active.job.id, active.job.origin.user_id)
        ids = await store.guilds.job_ids(guild_id)
        over = [each for each in ids if self._active_jobs.find(each) is None]
        images = await store.personal.image_ids(over, only_left=False)
        await self._deletions.drop(images, by=NOBODY)
        await store.personal.erase_jobs(over)
        if len(over) < len(ids):
            return  # tomorrow the rest
        await sweep_sources(store)
        await store.guilds.erase(guild_id)
        await self._boards.tidy()
        await scrub(store.database)
        logger.info("Erased all of guild %d: %d jobs, %d images", guild_id, len(ids), len(images))
