"""Matrices in 8 bits, with their scales in the ways that files have them."""

from __future__ import annotations

import json
from typing import Final

from tests.support.later import imported_later
from tests.support.weight_formats.original import Weights

with imported_later():
    import torch

_MOST: Final = {"e4m3": 448.0, "e5m2": 57_344.0}
KINDS: Final = ("old", "header", "rows", "blocks", "plain", "layers", "bytes")
_BLOCK: Final = 16


def is_matrix(name: str, tensor: torch.Tensor) -> bool:
    """Tell whether a tensor is one that such files have in 8 bits."""
    return tensor.ndim == 2 and name.endswith(".weight") and "embed" not in name


def in_fp8(weights: Weights, kind: str, *, digits: str = "e4m3") -> tuple[Weights, dict[str, str]]:
    """Return tensors and metadata of a file in 8 bits, of one of `KINDS`."""
    dtype = {"e4m3": torch.float8_e4m3fn, "e5m2": torch.float8_e5m2}[digits]
    made: Weights = {}
    layers: dict[str, dict[str, object]] = {}
    for name, tensor in weights.items():
        if not is_matrix(name, tensor):
            made[name] = tensor
            continue
        scale = _scale(tensor.float(), kind, _MOST[digits])
        values = (tensor.float() / _spread(scale, tensor)).to(dtype)
        made[name] = values.view(torch.uint8) if kind == "bytes" else values
        layer = name.removesuffix(".weight")
        layers[layer] = {"format": f"float8_{digits}{'fn' if digits == 'e4m3' else ''}"}
        if kind != "plain":
            made[f"{layer}.{'scale_weight' if kind == 'old' else 'weight_scale'}"] = scale
            made[f"{layer}.{'scale_input' if kind == 'old' else 'input_scale'}"] = torch.ones(())
        if kind in {"layers", "bytes"}:
            made[f"{layer}.comfy_quant"] = torch.tensor(
                list(json.dumps(layers[layer]).encode()), dtype=torch.uint8
            )
    if kind == "old":
        made["scaled_fp8"] = torch.zeros(2, dtype=torch.float8_e4m3fn)
    written = {"format_version": "1.0", "layers": layers}
    return made, {"_quantization_metadata": json.dumps(written)} if kind == "header" else {}


def _scale(tensor: torch.Tensor, kind: str, most: float) -> torch.Tensor:
    if kind == "plain":
        return torch.ones(())
    if kind == "rows":
        return tensor.abs().amax(1) / most
    if kind == "blocks":
        rows, columns = (size // _BLOCK if size % _BLOCK == 0 else 1 for size in tensor.shape)
        parts = tensor.reshape(rows, tensor.shape[0] // rows, columns, tensor.shape[1] // columns)
        return parts.abs().amax((1, 3)) / most
    return tensor.abs().max() / most


def _spread(scale: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """Return a scale for each value."""
    if scale.ndim == 0:
        return scale
    if scale.ndim == 1:
        return scale[:, None]
    rows, columns = (of // size for of, size in zip(tensor.shape, scale.shape, strict=True))
    return scale.repeat_interleave(rows, 0).repeat_interleave(columns, 1)


def expected(weights: Weights, made: Weights, kind: str) -> Weights:
    """Return the plain tensors that a file's values stand for, in float32."""
    found: Weights = {}
    for name, tensor in weights.items():
        if not is_matrix(name, tensor):
            found[name] = tensor
            continue
        layer = name.removesuffix(".weight")
        values = made[name].view(torch.float8_e4m3fn) if kind == "bytes" else made[name]
        scale = made.get(f"{layer}.scale_weight", made.get(f"{layer}.weight_scale"))
        own = values.float()
        found[name] = own if scale is None else own * _spread(scale, own)
    return found
