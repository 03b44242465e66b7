"""What is read of boards, inside a change and outside: never more than the question needs."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.domain.boards import (
    Access,
    Board,
    Item,
    ItemLabel,
    ItemStatus,
    Neighbours,
    SheetOrder,
    Swatch,
)
from bot.domain.plain_text import name_key
from bot.domain.viewers import Viewer
from bot.storage.boards.rows import board_of, items_of, label_of, palette_of_text
from bot.storage.database import Database

_OPEN: Final = "state = 'open' AND deleted_at IS NULL"
HANGING: Final = "board_id = ? AND removed_at IS NULL"
# See `Board.ordered`: what is equal stays in the chosen order.
_ORDERS: Final = {
    SheetOrder.CHOSEN: "",
    SheetOrder.NEWEST: "added_at DESC, ",
    SheetOrder.VOTES: "(SELECT count(*) FROM board_votes WHERE item_id = board_items.id) DESC, ",
    SheetOrder.STATUS: "instr('approved shortlist candidate rejected', status), ",
}
# Files that several pictures share count once; what may be brought back still lies on the disk.
_SPACE: Final = """
SELECT COALESCE(sum(size_bytes), 0) FROM (
    SELECT max(size_bytes) AS size_bytes FROM boards
    CROSS JOIN board_items INDEXED BY board_items_by_weight ON board_id = boards.id
    WHERE guild_id = ? GROUP BY file)
"""


@dataclass(frozen=True, kw_only=True)
class ItemTrace:
    """As much of a picture as decides who may see it; the fields are those of `Item`."""

    number: int
    channel_id: int | None
    author_id: int | None
    added_by: int


class BoardQueries:
    """Questions about single boards and pictures; our copies of these lie under `folder`."""

    def __init__(self, database: Database, *, folder: Path) -> None:
        self._database = database
        self.folder = folder

    # Boards without their pictures

    async def head(self, board_id: str) -> Board | None:
        """Return a board without its pictures, a deleted one too."""
        return await self._head("id = ?", board_id)

    async def named(self, guild_id: int, name: str) -> Board | None:
        """Return the board of a guild with this name that is not deleted, without its pictures."""
        return await self._head(
            "guild_id = ? AND name_key = ? AND deleted_at IS NULL", guild_id, name_key(name)
        )

    async def of_channel(self, channel_id: int) -> Board | None:
        """Return the open board that a channel is, without its pictures."""
        return await self._head(f"channel_id = ? AND {_OPEN}", channel_id)

    async def of_message(self, message_id: int) -> Board | None:
        """Return the board that a message shows, unless it is deleted, without its pictures."""
        return await self._head("message_id = ? AND deleted_at IS NULL", message_id)

    async def num_boards(self, guild_id: int) -> int:
        """Return how many boards of a guild are not deleted."""
        return await self._count(
            "SELECT count(*) FROM boards WHERE guild_id = ? AND deleted_at IS NULL", guild_id
        )

    async def space(self, guild_id: int) -> int:
        """Return how many bytes the pictures of a guild's boards take."""
        return await self._count(_SPACE, guild_id)

    # Single pictures

    async def num_items(self, board_id: str) -> int:
        """Return how many pictures hang on a board."""
        return await self._count(f"SELECT count(*) FROM board_items WHERE {HANGING}", board_id)  # noqa: S608

    async def item(self, board_id: str, number: int) -> Item | None:
        """Return a picture that hangs on a board."""
        return await self._item(f"{HANGING} AND number = ?", board_id, number)

    async def with_pixels(self, board_id: str, pixel_sha256: str) -> Item | None:
        """Return the picture of a board that has exactly these pixels."""
        return await self._item(f"{HANGING} AND pixel_sha256 = ?", board_id, pixel_sha256)

    async def taken_off(
        self, board_id: str, *, since: dt.datetime, number: int | None = None
    ) -> list[Item]:
        """Return the pictures, or the one, that were taken off a board after a time."""
        return await self._items(
            "board_id = ? AND removed_at >= ? AND ? IN (number, -1)",
            board_id,
            since.isoformat(),
            -1 if number is None else number,
        )

    async def neighbours(
        self, board_id: str, number: int, order: SheetOrder, viewer: Viewer, access: Access
    ) -> Neighbours:
        """Return what stands before and after a picture, of what may be seen of the board."""
        where, values = seen_items(viewer, owned=_owned(board_id, access))
        rows = await self._database.rows(
            "SELECT before, after FROM (SELECT number, lag(number) OVER sheet AS before,"  # noqa: S608
            f" lead(number) OVER sheet AS after FROM board_items WHERE {HANGING}{where}"
            f" WINDOW sheet AS (ORDER BY {_ORDERS[order]}place, number)) WHERE number = ?",
            board_id, *values, number,
        )  # fmt: skip
        return Neighbours(**rows[0]) if rows else Neighbours(before=None, after=None)

    async def labels(
        self, board_id: str, order: SheetOrder, viewer: Viewer, access: Access, *, limit: int = -1
    ) -> list[ItemLabel]:
        """Return what the pictures of a board are found by, as far as they may be seen."""
        where, values = seen_items(viewer, owned=_owned(board_id, access))
        rows = await self._database.rows(
            f"SELECT number, caption, prompt, credit, tags FROM board_items WHERE {HANGING}{where}"  # noqa: S608
            f" ORDER BY {_ORDERS[order]}place, number LIMIT ?",
            board_id, *values, limit,
        )  # fmt: skip
        return [label_of(row) for row in rows]

    async def traces(self, board_id: str, numbers: Iterable[int]) -> list[ItemTrace]:
        """Return what decides who may see pictures of a board, those that were taken off, too."""
        rows = await self._database.rows(
            "SELECT number, channel_id, author_id, added_by FROM board_items WHERE board_id = ?"
            " AND number IN (SELECT value FROM json_each(?))",
            board_id, json.dumps(sorted(numbers)),
        )  # fmt: skip
        return [ItemTrace(**row) for row in rows]

    async def palettes(self, board_id: str) -> list[tuple[Swatch, ...]]:
        """Return the colours of each picture of a board, without the rejected ones."""
        rows = await self._database.rows(
            f"SELECT palette FROM board_items WHERE {HANGING} AND status <> ? ORDER BY number",  # noqa: S608
            board_id, ItemStatus.REJECTED,
        )  # fmt: skip
        return [palette_of_text(row["palette"]) for row in rows]

    async def of_generation(self, guild_id: int, generation_id: str) -> list[Item]:
        """Return the pictures of a guild's boards that are a copy of an image, by board."""
        return await self._items(
            "generation_id = ? AND removed_at IS NULL AND board_id IN"
            " (SELECT id FROM boards WHERE guild_id = ? AND deleted_at IS NULL)",
            generation_id,
            guild_id,
        )

    async def taken_off_with(
        self, generation_id: str, *, by: int, since: dt.datetime
    ) -> list[Item]:
        """Return the copies of an image that somebody took off any boards since a time."""
        return await self._items(
            "generation_id = ? AND removed_at >= ? AND EXISTS (SELECT 1 FROM board_log AS log"
            " WHERE log.board_id = board_items.board_id AND log.number = board_items.number"
            " AND verb = 'removed' AND log.user_id = ? AND log.created_at = removed_at)",
            generation_id, since.isoformat(), by,
        )  # fmt: skip

    async def of_person(self, user_id: int, *, before: dt.datetime) -> list[Item]:
        """Return what somebody made or hung up until a time, on all boards, taken off or not."""
        return await self._items(
            "(added_by = ? OR author_id = ?) AND added_at <= ?",
            user_id, user_id, before.isoformat(),
        )  # fmt: skip

    async def of_board(self, board_id: str) -> list[Item]:
        """Return all pictures of a board, those that were taken off, too."""
        return await self._items("board_id = ?", board_id)

    async def owned_by(self, user_id: int, *, before: dt.datetime) -> list[str]:
        """Return the ids of the boards that somebody owns and made until a time."""
        rows = await self._database.rows(
            "SELECT id FROM boards WHERE owner_id = ? AND created_at <= ?",
            user_id, before.isoformat(),
        )  # fmt: skip
        return [row["id"] for row in rows]

    async def is_needed(self, file: str) -> bool:
        """Tell whether any picture is this very file, one that was taken off, too."""
        return bool(await self._count("SELECT count(*) FROM board_items WHERE file = ?", file))

    # Plain SQL; `where` is one of this package's conditions

    async def _head(self, where: str, *values: object) -> Board | None:
        rows = await self._database.rows(f"SELECT * FROM boards WHERE {where}", *values)  # noqa: S608
        if not rows:
            return None
        grants = await self._database.rows(
            "SELECT * FROM board_grants WHERE board_id = ? ORDER BY kind, subject_id", rows[0]["id"]
        )
        return board_of(rows[0], grants=grants)

    async def _item(self, where: str, *values: object) -> Item | None:
        found = await self._items(where, *values)
        return found[0] if found else None

    async def _items(self, where: str, *values: object) -> list[Item]:
        async with self._moment():
            return await self._read_items(where, *values)

    async def _read_items(self, where: str, *values: object) -> list[Item]:
        """Return pictures in their chosen order; three queries, whatever is found."""
        rows = await self._database.rows(
            f"SELECT * FROM board_items WHERE {where} ORDER BY place, number",  # noqa: S608
            *values,
        )
        if not rows:
            return []
        among = f"WHERE item_id IN (SELECT id FROM board_items WHERE {where})"  # noqa: S608
        votes = await self._database.rows(
            f"SELECT item_id, user_id FROM board_votes {among}",  # noqa: S608
            *values,
        )
        comments = await self._database.rows(
            f"SELECT * FROM board_comments {among} ORDER BY id",  # noqa: S608
            *values,
        )
        return items_of(rows, votes=votes, comments=comments, folder=self.folder)

    def _moment(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Return what lets several queries see one state of the database."""
        return self._database.snapshot()

    async def _count(self, sql: str, *values: object) -> int:
        return int((await self._database.rows(sql, *values))[0][0])


def seen_items(viewer: Viewer, *, owned: Collection[str]) -> tuple[str, list[object]]:
    """Return the condition that keeps a reader to what they may see; see `sees_item`.

    Args:
        viewer: The reader.
        owned: The ids of those boards on which they may do everything.

    """
    among = "(SELECT value FROM json_each(?))"
    rule = (
        f"channel_id IS NULL OR channel_id IN {among}"
        f" OR (channel_id IN {among} AND (board_id IN {among} OR ? IN (added_by, author_id)))"
    )
    seen, gone = sorted(viewer.channels - viewer.gone), sorted(viewer.gone)
    return f" AND ({rule})", [*map(json.dumps, (seen, gone, sorted(owned))), viewer.user_id]


def _owned(board_id: str, access: Access) -> Collection[str]:
    return [board_id] if access is Access.OWN else []
