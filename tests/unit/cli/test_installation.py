"""What a wheel brings, and what is said to whoever starts the program from one.

`.ci/fresh` does the same at length: real wheels in real environments on bare machines.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from bot.cli.common import let_torchao_be_quiet
from bot.environment.installation import PROGRAM, install_line, requirement
from bot.settings import PROJECT_DIR

# What `download` does, but for comparing the weights with the model's code, which imports torch.
VERIFICATION = """
from bot.models import locate, verify
from bot.settings import Settings
files = locate(Settings().model, model_cache=Settings().model_cache)
print(files.folder, verify(files))
"""
# In the place of the script that pip writes, and quicker than a whole command.
SCRIPT = f"""#!{sys.executable}
from bot.environment.installation import command_line
print(command_line("doctor"))
"""


@pytest.fixture(scope="module")
def contents() -> dict[str, Path]:
    """Return what a wheel holds: place below `site-packages` -> file of this tree."""
    files = WheelBuilder(str(PROJECT_DIR)).recurse_included_files()
    return {Path(file.distribution_path).as_posix(): Path(file.path) for file in files}


@pytest.fixture(scope="module")
def site(contents: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay the files out as pip does."""
    folder = tmp_path_factory.mktemp("site-packages")
    for place, file in contents.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, folder / place)
    return folder


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / PROGRAM
    path.parent.mkdir()
    path.write_text(SCRIPT, encoding="utf-8")
    path.chmod(0o755)
    return path


def start(*line: str | Path, site: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Start an installed program in an empty folder, with nothing set and nobody's home."""
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    return subprocess.run(
        list(line),
        cwd=empty,
        env={"PATH": path, "HOME": str(empty), "PYTHONPATH": str(site)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def files_below(folder: Path, *, of: Path) -> set[str]:
    return {
        path.relative_to(of).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_wheel_brings_every_file_of_the_program(contents: dict[str, Path]):
    ours = files_below(PROJECT_DIR / "bot", of=PROJECT_DIR)
    ours |= files_below(PROJECT_DIR / "cogs", of=PROJECT_DIR)
    model = files_below(PROJECT_DIR / "data/demo_model", of=PROJECT_DIR / "data")
    ours |= {f"bot/{path}" for path in model if not path.startswith("demo_model/recipe/")}
    assert set(contents) == ours
    suffixes = {Path(path).suffix for path in contents}
    assert {"bot/py.typed", "cogs/py.typed"} < set(contents)  # "Typing :: Typed"
    assert suffixes > {".sql", ".otf", ".jinja", ".css", ".js", ".md5", ".safetensors"}


def test_an_installed_program_has_its_model(site: Path, tmp_path: Path):
    done = start(sys.executable, "-c", VERIFICATION, site=site, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{site / 'bot/demo_model'} []\n"
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.nightly
def test_an_installed_program_finds_its_model_complete(site: Path, tmp_path: Path):
    done = start(sys.executable, "-m", "bot", "download", site=site, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"demo is complete and verified: {site / 'bot/demo_model'}\n"
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_damaged_installation_says_how_to_mend_it(contents: dict[str, Path], tmp_path: Path):
    site = tmp_path / "site"
    for place, file in contents.items():
        if not place.endswith(".safetensors"):
            (site / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, site / place)
    done = start(sys.executable, "-m", "bot", "download", site=site, folder=tmp_path)
    assert done.returncode == 2
    assert "(missing)" in done.stderr
    assert done.stderr.endswith("install the bot again: its model comes with it.\n")


def test_a_message_names_the_command_as_it_was_typed(site: Path, script: Path, tmp_path: Path):
    def named(*line: str | Path) -> str:
        return start(*line, site=site, folder=tmp_path).stdout

    assert named(PROGRAM) == f"{PROGRAM} doctor\n"
    assert named(script) == f"{PROGRAM} doctor\n"  # what shells find, in whatever way it was found
    assert named(f"../bin/{PROGRAM}") == f"../bin/{PROGRAM} doctor\n"
    elsewhere = script.parent.rename(tmp_path / "Program Files") / PROGRAM
    assert named(elsewhere) == f"'{elsewhere}' doctor\n"
    done = start(sys.executable, "-m", "bot", "board", site=site, folder=tmp_path)
    assert done.stderr.endswith(f"; see `{sys.executable} -m bot board --help`.\n")


def test_a_missing_package_is_added_to_the_environment_that_lacks_it():
    assert requirement("torchao").startswith("torchao<")
    assert requirement("discord.py").startswith("discord-py<")
    assert requirement("unheard-of") == "unheard-of"
    assert install_line("simcord") == (f"{sys.executable} -m pip install 'simcord[preview]==3.2.1'")


def test_where_there_is_no_pip_uv_adds_it(site: Path, tmp_path: Path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "tool"], check=True)
    python = tmp_path / "tool/bin/python"
    line = "from bot.environment import installation; print(installation.install_line('torchao'))"
    done = start(python, "-c", line, site=site, folder=tmp_path)
    assert done.stdout == f"uv pip install --python {python} torchao\n"


def test_only_what_torchao_writes_is_not_warned_of():
    def compiled(file: str) -> None:
        """Warn as the compiler does where bytecode was not made by the installer."""
        warnings.warn_explicit("invalid escape sequence '\\.'", SyntaxWarning, file, 1542)

    with warnings.catch_warnings():
        let_torchao_be_quiet()
        compiled("/usr/lib/python3.13/site-packages/torchao/quantization/quant_api.py")
        with pytest.raises(SyntaxWarning):
            compiled("/usr/lib/python3.13/site-packages/other/quant_api.py")
