"""Which image is to blame when the engine breaks or the process dies, and when to give it up.

A crash cannot tell what it came from, so a small file says what each slot is drawing, a line each;
the next start reads it. It is written without waiting for the disk: it has to survive the process,
and what a power cut takes with it blames nobody.
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
_LINE: Final = 64  # bytes of the note for each slot


class Breakdowns:
    """What broke the engine or the process before, and what is being drawn now."""

    def __init__(self, store: Store, note: Path) -> None:
        """Remember where the note is."""
        self._store = store
        self._note = note
        self._file: int | None = None
        self._lock = threading.Lock()  # the engines' threads write, and the event loop's
        self._drawing: dict[int, tuple[str, int]] = {}  # by slot

    async def begin(self) -> None:
        """Look how the last run of the program ended, and begin to take notes."""
        with contextlib.suppress(FileNotFoundError):
            text = self._note.read_text(encoding="ascii", errors="replace")
            for job_id, index in _images(text):
                await self._store.breakdowns.add("process", job_id=job_id, index=index)
        self._file = os.open(self._note, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)

    def end(self) -> None:
        """Note that the program ends in order."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
            self._file = None
        self._note.unlink(missing_ok=True)

    def drawing(self, slot: int, job_id: str, index: int) -> None:
        """Note, on the engine's thread, that an image is begun."""
        with self._lock:
            self._drawing[slot] = job_id, index
            self._write(slot, f"{job_id} {index}")

    def drawn(self, slot: int, job_id: str, index: int) -> None:
        """Note that an image is over, however, unless the slot has begun the next one."""
        with self._lock:
            if self._drawing.get(slot) == (job_id, index):
                del self._drawing[slot]
                self._write(slot, "")

    def _write(self, slot: int, text: str) -> None:
        if self._file is None:
            return
        line = text.ljust(_LINE - 1).encode("ascii") + b"\n"
        try:
            os.lseek(self._file, slot * _LINE, os.SEEK_SET)
            os.write(self._file, line)
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


def _images(note: str) -> list[tuple[str, int] | tuple[None, None]]:
    """Return the images of a note, by their job and their place there; nothing if there is none."""
    words = [line.strip(" \0").partition(" ") for line in note.splitlines()]
    found = [(job_id, int(index)) for job_id, _, index in words if job_id and index.isdigit()]
    return [*found] or [(None, None)]
