"""The command line as a process: closed streams, signals at any moment, the wrong Python."""

from __future__ import annotations

import ast
import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import run
from bot.settings import PROJECT_DIR
from tests.support.sampling import sampled

pytest_plugins = ["tests.support.bot_fixtures"]

# What a process runs before anything else: it sends itself a signal when a module is looked for.
INTERRUPTION = """
import os, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["AT"]:
            os.kill(os.getpid(), int(os.environ["BY"]))
sys.meta_path.insert(0, Finder())
"""


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "red.png"
    Image.new("RGB", (64, 64), "red").save(path)
    return path


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line with `bot` for the program, in a shell that does not ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.run(
            ["bash", "-c", f'bot() {{ "{sys.executable}" -m bot "$@"; }}; {line}'],
            env={**os.environ, "PYTHONPATH": str(PROJECT_DIR), "CPU_THREADS": "1", **environment},
            capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("stream", "code", "told"),
    sampled(
        [
            (">&-", 1, "The standard output cannot be written: it is closed."),
            ("> /dev/full", 1, "The standard output cannot be written: No space left on device."),
            ("> /dev/full 2> /dev/full", 1, ""),
            (">&- 2>&-", 1, ""),
            ("> /dev/null 2>&-", 3, ""),
            ("> /dev/null <&-", 3, ""),
            ("> /dev/null <&- 2>&-", 3, ""),
        ],
        first=2,
    ),
)
def test_a_result_that_cannot_be_written_is_told_and_never_a_trace(
    stream: str, code: int, told: str, picture: Path
):
    done = shell(f"bot inspect {picture} {stream}", PYTHONUNBUFFERED="")
    assert (done.returncode, done.stderr.strip(), done.stdout) == (code, told, "")


@pytest.mark.parametrize(
    ("arguments", "stream", "code"),
    sampled([
        ("--help", ">&-", 1), ("--help", "> /dev/full", 1), ("--version", "> /dev/full", 1),
        ("imagine --seed x", "2>&-", 2), ("imagine --foo", "2> /dev/full", 2),
        ("imagine --foo", ">&- 2>&- <&-", 2), ("imagine --prompts-file -", "<&-", 2),
    ], first=2),
)  # fmt: skip
def test_help_and_refusals_end_in_order_too(arguments: str, stream: str, code: int):
    done = shell(f"bot {arguments} {stream}")
    assert (done.returncode, done.stdout) == (code, "")
    assert len(done.stderr.splitlines()) <= 1
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_enough_is_no_complaint(picture: Path):
    # The reader ends first: the writer waits for that.
    done = shell(
        f"{{ read; bot inspect {picture}; echo $? >&2; }} < <(sleep 0; echo) | true",
        PYTHONUNBUFFERED="1",
    )
    assert done.stderr.strip() in {"1", "3"}  # a pipe may still take what is short


def test_closed_input_is_said(tmp_path: Path):
    done = shell("bot imagine --prompts-file - <&-")
    assert done.stderr == "The prompts file '-' cannot be read: the standard input is closed.\n"
    assert done.returncode == 2


def test_an_image_that_was_written_is_told_where_though_nobody_can_be_told_of_it(
    tmp_path: Path, sketch_model: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    monkeypatch.setenv("MODEL", str(sketch_model))
    arguments = ["a cat", "--size", "128x128", "--quality", "draft", "--output", "cat.png"]
    with Path("/dev/full").open("w") as full, contextlib.redirect_stdout(full):
        assert run(["imagine", *arguments]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "The standard output cannot be written: No space left on device. The image is here: "
        "data/outputs/cat.png."
    )
    assert (tmp_path / "data/outputs/cat.png").is_file()


def test_letters_that_a_stream_cannot_show_do_not_stop_it(tmp_path: Path):
    done = shell("bot compare 红.toml", PYTHONIOENCODING="ascii")
    assert done.stderr.startswith(r"The file '\u7ea2.toml' cannot be read: No such file")


@pytest.mark.parametrize(
    ("command", "module"),
    sampled([
        ("imagine a", "bot.cli"), ("imagine a", "pydantic"),
        ("imagine a", "bot.cli.imagine"), ("imagine a", "tokenizers"),
        ("imagine a", "torch"), ("compare x.toml", "PIL.Image"), ("inspect x", "numpy"),
        ("reproduce x", "bot.domain.recipe"), ("lineage x", "bot.media.family_tree"),
        ("board list", "aiosqlite"),
        ("bench", "numpy"), ("doctor", "torch"), ("download", "bot.models"),
        ("playground", "discord"), ("", "discord"),
    ], first=5),
)  # fmt: skip
def test_a_signal_while_something_is_imported_ends_every_command_in_order(
    command: str, module: str, tmp_path: Path
):
    number = signal.SIGTERM if module in {"torch", "discord"} else signal.SIGINT
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTION, encoding="utf-8")
    done = shell(
        f"bot {command}", PYTHONPATH=f"{tmp_path}:{PROJECT_DIR}", AT=module, BY=str(int(number)),
        DISCORD_TOKEN="x",
    )  # fmt: skip
    lines = [line for line in done.stderr.splitlines() if not line.endswith("...")]
    assert lines[-1:] == ["Stopped."], done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert done.returncode == 128 + number


class Sender(logging.Handler):
    """Send this process a signal when the engine tells that it has loaded."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__()
        self._number = number

    def emit(self, record: logging.LogRecord) -> None:
        os.kill(os.getpid(), self._number)


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM])
def sent(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    sender, logger = Sender(request.param), logging.getLogger("bot.engine.z_image")
    logger.addHandler(sender)
    level, before = logger.level, signal.signal(signal.SIGINT, signal.default_int_handler)
    logger.setLevel(logging.INFO)
    yield request.param
    logger.removeHandler(sender)
    logger.setLevel(level)
    signal.signal(signal.SIGINT, before)


def test_a_signal_in_the_middle_of_the_work_leaves_nothing_by_halves(
    sent: signal.Signals, tmp_path: Path, sketch_model: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
):  # fmt: skip
    monkeypatch.setenv("MODEL", str(sketch_model))
    before = signal.getsignal(sent)
    assert run(["imagine", "a", "--size", "128x128"]) == 128 + sent
    assert capsys.readouterr().err.splitlines()[-1] == "Stopped."
    assert not list(tmp_path.rglob("*.*"))
    assert signal.getsignal(sent) is before


SWALLOWED = """
import os, select, signal
from bot.environment.signals import stopping_in_order
class Finaliser:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):
            pass
with stopping_in_order(patience_s=0.1):
    Finaliser()
    select.select([], [], [])
"""


def test_a_signal_whose_exception_python_drops_ends_the_process_all_the_same():
    done = subprocess.run(
        [sys.executable, "-c", SWALLOWED], env={**os.environ, "PYTHONPATH": str(PROJECT_DIR)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (143, "Stopped.\n")


def test_ctrl_c_is_ignored_where_the_process_was_started_so(tmp_path: Path, picture: Path):
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTION, encoding="utf-8")
    done = shell(
        f"trap '' INT; bot inspect {picture}", PYTHONPATH=f"{tmp_path}:{PROJECT_DIR}",
        AT="pydantic", BY=str(int(signal.SIGINT)),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (3, "")


@pytest.mark.parametrize(
    "arguments", sampled(["--help", "imagine --seed", "imagine", "imagine a --size 3x3"], first=2)
)
def test_help_and_refusals_import_no_engine(arguments: str, tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTION, encoding="utf-8")
    done = shell(
        f"bot {arguments}", PYTHONPATH=f"{tmp_path}:{PROJECT_DIR}", AT="torch",
        BY=str(int(signal.SIGKILL)),
    )  # fmt: skip
    assert done.returncode in {0, 2}


@pytest.mark.parametrize("command", ["", "doctor", "imagine x"])
def test_a_python_without_the_dependencies_is_told_in_one_line(command: str):
    done = subprocess.run(
        [sys.executable, "-S", "-m", "bot", *command.split()],  # -S: no installed packages
        env={**os.environ, "PYTHONPATH": str(PROJECT_DIR)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    version = ".".join(map(str, sys.version_info[:3]))
    assert re.fullmatch(
        rf"This is Python {version} \(\S+\): \w+ is not installed here\. Run `.*`.*\.\n",
        done.stderr,
    )
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_older_pythons_can_read_what_tells_them_that_they_are_too_old(name: str):
    text = (PROJECT_DIR / "bot" / name).read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 6))
    imported = [node.names[0].name for node in tree.body if isinstance(node, ast.Import)]
    assert set(imported) <= {
        "_signal",
        "os",
        "sys",
    }  # what is there before: Ctrl-C raises in no import
    assert not [node for node in tree.body if isinstance(node, ast.ImportFrom)]
