"""Images are found by words in every script, seed, size, person and date, and only from here."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from bot.domain.image_kinds import KINDS, marks_of
from bot.domain.jobs import Generation, Job, JobSource, Relation, new_id, now
from bot.domain.requests import ImageRequest, OperationKind, Size
from bot.domain.search import Search
from bot.domain.viewers import Viewer
from bot.errors import InvalidRequestError
from bot.locales import text
from bot.storage import Store
from tests.support.discord_env import DiscordEnv, answer_of, private_sentence, texts_of
from tests.support.old_database import MIGRATIONS

pytest_plugins = ["tests.support.bot_fixtures"]

HERE = Viewer(user_id=0, guild_id=1, channels=frozenset({2}))
CONDITIONS = {
    "prompt_used": "x", "num_inference_steps": 8, "sigmas": [1.0], "model": "demo", "revision": "1",
    "dtype": "float32", "device": "cpu", "torch": "2", "diffusers": "0", "transformers": "5",
}  # fmt: skip


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store(tmp_path / "bot.sqlite3", images=tmp_path / "images") as store:
        yield store


async def keep(  # noqa: PLR0913 - what an image can be looked for by
    store: Store,
    prompt: str,
    *,
    seed: int = 1,
    side: int = 128,
    user_id: int = 10,
    guild_id: int | None = 1,
    channel_id: int = 2,
    created_at: dt.datetime | None = None,
    relation: Relation = "imagine",
    source: str | None = None,
) -> str:
    """Write an image's rows, as the service does, and return its id."""
    moment = created_at or now()
    request = ImageRequest(prompt=prompt, seed=seed, size=Size(width=side, height=side))
    if source is not None:
        request = replace(request, strength=40).begun_with(source)
    origin = JobSource(
        guild_id=guild_id, channel_id=channel_id, user_id=user_id, user_name="Ada", locale="en-US",
        application_id=3, token=None, expires_at=moment,
    )  # fmt: skip
    job = Job(
        id=new_id(), requests=(request,), origin=origin, relation=relation,
        spoiler=False, created_at=moment,
    )  # fmt: skip
    generation = Generation(
        id=new_id(), job_id=job.id, index=0, request=request, path=Path("x"),
        pixel_sha256="00" * 32, conditions=CONDITIONS, durations_s={}, user_id=user_id,
        guild_id=guild_id, parent_id=None, created_at=moment, channel_id=channel_id,
        relation=relation,
    )  # fmt: skip
    await store.jobs.add(job)
    await store.generations.add(job, [generation])
    return generation.id


async def found(store: Store, line: str, viewer: Viewer = HERE) -> list[str]:
    images = await store.generations.history(
        viewer=viewer, search=Search.parse(line), offset=0, limit=50
    )
    return [image.request.prompt for image in images]


@pytest.mark.parametrize(
    ("prompt", "line"),
    [
        ("一个红苹果在桌子上", "苹果"),
        ("一个红苹果在桌子上", "红"),
        ("一个红苹果在桌子上", "桌子 苹果"),
        ("赤いりんご", "りんご"),
        ("빨간 사과나무", "사과"),
        ("a red apple on a table", "apple red"),
        ("a red apple on a table", "app"),
        ("Un château à Besançon", "chateau besancon"),
        ("cyberpunk 城市, 8k", "城市 cyber"),
        ("cyberpunk城市8k", "punk城市 8k cyber"),
        ("a 🍎 and a 🚀", "🚀"),
        ("100% wool", "100%"),
        ("100% wool", "% wool"),
        ('she said "hello"', '"hello"'),
        ("a red-brick wall", "red-brick"),
        ("NEAR the AND of the NOT", "near AND not"),
    ],
)
async def test_a_prompt_is_found_by_its_words(store: Store, prompt: str, line: str):
    await keep(store, "something else 别的东西")
    await keep(store, prompt)
    if line.startswith("punk"):
        assert await found(store, line) == []  # the middle of a word is not a word
    else:
        assert await found(store, line) == [prompt]


@pytest.mark.parametrize("line", ["果苹", "pple", "apple pear", "*", '"', "facets:g1", "🚀"])
async def test_what_is_not_there_is_not_found(store: Store, line: str):
    await keep(store, "一个红苹果 a red apple")
    assert await found(store, line) == []


async def test_every_filter_holds(store: Store):
    day = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    await keep(store, "wanted", seed=42, side=256, user_id=7, created_at=day)
    await keep(store, "other", seed=4, side=128, user_id=70, created_at=day.replace(month=12))
    for line in ("seed:42", "size:256x256", "by:7", "by:<@7>", "on:2026-11-23", "on:2026-11",
                 "on:20261123", "wanted seed:42 size:256x256 by:7 on:2026-11"):  # fmt: skip
        assert await found(store, line) == ["wanted"], line
    assert await found(store, "on:2026") == ["other", "wanted"]
    assert await found(store, "wanted seed:4") == []


async def test_images_are_found_by_how_they_were_made(store: Store):
    await keep(store, "from words")
    await keep(store, "a variation", relation="variation")
    await keep(store, "from an upload", source="ab" * 32)
    await keep(store, "from an image", relation="source", source="ab" * 32)
    await keep(store, "the same again", relation="same_seed", source="ab" * 32)
    begun = ["the same again", "from an image", "from an upload"]
    assert await found(store, "kind:text") == ["a variation", "from words"]
    assert await found(store, "kind:image") == await found(store, "kind:source") == begun
    assert await found(store, "kind:VARIATION") == ["a variation"]
    for line in ("kind:same-seed", "kind:same_seed", "again kind:image"):
        assert await found(store, line) == ["the same again"], line
    assert await found(store, "kind:source kind:text") == ["a variation", "from words"]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_and_every_operation_and_relation_a_kind(kind: str, locale: str):
    assert text(f"kind_{kind}", locale)
    marks = {each for some in KINDS.values() for each in some}
    for operation in OperationKind:
        for relation in get_args(Relation):
            assert marks & {*marks_of(relation, operation)}


@pytest.mark.parametrize("line", ["", "apple", "ap", "苹果", "by:10", "%"])
async def test_hidden_channels_are_skipped_whichever_are_fewer(store: Store, line: str):
    for channel_id in range(2, 8):
        for user_id in (10, 11):
            prompt = f"苹果 apple% {channel_id} {user_id}"
            await keep(store, prompt, channel_id=channel_id, user_id=user_id)
    everything = frozenset(range(2, 8))
    for seen, gone in (({2}, set()), ({2}, {3}), ({2, 3, 4, 5, 6}, set()), (set(), set()),
                       (everything, set()), ({2, 3, 4, 5}, {7})):  # fmt: skip
        viewer = Viewer(
            user_id=10, guild_id=1, channels=frozenset(seen), gone=frozenset(gone),
            hidden=everything - seen - gone,
        )  # fmt: skip
        users = (10,) if line == "by:10" else (10, 11)
        expected = {f"苹果 apple% {c} {u}" for c in seen for u in users}
        expected |= {f"苹果 apple% {c} 10" for c in gone}
        assert set(await found(store, line, viewer)) == expected


async def test_the_newest_come_first_and_other_places_are_not_searched(store: Store):
    for number in range(3):
        await keep(store, f"apple {number}", user_id=number)
    await keep(store, "apple elsewhere", guild_id=9)
    await keep(store, "apple in private", guild_id=None, user_id=5)
    assert await found(store, "apple") == ["apple 2", "apple 1", "apple 0"]
    assert await found(store, "apple", replace(HERE, guild_id=9)) == ["apple elsewhere"]
    assert await found(store, "apple", Viewer(user_id=5)) == ["apple in private"]
    assert await found(store, "apple", Viewer(user_id=1)) == []


async def test_a_deleted_image_is_not_found(store: Store):
    image = await keep(store, "a red apple")
    await store.deletions.begin([image], by=1, locale="en-US")
    assert await found(store, "apple") == []


async def test_images_of_before_the_index_are_found(tmp_path: Path):
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.sqlite3")) as db:
        for number in (1, 2):
            [script] = MIGRATIONS.glob(f"{number:04}_*.sql")
            db.executescript(script.read_text())
        db.execute("PRAGMA user_version = 2")
        db.execute(
            "INSERT INTO jobs (id, state, relation, spoiler, channel_id, user_id, user_name,"
            " locale, application_id, expires_at, created_at, changed_at)"
            " VALUES ('j', 'posted', 'imagine', 0, 2, 10, 'Ada', 'en', 3, 'x', 'x', 'x')"
        )
        db.execute(
            "INSERT INTO generations VALUES ('g', 'j', 0, 'imagine', NULL, 10, 1, 2, NULL,"
            " '一个红苹果', 'x', 42, 128, 256, 'standard', 8, '[]', 0.0, 'm', 'r', 'd', 'd', 't',"
            " 'd', 't', '{}', '{}', 'aa', '2026-11-23T10:00:00+00:00', NULL)"
        )
        db.commit()
    async with Store(tmp_path / "bot.sqlite3", images=tmp_path) as store:
        assert await found(store, "苹果 seed:42 size:128x256 by:10 on:2026-11-23") == ["一个红苹果"]
        assert await found(store, "苹果 kind:text") == ["一个红苹果"]
        assert await found(store, "kind:image") == []


@pytest.mark.parametrize(
    "line", ["", "a red apple", "苹果 seed:42 size:64x64 by:7 on:2026-11 kind:source"]
)
def test_a_search_is_written_as_it_is_read(line: str):
    assert str(Search.parse(line)) == line
    assert Search.parse(f"  {line}  ") == Search.parse(line)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("seed:-1", "The seed '-1' does not work: use a whole number from 0"),
        ("seed:4294967296", "use a whole number from 0 to 4294967295"),
        ("size:big", "use WIDTHxHEIGHT, for example 512x512"),
        ("size:513x512", "multiples of 16"),
        ("on:yesterday", "use 2026, 2026-11 or 2026-11-23"),
        ("on:2026-02-30", "cannot be looked for"),
        ("by:ada", "'ada' is nobody"),
        ("kind:painted", "There is no kind 'painted' of images: use text, source, "),
        ("seed:" + "9" * 5000, "The seed '9999999999999999999…' does not work"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(line: str, sentence: str):
    with pytest.raises(InvalidRequestError, match=sentence.replace("(", r"\(")):
        Search.parse(line)


async def test_history_takes_every_filter_and_its_pages_remember_them(env: DiscordEnv):
    for seed in range(7):
        await env.imagine(prompt=f"红苹果 {seed}", seed=seed)
    await env.imagine(env.ming, prompt="红苹果 9", seed=3)
    asked = await env.moderator.slash(
        env.channel, "history", search="苹果", member=env.ada, on=str(now().year)
    )
    first = answer_of(asked)
    assert "红苹果 6" in texts_of(first)
    assert f"<@{env.ada.id}>" in texts_of(first)
    older = await env.moderator.click(first, label="Older →")
    words = texts_of(older.response or first)
    assert "红苹果 0" in words
    assert "红苹果 9" not in words
    by_seed = await env.ada.slash(env.channel, "history", seed="3", whose="mine")
    words = texts_of(answer_of(by_seed))
    assert "红苹果 3" in words
    assert "红苹果 9" not in words
    of_a_kind = await env.ada.slash(env.channel, "history", kind="text", seed="3")
    assert "红苹果 9" in texts_of(answer_of(of_a_kind))
    none = await env.ada.slash(env.channel, "history", kind="source")
    assert "kind:source" in texts_of(answer_of(none))
    offered = await env.ada.autocomplete(env.channel, "history", "kind", "pict")
    assert [each["value"] for each in offered] == ["source", "image"]
    unknown = await env.ada.slash(env.channel, "history", kind="painted")
    assert "There is no kind 'painted' of images: use text" in private_sentence(unknown)
    refused = await env.ada.slash(env.channel, "history", seed="-3")
    assert "The seed '-3' does not work" in private_sentence(refused)
    too_long = await env.ada.slash(
        env.channel, "history", search="x" * 60, seed="4294967295", size="1024x1024"
    )
    assert "too long: leave something out" in private_sentence(too_long)
