"""What a variety of 0 to 100 means: the scale in use, and those that older images were made with.

A recipe records the noise itself (its strength and fraction), a database row the number of its
scale. Scales are only ever added, so that an image of an older one can still be made again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

LARGEST: Final = 100  # variety
_DECIMALS: Final = 4  # of a strength: the same on every machine, whatever its `pow` rounds


@dataclass(frozen=True, kw_only=True)
class VarietyNoise:
    """Noise on a prompt's embedding.

    Attributes:
        strength: In standard deviations of the embedding.
        fraction: Of its values that are moved.

    """

    strength: float
    fraction: float

    def is_close_to(self, other: VarietyNoise) -> bool:
        """Tell whether both are the same but for the writing of their digits."""
        pairs = ((self.strength, other.strength), (self.fraction, other.fraction))
        return all(math.isclose(one, two, rel_tol=1e-9) for one, two in pairs)


@dataclass(frozen=True, kw_only=True)
class VarietyScale:
    """How the noise grows with the variety.

    Attributes:
        strength: At variety 100.
        fraction: At every variety.
        power: 1 lets the strength grow evenly; below, it grows faster at first.

    """

    strength: float
    fraction: float
    power: float = 1.0

    def noise(self, variety: int) -> VarietyNoise:
        """Return the noise of a variety above 0."""
        strength = self.strength * (variety / LARGEST) ** self.power
        return VarietyNoise(strength=round(strength, _DECIMALS), fraction=self.fraction)


# The second was chosen on the demo model, by `tests/benchmarks/variety.py` and by looking: at 100
# about one picture of twelve is of something else, at 50 one of 25.
SCALES: Final = {
    1: VarietyScale(strength=1.0, fraction=0.5),
    2: VarietyScale(strength=2.25, fraction=0.5, power=0.7),
}
NEWEST_SCALE: Final = max(SCALES)


def variety_noise(variety: int, scale: int) -> VarietyNoise | None:
    """Return the noise of a variety on a scale; None where there is none."""
    return SCALES[scale].noise(variety) if variety else None


def scale_of(variety: int, noise: VarietyNoise) -> int | None:
    """Return the newest scale on which a variety is that noise; None where there is none."""
    fitting = (
        number for number, scale in SCALES.items() if scale.noise(variety).is_close_to(noise)
    )
    return max(fitting, default=None)
