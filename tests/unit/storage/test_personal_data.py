"""Every table says what becomes of a person's rows, and what is erased leaves no bytes."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import sqlite3
from pathlib import Path

import pytest

from bot.domain.jobs import now
from bot.domain.privacy import ErasureOrder
from bot.storage import personal_data
from bot.storage.backups import KEPT_FOR, backups_in, health_of, make_backup
from bot.storage.erasure import scrub
from bot.storage.erasure_orders import ErasureOrders, KeptOrder
from tests.support.boards_env import an_image
from tests.support.old_database import make_database
from tests.support.traces import traces
from tests.unit.storage.test_store import opened

# Tables of people, and where it is seen to that they are erased.
ERASED = {
    "jobs": "erasure.erase_jobs; `ended_by` in personal_data",
    "requests": "erasure.erase_jobs, with their job",
    "breakdowns": "erasure.erase_jobs, with their job",
    "generations": "erasure.erase_images",
    "inputs": "maintenance.sweep_sources, with the file",
    "copies": "erasure.erase_images, with their image",
    "deletions": "erasure.erase_images, with their image; those of others' images in personal_data",
    "trash": "erasure.erase_images, with their image; who deleted others' images in personal_data",
    "prompts": "erasure.erase_images, with their image",
    "boards": "services.boards.personal_pictures",
    "styles": "personal_data, the author: the style is the server's",
    "board_items": "services.boards.personal_pictures",
    "board_grants": "personal_data",
    "board_votes": "personal_data",
    "board_comments": "personal_data",
    "board_log": "personal_data",
    "forms": "personal_data",
    "hints": "personal_data",
    "takeovers": "personal_data",
    "deferrals": "personal_data",
    "pauses": "personal_data",
    "charges": "personal_data; where a server has quotas, in charges.forget_old",
    "grants": "the same",
    "rule_changes": "personal_data, the name: who changed a server's rules is the server's",
    "audit": "personal_data; of bans and warnings the id stays, as long as entries are kept",
    "reports": "personal_data",
    "rules": "nowhere: what moderators decided about somebody is the server's, as long as it holds",
}
OF_NOBODY = {
    "model_files", "speeds", "load_times", "signing_key",  # of the machine
    "places", "memberships", "board_stars", "refusals",  # of servers
    "file_checks", "erased", "sqlite_sequence",  # numbers
}  # fmt: skip
WORDS = b"zigguratic"


async def test_every_table_says_what_becomes_of_a_persons_rows(tmp_path: Path):
    async with opened(tmp_path) as store:
        found = await store.database.rows("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL")
    tables = {
        row["name"]
        for row in found
        if row["sql"].startswith("CREATE") and " TABLE " in row["sql"].split("(")[0]
    }
    shadows = {each for each in tables if each.startswith("prompts_")}
    assert tables - shadows == {*ERASED, *OF_NOBODY}, "say what becomes of a person's rows in it"


async def test_every_table_with_an_id_of_a_person_is_erased_by_it(tmp_path: Path):
    """A column that is called like one must be in some statement."""
    async with opened(tmp_path) as store:
        rows = await store.database.rows(
            "SELECT tables.name AS tab, each.name AS col FROM sqlite_master AS tables,"
            " pragma_table_info(tables.name) AS each WHERE tables.type = 'table'"
        )
    people = {
        (row["tab"], row["col"])
        for row in rows
        if re.search(r"user|owner|author|added_by|ended_by|subject_id|member_id", row["col"])
    }
    own_ways = {"boards", "board_items", "generations"}
    for table, column in sorted(people):
        statements = " ".join(personal_data._ERASED + tuple(personal_data._SECTIONS.values()))
        assert table in own_ways or re.search(rf"\b{table}\b.*\b{column}\b", statements), (
            f"{table}.{column} names a person: see bot/storage/personal_data.py"
        )


async def test_what_is_erased_leaves_no_bytes(tmp_path: Path):
    async with opened(tmp_path) as store:
        for seed in range(30):
            await an_image(store, prompt=f"a {WORDS.decode()} tower {seed}", seed=seed)
        await an_image(store, prompt="a red apple", seed=99)
        ids = [
            row["id"]
            for row in await store.database.rows(
                "SELECT DISTINCT job_id AS id FROM requests WHERE prompt LIKE '%tower%'"
            )
        ]
        assert traces(tmp_path, [WORDS]).keys() >= {"bot.sqlite3-wal"}
        await store.personal.erase_jobs(ids)
        assert await scrub(store.database)
        assert not {each for each in traces(tmp_path, [WORDS]) if each.startswith("bot.sqlite3")}
        assert await store.database.rows("SELECT 1 FROM prompts WHERE prompts MATCH 'apple'")


async def test_a_database_that_forgot_something_counts_as_much_as_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with opened(tmp_path) as store:
        await an_image(store, prompt="a red apple")
        before = make_backup(tmp_path / "bot.sqlite3", tmp_path / "backups")
        rows = await store.database.rows("SELECT id FROM jobs")
        await store.personal.erase_jobs([row["id"] for row in rows])
        after = make_backup(tmp_path / "bot.sqlite3", tmp_path / "backups")
    assert health_of(after).num_images == 0
    assert health_of(after).knows >= health_of(before).knows
    assert "counts for nothing" not in caplog.text


async def test_copies_of_a_week_ago_go_with_the_next_one(tmp_path: Path):
    async with opened(tmp_path) as store:
        await an_image(store)
        folder = tmp_path / "backups"
        copies = [make_backup(tmp_path / "bot.sqlite3", folder) for _ in range(3)]
        for path, age in zip(copies, (9, 8, 6), strict=True):
            aged(path, dt.timedelta(days=age))
        (folder / aged_name(dt.timedelta(days=20))).write_bytes(b"a copy that rotted")
        newest = make_backup(tmp_path / "bot.sqlite3", folder)
    left = backups_in(folder)
    assert left[0] == newest
    assert len(left) == 2
    assert KEPT_FOR.days == 7


def aged(path: Path, age: dt.timedelta) -> None:
    path.rename(path.with_name(aged_name(age)))


def aged_name(age: dt.timedelta) -> str:
    return f"bot-{(dt.datetime.now(dt.UTC) - age).strftime('%Y%m%d-%H%M%S-%f')}.sqlite3"


async def test_an_update_removes_what_was_deleted_before_it(tmp_path: Path):
    """Earlier versions did not overwrite what they deleted."""
    path = await make_database(tmp_path, version=25)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("CREATE TABLE rubbish (words TEXT)")
        db.executemany("INSERT INTO rubbish VALUES (?)", [(WORDS.decode() * 50,)] * 3000)
        db.execute("DELETE FROM rubbish")
        db.execute("DROP TABLE rubbish")
        db.commit()
    assert traces(tmp_path, [WORDS])
    async with opened(tmp_path) as store:
        await store.database.empty_log()
    assert traces(tmp_path, [WORDS]) == {}


def test_an_order_is_read_as_it_was_written_and_a_damaged_one_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    orders = ErasureOrders(tmp_path)
    order = ErasureOrder(user_id=42, locale="zh-CN", takes_off=True, asked_at=now())
    kept = KeptOrder(order=order, copies=("a.png",))
    orders.write(kept)
    (tmp_path / "records" / "erasures" / "1-1.json").write_text("{")
    assert orders.find(42) == [kept]
    assert orders.find(41) == []
    assert "cannot be read" in caplog.text
    orders.delete(order)
    assert orders.all() == []
