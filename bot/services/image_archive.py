"""A drawn image on its way to the disk: its record, its file, then its row."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from bot.domain.drawing import Drawing
from bot.domain.jobs import Generation, Job, new_id, now
from bot.domain.moderation import Act
from bot.domain.requests import ImageRequest
from bot.media.image_file import ImageFile, image_file
from bot.media.picture_files import FileState, image_state, write_once
from bot.services.active_jobs import ActiveJob
from bot.services.audit_log import entry_of
from bot.services.maintenance import write_records
from bot.services.policy import PictureVerdict
from bot.storage import Store

logger = logging.getLogger(__name__)

# Threads: encoding and hashing let go of the interpreter's lock.
_WRITERS: Final = min(16, os.cpu_count() or 1)


class ImageArchive:
    """Store finished images so that no row ever names a file that is not there."""

    def __init__(self, store: Store, *, files: asyncio.Lock) -> None:
        """`files` is held between an image's file and its row."""
        self._store = store
        self._files = files

    async def encode(self, active: ActiveJob, index: int) -> None:
        """Encode an image while the next one is drawn: many at the end would take long."""
        drawing = active.drawings.get(index)
        if drawing is not None and not active.ended.is_set():
            request = active.job.requests[index]
            active.files[index] = await asyncio.to_thread(self._encoded, request, drawing)

    def _encoded(self, request: ImageRequest, drawing: Drawing) -> ImageFile:
        return image_file(request, drawing, key=self._store.key)

    async def add(
        self,
        job: Job,
        drawings: Mapping[int, Drawing],
        verdict: PictureVerdict,
        files: Mapping[int, ImageFile],
    ) -> None:
        """Store the images of a job, each under its position among the job's requests.

        Of a held one, moderators are to look at them.

        Args:
            job: The job, to which the verdict is applied already.
            drawings: What was drawn.
            verdict: What the check of pictures said; those that it refuses are stored, too.
            files: Those of them that are encoded already.

        """
        async with self._files:
            generations = await asyncio.to_thread(self._write_all, job, drawings, verdict, files)
            entry = None
            if job.is_held and job.origin.guild_id is not None:
                ids, why = [each.id for each in generations], job.held_why or ""
                entry = entry_of(job, Act.HELD_IMAGES, why=why, image_ids=ids)
            await self._store.generations.add(job, generations, have_records=True, entry=entry)

    def _write_all(
        self,
        job: Job,
        drawings: Mapping[int, Drawing],
        verdict: PictureVerdict,
        files: Mapping[int, ImageFile],
    ) -> list[Generation]:
        """Write all images of a job, several at a time: a sheet of 25 waits for the slowest."""

        def write(index: int) -> Generation:
            drawing = drawings[index]
            file = files.get(index) or self._encoded(job.requests[index], drawing)
            return self._write(job, index, drawing, verdict, file)

        with ThreadPoolExecutor(_WRITERS, thread_name_prefix="archive") as pool:
            return list(pool.map(write, sorted(drawings)))

    def _write(
        self, job: Job, index: int, drawing: Drawing, verdict: PictureVerdict, file: ImageFile
    ) -> Generation:
        """Write an image's record, then its file: only pictures older than records lack one."""
        path = self._store.image_path(drawing.image.pixel_sha256)
        generation = Generation(
            id=new_id(),
            job_id=job.id,
            index=index,
            request=job.requests[index],
            path=path,
            pixel_sha256=drawing.image.pixel_sha256,
            conditions=drawing.conditions,
            durations_s=drawing.durations_s,
            user_id=job.origin.user_id,
            guild_id=job.origin.guild_id,
            parent_id=job.parent_of(index),
            created_at=now(),
            relation=job.relation,
            channel_id=job.origin.channel_id,
            recipe_text=file.recipe_text,
            likeness=file.likeness,
            score=verdict.scores.get(index),
            is_withheld=index in verdict.refused,
        )
        self._store.records.write_image(job, generation)
        write_once(path, file.png, is_whole=lambda found: image_state(found) is FileState.WHOLE)
        return generation

    async def update_records(self, job_id: str) -> None:
        """Bring the records of a job's images up to date; a failure is logged, not raised.

        The images are stored and posted by then, and a full disk is no reason to post them again.
        """
        try:
            async with self._files:
                await write_records(self._store, job_id)
        except OSError as error:
            logger.warning("The records of job %s cannot be written: %s", job_id, error)
