"""A batch's sheets: a table stays whole, tiles have pages, and what is missing leaves a gap."""

from __future__ import annotations

import itertools

import numpy as np
from PIL import Image

from bot.domain.batches import Batch, BatchKind, combined
from bot.domain.requests import ImageRequest, Size
from bot.media.batch_sheet import common_facts, draw_page, page_places, tile_side

COLOURS = ((200, 0, 0), (0, 160, 0), (0, 0, 200), (200, 160, 0), (0, 160, 200), (160, 0, 160))
FILE = Batch(kind=BatchKind.PROMPTS, title="list.csv")


def picture(colour: tuple[int, int, int], width: int = 64, height: int = 64) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def request(prompt: str, seed: int = 1, side: int = 64) -> ImageRequest:
    return ImageRequest(prompt=prompt, seed=seed, size=Size(width=side, height=64))


def table(rows: int, columns: int) -> tuple[Batch, list[ImageRequest]]:
    groups = [[f"a{i}" for i in range(rows)], [f"b{i}" for i in range(columns)]]
    prompts = [request(" ".join(each)) for each in itertools.product(*groups)]
    return combined("{…} {…}", groups, prompts)


def order_of(sheet: Image.Image) -> list[tuple[int, int, int]]:
    """Return the colours of the pictures as the sheet is read."""
    pixels = np.asarray(sheet)
    places = {}
    for colour in COLOURS:
        where = np.argwhere((pixels == colour).all(axis=2))
        if len(where) > 1000:  # else it is of a letter's edge
            top, left = where.min(axis=0)
            places[colour] = (top // 50, left)
    return sorted(places, key=places.__getitem__)


def test_the_images_of_a_table_are_read_in_their_order():
    for rows, columns in ((2, 3), (3, 2)):
        batch, requests = table(rows, columns)
        pictures = {i: picture(colour) for i, colour in enumerate(COLOURS)}
        sheet = draw_page(batch, requests, pictures, locale="en-US")
        assert order_of(sheet) == list(COLOURS)
        assert len(batch.table[1]) == 3, "the longer one goes from left to right"


def test_a_missing_image_leaves_its_place_empty():
    batch, requests = table(2, 3)
    pictures = {i: picture(colour) for i, colour in enumerate(COLOURS) if i != 1}
    sheet = draw_page(batch, requests, pictures, locale="zh-CN")
    assert order_of(sheet) == [each for i, each in enumerate(COLOURS) if i != 1]


def test_a_table_is_one_page_and_tiles_are_25_a_page():
    batch, _ = table(10, 10)
    assert page_places(batch, 100) == [range(100)]
    long, _ = table(2, 13)
    assert page_places(long, 26) == [range(25), range(25, 26)]
    assert page_places(FILE, 60) == [range(25), range(25, 50), range(50, 60)]
    assert tile_side(25) > tile_side(100) > 190


def test_sizes_and_words_that_differ_stand_under_the_tiles_and_the_rest_above():
    requests = [request("a", 1), request("b " * 200, 2, 96), request("红苹果", 3, 96)]
    assert common_facts(requests, "en-US") == ["standard"]
    pictures = {i: picture(COLOURS[i], each.size.width) for i, each in enumerate(requests)}
    sheet = draw_page(FILE, requests, pictures, locale="en-US")
    assert order_of(sheet) == list(COLOURS[:3])
