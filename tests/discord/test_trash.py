"""What is deleted can be brought back for a day, by who deleted it, and is nowhere until then."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.jobs import now
from bot.domain.search import Search
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.services.integrity import find_faults
from bot.services.maintenance import sweep, sweep_sources
from bot.services.privacy.retention import Retention
from tests.support.board_channels import board_of, create
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    answer_of,
    empty_trash,
    ids_of,
    labels_of,
    private_sentence,
    texts_of,
    walk,
)
from tests.unit.services.test_restore import restored, stopped

pytest_plugins = ["tests.support.bot_fixtures"]

BACK = "Bring back"
TOMORROW = dt.timedelta(days=1)


async def deleted(env: DiscordEnv, message: Any, who: Any = None) -> Any:
    """Press Delete under a message and return the private answer."""
    result = await (who or env.ada).click(message, label="Delete")
    await env.idle()
    return answer_of(result)


async def brought_back(env: DiscordEnv, answer: Any, who: Any = None) -> str:
    """Press Bring back under an answer and return what that was answered with."""
    result = await (who or env.ada).click(answer, label=BACK)
    await env.idle()
    return texts_of(answer_of(result))


def trash_id_of(answer: Any) -> str:
    """Return what the button of an answer is about."""
    ids = [str(each.get("custom_id")) for each in walk(answer)]
    [found] = [each.removeprefix("zib:back:") for each in ids if each.startswith("zib:back:")]
    return found


async def refused(env: DiscordEnv, trash_id: str, viewer: Viewer) -> None:
    """Let somebody send the button of an answer that they do not see any more, or never did."""
    with pytest.raises(BotError, match="nothing that you can bring back"):
        await env.service.trash.bring_back(trash_id, viewer=viewer)


def files(env: DiscordEnv) -> list[str]:
    return sorted(each.name for each in (env.settings.data_dir / "images").rglob("*.png"))


async def rows(env: DiscordEnv, sql: str) -> list[Any]:
    return await env.service._store.database.rows(sql)


async def test_the_answer_says_until_when_and_the_button_brings_it_back(env: DiscordEnv):
    message = await env.imagine(seed=5)
    [id_] = ids_of(message)
    before = await env.service.images.find(id_, viewer=env.viewer())
    answer = await deleted(env, message)
    assert answer.ephemeral
    due = int((now() + TOMORROW).timestamp())
    assert any(f"until <t:{due - late}:f>" in texts_of(answer) for late in range(30))
    assert env.images() == []
    assert files(env), "it is kept"

    words = await brought_back(env, answer)
    assert f"`{id_}` is back" in words
    assert f"<#{env.channel.id}>" in words
    [posted] = env.images()
    assert ids_of(posted) == [id_]
    after = await env.service.images.find(id_, viewer=env.viewer())
    assert after is not None
    assert after.message_id == posted.id
    assert after.recipe_text == before.recipe_text
    assert await rows(env, "SELECT 1 FROM trash UNION ALL SELECT 1 FROM deletions") == []
    [record] = (env.settings.data_dir / "records").rglob("*.json")
    assert "deletion" not in record.read_text(), "nor would a lost database delete it"


async def test_meanwhile_nobody_finds_it_anywhere(env: DiscordEnv):
    message = await env.imagine(prompt="a secret lighthouse", seed=5)
    [id_] = ids_of(message)
    await deleted(env, message)
    for who in (env.ada, env.ming, env.moderator):
        shown = await who.slash(env.channel, "show", id=id_)
        assert "There is no image" in private_sentence(shown)
        history = await who.slash(env.channel, "history", search="lighthouse")
        assert id_ not in texts_of(answer_of(history))
    assert id_ not in str(await env.moderator.autocomplete(env.channel, "mod hide", "id", ""))
    images, viewer = env.service.images, env.viewer(env.ada)
    assert (await images.history(viewer=viewer, search=Search(seed=5))).generations == []
    assert (await images.ancestry(id_, viewer=viewer)).members == ()
    assert await images.family(id_, viewer=viewer) is None


async def test_four_come_back_together_and_one_of_four_into_its_message(env: DiscordEnv):
    message = await env.imagine(count=4)
    ids = ids_of(message)
    answer = await deleted(env, message)
    assert env.images() == []
    await brought_back(env, answer)
    [posted] = env.images()
    assert ids_of(posted) == ids

    shown = await env.ada.slash(env.channel, "show", id=ids[1])
    answer = await deleted(env, answer_of(shown))
    [left] = env.images()
    assert ids_of(left) == [ids[0], *ids[2:]]
    await brought_back(env, answer)
    [again] = env.images()
    assert again.id == left.id, "the message that is there shows it again"
    assert ids_of(again) == ids


async def test_only_who_deleted_it_brings_it_back_and_only_once(env: DiscordEnv):
    message = await env.imagine()
    answer = await deleted(env, message)
    trash_id = trash_id_of(answer)
    for other in (env.viewer(env.ming), moderating(env)):
        await refused(env, trash_id, other)
    await brought_back(env, answer)
    await refused(env, trash_id, env.viewer(env.ada))
    assert len(env.images()) == 1


async def test_a_requester_cannot_bring_back_what_a_moderator_deleted(env: DiscordEnv):
    message = await env.imagine()
    [id_] = ids_of(message)
    answer = await deleted(env, message, env.moderator)
    await refused(env, trash_id_of(answer), env.viewer(env.ada))
    own = await env.service.trash.entry_of([id_], viewer=env.viewer(env.ada))
    assert own is None
    await brought_back(env, answer, env.moderator)
    assert len(env.images()) == 1


async def test_a_moderator_who_deletes_it_behind_its_requester_takes_that_from_them(
    env: DiscordEnv,
):
    message = await env.imagine()
    [id_] = ids_of(message)
    answer = await deleted(env, message)
    await env.service.images.delete(id_, viewer=moderating(env))
    assert "nothing that you can bring back" in await brought_back(env, answer)
    assert env.images() == []


def moderating(env: DiscordEnv) -> Any:
    return replace(env.viewer(env.moderator), is_moderator=True)


async def test_all_that_a_moderator_deleted_of_a_member_comes_back(env: DiscordEnv):
    first, second = await env.imagine(), await env.imagine(prompt="a green pear")
    result = await env.moderator.slash(env.channel, "mod delete", member=env.ada, since="1h")
    await env.idle()
    assert env.images() == []
    assert "until <t:" in texts_of(answer_of(result))
    await brought_back(env, answer_of(result), env.moderator)
    assert {*map(str, map(ids_of, env.images()))} == {str(ids_of(first)), str(ids_of(second))}


async def test_its_places_on_boards_come_back_with_all_that_was_said_of_them(env: DiscordEnv):
    await create(env)
    for seed in (1, 2, 3):
        await env.ada.click(await env.imagine(seed=seed), label="Add to board")
    await env.ming.slash(env.channel, "board vote", number=2)
    await env.ming.slash(env.channel, "board comment", number=2, words="so red")
    before = await board_of(env)
    message = env.images()[1]
    answer = await deleted(env, message)
    assert labels_of(answer) == ["Take it off there too", BACK]
    off = await env.ada.click(answer, label="Take it off there too")
    assert [each.number for each in (await board_of(env)).items] == [1, 3]
    words = await brought_back(env, answer_of(off))
    assert "hangs again on **Spring** (2)" in words
    after = await board_of(env)
    assert after.items == before.items
    assert after.palette == before.palette


async def test_what_was_taken_off_by_others_stays_off(env: DiscordEnv):
    await create(env)
    message = await env.imagine()
    await env.ada.click(message, label="Add to board")
    answer = await deleted(env, message)
    await env.moderator.slash(env.channel, "board remove", number=1)
    await brought_back(env, answer)
    assert (await board_of(env)).items == ()


async def test_after_a_day_it_is_gone_for_good(env: DiscordEnv):
    message = await env.imagine()
    answer = await deleted(env, message)
    assert await env.service._deletions.expire() == []
    await empty_trash(env.service)
    assert files(env) == []
    assert list((env.settings.data_dir / "records").rglob("*.json")) == []
    assert "gone for good" in await brought_back(env, answer)


async def test_a_day_later_the_button_is_late_though_nothing_was_swept(env: DiscordEnv):
    answer = await deleted(env, await env.imagine())
    async with env.service._store.database.transaction() as db:
        await db.execute("UPDATE trash SET until = ?", (now().isoformat(),))
    assert "gone for good" in await brought_back(env, answer)
    assert env.images() == []


async def test_the_sweeps_and_the_check_know_it(env: DiscordEnv):
    message = await env.imagine()
    await deleted(env, message)
    service, store = env.service, env.service._store
    assert await sweep(store, service._files) == 0
    await sweep_sources(store)
    [name] = files(env)
    database = env.settings.data_dir / "bot.sqlite3"

    async def faults() -> list[str]:
        found = find_faults(store, database, reads_files=True)
        return [each.kind async for each in found]

    assert await faults() == []
    (env.settings.data_dir / "images" / name[:2] / name).unlink()
    assert await faults() == ["image missing"]


async def test_where_no_room_is_left_it_goes_at_once_and_the_answer_says_so(env: DiscordEnv):
    env.service._deletions._trash_bytes = 1
    message = await env.imagine()
    answer = await deleted(env, message)
    assert "cannot be brought back: there is no room" in texts_of(answer)
    assert labels_of(answer) == []
    assert files(env) == []


async def test_a_crash_behind_it_is_made_good_by_the_next_start(env: DiscordEnv):
    message = await env.imagine()
    [id_] = ids_of(message)
    await deleted(env, message)
    store = env.service._store
    entry = await store.trash.entry_of([id_], env.ada.id)
    async with store.trash.bring_back(entry.id, env.ada.id, at=now()):
        pass  # and no more
    await env.start_again()
    await env.idle()
    [posted] = env.images()
    assert ids_of(posted) == [id_]


async def test_a_crash_within_it_leaves_all_as_it_was(env: DiscordEnv):
    message = await env.imagine()
    [id_] = ids_of(message)
    answer = await deleted(env, message)
    store = env.service._store
    entry = await store.trash.entry_of([id_], env.ada.id)
    with pytest.raises(ZeroDivisionError):
        async with store.trash.bring_back(entry.id, env.ada.id, at=now()):
            raise ZeroDivisionError
    await env.start_again()
    assert env.images() == []
    assert f"`{id_}` is back" in await brought_back(env, answer)
    assert len(env.images()) == 1


async def test_forgetting_its_maker_erases_it_at_once(env: DiscordEnv):
    message = await env.imagine()
    answer = await deleted(env, message, env.moderator)
    erasing = env.service.privacy.erase(viewer=env.viewer(env.ada), locale="en", takes_off=False)
    await erasing
    async with env.service._store.database.transaction():
        pass
    await erased(env)
    assert files(env) == []
    assert "nothing that you can bring back" in await brought_back(env, answer, env.moderator)


async def test_ones_own_data_hold_what_one_can_bring_back(env: DiscordEnv):
    own, others = await env.imagine(), await env.imagine(prompt="a green pear")
    await deleted(env, own)
    await deleted(env, others, env.moderator)
    data = await env.service.privacy.data(viewer=env.viewer(env.ada))
    assert [each.name for each in data.pictures] == [f"images/{id_}" for id_ in ids_of(own)]
    [kept] = data.sections["trash"]
    assert [kept["generation_id"]] == ids_of(own)
    overview = answer_of(await env.ada.slash(env.channel, "privacy"))
    assert "you deleted and can bring back for a day: **1**" in texts_of(overview)
    assert "can be brought back for a day by who deleted it" in texts_of(overview)


async def erased(env: DiscordEnv) -> None:
    """Wait until every order is carried out."""
    async with asyncio.timeout(20):
        orders = env.service._store.erasure_orders
        while any(each.order.done_at is None for each in orders.all()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_retention_and_a_left_server_erase_it_at_once(env: DiscordEnv):
    parts, store = env.service._privacy, env.service._store
    await deleted(env, await env.imagine())
    old = Retention(store, env.service._deletions, days=lambda _: 1)
    assert await old.apply(today=now() + 2 * TOMORROW) == 1
    assert files(env) == []
    await deleted(env, await env.imagine())
    assert len(files(env)) == 1
    await parts.departures.note_left(env.guild.id)
    assert await parts.departures.erase_due(today=now() + 40 * TOMORROW) == [env.guild.id]
    assert files(env) == []
    for table in ("trash", "generations", "jobs"):
        assert await rows(env, f"SELECT * FROM {table}") == [], table


async def test_what_is_deleted_for_good_behind_it_cannot_be_brought_back(env: DiscordEnv):
    message = await env.imagine()
    [id_] = ids_of(message)
    answer = await deleted(env, message)
    await env.service._deletions.carry_out_now(
        await env.service._deletions.begin([id_], by=env.moderator.id, locale="en", is_final=True)
    )
    assert files(env) == []
    assert "nothing that you can bring back" in await brought_back(env, answer)


async def test_where_its_channel_is_gone_it_is_back_and_its_requester_is_told(env: DiscordEnv):
    channel = env.guild.create_text_channel("short-lived")
    asked = await env.ada.slash(channel, "imagine", prompt="a pear", size=SMALL)
    await env.idle()
    [id_] = ids_of(asked.response)
    answer = await deleted(env, asked.response)
    trash_id = trash_id_of(answer)
    await env.bot.get_channel(channel.id).delete()
    await env.simcord.settle()
    viewer = replace(env.viewer(env.ada), gone=frozenset({channel.id}))
    await env.service.trash.bring_back(trash_id, viewer=viewer)
    await env.idle()
    assert await env.service.images.find(id_, viewer=viewer) is not None
    [job] = await rows(env, "SELECT state, error FROM jobs")
    assert job["state"] == "failed"
    assert f"`{id_}` is made and kept" in job["error"]
    assert "I may not post in its channel" in texts_of(env.ada.user.dm_channel.history()[0])


async def test_in_direct_messages_it_comes_back_there(env: DiscordEnv):
    asked = await env.ada.user.slash("imagine", prompt="a secret apple", size=SMALL)
    await env.idle()
    [id_] = ids_of(asked.response)
    pressed = await env.ada.user.click(asked.response, label="Delete")
    await env.idle()
    await env.ada.user.click(answer_of(pressed), label=BACK)
    await env.idle()
    assert id_ in [each for one in env.ada.user.dm_channel.history() for each in ids_of(one)]


async def test_where_images_may_not_be_shown_it_stays_deleted(env: DiscordEnv):
    message = await env.imagine()
    answer = await deleted(env, message)
    await env.moderator.slash(env.channel, "mod ban", member=env.ada, why="x", **{"for": "1h"})
    words = await brought_back(env, answer)
    assert "back" not in words.split("until")[0]
    assert env.images() == []


async def test_it_is_refused_while_it_leaves(env: DiscordEnv):
    message = await env.imagine()
    [id_] = ids_of(message)
    viewer = env.viewer(env.ada)
    removal = await env.service.images.delete(id_, viewer=viewer)
    with pytest.raises(BotError, match="still being removed"):
        await env.service.trash.bring_back(removal.trash.id, viewer=viewer)
    await env.service._deletions.carry_out_now(removal)
    await env.service.trash.bring_back(removal.trash.id, viewer=viewer)
    await env.idle()
    assert len(env.images()) == 1


@pytest.mark.parametrize("is_brought_back", [True, False])
async def test_an_older_database_knows_what_was_brought_back_since_and_what_was_not(
    env: DiscordEnv,
    is_brought_back: bool,  # noqa: FBT001 - a parameter
):
    message = await env.imagine()
    [id_] = ids_of(message)
    answer = await deleted(env, message)
    data = env.settings.data_dir
    copy = await env.service._store.database.back_up()
    if is_brought_back:
        await brought_back(env, answer)
    async with stopped(env):
        report = await restored(data, copy=copy)
        assert (report.images, report.lost) == (0, [])
    await empty_trash(env.service)
    found = await env.service.images.find(id_, viewer=env.viewer())
    assert (found is not None) is is_brought_back
    assert len(files(env)) == is_brought_back
