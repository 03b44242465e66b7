"""What a file of control weights holds, told by the names and shapes of its tensors.

The files of Z-Image-Turbo-Fun-Controlnet-Union come without a configuration. diffusers guesses one
by a tensor of the largest network, and takes the small one for an older kind with other inputs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from diffusers.models.controlnets.controlnet_z_image import ZImageControlNetModel

from bot.engine.weight_files import WeightFileError
from bot.engine.weight_headers import Tensor, read_header
from bot.errors import ModelFilesError

_EMBEDDER: Final = "control_all_x_embedder.2-1.weight"
_LAYER: Final = re.compile(r"(control_layers|control_noise_refiner)\.(\d+)\.")
_PATCH_CELLS: Final = 4  # latent cells of a token
_FLOATS: Final = ("F32", "F16", "BF16")


@dataclass(frozen=True, kw_only=True)
class ControlLayout:
    """The shape of a control network.

    Attributes:
        places: The transformer's blocks behind which something is added.
        refiners: Blocks that read the map before the caption joins.
        has_refiner_hints: Whether those see the noisy image too, and steer the noise refiners that
            the control network looks through (from version 2.1 on).
        channels: Of the latent it reads: 16 for the map alone, 33 for map, mask and what is kept.

    """

    places: tuple[int, ...]
    refiners: int
    has_refiner_hints: bool
    channels: int

    def config(self, transformer: Any) -> dict[str, Any]:
        """Return what diffusers' network is built of, beside a transformer."""
        return {
            "control_layers_places": list(self.places),
            "control_refiner_layers_places": list(range(self.refiners)),
            "control_in_dim": self.channels,
            "add_control_noise_refiner": "control_noise_refiner"
            if self.has_refiner_hints
            else None,
            "dim": transformer.config.dim,
            "n_refiner_layers": self.refiners,
            "n_heads": transformer.config.n_heads,
            "n_kv_heads": transformer.config.n_kv_heads,
            "norm_eps": transformer.config.norm_eps,
            "qk_norm": transformer.config.qk_norm,
        }

    def skeleton(self, transformer: Any) -> Any:
        """Return the network without weights, on the meta device."""
        with torch.device("meta"):
            return ZImageControlNetModel(**self.config(transformer))


def read_layout(file: Path, transformer: Any) -> ControlLayout:
    """Read a file's header and see that it fits a transformer; no weights are read.

    Raises:
        ModelFilesError: It is none of control weights, broken, or another model's; the sentence
            names the first tensor that does not fit.

    """
    try:
        found = read_header(file, file.name)
    except WeightFileError as error:
        raise ModelFilesError(
            f"The control weights {file} are broken: {error}; fetch them again."
        ) from error
    layout = _layout(file, found, transformer)
    expected = {
        name: tuple(each.shape) for name, each in layout.skeleton(transformer).state_dict().items()
    }
    for name in sorted(found.keys() | expected.keys()):
        _check(file, name, found.get(name), expected.get(name))
    return layout


def _layout(file: Path, found: Mapping[str, Tensor], transformer: Any) -> ControlLayout:
    if _EMBEDDER not in found:
        raise ModelFilesError(
            f"{file} is no file of control weights for Z-Image: it has no tensor {_EMBEDDER}."
        )
    counts = {"control_layers": 0, "control_noise_refiner": 0}
    for name in found:
        if match := _LAYER.match(name):
            counts[match[1]] = max(counts[match[1]], int(match[2]) + 1)
    layers, blocks = counts["control_layers"], len(transformer.layers)
    if not 0 < layers <= blocks:
        raise ModelFilesError(
            f"The control weights {file} have {layers} control layers: 1 to {blocks} fit a model "
            f"of {blocks} layers."
        )
    step, refiners = blocks // layers, counts["control_noise_refiner"]
    has_hints = "control_noise_refiner.0.after_proj.weight" in found
    channels = (found[_EMBEDDER].shape or (0,))[-1] // _PATCH_CELLS
    if refiners and not has_hints and channels != transformer.config.in_channels:
        raise older_version(file)
    return ControlLayout(
        places=tuple(range(0, step * layers, step)),
        refiners=refiners,
        has_refiner_hints=has_hints,
        channels=channels,
    )


def older_version(file: Path) -> ModelFilesError:
    """Build the sentence for version 2.0, whose control layers also stand in for its refiners."""
    return ModelFilesError(
        f"The control weights {file} are of version 2.0, which is drawn with in another way: use "
        "Z-Image-Turbo-Fun-Controlnet-Union-2.1-2602-8steps or its lite version."
    )


def _check(file: Path, name: str, found: Tensor | None, expected: tuple[int, ...] | None) -> None:
    if found is None:
        fault = "is missing"
    elif expected is None:
        fault = "is unknown"
    elif found.shape != expected:
        fault = f"has the shape {list(found.shape)}, not {list(expected)}"
    elif found.dtype not in _FLOATS:
        fault = f"has the type {found.dtype}, whose scales are not applied here"
    else:
        return
    raise ModelFilesError(
        f"The control weights {file} do not fit this model: {name} {fault}; use those made for it."
    )
