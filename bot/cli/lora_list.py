"""`python -m bot lora list`: the LoRAs that images can be drawn with."""

from __future__ import annotations

import argparse
from typing import Final

from bot.cli.common import Commands
from bot.domain.loras import NO_LORAS_SENTENCE, Lora
from bot.domain.plain_text import json_line
from bot.environment.streams import say, tell
from bot.models import LoraFolder, located, lora_folder
from bot.settings import Settings

_MEGABYTE: Final = 1_000_000
_HASH_SHOWN: Final = 12  # digits


def add_to(commands: Commands) -> None:
    """Add this command to the parser."""
    parser = commands.add_parser(
        "list",
        help="list the LoRAs that are here",
        description="List the LoRAs that are here: their names, trigger words, what they were made "
        "for, and why one cannot be used.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line for each")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Read all files, the first time whole, and list them."""
    files = located(settings)
    folder = lora_folder(files, settings)
    folder.refresh()
    if folder.num_unread:
        count = "1 file" if folder.num_unread == 1 else f"{folder.num_unread} files"
        say(f"Reading {count} for the first time ...")
    while folder.hash_next():
        pass
    lines = [_json(each) if options.json else _line(each) for each in folder.all]
    if lines:
        tell("\n".join(lines))
    else:
        say(f"{NO_LORAS_SENTENCE} Here that is {_places(folder)}.")
    return 0


def _places(folder: LoraFolder) -> str:
    return " and ".join(map(str, folder.folders))


def _line(lora: Lora) -> str:
    """Return what a person wants to know of one, the name first."""
    if lora.fault:
        return f"{lora.name}  cannot be used: {lora.fault}"
    facts = [
        f"{lora.size_bytes / _MEGABYTE:.1f} MB",
        *([] if lora.rank is None else [f"rank {lora.rank}"]),
        *([f"for {lora.base}"] if lora.base else []),
        *([f"trigger words: {', '.join(lora.triggers)}"] if lora.triggers else []),
        f"sha256 {str(lora.sha256)[:_HASH_SHOWN]}",
    ]
    return "  ".join([lora.name, *facts])


def _json(lora: Lora) -> str:
    return json_line(
        {
            "name": lora.name,
            "sha256": lora.sha256,
            "bytes": lora.size_bytes,
            "rank": lora.rank,
            "base": lora.base,
            "title": lora.title,
            "trigger_words": list(lora.triggers),
            "fault": lora.fault or None,
        }
    )
