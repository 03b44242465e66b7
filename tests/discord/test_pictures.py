"""The check of pictures: what is unsuitable is never posted, also where the check itself fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import pytest

from bot.domain.jobs import Generation, JobState
from bot.services.restoration import RestoreOptions, restore
from bot.settings import Settings
from bot.storage.record_documents import read_record
from tests.support.board_channels import add_picture, board_of, create, said
from tests.support.boards_env import picture
from tests.support.discord_env import (
    SMALL,
    DiscordEnv,
    SteeredEngine,
    answer_of,
    gallery_of,
    ids_of,
    open_env,
    private_sentence,
    texts_of,
)
from tests.support.steered_classifier import PATIENCE_S, SteeredClassifier

pytest_plugins = ["tests.support.bot_fixtures", "tests.support.moderation_fixtures"]

LIMIT = "The picture check found it unsuitable (0.93, and 0.80 is the limit)"
DRAWN = f"{LIMIT}: try another seed, or other words."
HANDED_IN = f"{LIMIT}: use another picture."
UNCHECKED = "The picture could not be checked, so it is not shown"


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    return settings.model_copy(update={"pictures": getattr(request, "param", "refuse")})


@pytest.fixture
async def env(
    settings: Settings, engine: SteeredEngine, check: SteeredClassifier
) -> AsyncIterator[DiscordEnv]:
    async with open_env(settings, engine, classifier=lambda: check) as env:
        yield env


async def kept(env: DiscordEnv) -> list[Generation]:
    """Return all images that are stored, as the bot itself knows them."""
    rows = await env.service._store.database.rows("SELECT id FROM generations ORDER BY rowid")
    found = [await env.service._store.generations.find(row["id"], None) for row in rows]
    return [each for each in found if each is not None]


async def test_a_suitable_image_is_posted_and_its_score_is_in_its_row(env: DiscordEnv):
    message = await env.imagine()
    [image] = await kept(env)
    assert ids_of(message) == [image.id]
    assert image.score is not None
    assert (image.score.unsafe, image.score.models) == (0.0, ("steered 1",))


async def test_an_unsuitable_one_is_kept_with_its_score_and_shown_nowhere(
    env: DiscordEnv, check: SteeredClassifier
):
    check.unsafe = [0.93]
    result = await env.ada.slash(env.channel, "imagine", prompt="x", size=SMALL)
    await env.idle()
    assert DRAWN in private_sentence(result)
    assert env.channel.history() == []
    [image] = await kept(env)
    assert (image.is_withheld, image.score and image.score.unsafe) == (True, 0.93)
    assert image.path.is_file()
    for command in ("show", "recipe", "reproduce", "lineage"):
        answer = await env.ada.slash(env.channel, command, id=image.id)
        assert "There is no image" in private_sentence(answer), command
    history = await env.ada.slash(env.channel, "history")
    assert image.id not in texts_of(answer_of(history))
    inspected = await env.ada.slash(
        env.channel, "inspect", image=("x.png", image.path.read_bytes())
    )
    assert image.id not in texts_of(answer_of(inspected))


async def test_it_stays_withheld_where_the_database_is_lost_and_restored(
    env: DiscordEnv, check: SteeredClassifier
):
    check.unsafe = [0.93, 0.11]
    await env.imagine(prompt="a withheld one")
    await env.imagine(prompt="another")
    before = {each.id: (each.score, each.is_withheld) for each in await kept(env)}
    posted = len(env.channel.history())
    await env.crash()
    data = env.settings.data_dir
    for path in data.glob("bot.sqlite3*"):
        path.unlink()
    await restore(data, RestoreOptions(), quarantine_days=30, progress=lambda *_: None)
    await env.start_again()
    await env.idle()
    assert {each.id: (each.score, each.is_withheld) for each in await kept(env)} == before
    assert len(env.channel.history()) == posted


@pytest.mark.engine
async def test_the_real_models_look_where_no_others_are_named(
    settings: Settings, engine: SteeredEngine
):
    async with open_env(settings, engine) as env:
        message = await env.imagine()
        [image] = await kept(env)
        assert ids_of(message) == [image.id]
        assert image.score is not None
        assert 0 < image.score.unsafe < 0.1
        assert image.score.classes["nsfwjs 4.4.0"]["neutral"] > 0.9


async def test_those_of_several_that_are_fine_are_posted_and_the_rest_is_told(
    env: DiscordEnv, check: SteeredClassifier
):
    check.unsafe = [0.0, 0.93, 0.0]
    message = await env.imagine(count=3)
    shown = [each.id for each in await kept(env) if not each.is_withheld]
    assert (len(shown), ids_of(message)) == (2, shown)
    assert f"2 of 3 are here. The others: {DRAWN}" in texts_of(message)


async def test_a_deletion_beside_it_brings_no_withheld_image_out(
    env: DiscordEnv, check: SteeredClassifier
):
    check.unsafe = [0.93, 0.0, 0.0]
    message = await env.imagine(count=3)
    first = ids_of(message)[0]
    job = (await kept(env))[0].job_id
    withheld = next(each.id for each in await kept(env) if each.is_withheld)
    assert first != withheld
    shown = await env.service._store.generations.shown_in(message.id)
    assert withheld not in [each.id for each in shown]
    assert (await env.service._store.jobs.find(job)).state is JobState.POSTED


@pytest.mark.parametrize("settings", ["spoiler"], indirect=True)
async def test_images_may_be_hidden_instead_also_when_they_are_shown_again(
    env: DiscordEnv, check: SteeredClassifier
):
    plain = await env.imagine()
    check.unsafe = [0.0, 0.93]
    hidden = await env.imagine(count=2)
    assert [each.get("spoiler", False) for each in gallery_of(plain)] == [False]
    assert [each["spoiler"] for each in gallery_of(hidden)] == [True, True]
    again = await env.ming.slash(env.channel, "show", id=ids_of(hidden)[1])
    assert [each["spoiler"] for each in gallery_of(answer_of(again))] == [True]


async def test_nothing_is_posted_or_kept_where_the_check_fails(
    env: DiscordEnv, check: SteeredClassifier, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.services.delivery.STORE_AGAIN_S", (0.0,))
    check.failure = RuntimeError("no memory")
    result = await env.ada.slash(env.channel, "imagine", prompt="x", size=SMALL)
    await env.idle()
    assert UNCHECKED in private_sentence(result)
    assert (env.channel.history(), await kept(env)) == ([], [])
    check.failure = None
    assert ids_of(await env.imagine())


async def test_a_step_shows_no_picture_that_nobody_has_checked(env: DiscordEnv):
    env.engine.hold()
    await env.imagine_unwaited(env.ada, "x")
    await env.held()
    env.engine.release()
    await env.idle()
    assert [each.preview for each in env.engine.tasks] == ["none"]


async def test_chinese_readers_are_told_in_chinese(env: DiscordEnv, check: SteeredClassifier):
    env.locales[env.ming.id] = "zh-CN"
    check.unsafe = [0.93]
    result = await env.ming.slash(env.channel, "imagine", prompt="x", size=SMALL)
    await env.idle()
    assert "图片检查认为它不合适（0.93，上限是 0.80）" in private_sentence(result)


async def test_a_comparison_shows_only_what_is_suitable(env: DiscordEnv, check: SteeredClassifier):
    check.unsafe = [0.0, 0.93]
    result = await env.ada.slash(
        env.channel, "compare", prompt="x", vary="seeds", values="1 | 2 | 3", size=SMALL
    )
    await env.idle()
    assert f"2 of 3 are here. The others: {DRAWN}" in texts_of(result.response)
    assert len(ids_of(result.response)) == 2


@pytest.mark.parametrize("settings", ["off"], indirect=True)
async def test_what_was_never_checked_is_checked_before_it_is_posted_or_shown_again(
    env: DiscordEnv, check: SteeredClassifier
):
    fine, bad = await env.imagine(), await env.imagine(prompt="another")
    for path in ("/webhooks/*", "/channels/*"):
        env.simcord.inject_error("PATCH", path, status=403, code=50013, times=None)
    late = await env.imagine_unwaited(env.ada, "not posted before the crash")
    await env.idle()
    assert check.asked == []

    env.settings = env.settings.model_copy(update={"pictures": "refuse"})
    check.unsafe = [0.93, 0.0, 0.93]
    await env.crash()
    env.simcord.backend.faults.clear()
    await env.start_again()
    await env.idle()
    assert DRAWN in texts_of(late.response)
    assert [each.is_withheld for each in await kept(env)] == [False, False, True]

    again = await env.ming.slash(env.channel, "show", id=ids_of(fine)[0])
    assert ids_of(answer_of(again)) == ids_of(fine)
    again = await env.ming.slash(env.channel, "show", id=ids_of(bad)[0])
    assert DRAWN in private_sentence(again)
    again = await env.ming.slash(env.channel, "show", id=ids_of(bad)[0])
    assert "There is no image" in private_sentence(again)
    for image in await kept(env):
        record = read_record(env.service._store.records.path_of(image))
        assert image.score is not None
        assert (record["safety"], record["is_withheld"]) == (
            image.score.to_json(), image.is_withheld,
        )  # fmt: skip


@pytest.mark.parametrize("settings", ["off"], indirect=True)
async def test_a_history_leaves_out_what_is_found_unsuitable_only_now(
    env: DiscordEnv, check: SteeredClassifier
):
    fine, bad = await env.imagine(), await env.imagine(prompt="another")
    env.settings = env.settings.model_copy(update={"pictures": "refuse"})
    await env.start_again()
    check.unsafe = [0.93]  # the newest first
    for _ in range(2):
        page = texts_of(answer_of(await env.ming.slash(env.channel, "history")))
        assert ids_of(fine)[0] in page
        assert ids_of(bad)[0] not in page
    assert len(check.asked) == 2


async def test_a_crash_between_drawing_and_check_leads_to_no_unchecked_post(
    env: DiscordEnv, check: SteeredClassifier
):
    check.may_answer.clear()
    asked = await env.imagine_unwaited(env.ada, "x")
    assert await asyncio.to_thread(check.is_asked.wait, PATIENCE_S)
    await env.crash()
    check.unsafe = [0.93, 0.93]  # one is for whoever asked before
    check.may_answer.set()
    await env.start_again()
    await env.idle()
    assert ids_of(asked.response) == []
    assert DRAWN in texts_of(asked.response)
    assert [each.is_withheld for each in await kept(env)] == [True]


async def test_pictures_that_are_handed_in_are_refused_in_private(
    env: DiscordEnv, check: SteeredClassifier
):
    await create(env)
    check.unsafe = [0.93, 0.93]
    result = await env.ming.slash(env.channel, "inspect", image=("x.png", picture(1)))
    assert HANDED_IN in private_sentence(result)
    assert HANDED_IN in texts_of(await add_picture(env, 2))
    assert (await board_of(env)).items == ()
    check.failure = RuntimeError("no memory")
    assert UNCHECKED in said(
        await env.ming.slash(env.channel, "inspect", image=("x.png", picture(3)))
    )
    assert UNCHECKED in texts_of(await add_picture(env, 3))
    assert (await board_of(env)).items == ()


WAYS: Final = {  # in which an image can be made of a picture that is handed in
    "imagine": {"prompt": "a pear", "source": None},
    "compare": {"prompt": "a pear", "vary": "strengths", "source": None},
    "upscale": {"picture": None},
}


def handed_in(way: str) -> dict[str, object]:
    file = ("x.png", picture(1))
    return {name: file if each is None else each for name, each in WAYS[way].items()}


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_is_made_of_a_picture_that_is_refused(
    env: DiscordEnv, check: SteeredClassifier, way: str
):
    check.unsafe = [0.93]
    assert HANDED_IN in private_sentence(await env.ming.slash(env.channel, way, **handed_in(way)))
    assert await kept(env) == []
    assert not list((env.settings.data_dir / "sources").rglob("*.png"))


@pytest.mark.parametrize("settings", ["spoiler"], indirect=True)
@pytest.mark.parametrize("way", WAYS)
async def test_what_is_made_of_a_hidden_picture_is_hidden(
    env: DiscordEnv, check: SteeredClassifier, way: str
):
    check.unsafe = [0.93]
    made = await env.ming.slash(env.channel, way, **handed_in(way))
    await env.idle()
    assert [each["spoiler"] for each in gallery_of(made.response)] == [True]


@pytest.mark.parametrize("settings", ["spoiler"], indirect=True)
async def test_a_board_hides_what_is_handed_in(env: DiscordEnv, check: SteeredClassifier):
    await create(env)
    check.unsafe = [0.0, 0.93]
    await add_picture(env, 1)
    await add_picture(env, 2)
    assert [each.is_spoiler for each in (await board_of(env)).items] == [False, True]
