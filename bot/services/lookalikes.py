"""Which image made here a picture is a changed copy of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from PIL import Image

from bot.domain.jobs import Generation
from bot.errors import DamagedPictureError
from bot.media.fingerprint import best_match
from bot.media.picture_files import read_pixels


@dataclass(frozen=True, kw_only=True)
class Lookalike:
    """What came of looking for an original.

    Attributes:
        original: The image; None if there is none.
        unread: Images that it may be, whose files are damaged or gone.

    """

    original: Generation | None
    unread: tuple[Generation, ...] = ()

    @classmethod
    def among(cls, image: Image.Image, found: Sequence[Generation]) -> Self:
        """Compare a picture (RGB) with the files of images; reads them one after the other."""
        by_id, unread = {each.id: each for each in found}, list[Generation]()

        def originals() -> Iterator[tuple[str, Image.Image]]:
            for each in found:
                try:
                    yield each.id, read_pixels(each.path)
                except DamagedPictureError:
                    unread.append(each)

        match = best_match(image, originals())
        if match is not None:
            return cls(original=by_id[match.key])
        return cls(original=None, unread=tuple(unread))
