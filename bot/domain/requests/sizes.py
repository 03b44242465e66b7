"""Sizes: what is a size at all, and which a model draws."""

from __future__ import annotations

import math
import re
from dataclasses import astuple, dataclass, field
from typing import Final

from bot.domain.loras import LoraFinder, NoLoras
from bot.domain.plain_text import quoted
from bot.domain.requests.profiles import ModelProfile
from bot.errors import InvalidRequestError

SIZE_MULTIPLE: Final = 16  # 8 pixels a latent (VAE) x 2 latents a patch (transformer)
MIN_SIDE: Final = 128  # pixels: below, fewer than 64 patches are left to draw with

_ROUNDED: Final = 0.9  # of the native area: what rounding to multiples may take of a half
LARGEST_SIDE: Final = 4096  # pixels of any image; what is larger than 2048 is upscaled
FACTORS: Final = (2, 4)  # by which a picture is upscaled

_LARGE_NATIVE: Final = 1024  # pixels: below 3/4 of it, the large model's details suffer
_SIZE: Final = re.compile(r"\s*(\d+)\s*[x\u00d7*]\s*(\d+)\s*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, order=True)
class Size:
    """A width and a height in pixels, each a multiple of 16."""

    width: int
    height: int

    def __post_init__(self) -> None:
        """Check the one rule that holds for every model."""
        for side in (self.width, self.height):
            if side < SIZE_MULTIPLE or side % SIZE_MULTIPLE:
                raise InvalidRequestError(
                    f"The size {self} does not work: width and height must be multiples of "
                    f"{SIZE_MULTIPLE}, for example {_nearest(self.width)}x{_nearest(self.height)}."
                )

    def __str__(self) -> str:
        """Return the form people type, `1024x1024`."""
        return f"{self.width}x{self.height}"

    @property
    def pixels(self) -> int:
        """Return the area in pixels."""
        return self.width * self.height

    @property
    def tokens(self) -> int:
        """Return the number of image tokens the transformer sees (one for each 16 x 16 pixels)."""
        return self.pixels // SIZE_MULTIPLE**2


def factors_of(width: int, height: int) -> list[int]:
    """Return the factors by which a picture of this size can be upscaled."""
    return [each for each in FACTORS if max(width, height) * each <= LARGEST_SIDE]


def factor_between(width: int, height: int, size: Size) -> int:
    """Return by which factor a picture of this size becomes as large as its upscaled copy.

    Raises:
        InvalidRequestError: By none of those that there are.

    """
    for factor in FACTORS:
        if (width * factor, height * factor) == (size.width, size.height):
            return factor
    raise InvalidRequestError(
        f"A picture of {width}x{height} cannot be upscaled to {size}: use 2 or 4 times its size."
    )


def _nearest(side: int) -> int:
    clamped = min(max(side, MIN_SIDE), 2048)
    return round(clamped / SIZE_MULTIPLE) * SIZE_MULTIPLE


@dataclass(frozen=True, kw_only=True)
class ModelRules:
    """What can be asked of a model: its sizes, from the edge it was trained at, and its LoRAs.

    Attributes:
        native: Edge in pixels the model draws best: 1024 for Z-Image-Turbo, 256 for the demo model.
        profile: Steps and guidance.
        loras: Finds those that are here.
        has_control: Whether weights are installed that let a map steer an image.
        control_cure: What is so, and what to do, where they are not; in the middle of a sentence.

    """

    native: int = 1024
    profile: ModelProfile = ModelProfile.TURBO
    loras: LoraFinder = field(default_factory=NoLoras, compare=False, repr=False)
    has_control: bool = False
    control_cure: str = "no control weights are installed, so draw without control"

    @property
    def max_side(self) -> int:
        """Return the longest side in pixels: 2048 for Z-Image-Turbo, 1024 for the demo model."""
        return min(4 * self.native, 2048)

    @property
    def named(self) -> dict[str, Size]:
        """Return the named sizes, those of the 1024 model scaled to this one's native edge."""
        return {name: self._scaled(*sides) for name, sides in _NAMED_AT_1024.items()}

    @property
    def default(self) -> Size:
        """Return the square of the native edge."""
        return self.named["square"]

    def parse(self, text: str) -> Size:
        """Read a named size or `WIDTHxHEIGHT`.

        Raises:
            InvalidRequestError: It is neither, or outside the model's limits.

        """
        named = self.named.get(text.strip().casefold())
        if named is not None:
            return named
        match = _SIZE.fullmatch(text)
        if match is None:
            raise InvalidRequestError(
                f"The size {quoted(text)} is not understood: use WIDTHxHEIGHT, for example "
                f"{self.default}, or one of {', '.join(self.named)}."
            )
        return self.check(_size(match[1], match[2], max_side=self.max_side))

    def check(self, size: Size) -> Size:
        """Return `size` if the model can draw it.

        Raises:
            InvalidRequestError: A side is shorter than 128 or longer than `max_side` pixels.

        """
        if min(size.width, size.height) < MIN_SIDE or max(size.width, size.height) > self.max_side:
            raise InvalidRequestError(
                f"The size {size} is outside this model's limits: each side must be between "
                f"{MIN_SIDE} and {self.max_side} pixels."
            )
        return size

    def check_control(self) -> None:
        """Refuse maps where nothing could read them.

        Raises:
            InvalidRequestError: No control weights are installed; the sentence says what to do.

        """
        if not self.has_control:
            raise InvalidRequestError(f"A map cannot steer images here: {self.control_cure}.")

    def nearest(self, width: int, height: int) -> Size:
        """Return the size nearest to one from elsewhere that the model draws well."""
        scale = min(1.0, min(self.max_side, 2 * self.native) / max(width, height))
        sides = [
            min(
                self.max_side,
                max(MIN_SIDE, int(side * scale / SIZE_MULTIPLE + 0.5) * SIZE_MULTIPLE),
            )
            for side in (width, height)
        ]
        return Size(width=sides[0], height=sides[1])

    def kept(self, width: int, height: int) -> Size:
        """Return the size of a picture that can be drawn as it is, else the nearest one."""
        sides = (width, height)
        is_drawn = min(sides) >= MIN_SIDE and max(sides) <= self.max_side
        if not is_drawn or any(side % SIZE_MULTIPLE for side in sides):
            return self.nearest(width, height)
        return Size(width=width, height=height)

    def draft_of(self, size: Size) -> Size:
        """Return the size of a draft: half of both sides, or the smallest of its shape.

        Of what is larger than the native area, the draft is as large as one of that.
        """
        scale = min(0.5, self.native / (2 * math.sqrt(size.pixels)))
        return _scaled_by(size, min(1.0, max(scale, MIN_SIDE / min(size.width, size.height))))

    def large_of(self, size: Size) -> Size:
        """Return the size that a draft is drawn large at: twice its sides, or the native area."""
        share = self.native**2 / (4 * size.pixels)
        return _scaled_by(size, 2.0 if share >= _ROUNDED else max(1.0, 2 * math.sqrt(share)))

    def is_draft(self, size: Size) -> bool:
        """Tell whether there is a much larger size to draw it at."""
        return self.large_of(size).pixels >= 2 * size.pixels

    def warning(self, size: Size) -> str | None:
        """Return what to expect of a size the model was not made for, or None."""
        short, long = sorted((size.width, size.height))
        advised = self.native * 3 // 4 if self.native >= _LARGE_NATIVE else MIN_SIDE
        if short < advised:
            return f"{size} is small for this model: details suffer below {advised} pixels."
        if long > 2 * short:
            return f"{size} is narrower than 1:2: things may be repeated or stretched."
        if long > 2 * self.native:
            return f"{size} is far above this model's {self.native}: things may be repeated."
        return None

    def _scaled(self, width: int, height: int) -> Size:
        sides = [
            max(MIN_SIDE, side * self.native // 1024 // SIZE_MULTIPLE * SIZE_MULTIPLE)
            for side in (width, height)
        ]
        return Size(width=sides[0], height=sides[1])


def _scaled_by(size: Size, scale: float) -> Size:
    sides = [round(side * scale / SIZE_MULTIPLE) * SIZE_MULTIPLE for side in astuple(size)]
    return Size(width=sides[0], height=sides[1])


def _size(width: str, height: str, *, max_side: int) -> Size:
    """Build a size from digits that may be absurdly many."""
    if max(len(width), len(height)) > len(str(max_side)) or max(int(width), int(height)) > max_side:
        shown = f"{width[:12]}x{height[:12]}"
        raise InvalidRequestError(
            f"The size {shown} is outside this model's limits: each side must be between "
            f"{MIN_SIDE} and {max_side} pixels."
        )
    return Size(width=int(width), height=int(height))


# Width, height. The first five are the sizes known to work well at 1024 (the model card and the
# articles on it); the last two are for prints and for wallpapers.
_NAMED_AT_1024: Final = {
    "square": (1024, 1024),
    "portrait": (896, 1152),
    "landscape": (1152, 896),
    "phone": (768, 1344),
    "wide": (1280, 720),
    "tall": (720, 1280),
    "small": (768, 768),
    "large": (1536, 1536),
    "huge": (2048, 2048),
}
