"""Settings come from the environment and `.env`, and `.env.example` tells of all of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from bot.cli import run
from bot.errors import SettingsError
from bot.settings import PROJECT_DIR, Settings, misspelt_variables, setting_names

LIBRARY_WORDS = (
    "Input should", "String should", "unable to parse", "type=", "pydantic", "https://errors",
    "Value error", "greater than", "less than", "valid integer", "valid number",
)  # fmt: skip
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123"
NOT_NUMBERS = ("many", "-1", "1.5.2", "1e400", "nan", "inf", "-inf", "9" * 400, "٣", "0x10", "1,5")
WRONG = {  # by what a setting takes
    int: (*NOT_NUMBERS, "1.5"),
    float: (*NOT_NUMBERS, "0", "2592001"),
    "words": ("best", "AUTO?", "9" * 400, "٣", "auto auto"),
    "device": ("gpu", "cuda:", "cuda:x", "cuda:٣", "cuda:-1", "cuda:9999", "mps"),
    "address": ("modelscope.cn", "ftp://a.b", "https://", "https://a b", "9" * 400),
    "place": (
        "~nobody-of-that-name/x",
        "$NO_SUCH_VARIABLE/x",
        "a/${NO_SUCH_VARIABLE}",
        "%USERPROFILE%/x",
    ),
    "token": ("a b", "Bot a b", "tök", "a\u200bb", "Bot "),
}
ALL = ("a\nb", "a\x1bb", "\u201cauto\u201d", "a\u2028b")


def kind_of(name: str) -> object:
    """Return which of the wrong values a setting is tried with."""
    if name.endswith(("ENDPOINT", "DEVICE", "TOKEN")):
        return {"T": "address", "E": "device", "N": "token"}[name[-1]]
    annotation = Settings.model_fields[name.lower()].annotation
    places = {"DATA_DIR", "MODEL_CACHE", "MODEL", "LORA_DIR", "CONTROL", "WORDS_FILE", "RULES_FILE"}
    if name in places:
        return "place"
    return "words" if get_args(annotation) else annotation


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


@pytest.mark.parametrize("name", setting_names())
def test_every_wrong_value_of_every_setting_is_told_in_plain_words(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    for value in (*WRONG[kind_of(name)], *ALL):
        monkeypatch.setenv(name, value)
        with pytest.raises(SettingsError) as caught:
            Settings.read()
        sentence = caught.value.message
        assert sentence.startswith(f"The setting {name} ")
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert re.search(r"does not work: .*(use|write|copy) ", sentence)
        assert not [words for words in LIBRARY_WORDS if words in sentence]
        assert (repr(value)[1:20] in sentence) is (name != "DISCORD_TOKEN")


@pytest.mark.parametrize("name", setting_names())
def test_a_value_of_nothing_means_the_default(name: str, monkeypatch: pytest.MonkeyPatch):
    for value in ("", "  ", '""', "''", '" "'):
        monkeypatch.setenv(name, value)
        assert Settings.read() == Settings()


def test_every_wrong_setting_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".env").write_text("# own\n\nMAX_JOBS=0\n", encoding="utf-8")
    monkeypatch.setenv("DTYPE", "half")
    with pytest.raises(SettingsError) as caught:
        Settings.read()
    assert caught.value.message == (
        "The setting DTYPE 'half' does not work: use 'auto', 'bfloat16' or 'float32'. The setting "
        "MAX_JOBS '0' (line 3 of .env) does not work: use a whole number from 1 to 1000000."
    )


@pytest.mark.parametrize("quoted", ['"cpu"', "'cpu'", "  cpu ", '" cpu "'])
def test_the_environment_may_hold_quotes_and_space_as_docker_leaves_them(
    quoted: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DEVICE", quoted)
    assert Settings.read().device == "cpu"


@pytest.mark.parametrize("name", ["DATA_DIR", "MODEL_CACHE", "MODEL"])
@pytest.mark.parametrize("value", ["~/z", "$HOME/z", "${HOME}/z", "$FIRST/../z"])
def test_paths_expand_as_in_a_shell(
    name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FIRST", str(tmp_path / "home" / "a"))
    monkeypatch.setenv(name, value)
    found = Path(getattr(Settings.read(), name.lower()))
    assert found in {tmp_path / "home/z", tmp_path / "home/a/../z"}


def test_a_relative_path_begins_at_the_working_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATA_DIR", "elsewhere/data")
    assert Settings.read().data_dir == Path("elsewhere/data")


def test_misspelt_variables_are_told_but_no_other_program_s(monkeypatch: pytest.MonkeyPatch):
    for name in ("DISCORD_TOKNE", "MODEL_CACHE_DIR", "MAX_JOB", "HF_TOKEN", "MODELS", "HF_HOME"):
        monkeypatch.setenv(name, "x")
    assert [re.findall("[A-Z_]{5,}", sentence) for sentence in misspelt_variables()] == [
        ["DISCORD_TOKNE", "DISCORD_TOKEN"], ["MAX_JOB", "MAX_JOBS"],
        ["MODEL_CACHE_DIR", "MODEL_CACHE"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "typed", [TOKEN, f" {TOKEN} ", f'"{TOKEN}"', f"Bot {TOKEN}", f"'bot  {TOKEN}'", f"{TOKEN}\r"]
)
def test_a_token_is_taken_as_people_copy_it(typed: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCORD_TOKEN", typed)
    token = Settings.read().discord_token
    assert token is not None
    assert token.get_secret_value() == TOKEN


@pytest.mark.parametrize(
    "text",
    [
        f"DISCORD_TOKEN={TOKEN} {TOKEN}",
        f"DISCORD_TOKNE={TOKEN}",
        f'DISCORD_TOKEN="{TOKEN}',
        f"DISCORD_TOKEN: {TOKEN}",
        f"MODEL={TOKEN}",
        f"DEVICE=x{TOKEN}",
        f"{TOKEN}",
        f"{TOKEN}=",
        "QWxhZGRpbjpvcGVuc2VzYW1l=",
    ],
)
def test_no_slip_with_the_token_shows_any_of_it(text: str, tmp_path: Path):
    (tmp_path / ".env").write_text(text, encoding="utf-8")
    try:
        told = " ".join(Settings.read().notes)
    except SettingsError as error:
        told = error.message
    assert told
    assert not [part for part in (*TOKEN.split("."), "QWxhZGRpbj") if part in told]


def test_the_token_is_never_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DISCORD_TOKEN", "very-secret")
    assert "very-secret" not in repr(Settings.read())
