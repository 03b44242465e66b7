"""Rules as a file: TOML, with a table for each layer, as a server's owner keeps and shares it."""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.domain.plain_text import quoted
from bot.domain.rules.book import Entry
from bot.domain.rules.rule import NO_LIMIT, RuleError, Value
from bot.domain.rules.table import RULES, rule_in, rule_named
from bot.domain.scenes import WHOLE, ChannelKind, Layer
from bot.errors import BotError

MAX_CHARACTERS: Final = 200_000
MAX_ENTRIES: Final = 2_000  # of one server
_WHOLE: Final = (Layer.SERVER, Layer.OPERATOR)
_HEADING: Final = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]")
_KEY: Final = re.compile(r"\s*([\w.\"' -]+?)\s*=")
_QUOTES: Final = str.maketrans("", "", "\"' ")
_OF_SERVERS: Final = tuple(each for each in Layer if each is not Layer.OPERATOR)


def to_toml(entries: Iterable[Entry]) -> str:
    """Return entries as a file; those that end by themselves are left out."""
    tables: dict[str, list[str]] = {}
    for each in sorted(entries, key=_place):
        if each.until is None:
            title = each.layer.value if each.layer in _WHOLE else f"{each.layer}.{each.subject}"
            tables.setdefault(title, []).append(f"{_key(each.name)} = {_toml(each.value)}")
    return "\n\n".join("\n".join((f"[{name}]", *lines)) for name, lines in tables.items()) + "\n"


def _place(entry: Entry) -> tuple[int, str, int]:
    """Return where an entry stands in a file: outer layers first, rules as in their table."""
    layers, rule = list(Layer), rule_named(entry.name)
    return -layers.index(entry.layer), entry.subject, RULES.index(rule)


def from_toml(text: str, layers: Iterable[Layer] = _OF_SERVERS) -> tuple[Entry, ...]:
    """Read a file of rules.

    Args:
        text: The file.
        layers: Those that may be in it.

    Raises:
        RuleError: It is no such file, or a rule of it cannot be meant; the sentence says where.

    """
    if len(text) > MAX_CHARACTERS:
        raise RuleError(
            f"The file of rules has {len(text):,} characters: {MAX_CHARACTERS:,} are the most."
        )
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RuleError(f"The file of rules is no TOML ({str(error)[:100]}).") from None
    entries = tuple(_entries(document, frozenset(layers), text))
    if len(entries) > MAX_ENTRIES:
        raise RuleError(f"The file has {len(entries):,} rules: {MAX_ENTRIES:,} are the most.")
    return entries


def read_subject(layer: Layer, given: str) -> str:
    """Return whom or what a rule is for, as typed: an id, a mention, or a kind of channel.

    Raises:
        RuleError: It cannot be meant.

    """
    typed = given.strip().strip("<#@&!>")
    if layer in _WHOLE:
        return WHOLE
    if layer is Layer.KIND:
        if typed in set(ChannelKind):
            return typed
        raise RuleError(f"{quoted(given)} is no kind of channel: use {', '.join(ChannelKind)}.")
    if typed.isascii() and typed.isdigit() and 0 < int(typed) < 2**63:
        return str(int(typed))
    raise RuleError(f"{quoted(given)} is no id of a {layer.value}: an id is a number.")


def _entries(document: Mapping[str, Any], layers: frozenset[Layer], text: str) -> Iterator[Entry]:
    for title, table in document.items():
        with _located(text, title):
            if title not in {each.value for each in layers} or not isinstance(table, dict):
                names = ", ".join(each.value for each in Layer if each in layers)
                raise RuleError(
                    f"The table {quoted(title)} is unknown: a file of rules has {names}."
                )
        layer = Layer(title)
        if layer in _WHOLE:
            yield from _of_table(layer, WHOLE, table, _Where(text=text, table=title))
            continue
        for given, inner in table.items():
            with _located(text, title, given):
                if not isinstance(inner, dict):
                    raise RuleError(
                        f"The rule {quoted(given)} stands in [{title}]: say whose it is."
                    )
            with _located(text, f"{title}.{given}"):
                subject = read_subject(layer, given)
            yield from _of_table(layer, subject, inner, _Where(text=text, table=f"{title}.{given}"))


@dataclass(frozen=True, kw_only=True)
class _Where:
    """A table of a file."""

    text: str
    table: str


def _of_table(
    layer: Layer, subject: str, table: Mapping[str, Any], where: _Where
) -> Iterator[Entry]:
    for name, given in _flat(table):
        with _located(where.text, where.table, name):
            value = rule_in(layer, name).read(given)
        yield Entry(layer=layer, subject=subject, name=name, value=value)


@contextlib.contextmanager
def _located(text: str, table: str, name: str | None = None) -> Iterator[None]:
    """Let a refusal say the line of the file that it is about, where the line can be found."""
    try:
        yield
    except BotError as error:
        line = _line_of(text, table, name)
        if line is None:
            raise
        raise RuleError(f"Line {line} of the file: {error.message}") from None


def _line_of(text: str, table: str, name: str | None) -> int | None:
    """Return the line of a table's title, or of a key in it; tomllib tells none once it has read.

    None where it is written in a way that is not looked for, as an inline table.
    """
    title = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := _HEADING.match(line):
            title = _unquoted(heading[1])
            if name is None and (title == table or title.startswith(f"{table}.")):
                return number
        elif (key := _KEY.match(line)) and f"{title}.{_unquoted(key[1])}" == f"{table}.{name}":
            return number
    return None


def _unquoted(key: str) -> str:
    return key.translate(_QUOTES).strip()


def _flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Read `use.compare = "deny"` like `"use.compare" = "deny"`."""
    for name, given in table.items():
        if isinstance(given, dict):
            yield from ((f"{name}.{inner}", value) for inner, value in _flat(given))
        else:
            yield name, given


def _key(name: str) -> str:
    return f'"{name}"' if "." in name else name


def _toml(value: Value) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_string, value))}]"
    return str(value) if isinstance(value, int) else _string(NO_LIMIT if value is None else value)


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'
