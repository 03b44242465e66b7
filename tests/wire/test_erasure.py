"""Whoever is forgotten is forgotten, with kills on the way: every byte of the data is looked at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from simcord.actors import MemberActor

from bot.storage.backups import make_backup
from tests.support.chaos.damage import restore
from tests.support.discord_env import SMALL, texts_of, walk
from tests.support.discord_server.bot_process import BotProcess
from tests.support.discord_server.clock import PATIENCE_S
from tests.support.discord_server.faults import Fault
from tests.support.discord_server.server import DiscordServer
from tests.support.discord_server.world import Place, Seen
from tests.support.traces import needles, traces
from tests.wire.test_deletions import EDIT, image, posted, rows

pytest_plugins = ["tests.support.wire_fixtures"]

NAME, WORD = "quetzalcoatlus", "zigguratic"


@pytest.fixture
def quetzal(server: DiscordServer, place: Place) -> MemberActor:
    """Somebody whose name and words are nobody else's."""
    return server.people.member(place.guild, NAME)


async def drawn(server: DiscordServer, place: Place, who: Any, seed: int) -> Seen:
    options = {"prompt": f"a {WORD} tower", "size": SMALL, "seed": seed}
    return await server.people.image(
        await server.people.slash(who, place.channel, "imagine", **options)
    )


async def lived(server: DiscordServer, place: Place, who: Any, bot: BotProcess) -> None:
    """Let somebody leave traces everywhere."""
    people = server.people
    mine = [await drawn(server, place, who, seed) for seed in (1, 2, 3)]
    theirs = await image(server, place)
    made = await people.slash(place.moderator, place.channel, "board create", name="Spring")
    await people.answered(made)
    await until(server, lambda: rows(bot, "SELECT * FROM boards"))
    for message in (mine[0], theirs):
        asked = await people.slash(
            who, place.channel, "board add", id=message.images[0], board="Spring"
        )
        await people.answered(asked)
        await until(server, lambda: not rows(bot, "SELECT * FROM deferrals"))
    for name, options in {
        "board vote": {"number": 2},
        "board comment": {"number": 2, "words": f"so {WORD}"},
    }.items():
        asked = await people.slash(who, place.channel, name, board="Spring", **options)
        await people.answered(asked)
    refused = await people.slash(
        who, place.channel, "imagine", prompt=f"a {WORD} tower", size="0x0"
    )
    await people.answered(refused)
    await people.image(await people.slash(place.ming, place.channel, "show", id=mine[1].images[0]))
    await until(server, lambda: not rows(bot, "SELECT * FROM deferrals"))
    await posted(server, bot)


async def ordered(server: DiscordServer, place: Place, who: Any) -> None:
    """Ask to be forgotten."""
    people = server.people
    shown: Any = await people.answered(await people.slash(who, place.channel, "privacy"))
    await press(server, who, shown, "zib:forgetme:")
    await server.changes.until(lambda: custom_id(server, shown, "zib:forgetnow:"), what="what goes")
    await press(server, who, shown, "zib:forgetnow:keep")


async def press(server: DiscordServer, who: Any, message: Seen, start: str) -> Any:
    return await server.people.press(who, message, custom_id=custom_id(server, message, start))


def custom_id(server: DiscordServer, message: Seen, start: str) -> str | None:
    """Return that of a message's button as it is now."""
    stored = server.backend.get_message(message.channel_id, message.id)
    ids = [str(each.get("custom_id")) for each in walk(Seen(server.people.world, stored))]
    return next((each for each in ids if each.startswith(start)), None)


async def until(server: DiscordServer, is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await server.changes.within(0.02)


def orders(bot: BotProcess) -> list[Any]:
    folder = bot.data_dir / "records" / "erasures"
    return [json.loads(path.read_bytes()) for path in folder.glob("*.json")]


def is_done(bot: BotProcess) -> bool:
    found = orders(bot)
    return bool(found) and all(each["done_at"] for each in found)


async def hanging(server: DiscordServer, *, more_than: int = 0) -> int:
    counts = server.journal.fault_counts
    await server.changes.until(lambda: counts["hangs"] > more_than, what="the request")
    return counts["hangs"]


async def test_it_is_carried_to_its_end_through_three_kills(
    server: DiscordServer, place: Place, quetzal: MemberActor, bot: BotProcess
):
    wanted = needles(quetzal.id, [NAME, WORD])
    await lived(server, place, quetzal, bot)
    await bot.kill()  # so that the log of the database has much in it
    assert set().union(*traces(bot.data_dir, wanted).values()) == set(wanted)
    before = make_backup(bot.data_dir / "bot.sqlite3", bot.data_dir / "backups")
    await bot.start()
    # The first: it is written down, and nothing is done yet.
    server.faults.next(Fault.HANGS, "DELETE", times=9)
    await ordered(server, place, quetzal)
    count = await hanging(server)
    await bot.kill()
    assert len(orders(bot)) == 1
    # The second: some messages are gone, and others are not.
    server.faults.clear()
    server.faults.next(Fault.HANGS, "DELETE", times=1)
    await bot.start()
    await hanging(server, more_than=count)
    await bot.kill()
    server.faults.clear()
    # The third: images and jobs are gone, and perhaps more.
    await bot.start()
    user = f"user_id = {quetzal.id}"
    await until(server, lambda: not rows(bot, f"SELECT 1 FROM jobs WHERE {user}"))
    await bot.kill()
    await bot.start()
    await until(server, lambda: is_done(bot))
    await bot.terminate()
    after = make_backup(bot.data_dir / "bot.sqlite3", bot.data_dir / "backups")
    left = traces(bot.data_dir, wanted)
    # Kept, and said to be: copies from before, and the order that goes with the last of them.
    kept = {str(each.relative_to(bot.data_dir)) for each in (before.parent).iterdir()}
    kept -= {str(after.relative_to(bot.data_dir))}
    assert {key for key in left if not key.startswith("records/erasures/")} <= kept
    assert str(quetzal.id) not in bot.log
    assert not [word for word in (NAME, WORD) if word in bot.log]
    shown = [texts_of(each) for each in server.people.messages(place.channel)]
    assert not [each for each in shown if WORD in each or NAME in each or str(quetzal.id) in each]
    assert len(server.people.with_images(place.channel)) == 1  # Ada's


async def test_a_copy_of_before_that_is_restored_forgets_again(
    server: DiscordServer, place: Place, quetzal: MemberActor, bot: BotProcess
):
    wanted = needles(quetzal.id, [NAME, WORD])
    await lived(server, place, quetzal, bot)
    copy = make_backup(bot.data_dir / "bot.sqlite3", bot.data_dir / "backups")
    await ordered(server, place, quetzal)
    await until(server, lambda: is_done(bot))
    done_at = orders(bot)[0]["done_at"]
    await bot.kill()
    (bot.data_dir / "bot.sqlite3").unlink()
    await restore(bot.data_dir)
    assert rows(bot, f"SELECT 1 FROM jobs WHERE user_id = {quetzal.id}")
    await bot.start()
    await until(server, lambda: orders(bot)[0]["done_at"] > done_at)
    await bot.terminate()
    left = traces(bot.data_dir, wanted)
    kept = ("backups/", "records/erasures/", "replaced/")
    assert {k: v for k, v in left.items() if not k.startswith(kept)} == {}
    assert copy.is_file()
    assert len(rows(bot, "SELECT * FROM board_items WHERE removed_at IS NULL")) == 2


async def test_a_server_that_the_bot_was_removed_from_is_noted_though_it_was_off(
    server: DiscordServer, place: Place, bot: BotProcess
):
    await image(server, place)
    other = server.people.guild("Village")
    await bot.restart()
    await until(server, lambda: len(rows(bot, "SELECT * FROM memberships")) == 2)
    await bot.kill()
    server.backend.remove_guild(other.id)
    await bot.start()
    await until(
        server,
        lambda: (
            [(other.id,)] == rows(bot, "SELECT guild_id FROM memberships WHERE left_at IS NOT NULL")
        ),
    )


async def test_a_message_that_discord_keeps_is_told_and_the_rest_is_erased(
    server: DiscordServer, place: Place, quetzal: MemberActor, bot: BotProcess
):
    message = await drawn(server, place, quetzal, 1)
    await posted(server, bot)
    server.faults.refuse(50013, "DELETE", EDIT)
    await ordered(server, place, quetzal)
    told = await server.people.text(quetzal.user.dm_channel, "does not let me remove")
    assert f"/{place.guild.id}/{message.channel_id}/{message.id}" in told.text
    await until(server, lambda: is_done(bot))
    assert not rows(bot, f"SELECT 1 FROM jobs WHERE user_id = {quetzal.id}")
