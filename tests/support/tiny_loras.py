"""Small LoRA files for any model of this architecture, whose numbers are drawn at random."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

RANK: Final = 2
SIZE_OF_CHANGE: Final = 0.2  # standard deviation: enough for other pixels, too little for noise
_TARGETS: Final = ("attention.to_q.weight", "attention.to_v.weight")


def write_lora(model: Path, path: Path, *, seed: int) -> str:
    """Write a file in diffusers' format that changes two matrices of each layer.

    Args:
        model: The folder of the model.
        path: Where the file goes.
        seed: Of its numbers.

    Returns:
        Its SHA-256.

    """
    numbers = np.random.default_rng(seed)
    tensors = {}
    for name, (rows, columns) in sorted(_matrices(model / "transformer")):
        layer = f"transformer.{name.removesuffix('.weight')}"
        for part, shape in (("lora_A", (RANK, columns)), ("lora_B", (rows, RANK))):
            values = numbers.normal(scale=SIZE_OF_CHANGE, size=shape)
            tensors[f"{layer}.{part}.weight"] = values.astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _matrices(transformer: Path) -> Iterator[tuple[str, list[int]]]:
    """Yield the names and shapes of the matrices that are changed."""
    for file in sorted(transformer.glob("*.safetensors")):
        with safe_open(file, framework="np") as weights:
            for name in weights.keys():  # noqa: SIM118 - it is no mapping
                if name.startswith("layers.") and name.endswith(_TARGETS):
                    yield name, weights.get_slice(name).get_shape()
