"""Boards and pictures that are made again from their records."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from typing import Any

import aiosqlite

from bot.domain.boards import Access
from bot.domain.jobs import now
from bot.domain.plain_text import name_key
from bot.storage.boards.rows import BOARD_COLUMNS, ITEM_COLUMNS
from bot.storage.database import Database
from bot.storage.database_checks import DatabaseError
from bot.storage.record_documents import RecordError


class BoardRestoration:
    """The changes that bring boards to the state of the files beside a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def items(self) -> list[aiosqlite.Row]:
        """Return id and file of all pictures that hang on boards."""
        return await self._database.rows(
            "SELECT id, file FROM board_items WHERE removed_at IS NULL"
        )

    async def take_off(self, item_ids: Collection[str]) -> None:
        """Take pictures off boards that were taken off after the copy was made."""
        async with self._database.transaction() as db:
            await db.executemany(
                "UPDATE board_items SET removed_at = ? WHERE id = ?",
                [(now().isoformat(), id_) for id_ in item_ids],
            )

    async def add_item(self, document: Mapping[str, Any]) -> bool:
        """Hang a picture up again by its record, with its board where that is not there.

        Returns:
            Whether the board had to be made again.

        Raises:
            RecordError: The record holds what cannot be meant.

        """
        try:
            board, item = dict(document["board"]), dict(document["item"])
            item["likeness"] = bytes.fromhex(item["likeness"])
            async with self._database.transaction() as db:
                is_new = not await self._count(
                    "SELECT count(*) FROM boards WHERE id = ?", board["id"]
                )
                if is_new:
                    await self._add_board(db, board)
                await self._hang(db, item)
        except (KeyError, ValueError, TypeError, DatabaseError) as error:
            raise RecordError(f"its record holds what cannot be meant ({error!r})") from error
        return is_new

    async def _add_board(self, db: aiosqlite.Connection, board: dict[str, Any]) -> None:
        """Make a board again; a name or channel that another one has by now is left to it.

        What its members may do may have been changed since: it is for its owner and moderators.
        """
        board["everyone"] = int(Access.NONE)
        name = str(board["name"])
        for number in itertools.count(2):
            if not await self._count(
                "SELECT count(*) FROM boards WHERE guild_id = ? AND name_key = ?"
                " AND deleted_at IS NULL", board["guild_id"], name_key(board["name"]),
            ):  # fmt: skip
                break
            board["name"] = f"{name} {number}"
        board["name_key"] = name_key(board["name"])
        if await self._count(
            "SELECT count(*) FROM boards WHERE channel_id = ? AND state = 'open'"
            " AND deleted_at IS NULL", board["channel_id"],
        ):  # fmt: skip
            board["channel_id"] = board["message_id"] = None
        board.setdefault("other_defaults", "{}")  # a record of before there were styles
        await _insert(db, "boards", {name: board[name] for name in BOARD_COLUMNS})

    async def _hang(self, db: aiosqlite.Connection, item: dict[str, Any]) -> None:
        board_id = item["board_id"]
        item["place"] = 1 + await self._count(
            "SELECT COALESCE(max(place), 0) FROM board_items WHERE board_id = ?", board_id
        )
        if await self._count(
            "SELECT count(*) FROM board_items WHERE board_id = ? AND number = ?",
            board_id, item["number"],
        ):  # fmt: skip
            item["number"] = 1 + await self._count(
                "SELECT max(number) FROM board_items WHERE board_id = ?", board_id
            )
        await _insert(db, "board_items", {name: item[name] for name in ITEM_COLUMNS})
        await db.execute(
            "UPDATE boards SET last_number = max(last_number, ?), revision = revision + 1"
            " WHERE id = ?",
            (item["number"], board_id),
        )

    async def has_item(self, item: Mapping[str, Any]) -> bool:
        """Tell whether a picture is on its board, or was; by its id or, now, by its pixels."""
        return bool(
            await self._count(
                "SELECT count(*) FROM board_items WHERE id = ?"
                " OR (board_id = ? AND pixel_sha256 = ? AND removed_at IS NULL)",
                item["id"], item["board_id"], item["pixel_sha256"],
            )
        )  # fmt: skip

    async def _count(self, sql: str, *values: object) -> int:
        return int((await self._database.rows(sql, *values))[0][0])


async def _insert(db: aiosqlite.Connection, table: str, row: Mapping[str, Any]) -> None:
    marks = ", ".join("?" * len(row))
    await db.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - our own names
        tuple(row.values()),
    )
