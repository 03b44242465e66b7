"""Control weights on this disk, and the network that is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.controlnets.controlnet_z_image import ZImageControlNetModel
from safetensors import safe_open

from bot.engine.control.file import ControlFile
from bot.engine.control.layout import ControlLayout, older_version, read_layout


@dataclass(frozen=True, kw_only=True)
class CheckedControl:
    """A file that fits a model; its weights are not read yet.

    Attributes:
        skeleton: The network without weights.

    """

    file: ControlFile
    layout: ControlLayout
    skeleton: Any


def open_control(file: ControlFile, transformer: Any) -> CheckedControl:
    """Check a file against a transformer, which may be one without weights.

    Raises:
        ModelFilesError: It does not fit.

    """
    layout = read_layout(file.path, transformer)
    return CheckedControl(file=file, layout=layout, skeleton=layout.skeleton(transformer))


def load_control(checked: CheckedControl, dtype: torch.dtype) -> Any:
    """Read the weights into main memory, frozen; the parts that it shares are not there yet.

    Raises:
        ModelFilesError: They are of version 2.0, which is drawn with in another way.

    """
    network, path = checked.skeleton, checked.file.path
    with safe_open(path, framework="pt") as tensors:
        weights = {name: tensors.get_tensor(name).to(dtype) for name in tensors.keys()}  # noqa: SIM118 - no mapping
    if checked.layout.has_refiner_hints:
        _refuse_unused(path, weights)
    network.load_state_dict(weights, assign=True)
    return network.eval().requires_grad_(requires_grad=False)


def _refuse_unused(path: Path, weights: Mapping[str, torch.Tensor]) -> None:
    """Refuse refiners that were never trained: version 2.0 has them in its file, but not in use."""
    if not weights["control_noise_refiner.0.before_proj.weight"].any():
        raise older_version(path)


def share_parts(network: Any, transformer: Any) -> Any:
    """Let a control network look through a transformer's own embedders and refiners."""
    return ZImageControlNetModel.from_transformer(network, transformer)
