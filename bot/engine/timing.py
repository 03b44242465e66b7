"""Seconds by stage, also on a GPU, and how far the CPU may run ahead of it."""

from __future__ import annotations

import itertools
import time
from collections import deque
from typing import Any, Final

import torch

_AHEAD: Final = 2  # steps asked for and not done: with one the GPU would wait between them


class StageClock:
    """Times the stages of one image, the first of which starts now.

    On a GPU their borders are CUDA events in its stream: a stage lasts from when the GPU reached
    its start to when it reached its end, including any wait for the CPU, and nothing has to be
    synchronised in between.
    """

    def __init__(self, device: torch.device) -> None:
        """Begin the first stage."""
        self._is_gpu = device.type == "cuda"
        self._names: list[str] = []
        self._marks: list[Any] = [self._mark()]

    def ended(self, stage: str) -> None:
        """Note that all work of a stage has been asked for; the next stage starts here."""
        self._names.append(stage)
        self._marks.append(self._mark())

    def seconds(self) -> dict[str, float]:
        """Wait for the GPU to finish the last stage; return the seconds of each."""
        if self._is_gpu:
            self._marks[-1].synchronize()
        pairs = itertools.pairwise(self._marks)
        return {
            name: before.elapsed_time(after) / 1000 if self._is_gpu else after - before
            for name, (before, after) in zip(self._names, pairs, strict=True)
        }

    def _mark(self) -> Any:
        if not self._is_gpu:
            return time.perf_counter()
        event: Any = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        return event


class StepPacer:
    """Keeps the CPU at most two steps ahead of a GPU.

    Asking for a step takes a thousandth of its time, so all of them would be asked for at once: a
    cancel would come too late for every one, and the progress shown would be that of the asking.
    """

    def __init__(self, device: torch.device) -> None:
        """Begin with no step asked for."""
        self._is_gpu = device.type == "cuda"
        self._events: deque[Any] = deque()

    def mark(self) -> None:
        """Note that all work of a step has been asked for."""
        if self._is_gpu:
            event: Any = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
            event.record()
            self._events.append(event)

    def wait(self) -> None:
        """Wait until another step may be asked for."""
        while len(self._events) >= _AHEAD:
            self._events.popleft().synchronize()
