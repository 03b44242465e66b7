"""Ctrl-C and SIGTERM: what they stop, and how."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final, NoReturn, TypeAlias

_Handler: TypeAlias = Callable[[int, FrameType | None], object]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class StoppedError(KeyboardInterrupt):
    """The process is to end; what is being written is removed on the way.

    Attributes:
        code: The exit code that shells expect: 128 and the number of the signal.

    """

    def __init__(self, number: int) -> None:
        """Keep the signal's number."""
        super().__init__(f"signal {number}")
        self.code = 128 + number


def stop_at_once() -> None:
    """Let both signals end the process, unless it was started to ignore them, as by `nohup`."""
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _leave)


@contextlib.contextmanager
def stopping_at_once() -> Iterator[None]:
    """Let both signals end the process here and now: nothing is written yet that could be halved.

    This is for imports. An exception in the middle of one is caught by some library, which then
    fails in its own words.
    """
    with _handled_by(_leave):
        yield


@contextlib.contextmanager
def stopping_in_order(*, patience_s: float = 5.0) -> Iterator[None]:
    """Let the first signal raise `StoppedError` in the main thread; a second one ends at once.

    Python drops an exception that is raised in a finaliser, so an alarm follows: the process ends
    `patience_s` seconds later if it has not come out of this by then.
    """

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        for each in _SIGNALS:
            signal.signal(each, _leave)
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, lambda *_: _leave(number, None))
            signal.setitimer(signal.ITIMER_REAL, patience_s)
        raise StoppedError(number)

    told, sys.unraisablehook = sys.unraisablehook, _quietly(sys.unraisablehook)
    try:
        with _handled_by(stop):
            yield
    finally:
        sys.unraisablehook = told
        if hasattr(signal, "SIGALRM"):
            signal.setitimer(signal.ITIMER_REAL, 0)


def _quietly(
    tell: Callable[[sys.UnraisableHookArgs], object],
) -> Callable[[sys.UnraisableHookArgs], object]:
    """Return a hook that ignores a signal in a finaliser and passes everything else on."""

    def hook(dropped: sys.UnraisableHookArgs, /) -> None:
        if not isinstance(dropped.exc_value, StoppedError):
            tell(dropped)

    return hook


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    try:
        os.write(2, b"Stopped.\n")
    finally:
        os._exit(128 + number)


@contextlib.contextmanager
def _handled_by(handler: _Handler) -> Iterator[None]:
    """Set a handler for those of both signals that end the process now, and put them back."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {each: signal.getsignal(each) for each in _SIGNALS}
    for number, now in before.items():
        if now not in (signal.SIG_IGN, None):
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, now in before.items():
            if now is not None:
                signal.signal(number, now)
