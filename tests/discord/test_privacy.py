"""`/privacy`: one's own data shown, sent and erased, whatever shows it and wherever it is."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bot.domain.jobs import ImageMessage, now
from bot.domain.privacy import ErasureOrder
from bot.domain.rules import Entry, Layer
from bot.services import Removal
from bot.storage.backups import backup_time, backups_in
from bot.storage.erasure_orders import KeptOrder
from bot.storage.rules import Step
from tests.support.board_channels import board_of, create, current, press
from tests.support.discord_env import (
    DiscordEnv,
    answer_of,
    ids_of,
    labels_of,
    texts_of,
)
from tests.support.traces import needles, traces

pytest_plugins = ["tests.support.bot_fixtures"]

NAME = "quetzalcoatlus"
WORD = "zigguratic"


@pytest.fixture
def quetzal(env: DiscordEnv) -> Any:
    """Somebody whose name and words are nobody else's."""
    return env.guild.add_member(env.simcord.create_user(NAME))


async def page(env: DiscordEnv, who: Any, channel: Any = None) -> Any:
    """Return the answer to /privacy."""
    answer = answer_of(await who.slash(channel or env.channel, "privacy"))
    assert answer.ephemeral
    return answer


async def erased(env: DiscordEnv, who: Any, *, boards: str = "keep") -> None:
    """Have all of somebody erased, and wait for the end."""
    asked = answer_of(await press(who, await page(env, who), "zib:forgetme:"))
    assert "What stays, and why" in texts_of(asked)
    begun = answer_of(await press(who, asked, f"zib:forgetnow:{boards}"))
    assert "It has begun" in texts_of(begun)
    await done(env, who)


async def done(env: DiscordEnv, who: Any) -> None:
    orders = env.service._store.erasure_orders
    await env.service._active_jobs.wait_until(lambda: True)
    tasks = [t for t in env.service._active_jobs._tasks if t.get_name().startswith("erase")]
    for task in tasks:
        await task
    assert all(each.order.done_at is not None for each in orders.find(who.id))


async def lived(env: DiscordEnv, who: Any, *, opens_form: bool = True) -> None:
    """Let somebody leave traces everywhere."""
    await create(env)
    await create(env, "Own", who=who, channel=None)
    message = await env.imagine(who, f"a {WORD} tower", seed=5)
    await env.imagine(who, f"a {WORD} tower", seed=6, count=2)
    await who.click(message, label="Add to board")
    await env.imagine(env.ming, "a blue bowl", seed=8)
    other = env.images()[-1]
    await env.ming.click(other, label="Add to board")
    await who.slash(env.channel, "board add", id=ids_of(other)[0], board="Own")
    await who.slash(env.channel, "board vote", number=2, board="Spring")
    await who.slash(env.channel, "board comment", number=2, words=f"so {WORD}", board="Spring")
    if opens_form:
        await who.slash(env.channel, "imagine", prompt=f"a {WORD} tower", size="0x0")
    await env.moderator.slash(env.channel, "board allow", who=who, access="curate", board="Spring")
    await env.ming.slash(env.channel, "show", id=ids_of(message)[0])
    await env.idle()


async def test_whoever_never_asked_for_anything_is_told_so(env: DiscordEnv):
    answer = await page(env, env.ada)
    assert "Nothing" in texts_of(answer)
    assert labels_of(answer) == []


async def test_all_that_is_stored_is_counted_also_from_direct_messages(
    env: DiscordEnv, quetzal: Any
):
    await lived(env, quetzal)
    shown = texts_of(await page(env, quetzal))
    assert "Prompts with their settings: **3**" in shown
    assert "Comments: **1**" in shown
    direct = answer_of(await quetzal.user.slash("privacy"))
    assert "Comments: **1**" in texts_of(direct)


async def test_it_is_sent_as_one_archive(env: DiscordEnv, quetzal: Any):
    await lived(env, quetzal)
    answer = answer_of(await press(quetzal, await page(env, quetzal), "zib:mydata:"))
    assert answer.ephemeral
    [file] = answer.attachments
    with zipfile.ZipFile(io.BytesIO(await file.read())) as archive:
        data = json.loads(archive.read("data.json"))
        pictures = [each for each in archive.namelist() if each.startswith("images/")]
    assert [each["prompt"] for each in data["prompts"]] == [f"a {WORD} tower"] * 3
    assert len(pictures) == 3
    assert [each["text"] for each in data["comments"]] == [f"so {WORD}"]
    assert "blue bowl" not in json.dumps(data)  # Ming's, though it was hung up by who asks


@pytest.mark.parametrize("boards", ["keep", "off"])
async def test_nothing_is_left_of_who_is_forgotten(env: DiscordEnv, quetzal: Any, boards: str):
    wanted = needles(quetzal.id, [NAME, WORD])
    await lived(env, quetzal)
    assert traces(env.settings.data_dir, wanted)
    await erased(env, quetzal, boards=boards)
    await env.idle()
    copy = await env.service._store.database.back_up()
    left = traces(env.settings.data_dir, wanted)
    older = {f"backups/{each.name}" for each in backups_in(env.settings.data_dir / "backups")}
    orders = {each for each in left if each.startswith("records/erasures/")}
    assert set(left) <= {*older, *orders} - {f"backups/{copy.name}"}
    assert len(orders) == 1
    board = await board_of(env)
    assert len(board.items) == (2 if boards == "keep" else 1)
    await current(env)
    assert not [each for each in env.channel.history() if WORD in texts_of(each)]


async def test_a_job_that_waits_is_cancelled_first(env: DiscordEnv, quetzal: Any):
    env.engine.hold()
    await env.imagine_unwaited(env.ada, "a red apple")
    await env.held()
    await env.imagine_unwaited(quetzal, f"a {WORD} tower")
    asked = answer_of(await press(quetzal, await page(env, quetzal), "zib:forgetme:"))
    await press(quetzal, asked, "zib:forgetnow:keep")
    await done(env, quetzal)
    env.engine.release()
    await env.idle()
    assert [each.prompt for each in env.engine.drawn] == ["a red apple"]
    assert not traces(env.settings.data_dir / "records" / "images", needles(quetzal.id, [WORD]))


async def test_what_comes_after_it_is_not_touched(env: DiscordEnv, quetzal: Any):
    await env.imagine(quetzal, "a red apple", seed=1)
    await erased(env, quetzal)
    await env.imagine(quetzal, "a green apple", seed=2)
    await env.start_again()
    await done(env, quetzal)
    shown = texts_of(await page(env, quetzal))
    assert "Prompts with their settings: **1**" in shown


async def test_a_week_later_the_copies_have_forgotten_too_and_the_order_goes(
    env: DiscordEnv, quetzal: Any
):
    wanted = needles(quetzal.id, [NAME, WORD])
    await env.imagine(quetzal, f"a {WORD} tower", seed=1)
    store, erasures = env.service._store, env.service._privacy.erasures
    await store.database.back_up()
    await erased(env, quetzal)
    await erasures.expire()
    assert store.erasure_orders.find(quetzal.id)
    before = backups_in(env.settings.data_dir / "backups")
    for path in before:
        age(path, days=8)
    copy = await store.database.back_up()
    assert backups_in(copy.parent) == [copy]
    await erasures.expire()
    assert not store.erasure_orders.find(quetzal.id)
    assert traces(env.settings.data_dir, wanted) == {}


def age(path: Path, *, days: int) -> None:
    """Let a copy of the database be so much older; its age is in its name."""
    made = backup_time(path) - dt.timedelta(days=days)
    path.rename(path.with_name(f"bot-{made:%Y%m%d-%H%M%S-%f}.sqlite3"))


async def test_old_images_go_with_their_messages_unless_they_hang_on_a_board(
    env: DiscordEnv, quetzal: Any
):
    await create(env)
    kept = await env.imagine(env.ada, "a red apple", seed=1)
    await env.ada.click(kept, label="Add to board")
    await env.imagine(env.ada, f"a {WORD} tower", seed=2)
    service = env.service
    service._settings = service._settings.model_copy(update={"retention_days": 10})
    assert await service._privacy.retention.apply(today=now() + dt.timedelta(days=9)) == 0
    assert await service._privacy.retention.apply(today=now() + dt.timedelta(days=11)) == 1
    assert [ids_of(each) for each in env.images()] == [ids_of(kept)]
    assert set(traces(env.settings.data_dir, [WORD.encode()])) <= {
        f"backups/{each.name}" for each in backups_in(env.settings.data_dir / "backups")
    }


async def test_all_of_a_server_goes_when_it_was_left_for_long(env: DiscordEnv, quetzal: Any):
    await lived(env, quetzal, opens_form=False)  # a form is gone in a week
    departures = env.service.system.departures
    await departures.note_left(env.guild.id)
    assert await departures.erase_due(today=now() + dt.timedelta(days=29)) == []
    await departures.note_joined(env.guild.id)
    assert await departures.erase_due(today=now() + dt.timedelta(days=31)) == []
    await departures.note_left(env.guild.id)
    assert await departures.erase_due(today=now() + dt.timedelta(days=31)) == [env.guild.id]
    left = traces(env.settings.data_dir, [str(env.guild.id).encode(), WORD.encode()])
    assert {k: v for k, v in left.items() if not k.startswith("backups/")} == {}
    assert not list((env.settings.data_dir / "images").rglob("*.png"))


async def test_an_outage_of_a_server_is_no_removal(env: DiscordEnv):
    """Discord tells of both by the same event."""

    async def left() -> list[int]:
        rows = await env.service._store.database.rows(
            "SELECT guild_id FROM memberships WHERE left_at IS NOT NULL"
        )
        return [row["guild_id"] for row in rows]

    away = {"id": str(env.guild.id), "unavailable": True}
    env.simcord.backend.emit("GUILD_DELETE", away)
    await env.simcord.settle()
    assert await left() == []
    env.simcord.backend.remove_guild(env.guild.id)
    await env.simcord.settle()
    assert await left() == [env.guild.id]


async def test_what_an_operator_orders_is_carried_out_by_the_bot_that_runs(
    env: DiscordEnv, quetzal: Any
):
    await env.imagine(quetzal, "a red apple", seed=1)
    order = ErasureOrder(user_id=quetzal.id, locale="en-US", takes_off=False, asked_at=now())
    env.service._store.erasure_orders.write(KeptOrder(order=order))
    await env.service._privacy.erasures.take_up_new()
    await done(env, quetzal)
    assert env.images() == []


async def test_what_is_done_is_not_done_again_to_what_came_later(env: DiscordEnv, quetzal: Any):
    await create(env)
    await env.imagine(quetzal, "a red apple", seed=1)
    await erased(env, quetzal)
    options = {"who": quetzal, "access": "curate", "board": "Spring"}
    await env.moderator.slash(env.channel, "board allow", **options)
    await env.start_again()
    await done(env, quetzal)
    assert [each.subject_id for each in (await board_of(env)).grants] == [quetzal.id]


async def test_what_others_drew_from_it_stays_theirs(env: DiscordEnv, quetzal: Any):
    mine = await env.imagine(quetzal, "a red apple", seed=1)
    await env.ming.click(mine, label="New seed")
    await env.idle()
    theirs = env.images()[-1]
    [id_] = ids_of(theirs)
    await erased(env, quetzal)
    assert [ids_of(each) for each in env.images()] == [[id_]]
    line = answer_of(await env.ming.slash(env.channel, "lineage", id=id_))
    assert len(line.attachments) == 1
    assert "a red apple" in texts_of(answer_of(await env.ming.click(theirs, label="Recipe")))
    assert "Pixel for pixel" in texts_of((await again(env, theirs)).response)


async def again(env: DiscordEnv, message: Any) -> Any:
    result = await env.ming.click(message, label="Same seed")
    await env.idle()
    return result


async def test_messages_that_discord_keeps_are_told_with_links_to_their_servers(
    env: DiscordEnv, quetzal: Any
):
    mine = await env.imagine(quetzal, "a red apple", seed=1)
    removal = Removal(
        generation_ids=tuple(ids_of(mine)), by=quetzal.id, locale="en-US", since=now(),
        refused=[ImageMessage(channel_id=env.channel.id, message_id=i) for i in range(1, 31)],
    )  # fmt: skip
    await env.service.system.deletions.remover.tell_refused(removal)
    [told] = quetzal.user.dm_channel.history()
    assert f"/{env.guild.id}/{env.channel.id}/1" in texts_of(told)
    assert texts_of(told).count("https://") == 15


async def test_what_lies_in_quarantine_is_looked_through(env: DiscordEnv, quetzal: Any):
    """Files that the database does not know are brought back by a restore."""
    await env.imagine(quetzal, f"a {WORD} tower", seed=1)
    await env.imagine(env.ada, "a red apple", seed=2)
    data, store = env.settings.data_dir, env.service._store
    for path in [*(data / "images").rglob("*.png"), *(data / "records").rglob("*.json")]:
        store.quarantine.move([path])
    assert len(list(store.quarantine.folder.rglob("*.*"))) == 4
    ids = await store.personal.job_ids(quetzal.id, before=now())
    await store.personal.erase_jobs(ids)
    await env.imagine(quetzal, "a green apple", seed=3)
    await erased(env, quetzal)
    left = sorted(each.suffix for each in store.quarantine.folder.rglob("*.*"))
    assert left == [".json", ".png"]
    assert not traces(store.quarantine.folder, needles(quetzal.id, [NAME, WORD]))


async def test_to_be_forgotten_gives_no_new_quota(env: DiscordEnv, quetzal: Any):
    store = env.service._store
    entry = Entry(layer=Layer.SERVER, subject="", name="quota_day", value=9)
    await store.rules.change(
        env.guild.id, [Step(old=None, new=entry)], by=env.moderator.id, name="grace"
    )
    await env.imagine(quetzal, "a red apple", seed=1)
    await erased(env, quetzal)
    assert list(await store.personal.counts(quetzal.id)) == ["charges"]
    async with store.database.transaction() as db:
        await db.execute("UPDATE charges SET created_at = '2026-01-01T00:00:00+00:00'")
    await store.forget_old()
    assert await store.personal.counts(quetzal.id) == {}


async def test_a_servers_own_days_count_if_they_are_fewer(env: DiscordEnv):
    store, service = env.service._store, env.service
    entry = Entry(layer=Layer.SERVER, subject="", name="retention_days", value=30)
    await store.rules.change(
        env.guild.id, [Step(old=None, new=entry)], by=env.moderator.id, name="grace"
    )
    await service.rules.open()
    assert service._retention_days(env.guild.id) == 30
    assert service._retention_days(None) is None
    service._settings = service._settings.model_copy(update={"retention_days": 10})
    assert service._retention_days(env.guild.id) == service._retention_days(None) == 10


async def test_who_changed_the_rules_of_a_server_stays_without_a_name(
    env: DiscordEnv, quetzal: Any
):
    store = env.service._store
    entry = Entry(layer=Layer.SERVER, subject="", name="max_count", value=2)
    await store.rules.change(env.guild.id, [Step(old=None, new=entry)], by=quetzal.id, name=NAME)
    await env.imagine(quetzal, "a red apple", seed=1)
    await erased(env, quetzal)
    [change] = await store.rules.changes(env.guild.id, limit=5)
    assert (change.user_id, change.user_name) == (quetzal.id, "")
