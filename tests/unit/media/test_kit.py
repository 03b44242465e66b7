"""The kit: pictures opened one at a time, words where one is missing, lines without sharp turns."""

from __future__ import annotations

import weakref

import numpy as np
from PIL import Image

from bot.media.kit import LIGHT, Box, LayoutBuilder, Lines, SheetLayout, paint
from bot.media.kit.curves import rounded_path


def sheet_of(count: int) -> LayoutBuilder[int]:
    builder = LayoutBuilder[int](width=100 * count, colours=LIGHT)
    for i in range(count):
        builder.photo(i, (80, 80), Box(left=100 * i + 10, top=10, width=80, height=80))
    return builder


def test_no_picture_is_opened_while_another_one_is():
    opened: list[weakref.ref[Image.Image]] = []

    def open_one(_photo):
        assert not any(each() for each in opened)
        image = Image.new("RGB", (80, 80), "navy")
        opened.append(weakref.ref(image))
        return image

    sheet = paint(sheet_of(5).plan(100), open_one)
    assert [sheet.getpixel((100 * i + 50, 50)) for i in range(5)] == [(0, 0, 128)] * 5


def test_a_picture_of_another_shape_stands_whole_in_the_middle_of_its_place():
    sheet = paint(sheet_of(1).plan(100), lambda _photo: Image.new("RGB", (40, 20), "navy"))
    blue = np.argwhere((np.asarray(sheet) == (0, 0, 128)).all(axis=2))
    assert (*blue.min(axis=0), *blue.max(axis=0)) == (40, 30, 59, 69)
    assert sheet.getpixel((15, 15)) == LIGHT.tile


def test_words_stand_where_a_picture_cannot_be_shown():
    said, empty = (
        paint(sheet_of(1).plan(100), lambda _, words=words: words) for words in ("gone", "")
    )
    assert said.getpixel((12, 12)) == empty.getpixel((12, 12)) == LIGHT.tile
    place = (10, 10, 90, 90)
    assert np.asarray(said.convert("L").crop(place)).min() < 120
    assert (np.asarray(empty.crop(place)) == LIGHT.tile).all()


def test_lines_turn_in_curves_and_end_in_a_head():
    path = ((10.0, 10.0), (10.0, 50.0), (90.0, 50.0), (90.0, 90.0))
    points = rounded_path(path, radius=10)
    assert points[0] == path[0]
    assert points[-1] == path[-1]
    assert path[1] not in points
    lines = Lines(paths=(path,), colour=(0, 0, 0), width=2)
    layout = SheetLayout(width=100, height=100, ground=(255, 255, 255), shapes=(lines,))
    grey = np.asarray(paint(layout).convert("L"))
    assert grey[30, 10] < 20
    assert grey[50, 10] > 200, "the corner is cut"
    assert (grey[87] < 128).sum() > (grey[70] < 128).sum(), "the head is wider than the line"
