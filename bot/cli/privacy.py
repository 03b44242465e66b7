"""`python -m bot privacy`: what is stored about a person who asks the operator for it."""

from __future__ import annotations

import argparse
import asyncio
import json

from bot.cli.common import Commands, user_id
from bot.cli.outputs import Outputs
from bot.domain.jobs import now
from bot.domain.privacy import DataOverview, ErasureOrder, PersonalData
from bot.environment.streams import tell
from bot.locales import text
from bot.services.privacy import overview_of, personal_data, write_archive
from bot.settings import Settings
from bot.storage import Store
from bot.storage.erasure_orders import KeptOrder

_LANGUAGE = "en-US"


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "privacy",
        help="show, export or erase what is stored about a person",
        description="What is stored about a person in all guilds: for those who ask you, as "
        "/privacy does it for those who ask the bot. The bot may run meanwhile.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    showing = actions.add_parser(
        "show", help="how much there is of what", description="Count what is stored."
    )
    _add_person(showing)
    showing.add_argument("--json", action="store_true", help="print one JSON object")
    showing.set_defaults(run=run_show)
    exporting = actions.add_parser(
        "export",
        help="write it to a zip file",
        description="Write all that is stored, with every picture, to a new folder.",
    )
    _add_person(exporting)
    exporting.add_argument(
        "--output", metavar="FOLDER", help="where the new folder is made (default: outputs)"
    )
    exporting.set_defaults(run=run_export)
    erasing = actions.add_parser(
        "erase",
        help="have it erased by the bot",
        description="Write down that all of it is to be erased. A bot that runs begins within a "
        "day, or at its next start; it takes the messages out of Discord, too. Pictures on boards "
        "stay without name, prompt and recipe.",
    )
    _add_person(erasing)
    erasing.add_argument(
        "--boards", action="store_true", help="also take the person's pictures off boards"
    )
    erasing.set_defaults(run=run_erase)


def _add_person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("user", metavar="USER", type=user_id, help="the person's Discord id")


def run_show(options: argparse.Namespace, settings: Settings) -> int:
    """Print how much is stored of what."""
    found = asyncio.run(_overview(options.user, settings))
    if options.json:
        tell(json.dumps({"servers": found.num_servers, **found.counts}))
    else:
        lines = [
            f"{text(f'privacy_count_{key}', _LANGUAGE)}: {count}"
            for key, count in found.counts.items()
        ]
        tell("\n".join(lines) or f"Nothing is stored about {options.user}.")
    return 0


def run_export(options: argparse.Namespace, settings: Settings) -> int:
    """Write all of it to a zip file."""
    data = asyncio.run(_data(options.user, settings))
    outputs = Outputs(root=settings.data_dir / "outputs")
    folder = outputs.new_folder(options.output, f"privacy-{options.user}")
    archive = write_archive(data, folder)
    tell("\n".join(map(str, archive.paths)))
    return 0


def run_erase(options: argparse.Namespace, settings: Settings) -> int:
    """Write the order down, for the bot to carry out."""
    store = _store(settings)
    order = ErasureOrder(
        user_id=options.user, locale=_LANGUAGE, takes_off=options.boards, asked_at=now()
    )
    store.erasure_orders.write(KeptOrder(order=order))
    tell("It is written down: the bot begins within a day, or at its next start.")
    return 0


async def _overview(person: int, settings: Settings) -> DataOverview:
    async with _store(settings).to_read() as store:
        return await overview_of(store, person)


async def _data(person: int, settings: Settings) -> PersonalData:
    async with _store(settings).to_read() as store:
        return await personal_data(store, person)


def _store(settings: Settings) -> Store:
    return Store(settings.data_dir / "bot.sqlite3", images=settings.data_dir / "images")
