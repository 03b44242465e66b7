"""How likely a picture is one that not everybody wants to see, as models put it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Self

_DIGITS: Final = 4  # of a probability; the models themselves are not that certain


@dataclass(frozen=True, kw_only=True)
class PictureScore:
    """What the models say of a picture; the worst one counts.

    Attributes:
        unsafe: Probability from 0 to 1 that it is pornographic.
        decided_by: The model, with its version, and the class that say so.
        classes: The probability of each class, by model; a model's add up to 1.

    """

    unsafe: float
    decided_by: str
    classes: Mapping[str, Mapping[str, float]]

    @classmethod
    def of(cls, classes: Mapping[str, Mapping[str, float]], unsafe: frozenset[str]) -> Self:
        """Return the score of a picture; a model is as sure as of all `unsafe` classes together."""
        rounded = {
            model: {name: round(value, _DIGITS) for name, value in found.items()}
            for model, found in classes.items()
        }
        shares = {
            model: {name: value for name, value in found.items() if name in unsafe}
            for model, found in rounded.items()
        }
        worst = max(shares, key=lambda model: sum(shares[model].values()))
        likeliest = max(shares[worst], key=shares[worst].__getitem__)
        return cls(
            unsafe=min(1.0, round(sum(shares[worst].values()), _DIGITS)),
            decided_by=f"{worst}: {likeliest}",
            classes=rounded,
        )

    @property
    def models(self) -> tuple[str, ...]:
        """Return the models that looked at it, with their versions."""
        return tuple(self.classes)

    def reaches(self, threshold: float) -> bool:
        """Tell whether it is as unsafe as `threshold`, or more so."""
        return self.unsafe >= threshold

    def to_json(self) -> str:
        """Return the score as it is stored."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a stored score."""
        return cls(**json.loads(text))
