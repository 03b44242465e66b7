"""Mood boards as people meet them: made, filled, shared, archived, deleted and brought back."""

from __future__ import annotations

import io

import discord
from PIL import Image

from bot.domain.boards import BoardState
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
    Town,
    answer_of,
    gallery_of,
    ids_of,
    labels_of,
    texts_of,
)

pytest_plugins = ["tests.support.bot_fixtures"]


# Boards as a whole


async def test_a_channel_becomes_a_board_with_a_pinned_sheet(town: Town):
    await create(town, brief="Fresh greens")
    message = await current(town)
    assert "Spring" in texts_of(message)
    assert message.author.id == town.bot.user.id
    [sheet] = message.attachments
    assert Image.open(io.BytesIO(await sheet.read())).width > 1000
    assert gallery_of(message)[0]["description"].startswith("The board Spring")


async def test_a_thread_becomes_a_board(town: Town):
    thread = await town.env.bot.get_channel(town.channel.id).create_thread(
        name="Autumn", type=discord.ChannelType.public_thread
    )
    handle = next(each for each in town.channel.threads if each.id == thread.id)
    await create(town, "Autumn", channel=handle)
    assert "Autumn" in texts_of(await current(town, "Autumn", handle))


async def test_a_board_needs_somebody_who_may_pin_and_a_channel_where_the_bot_may_post(town: Town):
    result = await town.ada.slash(town.channel, "board create", name="Mine", channel=town.channel)
    assert "that needs somebody who may manage messages there" in said(result)
    closed = town.guild.create_text_channel(
        "closed",
        overwrites={town.guild.me: discord.PermissionOverwrite(send_messages=False)},
    )
    result = await town.moderator.slash(town.channel, "board create", name="X", channel=closed)
    assert "I may not keep a board in" in said(result)


async def test_a_board_without_a_channel_is_for_who_shows_it(town: Town):
    board = await create(town, "Loose", who=town.ada, channel=None)
    assert board.channel_id is None
    assert pinned(town.channel) is None
    await add_picture(town, 1)
    shown = answer_of(await town.ming.slash(town.channel, "board show"))
    assert shown.ephemeral
    assert "1 picture" in texts_of(shown)


async def test_names_are_taken_once_and_texts_of_users_do_nothing(town: Town):
    name = "**@everyone** <@1> `x`"
    await create(town, name, who=town.ada, channel=None)
    result = await town.ming.slash(town.channel, "board create", name=name)
    assert "There is a board" in said(result)
    listed = said(await town.ada.slash(town.channel, "board list"))
    assert "@everyone" not in listed
    assert "\\<@1>" in listed.replace("\u200b", "")


async def test_the_list_names_what_the_reader_may_see(town: Town):
    assert "There is no board here yet" in said(await town.ada.slash(town.channel, "board list"))
    await create(town)
    await create(town, "Loose", who=town.ada, channel=None)
    listed = await town.ming.slash(town.channel, "board list")
    words = said(listed)
    assert f"**Spring** · <#{town.channel.id}>\n-# 0 pictures · owned by <@" in words
    assert "**Loose**" in words
    select = select_of(answer_of(listed), "zib:s:open")
    [loose] = [each["value"] for each in select["options"] if each["label"] == "Loose"]
    chosen = await town.ming.select(answer_of(listed), [loose], custom_id=select["custom_id"])
    assert "📌 **Loose**" in said(chosen)


async def test_boards_are_offered_by_their_names(town: Town):
    await create(town, channel=None)
    await create(town, "Autumn", channel=None)
    offered = await town.ada.autocomplete(town.channel, "board show", "board", "aut")
    assert [each["name"] for each in offered] == ["Autumn"]


async def test_a_board_must_be_named_where_several_may_be_meant(town: Town):
    await create(town, "One", channel=None)
    await create(town, "Two", channel=None)
    assert "say which" in said(await town.ada.slash(town.channel, "board show"))
    assert "One" in said(await town.ada.slash(town.channel, "board show", board="one"))
    unknown = said(await town.ada.slash(town.channel, "board show", board="Three"))
    assert "There is no board 'Three' here" in unknown


async def test_edit_changes_what_is_given_and_the_sheet(town: Town):
    await create(town)
    await current(town)
    await town.moderator.slash(town.channel, "board edit", name="Summer", theme="light")
    assert "Summer" in texts_of(await current(town, "Summer"))
    refused = await town.ada.slash(town.channel, "board edit", name="Mine")
    assert "moderators can do that" in said(refused)


async def test_edit_without_an_option_opens_a_form(town: Town):
    await create(town, brief="Fresh")
    shown = await town.moderator.slash(town.channel, "board edit")
    fields = {
        label["component"]["custom_id"]: label["component"].get("value")
        for label in shown.modal["components"]
    }
    assert fields["brief"] == "Fresh"
    result = await town.moderator.submit_modal(
        shown, {"name": "Spring", "brief": "Greens", "style": "flat, muted", "size": SMALL}
    )
    assert "Changed" in said(result)
    board = await board_of(town)
    assert (board.brief, board.style, board.size) == ("Greens", "flat, muted", SMALL)


async def test_another_channel_takes_the_message_along(town: Town):
    await create(town)
    await current(town)
    other = town.guild.create_text_channel("other")
    await town.moderator.slash(town.channel, "board edit", channel=other)
    await current(town, channel=other)
    assert pinned(town.channel) is None


async def test_delete_asks_and_can_be_undone(town: Town):
    await create(town)
    await current(town)
    await add_picture(town)
    await current(town)
    asked = answer_of(await town.moderator.slash(town.channel, "board delete", board="Spring"))
    assert "Delete the board **Spring** with 1 picture?" in texts_of(asked)
    deleted = await press(town.moderator, asked, "zib:b:delete")
    assert "For a day" in said(deleted)
    await town.until(lambda: pinned(town.channel) is None)
    assert "no board" in said(await town.ada.slash(town.channel, "board list"))
    restored = await press(town.moderator, answer_of(deleted), "zib:b:restore")
    assert "is back" in said(restored)
    assert "1 picture" in texts_of(await current(town))


async def test_only_owners_are_asked_whether_to_delete(town: Town):
    await create(town)
    result = await town.ada.slash(town.channel, "board delete", board="Spring")
    assert "Only grace and moderators can do that" in said(result)


async def test_a_deleted_board_is_restored_by_its_name(town: Town):
    board = await create(town, channel=None)
    actor_delete = await town.moderator.slash(town.channel, "board delete", board="Spring")
    await press(town.moderator, answer_of(actor_delete), "zib:b:delete")
    offered = await town.moderator.autocomplete(town.channel, "board restore", "board", "")
    assert [each["value"] for each in offered] == [board.id]
    assert await town.ada.autocomplete(town.channel, "board restore", "board", "") == []
    result = await town.moderator.slash(town.channel, "board restore", board="Spring")
    assert "is back" in said(result)


async def test_an_archived_board_is_looked_at_and_not_changed(town: Town):
    await create(town)
    await add_picture(town)
    await town.moderator.slash(town.channel, "board archive")
    assert (await board_of(town)).state is BoardState.ARCHIVED
    message = await current(town)
    assert "archived" in texts_of(message)
    assert "Vote" not in labels_of(message)
    refused = await town.ada.slash(town.channel, "board vote", number=1, board="Spring")
    assert "is archived" in said(refused)
    await town.moderator.slash(town.channel, "board restore", board="Spring")
    assert "Vote" in labels_of(await current(town))


async def test_members_are_given_and_denied_what_they_may_do(town: Town):
    await create(town, channel=None)
    everyone = town.guild.default_role
    await town.moderator.slash(town.channel, "board allow", who=everyone, access="look")
    assert "You may only look" in texts_of(await add_picture(town))
    await town.moderator.slash(town.channel, "board allow", who=town.ada, access="curate")
    words = said(await town.ming.slash(town.channel, "board members"))
    assert f"<@{town.ada.id}> · curate" in words
    assert "@everyone · look" in words
    await add_picture(town)
    assert (
        "approved"
        in said(
            await town.ada.slash(town.channel, "board status", number=1, status="approved")
        ).lower()
    )
    await town.moderator.slash(town.channel, "board allow", who=town.ada, access="nothing")
    refused = await town.ada.slash(town.channel, "board status", number=1, status="rejected")
    assert "You may not curate" in said(refused)


async def test_a_role_may_add_and_nobody_else_even_knows(town: Town):
    role = town.guild.create_role("designers")
    designer = town.guild.add_member(town.env.create_user("dora"), roles=[role])
    await create(town, channel=None)
    everyone = town.guild.default_role
    await town.moderator.slash(town.channel, "board allow", who=role, access="add")
    await town.moderator.slash(town.channel, "board allow", who=everyone, access="nothing")
    assert "Picture **1**" in texts_of(await add_picture(town, who=designer))
    assert "There is no board here yet" in said(await town.ada.slash(town.channel, "board list"))
    assert "There is no board 'Spring'" in said(
        await town.ada.slash(town.channel, "board show", board="Spring")
    )


async def test_buttons_of_a_board_that_is_seen_no_more_say_so(town: Town):
    await create(town)
    await add_picture(town)
    message = await current(town)
    everyone = town.guild.default_role
    told = await town.moderator.slash(town.channel, "board allow", who=everyone, access="nothing")
    assert "The pinned sheet is seen by all who view" in said(told)
    for label in ("Vote", "Log"):
        refused = await town.ada.click(message, label=label)
        assert "This board is gone, or you may not see it any more." in said(refused)
    await create(town, "Loose", channel=None)
    assert "**Loose**" in said(await town.ada.slash(town.channel, "board show"))


# Adding


async def test_an_image_is_added_by_one_press_and_the_sheet_follows(town: Town):
    await create(town)
    before = await current(town)
    message = await town.imagine(seed=5)
    assert labels_of(message)[-1] == "Add to board"
    words = said(await town.ada.click(message, label="Add to board"))
    assert "Picture **1** on **Spring**" in words
    after = await current(town)
    assert after.id == before.id, "the message edits itself"
    assert "1 picture" in texts_of(after)
    assert f"<@{town.ada.id}> added **1**" in texts_of(after)
    assert after.attachments[0].filename != before.attachments[0].filename
    again = said(await town.ming.click(message, label="Add to board"))
    assert "It hangs there already: picture **1**" in again
    [item] = (await board_of(town)).items
    assert (item.generation_id, item.seed, item.credit) == (ids_of(message)[0], 5, "ada")
    assert str(message.id) in item.link


async def test_elsewhere_a_form_asks_for_board_caption_and_tags(town: Town):
    await create(town, "Spring", channel=None)
    autumn = await create(town, "Autumn", channel=None)
    message = await town.imagine(count=2)
    shown = await town.ada.click(message, label="Add to board")
    result = await town.ada.submit_modal(
        shown,
        {"board": [autumn.id], "pictures": ["1"], "caption": "Two", "tags": "warm, #dry"},
    )
    assert "on **Autumn**" in said(result)
    [item] = (await board_of(town, "Autumn")).items
    assert (item.caption, item.tags) == ("Two", ("warm", "dry"))
    assert item.generation_id == ids_of(message)[1]


async def test_without_a_board_the_button_says_how_to_make_one(town: Town):
    message = await town.imagine()
    assert "/board create" in said(await town.ada.click(message, label="Add to board"))


async def test_an_added_picture_can_be_taken_back_at_once(town: Town):
    await create(town)
    message = await town.imagine()
    answer = answer_of(await town.ada.click(message, label="Add to board"))
    undone = await town.ada.click(answer, label="Undo")
    assert "is off **Spring**" in said(undone)
    assert (await board_of(town)).items == ()
    back = await press(town.ada, answer_of(undone), "zib:b:back")
    assert "hangs there again" in said(back)
    assert len((await board_of(town)).items) == 1


async def test_the_menu_adds_pictures_of_people_with_author_and_link(town: Town):
    await create(town)
    message = await post_picture(town.ming, town.channel)
    result = await town.ada.context_menu(town.channel, "Add to board", message)
    assert "Picture **1**" in said(result)
    [item] = (await board_of(town)).items
    assert (item.author_id, item.credit, item.added_by) == (town.ming.id, "ming", town.ada.id)
    assert item.link == message.jump_url
    assert item.recipe_text is None
    assert item.path.read_bytes() == picture(1)


async def test_the_menu_adds_images_of_the_bot_with_their_recipe(town: Town):
    await create(town)
    message = await town.imagine()
    await town.ada.context_menu(town.channel, "Add to board", town.channel.last_message)
    [item] = (await board_of(town)).items
    assert item.generation_id == ids_of(message)[0]


async def test_a_message_without_a_picture_is_refused(town: Town):
    await create(town)
    message = await town.ada.send(town.channel, "hello")
    result = await town.ada.context_menu(town.channel, "Add to board", message)
    assert "No picture is attached" in said(result)


async def test_of_several_pictures_each_that_fails_is_named(town: Town):
    board = await create(town)
    other = town.guild.create_text_channel("other")
    files = [("a.png", picture(1)), ("b.png", b"nothing"), ("c.mp4", b"a video")]
    files.append(("d.avif", picture(2, "AVIF")))
    message = await town.ming.send(other, "look", attachments=files)
    shown = await town.ada.context_menu(other, "Add to board", message)
    chosen = {"board": [board.id], "pictures": ["0", "1", "2"]}
    words = said(await town.ada.submit_modal(shown, chosen))
    assert "Picture **1** on" in words
    assert "Picture **2** on" in words
    assert "b.png · This file is no picture" in words
    forwarded = await town.ada.forward(message, town.channel)
    shown = await town.ming.context_menu(town.channel, "Add to board", forwarded)
    words = said(await town.ming.submit_modal(shown, chosen))
    assert "It hangs there already" in words, "a forwarded message shows the same pictures"


async def test_what_is_no_picture_is_refused_with_its_sentence(town: Town):
    await create(town)
    result = await town.ada.slash(town.channel, "board add", image=("a.png", b"not a picture"))
    assert "This file is no picture" in said(result)
    neither = await town.ada.slash(town.channel, "board add")
    assert "Say what to add" in said(neither)


async def test_a_changed_copy_is_added_and_said(town: Town):
    await create(town)
    await add_picture(town, 1)
    small = Image.open(io.BytesIO(picture(1))).resize((80, 80))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=90)
    result = await town.ming.slash(town.channel, "board add", image=("b.jpg", buffer.getvalue()))
    assert "It looks like a changed copy of picture 1" in said(result)


async def test_an_id_is_added_with_words_and_credit(town: Town):
    await create(town)
    [id_] = ids_of(await town.imagine())
    await town.ming.slash(
        town.channel, "board add", id=id_, caption="Warm", tags="a, b", credit="Ada and Ming"
    )
    [item] = (await board_of(town)).items
    assert (item.caption, item.tags, item.credit) == ("Warm", ("a", "b"), "Ada and Ming")
    unknown = await town.ada.slash(town.channel, "board add", id="zzzzzzz")
    assert "There is no image" in said(unknown)


async def test_one_picture_hangs_on_many_boards(town: Town):
    await create(town)
    await create(town, "Autumn", channel=None)
    [id_] = ids_of(await town.imagine())
    for name in ("Spring", "Autumn"):
        await town.ada.slash(town.channel, "board add", id=id_, board=name)
        assert len((await board_of(town, name)).items) == 1


# Stars


async def test_a_star_hangs_a_picture_up_where_the_server_turned_that_on(town: Town):
    await create(town)
    message = await town.imagine()
    await town.ada.react(town.channel.last_message, "⭐")
    assert (await board_of(town)).items == ()
    refused = await town.ada.slash(town.channel, "board star", enabled=True)
    assert "Only moderators" in said(refused)
    await town.moderator.slash(town.channel, "board star", enabled=True)
    await town.ming.react(town.channel.last_message, "⭐")
    [item] = (await board_of(town)).items
    assert (item.added_by, item.generation_id) == (town.ming.id, ids_of(message)[0])
    assert "📌" in [str(each.emoji) for each in town.channel.last_message.reactions]


async def test_a_star_in_a_thread_means_the_board_of_its_channel(town: Town):
    await create(town)
    await town.moderator.slash(town.channel, "board star", enabled=True)
    thread = thread_in(town)
    await town.ada.slash(thread, "imagine", prompt="a leaf", size=SMALL)
    await town.idle()
    await town.ming.react(thread.last_message, "⭐")
    assert len((await board_of(town)).items) == 1


async def test_stars_elsewhere_go_to_the_servers_board(town: Town):
    await create(town, channel=None)
    await town.imagine()
    await town.moderator.slash(town.channel, "board star", enabled=True)
    await town.ada.react(town.channel.last_message, "⭐")
    assert (await board_of(town)).items == ()
    await town.moderator.slash(town.channel, "board star", enabled=True, board="Spring")
    await town.ming.react(town.channel.last_message, "⭐")
    assert len((await board_of(town)).items) == 1
    await town.moderator.slash(town.channel, "board star", enabled=False)
    await town.imagine()
    await town.ming.react(town.channel.last_message, "⭐")
    assert len((await board_of(town)).items) == 1


# What a board gives to its channel


async def test_imagine_takes_a_boards_words_and_size_and_says_so(town: Town):
    await create(town, style="in flat colours", size=SMALL)
    result = await town.ada.slash(town.channel, "imagine", prompt="a red apple", seed=1)
    await town.idle()
    words = texts_of(result.response)
    assert "**a red apple, in flat colours**" in words
    assert "With the words of this channel's board: in flat colours" in words
    [id_] = ids_of(result.response)
    generation = await town.service.generation(id_, viewer=town.viewer())
    assert generation.request.prompt == "a red apple, in flat colours"
    assert str(generation.request.size) == SMALL


async def test_the_boards_words_can_be_left_out(town: Town):
    await create(town, style="in flat colours", size="256x256")
    result = await town.ada.slash(
        town.channel, "imagine", prompt="a red apple", size=SMALL, plain=True
    )
    await town.idle()
    words = texts_of(result.response)
    assert "flat colours" not in words
    other = town.guild.create_text_channel("other")
    result = await town.ada.slash(other, "imagine", prompt="a red apple", size=SMALL)
    await town.idle()
    assert "flat colours" not in texts_of(result.response)


# Deleting images


async def test_a_deleted_image_stays_on_its_boards_until_it_is_taken_off_there_too(town: Town):
    await create(town)
    message = await town.imagine()
    await town.ada.click(message, label="Add to board")
    deleted = await town.ada.click(message, label="Delete")
    assert "It still hangs on **Spring** (1)" in said(deleted)
    board = await board_of(town)
    assert board.items[0].path.is_file()
    gone = await town.ada.click(answer_of(deleted), label="Take it off there too")
    assert "Taken off **Spring** (1)" in said(gone)
    assert (await board_of(town)).items == ()
