"""Copies of the database, made while it is used; the newest few are kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sqlite3
from pathlib import Path
from typing import Final

KEPT: Final = 7  # a week of daily copies
_PATTERN: Final = "bot-*.sqlite3"


def make_backup(database: Path, folder: Path) -> Path:
    """Write a whole and consistent copy of a database, and forget the oldest copies.

    `VACUUM INTO` reads one snapshot without keeping anyone from writing, and checks every page on
    its way. The copy gets its name only when it is complete.

    Returns:
        The copy's path; its name tells when it was made, in UTC.

    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%d-%H%M%S-%f")
    path = folder / f"bot-{stamp}.sqlite3"
    unfinished = path.with_suffix(".unfinished")
    try:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("VACUUM INTO ?", (str(unfinished),))
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    for old in sorted(folder.glob(_PATTERN))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def newest_backup(folder: Path) -> Path | None:
    """Return the newest copy, or None."""
    return max(folder.glob(_PATTERN), default=None)


def backup_time(path: Path) -> dt.datetime:
    """Return when a copy was made, read from its name."""
    stamp = path.stem.removeprefix("bot-")
    return dt.datetime.strptime(stamp, "%Y%m%d-%H%M%S-%f").replace(tzinfo=dt.UTC)
