"""What the bot does for its own data: daily backups, and no file without a row."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from pathlib import Path
from typing import Final

from bot.likeness import fingerprint
from bot.reading import UnreadableImageError, read_picture_file
from bot.store import Store
from bot.store.backups import backup_time, newest_backup

logger = logging.getLogger(__name__)

BACKUP_EVERY: Final = dt.timedelta(days=1)


async def back_up_daily(store: Store, folder: Path) -> None:
    """Copy the database once a day, for ever; a copy that fails is tried again in an hour."""
    while True:
        await asyncio.sleep(_until_due_s(folder))
        try:
            path = await store.database.back_up()
        except Exception:
            logger.exception("The daily copy of the database failed: trying again in an hour")
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
    """Delete image files that no row names: a crash between the two leaves them behind.

    Args:
        store: Whose rows count.
        files: Held while files are looked at, so that none is between its file and its row.

    Returns:
        How many were deleted.

    """
    began = time.time()
    deleted = 0
    folders = await asyncio.to_thread(_folders, store.images)
    for folder in folders:
        async with files:
            kept = await store.generations.kept_pixels(folder.name)
            deleted += await asyncio.to_thread(_delete_others, folder, kept, before=began)
    if deleted:
        logger.info("Deleted %d image files that no row names", deleted)
    return deleted


async def fill_likenesses(store: Store) -> None:
    """Give the images of before likenesses were kept theirs, from their files."""
    while found := await store.generations.without_likeness(limit=20):
        for generation in found:
            likeness = await asyncio.to_thread(_likeness_of, generation.path)
            await store.generations.set_likeness(generation.id, likeness)


def _likeness_of(path: Path) -> bytes:
    """Return a file's fingerprint; nothing, which matches nothing, where it is gone or broken."""
    try:
        return fingerprint(read_picture_file(path).image)
    except UnreadableImageError:
        return b""


def _folders(images: Path) -> list[Path]:
    return sorted(path for path in images.glob("??") if path.is_dir())


def _delete_others(folder: Path, kept: set[str], *, before: float) -> int:
    """Delete what is not kept and was written before a time, unfinished files too."""
    others = [
        path
        for path in folder.iterdir()
        if path.is_file() and path.stem not in kept and path.stat().st_mtime < before
    ]
    for path in others:
        path.unlink(missing_ok=True)
    return len(others)
