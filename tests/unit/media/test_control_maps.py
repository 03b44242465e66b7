"""Maps of pictures: always the same pixels, and edges as OpenCV finds them."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bot.domain.requests import ControlKind, ModelRules
from bot.errors import InvalidRequestError
from bot.media.control_maps import canny, control_map, scribble
from bot.media.control_pictures import map_of
from bot.media.image_input import read_picture
from bot.media.source_pictures import Fit

# Of pixels that OpenCV 5.0.0 gave for these pictures: cv2.Canny(gray, 100, 200).
OPENCV = {
    "noise": "fc7ea8c2aa8ae370",
    "shapes": "bb1992a7f2e91ec4",
}


def noise() -> Image.Image:
    values = (np.arange(97 * 61 * 3, dtype=np.int64) * 2654435761 >> 7) % 256
    return Image.fromarray(values.astype(np.uint8).reshape(61, 97, 3))


def shapes() -> Image.Image:
    image = Image.new("RGB", (160, 120), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 20, 90, 100), fill=(200, 30, 30))
    draw.polygon([(80, 20), (150, 60), (95, 110)], fill=(250, 220, 90))
    draw.line((0, 5, 159, 115), fill=(90, 90, 200), width=3)
    return image


def sha(pixels: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()[:16]


@pytest.mark.parametrize("name", OPENCV)
def test_edges_are_those_of_opencv(name: str):
    picture = {"noise": noise, "shapes": shapes}[name]()
    assert sha(canny(picture)) == OPENCV[name]


def test_weak_edges_count_where_they_hang_on_strong_ones():
    image = Image.new("RGB", (60, 60), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, -1, 30, 61), fill=(215, 215, 215))  # a step of 40: a gradient of 160
    assert not canny(image).any()
    draw.rectangle((10, 40, 30, 61), fill=(0, 0, 0))
    found = canny(image)
    assert found[15:35, 5:15].any(), "the faint side above the black part hangs on it"


def test_a_scribble_is_a_few_thick_lines_along_the_edges():
    edges, lines = canny(shapes()) > 0, scribble(shapes()) > 0
    assert set(np.unique(scribble(shapes()))) == {0, 255}
    near = np.asarray(Image.fromarray(edges).convert("L").resize((160, 120))) > 0
    assert lines[near].mean() > 0.8
    assert 2 * edges.sum() < lines.sum() < 0.4 * lines.size


def test_a_scribble_shows_where_colours_of_one_brightness_meet():
    image = Image.new("RGB", (256, 256), (200, 60, 60))
    ImageDraw.Draw(image).ellipse((60, 60, 200, 200), fill=(30, 133, 130))
    assert image.convert("L").getextrema() == (102, 102)
    assert not canny(image).any()
    filled = Image.fromarray(scribble(image)).convert("L")
    ImageDraw.floodfill(filled, (0, 0), 255)
    assert filled.getpixel((130, 130)) == 0, "the outline is closed"


def pen_drawing(paper: str, ink: str, size: tuple[int, int] = (256, 192)) -> Image.Image:
    image = Image.new("RGB", (4 * size[0], 4 * size[1]), paper)
    draw = ImageDraw.Draw(image)
    draw.ellipse((200, 200, 700, 650), outline=ink, width=32)
    draw.line((40, 40, 900, 120), fill=ink, width=24)
    return image.resize(size, Image.Resampling.LANCZOS)


@pytest.mark.parametrize(
    ("paper", "ink"), [("white", "black"), ("black", "white"), ("#eee", "#333")]
)
def test_a_drawing_of_lines_is_its_own_scribble(paper: str, ink: str):
    found = scribble(pen_drawing(paper, ink))
    assert (found == scribble(pen_drawing("white", "black"))).mean() > 0.99
    assert 0.02 < (found > 0).mean() < 0.15
    assert found[106, 54] == 255, "in the middle of the line"


@pytest.mark.parametrize(("paper", "ink"), [("white", "black"), ("black", "white")])
def test_a_filled_shape_becomes_its_outline(paper: str, ink: str):
    image = Image.new("RGB", (256, 256), paper)
    ImageDraw.Draw(image).ellipse((100, 100, 150, 150), fill=ink)
    found = scribble(image)
    assert found[125, 125] == 0
    assert found[125, 98:103].any()


def test_gray_has_no_colours():
    found = np.asarray(control_map(shapes(), ControlKind.GRAY))
    assert (found[..., 0] == found[..., 1]).all()
    assert len(np.unique(found)) > 3


def test_a_ready_map_stays_as_it_is():
    assert control_map(shapes(), ControlKind.DEPTH).tobytes() == shapes().tobytes()


@pytest.mark.parametrize("kind", [ControlKind.CANNY, ControlKind.SCRIBBLE, ControlKind.POSE])
def test_nothing_to_follow_is_one_sentence(kind: ControlKind):
    with pytest.raises(InvalidRequestError, match=f"{kind} map"):
        control_map(Image.new("RGB", (64, 64), "blue"), kind)


def test_the_map_is_made_at_the_size_of_the_image():
    rules = ModelRules(native=256)
    out = io.BytesIO()
    shapes().save(out, "PNG")
    picture = read_picture(out.getvalue())
    found = map_of(
        picture, ControlKind.CANNY, rules=rules, size=rules.parse("256x128"), fit=Fit.CROP
    )
    assert (found.width, found.height) == (256, 128)
    assert set(found.pixels) == {0, 255}
