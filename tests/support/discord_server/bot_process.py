"""The bot as a process of its own: started, killed, started again with the same data."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.databases import lay_database
from tests.support.discord_server import process_forker
from tests.support.discord_server.clock import PATIENCE_S, Changes
from tests.support.discord_server.launch import READY_LINE, RESUMED_LINE
from tests.support.discord_server.openapi import ROOT
from tests.support.discord_server.process_forker import Child
from tests.support.discord_server.server import DiscordServer

ENDS_WITHIN_S = 30.0
LONGEST_LINE = 2**22  # bytes of one line of a log


@dataclass(kw_only=True)
class BotProcess:
    """One bot; every start is a new process with a number of its own.

    Attributes:
        data_dir: Its DATA_DIR, which all its starts share.
        engine: `stand-in` or `real`.
        seconds_per_forward: Of the stand-in engine.
        logs_drawings: Whether the stand-in engine notes what it begins with, and when.
        answers_in_haste: Whether later answers that hang are repeated after a second.
        environment: Further settings, by the names of `.env.example`.

    """

    server: DiscordServer
    data_dir: Path
    engine: str = "stand-in"
    seconds_per_forward: float = 0.0
    ready_after_s: float = 0.1
    heartbeat_timeout_s: float = 60.0
    answers_in_haste: bool = False
    logs_drawings: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    prefix: str = "bot"
    starts: int = 0
    lines: list[str] = field(default_factory=list)
    exit_codes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._process: asyncio.subprocess.Process | Child | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._marks: set[str] = set()
        self._changes: Changes = self.server.changes

    @property
    def name(self) -> str:
        """Which start this is, as the journal names it."""
        return f"{self.prefix}-{self.starts}"

    @property
    def log(self) -> str:
        """All starts' logs, one after the other."""
        return "\n".join(self.lines)

    def told(self, start: str) -> list[str]:
        """Return what the running one has told of itself in lines that begin so."""
        return [each.removeprefix(start) for each in self._marks if each.startswith(start)]

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self, *, wait: bool = True) -> None:
        """Start a process, and wait until it has handled READY."""
        assert not self.is_running
        self.starts += 1
        self._marks.clear()
        await lay_database(self.data_dir)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._process = await self._started()
        self._readers = [
            asyncio.create_task(self._read(stream), name=f"log of {self.name}")
            for stream in (self._process.stdout, self._process.stderr)
            if stream is not None
        ]
        self._readers.append(asyncio.create_task(self._notice_end(), name=f"end of {self.name}"))
        if wait:
            await self.ready()

    async def ready(self, *, jobs_taken_up: bool = False, timeout_s: float = PATIENCE_S) -> None:
        """Wait until READY has been handled, or also until left jobs have been taken up.

        Raises:
            AssertionError: The process ended before; its log is the message.
            TimeoutError: It did not come.

        """
        wanted = RESUMED_LINE if jobs_taken_up else READY_LINE
        await self._changes.until(
            lambda: wanted in self._marks or not self.is_running,
            timeout_s=timeout_s,
            what=f"{self.name} being ready",
        )
        assert wanted in self._marks, self.log

    async def kill(self) -> None:
        """End it with SIGKILL: nothing of it runs any more, nothing is tidied."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """Ask it to stop with SIGTERM, and return its exit code."""
        return await self._end(signal.SIGTERM)

    async def restart(self, *, wait: bool = True) -> None:
        """Kill it and start it again with the same data."""
        if self.is_running:
            await self.kill()
        await self.start(wait=wait)

    async def ended(self, *, timeout_s: float = ENDS_WITHIN_S) -> int:
        """Wait until it ends by itself, and return its exit code (negative: the signal)."""
        assert self._process is not None
        async with asyncio.timeout(timeout_s):
            code = await self._process.wait()
            await asyncio.gather(*self._readers)
        if self._readers:
            self._readers = []
            self.exit_codes.append(code)
        return code

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
        return await self.ended()

    async def _started(self) -> asyncio.subprocess.Process | Child:
        cwd, environment = self.data_dir.parent, self._environment()
        if self.engine == "stand-in" and process_forker.IS_THERE:
            return await process_forker.give_birth(
                self._arguments(), cwd=cwd, environment=environment, limit=LONGEST_LINE
            )
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.support.discord_server.launch", *self._arguments()),
            cwd=cwd,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )

    async def _notice_end(self) -> None:
        """Wake whoever waits: a process is known to have ended later than its output has."""
        assert self._process is not None
        await self._process.wait()
        self._changes.notify()

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while content := await stream.readline():
            line = content.decode(errors="replace").rstrip("\n")
            if line.startswith("wire: "):
                self._marks.add(line)
            else:
                self.lines.append(f"[{self.name}] {line}")
            self._changes.notify()
        self._changes.notify()

    def _arguments(self) -> list[str]:
        return [
            f"--address={self.server.address}",
            f"--name={self.name}",
            f"--engine={self.engine}",
            f"--seconds-per-forward={self.seconds_per_forward}",
            f"--ready-after={self.ready_after_s}",
            f"--heartbeat-timeout={self.heartbeat_timeout_s}",
            *(["--answers-in-haste"] if self.answers_in_haste else []),
            *(["--log-drawings"] if self.logs_drawings else []),
        ]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "DISCORD_TOKEN": self.server.token,
            "DATA_DIR": str(self.data_dir),
            "DEVICE": "cpu",
            **self.environment,
        }


@contextlib.asynccontextmanager
async def bot_process(bot: BotProcess) -> AsyncIterator[BotProcess]:
    """Start a bot, and leave nothing of it running."""
    try:
        await bot.start()
        yield bot
    finally:
        if bot.is_running:
            await bot.kill()
