"""What a slot is: a place where one image is drawn at a time, in this process or elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bot.domain.drawing import Drawing, DrawTask, Step
from bot.errors import EngineError


class EngineHungError(EngineError):
    """A drawing made no step for too long; its engine is lost."""


class NotBegunError(EngineError):
    """The engine broke before this drawing's turn came: nothing of it was done."""

    def __init__(self) -> None:
        super().__init__("The engine broke before this was begun.")


class Slot(Protocol):
    """Draw one image at a time, and hold the next ones in the order they were asked for.

    A task, its steps and its drawing are plain values: only they have to reach the engine.
    """

    async def draw(
        self,
        task: DrawTask,
        *,
        on_step: Callable[[Step], None],
        on_begin: Callable[[], None],
    ) -> Drawing:
        """Draw one image, after those that were asked for before.

        The task can be cancelled from the moment this is called.

        Args:
            task: What to draw.
            on_step: Called on the event loop after each step.
            on_begin: Called, on any thread, when its turn has come and before the engine sees it:
                an engine in this process can take the process down with it.

        Raises:
            CancelledError: It was cancelled.
            EngineHungError: Nothing moves any more; only `restart` helps.
            NotBegunError: A drawing before this one broke the engine.

        """

    def cancel(self, task_id: str) -> None:
        """Stop a task before its next step; one that is not here, or is done, is ignored."""

    async def loaded(self) -> float:
        """Wait until the engine is ready; return how many seconds loading took.

        Raises:
            BotError: It cannot be loaded.

        """

    async def restart(self) -> None:
        """Replace the engine by a new one.

        Raises:
            BotError: The new engine cannot be loaded.

        """
