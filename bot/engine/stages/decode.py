"""The decoding stage: from the finished latent to pixels."""

from __future__ import annotations

from typing import Any

import torch


def decode(vae: Any, latents: torch.Tensor, *, tiled: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn a latent into pixels (H, W, 3), and tell, on the device, whether all are numbers."""
    vae.use_tiling = tiled
    scaled = latents / vae.config.scaling_factor + vae.config.shift_factor
    decoded = vae.decode(scaled.to(vae.dtype), return_dict=False)[0][0].float()  # (3, H, W)
    pixels = ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    return pixels.permute(1, 2, 0).contiguous(), torch.isfinite(decoded).all()
