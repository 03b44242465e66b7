"""Pictures from strangers are opened safely or refused in one sentence, with little memory."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.comparison import changes, compare
from bot.errors import BotError
from bot.reading import MAX_BYTES, UnreadableImageError, read_picture, read_picture_file


def gradient(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    across = np.linspace(0, 255, size[0])[None, :, None]
    pixels = np.broadcast_to(across, (size[1], size[0], 3)).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels)).convert(mode)


def encoded(image: Image.Image, format_: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def bomb(side: int) -> bytes:
    """Return a PNG of some kilobytes that claims, and would unpack to, side x side pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )  # fmt: skip

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * (side + 1)) for _ in range(200))
    rows += packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def test_the_pixels_of_a_lossless_picture_are_hashed():
    image = gradient()
    for content in (encoded(image), encoded(image, "WEBP", lossless=True), encoded(image, "BMP")):
        picture = read_picture(content)
        assert picture.pixel_sha256 == hashlib.sha256(image.tobytes()).hexdigest()
        assert picture.recipe is None


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixels_becomes_rgb(mode: str):
    image = gradient("I").convert(mode) if mode == "I;16" else gradient(mode)
    content = encoded(image, "JPEG" if mode == "CMYK" else "PNG")
    assert read_picture(content).image.mode == "RGB"


def test_transparency_lies_on_white():
    image = Image.new("RGBA", (16, 16), (255, 0, 0, 0))
    assert read_picture(encoded(image)).image.getpixel((0, 0)) == (255, 255, 255)


def test_a_picture_is_turned_as_its_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: a quarter turn
    picture = read_picture(encoded(gradient(), "JPEG", exif=exif))
    assert picture.image.size == (48, 64)


def test_the_first_frame_of_an_animation_is_taken():
    frames = [gradient(), Image.new("RGB", (64, 48), "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_picture(content).image.size == (64, 48)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is no picture"),
        (b"just some words", "is no picture"),
        (b"\x89PNG\r\n\x1a\n", "is no picture|damaged"),
        (encoded(gradient())[:60], "damaged or cut short"),
        (encoded(gradient())[:-30], "damaged or cut short"),
        (encoded(gradient(), "JPEG")[:300], "damaged or cut short|is no picture"),
        (encoded(gradient(), "AVIF")[:-30], "damaged or cut short|is no picture"),
        (encoded(gradient(), "TIFF"), "use a PNG, JPEG, WebP, AVIF, GIF or BMP"),
        (bomb(65_000), "use one of at most 4096x4096"),
        (encoded(gradient(size=(4100, 4100))), "has 4100x4100 pixels"),
        (encoded(gradient(size=(3100, 3100)), "WEBP"), "use one of at most 2600x2600"),
        (b"\x89PNG" + b"x" * MAX_BYTES, "26 MB: 26 MB are the limit"),
    ],
)
def test_what_cannot_be_looked_at_is_refused_in_one_sentence(content: bytes, sentence: str):
    with pytest.raises(UnreadableImageError, match=sentence) as caught:
        read_picture(content)
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message


def test_files_are_refused_by_their_size_before_they_are_read(tmp_path: Path):
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.truncate(50 * 10**6)  # 50 MB, none of it on the disk
    with pytest.raises(UnreadableImageError, match="The file has 50 MB"):
        read_picture_file(huge)
    with pytest.raises(UnreadableImageError, match="cannot be read"):
        read_picture_file(tmp_path / "missing.png")


def test_a_difference_is_counted():
    one = gradient()
    same = compare(one, one.copy())
    assert same is not None
    assert same.is_none
    assert same.psnr_db == float("inf")
    other = one.copy()
    other.putpixel((0, 0), (255, 0, 0))
    apart = compare(one, other)
    assert apart is not None
    assert apart.max == 255
    assert apart.mean == pytest.approx(255 / (64 * 48 * 3))
    assert apart.psnr_db == pytest.approx(39.6, abs=0.1)
    assert compare(one, one.resize((10, 10))) is None


def test_only_conditions_that_could_explain_it_are_named():
    before = {"torch": "2.11", "device": "cpu", "cpu_threads": 2, "note": "a"}
    found = changes(before, {"torch": "2.13", "device": "cpu", "note": "b"})
    assert [(each.name, each.before, each.after) for each in found] == [
        ("cpu_threads", 2, None), ("torch", "2.11", "2.13"),
    ]  # fmt: skip


def test_every_refusal_is_an_error_for_users():
    assert issubclass(UnreadableImageError, BotError)
