"""Start bots quickly: a process that has imported everything forks one for each start.

A bot's imports take most of the time it needs to start, and the tests start dozens. What a start is
stays the same: a process of its own, with its own arguments, environment, folder and output, which
can be killed. Only on Linux; elsewhere every bot is a new interpreter.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from bot.discord_ui.client import EXTENSIONS
from tests.support.demo_files import let_demo_files_be_known
from tests.support.discord_server import launch
from tests.support.discord_server.openapi import ROOT

IS_THERE = sys.platform == "linux"
LARGEST_ORDER = 2**20  # bytes


@dataclass(kw_only=True)
class Child:
    """A forked bot, with what tests use of `asyncio.subprocess.Process`."""

    pid: int
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader
    returncode: int | None = None

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal; the number of an ended process may be another's already."""
        if self.returncode is None:
            os.kill(self.pid, number)

    async def wait(self) -> int:
        """Return the exit code when it has ended (negative: the signal)."""
        return await asyncio.shield(self._ending)

    def watch(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the exit code from the nursery when it comes."""
        self._ending = asyncio.create_task(self._end(answers, writer), name=f"end of {self.pid}")

    async def _end(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        self.returncode = int(await answers.readline())
        writer.close()
        return self.returncode


async def give_birth(
    arguments: list[str], *, cwd: Path, environment: dict[str, str], limit: int
) -> Child:
    """Fork a process that runs `launch` with these arguments; `limit` is of a line it writes."""
    forker = await asyncio.to_thread(_forker)
    order = {"arguments": arguments, "cwd": str(cwd), "environment": environment}
    (out, out_end), (err, err_end) = os.pipe(), os.pipe()
    connection, its_end = socket.socketpair()
    with its_end:
        socket.send_fds(forker, [b"!"], [its_end.fileno(), out_end, err_end])
    os.close(out_end)
    os.close(err_end)
    connection.sendall(json.dumps(order).encode() + b"\n")
    answers, writer = await asyncio.open_unix_connection(sock=connection)
    pid = int(await answers.readline())
    child = Child(pid=pid, stdout=await _reader(out, limit), stderr=await _reader(err, limit))
    child.watch(answers, writer)
    return child


async def _reader(number: int, limit: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=limit)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(number, "rb", 0)
    )
    return reader


@functools.cache
def _forker() -> socket.socket:
    """Start the one nursery of this process and return what takes orders to it."""
    orders, its_end = socket.socketpair()  # closed when this process ends, however it does
    with its_end:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.support.discord_server.process_forker",
                str(its_end.fileno()),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
            pass_fds=[its_end.fileno()],
        )
    atexit.register(_close, process, orders)
    assert orders.recv(1) == b"!"
    return orders


def _close(process: subprocess.Popen[bytes], orders: socket.socket) -> None:
    orders.close()
    with process:
        process.kill()


def main(number: int) -> None:
    """Import what a bot imports, then fork for whoever asks, until nobody is left who could."""
    for name in (*EXTENSIONS, "_strptime"):
        importlib.import_module(name)
    let_demo_files_be_known()
    gc.freeze()  # no child looks through what was imported, or copies its pages
    signal.signal(signal.SIGCHLD, _reap)
    with socket.socket(fileno=number) as orders:
        orders.sendall(b"!")
        while True:
            content, (*numbers,), _, _ = socket.recv_fds(orders, 1, 3)
            if not content:
                return
            if os.fork() == 0:
                orders.close()
                _keep(socket.socket(fileno=numbers[0]), numbers[1:])
            for each in numbers:
                os.close(each)


def _reap(*_: object) -> None:
    """Bury the keepers that have ended; their seconds count among those of the tests."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _keep(connection: socket.socket, numbers: list[int]) -> NoReturn:
    """Fork a bot, wait for its end, and tell of both."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    order = b""
    while not order.endswith(b"\n"):
        order += connection.recv(LARGEST_ORDER)
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(json.loads(order), numbers)
    for number in numbers:
        os.close(number)
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(order: dict[str, Any], numbers: list[int]) -> NoReturn:
    """Run the bot as a new interpreter would."""
    for number, standard in zip(numbers, (1, 2), strict=True):
        os.dup2(number, standard)
        os.close(number)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv[1:] = order["arguments"]
    code = 1
    try:
        code = launch.main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(int(sys.argv[1]))
