"""Styles of servers: who may make, change and remove them, and what becomes of boards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.domain.jobs import now
from bot.domain.moderation import Act
from bot.domain.styles import MAX_STYLES, Style
from bot.errors import BotError
from bot.locales import sentence
from bot.services import Service, open_service
from bot.settings import Settings
from tests.support.boards_env import ADA, BEN, MOD, STRANGER
from tests.support.discord_env import SteeredEngine

pytest_plugins = ["tests.support.bot_fixtures"]

ALLOWED = "[server]\nmake_styles = 'allow'\n"
MANAGER = replace(MOD, is_manager=True)
ADA_AS_MOD = replace(ADA, is_moderator=True)
INK = {"name": " Ink ", "before": "ink drawing of", "after": "on paper, ", "size": "wide",
       "values": "guidance: 1.2"}  # fmt: skip


@pytest.fixture
async def service(settings: Settings, engine: SteeredEngine) -> AsyncIterator[Service]:
    async with open_service(settings, lambda: engine) as service:
        yield service


async def refused(asked: object) -> str:
    with pytest.raises(BotError) as caught:
        await asked  # type: ignore[misc]
    assert sentence(caught.value.message, "zh-CN") != caught.value.message
    return caught.value.message


async def test_a_style_comes_back_as_it_was_made(service: Service):
    made = await service.styles.create(viewer=MOD, **INK)
    [kept] = await service.styles.own(viewer=ADA)
    assert kept == made
    assert kept.style == Style.of(
        name="Ink", before="ink drawing of", after="on paper", size="wide", guidance="1.2"
    )
    assert (kept.author_id, kept.author_name) == (MOD.user_id, "Mod")
    assert await service.styles.own(viewer=STRANGER) == []
    assert await service.styles.own(viewer=replace(ADA, guild_id=None)) == []


async def test_moderators_make_styles_and_a_rule_lets_others(service: Service):
    styles = service.styles
    assert "ask a moderator" in await refused(styles.create(viewer=ADA, **INK))
    assert not styles.may_make(viewer=ADA)
    assert styles.may_make(viewer=MOD)
    await service.rules.replace(ALLOWED, viewer=MANAGER)
    made = await styles.create(viewer=ADA, **INK)
    assert styles.may_change(made, viewer=ADA)
    assert not styles.may_change(made, viewer=BEN)
    assert "other people's" in await refused(styles.edit("ink", viewer=BEN, **INK))
    assert "other people's" in await refused(styles.remove("ink", viewer=BEN))
    await styles.edit("ink", viewer=MOD, **{**INK, "after": "in blue"})
    await service.rules.replace("", viewer=MANAGER)
    assert "other people's" in await refused(styles.remove("ink", viewer=ADA))
    await styles.remove("ink", viewer=MOD)
    outside = replace(MOD, guild_id=None)
    assert "belong to a server" in await refused(styles.create(viewer=outside, **INK))


async def test_a_name_is_there_once_however_it_is_written(service: Service):
    styles = service.styles
    await styles.create(viewer=MOD, **INK)
    other = await styles.create(viewer=MOD, **{**INK, "name": "Pen"})
    assert "already" in await refused(styles.create(viewer=MOD, **{**INK, "name": "ＩＮＫ"}))
    assert "already" in await refused(styles.edit(other.id, viewer=MOD, **INK))
    elsewhere = replace(MOD, guild_id=7)
    await styles.create(viewer=elsewhere, **INK)
    again, _ = await styles.edit(other.id, viewer=MOD, **{**INK, "name": "PEN"})
    assert again.style.name == "PEN"


async def test_a_style_that_was_removed_meanwhile_is_not_changed(service: Service):
    made = await service.styles.create(viewer=MOD, **INK)
    await service.styles.remove("ink", viewer=MOD)
    change = service._store.styles.change(made, made.style, at=now())
    assert "any more" in await refused(change)


async def test_there_are_not_too_many(service: Service):
    for i in range(MAX_STYLES):
        await service.styles.create(viewer=MOD, name=f"s{i}", after="x")
    assert "100 are the limit" in await refused(
        service.styles.create(viewer=MOD, name="one more", after="x")
    )


async def test_what_cannot_be_a_style_is_refused(service: Service):
    create = service.styles.create
    assert "does nothing" in await refused(create(viewer=MOD, name="x"))
    assert "built in" in await refused(service.styles.remove("photo", viewer=MOD))
    assert "no style" in await refused(service.styles.remove("nothing", viewer=MOD))
    assert "999x999" in await refused(create(viewer=MOD, name="x", size="999x999"))
    await service.rules.replace("[server]\nwords = 'refuse'\nown_words = 'slime'", viewer=MANAGER)
    for given in ({"name": "slime", "after": "x"}, {"name": "x", "before": "slime"}):
        assert "not wanted here" in await refused(create(viewer=MOD, **given))


async def test_what_is_done_to_styles_is_in_the_log(service: Service):
    await service.styles.create(viewer=MOD, **INK)
    await service.styles.edit("ink", viewer=MOD, **{**INK, "name": "Pen"})
    await service.styles.remove("pen", viewer=MOD)
    rows = await service._store.database.rows("SELECT act, by_id, words FROM audit ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (Act.STYLE_MADE, MOD.user_id, "Ink"),
        (Act.STYLE_CHANGED, MOD.user_id, "Pen"),
        (Act.STYLE_REMOVED, MOD.user_id, "Pen"),
    ]


async def test_a_board_goes_on_with_its_style_and_keeps_it_when_that_is_removed(service: Service):
    await service.styles.create(viewer=MOD, **INK)
    board = await service.boards.create(viewer=ADA, name="Wall", channel_id=5, style="INK")
    own = await service.boards.create(
        viewer=ADA, name="Other", channel_id=6, style="ink", size="128x128"
    )
    assert board.defaults == Style(name="Ink")
    book = await service.styles.book(viewer=replace(ADA, channel_id=5))
    assert book.applied({"prompt": "a fox"})["prompt"] == "ink drawing of a fox, on paper"
    _, used = await service.styles.edit(
        "ink", viewer=ADA_AS_MOD, **{**INK, "name": "Pen", "after": "in blue"}
    )
    assert {each.name for each in used} == {"Wall", "Other"}
    book = await service.styles.book(viewer=replace(ADA, channel_id=5))
    given = book.applied({"prompt": "a fox"})
    assert (given["prompt"], given["size"]) == ("ink drawing of a fox, in blue", "wide")
    _, used = await service.styles.remove("pen", viewer=MOD)
    assert {each.name for each in used} == {"Wall", "Other"}
    kept = await service.boards.head(board.id, viewer=ADA)
    assert kept.revision > board.revision
    assert kept.defaults == Style.of(
        before="ink drawing of", after="in blue", size="wide", guidance="1.2"
    )
    assert (await service.boards.head(own.id, viewer=ADA)).defaults.value("size") == "128x128"


async def test_boards_that_may_not_be_seen_are_not_named(service: Service):
    await service.styles.create(viewer=MOD, **INK)
    seer = replace(ADA, channels=ADA.channels | {700})
    await service.boards.create(viewer=seer, name="Secret", channel_id=700, style="ink")
    _, used = await service.styles.remove("ink", viewer=MOD)
    assert used == []


async def test_a_boards_words_and_size_are_changed_alone(service: Service):
    boards = service.boards
    await service.styles.create(viewer=MOD, **INK)
    board = await boards.create(viewer=ADA, name="Wall", style="at night", size="wide")
    assert board.defaults == Style.of(after="at night", size="wide")
    named = await boards.edit(board.id, viewer=ADA, style="ink")
    assert named.defaults == Style.of(name="Ink", size="wide")
    bare = await boards.edit(board.id, viewer=ADA, size=None)
    assert bare.defaults == Style(name="Ink")
    assert (await boards.edit(board.id, viewer=ADA, style="")).defaults == Style()
    built_in = await boards.edit(board.id, viewer=ADA, style="水墨")
    assert built_in.defaults == Style(name="水墨")


async def test_to_say_nothing_of_the_place_leaves_the_quality(service: Service):
    rules = "[server]\ndefault_quality = 'draft'\ndefault_style = 'cosy'\ndefault_size = 'wide'"
    await service.rules.replace(rules, viewer=MANAGER)
    book = await service.styles.book(viewer=ADA, is_plain=True)
    given = book.applied({"prompt": "a fox"})
    assert given == {"prompt": "a fox", "quality": "draft", "style": ()}


async def test_who_made_a_style_is_told_them_and_forgotten_with_them(service: Service):
    made = await service.styles.create(viewer=MOD, **INK)
    personal = service._store.personal
    [told] = (await personal.sections(MOD.user_id))["styles"]
    assert (told["guild_id"], told["author_name"]) == (MOD.guild_id, "Mod")
    assert "ink drawing of" in str(told["style"])
    assert await personal.has_any(MOD.user_id, before=now())
    await personal.erase_rest(MOD.user_id, before=now())
    [kept] = await service.styles.own(viewer=ADA)
    assert kept == replace(made, author_id=0, author_name="")
    assert not await personal.has_any(MOD.user_id, before=now())


async def test_a_servers_styles_go_with_it(service: Service):
    await service.styles.create(viewer=MOD, **INK)
    await service.styles.create(viewer=replace(MOD, guild_id=7), **INK)
    assert MOD.guild_id is not None
    await service._store.guilds.erase(MOD.guild_id)
    assert await service.styles.own(viewer=MOD) == []
    assert len(await service.styles.own(viewer=replace(MOD, guild_id=7))) == 1
