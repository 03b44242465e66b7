"""Weights in 8 or 4 bits by torchao: less to hold and to copy, and other images.

Only the weights are in few bits; they are multiplied as plain values. Torchao's own compiled
kernels are not needed: 8 bits are a product and a scale, and 4 bits are made plain just before
their product. (Torch's own product of 4 bits, `_weight_int4pack_mm`, is made for a few rows; an
image has thousands.)
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final

import torch
from torch import nn

from bot.engine.backends.fused.transformer_ops import Int4Weight, Weight, quantise

GROUP: Final = 64  # values that share a scale in 4 bits, or fewer where the columns want it
_MOST: Final = 15  # of 4 bits

# A plain matrix (columns out, columns in) -> what `linear` takes in its place
Shrink = Callable[[torch.Tensor], Weight]


def choose_shrink(precision: str) -> Shrink | None:
    """Return what brings a matrix to a precision; None for full."""
    if precision == "full":
        return None
    if precision == "fp8":
        return quantise
    os.environ.setdefault("TORCHAO_FORCE_SKIP_LOADING_SO_FILES", "1")
    return _in_eight_bits() if precision == "int8" else _in_four_bits()


def description(precision: str) -> str | None:
    """Return what a recipe records of it."""
    if precision == "full":
        return None
    if precision == "fp8":
        return "float8_e4m3fn rows"
    what = "by row" if precision == "int8" else f"in groups of {GROUP}"
    return f"{precision} weights {what}, torchao {version('torchao')}"


def _in_eight_bits() -> Shrink:
    from torchao.quantization import Int8WeightOnlyConfig, quantize_  # noqa: PLC0415 - optional

    config: Any = Int8WeightOnlyConfig(set_inductor_config=False)

    def shrink(matrix: torch.Tensor) -> torch.Tensor:
        rows, columns = matrix.shape
        layer = nn.Linear(columns, rows, bias=False, device="meta")
        layer.weight = nn.Parameter(matrix, requires_grad=False)
        quantize_(layer, config)
        return layer.weight.detach()

    return shrink


def _in_four_bits() -> Shrink:
    from torchao.quantization import quant_primitives as torchao  # noqa: PLC0415 - optional

    def shrink(matrix: torch.Tensor) -> Int4Weight:
        rows, columns = matrix.shape
        block = (1, math.gcd(columns, GROUP))
        scale, zero = torchao.choose_qparams_affine(
            matrix, torchao.MappingType.ASYMMETRIC, block, torch.uint8, 0, _MOST,
            scale_dtype=torch.float32, zero_point_dtype=torch.float32,
        )  # fmt: skip
        # (rows, columns), 0 .. 15
        values = torchao.quantize_affine(matrix, block, scale, zero, torch.uint8, 0, _MOST)
        left, right = values.chunk(2, dim=1)
        return Int4Weight(
            values=left | right << 4,
            scale=scale.view(rows, -1, 1).to(matrix.dtype),
            low=(-zero * scale).view(rows, -1, 1).to(matrix.dtype),
        )

    return shrink
