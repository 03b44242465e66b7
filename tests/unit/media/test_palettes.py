"""Palettes: the colours people see, always the same ones, in files that other programs read."""

from __future__ import annotations

import json
import re
import struct

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bot.domain.boards import Swatch
from bot.media.palettes import (
    ase,
    css,
    gpl,
    merged,
    name_of,
    palette_json,
    palette_of,
    prompt_words,
)
from bot.media.palettes.colour_table import NAMED, PLAIN
from bot.media.palettes.oklab import to_oklab, to_rgb

RED, SEA = (222, 52, 52), (70, 110, 140)


def blocks(*shares: tuple[tuple[int, int, int], int], side: int = 200) -> Image.Image:
    """Return a picture of stripes; each colour with its height in percent."""
    image = Image.new("RGB", (side, side))
    top = 0
    for colour, percent in shares:
        bottom = top + side * percent // 100
        ImageDraw.Draw(image).rectangle((0, top, side, bottom - 1), fill=colour)
        top = bottom
    return image


def noisy(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(4).normal(0, 6, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def near(a: tuple[int, int, int], b: tuple[int, int, int]) -> bool:
    return bool(np.linalg.norm(to_oklab([a]) - to_oklab([b])) < 0.03)


def test_stripes_are_found_with_their_shares():
    stripes = (((250, 250, 248), 50), ((24, 38, 96), 30), (RED, 20))
    palette = palette_of(noisy(blocks(*stripes)))
    assert len(palette) == 3
    for swatch, (colour, percent) in zip(palette, stripes, strict=True):
        assert near(swatch.rgb, colour)
        assert swatch.share == pytest.approx(percent / 100, abs=0.02)


def test_a_small_vivid_thing_on_a_wide_ground_is_not_lost():
    image = blocks((SEA, 40), ((90, 130, 155), 30), ((120, 150, 170), 30))
    ImageDraw.Draw(image).rectangle((90, 90, 110, 110), fill=RED)  # 1 % of the area
    assert any(near(swatch.rgb, RED) for swatch in palette_of(noisy(image), count=3))


def test_the_same_picture_has_the_same_palette():
    image = noisy(blocks((SEA, 34), (RED, 33), ((24, 38, 96), 33)))
    assert len({palette_of(image.copy()) for _ in range(3)}) == 1


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_pictures_of_any_kind_and_shape_have_a_palette(mode: str):
    for size in ((1, 1), (1, 700), (900, 2)):
        assert palette_of(Image.new(mode, size))


def test_one_colour_is_a_palette_of_one():
    assert palette_of(Image.new("RGB", (40, 40), RED)) == (Swatch(rgb=RED, share=1.0),)


def test_no_more_colours_than_wanted_and_their_shares_are_the_whole():
    rainbow = Image.merge(
        "HSV",
        [Image.linear_gradient("L").resize((256, 256)), *[Image.new("L", (256, 256), 220)] * 2],
    ).convert("RGB")
    for count in (1, 4, 6):
        palette = palette_of(rainbow, count=count)
        assert len(palette) == count
        assert sum(swatch.share for swatch in palette) == pytest.approx(1, abs=0.001)
        assert list(palette) == sorted(palette, key=lambda swatch: -swatch.share)


def test_a_boards_palette_holds_what_its_pictures_share():
    many = [palette_of(blocks((SEA, 80), (RED, 20)))] * 9
    board = merged([*many, palette_of(Image.new("RGB", (9, 9), (252, 213, 66)))])
    assert [
        near(swatch.rgb, colour) for swatch, colour in zip(board, (SEA, RED), strict=False)
    ] == [
        True,
        True,
    ]
    assert board[0].share == pytest.approx(0.72, abs=0.01)
    assert merged([]) == () == merged([(), ()])


def test_oklab_there_and_back_is_the_same_colour():
    colours = np.array([(r, g, b) for r in (0, 1, 90, 255) for g in (0, 77, 255) for b in (3, 255)])
    assert (to_rgb(to_oklab(colours)) == colours).all()
    # Björn Ottosson's table of tests: white is lightness 1 without colour.
    assert to_oklab([(255, 255, 255)])[0] == pytest.approx([1, 0, 0], abs=1e-3)


def test_every_name_is_the_name_of_its_own_colour_and_differs_in_both_languages():
    for table in (NAMED, PLAIN):
        assert len({named.english for named in table}) == len(table)
        assert len({named.chinese for named in table}) == len(table)
    for named in NAMED:
        assert name_of(named.rgb, "en-US") == named.english
        assert name_of(named.rgb, "zh-CN") == named.chinese


def test_colours_are_called_as_people_call_them():
    for rgb, name in (((255, 0, 0), "red"), ((0, 0, 0), "black"), ((128, 128, 128), "grey")):
        assert name in name_of(rgb, "en-GB")
    assert "蓝" in name_of((30, 100, 230), "zh-TW")


def test_a_prompt_asks_for_the_colours_in_either_language():
    palette = palette_of(blocks(((26, 158, 156), 60), (RED, 40)))
    assert prompt_words(palette, "en-US") == "teal background, in the colours teal and red"
    assert prompt_words(palette, "zh-CN") == "青色背景，青色红色配色"
    assert prompt_words([], "en-US") == ""
    camel = Swatch(rgb=(180, 138, 94), share=1.0)
    cherry = Swatch(rgb=(208, 48, 95), share=0.5)
    asked = prompt_words([camel, cherry], "en-US")
    assert not {"camel", "cherry"} & set(asked.replace(",", "").split()), "a thing would be drawn"


PALETTE = (
    Swatch(rgb=(26, 158, 156), share=0.6),
    Swatch(rgb=(27, 158, 155), share=0.3),
    Swatch(rgb=(255, 255, 255), share=0.1),
)
WILD = "Spring */ </style>\n红 \u202e <b>"


def parsed_ase(content: bytes) -> list[tuple[int, str, tuple[float, ...]]]:
    """Read a swatch file back, block by block."""
    assert content[:8] == b"ASEF\x00\x01\x00\x00"
    (count,) = struct.unpack(">I", content[8:12])
    offset, found = 12, []
    for _ in range(count):
        kind, length = struct.unpack(">HI", content[offset : offset + 6])
        body = content[offset + 6 : offset + 6 + length]
        name, levels = "", ()
        if body:
            (units,) = struct.unpack(">H", body[:2])
            name = body[2 : 2 * units].decode("utf-16-be")
            assert body[2 * units : 2 + 2 * units] == b"\0\0"
            rest = body[2 + 2 * units :]
            if kind == 1:
                assert rest[:4] == b"RGB "
                levels = struct.unpack(">3f", rest[4:16])
                assert len(rest) == 18
        found.append((kind, name, levels))
        offset += 6 + length
    assert offset == len(content)
    return found


def test_swatches_come_back_from_an_ase_file():
    start, *colours, end = parsed_ase(ase(PALETTE, "Spring 春"))
    assert start[:2] == (0xC001, "Spring 春")
    assert end[0] == 0xC002
    assert colours[0][1] == "teal #1a9e9c"
    for (_, _, levels), swatch in zip(colours, PALETTE, strict=True):
        assert tuple(round(level * 255) for level in levels) == swatch.rgb
    assert "青色" in parsed_ase(ase(PALETTE, "x", locale="zh-CN"))[1][1]


def test_swatches_come_back_from_a_gpl_file():
    header, name, columns, mark, *rows = gpl(PALETTE, WILD).splitlines()
    assert (header, columns, mark) == ("GIMP Palette", "Columns: 3", "#")
    assert name.startswith("Name: Spring")
    assert [tuple(map(int, row.split("\t")[0].split())) for row in rows] == [
        swatch.rgb for swatch in PALETTE
    ]


def test_css_variables_are_told_apart_and_its_remark_stays_a_remark():
    sheet = css(PALETTE, WILD)
    assert re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", sheet) == [
        ("teal", "#1a9e9c"), ("teal-2", "#1b9e9b"), ("white", "#ffffff"),
    ]  # fmt: skip
    assert sheet.count("*/") == 1
    assert "白色" in css(PALETTE, "x", locale="zh-CN")


def test_json_names_the_colours_in_both_languages():
    document = json.loads(palette_json(PALETTE, WILD))
    assert document["name"] == WILD
    assert document["colours"][2] == {
        "hex": "#ffffff", "rgb": [255, 255, 255], "share": 0.1,
        "name": {"en": "white", "zh": "白色"},
    }  # fmt: skip
