"""What one transformer block has beside its matrices: its norms and its modulation."""

from __future__ import annotations

from typing import Any, Final

import torch

from bot.engine.backends.fused.transformer_ops import Heads
from bot.engine.backends.fused.weights import vector

ROWS: Final = 4  # vectors that modulate a block: scale and gate of attention and feed-forward


class TransformerBlock:
    """What modulates and normalises one block; its matrices are elsewhere."""

    def __init__(self, block: Any) -> None:
        """Read what is small."""
        attention = block.attention
        self.source = block
        self.heads = Heads(
            query=attention.heads,
            key=attention.heads,
            size=attention.to_q.out_features // attention.heads,
            query_norm=vector(attention.norm_q.weight),
            key_norm=vector(attention.norm_k.weight),
            eps=attention.norm_q.eps,
        )
        self.eps = float(block.attention_norm1.eps)
        self.norms = [vector(norm.weight) for norm in _norms(block)]

    def reread(self) -> None:
        """Read weights that have changed, into the same places: graphs read them there."""
        attention = self.source.attention
        own = (*self.norms, self.heads.query_norm, self.heads.key_norm)
        new = (*_norms(self.source), attention.norm_q, attention.norm_k)
        for kept, norm in zip(own, new, strict=True):
            kept.copy_(norm.weight)

    def modulation(self, condition: torch.Tensor | None) -> torch.Tensor:
        """Return what the block's halves are scaled and gated by, norm weights included.

        Args:
            condition: (steps, 256); None for a block that nothing modulates.

        Returns:
            float32 (steps, ROWS, dim), or (1, ROWS, dim): scale and gate of the attention, then of
            the feed-forward part.

        """
        if condition is None:
            return torch.stack(self.norms)[None]
        scale1, gate1, scale2, gate2 = (
            self.source.adaLN_modulation(condition).float().chunk(4, dim=1)
        )  # (steps, dim) each
        first, second, third, fourth = self.norms
        return torch.stack(
            [
                first * (1 + scale1),
                second * gate1.tanh(),
                third * (1 + scale2),
                fourth * gate2.tanh(),
            ],
            dim=1,
        )


def _norms(block: Any) -> tuple[Any, ...]:
    return block.attention_norm1, block.attention_norm2, block.ffn_norm1, block.ffn_norm2
