"""`python -m bot style`: the styles there are, and what each of them adds."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from bot.cli.common import Commands, guild_id
from bot.domain.styles import BUILT_IN, Style, StyleBook
from bot.environment.streams import tell
from bot.settings import Settings
from bot.storage import Store


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "style",
        help="list and show styles",
        description="Styles put words around a prompt: `imagine PROMPT --style NAME`. The built-in "
        "ones can be used here; those of a server, which --guild names, belong to its members.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="one line a style", description="List the styles.")
    listing.set_defaults(run=run_list)
    showing = actions.add_parser("show", help="what a style adds", description="Show a style.")
    showing.add_argument("name", metavar="NAME", help="its name, in any language")
    showing.set_defaults(run=run_show)
    for each in (listing, showing):
        each.add_argument("--guild", metavar="ID", type=guild_id, help="a server's styles, too")
        each.add_argument("--json", action="store_true", help="print JSON")


def run_list(options: argparse.Namespace, settings: Settings) -> int:
    """Print one line a style, those of the server first."""
    own = asyncio.run(_own(options.guild, settings))
    styles = [*own, *(style for each in BUILT_IN for style in (each.english, each.chinese))]
    if options.json:
        tell(json.dumps([_document(each) for each in styles], ensure_ascii=False))
        return 0
    lines = [f"{each.name}  {_words(each)}" for each in own]
    lines += [
        f"{each.english.name}, {each.chinese.name}  {_words(each.english)}" for each in BUILT_IN
    ]
    tell("\n".join(lines))
    return 0


def run_show(options: argparse.Namespace, settings: Settings) -> int:
    """Print what a style adds; a built-in one in the language that it is asked for in."""
    book = StyleBook(own=tuple(asyncio.run(_own(options.guild, settings))))
    style = book.find(options.name)
    if options.json:
        tell(json.dumps(_document(style), ensure_ascii=False))
        return 0
    lines = [style.name, f"  before: {style.before or '–'}", f"  behind: {style.after or '–'}"]
    tell("\n".join([*lines, *(f"  {key}: {value}" for key, value in style.values)]))
    return 0


def _words(style: Style) -> str:
    words = [style.before, "…", style.after]
    return " ".join([*filter(None, words), *(f"{key}={value}" for key, value in style.values)])


def _document(style: Style) -> dict[str, Any]:
    words = {"name": style.name, "before": style.before, "after": style.after}
    return {**words, "values": dict(style.values)}


async def _own(guild: int | None, settings: Settings) -> list[Style]:
    if guild is None:
        return []
    store = Store(settings.data_dir / "bot.sqlite3", images=settings.data_dir / "images")
    async with store.to_read():
        return [each.style for each in await store.styles.of_guild(guild)]
