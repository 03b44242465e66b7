"""Notations of other programs in a prompt: a hint, once, in private, and the image all the same."""

from __future__ import annotations

import pytest

from bot.domain.prompt_syntax import Syntax, syntax_in
from bot.locales import text
from tests.support.discord_env import SMALL, DiscordEnv, answer_of, ids_of, texts_of

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("a (red:1.3) apple", ["weights"]),
        ("a ((red)) apple", ["weights"]),
        ("a [[red]] apple", ["weights"]),
        ("{{{masterpiece}}} apple", ["weights"]),
        ("[red:0.7] apple", ["weights"]),
        ("hot:: dog::2", ["weights"]),
        ("一个（红色：1.3）的苹果", ["weights"]),
        ("an apple --ar 16:9", ["options"]),
        ("an apple --v 6 --stylize 200", ["options"]),
        ("an apple —ar 16:9", ["options"]),
        ("an apple --no leaves", ["negatives"]),
        ("an apple Negative prompt: blurry", ["negatives"]),
        ("苹果，负面提示词：模糊", ["negatives"]),
        ("an apple <lora:fruit:0.8>", ["adapters"]),
        ("an apple, embedding:EasyNegative", ["adapters"]),
        ("an apple BREAK a table", ["breaks"]),
        ("a {red, green} apple", ["choices"]),
        ("an apple Steps: 20, Sampler: Euler a, CFG scale: 7", ["settings"]),
        (
            "a (cat:1.2) --ar 1:1 --no dog <lora:x:1>",
            ["weights", "options", "negatives", "adapters"],
        ),
        # Plain language
        ("a red apple (on a table), at 10:30", []),
        ("a clock [half past nine]", []),
        ("a score of 3:2 (football)", []),
        ("a sign that says (opening hours: 9 to 5)", []),
        ("an e-mail -- or a letter", []),
        ("take a break, steps: of stone", []),
        ("红苹果（放在桌上）", []),
        ("a smile :) and a {heart}", []),
        ("<3", []),
    ],
)
def test_notations_are_told_from_plain_language(prompt: str, found: list[str]):
    assert syntax_in(prompt) == found


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_every_notation_has_a_hint_and_all_of_them_fit_a_message(locale: str):
    told = (text(f"hint_{each}", locale, low=1.2, high=1.5) for each in Syntax)
    hints = [text("hint_title", locale), *told]
    assert len("\n".join(hints)) < 2000


async def test_a_hint_is_given_once_to_each_and_in_private(env: DiscordEnv):
    prompt = "a (red:1.3) apple --ar 16:9"
    told = await env.ada.slash(env.channel, "imagine", prompt=prompt, size=SMALL)
    await env.idle()
    assert ids_of(told.response), "it is drawn"
    [hint] = told.followups
    assert hint.ephemeral
    assert "`size:wide`" in texts_of(hint)
    assert "`guidance`" in texts_of(hint)
    await env.start_again()
    again = await env.ada.slash(env.channel, "imagine", prompt=prompt, size=SMALL)
    assert again.followups == []
    more = await env.ada.slash(
        env.channel, "compare", prompt=f"{prompt} BREAK", vary="qualities", size=SMALL
    )
    assert "`BREAK`" in texts_of(answer_of(more))
    assert "--ar" not in texts_of(answer_of(more))
    env.locales[env.ming.id] = "zh-CN"
    other = await env.ming.slash(env.channel, "imagine", prompt=prompt, size=SMALL)
    assert "权重" in texts_of(other.followups[0])
    await env.idle()


async def test_who_only_presses_a_button_typed_nothing(env: DiscordEnv):
    message = await env.imagine(prompt="a (red:1.3) apple")
    pressed = await env.ming.click(message, label="New seed")
    await env.idle()
    assert pressed.followups == []
    shown = await env.ming.click(message, label="Edit")
    sent = await env.ming.submit_modal(shown, {"prompt": "a ((pear))", "size": SMALL})
    await env.idle()
    assert "((word))" in texts_of(sent.followups[0])
