"""One engine on one thread of its own, behind an asynchronous face, with a watch over it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, Self

from bot.domain.drawing import Drawing, RawImage, Step
from bot.domain.requests import ImageRequest, Size
from bot.engine import Engine
from bot.errors import BotError
from bot.execution.engine_thread import EngineHungError, EngineThread, NotBegunError

logger = logging.getLogger(__name__)

OnProgress = Callable[[int, int, RawImage | None], None]  # step, total, preview

PATIENCE_S: Final = 600.0  # a step of the full model takes minutes on a CPU, never this long
QUIET_S: Final = 1.0  # without a drawing, before the engine is warmed
GRACE_S: Final = 5.0  # for a drawing that was given up to notice its cancel


class Executor(Protocol):
    """Draw, wherever that happens."""

    async def draw(
        self,
        request: ImageRequest,
        *,
        like: Mapping[str, object] | None = None,
        cancel: threading.Event,
        on_progress: OnProgress,
        wants_preview: Callable[[], bool],
        on_begin: Callable[[], None] = lambda: None,
    ) -> Drawing:
        """Draw one image; behind those asked for before, so the next may be asked for early.

        Args:
            request: What to draw.
            like: The conditions another drawing was made under, to be kept to where that is
                possible.
            cancel: Set it to stop between two steps.
            on_progress: Called on the event loop after each step.
            wants_preview: Asked on the drawing thread after each step; a preview costs little,
                but not nothing.
            on_begin: Called on the drawing thread when its turn comes, with an engine there.

        Raises:
            EngineHungError: Nothing moves any more; only `restart` helps.
            NotBegunError: A drawing before this one broke the engine.

        """

    async def loaded(self) -> float:
        """Wait until the engine is ready and return how many seconds loading it took."""

    async def restart(self) -> None:
        """Replace the engine by a new one."""


class ThreadExecutor:
    """The engine of this process; loading, drawing and closing all happen on its one thread."""

    def __init__(
        self,
        engine_factory: Callable[[], Engine],
        *,
        patience_s: float = PATIENCE_S,
        usual_sizes: Sequence[Size] = (),
    ) -> None:
        """Remember how to make the engine, and how long a step may take.

        Args:
            engine_factory: Called on the engine's thread.
            patience_s: How long a step may take.
            usual_sizes: What the engine is warmed for while nobody waits.

        """
        self._factory = engine_factory
        self._patience_s = patience_s
        self._usual_sizes = usual_sizes
        self._asked = 0  # drawings so far
        self._asking = 0  # of them, those that are not done
        self._is_wanted = threading.Event()  # while there are any: whatever warms gives way
        self._thread = EngineThread()
        self._engine: Engine | None = None
        self._breaks = 0  # how often a drawing broke the engine or hung
        self._warmed: asyncio.Future[bool] | None = None  # the size that was begun last

    async def __aenter__(self) -> Self:
        """Begin loading, without waiting for it: the first job does."""
        self._begin()
        return self

    def _begin(self) -> None:
        self._warmed = None
        self._loading = asyncio.ensure_future(self._thread.run(self._load))
        self._warming = asyncio.ensure_future(self._warm_up())

    async def __aexit__(self, *_: object) -> None:
        """Let a drawing that runs come to its end, then give the memory back."""
        self._is_wanted.set()
        with contextlib.suppress(EngineHungError):  # it ends without its thread
            await self._given_way()
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

    async def draw(
        self,
        request: ImageRequest,
        *,
        like: Mapping[str, object] | None = None,
        cancel: threading.Event,
        on_progress: OnProgress,
        wants_preview: Callable[[], bool],
        on_begin: Callable[[], None] = lambda: None,
    ) -> Drawing:
        """Draw one image on the engine's thread; see `Executor`."""
        self._asked += 1
        self._asking += 1
        self._is_wanted.set()
        try:
            return await self._draw(
                request,
                like=like,
                cancel=cancel,
                on_progress=on_progress,
                wants_preview=wants_preview,
                on_begin=on_begin,
            )
        finally:
            self._asking -= 1
            if not self._asking:
                self._is_wanted.clear()

    async def _draw(
        self,
        request: ImageRequest,
        *,
        like: Mapping[str, object] | None,
        cancel: threading.Event,
        on_progress: OnProgress,
        wants_preview: Callable[[], bool],
        on_begin: Callable[[], None],
    ) -> Drawing:
        await self._loaded_if_it_can_be()
        await self._given_way()
        loop = asyncio.get_running_loop()
        watch, breaks = _Watch(), self._breaks

        def on_step(step: Step) -> None:
            watch.moved()
            preview = step.preview() if wants_preview() else None
            loop.call_soon_threadsafe(on_progress, step.number, step.total, preview)

        def draw() -> Drawing:
            if self._breaks != breaks:
                raise NotBegunError
            watch.moved()
            try:
                engine = self._load_engine()
                on_begin()
                return engine.generate(request, like=like, cancel=cancel, on_step=on_step)
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
        """Warm the engine for the usual sizes while nobody waits; a failure is only slower."""
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
        """Wait until nobody has asked for anything for a while: a queue that empties is busy."""
        asked = None
        while self._asking or asked != self._asked:
            asked = self._asked
            await asyncio.sleep(QUIET_S)

    def _warm(self, size: Size) -> bool:
        return self._engine is None or self._engine.warm(size, cancel=self._is_wanted)

    async def _given_way(self) -> None:
        """Wait until whatever warms has given way, between two steps; one that hangs never does."""
        thread, warmed = self._thread, self._warmed
        if warmed is None:
            return
        await asyncio.wait({warmed}, timeout=self._patience_s)
        if not warmed.done():
            logger.error("Warming did not end within %.0f s: giving it up", self._patience_s)
            thread.lose()
            raise self._hung("Warming the engine")

    async def _loaded_if_it_can_be(self) -> None:
        """Wait for the engine; a failure of before does not keep this job from trying."""
        with contextlib.suppress(Exception):  # told again, with its sentence, by the attempt
            await self.loaded()

    async def _give_up(self, drawing: asyncio.Future[Drawing], cancel: threading.Event) -> None:
        """Leave a drawing that makes no step; a thread cannot be stopped from outside."""
        logger.error("The engine made no step for %.0f s: giving it up", self._patience_s)
        self._breaks += 1
        cancel.set()
        await asyncio.wait({drawing}, timeout=GRACE_S)
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
        """Make and load the engine; a failure is tried again with the next job."""
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
    """How long a drawing has been silent; written by its thread, read by the loop.

    One that waits for its turn is not: whatever is before it is watched, too.
    """

    def __init__(self) -> None:
        self._last: float | None = None

    def moved(self) -> None:
        self._last = time.monotonic()

    @property
    def silence_s(self) -> float:
        return 0.0 if self._last is None else time.monotonic() - self._last
