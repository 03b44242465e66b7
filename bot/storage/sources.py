"""The pictures that images are made from: files named for their pixels, and who needs them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.domain.drawing import RawImage
from bot.domain.jobs import Job
from bot.domain.requests import SOURCE
from bot.errors import DamagedPictureError, InvalidRequestError
from bot.media.encoding import encode_png
from bot.media.picture_files import FileState, image_state, read_image, write_once
from bot.media.source_pictures import raw_image_of
from bot.storage.database import Database

# Who needs a picture: images that are not deleted for good, or of which a board has a copy that can
# be drawn again, and jobs that are not drawn yet.
_KEPT: Final = (
    "(g.deleted_at IS NULL OR g.id IN (SELECT generation_id FROM trash)"
    " OR EXISTS (SELECT 1 FROM board_items b WHERE b.generation_id = g.id))"
)
_NEEDED: Final = (
    "SELECT DISTINCT i.pixel_sha256 AS sha FROM inputs i JOIN jobs j ON j.id = i.job_id"  # noqa: S608 - constants
    " WHERE i.pixel_sha256 >= ?1 AND i.pixel_sha256 < ?2 AND (j.state IN ('queued', 'running')"
    " OR EXISTS (SELECT 1 FROM generations g WHERE g.job_id = i.job_id AND g.position = i.position"
    f" AND {_KEPT}))"
)
_KNOWN: Final = (
    "SELECT DISTINCT pixel_sha256 AS sha FROM inputs WHERE pixel_sha256 >= ?1 AND pixel_sha256 < ?2"
)


class SourceStore:
    """Source pictures; a picture is kept as long as an image, a board or a waiting job needs it.

    Attributes:
        refused: Hashes of pictures that were kept for jobs that came to nothing: where no other
            needs them, the next sweep deletes them instead of keeping them aside.

    """

    def __init__(self, database: Database, *, folder: Path) -> None:
        """`folder` is `sources` in the data folder."""
        self._database = database
        self.folder = folder
        self.refused: set[str] = set()

    def path(self, pixel_sha256: str) -> Path:
        """Return where the file with these pixels is, or would be."""
        return self.folder / pixel_sha256[:2] / f"{pixel_sha256}.png"

    def write(self, picture: RawImage) -> None:
        """Keep a picture, before any row names it.

        Raises:
            OSError: The disk is full, or cannot be written.

        """
        path = self.path(picture.pixel_sha256)
        if not _is_whole(path):  # before it is encoded: most are there already
            write_once(path, encode_png(picture), is_whole=_is_whole)
        os.utime(path)  # new to the sweep, until a row names it

    def read(self, pixel_sha256: str, role: str = SOURCE) -> RawImage:
        """Return a picture; `role` is what it is to the operation.

        Raises:
            InvalidRequestError: It is gone or damaged: the image cannot be made without it.

        """
        try:
            content = read_image(self.path(pixel_sha256))
        except DamagedPictureError as error:
            what = "gone" if error.is_missing else "damaged"
            raise InvalidRequestError(
                f"The picture that this is made from ({pixel_sha256[:12]}…) is {what} here, and "
                f"without it the image would be another one: give it again as the {role}."
            ) from error
        return raw_image_of(content)

    async def of_user(self, user_id: int) -> list[str]:
        """Return the hashes of the pictures that somebody had images made from."""
        rows = await self._database.rows(
            "SELECT DISTINCT pixel_sha256 FROM inputs JOIN jobs ON jobs.id = job_id"
            " WHERE user_id = ?",
            user_id,
        )
        return [row["pixel_sha256"] for row in rows]

    async def forget_erased(self) -> None:
        """Forget what jobs needed that are erased; their files have to be gone."""
        async with self._database.transaction() as db:
            await db.execute("DELETE FROM inputs WHERE job_id NOT IN (SELECT id FROM jobs)")

    async def needed(self, prefix: str) -> tuple[set[str], set[str]]:
        """Return which pictures, of those whose hash begins so, are needed, and which are known."""
        bounds = prefix, prefix + "g"
        needed = await self._database.rows(_NEEDED, *bounds)
        known = await self._database.rows(_KNOWN, *bounds)
        return {row["sha"] for row in needed}, {row["sha"] for row in known}

    async def who_needs(self, pixel_sha256: str) -> list[str]:
        """Return the ids of the images that are made from a picture, and of jobs that wait."""
        rows = await self._database.rows(
            "SELECT COALESCE(g.id, j.id) AS id FROM inputs i JOIN jobs j ON j.id = i.job_id"  # noqa: S608 - constants
            " LEFT JOIN generations g ON g.job_id = i.job_id AND g.position = i.position"
            " WHERE i.pixel_sha256 = ? AND (j.state IN ('queued', 'running')"
            f" OR g.id IS NOT NULL AND {_KEPT})",
            pixel_sha256,
        )
        return list(dict.fromkeys(row["id"] for row in rows))


def input_rows(job: Job, *, first: int = 0) -> Iterator[tuple[str, int, int, str]]:
    """Yield the rows of a job's pictures."""
    for i, request in enumerate(job.requests, start=first):
        for place, each in enumerate(request.inputs):
            yield job.id, i, place, each.pixel_sha256


def _is_whole(path: Path) -> bool:
    return image_state(path) is FileState.WHOLE
