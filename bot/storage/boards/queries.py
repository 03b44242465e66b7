"""What both questions and changes read: a board without its pictures, and pictures."""

from __future__ import annotations

from pathlib import Path

from bot.domain.boards import Board, Item
from bot.storage.boards.rows import board_of, items_of
from bot.storage.database import Database


async def read_head(database: Database, where: str, *values: object) -> Board | None:
    """Return a board without its pictures; `where` is one of this package's conditions."""
    rows = await database.rows(f"SELECT * FROM boards WHERE {where}", *values)  # noqa: S608
    if not rows:
        return None
    grants = await database.rows(
        "SELECT * FROM board_grants WHERE board_id = ? ORDER BY kind, subject_id", rows[0]["id"]
    )
    return board_of(rows[0], grants=grants)


async def read_items(database: Database, where: str, *values: object, folder: Path) -> list[Item]:
    """Return pictures in their chosen order; three queries, however many there are."""
    rows = await database.rows(
        f"SELECT * FROM board_items WHERE {where} ORDER BY place, number",  # noqa: S608
        *values,
    )
    votes = await database.rows(
        "SELECT item_id, user_id FROM board_votes"  # noqa: S608
        f" WHERE item_id IN (SELECT id FROM board_items WHERE {where})",
        *values,
    )
    comments = await database.rows(
        "SELECT * FROM board_comments"  # noqa: S608
        f" WHERE item_id IN (SELECT id FROM board_items WHERE {where}) ORDER BY id",
        *values,
    )
    return items_of(rows, votes=votes, comments=comments, folder=folder)
