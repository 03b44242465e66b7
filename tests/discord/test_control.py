"""Images that a map steers: made of an upload, kept, shown beside them, and drawn again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from bot.domain.requests import ControlKind, ImageRequest, Size
from bot.domain.search import Search
from bot.settings import Settings
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    ids_of,
    private_sentence,
    texts_of,
    walk,
)
from tests.support.server_rules import set_rules

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture
def settings(tmp_path: Path, demo_model: Path) -> Settings:
    weights = demo_model / "vae" / "diffusion_pytorch_model.safetensors"  # the engine stands in
    return Settings(
        data_dir=tmp_path / "data", model=str(demo_model), device="cpu", control=str(weights)
    )


def drawing(width: int = 300, height: int = 200) -> bytes:
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((width // 4, height // 4, width * 3 // 4, height * 3 // 4), fill="red")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


async def steered(env: DiscordEnv, content: bytes | None = None, **options: Any) -> Any:
    content = drawing() if content is None else content
    return await env.imagine(prompt="a green apple", control=("a.png", content), **options)


async def request_of(env: DiscordEnv, message: Any) -> ImageRequest:
    found = await env.service.images.find(ids_of(message)[0], viewer=env.viewer())
    assert found is not None
    return found.request


def thumbnails(message: Any) -> list[dict[str, Any]]:
    return [each for each in walk(message) if each.get("type") == 11]


def kept(env: DiscordEnv) -> list[str]:
    return sorted(each.stem for each in (env.settings.data_dir / "sources").rglob("*.png"))


async def test_an_upload_becomes_the_map_that_steers(env: DiscordEnv):
    message = await steered(env, size=SMALL, control_kind="canny", control_scale=0.6)
    request = await request_of(env, message)
    assert request.control is not None
    assert (request.control.kind, request.control_scale) == (ControlKind.CANNY, 0.6)
    assert kept(env) == [request.control.pixel_sha256]
    [drawn] = env.engine.tasks
    [given] = drawn.inputs
    assert given.pixel_sha256 == request.control.pixel_sha256
    assert set(given.pixels) == {0, 255}
    assert (given.width, given.height) == (request.size.width, request.size.height)


async def test_what_is_left_out_is_edges_as_strong_as_usual_in_the_shape_of_the_picture(
    env: DiscordEnv,
):
    request = await request_of(env, await steered(env, drawing(600, 300), size=None))
    assert request.control is not None
    assert (request.control.kind, request.control_scale) == (ControlKind.CANNY, 0.75)
    assert request.size.width / request.size.height == pytest.approx(2, rel=0.1)


async def test_the_map_is_shown_beside_the_picture_again_and_after_a_restart(env: DiscordEnv):
    message = await steered(env, size=SMALL, spoiler=True)
    [shown] = thumbnails(message)
    assert shown["media"]["url"].rpartition("/")[2].startswith("map-")
    assert shown["spoiler"] is True
    assert "Follows this map: edges (canny) · scale 0.75" in texts_of(message)
    await env.start_again()
    again = await env.ada.slash(env.channel, "show", id=ids_of(message)[0])
    await env.idle()
    assert len(thumbnails(again.response)) == 1


async def test_the_same_seed_is_the_same_pixels_and_other_buttons_keep_the_map(env: DiscordEnv):
    message = await steered(env, size=SMALL)
    own = await request_of(env, message)
    again = await env.ada.click(message, label="Same seed")
    await env.idle()
    assert "Pixel for pixel the same" in texts_of(again.response)
    new = await env.ada.click(message, label="New seed")
    await env.idle()
    other = await request_of(env, new.response)
    assert (other.control, other.control_scale) == (own.control, own.control_scale)
    assert other.seed != own.seed


async def test_a_lost_map_is_one_sentence(env: DiscordEnv):
    message = await steered(env, size=SMALL)
    for path in (env.settings.data_dir / "sources").rglob("*.png"):
        path.unlink()
    result = await env.ada.click(message, label="Same seed")
    assert "give it again as the control" in private_sentence(result)


async def test_the_recipe_tells_of_it(env: DiscordEnv):
    message = await steered(env, size=SMALL, control_kind="gray")
    result = await env.ada.slash(env.channel, "recipe", id=ids_of(message)[0])
    request = await request_of(env, message)
    assert request.control is not None
    words = texts_of(result.response)
    assert "brightness (gray)" in words
    assert request.control.pixel_sha256 in words
    assert "control scale** 0.75" in words.casefold()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"control_kind": "depth"}, "belongs to no picture"),
        ({"control": ("a.png", b"x" * 100), "control_kind": "gray"}, "picture"),
    ],
)
async def test_bad_control_is_refused_in_private(
    env: DiscordEnv, options: dict[str, Any], words: str
):
    result = await env.ada.slash(
        env.channel, "imagine", prompt="a red apple", size=SMALL, **options
    )
    await env.idle()
    assert words in private_sentence(result)
    assert not kept(env)


async def test_a_plain_picture_has_no_edges_to_follow(env: DiscordEnv):
    out = io.BytesIO()
    Image.new("RGB", (200, 200), "blue").save(out, "PNG")
    result = await env.ada.slash(
        env.channel, "imagine", prompt="a red apple", size=SMALL, control=("a.png", out.getvalue())
    )
    await env.idle()
    assert "no lines that a canny map could show" in private_sentence(result)


async def test_a_server_may_refuse_control(env: DiscordEnv):
    await set_rules(env, '[server]\noperations = ["text_to_image", "image_to_image"]')
    result = await env.ada.slash(
        env.channel, "imagine", prompt="a red apple", size=SMALL, control=("a.png", drawing())
    )
    await env.idle()
    assert "'control' is not allowed here" in private_sentence(result)


async def test_it_works_with_a_source_and_upscaling_leaves_it(env: DiscordEnv):
    message = await steered(env, size=SMALL, source=("b.png", drawing()), control_kind="scribble")
    request = await request_of(env, message)
    assert [each.role for each in request.inputs] == ["source", "control"]
    [drawn] = env.engine.tasks
    assert [each.pixel_sha256 for each in drawn.inputs] == [
        each.pixel_sha256 for each in request.inputs
    ]


async def test_an_edit_of_the_size_brings_the_map_to_it(env: DiscordEnv):
    message = await steered(env, size=SMALL)
    form = await env.ada.click(message, label="Edit")
    sent = await env.ada.submit_modal(
        form, {"prompt": "a pear", "size": "160x128", "seed": "7", "variety": "0"}
    )
    await env.idle()
    request = await request_of(env, sent.response)
    assert request.control is not None
    drawn = env.engine.tasks[-1].inputs[-1]
    assert (drawn.width, drawn.height) == (160, 128)
    assert drawn.pixel_sha256 == request.control.pixel_sha256


async def test_it_is_found_by_its_kind(env: DiscordEnv):
    message = await steered(env, size=SMALL)
    await env.imagine(prompt="a red apple", size=SMALL)
    found = await env.service.images.history(
        viewer=env.viewer(), search=Search.parse("kind:control")
    )
    assert [each.id for each in found.generations] == ids_of(message)


async def test_scales_are_compared_with_the_map_first(env: DiscordEnv):
    result = await env.ada.slash(
        env.channel, "compare", prompt="a pear", vary="control_scales", values="0.5, 1",
        size=SMALL, control=("a.png", drawing()), control_kind="scribble",
    )  # fmt: skip
    await env.idle()
    assert "control scale 0.5" in texts_of(result.response)
    assert [each.control_scale for each in env.engine.drawn] == [0.5, 1.0]


async def test_scales_of_nothing_are_refused(env: DiscordEnv):
    result = await env.ada.slash(
        env.channel, "compare", prompt="a pear", vary="control_scales", size=SMALL
    )
    await env.idle()
    assert "there is none: give a picture as control" in private_sentence(result)


def test_an_upscaled_copy_follows_its_source_alone():
    request = ImageRequest(prompt="x", seed=1, size=Size(width=128, height=128))
    steered_request = request.steered_by(ControlKind.GRAY, "0" * 64)
    large = Size(width=256, height=256)
    assert steered_request.upscaled_from("1" * 64, large, strength=0).control is None
    assert steered_request.begun_with("1" * 64).control == steered_request.control
