"""Databases as earlier versions of the program left them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from bot.storage.database import Database

MIGRATIONS = Path(sys.modules["bot.storage"].__file__).parent / "migrations"
VERSIONS = sorted(int(path.name.split("_")[0]) for path in MIGRATIONS.glob("*.sql"))


@contextlib.asynccontextmanager
async def opened_database(folder: Path, *, version: int) -> AsyncIterator[Database]:
    """Make `bot.sqlite3` in a folder with the migrations up to a version, and close it again."""
    old = folder / "migrations"
    old.mkdir()
    for path in MIGRATIONS.glob("*.sql"):
        if int(path.name.split("_")[0]) <= version:
            (old / path.name).write_text(path.read_text())
    database = Database(folder / "bot.sqlite3", backups=folder / "backups", migrations=old)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def make_database(folder: Path, *, version: int) -> Path:
    """Make an empty database of a version, and return its path."""
    async with opened_database(folder, version=version):
        return folder / "bot.sqlite3"
