"""A variety keeps its meaning: what was made on an older scale is made again on that one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from bot.discord_ui.recipes import command_of
from bot.domain.drawing import DrawTask
from bot.domain.lineage import relation_of
from bot.domain.recipe import RecipeError, make_recipe, parse_recipe, recipe_sha256
from bot.domain.requests import ImageRequest, Size
from bot.domain.variety_schedule import (
    LARGEST,
    NEWEST_SCALE,
    SCALES,
    VarietyNoise,
    scale_of,
    variety_noise,
)
from bot.errors import InvalidRequestError
from bot.locales import sentence
from bot.services import open_service
from bot.settings import Settings
from bot.storage import Store
from tests.support.discord_env import DiscordEnv, SteeredEngine, answer_of, texts_of
from tests.support.later import imported_later
from tests.support.old_database import make_database
from tests.support.viewers import viewer_at
from tests.unit.services.test_service import HERE, Recorder, idle, origin
from tests.unit.storage.test_relations import add_old_job, edit, made, press

with imported_later():
    import torch

    from bot.engine.stages.text import vary
    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]
pytestmark = pytest.mark.engine

OLD = ImageRequest(
    prompt="红苹果", seed=7, size=Size(width=128, height=128), variety=30, variety_scale=1
)
BEFORE_SCALES = 8  # the last version of the database that knew only one


def test_the_first_scale_is_what_the_first_release_drew():
    for variety in range(1, LARGEST + 1):
        noise = variety_noise(variety, 1)
        assert noise == VarietyNoise(strength=1.0 * variety / 100, fraction=0.5)
    embedding = torch.randn((5, 8), generator=torch.Generator().manual_seed(0))
    own = int.from_bytes(hashlib.sha256(b"variety 7").digest()[:8])
    generator = torch.Generator("cpu").manual_seed(own)
    noise = torch.rand((5, 8), generator=generator) * 2 - 1
    is_moved = torch.rand((5, 8), generator=generator) < 0.5
    expected = embedding + 1.0 * 30 / 100 * embedding.std() * (noise * is_moved)
    assert torch.equal(vary(embedding, OLD.variety_noise, seed=7), expected)


@pytest.mark.parametrize("scale", SCALES)
def test_more_variety_is_more_noise_on_every_scale(scale: int):
    assert variety_noise(0, scale) is None
    strengths = [variety_noise(variety, scale).strength for variety in range(1, LARGEST + 1)]
    assert strengths == sorted(set(strengths))
    assert strengths[-1] == SCALES[scale].strength


@pytest.mark.parametrize("scale", SCALES)
def test_a_noise_tells_its_scale(scale: int):
    for variety in (1, 30, LARGEST):
        noise = variety_noise(variety, scale)
        found = scale_of(variety, noise)
        assert variety_noise(variety, found) == noise
    assert scale_of(30, VarietyNoise(strength=0.123, fraction=0.5)) is None


def test_a_scale_of_a_newer_program_is_refused_in_both_languages():
    with pytest.raises(InvalidRequestError, match="variety scale 99 does not work") as caught:
        replace(OLD, variety_scale=99)
    assert "99" in sentence(caught.value.message, "zh-CN")


def test_a_recipe_of_an_older_scale_is_drawn_as_it_was(loaded_engine: ZImageEngine):
    drawing = loaded_engine.draw(DrawTask(request=OLD))
    document = make_recipe(OLD, drawing)
    assert document["variety_noise"] == {"strength": 0.3, "fraction": 0.5}
    assert "variety_scale" not in document
    read = parse_recipe(json.dumps(document))
    assert read.request == OLD
    again = loaded_engine.draw(DrawTask(request=read.request))
    assert again.image.pixel_sha256 == drawing.image.pixel_sha256
    newest = loaded_engine.draw(DrawTask(request=replace(OLD, variety_scale=NEWEST_SCALE)))
    assert newest.image.pixel_sha256 != drawing.image.pixel_sha256


@pytest.mark.parametrize(
    ("noise", "told"),
    [
        ({"strength": 0.123, "fraction": 0.5}, "strength 0.123 on 0.5 of the values"),
        ({"strength": 0.3}, "it has no 'fraction'"),
        ({"strength": "much", "fraction": 0.5}, "cannot be meant"),
        ({"strength": 10**400, "fraction": 0.5}, "cannot be meant"),
        ("much", "cannot be meant"),
    ],
)
def test_a_recipe_with_another_noise_is_refused(noise: object, told: str, recipe_of_old: dict):
    document = {**recipe_of_old, "variety_noise": noise}
    document["recipe_sha256"] = recipe_sha256(document)
    with pytest.raises(RecipeError, match=told) as caught:
        parse_recipe(json.dumps(document))
    assert sentence(caught.value.message, "zh-CN") != caught.value.message


@pytest.fixture(scope="module")
def recipe_of_old(loaded_engine: ZImageEngine) -> dict[str, object]:
    return make_recipe(OLD, loaded_engine.draw(DrawTask(request=OLD)))


async def test_the_database_of_before_scales_keeps_the_first_one(tmp_path: Path):
    path = await make_database(tmp_path, version=BEFORE_SCALES)
    with contextlib.closing(sqlite3.connect(path)) as db:
        add_old_job(db, "waits", None, "imagine", [(7, 30), (7, 0)], made=False)
        add_old_job(db, "made", None, "imagine", [(7, 30), (7, 0)])
        db.execute(
            "UPDATE generations SET conditions = '{}', durations = '{}',"
            " created_at = '2026-11-01T00:00:00+00:00'"
        )
        db.commit()
    plain = replace(OLD, prompt="a red apple", variety=0, variety_scale=NEWEST_SCALE)
    varied = replace(plain, variety=30, variety_scale=1)
    async with Store(path, images=tmp_path / "images") as store:
        [job] = await store.jobs.unfinished()
        assert job.requests == (varied, plain)
        images = [await store.generations.find(id_, None) for id_ in ("made0", "made1")]
        assert [each.request for each in images] == [varied, plain]
        [member] = (await store.lineage.descent("made0", None)).members
        assert member.request == varied


async def test_the_same_seed_of_an_older_image_is_the_same_after_a_restart(
    settings: Settings, real_engine: SteeredEngine
):
    async with open_service(settings, lambda: real_engine) as service:
        reply = Recorder()
        await service.jobs.submit((OLD,), origin(), viewer=viewer_at(origin()), reply=reply)
        await idle(service)
    [made] = reply.generations
    async with open_service(settings, lambda: real_engine) as service:
        [found] = (await service.images.history(viewer=HERE)).generations
        assert found.request == OLD
        again = Recorder()
        await service.jobs.submit(
            (found.request,), origin(), viewer=viewer_at(origin()), reply=again, parents=[found.id]
        )
        await idle(service)
    assert again.generations[0].pixel_sha256 == made.pixel_sha256
    assert again.generations[0].conditions["variety_noise"] == {"strength": 0.3, "fraction": 0.5}


async def older_image(env: DiscordEnv) -> str:
    """Have an image drawn as it was before the newest scale."""
    reply = Recorder()
    place = replace(origin(), guild_id=env.guild.id, channel_id=env.channel.id)
    await env.service.jobs.submit((OLD,), place, viewer=viewer_at(place), reply=reply)
    await env.idle()
    return reply.generations[0].id


async def test_what_is_made_from_an_older_image_keeps_its_meaning_until_another_is_typed(
    env: DiscordEnv,
):
    id_ = await older_image(env)
    message = answer_of(await env.ming.slash(env.channel, "show", id=id_))
    [seed] = await made(env, await press(env, message, "New seed"))
    assert seed.request == replace(OLD, seed=seed.request.seed)
    [edited] = await made(env, await edit(env, message, prompt="苹果"))
    assert (edited.request, edited.relation) == (replace(OLD, prompt="苹果"), "edit")
    [varied] = await made(env, await edit(env, message, variety="40"))
    today = replace(OLD, variety=40, variety_scale=NEWEST_SCALE)
    assert (varied.request, varied.relation) == (today, "variation")


async def test_the_command_shown_for_an_older_image_makes_that_very_image(env: DiscordEnv):
    id_ = await older_image(env)
    shown = answer_of(await env.ming.slash(env.channel, "recipe", id=id_))
    assert f"\n/reproduce id:{id_}\n" in texts_of(shown)
    assert "/imagine" not in texts_of(shown)
    again = await env.ming.slash(env.channel, "reproduce", id=id_)
    await env.idle()
    assert f"Pixel for pixel the same as `{id_}`" in texts_of(again.response)
    assert command_of(OLD, None) == "z-image-bot reproduce picture.png"
    assert "variety:30" in command_of(replace(OLD, variety_scale=NEWEST_SCALE), id_)


def test_the_same_variety_on_another_scale_is_a_variation():
    today = replace(OLD, variety_scale=NEWEST_SCALE)
    assert relation_of(OLD, today) == "variation"
    assert relation_of(OLD, replace(today, variety=0)) == "variation"
    assert relation_of(OLD, OLD) == "same_seed"
