"""Images that begin with a picture: recorded, drawn again to the same pixels, and kept."""

from __future__ import annotations

import io
from typing import Any

import discord
import pytest
from PIL import Image

from bot.domain.requests import STRENGTHS
from bot.media.image_input import read_picture
from bot.services.maintenance import sweep_sources
from tests.discord.test_privacy import erased
from tests.support.boards_env import picture
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    empty_trash,
    ids_of,
    private_sentence,
    texts_of,
)

pytest_plugins = ["tests.support.bot_fixtures"]


def photo(width: int = 300, height: int = 200, form: str = "JPEG", mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    colour: Any = (200, 60, 30) if mode == "RGB" else (20, 30, 40, 50)
    Image.new(mode, (width, height), colour).save(out, form)
    return out.getvalue()


async def begun(env: DiscordEnv, content: bytes, **options: Any) -> Any:
    return await env.imagine(prompt="a green apple", source=("a.jpg", content), **options)


def kept(env: DiscordEnv) -> list[str]:
    return sorted(each.stem for each in (env.settings.data_dir / "sources").rglob("*.png"))


async def test_an_upload_is_what_the_image_begins_with(env: DiscordEnv):
    message = await begun(env, photo(), size=SMALL, strength="subtle", seed=5)
    [id_] = ids_of(message)
    found = await env.service.images.find(id_, viewer=env.viewer())
    assert found is not None
    [source] = found.request.operation.inputs
    assert found.request.strength == 55
    assert found.request.num_steps == 3
    assert kept(env) == [source.pixel_sha256]
    [drawn] = env.engine.tasks
    assert [each.pixel_sha256 for each in drawn.inputs] == [source.pixel_sha256]
    size = found.request.size
    assert (drawn.inputs[0].width, drawn.inputs[0].height) == (size.width, size.height)


async def test_without_a_size_it_has_the_shape_of_the_picture(env: DiscordEnv):
    message = await begun(env, photo(600, 300), size=None)
    found = await env.service.images.find(ids_of(message)[0], viewer=env.viewer())
    assert found is not None
    size = found.request.size
    assert size.width / size.height == pytest.approx(2, rel=0.1)
    assert found.request.strength == 75


async def test_the_same_seed_is_the_same_pixels_after_a_restart_too(env: DiscordEnv):
    message = await begun(env, photo(), size=SMALL)
    await env.start_again()
    again = await env.ada.click(message, label="Same seed")
    await env.idle()
    assert "Pixel for pixel the same" in texts_of(again.response)


async def test_an_edit_of_the_size_brings_the_picture_to_it(env: DiscordEnv):
    message = await begun(env, photo(), size=SMALL)
    form = await env.ada.click(message, label="Edit")
    sent = await env.ada.submit_modal(
        form, {"prompt": "a pear", "size": "160x128", "seed": "7", "variety": "0"}
    )
    await env.idle()
    found = await env.service.images.find(ids_of(sent.response)[0], viewer=env.viewer())
    assert found is not None
    [task] = env.engine.tasks[1:]
    assert (task.inputs[0].width, task.inputs[0].height) == (160, 128)
    assert found.request.operation.inputs[0].pixel_sha256 == task.inputs[0].pixel_sha256


async def test_a_picture_that_is_gone_is_said_instead_of_drawing_something_else(env: DiscordEnv):
    message = await begun(env, photo(), size=SMALL)
    for path in (env.settings.data_dir / "sources").rglob("*.png"):
        path.unlink()
    again = await env.ada.click(message, label="Same seed")
    await env.idle()
    assert "is gone here, and without it the image would be another one" in texts_of(
        answer_of(again)
    )
    assert len(env.engine.drawn) == 1


async def test_a_strength_without_a_source_is_told_to_have_no_effect(env: DiscordEnv):
    result = await env.ada.slash(
        env.channel, "imagine", prompt="a red apple", size=SMALL, strength="touch"
    )
    await env.idle()
    assert any("no effect without a source" in texts_of(each) for each in result.followups)


async def test_strengths_are_compared_beside_their_source(env: DiscordEnv):
    result = await env.ada.slash(
        env.channel, "compare", prompt="a green apple", vary="strengths", size=SMALL,
        source=("a.jpg", photo()), values="touch, 80%",
    )  # fmt: skip
    await env.idle()
    message = result.response
    found = [await env.service.images.find(each, viewer=env.viewer()) for each in ids_of(message)]
    assert [each.request.strength for each in found] == [35, 80]
    assert len({each.request.operation for each in found}) == 1
    [sheet] = message.attachments
    picture = Image.open(io.BytesIO(await sheet.read())).convert("RGB")
    width = picture.width // 3
    first = picture.crop((0, picture.height // 3, width, 2 * picture.height // 3))
    colours = [colour for _, colour in first.getcolors(maxcolors=first.width * first.height)]
    assert any(max(map(abs, map(int.__sub__, each, (200, 60, 30)))) < 12 for each in colours)
    await env.start_again()
    again = await env.ada.click(message, label="Same seed")
    await env.idle()
    assert "Pixel for pixel the same" in texts_of(again.response)


async def test_strengths_without_a_picture_are_refused(env: DiscordEnv):
    result = await env.ada.slash(
        env.channel, "compare", prompt="a green apple", vary="strengths", size=SMALL
    )
    assert "give one as the source" in private_sentence(result)
    assert env.engine.drawn == []


async def test_one_form_compares_all_strengths_of_an_image(env: DiscordEnv):
    message = await env.imagine(size=SMALL, quality="draft")
    form = await env.ada.click(message, label="Use as source")
    values = {"prompt": "a pear", "strength": ["all"], "size": SMALL, "seed": "3"}
    sent = await env.ada.submit_modal(form, values)
    await env.idle()
    ids = ids_of(sent.response)
    found = [await env.service.images.find(each, viewer=env.viewer()) for each in ids]
    assert [each.request.strength for each in found] == [*STRENGTHS.values()]
    assert {each.parent_id for each in found} == {*ids_of(message)}


async def test_pictures_leave_with_the_last_image_that_needs_them(env: DiscordEnv):
    message = await begun(env, photo(), size=SMALL)
    assert len(kept(env)) == 1
    await env.ada.click(message, label="Delete")
    await env.idle()
    await sweep_sources(env.service._store)
    assert len(kept(env)) == 1, "it can be brought back, and made again"
    await empty_trash(env.service)
    await env.start_again()
    await env.until(lambda: kept(env) == [])


async def test_any_picture_can_be_one(env: DiscordEnv):
    for content in (
        photo(32, 32, "PNG"), photo(form="GIF"), photo(form="JPEG", mode="CMYK"),
        photo(form="PNG", mode="RGBA"), picture(3),
    ):  # fmt: skip
        assert read_picture(content)
        assert ids_of(await begun(env, content, size=SMALL))


async def test_an_image_is_used_as_a_source_with_its_button(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1)
    form = await env.ming.click(first, label="Use as source")
    sent = await env.ming.submit_modal(
        form, {"prompt": "a green pear", "strength": ["redraw"], "size": "", "seed": "7"}
    )
    await env.idle()
    [id_] = ids_of(sent.response)
    found = await env.service.images.find(id_, viewer=env.viewer())
    parent = await env.service.images.find(ids_of(first)[0], viewer=env.viewer())
    assert found is not None
    assert parent is not None
    assert (found.relation, found.parent_id) == ("source", parent.id)
    assert [each.pixel_sha256 for each in found.request.operation.inputs] == [parent.pixel_sha256]
    assert (found.request.strength, found.request.seed) == (90, 7)


async def test_a_variation_is_four_on_one_sheet(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1)
    varied = await env.ada.click(first, label="Vary subtly")
    await env.idle()
    found = await env.service.images.find_all(ids_of(varied.response), viewer=env.viewer())
    assert len(found) == 4
    assert {each.request.strength for each in found} == {55}
    assert {each.relation for each in found} == {"variation"}
    for kind in ("variation", "source"):
        listed = texts_of(answer_of(await env.ada.slash(env.channel, "history", kind=kind)))
        assert all(each.id in listed for each in found), kind
    assert len({each.pixel_sha256 for each in found}) == 4


async def test_of_several_images_one_is_chosen(env: DiscordEnv):
    first = await env.imagine(prompt="a red apple", seed=1, count=2)
    form = await env.ada.click(first, label="Vary subtly")
    sent = await env.ada.submit_modal(form, {"which": [ids_of(first)[1]]})
    await env.idle()
    found = await env.service.images.find_all(ids_of(sent.response), viewer=env.viewer())
    assert {each.parent_id for each in found} == {ids_of(first)[1]}


async def test_the_menu_takes_a_picture_of_any_message(env: DiscordEnv):
    await env.bot.get_channel(env.channel.id).send(
        file=discord.File(io.BytesIO(photo()), "photo.jpg")
    )
    message = env.channel.history()[-1]
    form = await env.ada.context_menu(env.channel, "Use as source", message)
    sent = await env.ada.submit_modal(
        form,
        {"prompt": "a pear", "strength": ["touch"], "size": "128x128", "seed": "", "fit": ["pad"]},
    )
    await env.idle()
    found = await env.service.images.find(ids_of(sent.response)[0], viewer=env.viewer())
    assert found is not None
    assert (found.request.strength, found.parent_id) == (35, None)


async def test_who_is_forgotten_leaves_no_picture_behind(env: DiscordEnv):
    await begun(env, photo(), size=SMALL)
    viewer = env.viewer(env.ada)
    data = await env.service.privacy.data(viewer=viewer)
    assert [each.name for each in data.pictures if each.name.startswith("sources/")]
    await erased(env, env.ada)
    assert not list((env.settings.data_dir / "sources").rglob("*.png"))
    assert not list((env.settings.data_dir / "quarantine").rglob("*.png"))
