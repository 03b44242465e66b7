"""One drawing of one image over loaded parts: its text, its steps, its decoding."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from bot.domain.drawing import RawImage, Step
from bot.domain.requests import ImageRequest
from bot.engine.embedding_noise import vary
from bot.engine.host import PixelTransfer, to_device, to_host
from bot.engine.latents import decode, guided, noise
from bot.engine.parts import ModelParts
from bot.engine.preview import latent_to_rgb
from bot.engine.stages import Stages, StepPacer
from bot.errors import CancelledError

OnStep = Callable[[Step], None]
Wait = Callable[[], RawImage]  # for the image; see `Run.draw`


@dataclass(kw_only=True)
class Run:
    """What is drawn, how, and how long each stage took.

    Attributes:
        like: The conditions that another drawing was made under, to be kept to.
        tiled: Whether the VAE decodes in tiles.

    """

    request: ImageRequest
    cancel: threading.Event | None
    on_step: OnStep | None
    like: Mapping[str, object]
    tiled: bool
    device: torch.device
    durations_s: dict[str, float] = field(default_factory=dict)

    @torch.inference_mode()
    def draw(self, parts: ModelParts) -> Wait:
        """Ask for all work of one attempt.

        Returns:
            Waits for the image: a GPU may still be at its last steps and its decoding. It raises
            BadImageError where the model returned NaN or a single colour.

        Raises:
            CancelledError: `cancel` was set.

        """
        self._stop_if_cancelled()
        stages = Stages(self.device)
        embeddings = self._embed(parts)
        stages.ended("text")
        latents = self._denoise(parts, embeddings)
        stages.ended("denoise")
        self._stop_if_cancelled()
        pixels, is_finite = decode(parts.vae, latents, tiled=self.tiled)
        stages.ended("decode")
        arrival = PixelTransfer(pixels, is_finite)
        stages.ended("copy")

        def wait() -> RawImage:
            image = arrival.wait()
            self.durations_s = stages.seconds()
            return image

        return wait

    def _stop_if_cancelled(self) -> None:
        """Raise between two steps when the requester no longer wants the image."""
        if self.cancel is not None and self.cancel.is_set():
            raise CancelledError("The image was cancelled while it was drawn.")

    def _embed(self, parts: ModelParts) -> list[torch.Tensor]:
        """Return the prompt's embedding and, with guidance, that of the empty prompt."""
        request, text = self.request, parts.text
        embedding = text.encode(text.neutralise(request.prompt))
        embeddings = [vary(embedding, request.variety_noise, seed=request.seed)]
        if request.guidance_scale > 0:
            embeddings.append(text.encode(""))
        return embeddings

    def _denoise(self, parts: ModelParts, embeddings: list[torch.Tensor]) -> torch.Tensor:
        """Walk the sigmas from noise to the finished latent, (1, channels, H/8, W/8) float32."""
        request = self.request
        parts.scheduler.set_timesteps(sigmas=list(request.quality.sigmas), device="cpu")
        # Shifted; one more than there are steps.
        sigmas: list[float] = parts.scheduler.sigmas.tolist()
        latents = to_device(noise(request.seed, request.size, parts.channels), self.device)
        height, width = latents.shape[2:]
        velocities = [
            parts.paths.now.velocity(embedding, sigmas[:-1], height=height, width=width)
            for embedding in embeddings
        ]
        total = len(sigmas) - 1
        pace = StepPacer(self.device)
        for i, (sigma, sigma_next) in enumerate(itertools.pairwise(sigmas)):
            pace.wait()
            self._stop_if_cancelled()
            velocity = guided(velocities, latents, i, request.guidance_scale)
            latents = latents + (sigma_next - sigma) * velocity
            pace.mark()
            if self.on_step is not None:
                estimate = latents - sigma_next * velocity
                self.on_step(self._step(parts, i + 1, total, estimate))
        return latents

    def _step(self, parts: ModelParts, number: int, total: int, estimate: torch.Tensor) -> Step:
        return Step(
            number=number,
            total=total,
            preview=lambda: to_host(latent_to_rgb(estimate, parts.latent_to_rgb)),
            estimate=lambda: PixelTransfer(*decode(parts.vae, estimate, tiled=self.tiled)).wait(),
        )
