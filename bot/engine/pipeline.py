"""One attempt at an image: the stages in their order, over whichever backend draws now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from bot.domain.drawing import DrawTask, PreviewKind, RawImage, Step
from bot.domain.requests import Size
from bot.engine.conditions import is_normalised
from bot.engine.control.guidance import MapLatent
from bot.engine.host import PixelTransfer, to_device, to_host
from bot.engine.operations import StageInputs, stage_inputs
from bot.engine.parts import ModelParts
from bot.engine.preview import latent_to_rgb
from bot.engine.protocol import OnStep, PreviewPace
from bot.engine.stages.blend import Kept
from bot.engine.stages.decode import decode
from bot.engine.stages.denoise import Guidance, denoise
from bot.engine.stages.text import embed
from bot.engine.stages.tiles import Windows
from bot.engine.timing import StageClock
from bot.engine.upscaler.upscale import Upscaling
from bot.errors import CancelledError

Wait = Callable[[], RawImage]  # for the image; see `Run.draw`


@dataclass(kw_only=True)
class Run:
    """A task on its way through the stages.

    Attributes:
        tiled: Whether the VAE decodes in tiles.
        upscaling: Of an upscaled image, how its source becomes as large.
        durations_s: Seconds by stage, once the image is there.

    """

    task: DrawTask
    device: torch.device
    tiled: bool
    pace: PreviewPace
    upscaling: Upscaling | None = None
    on_step: OnStep | None = None
    cancel: threading.Event | None = None
    durations_s: dict[str, float] = field(default_factory=dict)
    _num_done: int = field(default=0, init=False)

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
        task, self._num_done = self.task, 0
        if self.upscaling is not None:
            large = self.upscaling.run(
                before=self._stop_if_cancelled, after=lambda: self._note(parts)
            )
            task = replace(task, inputs=(large,))
            clock.ended("upscale")
            if not task.request.is_drawn:
                self.durations_s = clock.seconds()
                return lambda: large
        if parts.adapters.apply(task.request.adapters):
            clock.ended("adapters")
        embeddings = embed(task.request, parts.text)
        clock.ended("text")
        inputs = stage_inputs(task, parts, tiled=self.tiled)
        kept = None if inputs.kept is None else inputs.kept.on(self.device)
        if task.inputs:
            clock.ended("encode")
        control = None if inputs.control is None else inputs.control.on(self.device)
        latents = self._denoise(parts, inputs, embeddings, kept, control)
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
        control: MapLatent | None = None,
    ) -> torch.Tensor:
        latents = to_device(inputs.latents, self.device)
        windows = self._windows(parts)
        height, width = latents.shape[2:] if windows is None else (windows.height, windows.width)
        velocities = [
            parts.backends.now.velocity(
                each, inputs.sigmas[:-1], height=height, width=width, control=control
            )
            for each in embeddings
        ]
        if windows is not None:
            velocities = [
                windows.blended(
                    each, before=self._stop_if_cancelled, after=lambda: self._note(parts)
                )
                for each in velocities
            ]
        return denoise(
            latents,
            inputs.sigmas,
            velocities,
            guidance=Guidance(
                scale=self.task.request.guidance_scale,
                normalised=is_normalised(self.task.request, self.task.match),
            ),
            kept=kept,
            before_step=self._stop_if_cancelled,
            after_step=lambda *step: self._report(parts, *step),
        )

    def seen_at_once(self, parts: ModelParts) -> Size:
        """Return the size of what the transformer sees at once: of an upscaled image, a window."""
        windows = self._windows(parts)
        return self.task.request.size if windows is None else windows.size

    def _windows(self, parts: ModelParts) -> Windows | None:
        if self.upscaling is None:
            return None
        return Windows.over(self.task.request.size, side=parts.vae.config.sample_size)

    def _note(self, parts: ModelParts) -> None:
        """Report that a tile of an upscaled image is done."""
        windows, request = self._windows(parts), self.task.request
        if self.on_step is None or self.upscaling is None or windows is None:
            return
        self._num_done += 1
        total = self.upscaling.num_tiles + request.num_forwards * windows.count
        self.on_step(Step(number=self._num_done, total=total))

    def _stop_if_cancelled(self) -> None:
        if self.cancel is not None and self.cancel.is_set():
            raise CancelledError("The image was cancelled while it was drawn.")

    def _report(
        self, parts: ModelParts, number: int, total: int, estimate: Callable[[], torch.Tensor]
    ) -> None:
        if self.on_step is None or self.upscaling is not None:  # that is reported by tiles
            return
        is_due = self.pace.is_due(self.task)
        preview = self._preview(parts, estimate()) if is_due else None
        self.on_step(Step(number=number, total=total, preview=preview))

    def _preview(self, parts: ModelParts, estimate: torch.Tensor) -> RawImage:
        if self.task.preview is PreviewKind.FULL:
            return PixelTransfer(*decode(parts.vae, estimate, tiled=self.tiled)).wait()
        return to_host(latent_to_rgb(estimate, parts.latent_to_rgb))
