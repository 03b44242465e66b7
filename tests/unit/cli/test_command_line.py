"""The command line from a person's side: what is drawn, written and printed, and every refusal."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.cli import parser, run
from bot.settings import PROJECT_DIR

pytest_plugins = ["tests.support.bot_fixtures"]

THREADS = "1"  # of all that draw here: more or fewer may round otherwise
SMALL = ["--size", "128x128", "--quality", "draft"]


@pytest.fixture(autouse=True)
def model(sketch_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL", str(sketch_model))


@pytest.fixture
def whole_model(demo_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the model be one whose files are known."""
    monkeypatch.setenv("MODEL", str(demo_model))


def imagine(*arguments: str) -> int:
    return run(["imagine", *SMALL, *arguments])


@dataclass(frozen=True)
class Interrupted:
    """What a process printed and left that was stopped with Ctrl-C after its first image."""

    folder: Path
    first: dict[str, Any]
    rest: list[dict[str, Any]]
    left: list[str]
    errors: str
    code: int


@pytest.fixture(scope="module")
def interrupted(sketch_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    """Draw many in one process, which is a dear thing to start, and stop it in the middle."""
    folder = tmp_path_factory.mktemp("interrupted")
    many = ("红苹果", "--seed", "42", "--count", "50", *SMALL, "--json")
    with deaf_to_no_signal(), start("imagine", *many, cwd=folder, model=sketch_model) as process:
        assert process.stdout is not None
        first = process.stdout.readline()  # it is in the middle of the work now
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate()
    return Interrupted(
        folder=folder,
        first=json.loads(first),
        rest=[json.loads(line) for line in rest.splitlines()],
        left=written(folder),
        errors=errors,
        code=process.returncode,
    )


@contextlib.contextmanager
def deaf_to_no_signal() -> Iterator[None]:
    """Let a new process hear Ctrl-C, even where the tests run in a shell's background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def start(*arguments: str, cwd: Path, model: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": str(PROJECT_DIR),
            "MODEL": str(model),
            "CPU_THREADS": THREADS,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_prompt_becomes_a_file_with_its_recipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert imagine("a red apple", "--seed", "0", "--output", "fruit/apple.png") == 0
    path = tmp_path / "data/outputs/fruit/apple.png"
    with Image.open(path) as image:
        assert (image.size, image.mode) == ((128, 128), "RGB")
        recipe = json.loads(image.text["z-image-bot"])
        assert hashlib.sha256(image.tobytes()).hexdigest() == recipe["pixel_sha256"]
        assert image.text["parameters"].startswith("a red apple\nSteps: 7")
    assert (recipe["prompt"], recipe["seed"], recipe["dtype"]) == ("a red apple", 0, "float32")
    assert "apple.png" in capsys.readouterr().out


def test_json_is_one_object_an_image(capsys: pytest.CaptureFixture[str], demo_model: Path):
    assert imagine("红苹果", "--seed", "4294967295", "--count", "2", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["seed"] for line in lines] == [4294967295, 0]
    assert set(lines[0]) == {
        "path", "prompt", "seed", "width", "height", "steps", "seconds", "pixel_sha256", "model",
    }  # fmt: skip
    assert lines[0]["prompt"] == "红苹果"
    assert lines[0]["pixel_sha256"] != lines[1]["pixel_sha256"]
    assert all(Path(line["path"]).is_file() for line in lines)


def test_names_come_from_the_prompt_and_nothing_is_overwritten(tmp_path: Path):
    for _ in range(2):
        assert imagine("A red/apple: 红苹果!", "--seed", "5", "--output", "many") == 0
    assert written(tmp_path / "data") == [
        "outputs/many/a-red-apple-红苹果-5-2.png",
        "outputs/many/a-red-apple-红苹果-5.png",
    ]


def test_one_file_name_for_several_images_is_numbered(tmp_path: Path):
    assert imagine("x", "y", "--seed", "1", "--output", str(tmp_path / "a.png")) == 0
    assert written(tmp_path) == ["a-2.png", "a.png"]


def test_prompts_are_read_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    Path("prompts.txt").write_text("\ufeff# fruit\na red apple\n\n香蕉\n", encoding="utf-8")
    assert imagine("a cat", "--prompts-file", "prompts.txt", "--json") == 0
    prompts = [json.loads(line)["prompt"] for line in capsys.readouterr().out.splitlines()]
    assert prompts == ["a cat", "a red apple", "香蕉"]


@pytest.mark.nightly
def test_the_filmstrip_shows_every_step(tmp_path: Path):
    strip = tmp_path / "strip.png"
    assert imagine("a red apple", "--filmstrip", str(strip)) == 0
    with Image.open(strip) as image:
        assert image.size[0] > 7 * 128
    assert imagine("a red apple", "--filmstrip", str(strip)) == 0
    assert (tmp_path / "strip-2.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([""], "The prompt is empty"),
        ([], "There is no prompt"),
        (["word " * 700], "tokens: 504 are the limit"),
        (["a", "--size", "513x512"], "'?513x512'? does not work"),
        (["a", "--size", "0x0"], "0x0"),
        (["a", "--size", "10x"], "'10x' is not understood"),
        (["a", "--size", "99999x99999"], "99999x99999 is outside"),
        (["a", "--seed", "-1"], "seed '-1'"),
        (["a", "--seed", "4294967296"], "seed '4294967296'"),
        (["a", "--seed", "abc"], "seed 'abc'"),
        (["a", "--quality", "best"], "quality 'best'"),
        (["a", "--guidance", "3"], "guidance '3'"),
        (["a", "--variety", "300"], "variety '300'"),
        (["a", "--count", "0"], "count '0'"),
        (["a", "--count", "many"], "count 'many'"),
        (["a", "--output", "a.jpg"], "written as .png"),
        (["a", "--filmstrip", "strip"], "must end in .png"),
        (["a", "--output", "/proc/nothing/here"], "cannot be written"),
        (["a", "--output", "/dev/full"], "/dev/full is not a folder"),
        (["a", "--output", "/dev/full/a.png"], "/dev/full is not a folder"),
        (["a", "--output", "x" * 300 + ".png"], "has 304 bytes: 220 are the limit"),
        (["a", "--output", "红" * 80 + ".png"], "has 244 bytes: 220 are the limit"),
        (["a", "--output", "x" * 300], "cannot be written: File name too long"),
        (["a", "--output", "x/" * 3000], "cannot be written: File name too long"),
        (["a", "--output", "~nobody-here/a.png"], "no such user"),
        (["a", "--filmstrip", "/proc/nothing.png"], "cannot be written"),
        (["a", "--filmstrip", "strip.png/"], "must end in .png"),
        (["a", "--prompts-file", "missing.txt"], "'missing.txt' cannot be read"),
        (["a", "--prompts-file", "x" * 300], "cannot be read: File name too long"),
        (["a", "--prompts-file", "/"], "cannot be read: Is a directory"),
        (["a", "--prompts-file", "/dev/null"], "holds no prompt: write one a line"),
        (["a", "--prompts-file", "/dev/zero"], "has more than 10 MB"),
        (["a", "--prompts-file", "/proc/self/exe"], "has more than 10 MB|it is not UTF-8 text"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert imagine(*arguments) == 2
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1
    assert re.search(said, captured.err)
    assert captured.out == ""
    assert written(tmp_path) == []


def test_one_bad_prompt_among_many_is_found_before_anything_is_drawn(tmp_path: Path):
    assert imagine("a cat", "word " * 700) == 2
    assert written(tmp_path) == []


def test_an_output_folder_that_is_a_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "taken").write_text("")
    assert imagine("a", "--output", str(tmp_path / "taken" / "a.png")) == 2
    assert "is not a folder" in capsys.readouterr().err


def test_an_unknown_option_is_one_line(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        imagine("a", "--colour", "red")
    assert caught.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_unknown_model_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("MODEL", "stable-diffusion")
    assert imagine("a") == 2
    error = capsys.readouterr().err
    assert "stable-diffusion" in error
    assert len(error.splitlines()) == 1


def test_a_truncated_weight_file_is_named(
    demo_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    copy = shutil.copytree(demo_model, tmp_path / "model", ignore=shutil.ignore_patterns("recipe"))
    broken = next((copy / "vae").glob("*.safetensors"))
    broken.write_bytes(broken.read_bytes()[:-1000])
    monkeypatch.setenv("MODEL", str(copy))
    assert imagine("a") == 2
    error = capsys.readouterr().err
    assert broken.name in error
    assert len(error.splitlines()) == 1


@pytest.mark.nightly
def test_two_processes_draw_the_same_pixels(
    interrupted: Interrupted, own_threads: None,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    monkeypatch.chdir(interrupted.folder)
    monkeypatch.setenv("CPU_THREADS", THREADS)
    assert imagine("红苹果", "--seed", "42", "--json") == 0
    drawn = json.loads(capsys.readouterr().out)
    assert drawn["pixel_sha256"] == interrupted.first["pixel_sha256"]
    assert drawn["path"] != interrupted.first["path"]


@pytest.mark.nightly
def test_ctrl_c_leaves_no_half_file(interrupted: Interrupted):
    assert interrupted.code == 130
    assert interrupted.errors.strip().endswith("Stopped.")
    paths = [each["path"] for each in (interrupted.first, *interrupted.rest)]
    assert len(paths) < 50
    assert sorted(str(interrupted.folder / path) for path in paths) == [
        str(interrupted.folder / name) for name in interrupted.left
    ]


def test_doctor_finds_everything_right(whole_model: None, capsys: pytest.CaptureFixture[str]):
    assert run(["doctor", "--json"]) == 0
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["model"]["status"] == "ok"
    assert {"python", "torch", "disk", "settings"} <= set(checks)
    assert all(check["advice"] for check in checks.values() if check["status"] != "ok")


def test_doctor_names_a_broken_file_and_what_to_do(
    demo_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    copy = shutil.copytree(demo_model, tmp_path / "model", ignore=shutil.ignore_patterns("recipe"))
    broken = next((copy / "vae").glob("*.safetensors"))
    content = bytearray(broken.read_bytes())
    content[-1] ^= 1  # one bit: only the checksum can tell
    broken.write_bytes(content)
    monkeypatch.setenv("MODEL", str(copy))
    assert run(["doctor"]) == 1
    line = next(line for line in capsys.readouterr().out.splitlines() if " model " in line)
    assert line.startswith("problem")
    assert broken.name in line
    assert "->" in line


def test_doctor_never_shows_the_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DISCORD_TOKEN", "very-secret")
    run(["doctor"])
    assert "very-secret" not in "".join(capsys.readouterr())


def test_download_of_a_model_that_is_here_verifies_it(
    whole_model: None, capsys: pytest.CaptureFixture[str]
):
    assert run(["download"]) == 0
    assert "complete and verified" in capsys.readouterr().out


def parsers(top: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from parsers(each)


def test_every_command_explains_itself():
    shown = {each.prog: each.format_help() for each in parsers(parser(["no command"]))}
    assert len(shown) > 20
    assert any("redraw, or 1% to 100%" in " ".join(each.split()) for each in shown.values())


def test_no_option_is_explained_by_one_that_the_command_has_not():
    for each in parsers(parser(["no command"])):
        known = each._option_string_actions
        for words in (action.help or "" for action in each._actions):
            named = re.findall(r"(?<![\w-])--[a-z][a-z-]*", words)
            assert set(named) <= known.keys(), f"{each.prog}: {words}"
