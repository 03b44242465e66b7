"""What is known of a board's pictures, as a table and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bot.domain.boards import Board, Item
from bot.media.kit.typography import plain

_COLUMNS: Final = (
    "number", "file", "caption", "credit", "status", "votes", "tags", "prompt", "seed", "width",
    "height", "source", "spoiler", "link", "added_by", "added_at", "palette", "comments",
    "pixel_sha256",
)  # fmt: skip
# A spreadsheet takes a cell that begins with one of these for a formula, full-width ones too.
_FORMULA: Final = tuple("=+-@|%＝＋－＠")


def pictures_csv(items: Sequence[Item], files: Mapping[int, str]) -> bytes:
    """Return a table for spreadsheets; `files` are the names in the archive, by number.

    It begins with a mark by which Excel knows UTF-8, and no cell of it is a formula.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for item in items:
        writer.writerow([safe_cell(cell) for cell in _cells(item, files.get(item.number, ""))])
    return buffer.getvalue().encode("utf-8-sig", "replace")


def _cells(item: Item, file: str) -> Iterator[object]:
    flat = {
        "tags": ", ".join(item.tags),
        "is_spoiler": "yes" if item.is_spoiler else "no",
        "palette": " ".join(swatch.hex for swatch in item.palette),
        "comments": " / ".join(f"{each.user_name}: {each.text}" for each in item.comments),
    }
    for value in {**_described(item, file), **flat}.values():
        yield "" if value is None else value


def safe_cell(cell: object) -> object:
    """Return a cell that no spreadsheet computes; numbers stay numbers."""
    if not isinstance(cell, str):
        return cell
    words = plain(cell)
    return f"'{words}" if words.startswith(_FORMULA) else words


def board_json(board: Board, items: Sequence[Item], files: Mapping[int, str]) -> str:
    """Return everything about a board and some of its pictures, as it is."""
    document = {
        "name": board.name,
        "brief": board.brief,
        "owner": board.owner_name,
        "created_at": board.created_at.isoformat(),
        "palette": [swatch.hex for swatch in board.palette]
        if len(items) == len(board.items)
        else [],
        "pictures": [_described(item, files.get(item.number)) for item in items],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _described(item: Item, file: str | None) -> dict[str, Any]:
    return {
        "number": item.number,
        "file": file,
        "caption": item.caption,
        "credit": item.credit,
        "status": item.status.value,
        "votes": item.votes,
        "tags": list(item.tags),
        "prompt": item.prompt,
        "seed": item.seed,
        "width": item.width,
        "height": item.height,
        "source": item.source.value,
        "is_spoiler": item.is_spoiler,
        "link": item.link,
        "added_by": item.added_by_name,
        "added_at": item.added_at.isoformat(),
        "palette": [{"hex": swatch.hex, "share": swatch.share} for swatch in item.palette],
        "comments": [{"by": each.user_name, "text": each.text} for each in item.comments],
        "pixel_sha256": item.pixel_sha256,
    }
