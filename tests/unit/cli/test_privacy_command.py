"""What an operator does for a person who asks by other ways than the bot."""

from __future__ import annotations

import asyncio
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli import run
from bot.storage.erasure_orders import ErasureOrders
from tests.support.boards_env import ADA, an_image
from tests.unit.storage.test_store import opened

PERSON = 100_000_000_000_000_007


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    async def fill() -> None:
        async with opened(tmp_path) as store:
            await an_image(store, user=replace(ADA, user_id=PERSON))

    asyncio.run(fill())
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    return tmp_path


def test_it_is_counted(data: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["privacy", "show", str(PERSON)]) == 0
    assert "Prompts with their settings: 1" in capsys.readouterr().out
    assert run(["privacy", "show", str(PERSON), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "servers": 1, "jobs": 1, "prompts": 1, "images": 1,
    }  # fmt: skip
    assert run(["privacy", "show", str(PERSON + 1)]) == 0
    assert "Nothing is stored" in capsys.readouterr().out


def test_it_is_written_to_a_file(data: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["privacy", "export", str(PERSON)]) == 0
    [path] = capsys.readouterr().out.splitlines()
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 2


def test_an_order_is_written_for_the_bot(data: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["privacy", "erase", str(PERSON), "--boards"]) == 0
    assert "written down" in capsys.readouterr().out
    [kept] = ErasureOrders(data).find(PERSON)
    assert kept.order.takes_off
    assert kept.order.done_at is None


def test_what_is_no_id_of_a_person_is_refused(data: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        run(["privacy", "erase", "ada"])
    assert "ada" in capsys.readouterr().err
