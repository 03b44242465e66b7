"""Questions about which files the rows name, and how far the slow check of all files has come."""

from __future__ import annotations

from bot.domain.jobs import now
from bot.storage.database import Database

_NEXT_IMAGE = (
    "SELECT pixel_sha256 AS name FROM generations WHERE deleted_at IS NULL AND pixel_sha256 > ?"
    " ORDER BY pixel_sha256 LIMIT 1"
)
_NEXT_COPY = (
    "SELECT file AS name FROM board_items WHERE removed_at IS NULL AND file > ?"
    " ORDER BY file LIMIT 1"
)
_NEXT_SOURCE = (
    "SELECT pixel_sha256 AS name FROM inputs WHERE pixel_sha256 > ? ORDER BY pixel_sha256 LIMIT 1"
)
_NEXT = {"images": _NEXT_IMAGE, "copies": _NEXT_COPY, "sources": _NEXT_SOURCE}
KINDS = tuple(_NEXT)


class FileTable:
    """The files that rows name."""

    def __init__(self, database: Database) -> None:
        """Use an opened database."""
        self._database = database

    async def images(self, prefix: str) -> dict[str, list[str]]:
        """Return the ids of the images that are not deleted for good, by their pixels' SHA-256."""
        found: dict[str, list[str]] = {}
        for row in await self._database.rows(
            "SELECT pixel_sha256, id FROM generations"
            " WHERE pixel_sha256 >= ? AND pixel_sha256 < ?"
            " AND (deleted_at IS NULL OR id IN (SELECT generation_id FROM trash))",
            prefix, prefix + "g",
        ):  # fmt: skip
            found.setdefault(row["pixel_sha256"], []).append(row["id"])
        return found

    async def copies(self) -> dict[str, list[str]]:
        """Return where copies hang, as `board 3`, by their names; those taken off hang nowhere."""
        found: dict[str, list[str]] = {}
        for row in await self._database.rows(
            "SELECT file, boards.name, number, removed_at FROM board_items"
            " JOIN boards ON boards.id = board_id"
        ):
            places = found.setdefault(row["file"], [])
            if row["removed_at"] is None:
                places.append(f"{row['name']} {row['number']}")
        return found

    async def count(self) -> int:
        """Return how many images and pictures on boards there are, about as many as files."""
        [row] = await self._database.rows(
            "SELECT (SELECT count(*) FROM generations) + (SELECT count(*) FROM board_items)"
        )
        return int(row[0])

    async def next_to_check(self, kind: str) -> str | None:
        """Return the file behind the one that was checked last; None behind the last of all."""
        [position] = await self._database.rows(
            "SELECT COALESCE((SELECT position FROM file_checks WHERE kind = ?), '')", kind
        )
        rows = await self._database.rows(_NEXT[kind], position[0])
        return rows[0]["name"] if rows else None

    async def set_checked(self, kind: str, position: str) -> None:
        """Remember how far the check has come; nothing begins it anew."""
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT OR REPLACE INTO file_checks (kind, position, checked_at) VALUES (?, ?, ?)",
                (kind, position, now().isoformat()),
            )
