"""`python -m bot stats`: how much is drawn, on one server or on all."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from bot.cli.common import Commands, guild_id
from bot.domain.rules.quota import images
from bot.domain.usage import MAX_DAYS, Usage, check_days
from bot.environment.streams import tell
from bot.errors import OutputPathError
from bot.services.usage import csv_of
from bot.settings import Settings
from bot.storage import Store

_SHARES_SHOWN = 20
_Rows = Sequence[tuple[dt.date, int, int, str, int]]


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "stats",
        help="show how much is drawn, by day, server and member",
        description="Count what was drawn, answered and refused within the last days (UTC), on "
        "one server or on all. The bot may be running.",
    )
    parser.add_argument("--guild", metavar="ID", type=guild_id, help="one server; default: all")
    parser.add_argument(
        "--days", type=int, default=30, help=f"how many, 1 to {MAX_DAYS}, today included (30)"
    )
    parser.add_argument("--csv", metavar="FILE", help="write each day and member there, as a table")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Count, and print what came of it."""
    check_days(options.days)
    usage, rows = asyncio.run(_read(options.guild, options.days, settings))
    if options.csv is not None:
        path = Path(options.csv)
        try:
            path.write_bytes(csv_of(rows))
        except OSError as error:
            raise OutputPathError(
                f"The table {path} cannot be written ({error.strerror or error}): name another "
                "file."
            ) from error
    tell("\n".join(_lines(usage, options.guild)))
    return 0


async def _read(guild: int | None, days: int, settings: Settings) -> tuple[Usage, _Rows]:
    data = settings.data_dir
    async with Store(data / "bot.sqlite3", images=data / "images").to_read() as store:
        rows = await store.usage.by_day(guild, days=days)
        return await store.usage.of(guild, days=days), rows


def _lines(usage: Usage, guild: int | None) -> list[str]:
    days = list(usage.images)
    half, most = usage.wait_s(0.5), usage.wait_s(0.9)
    ends = ", ".join(f"{number:,} {state}" for state, number in usage.ends.items())
    whose = "member" if guild is not None else "server"
    shown = usage.shares[:_SHARES_SHOWN]
    return [
        f"{days[0]} to {days[-1]} (UTC)",
        f"images: {usage.num_images:,} ({images(usage.cost)} as quotas count them)",
        f"jobs: {ends or 'none'}",
        *([] if half is None else [f"answered: half within {half:.1f} s, 90 % in {most:.1f} s"]),
        *([f"refused: {_listed(usage)}"] if usage.refusals else []),
        *(
            f"{whose} {each.id}{f' ({each.name})' if each.name else ''}: {each.images:,} images in "
            f"{each.jobs:,} jobs"
            for each in shown
        ),
        *(
            [f"... and {len(usage.shares) - len(shown)} more"]
            if len(usage.shares) > len(shown)
            else []
        ),
    ]


def _listed(usage: Usage) -> str:
    return ", ".join(f"{rule} {number:,}" for rule, number in usage.refusals.items())
