"""From a finished drawing to an answer: the file, then the row, then the message."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.engines import Drawing
from bot.errors import BotError
from bot.images import encode_png, to_pillow
from bot.jobs import Generation, Job, new_id, now
from bot.likeness import fingerprint
from bot.picture_files import FileState, image_state, write_once
from bot.recipe import canonical, make_recipe
from bot.service.replies import NotPostableError
from bot.service.rides import Ride, Rides
from bot.service.unfinished import Unfinished
from bot.store import Store

logger = logging.getLogger(__name__)

FIXED_SENTENCE: Final = "Something went wrong on my side; it has been logged. Please try again."
STORE_AGAIN_S: Final = (1.0, 5.0, 20.0)  # pauses where the disk or the database refuses
SAY_WITHIN_S: Final = 60.0  # a request that hangs longer is given up and tried again
POST_AGAIN_S: Final = (2.0, 10.0, 60.0, 300.0)  # pauses between tries to post what is made
POST_SELDOM_S: Final = 900.0  # between all further ones: an outage of Discord can last hours


class Delivery:
    """Store what was drawn and tell whoever asked; everything here runs beside the next drawing.

    Attributes:
        files: Held between an image's file and its row, and by whoever deletes files.

    """

    def __init__(
        self,
        store: Store,
        rides: Rides,
        unfinished: Unfinished,
        *,
        is_stopping: Callable[[], bool],
    ) -> None:
        """Remember the parts."""
        self._store = store
        self._unfinished = unfinished
        self._rides = rides
        self._is_stopping = is_stopping
        self.files = asyncio.Lock()

    async def finish(self, ride: Ride) -> None:
        """Store the images that were drawn of a job, file before row, then answer."""
        ride.ended.set()
        for pause_s in (*STORE_AGAIN_S, None):
            try:
                generations = await self._keep(ride.job, ride.drawings)
            except Exception as error:
                logger.exception("The images of job %s could not be stored", ride.job.id)
                if pause_s is None:
                    await self.fail(ride, _sentence_of(error))
                    return
                await asyncio.sleep(pause_s)
            else:
                ride.drawings.clear()  # their pixels are on the disk; to be told may take hours
                await self._unfinished.forget(ride.job.id)
                await self.answer(ride, generations)
                return

    async def finish_part(self, ride: Ride, sentence: str) -> None:
        """Store and hand over what was drawn of a comparison, with why the rest is not."""
        is_cancelled = ride.cancel.is_set()
        ride.job = replace(
            ride.job,
            error=None if is_cancelled else sentence,
            ended_by=ride.cancelled_by if is_cancelled else None,
        )
        await self.finish(ride)

    async def _keep(self, job: Job, drawings: Mapping[int, Drawing]) -> list[Generation]:
        async with self.files:
            generations = [
                await asyncio.to_thread(self._store_file, job, i, drawing)
                for i, drawing in sorted(drawings.items())
            ]
            await self._store.generations.add(job, generations, have_records=True)
        return generations

    def _store_file(self, job: Job, index: int, drawing: Drawing) -> Generation:
        """Write an image's record, then its file: a picture without a record is of before them."""
        request = job.requests[index]
        recipe = make_recipe(request, drawing)
        path = self._store.image_path(drawing.image.pixel_sha256)
        png = encode_png(drawing.image, recipe=recipe, key=self._store.key)
        generation = Generation(
            id=new_id(),
            job_id=job.id,
            index=index,
            request=request,
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
            recipe_text=canonical(recipe),
            likeness=fingerprint(to_pillow(drawing.image)),
        )
        self._store.records.write_image(job, generation)
        write_once(path, png, is_whole=lambda file: image_state(file) is FileState.WHOLE)
        return generation

    async def answer(self, ride: Ride, generations: Sequence[Generation]) -> None:
        """Hand the images over."""

        async def hand_over() -> None:
            await ride.reply.done(ride.job, generations)
            await self._store.jobs.set_posted(ride.job.id)

        error = await self._until_it_works(ride, hand_over, "posted")
        if error is not None:
            logger.warning("The images of job %s have no place: %s", ride.job.id, error.message)
            await self.fail(ride, error.message)

    async def fail(self, ride: Ride, sentence: str) -> None:
        """Record that a job failed and tell its requester why."""
        await self._record(ride, self._store.jobs.set_failed(ride.job.id, sentence))
        await self.tell_failure(ride, sentence)

    async def tell_failure(self, ride: Ride, sentence: str) -> None:
        """Tell a requester why their job failed."""

        async def tell() -> None:
            await ride.reply.failed(ride.job, sentence)
            await self._store.jobs.set_told(ride.job.id)

        await self._until_it_works(ride, tell, "told of its failure")

    async def cancelled(self, ride: Ride, *, by: int | None) -> None:
        """Record that a job was stopped, and take back what was shown of it."""
        await self._record(ride, self._store.jobs.set_cancelled(ride.job.id, by=by))
        await self.tell_cancelled(ride, by=by)

    async def tell_cancelled(self, ride: Ride, *, by: int | None) -> None:
        """Take back what was shown of a job that was stopped."""

        async def tell() -> None:
            by_requester = by in {None, ride.job.origin.user_id}
            await ride.reply.cancelled(ride.job, by_requester=by_requester)
            await self._store.jobs.set_told(ride.job.id)

        await self._until_it_works(ride, tell, "told of its end")

    async def _record(self, ride: Ride, recording: Coroutine[Any, Any, None]) -> None:
        """Record an end; where the database refuses, the requester still hears of it."""
        try:
            await recording
        except Exception:
            logger.exception("The end of job %s could not be recorded", ride.job.id)
        ride.ended.set()
        await self._unfinished.forget(ride.job.id)

    async def _until_it_works(
        self, ride: Ride, say: Callable[[], Coroutine[Any, Any, None]], what: str
    ) -> NotPostableError | None:
        """Say something again and again until it is said or the program ends.

        Returns:
            Why it never can be said, where that is so.

        """
        await ride.acknowledged.wait()
        pauses_s = itertools.chain(POST_AGAIN_S, itertools.repeat(POST_SELDOM_S))
        for tries, pause_s in enumerate(pauses_s, start=1):
            try:
                async with asyncio.timeout(SAY_WITHIN_S):
                    await say()
            except NotPostableError as error:
                if error.is_final or tries > len(POST_AGAIN_S):  # a permission may come back
                    return error
                logger.info("Job %s could not be %s: %s", ride.job.id, what, error.message)
            except Exception:
                logger.exception("Job %s could not be %s", ride.job.id, what)
            else:
                break
            # It is written down: nobody but the requester waits for this any more.
            await self._rides.leave(ride)
            if self._is_stopping():
                break  # the next start tries again
            await asyncio.sleep(pause_s)
        await self._rides.leave(ride)
        return None


def _sentence_of(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"The image could not be stored: {error.strerror or error}."
    return error.message if isinstance(error, BotError) else FIXED_SENTENCE
