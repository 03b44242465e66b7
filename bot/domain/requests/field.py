"""What is known of one field of a request, wherever it is typed, kept or shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.domain.requests.profiles import ModelProfile
from bot.domain.requests.sizes import ModelRules

if TYPE_CHECKING:  # which is built of these
    from bot.domain.requests.request import ImageRequest


@dataclass(frozen=True, kw_only=True)
class FormEntry:
    """How a field is typed into the form Edit, which has room for five.

    Attributes:
        max_length: Characters.
        has_hint: True if `bot.locales` says what to type (`edit_<option>_hint`).

    """

    max_length: int = 20
    is_required: bool = False
    is_long: bool = False
    has_hint: bool = True


@dataclass(frozen=True, kw_only=True)
class RequestField:
    """One thing that the requester decides: how it is read, checked, called and shown.

    Attributes:
        name: Of the attribute of `ImageRequest`, and of its key in documents.
        option: What people call it: on the command line, in Discord, in comparison files, in what
            was changed. `bot.locales` has its name in a sentence (`field_<option>`), its choices
            (`<option>_<choice>`) and what is said where it has no effect (`idle_<option>`).
        kind: What Discord asks for.
        parse: Reads what was typed, for a model.
        check: Refuses what no request may have; values of a class of their own do that themselves.
        usual: Its value where nothing is chosen; one of 0 or no words goes without saying.
        default: The same where that depends on the model or on chance. A field with neither has to
            be given.
        usual_of: The usual value where that depends on the profile alone; it goes without saying.
        limits: What Discord lets people type; beyond them, and without them, `parse` says no.
        limits_of: The same, where they depend on the profile, within `limits`.
        choices: The only values there are.
        names: Values that have a name beside their number.
        noun: What a sentence calls words for the model, whose tokens count; empty for settings.
        is_list: True if the command line takes its option several times.
        names_itself: True if its value alone says what it is of, as `draft` does.
        has_names: True if its value shows names that people made up.
        show: Its value as a person would type it.
        label: Its value as a sheet shows it.
        help: For the command line.
        description: For Discord; `bot.locales` has its translation.
        description_of: The same, where it depends on the profile.
        form: Its entry in the form Edit, if it has one.
        axis: What it is called where it varies.
        tried: Sets of values that are worth a comparison, the first one where none are named.
        tried_of: The same, where they depend on the profile.
        dump: Its part of a JSON document.
        load: Reads that part again; raises KeyError, TypeError or ValueError.
        since: The recipe version that first had it. A new field takes the next one, so that older
            programs refuse the recipe instead of drawing without it.
        is_idle: Tells whether it is given but without effect beside the request's other values.

    """

    name: str
    option: str
    parse: Callable[[Any, ModelRules], Any]
    axis: str
    help: str
    description: str
    kind: type[str | int | float] = str
    check: Callable[[Any], None] | None = None
    usual: Any = None
    default: Callable[[ModelRules], Any] | None = None
    usual_of: Callable[[ModelProfile], Any] | None = None
    limits: tuple[float, float] | None = None
    limits_of: Callable[[ModelProfile], tuple[float, float]] | None = None
    description_of: Callable[[ModelProfile], str] | None = None
    choices: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    noun: str = ""
    is_list: bool = False
    names_itself: bool = False
    has_names: bool = False
    show: Callable[[Any], str] = str
    label: Callable[[Any], str] | None = None
    form: FormEntry | None = None
    tried: tuple[str, ...] = ()
    tried_of: Callable[[ModelProfile], tuple[str, ...]] | None = None
    dump: Callable[[Any], Mapping[str, Any]] | None = None
    load: Callable[[Mapping[str, Any]], Any] | None = None
    since: int = 1
    is_idle: Callable[[ImageRequest], bool] = lambda _: False

    @property
    def is_text(self) -> bool:
        """Tell whether it is words for the model."""
        return bool(self.noun)

    def limits_for(self, profile: ModelProfile) -> tuple[float, float] | None:
        """Return what Discord lets people type for a model."""
        return self.limits if self.limits_of is None else self.limits_of(profile)

    def description_for(self, profile: ModelProfile) -> str:
        """Return what Discord says of the field for a model."""
        return self.description if self.description_of is None else self.description_of(profile)

    def tried_for(self, profile: ModelProfile) -> tuple[str, ...]:
        """Return sets of values that are worth a comparison with a model."""
        return self.tried if self.tried_of is None else self.tried_of(profile)

    def of(self, request: ImageRequest) -> Any:  # noqa: ANN401 - of any type
        """Return a request's value."""
        return getattr(request, self.name)

    def shown_of(self, request: ImageRequest) -> str:
        """Return a request's value as a person would type it."""
        return self.show(self.of(request))

    def goes_without_saying(self, request: ImageRequest) -> bool:
        """Tell whether the field is off in a request."""
        if self.usual_of is not None:
            return bool(self.of(request) == self.usual_of(request.profile))
        return self.usual is not None and not (self.of(request) and self.shown_of(request))

    def is_usual(self, request: ImageRequest) -> bool:
        """Tell whether leaving the field out would mean the same."""
        usual = self.usual if self.usual_of is None else self.usual_of(request.profile)
        return bool(self.of(request) == usual)

    def read(self, typed: str | float | None, rules: ModelRules) -> Any:  # noqa: ANN401 - of any type
        """Return the value that was typed, or the usual one for None.

        Raises:
            InvalidRequestError: It cannot be meant; the sentence names it.

        """
        if typed is not None:
            return self.parse(typed, rules)
        if self.usual_of is not None:
            return self.usual_of(rules.profile)
        if self.default is not None:
            return self.default(rules)
        return self.parse("", rules) if self.usual is None else self.usual

    def to_json(self, request: ImageRequest) -> Mapping[str, Any]:
        """Return a request's part of a JSON document."""
        value = self.of(request)
        return {self.name: value} if self.dump is None else self.dump(value)

    def from_json(self, document: Mapping[str, Any]) -> Any:  # noqa: ANN401 - of any type
        """Read the value from a document, where it may be missing if there is a usual one.

        Raises:
            KeyError: It is missing.
            TypeError: It is of another type.
            ValueError: It cannot be meant.

        """
        if self.usual is not None and self.name not in document:
            return self.usual
        if self.load is not None:
            return self.load(document)
        is_float = self.kind is float
        value = of_type(document[self.name], (int, float) if is_float else self.kind)
        return float(value) if is_float else value


def of_type(value: Any, kind: type | tuple[type, ...]) -> Any:  # noqa: ANN401 - JSON
    """Return a value of a document if it has a type; to JSON true is no number."""
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{str(value)[:40]!r}")
    return value
