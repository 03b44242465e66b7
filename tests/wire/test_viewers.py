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
from bot.storage.database import Database
from bot.storage.places import KnownPlace
from tests import viewer_table
from tests.discord.test_board_privacy import secret_channel
from tests.discord.test_places import private_thread_in
from tests.support.board_channels import add_picture, create, said
from tests.support.discord_env import (
    SMALL,
    Town,
    answer_of,
    gallery_of,
    ids_of,
    private_sentence,
    texts_of,
    walk,
)
from tests.unit.storage.test_relations import add_old_job, press
from tests.unit.storage.test_store import MIGRATIONS
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


async def draw(town: Town, channel: Any, who: Any = None, **options: Any) -> Any:
    """Run /imagine to its end in a channel and return the message."""
    options = {"prompt": "a red apple", "size": SMALL, **options}
    asked = await (who or town.ada).slash(channel, "imagine", **options)
    await town.idle()
    return asked.response


async def listed(town: Town, who: Any, channel: Any, **options: Any) -> str:
    """Return what /history tells somebody."""
    return texts_of(answer_of(await who.slash(channel, "history", **options)))


async def post_there(town: Town, channel: Any, id_: str) -> Any:
    """Post an image into any channel, as versions did that knew no better."""
    found = await town.service._store.generations.find(id_)
    await town.bot.post_again(town.bot.get_partial_messageable(channel.id), [found])
    return channel.history()[-1]


# Everything by everybody


@pytest.mark.parametrize("column", HIDDEN)
def test_what_may_not_be_seen_does_not_exist(table: Table, column: str):
    found = {row: table.cells[row, column] for row in IMAGE_ROWS}
    assert set(found.values()) <= {ABSENT, UNLISTED, NO_BOARD, NO_COMMAND}, found


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


async def test_pages_stay_full_whatever_is_hidden(town: Town):
    secret = secret_channel(town, town.ada)
    for seed in range(7):
        await draw(town, secret, prompt=f"a secret apple{seed}")
        await draw(town, town.channel, prompt=f"an open apple{seed}")
    for options in ({}, {"search": "apple"}, {"search": "app"}):
        first = answer_of(await town.ming.slash(town.channel, "history", **options))
        assert "secret" not in texts_of(first)
        assert texts_of(first).count("an open") == 5
        await town.ming.click(first, label="Older →")
        assert texts_of(first).count("an open") == 2
        assert [e["disabled"] for e in walk(first) if e.get("label") == "Older →"] == [True]
    assert (await listed(town, town.ada, town.channel)).count("a secret") == 2


async def test_a_private_thread_is_its_members(town: Town):
    thread = private_thread_in(town)
    town.env.backend.remove_thread_member(thread.id, town.ming.id)
    [id_] = ids_of(await draw(town, thread))
    for who, is_seen in ((town.ada, True), (town.ming, False)):
        assert (id_ in await listed(town, who, town.channel)) is is_seen
    shown = answer_of(await town.ada.slash(town.channel, "show", id=id_))
    assert shown.ephemeral
    assert "Only you see this" in texts_of(shown)
    assert not answer_of(await town.ada.slash(thread, "show", id=id_)).ephemeral


async def test_an_archived_thread_is_still_there_and_a_deleted_one_is_gone(town: Town):
    made = town.env.backend.create_thread(
        town.channel.id, "night", town.ada.id, type=ChannelType.PUBLIC_THREAD
    )
    thread = ChannelHandle(town.env, town.guild, made)
    [id_] = ids_of(await draw(town, thread))
    made.thread_metadata.archived = True
    town.env.backend.announce_channel_update(thread.id)
    await town.env.settle()
    assert town.bot.get_guild(town.guild.id).get_thread(thread.id) is None
    for _ in range(2):
        assert id_ in await listed(town, town.ming, town.channel)
        await town.start_again()
    town.env.backend.delete_channel(thread.id)
    await town.env.settle()
    for _ in range(2):
        for who, is_seen in ((town.ming, False), (town.ada, True), (town.moderator, True)):
            assert (id_ in await listed(town, who, town.channel)) is is_seen
        await town.start_again()


async def test_threads_of_a_hidden_channel_are_hidden(town: Town):
    secret = secret_channel(town, town.ada)
    made = town.env.backend.create_thread(secret.id, "night", town.ada.id)
    [id_] = ids_of(await draw(town, ChannelHandle(town.env, town.guild, made)))
    assert id_ not in await listed(town, town.ming, town.channel)
    assert not answer_of(await town.ada.slash(secret, "show", id=id_)).ephemeral
    assert answer_of(await town.ada.slash(town.channel, "show", id=id_)).ephemeral


async def test_a_link_into_a_hidden_channel_is_not_even_looked_at(town: Town):
    secret = secret_channel(town, town.ada)
    stored = (await draw(town, secret))._message
    link = f"https://discord.com/channels/{town.guild.id}/{secret.id}/{stored.id}"
    before = len(town.env.http_requests)
    hidden = await town.ming.slash(town.channel, "lineage", id=link)
    nowhere = await town.ming.slash(town.channel, "lineage", id=link.replace(str(stored.id), "7"))
    assert private_sentence(hidden) == private_sentence(nowhere)
    asked = town.env.http_requests[before:]
    assert not [each for each in asked if f"/channels/{secret.id}/messages" in each.path]


async def test_who_named_members_may_see_is_told_from_the_channels_rules(town: Town):
    """What is from `#members` may be shown in `#staff`, whose readers all see it, not outside."""
    members, staff = (town.guild.create_role(name) for name in ("members", "staff"))
    for who in (town.ada, town.ming):
        town.env.backend.add_member_role(town.guild.id, who.id, members.id)
    town.env.backend.add_member_role(town.guild.id, town.ada.id, staff.id)
    hidden = discord.PermissionOverwrite(view_channel=False)
    seen = discord.PermissionOverwrite(view_channel=True, send_messages=True)
    everyone, bot = town.guild.default_role, town.bot.user
    both = {everyone: hidden, bot: seen, members: seen, staff: seen}
    wide = town.guild.create_text_channel("members", overwrites=both)
    narrow = town.guild.create_text_channel("staff", overwrites={
        everyone: hidden, bot: seen, staff: seen,
    })  # fmt: skip
    [from_wide], [from_narrow] = ids_of(await draw(town, wide)), ids_of(await draw(town, narrow))
    assert not answer_of(await town.ada.slash(narrow, "show", id=from_wide)).ephemeral
    assert answer_of(await town.ada.slash(wide, "show", id=from_narrow)).ephemeral
    assert answer_of(await town.ada.slash(town.channel, "show", id=from_wide)).ephemeral


async def test_who_may_not_enter_a_voice_channel_does_not_see_its_images(town: Town):
    voice = town.guild.create_voice_channel("lounge")
    connect = discord.Permissions(connect=True).value
    for target, kind, denied in (
        (town.guild.default_role, OverwriteType.ROLE, True),
        (town.ada, OverwriteType.MEMBER, False),
    ):
        rule = Overwrite(target.id, kind, allow=connect * (not denied), deny=connect * denied)
        town.env.backend.set_overwrite(voice.id, rule)
    await town.env.settle()
    [id_] = ids_of(await draw(town, voice))
    assert id_ not in await listed(town, town.ming, town.channel)
    assert answer_of(await town.ada.slash(town.channel, "show", id=id_)).ephemeral
    assert not answer_of(await town.ada.slash(voice, "show", id=id_)).ephemeral


async def test_what_became_hidden_is_an_unnamed_step_of_a_line(town: Town):
    """An image drawn before its parent's channel was closed says only that there was one."""
    other = town.guild.create_text_channel("other")
    message = await draw(town, other, prompt="a secret apple")
    [parent] = ids_of(message)
    again = await press(town, await post_there(town, town.channel, parent), "New seed")
    [child] = ids_of(again)
    channel = town.bot.get_channel(other.id)
    everyone = town.bot.get_guild(town.guild.id).default_role
    await channel.set_permissions(everyone, view_channel=False)
    recipe = texts_of(answer_of(await town.ming.slash(town.channel, "recipe", id=child)))
    assert "Recipe of" in recipe
    assert parent not in recipe
    found = await town.ming.slash(town.channel, "lineage", id=child)
    assert parent not in str(answer_of(found).components)
    assert "There is no image" in private_sentence(
        await town.ming.slash(town.channel, "lineage", id=parent)
    )


async def test_where_only_the_commands_were_invited_the_channel_is_all_that_is_known(town: Town):
    guild = town.env.create_guild("Commands")
    here, there = (guild.create_text_channel(name) for name in ("here", "there"))
    ada, ming = (guild.add_member(each.user) for each in (town.ada, town.ming))
    town.bot._connection._guilds.pop(guild.id)
    [id_] = ids_of(await draw(town, here, ada))
    assert id_ in await listed(town, ming, here)
    assert id_ not in await listed(town, ming, there)
    assert not answer_of(await ming.slash(here, "show", id=id_)).ephemeral
    assert "There is no image" in private_sentence(await ada.slash(there, "show", id=id_))


async def test_places_of_images_of_before_are_known(tmp_path: Path):
    old, path = tmp_path / "migrations", tmp_path / "bot.sqlite3"
    old.mkdir()
    for each in MIGRATIONS.glob("000[1-6]_*.sql"):
        (old / each.name).write_text(each.read_text())
    database = Database(path, backups=tmp_path / "backups", migrations=old)
    await database.open()
    await database.close()
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


async def test_age_restricted_images_are_seen_from_age_restricted_channels_only(town: Town):
    adult, other = (town.guild.create_text_channel(name) for name in ("adult", "other"))
    await town.mark(adult, nsfw=True)
    await town.mark(other, nsfw=True)
    [id_] = ids_of(await draw(town, adult))
    assert id_ in await listed(town, town.ming, other)
    assert not answer_of(await town.ming.slash(other, "show", id=id_)).ephemeral
    for who in (town.ada, town.ming, town.moderator):
        assert id_ not in await listed(town, who, town.channel)
        assert "There is no image" in private_sentence(
            await who.slash(town.channel, "show", id=id_)
        )
    await create(town)
    await town.ming.slash(other, "board add", id=id_, board="Spring")
    assert "picture" not in said(await town.ming.slash(town.channel, "board show"))
    assert "1 picture" in said(await town.ming.slash(other, "board show", board="Spring"))
    await town.bot.get_channel(adult.id).delete()
    await town.env.settle()
    assert id_ not in await listed(town, town.ada, town.channel)
    assert id_ in await listed(town, town.ada, other)


async def test_what_is_from_a_spoiler_channel_is_hidden_elsewhere(town: Town):
    finale = town.guild.create_text_channel("finale")
    await town.mark(finale, is_spoiler=True)
    message = await draw(town, finale)
    [id_] = ids_of(message)
    assert [item["spoiler"] for item in gallery_of(message)] == [False]
    for channel, is_hidden in ((finale, False), (town.channel, True)):
        shown = answer_of(await town.ming.slash(channel, "show", id=id_))
        assert [item["spoiler"] for item in gallery_of(shown)] == [is_hidden]
        page = answer_of(await town.ming.slash(channel, "history"))
        assert [each["spoiler"] for each in walk(page) if each["type"] == 11] == [is_hidden]
        family = answer_of(await town.ming.slash(channel, "lineage", id=id_, spoilers=True))
        assert [item["spoiler"] for item in gallery_of(family)] == [is_hidden]
    again = await press(town, shown, "Same seed")
    assert [item["spoiler"] for item in gallery_of(again)] == [True]
    await town.mark(finale)
    shown = answer_of(await town.ming.slash(town.channel, "show", id=id_))
    assert [item["spoiler"] for item in gallery_of(shown)] == [False]


async def test_where_discord_does_not_say_which_channels_are_spoilers_all_are(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    finale = town.guild.create_text_channel("finale")
    await town.mark(finale, is_spoiler=True)
    [id_] = ids_of(await draw(town, finale))

    async def reset(_: int) -> Any:
        raise aiohttp.ServerDisconnectedError

    places_of(town.bot)._spoilers.clear()
    with monkeypatch.context() as broken:
        broken.setattr(town.bot.http, "get_all_guild_channels", reset)
        shown = answer_of(await town.ming.slash(town.channel, "show", id=id_))
        assert [item["spoiler"] for item in gallery_of(shown)] == [True]
        own = answer_of(await town.ming.slash(finale, "show", id=id_))
        assert [item["spoiler"] for item in gallery_of(own)] == [False]


async def test_a_spoiler_channel_made_while_nobody_listened_hides_its_images(town: Town):
    finale = town.guild.create_text_channel("finale")
    [id_] = ids_of(await draw(town, finale))
    shown = answer_of(await town.ming.slash(town.channel, "show", id=id_))
    assert [item["spoiler"] for item in gallery_of(shown)] == [False]
    kind = {"nsfw": False, "flags": SPOILER_FLAG}
    town.env.backend.channel_kinds = {finale.id: kind}  # and nothing is told
    town.bot.dispatch("ready")
    await town.env.settle()
    shown = answer_of(await town.ming.slash(town.channel, "show", id=id_))
    assert [item["spoiler"] for item in gallery_of(shown)] == [True]


async def test_pictures_of_a_spoiler_channel_hang_hidden_on_boards(town: Town):
    finale = town.guild.create_text_channel("finale")
    await town.mark(finale, is_spoiler=True)
    board = await create(town)
    [id_] = ids_of(await draw(town, finale))
    await town.ada.slash(finale, "board add", id=id_, board="Spring")
    await add_picture(town, 2, channel=finale, board="Spring")
    found = await town.service.boards.board(board.id)
    assert [item.is_spoiler for item in found.items] == [True, True]


# Rights


async def corner(town: Town) -> tuple[Any, Any]:
    """Return a channel, and somebody who may manage messages in it."""
    cora = town.guild.add_member(town.env.create_user("cora"))
    rules = {cora: discord.PermissionOverwrite(manage_messages=True)}
    return town.guild.create_text_channel("corner", overwrites=rules), cora


async def test_a_corners_moderator_does_not_delete_what_is_shown_there(town: Town):
    channel, cora = await corner(town)
    message = await town.imagine()
    [id_] = ids_of(message)
    shown = answer_of(await cora.slash(channel, "show", id=id_))
    assert "Only its requester and moderators" in private_sentence(
        await cora.click(shown, label="Delete")
    )
    assert ids_of(message) == [id_]
    assert id_ in await listed(town, cora, channel)


async def test_a_corners_moderator_owns_the_board_that_it_is_and_no_other(town: Town):
    channel, cora = await corner(town)
    await create(town, "Corner", channel=channel)
    await create(town, "Spring")
    for name, is_allowed in (("Corner", True), ("Spring", False)):
        result = await cora.slash(channel, "board edit", board=name, order="votes")
        assert ("You may not" not in said(result)) is is_allowed


async def test_jobs_commands_check_by_themselves(town: Town):
    show_to_all(town, "jobs")
    town.engine.hold()
    await town.imagine_unwaited(town.ada, "one")
    await town.held()
    await town.imagine_unwaited(town.ada, "two")
    channel, cora = await corner(town)
    for who, place in ((town.ming, town.channel), (cora, channel)):
        assert await who.autocomplete(place, "jobs move", "job", "") == []
        for command, options in (
            ("clear", {}),
            ("pause", {}),
            ("resume", {}),
            ("move", {"job": "x"}),
        ):
            result = await who.slash(place, f"jobs {command}", **options)
            assert "Only moderators of this server" in private_sentence(result)
    assert not town.service.moderation.is_paused(town.guild.id)
    assert len(town.service.queue_for(town.viewer())) == 2


async def test_moderators_clear_only_what_they_may_see(town: Town):
    secret = secret_channel(town, town.ada)
    town.engine.hold()
    await town.imagine_unwaited(town.ada, "one")
    await town.held()
    hidden = await town.ada.slash(secret, "imagine", prompt="two", size=SMALL)
    await town.imagine_unwaited(town.ada, "three")
    line = private_sentence(await town.moderator.slash(town.channel, "queue"))
    assert "two" not in line
    assert "somebody elsewhere" in line
    answer = private_sentence(await town.moderator.slash(town.channel, "jobs clear"))
    assert "Cancelled 1 waiting jobs" in answer
    town.engine.release()
    await town.idle()
    assert ids_of(hidden.response)


async def test_ones_own_job_is_ones_own_wherever_one_is(town: Town):
    secret = secret_channel(town, town.ada)
    town.engine.hold()
    await town.imagine_unwaited(town.ming, "one")
    await town.held()
    waiting = await town.ada.slash(secret, "imagine", prompt="two", size=SMALL)
    assert "two" in private_sentence(await town.ada.slash(town.channel, "queue"))
    assert "two" in private_sentence(await town.ada.user.slash("queue"))
    assert "is cancelled" in private_sentence(await town.ada.user.slash("cancel"))
    town.engine.release()
    await town.idle()
    assert waiting.response is None


async def test_a_boards_picture_is_drawn_again_only_where_everyone_may_see_it(town: Town):
    await create(town)
    secret = secret_channel(town, town.ada)
    [id_] = ids_of(await draw(town, secret))
    await town.ada.slash(secret, "board add", id=id_, board="Spring")
    shown = answer_of(await town.ada.slash(town.channel, "board show", number=1))
    for label in ("Same seed", "More like this"):
        refused = await town.ada.click(shown, label=label)
        assert "not everyone here may see" in private_sentence(refused)
    there = answer_of(await town.ada.slash(secret, "board show", board="Spring", number=1))
    again = await town.ada.click(there, label="Same seed")
    await town.idle()
    assert ids_of(again.response)
