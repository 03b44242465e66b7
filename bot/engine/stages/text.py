"""The text stage: what the model reads, with the noise of a variety on it.

A distilled model draws nearly the same picture with every seed. Noise on the prompt's embedding
moves the picture further, and stays as reproducible as the seed it comes from. After InvokeAI's
seed variance (pull request 8753): uniform noise, in units of the embedding's deviation, on some
values. How much noise a variety is stands in `bot.domain.variety_schedule`.
"""

from __future__ import annotations

import hashlib

import torch

from bot.domain.requests import ImageRequest
from bot.domain.variety_schedule import VarietyNoise
from bot.engine.prompt_encoder import PromptEncoder


def embed(request: ImageRequest, encoder: PromptEncoder) -> list[torch.Tensor]:
    """Return the prompt's embedding and, with guidance, that of what should not be there.

    Each is (tokens, hidden size), on the encoder's device.
    """
    embedding = encoder.encode(encoder.neutralise(request.prompt))
    embeddings = [vary(embedding, request.variety_noise, seed=request.seed)]
    if request.guidance_scale > 0:
        embeddings.append(encoder.encode(encoder.neutralise(request.negative)))
    return embeddings


def vary(embedding: torch.Tensor, noise: VarietyNoise | None, *, seed: int) -> torch.Tensor:
    """Return the embedding (tokens, hidden size) with the noise of a seed on it.

    It is drawn on the CPU, so that every device gets the same.
    """
    if noise is None:
        return embedding
    generator = torch.Generator("cpu").manual_seed(_own_seed(seed))
    shape = embedding.shape
    apart = torch.rand(shape, generator=generator, dtype=torch.float32) * 2 - 1
    is_moved = torch.rand(shape, generator=generator, dtype=torch.float32) < noise.fraction
    moved = (apart * is_moved).to(embedding.device)
    values = embedding.float()
    return (values + noise.strength * values.std() * moved).to(embedding.dtype)


def _own_seed(seed: int) -> int:
    """Return a seed that has nothing in common with that of the image's noise."""
    return int.from_bytes(hashlib.sha256(f"variety {seed}".encode()).digest()[:8])
