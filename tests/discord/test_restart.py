"""A bot that was stopped goes on where it was, for the same people, in the same messages."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import BotError
from bot.storage import Store
from tests.support.discord_env import SMALL, SteeredEngine, Town, ids_of, texts_of

pytest_plugins = ["tests.support.bot_fixtures"]


@pytest.fixture
async def left(town: Town):
    """Leave a job behind that was acknowledged, by a worker that draws nothing any more."""
    town.service._work.cancel()
    return await town.ada.slash(town.channel, "imagine", prompt="a red apple", size=SMALL, seed=5)


async def test_a_waiting_job_is_taken_up_again_in_its_message(
    town: Town, engine: SteeredEngine, left
):
    engine.hold()
    await town.start_again()
    assert "Taken up again after a restart" in texts_of(left.response)
    engine.release()
    await town.idle()
    assert ids_of(left.response)
    assert "seed `5`" in texts_of(left.response)
    assert len(town.images()) == 1


async def test_a_token_that_died_meanwhile_loses_nothing(town: Town, left):
    await town.env.advance_time(16 * 60)
    await town.start_again()
    await town.idle()
    assert ids_of(left.response), "the bot edits its message itself"
    assert len(town.images()) == 1


async def test_a_message_that_was_deleted_meanwhile_is_posted_anew(town: Town, left):
    await town.moderator.delete(left.response)
    await town.start_again()
    await town.idle()
    [message] = town.images()
    assert "a red apple" in texts_of(message)


def close_the_channel(town: Town) -> None:
    for method, path in (
        ("PATCH", "/webhooks/*"),
        ("PATCH", "/channels/*"),
        ("POST", "/channels/*"),
    ):
        town.env.inject_error(method, path, status=403, code=50013, times=None)


async def test_what_was_made_but_not_posted_is_posted_without_drawing_again(
    town: Town, engine: SteeredEngine
):
    close_the_channel(town)
    result = await town.ada.slash(town.channel, "imagine", prompt="a red apple", size=SMALL)
    await town.idle()
    assert ids_of(result.response) == []
    town.env.backend.faults.clear()
    drawn = len(engine.drawn)
    await town.start_again()
    await town.idle()
    assert ids_of(result.response)
    assert len(engine.drawn) == drawn


async def test_a_message_that_may_not_be_edited_now_is_not_posted_a_second_time(town: Town):
    """It may show the images already, where only the answer to an edit was lost."""
    for path in ("/webhooks/*", "/channels/*"):
        town.env.inject_error("PATCH", path, status=403, code=50013, times=None)
    result = await town.ada.slash(town.channel, "imagine", prompt="a red apple", size=SMALL)
    await town.idle()
    assert town.images() == []
    assert await states(town) == ["made"]
    town.env.backend.faults.clear()
    await town.start_again()
    await town.idle()
    assert ids_of(result.response)
    assert len(town.images()) == 1


async def test_an_acknowledgement_whose_id_was_never_recorded_is_found_by_its_token(
    town: Town, left
):
    await town.crash()
    await forget_the_message(town)
    await town.start_again()
    await town.idle()
    assert ids_of(left.response)
    assert len(town.images()) == 1


async def test_images_that_were_posted_but_not_recorded_are_found_and_not_posted_again(
    town: Town, left
):
    """The crash came between Discord's post and the row that says so; every token is dead."""
    await town.moderator.delete(left.response)
    await town.start_again()
    await town.idle()
    [posted] = town.images()
    await town.crash()
    await forget_the_message(town, state="made")
    await town.env.advance_time(16 * 60)
    await town.start_again()
    await town.idle()
    [still_one] = town.images()
    assert still_one.id == posted.id
    assert await states(town) == ["posted"]


async def forget_the_message(town: Town, *, state: str = "queued") -> None:
    """Put the last job's row back to what it was before its message's id was recorded."""
    async with opened_store(town) as store, store.database.transaction() as db:
        await db.execute("UPDATE jobs SET message_id = NULL, state = ?", (state,))


async def states(town: Town) -> list[str]:
    async with opened_store(town) as store:
        return [row["state"] for row in await store.database.rows("SELECT state FROM jobs")]


def opened_store(town: Town) -> Store:
    data = town.settings.data_dir
    return Store(data / "bot.sqlite3", images=data / "images")


async def test_who_waits_is_told_that_the_bot_stops(town: Town, engine: SteeredEngine):
    engine.hold()
    running = await town.ada.slash(town.channel, "imagine", prompt="one", size=SMALL)
    await town.held()
    waiting = await town.ming.slash(town.channel, "imagine", prompt="two", size=SMALL)
    stopping = asyncio.create_task(town.service.stop())
    await town.until(lambda: "place is kept" in texts_of(waiting.response))
    engine.release()
    await stopping
    assert ids_of(running.response)
    assert not ids_of(waiting.response)
    await town.start_again()
    await town.idle()
    assert ids_of(waiting.response)


async def test_an_image_whose_channel_is_gone_is_kept_and_its_user_is_told(
    town: Town, engine: SteeredEngine
):
    engine.hold()
    await town.ada.slash(town.channel, "imagine", prompt="a red apple", size=SMALL)
    await town.held()
    await town.env.advance_time(16 * 60)
    town.env.inject_error("PATCH", "/channels/*", status=404, code=10003, times=None)
    town.env.inject_error(
        "GET", f"/channels/{town.channel.id}*", status=404, code=10003, times=None
    )
    town.env.inject_error(
        "POST", f"/channels/{town.channel.id}/*", status=404, code=10003, times=None
    )
    engine.release()
    await town.idle()
    assert await states(town) == ["failed"]
    [message] = town.ada.user.dm_channel.history()
    assert "is made and kept" in texts_of(message)
    [made] = (await town.service.history(viewer=town.viewer())).generations
    assert made.id in texts_of(message)


async def test_a_place_is_corrected_while_it_is_waited_for(
    town: Town, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.services.queue_view.CORRECT_EVERY_S", 0.01)
    monkeypatch.setattr("bot.services.queue_view.SHOWN_AT_LEAST_S", 0.0)
    await town.start_again()
    engine.hold()
    first = await town.ada.slash(town.channel, "imagine", prompt="one", size=SMALL)
    await town.held()
    second = await town.ming.slash(town.channel, "imagine", prompt="two", size=SMALL)
    third = await town.moderator.slash(town.channel, "imagine", prompt="three", size=SMALL)
    assert "Number 2 in line" in texts_of(third.response)
    await town.ming.click(second.response, label="Cancel")
    await town.until(lambda: "Next in line" in texts_of(third.response))
    engine.release()
    await town.idle()
    assert ids_of(first.response)
    assert ids_of(third.response)


async def test_a_failure_nobody_could_be_told_of_is_told_by_the_next_start(
    town: Town, engine: SteeredEngine
):
    engine.failure = BotError("The model returned no picture.")
    for method in ("POST", "PATCH", "DELETE"):
        town.env.inject_error(method, "/webhooks/*", status=400, code=0, times=None)
        town.env.inject_error(method, "/channels/*", status=400, code=0, times=None)
    town.expected_errors.append(Exception)
    result = await town.ada.slash(town.channel, "imagine", prompt="a red apple", size=SMALL)
    await town.idle()
    assert "no picture" not in texts_of(result.response)
    town.env.backend.faults.clear()
    await town.start_again()
    await town.idle()
    assert "returned no picture" in texts_of(result.response)
    assert await states(town) == ["failed"]


async def test_a_cancelled_job_whose_message_stayed_is_taken_away_by_the_next_start(
    town: Town, left
):
    town.env.inject_error("DELETE", "/webhooks/*", status=400, code=0, times=None)
    town.expected_errors.append(Exception)
    await town.ada.slash(town.channel, "cancel")
    await town.idle()
    assert left.response is not None
    town.env.backend.faults.clear()
    await town.start_again()
    await town.idle()
    assert left.response is None
    assert await states(town) == ["cancelled"]
