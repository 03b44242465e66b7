"""Files keep every pixel and the recipe; copies for Discord keep as much as fits."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.domain.drawing import RawImage
from bot.media.encoding import (
    PARAMETERS_KEY,
    RECIPE_KEY,
    Fit,
    encode_png,
    encode_preview,
    fit_under,
    make_thumbnail,
)
from bot.media.picture_files import write_once

RECIPE = {
    "prompt": "红苹果 <b>",
    "seed": 0,
    "width": 64,
    "height": 48,
    "num_inference_steps": 8,
    "guidance_scale": 0.0,
    "model": "demo",
}


def picture(*, noise: int) -> RawImage:
    """Return a gradient with some noise: the more, the larger every encoding."""
    generator = np.random.default_rng(1)
    across = np.linspace(0, 200, 64)[None, :, None].repeat(48, axis=0).repeat(3, axis=2)
    pixels = across + generator.integers(0, noise + 1, across.shape)
    return RawImage(width=64, height=48, pixels=pixels.astype(np.uint8).tobytes())


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_png_keeps_every_pixel_and_its_recipe():
    raw = picture(noise=50)
    with opened(encode_png(raw, recipe=RECIPE)) as image:
        assert image.tobytes() == raw.pixels
        assert json.loads(image.text[RECIPE_KEY]) == RECIPE
        assert image.text[PARAMETERS_KEY].startswith("红苹果 <b>\nSteps: 8, ")
        assert "Seed: 0, Size: 64x48" in image.text[PARAMETERS_KEY]


def test_a_png_that_fits_is_sent_as_it_is():
    png = encode_png(picture(noise=0))
    copy = fit_under(png, limit_bytes=len(png))
    assert (copy.content, copy.suffix, copy.fit) == (png, ".png", Fit.PNG)


def test_a_larger_one_keeps_its_pixels_as_webp():
    raw = picture(noise=0)
    png = encode_png(raw)
    copy = fit_under(png, limit_bytes=len(png) - 1)
    assert (copy.suffix, copy.fit) == (".webp", Fit.LOSSLESS)
    with opened(copy.content) as image:
        assert image.convert("RGB").tobytes() == raw.pixels


def test_a_still_larger_one_keeps_as_much_as_fits():
    png = encode_png(picture(noise=50))
    sizes = []
    for limit in (4000, 2000):
        copy = fit_under(png, limit_bytes=limit)
        assert copy.fit is Fit.LOSSY
        assert len(copy.content) <= limit
        sizes.append(len(copy.content))
    assert sizes[0] > sizes[1]


def test_previews_are_enlarged_and_thumbnails_are_small():
    with opened(encode_preview(picture(noise=0))) as image:
        assert image.size == (512, 384)
    with opened(make_thumbnail(encode_png(picture(noise=0)), side=32)) as image:
        assert image.size == (32, 24)


def test_a_file_is_written_whole_and_once(tmp_path: Path):
    path = tmp_path / "ab" / "image.png"
    write_once(path, b"first")
    written = path.stat().st_ino
    write_once(path, b"first")
    write_once(path, b"second", is_whole=lambda file: file.read_bytes() == b"first")
    assert (path.stat().st_ino, path.read_bytes()) == (written, b"first")
    assert [file.name for file in path.parent.iterdir()] == ["image.png"]


@pytest.mark.parametrize("left", [b"", b"first ha", b"garbage"])
def test_a_damaged_file_is_written_again(tmp_path: Path, left: bytes):
    path = tmp_path / "image.png"
    path.write_bytes(left)
    write_once(path, b"first half and second half")
    assert path.read_bytes() == b"first half and second half"


def test_a_write_that_fails_leaves_nothing(tmp_path: Path):
    (tmp_path / "ab").write_text("a file where the folder should be")
    with pytest.raises(OSError, match="exists"):
        write_once(tmp_path / "ab" / "image.png", b"content")
