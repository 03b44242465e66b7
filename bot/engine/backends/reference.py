"""The reference backend: diffusers' own transformer, called as the official pipeline calls it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch

from bot.engine.control.guidance import MapLatent

# (latents, step) -> d latents / d sigma, both (1, channels, height, width) float32
Velocity = Callable[[torch.Tensor, int], torch.Tensor]


class ReferenceBackend:
    """Denoise with a loaded `ZImageTransformer2DModel`, all of it at every step.

    Attributes:
        decoder: None: the autoencoder's own decodes.

    """

    decoder = None

    def __init__(self, transformer: Any, *, dtype: torch.dtype, control: Any = None) -> None:
        """Remember the networks; `control` is a `ZImageControlNetModel` with all its parts."""
        self._transformer, self._dtype, self._control = transformer, dtype, control

    @property
    def conditions(self) -> dict[str, object]:
        """Return what a recipe records of it."""
        return {
            "path": "reference",
            "attention": "scaled_dot_product_attention",
            "kernels": "torch",
            "quantization": None,
        }

    def velocity(
        self,
        embedding: torch.Tensor,
        sigmas: Sequence[float],
        *,
        height: int,  # noqa: ARG002 - the other backend prepares what depends on the size
        width: int,  # noqa: ARG002
        control: MapLatent | None = None,
    ) -> Velocity:
        """Return a function of latents and step that gives d latents / d sigma for one prompt."""
        context = None if control is None else control.latent.to(self._dtype).unsqueeze(2)

        def added(frames: torch.Tensor, time: torch.Tensor) -> dict[int, torch.Tensor] | None:
            if control is None or context is None:
                return None
            found: dict[int, torch.Tensor] = self._control(
                list(frames), time, [embedding], list(context), conditioning_scale=control.scale
            )
            return found

        def at(latents: torch.Tensor, i: int) -> torch.Tensor:
            # The model counts time from noise (0) to image (1) and predicts image minus noise.
            time = torch.tensor([1.0 - sigmas[i]], dtype=torch.float32, device=latents.device)
            frames = latents.to(self._dtype).unsqueeze(2)  # (1, channels, 1, h, w)
            output = self._transformer(
                list(frames),
                time,
                [embedding],
                controlnet_block_samples=added(frames, time),
                return_dict=False,
            )[0]
            prediction: torch.Tensor = output[0].float().squeeze(1)  # (channels, h, w)
            return -prediction[None]

        return at

    def unrecorded(self) -> AbstractContextManager[None]:
        """Do nothing: this backend records no graphs."""
        return contextlib.nullcontext()


def put(network: Any, device: torch.device, *, whole: bool) -> None:
    """Move a network to a device; if it does not fit whole, stream it layer by layer.

    By layers, not by blocks: diffusers' block-level offload and this transformer's cache of rotary
    tables do not go together.
    """
    if whole:
        network.to(device)
        return
    from diffusers.hooks import apply_group_offloading  # noqa: PLC0415 - imports much, used seldom

    apply_group_offloading(
        network,
        onload_device=device,
        offload_device=torch.device("cpu"),
        offload_type="leaf_level",
    )
