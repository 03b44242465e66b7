"""The denoising stage: from the start latent to the finished one, step by step."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from bot.engine.backends.reference import Velocity
from bot.engine.stages.blend import Kept
from bot.engine.timing import StepPacer

# step, total, and a call that estimates the finished latent from there
AfterStep = Callable[[int, int, Callable[[], torch.Tensor]], None]


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """How far a step goes beyond the prompt's own velocity, away from what should not be there.

    Attributes:
        normalised: Whether the sum is made no longer than the prompt's own velocity.

    """

    scale: float
    normalised: bool = False


def denoise(
    latents: torch.Tensor,
    sigmas: Sequence[float],
    velocities: Sequence[Velocity],
    *,
    guidance: Guidance,
    kept: Kept | None = None,
    before_step: Callable[[], None],
    after_step: AfterStep,
) -> torch.Tensor:
    """Walk the sigmas and return the finished latent; all are (1, channels, H/8, W/8) float32.

    Args:
        latents: Where it begins, on the device.
        sigmas: The noise levels from the first step's to the last step's end.
        velocities: Of the prompt and, with guidance, of the empty prompt.
        guidance: How far to go beyond the prompt's own velocity.
        kept: What stays of a picture, on the device.
        before_step: Called before a step is asked for; what it raises ends the walk.
        after_step: Called when a step has been asked for; a GPU may still be at it.

    """
    total = len(sigmas) - 1
    pace = StepPacer(latents.device)
    for i, (sigma, sigma_next) in enumerate(itertools.pairwise(sigmas)):
        pace.wait()
        before_step()
        velocity = guided(velocities, latents, i, guidance)
        estimate = functools.partial(_finished, latents, sigma, velocity, kept)
        latents = latents + (sigma_next - sigma) * velocity
        if kept is not None:
            latents = kept.blend(latents, sigma_next)
        pace.mark()
        after_step(i + 1, total, estimate)
    return latents


def guided(
    velocities: Sequence[Velocity], latents: torch.Tensor, i: int, guidance: Guidance
) -> torch.Tensor:
    """Return d latents / d sigma, (1, channels, h, w) float32.

    Each embedding gets a forward of its own: the two of a guided step have different lengths, and
    a batch would change the kernels and so the bits.
    """
    with_prompt, *without = (velocity(latents, i) for velocity in velocities)
    if not without:
        return with_prompt
    velocity = with_prompt + guidance.scale * (with_prompt - without[0])
    return _no_longer_than(with_prompt, velocity) if guidance.normalised else velocity


def _no_longer_than(limit: torch.Tensor, velocity: torch.Tensor) -> torch.Tensor:
    """Return a velocity, shortened to the norm of another one where it is longer.

    Without a comparison on the host, which would wait for a GPU at every step.
    """
    longest, own = torch.linalg.vector_norm(limit), torch.linalg.vector_norm(velocity)
    return velocity * torch.where(own > longest, longest / own, torch.ones_like(own))


def _finished(
    latents: torch.Tensor, sigma: float, velocity: torch.Tensor, kept: Kept | None
) -> torch.Tensor:
    finished = latents - sigma * velocity
    return finished if kept is None else kept.blend(finished, 0.0)
