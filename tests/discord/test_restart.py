"""A bot that was stopped goes on where it was, for the same people, in the same messages."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import BotError
from bot.storage import Store
from tests.support.discord_env import SMALL, DiscordEnv, SteeredEngine, ids_of, texts_of

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture
async def left(env: DiscordEnv):
    """Leave a job behind that was acknowledged, by a worker that draws nothing any more."""
    env.service._work.cancel()
    return await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL, seed=5)


async def test_a_waiting_job_is_taken_up_again_in_its_message(
    env: DiscordEnv, engine: SteeredEngine, left
):
    engine.hold()
    await env.start_again()
    assert "Taken up again after a restart" in texts_of(left.response)
    engine.release()
    await env.idle()
    assert ids_of(left.response)
    assert "seed `5`" in texts_of(left.response)
    assert len(env.images()) == 1


async def test_a_token_that_died_meanwhile_loses_nothing(env: DiscordEnv, left):
    await env.simcord.advance_time(16 * 60)
    await env.start_again()
    await env.idle()
    assert ids_of(left.response), "the bot edits its message itself"
    assert len(env.images()) == 1


async def test_a_message_that_was_deleted_meanwhile_is_posted_anew(env: DiscordEnv, left):
    await env.moderator.delete(left.response)
    await env.start_again()
    await env.idle()
    [message] = env.images()
    assert "a red apple" in texts_of(message)


def close_the_channel(env: DiscordEnv) -> None:
    for method, path in (
        ("PATCH", "/webhooks/*"),
        ("PATCH", "/channels/*"),
        ("POST", "/channels/*"),
    ):
        env.simcord.inject_error(method, path, status=403, code=50013, times=None)


async def test_what_was_made_but_not_posted_is_posted_without_drawing_again(
    env: DiscordEnv, engine: SteeredEngine
):
    close_the_channel(env)
    result = await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL)
    await env.idle()
    assert ids_of(result.response) == []
    env.simcord.backend.faults.clear()
    drawn = len(engine.drawn)
    await env.start_again()
    await env.idle()
    assert ids_of(result.response)
    assert len(engine.drawn) == drawn


async def test_a_message_that_may_not_be_edited_now_is_not_posted_a_second_time(
    env: DiscordEnv,
):
    """It may show the images already, where only the answer to an edit was lost."""
    for path in ("/webhooks/*", "/channels/*"):
        env.simcord.inject_error("PATCH", path, status=403, code=50013, times=None)
    result = await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL)
    await env.idle()
    assert env.images() == []
    assert await states(env) == ["made"]
    env.simcord.backend.faults.clear()
    await env.start_again()
    await env.idle()
    assert ids_of(result.response)
    assert len(env.images()) == 1


async def test_an_acknowledgement_whose_id_was_never_recorded_is_found_by_its_token(
    env: DiscordEnv, left
):
    await env.crash()
    await forget_the_message(env)
    await env.start_again()
    await env.idle()
    assert ids_of(left.response)
    assert len(env.images()) == 1


async def test_a_deleted_acknowledgement_whose_id_was_never_recorded_is_not_taken_for_none(
    env: DiscordEnv, left
):
    await env.crash()
    await forget_the_message(env)
    await env.moderator.delete(left.response)
    await env.start_again()
    await env.idle()
    [message] = env.images()
    assert "a red apple" in texts_of(message)


async def test_images_that_were_posted_but_not_recorded_are_found_and_not_posted_again(
    env: DiscordEnv, left
):
    """The crash came between Discord's post and the row that says so; every token is dead."""
    await env.moderator.delete(left.response)
    await env.start_again()
    await env.idle()
    [posted] = env.images()
    await env.crash()
    await forget_the_message(env, state="made")
    await env.simcord.advance_time(16 * 60)
    await env.start_again()
    await env.idle()
    [still_one] = env.images()
    assert still_one.id == posted.id
    assert await states(env) == ["posted"]


async def forget_the_message(env: DiscordEnv, *, state: str = "queued") -> None:
    """Put the last job's row back to what it was before its message's id was recorded."""
    async with opened_store(env) as store, store.database.transaction() as db:
        await db.execute("UPDATE jobs SET message_id = NULL, state = ?", (state,))


async def states(env: DiscordEnv) -> list[str]:
    async with opened_store(env) as store:
        return [row["state"] for row in await store.database.rows("SELECT state FROM jobs")]


def opened_store(env: DiscordEnv) -> Store:
    data = env.settings.data_dir
    return Store(data / "bot.sqlite3", images=data / "images")


async def test_who_waits_is_told_that_the_bot_stops(env: DiscordEnv, engine: SteeredEngine):
    engine.hold()
    running = await env.ada.slash(env.channel, "imagine", prompt="one", size=SMALL)
    await env.held()
    waiting = await env.ming.slash(env.channel, "imagine", prompt="two", size=SMALL)
    stopping = asyncio.create_task(env.service.stop())
    await env.until(lambda: "place is kept" in texts_of(waiting.response))
    engine.release()
    await stopping
    assert ids_of(running.response)
    assert not ids_of(waiting.response)
    await env.start_again()
    await env.idle()
    assert ids_of(waiting.response)


async def test_an_image_whose_channel_is_gone_is_kept_and_its_user_is_told(
    env: DiscordEnv, engine: SteeredEngine
):
    engine.hold()
    await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL)
    await env.held()
    await env.simcord.advance_time(16 * 60)
    env.simcord.inject_error("PATCH", "/channels/*", status=404, code=10003, times=None)
    env.simcord.inject_error(
        "GET", f"/channels/{env.channel.id}*", status=404, code=10003, times=None
    )
    env.simcord.inject_error(
        "POST", f"/channels/{env.channel.id}/*", status=404, code=10003, times=None
    )
    engine.release()
    await env.idle()
    assert await states(env) == ["failed"]
    [message] = env.ada.user.dm_channel.history()
    assert "is made and kept" in texts_of(message)
    [made] = (await env.service.images.history(viewer=env.viewer())).generations
    assert made.id in texts_of(message)


async def test_a_place_is_corrected_while_it_is_waited_for(
    env: DiscordEnv, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.services.queue_view.CORRECT_EVERY_S", 0.01)
    monkeypatch.setattr("bot.services.queue_view.SHOWN_AT_LEAST_S", 0.0)
    await env.start_again()
    engine.hold()
    first = await env.ada.slash(env.channel, "imagine", prompt="one", size=SMALL)
    await env.held()
    second = await env.ming.slash(env.channel, "imagine", prompt="two", size=SMALL)
    third = await env.moderator.slash(env.channel, "imagine", prompt="three", size=SMALL)
    assert "Number 2 in line" in texts_of(third.response)
    await env.ming.click(second.response, label="Cancel")
    await env.until(lambda: "Next in line" in texts_of(third.response))
    engine.release()
    await env.idle()
    assert ids_of(first.response)
    assert ids_of(third.response)


async def test_a_failure_nobody_could_be_told_of_is_told_by_the_next_start(
    env: DiscordEnv, engine: SteeredEngine
):
    engine.failure = BotError("The model returned no picture.")
    for method in ("POST", "PATCH", "DELETE"):
        env.simcord.inject_error(method, "/webhooks/*", status=400, code=0, times=None)
        env.simcord.inject_error(method, "/channels/*", status=400, code=0, times=None)
    env.expected_errors.append(Exception)
    result = await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL)
    await env.idle()
    assert "no picture" not in texts_of(result.response)
    env.simcord.backend.faults.clear()
    await env.start_again()
    await env.idle()
    assert "returned no picture" in texts_of(result.response)
    assert await states(env) == ["failed"]


async def test_a_cancelled_job_whose_message_stayed_is_taken_away_by_the_next_start(
    env: DiscordEnv, left
):
    env.simcord.inject_error("DELETE", "/webhooks/*", status=400, code=0, times=None)
    env.expected_errors.append(Exception)
    await env.ada.slash(env.channel, "cancel")
    await env.idle()
    assert left.response is not None
    env.simcord.backend.faults.clear()
    await env.start_again()
    await env.idle()
    assert left.response is None
    assert await states(env) == ["cancelled"]
