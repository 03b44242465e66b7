"""More different images from different seeds: seeded noise on the prompt's embedding.

A distilled model draws nearly the same picture with every seed. Noise on what it reads moves the
picture further, and stays as reproducible as the seed it comes from. After InvokeAI's seed
variance (pull request 8753): uniform noise, in units of the embedding's deviation, on some values.
"""

from __future__ import annotations

import hashlib
from typing import Final

import torch

from bot.generation import MAX_VARIETY

# At variety 100; first choices by eye, recorded with every image, so that they may be improved.
MAX_STRENGTH: Final = 1.0  # in standard deviations of the embedding
FRACTION: Final = 0.5  # of the values that are moved


def vary(embedding: torch.Tensor, *, seed: int, variety: int) -> torch.Tensor:
    """Return the embedding (tokens, hidden size) moved as far as `variety` says.

    The noise is drawn on the CPU, so that every device gets the same.
    """
    if variety == 0:
        return embedding
    generator = torch.Generator("cpu").manual_seed(_own_seed(seed))
    shape = embedding.shape
    noise = torch.rand(shape, generator=generator, dtype=torch.float32) * 2 - 1
    is_moved = torch.rand(shape, generator=generator, dtype=torch.float32) < FRACTION
    moved = (noise * is_moved).to(embedding.device)
    values = embedding.float()
    strength = MAX_STRENGTH * variety / MAX_VARIETY
    return (values + strength * values.std() * moved).to(embedding.dtype)


def describe_variety(variety: int) -> dict[str, float] | None:
    """Return what a recipe records of it."""
    if variety == 0:
        return None
    return {"strength": MAX_STRENGTH * variety / MAX_VARIETY, "fraction": FRACTION}


def _own_seed(seed: int) -> int:
    """Return a seed that has nothing in common with that of the image's noise."""
    return int.from_bytes(hashlib.sha256(f"variety {seed}".encode()).digest()[:8])
