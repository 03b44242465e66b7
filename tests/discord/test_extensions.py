"""Extending an image: further out, to one side, to another shape; its own pixels stay."""

from __future__ import annotations

from typing import Any

import pytest

from bot.media.encoding import to_pillow
from tests.discord.test_regions import found, pixels
from tests.support.discord_env import SMALL, DiscordEnv, ids_of, private_sentence, texts_of

pytest_plugins = ["tests.support.bot_fixtures"]


async def extended(env: DiscordEnv, message: Any, how: str, **typed: Any) -> Any:
    form = await env.ada.click(message, label="Extend")
    values = {"how": [how], "prompt": "a red apple", "strength": ["100"], **typed}
    result = await env.ada.submit_modal(form, values)
    await env.idle()
    return result


async def test_a_pan_grows_and_the_image_stays_bit_for_bit(drawn_env: DiscordEnv):
    env = drawn_env
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    result = await extended(env, first, "left")
    parent, wider = await found(env, first), await found(env, result.response)
    assert (wider.relation, wider.parent_id) == ("extension", parent.id)
    assert str(wider.request.size) == "192x128"
    assert pixels(wider).crop((64, 0, 192, 128)).tobytes() == pixels(parent).tobytes()
    await env.start_again()
    again = await env.ada.click(result.response, label="Same seed")
    await env.idle()
    assert "Pixel for pixel the same" in texts_of(again.response)


async def test_zooming_out_keeps_the_size(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    result = await extended(env, first, "zoom-2")
    assert (await found(env, result.response)).request.size == (
        await found(env, first)
    ).request.size
    mask = to_pillow(env.engine.tasks[-1].inputs[1]).convert("L")
    kept = mask.point(lambda value: 255 - value).getbbox()
    assert kept == (32, 32, 96, 96)


async def test_another_shape_keeps_an_image_that_fits(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    result = await extended(env, first, "landscape")
    assert (await found(env, result.response)).request.size == env.service.model_rules.named[
        "landscape"
    ]
    mask = to_pillow(env.engine.tasks[-1].inputs[1]).convert("L")
    left, top, right, bottom = mask.point(lambda value: 255 - value).getbbox() or (0, 0, 0, 0)
    assert (right - left, bottom - top) == (128, 128)


async def test_what_is_lost_at_the_largest_size_is_said(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, size="512x128")
    result = await extended(env, first, "right")
    assert any("512x128 is as large as this grows: 256 pixels" in texts_of(each)
               for each in result.followups)  # fmt: skip
    assert str((await found(env, result.response)).request.size) == "512x128"


async def test_of_several_images_one_is_chosen(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, count=2, size=SMALL)
    result = await extended(env, first, "down", which=[ids_of(first)[1]])
    assert (await found(env, result.response)).parent_id == ids_of(first)[1]


@pytest.mark.parametrize(("typed", "sentence"), [({"prompt": "x" * 3000}, "tokens")])
async def test_what_cannot_be_drawn_is_one_sentence(env: DiscordEnv, typed: Any, sentence: str):
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    result = await extended(env, first, "up", **typed)
    assert sentence in private_sentence(result)
    assert len(env.engine.drawn) == 1
    assert not list((env.settings.data_dir / "sources").rglob("*.png"))
