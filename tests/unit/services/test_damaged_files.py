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
from bot.media.exports import export_board, keep_sheet
from bot.media.family_tree import draw_family
from bot.media.picture_files import FileState, image_state
from bot.media.thumbnails import PictureCache
from bot.services.maintenance import fill_likenesses
from tests.support.boards_env import an_image, open_boards_env
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    gallery_of,
    ids_of,
    private_sentence,
    texts_of,
)
from tests.support.sampling import sampled
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


def files(env: DiscordEnv) -> list[Path]:
    return sorted((env.settings.data_dir / "images").rglob("*.png"))


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
    env: DiscordEnv, damage: Callable[[Path], None]
):
    message = await env.imagine(seed=5)
    [id_] = ids_of(message)
    [path] = files(env)
    damage(path)
    shown = await env.ming.slash(env.channel, "show", id=id_)
    assert f"The file of `{id_}` {said(damage)}" in texts_of(answer_of(shown))
    assert gallery_of(answer_of(shown)) == []
    history = await env.ming.slash(env.channel, "history")
    assert f"The file of `{id_}` {said(damage)}" in texts_of(answer_of(history))
    recipe = await env.ming.slash(env.channel, "recipe", id=id_)
    assert f"The file of `{id_}` {said(damage)}" in private_sentence(recipe)
    await env.ming.slash(env.channel, "lineage", id=id_)
    family = await env.service.images.family(id_, viewer=env.viewer())
    broken = draw_family(family, locale="en-US").image.tobytes()
    again = await env.ming.click(message, label="Same seed")
    await env.idle()
    assert "Pixel for pixel the same" in texts_of(again.response)
    assert len(gallery_of(again.response)) == 1
    assert image_state(path) is FileState.WHOLE, "what was drawn again took its place"
    assert draw_family(family, locale="en-US").image.tobytes() != broken
    shown = await env.ming.slash(env.channel, "show", id=id_)
    assert len(gallery_of(answer_of(shown))) == 1


@pytest.mark.parametrize("command", ["imagine", "compare"])
async def test_a_message_after_a_restart_says_which_of_its_images_is_damaged(
    env: DiscordEnv, command: str
):
    for path in ("/webhooks/*", "/channels/*"):
        for method in ("PATCH", "POST"):
            env.simcord.inject_error(method, path, status=403, code=50013, times=None)
    options = {"count": 2} if command == "imagine" else {"vary": "seeds", "values": "1, 2"}
    result = await env.ada.slash(env.channel, command, prompt="x", size=SMALL, **options)
    await env.idle()
    made = (await env.service.images.history(viewer=env.viewer())).generations
    garbage(made[0].path)
    env.simcord.backend.faults.clear()
    await env.start_again()
    await env.idle()
    assert len(gallery_of(result.response)) == 1
    words = texts_of(result.response)
    assert [f"The file of `{each.id}` is damaged" in words for each in made] == [True, False]


async def test_a_damaged_image_keeps_nobody_from_finding_others(env: DiscordEnv):
    first = await env.imagine(seed=5)
    [path] = files(env)
    with Image.open(path) as image:
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=80)
    garbage(path)
    with Image.open(io.BytesIO(buffer.getvalue())) as copy:
        found = await env.service.images.lookalike(copy.convert("RGB"), viewer=env.viewer())
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


@pytest.mark.parametrize("damage", sampled([garbage, one_bit, Path.unlink], first=1))
async def test_every_export_of_a_board_leaves_it_out_and_says_so(
    tmp_path: Path, damage: Callable[[Path], None]
):
    async with open_boards_env(tmp_path) as boards_env:
        board = await boards_env.board()
        for seed in (1, 2):
            await boards_env.upload(board, seed)
        board = await boards_env.now(board)
        pictures = boards_env.boards.pictures
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
    return keep_sheet(
        board, items=board.items, theme=board.theme, page=1, pictures=pictures, locale="en-US"
    ).stem


async def test_a_damaged_copy_is_replaced_when_the_picture_is_added_again(tmp_path: Path):
    async with open_boards_env(tmp_path) as boards_env:
        board, other = await boards_env.board(), await boards_env.board("Other")
        item = (await boards_env.upload(board, 1)).item
        good = item.path.read_bytes()
        garbage(item.path)
        await boards_env.upload(other, 1)
        assert item.path.read_bytes() == good


async def test_the_command_line_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    async with open_boards_env(tmp_path) as boards_env:
        item = (await boards_env.upload(await boards_env.board(), 1)).item
    garbage(item.path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert await asyncio.to_thread(run, ["board", "show", "Spring"]) == 0
    assert "file damaged" in capsys.readouterr().out
