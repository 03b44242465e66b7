"""What an engine is given and what it returns: tasks, steps and drawings.

All of them are plain values, so that an engine may live in another process or on another machine:
they can be pickled, and `bot.engine.protocol` writes and reads them as JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import uuid4

from bot.domain.requests import ImageRequest


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


class PreviewKind(StrEnum):
    """What a step shows of the image to come."""

    NONE = "none"
    SMALL = "small"  # an eighth of the image's size, almost for free
    FULL = "full"  # the image's own size, through the decoder


@dataclass(frozen=True, kw_only=True)
class DrawTask:
    """One image to draw; everything an engine is told about it.

    Attributes:
        id: Names the task when it is cancelled.
        job_id: Tasks of one job share the pace of their previews.
        inputs: The pictures of the request's operation, in its order.
        match: Conditions of an earlier drawing, to be met as far as the engine can.
        preview: What steps show; it never changes the image.
        preview_every_s: Seconds between previews, and before a job's first one; 0 shows every step.

    """

    request: ImageRequest
    id: str = field(default_factory=lambda: uuid4().hex)
    job_id: str = ""
    inputs: tuple[RawImage, ...] = ()
    match: Mapping[str, object] | None = None
    preview: PreviewKind = PreviewKind.NONE
    preview_every_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """Progress: one denoising step is done.

    Attributes:
        number: 1 .. total.
        preview: An estimate of the finished image, if one was wanted and due.

    """

    number: int
    total: int
    preview: RawImage | None = None


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A finished image and what is known of its making.

    Attributes:
        conditions: What, beside the request, decided the pixels: dtype, device, attention,
            versions ... as JSON values.
        durations_s: Seconds by stage: `adapters` (where weights had to be changed), `text`,
            `encode` (of pictures), `denoise`, `decode`, `copy` (to the host).
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
