"""What the bot does to boards for itself, inside one transaction: nobody is noted as its author."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import aiosqlite

from bot.storage.boards.queries import BoardQueries
from bot.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class Purged:
    """What was forgotten for good.

    Attributes:
        item_ids: Of the pictures.
        files: The names of their copies, which others may still need.

    """

    item_ids: frozenset[str]
    files: frozenset[str]


class BoardMaintenance(BoardQueries):
    """The part of a transaction that follows from Discord, the disk and the time."""

    def __init__(self, db: aiosqlite.Connection, database: Database, *, folder: Path) -> None:
        super().__init__(database, folder=folder)
        self._db = db  # inside a transaction

    def _moment(self) -> contextlib.AbstractAsyncContextManager[None]:
        return contextlib.nullcontext()  # a transaction is one anyway

    async def keeps_file(self, guild_id: int, file: str) -> bool:
        """Return whether a picture of a guild is this very file."""
        found = await self._database.rows(
            "SELECT 1 FROM board_items JOIN boards ON boards.id = board_id"
            " WHERE file = ? AND guild_id = ? LIMIT 1",
            file, guild_id,
        )  # fmt: skip
        return bool(found)

    async def weigh(self, sizes: Iterable[tuple[str, int]]) -> None:
        """Record what files weigh, in bytes."""
        await self._db.executemany(
            "UPDATE board_items SET size_bytes = ? WHERE file = ?",
            [(size, file) for file, size in sizes],
        )

    async def set_message(self, board_id: str, channel_id: int, message_id: int) -> bool:
        """Record which message shows a board, if the channel still is that board."""
        cursor = await self._db.execute(
            "UPDATE boards SET message_id = ?"
            " WHERE id = ? AND channel_id = ? AND deleted_at IS NULL",
            (message_id, board_id, channel_id),
        )
        return cursor.rowcount > 0

    async def forget_message(self, message_id: int) -> list[str]:
        """Forget a message that is gone; return the ids of the boards that it showed."""
        cursor = await self._db.execute(
            "UPDATE boards SET message_id = NULL WHERE message_id = ? RETURNING id", (message_id,)
        )
        return [row["id"] for row in await cursor.fetchall()]

    async def forget_channel(self, channel_id: int, *, everyone: int | None) -> list[str]:
        """Let the boards of a channel that is gone be none; return their ids.

        `everyone` is what members may do from now on whom no grant names; None leaves it.
        """
        cursor = await self._db.execute(
            "UPDATE boards SET channel_id = NULL, message_id = NULL,"
            " everyone = COALESCE(?, everyone) WHERE channel_id = ? RETURNING id",
            (everyone, channel_id),
        )
        return [row["id"] for row in await cursor.fetchall()]

    async def release(self, channel_id: int) -> None:
        """Let whoever sees a board see its pictures from a channel, and what was done to them."""
        for table in ("board_items", "board_log"):
            await self._db.execute(
                f"UPDATE {table} SET channel_id = NULL WHERE channel_id = ?",  # noqa: S608
                (channel_id,),
            )

    async def drop_items(self, item_ids: Iterable[str]) -> None:
        """Forget pictures for good, with their votes and comments."""
        await self._db.executemany(
            "DELETE FROM board_items WHERE id = ?", [(each,) for each in item_ids]
        )

    async def touch(self, board_id: str) -> None:
        """Let the revision of a board grow without a note in its log."""
        await self._db.execute(
            "UPDATE boards SET revision = revision + 1 WHERE id = ?", (board_id,)
        )

    async def purge(self, *, before: dt.datetime, log_length: int) -> Purged:
        """Forget for good what was deleted or taken off before a time."""
        moment = before.isoformat()
        rows = await self._database.rows(
            "SELECT id, file FROM board_items WHERE removed_at < ?"
            " OR board_id IN (SELECT id FROM boards WHERE deleted_at < ?)",
            moment, moment,
        )  # fmt: skip
        await self._db.execute("DELETE FROM boards WHERE deleted_at < ?", (moment,))
        await self._db.execute("DELETE FROM board_items WHERE removed_at < ?", (moment,))
        await self._db.execute(
            "DELETE FROM board_log WHERE id IN (SELECT id FROM (SELECT id, row_number()"
            " OVER (PARTITION BY board_id ORDER BY id DESC) AS age FROM board_log) WHERE age > ?)",
            (log_length,),
        )
        return Purged(
            item_ids=frozenset(row["id"] for row in rows),
            files=frozenset(row["file"] for row in rows),
        )
