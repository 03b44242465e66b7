"""What happens to databases on real disks, and the command that brings them back."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bot.storage.backups import make_backup
from tests.support.discord_server.bot_process import BotProcess
from tests.support.discord_server.openapi import ROOT

PAGE: Final = 4096  # bytes


def cut_header(path: Path) -> None:
    """Overwrite what tells SQLite that this is a database."""
    path.write_bytes(b"x" * 100 + path.read_bytes()[100:])


def tear(path: Path) -> None:
    """Overwrite pages in the middle."""
    content = bytearray(path.read_bytes())
    middle = len(content) // PAGE // 2 * PAGE
    content[middle : middle + 4 * PAGE] = b"\xff" * len(content[middle : middle + 4 * PAGE])
    path.write_bytes(content)


def empty(path: Path) -> None:
    """Leave a file of no bytes."""
    path.write_bytes(b"")


DAMAGES: Final[tuple[Callable[[Path], None], ...]] = (Path.unlink, empty, cut_header, tear)
LOSSES: Final = (Path.unlink, empty)  # which nobody can overlook


def damage(data: Path, dice: random.Random) -> str:
    """Damage the database of a bot that is not running; return how."""
    path = data / "bot.sqlite3"
    kind = dice.choice(DAMAGES)
    kind(path)
    keeps_log = dice.random() < 0.5
    if not keeps_log:
        for name in ("bot.sqlite3-wal", "bot.sqlite3-shm"):
            (data / name).unlink(missing_ok=True)
    return f"{kind.__name__}{', its log left' if keeps_log else ''}"


async def restore(data: Path) -> str:
    """Run `python -m bot restore`; return what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "restore", "--folder", str(data)),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=data.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    said = output.decode(errors="replace")
    assert process.returncode == 0, said
    return said


async def damage_and_restore(bot: BotProcess, dice: random.Random) -> str:
    """Damage the database, see that a lost one is not taken for new, and restore it.

    Returns:
        What was done and what the command said, for the log.

    """
    data = bot.data_dir
    kind = damage(data, dice)
    path = data / "bot.sqlite3"
    if not path.exists() or path.stat().st_size == 0:
        await bot.start(wait=False)
        await bot.ended()
        assert "`python -m bot restore" in bot.log.rsplit(f"[{bot.name}]", 2)[-1], bot.log[-2000:]
    return f"Damaged ({kind}):\n{await restore(data)}"


def keep_copy(data: Path) -> None:
    """Make a copy of the database, as the bot does each day."""
    make_backup(data / "bot.sqlite3", data / "backups")
