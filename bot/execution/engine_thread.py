"""The thread that an engine lives on; calls it never gets to are refused."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.execution.slot import EngineHungError, NotBegunError

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True)
class _Call:
    """Work for the thread, and how to refuse it, on the event loop, if it is never begun."""

    work: Callable[[], None]
    refuse: Callable[[], None]


class EngineThread:
    """One thread that runs one call after the other.

    Not a `ThreadPoolExecutor`: Python waits for its threads when the program ends, so a hung engine
    would keep a process alive that has to go.
    """

    def __init__(self, name: str = "engine") -> None:
        """Start it."""
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self.is_lost = False
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call.work()

    async def run(self, call: Callable[[], _Result]) -> _Result:
        """Run a call on the thread, after those before it, and return its result."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Result] = loop.create_future()

        def answer(result: _Result | None, error: BaseException | None) -> None:
            if future.cancelled():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def work() -> None:
            try:
                result, error = call(), None
            except BaseException as raised:  # noqa: BLE001 - it is raised where `run` is awaited
                result, error = None, raised
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
                loop.call_soon_threadsafe(answer, result, error)

        if self.is_lost:
            raise EngineHungError("The engine hangs: the bot must be started again.")
        refuse = functools.partial(answer, None, NotBegunError())
        self._calls.put(_Call(work=work, refuse=refuse))
        return await future

    def lose(self) -> None:
        """Abandon the thread: it hangs in a call, and those behind it are refused."""
        self.is_lost = True
        with contextlib.suppress(queue.Empty):
            while (call := self._calls.get_nowait()) is not None:
                call.refuse()
        self._calls.put(None)

    def end(self) -> None:
        """Let the thread end once it has run all calls."""
        self._calls.put(None)
