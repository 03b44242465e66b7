"""One attempt at an image: the stages in their order, over whichever backend draws now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from bot.domain.drawing import DrawTask, PreviewKind, RawImage, Step
from bot.engine.host import PixelTransfer, to_device, to_host
from bot.engine.operations import StageInputs, stage_inputs
from bot.engine.parts import ModelParts
from bot.engine.preview import latent_to_rgb
from bot.engine.protocol import OnStep, PreviewPace
from bot.engine.stages.blend import Kept
from bot.engine.stages.decode import decode
from bot.engine.stages.denoise import denoise
from bot.engine.stages.text import embed
from bot.engine.timing import StageClock
from bot.errors import CancelledError

Wait = Callable[[], RawImage]  # for the image; see `Run.draw`


@dataclass(kw_only=True)
class Run:
    """A task on its way through the stages.

    Attributes:
        tiled: Whether the VAE decodes in tiles.
        durations_s: Seconds by stage, once the image is there.

    """

    task: DrawTask
    device: torch.device
    tiled: bool
    pace: PreviewPace
    on_step: OnStep | None = None
    cancel: threading.Event | None = None
    durations_s: dict[str, float] = field(default_factory=dict)

    @torch.inference_mode()
    def draw(self, parts: ModelParts) -> Wait:
        """Ask for all work of one attempt.

        Returns:
            Waits for the image: a GPU may still be at its last steps and its decoding. It raises
            BadImageError if the model returned NaN or a single colour.

        Raises:
            CancelledError: `cancel` was set.

        """
        self._stop_if_cancelled()
        clock = StageClock(self.device)
        embeddings = embed(self.task.request, parts.text)
        clock.ended("text")
        inputs = stage_inputs(self.task, parts, tiled=self.tiled)
        kept = None if inputs.kept is None else inputs.kept.on(self.device)
        if self.task.inputs:
            clock.ended("encode")
        latents = self._denoise(parts, inputs, embeddings, kept)
        clock.ended("denoise")
        self._stop_if_cancelled()
        pixels, is_finite = decode(parts.vae, latents, tiled=self.tiled)
        if kept is not None:
            pixels = kept.paste(pixels)
        clock.ended("decode")
        arrival = PixelTransfer(pixels, is_finite)
        clock.ended("copy")

        def wait() -> RawImage:
            image = arrival.wait()
            self.durations_s = clock.seconds()
            return image

        return wait

    def _denoise(
        self,
        parts: ModelParts,
        inputs: StageInputs,
        embeddings: list[torch.Tensor],
        kept: Kept | None,
    ) -> torch.Tensor:
        latents = to_device(inputs.latents, self.device)
        height, width = latents.shape[2:]
        return denoise(
            latents,
            inputs.sigmas,
            [
                parts.backends.now.velocity(each, inputs.sigmas[:-1], height=height, width=width)
                for each in embeddings
            ],
            guidance_scale=self.task.request.guidance_scale,
            kept=kept,
            before_step=self._stop_if_cancelled,
            after_step=lambda *step: self._report(parts, *step),
        )

    def _stop_if_cancelled(self) -> None:
        if self.cancel is not None and self.cancel.is_set():
            raise CancelledError("The image was cancelled while it was drawn.")

    def _report(
        self, parts: ModelParts, number: int, total: int, estimate: Callable[[], torch.Tensor]
    ) -> None:
        if self.on_step is None:
            return
        is_due = self.pace.is_due(self.task)
        preview = self._preview(parts, estimate()) if is_due else None
        self.on_step(Step(number=number, total=total, preview=preview))

    def _preview(self, parts: ModelParts, estimate: torch.Tensor) -> RawImage:
        if self.task.preview is PreviewKind.FULL:
            return PixelTransfer(*decode(parts.vae, estimate, tiled=self.tiled)).wait()
        return to_host(latent_to_rgb(estimate, parts.latent_to_rgb))
