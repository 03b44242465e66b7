"""From a seed to a latent, one step of its way, and from there to pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import torch

from bot.domain.requests import Size
from bot.engine.backends.reference import Velocity

VAE_SCALE: Final = 8  # pixels a latent cell: the VAE halves three times


def noise(seed: int, size: Size, channels: int) -> torch.Tensor:
    """Draw the starting latent (1, channels, H/8, W/8) on the CPU, so every GPU starts alike."""
    generator = torch.Generator("cpu").manual_seed(seed)
    shape = (1, channels, size.height // VAE_SCALE, size.width // VAE_SCALE)
    return torch.randn(shape, generator=generator, dtype=torch.float32)


def guided(
    velocities: Sequence[Velocity], latents: torch.Tensor, i: int, guidance_scale: float
) -> torch.Tensor:
    """Return d latents / d sigma, (1, channels, h, w) float32.

    Each embedding gets a forward of its own: the two of a guided step have different lengths, and
    a batch would change the kernels and so the bits.
    """
    with_prompt, *without = (velocity(latents, i) for velocity in velocities)
    if not without:
        return with_prompt
    return with_prompt + guidance_scale * (with_prompt - without[0])


def decode(vae: Any, latents: torch.Tensor, *, tiled: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn a latent into pixels (H, W, 3), and tell, on the device, whether all are numbers."""
    vae.use_tiling = tiled
    scaled = latents / vae.config.scaling_factor + vae.config.shift_factor
    decoded = vae.decode(scaled.to(vae.dtype), return_dict=False)[0][0].float()  # (3, H, W)
    pixels = ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    return pixels.permute(1, 2, 0).contiguous(), torch.isfinite(decoded).all()
