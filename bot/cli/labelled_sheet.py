"""The labelled sheet of everything that one command draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from bot.cli.outputs import Target
from bot.domain.batches import Batch
from bot.domain.drawing import RawImage
from bot.domain.requests import ImageRequest
from bot.media.batch_sheet import draw_page, page_places, tile_side
from bot.media.encoding import picture_png, to_pillow


class LabelledSheet:
    """Small copies of the images, until they are drawn as sheets."""

    def __init__(self, target: Target, batch: Batch, requests: Sequence[ImageRequest]) -> None:
        self._target = target
        self._batch = batch
        self._requests = requests
        self._pages = page_places(batch, len(requests))
        self._side = tile_side(max(map(len, self._pages)))
        self._pictures: list[Image.Image] = []

    def add(self, image: RawImage) -> None:
        """Add the next image."""
        picture = to_pillow(image)
        picture.thumbnail((self._side, picture.height), Image.Resampling.LANCZOS)
        self._pictures.append(picture)

    def save(self, locale: str) -> list[Path]:
        """Write the sheets; of several, the names of the later ones get numbers."""
        return [
            self._target.write(
                picture_png(
                    draw_page(
                        self._batch,
                        self._requests,
                        {place: self._pictures[place] for place in places},
                        locale=locale,
                    )
                )
            )
            for places in self._pages
        ]
