"""What every engine can do, whatever it is made of, and its values as JSON."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import Protocol

from pydantic import ConfigDict, TypeAdapter

from bot.domain.drawing import Drawing, DrawTask, PreviewKind, Step
from bot.domain.requests import Size

OnStep = Callable[[Step], None]


class Engine(Protocol):
    """Draw images. Every method is called on one and the same thread."""

    def load(self) -> None:
        """Read the weights; calling it again does nothing."""

    def draw(
        self,
        task: DrawTask,
        *,
        on_step: OnStep | None = None,
        cancel: threading.Event | None = None,
    ) -> Drawing:
        """Draw one image.

        Args:
            task: What to draw.
            on_step: Called on this thread after every step.
            cancel: Checked between steps.

        """

    def warm(self, size: Size, *, cancel: threading.Event) -> bool:
        """Do in advance what only the first image of a size would wait for.

        Returns:
            False if `cancel` was set before it was done.

        """

    def close(self) -> None:
        """Give the memory back."""


class PreviewPace:
    """Decides, in an engine, after which steps a preview is made: it costs little, not nothing."""

    def __init__(self) -> None:
        self._job_id: str | None = None
        self._due_s = 0.0

    def is_due(self, task: DrawTask) -> bool:
        """Tell whether to make a preview now; if so, the next one is due after a pause."""
        if task.preview is PreviewKind.NONE:
            return False
        now_s = time.monotonic()
        is_new = task.job_id != self._job_id
        if not is_new and now_s < self._due_s:
            return False
        self._job_id, self._due_s = task.job_id, now_s + task.preview_every_s
        return not is_new or task.preview_every_s == 0


def to_json(value: DrawTask | Step | Drawing) -> bytes:
    """Write a value as JSON; pixels are base64."""
    return _adapter().dump_json(value)


def from_json(document: bytes) -> DrawTask | Step | Drawing:
    """Read a value back.

    Raises:
        pydantic.ValidationError: The document is none of them.

    """
    return _adapter().validate_json(document)


@functools.cache
def _adapter() -> TypeAdapter[DrawTask | Step | Drawing]:
    base64 = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    return TypeAdapter(DrawTask | Step | Drawing, config=base64)
