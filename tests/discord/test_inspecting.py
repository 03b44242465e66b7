"""Where a picture comes from: what its file says, what was made here, never another server's."""

from __future__ import annotations

import hashlib
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bot.discord_ui.recipes import recipe_text
from bot.domain.drawing import RawImage
from bot.domain.recipe import build_recipe, parse_recipe, recipe_sha256
from bot.domain.requests import ImageRequest, Size
from bot.domain.signature import Proof, SigningKey
from bot.media.encoding import RECIPE_KEY, SIGNATURE_KEY, encode_png
from bot.services.maintenance import fill_likenesses
from tests.support.discord_env import DiscordEnv, answer_of, ids_of, private_sentence, texts_of
from tests.unit.media.test_metadata import INFOTEXT, with_exif
from tests.unit.media.test_metadata import png as metadata_png
from tests.unit.media.test_reading import bomb, chunk, encoded, with_chunks

pytest_plugins = ["tests.support.bot_fixtures"]


async def png_of(message: Any) -> bytes:
    [attachment] = message.attachments
    return await attachment.read()


async def inspected(env: DiscordEnv, content: bytes, who: Any = None, channel: Any = None) -> str:
    result = await (who or env.ming).slash(
        channel or env.channel, "inspect", image=("picture.png", content)
    )
    answer = answer_of(result)
    assert answer.ephemeral
    return texts_of(answer)


def rewritten(png: bytes, change: Any = None, **values: object) -> bytes:
    """Return the picture with changed pixels or a changed recipe, not signed."""
    with Image.open(io.BytesIO(png)) as image:
        recipe = json.loads(image.text[RECIPE_KEY])
        recipe |= values
        if values and "seed" not in values:
            recipe["recipe_sha256"] = recipe_sha256(recipe)
        info = PngInfo()
        info.add_itxt(RECIPE_KEY, json.dumps(recipe))
        changed = change(image) if change is not None else image
        buffer = io.BytesIO()
        changed.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


async def test_an_image_of_this_server_is_recognised_by_recipe_and_pixels(env: DiscordEnv):
    message = await env.imagine(prompt="红苹果", seed=5, variety=10)
    words = await inspected(env, await png_of(message))
    assert "Made here" in words
    assert ids_of(message)[0] in words
    assert "Made by this bot" in words
    assert "The pixels are those that the recipe tells of" in words
    assert "/imagine prompt:红苹果 size:128x128 seed:5 variety:10" in words


async def test_pixels_alone_are_recognised_where_the_recipe_was_stripped(env: DiscordEnv):
    message = await env.imagine(seed=5)
    with Image.open(io.BytesIO(await png_of(message))) as image:
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "WEBP", lossless=True)
    words = await inspected(env, buffer.getvalue())
    assert "Made here" in words
    assert "seed:5" in words


async def test_changed_pixels_and_changed_recipes_are_told(env: DiscordEnv):
    png = await png_of(await env.imagine(seed=5))
    turned = rewritten(png, lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    words = await inspected(env, turned)
    assert "The pixels are not those that the recipe tells of" in words
    assert "Made here" not in words
    words = await inspected(env, rewritten(png, seed=6))
    assert "The recipe was changed after it was written" in words
    assert "Made here" in words, "the pixels are still ours"


async def test_of_another_servers_image_only_the_file_is_told(env: DiscordEnv):
    message = await env.imagine(prompt="a red apple", seed=5)
    elsewhere = env.simcord.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("pictures")
    eve = elsewhere.add_member(env.simcord.create_user("eve"))
    png = await png_of(message)
    words = await inspected(env, png, eve, channel)
    assert "Made here" not in words
    assert ids_of(message)[0] not in words
    assert "Made by this bot" in words, "its signature proves it, whoever asks"
    with Image.open(io.BytesIO(png)) as image:
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "PNG")
    words = await inspected(env, buffer.getvalue(), eve, channel)
    assert "holds no recipe of mine" in words


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"just some words", "is no picture"),
        (bomb(65_000), "at most 4096x4096"),
        (b"\x89PNG" + b"\0" * 60_000_000, "The file has 60 MB: 51 MB are the limit"),
    ],
)
async def test_what_cannot_be_inspected_is_one_private_sentence(
    env: DiscordEnv, content: bytes, sentence: str
):
    result = await env.ming.slash(env.channel, "inspect", image=("picture.png", content))
    assert sentence in private_sentence(result)


def forged(key: SigningKey | None = None, **values: object) -> bytes:
    """Return a flat picture with an invented recipe, whose hash and pixels fit."""
    flat = RawImage(width=64, height=64, pixels=bytes([200, 30, 30]) * 64 * 64)
    request = ImageRequest(prompt="a fox", seed=5, size=Size(width=64, height=64))
    conditions = {"num_inference_steps": 8, "model": "Z-Image", **values}
    return encode_png(flat, recipe=build_recipe(request, conditions, flat.pixel_sha256), key=key)


async def test_a_recipe_that_anybody_could_have_written_is_told_as_that(env: DiscordEnv):
    words = await inspected(env, forged())
    assert "nothing proves who wrote it" in words
    assert "Made" not in words
    assert "seed:5" in words
    other = await inspected(env, forged(SigningKey.new()))
    assert "signed by another installation" in other
    key = env.service._store.key
    with Image.open(io.BytesIO(forged(key))) as image:
        signature = image.text[SIGNATURE_KEY]
    info = PngInfo()
    with Image.open(io.BytesIO(forged(key, model="other"))) as image:
        info.add_itxt(RECIPE_KEY, image.text[RECIPE_KEY])
        info.add_itxt(SIGNATURE_KEY, signature)
        false = encoded(image, pnginfo=info)
    assert "Not by this bot" in await inspected(env, false)


async def test_a_signature_proves_an_image_whose_row_is_gone(env: DiscordEnv):
    png = await png_of(await env.imagine(seed=5))
    async with env.service._store.database.transaction() as db:
        await db.execute("UPDATE generations SET deleted_at = '2026-01-01', likeness = NULL")
    await env.start_again()
    words = await inspected(env, png)
    assert "Made by this bot" in words
    assert "Made here" not in words
    async with env.service._store.database.transaction() as db:
        await db.execute("DELETE FROM signing_key")  # as in a database that was rebuilt
    await env.start_again()
    words = await inspected(env, png)
    assert "Made by this bot" not in words
    assert "before its database was lost" in words


async def test_an_image_of_before_signatures_is_proven_by_its_row(env: DiscordEnv):
    png = await png_of(await env.imagine(seed=5))
    unsigned = rewritten(png)
    words = await inspected(env, unsigned)
    assert "it keeps the recipe in the file itself" in words


async def test_an_invented_recipe_around_our_pixels_is_not_shown_as_ours(env: DiscordEnv):
    with Image.open(io.BytesIO(await png_of(await env.imagine(prompt="红苹果", seed=5)))) as image:
        recipe = json.loads(image.text[RECIPE_KEY])
        recipe["prompt"] = "something else"
        recipe["recipe_sha256"] = recipe_sha256(recipe)
        info = PngInfo()
        info.add_itxt(RECIPE_KEY, json.dumps(recipe))
        forgery = encoded(image, pnginfo=info)
    words = await inspected(env, forgery)
    assert "nothing proves who wrote it" in words
    assert "What follows is what I keep" in words
    assert "红苹果" in words
    assert "something else" not in words


async def test_what_another_program_wrote_can_be_drawn_here_also_after_a_restart(
    env: DiscordEnv,
):
    result = await env.ming.slash(
        env.channel, "inspect", image=("a.png", metadata_png({"parameters": INFOTEXT}))
    )
    answer = answer_of(result)
    words = texts_of(answer)
    assert "AUTOMATIC1111" in words
    assert "a fox, (snow:1.3) \\<lora:inks:0.8> second line" in words
    assert "without: blurry, bad also this" in words
    for fact in ("model dreamshaper", "seed 123456789", "steps 20", "CFG 7", "LoRA inks"):
        assert f"`{fact}`" in words
    assert "336x512 and seed 123456789" in words
    assert (
        "the negative prompt (it counts with guidance only), the sampler, the CFG scale, LoRAs"
        in words
    )
    await env.start_again()
    await env.ming.click(answer, label="Draw this here")
    await env.idle()
    [request] = env.engine.drawn
    assert request.prompt == "a fox, snow second line"
    assert request.seed == 123456789
    assert str(request.size) == "336x512"
    async with env.service._store.database.transaction() as db:
        await db.execute("DELETE FROM takeovers")
    gone = await env.ming.click(answer, label="Draw this here")
    assert "no longer kept" in private_sentence(gone)


async def test_what_was_reduced_or_declared_is_told_in_the_readers_language(
    env: DiscordEnv,
):
    content = with_chunks(
        chunk(b"caBX", b""), chunk(b"tEXt", b"large\0" + b"a" * 5_000_000),
        chunk(b"tEXt", b"Software\0GIMP"),
    )  # fmt: skip
    words = await inspected(env, content)
    assert "content credentials" in words
    assert "Saved by `GIMP`" in words
    assert "Not all text in the file was read" in words
    env.locales[env.ming.id] = "zh-CN"
    words = await inspected(env, content)
    assert "内容凭证" in words
    assert "没有全部读取" in words


HOSTILE = (
    "[click](https://evil.example) https://evil.example <@1> <@&2> @everyone @here # head\n# head\n"
    "> quote\n- list\n```\ncode\n``` `x` **bold** __line__ ~~no~~ ||spoiler|| <t:1:R> <:e:1> "
    "\u202edrow \u200b\u2066 \x1b[31m \x00 \r\n-# small [a](b) [c](d) \\[e](f) \\\\"
)
LONG = "*_[](" * 6000


def live_words(words: str) -> str:
    """Return what of a message Discord would look for formats in."""
    without_code = re.sub(r"```.*?```|`[^`\n]*`", "", words, flags=re.DOTALL)
    return re.sub(r"\\[!-/:-@\[-`{-~]", "", without_code)


def hostile_files(value: str) -> dict[str, bytes]:
    """Return pictures that say something in every place that is shown."""
    graph = {
        "1": {"inputs": {"seed": 1, "positive": ["2", 0], "negative": ["2", 0],
                         "sampler_name": value, "model": ["2", 0]}},
        "2": {"inputs": {"text": value, "ckpt_name": value, "lora_name": value}},
    }  # fmt: skip
    infotext = (
        f"{value}\nNegative prompt: {value}\nSteps: 1, Model: {value}, Sampler: {value}, Seed: 1"
    )
    swarm = {"sui_image_params": {"prompt": value, "model": value, "loras": [value] * 9}}
    comment = b"UNICODE\0" + json.dumps(swarm).encode("utf-16-be")
    return {
        "recipe": forged(model=value, revision=value, device=[value], torch={value: 1}),
        "error": rewritten(forged(), quality=value),
        "infotext": metadata_png({"parameters": infotext, "Software": value}),
        "comfyui": metadata_png({"prompt": json.dumps(graph)}),
        "exif": with_exif("WEBP", {0x0131: value}, comment),
    }


async def test_nothing_that_a_file_says_is_live_or_too_long(env: DiscordEnv):
    values = [HOSTILE, LONG, HOSTILE * 300, "\n" * 9000, "🏴" * 9000, "`" * 500]
    for value in values:
        for place, content in hostile_files(value).items():
            words = await inspected(env, content)
            assert 0 < len(words) <= 4000, place
            steering = r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067]"
            assert not re.search(steering, words), place
            live = live_words(words)
            assert not re.search(r"\]\(|://|<[@#:t]|@(everyone|here)", live), place
            assert not re.search(r"^(#|>|- |```)", live, flags=re.MULTILINE), place
            assert not re.search(r"\|\||~~|__", live), place


async def test_values_that_cannot_be_meant_are_one_short_sentence(env: DiscordEnv):
    for values in (
        {"seed": 10**4000}, {"width": 16 * 10**4000}, {"width": -16 * 10**4000},
        {"version": 10**4000}, {"variety": 10**300}, {"guidance_scale": 1e300},
        {"quality": ["draft"]}, {"prompt": {}}, {"height": 4112}, {"prompt": "x" * 90_000},
        {"pixel_sha256": "x" * 64}, {"variety": 1, "variety_noise": {}},
    ):  # fmt: skip
        words = await inspected(env, rewritten(forged(), **values))
        assert words.startswith("\n⚠️"), values
        assert len(words) < 400, values


async def test_any_message_with_a_picture_can_be_inspected_from_its_menu(env: DiscordEnv):
    message = await env.imagine(seed=5)
    posted = await env.ming.send(
        env.channel, "look", attachments=[("a.png", await png_of(message))]
    )
    result = await env.ada.context_menu(env.channel, "Inspect", posted)
    assert "Made here" in texts_of(answer_of(result))
    plain = await env.ming.send(env.channel, "only words")
    refused = await env.ada.context_menu(env.channel, "Inspect", plain)
    assert "holds no picture" in private_sentence(refused)


async def test_recipe_and_reproduce_work_by_id(env: DiscordEnv):
    [id_] = ids_of(await env.imagine(prompt="红苹果", seed=5))
    shown = answer_of(await env.ming.slash(env.channel, "recipe", id=f" `{id_}` "))
    assert shown.ephemeral
    assert f"Recipe of `{id_}`" in texts_of(shown)
    [file] = shown.attachments
    assert file.filename == f"recipe-{id_}.json"
    recipe = parse_recipe((await file.read()).decode())
    assert recipe.proof(env.service._store.key) is Proof.SIGNED
    assert recipe.request.prompt == "红苹果"
    again = await env.ming.slash(env.channel, "reproduce", id=id_.upper())
    await env.idle()
    assert f"Pixel for pixel the same as `{id_}`" in texts_of(again.response)
    for command in ("recipe", "reproduce"):
        refused = await env.ming.slash(env.channel, command, id="zzzzzzz")
        assert "There is no image `zzzzzzz` here" in private_sentence(refused)


async def test_a_recipe_of_nothing_but_marks_fits_into_a_message(env: DiscordEnv):
    [id_] = ids_of(await env.imagine(seed=5))
    made = await env.service.images.find(id_, viewer=env.viewer())
    assert made is not None
    starry = replace(made, request=replace(made.request, prompt="*" * 3000))
    assert len(recipe_text(starry, "en-US", "", room=3800)) <= 3800


async def test_a_reproduction_that_differs_says_how_much_and_why(drawn_env: DiscordEnv):
    env = drawn_env
    message = await env.imagine(seed=5)
    with Image.open(io.BytesIO(await png_of(message))) as image:
        other = image.convert("RGB").point(lambda value: min(255, value + 3))
    pixel_sha256 = hashlib.sha256(other.tobytes()).hexdigest()
    async with env.service._store.database.transaction() as db:
        await db.execute(
            "UPDATE generations SET pixel_sha256 = ?, conditions ="
            " json_set(conditions, '$.torch', '1.0')",
            (pixel_sha256,),
        )
    path = env.service._store.image_path(pixel_sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    other.save(path)
    again = await env.ada.click(message, label="Same seed")
    await env.idle()
    words = texts_of(again.response)
    assert "Not the same pixels" in words
    assert "at most 3 of 255 levels" in words
    assert "PSNR" in words
    assert "torch 1.0, now 2." in words


async def test_a_changed_copy_is_recognised_and_another_image_is_not(env: DiscordEnv):
    message = await env.imagine(prompt="a red apple", seed=5)
    await env.imagine(prompt="a red apple", seed=6)
    [id_] = ids_of(message)
    with Image.open(io.BytesIO(await png_of(message))) as image:
        page = Image.new("RGB", (300, 260), "#313338")
        page.paste(image.convert("RGB").resize((192, 192)), (40, 30))
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=80)
    words = await inspected(env, buffer.getvalue())
    assert f"A changed copy of `{id_}`" in words
    assert "seed:5" in words
    elsewhere = env.simcord.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("pictures")
    eve = elsewhere.add_member(env.simcord.create_user("eve"))
    assert "holds no recipe of mine" in await inspected(env, buffer.getvalue(), eve, channel)
    buffer = io.BytesIO()
    Image.effect_noise((128, 128), 80).convert("RGB").save(buffer, "PNG")
    assert "holds no recipe of mine" in await inspected(env, buffer.getvalue())


async def test_images_of_before_get_their_likeness_from_their_files(env: DiscordEnv):
    message = await env.imagine(seed=5)
    async with env.service._store.database.transaction() as db:
        await db.execute("UPDATE generations SET likeness = NULL")
    await env.start_again()
    with Image.open(io.BytesIO(await png_of(message))) as image:
        buffer = io.BytesIO()
        image.convert("RGB").save(buffer, "JPEG", quality=70)
    await fill_likenesses(env.service._store)
    assert f"A changed copy of `{ids_of(message)[0]}`" in await inspected(env, buffer.getvalue())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"adapters": [{"name": "gone", "sha256": "ab" * 32, "scale": 0.8}]},
            "The LoRA gone (SHA-256 abababababab…) is not here",
        ),
        ({"profile": "base"}, "This image was made with Z-Image, but Z-Image-Turbo draws here"),
    ],
)
async def test_what_hinders_a_recipe_from_being_drawn_here_is_told(
    env: DiscordEnv, changes: dict[str, Any], words: str
):
    with Image.open(io.BytesIO(await png_of(await env.imagine(seed=5)))) as image:
        recipe = json.loads(image.text[RECIPE_KEY]) | {"seed": 77, **changes}
    recipe["recipe_sha256"] = recipe_sha256(recipe)
    assert words in await inspected(env, metadata_png({RECIPE_KEY: json.dumps(recipe)}))
