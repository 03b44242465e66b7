"""A board as one page for a browser: everything is inside, and no request leaves it."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from bot.domain.boards import Item, ItemStatus, Swatch
from bot.locales import is_chinese, text
from bot.media.exports.board_colours import STATUS
from bot.media.exports.order import ExportOrder
from bot.media.exports.phrases import (
    caption_of,
    count_words,
    date_words,
    facts,
    recipe_facts,
    status_words,
    tags_of,
    vote_words,
)
from bot.media.exports.sheet import palette_of_items
from bot.media.kit import DARK, LIGHT, Colour
from bot.media.kit.typography import plain
from bot.media.thumbnails import Copies

if TYPE_CHECKING:  # imported when a page is written
    from jinja2 import Environment
from bot.media.palettes import name_of

_FOLDER: Final = Path(__file__).parent
_MAX_TAGS: Final = 40  # to filter by: more of them hide the pictures
_SHAPES: Final = 400  # classes of shapes: the page's policy allows no style of a single picture
_SHAPE_STEP: Final = 0.01  # of width / height, from one class to the next


def write_page(
    path: Path, order: ExportOrder, items: Sequence[Item], copies: Copies, part: str
) -> None:
    """Write a page of some of the pictures, one after the other.

    Args:
        path: Of the file.
        order: The board, and all pictures of it that are exported.
        items: What is on this page.
        copies: Of the pictures, in the size that is shown.
        part: Which part this page is, in words.

    """
    board, locale = order.board, order.locale
    style, script = _style(), (_FOLDER / "page.js").read_text("utf-8")
    tags = tags_of(items)[:_MAX_TAGS]
    template = _environment().get_template("page.html.jinja")
    pieces = template.generate(
        title=plain(board.name),
        brief=board.brief.strip(),
        part=part,
        facts=facts(items, locale) if items else text("exhibit_none", locale),
        theme=board.theme.value,
        is_chinese=is_chinese(locale),
        palette=_swatches(palette_of_items(board, order.items), locale),
        statuses=_statuses(items, locale),
        count=len(items),
        tags=_counted(tags, items),
        items=_shown(items, tags, copies=copies, locale=locale),
        say=lambda key: _said(key, locale),
        style=Markup(style),  # noqa: S704 - ours
        script=Markup(script),  # noqa: S704 - ours
        style_hash=_hash(style),
        script_hash=_hash(script),
    )
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.writelines(pieces)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - 5 MB, and few need them

    return Environment(
        loader=PackageLoader("bot.media.exports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@lru_cache(maxsize=1)
def _style() -> str:
    """Return the style sheet, with the colours of sheets and a class for every shape."""
    own = (_FOLDER / "page.css").read_text("utf-8")
    themes = (
        f"{selector}{{{''.join(f'--{name}:{_hex(value)};' for name, value in vars(each).items())}}}"
        for selector, each in ((":root", LIGHT), ("[data-theme=dark]", DARK))
    )
    statuses = (f".status.{each}{{background:{_hex(fill)}}}" for each, fill in STATUS.items())
    shapes = (f".w{i}{{--grow:{i * _SHAPE_STEP:.2f}}}" for i in range(1, _SHAPES + 1))
    return "".join([*themes, own, *statuses, *shapes])


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _hash(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"sha256-{digest}"


def _said(key: str, locale: str) -> str:
    if key == "shown":  # the page fills it in
        return text("exhibit_shown", locale, shown="{shown}", count="{count}")
    return text(f"exhibit_{key}", locale)


def _swatches(swatches: Sequence[Swatch], locale: str) -> list[dict[str, str]]:
    return [{"hex": swatch.hex, "name": name_of(swatch.rgb, locale)} for swatch in swatches]


def _statuses(items: Sequence[Item], locale: str) -> list[dict[str, object]]:
    """Return what can be chosen: everything, and each status that a picture has."""
    counts = Counter(item.status for item in items)
    order = (ItemStatus.APPROVED, ItemStatus.SHORTLIST, ItemStatus.CANDIDATE, ItemStatus.REJECTED)
    found: list[dict[str, object]] = [
        {"value": "", "words": text("exhibit_all", locale), "count": len(items)}
    ]
    found += [
        {"value": each.value, "words": status_words(each, locale), "count": counts[each]}
        for each in order
        if counts[each]
    ]
    return found


def _counted(tags: Sequence[str], items: Sequence[Item]) -> list[dict[str, object]]:
    counts = Counter(tag for item in items for tag in set(item.tags))
    return [{"words": plain(tag), "count": counts[tag]} for tag in tags]


def _shown(
    items: Sequence[Item],
    tags: Sequence[str],
    *,
    copies: Copies,
    locale: str,
) -> Iterator[dict[str, Any]]:
    """Yield what the page shows of each picture, read when it is its turn."""
    numbers = {tag: str(i) for i, tag in enumerate(tags)}
    for item in items:
        caption = caption_of(item)
        number = item.number
        enlarge = text("exhibit_enlarge", locale, number=number)
        enlarge += f": {caption}" if caption else ""
        yield {
            "number": number,
            "uri": _uri(path := copies.of(item)),
            "damage": "" if path is not None else copies.damage(item, locale),
            "width": item.width,
            "height": item.height,
            "shape": f"w{_shape(item)}",
            "is_spoiler": item.is_spoiler,
            "status": item.status.value,
            "status_words": status_words(item.status, locale),
            "tag_numbers": " ".join(numbers[tag] for tag in item.tags if tag in numbers),
            "tags": [plain(tag) for tag in item.tags],
            "label": text("exhibit_reveal", locale) if item.is_spoiler else enlarge,
            "enlarge": enlarge,
            "alt": "" if item.is_spoiler else caption or count_words(1, locale),
            "caption": caption,
            "credit": plain(item.credit),
            "votes": item.votes,
            "vote_words": vote_words(item.votes, locale),
            "swatches": _swatches(item.palette, locale),
            "prompt": item.prompt,
            "recipe": recipe_facts(item, locale),
            "recipe_text": item.recipe_text,
            "added": date_words(item.added_at, locale),
            "added_by": plain(item.added_by_name),
            "link": _link(item.link),
            "comments": [
                {"name": plain(each.user_name), "text": plain(each.text)} for each in item.comments
            ],
        }


def _shape(item: Item) -> int:
    """Return the class of a picture's shape."""
    return min(max(round(item.width / item.height / _SHAPE_STEP), 1), _SHAPES)


def _uri(path: Path | None) -> str:
    if path is None:
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _link(link: str | None) -> str:
    """Return an address of the web; others (scripts, files) are left out."""
    return link if link is not None and link.startswith(("https://", "http://")) else ""
