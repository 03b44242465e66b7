"""The encoding stage: from a picture to the latent that decoding would make it of."""

from __future__ import annotations

from typing import Any

import torch

from bot.domain.drawing import RawImage
from bot.engine.host import pixels_of


def encode(vae: Any, picture: RawImage, *, tiled: bool) -> torch.Tensor:
    """Return the latent of a picture, (1, channels, H/8, W/8) float32, on the CPU.

    It is the mean of what the VAE tells, so the same picture always has the same one.
    """
    vae.use_tiling = tiled
    device = next(vae.parameters()).device
    pixels = pixels_of(picture).permute(2, 0, 1)[None]  # (1, 3, H, W)
    scaled = pixels.to(device).float() / 127.5 - 1  # -1 .. 1
    latent: torch.Tensor = vae.encode(scaled.to(vae.dtype)).latent_dist.mode().float()
    centred: torch.Tensor = (latent - vae.config.shift_factor) * vae.config.scaling_factor
    return centred.cpu()
