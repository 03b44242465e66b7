"""Whether two images are the same, how much they differ if not, and what may explain it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

# What may differ between two runs of one request, by the name it is recorded under.
COMPARED: Final = (
    "model", "revision", "model_files", "loras", "dtype", "device", "cpu_threads",
    "cpu_instructions", "path", "attention", "kernels", "compilation", "autotuning",
    "quantization", "vae_tiling", "torch", "cuda", "cudnn", "cublas_workspace", "diffusers",
    "transformers", "prompt_used", "noise", "num_inference_steps", "sigmas", "variety_noise",
    "cfg_normalization",
)  # fmt: skip
# What was not recorded while there was nothing else.
FIRST: Final[Mapping[str, object]] = {
    "path": "reference", "kernels": "torch", "loras": [], "compilation": None, "autotuning": False,
    "quantization": None, "vae_tiling": False, "variety_noise": None,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far apart two images of one size are, in levels of 0 .. 255.

    Attributes:
        psnr_db: Peak signal-to-noise ratio; infinite for identical images.

    """

    max: int
    mean: float
    psnr_db: float

    @property
    def is_none(self) -> bool:
        """Tell whether every pixel is the same."""
        return self.max == 0


@dataclass(frozen=True, kw_only=True)
class ConditionChange:
    """A condition that was recorded differently."""

    name: str
    before: object
    after: object


def compare(one: Image.Image, other: Image.Image) -> Difference | None:
    """Return how far apart two RGB images are; None where their sizes differ."""
    if one.size != other.size:
        return None
    apart = np.abs(
        np.asarray(one, dtype=np.int16) - np.asarray(other, dtype=np.int16)
    )  # (H, W, 3), 0 .. 255
    mean_square = float(np.square(apart, dtype=np.int32).mean(dtype=np.float64))
    return Difference(
        max=int(apart.max()),
        mean=float(apart.mean(dtype=np.float64)),
        psnr_db=10 * math.log10(255**2 / mean_square) if mean_square else math.inf,
    )


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> list[ConditionChange]:
    """Return the conditions that could explain a difference.

    What was not recorded yet when an image was made tells nothing.
    """
    old, new = {**FIRST, **before}, {**FIRST, **after}
    found = [
        ConditionChange(name=name, before=old[name], after=new.get(name))
        for name in COMPARED
        if name in old and old[name] != new.get(name)
    ]
    return [each for change in found for each in _by_file(change)]


def _by_file(change: ConditionChange) -> list[ConditionChange]:
    """Name the files of a model that differ, one by one."""
    old, new = change.before, change.after
    if change.name != "model_files" or not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return [change]
    return [
        ConditionChange(name=path, before=old.get(path), after=new.get(path))
        for path in sorted({*old, *new})
        if old.get(path) != new.get(path)
    ]
