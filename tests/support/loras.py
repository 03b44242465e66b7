"""Small files as trainers write them, for tests of what is asked with LoRAs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

KOHYA = {
    "ss_tag_frequency": '{"10_neon": {"neon style": 12, "a cat": 3}}',
    "ss_base_model_version": "zimage",
    "ss_output_name": "Neon night",
}
LAYER = "diffusion_model.layers.0.attention.to_q"
STRENGTH = np.float32(0.05)  # seen, and far from noise
SIDE = 336  # of the demo model


def write_lora(
    folder: Path,
    name: str,
    metadata: Mapping[str, str] | None = None,
    *,
    seed: int = 0,
    layer: str = LAYER,
) -> str:
    """Write a file of rank 4 that fits the demo model, and return its SHA-256."""
    rng = np.random.default_rng(seed)
    path = folder / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {
        f"{layer}.lora_A.weight": rng.standard_normal((4, SIDE), dtype=np.float32),
        f"{layer}.lora_B.weight": STRENGTH * rng.standard_normal((SIDE, 4), dtype=np.float32),
    }
    save_file(weights, path, dict(metadata or {}))
    return hashlib.sha256(path.read_bytes()).hexdigest()
