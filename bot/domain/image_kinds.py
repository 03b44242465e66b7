"""The kinds of images that people look for: by how one was made, or comes from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from bot.domain.jobs import Relation
from bot.domain.plain_text import quoted
from bot.domain.requests import CONTROL, OperationKind
from bot.errors import InvalidRequestError

IMAGE: Final = "image"  # whatever was made from a picture
LORA: Final = "lora"  # in any way
_FROM_WORDS: Final = OperationKind.TEXT_TO_IMAGE
# What people call an operation, where that is not its own name.
_WORDS: Final[Mapping[str, str]] = {
    "text_to_image": "text",
    "image_to_image": "source",
    "inpaint": "region",
    "outpaint": "extension",
}


def marks_of(
    relation: Relation,
    operation: OperationKind,
    *,
    has_lora: bool = False,
    is_steered: bool = False,
) -> tuple[str, ...]:
    """Return what the index knows of the kind of an image: letters only."""
    marks = [_relation_mark(relation), _operation_mark(operation)]
    if has_lora:
        marks.append(_operation_mark(LORA))
    if is_steered:
        marks.append(_operation_mark(CONTROL))
    return tuple(marks) if operation is _FROM_WORDS else (*marks, _operation_mark(IMAGE))


def _kinds() -> dict[str, tuple[str, ...]]:
    """Return the marks of each kind, one of which an image of that kind has."""
    found: dict[str, tuple[str, ...]] = {}
    for each in OperationKind:
        found[_WORDS.get(each, each)] = (_operation_mark(each),)
    for other in (IMAGE, LORA, CONTROL):
        found[other] = (_operation_mark(other),)
    for relation in get_args(Relation):
        if relation != "imagine":
            name = relation.replace("_", "-")
            found[name] = (*found.get(name, ()), _relation_mark(relation))
    return found


def _relation_mark(relation: str) -> str:
    return "r" + relation.replace("_", "")


def _operation_mark(operation: str) -> str:
    return "o" + operation.replace("_", "")


KINDS: Final[Mapping[str, tuple[str, ...]]] = _kinds()


def image_kind(typed: str) -> str:
    """Return a kind as it is typed.

    Raises:
        InvalidRequestError: There is no such kind.

    """
    kind = typed.strip().casefold().replace("_", "-")
    if kind not in KINDS:
        raise InvalidRequestError(
            f"There is no kind {quoted(typed, 20)} of images: use {', '.join(KINDS)}."
        )
    return kind
