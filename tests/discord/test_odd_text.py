"""Text that is none, or turns what stands beside it: through every command, form and suggestion."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from discord import AppCommandOptionType, app_commands

from bot.discord_ui.formatting import escaped
from bot.domain.plain_text import plain_text, quoted, shortened
from tests.discord.test_board_curating import drawn_board, opened
from tests.discord.test_forms import values_of
from tests.support.board_channels import board_of, press, said
from tests.support.boards_env import picture
from tests.support.discord_env import SMALL, DiscordEnv, answer_of, private_sentence, texts_of, walk
from tests.support.sampling import sampled
from tests.support.server_rules import add_manager

pytest_plugins = ["tests.support.bot_fixtures"]

TOWER = "e" + "\u0301" * 80
MARKUP = "`](https://evil.example) **@everyone** <@1> ||x|| [a](https://evil.example)\n# big"
SHAPELESS = "a\x00b\ud800c\udfff\u202ed\u2066e\u200ff\x1b[31mg\x07\u2028h\ufeff\u200b"
NASTY = {
    "mixed": f"{SHAPELESS} 🍎👨‍👩‍👧 {TOWER} {MARKUP}",
    "nothing": "\x00\u202e\ud83d\u200b",
    "long": "🍎x" * 3000,
}
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"(?<!\\)\[[^\[\]]*\]\(https?:")
# Nothing that people typed may leave these in what others read.
FORBIDDEN = frozenset("\x00\x07\x1b\u202e\u2066\u200f\ufeff\u2028")


def test_what_is_text_stays_as_it_was_typed():
    words = "Ünï 红苹果 שלום\n\tعربي 👨\u200d👩\u200d👧 می\u200cخواهم e\u0301 Ｆ"
    assert plain_text(words) == words
    assert plain_text("a\r\nb\rc\u2028d") == "a\nb\nc\nd"
    assert plain_text(NASTY["mixed"]).startswith("abcdef[31mg\nh 🍎")
    assert plain_text(NASTY["nothing"]) == ""


def test_what_is_cut_is_marked_and_towers_are_low():
    assert shortened("x" * 50, 10) == "x" * 9 + "…"
    assert len(shortened(TOWER, 40)) == 5
    assert unicodedata.normalize("NFC", shortened("Việt Nam", 40)) == "Việt Nam"
    assert shortened("a\u202eb\x00\u2068c\u2069", 40) == "ab\u2068c\u2069", "our own isolates stay"
    assert quoted("a\nb" * 40, 10) == repr("a\nba\nba\nb…")
    assert quoted(12) == "'12'"
    assert escaped("שלום *x*").startswith("\u2068"), "and keeps its direction to itself"


def check_answer(result: Any, what: str) -> None:
    """Assert that there is an answer, and that nobody's message around it is altered."""
    assert result.acknowledged, f"{what} is not answered"
    answer = answer_of(result)
    if answer is None:
        return
    words = texts_of(answer)
    assert "Something went wrong" not in words, what
    assert not FORBIDDEN & {*words}, what
    assert not any("\ud800" <= char <= "\udfff" for char in words), what
    assert not _LINK.search(_CODE.sub("", words)), what
    assert "\u0301" * 6 not in words, what
    assert len(answer.content or "") <= 2000


def check_names(message: Any) -> None:
    for each in walk(message):
        names = [each.get("label"), *(option["label"] for option in each.get("options", []))]
        assert not any(FORBIDDEN & {*name} for name in names if name)


def strings(env: DiscordEnv) -> Iterator[tuple[app_commands.Command[Any, ..., Any], Any]]:
    """Return every option of every command that takes free text."""
    for command in env.bot.tree.walk_commands():
        if isinstance(command, app_commands.Command):
            for option in command.parameters:
                if option.type is AppCommandOptionType.string and not option.choices:
                    yield command, option


def filled(env: DiscordEnv, command: Any, but: str) -> dict[str, Any]:
    """Return values for the options that a command must have."""
    known = {"size": SMALL, "prompt": "a red apple", "board": "Spring"}
    usual = {
        AppCommandOptionType.integer: 1,
        AppCommandOptionType.mentionable: env.ming,
        AppCommandOptionType.user: env.ming,
        AppCommandOptionType.boolean: True,
        AppCommandOptionType.attachment: ("a.png", picture(3)),
    }
    return {
        option.display_name: option.choices[0].value
        if option.choices
        else known.get(option.name) or usual.get(option.type, "x")
        for option in command.parameters
        if option.name != but
        and (option.required or (option.name in {"size", "board"} and "board" not in but))
    }


@pytest.mark.parametrize("kind", sampled(NASTY, first=1))
async def test_every_option_of_every_command_is_answered(env: DiscordEnv, kind: str):
    await drawn_board(env)
    seen, manager = set(), add_manager(env)
    for command, option in strings(env):
        values = {**filled(env, command, option.name), option.display_name: NASTY[kind]}
        if option.max_value is not None:
            values[option.display_name] = NASTY[kind][: int(option.max_value)]
        name = command.qualified_name
        who = manager if name.startswith("settings") else env.moderator
        result = await who.slash(env.channel, name, **values)
        await env.idle()
        check_answer(result, f"/{name} {option.name}")
        seen.add((name, option.name))
    assert len(seen) > 30
    for message in env.channel.history():
        check_names(message)
        assert not FORBIDDEN & {*texts_of(message)}


@pytest.mark.parametrize("kind", sampled(NASTY, first=1))
async def test_every_suggestion_is_answered(env: DiscordEnv, kind: str):
    await drawn_board(env)
    await env.imagine(prompt=f"a pear {NASTY['mixed']}")
    manager = add_manager(env)
    for command, option in strings(env):
        if not option.autocomplete:
            continue
        typed = NASTY[kind]
        who = manager if command.qualified_name.startswith("settings") else env.moderator
        choices = await who.autocomplete(env.channel, command.qualified_name, option.name, typed)
        for each in choices:
            assert 1 <= len(each["name"]) <= 100
            assert not FORBIDDEN & {*each["name"]}
    assert not env.simcord.errors


@pytest.mark.parametrize("kind", sampled(NASTY, first=1))
async def test_every_form_is_answered(env: DiscordEnv, kind: str):
    image = await drawn_board(env)
    typed = NASTY[kind]
    one = await opened(env, env.moderator)
    openings = [
        await env.moderator.click(image, label="Edit"),
        *[await press(env.moderator, one, f"zib:b:{action}")
          for action in ("comment", "words", "more", "paint")],
        await env.moderator.slash(env.channel, "board edit"),
        await env.moderator.click(env.channel.pinned_messages()[0], label="Vote"),
    ]  # fmt: skip
    for shown in openings:
        limits = {
            label["component"]["custom_id"]: label["component"]["max_length"]
            for label in shown.modal["components"]
            if "max_length" in label["component"]
        }
        chosen = {
            label["component"]["custom_id"]: [
                each["value"] for each in label["component"]["options"] if each.get("default")
            ]
            for label in shown.modal["components"]
            if "options" in label["component"]
        }
        for name, limit in limits.items():
            form = await _same(env, shown)
            values = {**values_of(shown), **chosen, name: typed[:limit] or "x"}
            result = await env.moderator.submit_modal(form, values)
            await env.idle()
            check_answer(result, f"{shown.modal['title']} {name}")


async def _same(env: DiscordEnv, shown: Any) -> Any:
    """Return a form that can be sent once more, as the client lets nobody do."""
    shown._interaction.modal_consumed = False
    return shown


async def test_names_of_people_and_files_are_cleaned(env: DiscordEnv):
    evil = env.guild.add_member(env.simcord.create_user("ev\u202eil"))
    await drawn_board(env)
    handed = await evil.slash(
        env.channel, "board add", image=("pho\u202eto\x07.png", picture(4)), board="Spring"
    )
    assert "Picture **2**" in said(handed)
    item = (await board_of(env)).items[1]
    assert item.credit == item.added_by_name == "evil"
    broken = await evil.slash(env.channel, "board add", image=("a\u202eb.png", b"nothing"))
    check_answer(broken, "a broken file")
    env.engine.hold()
    asked = await evil.slash(env.channel, "imagine", prompt="x", size=SMALL)
    await env.held()
    assert env.service.jobs.queue(viewer=env.viewer())[0].job.origin.user_name == "evil"
    offered = await env.moderator.autocomplete(env.channel, "jobs move", "job", "")
    assert not any(FORBIDDEN & {*each["name"]} for each in offered)
    env.engine.release()
    await env.idle()
    check_answer(asked, "/imagine")


async def test_what_the_model_reads_is_what_was_typed(env: DiscordEnv):
    prompt = "红苹果 \x00👨\u200d👩\u200d👧\u202e on a table"
    await env.imagine(prompt=prompt)
    assert env.engine.drawn[-1].prompt == "红苹果 👨\u200d👩\u200d👧 on a table"


async def test_a_wrong_value_is_repeated_short_and_marked(env: DiscordEnv):
    result = await env.ada.slash(env.channel, "imagine", prompt="x", size="y" * 6000)
    words = private_sentence(result)
    assert "y…" in words
    assert len(words) < 300
    result = await env.ada.slash(env.channel, "show", id="z" * 6000)
    assert len(private_sentence(result)) < 300
