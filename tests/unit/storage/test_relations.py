"""Every image knows the very image it comes from, and truly how it came from it."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.jobs import Generation, ImageMessage
from bot.domain.lineage import changes, relation_of
from bot.domain.requests import ImageRequest, ModelRules, OperationKind, Quality, Size
from bot.storage import Store
from tests.support.discord_env import DiscordEnv, answer_of, gallery_of, ids_of, texts_of
from tests.support.old_database import make_database

pytest_plugins = ["tests.support.bot_fixtures"]

APPLE = ImageRequest(prompt="a red apple", seed=5, size=Size(width=128, height=128))


async def press(env: DiscordEnv, message: Any, label: str) -> Any:
    result = await env.ming.click(message, label=label)
    await env.idle()
    return result.response


async def edit(env: DiscordEnv, message: Any, **fields: str) -> Any:
    shown = await env.ming.click(message, label="Edit")
    filled = {
        label["component"]["custom_id"]: label["component"].get("value", "")
        for label in shown.modal["components"]
    }
    result = await env.ming.submit_modal(shown, {**filled, **fields})
    await env.idle()
    return result.response


async def made(env: DiscordEnv, message: Any) -> list[Generation]:
    found = [await env.service.images.find(id_, viewer=env.viewer()) for id_ in ids_of(message)]
    assert all(found)
    return found


def origins(generations: list[Generation]) -> list[tuple[str | None, str]]:
    return [(each.parent_id, each.relation) for each in generations]


@pytest.mark.parametrize(
    ("changed", "relation"),
    [
        ({}, "same_seed"),
        ({"seed": 6}, "new_seed"),
        ({"variety": 30}, "variation"),
        ({"variety": 30, "seed": 6}, "variation"),
        ({"prompt": "a green apple"}, "edit"),
        ({"prompt": "a green apple", "seed": 6, "variety": 30}, "edit"),
        ({"size": Size(width=144, height=128)}, "edit"),
        ({"quality": Quality.DRAFT}, "edit"),
        ({"guidance_scale": 1.5}, "edit"),
    ],
)
def test_the_relation_follows_from_what_was_changed(changed: dict[str, Any], relation: str):
    assert relation_of(APPLE, replace(APPLE, **changed)) == relation
    named = {"guidance_scale": "guidance"}
    assert {each.name for each in changes(APPLE, replace(APPLE, **changed))} == {
        named.get(name, name) for name in changed
    }


def test_a_larger_copy_is_upscaled_until_it_is_made_again():
    large = APPLE.upscaled_from("0" * 64, Size(width=512, height=512), strength=35)
    assert relation_of(APPLE, large) == "upscale"
    assert relation_of(large, large) == "same_seed"
    assert relation_of(large, replace(large, seed=6)) == "new_seed"
    assert changes(large, APPLE.upscaled_from("0" * 64, large.size, strength=0)) == []


def test_more_of_a_larger_copy_is_made_in_a_size_that_is_drawn():
    rules = ModelRules(native=256)
    large = APPLE.upscaled_from("0" * 64, Size(width=4096, height=2048), strength=0)
    assert str(large.size_of_more(rules)) == "512x256"
    wide = replace(APPLE, size=Size(width=1024, height=512))
    assert wide.size_of_more(rules) == wide.size


def test_begun_with_an_image_to_show_the_same_it_is_a_variation_else_made_from_it():
    varied = replace(APPLE, seed=6, strength=75).begun_with("0" * 64)
    assert relation_of(APPLE, varied) == "variation"
    assert relation_of(varied, replace(varied, seed=7)) == "new_seed"
    assert relation_of(varied, replace(varied, seed=7).begun_with("1" * 64)) == "variation"
    large = APPLE.upscaled_from("0" * 64, Size(width=512, height=512), strength=0)
    assert relation_of(large, varied) == "variation", "in a size that is drawn"
    for name, value in {"prompt": "a pear", "size": Size(width=256, height=256)}.items():
        assert relation_of(APPLE, replace(varied, **{name: value})) == "source"
    region = APPLE.drawn_into(OperationKind.INPAINT, source="0" * 64, mask="1" * 64)
    assert relation_of(APPLE, region) == "region"


def test_what_comes_from_no_image_is_called_by_what_was_done():
    handed_in = "0" * 64
    assert relation_of(None, APPLE) == "imagine"
    assert relation_of(None, APPLE.begun_with(handed_in)) == "source"
    large = APPLE.upscaled_from(handed_in, Size(width=512, height=512), strength=0)
    assert relation_of(None, large) == "upscale"


def test_a_new_seed_under_a_variety_is_a_variation():
    varied = replace(APPLE, variety=30)
    assert relation_of(varied, replace(varied, seed=6)) == "variation"
    assert relation_of(varied, varied) == "same_seed"
    assert relation_of(varied, APPLE) == "variation", "also back to none"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a castle", "a castle at night", [("", "at night")]),
        ("a castle at night, 8k", "a castle, 8k", [("at night", "")]),
        ("a red apple", "a green apple", [("red", "green")]),
        ("一个红苹果", "一个红苹果,水墨", [("", "水墨")]),
        ("红苹果", "绿苹果", [("红", "绿")]),
        ("a red apple on a table", "a green apple on a chair",
         [("red", "green"), ("table", "chair")]),
        ("a red apple", "城堡", [("a red apple", "城堡")]),
        ("a Cat", "a cat", [("a Cat", "a cat")]),
        ("hello", "hello!", [("", "!")]),
        ("a 🍎", "a 🚀", [("🍎", "🚀")]),
    ],
)  # fmt: skip
def test_of_a_prompt_only_the_changed_words_are_named(
    before: str, after: str, expected: list[tuple[str, str]]
):
    found = changes(replace(APPLE, prompt=before), replace(APPLE, prompt=after))
    assert [(each.before, each.after) for each in found] == expected


@pytest.mark.parametrize(
    ("label", "relation"), [("Same seed", "same_seed"), ("New seed", "new_seed")]
)
async def test_each_of_several_images_comes_from_its_own_one(
    env: DiscordEnv, label: str, relation: str
):
    message = await env.imagine(seed=5, count=3)
    again = await made(env, await press(env, message, label))
    assert origins(again) == [(id_, relation) for id_ in ids_of(message)]


async def test_an_edit_of_several_images_changes_each_one(env: DiscordEnv):
    message = await env.imagine(seed=5, count=2)
    edited = await made(env, await edit(env, message, prompt="a green apple"))
    assert origins(edited) == [(id_, "edit") for id_ in ids_of(message)]
    assert [each.request.seed for each in edited] == [5, 6], "the seeds were left as they were"
    edited = await made(env, await edit(env, message, seed="70"))
    assert origins(edited) == [(id_, "new_seed") for id_ in ids_of(message)]
    assert [each.request.seed for each in edited] == [70, 71]


async def test_what_an_edit_is_called_depends_on_what_it_changed(env: DiscordEnv):
    message = await env.imagine(seed=5)
    [id_] = ids_of(message)
    varied = await edit(env, message, variety="40")
    [variation] = await made(env, varied)
    assert origins([variation]) == [(id_, "variation")]
    assert variation.request == replace(APPLE, variety=40)
    assert origins(await made(env, await edit(env, message))) == [(id_, "same_seed")]
    assert origins(await made(env, await edit(env, message, seed=""))) == [(id_, "new_seed")]
    again = await made(env, await press(env, varied, "New seed"))
    assert origins(again) == [(variation.id, "variation")]
    nothing = await made(env, await edit(env, varied, variety=""))
    assert origins(nothing) == [(variation.id, "variation")]
    assert nothing[0].request.variety == 0


async def test_an_unchanged_edit_is_compared_like_the_same_seed(env: DiscordEnv):
    message = await env.imagine(seed=5)
    again = await edit(env, message)
    assert f"Pixel for pixel the same as `{ids_of(message)[0]}`" in texts_of(again)


async def test_commands_and_menus_name_the_image_they_were_used_on(env: DiscordEnv):
    message = await env.imagine(seed=5, count=3)
    second = ids_of(message)[1]
    again = await env.ming.slash(env.channel, "reproduce", id=second)
    await env.idle()
    assert origins(await made(env, again.response)) == [(second, "same_seed")]
    shown = answer_of(await env.ming.slash(env.channel, "show", id=second))
    new = await made(env, await press(env, shown, "New seed"))
    assert origins(new) == [(second, "new_seed")]
    menu = await env.ming.context_menu(env.channel, "Same seed", message)
    await env.idle()
    assert [each.parent_id for each in await made(env, menu.response)] == ids_of(message)


async def test_where_an_image_comes_from_outlives_a_restart(env: DiscordEnv):
    message = await env.imagine(seed=5, count=2)
    env.service._work.cancel()
    waiting = await env.ming.click(message, label="New seed")
    await env.start_again()
    await env.idle()
    again = await made(env, waiting.response)
    assert origins(again) == [(id_, "new_seed") for id_ in ids_of(message)]


async def test_what_comes_from_a_hidden_image_is_hidden_too(env: DiscordEnv):
    message = await env.imagine(seed=5, spoiler=True)
    again = await press(env, message, "Same seed")
    assert [item["spoiler"] for item in gallery_of(again)] == [True]
    plain = await press(env, await env.imagine(seed=5), "Same seed")
    assert [item["spoiler"] for item in gallery_of(plain)] == [False]


async def test_images_of_before_get_their_own_parents_and_true_relations(tmp_path: Path):
    path = await make_database(tmp_path, version=6)
    with contextlib.closing(sqlite3.connect(path)) as db:
        add_old_job(db, "first", None, "imagine", [(5, 0), (6, 0)])
        add_old_job(db, "again", "first0", "same_seed", [(5, 0), (6, 0)])
        add_old_job(db, "edit", "first0", "edit", [(70, 0), (71, 0)])
        add_old_job(db, "varied", "first1", "new_seed", [(6, 9)])
        add_old_job(db, "waits", "again0", "new_seed", [(1, 0), (2, 0)], made=False)
        add_old_job(db, "orphan", "gone", "edit", [(1, 0), (2, 0)])
        db.commit()
    async with Store(path, images=tmp_path / "images") as store:
        rows = await store.database.rows("SELECT id, parent_id, relation FROM generations")
        assert {row["id"]: (row["parent_id"], row["relation"]) for row in rows} == {
            "first0": (None, "imagine"), "first1": (None, "imagine"),
            "again0": ("first0", "same_seed"), "again1": ("first1", "same_seed"),
            "edit0": ("first0", "new_seed"), "edit1": ("first1", "new_seed"),
            "varied0": ("first1", "variation"),
            "orphan0": ("gone", "edit"), "orphan1": ("gone", "edit"),
        }  # fmt: skip
        waiting = await store.jobs.find("waits")
        assert waiting.parents == ("again0", "again1")


def add_old_job(
    db: sqlite3.Connection, name: str, parent: str | None, relation: str,
    seeds: list[tuple[int, int]], *, made: bool = True,
) -> None:  # fmt: skip
    """Write a job and its images as version 6 did: each image names the first one's parent."""
    db.execute(
        "INSERT INTO jobs (id, state, relation, parent_id, spoiler, channel_id, user_id, user_name,"
        " locale, application_id, expires_at, created_at, changed_at) VALUES"
        " (?, ?, ?, ?, 0, 2, 10, 'Ada', 'en-US', 3, ?, ?, ?)",
        (
            name,
            "posted" if made else "queued",
            relation,
            parent,
            *["2026-11-01T00:00:00+00:00"] * 3,
        ),
    )
    for i, (seed, variety) in enumerate(seeds):
        asked = {
            "job_id": name, "position": i, "prompt": "a red apple", "seed": seed, "width": 128,
            "height": 128, "quality": "standard", "guidance_scale": 0.0, "variety": variety,
        }  # fmt: skip
        insert(db, "requests", asked)
        if made:
            texts = dict.fromkeys(
                ("prompt_used", "sigmas", "model_id", "model_revision", "dtype", "device", "torch",
                 "diffusers", "transformers", "conditions", "durations", "pixel_sha256",
                 "created_at"), "x",
            )  # fmt: skip
            row = {
                "id": f"{name}{i}", "relation": relation, "parent_id": parent, "user_id": 10,
                "channel_id": 2, "num_inference_steps": 8, **texts,
            }  # fmt: skip
            insert(db, "generations", {**asked, **row})


def insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


async def test_a_message_that_is_found_is_no_copy_while_its_job_is_under_way(env: DiscordEnv):
    ids = ids_of(await env.imagine(seed=1))
    found = ImageMessage(channel_id=env.channel.id, message_id=7)
    assert await env.service.system.note_found(found, ids)
    assert not await env.service.system.note_found(found, ids), "known by now"
    with contextlib.closing(sqlite3.connect(env.settings.data_dir / "bot.sqlite3")) as db, db:
        db.execute("DELETE FROM copies")
        db.execute("UPDATE jobs SET state = 'made'")
    assert not await env.service.system.note_found(found, ids), "it may be the job's own message"
