"""Rules, their values and the reasons for them in words, for Discord and for a terminal."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.plain_text import shortened
from bot.domain.rules import Decision, Entry, Kind, Layer, Rule, Value, rule_named
from bot.domain.rules.rule import fewer
from bot.locales import text
from bot.storage.rules import Step

_CHANGES_SHOWN: Final = 5
_TEXT_SHOWN: Final = 80  # characters


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who reads, and how subjects and moments are written for them; at first as on a terminal."""

    locale: str = "en-US"
    name: Callable[[Layer, str], str] = lambda _, subject: subject
    moment: Callable[[dt.datetime], str] = lambda moment: moment.isoformat(" ", "minutes")


def rule_name(rule: Rule, reader: Reader) -> str:
    """Return what a rule is called."""
    return text(f"rule_{rule.name}", reader.locale)


def who(layer: Layer, subject: str, reader: Reader) -> str:
    """Return whom or what a rule is for: "the role @VIP"."""
    is_kind = layer is Layer.KIND
    name = text(f"kind_{subject}", reader.locale) if is_kind else reader.name(layer, subject)
    return text(f"layer_{layer.value}", reader.locale, name=name)


def value_words(rule: Rule, value: Value, reader: Reader) -> str:
    """Return a value in words: "1,024 pixels", "draft, standard"."""
    if value is None or value == ():
        return text(_nothing(rule), reader.locale)
    if isinstance(value, tuple):
        return _several_words(rule, value, reader)
    if rule.kind is Kind.CHOICE:
        return text(f"choice_{value}", reader.locale)
    if rule.kind is Kind.CHANNEL:
        return reader.name(Layer.CHANNEL, str(value))
    if not rule.unit:
        return shortened(str(value), _TEXT_SHOWN)
    one = "_one" if value == 1 else ""
    return text(f"unit_{rule.unit}{one}", reader.locale, count=value)


def _several_words(rule: Rule, values: Sequence[str], reader: Reader) -> str:
    if rule.kind is Kind.LINES:
        return text("value_lines", reader.locale, count=len(values))
    return ", ".join(text(f"choice_{each}", reader.locale) for each in values)


def _nothing(rule: Rule) -> str:
    if rule.kind is Kind.SUBSET:
        return "value_everything"
    if rule.unit == "percent" and rule.usual is None:
        return "value_usual"
    return "value_none" if rule.stricter is fewer else "value_nothing"


def reason(decision: Decision, reader: Reader) -> str:
    """Return why a rule has its value: which entry decides, and which others do not count."""
    others = [_other(decision.rule, each, reader) for each in decision.others]
    return _joined([_deciding(decision, reader), *others], reader)


def _other(rule: Rule, entry: Entry, reader: Reader) -> str:
    value = value_words(rule, entry.value, reader)
    if entry.layer is Layer.OPERATOR and rule.stricter is not None:
        return text("why_no_matter", reader.locale, value=value)
    return text("why_says", reader.locale, who=_who(entry, reader), value=value)


def _deciding(decision: Decision, reader: Reader) -> str:
    entry, locale = decision.entry, reader.locale
    if entry is None:
        return text("why_usual", locale)
    if decision.limit is not None:
        value = value_words(decision.rule, entry.value, reader)
        return text("why_limit", locale, who=_who(decision.limit, reader),
                    other=_who(entry, reader), value=value)  # fmt: skip
    key = "why_from" if entry.name == decision.rule.name else "why_by"
    why = text(key, locale, who=_who(entry, reader), rule=entry.name)
    if entry.until is None:
        return why
    return text("why_until", locale, why=why, when=reader.moment(entry.until))


def _who(entry: Entry, reader: Reader) -> str:
    return who(entry.layer, entry.subject, reader)


def _joined(parts: Sequence[str], reader: Reader) -> str:
    return functools.reduce(
        lambda one, other: text("why_joined", reader.locale, one=one, other=other), parts
    )


def changes_words(steps: Sequence[Step], reader: Reader) -> str:
    """Return what changed, rule by rule; of many only the first ones."""
    shown = _joined([_change_words(each, reader) for each in steps[:_CHANGES_SHOWN]], reader)
    more = len(steps) - _CHANGES_SHOWN
    if more <= 0:
        return shown
    return text("settings_changes_more", reader.locale, changes=shown, count=more)


def _change_words(step: Step, reader: Reader) -> str:
    return text(
        "settings_change_line",
        reader.locale,
        rule=rule_name(rule_named(step.entry.name), reader),
        who=_who(step.entry, reader),
        old=_set_words(step.old, reader),
        new=_set_words(step.new, reader),
    )


def _set_words(entry: Entry | None, reader: Reader) -> str:
    if entry is None:
        return text("settings_not_set", reader.locale)
    return value_words(rule_named(entry.name), entry.value, reader)
