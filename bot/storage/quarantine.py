"""Files that no row of the database names: moved out of the way and kept for a while.

They lie under `quarantine/<day they were moved>/<where they were>`, so that whoever finds the
database damaged later, or replaced by an older one, still has every picture.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import logging
import shutil
from collections.abc import Iterable
from pathlib import Path

from bot.domain.jobs import now
from bot.storage.database_checks import restore_command

logger = logging.getLogger(__name__)


class Quarantine:
    """The quarantine of a data folder.

    Attributes:
        folder: Where it is.
        days: How long files are kept there, counted from the day they were moved.

    """

    def __init__(self, data: Path, *, days: int) -> None:
        """Use the folder `quarantine` of a data folder; it is made when it is needed."""
        self._data = data
        self.folder = data / "quarantine"
        self.days = days

    def move(self, paths: Iterable[Path], *, today: dt.date | None = None) -> list[Path]:
        """Move files of the data folder here; return where each is now.

        Raises:
            OSError: One cannot be moved; it and those behind it stay where they are.

        """
        day = self.folder / (today or now().date()).isoformat()
        return [self._move(path, day / path.relative_to(self._data)) for path in paths]

    def _move(self, path: Path, wanted: Path) -> Path:
        names = itertools.chain(
            [wanted], (wanted.with_stem(f"{wanted.stem}-{i}") for i in itertools.count(2))
        )
        target = next(each for each in names if not each.exists())
        target.parent.mkdir(parents=True, exist_ok=True)
        return path.rename(target)

    def found(self, path: Path) -> list[Path]:
        """Return what was moved here from a path of the data folder; its name may be a pattern."""
        place = path.relative_to(self._data)
        return [
            each
            for folder, _ in self.by_day()
            for each in (folder / place.parent).glob(f"{place.stem}*{place.suffix}")
        ]

    def records(self) -> list[Path]:
        """Return the records of pictures and of boards' pictures that were moved here."""
        return [each for day, _ in self.by_day() for each in (day / "records").rglob("*.json")]

    def warn(self, moved: list[Path], what: str) -> None:
        """Log how many files were moved, where they are, and what to do."""
        if moved:
            logger.warning(
                "Files that the database does not name were moved to %s, where they are kept for "
                "%d days: %s, %d. If they are missed, stop the bot and run `%s`, which brings them "
                "back.",
                self.folder, self.days, what, len(moved), restore_command(self._data),
            )  # fmt: skip

    def forget(self, *, today: dt.date | None = None) -> int:
        """Delete what was moved here too long ago; return how many folders that were.

        Databases that a restore moved aside are kept as long. The age of both is in the folders'
        names: the files' own times say when they were written.
        """
        limit = (today or now().date()) - dt.timedelta(days=self.days)
        old = [folder for folder, day in (*self.by_day(), *self.replaced()) if day < limit]
        for folder in old:
            shutil.rmtree(folder)
            logger.info("Deleted %s, whose %d days are over", folder, self.days)
        return len(old)

    def by_day(self) -> list[tuple[Path, dt.date]]:
        """Return the folders of each day, the oldest first; anything else here is somebody's."""
        return [each for each in _dated(self.folder) if each[0].name == each[1].isoformat()]

    def replaced(self) -> list[tuple[Path, dt.date]]:
        """Return the folders of databases that a restore moved aside, the oldest first."""
        return _dated(self._data / "replaced")


def _dated(folder: Path) -> list[tuple[Path, dt.date]]:
    """Return what a folder holds under names that begin with a date, the oldest first."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        with contextlib.suppress(ValueError):
            found.append((path, dt.date.fromisoformat(path.name[:10])))
    return found
