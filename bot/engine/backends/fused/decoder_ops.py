"""What stands between the decoder's convolutions, in plain torch: the definition.

Convolutions leave their bias out; it is added by whoever reads their output next, in the same pass
over memory. So is a residual.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses
from torch import nn


@dataclass(frozen=True, kw_only=True)
class DeferredAdd:
    """Cells that nobody has added up yet.

    Attributes:
        x: (1, channels, height, width), channels last.
        added: Likewise.
        bias: (channels,).

    """

    x: torch.Tensor
    added: torch.Tensor | None = None
    bias: torch.Tensor | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether there is nothing to add."""
        return self.added is None and self.bias is None


class DecoderOps(Protocol):
    """The work between convolutions."""

    def normalised(
        self, total: DeferredAdd, norm: nn.GroupNorm, *, silu: bool, kept: bool
    ) -> torch.Tensor:
        """Return the group norm of a sum, then silu where it is asked for.

        Args:
            total: What is normalised.
            norm: Channels and groups must be powers of two.
            silu: Whether silu follows.
            kept: Whether `total.x` is to be the sum afterwards.

        """

    def doubled(self, total: DeferredAdd) -> torch.Tensor:
        """Return the sum with each cell four times: (1, channels, 2 * height, 2 * width)."""

    def attended(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Return the attention of one head, (cells, channels) of (cells, channels) each."""


class TorchDecoderOps:
    """The work as torch has it."""

    def normalised(
        self, total: DeferredAdd, norm: nn.GroupNorm, *, silu: bool, kept: bool
    ) -> torch.Tensor:
        """Return the group norm of a sum, then silu where it is asked for."""
        x = _whole(total)
        if kept and x is not total.x:
            total.x.copy_(x)
        found = F.group_norm(x, norm.num_groups, norm.weight, norm.bias, norm.eps)
        return F.silu(found) if silu else found

    def doubled(self, total: DeferredAdd) -> torch.Tensor:
        """Return the sum with each cell four times."""
        return F.interpolate(_whole(total), scale_factor=2.0, mode="nearest")

    def attended(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """Return the attention of one head."""
        found: torch.Tensor = F.scaled_dot_product_attention(q[None], k[None], v[None])[0]
        return found


def _whole(total: DeferredAdd) -> torch.Tensor:
    x = total.x
    if total.added is not None:
        x = x + total.added
    if total.bias is not None:
        x = x + total.bias[None, :, None, None].to(x.dtype)
    return x
