"""The parts that look after people's data, put together."""

from __future__ import annotations

import asyncio
import datetime as dt

from bot.services.active_jobs import ActiveJobs
from bot.services.boards import BoardContext, BoardSystem, PersonalPictures
from bot.services.deletions import Deletions
from bot.services.maintenance import forget_daily
from bot.services.privacy.departures import Departures
from bot.services.privacy.erasures import Erasures
from bot.services.privacy.privacy import Privacy
from bot.services.privacy.retention import Retention, RetentionDays
from bot.services.retries import RetryPolicy
from bot.settings import Settings
from bot.storage import Store


class PrivacyParts:
    """What is shown, erased when it is asked for, and erased when its time is over.

    Attributes:
        privacy: What everybody can ask about themselves.
        erasures: The orders to erase somebody's data.
        departures: Servers that the bot left.
        retention: Images that are older than they are kept.

    """

    def __init__(
        self,
        store: Store,
        active_jobs: ActiveJobs,
        deletions: Deletions,
        boards: BoardContext,
        settings: Settings,
        *,
        retention_days: RetentionDays,
        patience: RetryPolicy,
    ) -> None:
        self._store = store
        self.erasures = Erasures(
            store,
            active_jobs,
            deletions,
            PersonalPictures(boards),
            backups=settings.data_dir / "backups",
            patience=patience,
        )
        self.departures = Departures(
            store,
            active_jobs,
            deletions,
            BoardSystem(boards),
            self.erasures,
            grace=dt.timedelta(days=settings.guild_grace_days),
        )
        self.retention = Retention(store, deletions, days=retention_days)
        self.privacy = Privacy(store, self.erasures)

    async def forget_daily(self, *, after: asyncio.Event) -> None:
        """Forget what is old enough, once a day, for ever; see `maintenance.forget_daily`."""
        await forget_daily(
            self._store.forget_old,
            self.retention.apply,
            self.departures.erase_due,
            self.erasures.expire,
            self.erasures.take_up_new,
            after=after,
        )
