"""Draw pictures with the training networks: the scheduler's grid, guidance, sheets."""

from __future__ import annotations

import torch
from networks import TextEncoder, Transformer
from PIL import Image
from torch import Tensor

GUIDANCE = 2.0  # w of c + w (c - u), found best by the judge
SHIFT = 3.0


def sigma_grid(steps: int) -> list[float]:
    """Return the noise levels of `steps` forwards and the final 0, as the scheduler makes them."""
    even = [1 - i / steps for i in range(steps)]
    return [*(SHIFT * s / (1 + (SHIFT - 1) * s) for s in even), 0.0]


def velocity(
    transformer: Transformer, text: TextEncoder, x: Tensor, sigma: Tensor, tokens: Tensor,
    lengths: Tensor, null: tuple[Tensor, int], weight: float,
) -> Tensor:  # fmt: skip
    """Return `image - noise`, guided away from the empty caption by `weight`."""
    found = transformer(x, 1 - sigma, text(tokens), lengths)
    if weight == 0:
        return found
    empty = torch.nn.functional.pad(null[0], (0, tokens.shape[1] - len(null[0])))
    nothing = text(empty.expand(len(x), -1).contiguous())
    bare = transformer(x, 1 - sigma, nothing, torch.full_like(lengths, null[1]))
    return found + weight * (found - bare)


def guided(
    transformer: Transformer, text: TextEncoder, noise: Tensor, tokens: Tensor, lengths: Tensor,
    null: tuple[Tensor, int], grid: list[float], weight: float,
) -> Tensor:  # fmt: skip
    """Walk from noise to latents along a grid of noise levels by Euler's method."""
    x = noise
    for sigma, following in zip(grid[:-1], grid[1:], strict=True):
        at = torch.full((len(x),), sigma, device=x.device)
        step = velocity(transformer, text, x, at, tokens, lengths, null, weight)
        x = x + (sigma - following) * step
    return x


def teacher_target(
    transformer: Transformer, text: TextEncoder, x: Tensor, sigma: Tensor, following: Tensor,
    tokens: Tensor, lengths: Tensor, null: tuple[Tensor, int], weight: float,
) -> Tensor:  # fmt: skip
    """Return the single step that equals two guided half steps of the teacher."""
    half = (sigma - following)[:, None, None, None] / 2
    first = velocity(transformer, text, x, sigma, tokens, lengths, null, weight)
    middle = (sigma + following) / 2
    second = velocity(transformer, text, x + half * first, middle, tokens, lengths, null, weight)
    return (first + second) / 2


def sheet_of(images: Tensor, columns: int) -> Image.Image:
    """Lay (n, 3, height, width) images in [-1, 1] out on a sheet, row by row."""
    pixels = images.add(1).mul(127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
    height, width = pixels.shape[1:3]
    sheet = Image.new("RGB", (columns * width, -(-len(pixels) // columns) * height), "white")
    for number, one in enumerate(pixels):
        where = (number % columns * width, number // columns * height)
        sheet.paste(Image.fromarray(one), where)
    return sheet
