"""Files that are of no use after a restart: where they are, and how a start removes them."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

EXPORT_PREFIX: Final = "board-"
# As `tempfile` completes these names; whatever else lies there is somebody's own.
_EXPORT: Final = re.compile(r"board-[a-z0-9_]{8}")
_RESTORATION: Final = re.compile(r"\.restore-[a-z0-9_]{8}")


def temporary_in(data: Path) -> Path:
    """Return where the bot that works in a data folder puts temporary files."""
    return data / "tmp"


def sweep_temporary(data: Path) -> int:
    """Remove what killed runs left, and return how many folders that were.

    Only whoever holds the lock of the data folder may call this: nobody else is writing then.
    """
    found = [path for path in temporary_in(data).glob("*") if _EXPORT.fullmatch(path.name)]
    found += [path for path in data.glob(".restore-*") if _RESTORATION.fullmatch(path.name)]
    for path in found:
        try:
            shutil.rmtree(path)
        except OSError as error:
            logger.warning("The temporary folder %s cannot be removed: %s", path, error)
    return len(found)
