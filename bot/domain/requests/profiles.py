"""What there is to know of a kind of Z-Image before it draws: steps, guidance, noise levels.

The models have one architecture and differ in how they were trained, so a folder of either can be
drawn as the other, and looks wrong. A request says which one it is for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.domain.plain_text import quoted
from bot.domain.requests.values import MAX_STRENGTH, Quality
from bot.errors import InvalidRequestError


@dataclass(frozen=True, kw_only=True)
class Traits:
    """The figures of a profile; see `ModelProfile`, which has them all."""

    model_name: str
    model_id: str
    shift: int
    steps: Mapping[Quality, int]
    usual_guidance: float
    max_guidance: float
    advised_guidance: tuple[float, float]
    guidance_tried: tuple[str, ...]
    cfg_normalization: bool
    draft_variety: int


class ModelProfile(StrEnum):
    """A kind of Z-Image, and how it is drawn with."""

    TURBO = "turbo"  # distilled; the demo model is one, too
    BASE = "base"

    @property
    def model_name(self) -> str:
        """Return what its authors call it."""
        return _TRAITS[self].model_name

    @property
    def model_id(self) -> str:
        """Return its name on the hubs."""
        return _TRAITS[self].model_id

    @property
    def shift(self) -> int:
        """Return the scheduler's shift."""
        return _TRAITS[self].shift

    @property
    def usual_guidance(self) -> float:
        """Return the guidance where none is chosen."""
        return _TRAITS[self].usual_guidance

    @property
    def max_guidance(self) -> float:
        """Return the most that is taken; above, images only get harsher."""
        return _TRAITS[self].max_guidance

    @property
    def advised_guidance(self) -> tuple[float, float]:
        """Return between which values guidance is worth its time."""
        return _TRAITS[self].advised_guidance

    @property
    def guidance_tried(self) -> tuple[str, ...]:
        """Return sets of values that are worth a comparison."""
        return _TRAITS[self].guidance_tried

    @property
    def cfg_normalization(self) -> bool:
        """Tell whether a guided velocity is kept as long as the prompt's own."""
        return _TRAITS[self].cfg_normalization

    @property
    def draft_variety(self) -> int:
        """Return the variety of drafts: seeds alone change little of what a distilled model draws.

        Nobody explores to see the same picture nine times. Who asks for another one, even 0, gets
        it.
        """
        return _TRAITS[self].draft_variety

    @property
    def counts_negative(self) -> bool:
        """Tell whether a negative prompt counts where no guidance is chosen."""
        return self.usual_guidance > 0

    @property
    def cost(self) -> int:
        """Return the forwards of a usual image."""
        return self.steps(Quality.STANDARD) * (2 if self.usual_guidance > 0 else 1)

    def steps(self, quality: Quality) -> int:
        """Return the number of effective steps of a quality."""
        return _TRAITS[self].steps[quality]

    def sigmas(self, quality: Quality) -> tuple[float, ...]:
        """Return the uniform grid from 1 to 1/n, *before* the scheduler's shift.

        For 8 steps this is the grid that Turbo was distilled on; passing it explicitly makes every
        version of diffusers agree.
        """
        steps = self.steps(quality)
        return tuple((steps - i) / steps for i in range(steps))


_TRAITS: Final[Mapping[ModelProfile, Traits]] = {
    # Articles count "8 / 9 / 10 steps" for these: the official schedule of older diffusers ran one
    # forward more, whose step had no effect (dt = 0).
    ModelProfile.TURBO: Traits(
        model_name="Z-Image-Turbo",
        model_id="Tongyi-MAI/Z-Image-Turbo",
        shift=3,
        steps={Quality.DRAFT: 7, Quality.STANDARD: 8, Quality.FINAL: 9},
        usual_guidance=0.0,
        max_guidance=2.0,
        advised_guidance=(1.2, 1.5),
        guidance_tried=("0, 1, 1.4", "0, 1.2", "0, 0.5, 1, 1.5, 2"),
        cfg_normalization=False,
        draft_variety=50,
    ),
    # Its model card: 28 to 50 steps, a guidance of 3 to 5, normalisation; shift 6.0 in its
    # scheduler's configuration.
    ModelProfile.BASE: Traits(
        model_name="Z-Image",
        model_id="Tongyi-MAI/Z-Image",
        shift=6,
        steps={Quality.DRAFT: 28, Quality.STANDARD: 40, Quality.FINAL: 50},
        usual_guidance=4.0,
        max_guidance=8.0,
        advised_guidance=(3.0, 5.0),
        guidance_tried=("3, 4, 5", "3, 5", "0, 2, 4, 6, 8"),
        cfg_normalization=True,
        draft_variety=0,
    ),
}


def sigmas_from(profile: ModelProfile, quality: Quality, strength: int) -> tuple[float, ...]:
    """Return the grid of an image that begins with a picture, *before* the scheduler's shift.

    The strength is the noise level it begins at, behind the shift, in percent: the share of noise
    that is mixed into the picture. As many steps as the whole grid has below that level, rounded
    up, divide what is left evenly, so every strength has a look of its own with any quality.
    """
    if strength == MAX_STRENGTH:
        return profile.sigmas(quality)
    shift = profile.shift
    start = strength / (shift * MAX_STRENGTH - (shift - 1) * strength)
    steps = math.ceil(round(profile.steps(quality) * start, 9))
    return tuple(start * (steps - i) / steps for i in range(steps))


def parse_profile(name: str) -> ModelProfile:
    """Read a profile from a document.

    Raises:
        InvalidRequestError: This program does not know it.

    """
    try:
        return ModelProfile(name)
    except ValueError:
        raise InvalidRequestError(
            f"The model profile {quoted(name)} is unknown: this program knows "
            f"{', '.join(ModelProfile)}; a newer one may know more."
        ) from None


def parse_guidance_scale(guidance_scale: str | float, profile: ModelProfile) -> float:
    """Read a guidance scale as it was typed.

    Raises:
        InvalidRequestError: It is no number that the model takes.

    """
    try:
        number = float(guidance_scale)
    except ValueError:
        raise _bad_guidance_scale(guidance_scale, profile) from None
    check_guidance_scale(number, profile)
    return number


def check_guidance_scale(guidance_scale: float, profile: ModelProfile) -> None:
    """Refuse a guidance scale below 0 or above what the model takes (and NaN)."""
    if not 0.0 <= guidance_scale <= profile.max_guidance:
        raise _bad_guidance_scale(guidance_scale, profile)


def _bad_guidance_scale(guidance_scale: str | float, profile: ModelProfile) -> InvalidRequestError:
    shown = guidance_scale if isinstance(guidance_scale, str) else f"{guidance_scale:g}"
    low, high = profile.advised_guidance
    return InvalidRequestError(
        f"The guidance {quoted(shown)} does not work: use a number from 0 (off) to "
        f"{profile.max_guidance:g}; {low:g} to {high:g} "
        + ("is usual." if profile.usual_guidance else "follows the prompt more strictly.")
    )
