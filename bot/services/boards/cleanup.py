"""What is swept: boards and pictures that nobody can bring back, and copies that no row needs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection
from pathlib import Path
from typing import Final

from bot.domain.boards import Board
from bot.media.picture_files import COPY_NAME, is_temporary
from bot.services.boards.updates import UNDO_FOR, BoardChanges
from bot.storage.record_documents import RecordError, read_record
from bot.storage.records import item_id_of

logger = logging.getLogger(__name__)

_EVERY_S: Final = 3600.0
_LOG_LENGTH: Final = 5000  # entries kept of a board


class Cleanup(BoardChanges):
    """Sweeping."""

    async def keep_tidy(self) -> None:
        """Sweep once an hour, for ever."""
        while True:
            try:
                await self.fill_records()
                await self.tidy()
            except Exception:
                logger.exception("Boards could not be swept: trying again in an hour")
            await asyncio.sleep(_EVERY_S)

    async def fill_records(self) -> None:
        """Write the records of pictures that an earlier version hung up."""
        records = self._store.records
        known = await self._table.item_ids(only_hanging=True)
        there = await asyncio.to_thread(lambda: {p.stem for p in records.boards.glob("*.json")})
        if not known - there:
            return
        for summary, _ in await self._table.summaries():
            async with self._context.files:
                board = await self._table.find(summary.id)
                if board is not None:
                    await asyncio.to_thread(self._write_records, board, there)

    def _write_records(self, board: Board, there: Collection[str]) -> None:
        for item in board.items:
            if item.id not in there:
                self._store.records.write_item(board, item)

    async def tidy(self) -> int:
        """Forget what was deleted or taken off more than a day ago, and delete its copies.

        Copies that no row names, and none named just now, are moved to the quarantine.

        Returns:
            How many files were deleted.

        """
        await self._weigh()
        await asyncio.to_thread(self._context.pictures.sweep_unfinished)
        purged = await self._table.purge(
            before=self._context.now() - UNDO_FOR, log_length=_LOG_LENGTH
        )
        async with self._context.files:
            known = await self._table.item_ids()
            strange = await asyncio.to_thread(self._unnamed_records, known, purged.item_ids)
        # An older database does not know where else a copy hangs by now.
        needed = await asyncio.to_thread(_files_of, strange if purged.files else [])
        deleted, moved = 0, list[Path]()
        for folder in await asyncio.to_thread(_folders, self._table.folder):
            async with self._context.files:
                kept = await self._table.kept_files(folder.name)
                gone, unnamed = await asyncio.to_thread(
                    _delete_purged, folder, kept, purged.files - needed
                )
                deleted += gone
                moved += await asyncio.to_thread(self._store.quarantine.move, unnamed)
        self._store.quarantine.warn(moved, "pictures of boards")
        await asyncio.to_thread(self._store.quarantine.move, strange)
        if purged.item_ids:  # nothing that showed them is left either
            shown = await self._table.kept_pixels()
            await asyncio.to_thread(self._context.pictures.sweep, shown)
        if deleted:
            logger.info("Deleted %d copies that no board needs", deleted)
        return deleted

    def _unnamed_records(self, known: Collection[str], purged: Collection[str]) -> list[Path]:
        """Delete the records of what was purged; return those of unknown pictures."""
        records = self._store.records
        records.delete_items(purged)
        found = [(item_id_of(path), path) for path in sorted(records.boards.glob("*.json"))]
        return [path for id_, path in found if id_ is not None and id_ not in known]

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


def _files_of(records: list[Path]) -> set[str]:
    """Return the copies that records of pictures on boards name; a damaged one names none."""
    found = set()
    for path in records:
        with contextlib.suppress(RecordError, KeyError, TypeError):
            found.add(str(read_record(path)["item"]["file"]))
    return found


def _folders(copies: Path) -> list[Path]:
    """Return the folders of copies, without that of small copies beside them."""
    return sorted(path for path in copies.glob("[0-9a-f][0-9a-f]") if path.is_dir())


def _delete_purged(
    folder: Path, kept: Collection[str], purged: Collection[str]
) -> tuple[int, list[Path]]:
    """Delete copies that were purged; return how many, and the copies that no row names.

    Files of anybody else stay.
    """
    others = [path for path in sorted(folder.iterdir()) if path.is_file() and path.name not in kept]
    gone = [path for path in others if path.name in purged]
    for path in (*gone, *filter(is_temporary, others)):
        path.unlink(missing_ok=True)
    unnamed = [p for p in others if p.name not in purged and COPY_NAME.fullmatch(p.name)]
    return len(gone), unnamed
