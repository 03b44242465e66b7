"""`python -m bot settings`: the rules of a server, explained, kept as a file and changed."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.cli.common import Commands, guild_id, read_text, user_id
from bot.cli.outputs import cannot_write
from bot.domain.rules import (
    ChannelKind,
    Decision,
    Entry,
    Layer,
    Scene,
    read_subject,
    rule_in,
    rule_named,
)
from bot.domain.viewers import Viewer
from bot.environment.streams import tell
from bot.errors import InvalidRequestError
from bot.services.bootstrap import alone_in
from bot.services.policy import operator_entries
from bot.services.rule_texts import Reader, changes_words, reason, value_words
from bot.services.rules import Rules
from bot.settings import Settings
from bot.storage import Store
from bot.storage.rules import RuleChange

_READER: Final = Reader()
_WHO: Final = "the operator"  # as the log of changes names whoever sits at the command line


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "settings",
        help="print, explain and change the rules of a server",
        description="Print the rules of a server as a file, or explain which of them decide. The "
        "bot may run meanwhile, except where --import, --set, --unset or --undo change something.",
    )
    parser.add_argument("guild", metavar="GUILD", type=guild_id, help="the server's id")
    actions = parser.add_mutually_exclusive_group()
    actions.add_argument(
        "--explain", metavar="USER", type=user_id, help="say what holds for a member, and why"
    )
    actions.add_argument("--export", metavar="FILE", help="write the rules to a new file")
    actions.add_argument("--import", metavar="FILE", dest="file", help="put a file in their place")
    actions.add_argument("--log", action="store_true", help="print who changed what, newest first")
    actions.add_argument("--undo", action="store_true", help="take back the last change")
    parser.add_argument(
        "--set", metavar=("WHOM", "RULE=VALUE"), nargs=2, action="append", default=[],
        help="set a rule for server, role.ID, channel.ID, member.ID or kind.NAME",
    )  # fmt: skip
    parser.add_argument(
        "--unset", metavar=("WHOM", "RULE"), nargs=2, action="append", default=[],
        help="set it no more",
    )  # fmt: skip
    parser.add_argument(
        "--role", metavar="ID", action="append", default=[], type=int,
        help="a role of the member, for --explain",
    )  # fmt: skip
    parser.add_argument(
        "--channel", metavar="ID", action="append", default=[], type=int,
        help="where, for --explain: a thread, then its channel, then its category",
    )  # fmt: skip
    parser.add_argument(
        "--kind", choices=[each.value for each in ChannelKind], default=ChannelKind.NORMAL.value,
        help="what kind of channel that is (default: normal)",
    )  # fmt: skip
    parser.add_argument("--folder", metavar="FOLDER", help="the data folder (default: DATA_DIR)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Do what is asked for, and print it."""
    if options.folder is not None:
        settings = settings.model_copy(update={"data_dir": Path(options.folder)})
    entries = [_set(*each) for each in options.set]
    removed = [_unset(*each) for each in options.unset]
    is_other = options.explain or options.export or options.file or options.log or options.undo
    if (entries or removed) and is_other:
        raise InvalidRequestError("--set and --unset go with no other action: run it twice.")
    text = None if options.file is None else read_text(options.file, "file of rules")
    if entries or removed or text is not None or options.undo:
        with alone_in(settings):
            tell(asyncio.run(_changed(options, settings, entries, removed, text)))
    else:
        tell(asyncio.run(_shown(options, settings)))
    return 0


async def _shown(options: argparse.Namespace, settings: Settings) -> str:
    """Return what is printed where nothing changes."""
    async with _store(settings).to_read() as store:
        rules, viewer = Rules(store, operator_entries(settings)), _viewer(options)
        await rules.open()
        if options.explain is not None:
            found = rules.explain(_scene(options), viewer=viewer)
            return "\n".join(_line(each) for each in found if each.rule.leaves_choice)
        if options.log:
            lines = [_change_line(each) for each in await rules.changes(viewer=viewer)]
            return "\n".join(lines) or "Nobody has changed a rule yet."
        text = rules.to_file(viewer=viewer)
    if options.export is None:
        return text.rstrip("\n")
    return _written(options.export, text)


def _written(name: str, text: str) -> str:
    try:
        with Path(name).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidRequestError(f"The file {name} is there already: name a new one.") from None
    except OSError as error:
        raise cannot_write(Path(name), error) from error
    return f"The rules are in {name}."


async def _changed(
    options: argparse.Namespace,
    settings: Settings,
    entries: Sequence[Entry],
    removed: Sequence[Entry],
    text: str | None,
) -> str:
    """Change the rules, while no bot is at work, and return what changed."""
    async with contextlib.AsyncExitStack() as stack:
        store = await stack.enter_async_context(_store(settings))
        rules, viewer = Rules(store, operator_entries(settings)), _viewer(options)
        await rules.open()
        if options.undo:
            change = await rules.undo(viewer=viewer)
        elif text is not None:
            change = await rules.replace(text, viewer=viewer)
        else:
            change = await rules.change(entries, removed, viewer=viewer)
    if change is None:
        return "Nothing was changed."
    return f"Changed: {changes_words(change.steps, _READER)}."


def _set(whom: str, given: str) -> Entry:
    name, equals, value = given.partition("=")
    if not equals:
        raise InvalidRequestError(f"--set {given!r} has no value: write RULE=VALUE.")
    layer, subject = _subject(whom)
    rule = rule_in(layer, name.strip())
    return Entry(layer=layer, subject=subject, name=rule.name, value=rule.read(value))


def _unset(whom: str, name: str) -> Entry:
    layer, subject = _subject(whom)
    return Entry(layer=layer, subject=subject, name=rule_named(name).name, value=None)


def _subject(whom: str) -> tuple[Layer, str]:
    layer, _, subject = whom.partition(".")
    if layer not in {each.value for each in Layer if each is not Layer.OPERATOR}:
        raise InvalidRequestError(
            f"{whom[:80]!r} is nobody: use server, role.ID, channel.ID, member.ID or kind.NAME."
        )
    return Layer(layer), read_subject(Layer(layer), subject)


def _scene(options: argparse.Namespace) -> Scene:
    return Scene(
        guild_id=options.guild,
        user_id=options.explain,
        role_ids=frozenset(options.role),
        places=tuple(options.channel),
        kind=ChannelKind(options.kind),
    )


def _line(decision: Decision) -> str:
    value = value_words(decision.rule, decision.value, _READER)
    return f"{decision.rule.name} = {value}: {reason(decision, _READER)}"


def _change_line(change: RuleChange) -> str:
    mark = "" if change.undoes is None else " (taken back)"
    changes = changes_words(change.steps, _READER)
    return f"{_READER.moment(change.created_at)} {change.user_name}{mark}: {changes}"


def _viewer(options: argparse.Namespace) -> Viewer:
    """Return whoever has the machine: the rules of all its servers are theirs to see and set."""
    return Viewer(user_id=0, user_name=_WHO, guild_id=options.guild, is_manager=True)


def _store(settings: Settings) -> Store:
    data = settings.data_dir
    return Store(data / "bot.sqlite3", images=data / "images")
