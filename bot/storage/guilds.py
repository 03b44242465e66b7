"""The table of guilds that the bot is or was a member of, and all rows that are of one guild."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from typing import Final

from bot.domain.jobs import now
from bot.storage.database import Database

_OWN_WAYS: Final = {"jobs", "generations", "boards"}  # tables whose rows have files and messages
_LONG_AGO: Final = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
_ENDED: Final = "state IN ('posted', 'failed', 'cancelled') AND is_told = 1"
_IS_KEPT: Final = "(deleted_at IS NULL OR id IN (SELECT generation_id FROM trash))"
_ON_A_BOARD: Final = (
    "EXISTS (SELECT 1 FROM board_items WHERE generation_id = generations.id AND removed_at IS NULL)"
)


class GuildTables:
    """What the database knows of whole guilds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Membership

    async def note_present(self, guild_ids: Collection[int]) -> None:
        """Record of which guilds the bot is a member now; those of before it has left."""
        listed, moment = json.dumps(sorted(guild_ids)), now().isoformat()
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT INTO memberships (guild_id) SELECT value FROM json_each(?) WHERE true"
                " ON CONFLICT (guild_id) DO UPDATE SET left_at = NULL WHERE left_at IS NOT NULL",
                (listed,),
            )
            await db.execute(
                "UPDATE memberships SET left_at = ? WHERE left_at IS NULL"
                " AND guild_id NOT IN (SELECT value FROM json_each(?))",
                (moment, listed),
            )

    async def note_joined(self, guild_id: int) -> None:
        """Record that the bot is a member of a guild, again or for the first time."""
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT INTO memberships (guild_id) VALUES (?)"
                " ON CONFLICT (guild_id) DO UPDATE SET left_at = NULL",
                (guild_id,),
            )

    async def note_left(self, guild_id: int) -> None:
        """Record that the bot was removed from a guild."""
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT INTO memberships (guild_id, left_at) VALUES (?, ?)"
                " ON CONFLICT (guild_id) DO UPDATE SET left_at = COALESCE(left_at, ?2)",
                (guild_id, now().isoformat()),
            )

    async def left_before(self, moment: dt.datetime) -> list[int]:
        """Return the guilds that the bot left before a time, and whose members did not ask since.

        Where only the commands are left in a guild, Discord lets them be used without the bot.
        """
        rows = await self._database.rows(
            "SELECT guild_id FROM memberships WHERE left_at < ? AND NOT EXISTS (SELECT 1 FROM jobs"
            " WHERE jobs.guild_id = memberships.guild_id AND created_at > left_at)",
            moment.isoformat(),
        )
        return [row["guild_id"] for row in rows]

    # All that is of one guild

    async def job_ids(self, guild_id: int) -> list[str]:
        """Return the ids of all jobs of a guild."""
        rows = await self._database.rows("SELECT id FROM jobs WHERE guild_id = ?", guild_id)
        return [row["id"] for row in rows]

    async def erase(self, guild_id: int) -> None:
        """Erase the rows that are of a guild alone; its boards are deleted, for the sweep to purge.

        Jobs and images have files, and go before.
        """
        tables = await self._with_guilds()
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE boards SET deleted_at = ?, channel_id = NULL, message_id = NULL"
                " WHERE guild_id = ?",
                (_LONG_AGO.isoformat(), guild_id),
            )
            await db.execute(
                "DELETE FROM deferrals WHERE json_extract(payload, '$.guild_id') = CAST(? AS TEXT)",
                (guild_id,),
            )
            for table in tables:
                await db.execute(f"DELETE FROM {table} WHERE guild_id = ?", (guild_id,))  # noqa: S608 - names of the schema

    async def _with_guilds(self) -> list[str]:
        """Return the tables with a guild in each row: those that later features bring, too."""
        rows = await self._database.rows(
            "SELECT tables.name"
            " FROM sqlite_master AS tables, pragma_table_info(tables.name) AS each"
            " WHERE tables.type = 'table' AND each.name = 'guild_id' ORDER BY tables.name"
        )
        return [row["name"] for row in rows if row["name"] not in _OWN_WAYS]

    # What is old

    async def with_jobs(self) -> list[int | None]:
        """Return the guilds that have jobs; None stands for direct messages."""
        rows = await self._database.rows("SELECT DISTINCT guild_id FROM jobs")
        return [row["guild_id"] for row in rows]

    async def old_images(
        self, guild_id: int | None, *, before: dt.datetime, limit: int
    ) -> list[str]:
        """Return images of a guild that were made before a time and are on no board."""
        rows = await self._database.rows(
            "SELECT id FROM generations WHERE guild_id IS ? AND created_at < ?"  # noqa: S608 - a constant
            f" AND {_IS_KEPT} AND NOT {_ON_A_BOARD} ORDER BY created_at LIMIT ?",
            guild_id, before.isoformat(), limit,
        )  # fmt: skip
        return [row["id"] for row in rows]

    async def old_jobs(self, guild_id: int | None, *, before: dt.datetime) -> list[str]:
        """Return jobs of a guild that ended before a time and of which no image is left."""
        rows = await self._database.rows(
            f"SELECT id FROM jobs WHERE guild_id IS ? AND changed_at < ? AND {_ENDED}"  # noqa: S608 - a constant
            f" AND NOT EXISTS (SELECT 1 FROM generations WHERE job_id = jobs.id AND ({_IS_KEPT}"
            " OR id IN (SELECT generation_id FROM deletions)))",
            guild_id, before.isoformat(),
        )  # fmt: skip
        return [row["id"] for row in rows]
