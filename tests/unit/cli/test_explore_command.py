"""`python -m bot explore PROMPT`: the sheet, its drafts, and what is drawn large from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import run
from tests.support.later import imported_later

with imported_later():
    import bot.engine.z_image  # noqa: F401

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture(autouse=True)
def model(sketch_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL", str(sketch_model))


def test_drafts_their_sheet_and_a_large_one_are_drawn_and_reproduced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    typed = ["explore", "a red apple", "--seed", "3", "--large", "2", "--output", "a/s.png"]
    assert run([*typed, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [each["seed"] for each in report["drafts"]] == list(range(3, 12))
    assert {(each["width"], each["quality"]) for each in report["drafts"]} == {(128, "draft")}
    [large] = report["large"]
    assert (large["draft"], large["seed"], large["width"], large["height"]) == (2, 4, 256, 256)
    assert 0 <= large["composition"] <= 100
    folder = tmp_path / "data/outputs/a"
    names = {path.name for path in folder.iterdir()}
    assert names == {"s.png", "s-large2.png", *(f"s-draft{i}.png" for i in range(1, 10))}
    with Image.open(report["sheet"]) as sheet:
        assert sheet.width >= 1400
    draft = report["drafts"][1]["path"]
    assert run(["reproduce", draft]) == 0
    assert run(["reproduce", large["path"], "--source", draft]) == 0
    assert capsys.readouterr().out.count("identical") == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--count", "8"], "The --count '8' does not work: use 9 to 25."),
        (["--count", "26"], "The --count '26' does not work: use 9 to 25."),
        (["--count", "many"], "The --count 'many' does not work: use 9 to 25."),
        (["--large", "10"], "The --large '10' does not work: use 1 to 9."),
        (["--quality", "best"], "best"),
    ],
)
def test_a_wrong_number_is_refused_before_anything_is_written(
    typed: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert run(["explore", "a red apple", *typed]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "data/outputs").exists()
