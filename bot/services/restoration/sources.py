"""Which database a restoration begins with, and how the new one takes the old one's place."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bot.domain.jobs import now
from bot.errors import InvalidRequestError
from bot.services.restoration.options import RestoreOptions
from bot.services.restoration.report import RestoreReport
from bot.storage.backups import backups_in, health_of
from bot.storage.database_checks import refuse_a_closed_database, refuse_a_newer_version

DATABASE: Final = "bot.sqlite3"
_PARTS: Final = ("", "-wal", "-shm", "-journal")  # what belongs to a database file


def choose(data: Path, options: RestoreOptions) -> RestoreReport:
    """Return a report that names the database to begin with."""
    if options.copy is not None:
        return RestoreReport(source=_named(data, options.copy))
    current = data / DATABASE
    report = RestoreReport(source=None)
    best: tuple[int, int] | None = None
    for path in (*([current] if current.is_file() else []), *backups_in(data / "backups")):
        health, is_alone = health_of(path), False
        if path == current:
            refuse_a_closed_database(path, health)
        if health.problem is not None:
            report.skipped.append((path, health.problem))
            health, is_alone = health_of(path, alone=True), True
        if health.problem is None:
            refuse_a_newer_version(path, health.version)
        if health.problem is None and (best is None or health.knows > best):
            best, report.source = health.knows, path
            report.is_current, report.is_alone = path == current, is_alone
    return report


def _named(data: Path, copy: Path) -> Path:
    """Return the copy that was named, by its path or by its name among the copies."""
    found = next((path for path in (copy, data / "backups" / copy) if path.is_file()), None)
    if found is None:
        there = sorted((data / "backups").glob("*.sqlite3"))
        names = ", ".join(path.name for path in there) or "none"
        raise InvalidRequestError(f"There is no copy {copy}: there are {names}.")
    health = health_of(found)
    if health.problem is not None:
        raise InvalidRequestError(
            f"The copy {found} cannot be used ({health.problem}): name another one, or none for "
            "the newest good one."
        )
    refuse_a_newer_version(found, health.version)
    return found


def bring_back(data: Path, quarantine: Path, needed: Iterable[Path]) -> None:
    """Move those of some files that are in quarantine to their places."""
    for path in dict.fromkeys(needed):
        if path.is_relative_to(quarantine):
            day = path.relative_to(quarantine).parts[0]
            target = data / path.relative_to(quarantine / day)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)


def move_aside(data: Path) -> Path | None:
    """Move a database and what belongs to it into a folder of its own; return that."""
    parts = [data / f"{DATABASE}{part}" for part in _PARTS]
    there = [path for path in parts if path.exists()]
    if not there:
        return None
    folder = data / "replaced" / now().strftime("%Y-%m-%d-%H%M%S-%f")
    folder.mkdir(parents=True)
    for path in reversed(there):  # the database last: without it nothing starts
        path.rename(folder / path.name)
    return folder
