"""Images on their way out: first nobody finds them, then Discord's messages go, then the file.

For a day the file stays where whoever deleted the image can bring it back (`trash.py`).

That an image is deleted is written down before anything else is done, in the database and in the
image's record, so a crash, an outage of Discord or a damaged database only delays the rest: it is
tried again, also by the next start.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import itertools
import logging
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final, Protocol

from bot.domain.jobs import Generation, ImageMessage, new_id, now
from bot.domain.moderation import AuditEntry
from bot.domain.privacy import NOBODY
from bot.errors import BotError
from bot.services.active_jobs import ActiveJobs
from bot.services.audit_log import AuditLog
from bot.services.replies import NotPostableError, NotReachedError
from bot.services.retries import RetryPolicy
from bot.storage import Deletion, Store
from bot.storage.trash import TrashEntry

logger = logging.getLogger(__name__)

AT_ONCE: Final = 8  # messages that are removed at the same time
KEPT_FOR: Final = dt.timedelta(days=1)  # the files of deleted images, to be brought back
LOOK_EVERY_S: Final = 3600.0
_TOGETHER: Final = 500  # images of one removal, where somebody deletes thousands


class _Result(Enum):
    """What became of a message."""

    DONE = "done"
    LATER = "later"
    REFUSED = "refused"


class Remover(Protocol):
    """Takes images out of Discord; whoever serves Discord brings one."""

    async def remove(self, message: ImageMessage, left: Sequence[Generation]) -> None:
        """Delete a message, or let it show only what is left; one that is gone is no error.

        Raises:
            NotPostableError: That is refused.
            NotReachedError: It may work later.

        """

    async def tell_refused(self, removal: Removal) -> None:
        """Tell who deleted images, in private, which messages still show them; raises the same."""


@dataclass(kw_only=True, eq=False)
class Removal:
    """Images that were deleted together, on their way out.

    Attributes:
        by: Who deleted them.
        locale: Their language.
        others: Messages that show no image and are to go with them.
        refused: The messages that Discord does not let go.
        since: When that was.
        trash: As what `by` can bring them back; None where they cannot.
        is_without_room: Whether they would be kept for a day, were there room for their files.
        is_watched: Whether somebody waits for the outcome, and tells it.
        ended: Set when nothing is left to be done; never where the bot stops before.

    """

    generation_ids: tuple[str, ...]
    by: int
    locale: str
    since: dt.datetime
    trash: TrashEntry | None = None
    is_without_room: bool = False
    others: tuple[ImageMessage, ...] = ()
    refused: list[ImageMessage] = field(default_factory=list)
    is_watched: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Deletions:
    """Carry every deletion to its end.

    Attributes:
        remover: Set by whoever serves Discord; without one only files are deleted.

    """

    def __init__(
        self,
        store: Store,
        active_jobs: ActiveJobs,
        log: AuditLog,
        *,
        files: asyncio.Lock,
        patience: RetryPolicy,
        trash_bytes: int,
    ) -> None:
        """`files` is held while a file is deleted; `trash_bytes` is for those kept for a day."""
        self._store = store
        self._active_jobs = active_jobs
        self._log = log
        self._files = files
        self._patience = patience
        self._trash_bytes = trash_bytes
        # Two images of one message may be deleted at the same time.
        self._locks: weakref.WeakValueDictionary[int, asyncio.Lock] = weakref.WeakValueDictionary()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self.remover: Remover | None = None

    async def begin(
        self,
        generation_ids: Sequence[str],
        *,
        by: int,
        locale: str,
        shown_in: ImageMessage | None = None,
        entry: AuditEntry | None = None,
        trash: TrashEntry | None = None,
        is_final: bool = False,
    ) -> Removal:
        """Delete images for everybody who looks for them; `carry_out` does the rest.

        Args:
            generation_ids: The images.
            by: Who deletes them.
            locale: Their language.
            shown_in: One more message that shows all of them.
            entry: What moderators read of it.
            trash: As what they can be brought back; see `room_in_trash`.
            is_final: Whether nobody can bring them back, even where they could until now.

        """
        since, written = await self._store.deletions.begin(
            generation_ids,
            by=by,
            locale=locale,
            shown_in=shown_in,
            entry=entry,
            trash=trash,
            is_final=is_final,
        )
        if written is not None:
            self._log.publish(written)
        removal = Removal(generation_ids=tuple(generation_ids), by=by, locale=locale, since=since)
        removal.trash = await self._store.trash.entry_of(generation_ids, by)
        await self._mark(removal)
        return removal

    async def room_in_trash(self, generation_ids: Sequence[str]) -> TrashEntry | None:
        """Return as what images can be brought back for a day; None where no room is left."""
        found = await self._store.generations.find_any(generation_ids, None)
        sizes = await asyncio.to_thread(lambda: {each.id: _size_of(each.path) for each in found})
        if await self._store.trash.size_bytes() + sum(sizes.values()) > self._trash_bytes:
            return None
        began = now()
        return TrashEntry(id=new_id(), created_at=began, until=began + KEPT_FOR, sizes=sizes)

    async def expire(self, *, at: dt.datetime | None = None) -> list[Removal]:
        """Delete for good what nobody can bring back any more; return what is under way."""
        due = await self._store.trash.due(at or now())
        removals = []
        for some in in_parts(due):
            removal = await self.begin(some, by=NOBODY, locale="en-US", is_final=True)
            removal.is_watched = True  # nobody waits for it, so nobody is told
            self.carry_out(removal)
            removals.append(removal)
        return removals

    async def expire_hourly(self, *, after: asyncio.Event) -> None:
        """Do that once an hour, for ever, once messages can be removed."""
        await after.wait()
        while True:
            try:
                await self.expire()
            except BotError as error:
                logger.warning("The trash is not emptied, trying again: %s", error.message)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _mark(self, removal: Removal) -> None:
        """Write into the images' records what has to go, in case that the database is lost."""
        async with self._store.records.lock:
            for each in await self._store.generations.find_any(removal.generation_ids, None):
                job = await self._store.jobs.find(each.job_id)
                assert job is not None
                deletion = Deletion(
                    generation_id=each.id,
                    user_id=removal.by,
                    locale=removal.locale,
                    created_at=removal.since,
                )
                messages = await self._store.deletions.messages_of(each.id)
                write = functools.partial(self._store.records.write_image, job, each)
                try:
                    await asyncio.to_thread(write, messages=messages, deletion=deletion)
                except OSError as error:  # the next start tries again
                    logger.warning("The record of %s cannot be written: %s", each.id, error)

    def carry_out(self, removal: Removal) -> None:
        """Remove images from Discord and from the disk, beside everything else."""
        self._active_jobs.start(self._until_gone(removal), f"delete {removal.generation_ids}")

    async def drop(self, generation_ids: Sequence[str], *, by: int) -> None:
        """Delete images from the disk only: nothing of Discord's can be reached any more."""
        for some in in_parts(generation_ids):
            removal = await self.begin(some, by=by, locale="en-US", is_final=True)
            await self._delete_files(removal)
            removal.ended.set()

    async def carry_out_now(self, removal: Removal) -> None:
        """Do the same, and wait for it as long as for any one request to Discord."""
        self.carry_out(removal)
        await self.wait(removal, within_s=self._patience.within_s)

    def tell(self, removal: Removal) -> None:
        """Write to whoever deleted images what remains visible, where no answer reached them."""
        self._active_jobs.start(self._tell(removal), f"tell of {removal.generation_ids}")

    async def resume(self) -> None:
        """Take up what an earlier run of the program left."""
        left = await self._store.deletions.left()
        for (since, by, locale), together in itertools.groupby(left, key=_key):
            ids = tuple(each.generation_id for each in together)
            removal = Removal(generation_ids=ids, by=by, locale=locale, since=since)
            await self._mark(removal)  # a crash may have come between
            self.carry_out(removal)

    async def catch_up(self, message: ImageMessage, shown: Sequence[Generation]) -> None:
        """Remove from a message what was deleted while it was on its way to Discord."""
        late = [each for each in shown if not await self._store.generations.find(each.id, None)]
        if late:
            ids = [each.id for each in late]
            by = late[0].user_id
            self.carry_out(await self.begin(ids, by=by, locale="en-US", shown_in=message))

    async def wait(self, removal: Removal, *, within_s: float) -> bool:
        """Wait a while for images to be gone, or refused; tell whether that came.

        Whoever waits tells the outcome, if it comes meanwhile.
        """
        removal.is_watched = True
        try:
            await asyncio.wait_for(removal.ended.wait(), within_s)
        except TimeoutError:
            return False
        finally:
            removal.is_watched = False
        return True

    async def show_again(self, generation_ids: Sequence[str]) -> None:
        """Let every message of images show them as they are to be shown now.

        Raises:
            NotPostableError: Discord refuses it at one of them; all others were tried.
            NotReachedError: The same, for now.

        """
        if self.remover is None:
            return
        found = [await self._store.deletions.messages_of(each) for each in generation_ids]
        failures: list[NotPostableError | NotReachedError] = []
        for message in {each.message_id: each for some in found for each in some}.values():
            lock = self._locks.setdefault(message.message_id, asyncio.Lock())
            async with lock, self._slots:
                left = await self._store.generations.shown_in(message.message_id)
                try:
                    if left:  # else a deletion takes the message away
                        await self.remover.remove(message, left)
                except (NotPostableError, NotReachedError) as error:
                    failures.append(error)
        if failures:  # what may work later goes first: then all are tried again
            raise min(failures, key=lambda each: isinstance(each, NotPostableError))

    async def messages_of(self, removal: Removal) -> list[ImageMessage]:
        """Return the messages that still show one of the images, and those that go with them."""
        found = [await self._store.deletions.messages_of(each) for each in removal.generation_ids]
        shown = (*found, removal.others)
        return list({each.message_id: each for some in shown for each in some}.values())

    async def _until_gone(self, removal: Removal) -> None:
        pauses_s = itertools.chain(
            self._patience.pauses_s, itertools.repeat(self._patience.seldom_s)
        )
        for tries, pause_s in enumerate(pauses_s, start=1):
            if await self._is_gone(removal, tries=tries):
                break
            await asyncio.sleep(pause_s)  # where the bot stops meanwhile, the next start goes on
        await self._end(removal)
        removal.ended.set()

    async def _is_gone(self, removal: Removal, *, tries: int) -> bool:
        """Try once everywhere; tell whether no message is left that a later try may remove."""
        messages = await self.messages_of(removal)
        results = dict(
            zip(messages, await asyncio.gather(*map(self._remove, messages)), strict=True)
        )
        removal.refused = [each for each, result in results.items() if result is _Result.REFUSED]
        left = [each for each, result in results.items() if result is _Result.LATER]
        if left and self._patience.is_over(tries, removal.since):
            logger.warning("%d messages keep a deleted image: Discord does not answer", len(left))
            removal.refused += left
            return True
        return not left

    async def _remove(self, message: ImageMessage) -> _Result:
        """Remove what is deleted from a message."""
        if self.remover is None:
            return _Result.DONE
        lock = self._locks.setdefault(message.message_id, asyncio.Lock())
        async with lock, self._slots:
            left = await self._store.generations.shown_in(message.message_id)
            try:
                async with asyncio.timeout(self._patience.within_s):
                    await self.remover.remove(message, left)
            except NotPostableError as error:
                logger.warning(
                    "Message %d keeps a deleted image: %s", message.message_id, error.message
                )
                return _Result.REFUSED
            except (NotReachedError, TimeoutError) as error:
                logger.info("Message %d is not removed yet: %s", message.message_id, error)
                return _Result.LATER
            except Exception:
                logger.exception("Message %d could not be removed", message.message_id)
                return _Result.LATER
            await self._store.deletions.cleared(message.message_id)
        return _Result.DONE

    async def _end(self, removal: Removal) -> None:
        if removal.refused and not removal.is_watched:
            await self._tell(removal)
        await self._delete_files(removal)

    async def _tell(self, removal: Removal) -> None:
        """Tell what remains visible; where nobody takes messages, nobody is told."""
        if self.remover is None:
            return
        for pause_s in (*self._patience.pauses_s, None):
            try:
                async with asyncio.timeout(self._patience.within_s):
                    await self.remover.tell_refused(removal)
            except (NotReachedError, TimeoutError) as error:
                logger.info("Who deleted an image is not told yet: %s", error)
            except BotError as error:
                logger.warning("Who deleted an image cannot be told: %s", error.message)
                return
            else:
                return
            if pause_s is not None:
                await asyncio.sleep(pause_s)

    async def _delete_files(self, removal: Removal) -> None:
        """Delete the files that no other image shares, then what tells of the deletion.

        What can be brought back keeps its file, and its record, which says that it is deleted. A
        file without its record would come back if the database were lost, so that goes last.
        """
        for each in await self._store.generations.find_any(removal.generation_ids, None):
            async with self._files:
                if await self._store.trash.is_gone(each.id):
                    await self._delete_one(each)
                await self._store.deletions.end([each.id])

    async def _delete_one(self, generation: Generation) -> None:
        is_shared = await self._store.generations.is_shared(generation)
        try:
            await asyncio.to_thread(self._delete_file, generation, is_shared=is_shared)
        except OSError as error:  # the next start sweeps it
            logger.warning("%s cannot be deleted: %s", generation.path, error)

    def _delete_file(self, generation: Generation, *, is_shared: bool) -> None:
        """Delete a picture, then its record; in quarantine, too: that is restored as well."""
        moved_to = self._store.quarantine.found
        record = self._store.records.path_of(generation)
        records = [*moved_to(record), record]
        pictures = [] if is_shared else [generation.path]
        others = moved_to(record.with_stem(f"{generation.pixel_sha256}."))  # of any image there
        if not is_shared and set(others) <= set(records):
            pictures += moved_to(generation.path)
        for path in (*pictures, *records):
            path.unlink(missing_ok=True)


def in_parts(generation_ids: Sequence[str]) -> list[Sequence[str]]:
    """Return images in parts, each small enough for one removal."""
    starts = range(0, len(generation_ids), _TOGETHER)
    return [generation_ids[start : start + _TOGETHER] for start in starts]


def _size_of(path: Path) -> int:
    """Return the bytes of a file; one that is gone has none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _key(deletion: Deletion) -> tuple[dt.datetime, int, str]:
    return deletion.created_at, deletion.user_id, deletion.locale
