"""What an engine makes: pixels, steps on the way to them, and the finished drawing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class RawImage:
    """Uncompressed pixels.

    Attributes:
        pixels: `height * width * 3` bytes, RGB, row by row.

    """

    width: int
    height: int
    pixels: bytes

    @property
    def pixel_sha256(self) -> str:
        """Return the SHA-256 of the pixels: what "the same image" means everywhere here.

        The bytes of a PNG depend on the zlib that wrote it; its pixels do not.
        """
        return hashlib.sha256(self.pixels).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Step:
    """One finished denoising step.

    Attributes:
        number: 1 .. total.
        total: How many steps the image has.
        preview: Call it, on the engine's thread and inside the callback only, for an estimate of
            the finished image at an eighth of its size, almost for free.
        estimate: The same in full size, through the VAE's decoder. Neither changes the image.

    """

    number: int
    total: int
    preview: Callable[[], RawImage]
    estimate: Callable[[], RawImage]


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A finished image and what is known of its making.

    Attributes:
        conditions: What, beside the request, decided the pixels: dtype, device, attention,
            versions ... as JSON values.
        durations_s: Seconds by stage: `text`, `denoise`, `decode`, `copy` (to the host).
        is_usual: Whether the engine drew as it does by itself: its time tells of other images.

    """

    image: RawImage
    conditions: Mapping[str, object]
    durations_s: Mapping[str, float] = field(default_factory=dict)
    is_usual: bool = True

    @property
    def duration_s(self) -> float:
        """Return the seconds of all stages together."""
        return sum(self.durations_s.values())
