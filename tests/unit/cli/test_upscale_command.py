"""`python -m bot upscale FILE`: a larger picture with its recipe, made again to the same pixels."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import run
from bot.media.image_input import read_picture_file
from bot.settings import PROJECT_DIR

pytest_plugins = ["tests.support.bot_fixtures"]
OUTPUTS = Path("data/outputs")


@pytest.fixture(autouse=True)
def model(sketch_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL", str(sketch_model))
    monkeypatch.setenv("CPU_THREADS", "1")


def picture(width: int = 64, height: int = 64) -> str:
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save("a.png")
    return "a.png"


@pytest.mark.engine
def test_a_picture_is_upscaled_and_made_again(capsys: pytest.CaptureFixture[str]):
    assert run(["upscale", picture(70, 65), "--factor", "4", "--output", "large.png"]) == 0
    made = read_picture_file(OUTPUTS / "large.png")
    assert made.image.size == (272, 256)
    assert made.recipe is not None
    request = made.recipe.request
    assert (request.is_upscaled, request.strength) == (True, 0)
    assert made.recipe.conditions["model"] == "realesr-animevideov3"
    again = ["reproduce", str(OUTPUTS / "large.png"), "--source", "a.png"]
    assert run(again) == 0
    assert "identical" in capsys.readouterr().out
    Image.new("RGB", (70, 65), "red").save("b.png")
    assert run([*again[:-1], "b.png"]) == 2
    assert "is not the one that this was made with" in capsys.readouterr().err


def test_detail_is_drawn_with_the_words_of_the_picture(capsys: pytest.CaptureFixture[str]):
    assert run(["imagine", "a red apple", "--size", "128x128", "--output", "apple.png"]) == 0
    apple = str(OUTPUTS / "apple.png")
    assert run(["upscale", apple, "--detail", "--seed", "7", "--output", "large.png"]) == 0
    made = read_picture_file(OUTPUTS / "large.png")
    assert made.recipe is not None
    request = made.recipe.request
    assert (request.prompt, request.seed, str(request.size)) == ("a red apple", 7, "256x256")
    assert made.recipe.conditions["upscaler"]["model"] == "realesr-animevideov3"
    assert made.recipe.conditions["num_inference_steps"] == 2
    assert run(["reproduce", str(OUTPUTS / "large.png"), "--source", apple]) == 0
    assert "identical" in capsys.readouterr().out


def test_upscaling_alone_imports_no_model_library():
    """It takes seconds to import them, and the model may not even be there."""
    program = """
import sys
from bot.cli import run
code = run(["upscale", "a.png", "--output", "large.png"])
assert not {"diffusers", "transformers"} & sys.modules.keys()
raise SystemExit(code)
"""
    picture()
    environment = {"PYTHONPATH": str(PROJECT_DIR), "MODEL": "nowhere", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "large.png  128x128" in done.stdout


@pytest.mark.parametrize(
    ("size", "options", "sentence"),
    [
        (
            (1, 1),
            [],
            "1x1 pixels, too few to upscale it 2×: use one with at least 64 on each side.",
        ),
        ((2000, 100), ["--factor", "4"], "a side of the result may have 4096: use 2×."),
        ((20_000, 100), [], "too many to upscale it 2×, as a side of the result may have 4096"),
        ((64, 64), ["--factor", "3"], "'3' is no such choice: use 2 or 4"),
        ((64, 64), ["--seed", "x"], "The seed 'x' does not work"),
        ((64, 64), ["--output", "a.jpg"], "a.jpg"),
    ],
)
def test_what_does_not_work_is_one_sentence_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], size: tuple[int, int], options: list[str], sentence: str
):
    try:
        code = run(["upscale", picture(*size), *options])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert len(told.strip().splitlines()) == 1
    assert not OUTPUTS.exists()
