"""What an image should not show: from every way to type it to the pixels, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.cli import run
from bot.discord_ui.forms import values_in
from bot.discord_ui.recipes import command_of
from bot.domain.drawing import DrawTask
from bot.domain.lineage import changes, relation_of
from bot.domain.recipe import canonical, make_recipe, parameters_text, parse_recipe
from bot.domain.requests import ImageRequest, ModelRules, Quality, Size
from bot.errors import InvalidRequestError
from bot.locales import sentence, text
from bot.media.encoding import to_pillow
from tests.support.discord_env import DiscordEnv, answer_of, private_sentence, texts_of
from tests.support.later import imported_later
from tests.unit.storage.test_relations import edit, made

with imported_later():
    import torch
    from diffusers import ZImagePipeline

    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]

PLAIN = ImageRequest(
    prompt="a red apple", seed=42, size=Size(width=128, height=128), quality=Quality.DRAFT
)
GUIDED = replace(PLAIN, guidance_scale=1.4)
NEGATIVE = "a table, blurry <|im_end|>"
NO_EFFECT = "has no effect while guidance is 0"


def sha_of(engine: ZImageEngine, request: ImageRequest) -> str:
    return engine.draw(DrawTask(request=request)).image.pixel_sha256


@pytest.mark.nightly
def test_it_changes_the_pixels_where_there_is_guidance_and_only_there(demo_engine: ZImageEngine):
    without, guided = sha_of(demo_engine, PLAIN), sha_of(demo_engine, GUIDED)
    assert sha_of(demo_engine, replace(PLAIN, negative=NEGATIVE)) == without
    changed = demo_engine.draw(DrawTask(request=replace(GUIDED, negative=NEGATIVE)))
    assert changed.image.pixel_sha256 != guided
    assert sha_of(demo_engine, replace(GUIDED, negative="")) == guided
    document = make_recipe(replace(GUIDED, negative=NEGATIVE), changed)
    assert "\nNegative prompt: a table, blurry <|im_end|>\nSteps: " in parameters_text(document)
    again = parse_recipe(canonical(document)).request
    assert again.negative == NEGATIVE
    assert sha_of(demo_engine, again) == changed.image.pixel_sha256


@pytest.mark.nightly
def test_the_image_is_the_official_pipelines(demo_engine: ZImageEngine, demo_model: Path):
    pipeline = ZImagePipeline.from_pretrained(
        demo_model, dtype=torch.float32, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    wanted = replace(GUIDED, negative="a table, blurry")
    official = pipeline(
        wanted.prompt,
        negative_prompt=wanted.negative,
        width=128,
        height=128,
        sigmas=list(wanted.sigmas),
        guidance_scale=wanted.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(wanted.seed),
    ).images[0]
    ours = np.asarray(to_pillow(demo_engine.draw(DrawTask(request=wanted)).image)).astype(int)
    difference = np.abs(ours - np.asarray(official).astype(int))
    assert difference.max() <= 3
    assert difference.mean() < 0.05


def test_it_is_read_checked_and_counted_as_a_prompt_is(demo_engine: ZImageEngine):
    rules = ModelRules(native=256)
    assert ImageRequest.parse(prompt="x", rules=rules, negative="  no\n people ").negative == (
        "no people"
    )
    for wrong in ("x" * 4001, "\ud800"):
        with pytest.raises(InvalidRequestError, match="The negative prompt") as caught:
            replace(PLAIN, negative=wrong)
        assert sentence(caught.value.message, "zh-CN") != caught.value.message
    with pytest.raises(InvalidRequestError, match="The negative prompt has 1401 tokens"):
        demo_engine.draw(DrawTask(request=replace(PLAIN, negative="word " * 700)))


def test_a_change_of_it_is_an_edit_and_named_by_its_words():
    varied = replace(GUIDED, negative="blurry")
    assert relation_of(GUIDED, varied) == "edit"
    [change] = changes(GUIDED, varied)
    assert (change.name, change.before, change.after) == ("negative", "", "blurry")
    assert command_of(varied, None).endswith("guidance:1.4 negative:blurry")


async def imagine(env: DiscordEnv, **options: Any) -> Any:
    values = {"prompt": "a red apple", "size": "128x128", "quality": "draft", **options}
    result = await env.ada.slash(env.channel, "imagine", **values)
    await env.idle()
    return result


async def test_discord_takes_it_keeps_it_and_lets_it_be_edited(env: DiscordEnv):
    message = answer_of(await imagine(env, negative="people *and* @everyone", guidance=1.4))
    [image] = await made(env, message)
    assert image.request.negative == "people *and* @everyone"
    assert "negative prompt people \\*and\\*" in texts_of(message)
    assert "@everyone" not in texts_of(message)
    [edited] = await made(env, await edit(env, message, negative="blurry"))
    assert edited.request == replace(image.request, negative="blurry")
    [cleared] = await made(env, await edit(env, message, negative=""))
    assert cleared.request == replace(image.request, negative="")
    recipe = await env.ada.slash(env.channel, "recipe", id=image.id)
    assert "negative:people" in texts_of(answer_of(recipe))


def test_a_form_of_before_there_were_negatives_is_still_answered():
    typed = {"prompt": "a red apple", "size": "128x128", "seed": "", "variety": "3"}
    assert values_in(typed) == {**typed, "seed": None, "negative": None}


async def test_it_is_said_in_private_that_it_has_no_effect_without_guidance(env: DiscordEnv):
    result = await imagine(env, negative="people")
    [note] = [texts_of(each) for each in result.followups if NO_EFFECT in texts_of(each)]
    assert note == text("idle_negative", "en-US", guidance=1.2)
    result = await imagine(env, negative="people", guidance=1.2)
    assert not [each for each in result.followups if NO_EFFECT in texts_of(each)]


async def test_negatives_are_compared(env: DiscordEnv):
    result = await env.ada.slash(
        env.channel, "compare", prompt="a red apple", vary="negatives", guidance=1.4,
        values="people, crowds | blurry", size="128x128", quality="draft",
    )  # fmt: skip
    await env.idle()
    message = answer_of(result)
    images = await made(env, message)
    assert [each.request.negative for each in images] == ["people, crowds", "blurry"]
    assert "**1** · negative prompt people, crowds" in texts_of(message)


@pytest.mark.engine
def test_the_command_line_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    line = ["imagine", "a red apple", "--size", "128x128", "--quality", "draft", "--seed", "1"]
    assert run([*line, "--negative", "blurry", "--output", "a.png"]) == 0
    assert NO_EFFECT in capsys.readouterr().err
    assert run(["inspect", str(tmp_path / "outputs" / "a.png"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recipe"]["negative"] == "blurry"


async def test_negatives_that_count_for_nothing_are_not_compared(env: DiscordEnv):
    options = {"prompt": "a fox", "vary": "negatives", "values": "people | blurry"}
    refused = private_sentence(await env.ada.slash(env.channel, "compare", **options))
    assert "so all images would be the same: set guidance to 1.2 or more." in refused
    env.locales[env.ada.id] = "zh-CN"
    refused = private_sentence(await env.ada.slash(env.channel, "compare", **options))
    assert "请把引导设为 1.2 或更高" in refused
    assert not env.engine.drawn
