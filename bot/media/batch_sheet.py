"""The sheets of a batch: a table for two pairs of braces, else labelled and numbered tiles."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from PIL import Image

from bot.domain.batches import Batch, BatchKind
from bot.domain.requests import FIELDS, PROMPT, SEED, STYLE, ImageRequest, bare_prompt
from bot.media.captions import differing_axes, fact, shared_facts
from bot.media.contact_sheet import WIDTH, Cell, draw_grid, draw_sheet

PAGE: Final = 25  # images of a sheet, unless they are a table
_FEW: Final = 12  # tiles whose words have room on a sheet of the usual width
_WIDE: Final = 2100  # pixels
_SHARE: Final = 1.4  # a tile may be wider than an even share of the sheet


def page_places(batch: Batch, count: int) -> list[range]:
    """Return the places of a batch's images, sheet by sheet; a table is not torn apart."""
    if batch.is_grid:
        return [range(count)]
    return [range(first, min(first + PAGE, count)) for first in range(0, count, PAGE)]


def tile_side(count: int) -> int:
    """Return how wide pictures have to be at least, in pixels, where so many are on a sheet."""
    return math.ceil(WIDTH / math.sqrt(max(count, 1)) * _SHARE)


def draw_page(
    batch: Batch,
    requests: Sequence[ImageRequest],
    pictures: Mapping[int, Image.Image],
    *,
    locale: str,
    facts: Sequence[str] = (),
) -> Image.Image:
    """Draw a sheet of a batch.

    Args:
        batch: What asked for the images.
        requests: All images of the batch.
        pictures: Those of them that are on this sheet and there, by their places; at least one.
        locale: The reader's language.
        facts: What else is said above them, behind what they have in common.

    """
    above = " · ".join([*common_facts(requests, locale), *facts])
    if batch.is_grid:
        return _table(batch, pictures, facts=above)
    cells = [
        Cell(
            picture=picture,
            label=label_of(batch, place, requests[place]),
            note=_note(batch, requests, place, locale),
            number=place + 1,
        )
        for place, picture in sorted(pictures.items())
    ]
    width = WIDTH if len(cells) <= _FEW else _WIDE
    return draw_sheet(cells, title=batch.title, facts=above, width=width).image


def _table(batch: Batch, pictures: Mapping[int, Image.Image], *, facts: str) -> Image.Image:
    """Draw all combinations of two groups."""
    rows, columns = batch.table
    places = range(len(rows) * len(columns))
    cells = [
        Cell(picture=picture, number=None if picture is None else place + 1)
        for place in places
        for picture in [pictures.get(place)]
    ]
    return draw_grid(
        cells,
        columns=len(columns),
        title=batch.title,
        facts=facts,
        column_labels=columns,
        row_labels=rows,
    ).image


def label_of(batch: Batch, place: int, request: ImageRequest) -> str:
    """Return what is different about an image: its choices, or its own words and its style."""
    words = (bare_prompt(request.prompt, request.style), STYLE.shown_of(request))
    return batch.label(place) or " · ".join(filter(None, words))


def common_facts(requests: Sequence[ImageRequest], locale: str) -> list[str]:
    """Return what all images of a batch have in common, but for the prompt."""
    return shared_facts(requests[0], locale, *differing_axes(requests))


def _note(batch: Batch, requests: Sequence[ImageRequest], place: int, locale: str) -> str:
    """Return what a row of a file says beside its prompt; the seed it says only if all do."""
    if batch.kind is BatchKind.COMBINATIONS:
        return ""
    request, differing = requests[place], differing_axes(requests)
    return " · ".join(
        fact(field, request, locale)
        for field in FIELDS
        if field.axis in differing
        and field not in {PROMPT, SEED}
        and not field.goes_without_saying(request)
    )
