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
    return encode_values(vae, values_of(vae, picture), tiled=tiled)


def values_of(vae: Any, picture: RawImage) -> torch.Tensor:
    """Return a picture's values, (1, 3, H, W) float32 from -1 to 1, where the VAE is."""
    device = next(vae.parameters()).device
    pixels = pixels_of(picture).permute(2, 0, 1)[None]  # (1, 3, H, W)
    return pixels.to(device).float() / 127.5 - 1


def encode_values(vae: Any, values: torch.Tensor, *, tiled: bool) -> torch.Tensor:
    """Return the latent of values (1, 3, H, W) where the VAE is; see `encode`."""
    vae.use_tiling = tiled
    latent: torch.Tensor = vae.encode(values.to(vae.dtype)).latent_dist.mode().float()
    centred: torch.Tensor = (latent - vae.config.shift_factor) * vae.config.scaling_factor
    return centred.cpu()
