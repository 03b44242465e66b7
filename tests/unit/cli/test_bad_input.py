"""What strangers hand in is refused or read with less than 200 MB, the program and all."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.domain.recipe import build_recipe, canonical
from bot.domain.requests import ImageRequest, Size
from bot.settings import PROJECT_DIR
from tests.unit.media.test_reading import bomb, encoded, profile

LARGEST = 4096  # pixels a side of what is read
LIMIT_MB = 200
PROGRAM = """
import sys
from pathlib import Path
from bot.cli import run
for line in sys.argv[1:]:
    command, path = line.split(maxsplit=1)
    code = run([command, path])
    # Not getrusage: its peak begins with that of the process this one was forked from.
    peak_kib = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    print(f"{code} {peak_kib * 1024 / 1e6:.0f}", file=sys.stderr)
"""


def tampered_recipe() -> str:
    request = ImageRequest(prompt="红苹果", seed=7, size=Size(width=128, height=128))
    return canonical({**build_recipe(request, {}, "0" * 64), "seed": 8})


def many_texts() -> PngInfo:
    """Return chunks of some kilobytes that unpack to 60 MB of letters, of four bytes each."""
    info = PngInfo()
    for number in range(60):
        info.add_itxt(str(number), "😀" + "a" * 10**6, zip=True)
    return info


def noise(side: int) -> Image.Image:
    """Return a picture whose file is as large as that of any image made here."""
    return Image.frombytes("RGB", (side, side), random.Random(1).randbytes(3 * side**2))


def large_pictures(folder: Path) -> list[str]:
    """Write the pictures that take most of all that are read."""
    progressive = {"progressive": True, "subsampling": 0}
    contents = {
        "rgb.png": encoded(Image.new("RGB", (LARGEST, LARGEST)), compress_level=1),
        "noise.png": encoded(noise(LARGEST), compress_level=0),
        "rgba.png": encoded(Image.new("RGBA", (3700, 3700), "#12345678"), compress_level=1),
        "progressive.jpg": encoded(Image.new("RGB", (3300, 3300)), "JPEG", **progressive),
        "flat.webp": encoded(Image.new("RGB", (2530, 2530)), "WEBP", method=0),
        "24-megapixels.jpg": photograph((6000, 4000)),
        "48-megapixels.jpg": photograph((8064, 6048), subsampling=0),
        "progressive-24-megapixels.jpg": photograph((6000, 4000), progressive=True),
        "press-24-megapixels.jpg": encoded(Image.new("CMYK", (6000, 4000)), "JPEG"),
        "24-megapixels.png": encoded(Image.new("RGB", (6000, 4000)), compress_level=1),
        "48-megapixels.png": encoded(Image.new("P", (8064, 6048)), compress_level=1),
        "texts.png": encoded(Image.new("RGB", (64, 64)), pnginfo=many_texts()),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [f"inspect {name}" for name in contents]


def photograph(size: tuple[int, int], **options: object) -> bytes:
    """Return a JPEG as cameras write it: turned, with a colour profile."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(Image.new("RGB", size), "JPEG", exif=exif, icc_profile=profile(), **options)


def hand_in(folder: Path) -> dict[str, str]:
    """Write everything that is refused; return why, by command and file."""
    contents = {
        "bomb.png": bomb(65_000),
        "foreign.png": encoded(Image.new("RGB", (512, 512), "red")),
        "words.png": b"just some words",
        "recipe.json": tampered_recipe().encode(),
        "60-megabytes.png": b"",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    with (folder / "60-megabytes.png").open("wb") as file:
        file.truncate(60 * 10**6)  # none of it on the disk
    return {
        "inspect bomb.png": "The picture has too many pixels: use one of at most 4096x4096.",
        "reproduce bomb.png": "The picture has too many pixels: use one of at most 4096x4096.",
        "inspect 60-megabytes.png": "The file has 60 MB: 51 MB are the limit.",
        "reproduce 60-megabytes.png": "The file has 60 MB: 51 MB are the limit.",
        "inspect words.png": "This file is no picture: use a PNG, JPEG, WebP, AVIF, GIF or BMP.",
        "reproduce foreign.png": "holds no recipe of this bot",
        "reproduce recipe.json": "The recipe was changed after it was written",
    }


@pytest.mark.nightly
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak")
def test_bad_input_and_the_largest_pictures_need_less_than_200_megabytes(tmp_path: Path):
    refused, read = hand_in(tmp_path), large_pictures(tmp_path)
    arguments = [
        f"{command} {tmp_path / name}" for command, name in map(str.split, [*refused, *read])
    ]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=PROJECT_DIR, capture_output=True, text=True, check=True,
        env={"DATA_DIR": str(tmp_path / "data"), "PATH": ""},
    )  # fmt: skip
    lines = done.stderr.splitlines()
    told, ends = lines[: 2 * len(refused)], [line.split() for line in lines[2 * len(refused) :]]
    for sentence, end, expected in zip(told[::2], told[1::2], refused.values(), strict=True):
        assert expected in sentence
        assert end.split()[0] == "2"
    # Nothing was made that they could be a copy of: one line each.
    assert [code for code, _ in ends] == ["3"] * len(read)
    refused_mb, read_mb = int(told[-1].split()[1]), int(ends[-1][1])
    print(f"refused with {refused_mb} MB in all, read with {read_mb} MB")  # shown by `pytest -rP`
    assert refused_mb < read_mb < LIMIT_MB
