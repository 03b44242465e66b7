"""Pixels from the device to bytes on the host, with one wait for all of it."""

from __future__ import annotations

import torch

from bot.engines import RawImage
from bot.errors import BadImageError


def to_host(pixels: torch.Tensor, is_finite: torch.Tensor | None = None) -> RawImage:
    """Copy uint8 pixels (H, W, 3) to the host, and refuse what is no picture.

    From a GPU they go into pinned memory, without stopping the CPU at what was asked for before:
    the verdicts travel with them, and one event tells that all is there.

    Args:
        pixels: On any device.
        is_finite: A bool on the same device: whether the values they were made from are numbers.
            Without it, every picture is taken.

    Raises:
        BadImageError: NaN, or one colour everywhere.

    """
    height, width, _ = pixels.shape
    if is_finite is None:
        return RawImage(width=width, height=height, pixels=_bytes(_fetched(pixels)[0]))
    is_plain = (pixels == pixels[0, 0]).all()
    found, verdicts = _fetched(pixels, torch.stack([is_finite, is_plain]))
    if not verdicts[0]:
        raise BadImageError(
            "The model returned no picture (NaN): try another seed; if it happens again, set "
            "DTYPE=float32 or check the model's files with `python -m bot doctor`."
        )
    if verdicts[1]:
        raise BadImageError("The model returned one single colour: try another seed.")
    return RawImage(width=width, height=height, pixels=_bytes(found))


def _fetched(*tensors: torch.Tensor) -> list[torch.Tensor]:
    """Return the tensors on the host."""
    if tensors[0].device.type != "cuda":
        return list(tensors)
    # torch keeps pinned blocks for the next ones of their size: only the first one is slow.
    there = [
        torch.empty(each.shape, dtype=each.dtype, pin_memory=True).copy_(each, non_blocking=True)
        for each in tensors
    ]
    arrived = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
    arrived.record()
    arrived.synchronize()
    return there


def _bytes(pixels: torch.Tensor) -> bytes:
    found: bytes = pixels.contiguous().numpy().tobytes()
    return found
