"""All rules that hold in one server, and which of them decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.rules.rule import Rule, Value
from bot.domain.rules.table import RULES, rule_named
from bot.domain.scenes import WHOLE, Layer, Scene, Subject


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A rule with its value, for somebody or some place.

    Attributes:
        subject: Whom or what it is set for: an id or a kind of channel; "" for the whole server.
        until: When it ends by itself; None where it holds until it is changed.

    """

    layer: Layer
    subject: str = WHOLE
    name: str
    value: Value
    until: dt.datetime | None = None

    @property
    def key(self) -> tuple[Layer, str, str]:
        """Return what there is only one value of."""
        return self.layer, self.subject, self.name


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What holds for somebody somewhere, and why.

    Attributes:
        entry: The one that decides; None where no layer says anything.
        limit: The operator's, where it tightened what the server allows.
        others: Entries that say something, too, and do not count; only `explain` looks for them.

    """

    rule: Rule
    value: Value
    entry: Entry | None = None
    limit: Entry | None = None
    others: tuple[Entry, ...] = ()


class RuleBook:
    """The rules of one server under those of the operator; it never changes.

    From the innermost layer outwards, the first one that says something decides. Of several roles
    the mildest counts. What the operator sets is a limit for all others, if the rule has any.
    """

    def __init__(self, entries: Iterable[Entry] = (), operator: Iterable[Entry] = ()) -> None:
        """Keep the entries; of one key there is one."""
        self.entries = tuple(entries)
        self.operator = {each.name: each for each in operator}
        self._by_subject: dict[Subject, dict[str, Entry]] = {}
        for each in self.entries:
            self._by_subject.setdefault((each.layer, each.subject), {})[each.name] = each

    @property
    def has_kinds(self) -> bool:
        """Tell whether it matters what kind of channel something is done in."""
        return any(each.layer is Layer.KIND for each in self.entries)

    def decide(self, name: str, scene: Scene, at: dt.datetime) -> Decision:
        """Return what holds for somebody somewhere at a moment."""
        return self.decide_for(name, _subjects(scene), at)

    def decide_for(
        self, name: str, subjects: Iterable[Sequence[Subject]], at: dt.datetime
    ) -> Decision:
        """Return what holds for some subjects, layer by layer from the innermost outwards."""
        rule = rule_named(name)
        inner = next((_mildest(rule, each) for each in self._said(rule, subjects, at)), None)
        outer = self._operators(rule)
        if inner is None:
            value = rule.usual if outer is None else outer.value
            return Decision(rule=rule, value=value, entry=outer)
        if outer is None or rule.stricter is None:
            return Decision(rule=rule, value=inner.value, entry=inner)
        value = rule.stricter(inner.value, outer.value)
        limit = None if value == inner.value else outer
        return Decision(rule=rule, value=value, entry=inner, limit=limit)

    def explain(self, scene: Scene, at: dt.datetime) -> list[Decision]:
        """Return what every rule comes to, also with what does not count."""
        return [self._explained(each, scene, at) for each in RULES]

    def _explained(self, rule: Rule, scene: Scene, at: dt.datetime) -> Decision:
        decision = self.decide(rule.name, scene, at)
        said = [each for found in self._said(rule, _subjects(scene), at) for each in found]
        outer = self._operators(rule)
        others = [*said, *([] if outer is None else [outer])]
        counting = (decision.entry, decision.limit)
        return replace(decision, others=tuple(each for each in others if each not in counting))

    def _operators(self, rule: Rule) -> Entry | None:
        return next((self.operator[each] for each in _names(rule) if each in self.operator), None)

    def _said(
        self, rule: Rule, subjects: Iterable[Sequence[Subject]], at: dt.datetime
    ) -> Iterator[list[Entry]]:
        """Yield what a layer says of a rule, for each layer that says anything."""
        names = _names(rule)
        for equals in subjects:
            found = [e for each in equals if (e := self._of(each, names, at)) is not None]
            if found:
                yield found

    def _of(self, subject: Subject, names: Sequence[str], at: dt.datetime) -> Entry | None:
        entries: Mapping[str, Entry] = self._by_subject.get(subject, {})
        for name in names:
            entry = entries.get(name)
            if entry is not None and (entry.until is None or at < entry.until):
                return entry
        return None


def _names(rule: Rule) -> Sequence[str]:
    return (rule.name,) if rule.parent is None else (rule.name, rule.parent)


def _subjects(scene: Scene) -> Iterable[Sequence[Subject]]:
    """Return whose rules hold in a scene; outside of servers nobody's but the operator's."""
    return () if scene.guild_id is None else scene.subjects()


def _mildest(rule: Rule, entries: Sequence[Entry]) -> Entry:
    mildest = entries[0]
    for each in entries[1:]:
        if rule.stricter is not None and rule.stricter(mildest.value, each.value) != each.value:
            mildest = each
    return mildest
