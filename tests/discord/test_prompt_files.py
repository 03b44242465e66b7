"""A file of prompts is one job: checked whole, fair to others, and kept through a crash."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.prompt_files import MAX_FILE_BYTES
from tests.support.board_channels import create
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    SteeredEngine,
    answer_of,
    gallery_of,
    ids_of,
    private_sentence,
    texts_of,
    walk,
)
from tests.support.server_rules import set_rules

pytest_plugins = ["tests.support.bot_fixtures"]

CSV = f"prompt,size,seed,quality\na red apple,{SMALL},7,draft\n红苹果,144x128,8,\n"


def numbered(count: int) -> str:
    return "\n".join(f"apple number {i}" for i in range(1, count + 1))


async def sent(
    env: DiscordEnv, content: str | bytes, name: str = "list.txt", who: Any = None, **options: Any
) -> Any:
    """Send a file and return what was answered at once."""
    data = content.encode() if isinstance(content, str) else content
    options = {"prompt": "-", "size": SMALL, **options}
    return await (who or env.ada).slash(env.channel, "imagine", prompts=(name, data), **options)


async def drawn(env: DiscordEnv, *args: Any, **options: Any) -> Any:
    result = await sent(env, *args, **options)
    await env.idle()
    return answer_of(result)


def choices_of(message: Any) -> list[list[str]]:
    return [
        [option["label"] for option in each["options"]]
        for each in walk(message)
        if (each.get("custom_id") or "").startswith("zib:choose:")
    ]


async def test_rows_are_called_what_stands_in_the_file_and_by_their_styles(env: DiscordEnv):
    words = texts_of(await drawn(env, "prompt,style\nfox,ink\npear,comic\ncup,\n", "a.csv"))
    assert "**1** · fox · ink · " in words
    assert "**2** · pear · comic · " in words
    assert "**3** · cup · 0" in words
    assert "1 images" not in texts_of(await drawn(env, "a fox"))


async def test_each_row_has_its_own_settings_and_a_tile_with_its_prompt(env: DiscordEnv):
    message = await drawn(env, CSV, "fruit.csv")
    first, second = env.engine.drawn
    assert (first.prompt, str(first.size), first.seed, first.quality.value) == (
        "a red apple", SMALL, 7, "draft",
    )  # fmt: skip
    assert (second.prompt, str(second.size), second.quality.value) == (
        "红苹果", "144x128", "standard",
    )  # fmt: skip
    words = texts_of(message)
    assert "**fruit.csv**" in words
    assert "**2** · 红苹果" in words
    assert "a red apple; 红苹果" in gallery_of(message)[0]["description"]


async def test_words_of_the_command_come_before_each_row(env: DiscordEnv):
    await drawn(env, "red\n# a remark\n红", prompt="an apple", seed=3)
    assert [(each.prompt, each.seed) for each in env.engine.drawn] == [
        ("an apple, red", 3),
        ("an apple，红", 3),
    ]


async def test_rows_without_a_seed_have_one_each_and_braces_stay_as_they_are(env: DiscordEnv):
    await drawn(env, "a {red, green} apple\na pear\na plum")
    assert env.engine.drawn[0].prompt == "a {red, green} apple"
    assert len({each.seed for each in env.engine.drawn}) == 3


async def test_more_than_one_sheet_holds_are_two_and_every_image_is_behind_them(env: DiscordEnv):
    board = await create(env, channel=None)
    message = await drawn(env, numbered(26))
    assert len(gallery_of(message)) == 2
    choices = choices_of(message)
    assert list(map(len, choices)) == [25, 1]
    assert choices[1][0] == "26 · apple number 26"
    shown = await env.ming.select(message, [option_ids(message)[25]], custom_id="zib:choose:2")
    assert "apple number 26" in texts_of(answer_of(shown))
    refused = await env.ada.select(message, ["use"], custom_id="zib:more:all")
    assert "choose it from the 26 in the lists under the sheet first" in private_sentence(refused)
    form = await env.moderator.select(message, ["board"], custom_id="zib:more:all")
    await env.moderator.submit_modal(form, {"board": [board.id], "caption": "", "tags": ""})
    await env.idle()
    found = await env.service.boards.boards(viewer=env.viewer(env.moderator))
    assert found[0].num_items == 26, "all are hung at once"


def option_ids(message: Any) -> list[str]:
    return [
        option["value"]
        for each in walk(message)
        if (each.get("custom_id") or "").startswith("zib:choose:")
        for option in each["options"]
    ]


async def test_wrong_rows_are_named_with_their_lines_and_nothing_is_drawn(env: DiscordEnv):
    await set_rules(env, "[server]\nwords = 'refuse'\nown_words = ['wormwood']")
    rows = ["prompt,size,seed", "a,,", "b,13x13,", "c,,x", ",,9", "d wormwood,,"]
    rows += [f"{'word ' * 600},,", "e,,1,2"]
    result = await sent(env, "\n".join(rows), "a.csv")
    words = private_sentence(result)
    assert words.splitlines()[0] == "Nothing of 'a.csv' is drawn: 6 rows do not work."
    for line, expected in {
        3: "The size 13x13 does not work",
        4: "The seed 'x' does not work",
        5: "The prompt is empty",
        6: "not wanted here ('wormwood')",
        7: "tokens: 504 are the limit",
        8: "It has 4 values, and there are 3 columns",
    }.items():
        assert f"Line {line} of the file: " in words
        assert expected in words
    assert env.engine.drawn == []
    assert env.service.jobs.queue(viewer=env.viewer()) == []


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (numbered(51), "a.txt", "51 prompts at once are too many here: 50 are allowed."),
        ("# nothing", "a.txt", "holds no prompt"),
        ("colour\nred", "a.csv", "which means nothing"),
        (b"\xff\xd8\xff\xe0 a picture", "a.jpg", "cannot be read: it is not UTF-8 text"),
        (b"x" * (MAX_FILE_BYTES + 1), "a.txt", "1 MB is the limit"),
    ],
)
async def test_what_is_no_such_file_is_refused_in_one_private_sentence(
    env: DiscordEnv, content: str | bytes, name: str, sentence: str
):
    assert sentence in private_sentence(await sent(env, content, name))
    assert env.engine.drawn == []


async def test_wrong_rows_are_told_in_chinese(env: DiscordEnv):
    env.locales[env.ming.id] = "zh-CN"
    result = await sent(env, '{"prompt": "红苹果", "seed": -1}\n[]', "a.jsonl", who=env.ming)
    first, second, third = private_sentence(result).splitlines()
    assert first == "'a.jsonl' 没有画：2 行有问题。"
    assert second.startswith("文件第 1 行：种子 '-1' 不行")
    assert third.startswith("文件第 2 行：这不是 JSON 对象")


async def test_every_image_counts_and_a_full_quota_draws_nothing(env: DiscordEnv):
    await set_rules(env, "[server]\nquota_day = 1")
    assert "left of 1 images a day" in private_sentence(await sent(env, numbered(12)))
    assert env.engine.drawn == []


async def test_others_wait_for_one_image_of_a_large_file_and_not_for_all(env: DiscordEnv):
    env.engine.hold()
    await sent(env, numbered(12))
    await env.held()
    answer = await env.imagine_unwaited(env.ming, "a fox")
    assert "Next in line" in texts_of(answer.response)
    env.engine.release()
    await env.idle()
    prompts = [each.prompt for each in env.engine.drawn]
    assert prompts.index("a fox") <= 2
    assert len(prompts) == 13
    assert len(ids_of(env.images()[0])) == 12 or len(ids_of(env.images()[1])) == 12


async def test_a_large_file_that_is_cancelled_between_two_turns_keeps_what_is_drawn(
    env: DiscordEnv,
):
    env.engine.hold_after = 3
    result = await sent(env, numbered(12))
    await env.held()
    await env.imagine_unwaited(env.ming, "a fox")
    await env.ada.click(answer_of(result), label="Cancel")
    env.engine.release()
    await env.idle()
    message = answer_of(result)
    assert "Cancelled: 3 of 12" in texts_of(message)
    assert len(env.engine.drawn) <= 5


async def test_a_crash_in_the_middle_of_a_file_loses_nothing(
    env: DiscordEnv, engine: SteeredEngine
):
    engine.hold_after = 4
    result = await sent(env, numbered(12))
    await env.held()
    await env.kept(4)
    engine.hold_after = None
    restarting = env.start_again()
    engine.release()
    await restarting
    await env.idle()
    [message] = env.images()
    assert message.id == answer_of(result).id
    assert len(ids_of(message)) == 12
    prompts = [each.prompt for each in engine.drawn]
    assert all(prompts.count(f"apple number {i}") == 1 for i in range(1, 5))
    assert "**list.txt**" in texts_of(message)
