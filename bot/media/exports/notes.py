"""What an export says of its files: which part each is, what it holds, what was made smaller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.domain.boards import Item
from bot.media.exports.archive import Packing
from bot.media.exports.order import ExportOrder
from bot.media.exports.partition import ExportParts
from bot.media.exports.phrases import count_words
from bot.media.picture_files import FileState
from bot.media.thumbnails import SIDES

_MANY: Final = 150  # pictures: on boards of more, pages and documents show smaller ones
_SIDES: Final = {"html": (SIDES[4], SIDES[3]), "pdf": (SIDES[5], SIDES[4])}  # few, many


def zip_note(order: ExportOrder, packing: Packing, part: int) -> str:
    """Return what is said of an archive."""
    numbers = [
        entry.number
        for entry in packing.archives[part]
        if entry.number is not None and entry.name.startswith("pictures/")
    ]
    said = [_part_words(order, numbers, part, len(packing.archives))]
    if packing.side is not None:
        said.append(order.say("exhibit_note_copies", side=packing.side))
    elif len(packing.archives) == 1 and not (packing.heavy or packing.missing or packing.damaged):
        said.append(_whole_words(order))
    if heavy := [number for number in packing.heavy if number in numbers]:
        said.append(order.say("exhibit_note_heavy", numbers=_listed(heavy)))
    if part == 0:
        said += damage_notes(order, order.items)
    return " ".join(filter(None, said))


def _whole_words(order: ExportOrder) -> str:
    if len(order.items) <= 1:
        return count_words(len(order.items), order.locale)
    return order.say("exhibit_note_whole", count=len(order.items))


def _part_words(order: ExportOrder, numbers: Sequence[int], part: int, parts: int) -> str:
    """Return which part this is and what it holds; nothing where there is but one."""
    if parts == 1:
        return ""
    place = {"part": part + 1, "parts": parts}
    if not numbers:
        return order.say("exhibit_note_papers", **place)
    if len(numbers) == 1:
        return order.say("exhibit_note_single", **place, first=numbers[0])
    return order.say("exhibit_note_part", **place, first=numbers[0], last=numbers[-1])


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def copies_note(order: ExportOrder, suffix: str, parts: ExportParts, part: int) -> str:
    """Return what is said of a page or document that shows copies."""
    items = parts.items[part]
    said = [_part_words(order, [item.number for item in items], part, len(parts.items))]
    usual = usual_side(order, suffix)
    is_smaller = any(max(item.width, item.height) > parts.side for item in items)
    if parts.side < usual and is_smaller:
        said.append(order.say("exhibit_note_copies", side=parts.side))
    elif is_smaller:
        said.append(order.say("exhibit_note_side", side=parts.side))
    elif len(parts.items) == 1:
        said.append(count_words(len(items), order.locale) + order.say("exhibit_stop"))
    said += damage_notes(order, items)
    return " ".join(filter(None, said))


def damage_notes(order: ExportOrder, items: Sequence[Item]) -> list[str]:
    """Return which pictures are left out because their files are gone or damaged."""
    said = []
    for state in (FileState.MISSING, FileState.DAMAGED):
        if numbers := [item.number for item in items if order.pictures.state_of(item) is state]:
            said += [order.say(f"exhibit_note_{state}", numbers=_listed(numbers))]
    return said


def usual_side(order: ExportOrder, suffix: str) -> int:
    """Return the size of copies where there is room, in pixels."""
    few, many = _SIDES[suffix]
    return many if len(order.items) > _MANY else few
