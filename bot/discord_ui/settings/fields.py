"""The fields of a form that changes rules, and what was typed into them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from bot.discord_ui.settings.subjects import PageSubject
from bot.domain.forms import Choice, Field, FieldKind, Form
from bot.domain.plain_text import shortened
from bot.domain.rules import Entry, Kind, Layer, Rule, Section, Value, rule_named, rules_of
from bot.domain.rules.rule import NO_LIMIT
from bot.locales import text
from bot.services.rule_texts import Reader, rule_name, value_words
from bot.services.rules import Setting

MOST_TYPED: Final = 4000  # characters of a field, Discord's limit
_UNSET: Final = "-"  # of a choice
_FIELDS: Final = 5  # of a form, Discord's limit
_DESCRIPTION: Final = 100  # characters of a choice


def groups_of(section: Section, layer: Layer) -> list[list[Rule]]:
    """Return the rules of a section that can be set in a layer, in forms of like lengths."""
    rules = [each for each in rules_of(section) if layer in each.layers]
    count = math.ceil(len(rules) / _FIELDS)
    size = math.ceil(len(rules) / max(count, 1))
    return [rules[i : i + size] for i in range(0, len(rules), max(size, 1))]


def is_too_long(setting: Setting) -> bool:
    """Tell whether a rule is longer than what can be typed into a form."""
    return setting.own is not None and len(_typed(setting)) > MOST_TYPED


def fields_of(settings: Sequence[Setting], reader: Reader) -> list[Field]:
    """Return a field for each rule, filled with what is set for its subject."""
    return [_field(each, reader) for each in settings if not is_too_long(each)]


def _field(setting: Setting, reader: Reader) -> Field:
    rule = setting.rule
    name, label = rule.name, rule_name(rule, reader)
    then = value_words(rule, setting.outer.value, reader)
    if rule.kind is Kind.CHOICE:
        return Field(name=name, label=label, kind=FieldKind.RADIO, value=_typed(setting),
                     choices=_choices(setting, then, reader), is_required=True)  # fmt: skip
    if rule.kind is Kind.SUBSET:
        ticked = [Choice(value=e, label=text(f"choice_{e}", reader.locale)) for e in rule.choices]
        return Field(name=name, label=label, kind=FieldKind.CHECKBOXES, value=_typed(setting),
                     hint=text("settings_ticked_hint", reader.locale, value=then),
                     choices=ticked)  # fmt: skip
    kind = FieldKind.CHANNEL if rule.kind is Kind.CHANNEL else FieldKind.TEXT
    return Field(
        name=name,
        label=label,
        kind=kind,
        value=_typed(setting),
        hint=_hint(rule, then, reader),
        max_length=20 if rule.kind is Kind.NUMBER else min(rule.most, MOST_TYPED),
        is_long=rule.kind is Kind.LINES,
    )


def _choices(setting: Setting, then: str, reader: Reader) -> list[Choice]:
    unset = Choice(
        value=_UNSET,
        label=text("settings_unset", reader.locale),
        description=shortened(text("settings_unset_hint", reader.locale, value=then), _DESCRIPTION),
    )
    named = [(each, text(f"choice_{each}", reader.locale)) for each in setting.rule.choices]
    return [unset, *(Choice(value=value, label=label) for value, label in named)]


def _hint(rule: Rule, then: str, reader: Reader) -> str:
    if rule.kind is not Kind.NUMBER:
        return text("settings_text_hint", reader.locale, value=then)
    unit = text(f"unit_{rule.unit}", reader.locale, count=0).removeprefix("0")
    return text("settings_number_hint", reader.locale, least=rule.least, most=rule.most,
                unit=unit, value=then)  # fmt: skip


def _typed(setting: Setting) -> str:
    """Return what is set for a subject as it stands in the form."""
    rule, own = setting.rule, setting.own
    if own is None:
        return _UNSET if rule.kind is Kind.CHOICE else ""
    if rule.kind is Kind.SUBSET:
        return ",".join(rule.choices if own.value is None else _several(own.value))
    if rule.kind is Kind.LINES:
        return "\n".join(_several(own.value))
    if rule.kind is Kind.CHANNEL and own.value is None:
        return ""
    return rule.show(own.value)


def _several(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def changes_in(form: Form, subject: PageSubject) -> tuple[list[Entry], list[Entry]]:
    """Return the rules that were set in a form and those that were unset.

    What was left as the form showed it is not among them, so that others' changes meanwhile stay.

    Raises:
        RuleError: Something that was typed cannot be meant.

    """
    set_: list[Entry] = []
    unset: list[Entry] = []
    for name, before in form.shown.items():
        typed, rule = form.typed.get(name, before).strip(), rule_named(name)
        if typed == before.strip():
            continue
        is_unset = typed in {"", _UNSET}
        value = None if is_unset else _read(rule, typed)
        entry = Entry(layer=subject.layer, subject=subject.id, name=name, value=value)
        (unset if is_unset else set_).append(entry)
    return set_, unset


def _read(rule: Rule, typed: str) -> Value:
    """Read a value; all choices ticked stand for all that there will ever be."""
    if rule.kind is Kind.SUBSET and set(typed.split(",")) == set(rule.choices):
        return rule.read(NO_LIMIT)
    return rule.read(typed)
