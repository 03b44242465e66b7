"""Questions about boards; what is read together is of one moment."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import aiosqlite

from bot.domain.boards import (
    Access,
    Board,
    BoardPlace,
    BoardSummary,
    ChannelDefaults,
    Count,
    Item,
    LogEntry,
    StarRule,
)
from bot.domain.boards.rules import name_key
from bot.storage.boards.changes import BoardChange
from bot.storage.boards.maintenance import Purged, space_of
from bot.storage.boards.queries import read_head, read_items
from bot.storage.boards.rows import activity_of, board_of, copy_path
from bot.storage.database import Database

_OPEN: Final = "state = 'open' AND deleted_at IS NULL"
_SUMMARIES: Final = """
SELECT boards.*,
    (SELECT count(*) FROM board_items WHERE board_id = boards.id AND removed_at IS NULL)
        AS num_items,
    (SELECT count(*) FROM board_items
        WHERE board_id = boards.id AND removed_at IS NULL AND status = 'approved') AS num_approved
FROM boards WHERE ? IS NULL OR guild_id = ? ORDER BY name_key
"""
_GRANTS: Final = """
SELECT * FROM board_grants
WHERE board_id IN (SELECT id FROM boards WHERE ? IS NULL OR guild_id = ?)
ORDER BY kind, subject_id
"""


class BoardTable:
    """Boards; our copies of their pictures lie under `folder`, named for their bytes."""

    def __init__(self, database: Database, *, folder: Path) -> None:
        """Remember the connection and where the copies are."""
        self._database = database
        self.folder = folder

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
        """Return a board with all that hangs on it, a deleted one too."""
        return await self._one("id = ?", board_id)

    async def find_named(self, guild_id: int, name: str) -> str | None:
        """Return the id of the board of a guild with this name that is not deleted."""
        rows = await self._database.rows(
            "SELECT id FROM boards WHERE guild_id = ? AND name_key = ? AND deleted_at IS NULL",
            guild_id, name_key(name),
        )  # fmt: skip
        return rows[0]["id"] if rows else None

    async def of_channel(self, guild_id: int, channel_id: int) -> Board | None:
        """Return the open board that a channel is."""
        return await self._one(f"guild_id = ? AND channel_id = ? AND {_OPEN}", guild_id, channel_id)

    async def of_message(self, message_id: int) -> Board | None:
        """Return the board that a message shows, unless it is deleted."""
        return await self._one("message_id = ? AND deleted_at IS NULL", message_id)

    async def head(self, board_id: str) -> Board | None:
        """Return a board without its pictures, a deleted one too."""
        return await read_head(self._database, "id = ?", board_id)

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

    async def defaults(self, guild_id: int, channel_id: int) -> ChannelDefaults:
        """Return what the open board of a channel gives to prompts there."""
        rows = await self._database.rows(
            f"SELECT size, style FROM boards WHERE guild_id = ? AND channel_id = ? AND {_OPEN}",  # noqa: S608
            guild_id, channel_id,
        )  # fmt: skip
        return ChannelDefaults(**rows[0]) if rows else ChannelDefaults()

    async def stars(self, guild_id: int) -> StarRule | None:
        """Return what stars do in a guild; None where they do nothing."""
        rows = await self._database.rows(
            "SELECT board_id FROM board_stars WHERE guild_id = ?", guild_id
        )
        return StarRule(board_id=rows[0]["board_id"]) if rows else None

    async def summaries(self, guild_id: int | None = None) -> list[tuple[BoardSummary, Board]]:
        """Return a line of each board of a guild (None: of all), deleted ones too, by name.

        Returns:
            Each, with all that its owner may do, and the board without its pictures, by which it
            is judged what somebody else may do.

        """
        async with self._database.snapshot():
            rows = await self._database.rows(_SUMMARIES, guild_id, guild_id)
            granted = await self._database.rows(_GRANTS, guild_id, guild_id)
        grants: dict[str, list[aiosqlite.Row]] = defaultdict(list)
        for grant in granted:
            grants[grant["board_id"]].append(grant)
        boards = [board_of(row, grants=grants[row["id"]]) for row in rows]
        return [(_summary(row, board), board) for row, board in zip(rows, boards, strict=True)]

    async def counts(self, guild_id: int) -> list[Count]:
        """Return how many pictures the boards of a guild have from which channels."""
        rows = await self._database.rows(
            "SELECT board_id, board_items.channel_id, count(*) AS num_items,"
            " sum(status = 'approved') AS num_approved"
            " FROM board_items JOIN boards ON boards.id = board_id"
            " WHERE guild_id = ? AND removed_at IS NULL GROUP BY board_id, board_items.channel_id",
            guild_id,
        )
        return [Count(**dict(row)) for row in rows]

    async def item(self, board_id: str, number: int) -> Item | None:
        """Return a picture that hangs on a board."""
        async with self._database.snapshot():
            found = await self._items("board_id = ? AND number = ? AND removed_at IS NULL",
                                      board_id, number)  # fmt: skip
        return found[0] if found else None

    async def taken_off(self, board_id: str, *, since: dt.datetime) -> list[Item]:
        """Return the pictures that were taken off a board after a time."""
        async with self._database.snapshot():
            return await self._items(
                "board_id = ? AND removed_at >= ?", board_id, since.isoformat()
            )

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

    async def hangings(self, guild_id: int, generation_id: str) -> list[BoardPlace]:
        """Return where an image hangs in a guild."""
        rows = await self._database.rows(
            "SELECT boards.id, boards.name, number FROM board_items"
            " JOIN boards ON boards.id = board_id"
            " WHERE generation_id = ? AND guild_id = ? AND removed_at IS NULL"
            " AND deleted_at IS NULL ORDER BY boards.name_key",
            generation_id, guild_id,
        )  # fmt: skip
        return [
            BoardPlace(board_id=row["id"], board_name=row["name"], number=row["number"])
            for row in rows
        ]

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

    async def space(self, guild_id: int) -> int:
        """Return how many bytes the pictures of a guild's boards take."""
        return await space_of(self._database, guild_id)

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

    # One board with all that belongs to it: five queries, whatever its size

    async def _one(self, where: str, *values: object) -> Board | None:
        async with self._database.snapshot():
            head = await read_head(self._database, where, *values)
            if head is None:
                return None
            items = await self._items("board_id = ? AND removed_at IS NULL", head.id)
        return replace(head, items=tuple(items))

    async def _items(self, where: str, *values: object) -> list[Item]:
        return await read_items(self._database, where, *values, folder=self.folder)


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
