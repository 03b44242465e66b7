"""The simulated Discord's time, which tests may move, and the wish to know of every change."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from typing import TypeVar

from simcord._clock import Clock

Found = TypeVar("Found")

PATIENCE_S = 60.0  # how long a test waits for what must come; only a failure takes so long


class MovableClock(Clock):
    """The real time of day, plus as much as tests have moved it on."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead_s = 0.0
        self._began = time.monotonic()
        self._epoch = dt.datetime.now(dt.UTC)

    @property
    def elapsed(self) -> float:
        """Seconds since the server began, as it sees them."""
        return time.monotonic() - self._began + self._ahead_s

    @elapsed.setter
    def elapsed(self, seconds: float) -> None:
        """Take simcord's first value, zero; time passes by itself."""

    def now(self) -> dt.datetime:
        return self._epoch + dt.timedelta(seconds=self.elapsed)

    def advance(self, seconds: float) -> None:
        self._ahead_s += seconds


class Changes:
    """Wake whoever waits for something to become true, after everything that could make it so."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def notify(self) -> None:
        """Say that something has changed; on the event loop only."""
        changed, self._next = self._next, asyncio.Event()
        changed.set()

    async def until(
        self,
        look: Callable[[], Found],
        *,
        timeout_s: float = PATIENCE_S,
        what: str = "what was waited for",
    ) -> Found:
        """Return the first true thing that `look` finds.

        Raises:
            TimeoutError: It did not come within `timeout_s` real seconds.

        """
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := look()):
                    await self._next.wait()
        except TimeoutError:
            raise TimeoutError(f"{what} did not come within {timeout_s:g} s") from None
        return found

    async def within(self, timeout_s: float) -> None:
        """Wait for the next change, or for some real seconds."""
        try:
            async with asyncio.timeout(max(timeout_s, 0.0)):
                await self._next.wait()
        except TimeoutError:
            return
