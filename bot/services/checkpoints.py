"""Images of jobs that are still being drawn: a crash or a deploy does not draw them again.

Each is a PNG with its recipe under `data/unfinished/`, outside the database: nobody sees an image
before its job is through, and what is lost here is only drawn once more.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import Final

from PIL import Image

from bot.domain.drawing import Drawing, RawImage
from bot.domain.jobs import Job
from bot.domain.recipe import make_recipe
from bot.errors import BotError
from bot.media.encoding import encode_png
from bot.media.image_input import read_file, read_picture
from bot.media.picture_files import is_temporary, write_once
from bot.services.active_jobs import ActiveJob
from bot.storage.quarantine import Quarantine

logger = logging.getLogger(__name__)

_TIMES_KEY: Final = "durations"  # the chunk with the seconds of each stage
_MODEL_KEY: Final = "drawn by"
_NAME: Final = re.compile(r"([a-z0-9]+)-\d+\.png")

# Tells which of some jobs the database knows.
Known = Callable[[Collection[str]], Awaitable[set[str]]]


class Checkpoints:
    """The images that were drawn of jobs that are not through."""

    def __init__(self, folder: Path, *, model: str, quarantine: Quarantine) -> None:
        """Only images of this model are restored; those of another one are drawn again."""
        self._folder = folder
        self._quarantine = quarantine
        self._model = model
        self._files = asyncio.Lock()  # between a late image and the end of its job

    async def keep(self, active: ActiveJob, index: int) -> None:
        """Write an image down; a full disk costs no more than drawing it again."""
        async with self._files:
            if active.ended.is_set() or (drawing := active.drawings.get(index)) is None:
                return
            try:
                await asyncio.to_thread(self._write, active.job, index, drawing)
            except OSError as error:
                logger.warning("An image of job %s is not kept: %s", active.job.id, error)

    async def keep_all(self, active: ActiveJob) -> None:
        """Write down every image of a job that is not yet, as the program is about to end."""
        for index in sorted(active.drawings):
            if not self._path(active.job, index).exists():
                await self.keep(active, index)

    async def restore(self, job: Job) -> dict[int, Drawing]:
        """Return the images of a job that need not be drawn again, by their place in it."""
        return await asyncio.to_thread(self._read_all, job)

    async def forget(self, job_id: str) -> None:
        """Delete the images of a job that ended."""
        async with self._files:
            await asyncio.to_thread(self._delete, {job_id})

    async def forget_others(self, job_ids: Collection[str], known: Known) -> None:
        """Delete what a crash left of jobs that ended.

        What is of no known job was drawn for a database that is gone: the quarantine keeps it.

        Args:
            job_ids: The jobs that go on.
            known: Tells which of some jobs the database knows.

        """
        async with self._files:
            found = await asyncio.to_thread(self._by_job)
            ended = await known(found.keys() - set(job_ids))
            await asyncio.to_thread(self._delete, ended)
            strange = found.keys() - ended - set(job_ids)
            paths = [path for job_id in sorted(strange) for path in found[job_id]]
            moved = await asyncio.to_thread(self._quarantine.move, paths)
        self._quarantine.warn(moved, "images of unfinished jobs")

    def _path(self, job: Job, index: int) -> Path:
        return self._folder / f"{job.id}-{index}.png"

    def _write(self, job: Job, index: int, drawing: Drawing) -> None:
        notes = {_MODEL_KEY: self._model, _TIMES_KEY: json.dumps(dict(drawing.durations_s))}
        recipe = make_recipe(job.requests[index], drawing)
        png = encode_png(drawing.image, recipe=recipe, notes=notes, fast=True)
        write_once(self._path(job, index), png)

    def _read_all(self, job: Job) -> dict[int, Drawing]:
        found: dict[int, Drawing] = {}
        for index in range(len(job.requests)):
            path = self._path(job, index)
            if not path.is_file():
                continue
            try:
                found[index] = self._read(path, job, index)
            except (BotError, OSError, ValueError, KeyError) as error:
                [moved] = self._quarantine.move([path])
                logger.warning("%s is of no use, its image is drawn again: %s", moved, error)
        return found

    def _read(self, path: Path, job: Job, index: int) -> Drawing:
        """Read an image back; the hash of its pixels is looked at.

        Raises:
            BotError: It is broken.
            ValueError: It is of another request, another model, or has other pixels.

        """
        content = read_file(path)
        picture = read_picture(content)
        with Image.open(io.BytesIO(content)) as opened:
            notes: Mapping[str, str] = opened.text  # type: ignore[attr-defined]
        recipe = picture.recipe
        if recipe is None or recipe.request != job.requests[index]:
            raise ValueError("it is of another request")
        if notes[_MODEL_KEY] != self._model:
            raise ValueError("another model drew it")
        if recipe.pixel_sha256 != picture.pixel_sha256:
            raise ValueError("its pixels are not those of its recipe")
        size = recipe.request.size
        image = RawImage(width=size.width, height=size.height, pixels=picture.image.tobytes())
        return Drawing(
            image=image, conditions=recipe.conditions, durations_s=json.loads(notes[_TIMES_KEY])
        )

    def _by_job(self) -> dict[str, list[Path]]:
        """Return the files of each job, without what a killed write left, which is deleted."""
        found: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(self._folder.glob("*")):
            if is_temporary(path):
                path.unlink(missing_ok=True)
            elif path.is_file() and (match := _NAME.fullmatch(path.name)):
                found[match[1]].append(path)
        return found

    def _delete(self, job_ids: Collection[str]) -> None:
        for job_id in job_ids:
            for path in self._folder.glob(f"{job_id}-*.png"):
                path.unlink(missing_ok=True)
