"""Cheap previews: the latent of a nearly finished image as RGB, through a matrix."""

from __future__ import annotations

from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses

_FIT_SEED: Final = 20
_FIT_IMAGES: Final = 16
_FIT_EDGE: Final = 128  # pixels; 16 x 16 latent cells an image: 4,096 equations for 17 unknowns


@torch.no_grad()
def fit_latent_to_rgb(vae: Any) -> torch.Tensor:
    """Fit the affine map from this VAE's latent to RGB by least squares.

    The pictures are smooth random colour fields drawn here, so that any model folder has its map
    without a data set, and the same one at every start.

    Returns:
        float32 of shape (latent channels + 1, 3), on the VAE's device; the last row is the offset.

    """
    generator = torch.Generator("cpu").manual_seed(_FIT_SEED)
    coarse = torch.rand((_FIT_IMAGES, 3, 4, 4), generator=generator) * 2.4 - 1.2
    images = F.interpolate(coarse, size=_FIT_EDGE, mode="bicubic").clamp(-1, 1)
    device, dtype = vae.device, vae.dtype
    latents = [vae.encode(image[None].to(device, dtype)).latent_dist.mode() for image in images]
    latent = (
        torch.cat(latents).float().cpu() - vae.config.shift_factor
    ) * vae.config.scaling_factor
    small = F.avg_pool2d(images, _FIT_EDGE // latent.shape[-1])  # (n, 3, h, w)
    x = latent.permute(0, 2, 3, 1).flatten(0, 2).double()  # (n * h * w, channels)
    y = small.permute(0, 2, 3, 1).flatten(0, 2).double()  # (n * h * w, 3)
    x = torch.cat([x, torch.ones_like(x[:, :1])], dim=1)
    # A little ridge keeps channels that these smooth fields do not use near zero.
    gram = x.T @ x + 1e-3 * x.shape[0] * torch.eye(x.shape[1], dtype=x.dtype)
    matrix: torch.Tensor = torch.linalg.solve(gram, x.T @ y)
    return matrix.float().to(device)


def latent_to_rgb(latent: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Map a latent (1, channels, h, w) to uint8 RGB of shape (h, w, 3)."""
    cells = latent[0].permute(1, 2, 0).float()  # (h, w, channels)
    rgb = cells @ matrix[:-1] + matrix[-1]
    return ((rgb / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
