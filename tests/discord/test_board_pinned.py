"""The pinned message: current after any change, a restart, and when it or its channel is gone."""

from __future__ import annotations

import time

import discord

from bot.discord_ui.boards.people import bot_actor
from bot.discord_ui.boards.revision import shown_revision
from bot.discord_ui.client import ImageBot
from bot.domain.boards import Actor
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
from tests.support.discord_env import Town, answer_of, labels_of, texts_of

pytest_plugins = ["tests.support.bot_fixtures"]


async def test_every_kind_of_change_reaches_the_message(town: Town):
    await create(town)
    first = await current(town)
    for seed in (1, 2, 3):
        await add_picture(town, seed)
    await town.ada.slash(town.channel, "board caption", number=2, words="Two")
    await town.moderator.slash(town.channel, "board order", number=3, before=1)
    await town.ming.slash(town.channel, "board vote", number=2)
    await town.moderator.slash(town.channel, "board status", number=1, status="approved")
    message = await current(town)
    assert message.id == first.id
    words = texts_of(message)
    assert "3 pictures · 1 approved · 1 vote" in words
    assert f"<@{town.moderator.id}> set **1** to **Approved**" in words
    options = select_of(message, "zib:s:look")["options"]
    assert [each["label"] for each in options] == ["3 · ada", "1 · ada", "2 · Two"]
    assert options[2]["description"] == "Candidate · ❤️ 1"


async def test_many_changes_at_once_are_few_edits(town: Town):
    town.bot.redraw_interval_s = 0.2
    board = await create(town)
    await current(town)
    await add_picture(town)
    board = await board_of(town)
    before = len(town.env.http_requests)
    ada = Actor(guild_id=town.guild.id, user_id=town.ada.id, user_name="ada")
    began = time.monotonic()
    for i in range(40):
        await town.service.boards.caption(ada, board.id, 1, f"caption {i}")
    assert "caption 39" in texts_of(await current(town))
    edits = [
        each
        for each in town.env.http_requests[before:]
        if each.method == "PATCH" and each.path.endswith(f"/{board.message_id}")
    ]
    assert 1 <= len(edits) <= 2 + (time.monotonic() - began) / town.bot.redraw_interval_s


async def test_a_deleted_message_is_posted_and_pinned_again(town: Town):
    await create(town)
    first = await current(town)
    await add_picture(town)
    await town.moderator.delete(await current(town))
    await town.until(lambda: pinned(town.channel) is not None)
    message = await current(town)
    assert message.id != first.id
    assert "1 picture" in texts_of(message)


async def test_a_message_deleted_while_the_bot_was_away_comes_back_at_its_start(town: Town):
    await create(town)
    first = await current(town)
    backend = town.env.backend
    subscribers, backend.subscribers[:] = backend.subscribers[:], []
    await town.crash()
    backend.subscribers[:] = subscribers
    backend.delete_message(town.channel.id, first.id)
    await start_after_crash(town)
    message = await current(town)
    assert message.id != first.id


async def start_after_crash(town: Town) -> None:
    """Start service and bot anew after `town.crash()`."""
    opening = open_service(town.settings, lambda: town.engine)
    town.service = await town.closing.enter_async_context(opening)
    town.bot = ImageBot(town.settings, town.service)
    town.bot.now = town.env.now
    town.bot.redraw_interval_s = 0.0
    await town.env.restart_bot(town.bot)


async def test_a_restart_redraws_only_what_is_stale(town: Town):
    await create(town)
    message = await current(town)
    edited = message.edited_at
    await town.start_again()
    assert (await current(town)).edited_at == edited
    board = await board_of(town)
    # A change whose redrawing a crash prevented.
    town.service.boards._callbacks.clear()
    await add_picture(town)
    assert shown_revision(pinned(town.channel), board.id) == board.revision
    await town.start_again()
    assert "1 picture" in texts_of(await current(town))


async def test_what_a_channel_hid_while_the_bot_was_away_is_hidden_at_its_start(town: Town):
    await create(town)
    other = town.guild.create_text_channel("other")
    await add_picture(town, channel=other, board="Spring")
    assert "1 picture" in texts_of(await current(town))
    await town.bot.remove_cog("BoardEvents")  # nobody listens
    everyone = town.bot.get_guild(town.guild.id).default_role
    await town.bot.get_channel(other.id).set_permissions(everyone, view_channel=False)
    await town.start_again()
    await town.until(lambda: "1 more from channels" in texts_of(pinned(town.channel)))


async def test_its_buttons_work_after_a_restart(town: Town):
    await create(town)
    await add_picture(town)
    await current(town)
    await town.start_again()
    message = await current(town)
    looked = await town.ming.select(
        message, ["1"], custom_id=select_of(message, "zib:s:look")["custom_id"]
    )
    assert "**1**" in said(looked)
    voted = await press(town.ming, answer_of(looked), "zib:b:heart")
    assert "Your vote for picture 1 counts: 1" in said(voted)
    asked = await press(town.ming, pinned(town.channel), "zib:b:export")
    assert "Export Spring" in said(asked)


async def test_a_message_that_was_posted_and_not_recorded_is_found_again(town: Town):
    await create(town)
    first = await current(town)
    await town.service.boards.forget_message(first.id)
    await town.start_again()
    await add_picture(town)
    assert (await current(town)).id == first.id


async def test_a_channel_that_is_gone_leaves_the_board_without_one(town: Town):
    other = town.guild.create_text_channel("other")
    await create(town, channel=other)
    await current(town, channel=other)
    await add_picture(town, channel=town.channel, board="Spring")
    await town.bot.get_channel(other.id).delete()
    await changed(town, lambda board: board.channel_id is None)
    shown = await town.ada.slash(town.channel, "board show", board="Spring")
    assert "1 picture" in said(shown)


async def test_an_unpinned_message_is_pinned_again(town: Town):
    await create(town)
    message = await current(town)
    await town.moderator.set_pinned(message, pinned=False)
    await town.until(lambda: bool(town.channel.pinned_messages()))
    assert pinned(town.channel).id == message.id


async def test_the_message_of_a_board_deleted_just_before_a_stop_is_taken_down(town: Town):
    board = await create(town)
    message = await current(town)
    await town.bot.remove_cog("PinnedBoards")  # it had no time left
    await town.service.boards.delete(bot_actor(town.bot, town.guild.id), board.id)
    await town.start_again()
    await town.until(lambda: message.id not in {each.id for each in town.channel.history()})


async def test_forum_posts_and_private_threads_are_boards(town: Town):
    for name, place in (("Post", post_in(town)), ("Private", private_thread_in(town))):
        await create(town, name, channel=place)
        assert name in texts_of(await current(town, name, place))


async def test_an_archived_thread_is_opened_again(town: Town):
    place = post_in(town)
    await create(town, channel=place)
    await current(town, channel=place)
    thread = town.bot.get_guild(town.guild.id).get_thread(place.id)
    await thread.edit(archived=True)
    await add_picture(town, board="Spring")
    await current(town, channel=place)


async def test_without_the_permission_to_pin_it_is_posted_and_said(town: Town):
    channel = town.guild.create_text_channel(
        "unpinned",
        overwrites={
            town.bot.user: discord.PermissionOverwrite(manage_messages=True, pin_messages=False)
        },
    )
    result = await town.moderator.slash(
        town.channel, "board create", name="Unpinned", channel=channel
    )
    assert "I may not pin there" in said(result)
    await town.until(lambda: bool(channel.history()))
    assert "Unpinned" in texts_of(channel.last_message)
    told = await town.moderator.slash(town.channel, "board show", board="Unpinned")
    assert "I may not pin there" in said(told)
    town.env.backend.delete_overwrite(channel.id, town.bot.user.id)
    await town.until(lambda: pinned(channel) is not None)


async def test_pages_and_orders_are_the_readers_own(town: Town):
    await create(town)
    for seed in range(1, 15):
        await add_picture(town, seed)
    await town.ming.slash(town.channel, "board vote", number=14)
    message = await current(town)
    assert len(select_of(message, "zib:s:look")["options"]) == 12
    turned = await town.ming.click(message, label="→")
    own = answer_of(turned)
    assert [each["value"] for each in select_of(own, "zib:s:look")["options"]] == ["13", "14"]
    back = await town.ming.click(own, label="←")
    assert answer_of(back).id == own.id, "a private answer turns its own pages"
    sorted_ = await town.ming.select(
        message, ["votes"], custom_id=select_of(message, "zib:s:sort")["custom_id"]
    )
    assert select_of(answer_of(sorted_), "zib:s:look")["options"][0]["value"] == "14"
    assert len(select_of(pinned(town.channel), "zib:s:look")["options"]) == 12
    assert "→" in labels_of(pinned(town.channel))


async def test_the_message_speaks_the_servers_language(town: Town):
    town.env.backend.get_guild(town.guild.id).preferred_locale = "zh-CN"
    town.bot.get_guild(town.guild.id).preferred_locale = discord.Locale.chinese
    await create(town)
    await add_picture(town)
    assert "导出" in labels_of(await current(town))
