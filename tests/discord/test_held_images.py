"""Images that are stored, and not posted before a moderator has looked at them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.services.restoration import RestoreOptions, restore
from bot.settings import Settings
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    SteeredEngine,
    answer_of,
    gallery_of,
    ids_of,
    labels_of,
    open_env,
    private_sentence,
    texts_of,
)
from tests.support.moderation_env import logged, press, rule
from tests.support.steered_classifier import SteeredClassifier

pytest_plugins = ["tests.support.bot_fixtures", "tests.support.moderation_fixtures"]


@pytest.fixture
async def env(
    settings: Settings, engine: SteeredEngine, check: SteeredClassifier
) -> AsyncIterator[DiscordEnv]:
    async with open_env(settings, engine, classifier=lambda: check) as env:
        await rule(env, pictures="ask")
        yield env


async def hold_image(env: DiscordEnv, check: SteeredClassifier) -> str:
    """Let an image be drawn that the check takes for unsuitable; return its id."""
    check.unsafe = [0.93]
    await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL)
    await env.idle()
    [row] = await env.service._store.database.rows("SELECT id FROM generations")
    image_id: str = row["id"]
    return image_id


async def test_nobody_finds_them_and_a_moderator_sees_them_alone(
    env: DiscordEnv, log: Any, check: SteeredClassifier
):
    image_id = await hold_image(env, check)
    message = await logged(env, log, "May these images be posted?")
    assert "The picture check found it unsuitable (0.93)." in texts_of(message)
    assert labels_of(message)[:3] == ["Show", "Post", "Refuse"]
    assert gallery_of(message) == []
    for who in (env.ada, env.moderator):
        for command, options in (("show", {"id": image_id}), ("history", {})):
            result = await who.slash(env.channel, command, **options)
            assert image_id not in texts_of(answer_of(result)) or command == "show"
            assert gallery_of(answer_of(result)) == []
    shown = answer_of(await press(env, env.moderator, message, "Show"))
    assert shown.ephemeral
    assert [each["spoiler"] for each in gallery_of(shown)] == [True]


async def test_they_are_posted_once_they_are_approved_also_after_a_crash(
    env: DiscordEnv, log: Any, check: SteeredClassifier
):
    image_id = await hold_image(env, check)
    await env.start_again()
    await env.idle()
    assert env.images() == []
    message = await logged(env, log, "May these images be posted?")
    await press(env, env.moderator, message, "Post")
    await env.idle()
    assert [ids_of(each) for each in env.images()] == [[image_id]]
    result = await env.ming.slash(env.channel, "show", id=image_id)
    assert ids_of(result.response) == [image_id]


async def test_refused_ones_are_deleted_and_their_requester_is_told(
    env: DiscordEnv, log: Any, check: SteeredClassifier
):
    image_id = await hold_image(env, check)
    message = await logged(env, log, "May these images be posted?")
    await press(env, env.moderator, message, "Refuse")
    await env.idle()
    assert env.channel.history() == []
    assert await env.service._store.generations.find(image_id, None) is None


async def test_where_no_moderator_reads_they_end_at_once(env: DiscordEnv, check: SteeredClassifier):
    check.unsafe = [0.93]
    result = await env.ada.slash(env.channel, "imagine", prompt="a red apple", size=SMALL)
    await env.idle()
    assert "has no log channel that I can write to" in private_sentence(result)
    [row] = await env.service._store.database.rows("SELECT id FROM generations")
    image_id = row["id"]
    assert await env.service._store.generations.find(image_id, None) is None


async def test_of_an_age_restricted_channel_they_are_shown_in_such_a_one(
    env: DiscordEnv, log: Any, check: SteeredClassifier
):
    await env.mark(env.channel, nsfw=True)
    await hold_image(env, check)
    message = await logged(env, log, "May these images be posted?")
    refused = await press(env, env.moderator, message, "Show")
    assert "age-restricted" in private_sentence(refused)
    await env.mark(log, nsfw=True)
    shown = answer_of(await press(env, env.moderator, message, "Show"))
    assert gallery_of(shown)


async def test_they_stay_out_of_sight_where_the_database_is_lost_and_restored(
    env: DiscordEnv, log: Any, check: SteeredClassifier
):
    image_id = await hold_image(env, check)
    await env.crash()
    data = env.settings.data_dir
    for path in data.glob("bot.sqlite3*"):
        path.unlink()
    await restore(data, RestoreOptions(), quarantine_days=30, progress=lambda *_: None)
    await env.start_again()
    await env.idle()
    assert env.images() == []
    answer = await env.ada.slash(env.channel, "show", id=image_id)
    assert "There is no image" in private_sentence(answer)
