"""The image after the one that is drawn: asked for early, so that the engine goes on by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from bot.domain.drawing import Drawing
from bot.execution.slot import NotBegunError, Slot
from bot.services.active_jobs import ActiveJob

Ask = Callable[[ActiveJob, int], Coroutine[Any, Any, Drawing]]  # for an image of a job, by place


@dataclass(frozen=True, kw_only=True)
class _Asked:
    active: ActiveJob
    index: int
    drawing: asyncio.Task[Drawing]


class Prefetcher:
    """At most one image, which waits in a slot behind the one that is drawn."""

    def __init__(self, slot: Slot, ask: Ask) -> None:
        """`ask` has an image drawn in the slot, behind those asked for before."""
        self._slot, self._ask = slot, ask
        self._asked: _Asked | None = None

    @property
    def active(self) -> ActiveJob | None:
        """Return the job that the image belongs to."""
        return None if self._asked is None else self._asked.active

    def ask(self, active: ActiveJob, index: int) -> None:
        """Ask for an image."""
        drawing = asyncio.create_task(self._ask(active, index), name=f"draw {active.job.id} ahead")
        self._asked = _Asked(active=active, index=index, drawing=drawing)

    async def take(self, active: ActiveJob, index: int) -> Drawing | None:
        """Wait for an image; None if it was not asked for, or never begun."""
        asked = self._asked
        if asked is None or asked.active is not active or asked.index != index:
            return None
        self._asked = None
        if active.image_index != index:  # else it is on its way already, and has been noted
            active.image_index, active.step_share = index, 0.0
        try:
            return await asked.drawing
        except NotBegunError:
            return None

    def drop(self, active: ActiveJob) -> None:
        """Call off the image, if it is of a job that is not drawn here any more."""
        asked = self._asked
        if asked is None or asked.active is not active:
            return
        self._asked = None
        self._slot.cancel(task_id(active, asked.index))
        asked.drawing.add_done_callback(_forget)


def task_id(active: ActiveJob, index: int) -> str:
    """Return the name, in every slot, of the task that draws an image of a job."""
    return f"{active.job.id}-{index}"


def _forget(drawing: asyncio.Task[Drawing]) -> None:
    """Take note of how a drawing ended that nobody waits for."""
    if not drawing.cancelled():
        drawing.exception()
