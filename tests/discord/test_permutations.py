"""Braces in /imagine draw every combination as a labelled sheet, once somebody said yes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from bot.domain.batches import BatchKind
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    SteeredEngine,
    answer_of,
    gallery_of,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
)
from tests.support.server_rules import set_rules

pytest_plugins = ["tests.support.bot_fixtures"]

SIX = "{red, green, blue} apple on {white, black}"


async def asked(env: DiscordEnv, prompt: str = SIX, who: Any = None, **options: Any) -> Any:
    """Ask for a permutation and return the question."""
    options = {"size": SMALL, **options}
    result = await (who or env.ada).slash(env.channel, "imagine", prompt=prompt, **options)
    return answer_of(result)


async def drawn(env: DiscordEnv, question: Any, who: Any = None) -> Any:
    result = await (who or env.ada).click(question, label="Draw them")
    await env.idle()
    return answer_of(result)


async def sheet_of(message: Any) -> Image.Image:
    return Image.open(io.BytesIO(await message.attachments[0].read()))


async def test_six_combinations_are_counted_and_drawn_as_one_table(env: DiscordEnv):
    question = await asked(env)
    assert question.ephemeral
    words = texts_of(question)
    assert "**This draws 6 images**, all with one seed:" in words
    assert "red · white" in words
    assert labels_of(question) == ["Draw them", "Cancel"]
    assert env.engine.drawn == []
    message = await drawn(env, question)
    assert not message.ephemeral
    assert [each.prompt for each in env.engine.drawn] == [
        f"{fruit} apple on {ground}"
        for ground in ("white", "black")
        for fruit in ("red", "green", "blue")
    ]
    assert len({each.seed for each in env.engine.drawn}) == 1
    assert "**{red, green, blue} apple on {white, black}**" in texts_of(message)
    assert "**6** · blue · black" in texts_of(message)
    assert "red · white; green · white" in gallery_of(message)[0]["description"]
    sheet = await sheet_of(message)
    assert sheet.width > sheet.height, "three columns, two rows"
    assert len(ids_of(message)) == 6


async def test_up_to_four_are_drawn_at_once_with_buttons_of_their_own(env: DiscordEnv):
    message = await env.imagine(prompt="a {red, green} apple")
    assert [each.prompt for each in env.engine.drawn] == ["a red apple", "a green apple"]
    assert {"U1", "U2", "V1", "V2"} <= set(labels_of(message))
    assert len(gallery_of(message)) == 1


async def test_the_single_images_have_their_own_words_recipe_and_seed(env: DiscordEnv):
    message = await env.imagine(prompt="a {red, green} apple", seed=7)
    shown = answer_of(await env.ming.click(message, label="U2"))
    assert "**a green apple**" in texts_of(shown)
    again = await env.ming.click(shown, label="Same seed")
    await env.idle()
    assert "Pixel for pixel the same" in texts_of(answer_of(again))


async def test_all_of_a_sheet_is_drawn_again_as_the_same_sheet(env: DiscordEnv):
    message = await drawn(env, await asked(env))
    result = await env.ming.click(message, label="New seed")
    await env.idle()
    again = answer_of(result)
    assert SIX in texts_of(again)
    seeds = [each.seed for each in env.engine.drawn]
    assert len(set(seeds[6:])) == 1
    assert seeds[0] != seeds[6]
    job = await env.service.system.job((await found(env, ids_of(again)[0])).job_id)
    assert job.batch is not None
    assert job.batch.is_grid


async def found(env: DiscordEnv, id_: str) -> Any:
    generation = await env.service.images.find(id_, viewer=env.viewer())
    assert generation is not None
    return generation


async def test_what_is_left_of_a_sheet_keeps_its_words(env: DiscordEnv):
    message = await drawn(env, await asked(env))
    first = ids_of(message)[0]
    shown = answer_of(await env.ada.select(message, [first], custom_id="zib:choose:one"))
    await env.ada.click(shown, label="Delete")
    await env.idle()
    [left] = [each for each in env.images() if len(ids_of(each)) == 5]
    result = await env.ada.click(left, label="Same seed")
    await env.idle()
    words = texts_of(answer_of(result))
    assert "**1** · green · white" in words
    assert "**5** · blue · black" in words


async def test_a_count_is_one_more_thing_to_choose_from(env: DiscordEnv):
    question = await asked(env, "a {red, green} apple", count=3, seed=5)
    await drawn(env, question)
    assert [(each.prompt, each.seed) for each in env.engine.drawn] == [
        (f"a {colour} apple", seed) for colour in ("red", "green") for seed in (5, 6, 7)
    ]
    assert "red · seed 5" in texts_of(question)


async def test_sizes_have_braces_too(env: DiscordEnv):
    message = await env.imagine(prompt="an apple", size="{128x128, 144x128}")
    assert [str(each.size) for each in env.engine.drawn] == ["128x128", "144x128"]
    assert "**2** · 144x128" in texts_of(message)


async def test_full_width_braces_in_chinese(env: DiscordEnv):
    env.locales[env.ming.id] = "zh-CN"
    question = await asked(env, "｛红，绿，蓝｝苹果，{白、黑}底", who=env.ming)
    assert "**将画 6 张图**" in texts_of(question)
    result = await env.ming.click(question, label="画出来")
    await env.idle()
    message = answer_of(result)
    assert env.engine.drawn[5].prompt == "蓝苹果，黑底"
    assert "6 张图" in texts_of(message)


async def test_the_question_survives_a_restart_and_is_answered_once(env: DiscordEnv):
    question = await asked(env, seed=3)
    await env.start_again()
    assert ids_of(await drawn(env, question))
    again = await env.ada.click(question, label="Draw them")
    assert "This was answered before" in private_sentence(again)
    assert len(env.engine.drawn) == 6


async def test_what_was_refused_and_corrected_is_asked_about_too(env: DiscordEnv):
    refused = await asked(env, size="13x13")
    form = await env.ada.click(refused, label="Edit again")
    sent = await env.ada.submit_modal(form, {"prompt": SIX, "size": SMALL})
    question = answer_of(sent)
    assert "This draws 6 images" in texts_of(question)
    assert len(ids_of(await drawn(env, question))) == 6


async def test_every_combination_begins_with_the_source(env: DiscordEnv):
    content = io.BytesIO()
    Image.new("RGB", (128, 128), "red").save(content, "PNG")
    source = ("a.png", content.getvalue())
    await drawn(env, await asked(env, "{a, b, c} {x, y}", source=source, strength="subtle"))
    inputs = {each.operation.inputs for each in env.engine.drawn}
    assert len(env.engine.drawn) == 6
    assert len(inputs) == 1
    [(given,)] = inputs
    assert given.role == "source"


async def test_cancel_draws_nothing_ever(env: DiscordEnv):
    question = await asked(env)
    await env.ada.click(question, label="Cancel")
    assert "Nothing is drawn." in texts_of(question)
    assert labels_of(question) == []
    assert env.engine.drawn == []


async def test_a_question_that_is_refused_can_be_answered_again(env: DiscordEnv):
    question = await asked(env)
    await set_rules(env, "[server]\nmax_batch = 5")
    refused = await env.ada.click(question, label="Draw them")
    assert "6 combinations are too many here: 5 are allowed." in private_sentence(refused)
    await set_rules(env, "")
    assert len(ids_of(await drawn(env, question))) == 6


@pytest.mark.parametrize(
    ("rules", "prompt", "sentence"),
    [
        ("", "{a, b}" * 40, "1099511627776 combinations are too many here: 50 are allowed."),
        ("max_batch = 5", SIX, "6 combinations are too many here: 5 are allowed."),
        ("max_count = 4", SIX, "6 images at once are too many here: 4 are allowed."),
        ("", "a {red, green apple", "is never closed"),
        ("", "a {x, y} {1, 2, 3} " + "word " * 600, "tokens"),
        ("words = 'refuse'\nown_words = ['blue']", SIX, "not wanted here ('blue')"),
        ("quota_day = 1", SIX, "left of 1 images a day, and this takes 1.5"),
    ],
)
async def test_what_cannot_be_drawn_is_refused_before_anybody_is_asked(
    env: DiscordEnv, rules: str, prompt: str, sentence: str
):
    await set_rules(env, f"[server]\n{rules}")
    question = await asked(env, prompt)
    assert question.ephemeral
    assert sentence in texts_of(question)
    assert "Draw them" not in labels_of(question)
    assert env.engine.drawn == []


async def test_the_question_says_what_it_takes_of_a_quota(env: DiscordEnv):
    await set_rules(env, "[server]\nquota_day = 20")
    words = texts_of(await asked(env))
    assert "of your quota; 20 are left." in words


async def test_words_of_the_server_come_behind_each_combination_and_keep_their_braces(
    env: DiscordEnv,
):
    await set_rules(env, "[server]\ndefault_style = 'in {ink, chalk}'")
    await env.imagine(prompt="a {red, green} apple")
    assert [each.prompt for each in env.engine.drawn] == [
        "a red apple, in {ink, chalk}",
        "a green apple, in {ink, chalk}",
    ]


async def test_what_is_drawn_of_a_cancelled_sheet_is_kept(env: DiscordEnv):
    question = await asked(env)
    env.engine.hold_after = 2
    result = await env.ada.click(question, label="Draw them")
    await env.held()
    await env.ada.click(answer_of(result), label="Cancel")
    env.engine.release()
    await env.idle()
    [message] = env.images()
    assert len(ids_of(message)) == 2
    assert "Cancelled: 2 of 6" in texts_of(message)


async def test_a_crash_in_the_middle_draws_only_what_is_missing(
    env: DiscordEnv, engine: SteeredEngine
):
    question = await asked(env, seed=1)
    engine.hold_after = 3
    await env.ada.click(question, label="Draw them")
    await env.held()
    await env.kept(3)
    engine.hold_after = None
    restarting = env.start_again()
    engine.release()
    await restarting
    await env.idle()
    [message] = env.images()
    assert len(ids_of(message)) == 6
    assert [each.prompt for each in engine.drawn][:3] == [
        "red apple on white", "green apple on white", "blue apple on white",
    ]  # fmt: skip
    prompts = [each.prompt for each in engine.drawn]
    assert all(prompts.count(each) == 1 for each in prompts[:3])
    generation = await found(env, ids_of(message)[0])
    job = await env.service.system.job(generation.job_id)
    assert job.batch.kind is BatchKind.COMBINATIONS
