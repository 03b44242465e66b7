"""Mood boards as people meet them: made, filled, shared, archived, deleted and brought back."""

from __future__ import annotations

import io

import discord
from PIL import Image

from bot.domain.boards import BoardState
from bot.domain.styles import Style
from tests.discord.test_places import thread_in
from tests.support.board_channels import (
    add_picture,
    board_of,
    create,
    current,
    pinned,
    post_picture,
    press,
    said,
    select_of,
)
from tests.support.boards_env import picture
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    gallery_of,
    ids_of,
    labels_of,
    texts_of,
)

pytest_plugins = ["tests.support.bot_fixtures"]


# Boards as a whole


async def test_a_channel_becomes_a_board_with_a_pinned_sheet(env: DiscordEnv):
    await create(env, brief="Fresh greens")
    message = await current(env)
    assert "Spring" in texts_of(message)
    assert message.author.id == env.bot.user.id
    [sheet] = message.attachments
    assert Image.open(io.BytesIO(await sheet.read())).width > 1000
    assert gallery_of(message)[0]["description"].startswith("The board Spring")


async def test_a_thread_becomes_a_board(env: DiscordEnv):
    thread = await env.simcord.bot.get_channel(env.channel.id).create_thread(
        name="Autumn", type=discord.ChannelType.public_thread
    )
    handle = next(each for each in env.channel.threads if each.id == thread.id)
    await create(env, "Autumn", channel=handle)
    assert "Autumn" in texts_of(await current(env, "Autumn", handle))


async def test_a_board_needs_somebody_who_may_pin_and_a_channel_where_the_bot_may_post(
    env: DiscordEnv,
):
    result = await env.ada.slash(env.channel, "board create", name="Mine", channel=env.channel)
    assert "that needs somebody who may manage messages there" in said(result)
    closed = env.guild.create_text_channel(
        "closed",
        overwrites={env.guild.me: discord.PermissionOverwrite(send_messages=False)},
    )
    result = await env.moderator.slash(env.channel, "board create", name="X", channel=closed)
    assert "I may not keep a board in" in said(result)


async def test_a_board_without_a_channel_is_for_who_shows_it(env: DiscordEnv):
    board = await create(env, "Loose", who=env.ada, channel=None)
    assert board.channel_id is None
    assert pinned(env.channel) is None
    await add_picture(env, 1)
    shown = answer_of(await env.ming.slash(env.channel, "board show"))
    assert shown.ephemeral
    assert "1 picture" in texts_of(shown)


async def test_names_are_taken_once_and_texts_of_users_do_nothing(env: DiscordEnv):
    name = "**@everyone** <@1> `x`"
    await create(env, name, who=env.ada, channel=None)
    result = await env.ming.slash(env.channel, "board create", name=name)
    assert "There is a board" in said(result)
    listed = said(await env.ada.slash(env.channel, "board list"))
    assert "@everyone" not in listed
    assert "\\<@1>" in listed.replace("\u200b", "")


async def test_the_list_names_what_the_reader_may_see(env: DiscordEnv):
    assert "There is no board here yet" in said(await env.ada.slash(env.channel, "board list"))
    await create(env)
    await create(env, "Loose", who=env.ada, channel=None)
    listed = await env.ming.slash(env.channel, "board list")
    words = said(listed)
    assert f"**Spring** · <#{env.channel.id}>\n-# 0 pictures · owned by <@" in words
    assert "**Loose**" in words
    select = select_of(answer_of(listed), "zib:s:open")
    [loose] = [each["value"] for each in select["options"] if each["label"] == "Loose"]
    chosen = await env.ming.select(answer_of(listed), [loose], custom_id=select["custom_id"])
    assert "📌 **Loose**" in said(chosen)


async def test_boards_are_offered_by_their_names(env: DiscordEnv):
    await create(env, channel=None)
    await create(env, "Autumn", channel=None)
    offered = await env.ada.autocomplete(env.channel, "board show", "board", "aut")
    assert [each["name"] for each in offered] == ["Autumn"]


async def test_a_board_must_be_named_where_several_may_be_meant(env: DiscordEnv):
    await create(env, "One", channel=None)
    await create(env, "Two", channel=None)
    assert "say which" in said(await env.ada.slash(env.channel, "board show"))
    assert "One" in said(await env.ada.slash(env.channel, "board show", board="one"))
    unknown = said(await env.ada.slash(env.channel, "board show", board="Three"))
    assert "There is no board 'Three' here" in unknown


async def test_edit_changes_what_is_given_and_the_sheet(env: DiscordEnv):
    await create(env)
    await current(env)
    await env.moderator.slash(env.channel, "board edit", name="Summer", theme="light")
    assert "Summer" in texts_of(await current(env, "Summer"))
    refused = await env.ada.slash(env.channel, "board edit", name="Mine")
    assert "moderators can do that" in said(refused)


async def test_edit_without_an_option_opens_a_form(env: DiscordEnv):
    await create(env, brief="Fresh")
    shown = await env.moderator.slash(env.channel, "board edit")
    fields = {
        label["component"]["custom_id"]: label["component"].get("value")
        for label in shown.modal["components"]
    }
    assert fields["brief"] == "Fresh"
    result = await env.moderator.submit_modal(
        shown, {"name": "Spring", "brief": "Greens", "style": "flat, muted", "size": SMALL}
    )
    assert "Changed" in said(result)
    board = await board_of(env)
    assert board.brief == "Greens"
    assert board.defaults == Style.of(after="flat, muted", size=SMALL)


async def test_another_channel_takes_the_message_along(env: DiscordEnv):
    await create(env)
    await current(env)
    other = env.guild.create_text_channel("other")
    await env.moderator.slash(env.channel, "board edit", channel=other)
    await current(env, channel=other)
    assert pinned(env.channel) is None


async def test_delete_asks_and_can_be_undone(env: DiscordEnv):
    await create(env)
    await current(env)
    await add_picture(env)
    await current(env)
    asked = answer_of(await env.moderator.slash(env.channel, "board delete", board="Spring"))
    assert "Delete the board **Spring** with 1 picture?" in texts_of(asked)
    deleted = await press(env.moderator, asked, "zib:b:delete")
    assert "For a day" in said(deleted)
    await env.until(lambda: pinned(env.channel) is None)
    assert "no board" in said(await env.ada.slash(env.channel, "board list"))
    restored = await press(env.moderator, answer_of(deleted), "zib:b:restore")
    assert "is back" in said(restored)
    assert "1 picture" in texts_of(await current(env))


async def test_only_owners_are_asked_whether_to_delete(env: DiscordEnv):
    await create(env)
    result = await env.ada.slash(env.channel, "board delete", board="Spring")
    assert "Only grace and moderators can do that" in said(result)


async def test_a_deleted_board_is_restored_by_its_name(env: DiscordEnv):
    board = await create(env, channel=None)
    actor_delete = await env.moderator.slash(env.channel, "board delete", board="Spring")
    await press(env.moderator, answer_of(actor_delete), "zib:b:delete")
    offered = await env.moderator.autocomplete(env.channel, "board restore", "board", "")
    assert [each["value"] for each in offered] == [board.id]
    assert await env.ada.autocomplete(env.channel, "board restore", "board", "") == []
    result = await env.moderator.slash(env.channel, "board restore", board="Spring")
    assert "is back" in said(result)


async def test_an_archived_board_is_looked_at_and_not_changed(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    await env.moderator.slash(env.channel, "board archive")
    assert (await board_of(env)).state is BoardState.ARCHIVED
    message = await current(env)
    assert "archived" in texts_of(message)
    assert "Vote" not in labels_of(message)
    refused = await env.ada.slash(env.channel, "board vote", number=1, board="Spring")
    assert "is archived" in said(refused)
    await env.moderator.slash(env.channel, "board restore", board="Spring")
    assert "Vote" in labels_of(await current(env))


async def test_members_are_given_and_denied_what_they_may_do(env: DiscordEnv):
    await create(env, channel=None)
    everyone = env.guild.default_role
    await env.moderator.slash(env.channel, "board allow", who=everyone, access="look")
    assert "You may only look" in texts_of(await add_picture(env))
    await env.moderator.slash(env.channel, "board allow", who=env.ada, access="curate")
    words = said(await env.ming.slash(env.channel, "board members"))
    assert f"<@{env.ada.id}> · curate" in words
    assert "@everyone · look" in words
    await add_picture(env)
    assert (
        "approved"
        in said(
            await env.ada.slash(env.channel, "board status", number=1, status="approved")
        ).lower()
    )
    await env.moderator.slash(env.channel, "board allow", who=env.ada, access="nothing")
    refused = await env.ada.slash(env.channel, "board status", number=1, status="rejected")
    assert "You may not curate" in said(refused)


async def test_a_role_may_add_and_nobody_else_even_knows(env: DiscordEnv):
    role = env.guild.create_role("designers")
    designer = env.guild.add_member(env.simcord.create_user("dora"), roles=[role])
    await create(env, channel=None)
    everyone = env.guild.default_role
    await env.moderator.slash(env.channel, "board allow", who=role, access="add")
    await env.moderator.slash(env.channel, "board allow", who=everyone, access="nothing")
    assert "Picture **1**" in texts_of(await add_picture(env, who=designer))
    assert "There is no board here yet" in said(await env.ada.slash(env.channel, "board list"))
    assert "There is no board 'Spring'" in said(
        await env.ada.slash(env.channel, "board show", board="Spring")
    )


async def test_buttons_of_a_board_that_is_seen_no_more_say_so(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    message = await current(env)
    everyone = env.guild.default_role
    told = await env.moderator.slash(env.channel, "board allow", who=everyone, access="nothing")
    assert "The pinned sheet is seen by all who view" in said(told)
    for label in ("Vote", "Log"):
        refused = await env.ada.click(message, label=label)
        assert "This board is gone, or you may not see it any more." in said(refused)
    await create(env, "Loose", channel=None)
    assert "**Loose**" in said(await env.ada.slash(env.channel, "board show"))


# Adding


async def test_an_image_is_added_by_one_press_and_the_sheet_follows(env: DiscordEnv):
    await create(env)
    before = await current(env)
    message = await env.imagine(seed=5)
    assert "Add to board" in labels_of(message)
    words = said(await env.ada.click(message, label="Add to board"))
    assert "Picture **1** on **Spring**" in words
    after = await current(env)
    assert after.id == before.id, "the message edits itself"
    assert "1 picture" in texts_of(after)
    assert f"<@{env.ada.id}> added **1**" in texts_of(after)
    assert after.attachments[0].filename != before.attachments[0].filename
    again = said(await env.ming.click(message, label="Add to board"))
    assert "It hangs there already: picture **1**" in again
    [item] = (await board_of(env)).items
    assert (item.generation_id, item.seed, item.credit) == (ids_of(message)[0], 5, "ada")
    assert str(message.id) in item.link


async def test_elsewhere_a_form_asks_for_board_caption_and_tags(env: DiscordEnv):
    await create(env, "Spring", channel=None)
    autumn = await create(env, "Autumn", channel=None)
    message = await env.imagine(count=2)
    shown = await env.ada.click(message, label="Add to board")
    result = await env.ada.submit_modal(
        shown,
        {"board": [autumn.id], "pictures": ["1"], "caption": "Two", "tags": "warm, #dry"},
    )
    assert "on **Autumn**" in said(result)
    [item] = (await board_of(env, "Autumn")).items
    assert (item.caption, item.tags) == ("Two", ("warm", "dry"))
    assert item.generation_id == ids_of(message)[1]


async def test_without_a_board_the_button_says_how_to_make_one(env: DiscordEnv):
    message = await env.imagine()
    assert "/board create" in said(await env.ada.click(message, label="Add to board"))


async def test_an_added_picture_can_be_taken_back_at_once(env: DiscordEnv):
    await create(env)
    message = await env.imagine()
    answer = answer_of(await env.ada.click(message, label="Add to board"))
    undone = await env.ada.click(answer, label="Undo")
    assert "is off **Spring**" in said(undone)
    assert (await board_of(env)).items == ()
    back = await press(env.ada, answer_of(undone), "zib:b:back")
    assert "hangs there again" in said(back)
    assert len((await board_of(env)).items) == 1


async def test_the_menu_adds_pictures_of_people_with_author_and_link(env: DiscordEnv):
    await create(env)
    message = await post_picture(env.ming, env.channel)
    result = await env.ada.context_menu(env.channel, "Add to board", message)
    assert "Picture **1**" in said(result)
    [item] = (await board_of(env)).items
    assert (item.author_id, item.credit, item.added_by) == (
        env.ming.id,
        "ming",
        env.ada.id,
    )
    assert item.link == message.jump_url
    assert item.recipe_text is None
    assert item.path.read_bytes() == picture(1)


async def test_the_menu_adds_images_of_the_bot_with_their_recipe(env: DiscordEnv):
    await create(env)
    message = await env.imagine()
    await env.ada.context_menu(env.channel, "Add to board", env.channel.last_message)
    [item] = (await board_of(env)).items
    assert item.generation_id == ids_of(message)[0]


async def test_a_message_without_a_picture_is_refused(env: DiscordEnv):
    await create(env)
    message = await env.ada.send(env.channel, "hello")
    result = await env.ada.context_menu(env.channel, "Add to board", message)
    assert "No picture is attached" in said(result)


async def test_of_several_pictures_each_that_fails_is_named(env: DiscordEnv):
    board = await create(env)
    other = env.guild.create_text_channel("other")
    files = [("a.png", picture(1)), ("b.png", b"nothing"), ("c.mp4", b"a video")]
    files.append(("d.avif", picture(2, "AVIF")))
    message = await env.ming.send(other, "look", attachments=files)
    shown = await env.ada.context_menu(other, "Add to board", message)
    chosen = {"board": [board.id], "pictures": ["0", "1", "2"]}
    words = said(await env.ada.submit_modal(shown, chosen))
    assert "Picture **1** on" in words
    assert "Picture **2** on" in words
    assert "b.png · This file is no picture" in words
    forwarded = await env.ada.forward(message, env.channel)
    shown = await env.ming.context_menu(env.channel, "Add to board", forwarded)
    words = said(await env.ming.submit_modal(shown, chosen))
    assert "It hangs there already" in words, "a forwarded message shows the same pictures"


async def test_what_is_no_picture_is_refused_with_its_sentence(env: DiscordEnv):
    await create(env)
    result = await env.ada.slash(env.channel, "board add", image=("a.png", b"not a picture"))
    assert "This file is no picture" in said(result)
    neither = await env.ada.slash(env.channel, "board add")
    assert "Say what to add" in said(neither)


async def test_a_changed_copy_is_added_and_said(env: DiscordEnv):
    await create(env)
    await add_picture(env, 1)
    small = Image.open(io.BytesIO(picture(1))).resize((80, 80))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=90)
    result = await env.ming.slash(env.channel, "board add", image=("b.jpg", buffer.getvalue()))
    assert "It looks like a changed copy of picture 1" in said(result)


async def test_an_id_is_added_with_words_and_credit(env: DiscordEnv):
    await create(env)
    [id_] = ids_of(await env.imagine())
    await env.ming.slash(
        env.channel, "board add", id=id_, caption="Warm", tags="a, b", credit="Ada and Ming"
    )
    [item] = (await board_of(env)).items
    assert (item.caption, item.tags, item.credit) == ("Warm", ("a", "b"), "Ada and Ming")
    unknown = await env.ada.slash(env.channel, "board add", id="zzzzzzz")
    assert "There is no image" in said(unknown)


async def test_one_picture_hangs_on_many_boards(env: DiscordEnv):
    await create(env)
    await create(env, "Autumn", channel=None)
    [id_] = ids_of(await env.imagine())
    for name in ("Spring", "Autumn"):
        await env.ada.slash(env.channel, "board add", id=id_, board=name)
        assert len((await board_of(env, name)).items) == 1


# Stars


async def test_a_star_hangs_a_picture_up_where_the_server_turned_that_on(env: DiscordEnv):
    await create(env)
    message = await env.imagine()
    await env.ada.react(env.channel.last_message, "⭐")
    assert (await board_of(env)).items == ()
    refused = await env.ada.slash(env.channel, "board star", enabled=True)
    assert "Only moderators" in said(refused)
    await env.moderator.slash(env.channel, "board star", enabled=True)
    await env.ming.react(env.channel.last_message, "⭐")
    [item] = (await board_of(env)).items
    assert (item.added_by, item.generation_id) == (env.ming.id, ids_of(message)[0])
    assert "📌" in [str(each.emoji) for each in env.channel.last_message.reactions]


async def test_a_star_in_a_thread_means_the_board_of_its_channel(env: DiscordEnv):
    await create(env)
    await env.moderator.slash(env.channel, "board star", enabled=True)
    thread = thread_in(env)
    await env.ada.slash(thread, "imagine", prompt="a leaf", size=SMALL)
    await env.idle()
    await env.ming.react(thread.last_message, "⭐")
    assert len((await board_of(env)).items) == 1


async def test_stars_elsewhere_go_to_the_servers_board(env: DiscordEnv):
    await create(env, channel=None)
    await env.imagine()
    await env.moderator.slash(env.channel, "board star", enabled=True)
    await env.ada.react(env.channel.last_message, "⭐")
    assert (await board_of(env)).items == ()
    await env.moderator.slash(env.channel, "board star", enabled=True, board="Spring")
    await env.ming.react(env.channel.last_message, "⭐")
    assert len((await board_of(env)).items) == 1
    await env.moderator.slash(env.channel, "board star", enabled=False)
    await env.imagine()
    await env.ming.react(env.channel.last_message, "⭐")
    assert len((await board_of(env)).items) == 1


# What a board gives to its channel


async def test_imagine_takes_a_boards_words_and_size_and_says_so(env: DiscordEnv):
    await create(env, style="in flat colours", size=SMALL)
    result = await env.ada.slash(env.channel, "imagine", prompt="a red apple", seed=1)
    await env.idle()
    words = texts_of(result.response)
    assert "**a red apple, in flat colours**" in words
    assert "With the words of this channel's board: in flat colours" in words
    [id_] = ids_of(result.response)
    generation = await env.service.images.find(id_, viewer=env.viewer())
    assert generation.request.prompt == "a red apple, in flat colours"
    assert str(generation.request.size) == SMALL


async def test_the_boards_words_can_be_left_out(env: DiscordEnv):
    await create(env, style="in flat colours", size="256x256")
    result = await env.ada.slash(
        env.channel, "imagine", prompt="a red apple", size=SMALL, plain=True
    )
    await env.idle()
    words = texts_of(result.response)
    assert "flat colours" not in words
    other = env.guild.create_text_channel("other")
    result = await env.ada.slash(other, "imagine", prompt="a red apple", size=SMALL)
    await env.idle()
    assert "flat colours" not in texts_of(result.response)


# Deleting images


async def test_a_deleted_image_stays_on_its_boards_until_it_is_taken_off_there_too(
    env: DiscordEnv,
):
    await create(env)
    message = await env.imagine()
    await env.ada.click(message, label="Add to board")
    deleted = await env.ada.click(message, label="Delete")
    assert "It still hangs on **Spring** (1)" in said(deleted)
    board = await board_of(env)
    assert board.items[0].path.is_file()
    gone = await env.ada.click(answer_of(deleted), label="Take it off there too")
    assert "Taken off **Spring** (1)" in said(gone)
    assert (await board_of(env)).items == ()
