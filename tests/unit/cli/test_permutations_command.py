"""Braces and files of prompts on the command line: the same readers, files and sheets."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.cli import run
from bot.settings import Settings
from tests.support.loras import write_lora

pytest_plugins = ["tests.support.bot_fixtures"]

SMALL = ["--size", "128x128", "--quality", "draft"]


@pytest.fixture(autouse=True)
def model(sketch_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL", str(sketch_model))


def imagine(*arguments: str) -> int:
    return run(["imagine", *SMALL, "--json", *arguments])


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let somebody sit there, who types what the returned function is given."""

    def types(words: str) -> Terminal:
        errors = Terminal()
        monkeypatch.setattr("sys.stdin", Terminal(words))
        monkeypatch.setattr("sys.stderr", errors)
        return errors

    return types


def test_every_combination_is_drawn_with_one_seed_and_shown_on_a_sheet(
    capsys: pytest.CaptureFixture[str],
):
    assert imagine("{red, green, blue} {cup, hat}", "--sheet", "cups.png") == 0
    images = told(capsys)
    assert [each["prompt"] for each in images[:4]] == [
        "red cup", "green cup", "blue cup", "red hat",
    ]  # fmt: skip
    assert len({each["seed"] for each in images}) == 1
    with Image.open("data/outputs/cups.png") as sheet:
        assert sheet.width > sheet.height


def test_options_have_braces_and_a_csv_has_its_own_values(capsys: pytest.CaptureFixture[str]):
    Path("list.csv").write_text("prompt,seed,size\na pear,7,144x128\n红苹果,,\n", encoding="utf-8")
    assert imagine("--prompts-file", "list.csv", "--seed", "3", "--sheet", "list.png") == 0
    pear, apple = told(capsys)
    assert (pear["seed"], pear["width"], apple["seed"], apple["width"]) == (7, 144, 3, 128)
    assert Path("data/outputs/list.png").is_file()
    assert imagine("a fox", "--seed", "{1, 2}", "--quality", "{draft, standard}") == 0
    assert [(each["seed"], each["steps"]) for each in told(capsys)] == [
        (1, 7), (1, 8), (2, 7), (2, 8),
    ]  # fmt: skip


def test_an_option_that_is_given_several_times_has_braces_too(
    settings: Settings, capsys: pytest.CaptureFixture[str]
):
    for name in ("neon", "ink"):
        write_lora(settings.lora_folder, name, seed=len(name))
    assert imagine("a fox", "--seed", "1", "--lora", "{neon:0.5, neon}", "--lora", "ink") == 0
    first, second = told(capsys)
    assert first["pixel_sha256"] != second["pixel_sha256"]


def test_who_sits_there_is_asked_before_more_than_four(
    at_terminal: Any, capsys: pytest.CaptureFixture[str]
):
    errors = at_terminal("n\n")
    assert imagine("{a, b, c, d, e} cup") == 0
    assert "This draws 5 images. Draw them? [Y/n]" in errors.getvalue()
    assert "Nothing is drawn." in errors.getvalue()
    assert told(capsys) == []


def test_yes_and_four_images_are_not_asked_about(
    at_terminal: Any, capsys: pytest.CaptureFixture[str]
):
    errors = at_terminal("")
    assert imagine("{a, b} cup") == 0
    assert imagine("{a, b, c, d, e} cup", "--yes") == 0
    assert "Draw them?" not in errors.getvalue()
    assert len(told(capsys)) == 7


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a {red, green"], "is never closed"),
        (["{a, b}" * 11], "These braces make 2048 images: 1000 are the limit"),
        (["a {red, green} cup", "--size", "{1x1, square}"], "The size 1x1"),
        (["--prompts-file", "bad.csv"], "In line 2 of 'bad.csv': The size 13x13 does not work"),
        (["--prompts-file", "bad.csv"], "Not to be drawn either: line 3 of 'bad.csv'."),
        (["--prompts-file", "bad.jsonl"], "means nothing: use prompt"),
        (["a", "--sheet", "sheet.jpg"], "written as .png"),
    ],
)
def test_what_does_not_work_is_one_line_and_nothing_is_drawn(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    Path("bad.csv").write_text("prompt,size\na,13x13\nb,1,2\nc,\n", encoding="utf-8")
    Path("bad.jsonl").write_text('{"colour": 1}\n', encoding="utf-8")
    assert imagine(*arguments) == 2
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1
    assert said in captured.err
    assert captured.out == ""
