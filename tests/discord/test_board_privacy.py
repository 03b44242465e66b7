"""What a member may not see in Discord is not on their boards, sheets, logs or files."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import discord
import pytest

from tests.discord.test_places import private_thread_in
from tests.support.board_channels import (
    add_picture,
    board_of,
    changed,
    create,
    current,
    post_picture,
    said,
    select_of,
)
from tests.support.boards_env import picture
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    ids_of,
    labels_of,
    texts_of,
    walk,
)

pytest_plugins = ["tests.support.bot_fixtures"]


def secret_channel(env: DiscordEnv, *people: Any) -> Any:
    """Create a channel that only some people and the bot may view."""
    seen = discord.PermissionOverwrite(view_channel=True, send_messages=True)
    rules = {env.guild.default_role: discord.PermissionOverwrite(view_channel=False)}
    rules |= dict.fromkeys((*people, env.bot.user), seen)
    return env.guild.create_text_channel("secret", overwrites=rules)


async def test_pictures_from_a_hidden_channel_are_shown_to_who_may_view_it(env: DiscordEnv):
    await create(env)
    await add_picture(env, 1)
    secret = secret_channel(env, env.ada)
    answer = await add_picture(env, 2, channel=secret, board="Spring", caption="Classified")
    assert "not everyone who sees the board may see" in texts_of(answer)
    message = await current(env)
    words = texts_of(message)
    assert "1 picture" in words
    assert "1 more from channels" in words
    assert "**2**" not in words
    assert "Classified" not in str(message.components)

    for who, count in ((env.ada, 2), (env.ming, 1)):
        shown = said(await who.slash(env.channel, "board show"))
        assert f"{count} picture" in shown
    assert "There is no picture 2" in said(
        await env.ming.slash(env.channel, "board show", number=2)
    )
    offered = await env.ming.autocomplete(env.channel, "board vote", "number", "")
    assert [each["value"] for each in offered] == [1]
    assert "There is no picture 2" in said(
        await env.ming.slash(env.channel, "board vote", number=2)
    )
    assert "**2**" not in said(await env.ming.slash(env.channel, "board log"))
    assert "1 picture ·" in said(await env.ming.slash(env.channel, "board list"))
    assert "2 pictures ·" in said(await env.ada.slash(env.channel, "board list"))
    assert "**2**" in said(await env.ada.slash(env.channel, "board log"))


async def test_exports_hold_what_their_reader_may_see(env: DiscordEnv):
    await create(env)
    await add_picture(env, 1)
    await add_picture(env, 2, channel=secret_channel(env, env.ada), board="Spring")
    for who, count in ((env.ada, 2), (env.ming, 1)):
        answer = answer_of(await who.slash(env.channel, "board export", form="zip"))
        archive = zipfile.ZipFile(io.BytesIO(await answer.attachments[0].read()))
        names = [name for name in archive.namelist() if name.startswith("pictures/")]
        assert len(names) == count
        assert len(archive.read("pictures.csv").splitlines()) == count + 1
    [shown, hidden] = [
        {swatch.hex for swatch in item.palette} for item in (await board_of(env)).items
    ]
    colours = said(await env.ming.slash(env.channel, "board palette"))
    assert all(each in colours for each in shown)
    assert not any(each in colours for each in hidden - shown)


async def test_curators_may_release_a_picture_for_all(env: DiscordEnv):
    await create(env)
    secret = secret_channel(env, env.ada, env.moderator)
    refused = await add_picture(env, 1, channel=secret, board="Spring", everyone=True)
    assert "You may not curate" in texts_of(refused)
    for seed, who in ((1, env.moderator), (2, env.ada), (2, env.moderator)):
        is_curator = who is env.moderator
        await add_picture(env, seed, who=who, channel=secret, board="Spring", everyone=is_curator)
    assert "2 pictures" in texts_of(await current(env)), "also what hung there already"
    assert "2 pictures" in said(await env.ming.slash(env.channel, "board show"))


async def test_a_board_in_a_hidden_channel_is_hidden_too(env: DiscordEnv):
    secret = secret_channel(env, env.ada, env.moderator)
    await create(env, channel=secret)
    await add_picture(env, 1, channel=secret)
    assert "There is no board here yet" in said(await env.ming.slash(env.channel, "board list"))
    for command in ("show", "export", "palette", "log"):
        result = await env.ming.slash(env.channel, f"board {command}", board="Spring")
        assert "There is no board 'Spring' here" in said(result)
    assert await env.ming.autocomplete(env.channel, "board show", "board", "") == []
    assert "1 picture" in said(await env.ada.slash(env.channel, "board show", board="Spring"))


async def test_who_loses_sight_of_a_channel_loses_its_board(env: DiscordEnv):
    board = await create(env)
    await add_picture(env)
    assert "1 picture" in said(await env.ming.slash(env.channel, "board show"))
    other = env.guild.create_text_channel("other")
    channel = env.bot.get_channel(env.channel.id)
    ming = await env.bot.get_guild(env.guild.id).fetch_member(env.ming.id)
    await channel.set_permissions(ming, view_channel=False)
    result = await env.ming.slash(other, "board show", board=board.id)
    assert "There is no board" in said(result)


async def test_the_sheet_follows_what_a_channel_hides(env: DiscordEnv):
    await create(env)
    other = env.guild.create_text_channel("other")
    await add_picture(env, 1, channel=other, board="Spring")
    assert "1 picture" in texts_of(await current(env))
    channel = env.bot.get_channel(other.id)
    everyone = env.bot.get_guild(env.guild.id).default_role
    for is_restricted, words in ((True, "1 more from channels"), (False, "1 picture")):
        await env.mark(other, nsfw=is_restricted)
        await env.until(lambda w=words: w in texts_of(env.channel.pinned_messages()[0]))
    await channel.set_permissions(everyone, view_channel=False)
    await env.until(lambda: "1 more from channels" in texts_of(env.channel.pinned_messages()[0]))


async def test_a_private_threads_pictures_are_for_its_members(env: DiscordEnv):
    await create(env)
    thread = private_thread_in(env)
    env.simcord.backend.remove_thread_member(thread.id, env.ming.id)
    await add_picture(env, 1, channel=thread, board="Spring")
    assert "1 picture" in said(await env.ada.slash(env.channel, "board show"))
    assert "1 picture" not in said(await env.ming.slash(env.channel, "board show"))
    assert "1 more from channels" in texts_of(await current(env))


async def test_a_gone_channels_pictures_are_for_who_made_them_and_for_owners(
    env: DiscordEnv,
):
    await create(env)
    open_to_all = env.guild.create_text_channel("other")
    secret = secret_channel(env, env.ada, env.ming)
    await add_picture(env, 1, channel=open_to_all, board="Spring")
    await add_picture(env, 2, channel=secret, board="Spring", caption="Classified")
    for channel in (open_to_all, secret):
        await env.bot.get_channel(channel.id).delete()
    for who, is_seen in (
        (env.ada, True),
        (env.ming, False),
        (env.moderator, True),
    ):
        words = said(await who.slash(env.channel, "board show"))
        assert ("2 pictures" if is_seen else "1 picture") in words
        log = said(await who.slash(env.channel, "board log"))
        assert ("Classified" in log) is is_seen
    await env.until(lambda: "1 more from" in texts_of(env.channel.pinned_messages()[0]))


async def test_a_gone_hidden_channels_board_is_for_its_owner_and_whom_it_names(
    env: DiscordEnv,
):
    secret = secret_channel(env, env.ada, env.moderator)
    await create(env, channel=secret)
    await add_picture(env, channel=secret)
    await env.bot.get_channel(secret.id).delete()
    board = await changed(env, lambda board: board.channel_id is None)
    assert "There is no board" in said(await env.ming.slash(env.channel, "board show"))
    assert await env.ming.autocomplete(env.channel, "board show", "board", "") == []
    assert "channel was deleted" in said(await env.moderator.slash(env.channel, "board log"))
    await env.moderator.slash(env.channel, "board allow", who=env.ming, access="look")
    assert board.name in said(await env.ming.slash(env.channel, "board show"))


async def test_what_was_taken_off_is_logged_to_who_might_see_it(env: DiscordEnv):
    await create(env)
    secret = secret_channel(env, env.ada)
    await add_picture(env, 1, channel=secret, board="Spring", caption="Classified")
    await env.ada.slash(env.channel, "board remove", number=1)
    assert "Classified" in said(await env.ada.slash(env.channel, "board log"))
    assert "**1**" not in said(await env.ming.slash(env.channel, "board log"))
    assert "**1**" not in texts_of(await current(env))


async def test_another_servers_boards_do_not_exist(env: DiscordEnv):
    board = await create(env)
    message = await env.imagine()
    await env.ada.click(message, label="Add to board")
    guild = env.simcord.create_guild("Elsewhere")
    channel = guild.create_text_channel("here")
    ada = guild.add_member(env.ada.user)
    for typed in ("Spring", board.id):
        result = await ada.slash(channel, "board show", board=typed)
        assert "There is no board" in said(result)
        result = await ada.slash(channel, "board export", board=typed)
        assert "There is no board" in said(result)
    assert await ada.autocomplete(channel, "board show", "board", "") == []
    foreign = await ada.slash(channel, "board create", name="Theirs")
    assert "Theirs" in said(foreign)
    result = await ada.slash(channel, "board add", id=ids_of(message)[0])
    assert "There is no image" in said(result)


async def test_boards_are_a_servers_and_not_offered_in_direct_messages(env: DiscordEnv):
    offered = {name.split()[0] for name in env.ada.user.available_commands()}
    assert "imagine" in offered
    assert "board" not in offered
    asked = await env.ada.user.slash("imagine", prompt="a red apple", size=SMALL)
    await env.idle()
    assert "Add to board" not in labels_of(asked.response)


async def test_shared_comparisons_show_only_what_everyone_here_may_see(env: DiscordEnv):
    await create(env)
    await add_picture(env, 1)
    await add_picture(env, 2, channel=secret_channel(env, env.ada), board="Spring")
    refused = await env.ada.slash(env.channel, "board compare", a=1, b=2, share=True)
    assert "not everyone here may see" in said(refused)
    assert answer_of(await env.ada.slash(env.channel, "board compare", a=1, b=2)).ephemeral


async def test_a_hidden_copy_is_not_named_to_who_adds_another(env: DiscordEnv):
    await create(env)
    secret = secret_channel(env, env.ada)
    await add_picture(env, 1, channel=secret, board="Spring")
    same = await add_picture(env, 1, who=env.ming)
    assert "from a channel that you may not view" in texts_of(same)
    assert labels_of(same) == []
    near = await env.ming.slash(
        env.channel, "board add", image=("copy.jpg", picture(1, "JPEG", quality=80))
    )
    assert "Picture **2**" in said(near)
    assert "copy of picture" not in said(near)


async def test_boards_in_hidden_channels_are_not_named_outside(env: DiscordEnv):
    secret = secret_channel(env, env.ada, env.moderator)
    await create(env, channel=secret)
    message = await env.imagine(env.ming)
    await env.ada.slash(env.channel, "board add", id=ids_of(message)[0], board="Spring")
    shared = await env.moderator.slash(
        secret, "board add", image=("a.png", picture(3)), everyone=True
    )
    assert "Picture **2**" in said(shared)
    refused = await env.moderator.slash(
        env.channel, "board compare", a=1, b=2, board="Spring", share=True
    )
    assert "not everyone here may see" in said(refused)
    deleted = await env.ming.click(message, label="Delete")
    assert "Spring" not in said(deleted)


async def test_nothing_that_is_said_notifies_anybody(env: DiscordEnv):
    await create(env, brief="@everyone")
    message = await post_picture(env.ming, env.channel)
    await env.ada.context_menu(env.channel, "Add to board", message)
    await env.ada.slash(env.channel, "board caption", number=1, words="@everyone <@1>")
    await env.ada.slash(env.channel, "board comment", number=1, words="@here")
    await current(env)
    picture = answer_of(await env.ada.slash(env.channel, "board show", number=1))
    assert "@everyone" not in texts_of(picture)
    sent = [
        each.json["allowed_mentions"]
        for each in env.simcord.http_requests
        if each.json and "allowed_mentions" in each.json
    ]
    assert sent
    assert all(each.get("parse") == [] for each in sent)


async def test_words_from_right_to_left_turn_nothing_beside_them(env: DiscordEnv):
    await create(env, "לוח אביב")
    await add_picture(env, caption="تفاحة", tags="خضراء")
    words = said(await env.ada.slash(env.channel, "board show", number=1))
    assert "\u2068לוח אביב\u2069" in words
    assert "**1** · \u2068تفاحة\u2069" in words
    options = select_of(await current(env, "לוח אביב"), "zib:s:look")["options"]
    assert options[0]["label"] == "1 · \u2068تفاحة\u2069"


@pytest.mark.nightly
async def test_the_longest_texts_fit_into_every_message(env: DiscordEnv):
    await create(env, "*" * 80, brief="*" * 1000, style="*" * 300)
    for seed in (1, 2):
        await add_picture(
            env,
            seed,
            caption="*" * 500,
            tags=", ".join(f"{i:02}" + "*" * 28 for i in range(20)),
            credit="*" * 100,
        )
    for i in range(12):
        await env.ming.slash(env.channel, "board comment", number=1, words=f"{i}" + "*" * 990)
    shown = [await current(env, "*" * 80)]
    for command, options in (
        ("show", {}),
        ("show", {"number": 1}),
        ("log", {}),
        ("list", {}),
        ("members", {}),
        ("palette", {"number": 1}),
        ("compare", {"a": 1, "b": 2}),
    ):
        result = await env.ada.slash(env.channel, f"board {command}", **options)
        shown.append(answer_of(result))
    for message in shown:
        assert len(texts_of(message)) <= 4000
        assert len(list(walk(message))) <= 40


async def test_chinese_readers_are_answered_in_chinese(env: DiscordEnv):
    await create(env)
    await add_picture(env)
    env.locales[env.ming.id] = "zh-CN"
    assert "1 张图片" in said(await env.ming.slash(env.channel, "board show"))
    assert "你不能整理画板" in said(
        await env.ming.slash(env.channel, "board status", number=1, status="approved")
    )
    shown = await env.ming.click(await current(env), label="Vote")
    refused = await env.ming.submit_modal(shown, {"numbers": "红的"})
    assert "没有编号" in said(refused)
    voted = said(await env.ming.slash(env.channel, "board vote", number=1))
    assert "你给第 1 号图片的票已计入：1" in voted
