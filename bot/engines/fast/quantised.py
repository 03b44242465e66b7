"""Weights in 8 or 4 bits by torchao: less to hold and to copy, and other images.

Only the weights are in few bits; they are multiplied as bfloat16. Torchao's own compiled kernels
are not needed: 8 bits are a product and a scale, 4 bits torch's `_weight_int4pack_mm`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Final

import torch
from torch import nn

from bot.engines.fast.operations import Rows, quantise

GROUP: Final = 128  # values that share a scale in 4 bits

# A plain matrix (columns out, columns in) -> what `linear` takes in its place
Shrink = Callable[[torch.Tensor], Rows]


def choose_shrink(precision: str) -> Shrink | None:
    """Return what brings a matrix to a precision; None for full."""
    if precision == "full":
        return None
    if precision == "fp8":
        return quantise
    return _by_torchao(precision)


def description(precision: str) -> str | None:
    """Return what a recipe records of it."""
    if precision == "full":
        return None
    if precision == "fp8":
        return "float8_e4m3fn rows"
    what = "by row" if precision == "int8" else f"in groups of {GROUP}"
    return f"{precision} weights {what}, torchao {version('torchao')}"


def _by_torchao(precision: str) -> Shrink:
    os.environ.setdefault("TORCHAO_FORCE_SKIP_LOADING_SO_FILES", "1")
    from torchao.quantization import (  # noqa: PLC0415 - an optional package
        Int4WeightOnlyConfig,
        Int8WeightOnlyConfig,
        quantize_,
    )

    config: Any = (
        Int8WeightOnlyConfig(set_inductor_config=False)
        if precision == "int8"
        else Int4WeightOnlyConfig(
            group_size=GROUP, int4_packing_format="tile_packed_to_4d", set_inductor_config=False
        )
    )

    def shrink(matrix: torch.Tensor) -> torch.Tensor:
        rows, columns = matrix.shape
        layer = nn.Linear(columns, rows, bias=False, device="meta")
        layer.weight = nn.Parameter(matrix, requires_grad=False)
        quantize_(layer, config)
        return layer.weight.detach()

    return shrink
