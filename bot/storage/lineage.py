"""Questions about where images come from, answered by the table of generations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import aiosqlite

from bot.domain.lineage import Ancestry, Family, FamilyMember, Presence
from bot.domain.viewers import MadeAt, Viewer
from bot.storage.database import Database
from bot.storage.requests import REQUEST_COLUMNS, request_of

REACH: Final = 2000  # images of a family that are looked at; a picture shows far fewer
LONGEST_LINE: Final = 1000  # images

# The rows of a table with the columns `id` and `parent_id`, with all that is told of them.
_ROWS: Final = f"""
SELECT
    kin.id, kin.parent_id, kin.relation, kin.deleted_at, kin.guild_id, kin.channel_id,
    kin.user_id, kin.is_withheld,
    {", ".join(f"kin.{name}" for name in REQUEST_COLUMNS)}, kin.pixel_sha256, jobs.spoiler
FROM {{found}} JOIN generations AS kin ON kin.id = {{found}}.id JOIN jobs ON jobs.id = kin.job_id
ORDER BY kin.created_at, kin.position, kin.rowid
"""  # noqa: S608 - names of columns only
# UNION drops what was found before, so a circle ends. SQLite takes the rows in the order in which
# they were found: what is left out beyond the limit is farther away than all that is not.
_LINE: Final = f"""
WITH RECURSIVE line (id, parent_id) AS (
    SELECT id, parent_id FROM generations WHERE id = ?
    UNION
    SELECT above.id, above.parent_id FROM line
    JOIN generations AS above ON above.id = line.parent_id
    LIMIT {LONGEST_LINE + 1}
)
{_ROWS.format(found="line")}
"""  # noqa: S608 - constants
_FAMILY: Final = f"""
WITH RECURSIVE near (id, parent_id) AS (
    SELECT id, parent_id FROM generations WHERE id = ?
    UNION
    SELECT other.id, other.parent_id FROM near
    JOIN generations AS other ON other.id = near.parent_id OR other.parent_id = near.id
    LIMIT {REACH + 1}
)
{_ROWS.format(found="near")}
"""  # noqa: S608 - constants


class LineageTable:
    """Lines and families of images."""

    def __init__(self, database: Database, *, path_of: Callable[[str], Path]) -> None:
        """Remember the connection and what tells where the file of some pixels is."""
        self._database = database
        self._path_of = path_of

    async def descent(self, generation_id: str, viewer: Viewer | None) -> Ancestry:
        """Return the way from the first image to this one, as far as `viewer` may see it.

        Args:
            generation_id: Of an image that may be seen.
            viewer: Who asks; None sees everything.

        """
        rows = await self._database.rows(_LINE, generation_id)
        is_cut = len(rows) > LONGEST_LINE
        found = [self._member(row, viewer) for row in rows]
        return Ancestry(
            members=tuple(Family.of(generation_id, found, is_cut=is_cut).line()),
            num_children=await self._num_children(generation_id, viewer),
            is_cut=is_cut,
        )

    async def family(self, generation_id: str, viewer: Viewer | None) -> Family:
        """Return the images that come from the same first image, at most `REACH`, the nearest."""
        rows = await self._database.rows(_FAMILY, generation_id)
        found = [self._member(row, viewer) for row in rows]
        return Family.of(generation_id, found, is_cut=len(rows) > REACH)

    async def _num_children(self, generation_id: str, viewer: Viewer | None) -> int:
        rows = await self._database.rows(
            "SELECT guild_id, channel_id, user_id, is_withheld FROM generations"
            " WHERE parent_id = ? AND deleted_at IS NULL LIMIT ?",
            generation_id,
            REACH,
        )
        return sum(_may_see(row, viewer) for row in rows)

    def _member(self, row: aiosqlite.Row, viewer: Viewer | None) -> FamilyMember:
        """Return an image; of what may not be seen, nothing but its place in the family."""
        presence = Presence.HERE
        if not _may_see(row, viewer):
            presence = Presence.ELSEWHERE
        elif row["deleted_at"] is not None:
            presence = Presence.DELETED
        is_here = presence is Presence.HERE
        return FamilyMember(
            id=row["id"],
            parent_id=row["parent_id"],
            relation=row["relation"],
            presence=presence,
            is_spoiler=presence is not Presence.ELSEWHERE
            and (bool(row["spoiler"]) or _is_veiled(row, viewer)),
            request=request_of(row) if is_here else None,
            path=self._path_of(row["pixel_sha256"]) if is_here else None,
        )


def _may_see(row: aiosqlite.Row, viewer: Viewer | None) -> bool:
    return viewer is None or (not row["is_withheld"] and viewer.sees(_made(row)))


def _is_veiled(row: aiosqlite.Row, viewer: Viewer | None) -> bool:
    return viewer is not None and viewer.veils(_made(row))


def _made(row: aiosqlite.Row) -> MadeAt:
    return MadeAt(guild_id=row["guild_id"], channel_id=row["channel_id"], user_id=row["user_id"])
