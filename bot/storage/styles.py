"""The table of the styles of guilds, and the boards that use them."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import aiosqlite

from bot.domain.plain_text import name_key
from bot.domain.styles import ServerStyle, Style
from bot.errors import InvalidRequestError
from bot.storage.boards.rows import default_columns, defaults_of
from bot.storage.database import Database

_INSERT: Final = (
    "INSERT INTO styles (id, guild_id, name_key, style, author_id, author_name, created_at,"
    " changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


class StyleTable:
    """Styles by guild; a name is there once, however it is written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_guild(self, guild_id: int) -> list[ServerStyle]:
        """Return the styles of a guild by their names."""
        rows = await self._database.rows(
            "SELECT * FROM styles WHERE guild_id = ? ORDER BY name_key", guild_id
        )
        return [_style(row) for row in rows]

    async def add(self, style: ServerStyle, *, most: int) -> None:
        """Write a new style.

        Raises:
            InvalidRequestError: The name is taken, or there are too many.

        """
        at = style.created_at.isoformat()
        values = (
            style.id, style.guild_id, name_key(style.style.name), style.style.to_json(),
            style.author_id, style.author_name, at, at,
        )  # fmt: skip
        async with self._database.transaction() as db:
            count = len(await self.of_guild(style.guild_id))
            if count >= most:
                raise InvalidRequestError(
                    f"There are {count} styles here, and {most} are the limit: remove one that "
                    "nobody needs."
                )
            await _written(db, _INSERT, values, style.style.name)

    async def change(self, old: ServerStyle, new: Style, *, at: dt.datetime) -> list[str]:
        """Let a style be another one, and boards use that; return their ids.

        Raises:
            InvalidRequestError: The name is taken, or somebody removed it meanwhile.

        """
        values = (name_key(new.name), new.to_json(), at.isoformat(), old.id)
        sql = "UPDATE styles SET name_key = ?, style = ?, changed_at = ? WHERE id = ?"
        async with self._database.transaction() as db:
            if not await _written(db, sql, values, new.name):
                raise InvalidRequestError(
                    f"There is no style {old.style.name!r} here any more: somebody removed it."
                )
            return await self._hand_on(db, old, lambda board: replace(board, name=new.name))

    async def remove(self, style: ServerStyle) -> list[str]:
        """Remove a style; boards keep what it was, without its name. Return their ids."""
        async with self._database.transaction() as db:
            await db.execute("DELETE FROM styles WHERE id = ?", (style.id,))
            kept = replace(style.style, name="")
            return await self._hand_on(db, style, lambda board: board.over(kept))

    async def _hand_on(
        self, db: aiosqlite.Connection, old: ServerStyle, become: Callable[[Style], Style]
    ) -> list[str]:
        """Change what boards give that use a style; return their ids."""
        rows = await self._database.rows(
            "SELECT id, style, size, other_defaults FROM boards WHERE guild_id = ?"
            " AND json_extract(other_defaults, '$.name') IS NOT NULL",
            old.guild_id,
        )
        wanted, found = name_key(old.style.name), []
        for row in rows:
            if name_key(defaults_of(row).name) == wanted:
                columns = default_columns(become(defaults_of(row)))
                await db.execute(
                    "UPDATE boards SET style = ?, size = ?, other_defaults = ?,"
                    " revision = revision + 1 WHERE id = ?",
                    (*columns.values(), row["id"]),
                )
                found.append(row["id"])
        return found


async def _written(db: aiosqlite.Connection, sql: str, values: tuple[Any, ...], name: str) -> bool:
    """Write a row under a name that nobody else has; tell whether there is that row."""
    try:
        return (await db.execute(sql, values)).rowcount > 0
    except sqlite3.IntegrityError:
        raise InvalidRequestError(
            f"There is a style {name!r} here already: choose another name."
        ) from None


def _style(row: aiosqlite.Row) -> ServerStyle:
    return ServerStyle(
        id=row["id"],
        guild_id=row["guild_id"],
        style=Style.from_json(row["style"]),
        author_id=row["author_id"],
        author_name=row["author_name"],
        created_at=dt.datetime.fromisoformat(row["created_at"]),
        changed_at=dt.datetime.fromisoformat(row["changed_at"]),
    )
