"""Where a picture comes from: what its file says, what was made here, never another server's."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.images import RECIPE_KEY
from bot.recipe import parse_recipe
from bot.service.upkeep import fill_likenesses
from tests.test_reading import bomb
from tests.town import Town, answer_of, ids_of, private_sentence, texts_of

pytest_plugins = ["tests.bot_fixtures"]


async def png_of(message: Any) -> bytes:
    [attachment] = message.attachments
    return await attachment.read()


async def inspected(town: Town, content: bytes, who: Any = None, channel: Any = None) -> str:
    result = await (who or town.ming).slash(
        channel or town.channel, "inspect", image=("picture.png", content)
    )
    answer = answer_of(result)
    assert answer.ephemeral
    return texts_of(answer)


def rewritten(png: bytes, change: Any = None, *, seed: int | None = None) -> bytes:
    """Return the picture with changed pixels or a changed recipe."""
    with Image.open(io.BytesIO(png)) as image:
        recipe = json.loads(image.text[RECIPE_KEY])
        if seed is not None:
            recipe["seed"] = seed
        info = PngInfo()
        info.add_itxt(RECIPE_KEY, json.dumps(recipe))
        changed = change(image) if change is not None else image
        buffer = io.BytesIO()
        changed.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


async def test_an_image_of_this_server_is_recognised_by_recipe_and_pixels(town: Town):
    message = await town.imagine(prompt="红苹果", seed=5, variety=10)
    words = await inspected(town, await png_of(message))
    assert "Made here" in words
    assert ids_of(message)[0] in words
    assert "these are the pixels it made" in words
    assert "/imagine prompt:红苹果 size:128x128 seed:5 variety:10" in words


async def test_pixels_alone_are_recognised_where_the_recipe_was_stripped(town: Town):
    message = await town.imagine(seed=5)
    with Image.open(io.BytesIO(await png_of(message))) as image:
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "WEBP", lossless=True)
    words = await inspected(town, buffer.getvalue())
    assert "Made here" in words
    assert "seed:5" in words


async def test_changed_pixels_and_changed_recipes_are_told(town: Town):
    png = await png_of(await town.imagine(seed=5))
    turned = rewritten(png, lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    words = await inspected(town, turned)
    assert "the pixels were changed" in words
    assert "Made here" not in words
    words = await inspected(town, rewritten(png, seed=6))
    assert "The recipe was changed after it was written" in words
    assert "Made here" in words, "the pixels are still ours"


async def test_of_another_servers_image_only_the_file_is_told(town: Town):
    message = await town.imagine(prompt="a red apple", seed=5)
    elsewhere = town.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("pictures")
    eve = elsewhere.add_member(town.env.create_user("eve"))
    png = await png_of(message)
    words = await inspected(town, png, eve, channel)
    assert "Made here" not in words
    assert ids_of(message)[0] not in words
    assert "these are the pixels it made" in words
    with Image.open(io.BytesIO(png)) as image:
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "PNG")
    words = await inspected(town, buffer.getvalue(), eve, channel)
    assert "holds no recipe of mine" in words


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"just some words", "is no picture"),
        (bomb(65_000), "at most 4096x4096"),
        (b"\x89PNG" + b"\0" * 50_000_000, "The file has 50 MB: 26 MB are the limit"),
    ],
)
async def test_what_cannot_be_inspected_is_one_private_sentence(
    town: Town, content: bytes, sentence: str
):
    result = await town.ming.slash(town.channel, "inspect", image=("picture.png", content))
    assert sentence in private_sentence(result)


async def test_any_message_with_a_picture_can_be_inspected_from_its_menu(town: Town):
    message = await town.imagine(seed=5)
    posted = await town.ming.send(
        town.channel, "look", attachments=[("a.png", await png_of(message))]
    )
    result = await town.ada.context_menu(town.channel, "Inspect", posted)
    assert "Made here" in texts_of(answer_of(result))
    plain = await town.ming.send(town.channel, "only words")
    refused = await town.ada.context_menu(town.channel, "Inspect", plain)
    assert "holds no picture" in private_sentence(refused)


async def test_recipe_and_reproduce_work_by_id(town: Town):
    [id_] = ids_of(await town.imagine(prompt="红苹果", seed=5))
    shown = answer_of(await town.ming.slash(town.channel, "recipe", id=f" `{id_}` "))
    assert shown.ephemeral
    assert f"Recipe of `{id_}`" in texts_of(shown)
    [file] = shown.attachments
    assert file.filename == f"recipe-{id_}.json"
    recipe = parse_recipe((await file.read()).decode())
    assert recipe.has_hash
    assert recipe.request.prompt == "红苹果"
    again = await town.ming.slash(town.channel, "reproduce", id=id_.upper())
    await town.idle()
    assert f"Pixel for pixel the same as `{id_}`" in texts_of(again.response)
    for command in ("recipe", "reproduce"):
        refused = await town.ming.slash(town.channel, command, id="zzzzzzz")
        assert "There is no image `zzzzzzz` here" in private_sentence(refused)


async def test_a_reproduction_that_differs_says_how_much_and_why(town: Town):
    message = await town.imagine(seed=5)
    async with town.service._store.database.transaction() as db:
        await db.execute(
            "UPDATE generations SET pixel_sha256 = ?, conditions ="
            " json_set(conditions, '$.torch', '1.0')",
            ("00" * 32,),
        )
    path = town.service._store.image_path("00" * 32)
    path.parent.mkdir(parents=True)
    with Image.open(io.BytesIO(await png_of(message))) as image:
        image.point(lambda value: min(255, value + 3)).save(path)
    again = await town.ada.click(message, label="Same seed")
    await town.idle()
    words = texts_of(again.response)
    assert "Not the same pixels" in words
    assert "at most 3 of 255 levels" in words
    assert "PSNR" in words
    assert "torch 1.0, now 2." in words


async def test_a_changed_copy_is_recognised_and_another_image_is_not(town: Town):
    message = await town.imagine(prompt="a red apple", seed=5)
    await town.imagine(prompt="a red apple", seed=6)
    [id_] = ids_of(message)
    with Image.open(io.BytesIO(await png_of(message))) as image:
        page = Image.new("RGB", (300, 260), "#313338")
        page.paste(image.convert("RGB").resize((192, 192)), (40, 30))
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=80)
    words = await inspected(town, buffer.getvalue())
    assert f"A changed copy of `{id_}`" in words
    assert "seed:5" in words
    elsewhere = town.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("pictures")
    eve = elsewhere.add_member(town.env.create_user("eve"))
    assert "holds no recipe of mine" in await inspected(town, buffer.getvalue(), eve, channel)
    buffer = io.BytesIO()
    Image.effect_noise((128, 128), 80).convert("RGB").save(buffer, "PNG")
    assert "holds no recipe of mine" in await inspected(town, buffer.getvalue())


async def test_images_of_before_get_their_likeness_from_their_files(town: Town):
    message = await town.imagine(seed=5)
    async with town.service._store.database.transaction() as db:
        await db.execute("UPDATE generations SET likeness = NULL")
    await town.start_again()
    with Image.open(io.BytesIO(await png_of(message))) as image:
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=70)
    await fill_likenesses(town.service._store)
    assert f"A changed copy of `{ids_of(message)[0]}`" in await inspected(town, buffer.getvalue())
