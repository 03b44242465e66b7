"""Prompts, names, captions and comments with words that the operator does not want."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.services.policy import operator_entries
from bot.settings import Settings
from tests.support.board_channels import add_picture, board_of, create, said
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    gallery_of,
    ids_of,
    private_sentence,
    texts_of,
)

pytest_plugins = ["tests.support.bot_fixtures"]

NUDE = "The prompt has a word that is not wanted here ('nude'): leave it out."


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    return settings.model_copy(update={"words": getattr(request, "param", "refuse")})


async def test_such_a_prompt_is_refused_in_private_and_nothing_is_drawn(env: DiscordEnv):
    result = await env.ada.slash(env.channel, "imagine", prompt="a n u d e woman", size=SMALL)
    await env.idle()
    answer = answer_of(result)
    assert answer.ephemeral
    assert NUDE in texts_of(answer)
    assert env.engine.drawn == []


async def test_other_prompts_are_drawn(env: DiscordEnv):
    message = await env.imagine(prompt="a naked mole-rat in Scunthorpe")
    assert ids_of(message)


async def test_a_negative_prompt_may_name_what_nobody_wants_to_see(env: DiscordEnv):
    message = await env.imagine(prompt="a statue", negative="nude", guidance=1.2)
    assert ids_of(message)


async def test_chinese_readers_are_told_in_chinese(env: DiscordEnv):
    env.locales[env.ming.id] = "zh-CN"
    result = await env.ming.slash(env.channel, "imagine", prompt="裸 体", size=SMALL)
    assert "提示词里有这里不允许的词（'裸体'）：请删去。" in texts_of(answer_of(result))


async def test_comparisons_are_looked_at_word_by_word(env: DiscordEnv):
    result = await env.ada.slash(
        env.channel, "compare", prompt="x", vary="prompts", values="a fox | nude", size=SMALL
    )
    await env.idle()
    assert NUDE in texts_of(answer_of(result))
    assert env.engine.drawn == []


@pytest.mark.parametrize("settings", ["off"], indirect=True)
async def test_what_waits_and_what_was_drawn_before_falls_under_the_rule_of_now(env: DiscordEnv):
    old = await env.imagine(prompt="nude")
    env.service._work.cancel()  # what is asked for now waits
    waiting = await env.ming.slash(env.channel, "imagine", prompt="gore", size=SMALL)
    env.settings = env.settings.model_copy(update={"words": "refuse"})
    await env.start_again()
    await env.idle()

    assert [each.prompt for each in env.engine.drawn] == ["nude"]
    assert "has a word that is not wanted here ('gore')" in texts_of(waiting.response)
    again = await env.ada.click(old, custom_id=f"zib:same:{ids_of(old)[0]}")
    assert NUDE in texts_of(answer_of(again))


@pytest.mark.parametrize("settings", ["spoiler"], indirect=True)
async def test_images_may_be_hidden_instead(env: DiscordEnv):
    plain, hidden = await env.imagine(prompt="a fox"), await env.imagine(prompt="gore")
    assert [each.get("spoiler", False) for each in gallery_of(plain)] == [False]
    assert [each["spoiler"] for each in gallery_of(hidden)] == [True]


@pytest.mark.parametrize("settings", ["spoiler", "refuse"], indirect=True)
async def test_what_others_read_on_a_board_is_refused(env: DiscordEnv):
    result = await env.ada.slash(env.channel, "board create", name="p o r n")
    assert "The name has a word that is not wanted here ('porn*')" in private_sentence(result)
    await create(env)
    await add_picture(env)
    assert "The caption has a word" in texts_of(await add_picture(env, 2, caption="g0re"))
    assert "The tag has a word" in texts_of(await add_picture(env, 2, tags="sea, nsfw"))
    for command, options, noun in [
        ("caption", {"number": 1, "words": "nude"}, "caption"),
        ("tag", {"number": 1, "tags": "nsfw"}, "tag"),
        ("comment", {"number": 1, "words": "h3ntai"}, "comment"),
        ("edit", {"name": "gore"}, "name"),
    ]:
        result = await env.moderator.slash(env.channel, f"board {command}", **options)
        assert f"The {noun} has a word that is not wanted here" in said(result)
    [item] = (await board_of(env)).items
    assert (item.caption, item.tags, item.comments) == ("", (), ())


def test_an_own_list_is_read_and_a_broken_one_stops_the_start(settings: Settings, tmp_path: Path):
    own = tmp_path / "words.txt"
    settings = settings.model_copy(update={"words_file": own})
    with pytest.raises(SettingsError, match=r"WORDS_FILE '.*' cannot be read: No such file"):
        operator_entries(settings)
    own.write_text("/(/", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"WORDS_FILE '.*' does not work: Line 1 of the list"):
        operator_entries(settings)
