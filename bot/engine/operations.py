"""What each operation puts into the stages; so far there is one, an image from text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from bot.domain.requests import ImageRequest
from bot.engine.parts import ModelParts
from bot.engine.stages.start import noise


@dataclass(frozen=True, kw_only=True)
class StageInputs:
    """Where denoising begins, and by which steps it ends.

    Attributes:
        latents: (1, channels, H/8, W/8) float32, on the CPU.
        sigmas: Noise levels from that of these latents down to 0; one more than there are steps.

    """

    latents: torch.Tensor
    sigmas: Sequence[float]


def text_to_image(request: ImageRequest, parts: ModelParts) -> StageInputs:
    """Begin with nothing but noise."""
    parts.scheduler.set_timesteps(sigmas=list(request.quality.sigmas), device="cpu")
    return StageInputs(
        latents=noise(request.seed, request.size, parts.channels),
        sigmas=parts.scheduler.sigmas.tolist(),  # shifted, and 0 behind the last
    )
