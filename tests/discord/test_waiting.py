"""/queue and /cancel: the line as it is, and a cancel that tells the truth."""

from __future__ import annotations

from tests.support.discord_env import SMALL, DiscordEnv, ids_of, private_sentence, texts_of

pytest_plugins = ["tests.support.bot_fixtures"]


async def start(env: DiscordEnv, who, prompt: str):
    return await who.slash(env.channel, "imagine", prompt=prompt, size=SMALL)


def job_of(result) -> str:
    [button] = [
        each
        for row in result.response.components[0]["components"]
        if row["type"] == 1
        for each in row["components"]
    ]
    return button["custom_id"].removeprefix("zib:cancel:")


async def test_the_queue_shows_who_is_before_me(env: DiscordEnv):
    env.engine.hold()
    await start(env, env.ada, "a red apple")
    await env.held()
    await start(env, env.ada, "a blue rocket")
    await start(env, env.ming, "a green tree")
    words = private_sentence(await env.ming.slash(env.channel, "queue"))
    lines = words.splitlines()
    assert len(lines) == 4
    assert "a red apple" in lines[1]
    assert f"<@{env.ada.id}>" in lines[1]
    assert "**you**" in "".join(lines[2:])


async def test_an_empty_queue_says_so(env: DiscordEnv):
    assert "Nobody is waiting" in private_sentence(await env.ada.slash(env.channel, "queue"))


async def test_a_prompt_of_another_server_is_not_shown(env: DiscordEnv):
    elsewhere = env.simcord.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("pictures")
    stranger = elsewhere.add_member(env.simcord.create_user("eve"))
    env.engine.hold()
    await start(env, env.ada, "a secret apple")
    words = private_sentence(await stranger.slash(channel, "queue"))
    assert "secret" not in words
    assert str(env.ada.id) not in words


async def test_cancel_of_a_waiting_job_draws_nothing(env: DiscordEnv):
    env.engine.hold()
    await start(env, env.ada, "a red apple")
    await env.held()
    waiting = await start(env, env.ada, "a blue rocket")
    answer = private_sentence(await env.ada.slash(env.channel, "cancel"))
    assert "was waiting and is cancelled" in answer
    env.engine.release()
    await env.idle()
    assert waiting.response is None, "nothing of it is left in the channel"
    assert [request.prompt for request in env.engine.drawn] == ["a red apple"]


async def test_cancel_of_a_running_job_stops_it_at_the_next_step(env: DiscordEnv):
    env.engine.hold()
    running = await start(env, env.ada, "a red apple")
    await env.held()
    answer = private_sentence(await env.ada.click(running.response, label="Cancel"))
    assert "stops at the next step" in answer
    env.engine.release()
    await env.idle()
    assert running.response is None, "nothing of it is left in the channel"
    assert env.engine.drawn == []
    assert env.images() == []


async def test_cancel_comes_too_late_for_a_finished_job(env: DiscordEnv):
    env.engine.hold()
    result = await start(env, env.ada, "a red apple")
    job = job_of(result)
    env.engine.release()
    await env.idle()
    answer = private_sentence(await env.ada.slash(env.channel, "cancel", job=job))
    assert "already finished" in answer
    assert ids_of(result.response)


async def test_only_the_requester_and_moderators_cancel(env: DiscordEnv):
    env.engine.hold()
    result = await start(env, env.ada, "a red apple")
    await env.held()
    refusal = private_sentence(await env.ming.click(result.response, label="Cancel"))
    assert "belongs to somebody else" in refusal
    answer = private_sentence(await env.moderator.click(result.response, label="Cancel"))
    assert "stops at the next step" in answer
    await env.idle()
    told = result.followups[-1]
    assert told.ephemeral
    assert "A moderator cancelled this" in texts_of(told)


async def test_cancel_of_nothing_and_of_the_unknown(env: DiscordEnv):
    assert "nothing in line" in private_sentence(await env.ada.slash(env.channel, "cancel"))
    answer = private_sentence(await env.ada.slash(env.channel, "cancel", job="zzzzzz"))
    assert "no waiting or running job `zzzzzz`" in answer


async def test_own_jobs_are_offered_to_cancel(env: DiscordEnv):
    env.engine.hold()
    result = await start(env, env.ada, "a red apple")
    await start(env, env.ming, "a blue rocket")
    [choice] = await env.ada.autocomplete(env.channel, "cancel", "job", "")
    assert choice["value"] == job_of(result)
    assert "a red apple" in choice["name"]
