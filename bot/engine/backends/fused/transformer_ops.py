"""What stands between matrix products, in plain torch: the definition, and without Triton all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses

FLOAT8_MAX: Final = 448.0  # of float8_e4m3fn
FLOAT8_LEAST: Final = 1e-12  # of a row's largest value: rows of zeros keep a scale


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """Rows in 8 bits.

    Attributes:
        values: float8_e4m3fn, (rows, columns).
        scale: float32, (rows, 1): what a row's values are to be multiplied by.

    """

    values: torch.Tensor
    scale: torch.Tensor


@dataclass(frozen=True, kw_only=True)
class Int4Weight:
    """A matrix in 4 bits, two values a byte; it is multiplied as plain values.

    Attributes:
        values: uint8, (rows, columns / 2): the left half of the columns in the low four bits.
        scale: (rows, groups, 1): what each group of columns is to be multiplied by.
        low: Likewise what is then added.

    """

    values: torch.Tensor
    scale: torch.Tensor
    low: torch.Tensor

    def plain(self) -> torch.Tensor:
        """Return the values (rows, columns) in the dtype of the scale."""
        both = torch.cat([self.values & 15, self.values >> 4], dim=1)
        groups = both.to(self.scale.dtype).view(*self.scale.shape[:2], -1)
        return groups.mul_(self.scale).add_(self.low).view(both.shape)


Rows = torch.Tensor | Quantised
Weight = Rows | Int4Weight


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """Rotary position embeddings.

    Attributes:
        cos: float32, (tokens, head size / 2).
        sin: likewise.
        is_interleaved: Whether neighbours are turned together; else the two halves of a head.

    """

    cos: torch.Tensor
    sin: torch.Tensor
    is_interleaved: bool


@dataclass(frozen=True, kw_only=True)
class Heads:
    """How the columns of a fused projection are to be read: queries, keys, values.

    Attributes:
        query: Number of query heads.
        key: Number of key heads, and of value heads.
        size: Values of a head.
        query_norm: float32, (size,): the weight of the queries' RMS norm.
        key_norm: Likewise of the keys'.
        eps: Of both norms.

    """

    query: int
    key: int
    size: int
    query_norm: torch.Tensor
    key_norm: torch.Tensor
    eps: float


class TransformerOps(Protocol):
    """The work between matrix products. Tensors are (tokens, columns) unless they say otherwise."""

    name: str

    def norm(self, x: torch.Tensor, scale: torch.Tensor, eps: float) -> Rows:
        """Return RMSNorm(x) * scale; `scale` is float32, (columns,)."""

    def add_norm(
        self,
        x: torch.Tensor,
        y: torch.Tensor,
        gate: torch.Tensor | None,
        scale: torch.Tensor | None,
        eps: float,
    ) -> Rows | None:
        """Add `y`, or RMSNorm(y) * gate, to `x` in place; return RMSNorm(x) * scale of the sum."""

    def rotate(self, qkv: torch.Tensor, heads: Heads, rotation: Rotation) -> None:
        """Normalise each head of queries and keys and turn it by its position, in place."""

    def gate(self, both: torch.Tensor) -> Rows:
        """Return silu(left half of the columns) * right half."""

    def rows(self, x: torch.Tensor) -> Rows:
        """Return what `linear` takes of plain rows."""


class TorchTransformerOps:
    """The operations as torch has them; float32 inside, whatever comes in."""

    name = "torch"

    def norm(self, x: torch.Tensor, scale: torch.Tensor, eps: float) -> torch.Tensor:
        """Return RMSNorm(x) * scale."""
        return F.rms_norm(x.float(), x.shape[-1:], scale, eps).to(x.dtype)

    def add_norm(
        self,
        x: torch.Tensor,
        y: torch.Tensor,
        gate: torch.Tensor | None,
        scale: torch.Tensor | None,
        eps: float,
    ) -> torch.Tensor | None:
        """Add `y`, or RMSNorm(y) * gate, to `x` in place; return RMSNorm(x) * scale of the sum."""
        added = y.float() if gate is None else F.rms_norm(y.float(), y.shape[-1:], gate, eps)
        x.copy_(x.float() + added)
        return None if scale is None else self.norm(x, scale, eps)

    def rotate(self, qkv: torch.Tensor, heads: Heads, rotation: Rotation) -> None:
        """Normalise each head of queries and keys and turn it by its position, in place."""
        parts = qkv.view(len(qkv), -1, heads.size)  # (tokens, heads of all three, size)
        cos, sin = rotation.cos[:, None], rotation.sin[:, None]  # (tokens, 1, size / 2)
        for part, weight in (
            (parts[:, : heads.query], heads.query_norm),
            (parts[:, heads.query : heads.query + heads.key], heads.key_norm),
        ):
            x = F.rms_norm(part.float(), (heads.size,), weight, heads.eps)
            if rotation.is_interleaved:
                first, second = x.view(*x.shape[:-1], -1, 2).unbind(-1)
                turned = torch.stack(
                    (first * cos - second * sin, first * sin + second * cos), dim=-1
                )
                part.copy_(turned.flatten(-2))
            else:
                first, second = x.chunk(2, dim=-1)
                part.copy_(
                    torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)
                )

    def gate(self, both: torch.Tensor) -> torch.Tensor:
        """Return silu(left half of the columns) * right half."""
        left, right = both.chunk(2, dim=-1)
        return (F.silu(left.float()) * right.float()).to(both.dtype)

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """Return the rows as they are."""
        return x


def linear(rows: Rows, weight: Weight) -> torch.Tensor:
    """Return rows @ weight.T; `weight` is (columns out, columns in), 8-bit where the rows are."""
    if isinstance(weight, Int4Weight):
        weight = weight.plain()
    if isinstance(rows, Quantised):
        assert isinstance(weight, Quantised)
        return torch._scaled_mm(  # noqa: SLF001 - the way to float8 in every torch we take
            rows.values,
            weight.values.t(),
            scale_a=rows.scale,
            scale_b=weight.scale.t(),
            out_dtype=torch.bfloat16,
            use_fast_accum=True,
        )
    assert isinstance(weight, torch.Tensor)
    return F.linear(rows, weight)


def quantise(x: torch.Tensor) -> Quantised:
    """Bring each row to 8 bits by its largest value."""
    values = x.float()
    scale = values.abs().amax(-1, keepdim=True).clamp(min=FLOAT8_LEAST) / FLOAT8_MAX
    return Quantised(values=(values / scale).to(torch.float8_e4m3fn), scale=scale)
