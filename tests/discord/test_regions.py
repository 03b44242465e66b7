"""Editing a region: a grid, a form, a mask; nothing outside of it changes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageDraw

from bot.domain.jobs import Generation
from bot.media.encoding import to_pillow
from bot.media.picture_files import read_image
from tests.discord.test_sources import kept, photo
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    empty_trash,
    gallery_of,
    ids_of,
    private_sentence,
    texts_of,
)
from tests.support.server_rules import set_rules

pytest_plugins = ["tests.support.bot_fixtures"]

THERE: Any = {"prompt": "a red apple and a pear", "strength": ["100"]}


async def grid_of(env: DiscordEnv, message: Any) -> Any:
    shown = await env.ada.click(message, label="Edit region")
    await env.idle()
    return shown.followups[-1] if shown.followups else shown.response


async def sent(env: DiscordEnv, message: Any, **typed: Any) -> Any:
    form = await env.ada.click(await grid_of(env, message), label="Choose cells")
    result = await env.ada.submit_modal(form, {**THERE, **typed})
    await env.idle()
    return result


async def found(env: DiscordEnv, message: Any) -> Generation:
    generation = await env.service.images.find(ids_of(message)[0], viewer=env.viewer())
    assert generation is not None
    return generation


def mask_file(size: tuple[int, int] = (128, 128), box: Any = (0, 0, 63, 127)) -> bytes:
    mask = Image.new("L", size)
    if box:
        ImageDraw.Draw(mask).rectangle(box, fill=255)
    out = io.BytesIO()
    mask.save(out, "PNG")
    return out.getvalue()


def pixels(generation: Generation) -> Image.Image:
    with Image.open(io.BytesIO(read_image(generation.path))) as image:
        return image.convert("RGB")


async def test_cells_of_the_grid_are_drawn_and_the_rest_stays(drawn_env: DiscordEnv):
    env = drawn_env
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    result = await sent(env, first, cells=["1", "4", "7"])
    parent, region = await found(env, first), await found(env, result.response)
    assert (region.relation, region.parent_id) == ("region", parent.id)
    assert region.request.strength == 100
    source, mask = region.request.operation.inputs
    assert (source.role, source.pixel_sha256) == ("source", parent.pixel_sha256)
    assert mask.role == "mask"
    before, after = pixels(parent), pixels(region)
    right = (43, 0, 128, 128)
    assert before.crop(right).tobytes() == after.crop(right).tobytes()
    assert before.crop((0, 0, 43, 128)).tobytes() != after.crop((0, 0, 43, 128)).tobytes()


async def test_the_same_seed_is_the_same_pixels_after_a_restart(drawn_env: DiscordEnv):
    env = drawn_env
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    result = await sent(env, first, words="左上、right half")
    await env.start_again()
    again = await env.ada.click(result.response, label="Same seed")
    await env.idle()
    assert "Pixel for pixel the same" in texts_of(again.response)


async def test_the_grid_changes_in_its_place_and_has_sixteen_cells(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1)
    shown = await grid_of(env, first)
    other = await env.ada.click(shown, label="4 × 4")
    form = await env.ada.click(other.response or shown, label="Choose cells")
    result = await env.ada.submit_modal(form, {**THERE, "cells": ["16"]})
    await env.idle()
    [task] = env.engine.tasks[1:]
    mask = to_pillow(task.inputs[1])
    side = task.request.size.width
    assert mask.getbbox() == (side * 3 // 4, side * 3 // 4, side, side)
    assert ids_of(result.response)


async def test_a_mask_is_handed_in(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    await sent(env, first, mask=("mask.png", mask_file()))
    [task] = env.engine.tasks[1:]
    assert to_pillow(task.inputs[1]).getbbox() == (0, 0, 64, 128)
    assert len(kept(env)) == 2


async def test_of_several_images_one_is_chosen(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, count=2, size=SMALL)
    form = await env.ada.click(first, label="Edit region")
    shown = await env.ada.submit_modal(form, {"which": [ids_of(first)[1]]})
    await env.idle()
    grid = shown.followups[-1] if shown.followups else shown.response
    form = await env.ada.click(grid, label="Choose cells")
    result = await env.ada.submit_modal(form, {**THERE, "cells": ["5"]})
    await env.idle()
    assert (await found(env, result.response)).parent_id == ids_of(first)[1]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "No region is named"),
        ({"words": "the sky"}, "The region 'the sky' is not understood: use left half"),
        ({"cells": [str(i) for i in range(1, 10)]}, "marks the whole picture"),
        ({"mask": ("m.png", mask_file(box=None))}, "marks nothing to draw"),
        ({"mask": ("m.png", mask_file((128, 64)))}, "has 128x64 pixels and the picture 128x128"),
        ({"mask": ("m.png", mask_file()[:90])}, "damaged or cut short"),
        ({"mask": ("m.txt", b"no picture")}, "This file is no picture"),
        ({"words": "left half", "prompt": "x" * 3000}, "tokens"),
    ],
)
async def test_what_marks_no_part_is_one_sentence_and_nothing_is_kept(
    env: DiscordEnv, typed: Any, sentence: str
):
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    result = await sent(env, first, **typed)
    assert sentence in private_sentence(result)
    assert kept(env) == []
    assert len(env.engine.drawn) == 1


async def test_a_source_comes_with_a_mask(env: DiscordEnv):
    files = {
        "source": ("a.jpg", photo(300, 200)),
        "mask": ("m.png", mask_file((600, 400), (0, 0, 299, 399))),
    }
    message = await env.imagine(prompt="a pear", size=SMALL, **files)
    generation = await found(env, message)
    assert generation.request.operation.kind.value == "inpaint"
    assert generation.request.strength == 100
    assert len(kept(env)) == 2


async def test_a_mask_without_a_source_says_what_is_missing(env: DiscordEnv):
    result = await env.ada.slash(
        env.channel, "imagine", prompt="x", mask=("m.png", mask_file()), size=SMALL
    )
    assert "The mask belongs to no picture" in texts_of(answer_of(result))


async def test_an_edit_of_the_size_brings_picture_and_mask_to_it(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    result = await sent(env, first, words="left half")
    form = await env.ada.click(result.response, label="Edit")
    edited = {"prompt": "a pear", "size": "160x128", "seed": "7", "variety": "0"}
    await env.ada.submit_modal(form, edited)
    await env.idle()
    source, mask = env.engine.tasks[-1].inputs
    assert (source.width, source.height) == (mask.width, mask.height) == (160, 128)
    assert to_pillow(mask).getbbox() == (0, 0, 80, 128)


async def test_a_mask_that_is_gone_is_said(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    result = await sent(env, first, words="left half")
    for path in (env.settings.data_dir / "sources").rglob("*.png"):
        path.unlink()
    again = await env.ada.click(result.response, label="Same seed")
    await env.idle()
    assert "is gone here" in texts_of(answer_of(again))
    assert len(env.engine.drawn) == 2


async def test_a_hidden_image_stays_hidden_under_its_grid(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL, spoiler=True)
    shown = gallery_of(await grid_of(env, first))
    assert [each["spoiler"] for each in shown] == [True]


async def test_a_job_that_waits_is_drawn_into_its_picture_after_a_restart(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    await env.moderator.slash(env.channel, "jobs pause")
    form = await env.ada.click(await grid_of(env, first), label="Choose cells")
    await env.ada.submit_modal(form, {**THERE, "cells": ["5"]})
    await env.start_again()
    await env.moderator.slash(env.channel, "jobs resume")
    await env.idle()
    task = env.engine.tasks[-1]
    assert [each.role for each in task.request.operation.inputs] == ["source", "mask"]
    assert to_pillow(task.inputs[1]).getbbox() == (43, 43, 85, 85)


@pytest.mark.parametrize(
    ("label", "typed"),
    [("Edit region", {"cells": ["5"]}), ("Extend", {"how": ["left"]})],
)
async def test_a_server_can_refuse_each_operation(env: DiscordEnv, label: str, typed: Any):
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    await set_rules(env, '[server]\noperations = ["text_to_image", "image_to_image"]')
    form = await env.ada.click(first, label=label)
    if label == "Edit region":
        form = await env.ada.click(form.followups[-1] if form.followups else form.response,
                                   label="Choose cells")  # fmt: skip
    result = await env.ada.submit_modal(form, {**THERE, **typed})
    await env.idle()
    assert "is not allowed here: use text_to_image, image_to_image" in private_sentence(result)
    assert kept(env) == []


async def test_pictures_and_masks_leave_with_the_image(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    result = await sent(env, first, words="left half")
    assert len(kept(env)) == 2
    await env.ada.click(result.response, label="Delete")
    await env.idle()
    await empty_trash(env.service)
    await env.start_again()
    await env.until(lambda: kept(env) == [])


async def test_the_recipe_names_source_and_mask(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, size=SMALL)
    result = await sent(env, first, words="left half")
    generation = await found(env, result.response)
    recipe = texts_of(answer_of(await env.ada.click(result.response, label="Recipe")))
    assert f"/reproduce id:{generation.id}" in recipe, "no command can hold pictures"
    for each in generation.request.operation.inputs:
        assert f"**{each.role}, SHA-256** `{each.pixel_sha256}`" in recipe
