"""A slot in this process: an engine on a thread of its own, with a watch over it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Self

from bot.domain.drawing import Drawing, DrawTask, Step
from bot.domain.requests import Size
from bot.engine import Engine
from bot.errors import BotError, CancelledError
from bot.execution.engine_thread import EngineThread
from bot.execution.slot import EngineHungError, NotBegunError

logger = logging.getLogger(__name__)

PATIENCE_S: Final = 600.0  # a step of the full model takes minutes on a CPU, never this long
GRACE_S: Final = 5.0
QUIET_S: Final = 1.0


class ThreadSlot:
    """A slot whose engine is loaded, drawn with and closed on one thread of this process."""

    def __init__(
        self,
        engine_factory: Callable[[], Engine],
        *,
        patience_s: float = PATIENCE_S,
        grace_s: float = GRACE_S,
        quiet_s: float = QUIET_S,
        usual_sizes: Sequence[Size] = (),
    ) -> None:
        """Make a slot; `async with` starts it.

        Args:
            engine_factory: Called on the engine's thread.
            patience_s: How long a step may take.
            grace_s: How long a drawing that was given up may take to notice its cancel.
            quiet_s: How long nobody must have asked for anything before the engine is warmed.
            usual_sizes: Sizes that the engine is warmed for.

        """
        self._factory = engine_factory
        self._patience_s, self._grace_s, self._quiet_s = patience_s, grace_s, quiet_s
        self._usual_sizes = usual_sizes
        self._cancels: dict[str, threading.Event] = {}  # of the tasks that are here, by their id
        self._asked = 0  # tasks so far
        self._is_wanted = threading.Event()  # while any task is here: a warm-up yields to it
        self._thread = EngineThread()
        self._engine: Engine | None = None
        self._breaks = 0  # how often a drawing broke the engine or hung
        self._warmed: asyncio.Future[bool] | None = None  # the size that was begun last

    async def __aenter__(self) -> Self:
        """Start loading; the first task waits for it."""
        self._begin()
        return self

    def _begin(self) -> None:
        self._warmed = None
        self._loading = asyncio.ensure_future(self._thread.run(self._load))
        self._warming = asyncio.ensure_future(self._warm_up())

    async def __aexit__(self, *_: object) -> None:
        """Wait for the drawing that runs, then free the engine's memory."""
        self._is_wanted.set()
        with contextlib.suppress(EngineHungError):  # then its thread is left behind
            await self._warm_up_yielded()
        self._warming.cancel()
        await asyncio.gather(self._loading, self._warming, return_exceptions=True)
        if not self._thread.is_lost:
            await self._thread.run(self._close)
        self._thread.end()

    async def loaded(self) -> float:
        """Wait until the engine is ready and return how many seconds loading it took.

        Raises:
            BotError: It cannot be loaded.

        """
        return await asyncio.shield(self._loading)

    async def restart(self) -> None:
        """Replace the engine by a new one, on a new thread where the old one hangs.

        Raises:
            BotError: The new engine cannot be loaded.

        """
        self._warming.cancel()
        if self._thread.is_lost:
            self._thread, self._engine = EngineThread(), None
        else:
            await self._thread.run(self._close)
        self._begin()
        await self.loaded()

    def cancel(self, task_id: str) -> None:
        """Stop a task before its next step; see `Slot`."""
        if (cancel := self._cancels.get(task_id)) is not None:
            cancel.set()

    async def draw(
        self,
        task: DrawTask,
        *,
        on_step: Callable[[Step], None] = lambda _: None,
        on_begin: Callable[[], None] = lambda: None,
    ) -> Drawing:
        """Draw one image on the engine's thread; see `Slot`."""
        cancel = self._cancels[task.id] = threading.Event()
        self._asked += 1
        self._is_wanted.set()
        try:
            await self._loaded_if_it_can_be()
            await self._warm_up_yielded()
            return await self._draw(task, cancel, on_step, on_begin)
        finally:
            self._cancels.pop(task.id, None)
            if not self._cancels:
                self._is_wanted.clear()

    async def _draw(
        self,
        task: DrawTask,
        cancel: threading.Event,
        on_step: Callable[[Step], None],
        on_begin: Callable[[], None],
    ) -> Drawing:
        loop, watch, breaks = asyncio.get_running_loop(), _Watch(), self._breaks

        def report(step: Step) -> None:
            watch.moved()
            loop.call_soon_threadsafe(on_step, step)

        def draw() -> Drawing:
            if self._breaks != breaks:
                raise NotBegunError
            if cancel.is_set():
                raise CancelledError("The image was cancelled before it was begun.")
            watch.moved()
            try:
                engine = self._load_engine()
                on_begin()
                return engine.draw(task, on_step=report, cancel=cancel)
            except BotError:
                raise
            except BaseException:
                self._breaks += 1
                raise

        drawing = asyncio.ensure_future(self._thread.run(draw))
        while not drawing.done():
            await asyncio.wait({drawing}, timeout=self._patience_s - watch.silence_s)
            if not drawing.done() and watch.silence_s >= self._patience_s:
                await self._give_up(drawing, cancel)
        return drawing.result()

    async def _warm_up(self) -> None:
        """Warm the engine for the usual sizes while nobody waits; it can draw without."""
        await self._loaded_if_it_can_be()
        try:
            for size in self._usual_sizes:
                is_warm = False
                while not is_warm:
                    await self._quiet()
                    warm = functools.partial(self._warm, size)
                    self._warmed = asyncio.ensure_future(self._thread.run(warm))
                    is_warm = await self._warmed
        except Exception:
            logger.exception("Warming the engine stopped: first images of a size take longer")

    async def _quiet(self) -> None:
        """Wait until nothing has been asked for during a whole pause, not just between two jobs."""
        asked = None
        while self._cancels or asked != self._asked:
            asked = self._asked
            await asyncio.sleep(self._quiet_s)

    def _warm(self, size: Size) -> bool:
        return self._engine is None or self._engine.warm(size, cancel=self._is_wanted)

    async def _warm_up_yielded(self) -> None:
        """Wait for the warm-up to yield; raise EngineHungError if it does not."""
        thread, warmed = self._thread, self._warmed
        if warmed is None:
            return
        await asyncio.wait({warmed}, timeout=self._patience_s)
        if not warmed.done():
            logger.error("Warming did not end within %.0f s: giving it up", self._patience_s)
            thread.lose()
            raise self._hung("Warming the engine")

    async def _loaded_if_it_can_be(self) -> None:
        """Wait for the engine, whether it loads or not: the next task tries again."""
        with contextlib.suppress(Exception):  # that attempt raises it again, with its sentence
            await self.loaded()

    async def _give_up(self, drawing: asyncio.Future[Drawing], cancel: threading.Event) -> None:
        """Abandon a drawing that makes no step: a thread cannot be killed."""
        logger.error("The engine made no step for %.0f s: giving it up", self._patience_s)
        self._breaks += 1
        cancel.set()
        await asyncio.wait({drawing}, timeout=self._grace_s)
        if not drawing.done():
            self._thread.lose()
        raise self._hung("Drawing this")

    def _hung(self, what: str) -> EngineHungError:
        return EngineHungError(
            f"{what} made no progress for {self._patience_s:.0f} seconds, so it was stopped."
        )

    def _load(self) -> float:
        start = time.perf_counter()
        self._load_engine()
        return time.perf_counter() - start

    def _load_engine(self) -> Engine:
        """Make and load the engine, if there is none."""
        if self._engine is None:
            engine = self._factory()
            engine.load()
            self._engine = engine
        return self._engine

    def _close(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()


class _Watch:
    """Seconds since a drawing's last step; its thread writes, the event loop reads.

    Always 0 before the drawing's turn: the one before it has a watch of its own.
    """

    def __init__(self) -> None:
        self._last: float | None = None

    def moved(self) -> None:
        self._last = time.monotonic()

    @property
    def silence_s(self) -> float:
        return 0.0 if self._last is None else time.monotonic() - self._last
