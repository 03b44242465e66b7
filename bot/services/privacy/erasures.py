"""Erasing what is known of somebody: written down first, then carried to its end.

An order survives kills, outages and a database that is replaced by an older copy: every start takes
it up again, and nothing is done that cannot be done twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.domain.jobs import ImageMessage, now
from bot.domain.privacy import ErasureOrder
from bot.errors import BotError
from bot.services.active_jobs import ActiveJobs
from bot.services.boards import PersonalPictures
from bot.services.deletions import Deletions, in_parts
from bot.services.maintenance import sweep_sources
from bot.services.retries import RetryPolicy
from bot.storage import Store
from bot.storage.backups import backup_time, backups_in
from bot.storage.erasure import scrub
from bot.storage.erasure_orders import KeptOrder
from bot.storage.records import place_of

logger = logging.getLogger(__name__)

Cancel = Callable[[str, int], Awaitable[object]]


class Erasures:
    """Carry every order to its end.

    Attributes:
        cancel: Stops a job, by its id, for its requester; set once there is a queue.
        show_logs: Lets the messages of log channels show what is left.

    """

    cancel: Cancel
    show_logs: Callable[[], Awaitable[None]]

    def __init__(
        self,
        store: Store,
        active_jobs: ActiveJobs,
        deletions: Deletions,
        boards: PersonalPictures,
        *,
        backups: Path,
        patience: RetryPolicy,
    ) -> None:
        self._store = store
        self._orders = store.erasure_orders
        self._active_jobs = active_jobs
        self._deletions = deletions
        self._boards = boards
        self._backups = backups
        self._patience = patience
        self._opened = asyncio.Event()  # set once the jobs of an earlier run are taken up
        self._under_way: set[tuple[int, dt.datetime]] = set()

    async def begin(self, order: ErasureOrder) -> None:
        """Write an order down, and carry it out beside everything else.

        Raises:
            OSError: It cannot be written down, so nothing is done.

        """
        await asyncio.to_thread(self._orders.write, KeptOrder(order=order))
        self._start(order)

    async def resume(self) -> None:
        """Take up all orders; one that is done is looked at again, as the database may be older."""
        for kept in await asyncio.to_thread(self._orders.all):
            self._start(kept.order)
        self._opened.set()

    async def take_up_new(self) -> None:
        """Take up what was ordered on the command line meanwhile."""
        for kept in await asyncio.to_thread(self._orders.all):
            if kept.order.done_at is None:
                self._start(kept.order)

    async def expire(self) -> None:
        """Delete the orders that no copy of the database can undo any more."""
        await asyncio.to_thread(self._expire)

    def _expire(self) -> None:
        copies = [backup_time(each) for each in backups_in(self._backups)]
        replaced = [day for _, day in self._store.quarantine.replaced()]
        for kept in self._orders.all():
            done_at = kept.order.done_at
            if done_at is None or any(each < done_at for each in copies):
                continue
            if all(day > done_at.date() for day in replaced):
                self._orders.delete(kept.order)

    def _start(self, order: ErasureOrder) -> None:
        key = order.user_id, order.asked_at
        if key not in self._under_way:
            self._under_way.add(key)
            self._active_jobs.start(self._carry_out(order), "erase somebody's data")

    async def _carry_out(self, order: ErasureOrder) -> None:
        try:
            await self._opened.wait()
            await self._until_done(order)
        finally:
            self._under_way.discard((order.user_id, order.asked_at))

    async def _until_done(self, order: ErasureOrder) -> None:
        pauses_s = itertools.chain(
            self._patience.pauses_s, itertools.repeat(self._patience.seldom_s)
        )
        for pause_s in pauses_s:
            try:
                if await self._is_done(order):
                    return
            except (BotError, OSError) as error:  # a full disk, a locked database
                logger.warning("Somebody's data are not erased yet: %s", error)
            await asyncio.sleep(pause_s)

    async def _is_done(self, order: ErasureOrder) -> bool:
        """Erase what there is; tell whether nothing is left."""
        tables, user_id, before = self._store.personal, order.user_id, order.asked_at
        if order.done_at is not None and not await tables.has_any(user_id, before=before):
            return True
        copies = await self._copies(order)
        ids = await tables.job_ids(user_id, before=before)
        await self._cancel(order, ids)
        over = [each for each in ids if self._active_jobs.find(each) is None]
        await self._delete_images(order, over)
        await tables.erase_jobs(over)
        await sweep_sources(self._store)
        board_ids = await tables.board_ids(user_id, before=before)
        await tables.erase_rest(user_id, before=before)
        await self.show_logs()
        await self._boards.erase(order, also=board_ids)
        await self._boards.delete_copies(copies)
        await asyncio.to_thread(self._empty_quarantine, user_id)
        if len(over) < len(ids) or not await scrub(self._store.database):
            return False
        done = replace(order, done_at=now())
        await asyncio.to_thread(self._orders.write, KeptOrder(order=done, copies=copies))
        logger.info("Erased what was known of somebody: %d jobs and what they made", len(ids))
        return True

    async def _copies(self, order: ErasureOrder) -> tuple[str, ...]:
        """Return the copies that have to go, which the rows do not name any more in the end."""
        kept = [
            each
            for each in await asyncio.to_thread(self._orders.find, order.user_id)
            if each.order.asked_at == order.asked_at
        ]
        known = {name for each in kept for name in each.copies}
        found = {*known, *await self._boards.copies(order)}
        if found - known:
            news = KeptOrder(order=order, copies=tuple(sorted(found)))
            await asyncio.to_thread(self._orders.write, news)
        return tuple(sorted(found))

    async def _cancel(self, order: ErasureOrder, job_ids: Collection[str]) -> None:
        """Stop what waits or runs, and give what is on its way to Discord a moment."""
        wanted = set(job_ids)
        for job in await self._store.jobs.held_of(order.user_id):
            if job.id in wanted:  # that wait for a moderator
                await self.cancel(job.id, order.user_id)

        def theirs() -> set[str]:
            return {each.job.id for each in self._active_jobs} & wanted

        for job_id in theirs():
            await self.cancel(job_id, order.user_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience.within_s):
                await self._active_jobs.wait_until(lambda: not theirs())

    async def _delete_images(self, order: ErasureOrder, job_ids: Collection[str]) -> None:
        """Delete images with files and messages, and the messages of jobs that came to none."""
        store = self._store
        ids = await store.personal.image_ids(job_ids, only_left=False)
        messages = [
            ImageMessage(channel_id=job.origin.channel_id, message_id=job.message_id)
            for job in [await store.jobs.find(each) for each in job_ids]
            if job is not None and job.message_id is not None
        ]
        if not ids and not messages:
            return
        removals = [
            await self._deletions.begin(some, by=order.user_id, locale=order.locale, is_final=True)
            for some in in_parts(ids) or [[]]
        ]
        removals[0].others = tuple(messages)
        for each in removals:
            self._deletions.carry_out(each)
        for each in removals:
            await each.ended.wait()

    def _empty_quarantine(self, user_id: int) -> None:
        """Delete what records in quarantine say is theirs, with the pictures that they are of."""
        quarantine = self._store.quarantine
        for record in quarantine.records():
            document = _naming(record, user_id)
            if document is None:
                continue
            picture = self._picture_of(record, document)
            record.unlink(missing_ok=True)
            for moved in [] if picture is None else quarantine.found(picture):
                moved.unlink(missing_ok=True)

    def _picture_of(self, record: Path, document: Mapping[str, Any]) -> Path | None:
        """Return where the picture would be that a record is of, were it not in quarantine."""
        if "item" in document:
            return self._store.boards.path_of(str(document["item"]["file"]))
        found = place_of(record)
        return None if found is None else self._store.image_path(found[0])


def _naming(path: Path, user_id: int) -> dict[str, Any] | None:
    """Return a record if it names somebody; one that is damaged does if the number is in it."""
    content = path.read_text(encoding="utf-8", errors="replace")
    try:
        document: dict[str, Any] = json.loads(content)
    except ValueError:
        return {} if str(user_id) in content else None
    return document if user_id in _numbers(document) else None


def _numbers(found: object) -> set[object]:
    if isinstance(found, dict):
        return set().union(*map(_numbers, found.values()))
    return {found} if isinstance(found, int) else set()
