"""The blending stage: a picture is kept where a mask is black, at every step and in the end.

During the steps what is kept follows in the latent space, so that what is drawn fits it; in the end
its own pixels come back, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses

from bot.domain.drawing import RawImage
from bot.engine.host import pixels_of, to_device
from bot.engine.stages.start import VAE_SCALE

# Pixels over which what is drawn fades into what is kept, inside the mask: a latent cell, whose
# edge the decoder shows.
FEATHER: Final = 8


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What stays of a picture.

    Attributes:
        source: Its latent, (1, channels, H/8, W/8) float32.
        noise: That of the seed, likewise.
        mask: 1 where a latent cell is drawn, 0 where it is kept; (1, 1, H/8, W/8) float32.
        pixels: The picture, (H, W, 3) uint8.
        drawn: 1 where a pixel is drawn, else 0; (1, 1, H, W) float32.

    """

    source: torch.Tensor
    noise: torch.Tensor
    mask: torch.Tensor
    pixels: torch.Tensor
    drawn: torch.Tensor

    def on(self, device: torch.device) -> Kept:
        """Return it on a device."""
        return Kept(**{name: to_device(each, device) for name, each in vars(self).items()})

    def blend(self, latents: torch.Tensor, sigma: float) -> torch.Tensor:
        """Return latents of a noise level, with the picture at that level where it is kept."""
        kept = (1 - sigma) * self.source + sigma * self.noise
        return self.mask * latents + (1 - self.mask) * kept

    def paste(self, drawn: torch.Tensor) -> torch.Tensor:
        """Return the pixels (H, W, 3) uint8 with the picture's own where nothing is drawn."""
        share = self.share
        mixed = self.pixels + share * (drawn.float() - self.pixels)
        return torch.where(share > 0, mixed.round().to(torch.uint8), self.pixels)

    @property
    def share(self) -> torch.Tensor:
        """Return how much of each pixel is drawn, (H, W, 1): it rises from a mask's edge inwards.

        A small mask fades by half of its own depth. The picture's own edge is none: what is drawn
        there reaches it.
        """
        depth, left = self.drawn.clone(), self.drawn
        for _ in range(2 * FEATHER):
            left = -F.max_pool2d(-left, 3, stride=1, padding=1)
            depth += left
        width = (depth.max() / 2).clamp(1, FEATHER)
        return (depth / width).clamp(max=1)[0, 0, :, :, None]


def keep(picture: RawImage, mask: RawImage, *, source: torch.Tensor, noise: torch.Tensor) -> Kept:
    """Return what stays of a picture beside a mask of its size, which is white where to draw.

    Args:
        picture: What is kept.
        mask: Its first channel counts, from 128 on as white.
        source: The picture's latent.
        noise: Of the seed, of the same shape.

    """
    drawn = (pixels_of(mask)[..., 0] >= 128).float()[None, None]  # noqa: PLR2004 - (1, 1, H, W)
    return Kept(
        source=source,
        noise=noise,
        mask=F.max_pool2d(drawn, VAE_SCALE),
        pixels=pixels_of(picture),
        drawn=drawn,
    )
