"""Masks from files of every kind, and pictures on their canvases."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageDraw

from bot.domain.drawing import RawImage
from bot.domain.extents import extent_of
from bot.domain.regions import region_of
from bot.domain.requests import ModelRules, Size
from bot.errors import BotError
from bot.media.canvas import extended
from bot.media.encoding import to_pillow
from bot.media.masks import mask_of_file, mask_of_region
from bot.media.source_pictures import Fit

SIZE = Size(width=128, height=96)
BOX = (20, 10, 59, 49)


def apple(size: tuple[int, int] = (128, 96)) -> Image.Image:
    """Return a picture with something as red as paint in it."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    ImageDraw.Draw(image).ellipse((70, 40, 110, 80), fill=(250, 20, 10))
    return image


def file(image: Image.Image, form: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, form, **({"quality": 90} if form == "JPEG" else {}))
    return out.getvalue()


def marked(how: str) -> Image.Image:
    image = apple()
    if how == "white":
        image = Image.new("L", image.size)
    if how == "transparent":
        image.putalpha(255)
    fill: Any = {"white": 255, "red": (255, 0, 0), "transparent": (0, 0, 0, 0)}[how]
    ImageDraw.Draw(image).rectangle(BOX, fill=fill)
    return image


def box_of(mask: RawImage) -> tuple[int, int, int, int] | None:
    return to_pillow(mask).getbbox()


@pytest.mark.parametrize(
    ("how", "form"),
    [
        ("white", "PNG"), ("white", "JPEG"), ("white", "BMP"), ("red", "PNG"),
        ("transparent", "PNG"), ("transparent", "WEBP"),
    ],
)  # fmt: skip
def test_a_part_is_marked_in_white_red_or_as_a_hole(how: str, form: str):
    mask = mask_of_file(file(marked(how), form), of=apple(), size=SIZE)
    left, top, right, bottom = box_of(mask) or (0, 0, 0, 0)
    assert (left, top) == pytest.approx(BOX[:2], abs=1)
    assert (right - 1, bottom - 1) == pytest.approx(BOX[2:], abs=1)
    assert set(mask.pixels) == {0, 255}


def test_red_in_the_picture_itself_is_no_paint_even_from_a_jpeg():
    mask = mask_of_file(file(marked("red"), "JPEG"), of=apple(), size=SIZE)
    assert to_pillow(mask).crop((70, 40, 110, 80)).getbbox() is None


def test_a_larger_mask_of_the_same_shape_is_made_smaller_and_cropped_like_its_picture():
    mask = Image.new("L", (600, 300))
    ImageDraw.Draw(mask).rectangle((300, 0, 599, 299), fill=255)
    square = Size(width=128, height=128)
    of = Image.new("RGB", (200, 100))
    assert box_of(mask_of_file(file(mask), of=of, size=square)) == (64, 0, 128, 128)
    padded = mask_of_file(file(mask), of=of, size=square, fit=Fit.PAD)
    assert box_of(padded) == (64, 32, 128, 96), "what was added stays"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (file(Image.new("L", (128, 96))), "marks nothing"),
        (file(apple()), "marks nothing"),
        (file(Image.new("L", (128, 96), "white")), "marks the whole picture"),
        (file(Image.new("RGBA", (128, 96), (0, 0, 0, 0))), "marks the whole picture"),
        (file(Image.new("L", (96, 128))), "has 96x128 pixels and the picture 128x96"),
        (file(Image.new("L", (1, 1), "white")), "has 1x1 pixels"),
        (file(marked("white"))[:100], "damaged or cut short"),
        (b"", "no picture"),
    ],
)
def test_a_mask_that_does_not_work_is_one_sentence(content: bytes, sentence: str):
    with pytest.raises(BotError, match=sentence):
        mask_of_file(content, of=apple(), size=SIZE)


def test_a_region_covers_its_pixels_exactly():
    assert box_of(mask_of_region(region_of("right half"), SIZE)) == (64, 0, 128, 96)
    with pytest.raises(BotError, match="marks the whole picture"):
        mask_of_region(region_of("left half, right half"), SIZE)


@pytest.mark.parametrize("how", ["left", "right", "up", "down", "512x512", "zoom-2", "zoom-1.5"])
@pytest.mark.parametrize("own", [(256, 192), (496, 496)])
def test_a_picture_lies_on_its_canvas_and_all_around_it_is_drawn(how: str, own: tuple[int, int]):
    picture = apple(own)
    extent = extent_of(how, own, ModelRules(native=256))
    canvas, mask = (to_pillow(each) for each in extended(picture, extent))
    assert canvas.size == mask.size == (extent.canvas.width, extent.canvas.height)
    kept = mask.convert("L").point(lambda value: 255 - value).getbbox()
    assert kept is not None
    if not how.startswith("zoom"):
        left, top = extent.place
        own_part = tuple(a - b for a, b in zip(kept, (left, top, left, top), strict=True))
        assert canvas.crop(kept).tobytes() == picture.crop(own_part).tobytes()
    assert canvas.crop((0, 0, 8, 8)).getextrema() != ((0, 0), (0, 0), (0, 0)), "it is filled"
