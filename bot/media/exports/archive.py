"""A board as zip files: the pictures as they came in, what made them, tables, sheets, palettes."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from bot.domain.boards import Board, Item
from bot.locales import text
from bot.media.exports.board_builder import WIDTH
from bot.media.exports.order import ExportOrder
from bot.media.exports.partition import MAX_FILES, filled, shared_out
from bot.media.exports.phrases import caption_of, recipe_of, slug
from bot.media.exports.sheet import PER_PAGE, keep_sheet, page_count, palette_of_items
from bot.media.exports.spreadsheet import board_json, pictures_csv
from bot.media.palettes import ase, css, gpl, palette_json
from bot.media.picture_files import FileState
from bot.media.thumbnails import SIDES, PictureCache

_ENTRY_BYTES: Final = 76  # around a file in a zip, beside its name, which is there twice
_FOOT_BYTES: Final = 64
_FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)  # no zip knows an earlier one
_FEW: Final = 48  # pictures: boards of more get sheets of so many, each so wide
_WIDE: Final = 2400  # pixels
_NARROWER: Final = (1.0, 0.7, 0.5, 0.35)  # of the width, where a sheet is too large for an archive
_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".bmp"})


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file in an archive.

    Attributes:
        content: Bytes, or the file on the disk that is copied.
        number: Of the picture that it is, or belongs to.

    """

    name: str
    content: bytes | Path
    number: int | None = None

    @property
    def size_bytes(self) -> int:
        """Return what it takes at most."""
        own = len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size
        return own + _ENTRY_BYTES + 2 * len(self.name.encode())


@dataclass(frozen=True, kw_only=True)
class Packing:
    """What goes into which archive.

    Attributes:
        side: Of the copies that stand for the originals, in pixels; None for the originals.
        heavy: Numbers of pictures that are copies because no archive can hold the original.
        missing: Numbers of pictures whose files are gone.
        damaged: Numbers of pictures whose files are not what was kept.

    """

    archives: tuple[tuple[Entry, ...], ...]
    side: int | None
    heavy: tuple[int, ...]
    missing: tuple[int, ...]
    damaged: tuple[int, ...]


def packed(order: ExportOrder) -> Packing:
    """Decide what goes into which archive."""
    limit = order.limit_bytes
    states = {item.number: order.pictures.state_of(item) for item in order.items}
    there = [item for item in order.items if states[item.number] is FileState.WHOLE]
    names = {item.number: _name(item, item.path.suffix) for item in there}
    sheets = list(_sheets(order))
    side = None
    if limit is not None:
        total = sum(entry.size_bytes for item in there for entry in _entries(item, names))
        about = _size([*_papers(order, names), *sheets])
        if total > MAX_FILES * (limit - _FOOT_BYTES) - about:
            side = _side(there, order.pictures, limit, about)
    heavy: list[int] = []
    groups: list[list[Entry]] = []
    for item in there:
        entries = _entries(item, names)
        if side is not None or not _fits(entries, limit):
            if side is None:
                heavy.append(item.number)
            names[item.number] = _name(item, ".jpg")
            entries = _copied(item, names, order, side=side)
        groups.append(entries)
    first = [[entry] for entry in [*_papers(order, names), *sheets]]
    room = math.inf if limit is None else limit - _FOOT_BYTES
    return Packing(
        archives=tuple(tuple(chain(*share)) for share in filled([*first, *groups], _size, room)),
        side=side,
        heavy=tuple(heavy),
        missing=tuple(n for n, state in states.items() if state is FileState.MISSING),
        damaged=tuple(n for n, state in states.items() if state is FileState.DAMAGED),
    )


def write_archive(path: Path, entries: Sequence[Entry], board: Board) -> None:
    """Write an archive; pictures are copied, as they are packed already."""
    day = max(board.created_at.timetuple()[:6], _FIRST_DAY)
    with zipfile.ZipFile(path, "w") as archive:
        for entry in entries:
            head = zipfile.ZipInfo(entry.name, date_time=day)
            head.external_attr = 0o644 << 16
            if isinstance(entry.content, bytes):
                head.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(head, entry.content)
            else:
                _copy_into(archive, head, entry.content)


def _copy_into(archive: zipfile.ZipFile, head: zipfile.ZipInfo, source: Path) -> None:
    head.file_size = source.stat().st_size
    with source.open("rb") as file, archive.open(head, "w") as target:
        while block := file.read(1 << 20):
            target.write(block)


def _papers(order: ExportOrder, names: dict[int, str]) -> list[Entry]:
    """Return what is said of the board as a whole."""
    board, items, locale = order.board, order.items, order.locale
    parts = [board.name, board.brief, text("exhibit_readme", locale)]
    readme = "\n\n".join(part for part in parts if part.strip()) + "\n"
    papers = [
        Entry(name="README.txt", content=_utf8(readme)),
        Entry(name="pictures.csv", content=pictures_csv(items, names)),
        Entry(name="board.json", content=_utf8(board_json(board, items, names))),
    ]
    if palette := palette_of_items(board, items):
        papers += [
            Entry(name="palette.ase", content=ase(palette, board.name, locale=locale)),
            Entry(name="palette.gpl", content=_utf8(gpl(palette, board.name, locale=locale))),
            Entry(name="palette.css", content=_utf8(css(palette, board.name, locale=locale))),
            Entry(name="palette.json", content=_utf8(palette_json(palette, board.name))),
        ]
    return papers


def _utf8(words: str) -> bytes:
    return words.encode("utf-8", "replace")


def _sheets(order: ExportOrder) -> Iterator[Entry]:
    """Yield the sheets, drawn where they are not there from before, narrower where too large."""
    board, items = order.board, order.items
    per_page, width = (_FEW, _WIDE) if len(items) > _FEW else (PER_PAGE, WIDTH)
    for page in range(1, page_count(len(items), per_page) + 1):
        for share in _NARROWER:
            sheet = keep_sheet(
                board,
                items=items,
                theme=board.theme,
                page=page,
                pictures=order.pictures,
                locale=order.locale,
                per_page=per_page,
                width=round(width * share),
            )
            entry = Entry(name=f"sheets/sheet-{page:02}.jpg", content=sheet)
            if _fits([entry], order.limit_bytes):
                break
        yield entry


def _name(item: Item, suffix: str) -> str:
    """Return a picture's name in the archive: its number first, so that they sort."""
    suffix = suffix.lower() if suffix.lower() in _SUFFIXES else ".png"
    words = slug(caption_of(item))
    hidden = "SPOILER_" if item.is_spoiler else ""  # as Discord marks them
    return f"pictures/{hidden}{item.number:03}{'-' if words else ''}{words}{suffix}"


def _entries(item: Item, names: dict[int, str]) -> list[Entry]:
    """Return a picture and its recipe."""
    picture = Entry(name=names[item.number], content=item.path, number=item.number)
    return [picture, *_recipe(item)]


def _recipe(item: Item) -> list[Entry]:
    if item.recipe_text is None or recipe_of(item) is None:
        return []
    name = f"recipes/{item.number:03}.json"
    return [Entry(name=name, content=_utf8(item.recipe_text + "\n"), number=item.number)]


def _copied(
    item: Item, names: dict[int, str], order: ExportOrder, *, side: int | None
) -> list[Entry]:  # fmt: skip
    """Return the largest copy of a picture that an archive can hold, and its recipe."""
    for each in (side,) if side is not None else reversed(SIDES):
        copy = order.pictures.copy_of(item, side=each)
        if copy is None:
            return []
        picture = Entry(name=names[item.number], content=copy, number=item.number)
        entries = [picture, *_recipe(item)]
        if _fits(entries, order.limit_bytes):
            break
    return entries


def _side(
    items: Sequence[Item], pictures: PictureCache, limit_bytes: int, papers_bytes: int
) -> int:  # fmt: skip
    """Return the size of copies with which all archives together are few enough."""

    def weight(item: Item, copy_bytes: int) -> int:
        return copy_bytes + _size(_recipe(item)) + _ENTRY_BYTES + 160

    return shared_out(
        items,
        pictures=pictures,
        side=SIDES[-1],
        limit_bytes=limit_bytes,
        weight=weight,
        fixed_bytes=_FOOT_BYTES + papers_bytes // MAX_FILES,
    ).side


def _size(entries: Sequence[Entry]) -> int:
    return sum(entry.size_bytes for entry in entries)


def _fits(entries: Sequence[Entry], limit_bytes: int | None) -> bool:
    return limit_bytes is None or _size(entries) + _FOOT_BYTES <= limit_bytes
