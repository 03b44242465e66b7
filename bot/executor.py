"""One engine on one thread of its own, behind an asynchronous face."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, Self

from bot.engines import Drawing, Engine, RawImage, Step
from bot.generation import GenerationRequest

OnProgress = Callable[[int, int, RawImage | None], None]  # step, total, preview


class Executor(Protocol):
    """Draw, wherever that happens."""

    async def draw(
        self,
        request: GenerationRequest,
        *,
        cancel: threading.Event,
        on_progress: OnProgress,
        wants_preview: Callable[[], bool],
    ) -> Drawing:
        """Draw one image.

        Args:
            request: What to draw.
            cancel: Set it to stop between two steps.
            on_progress: Called on the event loop after each step.
            wants_preview: Asked on the drawing thread after each step; a preview costs little,
                but not nothing.

        """


class ThreadExecutor:
    """The engine of this process; loading, drawing and closing all happen on its one thread."""

    def __init__(self, engine_factory: Callable[[], Engine]) -> None:
        """Remember how to make the engine."""
        self._factory = engine_factory
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._engine: Engine | None = None

    async def __aenter__(self) -> Self:
        """Begin loading, without waiting for it: the first job does."""
        self._loading = asyncio.get_running_loop().run_in_executor(self._threads, self._load)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let a drawing that runs come to its end, then give the memory back."""
        await asyncio.gather(self._loading, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._threads, self._close)
        self._threads.shutdown()

    async def loaded(self) -> None:
        """Wait until the engine is ready.

        Raises:
            BotError: It cannot be loaded.

        """
        await asyncio.shield(self._loading)

    async def draw(
        self,
        request: GenerationRequest,
        *,
        cancel: threading.Event,
        on_progress: OnProgress,
        wants_preview: Callable[[], bool],
    ) -> Drawing:
        """Draw one image on the engine's thread; see `Executor`."""
        loop = asyncio.get_running_loop()

        def on_step(step: Step) -> None:
            preview = step.preview() if wants_preview() else None
            loop.call_soon_threadsafe(on_progress, step.number, step.total, preview)

        def draw() -> Drawing:
            return self._load().generate(request, cancel=cancel, on_step=on_step)

        return await loop.run_in_executor(self._threads, draw)

    def _load(self) -> Engine:
        """Make and load the engine; a failure is tried again with the next job."""
        if self._engine is None:
            engine = self._factory()
            engine.load()
            self._engine = engine
        return self._engine

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None
