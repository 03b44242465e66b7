"""What each operation puts into the stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from bot.domain.drawing import DrawTask, RawImage
from bot.engine.control.guidance import MapLatent
from bot.engine.parts import ModelParts
from bot.engine.stages.blend import Kept, keep
from bot.engine.stages.control import map_latent
from bot.engine.stages.encode import encode
from bot.engine.stages.start import noise
from bot.environment.installation import command_line
from bot.errors import InvalidRequestError


@dataclass(frozen=True, kw_only=True)
class StageInputs:
    """Where denoising begins, and by which steps it ends.

    Attributes:
        latents: (1, channels, H/8, W/8) float32, on the CPU.
        sigmas: Noise levels from that of these latents down to 0; one more than there are steps.
        kept: What stays of a picture, where a mask says that something does.
        control: What steers the image, if anything does.

    """

    latents: torch.Tensor
    sigmas: Sequence[float]
    kept: Kept | None = None
    control: MapLatent | None = None


def stage_inputs(task: DrawTask, parts: ModelParts, *, tiled: bool) -> StageInputs:
    """Begin with noise, or with noise over the picture that is given; a mask says what stays.

    Args:
        task: With as many pictures as its request has inputs; of an upscaled image, the source is
            as large as the result by now.
        parts: The model.
        tiled: Whether the VAE works in tiles.

    """
    request = task.request
    parts.scheduler.set_timesteps(sigmas=list(request.sigmas), device="cpu")
    sigmas = parts.scheduler.sigmas.tolist()  # shifted, and 0 behind the last
    own_noise = noise(request.seed, request.size, parts.channels)
    count = len(request.operation.inputs)
    pictures, maps = task.inputs[:count], task.inputs[count:]
    control = _control(maps[0], task, parts, tiled=tiled) if maps else None
    if not pictures:
        return StageInputs(latents=own_noise, sigmas=sigmas, control=control)
    picture, *masks = pictures
    source = encode(parts.vae, picture, tiled=tiled)
    return StageInputs(
        latents=sigmas[0] * own_noise + (1 - sigmas[0]) * source,
        sigmas=sigmas,
        kept=keep(picture, masks[0], source=source, noise=own_noise) if masks else None,
        control=control,
    )


def _control(picture: RawImage, task: DrawTask, parts: ModelParts, *, tiled: bool) -> MapLatent:
    """Return what steers the image: its map and, for networks that read it, what is kept.

    Raises:
        InvalidRequestError: No control weights are loaded.

    """
    if parts.control is None:
        raise InvalidRequestError(
            "The image is steered by a map, and no control weights are installed: run "
            f"`{command_line('download --control')}`, or draw it without."
        )
    given = task.inputs[: len(task.request.operation.inputs)]
    return map_latent(
        parts.vae,
        picture,
        scale=task.request.control_scale,
        channels=parts.control.layout.channels,
        kept=(given[0], given[1]) if len(given) > 1 else None,
        tiled=tiled,
    )
