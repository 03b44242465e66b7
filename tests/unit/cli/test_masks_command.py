"""Regions and extensions on the command line: drawn, drawn again, and refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import run

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture(autouse=True)
def model(sketch_model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODEL", str(sketch_model))
    monkeypatch.setenv("CPU_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    Image.linear_gradient("L").resize((128, 128)).convert("RGB").save("source.png")
    mask = Image.new("L", (128, 128))
    mask.paste(255, (0, 0, 128, 64))
    mask.save("mask.png")


def imagine(*arguments: str, output: Path = Path("new.png")) -> int:
    target = str(output.absolute())
    return run(["imagine", "a red apple", "--seed", "1", "--output", target, *arguments])


def pixels(path: str, box: tuple[int, int, int, int]) -> bytes:
    with Image.open(path) as image:
        return image.convert("RGB").crop(box).tobytes()


@pytest.mark.parametrize(
    "how",
    [["--region", "top half"], ["--mask", "mask.png"], ["--cells", "1,2,3", "--grid", "4"]],
)
def test_a_region_is_drawn_and_the_rest_stays(how: list[str]):
    assert imagine("--source", "source.png", "--strength", "touch", *how) == 0
    below = (0, 64, 128, 128)
    assert pixels("new.png", below) == pixels("source.png", below)
    above = (0, 0, 64, 24)
    assert pixels("new.png", above) != pixels("source.png", above)


def test_an_extension_is_larger_and_keeps_the_picture():
    assert imagine("--source", "source.png", "--extend", "up", "--strength", "touch") == 0
    assert pixels("new.png", (0, 64, 128, 192)) == pixels("source.png", (0, 0, 128, 128))


def test_reproduce_says_what_is_gone_and_takes_it(capsys: pytest.CaptureFixture[str]):
    made = ["--source", "source.png", "--mask", "mask.png", "--strength", "touch"]
    assert imagine(*made) == 0
    assert run(["inspect", "new.png", "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    roles = [each["role"] for each in found["recipe"]["operation"]["inputs"]]
    assert roles == ["source", "mask"]
    assert run(["reproduce", "new.png", "--source", "source.png"]) == 2
    assert "give it again as the mask" in capsys.readouterr().err
    assert run(["reproduce", "new.png", "--mask", "mask.png"]) == 2
    assert "--mask belongs to no picture" in capsys.readouterr().err
    assert run(["reproduce", "new.png", "--source", "source.png", "--mask", "mask.png"]) == 0
    Image.new("L", (128, 128)).save("other.png")
    wrong = ["reproduce", "new.png", "--source", "other.png", "--mask", "mask.png"]
    assert run(wrong) == 2
    assert "The source that is given is not the one" in capsys.readouterr().err


@pytest.mark.parametrize(
    "how", [["--region", "edges"], ["--cells", "5"], ["--extend", "zoom-1.5"], ["--fit", "pad"]]
)
def test_what_was_said_is_said_again_to_reproduce(how: list[str]):
    Image.open("mask.png").convert("RGB").crop((0, 30, 128, 120)).save("source.png")
    size = [] if "--extend" in how else ["--size", "128x128"]
    assert imagine("--source", "source.png", "--strength", "touch", *size, *how) == 0
    assert run(["reproduce", "new.png", "--source", "source.png", *how]) == 0
    assert run(["reproduce", "new.png"]) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--mask mask.png", "--mask belongs to no picture"),
        ("--region left", "--region belongs to no picture"),
        ("--extend zoom-2", "--extend belongs to no picture"),
        ("--source source.png --region sky", "The region 'sky' is not understood"),
        ("--source source.png --cells 0", "The cell 0 does not work"),
        ("--source source.png --cells 17 --grid 4", "The cell 17 does not work"),
        ("--source source.png --cells 1 --grid 9", "A grid of 9 cells a side does not work"),
        ("--source source.png --cells 1 --grid x", "The cell 'x' is no number"),
        ("--source source.png --cells ,", "No region is named"),
        ("--source source.png --mask gone.png", "The file gone.png cannot be read"),
        ("--source source.png --extend sideways", "The extension 'sideways' is not understood"),
        ("--source source.png --extend left --size square", "says the size already"),
        ("--source source.png --extend 128x128", "already has 128x128"),
    ],
)
def test_what_does_not_work_is_one_line(
    arguments: str, sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert imagine(*arguments.split()) == 2
    assert sentence in capsys.readouterr().err
    assert not Path("new.png").exists()
