"""`python -m bot stats`, beside the bot's own data."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path

import pytest

from bot.cli import run
from bot.settings import Settings
from bot.storage import Store
from tests.support.boards_env import an_image

pytest_plugins = ["tests.support.bot_fixtures"]


async def some_images(data: Path) -> None:
    async with Store(data / "bot.sqlite3", images=data / "images") as store:
        for seed in (1, 2):
            await an_image(store, seed)


def test_it_counts_what_was_drawn_and_writes_a_table(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
):
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    asyncio.run(some_images(settings.data_dir))
    table = tmp_path / "usage.csv"
    assert run(["stats", "--days", "7", "--csv", str(table)]) == 0
    out = capsys.readouterr().out
    assert "images: 2 (" in out
    with table.open(encoding="utf-8-sig") as file:
        [row] = csv.DictReader(file)
    assert row["images"] == "2"
    assert run(["stats", "--guild", "99999999999999999"]) == 0
    assert "images: 0 (" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--days", "0"], "0 days cannot be counted: use 1 to 365."),
        (["--csv", "/nowhere/usage.csv"], "The table /nowhere/usage.csv cannot be written"),
        (["--guild", "town"], "'town'"),
    ],
)
def test_what_does_not_work_is_said(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch, options, sentence
):
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    asyncio.run(some_images(settings.data_dir))
    try:
        code = run(["stats", *options])
    except SystemExit as leaving:
        code = leaving.code
    assert code != 0
    assert sentence in capsys.readouterr().err


def test_without_a_bot_there_is_nothing_to_count(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch
):
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    assert run(["stats"]) != 0
    assert "There is no database" in capsys.readouterr().err
