"""Files of control weights with random numbers, laid out like those that are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import torch
from diffusers.models.transformers.transformer_z_image import ZImageTransformer2DModel
from safetensors.torch import save_file

from bot.engine.control.file import ControlFile
from bot.engine.control.layout import ControlLayout

KINDS: Final = ("full", "lite", "v1")
_SPREAD: Final = 0.5  # of outputs: large enough that a map changes the picture


def layout_like(kind: str, transformer: ZImageTransformer2DModel) -> ControlLayout:
    """Return how such a network would be laid out for a transformer of any depth."""
    layers, refiners = len(transformer.layers), len(transformer.noise_refiner)
    count = {"full": max(1, layers // 2), "lite": max(1, layers // 10), "v1": max(1, layers // 5)}
    step = layers // count[kind]
    return ControlLayout(
        places=tuple(range(0, step * count[kind], step)),
        refiners=refiners,
        has_refiner_hints=kind != "v1" and refiners > 0,
        channels=16 if kind == "v1" else 33,
    )


def write_control(
    model: Path, path: Path, kind: str = "lite", *, seed: int = 0, device: str = "cpu"
) -> ControlFile:
    """Write weights for the model in a folder; the same seed gives the same ones."""
    config = json.loads((model / "transformer" / "config.json").read_text(encoding="utf-8"))
    with torch.device("meta"):
        transformer = ZImageTransformer2DModel.from_config(config)
    skeleton = layout_like(kind, transformer).skeleton(transformer)
    generator = torch.Generator(device).manual_seed(seed)
    weights = {}
    for name, each in skeleton.state_dict().items():
        values = torch.randn(each.shape, generator=generator, device=device)
        if each.ndim > 1:
            values *= _SPREAD * each.shape[1] ** -0.5
        else:
            values = 0.02 * values + float("norm" in name)
        weights[name] = values.to(torch.bfloat16).cpu()
    save_file(weights, path)
    return ControlFile(path=path, name=path.stem, fingerprint=f"random:{kind}:{seed}")
