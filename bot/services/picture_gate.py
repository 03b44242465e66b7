"""The gate that every image passes before anybody sees it: new ones, and older ones again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from PIL import Image

from bot.domain.drawing import Drawing
from bot.domain.jobs import Generation, Job
from bot.domain.scenes import Scene
from bot.errors import DamagedPictureError, InvalidRequestError
from bot.media.encoding import to_pillow
from bot.media.picture_files import read_pixels
from bot.services.image_archive import ImageArchive
from bot.services.policy import PictureVerdict, Policy
from bot.storage import Store


class PictureGate:
    """Asks the policy about images, and keeps with each of them what it said."""

    def __init__(self, store: Store, policy: Policy, archive: ImageArchive) -> None:
        self._store = store
        self._policy = policy
        self._archive = archive

    async def judge(self, job: Job, drawings: Mapping[int, Drawing]) -> PictureVerdict:
        """Return what may become of images that are drawn and not stored yet.

        Raises:
            PictureCheckError: They could not be checked.

        """
        if not self._policy.checks_pictures(job.origin.scene):
            return PictureVerdict()
        pictures = await asyncio.to_thread(
            lambda: {i: to_pillow(drawing.image) for i, drawing in drawings.items()}
        )
        return await self._policy.check_pictures(job, pictures)

    async def catch_up(self, job: Job) -> Job:
        """Check those of a job's stored images that never were; return the job as it is then.

        They were stored while pictures were not checked, or their rows come from a backup. One
        whose file is damaged stays as it is: nothing can show it.

        Raises:
            PictureCheckError: They could not be checked.

        """
        if not self._policy.checks_pictures(job.origin.scene):
            return job
        left = await self._store.generations.left_of_job(job.id)
        unchecked = {each.index: each for each in left if each.score is None}
        pictures = await asyncio.to_thread(_opened, unchecked)
        if not pictures:
            return job
        verdict = await self._policy.check_pictures(job, pictures)
        job = verdict.applied_to(job)
        await self._store.generations.set_checked(
            job,
            [
                replace(unchecked[i], score=score, is_withheld=i in verdict.refused)
                for i, score in verdict.scores.items()
            ],
        )
        await self._archive.update_records(job.id)
        return job

    def why_withheld(self, generations: Sequence[Generation]) -> str:
        """Return why images are not shown; at least one of them is withheld."""
        withheld = next(each for each in generations if each.is_withheld)
        assert withheld.score is not None
        scene = Scene(
            guild_id=withheld.guild_id,
            user_id=withheld.user_id,
            places=() if withheld.channel_id is None else (withheld.channel_id,),
        )
        return self._policy.unsuitable(withheld.score, scene).message

    async def let_through(self, generations: Sequence[Generation]) -> None:
        """Check images that never were, before they are shown again.

        Raises:
            InvalidRequestError: One is not shown any more.
            PictureCheckError: They could not be checked.

        """
        if withheld := await self._withheld_among(generations):
            raise InvalidRequestError(self.why_withheld(list(withheld.values())))

    async def fit_to_show(self, generations: Sequence[Generation]) -> list[Generation]:
        """Return those of some images that are still shown; those that never were are checked.

        Raises:
            PictureCheckError: They could not be checked.

        """
        withheld = await self._withheld_among(generations)
        return [each for each in generations if each.id not in withheld]

    async def _withheld_among(self, generations: Sequence[Generation]) -> dict[str, Generation]:
        """Return, by id, the images that the check withholds only now."""
        ids = {each.id for each in generations}
        found: dict[str, Generation] = {}
        for job_id in dict.fromkeys(each.job_id for each in generations if each.score is None):
            job = await self._store.jobs.find(job_id)
            assert job is not None
            await self.catch_up(job)
            left = await self._store.generations.left_of_job(job_id)
            found |= {each.id: each for each in left if each.id in ids and each.is_withheld}
        return found


def _opened(generations: Mapping[int, Generation]) -> dict[int, Image.Image]:
    found = {}
    for index, generation in generations.items():
        try:
            found[index] = read_pixels(generation.path)
        except DamagedPictureError:
            continue
    return found
