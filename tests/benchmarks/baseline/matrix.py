"""How fast this machine multiplies matrices: the limit that a model's arithmetic is measured by."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import torch

# Rows, inner edge, columns: the two largest products of Z-Image-Turbo's block at 1024x1024, and
# squares, which suit the hardware best.
_GPU_SHAPES: Final = (
    (4160, 3840, 11520), (4160, 3840, 20480), (8192, 8192, 8192), (16384, 8192, 8192),
)  # fmt: skip
_CPU_SHAPES: Final = ((256, 336, 1008), (1024, 1024, 1024), (2048, 2048, 2048))
_ROUNDS: Final = 5
_ROUND_S: Final = 0.1  # seconds of work a round: longer than a clock's error, shorter than it heats


@dataclass(frozen=True, kw_only=True)
class MatrixRate:
    """The best that was reached.

    Attributes:
        flops: Floating-point operations a second; a product and its sum are two.
        shape: Rows, inner edge and columns of the product that reached it.
        dtype: Of its values.

    """

    flops: float
    shape: tuple[int, int, int]
    dtype: str


def matrix_rate(device: torch.device, dtype: torch.dtype) -> MatrixRate:
    """Multiply matrices of a few shapes for some seconds and return the best rate."""
    shapes = _GPU_SHAPES if device.type == "cuda" else _CPU_SHAPES
    flops, shape = max((_rate(shape, device, dtype), shape) for shape in shapes)
    return MatrixRate(flops=flops, shape=shape, dtype=str(dtype).removeprefix("torch."))


def _rate(shape: tuple[int, int, int], device: torch.device, dtype: torch.dtype) -> float:
    rows, inner, columns = shape
    left = torch.randn((rows, inner), device=device, dtype=dtype)
    right = torch.randn((columns, inner), device=device, dtype=dtype).T  # as a layer's weights lie
    out = torch.empty((rows, columns), device=device, dtype=dtype)
    once = _seconds(left, right, out, times=1)  # chooses and loads the kernel
    once = _seconds(left, right, out, times=1)
    times = max(1, round(_ROUND_S / once))
    best = min(_seconds(left, right, out, times=times) for _ in range(_ROUNDS))
    return 2 * rows * inner * columns * times / best


def _seconds(left: torch.Tensor, right: torch.Tensor, out: torch.Tensor, *, times: int) -> float:
    _wait(out.device)
    start = time.perf_counter()
    for _ in range(times):
        torch.mm(left, right, out=out)
    _wait(out.device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
