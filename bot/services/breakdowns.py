"""Which image is to blame when the engine breaks or the process dies, and when to give it up.

A crash cannot tell what it came from, so a small file says what is being drawn; the next start
reads it. It is written without waiting for the disk: it has to survive the process, and what a
power cut takes with it blames nobody.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import threading
from pathlib import Path
from typing import Final

from bot.domain.jobs import Job, now
from bot.errors import BotError
from bot.storage import Store

logger = logging.getLogger(__name__)

MAX_BREAKDOWNS: Final = 2  # of one image: then it is given up
# Where the process also dies while other images are drawn, or none, something else may end it, such
# as an impatient supervisor: then an image is given up after so many more deaths at most.
MOST_PATIENCE: Final = 3
SAME_TROUBLE: Final = dt.timedelta(hours=1)  # deaths within this time may have one cause
_LINE: Final = 64  # bytes of the note


class Breakdowns:
    """What broke the engine or the process before, and what is being drawn now."""

    def __init__(self, store: Store, note: Path) -> None:
        """Remember where the note is."""
        self._store = store
        self._note = note
        self._file: int | None = None
        self._lock = threading.Lock()  # the engine's thread writes, and the event loop's
        self._drawing: tuple[str, int] | None = None

    async def begin(self) -> None:
        """Look how the last run of the program ended, and begin to take notes."""
        with contextlib.suppress(FileNotFoundError):
            job_id, _, index = self._note.read_text(encoding="ascii", errors="replace").partition(
                " "
            )
            is_image = bool(job_id.strip()) and index.strip().isdigit()
            await self._store.breakdowns.add(
                "process",
                job_id=job_id if is_image else None,
                index=int(index) if is_image else None,
            )
        self._file = os.open(self._note, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)

    def end(self) -> None:
        """Note that the program ends in order."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
            self._file = None
        self._note.unlink(missing_ok=True)

    def drawing(self, job_id: str, index: int) -> None:
        """Note on the engine's thread that an image is begun."""
        self._write((job_id, index))

    def drawn(self, job_id: str, index: int) -> None:
        """Note that an image is over, however, unless the next one is begun already."""
        self._write(None, after=(job_id, index))

    def _write(
        self, drawing: tuple[str, int] | None, *, after: tuple[str, int] | None = None
    ) -> None:
        """Note what is drawn; with `after`, only if nothing else was begun since that."""
        line = "" if drawing is None else f"{drawing[0]} {drawing[1]}"
        with self._lock:
            if after is not None and self._drawing != after:
                return
            self._drawing = drawing
            if self._file is None:
                return
            try:
                os.lseek(self._file, 0, os.SEEK_SET)
                os.write(self._file, line.ljust(_LINE).encode("ascii"))
            except OSError as error:
                logger.warning("What is drawn cannot be noted: %s", error)

    async def broke(self, job_id: str, index: int) -> bool:
        """Record that the engine broke at an image; tell whether that is one time too many."""
        try:
            await self._store.breakdowns.add("engine", job_id=job_id, index=index)
            return (await self._store.breakdowns.of_job(job_id, "engine"))[index] >= MAX_BREAKDOWNS
        except BotError as error:  # nobody counts: better given up too early than tried for ever
            logger.warning("A breakdown cannot be recorded: %s", error.message)
            return True

    async def hopeless(self, jobs: list[Job]) -> dict[str, list[int]]:
        """Return the images that are not tried again, by job, of those an earlier run left."""
        table = self._store.breakdowns
        elsewhere = await table.single_deaths(since=now() - SAME_TROUBLE)
        allowed = MAX_BREAKDOWNS + min(MOST_PATIENCE, elsewhere)
        found = {}
        for job in jobs:
            engine = await table.of_job(job.id, "engine")
            total = engine + await table.of_job(job.id, "process")
            found[job.id] = [
                index
                for index, times in total.items()
                if engine[index] >= MAX_BREAKDOWNS or times >= allowed
            ]
        return found
