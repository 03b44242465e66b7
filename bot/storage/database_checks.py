"""Whether a file is a database that this program can use, and what to do where it is not."""

from __future__ import annotations

import contextlib
import shlex
import sqlite3
from pathlib import Path
from typing import Final

from bot.environment.installation import command_line
from bot.errors import BotError
from bot.storage.backups import DatabaseHealth

MIGRATIONS: Final = Path(__file__).parent / "migrations"


class DatabaseError(BotError):
    """The database cannot be used."""


def refuse_a_closed_database(path: Path, health: DatabaseHealth) -> None:
    """Refuse a database that cannot be looked into: nothing says that it is damaged.

    Raises:
        DatabaseError: It is.

    """
    if health.is_closed:
        raise DatabaseError(
            f"The database {path} cannot be looked into ({health.problem}): use the user that the "
            "bot runs as, and end what holds it."
        )


def refuse_a_newer_version(path: Path, version: int, *, newest: int | None = None) -> None:
    """Refuse a database that a newer version of this program wrote.

    Args:
        path: Of the database.
        version: The newest migration that it has seen.
        newest: The newest one there is; None for this program's.

    Raises:
        DatabaseError: It is newer.

    """
    newest = newest or max(scripts_in(MIGRATIONS))
    if version > newest:
        raise DatabaseError(
            f"The database {path} has version {version}, this program knows {newest}: update the "
            "program, or point DATA_DIR to another folder."
        )


def scripts_in(folder: Path) -> dict[int, Path]:
    """Return the migrations by their numbers."""
    return {int(path.name.split("_")[0]): path for path in folder.glob("*.sql")}


def refuse_a_lost_database(path: Path) -> None:
    """Refuse to take a missing or empty database for a new one where there is something to lose.

    A file of no bytes must not even be opened: SQLite would delete the `-wal` file beside it.

    Raises:
        DatabaseError: There are pictures or copies beside it.

    """
    if _has_tables(path) or (remains := _remains(path)) is None:
        return
    state = "is empty" if path.exists() else "is gone"
    raise DatabaseError(
        f"The folder {path.parent} holds {remains}, but its database {path.name} {state}: run "
        f"`{restore_command(path.parent)}`, which brings it back, or move the folder away to begin "
        "anew."
    )


def restore_command(folder: Path) -> str:
    """Return the command that repairs a data folder, as it can be copied into a shell."""
    return command_line(f"restore --folder {shlex.quote(str(folder))}")


def _has_tables(path: Path) -> bool:
    """Tell whether a database holds anything; a damaged one does, as far as this is concerned."""
    if not path.is_file() or path.stat().st_size == 0:
        return False
    try:
        address = f"{path.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as db:
            return bool(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    except sqlite3.Error:
        return True


def _remains(path: Path) -> str | None:
    """Return what would be lost, in words; None if nothing would be."""
    folder = path.parent
    if next((folder / "images").glob("??/*.png"), None) is not None:
        return "pictures"
    if next((folder / "boards").glob("[0-9a-f][0-9a-f]/*.*"), None) is not None:
        return "pictures of boards"
    if next((folder / "backups").glob("*.sqlite3"), None) is not None:
        return "copies of a database"
    wal = path.with_name(f"{path.name}-wal")
    return f"the file {wal.name}" if wal.is_file() and wal.stat().st_size else None
