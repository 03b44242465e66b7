"""Linear layers side by side in one matrix, whose rows they go on sharing."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


def fused(*layers: nn.Linear) -> torch.Tensor:
    """Return the weights of layers as one (rows of all, columns) matrix; each layer keeps its rows.

    The layers' own weights become views of it, so that nothing is held twice.
    """
    whole = torch.cat([layer.weight.data for layer in layers])
    start = 0
    for layer in layers:
        rows = layer.weight.shape[0]
        layer.weight.data = whole[start : start + rows]
        start += rows
    return whole


def vector(parameter: torch.Tensor) -> torch.Tensor:
    """Return a parameter as float32 of its own."""
    return parameter.detach().float().contiguous()


def stacked(layers: Sequence[nn.Linear]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the weights (layers, out, in) and biases (layers, out) of equal layers."""
    weights = torch.stack([layer.weight.detach() for layer in layers])
    return weights, torch.stack([layer.bias.detach() for layer in layers])
