"""A changed copy is told from a picture that only looks much the same."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageOps

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Quality, Size
from bot.media.encoding import to_pillow
from bot.media.fingerprint import best_match, candidates, composition_likeness, fingerprint

if TYPE_CHECKING:
    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]

# Among the first 2,760 pairs of one prompt that `tests/benchmarks/recognise.py` drew, the nearest.
HEART, NEAREST = 4, 1_000_006


def heart(engine: ZImageEngine, seed: int) -> Image.Image:
    request = ImageRequest(
        prompt="a white heart on a red background, 3D",
        seed=seed,
        size=Size(width=128, height=128),
        quality=Quality.DRAFT,
    )
    return to_pillow(engine.draw(DrawTask(request=request)).image)


@pytest.fixture(scope="module")
def known(demo_engine: ZImageEngine) -> dict[str, Image.Image]:
    return {"heart": heart(demo_engine, HEART)}


def recognised(image: Image.Image, known: dict[str, Image.Image]) -> str | None:
    table = [(key, fingerprint(each)) for key, each in known.items()]
    near = candidates(image, table)
    match = best_match(image, ((key, known[key]) for key in near))
    return None if match is None else match.key


def compressed(image: Image.Image, format_: str, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, format_, quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


@pytest.mark.parametrize(("format_", "quality"), [("JPEG", 60), ("WEBP", 60)])
@pytest.mark.parametrize("side", [64, 96, 128, 256])
def test_a_compressed_copy_of_another_size_is_recognised(
    known: dict[str, Image.Image], format_: str, quality: int, side: int
):
    copy = known["heart"].resize((side, side), Image.Resampling.LANCZOS)
    assert recognised(compressed(copy, format_, quality), known) == "heart"


def test_a_screenshot_is_recognised(known: dict[str, Image.Image]):
    page = Image.new("RGB", (330, 290), "#313338")
    page.paste(known["heart"].resize((192, 192)), (60, 40))
    assert recognised(compressed(page, "JPEG", 85), known) == "heart"


def test_the_nearest_other_seed_is_another_picture(
    demo_engine: ZImageEngine, known: dict[str, Image.Image]
):
    other = heart(demo_engine, NEAREST)
    table = [("heart", fingerprint(known["heart"]))]
    assert candidates(other, table) == ["heart"], "only the second look tells them apart"
    assert recognised(other, known) is None


def test_the_same_shapes_in_other_colours_are_another_picture(known: dict[str, Image.Image]):
    red, green, blue = known["heart"].split()
    assert recognised(Image.merge("RGB", (green, red, blue)), known) is None


def test_plain_pictures_are_not_taken_for_one_another():
    grey, white = (Image.new("RGB", (128, 128), colour) for colour in ("#808080", "white"))
    assert recognised(grey, {"white": white, "grey": grey}) is None
    assert recognised(ImageOps.expand(white, 20, "black"), {"white": white}) is None


def test_a_composition_is_all_itself_much_like_its_enlarged_draft_and_nothing_like_another():
    noise = np.random.default_rng(5).integers(0, 255, (2, 8, 8), dtype=np.uint8)
    draft, other = (Image.fromarray(each).resize((128, 128)) for each in noise)
    prints = [fingerprint(each.convert("RGB")) for each in (draft, draft.resize((256, 256)), other)]
    same, enlarged, apart = (
        composition_likeness(prints[0], each) for each in (prints[0], *prints[1:])
    )
    assert same == 1
    assert enlarged > 0.9
    assert apart < 0.4
