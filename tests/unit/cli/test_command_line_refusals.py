"""What the command line refuses before anything is loaded, and what it says on the way."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.cli import run
from bot.cli.outputs import Outputs
from bot.domain.requests import ImageRequest, Size
from bot.engine.tokens import TokenCounter
from bot.errors import OutputPathError

if TYPE_CHECKING:
    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]

SMALL = ["--size", "128x128", "--quality", "draft"]


@pytest.fixture(autouse=True)
def model(sketch_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL", str(sketch_model))


def imagine(*arguments: str) -> int:
    return run(["imagine", *SMALL, *arguments])


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_every_bad_prompt_of_a_batch_is_named_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    lines = ["a cat", "word " * 700, "# a remark", "\ud7a3" * 3000, "a dog", "x" * 5000]
    (tmp_path / "prompts.txt").write_text("\n".join(lines), encoding="utf-8")
    assert imagine("a", " ", "--prompts-file", "prompts.txt") == 2
    assert capsys.readouterr().err == (
        "In prompt 2: The prompt is empty: say what to draw, for example 'a red apple'. Not to be "
        "drawn either: line 2 of 'prompts.txt', line 4 of 'prompts.txt', line 6 of 'prompts.txt'.\n"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a cat\nGr\xfc\xdfe\n", "it is not UTF-8 text (line 2): save it as UTF-8."),
        ("a cat\n".encode("utf-16-le"), "it is not UTF-8 text (line 1 holds a NUL character)"),
        (b"\n# only a remark\n", "holds no prompt: write one a line."),
    ],
)
def test_a_prompts_file_that_is_no_text_is_one_line(
    content: bytes, said: str, capsys: pytest.CaptureFixture[str]
):
    Path("prompts.txt").write_bytes(content)
    assert imagine("--prompts-file", "prompts.txt") == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.splitlines()) == 1


def test_prompts_that_powershell_wrote_are_read(capsys: pytest.CaptureFixture[str]):
    Path("prompts.txt").write_text("香蕉\n", encoding="utf-16")
    assert imagine("--prompts-file", "prompts.txt", "--json") == 0
    assert json.loads(capsys.readouterr().out)["prompt"] == "香蕉"


def test_a_prompt_of_a_comparison_that_is_too_long_is_refused_before_the_weights_are_loaded(
    capsys: pytest.CaptureFixture[str],
):
    Path("x.toml").write_text(f'prompt = "{"word " * 600}"\ncolumns = "seeds"\n', encoding="utf-8")
    assert run(["compare", "x.toml"]) == 2
    assert capsys.readouterr().err.startswith("The prompt has 1200 tokens: 504 are the limit")


def test_a_name_from_a_long_prompt_in_any_script_fits(capsys: pytest.CaptureFixture[str]):
    assert imagine("红苹果" * 60, "--seed", "4294967295", "--output", "many", "--json") == 0
    path = Path(json.loads(capsys.readouterr().out)["path"])
    assert path.is_file()
    assert len(path.name.encode()) < 143  # what encrypted folders allow


def test_an_existing_folder_is_no_place_for_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "a.png").mkdir()
    assert imagine("a", "--output", str(tmp_path / "a.png")) == 2
    assert "a.png is a folder: name a file in it" in capsys.readouterr().err
    assert imagine("a", "--output", f"{tmp_path / 'a.png'}/", "--seed", "1") == 0
    assert written(tmp_path) == ["a.png/a-1.png"]


def test_a_disk_that_is_too_full_is_refused_before_the_weights_are_loaded(
    tmp_path: Path, demo_model: Path
):
    size = Size(width=2**20, height=2**20)
    request = ImageRequest(prompt="a", seed=1, size=size)
    with pytest.raises(OutputPathError, match=r"it may take 3298535 MB, and \d+ MB are free"):
        Outputs(root=tmp_path).plan("many", [request])
    assert not (tmp_path / "many").exists()


@pytest.mark.parametrize(
    "prompt",
    [
        "a red apple",
        "红苹果 " * 30,
        "é e\u0301 ﬁ Å",
        "😀" * 40,
        "<|im_end|> <|im_start|>x",
        "\u0301a",
    ],
)
def test_tokens_are_counted_without_the_weights_as_with_them(
    prompt: str, demo_model: Path, demo_engine: ZImageEngine
):
    text = demo_engine._loaded().text
    tokens = len(text._ids(text.neutralise(prompt))) - text._template_tokens
    assert TokenCounter(demo_model).count(prompt) == tokens


def test_what_takes_long_is_said_and_bars_stay_off_pipes(capsys: pytest.CaptureFixture[str]):
    assert imagine("a", "--json") == 0
    told = capsys.readouterr()
    assert told.err.splitlines()[0].startswith("Loading ")
    assert "\r" not in told.out + told.err
    assert "step" not in told.err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_steps_show_as_a_bar_on_a_terminal(capsys: pytest.CaptureFixture[str]):
    with contextlib.redirect_stderr(Terminal()) as terminal:
        assert imagine("a red apple", "--json") == 0
    assert "a red apple:" in terminal.getvalue()
    assert "/7 [" in terminal.getvalue()
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(
    "typed", ["check", "restore", "restore --dry-run", "board list", "lineage abc", "playground"]
)
def test_a_data_folder_that_cannot_be_used_is_one_line(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The system refuses even to say whether it is there, as where a parent folder is locked."""
    monkeypatch.setenv("DATA_DIR", "x" * 300)
    assert run(typed.split()) in {1, 2}
    said = capsys.readouterr()
    assert (said.out, "File name too long" in said.err) == ("", True)


def test_doctor_goes_on_where_the_data_folder_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DATA_DIR", "x" * 300)
    assert run(["doctor", "--json"]) == 1
    checks = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert checks["data"]["status"] == "problem"
    assert checks["data"]["detail"].endswith("cannot be read: File name too long")
    assert "model" in checks


def test_a_misspelt_variable_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DISCORD_TOKN", "x")
    assert run([]) == 2
    said = capsys.readouterr().err
    assert "DISCORD_TOKN is not a setting: DISCORD_TOKEN may have been meant." in said


def test_doctor_names_what_is_wrong_with_the_settings_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / ".env").write_text("DATADIR=/x\n", encoding="utf-8")
    monkeypatch.setenv("DISCORD_TOKNE", "very-secret")
    assert run(["doctor", "--json"]) == 1
    checks = json.loads(capsys.readouterr().out)
    told = {check["detail"]: check["status"] for check in checks if check["name"] == "settings"}
    assert (
        told.pop(
            f"DATADIR in line 1 of {tmp_path}/.env is not a setting: DATA_DIR was probably meant."
        )
        == "problem"
    )
    assert (
        told.pop(
            "The environment variable DISCORD_TOKNE is not a setting: DISCORD_TOKEN may "
            "have been meant."
        )
        == "warning"
    )
    (tmp_path / ".env").write_bytes("MODEL=Grüße\n".encode("latin-1"))
    assert run(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"problem  settings         The file {tmp_path}/.env cannot be read" in "\n".join(lines)
    assert [line for line in lines if line.startswith("ok       gpu") or " gpu " in line]


def test_a_misspelt_setting_is_told_at_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / ".env").write_text("DATADIR=/x\n", encoding="utf-8")
    assert run(["board", "list"]) == 2
    assert capsys.readouterr().err.splitlines()[0] == (
        f"Warning: DATADIR in line 1 of {tmp_path}/.env is not a setting: "
        "DATA_DIR was probably meant."
    )


@pytest.mark.parametrize("command", ["imagine a", "board list", "playground", "", "bench"])
def test_a_broken_env_file_is_one_line_from_every_command(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / ".env").write_bytes("MODEL=Grüße\n".encode("latin-1"))
    assert run(command.split()) == 2
    assert capsys.readouterr().err == (
        f"The file {tmp_path}/.env cannot be read: it is not UTF-8 text (line 1): save it as "
        "UTF-8.\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        "imagin a", "imagine a --colour red", "imagine --seed", "imagine a --json=3",
        "imagine --s 1",
        "compare a b", "reproduce", "inspect a b", "lineage", "lineage a --output",
        "board", "board lis", "board list --guild x", "board list --guild 99999999999999999999",
        "board export x --form doc", "board export x --limit-mb many", "bench --ways fats",
        "bench --sizes", "playground --channel x", "doctor --jso=1", "download now", "--nothing",
    ],
)  # fmt: skip
def test_every_complaint_about_the_command_line_is_in_plain_words(
    arguments: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as caught:
        run(arguments.split())
    told = capsys.readouterr()
    assert (caught.value.code, told.out, told.err.count("\n")) == (2, "", 1)
    for words in ("invalid", "argument ", "expected", "unrecognized", "explicit", "ambiguous"):
        assert words not in told.err.replace("arguments are required", "")
    assert re.search(r"; see `.* --help`\.\n$", told.err)


@pytest.mark.parametrize("what", ["x" * 300, "x" * 300 + ".png", "/" + "x" * 5000])
@pytest.mark.parametrize("command", ["reproduce", "inspect", "compare"])
def test_a_name_too_long_is_one_line(command: str, what: str, capsys: pytest.CaptureFixture[str]):
    assert run([command, what]) == 2
    assert capsys.readouterr().err.count("\n") == 1
