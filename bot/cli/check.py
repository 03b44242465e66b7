"""`python -m bot check`: whether the database and all files are what they should be."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from tqdm import tqdm

from bot.cli.common import Commands
from bot.environment.streams import tell
from bot.services.integrity import Fault, find_faults
from bot.settings import Settings
from bot.storage import Store
from bot.storage.backups import health_of
from bot.storage.database_checks import refuse_a_closed_database, restore_command

_ADVICE = {
    "database": "stop the bot and run `{restore}`",
    "image missing": "Same seed draws it again",
    "image damaged": "Same seed draws it again",
    "image unnamed": "the bot moves it to the quarantine; `{restore}` makes a row of it",
    "source missing": "the images cannot be drawn again; hand the same picture in once more",
    "source damaged": "hand the same picture in once more, which writes it again",
    "source unnamed": "the bot moves it to the quarantine; `{restore}` brings back what is needed",
    "copy missing": "take it off the board and add it again",
    "copy damaged": "add the same picture to any board, which writes it again",
    "copy unnamed": "the bot moves it to the quarantine; `{restore}` hangs it up",
}


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "check",
        help="check the database and, with --files, every picture",
        description="Check the database page by page, and that every picture has a row and every "
        "row its picture; with --files also that every picture has the pixels it was made with. "
        "Nothing is changed, and the bot may run meanwhile. Exit code 1: something is wrong.",
    )
    parser.add_argument("--files", action="store_true", help="read every picture")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    parser.add_argument("--folder", metavar="FOLDER", help="the data folder (default: DATA_DIR)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Check, and print one line for everything that is wrong."""
    data = Path(options.folder) if options.folder is not None else settings.data_dir
    faults = asyncio.run(_faults(data, reads_files=options.files))
    if options.json:
        tell(json.dumps([_json(fault) for fault in faults], ensure_ascii=False))
    else:
        done = "The database and every file are right." if options.files else "Nothing is missing."
        tell("\n".join(_line(fault, data) for fault in faults) or done)
    return 1 if faults else 0


async def _faults(data: Path, *, reads_files: bool) -> list[Fault]:
    database = data / "bot.sqlite3"
    if database.is_file():
        health = health_of(database)
        refuse_a_closed_database(database, health)
        if health.problem is not None:  # nothing else can be asked
            return [Fault(kind="database", path=database, detail=health.problem)]
    with tqdm(total=256, file=sys.stderr, disable=None, leave=False, desc="Checked") as bar:
        async with Store(database, images=data / "images").to_read() as store:
            found = find_faults(store, database, reads_files=reads_files, progress=bar.update)
            return [fault async for fault in found]


def _line(fault: Fault, data: Path) -> str:
    names = f" ({', '.join(fault.names)})" if fault.names else ""
    detail = f": {fault.detail}" if fault.detail else ""
    advice = _ADVICE[fault.kind].format(restore=restore_command(data))
    return f"{fault.kind:<14} {fault.path}{names}{detail} -> {advice}"


def _json(fault: Fault) -> dict[str, object]:
    return {
        "kind": fault.kind,
        "path": str(fault.path),
        "names": list(fault.names),
        "detail": fault.detail,
    }
