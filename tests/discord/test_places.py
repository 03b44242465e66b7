"""The bot in threads, forum posts, direct messages, and brought along by a user."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from simcord import interactions as payloads
from simcord.builders import ChannelHandle
from simcord.enums import ChannelType

from bot.domain.viewers import Viewer
from bot.services.retries import RetryPolicy
from tests.discord.test_client import OF_A_SERVER
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
)

pytest_plugins = ["tests.support.bot_fixtures"]

USER_INSTALL = "1"  # the key of the installing user in `authorizing_integration_owners`


def thread_in(env: DiscordEnv, *, private: bool = False) -> ChannelHandle:
    kind = ChannelType.PRIVATE_THREAD if private else ChannelType.PUBLIC_THREAD
    backend = env.simcord.backend
    made = backend.create_thread(env.channel.id, "night sky", env.ada.id, type=kind)
    for member in (env.ming.id, env.moderator.id, backend.bot_user.id):
        backend.add_thread_member(made.id, member)
    return ChannelHandle(env.simcord, env.guild, made)


def post_in(env: DiscordEnv) -> ChannelHandle:
    """Open a post in a forum, which is a thread below a channel without messages of its own."""
    forum = env.guild.create_forum_channel("ideas")
    made = env.simcord.backend.create_thread(forum.id, "a board", env.ada.id)
    return ChannelHandle(env.simcord, env.guild, made)


def private_thread_in(env: DiscordEnv) -> ChannelHandle:
    return thread_in(env, private=True)


@pytest.mark.parametrize("open_place", [thread_in, private_thread_in, post_in])
async def test_everything_works_in_threads_and_forum_posts(env: DiscordEnv, open_place: Any):
    place = open_place(env)
    asked = await env.ada.slash(place, "imagine", prompt="a red apple", size=SMALL, seed=5)
    await env.idle()
    message = asked.response
    assert message._message.channel_id == place.id
    [id_] = ids_of(message)
    again = await env.ming.click(message, label="Same seed")
    await env.idle()
    assert "Pixel for pixel" in texts_of(again.response)
    assert again.response._message.channel_id == place.id
    shown = await env.ada.click(message, label="Edit")
    edited = await env.ada.submit_modal(shown, {"prompt": "a pear", "size": SMALL, "seed": "6"})
    await env.idle()
    assert "a pear" in texts_of(edited.response)
    assert "Recipe of" in texts_of(answer_of(await env.ming.click(message, label="Recipe")))
    assert "a pear" in texts_of(answer_of(await env.ming.slash(place, "history")))
    assert ids_of(answer_of(await env.ming.slash(place, "show", id=id_))) == [id_]
    refused = await env.ming.click(edited.response, label="Delete")
    assert "Only its requester and moderators" in private_sentence(refused)
    deleted = await env.moderator.click(edited.response, label="Delete")
    assert "Deleted" in private_sentence(deleted)


async def test_a_job_in_a_thread_is_cancelled_by_a_moderator(env: DiscordEnv):
    place = thread_in(env)
    env.engine.hold()
    asked = await env.ada.slash(place, "imagine", prompt="a red apple", size=SMALL)
    await env.held()
    answer = await env.moderator.click(asked.response, label="Cancel")
    assert "stops at the next step" in private_sentence(answer)
    env.engine.release()
    await env.idle()
    assert asked.response is None


async def test_a_thread_goes_on_as_the_bot_when_the_token_is_dead(env: DiscordEnv):
    place = thread_in(env)
    env.engine.hold()
    asked = await env.ada.slash(place, "imagine", prompt="a red apple", size=SMALL)
    await env.held()
    await env.simcord.advance_time(16 * 60)
    env.engine.release()
    await env.idle()
    assert ids_of(asked.response)


async def test_direct_messages_are_their_users_own(env: DiscordEnv):
    ada, ming = env.ada.user, env.ming.user
    asked = await ada.slash("imagine", prompt="a secret apple", size=SMALL, seed=5)
    await env.idle()
    message = asked.response
    [id_] = ids_of(message)
    again = await ada.click(message, label="Same seed")
    await env.idle()
    assert "Pixel for pixel" in texts_of(again.response)
    assert "a secret apple" in texts_of(answer_of(await ada.slash("history")))
    assert "a secret apple" not in texts_of(answer_of(await ming.slash("history")))
    assert "There is no image" in private_sentence(await ming.slash("show", id=id_))
    in_guild = await env.ada.slash(env.channel, "show", id=id_)
    assert "There is no image" in private_sentence(in_guild)
    for made in (message, again.response):
        assert "Deleted" in private_sentence(await ada.click(made, label="Delete"))
    assert "Nothing here yet" in texts_of(answer_of(await ada.slash("history")))


async def test_a_job_in_direct_messages_is_seen_and_cancelled_there(env: DiscordEnv):
    env.engine.hold()
    await env.imagine_unwaited(env.ming, "something else")
    await env.held()
    asked = await env.ada.user.slash("imagine", prompt="a secret apple", size=SMALL)
    line = private_sentence(await env.ming.slash(env.channel, "queue"))
    assert "secret" not in line
    assert "somebody elsewhere" in line
    assert "you" in private_sentence(await env.ada.user.slash("queue"))
    answer = private_sentence(await env.ada.user.slash("cancel"))
    assert "was waiting and is cancelled" in answer
    env.engine.release()
    await env.idle()
    assert asked.response is None


@contextlib.contextmanager
def brought_along(env: DiscordEnv, *people: Any) -> Iterator[tuple[Any, ...]]:
    """Yield a channel of a guild that has not invited the bot, and people who brought it there."""
    guild = env.simcord.create_guild("Foreign")
    channel = guild.create_text_channel("chat")
    members = [guild.add_member(each.user) for each in people]
    plain = payloads.base_payload

    def with_owner(backend: Any, **values: Any) -> tuple[Any, dict[str, Any]]:
        record, payload = plain(backend, **values)
        if values["guild_id"] == guild.id:
            owner = str(values["user_id"])
            payload["authorizing_integration_owners"] = {USER_INSTALL: owner}
        return record, payload

    payloads.base_payload = with_owner
    env.bot._connection._guilds.pop(guild.id)
    try:
        yield channel, *members
    finally:
        payloads.base_payload = plain


@pytest.fixture
def foreign(env: DiscordEnv) -> Iterator[Any]:
    """A guild that has not invited the bot, where Ada and Ming have it as their own app."""
    with brought_along(env, env.ada, env.ming) as found:
        channel = found[0]
        for method in ("GET", "POST", "PATCH", "DELETE"):
            for path in (f"/channels/{channel.id}*", f"/channels/{channel.id}/*"):
                env.simcord.inject_error(method, path, status=403, code=50001, times=None)
        yield found


async def test_a_bot_brought_along_answers_by_its_token_and_belongs_to_its_user(
    env: DiscordEnv, foreign: Any
):
    channel, ada, ming = foreign
    asked = await ada.slash(channel, "imagine", prompt="a red apple", size=SMALL, seed=5)
    await env.idle()
    [id_] = ids_of(asked.response)
    assert "Same seed" in labels_of(asked.response)
    assert "a red apple" in texts_of(answer_of(await ada.slash(channel, "history")))
    assert "a red apple" in texts_of(answer_of(await ada.user.slash("history")))
    assert "a red apple" not in texts_of(answer_of(await ming.slash(channel, "history")))
    assert "There is no image" in private_sentence(await ming.slash(channel, "show", id=id_))
    again = await ada.click(asked.response, label="Same seed")
    await env.idle()
    assert "Pixel for pixel" in texts_of(again.response)


async def test_an_image_that_came_too_late_for_a_token_is_kept_and_told_in_private(
    env: DiscordEnv, foreign: Any
):
    env.service._delivery._patience = RetryPolicy(pauses_s=(0.0,))
    channel, ada, _ = foreign
    env.engine.hold()
    await ada.slash(channel, "imagine", prompt="a red apple", size=SMALL)
    await env.held()
    await env.simcord.advance_time(16 * 60)
    env.engine.release()
    await env.until(lambda: bool(ada.user.dm_channel.history()))
    [told] = ada.user.dm_channel.history()
    assert "is made and kept" in texts_of(told)
    [made] = (await env.service.images.history(viewer=Viewer(user_id=ada.id))).generations
    assert made.id in texts_of(told)
    assert ids_of(answer_of(await ada.user.slash("show", id=made.id))) == [made.id]


async def test_a_channel_closed_to_the_bot_is_told_once_the_image_is_there(env: DiscordEnv):
    """The token still posts where the bot itself may not; after it the image waits elsewhere."""
    env.service._delivery._patience = RetryPolicy(pauses_s=(0.0,))
    closed = env.guild.create_text_channel("closed")
    env.simcord.inject_error(
        "PATCH", f"/channels/{closed.id}/*", status=403, code=50013, times=None
    )
    env.simcord.inject_error("POST", f"/channels/{closed.id}/*", status=403, code=50013, times=None)
    by_token = await env.ada.slash(closed, "imagine", prompt="a red apple", size=SMALL)
    await env.idle()
    assert ids_of(by_token.response)
    env.engine.hold()
    await env.ada.slash(closed, "imagine", prompt="a blue pear", size=SMALL)
    await env.held()
    await env.simcord.advance_time(16 * 60)
    env.engine.release()
    await env.until(lambda: bool(env.ada.user.dm_channel.history()))
    assert "I may not post in its channel" in texts_of(env.ada.user.dm_channel.history()[0])


async def test_commands_can_be_used_everywhere_but_moderation_and_boards_only_in_servers(
    env: DiscordEnv,
):
    registered = env.simcord.backend.commands[None].values()
    places = {each["name"]: (each["contexts"], each["integration_types"]) for each in registered}
    for name in OF_A_SERVER:
        assert places.pop(name) == ([0], [0])
    assert set(map(str, places.values())) == {str(([0, 1, 2], [0, 1]))}
