"""/queue and /cancel: the line as it is, and a cancel that tells the truth."""

from __future__ import annotations

from tests.support.discord_env import SMALL, Town, ids_of, private_sentence, texts_of

pytest_plugins = ["tests.support.bot_fixtures"]


async def start(town: Town, who, prompt: str):
    return await who.slash(town.channel, "imagine", prompt=prompt, size=SMALL)


def job_of(result) -> str:
    [button] = [
        each
        for row in result.response.components[0]["components"]
        if row["type"] == 1
        for each in row["components"]
    ]
    return button["custom_id"].removeprefix("zib:cancel:")


async def test_the_queue_shows_who_is_before_me(town: Town):
    town.engine.hold()
    await start(town, town.ada, "a red apple")
    await town.held()
    await start(town, town.ada, "a blue rocket")
    await start(town, town.ming, "a green tree")
    words = private_sentence(await town.ming.slash(town.channel, "queue"))
    lines = words.splitlines()
    assert len(lines) == 4
    assert "a red apple" in lines[1]
    assert f"<@{town.ada.id}>" in lines[1]
    assert "**you**" in "".join(lines[2:])


async def test_an_empty_queue_says_so(town: Town):
    assert "Nobody is waiting" in private_sentence(await town.ada.slash(town.channel, "queue"))


async def test_a_prompt_of_another_server_is_not_shown(town: Town):
    elsewhere = town.env.create_guild("Elsewhere")
    channel = elsewhere.create_text_channel("pictures")
    stranger = elsewhere.add_member(town.env.create_user("eve"))
    town.engine.hold()
    await start(town, town.ada, "a secret apple")
    words = private_sentence(await stranger.slash(channel, "queue"))
    assert "secret" not in words
    assert str(town.ada.id) not in words


async def test_cancel_of_a_waiting_job_draws_nothing(town: Town):
    town.engine.hold()
    await start(town, town.ada, "a red apple")
    await town.held()
    waiting = await start(town, town.ada, "a blue rocket")
    answer = private_sentence(await town.ada.slash(town.channel, "cancel"))
    assert "was waiting and is cancelled" in answer
    town.engine.release()
    await town.idle()
    assert waiting.response is None, "nothing of it is left in the channel"
    assert [request.prompt for request in town.engine.drawn] == ["a red apple"]


async def test_cancel_of_a_running_job_stops_it_at_the_next_step(town: Town):
    town.engine.hold()
    running = await start(town, town.ada, "a red apple")
    await town.held()
    answer = private_sentence(await town.ada.click(running.response, label="Cancel"))
    assert "stops at the next step" in answer
    town.engine.release()
    await town.idle()
    assert running.response is None, "nothing of it is left in the channel"
    assert town.engine.drawn == []
    assert town.images() == []


async def test_cancel_comes_too_late_for_a_finished_job(town: Town):
    town.engine.hold()
    result = await start(town, town.ada, "a red apple")
    job = job_of(result)
    town.engine.release()
    await town.idle()
    answer = private_sentence(await town.ada.slash(town.channel, "cancel", job=job))
    assert "already finished" in answer
    assert ids_of(result.response)


async def test_only_the_requester_and_moderators_cancel(town: Town):
    town.engine.hold()
    result = await start(town, town.ada, "a red apple")
    await town.held()
    refusal = private_sentence(await town.ming.click(result.response, label="Cancel"))
    assert "belongs to somebody else" in refusal
    answer = private_sentence(await town.moderator.click(result.response, label="Cancel"))
    assert "stops at the next step" in answer
    await town.idle()
    told = result.followups[-1]
    assert told.ephemeral
    assert "A moderator cancelled this" in texts_of(told)


async def test_cancel_of_nothing_and_of_the_unknown(town: Town):
    assert "nothing in line" in private_sentence(await town.ada.slash(town.channel, "cancel"))
    answer = private_sentence(await town.ada.slash(town.channel, "cancel", job="zzzzzz"))
    assert "no waiting or running job `zzzzzz`" in answer


async def test_own_jobs_are_offered_to_cancel(town: Town):
    town.engine.hold()
    result = await start(town, town.ada, "a red apple")
    await start(town, town.ming, "a blue rocket")
    [choice] = await town.ada.autocomplete(town.channel, "cancel", "job", "")
    assert choice["value"] == job_of(result)
    assert "a red apple" in choice["name"]
