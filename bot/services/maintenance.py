"""What the bot does for its own data: daily backups, and no file without a row."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from bot.errors import BotError, DamagedPictureError
from bot.media.fingerprint import fingerprint
from bot.media.picture_files import IMAGE_NAME, is_temporary, read_pixels
from bot.storage import Store
from bot.storage.backups import backup_time, newest_backup
from bot.storage.quarantine import Quarantine
from bot.storage.record_documents import Place
from bot.storage.records import place_of

logger = logging.getLogger(__name__)

BACKUP_EVERY: Final = dt.timedelta(days=1)
_NAMED: Final = 20  # ids that a warning lists


async def back_up_daily(store: Store, folder: Path) -> None:
    """Copy the database once a day, for ever; a copy that fails is tried again in an hour."""
    while True:
        await asyncio.sleep(_until_due_s(folder))
        try:
            path = await store.database.back_up()
        except Exception as error:
            reason = error.message if isinstance(error, BotError) else repr(error)
            logger.error(  # noqa: TRY400 - one sentence; where it comes from is told at DEBUG
                "No daily copy of the database was made, trying again in an hour: %s", reason
            )
            logger.debug("The error behind the sentence", exc_info=error)
            await asyncio.sleep(3600)
        else:
            logger.info("Copied the database to %s", path)


def _until_due_s(folder: Path) -> float:
    newest = newest_backup(folder)
    if newest is None:
        return 0.0
    age = dt.datetime.now(dt.UTC) - backup_time(newest)
    return max(0.0, (BACKUP_EVERY - age).total_seconds())


async def sweep(store: Store, files: asyncio.Lock) -> int:
    """Move image files that no row names to the quarantine, and delete what is deleted.

    A crash between a file and its row leaves some behind; a database that was replaced by an older
    one leaves thousands.

    Args:
        store: Whose rows count.
        files: Held while files are looked at, so that none is between its file and its row.

    Returns:
        How many were moved.

    """
    began = time.time()
    moved: list[Path] = []
    folders = await asyncio.to_thread(_folders, store.images)
    for folder in folders:
        async with files:
            known = await store.generations.known_pixels(folder.name)
            places = await store.generations.places(folder.name)
            records = store.records.images / folder.name
            newer = await asyncio.to_thread(_with_unnamed_records, records, places)
            known = {sha: is_live for sha, is_live in known.items() if is_live or sha not in newer}
            moved += await asyncio.to_thread(_put_away, folder, known, store.quarantine, began)
            await asyncio.to_thread(_put_records_away, records, places, store.quarantine, began)
    store.quarantine.warn(moved, "pictures")
    return len(moved)


async def sweep_sources_daily(store: Store) -> None:
    """Do that once a day, for ever."""
    while True:
        try:
            await sweep_sources(store)
        except (OSError, BotError) as error:
            logger.warning("Source pictures cannot be swept, trying again tomorrow: %s", error)
        await asyncio.sleep(BACKUP_EVERY.total_seconds())


async def sweep_sources(store: Store) -> None:
    """Delete the pictures that no image needs any more, and move away those that no row names.

    Raises:
        OSError: A file cannot be deleted or moved.

    """
    began, moved = time.time(), list[Path]()
    for folder in await asyncio.to_thread(_folders, store.sources.folder):
        needed, known = await store.sources.needed(folder.name)
        live = {sha: sha in needed for sha in known | store.sources.refused}
        moved += await asyncio.to_thread(_put_away, folder, live, store.quarantine, began)
    store.sources.refused.clear()
    await store.sources.forget_erased()
    store.quarantine.warn(moved, "source pictures")


async def empty_quarantine_daily(store: Store) -> None:
    """Delete what was in the quarantine long enough, once a day, for ever."""
    while True:
        try:
            await asyncio.to_thread(store.quarantine.forget)
        except OSError as error:
            logger.warning("The quarantine cannot be emptied, trying again tomorrow: %s", error)
        await asyncio.sleep(BACKUP_EVERY.total_seconds())


async def forget_daily(*tasks: Callable[[], Awaitable[object]], after: asyncio.Event) -> None:
    """Do what forgets by itself what is old enough, once a day, for ever; each on its own.

    Args:
        tasks: What is done.
        after: Set once the jobs of an earlier run are taken up, and messages can be removed.

    """
    await after.wait()
    while True:
        for task in tasks:
            try:
                await task()
            except (BotError, OSError) as error:
                logger.warning("What is old is not all forgotten, trying again tomorrow: %s", error)
        await asyncio.sleep(BACKUP_EVERY.total_seconds())


async def fill_records(store: Store, files: asyncio.Lock) -> None:
    """Write the missing records of images that are older than records; `files` as above."""
    while found := await store.generations.without_record(limit=20):
        for job_id in found:
            async with files:
                await write_records(store, job_id)
                await store.generations.set_recorded(job_id)


async def write_records(store: Store, job_id: str) -> None:
    """Write down what the files of a job's images do not tell, as it is now."""
    async with store.records.lock:
        left = await store.generations.left_of_job(job_id)
        job = await store.jobs.find(job_id) if left else None
        for each in left:
            assert job is not None
            messages = await store.deletions.messages_of(each.id)
            await asyncio.to_thread(store.records.write_image, job, each, messages=messages)


async def fill_likenesses(store: Store) -> None:
    """Work out the missing fingerprints of older images from their files.

    One whose file is damaged or gone gets none: the next start tries again.
    """
    damaged: list[str] = []
    after = ""
    while found := await store.generations.without_likeness(after=after, limit=20):
        for generation in found:
            after = generation.id
            try:
                likeness = await asyncio.to_thread(_likeness_of, generation.path)
            except DamagedPictureError:
                damaged.append(generation.id)
            else:
                await store.generations.set_likeness(generation.id, likeness)
    if damaged:
        logger.warning(
            "The files of %d images are damaged or gone, so copies of them are not recognised: %s",
            len(damaged), ", ".join(damaged[:_NAMED]),
        )  # fmt: skip


def _likeness_of(path: Path) -> bytes:
    """Return a file's fingerprint.

    Raises:
        DamagedPictureError: It is gone or not what was kept.

    """
    return fingerprint(read_pixels(path))


def _folders(images: Path) -> list[Path]:
    return sorted(path for path in images.glob("??") if path.is_dir())


def _with_unnamed_records(folder: Path, places: Mapping[Place, bool]) -> set[str]:
    """Return the pixels' SHA-256 of images with a record that no row names.

    An older database calls such pixels deleted if they were drawn again after it was copied.
    """
    found = map(place_of, folder.glob("*.json"))
    return {sha for sha, place in filter(None, found) if place not in places}


def _put_away(
    folder: Path, known: Mapping[str, bool], quarantine: Quarantine, before: float
) -> list[Path]:
    """Move what no row names, delete what rows call deleted, and leave files of anybody else."""
    unnamed = []
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.stat().st_mtime >= before:
            continue
        if is_temporary(path) or (
            IMAGE_NAME.fullmatch(path.name) and known.get(path.stem) is False
        ):
            path.unlink(missing_ok=True)
        elif IMAGE_NAME.fullmatch(path.name) and path.stem not in known:
            unnamed.append(path)
    return quarantine.move(unnamed)


def _put_records_away(
    folder: Path, places: Mapping[Place, bool], quarantine: Quarantine, before: float
) -> None:
    """Do the same with the records of images, which go where their pictures go."""
    unnamed = []
    for path in sorted(folder.glob("*.*")):
        found = place_of(path)
        if path.stat().st_mtime >= before:
            continue
        if is_temporary(path) or (found is not None and places.get(found[1]) is False):
            path.unlink(missing_ok=True)
        elif found is not None and found[1] not in places:
            unnamed.append(path)
    quarantine.move(unnamed)
