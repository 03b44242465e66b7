"""Images that are older than a server keeps them, and on no board."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Final

from bot.domain.jobs import now
from bot.domain.privacy import NOBODY
from bot.services.deletions import Deletions
from bot.services.maintenance import sweep_sources
from bot.storage import Store
from bot.storage.erasure import scrub

logger = logging.getLogger(__name__)

# Returns the days that images of a guild (None: of direct messages) are kept; None is for ever.
RetentionDays = Callable[[int | None], int | None]
_AT_ONCE: Final = 100  # images; their messages go before the next ones are begun


class Retention:
    """Deletes what is old: files, messages and rows, with the words in them."""

    def __init__(self, store: Store, deletions: Deletions, *, days: RetentionDays) -> None:
        self._store = store
        self._deletions = deletions
        self._days = days

    async def apply(self, *, today: dt.datetime | None = None) -> int:
        """Delete what is too old by now; return how many jobs were erased."""
        num_erased = 0
        for guild_id in await self._store.guilds.with_jobs():
            days = self._days(guild_id)
            if days is not None:
                before = (today or now()) - dt.timedelta(days=days)
                num_erased += await self._apply_to(guild_id, before)
        if num_erased:
            await sweep_sources(self._store)
            await scrub(self._store.database)
            logger.info("Erased %d jobs that are older than they are kept", num_erased)
        return num_erased

    async def _apply_to(self, guild_id: int | None, before: dt.datetime) -> int:
        guilds = self._store.guilds
        while ids := await guilds.old_images(guild_id, before=before, limit=_AT_ONCE):
            removal = await self._deletions.begin(ids, by=NOBODY, locale="en-US", is_final=True)
            removal.is_watched = True  # nobody asked for it, so nobody is told
            self._deletions.carry_out(removal)
            await removal.ended.wait()
        jobs = await guilds.old_jobs(guild_id, before=before)
        await self._store.personal.erase_jobs(jobs)
        return len(jobs)
