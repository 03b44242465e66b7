"""`python -m bot board`: what is printed and written, and every refusal."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.cli import run
from bot.domain.boards import ItemStatus
from bot.domain.recipe import parse_recipe
from tests.support.boards_env import (
    ADA,
    BEN,
    STRANGER,
    BoardsEnv,
    an_image,
    open_boards_env,
    picture,
)
from tests.support.sampling import sampled


def given(folder: Path, work: Callable[[BoardsEnv], Awaitable[Any]]) -> Any:
    """Do something in a bot's data folder and leave it."""

    async def inside() -> Any:
        async with open_boards_env(folder / "data") as boards_env:
            return await work(boards_env)

    return asyncio.run(inside())


async def a_busy_board(boards_env: BoardsEnv) -> str:
    board = await boards_env.board("春 Spring/2026", brief="soft\nlight", channel_id=5)
    made = await an_image(boards_env.store)
    await boards_env.boards.add_generation(
        board.id, made.id, viewer=ADA, caption="=1+1", tags=["a", "b"]
    )
    await boards_env.upload(board, 2, content=picture(2, "JPEG"), is_spoiler=True, caption="二")
    await boards_env.boards.set_status(board.id, 2, ItemStatus.APPROVED, viewer=ADA)
    await boards_env.boards.vote(board.id, 1, viewer=BEN)
    await boards_env.boards.comment(board.id, 1, "很好", viewer=BEN)
    await boards_env.boards.move(board.id, 2, viewer=ADA, before=1)
    return board.id


def board(*arguments: str) -> int:
    return run(["board", *arguments])


def test_boards_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    id_ = given(tmp_path, a_busy_board)

    async def more(boards_env: BoardsEnv) -> None:
        archived, gone = await boards_env.board("Old"), await boards_env.board("Gone")
        await boards_env.boards.archive(archived.id, viewer=ADA)
        await boards_env.boards.delete(gone.id, viewer=ADA)
        await boards_env.boards.create(viewer=STRANGER, name="Elsewhere")

    given(tmp_path, more)
    assert board("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{id_}  春 Spring/2026  2 pictures, 1 approved, of Ada, guild 1" in lines
    assert [line.split("  ")[1] for line in lines] == ["Elsewhere", "Old", "春 Spring/2026"]
    assert lines[1].endswith(", archived")
    assert board("list", "--guild", "2", "--json") == 0
    [told] = json.loads(capsys.readouterr().out)
    assert (told["name"], told["guild"], told["pictures"]) == ("Elsewhere", 2, 0)


def test_no_boards_are_said_to_be_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    given(tmp_path, lambda boards_env: boards_env.boards.boards(viewer=ADA))
    assert board("list") == 0
    assert "There are no boards in data" in capsys.readouterr().out


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_board_is_shown_in_its_order(tmp_path: Path, capsys: pytest.CaptureFixture[str], by: str):
    id_ = given(tmp_path, a_busy_board)
    assert board("show", id_ if by == "id" else "春 SPRING/2026") == 0
    shown = capsys.readouterr().out
    assert "  soft\n  light\nColours: #" in shown
    assert (
        "2 pictures:\n   2  approved  0 votes, spoiler  二\n   1  candidate  1 vote, #a, #b"
        in shown
    )


def test_a_shown_board_is_json_for_other_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    id_ = given(tmp_path, a_busy_board)
    assert board("show", id_, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    second, first = told["pictures"]
    assert (first["number"], first["votes"], first["tags"]) == (1, 1, ["a", "b"])
    assert first["comments"][0]["text"] == "很好"
    assert parse_recipe(json.dumps(first["recipe"])).pixel_sha256 == first["pixel_sha256"]
    assert (second["spoiler"], second["recipe"], second["status"]) == (True, None, "approved")
    assert Path(second["file"]).is_file()


def test_an_archive_holds_the_files_the_recipes_and_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    id_ = given(tmp_path, a_busy_board)
    assert board("export", id_, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    [file] = told["files"]
    path = Path(file["path"])
    assert path.parent == Path("data/outputs/春-spring-2026")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        held = {name: archive.read(name) for name in names}
    assert picture(2, "JPEG") in held.values()
    recipes = [parse_recipe(held[name].decode()) for name in names if "recipes/" in name]
    assert [recipe.request.seed for recipe in recipes] == [1]
    [table] = [held[name].decode("utf-8-sig") for name in names if name.endswith(".csv")]
    rows = list(csv.reader(io.StringIO(table)))
    assert len(rows) == 3
    assert not any(cell.startswith("=") for row in rows for cell in row)


@pytest.mark.parametrize(
    ("form", "begins"),
    sampled([("html", b"<!doctype"), ("pdf", b"%PDF"), ("png", b"\x89PNG")], first=1),
)
def test_every_form_is_written_beside_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, begins: bytes
):
    id_ = given(tmp_path, a_busy_board)
    for folder in ("mine/春-spring-2026", "mine/春-spring-2026-2"):
        arguments = ["--form", form, "--output", "mine", "--language", "zh-CN"]
        assert board("export", id_, *arguments) == 0
        path = Path(capsys.readouterr().out.splitlines()[0])
        assert path.parent == Path("data/outputs") / folder
        assert path.read_bytes()[:9].lower().startswith(begins.lower())
        assert sorted(each.suffix for each in path.parent.iterdir()) == [f".{form}"]


@pytest.mark.nightly
def test_a_limit_is_kept_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    async def heavy(boards_env: BoardsEnv) -> str:
        made = await boards_env.board()
        for seed in range(1, 7):
            await boards_env.upload(made, content=picture(seed, side=700))
        return made.id

    id_ = given(tmp_path, heavy)
    assert board("export", id_, "--limit-mb", "1", "--json") == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert len(files) > 1
    assert all(Path(each["path"]).stat().st_size <= 1024**2 for each in files)
    assert all(each["note"] for each in files)
    assert board("export", id_, "--limit-mb", "0.001", "--output", "small") == 2
    assert "does not fit into files of 0.001 MB" in capsys.readouterr().err
    assert list(Path("data/outputs/small").iterdir()) == [], "nothing is left half-written"


def test_an_export_can_be_in_another_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    id_ = given(tmp_path, a_busy_board)
    orders = []
    for order in ("chosen", "votes"):
        assert board("export", id_, "--order", order, "--json") == 0
        [file] = json.loads(capsys.readouterr().out)["files"]
        with zipfile.ZipFile(file["path"]) as archive:
            [name] = [name for name in archive.namelist() if name.endswith(".csv")]
            rows = csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig")))
            orders.append([row[0] for row in rows][1:])
    assert orders == [["2", "1"], ["1", "2"]]


@pytest.mark.nightly
def test_a_print_sheet_is_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    id_ = given(tmp_path, a_busy_board)
    assert board("export", id_, "--form", "png", "--json") == 0
    [file] = json.loads(capsys.readouterr().out)["files"]
    with Image.open(file["path"]) as sheet:
        sheet.load()
        assert min(sheet.size) > 500


def test_what_cannot_be_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert board("list") == 2
    assert "There is no database data/bot.sqlite3" in capsys.readouterr().err
    given(tmp_path, a_busy_board)
    assert board("show", "Nothing") == 2
    assert "There is no board 'Nothing' in data: " in capsys.readouterr().err

    async def twice(boards_env: BoardsEnv) -> None:
        await boards_env.board("Same")
        await boards_env.boards.create(viewer=STRANGER, name="same")

    given(tmp_path, twice)
    assert board("show", "same") == 2
    assert "2 guilds have a board 'same': use one of the ids" in capsys.readouterr().err
    assert board("show", "same", "--guild", "2") == 0
    assert board("show", "same", "--guild", "3") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "The following arguments are required: ACTION; see `python -m bot board --help`."),
        (["show"], "required: BOARD; see `python -m bot board show --help`"),
        (["export", "x", "--form", "doc"], "'doc' is no such choice: use zip, html, pdf or png"),
        (["export", "x", "--limit-mb", "-1"], "'-1' is no size"),
        (["export", "x", "--limit-mb", "nan"], "'nan' is no size"),
    ],
)
def test_wrong_options_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
):
    with pytest.raises(SystemExit) as caught:
        board(*arguments)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err
