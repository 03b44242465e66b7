"""The pinned message: current after any change, a restart, and when it or its channel is gone."""

from __future__ import annotations

import time
from dataclasses import replace

import discord

from bot.discord_ui.boards.revision import shown_revision
from bot.discord_ui.client import ImageBot
from bot.services import open_service
from tests.discord.test_places import post_in, private_thread_in
from tests.support.board_channels import (
    add_picture,
    board_of,
    changed,
    create,
    current,
    pinned,
    press,
    said,
    select_of,
)
from tests.support.discord_env import DiscordEnv, answer_of, labels_of, texts_of

pytest_plugins = ["tests.support.bot_fixtures"]


async def test_every_kind_of_change_reaches_the_message(env: DiscordEnv):
    await create(env)
    first = await current(env)
    for seed in (1, 2, 3):
        await add_picture(env, seed)
    await env.ada.slash(env.channel, "board caption", number=2, words="Two")
    await env.moderator.slash(env.channel, "board order", number=3, before=1)
    await env.ming.slash(env.channel, "board vote", number=2)
    await env.moderator.slash(env.channel, "board status", number=1, status="approved")
    message = await current(env)
    assert message.id == first.id
    words = texts_of(message)
    assert "3 pictures · 1 approved · 1 vote" in words
    assert f"<@{env.moderator.id}> set **1** to **Approved**" in words
    options = select_of(message, "zib:s:look")["options"]
    assert [each["label"] for each in options] == ["3 · ada", "1 · ada", "2 · Two"]
    assert options[2]["description"] == "Candidate · ❤️ 1"


async def test_many_changes_at_once_are_few_edits(env: DiscordEnv):
    env.bot.redraw_interval_s = 0.2
    board = await create(env)
    await current(env)
    await add_picture(env)
    board = await board_of(env)
    before = len(env.simcord.http_requests)
    ada = replace(env.viewer(env.ada), user_name="ada")
    began = time.monotonic()
    for i in range(40):
        await env.service.boards.describe(board.id, 1, viewer=ada, caption=f"caption {i}")
    assert "caption 39" in texts_of(await current(env))
    edits = [
        each
        for each in env.simcord.http_requests[before:]
        if each.method == "PATCH" and each.path.endswith(f"/{board.message_id}")
    ]
    assert 1 <= len(edits) <= 2 + (time.monotonic() - began) / env.bot.redraw_interval_s


async def test_a_deleted_message_is_posted_and_pinned_again(env: DiscordEnv):
    await create(env)
    first = await current(env)
    await add_picture(env)
    await env.moderator.delete(await current(env))
    await env.until(lambda: pinned(env.channel) is not None)
    message = await current(env)
    assert message.id != first.id
    assert "1 picture" in texts_of(message)


async def test_a_message_deleted_while_the_bot_was_away_comes_back_at_its_start(
    env: DiscordEnv,
):
    await create(env)
    first = await current(env)
    backend = env.simcord.backend
    subscribers, backend.subscribers[:] = backend.subscribers[:], []
    await env.crash()
    backend.subscribers[:] = subscribers
    backend.delete_message(env.channel.id, first.id)
    await start_after_crash(env)
    message = await current(env)
    assert message.id != first.id


async def start_after_crash(env: DiscordEnv) -> None:
    """Start service and bot anew after `env.crash()`."""
    opening = open_service(env.settings, lambda: env.engine)
    env.service = await env.closing.enter_async_context(opening)
    env.bot = ImageBot(env.settings, env.service)
    env.bot.now = env.simcord.now
    env.bot.redraw_interval_s = 0.0
    await env.simcord.restart_bot(env.bot)


async def test_a_restart_redraws_only_what_is_stale(env: DiscordEnv):
    await create(env)
    message = await current(env)
    edited = message.edited_at
    await env.start_again()
    assert (await current(env)).edited_at == edited
    board = await board_of(env)
    # A change whose redrawing a crash prevented.
    env.service.boards._context.callbacks.clear()
    await add_picture(env)
    assert shown_revision(pinned(env.channel), board.id) == board.revision
    await env.start_again()
    assert "1 picture" in texts_of(await current(env))


async def test_what_a_channel_hid_while_the_bot_was_away_is_hidden_at_its_start(
    env: DiscordEnv,
):
    await create(env)
    other = env.guild.create_text_channel("other")
    await add_picture(env, channel=other, board="Spring")
    assert "1 picture" in texts_of(await current(env))
    await env.bot.remove_cog("BoardEvents")  # nobody listens
    everyone = env.bot.get_guild(env.guild.id).default_role
    await env.bot.get_channel(other.id).set_permissions(everyone, view_channel=False)
    await env.start_again()
    await env.until(lambda: "1 more from channels" in texts_of(pinned(env.channel)))


async def test_its_buttons_work_after_a_restart(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    await current(env)
    await env.start_again()
    message = await current(env)
    looked = await env.ming.select(
        message, ["1"], custom_id=select_of(message, "zib:s:look")["custom_id"]
    )
    assert "**1**" in said(looked)
    voted = await press(env.ming, answer_of(looked), "zib:b:heart")
    assert "Your vote for picture 1 counts: 1" in said(voted)
    asked = await press(env.ming, pinned(env.channel), "zib:b:export")
    assert "Export Spring" in said(asked)


async def test_a_message_that_was_posted_and_not_recorded_is_found_again(env: DiscordEnv):
    await create(env)
    first = await current(env)
    await env.service.system.boards.forget_message(first.id)
    await env.start_again()
    await add_picture(env)
    assert (await current(env)).id == first.id


async def test_a_channel_that_is_gone_leaves_the_board_without_one(env: DiscordEnv):
    other = env.guild.create_text_channel("other")
    await create(env, channel=other)
    await current(env, channel=other)
    await add_picture(env, channel=env.channel, board="Spring")
    await env.bot.get_channel(other.id).delete()
    await changed(env, lambda board: board.channel_id is None)
    shown = await env.ada.slash(env.channel, "board show", board="Spring")
    assert "1 picture" in said(shown)


async def test_an_unpinned_message_is_pinned_again(env: DiscordEnv):
    await create(env)
    message = await current(env)
    await env.moderator.set_pinned(message, pinned=False)
    await env.until(lambda: bool(env.channel.pinned_messages()))
    assert pinned(env.channel).id == message.id


async def test_the_message_of_a_board_deleted_just_before_a_stop_is_taken_down(
    env: DiscordEnv,
):
    board = await create(env)
    message = await current(env)
    await env.bot.remove_cog("PinnedBoards")  # it had no time left
    await env.service.boards.delete(board.id, viewer=replace(env.viewer(), is_moderator=True))
    await env.start_again()
    await env.until(lambda: message.id not in {each.id for each in env.channel.history()})


async def test_forum_posts_and_private_threads_are_boards(env: DiscordEnv):
    for name, place in (
        ("Post", post_in(env)),
        ("Private", private_thread_in(env)),
    ):
        await create(env, name, channel=place)
        assert name in texts_of(await current(env, name, place))


async def test_an_archived_thread_is_opened_again(env: DiscordEnv):
    place = post_in(env)
    await create(env, channel=place)
    await current(env, channel=place)
    thread = env.bot.get_guild(env.guild.id).get_thread(place.id)
    await thread.edit(archived=True)
    await add_picture(env, board="Spring")
    await current(env, channel=place)


async def test_without_the_permission_to_pin_it_is_posted_and_said(env: DiscordEnv):
    channel = env.guild.create_text_channel(
        "unpinned",
        overwrites={
            env.bot.user: discord.PermissionOverwrite(manage_messages=True, pin_messages=False)
        },
    )
    result = await env.moderator.slash(
        env.channel, "board create", name="Unpinned", channel=channel
    )
    assert "I may not pin there" in said(result)
    await env.until(lambda: bool(channel.history()))
    assert "Unpinned" in texts_of(channel.last_message)
    told = await env.moderator.slash(env.channel, "board show", board="Unpinned")
    assert "I may not pin there" in said(told)
    env.simcord.backend.delete_overwrite(channel.id, env.bot.user.id)
    await env.until(lambda: pinned(channel) is not None)


async def test_pages_and_orders_are_the_readers_own(env: DiscordEnv):
    await create(env)
    for seed in range(1, 15):
        await add_picture(env, seed)
    await env.ming.slash(env.channel, "board vote", number=14)
    message = await current(env)
    assert len(select_of(message, "zib:s:look")["options"]) == 12
    turned = await env.ming.click(message, label="→")
    own = answer_of(turned)
    assert [each["value"] for each in select_of(own, "zib:s:look")["options"]] == ["13", "14"]
    back = await env.ming.click(own, label="←")
    assert answer_of(back).id == own.id, "a private answer turns its own pages"
    sorted_ = await env.ming.select(
        message, ["votes"], custom_id=select_of(message, "zib:s:sort")["custom_id"]
    )
    assert select_of(answer_of(sorted_), "zib:s:look")["options"][0]["value"] == "14"
    assert len(select_of(pinned(env.channel), "zib:s:look")["options"]) == 12
    assert "→" in labels_of(pinned(env.channel))


async def test_the_message_speaks_the_servers_language(env: DiscordEnv):
    env.simcord.backend.get_guild(env.guild.id).preferred_locale = "zh-CN"
    env.bot.get_guild(env.guild.id).preferred_locale = discord.Locale.chinese
    await create(env)
    await add_picture(env)
    assert "导出" in labels_of(await current(env))
