"""What strangers hand in is refused in one sentence, with less than 200 MB, the program and all.

The largest picture that is read needs less than so much beside the program.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bot.generation import GenerationRequest, Size
from bot.recipe import build_recipe, canonical
from bot.settings import PROJECT_DIR
from tests.test_reading import bomb, encoded

LARGEST = 4096  # pixels a side of what is read
LIMIT_MB = 200
PROGRAM = """
import sys
from pathlib import Path
from bot.command_line import run
for line in sys.argv[1:]:
    command, path = line.split(maxsplit=1)
    code = run([command, path])
    # Not getrusage: its peak begins with that of the process this one was forked from.
    peak_kib = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    print(f"{code} {peak_kib * 1024 / 1e6:.0f}", file=sys.stderr)
"""


def tampered_recipe() -> str:
    request = GenerationRequest(prompt="红苹果", seed=7, size=Size(width=128, height=128))
    return canonical({**build_recipe(request, {}, "0" * 64), "seed": 8})


def hand_in(folder: Path) -> dict[str, str]:
    """Write everything that is refused; return why, by command and file."""
    contents = {
        "bomb.png": bomb(65_000),
        "foreign.png": encoded(Image.new("RGB", (512, 512), "red")),
        "words.png": b"just some words",
        "recipe.json": tampered_recipe().encode(),
        "50-megabytes.png": b"",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    with (folder / "50-megabytes.png").open("wb") as file:
        file.truncate(50 * 10**6)  # none of it on the disk
    return {
        "inspect bomb.png": "The picture has too many pixels: use one of at most 4096x4096.",
        "reproduce bomb.png": "The picture has too many pixels: use one of at most 4096x4096.",
        "inspect 50-megabytes.png": "The file has 50 MB: 26 MB are the limit.",
        "reproduce 50-megabytes.png": "The file has 50 MB: 26 MB are the limit.",
        "inspect words.png": "This file is no picture: use a PNG, JPEG, WebP, AVIF, GIF or BMP.",
        "reproduce foreign.png": "holds no recipe of this bot",
        "reproduce recipe.json": "The recipe was changed after it was written",
    }


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak")
def test_bad_input_and_the_largest_picture_need_less_than_200_megabytes(tmp_path: Path):
    refused = hand_in(tmp_path)
    (tmp_path / "large.png").write_bytes(
        encoded(Image.new("RGBA", (LARGEST, LARGEST), "#12345678"))
    )
    lines = [*refused, "inspect large.png"]
    arguments = [f"{command} {tmp_path / name}" for command, name in map(str.split, lines)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=PROJECT_DIR, capture_output=True, text=True, check=True,
        env={"DATA_DIR": str(tmp_path / "data"), "PATH": ""},
    )  # fmt: skip
    *told, last = done.stderr.splitlines()
    sentences, ends = told[::2], told[1::2]
    assert len(sentences) == len(ends) == len(refused), "one line for each, none for the large one"
    for sentence, expected in zip(sentences, refused.values(), strict=True):
        assert expected in sentence
    assert {end.split()[0] for end in ends} == {"2"}
    code, peak_mb = last.split()
    refused_mb, read_mb = int(ends[-1].split()[1]), int(peak_mb)
    print(f"refused with {refused_mb} MB in all, read with {read_mb} MB")  # shown by `pytest -rP`
    assert refused_mb < LIMIT_MB
    assert read_mb - refused_mb < LIMIT_MB
    assert code == "3", "nothing was made that it could be a copy of"
