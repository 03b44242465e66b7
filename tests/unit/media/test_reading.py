"""Pictures from strangers are opened safely or refused in one sentence, with little memory."""

from __future__ import annotations

import contextlib
import hashlib
import io
import random
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from bot.errors import BotError
from bot.media.image_input import MAX_BYTES, UnreadableImageError, read_picture, read_picture_file
from bot.media.pixel_comparison import changes, compare
from tests.support.sampling import sampled


def gradient(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    across = np.linspace(0, 255, size[0])[None, :, None]
    pixels = np.broadcast_to(across, (size[1], size[0], 3)).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(pixels)).convert(mode)


def encoded(image: Image.Image, format_: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def bomb(side: int, *, colours: int = 0) -> bytes:
    """Return a PNG of some kilobytes that claims side x side pixels, grey or in 2, RGB."""

    header = struct.pack(">IIBBBBB", side, side, 8, colours, 0, 0, 0)
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
        (encoded(gradient(), "TIFF"), "is a TIFF or raw photograph, which cannot be read here"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"x" * 99, "is a HEIC photograph, .*: save it as"),
        (b"\xef\xbb\xbf\n<svg></svg>", "is a drawing in SVG"),
        (b"%PDF-1.7", "is a PDF"),
        (b"\0\0\0\x20ftypisom" + b"x" * 99, "is a video"),
        (lambda: bomb(65_000), "use one of at most 4096x4096"),
        (lambda: bomb(6000, colours=2), "has 6000x6000 pixels: use one of at most 54"),
        (lambda: encoded(gradient(size=(3100, 3100)), "WEBP"), "use one of at most 2645x2645"),
        (b"\x89PNG" + b"x" * MAX_BYTES, "51 MB: 51 MB are the limit"),
    ],
)
def test_what_cannot_be_looked_at_is_refused_in_one_sentence(
    content: bytes | Callable[[], bytes], sentence: str
):
    content = content() if callable(content) else content  # not made by who only collects
    with pytest.raises(UnreadableImageError, match=sentence) as caught:
        read_picture(content)
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message


def with_chunks(*chunks: bytes, image: Image.Image | None = None) -> bytes:
    """Return a PNG with further chunks behind its header."""
    content = encoded(image or gradient())
    return content[:33] + b"".join(chunks) + content[33:]


def profile(name: str = "sRGB") -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


def swapped_profile() -> bytes:
    """Return the profile of a screen on which red and blue have changed places."""
    content = bytearray(profile())
    red, blue = content.index(b"rXYZ"), content.index(b"bXYZ")
    content[red : red + 4], content[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(content)


def packed_profile(content: bytes) -> bytes:
    return chunk(b"iCCP", b"screen\0\0" + zlib.compress(content))


def test_a_large_colour_profile_is_no_damage():
    """Profiles of printing presses have megabytes; Pillow's own limit is one."""
    padded = profile() + bytes(2_000_000)
    picture = read_picture(with_chunks(packed_profile(padded)))
    assert picture.image.tobytes() == gradient().tobytes()
    picture = read_picture(with_chunks(packed_profile(bytes(9_000_000))))
    assert picture.notes == (
        "Its colour profile is damaged or has more than 4 MB, and was ignored.",
    )


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "packed iTXt"])
@pytest.mark.parametrize("is_last", [False, True])
def test_a_large_text_is_no_damage_and_the_others_are_read(kind: str, *, is_last: bool):
    words = b"a" * 6_000_000
    body = {
        "tEXt": b"large\0" + words,
        "zTXt": b"large\0\0" + zlib.compress(words),
        "iTXt": b"large\0\0\0\0\0" + words,
        "packed iTXt": b"large\0\1\0\0\0" + zlib.compress(words),
    }[kind]
    large = chunk(kind[-4:].encode(), body)
    small = chunk(b"iTXt", "small\0\0\0\0\0红苹果".encode())
    content = with_chunks(large, small)
    if is_last:  # behind the pixels, where Pillow looks only once they are decoded
        content = with_chunks()[:-12] + large + small + with_chunks()[-12:]
    picture = read_picture(content)
    assert picture.image.tobytes() == gradient().tobytes()
    assert dict(picture.texts) == {"small": "红苹果"}
    assert picture.notes == ("Not all text in the file was read: 4 MB are the limit.",)


def test_texts_are_read_in_any_encoding():
    """Latin-1 is the standard's, UTF-8 what most programs write."""
    content = with_chunks(
        chunk(b"tEXt", b"one\0caf\xe9"),
        chunk(b"tEXt", "two\0café".encode()),
        chunk(b"zTXt", b"three\0\0" + zlib.compress(b"packed")),
        chunk(b"zTXt", b"four\0\0not packed"),
    )
    picture = read_picture(content)
    assert dict(picture.texts) == {"one": "café", "two": "café", "three": "packed"}
    assert len(picture.notes) == 1


def test_thousands_of_packed_texts_and_profiles_take_no_minutes():
    """Each unpacks to the limit: 4 GB in all."""
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(4_000_100)))
    began = time.process_time()
    read_picture(with_chunks(*[text] * 1000, *[packed_profile(bytes(3_999_999))] * 1000))
    assert time.process_time() - began < 2


def test_millions_of_pieces_take_no_memory():
    empty = chunk(b"IDAT", b"") + chunk(b"tEXt", b"")
    with pytest.raises(UnreadableImageError, match="damaged"):
        read_picture(with_chunks(empty * 5000))


@pytest.mark.parametrize(
    ("size", "options", "read_size", "scale"),
    sampled(
        [
            ((6000, 4000), {"format_": "JPEG"}, (3000, 2000), 2),
            ((6000, 4000), {"compress_level": 1}, (2000, 1334), 3),
            ((8064, 6048), {"format_": "JPEG"}, (4032, 3024), 2),
            ((6000, 4000), {"format_": "JPEG", "progressive": True}, (3000, 2000), 2),
        ],
        first=2,
    ),
)
def test_photographs_are_read_smaller_and_that_is_said(
    size: tuple[int, int], options: dict[str, object], read_size: tuple[int, int], scale: int
):
    picture = read_picture(encoded(Image.new("RGB", size, "#4080c0"), **options))
    assert picture.image.size == read_size
    assert picture.size == size
    red, green, blue = picture.image.getpixel((5, 5))
    assert abs(red - 0x40) + abs(green - 0x80) + abs(blue - 0xC0) < 9
    width, height = size
    assert picture.notes == (
        f"It was read at 1/{scale} of its size: {width}x{height} pixels need too much memory.",
    )


def test_a_picture_that_was_read_smaller_is_not_taken_for_a_small_one():
    large = read_picture(encoded(Image.new("RGB", (6000, 4000), "red"), compress_level=1))
    small = read_picture(encoded(Image.new("RGB", large.image.size, "red")))
    assert large.image.tobytes() == small.image.tobytes()
    assert large.pixel_sha256 != small.pixel_sha256


def test_a_photograph_that_lies_on_its_side_has_the_size_that_is_seen():
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = encoded(Image.new("RGB", (6000, 4000)), "JPEG", exif=exif)
    picture = read_picture(photo)
    assert picture.size == (4000, 6000)
    assert picture.image.size == (2000, 3000)


@pytest.mark.parametrize(("format_", "options"), [("PNG", {}), ("JPEG", {}), ("WEBP", {}),
                                                  ("AVIF", {})])  # fmt: skip
def test_colours_are_those_that_the_profile_means(format_: str, options: dict[str, object]):
    """The hash stays that of the file's own values: a profile is no other picture."""
    red = Image.new("RGB", (64, 64), (200, 30, 30))
    plain = read_picture(encoded(red, format_, **options))
    swapped = read_picture(encoded(red, format_, icc_profile=swapped_profile(), **options))
    assert swapped.image.getpixel((9, 9))[2] > 150 > swapped.image.getpixel((9, 9))[0]
    assert swapped.pixel_sha256 == plain.pixel_sha256
    assert swapped.notes == ()


@pytest.mark.parametrize("content", [b"no profile", profile()[:300], profile("LAB")])
@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
def test_a_broken_colour_profile_is_ignored_and_said(content: bytes, format_: str):
    picture = read_picture(encoded(gradient(), format_, icc_profile=content))
    assert picture.image.size == (64, 48)
    assert picture.notes == ("Its colour profile is damaged and was ignored.",)


@pytest.mark.parametrize(
    ("mode", "format_"),
    [("RGB", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("RGBA", "WEBP")],
)
def test_profiles_work_with_every_kind_of_pixels(mode: str, format_: str):
    image = Image.new("RGB", (64, 64), (200, 30, 30)).convert(mode)
    picture = read_picture(encoded(image, format_, icc_profile=swapped_profile()))
    assert picture.image.getpixel((9, 9))[2] > 150


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_the_first_frame_is_read_and_that_is_said(format_: str):
    frames = [gradient(), Image.new("RGB", (64, 48), "blue")]
    picture = read_picture(encoded(frames[0], format_, save_all=True, append_images=frames[1:]))
    assert picture.image.getpixel((60, 20))[0] > 200
    assert picture.notes == ("It is animated: only the first frame was looked at.",)


def test_a_photograph_with_further_pictures_behind_it_is_read():
    content = encoded(gradient(), "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    picture = read_picture(content)
    assert picture.image.size == (64, 48)
    assert picture.suffix == ".jpg"
    assert picture.notes == ()


def test_sixteen_bits_keep_their_brightness_and_an_interlaced_picture_is_whole():
    deep = Image.fromarray(np.full((8, 8), 0x8000, dtype=np.uint16))
    assert read_picture(encoded(deep)).image.getpixel((0, 0)) == (128, 128, 128)
    clear = Image.new("P", (8, 8))
    clear.putpalette([255, 0, 0])
    assert read_picture(encoded(clear, transparency=0)).image.getpixel((0, 0)) == (255,) * 3


def test_damaged_bytes_never_raise_anything_else():
    """Each format with bytes changed, left out and put in, in the header most."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + "words".encode("utf-16-be")
    contents = [
        encoded(gradient(), "PNG", exif=exif, icc_profile=profile()),
        encoded(gradient(), "JPEG", exif=exif, icc_profile=profile()),
        encoded(gradient(), "JPEG", progressive=True),
        encoded(gradient(), "WEBP", exif=exif),
        encoded(gradient(), "GIF"),
        encoded(gradient(), "BMP"),
    ]
    choice = random.Random(7)
    for content in contents * 60:
        damaged = bytearray(content)
        for _ in range(choice.randint(1, 4)):
            at = int(len(damaged) * choice.random() ** 3)
            damaged[at : at + choice.choice([0, 1, 1, 4])] = choice.randbytes(
                choice.choice([0, 1, 1, 4])
            )
        with contextlib.suppress(UnreadableImageError):
            read_picture(bytes(damaged))


def test_files_are_refused_by_their_size_before_they_are_read(tmp_path: Path):
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.truncate(60 * 10**6)  # 60 MB, none of it on the disk
    with pytest.raises(UnreadableImageError, match="The file has 60 MB"):
        read_picture_file(huge)
    with pytest.raises(UnreadableImageError, match="cannot be read"):
        read_picture_file(tmp_path / "missing.png")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no such device")
def test_a_device_that_never_ends_is_refused():
    with pytest.raises(UnreadableImageError, match="The file has 51 MB: 51 MB are the limit"):
        read_picture_file(Path("/dev/zero"))


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
