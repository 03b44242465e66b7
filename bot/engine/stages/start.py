"""The start stage: from a seed to the latent that denoising begins with."""

from __future__ import annotations

from typing import Final

import torch

from bot.domain.requests import Size

VAE_SCALE: Final = 8  # pixels a latent cell: the VAE halves three times


def noise(seed: int, size: Size, channels: int) -> torch.Tensor:
    """Draw a latent (1, channels, H/8, W/8) on the CPU, so that every GPU starts alike."""
    generator = torch.Generator("cpu").manual_seed(seed)
    shape = (1, channels, size.height // VAE_SCALE, size.width // VAE_SCALE)
    return torch.randn(shape, generator=generator, dtype=torch.float32)
