"""The tables of boards: read at one moment, in a handful of queries, and never half-written."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.boards import Access, Grant
from bot.domain.styles import Style
from bot.settings import PROJECT_DIR
from bot.storage import DatabaseError, Store
from bot.storage.database import Database
from tests.support.boards_env import ADA, BEN, CLEO, BoardsEnv, fill, open_boards_env, picture
from tests.support.old_database import MIGRATIONS, make_database
from tests.support.sampling import sampled

BEFORE_BOARDS = [
    int(path.name.split("_")[0]) for path in sorted(MIGRATIONS.glob("*.sql")) if path.name < "0010"
]


@pytest.fixture
async def boards_env(tmp_path: Path) -> AsyncIterator[BoardsEnv]:
    async with open_boards_env(tmp_path) as boards_env:
        yield boards_env


async def test_a_board_of_a_thousand_pictures_is_a_handful_of_queries(
    boards_env: BoardsEnv, monkeypatch: pytest.MonkeyPatch
):
    board = await boards_env.board()
    await boards_env.boards.grant(
        board.id, Grant(kind="role", subject_id=1, access=Access.ADD), viewer=ADA
    )
    await fill(boards_env, board, 1000)
    asked: list[str] = []
    rows = Database.rows

    async def counted(self: Database, sql: str, *values: object) -> list[sqlite3.Row]:
        asked.append(sql)
        return await rows(self, sql, *values)

    monkeypatch.setattr(Database, "rows", counted)
    found = await boards_env.store.boards.find(board.id)
    assert found is not None
    assert len(asked) == 5
    assert [item.number for item in found.items] == list(range(1, 1001))
    assert [item.votes for item in found.items[:6]] == [1, 2, 3, 4, 0, 1]
    assert [len(item.comments) for item in found.items[:6]] == [0, 0, 1, 0, 0, 1]
    assert found.items[2].comments[0].text == "comment 3"
    asked.clear()
    lines = await boards_env.boards.boards(viewer=ADA)
    assert [each.num_items for each in lines] == [1000]
    assert len(asked) == 3


async def test_pictures_of_other_boards_do_not_come_along(boards_env: BoardsEnv):
    first, second = await boards_env.board("a"), await boards_env.board("b")
    for board in (first, second):
        await boards_env.upload(board, 1)
        await boards_env.boards.vote(board.id, 1, viewer=BEN)
    await boards_env.boards.vote(second.id, 1, viewer=CLEO)
    await boards_env.boards.comment(second.id, 1, "x", viewer=BEN)
    [item] = (await boards_env.now(first)).items
    assert (item.board_id, item.votes, item.comments) == (first.id, 1, ())


async def test_a_board_is_read_as_it_was_at_one_moment(boards_env: BoardsEnv):
    board = await boards_env.board()
    await fill(boards_env, board, 50)
    people = range(1000, 1040)

    async def vote_everywhere(user_id: int) -> None:
        async with boards_env.store.boards.change() as change:
            items = (await boards_env.store.boards._items("board_id = ?", board.id))[:2]
            for item in items:
                await change.vote(item.id, user_id, at=boards_env.clock())

    async def look() -> None:
        found = await boards_env.now(board)
        new = [item.voter_ids & set(people) for item in found.items[:2]]
        assert new[0] == new[1]  # votes that were given together are seen together

    await asyncio.gather(*(work for each in people for work in (vote_everywhere(each), look())))
    assert (await boards_env.now(board)).items[0].votes == 41


async def test_boards_can_be_read_beside_a_bot_that_writes(tmp_path: Path):
    async with open_boards_env(tmp_path) as boards_env:
        board = await boards_env.board()
        await boards_env.upload(board)
        async with Store(tmp_path / "bot.sqlite3", images=tmp_path / "images").to_read() as other:
            assert await other.boards.find(board.id) == await boards_env.now(board)
            await boards_env.boards.vote(board.id, 1, viewer=BEN)
            assert await other.boards.find(board.id) == await boards_env.now(board)
            [(line, _)] = await other.boards.summaries()
            assert (line.name, line.num_items) == ("Spring", 1)
            with pytest.raises(DatabaseError):
                await other.boards.purge(before=boards_env.clock(), log_length=1)


@pytest.mark.parametrize("version", sampled(BEFORE_BOARDS, first=2))
async def test_a_database_of_every_version_before_boards_gets_them(tmp_path: Path, version: int):
    await make_database(tmp_path, version=version)
    async with open_boards_env(tmp_path) as boards_env:
        board = await boards_env.board(channel_id=5)
        await boards_env.upload(board)
        assert await boards_env.numbers(board) == [1]


async def test_a_database_without_weights_and_channels_of_entries_gets_them(tmp_path: Path):
    async with open_boards_env(tmp_path) as boards_env:
        board = await boards_env.board()
        await boards_env.upload(board, channel_id=7)
        weight = await boards_env.boards.space(viewer=ADA)
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.sqlite3")) as db:
        db.executescript("""
            DROP INDEX board_items_unweighed;
            DROP INDEX board_items_by_weight;
            ALTER TABLE board_items DROP COLUMN size_bytes;
            ALTER TABLE board_log DROP COLUMN channel_id;
        """)
        db.executescript((MIGRATIONS / "0012_board_space.sql").read_text())
    async with open_boards_env(tmp_path) as boards_env:
        page = await boards_env.boards.log(board.id, viewer=ADA)
        assert [each.channel_id for each in page.activities] == [7, None]
        await boards_env.system.tidy()
        assert await boards_env.boards.space(viewer=ADA) == weight


async def test_the_database_itself_keeps_what_the_program_promises(boards_env: BoardsEnv):
    board = await boards_env.board(channel_id=5)
    item = (await boards_env.upload(board)).item
    await boards_env.upload(board, 2)
    for change in (
        f"UPDATE board_items SET pixel_sha256 = '{item.pixel_sha256}'",
        "UPDATE board_items SET number = 1",
        "UPDATE board_items SET status = 'lovely'",
        "UPDATE board_items SET board_id = 'none'",
        f"INSERT INTO board_votes VALUES ('{item.id}', 1, ''), ('{item.id}', 1, '')",
        "INSERT INTO board_votes VALUES ('none', 1, '')",
        "UPDATE boards SET state = 'deleted'",
        "UPDATE boards SET everyone = 9",
    ):
        with pytest.raises(DatabaseError, match="constraint failed"):
            async with boards_env.store.database.transaction() as db:
                await db.execute(change)


async def test_a_full_disk_is_one_sentence_and_the_board_is_as_before(boards_env: BoardsEnv):
    board = await boards_env.board()
    await boards_env.upload(board, 1)
    before = await boards_env.now(board)
    [row] = await boards_env.store.database.rows("PRAGMA page_count")
    async with boards_env.store.database.transaction() as db:
        await db.execute(f"PRAGMA max_page_count = {row[0]}")
    results = await asyncio.gather(
        *(boards_env.boards.comment(board.id, 1, "x" * 1000, viewer=BEN) for _ in range(100)),
        return_exceptions=True,
    )
    refusals = [each for each in results if isinstance(each, BaseException)]
    assert refusals
    assert all(isinstance(each, DatabaseError) for each in refusals)
    assert "disk is full" in str(refusals[0])
    async with boards_env.store.database.transaction() as db:
        await db.execute("PRAGMA max_page_count = 1000000")
    now = await boards_env.now(board)
    comments = now.items[0].comments
    assert len(comments) == 100 - len(refusals)
    assert now.revision == before.revision + len(comments)
    page = await boards_env.boards.log(board.id, viewer=ADA, page_size=500)
    assert [each.verb for each in page.activities].count("commented") == len(comments)


@pytest.mark.parametrize(
    "moment", sampled(["after the file", "before the file", "before the commit"], first=1)
)
def test_a_process_killed_while_it_adds_leaves_nothing_half_written(tmp_path: Path, moment: str):
    (tmp_path / "new.png").write_bytes(picture(2))
    program = textwrap.dedent("""
        import asyncio, os, signal, sys
        from pathlib import Path
        from bot.services.boards import additions
        from bot.storage.boards import BoardChange
        from tests.support.boards_env import open_boards_env

        folder, moment = Path(sys.argv[1]), sys.argv[2]
        write_once, note = additions.write_once, BoardChange.note

        def die(*_, **__):
            os.kill(os.getpid(), signal.SIGKILL)

        def write(path, content):
            if moment == "before the file":
                path.parent.mkdir(parents=True, exist_ok=True)
                path.with_name(".halfhalf.part").write_bytes(content[:100])
                die()
            write_once(path, content)
            if moment == "after the file":
                die()

        async def last_words(self, *values, **named):
            await note(self, *values, **named)
            if values[2] == "added" and named["item"].number == 2:
                die()

        async def main():
            async with open_boards_env(folder) as room:
                board = await room.board()
                await room.upload(board, 1)
                additions.write_once, BoardChange.note = write, last_words
                await room.upload(board, content=(folder / "new.png").read_bytes())

        asyncio.run(main())
    """)
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), moment], cwd=PROJECT_DIR, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    asyncio.run(after_the_crash(tmp_path))


async def after_the_crash(folder: Path) -> None:
    async with open_boards_env(folder) as boards_env:
        board = await boards_env.boards.find("Spring", viewer=ADA)
        assert [item.number for item in board.items] == [1]
        assert board.revision == 2
        assert all(item.path.is_file() for item in board.items)
        await boards_env.system.tidy()
        assert boards_env.copies() == [board.items[0].path.name]
        assert not list(boards_env.store.boards.folder.rglob(".*"))
        added = await boards_env.upload(board, 2)
        assert added.item.path.is_file()
        assert added.item.number == 2
    with contextlib.closing(sqlite3.connect(folder / "bot.sqlite3")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_what_was_taken_off_is_purged_by_its_own_time(boards_env: BoardsEnv):
    board = await boards_env.board()
    for seed in (1, 2, 3):
        await boards_env.upload(board, seed)
    await boards_env.boards.remove(board.id, 1, viewer=ADA)
    boards_env.clock.move(hours=12)
    await boards_env.boards.remove(board.id, 2, viewer=ADA)
    boards_env.clock.move(hours=13)
    item = (await boards_env.boards.taken_off(board.id, viewer=ADA))[0]
    purged = await boards_env.store.boards.purge(
        before=boards_env.clock() - dt.timedelta(days=1), log_length=100
    )
    assert len(purged.item_ids) == len(purged.files) == 1
    assert item.path.name not in purged.files
    await boards_env.boards.bring_back(board.id, 2, viewer=ADA)
    assert await boards_env.numbers(board) == [2, 3]


async def test_boards_of_before_styles_keep_their_words_and_size(tmp_path: Path):
    async with open_boards_env(tmp_path) as boards_env:
        board = await boards_env.board(style="at night", size="wide")
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.sqlite3")) as db:
        db.executescript("DROP TABLE styles; ALTER TABLE boards DROP COLUMN other_defaults;")
        db.executescript((MIGRATIONS / "0034_styles.sql").read_text())
    async with open_boards_env(tmp_path) as boards_env:
        assert (await boards_env.now(board)).defaults == Style.of(after="at night", size="wide")
