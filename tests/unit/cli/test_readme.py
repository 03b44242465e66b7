"""The documentation's commands are complete: copied into a new shell, each is understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import parser, run
from bot.settings import PROJECT_DIR

pytest_plugins = ["tests.support.bot_fixtures"]

PYTHON = ".venv/bin/python"
PAGES = ("README.md", "docs/pictures-from-pictures.md")
TEXT = "".join((PROJECT_DIR / page).read_text(encoding="utf-8") for page in PAGES)
BLOCKS = re.findall(r"^```bash\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """Return the arguments of each line that starts the bot."""
    found = []
    for block in BLOCKS:
        whole = block.replace("\\\n", "")
        for line in re.findall(r"\S*python3? -m bot.*$", whole, flags=re.MULTILINE):
            words = shlex.split(line, comments=True)
            ends = [i for i, word in enumerate(words) if word in {">", "|", "&&", ";"}]
            assert words[:3] == [PYTHON, "-m", "bot"], line
            found.append(words[3 : min(ends, default=None)])
    return found


def test_every_command_uses_the_environment_that_the_first_one_makes():
    assert f"python3 -m venv {Path(PYTHON).parent.parent}" in BLOCKS[0]
    assert len(commands()) >= 15


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_every_command_is_understood(arguments: list[str]):
    options = parser(arguments).parse_args(arguments)
    assert callable(options.run)


def test_commands_that_need_nothing_else_do_what_the_text_says(
    sketch_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    monkeypatch.setenv("MODEL", str(sketch_model))
    [drawing] = [each for each in commands() if each[-1:] == ["apple.png"]]
    assert run(drawing) == 0
    with Image.open(tmp_path / "data/outputs/apple.png") as image:
        assert image.size == (256, 256)
    [looking] = [each for each in commands() if each[:1] == ["inspect"]]
    Path(looking[1]).write_bytes((tmp_path / "data/outputs/apple.png").read_bytes())
    capsys.readouterr()
    assert run(looking) == 0
    assert "a red apple" in capsys.readouterr().out
