"""Both models one after the other; whichever is more certain of something unsafe counts."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from bot.domain.picture_score import PictureScore
from bot.engine.picture_check.open_nsfw import OpenNsfw, is_installed
from bot.errors import BotError

# "Sexy" is a swimsuit as well as lingerie: it is kept in the score and does not count.
UNSAFE: Final = frozenset({"hentai", "porn", "nsfw"})


class MissingModelError(BotError):
    """The models cannot be loaded."""


class PictureClassifier:
    """The models that are installed. Slow to make and to ask, so not for the event loop.

    It computes on the calling thread alone, about 25 ms a picture for each model
    (`python -m tests.benchmarks.picture_check`): more threads are no faster.
    """

    def __init__(self) -> None:
        """Load the models.

        Raises:
            MissingModelError: A file is damaged or gone.

        """
        try:
            from bot.engine.picture_check import mobilenet  # noqa: PLC0415 - imports torch

            self._mobilenet = mobilenet.MobileNet()
            self._open_nsfw = OpenNsfw() if is_installed() else None
        except Exception as error:
            raise MissingModelError(
                f"The models that check pictures cannot be loaded ({error}): install the bot "
                "again, or set PICTURES=off."
            ) from error

    @property
    def models(self) -> tuple[str, ...]:
        """Return the models that are asked, with their versions."""
        first, second = self._mobilenet.name, self._open_nsfw
        return (first,) if second is None else (first, second.name)

    def score(self, picture: Image.Image) -> PictureScore:
        """Return how unsafe a picture of any mode and size is; transparency lies on white."""
        rgb = _on_white(picture)
        classes = {self._mobilenet.name: self._mobilenet.classify(np.asarray(rgb))}
        if self._open_nsfw is not None:
            classes[self._open_nsfw.name] = self._open_nsfw.classify(rgb)
        return PictureScore.of(classes, UNSAFE)


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture  # a copy of a large one takes as long as looking at it
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
