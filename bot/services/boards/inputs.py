"""What may be said of a board and of a picture, by name; what is left out stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from bot.domain.boards import Access, SheetOrder, Theme, rules
from bot.domain.plain_text import one_line
from bot.domain.requests import ModelRules
from bot.domain.styles import style_words


class BoardOptions(TypedDict, total=False):
    """How a board is set up; see `bot.domain.boards.Board`.

    `style` is the name of one, or words; `size` is what was typed, `everyone` what members may do
    whom no grant names.
    """

    channel_id: int | None
    brief: str
    style: str
    size: str | None
    theme: Theme
    order: SheetOrder
    everyone: Access
    self_vote: bool
    threshold: int


class BoardEdits(BoardOptions, total=False):
    """What can be changed of a board."""

    name: str


class Label(TypedDict, total=False):
    """What is said of a picture when it is hung up.

    `credit` is who made it, by default its author; `link` leads to the message that it was taken
    from. `is_released`: somebody who may curate says that whoever sees the board may see it,
    whatever channel it was taken from.
    """

    caption: str
    credit: str | None
    tags: Sequence[str]
    link: str | None
    is_released: bool


class ItemEdits(TypedDict, total=False):
    """What is said of a picture that hangs; `tags` come to those it has, `untags` are taken off."""

    caption: str
    credit: str
    tags: Sequence[str]
    untags: Sequence[str]


class UploadDetails(Label):
    """Where a picture comes from that this bot did not make."""

    author_id: int | None
    author_name: str
    channel_id: int | None
    is_spoiler: bool


_NOUNS: Final = {
    "name": "name", "brief": "brief", "style": "style", "caption": "caption", "credit": "credit",
    "tags": "tag",
}  # fmt: skip


def texts_of(fields: Mapping[str, Any]) -> dict[str, object]:
    """Return the words among fields of a board or a picture, by what a sentence calls them."""
    return {noun: fields[key] for key, noun in _NOUNS.items() if fields.get(key)}


def checked(edits: BoardEdits, model_rules: ModelRules) -> dict[str, Any]:
    """Return fields of a board as they are kept.

    Raises:
        InvalidRequestError: A text is too long, or a value does not work.

    """
    found: dict[str, Any] = dict(edits)
    if "name" in edits:
        found["name"] = rules.board_name(edits["name"])
    if "brief" in edits:
        found["brief"] = rules.brief(edits["brief"])
    if "style" in edits:
        found["style"] = style_words(edits["style"])
    if "threshold" in edits:
        found["threshold"] = rules.threshold(edits["threshold"])
    if typed := edits.get("size"):
        model_rules.parse(typed)
        found["size"] = one_line(typed)
    elif "size" in edits:
        found["size"] = None
    return found


def megabytes(size_bytes: int) -> str:
    """Return a size as people read it: `0.3`, `25`, `9,870`."""
    size = size_bytes / 1_000_000
    return f"{size:,.0f}" if size >= 10 else f"{size:.1f}"  # noqa: PLR2004
