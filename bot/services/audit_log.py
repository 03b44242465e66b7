"""The log channels of servers: every entry of the audit table becomes a message, in time.

What is written down is shown and told whatever happens meanwhile: the next start goes on with what
this one leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import logging
import weakref
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from bot.domain.jobs import ImageMessage, Job, now
from bot.domain.moderation import HOLDS, Act, AuditEntry, Decision
from bot.domain.rules import OFF
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.services.active_jobs import ActiveJobs
from bot.services.replies import NotPostableError, NotReachedError
from bot.services.retries import RetryPolicy
from bot.services.rules import Rules
from bot.storage import Store

logger = logging.getLogger(__name__)

FORGET_EVERY_S: Final = 86_400.0
REFUSALS_SHOWN: Final = 10  # of one member in an hour; the others stand in the table
HOUR: Final = dt.timedelta(hours=1)


class LogWriter(Protocol):
    """Writes to people on Discord; whoever serves it brings one."""

    def can_write(self, guild_id: int, channel_id: int) -> bool | None:
        """Tell whether messages can be posted to a channel; None where that is not known now."""

    async def write(self, entry: AuditEntry, channel_id: int) -> ImageMessage:
        """Post an entry, or let its message show it as it is now.

        Raises:
            NotPostableError: That is refused.
            NotReachedError: It may work later.

        """

    async def follow_up(self, entry: AuditEntry) -> None:
        """Tell whom an entry concerns, or change the messages that it is about; raises the same."""


class AuditLog:
    """What is done about misuse: written down, shown to moderators, told to whom it concerns.

    Attributes:
        writer: Set by whoever serves Discord; without one nothing is shown.
        on_unread: Called with what moderators would have to decide and cannot read.

    """

    def __init__(
        self,
        store: Store,
        rules: Rules,
        active_jobs: ActiveJobs,
        *,
        days: int,
        patience: RetryPolicy,
    ) -> None:
        """`days` is how long entries are kept."""
        self._store = store
        self._rules = rules
        self._active_jobs = active_jobs
        self._kept_for = dt.timedelta(days=days)
        self._patience = patience
        self._locks: weakref.WeakValueDictionary[int, asyncio.Lock] = weakref.WeakValueDictionary()
        self.writer: LogWriter | None = None
        self.on_unread: Callable[[AuditEntry], Awaitable[None]] | None = None

    def channel_of(self, guild_id: int) -> int | None:
        """Return the log channel of a guild, if it can be written."""
        found = self._rules.of_server("log_channel", guild_id)
        return int(str(found)) if found is not None and self._can_write(guild_id) else None

    def _can_write(self, guild_id: int) -> bool | None:
        """Tell whether a guild's log channel can be written; None where that is not known now."""
        found = self._rules.of_server("log_channel", guild_id)
        if self.writer is None or found is None:
            return False
        return self.writer.can_write(guild_id, int(str(found)))

    def wants_jobs(self, guild_id: int) -> bool:
        """Tell whether the moderators of a guild read of every job."""
        return self._rules.of_server("log_jobs", guild_id) != OFF

    async def add(self, entry: AuditEntry) -> AuditEntry:
        """Write an entry down, show it, and do what has to follow."""
        entry = await self._store.audit.add(entry)
        self.publish(entry)
        return entry

    async def note(self, entry: AuditEntry) -> None:
        """Do the same beside other work; a database that cannot be written is only logged."""
        try:
            await self.add(entry)
        except BotError as error:
            logger.warning("An entry of the audit is not written: %s", error.message)

    def publish(self, entry: AuditEntry) -> None:
        """Let the log channel show an entry as it is, and do what has to follow."""
        self._active_jobs.start(self._until_shown(entry.id), f"log {entry.id}")
        if not entry.is_done:
            self._active_jobs.start(self._until_done(entry.id), f"follow up {entry.id}")

    async def resume(self) -> None:
        """Take up what an earlier run of the program left."""
        for each in await self._store.audit.unshown():
            self._active_jobs.start(self._until_shown(each.id), f"log {each.id}")
        for each in await self._store.audit.undone():
            self._active_jobs.start(self._until_done(each.id), f"follow up {each.id}")

    async def show_again(self, message_id: int | None = None) -> None:
        """Post what is still open anew, where its message is gone; None is all of them."""
        for each in await self._store.audit.lose_message(message_id):
            self.publish(each)

    async def forget_daily(self) -> None:
        """Delete entries that are too old, once a day, for ever."""
        while True:
            with contextlib.suppress(Exception):  # tomorrow again
                await self._store.audit.forget(now() - self._kept_for)
            await asyncio.sleep(FORGET_EVERY_S)

    async def _until_shown(self, entry_id: int) -> None:
        pauses_s = itertools.chain(
            self._patience.pauses_s, itertools.repeat(self._patience.seldom_s)
        )
        for tries, pause_s in enumerate(pauses_s, start=1):
            if await self._show(entry_id, tries):
                return
            await asyncio.sleep(pause_s)

    async def _show(self, entry_id: int, tries: int) -> bool:
        """Try once; tell whether nothing is left to be done. One message of a guild at a time."""
        found = await self._store.audit.find(entry_id)
        if found is None:
            return True
        lock = self._locks.setdefault(found.guild_id, asyncio.Lock())
        async with lock:
            entry = await self._store.audit.find(entry_id)  # as it is by now
            if entry is None:
                return True
            if await self._is_wanted(entry):
                error = await self._error_of_writing(entry)
                if error is None or not self._is_enough(error, entry, tries):
                    return error is None
                logger.warning("Log entry %d is not shown: %s", entry_id, error)
            await self._unread(entry)
            return True

    def _is_enough(self, error: Exception, entry: AuditEntry, tries: int) -> bool:
        """Tell whether to try no more; whoever waits for a moderator is not kept waiting."""
        if isinstance(error, NotPostableError) and (error.is_final or _is_awaited(entry)):
            return True
        return self._is_over(tries, entry)

    async def _is_wanted(self, entry: AuditEntry) -> bool:
        """Tell whether there is a place for an entry, and room: nobody floods a log channel."""
        if entry.log_channel_id is None:
            is_over = entry.decision is Decision.CANCELLED  # before anybody read of it
            if is_over or self._can_write(entry.guild_id) is False:
                return False
        if entry.act is not Act.REFUSED or entry.user_id is None:
            return True
        count = await self._store.audit.count_since(
            entry.guild_id, entry.user_id, Act.REFUSED, entry.created_at - HOUR
        )
        return count <= REFUSALS_SHOWN

    async def _error_of_writing(self, entry: AuditEntry) -> Exception | None:
        """Let the log channel show an entry; return why it does not, if so."""
        channel_id = entry.log_channel_id or self.channel_of(entry.guild_id)
        try:
            if self.writer is None or channel_id is None:
                return NotReachedError("Discord does not tell of the server.")
            async with asyncio.timeout(self._patience.within_s):
                message = await self.writer.write(entry, channel_id)
        except (NotPostableError, NotReachedError, TimeoutError) as error:
            return error
        if entry.log_channel_id is None or entry.log_message_id != message.message_id:
            await self._store.audit.set_message(entry.id, message.channel_id, message.message_id)
        await self._store.audit.set_shown(entry)
        return None

    async def _unread(self, entry: AuditEntry) -> None:
        """Give up showing an entry; who waits for a decision would wait in vain, and is told so.

        Where nobody serves Discord, the next start goes on.
        """
        if self.writer is None:
            return
        await self._store.audit.set_shown(entry)
        if _is_awaited(entry) and self.on_unread is not None:
            await self.on_unread(entry)

    def _is_over(self, tries: int, entry: AuditEntry) -> bool:
        since = entry.decided_at or entry.created_at
        return self._patience.is_over(tries, since)

    async def _until_done(self, entry_id: int) -> None:
        pauses_s = itertools.chain(
            self._patience.pauses_s, itertools.repeat(self._patience.seldom_s)
        )
        for tries, pause_s in enumerate(pauses_s, start=1):
            entry = await self._store.audit.find(entry_id)
            if entry is None or entry.is_done or self.writer is None:
                return
            try:
                async with asyncio.timeout(self._patience.within_s):
                    await self.writer.follow_up(entry)
            except NotPostableError as error:
                logger.info("Entry %d cannot be followed up: %s", entry_id, error.message)
                break
            except (NotReachedError, TimeoutError):
                if self._is_over(tries, entry):
                    break
                await asyncio.sleep(pause_s)
            else:
                break
        await self._store.audit.set_done(entry_id)


def _is_awaited(entry: AuditEntry) -> bool:
    return entry.is_open and entry.act in HOLDS


def entry_of(
    job: Job, act: Act, *, why: str = "", image_ids: Sequence[str] = (), by: Viewer | None = None
) -> AuditEntry:
    """Return what moderators read of a job of a guild; `by` is who did something to it."""
    origin = job.origin
    assert origin.guild_id is not None
    return AuditEntry(
        guild_id=origin.guild_id,
        act=act,
        created_at=now(),
        by_id=None if by is None else by.user_id,
        by_name="" if by is None else by.user_name,
        user_id=origin.user_id,
        user_name=origin.user_name,
        channel_id=origin.channel_id,
        job_id=job.id,
        image_ids=tuple(image_ids),
        words=" | ".join(dict.fromkeys(each.prompt for each in job.requests)),
        why=why,
    )
