"""What the rules of a server do to images: defaults, languages, spoilers, and what waits."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from bot.domain.drawing import DrawTask, Step
from bot.domain.requests import Quality
from bot.settings import Settings
from tests.support.board_channels import board_of, create
from tests.support.discord_env import (
    PATIENCE_S,
    SMALL,
    DiscordEnv,
    SteeredEngine,
    answer_of,
    gallery_of,
    ids_of,
    open_env,
    private_sentence,
    texts_of,
    walk,
)
from tests.support.server_rules import add_manager, set_rules

pytest_plugins = ["tests.support.bot_fixtures"]

DEFAULTS = """
[server]
default_size = "144x128"
default_quality = "draft"
default_style = "in ink"
"""


def charged(env: DiscordEnv) -> int:
    with sqlite3.connect(env.settings.data_dir / "bot.sqlite3") as db:
        [[count]] = db.execute("SELECT count(*) FROM charges").fetchall()
    db.close()
    return int(count)


async def imagine(env: DiscordEnv, **options: object) -> object:
    result = await env.ada.slash(env.channel, "imagine", prompt="a fox", **options)
    await env.idle()
    return result.response


async def test_where_nothing_is_chosen_the_servers_defaults_are_drawn(env: DiscordEnv):
    await set_rules(env, DEFAULTS)
    message = await imagine(env)
    [request] = env.engine.drawn
    assert (str(request.size), request.quality) == ("144x128", Quality.DRAFT)
    assert request.prompt == "a fox, in ink"
    assert "With the words that this server adds: in ink" in texts_of(message)


async def test_what_is_chosen_goes_before_the_defaults(env: DiscordEnv):
    await set_rules(env, DEFAULTS)
    message = await imagine(env, size=SMALL, quality="final", plain=True)
    [request] = env.engine.drawn
    assert (str(request.size), request.quality) == (SMALL, Quality.FINAL)
    assert request.prompt == "a fox"
    assert "this server adds" not in texts_of(message)


async def test_the_form_of_a_refused_command_keeps_to_the_defaults(env: DiscordEnv):
    await set_rules(env, DEFAULTS)
    refused = await env.ada.slash(env.channel, "imagine", prompt="a fox", negative="x" * 2001)
    shown = await env.ada.click(answer_of(refused), label="Edit again")
    fields = [each["component"] for each in shown.modal["components"]]
    values = {each["custom_id"]: each.get("value", "") for each in fields}
    assert values["size"] == "144x128"
    await env.ada.submit_modal(shown, {**values, "negative": ""})
    await env.idle()
    [request] = env.engine.drawn
    assert (str(request.size), request.quality) == ("144x128", Quality.DRAFT)
    assert request.prompt == "a fox, in ink"


async def test_a_comparison_takes_them_too(env: DiscordEnv):
    await set_rules(env, DEFAULTS)
    await env.ada.slash(env.channel, "compare", prompt="a fox", vary="seeds", values="1,2")
    await env.idle()
    drawn = {(str(e.size), e.quality, e.prompt, e.seed) for e in env.engine.drawn}
    assert drawn == {("144x128", Quality.DRAFT, "a fox, in ink", seed) for seed in (1, 2)}


async def test_words_of_a_board_and_of_the_server_are_both_told(env: DiscordEnv):
    await set_rules(env, DEFAULTS)
    await env.moderator.slash(
        env.channel, "board create", name="Wall", channel=env.channel, style="at night"
    )
    message = await imagine(env)
    assert env.engine.drawn[0].prompt == "a fox, at night, in ink"
    assert "this channel's board: at night" in texts_of(message)
    assert "this server adds: in ink" in texts_of(message)


async def test_posts_are_in_the_servers_language_and_refusals_in_ones_own(env: DiscordEnv):
    await set_rules(env, '[server]\nlanguage = "zh-CN"')
    message = await imagine(env, size=SMALL)
    assert "同一种子" in str(list(walk(message)))
    again = await env.ada.slash(env.channel, "show", id=ids_of(message)[0])
    assert "同一种子" in str(list(walk(answer_of(again))))
    refused = await env.ada.slash(env.channel, "imagine", prompt="a fox", size="0x0")
    assert "The size 0x0" in texts_of(answer_of(refused))
    env.engine.failure = RuntimeError("broken")
    env.expected_errors.append(RuntimeError)
    failed = await env.ada.slash(env.channel, "imagine", prompt="a fox", size=SMALL)
    await env.idle()
    assert "is not tried again" in texts_of(answer_of(failed))


async def test_images_are_hidden_where_a_rule_says_so(env: DiscordEnv):
    before = await imagine(env, size=SMALL)
    await set_rules(env, f'[channel.{env.channel.id}]\nspoiler = "on"')
    message = await imagine(env, size=SMALL)
    assert [each["spoiler"] for each in gallery_of(message)] == [True]
    again = await env.ada.slash(env.channel, "show", id=ids_of(before)[0])
    assert [each["spoiler"] for each in gallery_of(answer_of(again))] == [True]


# What waits falls under the rules of the moment at which it begins


async def test_a_rule_holds_for_what_waits_and_who_asked_is_told_and_not_charged(env: DiscordEnv):
    env.engine.hold()
    first = await env.ada.slash(env.channel, "imagine", prompt="a fox", size=SMALL)
    await env.held()
    second = await env.ming.slash(env.channel, "imagine", prompt="a hare", size=SMALL)
    third = await env.ming.slash(env.channel, "imagine", prompt="an owl", size=SMALL)
    await set_rules(env, f'[member.{env.ming.id}]\nuse.imagine = "deny"')
    env.engine.release()
    await env.idle()
    assert ids_of(first.response)
    assert [each.prompt for each in env.engine.drawn] == ["a fox"]
    for refused in (second, third):
        assert refused.response is None
        [told] = refused.followups
        assert told.ephemeral
        assert "A moderator of this server has stopped you from using this bot" in texts_of(told)
    assert charged(env) == 1


@pytest.mark.parametrize(
    "rules", ['[server]\nspoiler = "on"', '[server]\nwords = "spoiler"\nown_words = ["hare"]']
)
async def test_what_waits_is_hidden_where_a_rule_hides_it_meanwhile(env: DiscordEnv, rules: str):
    env.engine.hold()
    await env.ada.slash(env.channel, "imagine", prompt="a fox", size=SMALL)
    await env.held()
    waiting = await env.ming.slash(env.channel, "imagine", prompt="a hare", size=SMALL)
    await set_rules(env, rules)
    env.engine.release()
    await env.idle()
    assert [each["spoiler"] for each in gallery_of(waiting.response)] == [True]
    await set_rules(env, "")
    again = await env.ada.slash(env.channel, "show", id=ids_of(waiting.response)[0])
    assert [each["spoiler"] for each in gallery_of(answer_of(again))] == [True]


class GatedEngine(SteeredEngine):
    """An engine that waits at the first or the last step of some images."""

    def __init__(self, engine: Any, *gates: tuple[str, int]) -> None:
        super().__init__(engine)
        self.gates = {each: threading.Event() for each in gates}
        self.reached = {each: threading.Event() for each in gates}

    def draw(self, task: DrawTask, *, on_step: Any = None, cancel: Any = None) -> Any:
        def gated(step: Step) -> None:
            on_step(step)
            gate = task.request.prompt, step.number - step.total if step.number > 1 else 1
            if gate in self.gates:
                self.reached[gate].set()
                self.gates[gate].wait(PATIENCE_S)

        self.drawn.append(task.request)
        return self._engine.draw(task, on_step=gated, cancel=cancel)

    def release(self) -> None:
        for gate in self.gates.values():
            gate.set()

    async def reaches(self, prompt: str, step: int) -> None:
        """Wait for a step of an image: 1 is its first, 0 its last."""
        assert await asyncio.to_thread(self.reached[prompt, step].wait, PATIENCE_S)


async def test_what_waits_in_the_slot_already_is_called_back(
    settings: Settings, engine: SteeredEngine
):
    gated = GatedEngine(engine._engine, ("first", 1), ("a fox", 1), ("a fox", 0))
    async with open_env(settings, gated) as env:
        await env.ada.slash(env.channel, "imagine", prompt="first", size=SMALL)
        await gated.reaches("first", 1)
        await env.ada.slash(env.channel, "imagine", prompt="a fox", size=SMALL)
        waiting = await env.ming.slash(env.channel, "imagine", prompt="a hare", size=SMALL)
        gated.gates["first", 1].set()
        await gated.reaches("a fox", 1)
        await env.until(lambda: len(env.images()) == 1)
        gated.gates["a fox", 1].set()
        await gated.reaches("a fox", 0)
        [worker] = env.service._dispatcher.workers
        assert worker.waiting is not None, "the hare is in the slot"
        await set_rules(env, '[server]\nqualities = ["final"]')
        gated.gates["a fox", 0].set()
        await env.idle()
        assert [each.prompt for each in env.engine.drawn] == ["first", "a fox"]
        [told] = waiting.followups
        assert "The quality 'standard' is not allowed here" in texts_of(told)


async def test_a_rule_that_is_milder_again_lets_draw(env: DiscordEnv):
    env.engine.hold()
    await env.ada.slash(env.channel, "imagine", prompt="a fox", size=SMALL)
    await env.held()
    await set_rules(env, '[server]\nqualities = ["final"]')
    await set_rules(env, "")
    waiting = await env.ming.slash(env.channel, "imagine", prompt="a hare", size=SMALL)
    env.engine.release()
    await env.idle()
    assert ids_of(waiting.response)


# What is neither a command nor a button


async def test_a_star_of_somebody_who_may_use_no_boards_hangs_nothing(env: DiscordEnv):
    await create(env, channel=None)
    await env.moderator.slash(env.channel, "board star", enabled=True, board="Spring")
    await env.imagine()
    await set_rules(env, f'[channel.{env.channel.id}]\nuse.board = "deny"')
    await env.ming.react(env.channel.last_message, "⭐")
    await set_rules(env, "")
    assert (await board_of(env)).items == ()
    await env.ada.react(env.channel.last_message, "⭐")
    assert len((await board_of(env)).items) == 1


@pytest.fixture
def operators(settings: Settings, tmp_path: Path) -> Settings:
    path = tmp_path / "operator.toml"
    path.write_text('[operator]\nuse.inspect = "deny"\nmax_side = 192\nquota_day = 1\n')
    return settings.model_copy(update={"rules_file": path})


async def test_what_the_operator_does_not_allow_no_server_does(
    operators: Settings, engine: SteeredEngine
):
    async with open_env(operators, engine) as env:
        await set_rules(env, "[server]\nuse.inspect = 'allow'\nmax_side = 512\nquota_day = 50")
        refused = await env.ada.slash(env.channel, "inspect", image=("a.png", b""))
        assert private_sentence(refused) == (
            "The operator of this bot does not let you use 'inspect' here."
        )
        large = await env.ada.slash(env.channel, "imagine", prompt="x", size="256x256")
        assert "a side may have 192 pixels" in texts_of(answer_of(large))
        assert "**0 of 1**" in texts_of(answer_of(await env.ada.slash(env.channel, "quota show")))
        why = await add_manager(env).slash(env.channel, "settings explain", rule="max_side")
        assert "= 192 pixels: no more than the bot's operator allows; this server says 512" in (
            texts_of(answer_of(why))
        )


async def test_a_banned_member_still_cancels_deletes_and_sees_their_quota(env: DiscordEnv):
    message = await env.imagine(who=env.ada)
    env.engine.hold()
    await env.imagine_unwaited(env.ming, "a hare")
    await env.held()
    await env.imagine_unwaited(env.ada, "a fox")
    await set_rules(env, f'[member.{env.ada.id}]\nuse = "deny"')
    [job] = [
        each.job.id
        for each in env.service.jobs.queue(viewer=env.viewer())
        if each.job.origin.user_id == env.ada.id
    ]
    for command, options in (("quota show", {}), ("help", {}), ("cancel", {"job": job})):
        result = await env.ada.slash(env.channel, command, **options)
        assert "has stopped you" not in texts_of(answer_of(result)), command
    deleted = await env.ada.click(message, custom_id=f"zib:delete:{ids_of(message)[0]}")
    assert "Deleted" in texts_of(answer_of(deleted))
    env.engine.release()
    await env.idle()
