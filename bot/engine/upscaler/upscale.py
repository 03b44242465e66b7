"""A request's upscaling: which network, by which factor; and an image that is nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from bot.domain.drawing import Drawing, DrawTask, RawImage, Step
from bot.domain.requests import check_detail, factor_between
from bot.engine.conditions import machine_conditions, request_conditions
from bot.engine.hardware import choose_device, current, make_deterministic, threads
from bot.engine.memory import is_out_of_memory, out_of_memory_error
from bot.engine.protocol import OnStep
from bot.engine.timing import StageClock
from bot.engine.upscaler.upscaler import Upscaler, num_tiles
from bot.engine.upscaler.weights import UpscalerModel
from bot.errors import CancelledError


@dataclass(frozen=True, kw_only=True)
class Upscaling:
    """How the source of a task becomes as large as its result."""

    upscaler: Upscaler
    picture: RawImage
    factor: int
    model: UpscalerModel

    @classmethod
    def of(cls, task: DrawTask, upscaler: Upscaler) -> Upscaling:
        """Return that of a task.

        Raises:
            InvalidRequestError: Its result is not 2 or 4 times as large as its source, or too much
                of it would be drawn anew.

        """
        [picture] = task.inputs
        check_detail(task.request.strength)
        return cls(
            upscaler=upscaler,
            picture=picture,
            factor=factor_between(picture.width, picture.height, task.request.size),
            model=upscaler.model((task.match or {}).get("upscaler")),
        )

    @property
    def num_tiles(self) -> int:
        """Return how many tiles the source has."""
        return num_tiles(self.picture.height, self.picture.width)

    @property
    def conditions(self) -> Mapping[str, Any]:
        """Return what a recipe records of it."""
        return self.upscaler.conditions(self.model)

    def run(self, *, before: Callable[[], None], after: Callable[[], None]) -> RawImage:
        """Return the picture as large as the result; see `Upscaler.enlarge`."""
        return self.upscaler.enlarge(
            self.picture, self.factor, model=self.model, before_tile=before, after_tile=after
        )

    def conditions_alone(self, device: torch.device, task: DrawTask) -> dict[str, object]:
        """Return what decided the pixels of an image that no other model had a part in."""
        found = self.conditions
        return {
            "model": found["model"],
            "revision": found["package"],
            "dtype": found["dtype"],
            "prompt_used": "",  # nothing was read
            "upscaler": found,
            **request_conditions(task.request),
            **machine_conditions(device),
        }


def upscale_alone(
    task: DrawTask,
    *,
    device: str,
    cpu_threads: int = 0,
    on_step: OnStep | None = None,
    cancel: threading.Event | None = None,
) -> Drawing:
    """Upscale a picture without loading any other model.

    Raises:
        BotError: The weights are not installed, memory ran out, or `cancel` was set.

    """
    place = choose_device(device)
    make_deterministic()
    if cpu_threads:
        torch.set_num_threads(cpu_threads)
    upscaling, match = Upscaling.of(task, Upscaler(place)), task.match or {}
    done = 0

    def before() -> None:
        if cancel is not None and cancel.is_set():
            raise CancelledError("The image was cancelled while it was upscaled.")

    def after() -> None:
        nonlocal done
        done += 1
        if on_step is not None:
            on_step(Step(number=done, total=upscaling.num_tiles))

    with current(place), threads(place, match.get("cpu_threads")):
        clock = StageClock(place)
        try:
            image = upscaling.run(before=before, after=after)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise out_of_memory_error(place, what=str(task.request.size)) from error
        clock.ended("upscale")
        conditions = upscaling.conditions_alone(place, task)
        return Drawing(image=image, conditions=conditions, durations_s=clock.seconds())
