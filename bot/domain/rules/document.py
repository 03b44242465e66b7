"""Rules as a file: TOML, with a table for each layer, as a server's owner keeps and shares it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from bot.domain.plain_text import quoted
from bot.domain.rules.book import Entry
from bot.domain.rules.rule import NO_LIMIT, RuleError, Value
from bot.domain.rules.table import rule_in
from bot.domain.scenes import WHOLE, ChannelKind, Layer

MAX_CHARACTERS: Final = 200_000
MAX_ENTRIES: Final = 2_000  # of one server
_WHOLE: Final = (Layer.SERVER, Layer.OPERATOR)
_OF_SERVERS: Final = tuple(each for each in Layer if each is not Layer.OPERATOR)


def to_toml(entries: Iterable[Entry]) -> str:
    """Return entries as a file; those that end by themselves are left out."""
    tables: dict[str, list[str]] = {}
    for each in sorted(entries, key=lambda each: (-list(Layer).index(each.layer), each.subject)):
        if each.until is None:
            title = each.layer.value if each.layer in _WHOLE else f"{each.layer}.{each.subject}"
            tables.setdefault(title, []).append(f"{_key(each.name)} = {_toml(each.value)}")
    return "\n\n".join("\n".join((f"[{name}]", *lines)) for name, lines in tables.items()) + "\n"


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
    entries = tuple(_entries(document, frozenset(layers)))
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


def _entries(document: Mapping[str, Any], layers: frozenset[Layer]) -> Iterator[Entry]:
    for title, table in document.items():
        if title not in {each.value for each in layers} or not isinstance(table, dict):
            names = ", ".join(each.value for each in Layer if each in layers)
            raise RuleError(f"The table {quoted(title)} is unknown: a file of rules has {names}.")
        layer = Layer(title)
        if layer in _WHOLE:
            yield from _of_table(layer, WHOLE, table)
            continue
        for subject, inner in table.items():
            if not isinstance(inner, dict):
                raise RuleError(f"The rule {quoted(subject)} stands in [{title}]: say whose it is.")
            yield from _of_table(layer, read_subject(layer, subject), inner)


def _of_table(layer: Layer, subject: str, table: Mapping[str, Any]) -> Iterator[Entry]:
    for name, given in _flat(table):
        value = rule_in(layer, name).read(given)
        yield Entry(layer=layer, subject=subject, name=name, value=value)


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
