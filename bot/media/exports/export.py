"""Writing a board to files: an archive, a page, a document or a sheet for print."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from bot.domain.boards import Board, Item
from bot.errors import BotError
from bot.media.exports.archive import packed, write_archive
from bot.media.exports.html import write_page
from bot.media.exports.notes import copies_note, damage_notes, usual_side, zip_note
from bot.media.exports.order import ExportOrder
from bot.media.exports.pages import picture_page, sheet_pages, title_page
from bot.media.exports.partition import ExportParts, shared_out
from bot.media.exports.pdf import Document
from bot.media.exports.print_sheet import print_sheet
from bot.media.kit.typography import plain
from bot.media.thumbnails import SIDES, Copies, PictureCache

Form = Literal["zip", "html", "pdf", "png"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)

_PAGE_BYTES: Final = 70_000  # of an HTML page without pictures
_FIGURE_BYTES: Final = 4_000  # around a picture in a page
_DOCUMENT_BYTES: Final = 400_000  # of a PDF without pictures: most of it is the font
_LEAF_BYTES: Final = 7_000  # of a picture's page, and its part of a sheet
_TRIES: Final = 5  # to fit a limit, each time with less
_LESS: Final = 0.9


class ExportError(BotError):
    """A board cannot be written so."""


@dataclass(frozen=True, kw_only=True)
class ExportFile:
    """A file that was written.

    Attributes:
        name: As people should get it.
        note: What it holds and what was made smaller, in the reader's language; one or more
            sentences.

    """

    name: str
    path: Path
    note: str


def export_board(
    board: Board,
    *,
    items: Sequence[Item],
    form: Form,
    limit_bytes: int | None,
    locale: str,
    folder: Path,
    pictures: PictureCache | None = None,
) -> list[ExportFile]:
    """Write a board to one file or more.

    Pictures are read one at a time, so a board of a thousand takes no more memory than one of ten.

    Args:
        board: Its name, brief and theme.
        items: What the reader may see, in the order in which it hangs.
        form: `zip`, `html`, `pdf` or `png`.
        limit_bytes: No file is larger; None for no limit.
        locale: The reader's.
        folder: Where the files are written; it is made where it is missing.
        pictures: Where small copies are kept; without it they are made for this export alone.

    Raises:
        ExportError: Even the smallest files would be larger than the limit.

    """
    folder.mkdir(parents=True, exist_ok=True)
    if pictures is None:
        with tempfile.TemporaryDirectory(prefix=".copies-", dir=folder) as name:
            return export_board(
                board,
                items=items,
                form=form,
                limit_bytes=limit_bytes,
                locale=locale,
                folder=folder,
                pictures=PictureCache(Path(name)),
            )
    pictures.look_again()
    order = ExportOrder(
        board=board,
        items=items,
        limit_bytes=limit_bytes,
        locale=locale,
        folder=folder,
        pictures=pictures,
    )
    return _WRITERS[form](order)


# Archives


def _write_zip(order: ExportOrder) -> list[ExportFile]:
    packing = packed(order)
    files = []
    for i, entries in enumerate(packing.archives):
        name, path = order.file("zip", i, len(packing.archives))
        write_archive(path, entries, order.board)
        files.append(ExportFile(name=name, path=path, note=zip_note(order, packing, i)))
    return _checked(order, files)


# Pages and documents


def _write_html(order: ExportOrder) -> list[ExportFile]:
    def write(path: Path, items: Sequence[Item], copies: Copies, part: str) -> None:
        write_page(path, order, items, copies, part)

    def weight(item: Item, copy_bytes: int) -> int:
        words = [item.recipe_text or "", item.prompt or "", item.caption, *item.tags]
        words += [f"{each.user_name}{each.text}" for each in item.comments]
        # Escaped quotes take five bytes.
        return copy_bytes * 4 // 3 + _FIGURE_BYTES + sum(3 * len(each.encode()) for each in words)

    return _write_parts(order, "html", write, weight, _PAGE_BYTES)


def _write_pdf(order: ExportOrder) -> list[ExportFile]:
    board, locale = order.board, order.locale

    def write(path: Path, items: Sequence[Item], copies: Copies, part: str) -> None:
        document = Document(copies=copies, locale=locale, title=plain(board.name))
        document.add_page(title_page(board, items, part=part, locale=locale))
        document.add_pages(sheet_pages(board, items, locale=locale))
        document.add_pages(picture_page(board, item, locale=locale) for item in items)
        document.save(path)

    return _write_parts(
        order, "pdf", write, lambda _, copy_bytes: copy_bytes + _LEAF_BYTES, _DOCUMENT_BYTES
    )


def _write_parts(
    order: ExportOrder,
    suffix: str,
    write: Callable[[Path, Sequence[Item], Copies, str], None],
    weight: Callable[[Item, int], int],
    fixed_bytes: int,
) -> list[ExportFile]:
    """Write as few files as may be; again, with less in each, where one is over the limit."""
    limit = order.limit_bytes
    for _ in range(_TRIES):
        parts = shared_out(
            order.items,
            pictures=order.pictures,
            side=usual_side(order, suffix),
            limit_bytes=limit,
            weight=weight,
            fixed_bytes=min(fixed_bytes, (limit or fixed_bytes) // 4),
        )
        files = _written(order, suffix, parts, write)
        if _are_within(order, files):
            return files
        if parts.side == SIDES[0] and len(parts.items[0]) <= 1:
            break
        limit = round((limit or 0) * _LESS)
    raise _too_small(order)


def _written(
    order: ExportOrder,
    suffix: str,
    parts: ExportParts,
    write: Callable[[Path, Sequence[Item], Copies, str], None],
) -> list[ExportFile]:
    """Write the parts, up to the first that is over the limit."""
    copies = Copies(pictures=order.pictures, side=parts.side)
    count = len(parts.items)
    files = []
    for i, items in enumerate(parts.items):
        name, path = order.file(suffix, i, count)
        part = order.say("exhibit_part", part=i + 1, parts=count) if count > 1 else ""
        write(path, items, copies, part)
        note = copies_note(order, suffix, parts, i)
        files.append(ExportFile(name=name, path=path, note=note))
        if order.limit_bytes is not None and path.stat().st_size > order.limit_bytes:
            break
    return files


# The sheet for print


def _write_png(order: ExportOrder) -> list[ExportFile]:
    name, path = order.file("png", 0, 1)
    width, wanted = print_sheet(path, order)
    if width < wanted:
        note = order.say("exhibit_note_shrunk", width=width, wanted=wanted)
    else:
        note = order.say("exhibit_note_width", width=width)
    note = " ".join([note, *damage_notes(order, order.items)])
    return _checked(order, [ExportFile(name=name, path=path, note=note)])


# Limits


def _are_within(order: ExportOrder, files: Sequence[ExportFile]) -> bool:
    """Tell whether no file is over the limit; otherwise none of them stays."""
    limit = order.limit_bytes
    if limit is None or all(file.path.stat().st_size <= limit for file in files):
        return True
    for file in files:
        file.path.unlink()
    return False


def _checked(order: ExportOrder, files: list[ExportFile]) -> list[ExportFile]:
    if not _are_within(order, files):
        raise _too_small(order)
    return files


def _too_small(order: ExportOrder) -> ExportError:
    return ExportError(
        f"This board does not fit into files of {order.limit_mb} MB: allow larger files, or export "
        "fewer pictures."
    )


_WRITERS: Final[dict[Form, Callable[[ExportOrder], list[ExportFile]]]] = {
    "zip": _write_zip,
    "html": _write_html,
    "pdf": _write_pdf,
    "png": _write_png,
}
