"""Copies of the database, made while it is used and verified; the newest good ones are kept."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.errors import BotError

logger = logging.getLogger(__name__)

KEPT: Final = 7  # a week of daily copies
KEPT_FOR: Final = dt.timedelta(days=7)  # also where they were made seldom: copies forget, too
_NAME: Final = re.compile(r"bot-\d{8}-\d{6}-\d{6}\.sqlite3")
_TABLES: Final = frozenset({"jobs", "requests", "generations"})  # since the first version
_CLOSED: Final = {
    sqlite3.SQLITE_PERM: "this user may not read it",
    sqlite3.SQLITE_CANTOPEN: "this user may not read it",
    sqlite3.SQLITE_READONLY: "this user may not write beside it",
    sqlite3.SQLITE_BUSY: "another program has locked it",
    sqlite3.SQLITE_LOCKED: "another program has locked it",
}
_DAMAGE_SHOWN: Final = 160  # characters of what SQLite says


class BackupError(BotError):
    """A copy of the database could not be made, or is not good."""


@dataclass(frozen=True, kw_only=True)
class DatabaseHealth:
    """What a database file looks like inside.

    Attributes:
        problem: What is wrong with it; None if nothing is.
        version: The newest migration it has seen.
        num_images: Images it knows of, deleted ones too.
        num_jobs: Jobs it knows of.
        num_erased: Images and jobs that it has forgotten, because it was to.
        is_closed: Whether it could not be looked into, so that the problem is none of its own.

    """

    problem: str | None
    version: int = 0
    num_images: int = 0
    num_jobs: int = 0
    num_erased: tuple[int, int] = (0, 0)
    is_closed: bool = False

    @property
    def knows(self) -> tuple[int, int]:
        """Return how much it ever knew; the greater, the newer."""
        images, jobs = self.num_erased
        return self.num_images + images, self.num_jobs + jobs


def health_of(path: Path, *, alone: bool = False) -> DatabaseHealth:
    """Check every page and index of a database that this only reads; not for the event loop.

    `alone` leaves out a `-wal` file beside it, which may be another database's.
    """
    try:
        if path.stat().st_size == 0:
            return DatabaseHealth(problem="it is empty")
        with contextlib.closing(_connected_to_read(path, alone=alone)) as db:
            found = str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if found != "ok":
                return DatabaseHealth(problem=_shown(found))
            tables = _tables(db)
            if missing := _TABLES - tables:
                return DatabaseHealth(problem=f"it has no table {min(missing)}")
            return DatabaseHealth(
                problem=None,
                version=_first(db, "PRAGMA user_version"),
                num_images=_first(db, "SELECT count(*) FROM generations"),
                num_jobs=_first(db, "SELECT count(*) FROM jobs"),
                num_erased=_erased(db) if "erased" in tables else (0, 0),
            )
    except (sqlite3.Error, OSError) as error:
        if _kind_of(error) == sqlite3.SQLITE_READONLY and not alone and not _has_log(path):
            return health_of(path, alone=True)  # on a disk where nothing can be written
        return _unhealthy(error)


def _kind_of(error: Exception) -> int:
    """Return SQLite's primary error code, or 0 for other errors."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _unhealthy(error: sqlite3.Error | OSError) -> DatabaseHealth:
    closed = _CLOSED.get(_kind_of(error))
    if closed is not None:
        return DatabaseHealth(problem=closed, is_closed=True)
    problem = error.strerror if isinstance(error, OSError) else None
    is_closed = isinstance(error, PermissionError)
    return DatabaseHealth(problem=_shown(problem or str(error)), is_closed=is_closed)


def make_backup(database: Path, folder: Path) -> Path:
    """Write a whole and consistent copy of a database, verify it, and forget the oldest copies.

    The copy gets its name only when it is complete and found good.

    Returns:
        The copy's path; its name tells when it was made, in UTC.

    Raises:
        BackupError: It could not be made, or is not good; the earlier copies stay.

    """
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%d-%H%M%S-%f")
    path = folder / f"bot-{stamp}.sqlite3"
    unfinished = path.with_suffix(".unfinished")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        copy_database(database, unfinished)
        health = health_of(unfinished)
        if health.problem is not None:
            raise BackupError(f"The new copy of the database is not good: {health.problem}.")
        unfinished.replace(path)
    except OSError as error:
        raise BackupError(
            f"The copy {path} cannot be written: {error.strerror or error}."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    _prune(folder)
    return path


def copy_database(source: Path, target: Path, *, alone: bool = False) -> None:
    """Write a snapshot of a database, with what is only in its `-wal` file, to a new file.

    `VACUUM INTO` keeps nobody from writing meanwhile. `alone` leaves the `-wal` file out.

    Raises:
        BackupError: The source is damaged, or the target cannot be written.

    """
    try:
        with contextlib.closing(_connected_to_read(source, alone=alone)) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
        with target.open("rb+") as file:
            os.fsync(file.fileno())
    except sqlite3.Error as error:
        raise BackupError(f"The database {source} cannot be copied: {error}.") from error
    except OSError as error:
        raise BackupError(
            f"The copy {target} cannot be written: {error.strerror or error}."
        ) from error


def backups_in(folder: Path) -> list[Path]:
    """Return the copies this program made, the newest first; copies by other names are left out."""
    return sorted((p for p in folder.glob("bot-*") if _NAME.fullmatch(p.name)), reverse=True)


def newest_backup(folder: Path) -> Path | None:
    """Return the newest copy, or None."""
    return next(iter(backups_in(folder)), None)


def backup_time(path: Path) -> dt.datetime:
    """Return when a copy was made, read from its name."""
    stamp = path.stem.removeprefix("bot-")
    return dt.datetime.strptime(stamp, "%Y%m%d-%H%M%S-%f").replace(tzinfo=dt.UTC)


def _prune(folder: Path) -> None:
    """Forget the oldest copies.

    A copy counts among those that are kept only if it is good and knows at least what those before
    it know: a database that was damaged or replaced by an empty one pushes no good copy out. Any
    copy goes when it is a week old and a newer one counts: what was erased since is still in it.
    """
    good: list[Path] = []
    others: list[Path] = []
    most = (0, 0)
    for path in reversed(backups_in(folder)):
        health = health_of(path)
        if health.problem is None and health.knows >= most:
            most = health.knows
            good.append(path)
            continue
        others.append(path)
        reason = health.problem or f"it knows {health.knows[0]} of {most[0]} images"
        logger.warning("The copy %s counts for nothing: %s", path, reason)
    limit = dt.datetime.now(dt.UTC) - KEPT_FOR
    old = [p for p in (*good, *others) if backup_time(p) < limit and p < max(good, default=p)]
    for path in (*good[:-KEPT], *others[:-KEPT], *old):
        path.unlink(missing_ok=True)


def _connected_to_read(path: Path, *, alone: bool) -> sqlite3.Connection:
    mode = "mode=ro&immutable=1" if alone else "mode=ro"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.is_file() and log.stat().st_size > 0


def _tables(db: sqlite3.Connection) -> set[str]:
    return {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _erased(db: sqlite3.Connection) -> tuple[int, int]:
    images, jobs = db.execute("SELECT num_images, num_jobs FROM erased").fetchone()
    return int(images), int(jobs)


def _first(db: sqlite3.Connection, sql: str) -> int:
    return int(db.execute(sql).fetchone()[0])


def _shown(damage: str) -> str:
    return " ".join(damage.split())[:_DAMAGE_SHOWN]
