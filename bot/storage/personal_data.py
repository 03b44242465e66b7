"""All that the database knows of a person: counted, copied for them, and erased.

A table that tells of a person has a place here; `tests/unit/storage/test_personal_data.py` fails
for one that has none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Final

from bot.domain.viewers import HELD_CHANNEL
from bot.storage.database import Database
from bot.storage.erasure import erase_images, erase_jobs
from bot.storage.requests import REQUEST_COLUMNS

_REQUEST: Final = ", ".join(f"requests.{name}" for name in REQUEST_COLUMNS)
_WHO_DEFERRED: Final = (
    "COALESCE(json_extract(payload, '$.member.user.id'), json_extract(payload, '$.user.id'))"
)
_THEIR_BOARDS: Final = (
    "SELECT board_id FROM board_log WHERE user_id = ?1 AND created_at <= ?2"
    " UNION SELECT board_id FROM board_items WHERE id IN"
    " (SELECT item_id FROM board_votes WHERE user_id = ?1 AND created_at <= ?2"
    " UNION SELECT item_id FROM board_comments WHERE user_id = ?1 AND created_at <= ?2)"
)
_HAS_QUOTAS: Final = (
    "EXISTS (SELECT 1 FROM rules AS each WHERE each.guild_id = here.guild_id"
    " AND (each.name LIKE 'quota%' OR each.name LIKE 'total%'))"
)
# Whether there is anything of a person from before a time.
_ANY: Final = (
    "SELECT 1 FROM jobs WHERE user_id = ?1 AND created_at <= ?2"  # noqa: S608 - a constant
    " UNION ALL SELECT 1 FROM forms WHERE user_id = ?1 AND created_at <= ?2"
    " UNION ALL SELECT 1 FROM takeovers WHERE user_id = ?1 AND created_at <= ?2"
    " UNION ALL SELECT 1 FROM board_items"
    " WHERE (added_by = ?1 OR author_id = ?1) AND added_at <= ?2"
    " UNION ALL SELECT 1 FROM styles WHERE author_id = ?1 AND created_at <= ?2"
    " UNION ALL SELECT 1 FROM boards WHERE owner_id = ?1 AND created_at <= ?2"
    f" UNION ALL SELECT 1 FROM ({_THEIR_BOARDS}) LIMIT 1"
)
# What is copied for a person, ?1. Of what others made or wrote it says no more than what they did.
_SECTIONS: Final = {
    "jobs": "SELECT id, state, relation, guild_id, channel_id, message_id, user_name, role_ids,"
    " locale, created_at, changed_at, error, batch FROM jobs WHERE user_id = ?1"
    " ORDER BY created_at",
    "prompts": f"SELECT job_id, position, requests.parent_id, {_REQUEST} FROM requests"  # noqa: S608 - names of columns only
    " JOIN jobs ON jobs.id = job_id WHERE user_id = ?1 ORDER BY created_at, position",
    "images": "SELECT id, job_id, position, parent_id, guild_id, channel_id, message_id,"
    " created_at, deleted_at, is_withheld, safety, pixel_sha256, recipe FROM generations"
    " WHERE user_id = ?1 ORDER BY created_at",
    "trash": "SELECT generation_id, created_at, until FROM trash WHERE user_id = ?1"
    " ORDER BY created_at",
    "boards": "SELECT id, guild_id, name, brief, style, other_defaults, owner_name, created_at"
    " FROM boards WHERE owner_id = ?1 ORDER BY created_at",
    "styles": "SELECT guild_id, style, author_name, created_at FROM styles WHERE author_id = ?1"
    " ORDER BY created_at",
    "board_pictures": "SELECT board_id, number, added_at, added_by = ?1 AS added_by_you,"
    " author_id IS ?1 AS made_by_you, CASE author_id WHEN ?1 THEN prompt END AS prompt,"
    " CASE author_id WHEN ?1 THEN credit END AS credit FROM board_items"
    " WHERE added_by = ?1 OR author_id = ?1 ORDER BY added_at",
    "votes": "SELECT item_id, created_at FROM board_votes WHERE user_id = ?1 ORDER BY created_at",
    "comments": "SELECT item_id, user_name, text, created_at FROM board_comments"
    " WHERE user_id = ?1 ORDER BY id",
    "board_log": "SELECT board_id, user_name, verb, number, created_at FROM board_log"
    " WHERE user_id = ?1 ORDER BY id",
    "board_rights": "SELECT board_id, access FROM board_grants"
    " WHERE kind = 'member' AND subject_id = ?1",
    "forms": "SELECT kind, title, subject, fields, typed, created_at FROM forms"
    " WHERE user_id = ?1 ORDER BY created_at",
    "answers": "SELECT json_extract(payload, '$.data') AS asked, created_at FROM deferrals"  # noqa: S608 - a constant
    f" WHERE {_WHO_DEFERRED} = CAST(?1 AS TEXT) ORDER BY id",
    "foreign_pictures": "SELECT prompt, negative, width, height, seed, created_at FROM takeovers"
    " WHERE user_id = ?1 ORDER BY created_at",
    "hints": "SELECT hint FROM hints WHERE user_id = ?1",
    "stopped_jobs": "SELECT id, changed_at FROM jobs WHERE ended_by = ?1 AND user_id <> ?1",
    "charges": "SELECT guild_id, job_id, position, cost, created_at FROM charges"
    " WHERE user_id = ?1 ORDER BY created_at",
    "grants": "SELECT guild_id, cost, created_at FROM grants WHERE user_id = ?1",
    "rules": "SELECT guild_id, name, value, until FROM rules"
    " WHERE layer = 'member' AND subject = CAST(?1 AS TEXT)",
    "rule_changes": "SELECT guild_id, user_name, created_at FROM rule_changes WHERE user_id = ?1",
    "pauses": "SELECT guild_id, created_at FROM pauses WHERE user_id = ?1",
    # Who reported them, and in which words, is for moderators.
    "audit": "SELECT guild_id, act, created_at, words, CASE act WHEN 'report' THEN '' ELSE why END"
    " AS why, until, decision FROM audit WHERE user_id = ?1 ORDER BY id",
    "acts": "SELECT guild_id, act, created_at, words, why, decision FROM audit"
    " WHERE (by_id = ?1 OR decided_by = ?1) AND user_id IS NOT ?1 ORDER BY id",
    "reports": "SELECT guild_id, image_id FROM reports WHERE user_id = ?1",
}
_SHOW_AGAIN: Final = (
    "shown_as = CASE WHEN log_channel_id IS NULL THEN COALESCE(shown_as, COALESCE(decision, ''))"
    " END"
)
_AUDIT_OF_THEM: Final = (
    "UPDATE audit SET user_id = NULL, user_name = '', words = '', why = '', job_id = NULL,"  # noqa: S608 - constants
    " image_ids = '[]', decided_by = CASE decided_by WHEN ?1 THEN NULL ELSE decided_by END,"
    f" {_SHOW_AGAIN} WHERE user_id = ?1 AND created_at <= ?2"
    " AND act NOT IN ('banned', 'warned', 'unbanned')"
)
_AUDIT_BY_THEM: Final = (
    f"UPDATE audit SET by_id = NULL, why = '', {_SHOW_AGAIN} WHERE by_id = ?1"  # noqa: S608 - constants
    " AND act IN ('report', 'appeal') AND created_at <= ?2"
)
# What is erased of them beside images and jobs: all from before ?2, or all where no time is known.
_ERASED: Final = (
    # What a board shows of it is to be drawn anew.
    f"UPDATE boards SET revision = revision + 1 WHERE id IN ({_THEIR_BOARDS})",  # noqa: S608 - a constant
    "DELETE FROM forms WHERE user_id = ?1 AND created_at <= ?2",
    f"DELETE FROM deferrals WHERE {_WHO_DEFERRED} = CAST(?1 AS TEXT) AND created_at <= ?2",  # noqa: S608 - a constant
    "DELETE FROM takeovers WHERE user_id = ?1 AND created_at <= ?2",
    "DELETE FROM hints WHERE user_id = ?1 AND ?2 <> ''",
    # A style is the server's; who made it is not told any more.
    "UPDATE styles SET author_id = 0, author_name = '' WHERE author_id = ?1 AND created_at <= ?2",
    "DELETE FROM board_votes WHERE user_id = ?1 AND created_at <= ?2",
    "DELETE FROM board_comments WHERE user_id = ?1 AND created_at <= ?2",
    "DELETE FROM board_grants WHERE kind = 'member' AND subject_id = ?1 AND ?2 <> ''",
    # What they said, and what they were allowed, names them in its words.
    "DELETE FROM board_log WHERE user_id = ?1 AND verb = 'commented' AND created_at <= ?2",
    "DELETE FROM board_log WHERE detail || ' ' LIKE 'member ' || ?1 || ' %' AND created_at <= ?2",
    "UPDATE board_log SET user_id = 0, user_name = '' WHERE user_id = ?1 AND created_at <= ?2",
    "UPDATE jobs SET ended_by = NULL WHERE ended_by = ?1 AND changed_at <= ?2",
    # Where a server has quotas, to be forgotten gives no new ones: what counts goes when it is too
    # old to count. What moderators decided about somebody, and who decided it, is the server's: the
    # id stays with it, and the name goes.
    f"DELETE FROM charges AS here WHERE user_id = ?1 AND created_at <= ?2 AND NOT {_HAS_QUOTAS}",  # noqa: S608
    f"DELETE FROM grants AS here WHERE user_id = ?1 AND created_at <= ?2 AND NOT {_HAS_QUOTAS}",  # noqa: S608
    "UPDATE grants SET granted_by = 0 WHERE granted_by = ?1 AND created_at <= ?2",
    "UPDATE rule_changes SET user_name = '' WHERE user_id = ?1 AND created_at <= ?2",
    "UPDATE pauses SET user_id = 0 WHERE user_id = ?1 AND created_at <= ?2",
    "UPDATE trash SET user_id = 0 WHERE user_id = ?1 AND created_at <= ?2",
    "UPDATE deletions SET user_id = 0 WHERE user_id = ?1 AND created_at <= ?2",
    "UPDATE jobs SET approved_by = 0 WHERE approved_by = ?1 AND changed_at <= ?2",
    # Of what moderators read, a ban and a warning keep the id; the rest tells of nobody any more,
    # and so do the messages of the log channel, which are changed.
    "DELETE FROM reports WHERE user_id = ?1 AND ?2 <> ''",
    _AUDIT_OF_THEM,
    "UPDATE audit SET user_name = '', words = '' WHERE user_id = ?1 AND created_at <= ?2",
    _AUDIT_BY_THEM,
    "UPDATE audit SET by_name = '' WHERE (by_id = ?1 OR by_id IS NULL) AND created_at <= ?2",
    "UPDATE audit SET decided_by_name = '' WHERE COALESCE(decided_by, ?1) = ?1 AND ?2 <> ''",
)
_AT_ONCE: Final = 50  # jobs of one transaction, some 0.2 s: others write in between


class PersonalTables:
    """The rows about a person, wherever they are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, user_id: int) -> dict[str, int]:
        """Return how many rows there are of each section that has any."""
        async with self._database.snapshot():
            found = {
                key: (await self._database.rows(f"SELECT count(*) FROM ({sql})", user_id))[0][0]  # noqa: S608 - constants
                for key, sql in _SECTIONS.items()
            }
        return {key: count for key, count in found.items() if count}

    async def num_guilds(self, user_id: int) -> int:
        """Return in how many guilds somebody asked for anything or has a part in a board."""
        [row] = await self._database.rows(
            "SELECT count(*) FROM (SELECT guild_id FROM jobs WHERE user_id = ?1"
            " UNION SELECT guild_id FROM boards WHERE owner_id = ?1 OR id IN (SELECT board_id"
            " FROM board_items WHERE added_by = ?1 OR author_id = ?1)) WHERE guild_id IS NOT NULL",
            user_id,
        )
        return int(row[0])

    async def sections(self, user_id: int) -> dict[str, list[dict[str, object]]]:
        """Return the rows about somebody, by section."""
        async with self._database.snapshot():
            found = {
                key: [dict(row) for row in await self._database.rows(sql, user_id)]
                for key, sql in _SECTIONS.items()
            }
        return {key: rows for key, rows in found.items() if rows}

    async def pictures(
        self, user_id: int
    ) -> tuple[list[tuple[str, str]], list[tuple[str, int, str]]]:
        """Return somebody's pictures, the newest first, without what the check let nobody see.

        What they deleted and can bring back is among them.

        Returns:
            Id and pixels' SHA-256 of their images; board, number and file of those on boards.

        """
        images = await self._database.rows(
            "SELECT id, pixel_sha256 FROM generations WHERE user_id = ?1 AND (deleted_at IS NULL"
            " OR id IN (SELECT generation_id FROM trash WHERE user_id = ?1))"
            " AND NOT is_withheld AND channel_id <> ?2 ORDER BY created_at DESC",
            user_id, HELD_CHANNEL,
        )  # fmt: skip
        copies = await self._database.rows(
            "SELECT board_id, number, file FROM board_items"
            " WHERE author_id = ? AND removed_at IS NULL ORDER BY added_at DESC",
            user_id,
        )
        return [tuple(row) for row in images], [tuple(row) for row in copies]

    async def job_ids(self, user_id: int, *, before: dt.datetime) -> list[str]:
        """Return the ids of the jobs that somebody submitted until a time."""
        rows = await self._database.rows(
            "SELECT id FROM jobs WHERE user_id = ? AND created_at <= ?", user_id, before.isoformat()
        )
        return [row["id"] for row in rows]

    async def image_ids(self, job_ids: Collection[str], *, only_left: bool) -> list[str]:
        """Return the ids of the images of jobs; `only_left` leaves out deleted ones."""
        found = []
        for job_id in job_ids:
            rows = await self._database.rows(
                "SELECT id FROM generations WHERE job_id = ? AND (NOT ? OR deleted_at IS NULL)",
                job_id, int(only_left),
            )  # fmt: skip
            found += [row["id"] for row in rows]
        return found

    async def erase_jobs(self, job_ids: Sequence[str]) -> None:
        """Erase jobs with their images, whose files and messages are gone; some at a time."""
        for start in range(0, len(job_ids), _AT_ONCE):
            some = job_ids[start : start + _AT_ONCE]
            image_ids = await self.image_ids(some, only_left=False)
            async with self._database.transaction() as db:
                await erase_images(db, image_ids)
                await erase_jobs(db, some)

    async def has_any(self, user_id: int, *, before: dt.datetime) -> bool:
        """Tell whether anything of somebody is left from before a time."""
        return bool(await self._database.rows(_ANY, user_id, before.isoformat()))

    async def board_ids(self, user_id: int, *, before: dt.datetime) -> list[str]:
        """Return the boards on which somebody did or said anything until a time."""
        rows = await self._database.rows(_THEIR_BOARDS, user_id, before.isoformat())
        return [row["board_id"] for row in rows]

    async def erase_rest(self, user_id: int, *, before: dt.datetime) -> None:
        """Erase what else there is of somebody until a time.

        Their pictures on boards are left; see `bot.services.boards.personal_pictures`.
        """
        async with self._database.transaction() as db:
            for sql in _ERASED:
                await db.execute(sql, (user_id, before.isoformat()))
