"""Files with an image a row: plain text, CSV with named columns, or JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from bot.domain.plain_text import quoted, shortened
from bot.domain.requests import FIELDS, PROMPT
from bot.environment.text_files import NotTextError, decode
from bot.errors import InvalidRequestError

MAX_FILE_BYTES: Final = 1_000_000  # the prompts of a book; more is a file of something else
_NAMED: Final = 10  # rows that do not work; more are counted
_SENTENCE_SHOWN: Final = 150  # characters of what is wrong with one of them
_CSV: Final = frozenset({".csv", ".tsv"})
_JSON: Final = frozenset({".jsonl", ".ndjson", ".json"})
_SEPARATORS: Final = "\t;,"  # the first one that a header has; spreadsheets write any of them
_NONE: Final = "\x1f"  # separates nothing: a file with one column needs no quotation marks
_COLUMNS: Final = tuple(field.option for field in FIELDS)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One image that a file asks for.

    Attributes:
        line: Where it begins, from 1.
        typed: Its values, by the names of the options.

    """

    line: int
    typed: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class PromptFile:
    """What a file asks for.

    Attributes:
        wrong: What is wrong with other rows, by their lines.

    """

    name: str
    rows: Sequence[Row]
    wrong: Mapping[int, str]


class PromptRowsError(InvalidRequestError):
    """Some rows do not work, so nothing of the file is drawn."""

    def __init__(self, name: str, wrong: Mapping[int, str]) -> None:
        """Name the first of them, each with its line."""
        count = "1 row does" if len(wrong) == 1 else f"{len(wrong)} rows do"
        lines = [f"Nothing of {quoted(name)} is drawn: {count} not work."]
        lines += [
            f"Line {line} of the file: {shortened(sentence, _SENTENCE_SHOWN)}"
            for line, sentence in sorted(wrong.items())[:_NAMED]
        ]
        if len(wrong) > _NAMED:
            lines.append(f"And {len(wrong) - _NAMED} more.")
        super().__init__("\n".join(lines))


def read_prompt_file(content: bytes, name: str) -> PromptFile:
    """Read a file that was handed in.

    Raises:
        InvalidRequestError: It is too large, no text, has columns that mean nothing, or no row.

    """
    if len(content) > MAX_FILE_BYTES:
        raise too_long(name, len(content))
    try:
        text = decode(content)
    except NotTextError as error:
        raise InvalidRequestError(f"The file {quoted(name)} cannot be read: {error}.") from None
    return parse_prompt_file(text, name)


def parse_prompt_file(text: str, name: str) -> PromptFile:
    """Read the text of a file; its name says what it is: `.csv`, `.jsonl`, or else text.

    Raises:
        InvalidRequestError: It has columns that mean nothing, or no row.

    """
    suffix, rows, wrong = PurePath(name).suffix.casefold(), [], {}
    read = _csv_rows if suffix in _CSV else _json_rows if suffix in _JSON else _text_rows
    for line, found in read(text, name):
        if isinstance(found, str):
            wrong[line] = found
        else:
            rows.append(Row(line=line, typed=found))
    if not rows and not wrong:
        raise InvalidRequestError(f"The file {quoted(name)} holds no prompt: write one a line.")
    return PromptFile(name=name, rows=rows, wrong=wrong)


def too_long(name: str, num_bytes: int) -> InvalidRequestError:
    """Return the refusal of a file that is too large."""
    return InvalidRequestError(
        f"The file {quoted(name)} has {num_bytes / 1e6:.1f} MB: {MAX_FILE_BYTES // 1_000_000} MB "
        "is the limit."
    )


_Found = Iterator[tuple[int, Mapping[str, str] | str]]  # lines; values, or what is wrong with them


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Return the lines with their numbers, as editors count them."""
    return enumerate(io.StringIO(text, newline=None), 1)


def _text_rows(text: str, name: str) -> _Found:  # noqa: ARG001 - like the others
    for number, line in _lines(text):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, {PROMPT.option: line.strip()}


def _csv_rows(text: str, name: str) -> _Found:
    head = text.lstrip("\r\n").partition("\n")[0]
    separator = next((each for each in _SEPARATORS if each in head), _NONE)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = [each.strip() for each in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:  # it does not know where the next row begins
            yield line, f"It is no row of a CSV file ({error})."
            return
        if not any(cells):
            continue
        if not columns:
            columns = _columns(cells, name)
        elif any(cells[len(columns) :]):
            yield line, _too_many_cells(len(cells), len(columns))
        else:
            yield line, {key: cell for key, cell in zip(columns, cells, strict=False) if cell}


def _columns(cells: Sequence[str], name: str) -> list[str]:
    columns = [each.casefold() for each in cells]
    while columns and not columns[-1]:
        columns.pop()
    unknown = next((each for each in columns if each not in _COLUMNS), None)
    twice = next((each for each in columns if columns.count(each) > 1), None)
    if unknown is not None:
        raise InvalidRequestError(
            f"The first line of {quoted(name)} has the column {quoted(unknown)}, which means "
            f"nothing: it names the columns, of {', '.join(_COLUMNS)}."
        )
    if twice is not None:
        raise InvalidRequestError(
            f"The first line of {quoted(name)} has the column {quoted(twice)} twice: name each one "
            "once."
        )
    return columns


def _too_many_cells(count: int, columns: int) -> str:
    return (
        f"It has {count} values, and there are {columns} columns: put quotation marks around a "
        "prompt with commas."
    )


def _json_rows(text: str, name: str) -> _Found:  # noqa: ARG001 - like the others
    for number, line in _lines(text):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            document = None
        if isinstance(document, dict):
            yield number, _values(document)
        else:
            yield (
                number,
                ('It is no JSON object: write one a line, for example {"prompt": "a red apple"}.'),
            )


def _values(document: Mapping[str, Any]) -> Mapping[str, str] | str:
    """Return what an object says, or what is wrong with it."""
    typed: dict[str, str] = {}
    for key, value in document.items():
        if key not in _COLUMNS:
            return f"The key {quoted(key)} means nothing: use {', '.join(_COLUMNS)}."
        if isinstance(value, bool | list | dict):
            return f"The {key} {quoted(json.dumps(value))} does not work: use words or a number."
        if value is not None:
            typed[key] = str(value)
    return typed
