"""Settings come from the environment and `.env`, and `.env.example` tells of all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.command_line import run
from bot.errors import SettingsError
from bot.settings import PROJECT_DIR, Settings


def test_the_example_lists_every_setting_with_its_default_and_meaning():
    text = (PROJECT_DIR / ".env.example").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text, flags=re.MULTILINE))
    fields = Settings.model_fields
    assert set(listed) == {name.upper() for name in fields}
    for name, field in fields.items():
        expected = "" if field.default is None else str(field.default)
        assert listed[name.upper()] == expected, name
        words = " ".join(re.sub(r"^# ?", "", text, flags=re.MULTILINE).split())
        assert " ".join(str(field.description).split()) in words, name


def test_the_help_lists_every_setting_too(capsys: pytest.CaptureFixture[str]):
    """An installation brings no `.env.example`."""
    with pytest.raises(SystemExit):
        run(["--help"])
    words = " ".join(capsys.readouterr().out.split())
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else field.default
        assert f" {name.upper()}={default} {' '.join(str(field.description).split())}" in words


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".env").write_text("MODEL=from-file\nDTYPE=float32\n", encoding="utf-8")
    monkeypatch.setenv("MODEL", "from-environment")
    settings = Settings.read()
    assert (settings.model, settings.dtype) == ("from-environment", "float32")


def test_an_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MODEL", "")
    assert Settings.read().model == "demo"


def test_a_wrong_value_is_one_sentence_that_names_the_setting(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DTYPE", "float16")
    with pytest.raises(SettingsError, match=r"DTYPE 'float16' does not work: .*'float32'"):
        Settings.read()


def test_the_token_is_never_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCORD_TOKEN", "very-secret")
    assert "very-secret" not in repr(Settings.read())
