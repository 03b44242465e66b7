"""What exhibits say of a board and its pictures, as plain text that can do no harm."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

from bot.domain.boards import Board, Item, ItemStatus
from bot.domain.recipe import RecipeError, parse_recipe
from bot.domain.requests import PROMPT, SIZE
from bot.locales import is_chinese, text
from bot.media.captions import field_title, value_words
from bot.media.kit.typography import plain

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def caption_of(item: Item) -> str:
    """Return what stands under a picture: its caption, else its prompt."""
    return plain(item.caption or item.prompt or "")


def status_words(status: ItemStatus, locale: str) -> str:
    """Return what a status is called."""
    return text(f"exhibit_{status.value}", locale)


def count_words(count: int, locale: str) -> str:
    """Return how many pictures there are."""
    return text("exhibit_one" if count == 1 else "exhibit_many", locale, count=count)


def vote_words(count: int, locale: str) -> str:
    """Return how many votes there are."""
    return text("exhibit_votes_one" if count == 1 else "exhibit_votes", locale, count=count)


def facts(items: Sequence[Item], locale: str) -> str:
    """Return the counts of a board in one line."""
    statuses = Counter(item.status for item in items)
    said = [count_words(len(items), locale)]
    said += [
        text(f"exhibit_count_{status.value}", locale, count=statuses[status])
        for status in (ItemStatus.APPROVED, ItemStatus.SHORTLIST, ItemStatus.REJECTED)
        if statuses[status]
    ]
    if votes := sum(item.votes for item in items):
        said.append(vote_words(votes, locale))
    return " · ".join(said)


def date_words(moment: dt.datetime, locale: str) -> str:
    """Return a day, in UTC."""
    day = moment.astimezone(dt.UTC)
    if is_chinese(locale):
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def tags_of(items: Sequence[Item]) -> list[str]:
    """Return the tags of some pictures, the most frequent first."""
    counts = Counter(tag for item in items for tag in item.tags)
    return sorted(counts, key=lambda tag: (-counts[tag], tag))


def recipe_of(item: Item) -> dict[str, object] | None:
    """Return the recipe of a picture as a document, or None where there is none to be read."""
    if item.recipe_text is None:
        return None
    try:
        document = json.loads(item.recipe_text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def recipe_facts(item: Item, locale: str) -> list[tuple[str, str]]:
    """Return what of a recipe is worth a line, each with its name."""
    recipe = recipe_of(item) or {}
    size = text("exhibit_size", locale), f"{item.width}×{item.height}"
    known = _request_facts(item, locale)
    others = [
        (text(f"exhibit_{key}", locale), plain(_shown(recipe[name])))
        for key, name in (("steps", "num_inference_steps"), ("model", "model"))
        if recipe.get(name)  # the upscaler alone takes no steps
    ]
    return [size, *known, *others]


def _request_facts(item: Item, locale: str) -> list[tuple[str, str]]:
    """Return what was asked for beside prompt and size; nothing where that cannot be read."""
    try:
        request = parse_recipe(item.recipe_text or "").request
    except RecipeError:
        return []
    shown = {field: field.shown_of(request) for field in request.fields}
    return [
        (field_title(field, locale), plain(value_words(field, value, locale)))
        for field, value in shown.items()
        if value and field not in {PROMPT, SIZE}
    ]


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def file_stem(board: Board) -> str:
    """Return the board's name as the beginning of a file's name on any system."""
    return slug(board.name) or f"board-{board.id}"


def plain_stem(board: Board) -> str:
    """Return the same in unaccented letters alone, for Discord, which changes others."""
    letters = unicodedata.normalize("NFKD", file_stem(board)).encode("ascii", "ignore").decode()
    return slug(letters) or f"board-{board.id}"


def slug(words: str, *, max_length: int = 48) -> str:
    """Return letters, digits and single hyphens of a text, for names of files."""
    normal = unicodedata.normalize("NFKC", plain(words)).lower()
    marks = "".join(each if each.isalnum() else "-" for each in normal)
    joined = "-".join(part for part in marks.split("-") if part)
    cut = joined.encode()[: 2 * max_length].decode(errors="ignore")[:max_length].strip("-")
    # Windows has no files of these names.
    return f"{cut}-" if cut in {"con", "prn", "aux", "nul"} else cut
