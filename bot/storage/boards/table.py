"""Questions about boards; what is read together is of one moment."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from pathlib import Path
from typing import Final

import aiosqlite

from bot.domain.boards import (
    Access,
    Board,
    BoardSummary,
    LogEntry,
    StarRule,
)
from bot.domain.viewers import Viewer
from bot.storage.boards.maintenance import Purged
from bot.storage.boards.queries import HANGING, BoardQueries, seen_items
from bot.storage.boards.rows import activity_of, board_of, copy_path
from bot.storage.boards.transaction import BoardChange

_COUNTS: Final = """
    (SELECT count(*) FROM board_items WHERE board_id = boards.id AND removed_at IS NULL)
        AS num_items,
    (SELECT count(*) FROM board_items
        WHERE board_id = boards.id AND removed_at IS NULL AND status = 'approved') AS num_approved
"""
_NO_COUNTS: Final = "0 AS num_items, 0 AS num_approved"
_SUMMARIES: Final = """
SELECT boards.*, {counts}
FROM boards WHERE ? IS NULL OR guild_id = ? ORDER BY name_key
"""
_GRANTS: Final = """
SELECT * FROM board_grants
WHERE board_id IN (SELECT id FROM boards WHERE ? IS NULL OR guild_id = ?)
ORDER BY kind, subject_id
"""


class BoardTable(BoardQueries):
    """Boards; our copies of their pictures lie under `folder`, named for their bytes."""

    def copy_path(self, sha256: str, suffix: str) -> Path:
        """Return where our copy of some bytes is, or would be."""
        return copy_path(self.folder, sha256 + suffix)

    def path_of(self, file: str) -> Path:
        """Return where our copy of that name is."""
        return copy_path(self.folder, file)

    @property
    def small_copies(self) -> Path:
        """Return the folder of what is made of the copies and can be made again."""
        return self.folder / "small"

    @contextlib.asynccontextmanager
    async def change(self) -> AsyncIterator[BoardChange]:
        """Change boards: all that is done inside is kept, or nothing.

        Raises:
            DatabaseError: It cannot be written.

        """
        async with self._database.transaction() as db:
            yield BoardChange(db, self._database, folder=self.folder)

    async def find(self, board_id: str) -> Board | None:
        """Return a board with all that hangs on it, a deleted one too; five queries."""
        async with self._database.snapshot():
            head = await self.head(board_id)
            if head is None:
                return None
            items = await self._read_items(HANGING, board_id)
        return replace(head, items=tuple(items))

    async def with_channel(self, guild_id: int | None = None) -> list[str]:
        """Return the ids of the boards with a channel, of a guild or of all.

        Archived ones are among them as long as a message shows them.
        """
        rows = await self._database.rows(
            "SELECT id FROM boards WHERE channel_id IS NOT NULL AND deleted_at IS NULL"
            " AND (state = 'open' OR message_id IS NOT NULL)"
            " AND (? IS NULL OR guild_id = ?) ORDER BY created_at",
            guild_id, guild_id,
        )  # fmt: skip
        return [row["id"] for row in rows]

    async def stars(self, guild_id: int) -> StarRule | None:
        """Return what stars do in a guild; None where they do nothing."""
        rows = await self._database.rows(
            "SELECT board_id FROM board_stars WHERE guild_id = ?", guild_id
        )
        return StarRule(board_id=rows[0]["board_id"]) if rows else None

    async def summaries(
        self, guild_id: int | None = None, *, with_counts: bool = True
    ) -> list[tuple[BoardSummary, Board]]:
        """Return a line of each board of a guild (None: of all), deleted ones too, by name.

        Args:
            guild_id: Of the guild.
            with_counts: Whether the pictures are counted, hidden ones too.

        Returns:
            Each, with all that its owner may do, and the board without its pictures, by which it
            is judged what somebody else may do.

        """
        sql = _SUMMARIES.format(counts=_COUNTS if with_counts else _NO_COUNTS)
        async with self._database.snapshot():
            rows = await self._database.rows(sql, guild_id, guild_id)
            granted = await self._database.rows(_GRANTS, guild_id, guild_id)
        grants: dict[str, list[aiosqlite.Row]] = defaultdict(list)
        for grant in granted:
            grants[grant["board_id"]].append(grant)
        boards = [board_of(row, grants=grants[row["id"]]) for row in rows]
        return [(_summary(row, board), board) for row, board in zip(rows, boards, strict=True)]

    async def counts(self, viewer: Viewer, *, owned: Collection[str]) -> dict[str, tuple[int, int]]:
        """Return how many pictures, and approved ones, somebody may see on which board.

        Args:
            viewer: Who asks, in their guild.
            owned: The ids of those boards on which they may do everything.

        """
        where, values = seen_items(viewer, owned=owned)
        rows = await self._database.rows(
            "SELECT board_id, count(*), sum(status = 'approved') FROM board_items"  # noqa: S608
            " WHERE board_id IN (SELECT id FROM boards WHERE guild_id = ?)"
            f" AND removed_at IS NULL{where} GROUP BY board_id",
            viewer.guild_id, *values,
        )  # fmt: skip
        return {board_id: (num_items, num_approved) for board_id, num_items, num_approved in rows}

    async def likenesses(self, board_id: str) -> list[tuple[str, bytes]]:
        """Return the number, as text, and the likeness of each picture of a board."""
        rows = await self._database.rows(
            "SELECT number, likeness FROM board_items"
            " WHERE board_id = ? AND removed_at IS NULL AND length(likeness) > 0 ORDER BY number",
            board_id,
        )
        return [(str(row["number"]), row["likeness"]) for row in rows]

    async def log(self, board_id: str, *, offset: int, limit: int) -> list[LogEntry]:
        """Return what was done to a board, the newest first."""
        rows = await self._database.rows(
            "SELECT * FROM board_log WHERE board_id = ? ORDER BY id DESC LIMIT ? OFFSET ?",
            board_id, limit, offset,
        )  # fmt: skip
        return [activity_of(row) for row in rows]

    async def seen_log(
        self, board_id: str, viewer: Viewer, access: Access, *, offset: int, limit: int
    ) -> list[LogEntry]:
        """Return the same, of pictures only what somebody may see or from where they may look."""
        owned = [board_id] if access is Access.OWN else []
        where, values = seen_items(viewer, owned=owned)
        channels = viewer.channels | (viewer.gone if access is Access.OWN else frozenset())
        rows = await self._database.rows(
            "SELECT * FROM board_log WHERE board_id = ? AND (channel_id IS NULL"  # noqa: S608
            " OR channel_id IN (SELECT value FROM json_each(?))"
            " OR number IN (SELECT number FROM board_items"
            f" WHERE board_id = board_log.board_id AND removed_at IS NULL{where}))"
            " ORDER BY id DESC LIMIT ? OFFSET ?",
            board_id, json.dumps(sorted(channels)), *values, limit, offset,
        )  # fmt: skip
        return [activity_of(row) for row in rows]

    async def kept_files(self, prefix: str) -> set[str]:
        """Return the names, where they begin so, of all copies that some row needs."""
        rows = await self._database.rows(
            "SELECT DISTINCT file FROM board_items WHERE file >= ? AND file < ?",
            prefix, prefix + "g",
        )  # fmt: skip
        return {row["file"] for row in rows}

    async def item_ids(self, *, only_hanging: bool = False) -> set[str]:
        """Return the ids of all pictures, or of those that are not taken off."""
        rows = await self._database.rows(
            "SELECT id FROM board_items WHERE NOT ? OR removed_at IS NULL", int(only_hanging)
        )
        return {row["id"] for row in rows}

    async def kept_pixels(self) -> set[str]:
        """Return the pixels' SHA-256 of all pictures that hang, or may be brought back."""
        rows = await self._database.rows("SELECT DISTINCT pixel_sha256 FROM board_items")
        return {row["pixel_sha256"] for row in rows}

    async def left_messages(self) -> list[tuple[str, int, int]]:
        """Return board, channel and message where one still shows a board that is deleted."""
        rows = await self._database.rows(
            "SELECT id, channel_id, message_id FROM boards WHERE deleted_at IS NOT NULL"
            " AND channel_id IS NOT NULL AND message_id IS NOT NULL"
        )
        return [(row["id"], row["channel_id"], row["message_id"]) for row in rows]

    async def unweighed(self) -> list[str]:
        """Return the names of the copies whose weight is not recorded yet."""
        rows = await self._database.rows(
            "SELECT DISTINCT file FROM board_items WHERE size_bytes = 0"
        )
        return [row["file"] for row in rows]

    async def purge(self, *, before: dt.datetime, log_length: int) -> Purged:
        """Forget for good what was deleted or taken off before a time."""
        async with self.change() as change:
            return await change.purge(before=before, log_length=log_length)


def _summary(row: aiosqlite.Row, board: Board) -> BoardSummary:
    return BoardSummary(
        id=board.id,
        guild_id=board.guild_id,
        name=board.name,
        brief=board.brief,
        channel_id=board.channel_id,
        owner_id=board.owner_id,
        owner_name=board.owner_name,
        state=board.state,
        access=Access.OWN,
        num_items=row["num_items"],
        num_approved=row["num_approved"],
        created_at=board.created_at,
        changed_at=dt.datetime.fromisoformat(row["changed_at"]),
        deleted_at=board.deleted_at,
    )
