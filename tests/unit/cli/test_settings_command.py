"""`python -m bot settings`: rules at the command line, beside the bot and without it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli import run
from bot.cli.doctor import examine
from bot.cli.doctor.check import CheckStatus
from bot.errors import SettingsError
from bot.services import open_service
from bot.services.bootstrap import alone_in
from bot.services.policy import operator_entries
from bot.settings import Settings
from bot.storage import Store
from tests.support.discord_env import SteeredEngine

pytest_plugins = ["tests.support.bot_fixtures"]

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    async def make() -> None:
        folder = tmp_path / "data"
        folder.mkdir()
        async with Store(folder / "bot.sqlite3", images=folder / "images"):
            pass

    asyncio.run(make())
    return tmp_path / "data"


@pytest.fixture
def cli(data: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    def settings(*options: str) -> tuple[int, str, str]:
        code = run(["settings", "5", "--folder", str(data), *options])
        said = capsys.readouterr()
        return code, said.out.strip(), said.err.strip()

    return settings


def test_rules_are_set_explained_logged_and_taken_back(cli: Cli):
    code, out, _ = cli(
        "--set", "server", "max_side=512", "--set", "role.20", "max_side=1024",
        "--set", "server", "use.compare=deny",
    )  # fmt: skip
    assert code == 0
    assert out.startswith("Changed: Longest side for this server: not set → 512 pixels;")
    assert cli()[1] == (
        '[server]\n"use.compare" = "deny"\nmax_side = 512\n\n[role.20]\nmax_side = 1024'
    )
    explained = cli("--explain", "7", "--role", "20", "--channel", "30")[1].splitlines()
    assert "max_side = 1,024 pixels: from the role 20; this server says 512 pixels" in explained
    assert "use.compare = not allowed: from this server" in explained
    assert "quota_day = no limit: nothing else is set" in explained
    assert "the operator: Longest side for this server: not set" in cli("--log")[1]
    assert cli("--unset", "role.20", "max_side")[1].startswith("Changed: ")
    assert cli("--unset", "role.20", "max_side")[1] == "Nothing was changed."
    assert "1,024 pixels" in cli("--undo")[1]


def test_a_file_goes_out_and_comes_back(cli: Cli, tmp_path: Path):
    cli("--set", "server", "quota_day=20")
    path = tmp_path / "rules.toml"
    assert cli("--export", str(path)) == (0, f"The rules are in {path}.", "")
    code, _, err = cli("--export", str(path))
    assert (code, err) == (2, f"The file {path} is there already: name a new one.")
    cli("--unset", "server", "quota_day")
    assert "Images a day for this server: not set → 20 images" in cli("--import", str(path))[1]
    path.write_text("[server]\nquota_day = -1", encoding="utf-8")
    code, _, err = cli("--import", str(path))
    assert code == 2
    assert err.startswith("Line 2 of the file: The rule quota_day cannot be '-1'")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--set", "server", "max_side"], "--set 'max_side' has no value: write RULE=VALUE."),
        (["--set", "everybody", "max_side=5"], "'everybody' is nobody: use server, role.ID"),
        (["--set", "role.x", "max_side=512"], "'x' is no id of a role: an id is a number."),
        (["--set", "server", "max_side=5"], "The rule max_side cannot be '5'"),
        (["--unset", "server", "max_size"], "There is no rule 'max_size'"),
        (["--undo", "--unset", "server", "max_side"], "go with no other action: run it twice."),
        (["--import", "nowhere.toml"], "The file of rules 'nowhere.toml' cannot be read"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(cli: Cli, options: list[str], sentence: str):
    code, out, err = cli(*options)
    assert (code, out) == (2, "")
    assert sentence in err
    assert cli()[1] == ""


def test_beside_a_running_bot_they_are_read_and_not_changed(cli: Cli, data: Path):
    cli("--set", "server", "quota_day=20")
    with alone_in(Settings(data_dir=data)):
        assert "quota_day = 20" in cli()[1]
        assert "quota_day = 20 images: from this server" in cli("--explain", "7")[1]
        code, _, err = cli("--set", "server", "quota_day=30")
        assert code == 2
        assert "Another copy of the bot works in" in err
    assert "quota_day = 20" in cli()[1]


# The operator's own


def operators(tmp_path: Path, text: str, **more: object) -> Settings:
    path = tmp_path / "operator.toml"
    path.write_text(text, encoding="utf-8")
    return Settings(rules_file=path, **more)  # type: ignore[arg-type]


async def test_the_operators_rules_limit_every_server(
    settings: Settings, engine: SteeredEngine, tmp_path: Path
):
    path = operators(tmp_path, "[operator]\nmax_side = 512\nuse.inspect = 'deny'").rules_file
    settings = settings.model_copy(update={"rules_file": path, "words": "refuse"})
    async with open_service(settings, lambda: engine) as service:
        assert service.rules.of_server("max_side", 5) == 512
        assert service.rules.of_server("use.inspect", 5) == "deny"
        assert service.rules.of_server("words", 5) == "refuse"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[server]\nmax_side = 512", "Line 1 of the file: The table 'server' is unknown"),
        ("[operator]\nlog_channel = 5", "Line 2 of the file: The rule log_channel cannot be set"),
        ("[operator]\nwords = 'spoiler'", "WORDS=refuse and the rule words of RULES_FILE"),
    ],
)
def test_a_file_of_the_operator_that_does_not_work_stops_the_start(
    tmp_path: Path, text: str, sentence: str
):
    with pytest.raises(SettingsError) as refused:
        operator_entries(operators(tmp_path, text, words="refuse"))
    assert sentence in refused.value.message


def test_the_doctor_looks_at_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RULES_FILE", str(tmp_path / "none.toml"))
    check = next(each for each in examine() if each.name == "rules")
    assert check.status is CheckStatus.PROBLEM
    assert "cannot be read: No such file" in check.detail
