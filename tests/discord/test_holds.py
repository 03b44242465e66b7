"""What is sent to moderators first: held, decided once, told, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.jobs import CancelOutcome, JobSource, now
from bot.domain.moderation import Decision
from bot.domain.requests import ImageRequest, Size
from bot.errors import BotError
from bot.services.maintenance import sweep_sources
from tests.discord.test_bad_pictures import age_files
from tests.support.boards_env import picture
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
)
from tests.support.hidden_things import Silent
from tests.support.moderation_env import buttons, log_channel, logged, press, rule
from tests.support.viewers import viewer_at

pytest_plugins = ["tests.support.bot_fixtures", "tests.support.moderation_fixtures"]


@pytest.fixture
async def log(env: DiscordEnv, log: Any) -> Any:
    """Return a log channel that not everyone may view; unwanted words go there."""
    await rule(env, words="ask")
    return log


async def held(env: DiscordEnv, who: Any = None, prompt: str = "a nude statue") -> Any:
    """Ask for something that a moderator has to look at; return the public message."""
    return await (who or env.ada).slash(env.channel, "imagine", prompt=prompt, size=SMALL)


async def decide(env: DiscordEnv, message: Any, decision: Decision) -> None:
    """Decide what a message of before is about, as a moderator whose screen is not up to date."""
    number = int(re.findall(r"#(\d+)", texts_of(message))[0])
    viewer = replace(env.viewer(env.moderator), is_moderator=True)
    await env.service.cases.decide(number, decision, viewer=viewer)


async def test_the_picture_that_it_begins_with_waits_with_it(env: DiscordEnv, log: Any):
    asked = await env.ada.slash(
        env.channel, "imagine", prompt="a nude statue", size=SMALL, source=("a.png", picture(1))
    )
    age_files(env.settings.data_dir / "sources")
    await sweep_sources(env.service._store)
    await env.start_again()
    await decide(env, await logged(env, log, "May this be drawn?"), Decision.APPROVED)
    await env.idle()
    [id_] = ids_of(asked.response)
    image = await env.service.images.find(id_, viewer=env.viewer())
    assert image is not None
    assert image.relation == "source"
    assert len(image.request.operation.inputs) == 1


async def test_it_is_acknowledged_without_its_words_and_moderators_read_them(
    env: DiscordEnv, log: Any
):
    asked = await held(env)
    assert "A moderator looks at it first." in texts_of(asked.response)
    assert "statue" not in texts_of(asked.response)
    assert labels_of(asked.response) == ["Cancel"]
    message = await logged(env, log, "May this be drawn?")
    assert "a nude statue" in texts_of(message)
    assert "Its prompt has 'nude'." in texts_of(message)
    assert labels_of(message) == ["Approve", "Refuse", "Refuse and warn", "Refuse and ban"]
    assert env.engine.drawn == []
    assert env.service.jobs.queue(viewer=env.viewer()) == []


async def test_an_approved_job_is_drawn_once_and_the_second_moderator_is_told_who(
    env: DiscordEnv, log: Any
):
    asked = await held(env)
    message = await logged(env, log, "May this be drawn?")
    told = private_sentence(await press(env, env.moderator, message, "Approve"))
    assert told.endswith(": approved.")
    await env.idle()
    assert ids_of(asked.response)
    with pytest.raises(BotError, match=r"That was decided before, by grace: approved\."):
        await decide(env, message, Decision.REFUSED)
    assert [each.prompt for each in env.engine.drawn] == ["a nude statue"]
    message = await logged(env, log, "approved")
    assert labels_of(message) == []


async def test_a_refused_job_is_told_in_private_and_costs_nothing(env: DiscordEnv, log: Any):
    await rule(env, quota_day=1)
    asked = await held(env)
    message = await logged(env, log, "May this be drawn?")
    await press(env, env.moderator, message, "Refuse")
    await env.idle()
    [told] = asked.followups
    assert told.ephemeral
    assert "A moderator of this server decided against it." in texts_of(told)
    assert labels_of(told) == ["Appeal"]
    assert asked.response is None
    assert await env.imagine(prompt="a harmless statue")  # the day's only image is still there
    assert [each.prompt for each in env.engine.drawn] == ["a harmless statue"]


async def test_members_may_not_decide(env: DiscordEnv, log: Any):
    await held(env)
    message = await logged(env, log, "May this be drawn?")
    for label in buttons(message):
        result = await press(env, env.ming, message, label)
        assert "Only moderators of this server can do that" in private_sentence(result)
    await env.idle()
    assert env.engine.drawn == []


async def test_its_requester_cancels_it_by_button_or_command(env: DiscordEnv, log: Any):
    for cancel in ("button", "command"):
        asked = await held(env)
        message = await logged(env, log, "May this be drawn?")
        if cancel == "button":
            await env.ada.click(asked.response, label="Cancel")
        else:
            await env.ada.slash(env.channel, "cancel")
        await env.idle()
        assert asked.response is None
        with pytest.raises(BotError, match="That was decided before, by ada: cancelled"):
            await decide(env, message, Decision.APPROVED)
    assert env.engine.drawn == []


@pytest.mark.parametrize("how", ["none", "not writable", "gone"])
async def test_without_a_log_channel_nobody_waits_in_vain(env: DiscordEnv, log: Any, how: str):
    if how == "none":
        await rule(env, log_channel=None)
    elif how == "gone":
        env.simcord.backend.delete_channel(log.id)
    else:
        await rule(env, log_channel=str(log_channel(env, may_write=False).id))
    await env.simcord.settle()
    result = await held(env)
    assert "has no log channel that I can write to" in private_sentence(result)
    assert await env.service.jobs.held(viewer=env.viewer(env.ada)) == []


async def test_it_outlives_a_crash_and_the_token(env: DiscordEnv, log: Any):
    asked = await held(env)
    message = await logged(env, log, "May this be drawn?")
    await env.start_again()
    await env.idle()
    assert env.engine.drawn == []
    await env.simcord.advance_time(1200)
    await press(env, env.moderator, message, "Approve")
    await env.idle()
    assert ids_of(env.images()[-1])
    assert ids_of(asked.response) == ids_of(env.images()[-1])


async def test_what_was_approved_before_a_crash_is_drawn_after_it(env: DiscordEnv, log: Any):
    await env.moderator.slash(env.channel, "jobs pause")
    await held(env)
    message = await logged(env, log, "May this be drawn?")
    await press(env, env.moderator, message, "Approve")
    await env.start_again()
    await env.moderator.slash(env.channel, "jobs resume")
    await env.idle()
    assert [each.prompt for each in env.engine.drawn] == ["a nude statue"]


async def test_it_ends_after_a_week(env: DiscordEnv, log: Any):
    asked = await held(env)
    await logged(env, log, "May this be drawn?")
    await env.service.system.holds.expire(now())
    await env.idle()
    assert "No moderator of this server looked at it" in texts_of(asked.followups[-1])
    await logged(env, log, "nobody looked at it for a week")


async def test_so_many_may_be_held_for_one_member(env: DiscordEnv, log: Any):
    for _ in range(5):
        await held(env)
    result = await held(env)
    assert "5 of your jobs wait for a moderator" in private_sentence(result)


async def test_what_waited_when_the_rule_came_is_not_drawn_unasked(env: DiscordEnv):
    channel = env.guild.create_text_channel("log")
    await env.moderator.slash(env.channel, "jobs pause")
    asked = await held(env)
    await rule(env, words="ask", log_channel=str(channel.id))
    await env.moderator.slash(env.channel, "jobs resume")
    await env.idle()
    assert env.engine.drawn == []
    assert "a moderator has to look at this prompt first" in texts_of(answer_of(asked))


async def test_where_everyone_reads_the_log_channel_words_are_shown_to_moderators_only(
    env: DiscordEnv,
):
    channel = env.guild.create_text_channel("log")
    await rule(env, words="ask", log_channel=str(channel.id))
    await held(env)
    message = await logged(env, channel, "May this be drawn?")
    assert "statue" not in texts_of(message)
    assert "nude" not in texts_of(message)
    shown = await press(env, env.moderator, message, "Show")
    assert "a nude statue" in private_sentence(shown)
    refused = await press(env, env.ming, message, "Show")
    assert "Only moderators" in private_sentence(refused)


async def test_a_penalty_ends_the_job_and_is_told(env: DiscordEnv, log: Any):
    await held(env)
    message = await logged(env, log, "May this be drawn?")
    form = await press(env, env.moderator, message, "Refuse and ban")
    await env.moderator.submit_modal(form, {"for": ["7d"], "why": "We said no."})
    await env.idle()
    direct = await logged(env, env.ada.user.dm_channel, "has stopped you")
    assert "We said no." in texts_of(direct)
    result = await env.ada.slash(env.channel, "imagine", prompt="a fox", size=SMALL)
    assert "A moderator of this server has stopped you" in private_sentence(result)
    assert labels_of(answer_of(result)) == ["Appeal"]
    assert env.engine.drawn == []


async def test_a_message_that_somebody_deletes_from_the_log_comes_again(env: DiscordEnv, log: Any):
    await held(env)
    message = await logged(env, log, "May this be drawn?")
    await env.moderator.delete(message)
    again = await logged(env, log, "May this be drawn?")
    assert again.id != message.id
    await press(env, env.moderator, again, "Approve")
    await env.idle()
    assert [each.prompt for each in env.engine.drawn] == ["a nude statue"]
    decided = await logged(env, log, "approved")
    assert decided.id == again.id
    await env.moderator.delete(decided)
    assert log.history() == []


async def test_of_many_decisions_at_once_one_counts(env: DiscordEnv, log: Any):
    await held(env)
    message = await logged(env, log, "May this be drawn?")
    choices = [Decision.APPROVED, Decision.REFUSED, Decision.APPROVED, Decision.WARNED]
    results = await asyncio.gather(
        *(decide(env, message, each) for each in choices),
        env.service.jobs.cancel(await job_id(env), viewer=env.viewer(env.ada)),
        return_exceptions=True,
    )
    await env.idle()
    failed = [each for each in results if isinstance(each, BotError)]
    outcomes = [each for each in results if isinstance(each, CancelOutcome)]
    assert len(failed) >= len(choices) - 1
    assert len(env.engine.drawn) <= 1
    assert len(outcomes) == 1


async def job_id(env: DiscordEnv) -> str:
    [job] = await env.service.jobs.held(viewer=env.viewer(env.ada))
    return job.id


async def test_of_many_at_once_so_many_are_held_as_may_be(env: DiscordEnv, log: Any):
    requests = [ImageRequest(prompt="gore", seed=1, size=Size(width=128, height=128))]
    origin = JobSource(
        guild_id=env.guild.id, channel_id=env.channel.id, user_id=env.ada.id, user_name="ada",
        locale="en-US", application_id=3, token=None, expires_at=now(),
    )  # fmt: skip
    results = await asyncio.gather(
        *(
            env.service.jobs.submit(requests, origin, viewer=viewer_at(origin), reply=Silent())
            for _ in range(30)
        ),
        return_exceptions=True,
    )
    assert sum(each is None for each in results) == 5
    assert all(each is None or isinstance(each, BotError) for each in results)
    assert len(await env.service.jobs.held(viewer=env.viewer(env.ada))) == 5
