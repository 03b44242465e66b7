"""The operations of the fast path as one Triton kernel each."""

from __future__ import annotations

from typing import Any, Final

import torch
import triton

from bot.engine.backends.fused import kernels
from bot.engine.backends.fused.transformer_ops import (
    FLOAT8_LEAST,
    FLOAT8_MAX,
    Heads,
    Quantised,
    Rotation,
    Rows,
)

REVISION: Final = 2  # raised with every change of the fast path that may change an image's bits
_GATE_BLOCK: Final = 2048  # columns a program of the gate takes where nothing spans a row


class TritonTransformerOps:
    """The operations as one kernel each.

    Args:
        quantised: Whether `norm`, `add_norm`, `gate` and `rows` return 8-bit rows.

    """

    name: str = f"triton {triton.__version__}, kernels {REVISION}"

    def __init__(self, *, quantised: bool = False) -> None:
        """Remember what the rows are to be."""
        self._quantised = quantised

    def norm(self, x: torch.Tensor, scale: torch.Tensor, eps: float) -> Rows:
        """Return RMSNorm(x) * scale."""
        count, columns = x.shape
        rows, options = self._room(x, columns)
        kernels.norm[(count,)](
            x, scale, *_pointers(rows), columns, eps,
            BLOCK=triton.next_power_of_2(columns), num_warps=8, **options,
        )  # fmt: skip
        return rows

    def add_norm(
        self,
        x: torch.Tensor,
        y: torch.Tensor,
        gate: torch.Tensor | None,
        scale: torch.Tensor | None,
        eps: float,
    ) -> Rows | None:
        """Add `y`, or RMSNorm(y) * gate, to `x` in place; return RMSNorm(x) * scale of the sum."""
        count, columns = x.shape
        rows, options = (
            self._room(x, columns) if scale is not None else (x, self._options(quantised=False))
        )
        kernels.add_norm[(count,)](
            x, y, y if gate is None else gate, y if scale is None else scale,
            *_pointers(rows), columns, eps,
            BLOCK=triton.next_power_of_2(columns), GATED=gate is not None,
            NORMED=scale is not None, num_warps=8, **options,
        )  # fmt: skip
        return None if scale is None else rows

    def rotate(self, qkv: torch.Tensor, heads: Heads, rotation: Rotation) -> None:
        """Normalise each head of queries and keys and turn it by its position, in place."""
        count, columns = qkv.shape
        kernels.rotate[(count,)](
            qkv, heads.query_norm, heads.key_norm, rotation.cos, rotation.sin, columns, heads.eps,
            QUERIES=heads.query, KEYS=heads.key, SIZE=heads.size,
            HEADS=triton.next_power_of_2(heads.query + heads.key),
            PAIRS=triton.next_power_of_2(heads.size // 2),
            INTERLEAVED=rotation.is_interleaved, num_warps=8,
        )  # fmt: skip

    def gate(self, both: torch.Tensor) -> Rows:
        """Return silu(left half of the columns) * right half."""
        count, columns = len(both), both.shape[1] // 2
        rows, options = self._room(both, columns)
        block = triton.next_power_of_2(columns) if self._quantised else _GATE_BLOCK
        kernels.gate[(count, triton.cdiv(columns, block))](
            both, *_pointers(rows), columns, BLOCK=block,
            num_warps=16 if self._quantised else 8, **options,
        )  # fmt: skip
        return rows

    def rows(self, x: torch.Tensor) -> Rows:
        """Return what `linear` takes of plain rows."""
        if not self._quantised:
            return x
        count, columns = x.shape
        rows, _ = self._room(x, columns)
        kernels.quantise[(count,)](
            x, *_pointers(rows), columns,
            BLOCK=triton.next_power_of_2(columns), MAX=FLOAT8_MAX, LEAST=FLOAT8_LEAST, num_warps=8,
        )  # fmt: skip
        return rows

    def _room(self, like: torch.Tensor, columns: int) -> tuple[Rows, dict[str, Any]]:
        """Return unwritten rows, and the kernels' options for them."""
        shape, device = (len(like), columns), like.device
        if not self._quantised:
            return torch.empty(shape, dtype=like.dtype, device=device), self._options(
                quantised=False
            )
        rows = Quantised(
            values=torch.empty(shape, dtype=torch.float8_e4m3fn, device=device),
            scale=torch.empty((len(like), 1), dtype=torch.float32, device=device),
        )
        return rows, self._options(quantised=True)

    @staticmethod
    def _options(*, quantised: bool) -> dict[str, Any]:
        return {"QUANTISED": quantised, "MAX": FLOAT8_MAX, "LEAST": FLOAT8_LEAST}


def _pointers(rows: Rows) -> tuple[torch.Tensor, torch.Tensor]:
    return (rows.values, rows.scale) if isinstance(rows, Quantised) else (rows, rows)
