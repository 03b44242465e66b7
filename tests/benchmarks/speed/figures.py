"""The figures of a benchmark."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from bot.domain.requests import Size
from bot.errors import BotError

STAGES: Final = ("text", "denoise", "decode", "copy")  # of an image, in their order


class BenchError(BotError):
    """What was asked of the benchmark cannot be measured here."""


class Way(StrEnum):
    """What draws."""

    PLAIN = "plain"
    REFERENCE = "reference"
    FAST = "fast"
    FP8 = "fp8"
    INT8 = "int8"
    INT4 = "int4"

    @property
    def label(self) -> str:
        """Return what tables and pictures call it."""
        return {
            Way.PLAIN: "plain diffusers, 9 steps",
            Way.REFERENCE: "reference path, 8 steps",
            Way.FAST: "fast path, 8 steps",
            Way.FP8: "fast path in fp8, 8 steps",
            Way.INT8: "fast path in int8, 8 steps",
            Way.INT4: "fast path in int4, 8 steps",
        }[self]

    @property
    def precision(self) -> str:
        """Return the setting PRECISION that it takes."""
        return self.value if self in {Way.FP8, Way.INT8, Way.INT4} else "full"


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Measurements of one thing, in seconds."""

    median: float
    least: float
    most: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Sum up at least one value."""
        return cls(
            median=statistics.median(values), least=min(values), most=max(values), count=len(values)
        )


@dataclass(frozen=True, kw_only=True)
class ImageFigures:
    """One way at one size.

    Attributes:
        whole: From the prompt's string to RGB bytes on the host.
        stages: What of it each stage took.
        cpu: Seconds of CPU, of all threads, while it was drawn: where other programs share the
            machine, this is what two ways on a CPU can be compared by.
        encode: The PNG with its recipe, which is made beside the next image.
        flops: Floating-point operations of one image, as counted from the model's configuration.
        denoise_flops: Those of its forwards alone.

    """

    size: Size
    whole: Spread
    stages: Mapping[str, Spread]
    cpu: Spread
    encode: Spread
    flops: float
    denoise_flops: float


@dataclass(frozen=True, kw_only=True)
class WayFigures:
    """One way at all sizes.

    Attributes:
        images: In the order of the sizes.
        text_seen: The text stage of a prompt that was drawn before.
        conditions: What the first image's recipe says of how it was made.

    """

    images: Sequence[ImageFigures]
    text_seen: Spread
    conditions: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class StartFigures:
    """One start in a process of its own, in seconds and bytes.

    Attributes:
        is_cold: Whether no compiled kernel was on the disk.
        ready_s: From starting the process to its first image: Python, imports, loading, drawing.
        load_s: What of it loading the weights took.
        first_image_s: What of it drawing took.
        second_image_s: The next image of this size, with another prompt.
        peak_bytes: Of tensors on a GPU; of the whole process on a CPU.

    """

    way: Way
    is_cold: bool
    size: str
    ready_s: float
    load_s: float
    first_image_s: float
    second_image_s: float
    peak_bytes: int


@dataclass(frozen=True, kw_only=True)
class GpuActivity:
    """How much of a queue's time the GPU itself was idle, as its driver reports it.

    Attributes:
        images: How many were drawn while it was watched.
        idle_share: Of the time between the first and the last kernel, that in which none ran.
        waiting_share: The part of it in pauses of 50 microseconds or more: the GPU waits for the
            program. The rest are pauses from kernel to kernel.

    """

    images: int
    idle_share: float
    waiting_share: float


@dataclass(frozen=True, kw_only=True)
class QueueFigures:
    """Many jobs through the real service, queue, store and files.

    Attributes:
        name: What kind of jobs they were.
        images: How many, each a job of its own.
        drawing_s: From the start of the first drawing to the end of the last.
        stored_s: From the first wish to the last image handed over, its file and row on disk.
        gaps: From one image's arrival on the host to the next one's, less the seconds of the next
            one's stages, which on a GPU are the GPU's own: everything around the arithmetic.
        idle_share: All gaps over the time from the first arrival to the last.
        gpu: None without a GPU.

    """

    name: str
    images: int
    drawing_s: float
    stored_s: float
    gaps: Spread
    idle_share: float
    gpu: GpuActivity | None

    @property
    def images_per_minute(self) -> float:
        """Return the throughput of the drawing."""
        return 60 * self.images / self.drawing_s


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What it was measured on.

    Attributes:
        matrix_flops: The best matrix rate that was reached here, in operations a second.
        matrix_shape: Rows, inner edge and columns of the product that reached it.

    """

    device: str
    dtype: str
    model: str
    versions: Mapping[str, str | None]
    matrix_flops: float
    matrix_shape: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that was measured.

    Attributes:
        is_alternating: Whether plain diffusers and the other way drew in turns, both loaded.

    """

    machine: Machine
    repetitions: int
    is_alternating: bool = False
    ways: Mapping[Way, WayFigures] = field(default_factory=dict)
    starts: Sequence[StartFigures] = ()
    queues: Sequence[QueueFigures] = ()
