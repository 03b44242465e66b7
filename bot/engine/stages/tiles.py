"""Denoising in tiles: what is larger than the model draws well is seen through overlapping windows.

At every step the velocities of all windows are blended over the whole latent (MultiDiffusion, arXiv
2302.08113), so neighbours agree before they can drift apart, and no seam is left to hide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from bot.domain.requests import Size
from bot.engine.backends.reference import Velocity
from bot.engine.stages.start import VAE_SCALE
from bot.engine.timing import StepPacer


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Overlapping windows of one size over a latent.

    Attributes:
        height: Of each, in latent cells.
        width: Likewise.
        tops: Where they begin, from above.
        lefts: Likewise from the left.

    """

    height: int
    width: int
    tops: Sequence[int]
    lefts: Sequence[int]

    @classmethod
    def over(cls, size: Size, *, side: int) -> Windows:
        """Cover an image with windows of at most `side` pixels that overlap by a quarter of it."""
        height, width, side = size.height // VAE_SCALE, size.width // VAE_SCALE, side // VAE_SCALE
        return cls(
            height=min(height, side),
            width=min(width, side),
            tops=_starts(height, side),
            lefts=_starts(width, side),
        )

    @property
    def size(self) -> Size:
        """Return the size of what is seen through one, in pixels."""
        return Size(width=self.width * VAE_SCALE, height=self.height * VAE_SCALE)

    @property
    def count(self) -> int:
        """Return how many there are."""
        return len(self.tops) * len(self.lefts)

    def blended(
        self, velocity: Velocity, *, before: Callable[[], None], after: Callable[[], None]
    ) -> Velocity:
        """Return the velocity of a whole latent from that of one window.

        Args:
            velocity: Of latents as large as a window.
            before: Called before each; what it raises ends the work.
            after: Called when a window is asked for; a GPU may still be at it.

        """

        def at(latents: torch.Tensor, i: int) -> torch.Tensor:
            pace = StepPacer(latents.device)
            total, weights = torch.zeros_like(latents), torch.zeros_like(latents[:, :1])
            weight = self._weight(latents.device)
            for top in self.tops:
                for left in self.lefts:
                    pace.wait()
                    before()
                    place = (..., slice(top, top + self.height), slice(left, left + self.width))
                    total[place] += weight * velocity(latents[place].contiguous(), i)
                    weights[place] += weight
                    pace.mark()
                    after()
            return total / weights

        return at

    def _weight(self, device: torch.device) -> torch.Tensor:
        """Return how much each cell of a window counts, (height, width): nearly 0 at its edges."""
        down, across = _weights(self.height), _weights(self.width)
        return (down[:, None] * across).to(device)


def _weights(length: int) -> torch.Tensor:
    """Return the weights along a side; a quarter rises as the square of a sine, and one falls."""
    rise = (torch.arange(length, dtype=torch.float32) + 0.5) / max(1, length // 4)
    return torch.sin(torch.minimum(rise, rise.flip(0)).clamp(max=1) * math.pi / 2) ** 2


def _starts(length: int, side: int) -> list[int]:
    """Return where windows begin that cover a length, all about as far apart."""
    if length <= side:
        return [0]
    last = math.ceil((length - side) / (side * 3 // 4))
    return [(length - side) * i // last for i in range(last + 1)]
