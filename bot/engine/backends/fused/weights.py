"""A layer's matrices: linear layers side by side, whose rows they go on sharing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import nn
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from bot.engine.backends.fused.transformer_ops import Int4Weight, Quantised, Weight

Owners = Sequence[Sequence[nn.Linear]]  # of each matrix, the layers whose rows it holds


class Matrices(NamedTuple):
    """What one layer multiplies by, each (columns out, columns in)."""

    qkv: Weight
    out: Weight
    up: Weight
    down: Weight


def fused(*layers: nn.Linear) -> torch.Tensor:
    """Return the weights of layers as one (rows of all, columns) matrix; each layer keeps its rows.

    The layers' own weights become views of it, so that nothing is held twice.
    """
    weights = [layer.weight.data for layer in layers]
    whole = weights[0] if len(weights) == 1 else torch.cat(weights)
    share(whole, layers)
    return whole


def fused_layer(owners: Owners, shrink: Callable[[torch.Tensor], Weight] | None) -> Matrices:
    """Return a layer's matrices, in fewer bits where `shrink` makes them so.

    What is in fewer bits takes the place of the layers' own weights: two copies would not fit a
    small card.
    """
    made: list[Weight] = []
    for layers in owners:
        whole = fused(*layers)
        made.append(whole if shrink is None else shrink(whole))
        share(made[-1], layers)
    return Matrices(*made)


def share(whole: Weight, layers: Sequence[nn.Linear]) -> None:
    """Make the layers' weights views of a matrix; of one in few bits there are none."""
    start = 0
    for layer in layers:
        end = start + layer.out_features
        if isinstance(whole, Quantised | Int4Weight) or is_traceable_wrapper_subclass(whole):
            layer.weight.data = layer.weight.data.new_empty(0)
        else:
            layer.weight.data = whole[start:end]
        start = end


def taken_apart(
    weight: Weight,
) -> tuple[list[torch.Tensor], Callable[[Sequence[torch.Tensor]], Weight]]:
    """Return the plain tensors that a weight is made of, and what makes it of others like them."""
    if isinstance(weight, Quantised):
        return [weight.values, weight.scale], lambda parts: Quantised(
            values=parts[0], scale=parts[1]
        )
    if isinstance(weight, Int4Weight):
        return [weight.values, weight.scale, weight.low], lambda parts: Int4Weight(
            values=parts[0], scale=parts[1], low=parts[2]
        )
    if not is_traceable_wrapper_subclass(weight):
        return [weight], lambda parts: parts[0]
    names, context = weight.__tensor_flatten__()
    make, size, stride = type(weight).__tensor_unflatten__, weight.size(), weight.stride()
    return [getattr(weight, name) for name in names], lambda parts: make(
        dict(zip(names, parts, strict=True)), context, size, stride
    )


def vector(parameter: torch.Tensor) -> torch.Tensor:
    """Return a parameter as float32 of its own."""
    return parameter.detach().float().contiguous()
