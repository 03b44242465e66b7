"""Inside one server: who sees an image or a job, where it may be shown, and whose right counts."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.builders import ChannelHandle
from simcord.enums import ChannelType, OverwriteType

from bot.discord_ui.places import SPOILER_FLAG, places_of
from bot.storage import Store
from bot.storage.places import KnownPlace
from tests import viewer_table
from tests.discord.test_board_privacy import secret_channel
from tests.discord.test_places import private_thread_in
from tests.support.board_channels import add_picture, create, said
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    gallery_of,
    ids_of,
    private_sentence,
    texts_of,
    walk,
)
from tests.support.old_database import make_database
from tests.unit.storage.test_relations import add_old_job, press
from tests.viewer_table import IMAGE_ROWS, JOB_ROWS, NO_COMMAND, Table
from tests.viewer_table.askers import show_to_all
from tests.viewer_table.rows import (
    ABSENT,
    NO_BOARD,
    NOT_HERE,
    NOT_THEIRS,
    PRIVATE,
    PUBLIC,
    UNLISTED,
    UNREAD,
)

pytest_plugins = ["tests.support.bot_fixtures"]

PAGE = Path(__file__).parents[2] / "docs" / "visibility.md"
HIDDEN = (
    "does not see `#secret`", "moderator who does not see `#secret`", "member, channel gone",
    "member, age-restricted", "its requester in another server",
    "its requester in direct messages", "its requester with their own app",
)  # fmt: skip


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, demo_model: Path) -> Table:
    return asyncio.run(viewer_table.build(tmp_path_factory.mktemp("table"), demo_model))


async def draw(env: DiscordEnv, channel: Any, who: Any = None, **options: Any) -> Any:
    """Run /imagine to its end in a channel and return the message."""
    options = {"prompt": "a red apple", "size": SMALL, **options}
    asked = await (who or env.ada).slash(channel, "imagine", **options)
    await env.idle()
    return asked.response


async def listed(env: DiscordEnv, who: Any, channel: Any, **options: Any) -> str:
    """Return what /history tells somebody."""
    return texts_of(answer_of(await who.slash(channel, "history", **options)))


async def post_there(env: DiscordEnv, channel: Any, id_: str) -> Any:
    """Post an image into any channel, as versions did that knew no better."""
    found = await env.service._store.generations.find(id_, None)
    await env.bot.post_again(env.bot.get_partial_messageable(channel.id), [found])
    return channel.history()[-1]


# Everything by everybody


@pytest.mark.parametrize("column", HIDDEN)
def test_what_may_not_be_seen_does_not_exist(table: Table, column: str):
    found = {row: table.cells[row, column] for row in IMAGE_ROWS}
    assert set(found.values()) <= {ABSENT, UNLISTED, NO_BOARD, UNREAD, NO_COMMAND}, found


@pytest.mark.parametrize(
    "column", ["sees `#secret`, asks in `#general`", "its requester, channel gone"]
)
def test_nothing_is_public_that_not_everyone_there_may_see(table: Table, column: str):
    found = {row: table.cells[row, column] for row in IMAGE_ROWS}
    assert PUBLIC not in found.values()
    assert found["`/show id`"] == PRIVATE
    for row in ("`/reproduce id`", "**Same seed**", "**New seed**", "**Edit**", "menu *Same seed*"):
        assert found[row] == NOT_HERE


@pytest.mark.parametrize("row", ["**Delete**", "**Cancel**", "`/cancel job`"])
def test_a_right_counts_in_its_channel_and_moderators_everywhere(table: Table, row: str):
    assert table.cells[row, "corner moderator, `#general`"] == NOT_THEIRS
    assert table.cells[row, "corner moderator, the corner"] == PRIVATE
    assert table.cells[row, "moderator, `#general`"] == PRIVATE
    assert table.cells[row, "moderator who does not see `#secret`"] == ABSENT
    assert table.cells[row, "sees `#secret`, asks there"] == NOT_THEIRS


def test_jobs_are_steered_by_moderators_of_the_server_only(table: Table):
    rows = [row for row in JOB_ROWS if row.startswith("`/jobs")]
    others = [each for each in table.columns if not each.startswith(("moderator", "its"))]
    assert {table.cells[row, each] for row in rows for each in others} == {NOT_THEIRS, NO_COMMAND}
    assert table.cells["`/jobs move`", "moderator who does not see `#secret`"] == ABSENT
    assert table.cells["`/jobs move`", "moderator, `#general`"] == PRIVATE


def test_the_page_of_who_sees_what_is_current(table: Table):
    assert PAGE.read_text(encoding="utf-8") == table.page()


# Channels and threads


async def test_pages_stay_full_whatever_is_hidden(env: DiscordEnv):
    secret = secret_channel(env, env.ada)
    for seed in range(7):
        await draw(env, secret, prompt=f"a secret apple{seed}")
        await draw(env, env.channel, prompt=f"an open apple{seed}")
    for options in ({}, {"search": "apple"}, {"search": "app"}):
        first = answer_of(await env.ming.slash(env.channel, "history", **options))
        assert "secret" not in texts_of(first)
        assert texts_of(first).count("an open") == 5
        await env.ming.click(first, label="Older →")
        assert texts_of(first).count("an open") == 2
        assert [e["disabled"] for e in walk(first) if e.get("label") == "Older →"] == [True]
    assert (await listed(env, env.ada, env.channel)).count("a secret") == 2


async def test_a_private_thread_is_its_members(env: DiscordEnv):
    thread = private_thread_in(env)
    env.simcord.backend.remove_thread_member(thread.id, env.ming.id)
    [id_] = ids_of(await draw(env, thread))
    for who, is_seen in ((env.ada, True), (env.ming, False)):
        assert (id_ in await listed(env, who, env.channel)) is is_seen
    shown = answer_of(await env.ada.slash(env.channel, "show", id=id_))
    assert shown.ephemeral
    assert "Only you see this" in texts_of(shown)
    assert not answer_of(await env.ada.slash(thread, "show", id=id_)).ephemeral


async def test_an_archived_thread_is_still_there_and_a_deleted_one_is_gone(env: DiscordEnv):
    made = env.simcord.backend.create_thread(
        env.channel.id, "night", env.ada.id, type=ChannelType.PUBLIC_THREAD
    )
    thread = ChannelHandle(env.simcord, env.guild, made)
    [id_] = ids_of(await draw(env, thread))
    made.thread_metadata.archived = True
    env.simcord.backend.announce_channel_update(thread.id)
    await env.simcord.settle()
    assert env.bot.get_guild(env.guild.id).get_thread(thread.id) is None
    for _ in range(2):
        assert id_ in await listed(env, env.ming, env.channel)
        await env.start_again()
    env.simcord.backend.delete_channel(thread.id)
    await env.simcord.settle()
    for _ in range(2):
        for who, is_seen in (
            (env.ming, False),
            (env.ada, True),
            (env.moderator, True),
        ):
            assert (id_ in await listed(env, who, env.channel)) is is_seen
        await env.start_again()


async def test_threads_of_a_hidden_channel_are_hidden(env: DiscordEnv):
    secret = secret_channel(env, env.ada)
    made = env.simcord.backend.create_thread(secret.id, "night", env.ada.id)
    [id_] = ids_of(await draw(env, ChannelHandle(env.simcord, env.guild, made)))
    assert id_ not in await listed(env, env.ming, env.channel)
    assert not answer_of(await env.ada.slash(secret, "show", id=id_)).ephemeral
    assert answer_of(await env.ada.slash(env.channel, "show", id=id_)).ephemeral


async def test_a_link_into_a_hidden_channel_is_not_even_looked_at(env: DiscordEnv):
    secret = secret_channel(env, env.ada)
    stored = (await draw(env, secret))._message
    link = f"https://discord.com/channels/{env.guild.id}/{secret.id}/{stored.id}"
    before = len(env.simcord.http_requests)
    hidden = await env.ming.slash(env.channel, "lineage", id=link)
    nowhere = await env.ming.slash(env.channel, "lineage", id=link.replace(str(stored.id), "7"))
    assert private_sentence(hidden) == private_sentence(nowhere)
    asked = env.simcord.http_requests[before:]
    assert not [each for each in asked if f"/channels/{secret.id}/messages" in each.path]


async def test_who_named_members_may_see_is_told_from_the_channels_rules(env: DiscordEnv):
    """What is from `#members` may be shown in `#staff`, whose readers all see it, not outside."""
    members, staff = (env.guild.create_role(name) for name in ("members", "staff"))
    for who in (env.ada, env.ming):
        env.simcord.backend.add_member_role(env.guild.id, who.id, members.id)
    env.simcord.backend.add_member_role(env.guild.id, env.ada.id, staff.id)
    hidden = discord.PermissionOverwrite(view_channel=False)
    seen = discord.PermissionOverwrite(view_channel=True, send_messages=True)
    everyone, bot = env.guild.default_role, env.bot.user
    both = {everyone: hidden, bot: seen, members: seen, staff: seen}
    wide = env.guild.create_text_channel("members", overwrites=both)
    narrow = env.guild.create_text_channel("staff", overwrites={
        everyone: hidden, bot: seen, staff: seen,
    })  # fmt: skip
    [from_wide], [from_narrow] = (
        ids_of(await draw(env, wide)),
        ids_of(await draw(env, narrow)),
    )
    assert not answer_of(await env.ada.slash(narrow, "show", id=from_wide)).ephemeral
    assert answer_of(await env.ada.slash(wide, "show", id=from_narrow)).ephemeral
    assert answer_of(await env.ada.slash(env.channel, "show", id=from_wide)).ephemeral


async def test_who_may_not_enter_a_voice_channel_does_not_see_its_images(env: DiscordEnv):
    voice = env.guild.create_voice_channel("lounge")
    connect = discord.Permissions(connect=True).value
    for target, kind, denied in (
        (env.guild.default_role, OverwriteType.ROLE, True),
        (env.ada, OverwriteType.MEMBER, False),
    ):
        rule = Overwrite(target.id, kind, allow=connect * (not denied), deny=connect * denied)
        env.simcord.backend.set_overwrite(voice.id, rule)
    await env.simcord.settle()
    [id_] = ids_of(await draw(env, voice))
    assert id_ not in await listed(env, env.ming, env.channel)
    assert answer_of(await env.ada.slash(env.channel, "show", id=id_)).ephemeral
    assert not answer_of(await env.ada.slash(voice, "show", id=id_)).ephemeral


async def test_what_became_hidden_is_an_unnamed_step_of_a_line(env: DiscordEnv):
    """An image drawn before its parent's channel was closed says only that there was one."""
    other = env.guild.create_text_channel("other")
    message = await draw(env, other, prompt="a secret apple")
    [parent] = ids_of(message)
    again = await press(env, await post_there(env, env.channel, parent), "New seed")
    [child] = ids_of(again)
    channel = env.bot.get_channel(other.id)
    everyone = env.bot.get_guild(env.guild.id).default_role
    await channel.set_permissions(everyone, view_channel=False)
    recipe = texts_of(answer_of(await env.ming.slash(env.channel, "recipe", id=child)))
    assert "Recipe of" in recipe
    assert parent not in recipe
    found = await env.ming.slash(env.channel, "lineage", id=child)
    assert parent not in str(answer_of(found).components)
    assert "There is no image" in private_sentence(
        await env.ming.slash(env.channel, "lineage", id=parent)
    )


async def test_where_only_the_commands_were_invited_the_channel_is_all_that_is_known(
    env: DiscordEnv,
):
    guild = env.simcord.create_guild("Commands")
    here, there = (guild.create_text_channel(name) for name in ("here", "there"))
    ada, ming = (guild.add_member(each.user) for each in (env.ada, env.ming))
    env.bot._connection._guilds.pop(guild.id)
    [id_] = ids_of(await draw(env, here, ada))
    assert id_ in await listed(env, ming, here)
    assert id_ not in await listed(env, ming, there)
    assert not answer_of(await ming.slash(here, "show", id=id_)).ephemeral
    assert "There is no image" in private_sentence(await ada.slash(there, "show", id=id_))


async def test_places_of_images_of_before_are_known(tmp_path: Path):
    path = await make_database(tmp_path, version=6)
    with contextlib.closing(sqlite3.connect(path)) as db:
        add_old_job(db, "here", None, "imagine", [(5, 0)])
        add_old_job(db, "private", None, "imagine", [(5, 0)])
        for table in ("jobs", "generations"):
            column = "id" if table == "jobs" else "job_id"
            db.execute(f"UPDATE {table} SET guild_id = 1 WHERE {column} = 'here'")
        db.commit()
    async with Store(path, images=tmp_path / "images") as store:
        known = KnownPlace(channel_id=2, is_age_restricted=False, is_gone=False)
        assert await store.places.of_guild(1) == [known]


# Age-restricted channels and spoiler channels


async def test_age_restricted_images_are_seen_from_age_restricted_channels_only(
    env: DiscordEnv,
):
    adult, other = (env.guild.create_text_channel(name) for name in ("adult", "other"))
    await env.mark(adult, nsfw=True)
    await env.mark(other, nsfw=True)
    [id_] = ids_of(await draw(env, adult))
    assert id_ in await listed(env, env.ming, other)
    assert not answer_of(await env.ming.slash(other, "show", id=id_)).ephemeral
    for who in (env.ada, env.ming, env.moderator):
        assert id_ not in await listed(env, who, env.channel)
        assert "There is no image" in private_sentence(await who.slash(env.channel, "show", id=id_))
    await create(env)
    await env.ming.slash(other, "board add", id=id_, board="Spring")
    assert "picture" not in said(await env.ming.slash(env.channel, "board show"))
    assert "1 picture" in said(await env.ming.slash(other, "board show", board="Spring"))
    await env.bot.get_channel(adult.id).delete()
    await env.simcord.settle()
    assert id_ not in await listed(env, env.ada, env.channel)
    assert id_ in await listed(env, env.ada, other)


async def test_what_is_from_a_spoiler_channel_is_hidden_elsewhere(env: DiscordEnv):
    finale = env.guild.create_text_channel("finale")
    await env.mark(finale, is_spoiler=True)
    message = await draw(env, finale)
    [id_] = ids_of(message)
    assert [item["spoiler"] for item in gallery_of(message)] == [False]
    for channel, is_hidden in ((finale, False), (env.channel, True)):
        shown = answer_of(await env.ming.slash(channel, "show", id=id_))
        assert [item["spoiler"] for item in gallery_of(shown)] == [is_hidden]
        page = answer_of(await env.ming.slash(channel, "history"))
        assert [each["spoiler"] for each in walk(page) if each["type"] == 11] == [is_hidden]
        family = answer_of(await env.ming.slash(channel, "lineage", id=id_, spoilers=True))
        assert [item["spoiler"] for item in gallery_of(family)] == [is_hidden]
    again = await press(env, shown, "Same seed")
    assert [item["spoiler"] for item in gallery_of(again)] == [True]
    await env.mark(finale)
    shown = answer_of(await env.ming.slash(env.channel, "show", id=id_))
    assert [item["spoiler"] for item in gallery_of(shown)] == [False]


async def test_where_discord_does_not_say_which_channels_are_spoilers_all_are(
    env: DiscordEnv, monkeypatch: pytest.MonkeyPatch
):
    finale = env.guild.create_text_channel("finale")
    await env.mark(finale, is_spoiler=True)
    [id_] = ids_of(await draw(env, finale))

    async def reset(_: int) -> Any:
        raise aiohttp.ServerDisconnectedError

    places_of(env.bot)._spoilers.clear()
    with monkeypatch.context() as broken:
        broken.setattr(env.bot.http, "get_all_guild_channels", reset)
        shown = answer_of(await env.ming.slash(env.channel, "show", id=id_))
        assert [item["spoiler"] for item in gallery_of(shown)] == [True]
        own = answer_of(await env.ming.slash(finale, "show", id=id_))
        assert [item["spoiler"] for item in gallery_of(own)] == [False]


async def test_a_spoiler_channel_made_while_nobody_listened_hides_its_images(
    env: DiscordEnv,
):
    finale = env.guild.create_text_channel("finale")
    [id_] = ids_of(await draw(env, finale))
    shown = answer_of(await env.ming.slash(env.channel, "show", id=id_))
    assert [item["spoiler"] for item in gallery_of(shown)] == [False]
    kind = {"nsfw": False, "flags": SPOILER_FLAG}
    env.simcord.backend.channel_kinds = {finale.id: kind}  # and nothing is told
    env.bot.dispatch("ready")
    await env.simcord.settle()
    shown = answer_of(await env.ming.slash(env.channel, "show", id=id_))
    assert [item["spoiler"] for item in gallery_of(shown)] == [True]


async def test_pictures_of_a_spoiler_channel_hang_hidden_on_boards(env: DiscordEnv):
    finale = env.guild.create_text_channel("finale")
    await env.mark(finale, is_spoiler=True)
    board = await create(env)
    [id_] = ids_of(await draw(env, finale))
    await env.ada.slash(finale, "board add", id=id_, board="Spring")
    await add_picture(env, 2, channel=finale, board="Spring")
    found = await env.service.system.boards.board(board.id)
    assert [item.is_spoiler for item in found.items] == [True, True]


# Rights


async def corner(env: DiscordEnv) -> tuple[Any, Any]:
    """Return a channel, and somebody who may manage messages in it."""
    cora = env.guild.add_member(env.simcord.create_user("cora"))
    rules = {cora: discord.PermissionOverwrite(manage_messages=True)}
    return env.guild.create_text_channel("corner", overwrites=rules), cora


async def test_a_corners_moderator_does_not_delete_what_is_shown_there(env: DiscordEnv):
    channel, cora = await corner(env)
    message = await env.imagine()
    [id_] = ids_of(message)
    shown = answer_of(await cora.slash(channel, "show", id=id_))
    assert "Only its requester and moderators" in private_sentence(
        await cora.click(shown, label="Delete")
    )
    assert ids_of(message) == [id_]
    assert id_ in await listed(env, cora, channel)


async def test_a_corners_moderator_owns_the_board_that_it_is_and_no_other(env: DiscordEnv):
    channel, cora = await corner(env)
    await create(env, "Corner", channel=channel)
    await create(env, "Spring")
    for name, is_allowed in (("Corner", True), ("Spring", False)):
        result = await cora.slash(channel, "board edit", board=name, order="votes")
        assert ("You may not" not in said(result)) is is_allowed


async def test_jobs_commands_check_by_themselves(env: DiscordEnv):
    show_to_all(env, "jobs")
    env.engine.hold()
    await env.imagine_unwaited(env.ada, "one")
    await env.held()
    await env.imagine_unwaited(env.ada, "two")
    channel, cora = await corner(env)
    for who, place in ((env.ming, env.channel), (cora, channel)):
        assert await who.autocomplete(place, "jobs move", "job", "") == []
        for command, options in (
            ("clear", {}),
            ("pause", {}),
            ("resume", {}),
            ("move", {"job": "x"}),
        ):
            result = await who.slash(place, f"jobs {command}", **options)
            assert "Only moderators of this server" in private_sentence(result)
    assert not env.service.moderation.is_paused(viewer=env.viewer())
    assert len(env.service.jobs.queue(viewer=env.viewer())) == 2


async def test_moderators_clear_only_what_they_may_see(env: DiscordEnv):
    secret = secret_channel(env, env.ada)
    env.engine.hold()
    await env.imagine_unwaited(env.ada, "one")
    await env.held()
    hidden = await env.ada.slash(secret, "imagine", prompt="two", size=SMALL)
    await env.imagine_unwaited(env.ada, "three")
    line = private_sentence(await env.moderator.slash(env.channel, "queue"))
    assert "two" not in line
    assert "somebody elsewhere" in line
    answer = private_sentence(await env.moderator.slash(env.channel, "jobs clear"))
    assert "Cancelled 1 waiting jobs" in answer
    env.engine.release()
    await env.idle()
    assert ids_of(hidden.response)


async def test_ones_own_job_is_ones_own_wherever_one_is(env: DiscordEnv):
    secret = secret_channel(env, env.ada)
    env.engine.hold()
    await env.imagine_unwaited(env.ming, "one")
    await env.held()
    waiting = await env.ada.slash(secret, "imagine", prompt="two", size=SMALL)
    assert "two" in private_sentence(await env.ada.slash(env.channel, "queue"))
    assert "two" in private_sentence(await env.ada.user.slash("queue"))
    assert "is cancelled" in private_sentence(await env.ada.user.slash("cancel"))
    env.engine.release()
    await env.idle()
    assert waiting.response is None


async def test_a_boards_picture_is_drawn_again_only_where_everyone_may_see_it(
    env: DiscordEnv,
):
    await create(env)
    secret = secret_channel(env, env.ada)
    [id_] = ids_of(await draw(env, secret))
    await env.ada.slash(secret, "board add", id=id_, board="Spring")
    shown = answer_of(await env.ada.slash(env.channel, "board show", number=1))
    for label in ("Same seed", "More like this"):
        refused = await env.ada.click(shown, label=label)
        assert "not everyone here may see" in private_sentence(refused)
    there = answer_of(await env.ada.slash(secret, "board show", board="Spring", number=1))
    again = await env.ada.click(there, label="Same seed")
    await env.idle()
    assert ids_of(again.response)
