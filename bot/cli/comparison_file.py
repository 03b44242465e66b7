"""The file of `python -m bot compare`: base settings, and one or two things that vary."""

from __future__ import annotations

import contextlib
import functools
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from bot.cli.common import read_text
from bot.domain.drawing import RawImage
from bot.domain.requests import (
    FIELDS,
    SEED,
    SIZE,
    Axis,
    ControlKind,
    ImageRequest,
    ModelRules,
    Size,
)
from bot.domain.styles import StyleBook
from bot.domain.variations import (
    are_scales,
    check_negatives,
    check_source,
    check_values,
    default_values,
    with_lora_names,
)
from bot.errors import InvalidRequestError
from bot.media.control_pictures import map_of
from bot.media.image_input import Picture, read_picture_file
from bot.media.source_pictures import Fit, source_of

_BASE_KEYS: Final = tuple(field.option for field in FIELDS)
_LINES: Final = ("rows", "columns")
_SOURCE: Final = "source"
_CONTROL: Final = "control"
_CONTROL_KIND: Final = "control_kind"
_KEYS: Final = (*_BASE_KEYS, _SOURCE, _CONTROL, _CONTROL_KIND, *_LINES)
_PLACEHOLDER: Final = "-"


@dataclass(frozen=True, kw_only=True)
class ComparisonPlan:
    """A grid of requests.

    Attributes:
        axes: What varies: from row to row and within a row, or within the only row.
        rows: The requests; one row where only one thing varies.
        source: The picture that all of them begin with.
        control: The picture that they follow.

    """

    axes: tuple[Axis, ...]
    rows: tuple[tuple[ImageRequest, ...], ...]
    source: Picture | None = None
    control: Picture | None = None

    @property
    def requests(self) -> list[ImageRequest]:
        """Return all of them, row by row."""
        return [request for row in self.rows for request in row]


def read_plan(
    name: str | None, *, rules: ModelRules, given: Mapping[str, str] | None = None
) -> ComparisonPlan:
    """Read a file (`-` is the standard input) and check all of it.

    Args:
        name: Of the file; None where `given` says all.
        rules: Of the model.
        given: Keys of the command line, which go before those of the file.

    Raises:
        InvalidRequestError: Something in it does not work; the sentence names its line or key.
        UnreadableImageError: The source is no picture.

    """
    document = {} if name is None else _document(name)
    shown = "the command line" if name is None else name
    return _Reader(name=shown, document={**document, **(given or {})}, rules=rules).plan()


def _document(name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(name, "file"))
    except tomllib.TOMLDecodeError as error:
        raise InvalidRequestError(f"The file {name!r} is not TOML: {error}.") from error
    except (ValueError, RecursionError) as error:  # of thousands of digits, or of brackets
        raise InvalidRequestError(
            f"The file {name!r} cannot be read: a number in it is too long, or lists are too deep."
        ) from error


@dataclass(frozen=True, kw_only=True, eq=False)
class _Reader:
    """One file on its way to a plan."""

    name: str
    document: Mapping[str, Any]
    rules: ModelRules

    def plan(self) -> ComparisonPlan:
        self._check_keys()
        lines = {key: self._values(key) for key in _LINES if key in self.document}
        if not lines:
            raise self._wrong("columns", "name what varies, for example guidance = [0, 1, 1.4].")
        axes = tuple(axis for axis, _ in lines.values())
        if len(set(axes)) < len(axes):
            raise self._wrong("columns", f"{axes[0]} vary in the rows already.")
        self._check_base(lines.values())
        given, picture = self._base(axes), None
        if _SOURCE in self.document:
            picture = read_picture_file(Path(self._text(_SOURCE, self.document[_SOURCE])))
        first, *second = lines.items()
        control = self._control()
        rows = [self._vary(*first, given, picture)]
        if second:
            rows = [self._vary(*second[0], typed, picture) for typed in rows[0]]
        requests = [tuple(self._request(typed, picture) for typed in row) for row in rows]
        check_negatives([each for row in requests for each in row], *axes)
        return ComparisonPlan(axes=axes, rows=tuple(requests), source=picture, control=control)

    def _request(self, typed: Mapping[str, Any], picture: Picture | None) -> ImageRequest:
        """Return the request of what is typed, begun with the source if there is one."""
        request = ImageRequest.parse(rules=self.rules, **StyleBook().applied(typed))
        if picture is not None:
            size = request.size if SIZE.option in self.document else None
            raw, fitting = source_of(picture, rules=self.rules, size=size)
            request = replace(request, size=fitting).begun_with(raw.pixel_sha256)
        return self._steered(request, has_source=picture is not None)

    def _steered(self, request: ImageRequest, *, has_source: bool) -> ImageRequest:
        """Return the request as one that follows a picture, where one is named."""
        picture = self._control()
        if picture is None:
            return request
        kind = self._control_kind()
        size = request.size if has_source or SIZE.option in self.document else None
        raw = self._map(kind, size)
        own = Size(width=raw.width, height=raw.height)
        return replace(request, size=own).steered_by(kind, raw.pixel_sha256)

    @functools.cache  # noqa: B019 - one file is read once
    def _map(self, kind: ControlKind, size: Size | None) -> RawImage:
        picture = self._control()
        assert picture is not None
        return map_of(picture, kind, rules=self.rules, size=size, fit=Fit.CROP)

    @functools.cache  # noqa: B019 - likewise
    def _control(self) -> Picture | None:
        """Read the picture that is followed, where one is named."""
        if _CONTROL not in self.document:
            if _CONTROL_KIND in self.document:
                raise self._wrong(_CONTROL_KIND, "it belongs to no picture: name control, too.")
            return None
        self.rules.check_control()
        return read_picture_file(Path(self._text(_CONTROL, self.document[_CONTROL])))

    def _control_kind(self) -> ControlKind:
        if _CONTROL_KIND not in self.document:
            return ControlKind.CANNY
        return self._kind(self._text(_CONTROL_KIND, self.document[_CONTROL_KIND]))

    def _kind(self, typed: str) -> ControlKind:
        try:
            return ControlKind(typed)
        except ValueError:
            known = ", ".join(ControlKind)
            raise self._wrong(_CONTROL_KIND, f"{typed!r} is unknown; use {known}.") from None

    def _check_keys(self) -> None:
        for key in self.document:
            if key not in _KEYS:
                known = ", ".join(_KEYS)
                raise self._wrong(key, f"this key is unknown; the known ones are {known}.")

    def _check_base(self, lines: Iterable[tuple[Axis, list[str] | None]]) -> None:
        """Refuse a setting that is given once for all and varies too."""
        for axis, values in lines:
            key = axis.field.option
            # A first seed may be given, and a LoRA whose scales vary.
            is_base = axis is Axis.SEEDS or (axis is Axis.LORAS and are_scales(values or []))
            if key in self.document and not is_base:
                raise self._wrong(key, f"{axis} vary, so leave this key out.")

    def _values(self, key: str) -> tuple[Axis, list[str] | None]:
        """Return what varies along the rows or columns; None for the usual values of that."""
        table = self.document[key]
        if isinstance(table, str):
            return self._axis(key, table), None
        if not isinstance(table, dict) or len(table) != 1:
            raise self._wrong(key, "name one thing that varies, for example seeds = [1, 2, 3].")
        [(name, values)] = table.items()
        axis = self._axis(key, name)
        if not isinstance(values, list):
            raise self._wrong(f"{key}.{name}", "write its values as a list, for example [1, 2].")
        return axis, [self._text(f"{key}.{name}", value) for value in values]

    def _axis(self, key: str, name: str) -> Axis:
        try:
            return Axis(name)
        except ValueError:
            known = ", ".join(Axis)
            raise self._wrong(key, f"{name!r} cannot vary; what can is {known}.") from None

    def _base(self, axes: Sequence[Axis]) -> dict[str, Any]:
        """Return what all images share, as typed, each of it looked at; the seed is drawn."""
        given = {
            key: self._text(key, self.document[key]) for key in _BASE_KEYS if key in self.document
        }
        if Axis.PROMPTS in axes:
            given["prompt"] = _PLACEHOLDER  # the values' own follow
        if "prompt" not in given:
            raise self._wrong("prompt", "say what to draw, for example prompt = 'a red apple'.")
        for key, value in given.items():  # one after the other, to name the one that is wrong
            with self._named(key):
                alone = {"prompt": given["prompt"], key: value}
                ImageRequest.parse(rules=self.rules, **StyleBook().applied(alone))
        return {**given, SEED.option: SEED.read(given.get(SEED.option), self.rules)}

    def _vary(
        self,
        key: str,
        line: tuple[Axis, list[str] | None],
        given: Mapping[str, Any],
        picture: Picture | None,
    ) -> list[dict[str, Any]]:
        """Return what is typed once for each value, all of which work."""
        axis, values = line
        with self._named(f"{key}.{axis}"):
            base = self._request(given, picture)
            if values is None:
                values = default_values(axis, base)
            check_source(axis, base)
            values = with_lora_names(axis, values, base)
            check_values(axis, values, self.rules)
            varied = [{**given, axis.field.option: value} for value in values]
            for typed in varied:
                self._request(typed, picture)
            return varied

    def _text(self, key: str, value: object) -> str:
        """Return a value as it would be typed."""
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise self._wrong(key, f"{str(value)[:40]!r} is neither a text nor a number.")
        return str(value)

    @contextlib.contextmanager
    def _named(self, key: str) -> Iterator[None]:
        """Put the file's name and a key in front of a refusal."""
        try:
            yield
        except InvalidRequestError as error:
            raise self._wrong(key, error.message) from error

    def _wrong(self, key: str, sentence: str) -> InvalidRequestError:
        return InvalidRequestError(f"In {self.name!r}, at {key!r}: {sentence}")
