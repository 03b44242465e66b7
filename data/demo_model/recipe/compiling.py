"""Compile the blocks of the training networks for the shapes they meet most."""

from __future__ import annotations

from collections.abc import Callable

import torch
from networks import Block, TextLayer
from torch import Tensor, nn


def compile_blocks(batch: int, tokens: set[int], *networks: nn.Module) -> None:
    """Compile the repeated blocks for batches of one size; rarer shapes run as they are.

    A shape takes ten seconds to compile, so it must be met often to be worth that.
    """
    torch._dynamo.config.recompile_limit = 64  # noqa: SLF001 - no public name
    for network in networks:
        for module in network.modules():
            if isinstance(module, (Block, TextLayer)):
                module.forward = _either(module.forward, batch, tokens)  # type: ignore[method-assign]


def _either(plain: Callable[..., Tensor], batch: int, tokens: set[int]) -> Callable[..., Tensor]:
    """Return a forward that is compiled for the usual shapes only."""
    fast = torch.compile(plain, dynamic=False)

    def forward(x: Tensor, *others: Tensor) -> Tensor:
        usual = x.shape[0] == batch and x.shape[1] in tokens
        return (fast if usual else plain)(x, *others)

    return forward
