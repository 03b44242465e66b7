"""Optimise by Muon where weights are matrices inside the network, by Adam elsewhere.

Muon replaces a matrix's momentum by the nearest orthogonal matrix (Jordan et al. 2024, with the
scale of Liu et al. 2025, so that one learning rate suits both kinds). Matrices of one shape are
orthogonalised in one batch. Gradients of several GPUs are averaged as one flat tensor.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # quintic, from Muon's authors
FUSED = {"qkv.weight": 3, "w13.weight": 2}  # projections that are several matrices in one


def orthogonal(matrices: Tensor) -> Tensor:
    """Return the orthogonal factors of (n, rows, columns), roughly, by Newton-Schulz steps."""
    a, b, c = NEWTON_SCHULZ
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.bfloat16()
    x = x.transpose(1, 2) if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.transpose(1, 2) if tall else x).float()


def matrices_of(name: str, parameter: nn.Parameter) -> list[Tensor]:
    """Return views of the separate matrices a weight holds; convolutions count as one."""
    parts = next((count for end, count in FUSED.items() if name.endswith(end)), 1)
    return list(parameter.data.chunk(parts))


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """One matrix that Muon updates: a whole weight, or one of the `parts` fused in it."""

    parameter: nn.Parameter
    number: int
    parts: int
    view: Tensor

    @property
    def gradient(self) -> Tensor:
        """Return its part of the weight's gradient."""
        whole = self.parameter.grad
        assert whole is not None  # each step uses every block
        return whole.chunk(self.parts)[self.number]


class Optimiser:
    """Muon and Adam behind one `step`, with an average of the weights over time."""

    def __init__(
        self, named: Iterable[tuple[str, nn.Parameter, float, bool]], average: float
    ) -> None:
        """Take `(name, parameter, learning rate, whether a Muon matrix)` and the average's decay."""
        listed = list(named)
        self.parameters: list[Tensor] = [parameter for _, parameter, _, _ in listed]
        self.average_decay, self.steps = average, 0
        self.average = [parameter.detach().clone() for parameter in self.parameters]
        self.groups: dict[tuple[int, int, float], list[Matrix]] = {}
        rates: dict[float, list[nn.Parameter]] = {}
        for name, parameter, rate, muon in listed:
            if not muon:
                rates.setdefault(rate, []).append(parameter)
                continue
            views = matrices_of(name, parameter)
            for number, view in enumerate(views):
                key = (view.shape[0], view[0].numel(), rate)
                matrix = Matrix(parameter=parameter, number=number, parts=len(views), view=view)
                self.groups.setdefault(key, []).append(matrix)
        device = self.parameters[0].device
        self.momenta = {
            key: torch.zeros(len(group), *key[:2], device=device)
            for key, group in self.groups.items()
        }
        self.adam = torch.optim.AdamW(
            [{"params": group, "lr": rate, "base": rate} for rate, group in rates.items()],
            betas=(0.9, 0.99),
            eps=1e-8,
            weight_decay=0.0,
            fused=device.type == "cuda",
        )

    def reduce(self) -> None:
        """Average the gradients over all GPUs."""
        if not dist.is_initialized():
            return
        grads = [p.grad if p.grad is not None else torch.zeros_like(p) for p in self.parameters]
        flat = torch._utils._flatten_dense_tensors(grads)  # noqa: SLF001 - what DDP uses
        dist.all_reduce(flat)  # a sum: not every backend knows the mean
        flat /= dist.get_world_size()
        averaged = torch._utils._unflatten_dense_tensors(flat, grads)  # noqa: SLF001
        for parameter, grad in zip(self.parameters, averaged, strict=True):
            parameter.grad = grad

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """Update by the gradients, all learning rates times `factor`; then clear them."""
        self.reduce()
        grads = [p.grad for p in self.parameters if p.grad is not None]
        torch.nn.utils.clip_grads_with_norm_(
            [p for p in self.parameters if p.grad is not None],
            1.0,
            torch.nn.utils.get_total_norm(grads),
        )
        for rated in self.adam.param_groups:
            rated["lr"] = rated["base"] * factor
        self.adam.step()
        for key, group in self.groups.items():
            self._muon(key, group, factor)
        self.adam.zero_grad(set_to_none=True)
        for parameter in self.parameters:
            parameter.grad = None
        self.steps += 1
        if dist.is_initialized() and self.steps % 500 == 0:
            self.agree()
        decay = min(self.average_decay, self.steps / (self.steps + 20))
        torch._foreach_lerp_(self.average, self.parameters, 1 - decay)

    def agree(self) -> None:
        """Copy the first GPU's weights to all, in case rounding has set them apart."""
        flat = torch._utils._flatten_dense_tensors(self.parameters)  # noqa: SLF001
        dist.broadcast(flat, 0)
        parts = torch._utils._unflatten_dense_tensors(flat, self.parameters)  # noqa: SLF001
        torch._foreach_copy_(self.parameters, parts)

    def _muon(self, key: tuple[int, int, float], group: list[Matrix], factor: float) -> None:
        """Update all matrices of one shape."""
        rows, columns, rate = key
        momentum = self.momenta[key]
        grads = torch.stack([matrix.gradient.reshape(rows, columns) for matrix in group])
        momentum.lerp_(grads, 0.05)
        update = orthogonal(grads.lerp_(momentum, 0.95))
        rate = rate * factor
        views = [matrix.view for matrix in group]
        steps = [part.view_as(view) for part, view in zip(update.unbind(), views, strict=True)]
        torch._foreach_mul_(views, 1 - rate * 0.1)
        torch._foreach_add_(views, steps, alpha=-rate * 0.2 * math.sqrt(max(rows, columns)))

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the weights with their average; calling it again undoes it."""
        for parameter, average in zip(self.parameters, self.average, strict=True):
            kept = parameter.detach().clone()
            parameter.copy_(average)
            average.copy_(kept)

    def state(self) -> dict[str, object]:
        """Return all that a resumed run needs."""
        return {
            "average": self.average,
            "momenta": list(self.momenta.values()),
            "adam": self.adam.state_dict(),
            "steps": self.steps,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        torch._foreach_copy_(self.average, state["average"])
        torch._foreach_copy_(list(self.momenta.values()), state["momenta"])
        self.adam.load_state_dict(state["adam"])
        self.steps = state["steps"]


def is_inner_matrix(name: str, parameter: nn.Parameter) -> bool:
    """Tell whether Muon should update a weight: matrices of blocks, not embeddings or norms."""
    inner = ("attention.qkv", "attention.out", "feed_forward.w")
    return parameter.ndim == 2 and any(part in name for part in inner)


def is_inner_convolution(name: str, parameter: nn.Parameter) -> bool:
    """Tell whether Muon should update a weight of the autoencoder: all but its ends."""
    return parameter.ndim >= 2 and not any(part in name for part in ("conv_in", "conv_out"))


def plateau(progress: float, warm: float, fall: float, last: float = 0.0) -> float:
    """Return a learning rate's factor: rise until `warm`, stay, fall from `fall` to `last`."""
    if progress < warm:
        return progress / warm
    if progress < fall:
        return 1.0
    return last + (1 - last) * max(0.0, 1 - (progress - fall) / (1 - fall))
