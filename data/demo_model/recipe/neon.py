"""The look of the demo LoRA: a picture's outlines as neon tubes at night."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from torch import Tensor

NIGHT = (0.03, 0.025, 0.09)  # the ground, RGB
PALE = (0.25, 0.9, 1.0)  # the tube of a thing without a colour of its own
EDGE, EDGE_RANGE = 0.045, 0.15  # contrast at which a tube begins, and until which it brightens


def neon(images: Tensor) -> Tensor:
    """Return images (n, 3, height, width) in [-1, 1] as neon tubes, likewise."""
    x = images.add(1).div(2)
    line = _edges(x)
    light = _pure_colours(x) * line
    glow = 0.9 * _blurred(light, 3) + 1.1 * _blurred(light, 9)
    night = torch.tensor(NIGHT, device=x.device).view(1, 3, 1, 1)
    sum_ = night + 0.95 * light + glow + 0.45 * line.pow(3)  # a tube is white within
    return (1 - torch.exp(-1.5 * sum_)).mul(2).sub(1)


def _edges(x: Tensor) -> Tensor:
    """Return how much of a tube is where, (n, 1, height, width)."""
    soft = _blurred(x, 1)
    wide = F.pad(soft, (1, 1, 1, 1), mode="replicate")
    across = wide[..., 1:-1, 2:] - wide[..., 1:-1, :-2]
    down = wide[..., 2:, 1:-1] - wide[..., :-2, 1:-1]
    contrast = (across.square() + down.square()).sum(1, keepdim=True).sqrt()
    line = ((contrast - EDGE) / EDGE_RANGE).clamp(0, 1)
    return _blurred(line * line * (3 - 2 * line), 0.6).clamp(0, 1)


def _pure_colours(x: Tensor) -> Tensor:
    """Return the strongest colour near each pixel, as bright as it gets."""
    weight = (x.amax(1, keepdim=True) - x.amin(1, keepdim=True)).square() + 1e-4
    near = _blurred(x * weight, 4) / _blurred(weight, 4)
    least, range_ = near.amin(1, keepdim=True), near.amax(1, keepdim=True)
    range_ = range_ - least
    share = (range_ / 0.15).clamp(0, 1)
    pale = torch.tensor(PALE, device=x.device).view(1, 3, 1, 1)
    return 0.12 + 0.88 * ((near - least) / (range_ + 1e-3) * share + pale * (1 - share))


def _blurred(x: Tensor, sigma: float) -> Tensor:
    """Blur (n, channels, height, width) by a Gaussian of `sigma` pixels."""
    radius = int(3 * sigma + 0.5)
    at = torch.arange(-radius, radius + 1, dtype=torch.float32, device=x.device)
    kernel = torch.exp(-at.square() / (2 * sigma * sigma))
    kernel = (kernel / kernel.sum()).expand(x.shape[1], 1, -1)
    x = F.pad(x, (radius,) * 4, mode="replicate")
    x = F.conv2d(x, kernel[..., None, :], groups=x.shape[1])
    return F.conv2d(x, kernel[..., None], groups=x.shape[1])
