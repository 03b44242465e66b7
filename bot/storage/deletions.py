"""The tables of deletions: which messages show an image, and which images have still to go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiosqlite

from bot.domain.jobs import ImageMessage, now
from bot.domain.moderation import AuditEntry
from bot.storage.audit import insert_entry
from bot.storage.database import Database
from bot.storage.trash import TrashEntry, empty_trash, put_in_trash, take_over

_MESSAGES_OF: Final = (
    "SELECT channel_id, message_id, application_id, token, expires_at FROM copies"
    " WHERE generation_id = ?1"
    " UNION ALL SELECT channel_id, message_id, NULL, NULL, NULL FROM generations"
    " WHERE id = ?1 AND message_id IS NOT NULL"
    " AND message_id NOT IN (SELECT message_id FROM copies WHERE generation_id = ?1)"
)
_INSERT_COPY: Final = (
    "INSERT INTO copies (message_id, generation_id, channel_id, application_id, token, expires_at)"
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET application_id = excluded.application_id,"
    " token = excluded.token, expires_at = excluded.expires_at"
)


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """An image that is deleted, and has not left Discord or the disk yet.

    Attributes:
        user_id: Who deleted it.
        locale: Their language.

    """

    generation_id: str
    user_id: int
    locale: str
    created_at: dt.datetime


class DeletionTable:
    """Images on their way out."""

    def __init__(self, database: Database) -> None:
        """Remember the connection."""
        self._database = database

    async def begin(
        self,
        generation_ids: Sequence[str],
        *,
        by: int,
        locale: str,
        shown_in: ImageMessage | None = None,
        entry: AuditEntry | None = None,
        trash: TrashEntry | None = None,
        is_final: bool = False,
    ) -> tuple[dt.datetime, AuditEntry | None]:
        """Mark images as deleted: from here on nobody finds them, and they have to go.

        Args:
            generation_ids: The images.
            by: Who deletes them.
            locale: Their language.
            shown_in: One more message that shows all of them.
            entry: What moderators read of it.
            trash: As what they can be brought back, if they are not deleted already.
            is_final: Whether nobody can bring them back, even where they are in the trash.

        Returns:
            The time of it, which says what was deleted together, and the entry as it was written.

        """
        began_at = now() if trash is None else trash.created_at
        moment = began_at.isoformat()
        async with self._database.transaction() as db:
            if shown_in is not None:
                values = [_copy_values(shown_in, each) for each in generation_ids]
                await db.executemany(_INSERT_COPY, values)
            if trash is not None:
                await put_in_trash(db, trash, generation_ids, by=by)
            if is_final:
                await empty_trash(db, generation_ids)
            else:
                await take_over(db, generation_ids, by=by)
            await db.executemany(
                "UPDATE generations SET deleted_at = COALESCE(deleted_at, ?) WHERE id = ?",
                [(moment, each) for each in generation_ids],
            )
            await db.executemany(
                "INSERT INTO deletions (generation_id, user_id, locale, created_at)"
                " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [(each, by, locale, moment) for each in generation_ids],
            )
            if entry is not None:
                entry = await insert_entry(db, entry)
        return began_at, entry

    async def left(self) -> list[Deletion]:
        """Return the deletions that are not done, oldest first."""
        rows = await self._database.rows(
            "SELECT * FROM deletions ORDER BY created_at, user_id, locale"
        )
        return [_deletion(row) for row in rows]

    async def cleared(self, message_id: int) -> None:
        """Record that a message shows no deleted image any more."""
        deleted = "IN (SELECT id FROM generations WHERE deleted_at IS NOT NULL)"
        async with self._database.transaction() as db:
            await db.execute(
                f"DELETE FROM copies WHERE message_id = ? AND generation_id {deleted}",  # noqa: S608 - a constant
                (message_id,),
            )
            await db.execute(
                "UPDATE generations SET message_id = NULL"
                " WHERE message_id = ? AND deleted_at IS NOT NULL",
                (message_id,),
            )

    async def end(self, generation_ids: Sequence[str]) -> None:
        """Record that nothing more is done for images."""
        async with self._database.transaction() as db:
            await db.executemany(
                "DELETE FROM deletions WHERE generation_id = ?",
                [(each,) for each in generation_ids],
            )

    async def add_copy(self, message: ImageMessage, generation_ids: Sequence[str]) -> None:
        """Record that a message shows images; one that is known gets the newer token."""
        async with self._database.transaction() as db:
            values = [_copy_values(message, each) for each in generation_ids]
            await db.executemany(_INSERT_COPY, values)

    async def messages_of(self, generation_id: str) -> list[ImageMessage]:
        """Return the messages that show an image, as far as is recorded."""
        return [_message(row) for row in await self._database.rows(_MESSAGES_OF, generation_id)]


def _deletion(row: aiosqlite.Row) -> Deletion:
    return Deletion(
        generation_id=row["generation_id"],
        user_id=row["user_id"],
        locale=row["locale"],
        created_at=dt.datetime.fromisoformat(row["created_at"]),
    )


def _message(row: aiosqlite.Row) -> ImageMessage:
    expires_at = row["expires_at"]
    return ImageMessage(
        channel_id=row["channel_id"],
        message_id=row["message_id"],
        application_id=row["application_id"],
        token=row["token"],
        expires_at=None if expires_at is None else dt.datetime.fromisoformat(expires_at),
    )


def _copy_values(message: ImageMessage, generation_id: str) -> tuple[Any, ...]:
    expires_at = message.expires_at
    return (
        message.message_id, generation_id, message.channel_id, message.application_id,
        message.token, None if expires_at is None else expires_at.isoformat(),
    )  # fmt: skip
