"""The tables of a server's rules and of who changed them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiosqlite

from bot.domain.jobs import now
from bot.domain.moderation import AuditEntry
from bot.domain.rules import Entry, Layer, Value
from bot.storage.audit import insert_entry
from bot.storage.database import Database

_SET: Final = (
    "INSERT OR REPLACE INTO rules (guild_id, layer, subject, name, value, until)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_UNSET: Final = "DELETE FROM rules WHERE guild_id = ? AND layer = ? AND subject = ? AND name = ?"
_INSERT_CHANGE: Final = (
    "INSERT INTO rule_changes (guild_id, user_id, user_name, created_at, steps, undoes)"
    " VALUES (?, ?, ?, ?, ?, ?) RETURNING id"
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One rule that changed: what it was and what it became; None where it was not set."""

    old: Entry | None
    new: Entry | None

    @property
    def entry(self) -> Entry:
        """Return the one that says which rule it is."""
        entry = self.new or self.old
        assert entry is not None
        return entry

    @property
    def reverse(self) -> Step:
        """Return what takes it back."""
        return Step(old=self.new, new=self.old)


@dataclass(frozen=True, kw_only=True)
class RuleChange:
    """Rules that were changed together.

    Attributes:
        undoes: The id of the change that it takes back.
        entry: What moderators read of it, where it was just made.

    """

    id: int
    user_id: int
    user_name: str
    created_at: dt.datetime
    steps: tuple[Step, ...]
    undoes: int | None = None
    entry: AuditEntry | None = None


class RuleTable:
    """Rules by guild, and the changes that led to them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> dict[int, list[Entry]]:
        """Return the rules of every guild that has any."""
        found: dict[int, list[Entry]] = {}
        for row in await self._database.rows("SELECT * FROM rules"):
            found.setdefault(row["guild_id"], []).append(
                _entry({**dict(row), "value": json.loads(row["value"])})
            )
        return found

    async def change(
        self,
        guild_id: int,
        steps: Sequence[Step],
        *,
        by: int,
        name: str,
        undoes: int | None = None,
        entry: AuditEntry | None = None,
    ) -> RuleChange:
        """Write what changes, and who did it, in one transaction; `entry` is for moderators."""
        at = now()
        async with self._database.transaction() as db:
            for each in steps:
                await _write(db, guild_id, each)
            document = json.dumps([[_document(each.old), _document(each.new)] for each in steps])
            values = (guild_id, by, name, at.isoformat(), document, undoes)
            rows = await self._database.rows(_INSERT_CHANGE, *values)
            if entry is not None:
                entry = await insert_entry(db, entry)
        return RuleChange(
            id=rows[0]["id"], user_id=by, user_name=name, created_at=at, steps=tuple(steps),
            undoes=undoes, entry=entry,
        )  # fmt: skip

    async def changes(self, guild_id: int, *, limit: int) -> list[RuleChange]:
        """Return the last changes of a guild, the newest first."""
        rows = await self._database.rows(
            "SELECT * FROM rule_changes WHERE guild_id = ? ORDER BY id DESC LIMIT ?",
            guild_id, limit,
        )  # fmt: skip
        return [_change(row) for row in rows]

    async def last_to_undo(self, guild_id: int) -> RuleChange | None:
        """Return the newest change that was neither undone nor undid another."""
        rows = await self._database.rows(
            "SELECT * FROM rule_changes WHERE guild_id = ?1 AND undoes IS NULL AND id NOT IN"
            " (SELECT undoes FROM rule_changes WHERE guild_id = ?1 AND undoes IS NOT NULL)"
            " ORDER BY id DESC LIMIT 1",
            guild_id,
        )
        return _change(rows[0]) if rows else None


async def _write(db: aiosqlite.Connection, guild_id: int, step: Step) -> None:
    entry = step.entry
    key = (guild_id, entry.layer, entry.subject, entry.name)
    if step.new is None:
        await db.execute(_UNSET, key)
    else:
        await db.execute(_SET, (*key, json.dumps(step.new.value), _iso(step.new.until)))


def _change(row: aiosqlite.Row) -> RuleChange:
    return RuleChange(
        id=row["id"],
        user_id=row["user_id"],
        user_name=row["user_name"],
        created_at=dt.datetime.fromisoformat(row["created_at"]),
        steps=tuple(
            Step(old=None if old is None else _entry(old), new=None if new is None else _entry(new))
            for old, new in json.loads(row["steps"])
        ),
        undoes=row["undoes"],
    )


def _document(entry: Entry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {
        "layer": entry.layer, "subject": entry.subject, "name": entry.name, "value": entry.value,
        "until": _iso(entry.until),
    }  # fmt: skip


def _entry(document: Mapping[str, Any]) -> Entry:
    until = document["until"]
    return Entry(
        layer=Layer(document["layer"]),
        subject=document["subject"],
        name=document["name"],
        value=_value(document["value"]),
        until=None if until is None else dt.datetime.fromisoformat(until),
    )


def _value(value: Any) -> Value:  # noqa: ANN401 - JSON
    return tuple(value) if isinstance(value, list) else value


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def steps_between(old: Iterable[Entry], new: Iterable[Entry]) -> list[Step]:
    """Return what turns some rules into others."""
    before = {each.key: each for each in old}
    after = {each.key: each for each in new}
    return [
        Step(old=before.get(key), new=after.get(key))
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]
