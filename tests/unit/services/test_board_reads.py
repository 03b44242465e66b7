"""What is asked of one picture reads one picture, however many hang on its board."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.domain.boards import Board, ItemStatus, SheetOrder, StarRule
from bot.storage.database import Database
from tests.support.boards_env import ADA, BEN, MOD, BoardsEnv, an_image, fill, open_boards_env

MANY = 300
Ask = Callable[[BoardsEnv, Board], Awaitable[object]]
ASKED: dict[str, Ask] = {
    "vote": lambda env, board: env.boards.vote(board.id, 2, viewer=BEN),
    "take a vote back": lambda env, board: env.boards.vote(board.id, 2, viewer=BEN),
    "caption": lambda env, board: env.boards.describe(board.id, 2, viewer=ADA, caption="new"),
    "tags": lambda env, board: env.boards.describe(board.id, 2, viewer=ADA, tags=["new"]),
    "status": lambda env, board: env.boards.set_status(
        board.id, 2, ItemStatus.APPROVED, viewer=ADA
    ),
    "comment": lambda env, board: env.boards.comment(board.id, 2, "new", viewer=BEN),
    "move": lambda env, board: env.boards.move(board.id, 2, before=1, viewer=ADA),
    "one picture": lambda env, _: env.boards.picture("Spring", 2, viewer=BEN),
    "its neighbours": lambda env, board: env.boards.neighbours(
        board.id, 2, SheetOrder.VOTES, viewer=BEN
    ),
    "a star": lambda env, _: env.boards.star_board(5, viewer=BEN),
    "the log": lambda env, board: env.boards.log(board.id, viewer=BEN),
    "what hangs of an image": lambda env, _: env.boards.hangings("nothing", viewer=BEN),
}


@dataclass
class Reads:
    """What was asked of the database, and how many rows came back."""

    asked: list[str] = field(default_factory=list)
    rows: int = 0


@pytest.fixture
async def boards_env(tmp_path: Path) -> AsyncIterator[BoardsEnv]:
    async with open_boards_env(tmp_path) as boards_env:
        yield boards_env


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    found, rows = Reads(), Database.rows

    async def counted(self: Database, sql: str, *values: object) -> list[sqlite3.Row]:
        result = await rows(self, sql, *values)
        found.asked.append(sql)
        found.rows += len(result)
        return result

    monkeypatch.setattr(Database, "rows", counted)
    return found


@pytest.mark.parametrize("order", list(SheetOrder))
async def test_one_picture_is_read_for_one_picture(
    boards_env: BoardsEnv, reads: Reads, order: SheetOrder
):
    board = await boards_env.board(order=order, channel_id=5)
    await fill(boards_env, board, MANY)
    await boards_env.boards.set_stars(StarRule(board_id=board.id), viewer=MOD)
    for what, ask in ASKED.items():
        reads.asked.clear()
        reads.rows = 0
        await ask(boards_env, board)
        assert len(reads.asked) <= 12, what  # the whole board is five, beside its pictures
        assert reads.rows <= 24, what  # 2 voters, a comment, the board; 16 entries of a log


@pytest.mark.parametrize("order", list(SheetOrder))
async def test_neighbours_are_those_of_the_sheet(boards_env: BoardsEnv, order: SheetOrder):
    board = await boards_env.board(order=order)
    await fill(boards_env, board, 12)
    for number, status in ((3, ItemStatus.APPROVED), (5, ItemStatus.REJECTED)):
        await boards_env.boards.set_status(board.id, number, status, viewer=ADA)
    await boards_env.boards.move(board.id, 9, before=2, viewer=ADA)
    numbers = [each.number for each in (await boards_env.now(board)).ordered()]
    for before, number, after in zip([None, *numbers], numbers, [*numbers[1:], None], strict=False):
        found = await boards_env.boards.neighbours(board.id, number, viewer=BEN)
        assert (found.before, found.after) == (before, after)
    labels = await boards_env.boards.labels(board.id, viewer=BEN)
    assert [each.number for each in labels] == numbers


async def test_an_image_tells_where_it_hangs_without_its_boards(
    boards_env: BoardsEnv, reads: Reads
):
    board = await boards_env.board()
    await fill(boards_env, board, MANY)
    made = await an_image(boards_env.store)
    await boards_env.boards.add_generation(board.id, made.id, viewer=ADA)
    reads.rows = 0
    assert len(await boards_env.boards.hangings(made.id, viewer=BEN)) == 1
    assert reads.rows <= 3
