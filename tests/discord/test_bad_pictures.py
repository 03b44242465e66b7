"""What nothing can be made of is refused in one private sentence, and leaves nothing behind.

Every way on which somebody hands in a picture stands in `WAYS`, every bad picture in
`tests/support/bad_pictures.py`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image

from bot.cli import run
from bot.discord_ui.components import IMAGE_ACTIONS
from bot.services.maintenance import sweep_sources
from tests.support.bad_pictures import (
    BAD_PICTURES,
    BAD_STRENGTHS,
    ODD_PICTURES,
    encoded,
    plain,
)
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    ids_of,
    private_sentence,
)
from tests.support.sampling import sampled
from tests.support.server_rules import set_rules

pytest_plugins = ["tests.support.bot_fixtures"]

TYPED: Final = {"prompt": "a green apple", "size": SMALL}


async def by_imagine(env: DiscordEnv, file: bytes, **options: Any) -> Any:
    return await env.ada.slash(env.channel, "imagine", source=("a.png", file), **TYPED, **options)


async def by_compare(env: DiscordEnv, file: bytes, **options: Any) -> Any:
    options = {"vary": "strengths", "source": ("a.png", file), **TYPED, **options}
    return await env.ada.slash(env.channel, "compare", **options)


async def by_menu(env: DiscordEnv, file: bytes, **options: Any) -> Any:
    message = await env.ming.send(env.channel, "look", attachments=[("a.png", file)])
    form = await env.ada.context_menu(env.channel, "Use as source", message)
    typed = {"strength": ["subtle"], "fit": ["crop"], "seed": "", **TYPED, **options}
    return await env.ada.submit_modal(form, typed)


async def by_mask(env: DiscordEnv, file: bytes, **options: Any) -> Any:
    return await by_imagine(env, encoded(plain()), mask=("m.png", file), **options)


async def by_upscale(env: DiscordEnv, file: bytes) -> Any:
    return await env.ada.slash(env.channel, "upscale", picture=("a.png", file))


Way = Callable[..., Awaitable[Any]]
WAYS: Final[Mapping[str, Way]] = {
    "/imagine": by_imagine, "/compare": by_compare, "Use as source": by_menu,
    "/imagine mask:": by_mask, "/upscale": by_upscale,
}  # fmt: skip
# What is said on one way otherwise than on the others.
SAID: Final[Mapping[tuple[str, str], str]] = {
    ("/imagine mask:", "one pixel"): "The mask has 1x1 pixels and the picture 160x128: use one of",
    (
        "/imagine mask:",
        "a thread",
    ): "The mask has 20000x100 pixels and the picture 160x128:",
    **{
        ("/imagine mask:", f"an animated {form}"): "The mask marks the whole picture"
        for form in ("GIF", "WebP", "PNG")
    },
    ("/upscale", "one pixel"): "The picture has 1x1 pixels, too few to upscale it 2×: use one",
    ("/upscale", "a thread"): "The picture has 20000x100 pixels, too many to upscale it 2×",
}
# Options of the command line that take a picture; `{}` is its file.
COMMAND_LINES: Final[Mapping[str, list[str]]] = {
    "imagine": ["imagine", "x", "--source", "{}", "--size", SMALL],
    "imagine --extend": ["imagine", "x", "--source", "{}", "--extend", "zoom-2"],
    "compare": ["compare", "--prompt", "x", "--vary", "strengths", "--source", "{}"],
}


async def check_nothing_is_kept(env: DiscordEnv, *, images: int = 0) -> None:
    """Neither rows nor files nor charges tell of what was refused."""
    database = env.service._store.database
    for table in ("jobs", "requests", "generations", "charges"):
        assert len(await database.rows(f"SELECT 1 FROM {table}")) == images, table
    assert await database.rows("SELECT 1 FROM inputs") == []
    assert list((env.settings.data_dir / "sources").rglob("*.*")) == []
    assert len(env.engine.drawn) == images


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", sampled(BAD_PICTURES, first=5))
async def test_a_bad_picture_is_one_sentence(env: DiscordEnv, way: str, kind: str):
    make, sentence = BAD_PICTURES[kind]
    result = await WAYS[way](env, make())
    await env.idle()
    said = private_sentence(result)
    assert SAID.get((way, kind), sentence) in said
    assert len(said.splitlines()) == 1
    await check_nothing_is_kept(env)


@pytest.mark.parametrize("command", COMMAND_LINES)
@pytest.mark.parametrize("kind", sampled(BAD_PICTURES, first=2))
def test_the_command_line_says_the_same(
    kind: str,
    command: str,
    sketch_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("MODEL", str(sketch_model))
    make, sentence = BAD_PICTURES[kind]
    Path("bad.png").write_bytes(make())
    assert run([each.format("bad.png") for each in COMMAND_LINES[command]]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not Path("data/outputs").exists()


@pytest.mark.parametrize("strength", BAD_STRENGTHS)
def test_the_command_line_says_the_same_of_a_bad_strength(
    strength: str,
    sketch_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("MODEL", str(sketch_model))
    Path("plain.png").write_bytes(encoded(plain()))
    options = ["--source", "plain.png", f"--strength={strength}", "--size", SMALL]
    assert run(["imagine", "x", *options]) == 2
    said = capsys.readouterr().err
    assert f"The strength {strength!r}" in said or "The strength 0%" in said
    assert "touch, subtle, strong, redraw" in said
    assert not Path("data/outputs").exists()


@pytest.mark.parametrize("strength", BAD_STRENGTHS)
async def test_a_bad_strength_is_one_sentence(env: DiscordEnv, strength: str):
    result = await by_imagine(env, encoded(plain()), strength=strength)
    await env.idle()
    said = private_sentence(result)
    assert f"The strength {strength!r}" in said or "The strength 0%" in said
    assert "touch, subtle, strong, redraw" in said
    await check_nothing_is_kept(env)


async def test_where_the_line_is_full_the_picture_is_not_kept(env: DiscordEnv):
    env.engine.hold()
    for _ in range(env.settings.max_jobs_per_user):
        await env.imagine_unwaited(env.ada, "a pear")
    said = private_sentence(await by_imagine(env, encoded(plain())))
    assert "limit" in said
    assert list((env.settings.data_dir / "sources").rglob("*.*")) == []
    env.engine.release()
    await env.idle()


async def test_a_quota_leaves_no_picture_aside(env: DiscordEnv):
    service = env.service
    await set_rules(env, "[server]\nquota_day = 1")
    await env.imagine(size="256x256")
    refused = await env.ada.slash(
        env.channel, "imagine", prompt="x", source=("a.png", encoded(plain())), size="256x256",
        strength="redraw",
    )  # fmt: skip
    assert "0 left of 1 images" in private_sentence(refused)
    age_files(env.settings.data_dir / "sources")
    await sweep_sources(service._store)
    for folder in ("sources", "quarantine"):
        assert list((env.settings.data_dir / folder).rglob("*.png")) == []


def age_files(folder: Path) -> None:
    """Let no file look as if it were being written just now."""
    for path in folder.rglob("*.png"):
        os.utime(path, (0, 0))


@pytest.mark.parametrize("kind", ODD_PICTURES)
async def test_odd_pictures_are_taken_as_they_look(env: DiscordEnv, kind: str):
    make, colour = ODD_PICTURES[kind]
    await by_imagine(env, make(), strength="touch")
    await env.idle()
    [path] = (env.settings.data_dir / "sources").rglob("*.png")
    with Image.open(io.BytesIO(path.read_bytes())) as kept:
        found = kept.convert("RGB").getpixel((kept.width // 2, kept.height // 2))
    assert max(abs(a - b) for a, b in zip(found, colour, strict=True)) <= 2


@pytest.mark.parametrize("action", [each.name for each in IMAGE_ACTIONS if not each.of_draft])
async def test_a_forged_button_finds_nothing_of_another_server(env: DiscordEnv, action: str):
    [secret] = ids_of(await env.imagine(prompt="a secret"))
    elsewhere = env.simcord.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("pictures")
    ada = elsewhere.add_member(env.ada.user)
    shown = await ada.slash(channel, "imagine", **TYPED)
    await env.idle()
    message = shown.response
    forge(env, message, secret)
    result = await ada.click(message, custom_id=f"zib:{action}:{secret}")
    await env.idle()
    said = private_sentence(result)
    assert "secret" not in said
    assert f"There is no image `{secret}` here" in said or "Deleted ``" in said, said
    assert await env.service.images.find(secret, viewer=env.viewer()) is not None
    assert len(env.engine.drawn) == 2


def forge(env: DiscordEnv, message: Any, id_: str) -> None:
    """Let the buttons of a message be about another image, as a client could pretend."""
    [own] = ids_of(message)
    stored = env.simcord.backend.get_message(message.channel_id, message.id)
    replace_in(stored.components, own, id_)


def replace_in(found: Any, old: str, new: str) -> None:
    values = found.values() if isinstance(found, dict) else found
    if isinstance(found, dict) and "custom_id" in found:
        found["custom_id"] = found["custom_id"].replace(old, new)
    for each in values:
        if isinstance(each, dict | list):
            replace_in(each, old, new)
