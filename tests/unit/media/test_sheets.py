"""Sheets: every picture in its place, every word readable, nothing outside."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from bot.media.contact_sheet import Cell, Sheet, draw_grid, draw_sheet, draw_tiles
from bot.media.kit import LIGHT, Box, SheetLayout, TextBlock, TextStyle, paint
from bot.media.kit.direction import turned
from bot.media.kit.justified_rows import best_columns
from bot.media.kit.typography import (
    drawable,
    font,
    has_glyph,
    wrapped,
)

LONG = "a lighthouse on a cliff above the sea at dusk, cinematic light, volumetric fog " * 6


def picture(width: int, height: int, level: int = 0) -> Image.Image:
    """Return a picture in which every place has a colour of its own."""
    image = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (image, image.transpose(0), Image.new("L", image.size, level)))


def cells(*sizes: tuple[int, int], label: str = "draft") -> list[Cell]:
    return [
        Cell(picture=picture(*size, level=20 * i), label=label, number=i + 1)
        for i, size in enumerate(sizes)
    ]


def check_pictures(sheet: Sheet, shown: list[Cell]) -> None:
    """Every box holds exactly its picture, resized; boxes are apart and within the sheet."""
    assert len(sheet.boxes) == len(shown)
    for box, cell in zip(sheet.boxes, shown, strict=True):
        found = sheet.image.crop((box.left, box.top, box.left + box.width, box.bottom))
        wanted = cell.picture.resize((box.width, box.height), Image.Resampling.LANCZOS)
        assert found.tobytes() == wanted.tobytes()
        kept = (box.width / box.height) / (cell.picture.width / cell.picture.height)
        assert kept == pytest.approx(1, abs=0.01), "nothing is stretched"
        assert box.left >= 40
        assert box.left + box.width <= sheet.image.width - 40
        assert box.bottom <= sheet.image.height - 40
    assert not any(overlap(*pair) for pair in combinations(sheet.boxes, 2))


def overlap(a: Box, b: Box) -> bool:
    apart_x = a.left + a.width <= b.left or b.left + b.width <= a.left
    return not apart_x and a.top < b.bottom and b.top < a.bottom


@pytest.mark.parametrize("count", range(1, 10))
def test_pictures_of_one_shape_fill_a_grid(count: int):
    shown = cells(*[(128, 128)] * count)
    sheet = draw_sheet(shown, title="红苹果", facts="seed 42 · 128×128")
    check_pictures(sheet, shown)
    assert len({box.width for box in sheet.boxes}) == 1
    assert 0.6 < sheet.image.width / sheet.image.height < 2.5


def test_the_columns_suit_the_count_and_the_shape():
    assert [best_columns(count, 1.0, whole=1.25) for count in range(1, 10)] == [
        1,
        2,
        3,
        2,
        3,
        3,
        4,
        4,
        3,
    ]
    assert best_columns(4, 9 / 16, whole=1.25) == 4
    assert best_columns(2, 4.0, whole=1.25) == 1


def test_mixed_shapes_fill_rows_of_the_whole_width_or_leave_none_taller():
    shown = cells((128, 128), (112, 144), (144, 112), (160, 96), (96, 160))
    sheet = draw_sheet(shown)
    check_pictures(sheet, shown)
    assert len({box.height for box in sheet.boxes}) <= len({box.top for box in sheet.boxes})
    assert max(box.left + box.width for box in sheet.boxes) == sheet.image.width - 44
    lonely = draw_sheet(cells((128, 128), (112, 144), (144, 112), (160, 96)))
    assert max(b.height for b in lonely.boxes) < 1.5 * min(b.height for b in lonely.boxes)


def test_rows_of_many_mixed_pictures_are_of_like_heights():
    shown = cells(*[(128, 128), (96, 128), (128, 96), (128, 72), (72, 128)] * 6, label="")
    sheet = draw_sheet(shown)
    check_pictures(sheet, shown)
    heights = {box.height for box in sheet.boxes}
    assert max(heights) < 1.5 * min(heights)


def test_a_grid_has_headings_and_keeps_empty_places():
    shown = cells(*[(128, 128)] * 6, label="")
    shown[4] = Cell(picture=None, label="not drawn")
    plain = draw_grid(shown, columns=3)
    sheet = draw_grid(
        shown, columns=3, column_labels=["0", "1", "1.4"], row_labels=["draft", "宋代山水画"]
    )
    assert sheet.boxes[0].top > plain.boxes[0].top
    assert sheet.boxes[0].left > plain.boxes[0].left
    assert [box.top for box in sheet.boxes[:3]] == [sheet.boxes[0].top] * 3
    assert sheet.boxes[4].height == sheet.boxes[3].height
    assert sheet.boxes[4].left == sheet.boxes[1].left


def test_many_columns_widen_the_sheet_until_words_have_room():
    sheet = draw_grid(cells(*[(128, 128)] * 81), columns=9, row_labels=[LONG] * 9)
    assert min(box.width for box in sheet.boxes) >= 190


def test_words_are_written_under_their_own_picture():
    shown = cells((128, 128), (128, 128))
    bare = draw_sheet([Cell(picture=each.picture) for each in shown])
    only_second = [Cell(picture=shown[0].picture), shown[1]]
    sheet = draw_sheet(only_second)
    first, second = sheet.boxes
    assert inked(sheet, first) == 0
    assert inked(sheet, second) > 50
    assert sheet.image.height > bare.image.height


def inked(sheet: Sheet, box: Box) -> int:
    """Return how many pixels under a picture are dark."""
    strip = sheet.image.crop((box.left, box.bottom + 2, box.left + box.width, box.bottom + 60))
    return sum(strip.convert("L").histogram()[:140])


def test_long_words_are_cut_with_a_mark_and_stay_within_their_width():
    for words in (LONG, "宋代山水画,远山如黛," * 20, "x" * 900):
        lines = wrapped(words, size=30, width=400, max_lines=3)
        assert len(lines) == 3
        assert lines[-1].endswith("…")
        assert all(font(30).getlength(line) <= 400 for line in lines)
    assert wrapped("a red apple", size=30, width=400, max_lines=3) == ["a red apple"]
    assert wrapped("", size=30, width=400, max_lines=3) == []


def test_chinese_lines_never_begin_with_a_comma():
    lines = wrapped("远山如黛,水墨晕染。一叶扁舟,停泊江边!" * 3, size=30, width=170, max_lines=99)
    assert len(lines) > 3
    assert not any(line[0] in ",。!" for line in lines)


def test_no_character_becomes_a_box():
    kept = "红苹果 red, “draft” 1.4×… 紅蘋果 りんご é ß Я Příliš Việt Ğüş ήταν 사과 🍎"
    assert drawable(kept) == kept
    assert drawable("👍🏽 pie\u200b\u202e\n x ❤\ufe0f") == "👍 pie x ❤"
    assert drawable("𠀀") == "[U+20000]"
    assert drawable("🂡 红苹果 🚀 𠀀") == "[playing card ace of spades] 红苹果 🚀 [U+20000]"
    assert drawable("हिन्दी \U0001f0a1 ^`") == "[…] [playing card ace of spades] ^`"
    everything = "".join(map(chr, range(0x20, 0x3000, 3))) + "🍎𠀀사과שלום مرحبا"
    assert all(character == " " or has_glyph(character) for character in drawable(everything))


def test_words_from_right_to_left_are_drawn_so():
    assert turned("שלום (2)", from_right=True) == "(2) םולש"
    assert turned("red שלום", from_right=False) == "red םולש"
    shaped = drawable("مرحبا")
    assert [unicodedata.name(each).split()[-2] for each in shaped] == [
        "INITIAL", "FINAL", "INITIAL", "MEDIAL", "FINAL",
    ]  # fmt: skip
    # Pillow would turn the line once more where the machine has FriBidi.
    (both,), (last,) = (rows_of("אל"), rows_of("ל"))
    assert both[:, : last.shape[1] - 4].tobytes() == last[:, :-4].tobytes(), "it ends to the left"


def test_the_first_letter_of_all_words_decides_which_way_each_line_is_read():
    words = "a red apple on the table → שלום, seed 0 → 2"
    style = TextStyle(size=20, colour=(0, 0, 0))
    first, second = TextBlock.of(words, style, width=240, lines=2).shown
    assert (first, second) == ("a red apple on the table", "→ םולש, seed 0 → 2")
    assert TextBlock.of("שלום → 2", style, width=900).shown == ("2 → םולש",)


def rows_of(words: str) -> list[np.ndarray]:
    """Return each line of words as pixels."""
    block = TextBlock.of(words, TextStyle(size=40, colour=(0, 0, 0)), width=900, lines=9)
    images = []
    for line in block.lines:
        one = replace(block, lines=(line,))
        layout = SheetLayout(width=one.width, height=60, ground=(255, 255, 255), shapes=(one,))
        images.append(np.asarray(paint(layout)))
    return images


@pytest.mark.parametrize("count", [5, 9, 24, 25])
def test_every_tile_has_its_number_where_a_phone_shows_it_large_enough(count: int):
    pictures = {i: Image.new("RGB", (64, 64), (200, 30, 30)) for i in range(1, count + 1)}
    sheet = draw_tiles(pictures)
    assert len(sheet.boxes) == count
    assert sheet.image.width <= 1500
    on_a_phone = 290 / sheet.image.width  # CSS pixels that a message's picture has there
    for box in sheet.boxes:
        tile = np.asarray(sheet.image.crop((box.left, box.top, box.right, box.bottom)))
        across = (tile == LIGHT.accent).all(axis=2).any(axis=0).sum()
        assert across * on_a_phone >= 12
        assert across <= box.width / 3, "the picture is what is to be seen"
