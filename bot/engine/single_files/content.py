"""The values of a file's tensors, one at a time, with their scales applied."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import torch
from safetensors import safe_open

from bot.engine.single_files.files import SingleFile

_TYPES: Final[Mapping[str, torch.dtype]] = {
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}
_PIECE: Final = 2**20  # values of a GGUF matrix that are plain at once, in each of
_WORKERS: Final = 8  # threads


def bytes_of(file: SingleFile, name: str) -> bytes:
    """Return the bytes of a small tensor."""
    if file.is_gguf:
        return b""
    with safe_open(file.path, "pt") as content:
        return bytes(content.get_tensor(name).flatten().view(torch.uint8).tolist())


def read_tensor(
    file: SingleFile, name: str, dtype: torch.dtype, *, scale: str | None, stored: str
) -> torch.Tensor:
    """Return a tensor of a file in a dtype of ours.

    What is scaled or in few bits is computed in float32 and rounded once. `scale` is the name of
    the scale that belongs to it, `stored` the type that its bytes have.
    """
    if file.is_gguf:
        return _dequantised(file, name, dtype)
    with safe_open(file.path, "pt") as content:
        values = content.get_tensor(name)
        if stored in _TYPES:
            values = values.view(_TYPES[stored])
        if scale is not None:
            values = scaled(values, content.get_tensor(scale))
        own: torch.Tensor = values.to(dtype)  # where that is its own already, a view of the file
        return own


def scaled(values: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Return values times their scale, in float32.

    The scale is one number, one for each row, or one for each block of rows and columns.
    """
    factors = scale.float()
    if factors.numel() == 1:
        return values.float() * factors.reshape(())
    if factors.ndim == 1:
        factors = factors[:, None]
    rows, columns = factors.shape
    blocks = values.float().reshape(
        rows, values.shape[0] // rows, columns, values.shape[1] // columns
    )
    return (blocks * factors[:, None, :, None]).reshape(values.shape)


def _dequantised(file: SingleFile, name: str, dtype: torch.dtype) -> torch.Tensor:
    """Return what the format's own reference makes of a tensor.

    It computes in numpy, on one thread: here several pieces are at work at once.
    """
    from gguf import GGMLQuantizationType, quants  # noqa: PLC0415 - only where such a file is

    place = file.places[name]
    kind = GGMLQuantizationType[place.type]
    step = max(1, _PIECE // place.shape[-1]) * place.row_bytes

    def plain(begin: int) -> torch.Tensor:
        size = min(step, place.bytes - begin)
        stored = np.fromfile(file.path, np.uint8, size, offset=place.begin + begin)
        values = quants.dequantize(stored.reshape(-1, place.row_bytes), kind)
        return torch.from_numpy(values).to(dtype).flatten()

    with ThreadPoolExecutor(_WORKERS) as pool:
        pieces = list(pool.map(plain, range(0, place.bytes, step)))
    return torch.cat(pieces).reshape(file.tensors[name].shape)
