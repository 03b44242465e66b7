"""The doctor's checks of the data folder: disk, database, copies and quarantine."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.cli.doctor.check import Check, ok, problem, warning
from bot.errors import BotError
from bot.storage.backups import backup_time, health_of, newest_backup
from bot.storage.database_checks import (
    refuse_a_closed_database,
    refuse_a_lost_database,
    refuse_a_newer_version,
    restore_command,
)
from bot.storage.quarantine import Quarantine

_OLD_COPY: Final = dt.timedelta(days=2)
_GIB: Final = 1024**3
_LITTLE_DISK: Final = 2 * _GIB


def disk(folder: Path) -> Check:
    """Check that the data folder is writable and has enough free space."""
    folders = (folder, *folder.absolute().parents)
    existing = next(each for each in folders if os.path.exists(each))  # noqa: PTH110 - no error for a name too long
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return problem(
            "disk",
            f"{folder} cannot be written: {existing} is no folder, or not this user's",
            "change its permissions, or point DATA_DIR to another folder",
        )
    free = shutil.disk_usage(existing).free
    detail = f"{free / _GIB:.1f} GiB free for {folder.absolute()}"
    if free < _LITTLE_DISK:
        return problem("disk", detail, "free some space or move DATA_DIR")
    return ok("disk", detail)


def data(folder: Path) -> Iterator[Check]:
    """Check the database, its copies and the quarantine without changing them."""
    path = folder / "bot.sqlite3"
    try:
        refuse_a_lost_database(path)
    except BotError as error:
        yield problem("database", error.message)
    else:
        if path.is_file() and path.stat().st_size:
            yield _database(path)
    yield from _copies(folder)
    days = Quarantine(folder, days=0).by_day()
    if days:
        count = sum(each.is_file() for day, _ in days for each in day.rglob("*"))
        yield warning(
            "quarantine",
            f"{count} files that the database does not name, since {days[0][1]}",
            f"if they are missed, run `{restore_command(folder)}`; in time they are deleted",
        )


def _database(path: Path) -> Check:
    health = health_of(path)
    try:
        refuse_a_closed_database(path, health)
        refuse_a_newer_version(path, health.version)
    except BotError as error:
        return problem("database", error.message)
    if health.problem is None:
        detail = f"{path} knows {health.num_images:,} images and {health.num_jobs:,} jobs"
        return ok("database", detail)
    return problem(
        "database",
        f"{path} is damaged: {health.problem}",
        f"stop the bot and run `{restore_command(path.parent)}`",
    )


def _copies(folder: Path) -> Iterator[Check]:
    """Check the age and health of the newest copy of the database."""
    newest = newest_backup(folder / "backups")
    if newest is None:
        return
    age = dt.datetime.now(dt.UTC) - backup_time(newest)
    damage = health_of(newest).problem
    detail = f"the newest is {newest.name}, {age.total_seconds() / 3600:.0f} hours old"
    advice = "start the bot: it makes one each day; see its log"
    if damage is not None:
        yield problem("copies", f"{detail}, and not good: {damage}", advice)
    elif age < _OLD_COPY:
        yield ok("copies", detail)
    else:
        yield warning("copies", detail, advice)
