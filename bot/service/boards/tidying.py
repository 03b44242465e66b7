"""What is swept: boards and pictures that nobody can bring back, and copies that no row needs."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Final

from bot.service.boards.changing import UNDO_FOR, Changing

logger = logging.getLogger(__name__)

_EVERY_S: Final = 3600.0
_LOG_LENGTH: Final = 5000  # entries kept of a board


class Tidying(Changing):
    """Sweeping."""

    async def keep_tidy(self) -> None:
        """Sweep once an hour, for ever."""
        while True:
            try:
                await self.tidy()
            except Exception:
                logger.exception("Boards could not be swept: trying again in an hour")
            await asyncio.sleep(_EVERY_S)

    async def tidy(self) -> int:
        """Forget what was deleted or taken off more than a day ago, and delete its copies.

        Returns:
            How many files were deleted.

        """
        await self._weigh()
        purged = await self._table.purge(before=self.now() - UNDO_FOR, log_length=_LOG_LENGTH)
        deleted = 0
        for folder in await asyncio.to_thread(_folders, self._table.folder):
            async with self._files:
                kept = await self._table.kept_files(folder.name)
                deleted += await asyncio.to_thread(_delete_others, folder, kept)
        if purged:  # nothing that showed them is left either
            shown = await self._table.kept_pixels()
            await asyncio.to_thread(self.pictures.sweep, shown)
        if deleted:
            logger.info("Deleted %d copies that no board needs", deleted)
        return deleted

    async def _weigh(self) -> None:
        """Look up what copies weigh that an earlier version hung up."""
        files = await self._table.unweighed()
        if files:
            sizes = await asyncio.to_thread(_sizes, [self._table.path_of(each) for each in files])
            async with self._table.change() as change:
                await change.weigh(sizes)


def _sizes(paths: list[Path]) -> list[tuple[str, int]]:
    """Return the names and sizes in bytes of the files that are there."""
    return [(path.name, path.stat().st_size) for path in paths if path.is_file()]


def _folders(copies: Path) -> list[Path]:
    """Return the folders of copies, without that of small copies beside them."""
    return sorted(path for path in copies.glob("[0-9a-f][0-9a-f]") if path.is_dir())


def _delete_others(folder: Path, kept: set[str]) -> int:
    """Delete what is not kept, unfinished files too."""
    others = [path for path in folder.iterdir() if path.is_file() and path.name not in kept]
    for path in others:
        path.unlink(missing_ok=True)
    return len(others)
