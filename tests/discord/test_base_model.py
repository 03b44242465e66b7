"""The bot with base Z-Image: what Discord is told, what is usual, and images of the other model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.requests import ModelProfile, Quality
from bot.locales import text
from bot.settings import Settings
from tests.discord.test_inspecting import INFOTEXT, metadata_png
from tests.discord.test_negative import NO_EFFECT
from tests.support.base_model import write_base_model
from tests.support.discord_env import (
    DiscordEnv,
    SteeredEngine,
    answer_of,
    ids_of,
    open_env,
    private_sentence,
    texts_of,
)
from tests.support.server_rules import set_rules
from tests.unit.storage.test_relations import edit, made

pytest_plugins = ["tests.support.bot_fixtures"]

BASE = ModelProfile.BASE


@pytest.fixture(scope="module")
def base_model(sketch_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base_model(sketch_model, tmp_path_factory.mktemp("base") / "model")


@pytest.fixture
async def env(
    settings: Settings, base_model: Path, engine: SteeredEngine
) -> AsyncIterator[DiscordEnv]:
    async with open_env(settings.model_copy(update={"model": str(base_model)}), engine) as env:
        yield env


def options_of(env: DiscordEnv, command: str) -> dict[str, dict[str, Any]]:
    found = next(
        each for each in env.simcord.backend.commands[None].values() if each["name"] == command
    )
    return {each["name"]: each for each in found["options"]}


@pytest.mark.parametrize("command", ["imagine", "compare", "explore"])
async def test_discord_is_told_what_the_model_takes(env: DiscordEnv, command: str):
    options = options_of(env, command)
    guidance = options["guidance"]
    assert (guidance["min_value"], guidance["max_value"]) == (0, 8)
    assert guidance["description"].startswith("3 to 5 is usual")
    assert guidance["description_localizations"]["zh-CN"].startswith("通常为 3 到 5")
    if "quality" in options:
        assert options["quality"]["description"].endswith("draft 28, standard 40, final 50")
        assert "标准 40" in options["quality"]["description_localizations"]["zh-TW"]
    page = texts_of(answer_of(await env.ada.slash(env.channel, "help")))
    assert "28, 40 or 50 steps" in page
    assert "0 (off) to 8, usually 4" in page


async def test_what_is_not_chosen_is_as_usual_with_it(env: DiscordEnv):
    result = await env.ada.slash(
        env.channel, "imagine", prompt="a fox", size="128x128", negative="people"
    )
    await env.idle()
    [image] = await made(env, answer_of(result))
    request = image.request
    assert (request.profile, request.guidance_scale, request.num_forwards) == (BASE, 4.0, 80)
    assert "guidance" not in texts_of(answer_of(result))  # as usual
    assert not [each for each in result.followups if NO_EFFECT in texts_of(each)]
    recipe = await env.ada.slash(env.channel, "recipe", id=image.id)
    assert "guidance:" not in texts_of(answer_of(recipe))
    [edited] = await made(env, await edit(env, answer_of(result), negative="crowds"))
    assert edited.request == replace(request, negative="crowds")


async def test_guidance_can_be_off_and_the_recipe_says_so(env: DiscordEnv):
    result = await env.ada.slash(
        env.channel, "imagine", prompt="a fox", size="128x128", negative="people", guidance=0.0
    )
    await env.idle()
    [image] = await made(env, result.response)
    assert image.request.num_forwards == 40
    [note] = [texts_of(each) for each in result.followups if NO_EFFECT in texts_of(each)]
    assert note == text("idle_negative", "en-US", guidance=3)
    recipe = texts_of(answer_of(await env.ada.slash(env.channel, "recipe", id=image.id)))
    assert "guidance:0" in recipe
    refused = await env.ada.slash(  # an option beyond what was registered cannot be sent
        env.channel, "compare", prompt="a fox", vary="guidance", values="3, 9"
    )
    assert "3 to 5 is usual" in private_sentence(refused)


async def test_a_usual_image_counts_as_one(env: DiscordEnv):
    await set_rules(env, "[server]\nquota_hour = 2")
    await env.imagine(size=None)
    told = texts_of(answer_of(await env.ada.slash(env.channel, "quota show")))
    assert "**1 of 2**" in told


async def test_drafts_have_no_variety_of_their_own_and_the_models_own_steps(env: DiscordEnv):
    result = await env.ada.slash(env.channel, "explore", prompt="a fox", how_many=9)
    await env.idle()
    drafts = [each.request for each in await made(env, answer_of(result))]
    assert {each.variety for each in drafts} == {0}
    assert {(each.quality, each.num_steps) for each in drafts} == {(Quality.DRAFT, 28)}


@pytest.fixture
async def other(env: DiscordEnv) -> Any:
    """Return a message with an image of Turbo, drawn before the operator changed the model."""
    base = env.settings
    env.settings = base.model_copy(update={"model": "demo"})
    await env.start_again()
    message = await env.imagine(seed=5)
    env.settings = base
    await env.start_again()
    return message


@pytest.mark.parametrize("button", ["Same seed", "New seed"])
async def test_an_image_of_the_other_model_is_not_drawn_again_with_other_steps(
    env: DiscordEnv, other: Any, button: str
):
    drawn = len(env.engine.drawn)
    refused = private_sentence(await env.ada.click(other, label=button))
    assert "This image was made with Z-Image-Turbo, but Z-Image draws here, with other" in refused
    assert "MODEL=Tongyi-MAI/Z-Image-Turbo" in refused
    env.locales[env.ada.id] = "zh-CN"
    told = private_sentence(await env.ada.slash(env.channel, "reproduce", id=ids_of(other)[0]))
    assert "这张图是 Z-Image-Turbo 画的" in told
    await env.idle()
    assert len(env.engine.drawn) == drawn


async def test_its_pixels_are_begun_with_by_the_model_that_is_there(env: DiscordEnv, other: Any):
    await env.ada.click(other, label="Vary")
    await env.idle()
    assert {each.profile for each in env.engine.drawn[-4:]} == {BASE}
    assert {each.guidance_scale for each in env.engine.drawn[-4:]} == {4.0}


async def test_a_negative_prompt_from_elsewhere_is_drawn(env: DiscordEnv):
    result = await env.ming.slash(
        env.channel, "inspect", image=("a.png", metadata_png({"parameters": INFOTEXT}))
    )
    assert "the negative prompt" not in texts_of(answer_of(result))
    await env.start_again()
    await env.ming.click(answer_of(result), label="Draw this here")
    await env.idle()
    [request] = env.engine.drawn
    assert (request.negative, request.profile) == ("blurry, bad also this", BASE)


async def test_an_engine_of_the_other_model_draws_nothing_and_says_why(
    settings: Settings, base_model: Path, real_engine: SteeredEngine
):
    """What waited while the operator changed the model comes to the engine unasked."""
    async with open_env(settings.model_copy(update={"model": str(base_model)}), real_engine) as env:
        result = await env.ada.slash(env.channel, "imagine", prompt="a fox", size="128x128")
        await env.idle()
        told = " ".join(texts_of(each) for each in result.followups)
        assert "was made with Z-Image, but Z-Image-Turbo draws here" in told
