"""A form, as it is kept until it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class FieldKind(StrEnum):
    """How a field is filled in; what has choices and no kind of its own is a select."""

    TEXT = "text"
    RADIO = "radio"  # one of at most ten choices, all in sight
    CHECKBOXES = "checkboxes"  # any of at most ten
    OPTIONS = "options"  # any of at most 25, or none, in a select
    FILE = "file"  # an upload; what is kept of it is where it can be fetched
    CHANNEL = "channel"  # the id of a text channel


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One option of a field that is chosen, not typed."""

    value: str
    label: str
    description: str | None = None


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a form.

    Attributes:
        value: What it is filled with; of choices, their values with commas between.
        max_length: Characters.
        choices: Where there are any, one or more of them are chosen, at most `max_choices`.

    """

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    hint: str | None = None
    value: str = ""
    max_length: int = 300
    is_required: bool = False
    is_long: bool = False
    choices: Sequence[Choice] = ()
    max_choices: int = 1


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form that was opened.

    Attributes:
        kind: Which form it is: what is done with its answers.
        subject: What it is about, for example a board and a number; JSON values.
        typed: What was sent last, by the names of the fields; empty before.

    """

    id: str
    kind: str
    user_id: int
    title: str
    subject: Mapping[str, Any]
    fields: Sequence[Field]
    typed: Mapping[str, str]

    @property
    def shown(self) -> dict[str, str]:
        """Return what the fields were filled with when the form was opened first."""
        return {field.name: field.value for field in self.fields}
