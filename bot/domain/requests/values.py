"""Single values of a request: what they are, and how each is read and checked."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from bot.domain.plain_text import quoted
from bot.domain.variety_schedule import LARGEST, SCALES
from bot.errors import InvalidRequestError

MAX_SEED: Final = (
    2**32 - 1
)  # Discord's integer options hold 53 bits; 32 are enough and can be typed.
MAX_PROMPT_CHARACTERS: Final = 4000  # far above 504 tokens of any language: a cheap first check
MAX_STRENGTH: Final = 100  # percent: nothing of the picture is left
# How much of a picture is drawn anew, as shares of noise (docs/pictures.md shows them).
STRENGTHS: Final[Mapping[str, int]] = {"touch": 35, "subtle": 55, "strong": 75, "redraw": 90}
USUAL_STRENGTH: Final = "strong"
MAX_VARIETY: Final = LARGEST
USUAL_CONTROL_SCALE: Final = 0.75  # in the middle of what the weights' authors recommend
MAX_CONTROL_SCALE: Final = 2.0


class Quality(StrEnum):
    """How many steps an image gets; `ModelProfile.steps` has their number."""

    DRAFT = "draft"
    STANDARD = "standard"
    FINAL = "final"


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
    check_text(prompt, noun="prompt")


def check_text(text: str, *, noun: str) -> None:
    """Refuse words for the model that no tokenizer should see, or that are no valid Unicode."""
    if len(text) > MAX_PROMPT_CHARACTERS:
        raise InvalidRequestError(
            f"The {noun} has {len(text)} characters: {MAX_PROMPT_CHARACTERS} are the limit."
        )
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidRequestError(f"The {noun} is not valid Unicode text: type it again in UTF-8.")


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


def parse_strength(strength: str | float) -> int:
    """Read a strength as it was typed: a name or a percentage.

    Raises:
        InvalidRequestError: It is neither.

    """
    typed = str(strength).strip().casefold()
    if typed in STRENGTHS:
        return STRENGTHS[typed]
    digits = typed.removesuffix("%").strip()
    if not digits.isascii() or not digits.isdigit() or not 1 <= int(digits) <= MAX_STRENGTH:
        raise _bad_strength(strength)
    return int(digits)


def show_strength(strength: int) -> str:
    """Return a strength as a person would type it: by its name where it has one."""
    return next((name for name, value in STRENGTHS.items() if value == strength), f"{strength}%")


def check_strength(strength: int) -> None:
    """Refuse a strength outside 0 .. 100; 0 is without a picture."""
    if not 0 <= strength <= MAX_STRENGTH:
        raise _bad_strength(strength)


def _bad_strength(strength: str | float) -> InvalidRequestError:
    return InvalidRequestError(
        f"The strength {quoted(strength)} does not work: use {', '.join(STRENGTHS)}, or 1% to "
        f"{MAX_STRENGTH}%."
    )


def parse_control_scale(scale: str | float) -> float:
    """Read how strongly a map steers, as it was typed.

    Raises:
        InvalidRequestError: It is no number above 0 and up to 2.

    """
    try:
        number = float(scale)
    except ValueError:
        raise _bad_control_scale(scale) from None
    if not 0.0 < number <= MAX_CONTROL_SCALE:
        raise _bad_control_scale(scale)
    return number


def check_control_scale(scale: float) -> None:
    """Refuse a scale outside 0 .. 2 (and NaN); 0 is without a map."""
    if not 0.0 <= scale <= MAX_CONTROL_SCALE:
        raise _bad_control_scale(scale)


def _bad_control_scale(scale: str | float) -> InvalidRequestError:
    shown = scale if isinstance(scale, str) else f"{scale:g}"
    return InvalidRequestError(
        f"The control scale {quoted(shown)} does not work: use a number above 0 and up to "
        f"{MAX_CONTROL_SCALE:g}; {USUAL_CONTROL_SCALE:g} is usual."
    )
