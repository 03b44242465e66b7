"""`python -m bot bench`: what it measures and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.cli import run
from bot.cli.bench import STAGES

pytest_plugins = ["tests.support.bot_fixtures"]


def test_every_size_is_measured_by_stage(sketch_model: Path, capsys: pytest.CaptureFixture[str]):
    model = ["bench", "--model", str(sketch_model)]
    arguments = [*model, "--sizes", "128x128", "128x144", "--repeat", "1"]

    assert run([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert run(arguments) == 0
    table = capsys.readouterr().out.splitlines()

    assert found["path"] == "reference"
    assert [each["size"] for each in found["sizes"]] == ["128x128", "128x144"]
    for each in found["sizes"]:
        assert tuple(each["stages_s"]) == STAGES
        assert 0 < sum(each["stages_s"].values()) < each["first_s"] + each["most_s"]
        assert each["least_s"] <= each["image_s"] <= each["most_s"]
    assert [line.split()[0] for line in table[1:]] == ["size", "128x128", "128x144"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--repeat", "0"], "--repeat '0' does not work: use a whole number from 1 to 10000."),
        (["--sizes", "100x100"], "The size 100x100 does not work"),
        (["--model", "nonsense"], "The model 'nonsense' is unknown"),
    ],
)
def test_a_mistake_is_one_sentence_before_anything_is_loaded(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
):
    assert run(["bench", *arguments]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(sentence)
    assert said.err.count("\n") == 1
    assert said.out == ""
