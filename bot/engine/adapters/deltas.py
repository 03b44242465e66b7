"""From the tensors of a change to what they add to a weight, in float32."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch

from bot.engine.adapters.changes import Change, Method
from bot.engine.adapters.content import AdapterContent

_DTYPES: Final[Mapping[str, torch.dtype]] = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
}  # fmt: skip
_LEAST: Final = 1e-12  # of a row's length: a row of zeros stays one


def tensor_of(content: AdapterContent, key: str) -> torch.Tensor:
    """Return a tensor of a file, over its bytes in memory."""
    begin, end = content.places[key]
    raw, found = content.data[begin:end], content.tensors[key]
    dtype = _DTYPES[found.dtype]
    if begin % dtype.itemsize:
        raw = raw.copy()
    return torch.from_numpy(raw).view(dtype).view(found.shape)


class Delta:
    """A change with its tensors on a device: several weights may share a fused one's.

    Args:
        content: The file.
        change: Of a weight or bias.
        device: Where it is computed.

    """

    def __init__(self, content: AdapterContent, change: Change, device: torch.device) -> None:
        """Bring the tensors there."""
        self._change = change
        self._tensors = {
            role: tensor_of(content, key).to(device).float()
            for role, key in change.keys.items()
            if role != "alpha"
        }

    def of(self, parameter: str, clean: torch.Tensor) -> torch.Tensor:
        """Return what a scale of 1 adds to a parameter, float32 in its shape.

        Args:
            parameter: One of the change's.
            clean: The parameter as the model has it, float32 on the device.

        """
        rows = self._rows(parameter)
        added = self._plain(rows)
        if not self._change.is_dora:
            return added
        return _redirected(clean, added, self._magnitude(rows))

    def _rows(self, parameter: str) -> slice:
        i = self._change.parameters.index(parameter)
        start = sum(self._change.rows[:i])
        return slice(start, start + self._change.rows[i])

    def _plain(self, rows: slice) -> torch.Tensor:
        change, tensors = self._change, self._tensors
        if change.method is Method.DIFF:
            return tensors["diff"][rows]
        if change.method is Method.LORA:
            return (tensors["up"][rows] @ tensors["down"]).mul_(change.factor)
        one, two = self._side("w1"), self._side("w2")
        if change.method is Method.LOHA:
            return (one[rows] * two[rows]).mul_(change.factor)
        return torch.kron(one, two.contiguous())[rows].mul_(change.factor)

    def _side(self, which: str) -> torch.Tensor:
        """Return w1 or w2."""
        if which in self._tensors:
            return self._tensors[which]
        return self._tensors[f"{which}_a"] @ self._tensors[f"{which}_b"]

    def _magnitude(self, rows: slice) -> torch.Tensor:
        """Return the lengths that rows, (rows, 1), or columns, (1, columns), are to have."""
        found = self._tensors["magnitude"]
        if found.ndim == 1:
            found = found[:, None]
        is_by_row = len(found) == sum(self._change.rows)
        return found[rows] if is_by_row else found


def _redirected(clean: torch.Tensor, added: torch.Tensor, magnitude: torch.Tensor) -> torch.Tensor:
    """Return what DoRA adds: the changed weight's directions, each with a length of its own.

    The paper's definition (arXiv 2402.09353) on the clean weight. A scale of 1 is exactly that, and
    of another one the difference counts so much, so that 0 is the clean weight.
    """
    changed = clean + added
    dim = 1 if magnitude.shape == (len(changed), 1) else 0
    lengths = torch.linalg.vector_norm(changed, dim=dim, keepdim=True, dtype=torch.float64)
    # In float64, as it is nearly 1: what is added is the small rest of two large values.
    factor = magnitude.double() / lengths.clamp_(min=_LEAST)
    found: torch.Tensor = clean * (factor - 1).float() + added * factor.float()
    return found
