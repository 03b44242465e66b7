"""A picture whose file is damaged or gone is said wherever it is used, and never shown as whole."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from bot.cli import run
from bot.media.exports import PictureCache, draw_board, export_board
from bot.media.family_tree import draw_family
from bot.media.picture_files import FileState, image_state
from bot.services.maintenance import fill_likenesses
from tests.support.boards_env import an_image, open_room
from tests.support.discord_env import (
    SMALL,
    Town,
    answer_of,
    gallery_of,
    ids_of,
    private_sentence,
    texts_of,
)
from tests.unit.storage.test_store import opened

pytest_plugins = ["tests.support.bot_fixtures"]


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage")


def one_bit(path: Path) -> None:
    """Change one pixel; the file is a good PNG of the right size."""
    with Image.open(path) as image:
        changed = image.convert("RGB")
    red, green, blue = changed.getpixel((3, 3))
    changed.putpixel((3, 3), (red ^ 1, green, blue))
    changed.save(path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2000])


DAMAGES = [garbage, one_bit, cut, Path.unlink]


def said(damage: Callable[[Path], None]) -> str:
    return "is gone" if damage is Path.unlink else "is damaged"


def files(town: Town) -> list[Path]:
    return sorted((town.settings.data_dir / "images").rglob("*.png"))


@pytest.mark.parametrize("damage", DAMAGES)
async def test_every_damage_is_noticed(tmp_path: Path, damage: Callable[[Path], None]):
    async with opened(tmp_path) as store:
        made = await an_image(store)
        assert image_state(made.path) is FileState.WHOLE
        damage(made.path)
        expected = FileState.MISSING if damage is Path.unlink else FileState.DAMAGED
        assert image_state(made.path) is expected


@pytest.mark.parametrize("damage", [one_bit, Path.unlink])
async def test_it_is_said_in_every_answer_and_drawn_again(
    town: Town, damage: Callable[[Path], None]
):
    message = await town.imagine(seed=5)
    [id_] = ids_of(message)
    [path] = files(town)
    damage(path)
    shown = await town.ming.slash(town.channel, "show", id=id_)
    assert f"The file of `{id_}` {said(damage)}" in texts_of(answer_of(shown))
    assert gallery_of(answer_of(shown)) == []
    history = await town.ming.slash(town.channel, "history")
    assert f"The file of `{id_}` {said(damage)}" in texts_of(answer_of(history))
    recipe = await town.ming.slash(town.channel, "recipe", id=id_)
    assert f"The file of `{id_}` {said(damage)}" in private_sentence(recipe)
    await town.ming.slash(town.channel, "lineage", id=id_)
    family = await town.service.family(id_, viewer=town.viewer())
    broken = draw_family(family, locale="en-US").image.tobytes()
    again = await town.ming.click(message, label="Same seed")
    await town.idle()
    assert "Pixel for pixel the same" in texts_of(again.response)
    assert len(gallery_of(again.response)) == 1
    assert image_state(path) is FileState.WHOLE, "what was drawn again took its place"
    assert draw_family(family, locale="en-US").image.tobytes() != broken
    shown = await town.ming.slash(town.channel, "show", id=id_)
    assert len(gallery_of(answer_of(shown))) == 1


@pytest.mark.parametrize("command", ["imagine", "compare"])
async def test_a_message_after_a_restart_says_which_of_its_images_is_damaged(
    town: Town, command: str
):
    for path in ("/webhooks/*", "/channels/*"):
        for method in ("PATCH", "POST"):
            town.env.inject_error(method, path, status=403, code=50013, times=None)
    options = {"count": 2} if command == "imagine" else {"vary": "seeds", "values": "1, 2"}
    result = await town.ada.slash(town.channel, command, prompt="x", size=SMALL, **options)
    await town.idle()
    made = (await town.service.history(viewer=town.viewer())).generations
    garbage(made[0].path)
    town.env.backend.faults.clear()
    await town.start_again()
    await town.idle()
    assert len(gallery_of(result.response)) == 1
    words = texts_of(result.response)
    assert [f"The file of `{each.id}` is damaged" in words for each in made] == [True, False]


async def test_a_damaged_image_keeps_nobody_from_finding_others(town: Town):
    first = await town.imagine(seed=5)
    [path] = files(town)
    with Image.open(path) as image:
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=80)
    garbage(path)
    with Image.open(io.BytesIO(buffer.getvalue())) as copy:
        found = await town.service.lookalike(copy.convert("RGB"), viewer=town.viewer())
    assert found.original is None
    assert [each.id for each in found.unread] == ids_of(first)


async def test_no_likeness_is_kept_of_a_damaged_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with opened(tmp_path) as store:
        broken, whole = [await an_image(store, seed, is_old=True) for seed in (1, 2)]
        good = broken.path.read_bytes()
        garbage(broken.path)
        await fill_likenesses(store)
        assert broken.id in caplog.text
        known = await store.generations.likenesses(None)
        assert [id_ for id_, _ in known] == [whole.id]
        broken.path.write_bytes(good)
        await fill_likenesses(store)
        assert {id_ for id_, _ in await store.generations.likenesses(None)} == {broken.id, whole.id}


@pytest.mark.parametrize("damage", [garbage, one_bit, Path.unlink])
async def test_every_export_of_a_board_leaves_it_out_and_says_so(
    tmp_path: Path, damage: Callable[[Path], None]
):
    async with open_room(tmp_path) as room:
        board = await room.board()
        for seed in (1, 2):
            await room.upload(board, seed)
        board = await room.now(board)
        pictures = room.boards.pictures
        whole = draw(board, pictures)
        damage(board.items[0].path)
        note = "is gone: no. 1." if damage is Path.unlink else "is damaged: no. 1."
        for form in ("zip", "html", "pdf", "png"):
            [file] = export_board(
                board, items=board.items, form=form, limit_bytes=None, locale="en-US",
                folder=tmp_path / form, pictures=pictures,
            )  # fmt: skip
            assert f"Left out because the file {note}" in file.note
            assert "All 2 pictures" not in file.note
            if form == "zip":
                with zipfile.ZipFile(file.path) as archive:
                    names = [n for n in archive.namelist() if n.startswith("pictures/")]
                assert len(names) == 1
            if form == "html":
                words = file.path.read_text("utf-8")
                missing = damage is Path.unlink
                assert ("The file is missing" if missing else "The file is damaged") in words
        assert draw(board, pictures) != whole, "the sheet of before is not shown for it"


def draw(board, pictures: PictureCache) -> str:
    return draw_board(
        board, items=board.items, theme=board.theme, page=1, pictures=pictures, locale="en-US"
    ).digest


async def test_a_damaged_copy_is_replaced_when_the_picture_is_added_again(tmp_path: Path):
    async with open_room(tmp_path) as room:
        board, other = await room.board(), await room.board("Other")
        item = (await room.upload(board, 1)).item
        good = item.path.read_bytes()
        garbage(item.path)
        await room.upload(other, 1)
        assert item.path.read_bytes() == good


async def test_the_command_line_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    async with open_room(tmp_path) as room:
        item = (await room.upload(await room.board(), 1)).item
    garbage(item.path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert await asyncio.to_thread(run, ["board", "show", "Spring"]) == 0
    assert "file damaged" in capsys.readouterr().out
