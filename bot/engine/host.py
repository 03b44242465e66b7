"""Between host and device: copies through pinned memory that nobody waits for too early."""

from __future__ import annotations

from typing import Any

import torch

from bot.domain.drawing import RawImage
from bot.errors import BadImageError


class PixelTransfer:
    """Uint8 pixels (H, W, 3) on their way to the host.

    From a GPU they go into pinned memory, and the verdict on them travels along: the CPU goes on
    as soon as all of it is asked for, and one event tells that it is there.
    """

    def __init__(self, pixels: torch.Tensor, is_finite: torch.Tensor) -> None:
        """Ask for the copy.

        Args:
            pixels: On any device.
            is_finite: A bool on the same device: whether the values they were made from are
                numbers.

        """
        is_plain = (pixels == pixels[0, 0]).all()
        self._tensors = _asked(pixels, torch.stack([is_finite, is_plain]))
        self._event = _marked(pixels.device)

    def wait(self) -> RawImage:
        """Return the image, and refuse what is none.

        Raises:
            BadImageError: NaN, or one colour everywhere.

        """
        if self._event is not None:
            self._event.synchronize()
        pixels, verdicts = self._tensors
        if not verdicts[0]:
            raise BadImageError(
                "The model returned no picture (NaN): try another seed; if it happens again, set "
                "DTYPE=float32 or let the command `doctor` check the model's files."
            )
        if verdicts[1]:
            raise BadImageError("The model returned one single colour: try another seed.")
        return _image(pixels)


def to_device(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return a tensor of the host on a device; the CPU goes on while a GPU fetches it.

    From memory that is not pinned, the CPU would wait for all that was asked for before.
    """
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def to_host(pixels: torch.Tensor) -> RawImage:
    """Copy pixels (H, W, 3) to the host and wait for them; nothing is refused."""
    (there,) = _asked(pixels)
    event = _marked(pixels.device)
    if event is not None:
        event.synchronize()
    return _image(there)


def _asked(*tensors: torch.Tensor) -> list[torch.Tensor]:
    """Return tensors of the host that will hold these when the device comes to it."""
    if tensors[0].device.type != "cuda":
        return list(tensors)
    # torch keeps pinned blocks for the next ones of their size: only the first one is slow.
    return [
        torch.empty(each.shape, dtype=each.dtype, pin_memory=True).copy_(each, non_blocking=True)
        for each in tensors
    ]


def _marked(device: torch.device) -> Any:
    """Return an event behind all that was asked for; None where nothing is left to wait for."""
    if device.type != "cuda":
        return None
    event: Any = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
    event.record()
    return event


def _image(pixels: torch.Tensor) -> RawImage:
    height, width, _ = pixels.shape
    content: bytes = pixels.contiguous().numpy().tobytes()
    return RawImage(width=width, height=height, pixels=content)


def pixels_of(picture: RawImage) -> torch.Tensor:
    """Return the pixels of a picture, (H, W, 3) uint8."""
    values = torch.frombuffer(bytearray(picture.pixels), dtype=torch.uint8)
    return values.reshape(picture.height, picture.width, 3)
