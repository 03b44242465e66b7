"""Sharing a board out among files that may have so many bytes: larger copies, or fewer files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.domain.boards import Item
from bot.media.thumbnails import SIDES, PictureCache

T = TypeVar("T")

MAX_FILES: Final = 10  # Discord takes so many with a message
_COMFORTABLE: Final = 864  # pixels: smaller copies only where more files would be needed
_SAMPLE: Final = 24  # pictures that a size is estimated by
_SLACK: Final = 0.94  # of the limit is filled: what is around the pictures is estimated


@dataclass(frozen=True, kw_only=True)
class ExportParts:
    """What goes into each file, and in which size; `side` in pixels."""

    side: int
    items: tuple[tuple[Item, ...], ...]


def shared_out(
    items: Sequence[Item],
    *,
    pictures: PictureCache,
    side: int,
    limit_bytes: int | None,
    weight: Callable[[Item, int], int],
    fixed_bytes: int,
) -> ExportParts:
    """Return the largest copies with which the files are few enough, and what each file holds.

    Args:
        items: All pictures, in order.
        pictures: Where copies are kept.
        side: Of the copies where there is room, in pixels.
        limit_bytes: Of a file; None for one file of any size.
        weight: The bytes that a picture takes in the file, with the size of its copy.
        fixed_bytes: What a file has without pictures.

    """
    if limit_bytes is None or not items:
        return ExportParts(side=side, items=(tuple(items),))
    room = int(limit_bytes * _SLACK) - fixed_bytes
    sides = [each for each in reversed(SIDES) if each <= side]
    comfortable = [each for each in sides if each >= _COMFORTABLE]
    wanted = [(each, 1) for each in comfortable]
    wanted += [(comfortable[-1], MAX_FILES)] if comfortable else []
    wanted += [(each, MAX_FILES) for each in sides if each < _COMFORTABLE]

    def weight_at(each: int) -> Callable[[Item], int]:
        return lambda item: _weight(item, each, pictures, weight)

    for each, files in wanted:
        if _estimate(items, weight_at(each)) > room * files:
            continue
        shares = filled(items, weight_at(each), room)
        if len(shares) <= files:
            return ExportParts(side=each, items=shares)
    return ExportParts(side=sides[-1], items=filled(items, weight_at(sides[-1]), room))


def _estimate(items: Sequence[Item], weight: Callable[[Item], int]) -> float:
    """Return about how many bytes all pictures take, by some of them."""
    sample = items[:: max(1, len(items) // _SAMPLE)]
    return sum(map(weight, sample)) * len(items) / len(sample)


def filled(
    things: Sequence[T], weight: Callable[[T], int], room: float
) -> tuple[tuple[T, ...], ...]:  # fmt: skip
    """Return the things in order, each share as full as it may be; one too heavy stands alone."""
    shares: list[list[T]] = []
    left = -1.0
    for thing in things:
        own = weight(thing)
        if own > left:
            shares.append([])
            left = room
        shares[-1].append(thing)
        left -= own
    return tuple(tuple(share) for share in shares)


def _weight(
    item: Item, side: int, pictures: PictureCache, weight: Callable[[Item, int], int]
) -> int:
    path = pictures.copy_of(item, side=side)
    return weight(item, path.stat().st_size if path else 0)
