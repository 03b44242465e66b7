"""Forms: answered after a restart, and opened again with what was typed when they are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import discord
import pytest

from bot.discord_ui.client import ImageBot
from bot.discord_ui.modals import modal_of
from bot.domain.forms import Field, Form
from bot.engine.tokens import MAX_PROMPT_TOKENS, TokenCounter
from tests.discord.test_board_curating import drawn_board, opened
from tests.support.board_channels import add_picture, board_of, create, post_picture, press
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
)
from tests.support.moderation_env import log_channel, logged, rule

pytest_plugins = ["tests.support.bot_fixtures"]

TOO_LONG = "word " * 700


async def restart(env: DiscordEnv) -> None:
    """Let another run of the bot take over, as after a deploy."""
    env.bot = ImageBot(env.settings, env.service)
    env.bot.now, env.bot.redraw_interval_s = env.simcord.now, 0.0
    await env.simcord.restart_bot(env.bot)


def values_of(shown: Any) -> dict[str, str]:
    """Return what the fields of a form are filled with; uploads never are."""
    return {
        label["component"]["custom_id"]: label["component"].get("value", "")
        for label in shown.modal["components"]
        if label["component"]["type"] != discord.ComponentType.file_upload.value
    }


async def again(who: Any, refused: Any) -> Any:
    """Press Edit again under a refusal."""
    answer = answer_of(refused)
    assert answer.ephemeral
    assert labels_of(answer) == ["Edit again"]
    return await who.click(answer, label="Edit again")


async def test_every_form_is_answered_after_a_restart(env: DiscordEnv):
    image = await drawn_board(env)
    await add_picture(env, who=env.moderator)
    elsewhere = env.guild.create_text_channel("other")
    of_people = await post_picture(env.ming, elsewhere, 9)
    one = await opened(env, env.moderator)
    other = await opened(env, env.moderator, 2)
    forms = {
        "edit": (
            await env.ada.click(image, label="Edit"),
            {"prompt": "a pear", "size": SMALL},
        ),
        "comment": (
            await press(env.moderator, one, "zib:b:comment"),
            {"comment": "Lovely"},
        ),
        "words": (await press(env.moderator, one, "zib:b:words"), {"caption": "Mine"}),
        "move": (await press(env.moderator, other, "zib:b:move"), {"before": "1"}),
        "more": (
            await press(env.moderator, one, "zib:b:more"),
            {"count": "1", "strength": ["subtle"]},
        ),
        "paint": (await press(env.moderator, one, "zib:b:paint"), {"prompt": "a boat"}),
        "setup": (
            await env.moderator.slash(env.channel, "board edit"),
            {"brief": "Greens"},
        ),
        "votes": (
            await env.ming.click(_sheet(env), label="Vote"),
            {"numbers": "1"},
        ),
    }
    forms["source"] = (
        await env.ada.click(image, label="Use as source"),
        {"prompt": "a plum", "strength": ["subtle"], "size": SMALL, "seed": "1"},
    )
    forms["upscale"] = (
        await env.ada.click(image, label="Upscale"),
        {"factor": "2", "way": "plain"},
    )
    pair = await env.imagine(count=2)
    one_of_them = await env.ada.click(pair, label="Vary subtly")
    forms["vary"] = (one_of_them, {"which": [ids_of(pair)[1]]})
    pressed = await env.ada.click(pair, label="Edit region")
    forms["grid"] = (pressed, {"which": [ids_of(pair)[1]]})
    grid = await env.ada.click(image, label="Edit region")
    cells = await env.ada.click(grid.response, label="Choose cells")
    forms["region"] = (cells, {"cells": ["5"], "strength": ["touch"]})
    extend = await env.ada.click(image, label="Extend")
    forms["extend"] = (extend, {"how": ["up"], "strength": ["touch"]})
    board = await board_of(env)
    await create(env, "Autumn", channel=None)
    add = await env.ming.context_menu(elsewhere, "Add to board", of_people)
    forms["add"] = (add, {"board": [board.id], "caption": "Theirs", "tags": "warm"})
    refused = await env.ada.slash(env.channel, "imagine", prompt="a plum", size="1x1")
    forms["imagine"] = (await again(env.ada, refused), {"size": SMALL})
    made = await env.moderator.slash(env.channel, "style create")
    forms["style"] = (made, {"name": "dusk", "after": "at dusk"})
    forms |= await moderation_forms(env, image)
    tested_elsewhere = {"rules"}  # tests/discord/test_settings.py
    assert forms.keys() == env.bot.form_handlers.keys() - tested_elsewhere
    await restart(env)
    for shown, typed in forms.values():
        who = {env.ada.id: env.ada, env.ming.id: env.ming}.get(
            shown._interaction.user_id, env.moderator
        )
        filled = {key: value for key, value in values_of(shown).items() if key != "board"}
        result = await who.submit_modal(shown, {**filled, **typed})
        await env.idle()
        assert answer_of(result) is not None or result.acknowledged
    acts = [each.act for each in await env.service._store.audit.page(
        env.guild.id, offset=0, limit=20
    )]  # fmt: skip
    assert acts == [
        "banned",
        "warned",
        "appeal",
        "report",
        "style_made",
        "refused",
        "refused",
    ]
    board = await board_of(env)
    assert [each.text for each in board.items[1].comments] == ["Lovely"]
    assert board.items[1].caption == "Mine"
    assert board.items[1].voter_ids == {env.ming.id}
    assert [each.number for each in board.items] == [2, 1, 3]
    assert board.brief == "Greens"
    assert (board.items[2].caption, board.items[2].tags) == ("Theirs", ("warm",))
    assert board.items[2].link == of_people.jump_url
    prompts = [texts_of(each) for each in env.images()]
    for prompt in ("a pear", "a boat", "a plum"):
        assert any(prompt in each for each in prompts)


async def moderation_forms(env: DiscordEnv, image: Any) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Open what is filled in about misuse; Ada, who is banned at last, fills in nothing more."""
    log = log_channel(env)
    await rule(env, log_channel=str(log.id), words="refuse")
    refused = [
        answer_of(await env.ada.slash(env.channel, "imagine", prompt=words, size=SMALL))
        for words in ("gore one", "gore two")
    ]
    await rule(env, words="off")
    entries = [await logged(env, log, words) for words in ("> gore one", "> gore two")]
    report = await env.ming.context_menu(env.channel, "Report", image)
    ban = await env.moderator.click(entries[1], label="Ban")
    return {
        "report": (report, {"why": "x"}),
        "appeal": (await env.ada.click(refused[0], label="Appeal"), {"why": "x"}),
        "warned": (await env.moderator.click(entries[0], label="Warn"), {"why": "x"}),
        "banned": (ban, {"for": ["1h"], "why": "x"}),
    }


def _sheet(env: DiscordEnv) -> Any:
    [message] = env.channel.pinned_messages()
    return message


async def test_what_was_typed_into_a_refused_form_is_there_again(env: DiscordEnv):
    message = await env.imagine(seed=5)
    shown = await env.ada.click(message, label="Edit")
    typed = {"prompt": "a green apple\non a table", "size": "1x1", "seed": "6", "variety": "3"}
    refused = await env.ada.submit_modal(shown, typed)
    assert "The size 1x1 does not work" in private_sentence(refused)
    await restart(env)
    shown = await again(env.ada, refused)
    assert values_of(shown).items() >= typed.items()
    result = await env.ada.submit_modal(shown, {**typed, "size": SMALL})
    await env.idle()
    assert "a green apple on a table" in texts_of(result.response)
    shown = await again(env.ada, refused)
    assert values_of(shown).items() >= {**typed, "size": SMALL}.items(), "as it was sent last"


async def test_a_comment_that_is_too_late_is_not_lost(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    shown = await press(env.ming, await opened(env, env.ming), "zib:b:comment")
    await env.ada.slash(env.channel, "board remove", number=1)
    refused = await env.ming.submit_modal(shown, {"comment": "a long thought"})
    assert "There is no picture 1" in private_sentence(refused)
    await env.ada.slash(env.channel, "board restore", board="Spring", number=1)
    shown = await again(env.ming, refused)
    assert values_of(shown) == {"comment": "a long thought"}
    await env.ming.submit_modal(shown, values_of(shown))
    assert (await board_of(env)).items[0].comments[0].text == "a long thought"


async def test_chosen_options_are_chosen_again(env: DiscordEnv):
    await create(env, channel=None)
    autumn = await create(env, "Autumn", channel=None)
    message = await env.imagine(count=2)
    shown = await env.ada.click(message, label="Add to board")
    typed = {"board": [autumn.id], "pictures": ["1"], "caption": "Two", "tags": "x" * 40}
    refused = await env.ada.submit_modal(shown, typed)
    shown = await again(env.ada, refused)
    chosen = {
        label["component"]["custom_id"]: [
            each["value"] for each in label["component"]["options"] if each.get("default")
        ]
        for label in shown.modal["components"]
        if "options" in label["component"]
    }
    assert chosen == {"board": [autumn.id], "pictures": ["1"]}
    await env.ada.submit_modal(shown, {**typed, "tags": "warm"})
    [item] = (await board_of(env, "Autumn")).items
    assert item.generation_id == ids_of(message)[1]


async def test_of_pictures_that_are_deleted_meanwhile_the_others_are_hung_up(
    env: DiscordEnv,
):
    board = await create(env, channel=None)
    await create(env, "Autumn", channel=None)
    message = await env.imagine(count=3)
    ids = ids_of(message)
    shown = await env.ada.click(message, label="Add to board")
    await env.service.images.delete(ids[0], viewer=env.viewer(env.ada))
    typed = {"board": [board.id], "pictures": ["0", "2"], "caption": "", "tags": ""}
    await env.ada.submit_modal(shown, typed)
    assert [each.generation_id for each in (await board_of(env)).items] == [ids[2]]


async def test_two_people_have_their_own_forms_of_one_image(env: DiscordEnv):
    message = await env.imagine(seed=5)
    shown = [await who.click(message, label="Edit") for who in (env.ada, env.ming)]
    for who, form, prompt in zip((env.ada, env.ming), shown, ("a pear", "a plum"), strict=True):
        await who.submit_modal(form, {"prompt": prompt, "size": SMALL})
    await env.idle()
    assert {"a pear", "a plum"} <= {request.prompt for request in env.engine.drawn}


async def test_a_defect_behind_a_form_loses_no_text(env: DiscordEnv, caplog):
    message = await env.imagine(seed=5)
    shown = await env.ada.click(message, label="Edit")

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    env.bot.form_handlers["edit"] = broken
    refused = await env.ada.submit_modal(shown, {"prompt": "a pear", "size": SMALL})
    assert "Something went wrong on my side" in private_sentence(refused)
    assert "secret detail" in caplog.text
    assert values_of(await again(env.ada, refused))["prompt"] == "a pear"


async def test_a_form_that_is_not_known_any_more_gives_its_text_back(env: DiscordEnv):
    message = await env.imagine(seed=5)
    shown = await env.ada.click(message, label="Edit")
    async with env.service._store.database.transaction() as db:
        await db.execute("UPDATE forms SET created_at = '2001'")
    await env.ming.click(message, label="Edit")  # which forgets the old ones
    lost = await env.ada.submit_modal(shown, {"prompt": "a pear", "size": SMALL})
    assert "I do not know this form any more" in private_sentence(lost)
    [file] = answer_of(lost).attachments
    assert file.filename == "typed.txt"


async def test_a_form_of_another_version_gives_its_text_back(
    env: DiscordEnv, caplog: pytest.LogCaptureFixture
):
    message = await env.imagine(seed=5)
    shown = await env.ada.click(message, label="Edit")
    del env.bot.form_handlers["edit"]
    lost = await env.ada.submit_modal(shown, {"prompt": "a pear", "size": SMALL})
    assert "I do not know this form any more" in private_sentence(lost)
    assert answer_of(lost).attachments[0].filename == "typed.txt"
    assert "Unexpected error" not in caplog.text


async def test_a_form_is_its_users_alone(env: DiscordEnv):
    message = await env.imagine(seed=5)
    shown = await env.ada.click(message, label="Edit")
    id_ = shown.modal["custom_id"].rpartition(":")[2]
    assert await env.service.forms.find(id_, env.ada.id) is not None
    assert await env.service.forms.find(id_, env.ming.id) is None
    assert await env.service.forms.send(id_, env.ming.id, {"prompt": "x"}) is None


async def test_discord_py_remembers_no_forms(env: DiscordEnv):
    message = await env.imagine()
    await env.ada.click(message, label="Edit")
    assert env.bot._connection._view_store._modals == {}


# Prompts that are too long


async def is_refused(env: DiscordEnv, result: Any) -> None:
    """Assert that a prompt was refused in private, and nothing of it was written down."""
    words = private_sentence(result)
    assert "tokens" in words
    assert "504 are the limit" in words
    assert len(words) < 200
    assert await env.service._store.jobs.unfinished() == []


async def test_a_command_with_too_many_tokens_is_refused_in_private(env: DiscordEnv):
    await is_refused(
        env,
        await env.ada.slash(env.channel, "imagine", prompt=TOO_LONG, size=SMALL),
    )
    prompt = f"a red apple | {TOO_LONG}"
    compared = await env.ada.slash(
        env.channel, "compare", prompt=prompt, vary="prompts", size=SMALL
    )
    await is_refused(env, compared)
    assert env.channel.history() == []
    env.locales[env.ming.id] = "zh-CN"
    chinese = await env.ming.slash(env.channel, "imagine", prompt=TOO_LONG, size=SMALL)
    assert "词元：最多 504 个" in private_sentence(chinese)


async def test_a_refused_command_comes_back_as_a_form_with_its_other_options(
    env: DiscordEnv,
):
    refused = await env.ada.slash(
        env.channel, "imagine", prompt=f"a pear {TOO_LONG}".strip(), size=SMALL, seed=5,
        quality="draft", count=2, guidance=1.2, spoiler=True,
    )  # fmt: skip
    await is_refused(env, refused)
    shown = await again(env.ada, refused)
    typed = values_of(shown)
    assert typed.items() >= {
        "prompt": f"a pear {TOO_LONG}".strip(), "size": SMALL, "seed": "5", "variety": "0",
    }.items()  # fmt: skip
    sent = await env.ada.submit_modal(shown, {**typed, "prompt": "a pear"})
    await env.idle()
    ids = ids_of(sent.response)
    made = [await env.service.images.find(each, viewer=env.viewer()) for each in ids]
    assert [each.request.seed for each in made] == [5, 6]
    assert {(each.request.prompt, each.request.quality, each.request.guidance_scale)
            for each in made} == {("a pear", "draft", 1.2)}  # fmt: skip
    assert await env.service.system.spoilers_among(ids) == {*ids}


async def test_the_words_of_a_board_count(env: DiscordEnv, demo_model: Path):
    await create(env, style="muted, flat, soft light")
    counter, prompt = TokenCounter(demo_model), "x"
    while counter.count(prompt + ", x") <= MAX_PROMPT_TOKENS:
        prompt += ", x"
    await is_refused(
        env,
        refused := await env.ada.slash(env.channel, "imagine", prompt=prompt, size=SMALL),
    )
    assert "`plain:True`" in private_sentence(refused)
    await env.ada.slash(env.channel, "imagine", prompt=prompt, size=SMALL, plain=True)
    await env.idle()
    assert len(env.images()) == 1


@pytest.mark.parametrize("kind", ["edit", "paint"])
async def test_a_form_with_too_many_tokens_is_offered_again(env: DiscordEnv, kind: str):
    image = await drawn_board(env)
    prompt = TOO_LONG[:2990].strip()
    if kind == "edit":
        shown = await env.ada.click(image, label="Edit")
    else:
        shown = await press(env.ada, await opened(env), "zib:b:paint")
    refused = await env.ada.submit_modal(shown, {**values_of(shown), "prompt": prompt})
    await is_refused(env, refused)
    assert values_of(await again(env.ada, refused))["prompt"] == prompt


def test_a_form_shows_the_whole_of_a_long_prompt():
    """Discord refuses a form whose field is filled with more than it may hold."""
    field = Field(name="prompt", label="Prompt", value="x" * 3500, max_length=3000, is_long=True)
    form = Form(id="a", kind="paint", user_id=1, title="x" * 60, subject={}, fields=[field],
                typed={})  # fmt: skip
    [label] = modal_of(form, form.shown).to_dict()["components"]
    assert label["component"]["value"] == "x" * 3500
    assert label["component"]["max_length"] == 3500
