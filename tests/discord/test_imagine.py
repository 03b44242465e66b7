"""/imagine, from the first acknowledgement to the images, and everything that can be wrong."""

from __future__ import annotations

import hashlib
import re
from io import BytesIO

import discord
import pytest
from PIL import Image

from bot.discord_ui.content import Upload
from bot.domain.requests import ModelRules
from bot.errors import EngineError
from bot.services import UnansweredError
from cogs.imagine import size_choices
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    gallery_of,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
)

pytest_plugins = ["tests.support.bot_fixtures"]


async def test_imagine_answers_at_once_and_then_shows_the_image(env: DiscordEnv):
    env.engine.hold()
    result = await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL, seed=42)
    assert "Next in line" in texts_of(result.response)
    assert labels_of(result.response) == ["Cancel"]
    assert not result.ephemeral
    env.engine.release()
    await env.idle()
    words = texts_of(result.response)
    assert "**a red apple**" in words
    assert "seed `42` · 128×128 · standard" in words
    assert f"`{ids_of(result.response)[0]}`" in words
    assert labels_of(result.response) == [
        "New seed",
        "Vary",
        "Edit",
        "Vary subtly",
        "Use as source",
        "Edit region",
        "Extend",
        "Upscale",
        "Same seed",
        "Recipe",
        "Add to board",
        "Delete",
    ]
    assert gallery_of(result.response)[0]["description"] == "a red apple (generated image)"


async def test_the_uploaded_pixels_are_the_recorded_ones(env: DiscordEnv):
    message = await env.imagine(seed=7)
    [id_] = ids_of(message)
    [attachment] = message.attachments
    picture = Image.open(BytesIO(await attachment.read())).convert("RGB")
    generation = await env.service.images.find(id_, viewer=env.viewer())
    assert hashlib.sha256(picture.tobytes()).hexdigest() == generation.pixel_sha256
    assert picture.size == (128, 128)


async def test_four_images_have_seeds_that_count_upwards_and_share_a_message(
    env: DiscordEnv,
):
    message = await env.imagine(count=4, seed=2**32 - 2)
    assert len(gallery_of(message)) == 4
    assert re.findall(r"seed `(\d+)`", texts_of(message)) == [
        "4294967294", "4294967295", "0", "1",
    ]  # fmt: skip


async def test_seed_zero_is_a_seed_and_no_seed_is_a_random_one(env: DiscordEnv):
    assert "seed `0`" in texts_of(await env.imagine(seed=0))
    await env.imagine()
    await env.imagine()
    assert len({request.seed for request in env.engine.drawn}) == 3


async def test_a_prompt_cannot_mention_format_or_link(env: DiscordEnv):
    prompt = "**bold** @everyone <@1> `code` [x](https://example.org) # title ||s||"
    message = await env.imagine(prompt=prompt)
    words = texts_of(message)
    assert "@everyone" not in words
    assert "<@1>" not in words.replace("\\<", "")
    assert "\\*\\*bold\\*\\*" in words
    assert "\\`code\\`" in words
    sent = [r for r in env.simcord.http_requests if "allowed_mentions" in (r.json or {})]
    assert all(not r.json["allowed_mentions"]["parse"] for r in sent)


async def test_a_spoiler_is_hidden_until_clicked(env: DiscordEnv):
    message = await env.imagine(spoiler=True)
    assert gallery_of(message)[0]["spoiler"] is True


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": "513x512"}, "The size 513x512 does not work"),
        ({"size": "huge!"}, "is not understood"),
        ({"size": "16x16"}, "outside this model's limits"),
        ({"size": "99999999999999999999x64"}, "outside this model's limits"),
        ({"seed": -1}, "The seed '-1' does not work"),
        ({"seed": 2**32}, "The seed '4294967296' does not work"),
        ({"prompt": "   "}, "The prompt is empty"),
        ({"prompt": "x" * 4001}, "4001 characters"),
    ],
)
async def test_bad_input_gets_one_private_sentence(
    env: DiscordEnv, options: dict[str, object], sentence: str
):
    result = await env.ada.slash(env.channel, "imagine", **{"prompt": "a red apple", **options})
    answer = private_sentence(result)
    assert sentence in answer
    assert "\n" not in answer
    assert env.channel.history(viewer=env.ming) == []


async def test_a_prompt_of_too_many_tokens_is_told_in_private(env: DiscordEnv):
    result = await env.ada.slash(env.channel, "imagine", prompt="苹果车" * 400, size=SMALL)
    await env.idle()
    assert "tokens" in private_sentence(result)
    assert env.channel.history(viewer=env.ming) == []


async def test_an_engine_that_fails_is_told_in_private_and_the_next_job_is_drawn(
    env: DiscordEnv,
):
    env.engine.failure = EngineError("The picture went wrong: try another seed.")
    result = await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL)
    await env.idle()
    assert "The picture went wrong" in private_sentence(result)
    env.engine.failure = None
    assert ids_of(await env.imagine())


async def test_a_defect_is_told_with_the_fixed_sentence(
    env: DiscordEnv, caplog: pytest.LogCaptureFixture
):
    env.engine.failure = ZeroDivisionError("secret detail")
    result = await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL)
    await env.idle()
    assert "secret" not in private_sentence(result)
    assert "secret detail" in caplog.text


async def test_an_interaction_that_died_unanswered_is_not_drawn(env: DiscordEnv):
    """Discord has told its user that nobody answered."""
    env.expected_errors.append(UnansweredError)
    env.engine.hold()
    env.simcord.inject_error(
        "POST", "/interactions/*/callback", status=404, code=10062, message="Unknown interaction"
    )
    await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL)
    env.engine.release()
    await env.idle()
    assert env.images() == []
    assert env.service.jobs.queue(viewer=env.viewer()) == []


async def test_a_token_that_expired_does_not_lose_the_image(env: DiscordEnv):
    env.engine.hold()
    result = await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL)
    await env.simcord.advance_time(16 * 60)
    env.engine.release()
    await env.idle()
    assert len(env.images()) == 1
    assert ids_of(result.response), "the same message, edited as the bot"


async def test_a_status_message_that_was_deleted_is_replaced_by_a_new_one(env: DiscordEnv):
    env.engine.hold()
    result = await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL)
    await env.moderator.delete(result.response)
    env.engine.release()
    await env.idle()
    [message] = env.images()
    assert message.id != result._interaction.message_id


async def test_a_long_job_shows_previews_but_never_more_often_than_allowed(
    env: DiscordEnv, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.discord_ui.replies.FIRST_PREVIEW_S", 0.0)
    monkeypatch.setattr("bot.discord_ui.replies.EDIT_INTERVAL_S", 3600.0)
    await env.imagine(count=4)
    edits = [r for r in env.simcord.http_requests if r.method == "PATCH" and "webhooks" in r.path]
    assert len(edits) == 2  # 32 steps: one preview at once, the next in an hour, and the images


async def test_an_image_over_the_upload_limit_becomes_webp_and_says_so(env: DiscordEnv):
    [attachment] = (await env.imagine(seed=3)).attachments
    env.limits[env.ming.id] = attachment.size - 1
    message = await env.imagine(env.ming, seed=3)
    [smaller] = message.attachments
    assert smaller.filename.endswith(".webp")
    assert smaller.size < attachment.size
    assert "WebP" in texts_of(message)


async def test_an_image_that_fits_nowhere_is_kept_and_says_so(env: DiscordEnv):
    env.limits[env.ada.id] = 10
    message = await env.imagine()
    assert f"kept as `{ids_of(message)[0]}`" in texts_of(message)
    assert gallery_of(message) == []


async def test_files_discord_refuses_as_too_large_are_sent_smaller(env: DiscordEnv):
    env.simcord.inject_error(
        "PATCH", "/webhooks/*", status=413, code=40005, message="Request entity too large"
    )
    assert len(gallery_of(await env.imagine())) == 1


async def test_two_users_at_once_get_their_own_images(env: DiscordEnv):
    env.engine.hold()
    first = await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL)
    second = await env.ming.slash(env.channel, "imagine", prompt="a blue rocket", size=SMALL)
    env.engine.release()
    await env.idle()
    assert "a red apple" in texts_of(first.response)
    assert f"<@{env.ada.id}>" in texts_of(first.response)
    assert "a blue rocket" in texts_of(second.response)
    assert f"<@{env.ming.id}>" in texts_of(second.response)


async def test_it_works_in_a_direct_message(env: DiscordEnv):
    user = env.ada.user
    await user.send_dm("hello")
    result = await user.slash("imagine", prompt="a red apple", size=SMALL)
    await env.idle()
    assert ids_of(result.response)


async def test_a_chinese_user_reads_chinese(env: DiscordEnv):
    env.locales[env.ming.id] = "zh-CN"
    message = await env.imagine(env.ming, prompt="红苹果", seed=3)
    assert "种子 `3`" in texts_of(message)
    assert labels_of(message)[0] == "换个种子"
    result = await env.ming.slash(env.channel, "imagine", prompt="红苹果", size="513x512")
    assert "尺寸 513x512 不行" in private_sentence(result)


async def test_sizes_are_offered_by_name_and_by_what_was_used_lately(env: DiscordEnv):
    choices = await env.ada.autocomplete(env.channel, "imagine", "size", "por")
    assert [choice["value"] for choice in choices] == ["portrait"]
    await env.imagine(size="144x128")
    choices = await env.ada.autocomplete(env.channel, "imagine", "size", "")
    assert choices[0]["value"] == "144x128"
    assert {"square", "portrait", "wide"} <= {choice["value"] for choice in choices}


def test_a_size_nobody_named_can_be_typed():
    choices = size_choices(ModelRules(native=256), [], "320x192")
    assert [(choice.name, choice.value) for choice in choices] == [("320x192", "320x192")]


def test_an_upload_can_be_sent_twice():
    upload = Upload(name="a.png", content=b"123")
    assert [upload.to_discord().fp.read() for _ in range(2)] == [b"123", b"123"]
    assert isinstance(upload.to_discord(), discord.File)


async def test_variety_is_shown_kept_by_the_buttons_and_part_of_the_recipe(env: DiscordEnv):
    message = await env.imagine(seed=5, variety=40)
    assert "variety 40" in texts_of(message)
    again = await env.ada.click(message, label="Same seed")
    await env.idle()
    assert "Pixel for pixel" in texts_of(again.response)
    new = await env.ada.click(message, label="New seed")
    await env.idle()
    assert "variety 40" in texts_of(new.response)
    recipe = texts_of((await env.ada.click(message, label="Recipe")).response)
    assert "variety:40" in recipe
    plain = await env.imagine(seed=5)
    assert "variety" not in texts_of(plain)
