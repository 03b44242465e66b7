"""The table of forms that were opened, so that a restart loses none of them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import aiosqlite

from bot.domain.forms import Choice, Field, FieldKind, Form
from bot.domain.jobs import new_id, now
from bot.storage.database import Database

KEPT_FOR: Final = dt.timedelta(days=7)


class FormTable:
    """Forms; each is its user's alone."""

    def __init__(self, database: Database) -> None:
        """Remember the connection."""
        self._database = database

    async def open(
        self,
        *,
        kind: str,
        user_id: int,
        title: str,
        subject: Mapping[str, Any],
        fields: Sequence[Field],
    ) -> Form:
        """Write a new form down, and forget those of more than a week ago."""
        form = Form(id=new_id(), kind=kind, user_id=user_id, title=title, subject=subject,
                    fields=fields, typed={})  # fmt: skip
        await self.forget_old()
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT INTO forms (id, kind, user_id, title, subject, fields, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (form.id, kind, user_id, title, json.dumps(dict(subject)),
                 json.dumps([asdict(field) for field in fields]), now().isoformat()),
            )  # fmt: skip
        return form

    async def forget_old(self) -> None:
        """Forget the forms of more than a week ago."""
        async with self._database.transaction() as db:
            oldest = (now() - KEPT_FOR).isoformat()
            await db.execute("DELETE FROM forms WHERE created_at < ?", (oldest,))

    async def send(self, form_id: str, user_id: int, typed: Mapping[str, str]) -> Form | None:
        """Record what a user typed; return the form, or None where there is none of theirs."""
        async with self._database.transaction() as db:
            await db.execute(
                "UPDATE forms SET typed = ? WHERE id = ? AND user_id = ?",
                (json.dumps(dict(typed)), form_id, user_id),
            )
        return await self.find(form_id, user_id)

    async def claim(self, form_id: str, user_id: int) -> Form | None:
        """Return a form that its user answers for the first time; None for any other."""
        async with self._database.transaction() as db:
            cursor = await db.execute(
                "UPDATE forms SET typed = '{}' WHERE id = ? AND user_id = ? AND typed IS NULL",
                (form_id, user_id),
            )
            is_first = cursor.rowcount == 1
        return await self.find(form_id, user_id) if is_first else None

    async def release(self, form_id: str) -> None:
        """Let a form be answered again: nothing came of the answer."""
        async with self._database.transaction() as db:
            await db.execute("UPDATE forms SET typed = NULL WHERE id = ?", (form_id,))

    async def find(self, form_id: str, user_id: int) -> Form | None:
        """Return a form that a user opened."""
        rows = await self._database.rows(
            "SELECT * FROM forms WHERE id = ? AND user_id = ?", form_id, user_id
        )
        return _form(rows[0]) if rows else None


def _form(row: aiosqlite.Row) -> Form:
    return Form(
        id=row["id"],
        kind=row["kind"],
        user_id=row["user_id"],
        title=row["title"],
        subject=json.loads(row["subject"]),
        fields=[_field(each) for each in json.loads(row["fields"])],
        typed=json.loads(row["typed"] or "{}"),
    )


def _field(values: dict[str, Any]) -> Field:
    choices = [Choice(**each) for each in values.pop("choices")]
    kind = FieldKind(values.pop("kind", FieldKind.TEXT))  # older rows have none
    return Field(**values, kind=kind, choices=choices)
