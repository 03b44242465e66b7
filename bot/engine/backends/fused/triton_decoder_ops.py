"""The work between the decoder's convolutions as one Triton kernel each."""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses
import triton
from torch import nn

from bot.engine.backends.fused import cell_kernels
from bot.engine.backends.fused.decoder_ops import DeferredAdd

_TILE: Final = 8192  # values a program holds at once: 32 a thread
_PARTS: Final = 1024  # programs that a norm's sums are split among: 8 a multiprocessor of an H100
_WIDEST: Final = 512  # channels of a head whose sums fit the registers
_ROOMY: Final = (9, 10)  # capabilities with the 192 KiB of shared memory that `attend` wants


class TritonDecoderOps:
    """The work between convolutions; see `DecoderOps`."""

    def __init__(self, device: torch.device) -> None:
        """Look whether a wide head fits the device: cards for games have half the room."""
        self._is_wide = torch.cuda.get_device_capability(device)[0] in _ROOMY

    def normalised(
        self, total: DeferredAdd, norm: nn.GroupNorm, *, silu: bool, kept: bool
    ) -> torch.Tensor:
        """Return the group norm of a sum, then silu where it is asked for."""
        x, bias = total.x, total.bias
        _, channels, height, width = x.shape
        groups, cells, rows = norm.num_groups, height * width, _rows(channels)
        tiles = triton.cdiv(cells, rows)
        each = max(1, tiles // _PARTS)
        parts = triton.cdiv(tiles, each)
        kept = kept and not total.is_whole
        if total.added is not None and not kept:
            raise ValueError("a residual that is not kept would be added only once")
        means, squares = torch.empty((2, parts, groups), dtype=torch.float32, device=x.device)
        scale, shift = torch.empty((2, channels), dtype=torch.float32, device=x.device)
        cell_kernels.group_parts[(parts,)](
            x, _or(total.added, x), _or(bias, x), means, squares, cells, each,
            CHANNELS=channels, GROUPS=groups, ROWS=rows, ADDED=total.added is not None,
            BIASED=bias is not None, KEPT=kept, num_warps=8,
        )  # fmt: skip
        is_pending = bias is not None and not kept
        cell_kernels.group_whole[(groups,)](
            means, squares, norm.weight, norm.bias, _or(bias, x), scale, shift,
            cells, parts, rows * each, norm.eps,
            CHANNELS=channels, GROUPS=groups, BLOCK=1024, BIASED=is_pending, num_warps=4,
        )  # fmt: skip
        out = torch.empty_like(x, memory_format=torch.channels_last)
        cell_kernels.scaled[(tiles,)](
            x, scale, shift, out, cells, CHANNELS=channels, ROWS=rows, SILU=silu, num_warps=8
        )
        return out

    def doubled(self, total: DeferredAdd) -> torch.Tensor:
        """Return the sum with each cell four times."""
        x = total.x
        _, channels, height, width = x.shape
        cells, rows = height * width, _rows(channels)
        out = torch.empty(
            (1, channels, 2 * height, 2 * width), dtype=x.dtype, device=x.device,
            memory_format=torch.channels_last,
        )  # fmt: skip
        cell_kernels.double[(triton.cdiv(cells, rows),)](
            x, _or(total.added, x), _or(total.bias, x), out, cells, width,
            CHANNELS=channels, ROWS=rows, ADDED=total.added is not None,
            BIASED=total.bias is not None, num_warps=8,
        )  # fmt: skip
        return out

    def attended(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Return the attention of one head."""
        cells, size = q.shape
        is_simple = size <= _WIDEST and size & (size - 1) == 0
        if not (self._is_wide and is_simple and q.dtype is torch.bfloat16):
            found: torch.Tensor = F.scaled_dot_product_attention(q[None], k[None], v[None])[0]
            return found
        out = torch.empty((cells, size), dtype=q.dtype, device=q.device)
        cell_kernels.attend[(triton.cdiv(cells, 64),)](
            q, k, v, out, cells, q.stride(0), math.log2(math.e) / math.sqrt(size),
            SIZE=size, QUERIES=64, KEYS=64, num_warps=8, num_stages=1,
        )  # fmt: skip
        return out


def _rows(channels: int) -> int:
    return max(1, _TILE // channels)


def _or(tensor: torch.Tensor | None, other: torch.Tensor) -> torch.Tensor:
    """Return a pointer for what a kernel is told not to read."""
    return other if tensor is None else tensor
