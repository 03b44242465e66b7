"""The values an image is made from: sizes, qualities and the request, valid once they are built."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from bot.domain.plain_text import quoted
from bot.domain.variety_schedule import LARGEST, NEWEST_SCALE, SCALES, VarietyNoise, variety_noise
from bot.errors import InvalidRequestError

MAX_SEED: Final = (
    2**32 - 1
)  # Discord's integer options hold 53 bits; 32 are enough and can be typed.
MAX_PROMPT_CHARACTERS: Final = 4000  # far above 504 tokens of any language: a cheap first check
MAX_VARIETY: Final = LARGEST
MAX_GUIDANCE_SCALE: Final = 2.0  # above, the distilled model only gets harsher
SIZE_MULTIPLE: Final = 16  # 8 pixels a latent (VAE) x 2 latents a patch (transformer)
MIN_SIDE: Final = 128  # pixels: below, fewer than 64 patches are left to draw with

_LARGE_NATIVE: Final = 1024  # pixels: below 3/4 of it, the large model's details suffer
_SIZE = re.compile(r"\s*(\d+)\s*[x\u00d7*]\s*(\d+)\s*", re.IGNORECASE)


class Quality(StrEnum):
    """How many forwards of the transformer an image gets.

    Articles count "8 / 9 / 10 steps" for these: the official schedule of older diffusers ran one
    forward more, whose step had no effect (dt = 0).
    """

    DRAFT = "draft"
    STANDARD = "standard"
    FINAL = "final"

    @property
    def num_inference_steps(self) -> int:
        """Return the number of effective forwards: 7, 8 or 9."""
        return {Quality.DRAFT: 7, Quality.STANDARD: 8, Quality.FINAL: 9}[self]

    @property
    def sigmas(self) -> tuple[float, ...]:
        """Return the uniform grid from 1 to 1/n, *before* the scheduler's shift.

        For 8 steps this is the grid the model was distilled on; passing it explicitly makes every
        version of diffusers agree.
        """
        steps = self.num_inference_steps
        return tuple((steps - i) / steps for i in range(steps))


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


def _nearest(side: int) -> int:
    clamped = min(max(side, MIN_SIDE), 2048)
    return round(clamped / SIZE_MULTIPLE) * SIZE_MULTIPLE


@dataclass(frozen=True, kw_only=True)
class SizeRules:
    """What sizes a model draws, derived from the edge it was trained at.

    Attributes:
        native: Edge in pixels the model draws best: 1024 for Z-Image-Turbo, 256 for the demo model.

    """

    native: int = 1024

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


@dataclass(frozen=True, kw_only=True)
class ImageRequest:
    """Everything the requester decides about one image; the seed is already drawn.

    Attributes:
        variety: 0 .. 100: how far the seed also moves the prompt's embedding, because a new seed
            alone changes an image of a distilled model little.
        variety_scale: What the variety means in noise (see `bot.domain.variety_schedule`); only
            what is drawn again from before has another one than the newest.

    Raises:
        InvalidRequestError: A value is out of its range; the sentence names it.

    """

    prompt: str
    seed: int
    size: Size
    quality: Quality = Quality.STANDARD
    guidance_scale: float = 0.0
    variety: int = 0
    variety_scale: int = NEWEST_SCALE

    def __post_init__(self) -> None:
        """Check every value, so that nothing behind this class has to."""
        check_prompt(self.prompt)
        check_seed(self.seed)
        check_guidance_scale(self.guidance_scale)
        check_variety(self.variety)
        check_variety_scale(self.variety_scale)

    @classmethod
    def parse(
        cls,
        *,
        prompt: str,
        rules: SizeRules,
        seed: str | int | None = None,
        size: str | None = None,
        quality: str = Quality.STANDARD.value,
        guidance_scale: str | float = 0.0,
        variety: str | int = 0,
    ) -> Self:
        """Build a request from what a person typed; no seed means a random one, 0 is a seed."""
        return cls(
            prompt=clean_prompt(prompt),
            seed=random_seed() if seed is None else parse_seed(seed),
            size=rules.default if size is None else rules.parse(size),
            quality=parse_quality(quality),
            guidance_scale=parse_guidance_scale(guidance_scale),
            variety=parse_variety(variety),
        )

    @property
    def num_forwards(self) -> int:
        """Return the forwards of the transformer this image costs: guidance doubles them."""
        return self.quality.num_inference_steps * (2 if self.guidance_scale > 0 else 1)

    @property
    def variety_noise(self) -> VarietyNoise | None:
        """Return the noise that the variety puts on the prompt's embedding."""
        return variety_noise(self.variety, self.variety_scale)

    @property
    def has_older_variety(self) -> bool:
        """Tell whether the same variety, asked for today, would be other noise."""
        return self.variety_noise != variety_noise(self.variety, NEWEST_SCALE)


def random_seed() -> int:
    """Draw a seed between 0 and 2**32 - 1."""
    return secrets.randbelow(MAX_SEED + 1)


def seed_after(seed: int, count: int) -> int:
    """Return the seed `count` places behind another one; behind the last one comes 0."""
    return (seed + count) % (MAX_SEED + 1)


def clean_prompt(prompt: str) -> str:
    """Return the prompt with outer and repeated white space removed (line breaks become spaces)."""
    return " ".join(prompt.split())


def check_prompt(prompt: str) -> None:
    """Refuse an empty prompt, one no tokenizer should see, and text that is not valid Unicode."""
    if not prompt.strip():
        raise InvalidRequestError(
            "The prompt is empty: say what to draw, for example 'a red apple'."
        )
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise InvalidRequestError(
            f"The prompt has {len(prompt)} characters: {MAX_PROMPT_CHARACTERS} are the limit."
        )
    if any("\ud800" <= character <= "\udfff" for character in prompt):
        raise InvalidRequestError("The prompt is not valid Unicode text: type it again in UTF-8.")


def parse_seed(seed: str | int) -> int:
    """Read a seed as it was typed.

    Raises:
        InvalidRequestError: It is no whole number between 0 and 2**32 - 1.

    """
    try:
        number = int(seed)
    except ValueError:
        raise _bad_seed(seed) from None
    check_seed(number)
    return number


def check_seed(seed: int) -> None:
    """Refuse a seed outside 0 .. 2**32 - 1."""
    if not 0 <= seed <= MAX_SEED:
        raise _bad_seed(seed)


def _bad_seed(seed: str | int) -> InvalidRequestError:
    return InvalidRequestError(
        f"The seed {quoted(seed)} does not work: use a whole number from 0 to {MAX_SEED}."
    )


def parse_quality(quality: str) -> Quality:
    """Read a quality by its name.

    Raises:
        InvalidRequestError: There is no such quality.

    """
    try:
        return Quality(quality.strip().casefold())
    except ValueError:
        names = ", ".join(Quality)
        raise InvalidRequestError(
            f"The quality {quoted(quality)} is unknown: use {names}."
        ) from None


def parse_guidance_scale(guidance_scale: str | float) -> float:
    """Read a guidance scale as it was typed.

    Raises:
        InvalidRequestError: It is no number between 0 and 2.

    """
    try:
        number = float(guidance_scale)
    except ValueError:
        raise _bad_guidance_scale(guidance_scale) from None
    check_guidance_scale(number)
    return number


def check_guidance_scale(guidance_scale: float) -> None:
    """Refuse a guidance scale outside 0 .. 2 (and NaN)."""
    if not 0.0 <= guidance_scale <= MAX_GUIDANCE_SCALE:
        raise _bad_guidance_scale(guidance_scale)


def _bad_guidance_scale(guidance_scale: str | float) -> InvalidRequestError:
    shown = guidance_scale if isinstance(guidance_scale, str) else f"{guidance_scale:g}"
    return InvalidRequestError(
        f"The guidance {quoted(shown)} does not work: use a number from 0 (off) to "
        f"{MAX_GUIDANCE_SCALE:g}; 1.2 to 1.5 follows the prompt more strictly."
    )


def parse_variety(variety: str | int) -> int:
    """Read a variety as it was typed.

    Raises:
        InvalidRequestError: It is no whole number between 0 and 100.

    """
    try:
        number = int(variety)
    except ValueError:
        raise _bad_variety(variety) from None
    check_variety(number)
    return number


def check_variety(variety: int) -> None:
    """Refuse a variety outside 0 .. 100."""
    if not 0 <= variety <= MAX_VARIETY:
        raise _bad_variety(variety)


def check_variety_scale(scale: int) -> None:
    """Refuse a scale that this version of the program does not know."""
    if scale not in SCALES:
        raise InvalidRequestError(
            f"The variety scale {scale} does not work: this program knows "
            f"{', '.join(map(str, SCALES))}; a newer one may know more."
        )


def _bad_variety(variety: str | int) -> InvalidRequestError:
    return InvalidRequestError(
        f"The variety {quoted(variety)} does not work: use a whole number from 0 (off) to "
        f"{MAX_VARIETY}."
    )
