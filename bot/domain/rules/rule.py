"""What is known of one rule: what it decides, and which values it can have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.domain.plain_text import quoted
from bot.domain.scenes import Layer
from bot.errors import BotError

Value = str | int | tuple[str, ...] | None
NO_LIMIT: Final = "none"  # how None is typed


class Section(StrEnum):
    """What rules are about; they are shown in these groups."""

    ACCESS = "access"
    REQUESTS = "requests"
    DEFAULTS = "defaults"
    WORDS = "words"
    PICTURES = "pictures"
    QUOTAS = "quotas"
    SERVER = "server"


class Kind(StrEnum):
    """How a rule's value is chosen."""

    CHOICE = "choice"
    SUBSET = "subset"
    NUMBER = "number"
    TEXT = "text"
    LINES = "lines"
    CHANNEL = "channel"


class RuleError(BotError):
    """A rule does not exist, or cannot have a value, or not in that layer."""


EVERY_LAYER: Final = frozenset(Layer)
BY_PLACE: Final = frozenset({Layer.CHANNEL, Layer.KIND, Layer.SERVER, Layer.OPERATOR})
WHOLE_SERVER: Final = frozenset({Layer.SERVER, Layer.OPERATOR})
ONLY_SERVER: Final = frozenset({Layer.SERVER})


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that a server decides for itself.

    Attributes:
        name: In files, on the command line, and for `bot.locales` (`rule_<name>`).
        usual: What holds where no layer says anything. None is no limit.
        choices: The values there are, or that a subset may have; a choice lists the mildest first.
        least: Of a number; also `most`.
        unit: What a number counts, for `bot.locales` (`unit_<unit>`); empty for plain ones.
        layers: Where it can be set.
        stricter: Returns the stricter one of two values. The operator's value is then a limit that
            no server can loosen, and of several roles of one member the mildest counts. Without it
            the operator's value only fills a gap.
        parent: The rule that counts in a layer that does not set this one.
        check: Refuses a text that cannot be meant; raises a `BotError`.

    """

    name: str
    section: Section
    kind: Kind
    usual: Value = None
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 0
    unit: str = ""
    layers: frozenset[Layer] = EVERY_LAYER
    stricter: Callable[[Value, Value], Value] | None = None
    parent: str | None = None
    check: Callable[[str], object] | None = None

    @property
    def leaves_choice(self) -> bool:
        """Tell whether there are two values or more; of one kind of operation there is but one."""
        return self.kind not in {Kind.CHOICE, Kind.SUBSET} or len(self.choices) > 1

    def read(self, given: object) -> Value:
        """Return a value as it was typed, or as a file has it.

        Raises:
            RuleError: It cannot be meant; the sentence says what can.

        """
        readers = {
            Kind.CHOICE: self._choice,
            Kind.SUBSET: self._subset,
            Kind.NUMBER: self._number,
            Kind.TEXT: self._text,
            Kind.LINES: self._lines,
            Kind.CHANNEL: self._channel,
        }
        return readers[self.kind](given)

    def show(self, value: Value) -> str:
        """Return a value as it would be typed."""
        if value is None:
            return NO_LIMIT
        return ", ".join(value) if isinstance(value, tuple) else str(value)

    def _choice(self, given: object) -> Value:
        typed = str(given).strip().casefold()
        for each in self.choices:
            if each.casefold() == typed:
                return each
        raise self._error(given, f"use {', '.join(self.choices)}")

    def _subset(self, given: object) -> Value:
        typed = [each.strip().casefold() for each in _several(given, ",")]
        if typed == [NO_LIMIT]:
            return None
        unknown = [each for each in typed if each not in map(str.casefold, self.choices)]
        if unknown or not any(typed):
            raise self._error(given, f"use {', '.join(self.choices)} or {NO_LIMIT}")
        return tuple(each for each in self.choices if each.casefold() in typed)

    def _number(self, given: object) -> Value:
        typed = str(given).strip().casefold()
        if typed in {NO_LIMIT, ""} or given is None:
            return None
        if not typed.isascii() or not typed.isdigit() or not self.least <= int(typed) <= self.most:
            raise self._error(
                given, f"use a whole number from {self.least} to {self.most} or {NO_LIMIT}"
            )
        return int(typed)

    def _text(self, given: object) -> Value:
        typed = " ".join(str(given).split())
        if len(typed) > self.most:
            raise self._error(typed, f"use at most {self.most} characters")
        if typed and typed != NO_LIMIT and self.check is not None:
            self.check(typed)
        return None if typed in {"", NO_LIMIT} else typed

    def _lines(self, given: object) -> Value:
        lines = tuple(each.strip() for each in _several(given, "\n") if each.strip())
        if sum(map(len, lines)) > self.most:
            raise self._error(f"{len(lines)} lines", f"use at most {self.most} characters in all")
        if self.check is not None:
            self.check("\n".join(lines))
        return lines

    def _channel(self, given: object) -> Value:
        typed = str(given).strip().strip("<#>")
        if typed in {NO_LIMIT, ""} or given is None:
            return None
        if not typed.isascii() or not typed.isdigit():
            raise self._error(given, f"use the id of a channel or {NO_LIMIT}")
        return int(typed)

    def _error(self, given: object, works: str) -> RuleError:
        return RuleError(f"The rule {self.name} cannot be {quoted(_shown(given))}: {works}.")


def _several(given: object, separator: str) -> Sequence[str]:
    if isinstance(given, str):
        return given.split(separator)
    return [str(each) for each in given] if isinstance(given, Sequence) else [str(given)]


def _shown(given: object) -> str:
    return ", ".join(_several(given, "\n")) if isinstance(given, list | tuple) else str(given)


def fewer(one: Value, other: Value) -> Value:
    """Return the lower of two limits; None is none."""
    if one is None or other is None:
        return other if one is None else one
    assert isinstance(one, int)
    assert isinstance(other, int)
    return min(one, other)


def common(one: Value, other: Value) -> Value:
    """Return what two sets share; None is everything."""
    if one is None or other is None:
        return other if one is None else one
    assert isinstance(one, tuple)
    assert isinstance(other, tuple)
    return tuple(each for each in one if each in other)


def both(one: Value, other: Value) -> Value:
    """Return the entries of two lists."""
    ones, others = (each if isinstance(each, tuple) else () for each in (one, other))
    return tuple(dict.fromkeys((*ones, *others)))


def later_in(choices: tuple[str, ...]) -> Callable[[Value, Value], Value]:
    """Return what chooses the stricter of two choices, of which the mildest comes first."""
    return lambda one, other: max(one, other, key=lambda each: choices.index(str(each)))
