"""The standard streams, which a shell may have closed, or led to where nothing can be written."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import Final, TextIO

from bot.errors import BotError

# What stands in for a closed stream: reading and writing fail there instead of hitting a file that
# was opened later under the same number. Only what is said beside the results just vanishes.
_STAND_INS: Final = ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY))


class ResultLostError(BotError):
    """The result could not be written to the standard output."""


def mend_streams() -> None:
    """Give every closed stream a stand-in, and let no letter fail for a stream's encoding."""
    for number, mode in _STAND_INS:
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, mode), number)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def tell(result: str, *, kept: str = "") -> None:
    """Print a result, and see it through.

    Args:
        result: What was asked for.
        kept: What was done all the same, for the sentence that says that nobody was told.

    Raises:
        ResultLostError: It could not be written.

    """
    try:
        print(result, flush=True)  # noqa: T201 - this is where it is done
    except OSError as error:
        raise _lost(error, kept) from error


def say(sentence: str) -> None:
    """Print a line on the standard error, if it can be written."""
    try:
        print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - the same
    except OSError:
        _give_up(sys.stderr)


def _lost(error: OSError, kept: str) -> ResultLostError:
    """Return the error; without a sentence where a reader has enough, `| head` for example."""
    _give_up(sys.stdout)
    if isinstance(error, BrokenPipeError) and not kept:
        return ResultLostError("")
    is_closed = error.errno in (errno.EPIPE, errno.EBADF)
    reason = "it is closed" if is_closed else error.strerror or str(error)
    return ResultLostError(f"The standard output cannot be written: {reason}. {kept}".rstrip())


def _give_up(stream: TextIO) -> None:
    """Discard what a stream still holds; flushing it at exit would fail."""
    with contextlib.suppress(OSError, ValueError):  # no file has it where tests capture it
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
