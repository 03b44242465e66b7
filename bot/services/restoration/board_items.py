"""Pictures on boards, brought to the state of their copies and records."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bot.errors import DamagedPictureError
from bot.media.picture_files import read_copy
from bot.services.restoration.inventory import Files
from bot.services.restoration.report import RestoreReport
from bot.storage.boards.restoration import BoardRestoration
from bot.storage.record_documents import RecordError, read_record


class BoardItems:
    """The pictures on boards during one restoration; what happens to them goes in its report."""

    def __init__(self, rows: BoardRestoration, files: Files, report: RestoreReport) -> None:
        self._rows = rows
        self._files = files
        self._report = report

    async def add(self) -> None:
        """Hang up again what has a record and a copy, but no row."""
        used = {row["file"] for row in await self._rows.items()}
        for path, document in await asyncio.to_thread(self._records):
            try:
                item = document["item"]
                used.add(item["file"])
                if await self._rows.has_item(item):
                    continue
                copy = self._files.copies.get(item["file"])
                if copy is None:
                    continue  # it was taken off for good
                await asyncio.to_thread(read_copy, copy)
                self._report.boards += await self._rows.add_item(document)
                self._report.items += 1
            except (RecordError, KeyError, TypeError, DamagedPictureError) as error:
                self._report.unproven.append((path, str(error)))
        self._report.strays = len(self._files.copies.keys() - used)

    def _records(self) -> list[tuple[Path, dict[str, Any]]]:
        """Return the records of pictures on boards, in the order in which they were hung up."""
        found = []
        for path in self._files.items.values():
            try:
                document = read_record(path)
                item = document["item"]
                found.append(((item["added_at"], item["number"]), (path, document)))
            except (RecordError, KeyError, TypeError) as error:
                self._report.unproven.append((path, str(error)))
        return [each for _, each in sorted(found, key=lambda each: each[0])]

    async def settle(self) -> list[Path]:
        """Take off the pictures whose copies are gone; return the files that rows still name."""
        rows = await self._rows.items()
        gone = [row["id"] for row in rows if row["file"] not in self._files.copies]
        is_known = "boards" in self._files.kept  # what a missing copy means
        taken_off = [id_ for id_ in gone if is_known and id_ not in self._files.items]
        self._report.lost_items = [id_ for id_ in gone if id_ not in taken_off]
        await self._rows.take_off(taken_off)
        self._report.taken_off = len(taken_off)
        found = [
            (self._files.copies.get(row["file"]), self._files.items.get(row["id"])) for row in rows
        ]
        return [path for pair in found for path in pair if path is not None]
