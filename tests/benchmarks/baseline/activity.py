"""When the GPU computed and when it waited, as its own driver reports it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Self

import torch
from torch._C._autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

_WAITING_NS: Final = 50_000  # a pause this long is no longer one between two kernels of a drawing


@dataclass(frozen=True, kw_only=True)
class GpuActiveTime:
    """Seconds between the first and the last work of a GPU.

    Attributes:
        whole_s: All of them.
        idle_s: Those in which no kernel and no copy ran.
        waiting_s: Those of the idle ones that lie in pauses of 50 microseconds or more; the rest
            are the pauses from kernel to kernel.
        events: How many kernels and copies ran.

    """

    whole_s: float
    idle_s: float
    waiting_s: float
    events: int


class ActivityMeter:
    """Watches the GPU while its block runs.

    torch's profiler listens to the driver (CUPTI) for all threads of the process. It costs some
    time for every kernel, so the idle share found is, if anything, too large.
    """

    def __init__(self, device: torch.device) -> None:
        """Watch this GPU."""
        self._device = device

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._profile: Any = profile(activities=[ProfilerActivity.CUDA])
        self._profile.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening; waits for the GPU."""
        torch.cuda.synchronize(self._device)
        self._profile.stop()

    def activity(self) -> GpuActiveTime:
        """Return what was seen."""
        results = self._profile.profiler.kineto_results
        return measure(
            (event.start_ns(), event.start_ns() + event.duration_ns())
            for event in results.events()
            if event.device_type() == DeviceType.CUDA
        )


def measure(spans: Iterable[tuple[int, int]]) -> GpuActiveTime:
    """Return what spans of work (begin, end), in nanoseconds, leave idle; they may overlap.

    Raises:
        ValueError: There are none.

    """
    ordered = sorted(spans)
    if not ordered:
        raise ValueError("no work of the GPU was seen")
    idle = waiting = 0
    until = ordered[0][0]
    for begin, end in ordered:
        pause = max(0, begin - until)
        idle += pause
        waiting += pause if pause >= _WAITING_NS else 0
        until = max(until, end)
    return GpuActiveTime(
        whole_s=(until - ordered[0][0]) / 1e9,
        idle_s=idle / 1e9,
        waiting_s=waiting / 1e9,
        events=len(ordered),
    )
