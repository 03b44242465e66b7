"""The table of channels and threads in which images were made."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.jobs import now
from bot.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class KnownPlace:
    """A channel or thread of a guild in which something was made.

    Attributes:
        is_age_restricted: As far as it was known when it was last used, or deleted.
        is_gone: Whether it is known to be deleted.

    """

    channel_id: int
    is_age_restricted: bool
    is_gone: bool


class PlaceTable:
    """Channels and threads with images; they are added with the first job from there."""

    def __init__(self, database: Database) -> None:
        """Remember the connection."""
        self._database = database

    async def of_guild(self, guild_id: int) -> list[KnownPlace]:
        """Return those of a guild, deleted ones too."""
        rows = await self._database.rows("SELECT * FROM places WHERE guild_id = ?", guild_id)
        return [
            KnownPlace(
                channel_id=row["channel_id"],
                is_age_restricted=bool(row["is_age_restricted"]),
                is_gone=row["gone_at"] is not None,
            )
            for row in rows
        ]

    async def set_gone(self, channel_id: int, *, is_age_restricted: bool | None = None) -> None:
        """Record that one is deleted, and whether it was age-restricted where that is known."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE places SET gone_at = COALESCE(gone_at, ?),"
                " is_age_restricted = COALESCE(?, is_age_restricted) WHERE channel_id = ?",
                (now().isoformat(), is_age_restricted, channel_id),
            )
