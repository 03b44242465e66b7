"""Control on the command line: an image that follows a picture, drawn again, compared, refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from bot.cli import run
from bot.media.control_maps import canny

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture(scope="module")
def weights(sketch_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.support.control_files import write_control  # noqa: PLC0415 - imports torch

    return write_control(sketch_model, tmp_path_factory.mktemp("w") / "w.safetensors").path


@pytest.fixture(autouse=True)
def model(
    sketch_model: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MODEL", str(sketch_model))
    monkeypatch.setenv("CONTROL", str(weights))
    monkeypatch.setenv("CPU_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    image = Image.new("RGB", (128, 128), "white")
    ImageDraw.Draw(image).ellipse((30, 30, 100, 100), fill="red")
    image.save("round.png")


def imagine(*arguments: str) -> int:
    target = str(Path("new.png").absolute())
    return run(
        ["imagine", "a pear", "--seed", "1", "--quality", "draft", "--output", target, *arguments]
    )


def test_an_image_follows_a_picture_and_is_made_again_of_it_or_of_its_map(
    capsys: pytest.CaptureFixture[str],
):
    assert imagine("--control", "round.png", "--control-scale", "0.5") == 0
    assert run(["inspect", "new.png", "--json"]) == 0
    recipe = json.loads(capsys.readouterr().out.splitlines()[-1])["recipe"]
    assert (recipe["control"]["kind"], recipe["control_scale"]) == ("canny", 0.5)
    assert recipe["control_weights"]["file"].startswith("sampled:")
    assert recipe["version"] == 5
    with Image.open("round.png") as image:
        Image.fromarray(canny(image.convert("RGB"))).save("map.png")
    for given in ("round.png", "map.png"):
        assert run(["reproduce", "new.png", "--control", given]) == 0
    assert run(["reproduce", "new.png"]) == 2
    assert "give it again as the control" in capsys.readouterr().err


def test_scales_are_compared(capsys: pytest.CaptureFixture[str]):
    line = ["compare", "--prompt", "a pear", "--control", "round.png", "--vary", "control_scales"]
    assert run([*line, "--json", "--output", str(Path("sheet.png").absolute())]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["control_scale"] for each in found["images"]] == [0.25, 0.5, 0.75, 1.0]
    assert len({each["pixel_sha256"] for each in found["images"]}) == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--control-kind", "depth"], "belongs to no picture"),
        (["--control", "gone.png"], "gone.png"),
        (["--control", "round.png", "--control-scale", "3"], "The control scale '3' does not work"),
        (["--control", "round.png", "--control-scale", "0"], "The control scale '0' does not work"),
        (["--control", "round.png", "--control-scale", "nan"], "control scale 'nan' does not"),
    ],
)
def test_what_does_not_work_is_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
):
    assert imagine(*arguments) == 2
    assert words in capsys.readouterr().err
    assert not Path("new.png").exists()


def test_without_weights_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CONTROL", "off")
    assert imagine("--control", "round.png") == 2
    assert "draw without control" in capsys.readouterr().err


def test_a_scale_alone_is_told_to_have_no_effect(capsys: pytest.CaptureFixture[str]):
    assert imagine("--size", "128x128", "--control-scale", "0.5") == 0
    assert "no effect without a control picture" in capsys.readouterr().err
