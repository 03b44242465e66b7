"""Changes of boards, inside one transaction; each is noted in the board's log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from bot.domain.boards import (
    Access,
    Board,
    BoardState,
    Comment,
    Grant,
    Item,
    StarRule,
    Swatch,
)
from bot.domain.boards.rules import user_name
from bot.domain.jobs import new_id
from bot.domain.plain_text import name_key
from bot.domain.viewers import Viewer
from bot.storage.boards.maintenance import BoardMaintenance
from bot.storage.boards.queries import HANGING
from bot.storage.boards.rows import (
    BOARD_COLUMNS,
    ITEM_COLUMNS,
    board_values,
    item_values,
    palette_text,
    tags_text,
)


class BoardChange(BoardMaintenance):
    """One transaction: what it reads, nobody changes before it ends."""

    async def set_stars(self, guild_id: int, stars: StarRule | None) -> None:
        """Let stars hang up pictures in a guild, or do nothing."""
        if stars is None:
            await self._db.execute("DELETE FROM board_stars WHERE guild_id = ?", (guild_id,))
            return
        await self._db.execute(
            "INSERT OR REPLACE INTO board_stars (guild_id, board_id) VALUES (?, ?)",
            (guild_id, stars.board_id),
        )

    async def state_below(self, board_id: str) -> BoardState:
        """Return the state that a deleted board had before."""
        rows = await self._database.rows("SELECT state FROM boards WHERE id = ?", board_id)
        return BoardState(rows[0]["state"])

    async def is_kept(self, generation_id: str | None) -> bool:
        """Return whether an image is not deleted; a picture that is none never is."""
        return not await self._count(
            "SELECT count(*) FROM generations WHERE id = ? AND deleted_at IS NOT NULL",
            generation_id,
        )

    async def is_by_votes(self, item: Item) -> bool:
        """Return whether it was votes that gave a picture its status, and no curator since."""
        rows = await self._database.rows(
            "SELECT verb FROM board_log WHERE board_id = ? AND number = ?"
            " AND verb IN ('status', 'shortlisted', 'unshortlisted') ORDER BY id DESC LIMIT 1",
            item.board_id, item.number,
        )  # fmt: skip
        return bool(rows) and rows[0]["verb"] != "status"

    async def candidates_with(self, board_id: str, votes: int) -> list[Item]:
        """Return the candidates of a board that have at least so many votes."""
        return await self._items(
            f"{HANGING} AND status = 'candidate' AND"  # noqa: S608
            " (SELECT count(*) FROM board_votes WHERE item_id = board_items.id) >= ?",
            board_id,
            votes,
        )

    # Boards

    async def insert(self, board: Board) -> None:
        """Write a new board, which has no pictures."""
        await self._db.execute(_INSERT_BOARD, board_values(board))

    async def set_board(self, board_id: str, **columns: object) -> None:
        """Change columns of a board; a name also changes what it is found by."""
        if isinstance(name := columns.get("name"), str):
            columns["name_key"] = name_key(name)
        await self._set("boards", board_id, columns)

    async def set_palette(self, board_id: str, palette: Sequence[Swatch]) -> None:
        """Record the colours of a whole board."""
        await self._set("boards", board_id, {"palette": palette_text(palette)})

    async def set_grant(self, board_id: str, grant: Grant) -> None:
        """Let a member or a role do something, whatever they were allowed before."""
        await self._db.execute(
            "INSERT OR REPLACE INTO board_grants (board_id, kind, subject_id, access)"
            " VALUES (?, ?, ?, ?)",
            (board_id, grant.kind, grant.subject_id, int(grant.access)),
        )

    async def drop_grant(self, board_id: str, kind: str, subject_id: int) -> Access | None:
        """Take back what a member or a role was given; return what that was."""
        cursor = await self._db.execute(
            "DELETE FROM board_grants WHERE board_id = ? AND kind = ? AND subject_id = ?"
            " RETURNING access",
            (board_id, kind, subject_id),
        )
        row = await cursor.fetchone()
        return None if row is None else Access(row["access"])

    async def note(
        self,
        board_id: str,
        by: Viewer,
        verb: str,
        *,
        at: dt.datetime,
        item: Item | None = None,
        detail: str = "",
    ) -> None:
        """Write what was done into the board's log, and let its revision grow."""
        number, channel_id = (None, None) if item is None else (item.number, item.channel_id)
        await self._db.execute(
            "INSERT INTO board_log (board_id, user_id, user_name, verb, number, channel_id, detail,"
            " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (board_id, by.user_id, user_name(by.user_name), verb, number, channel_id, detail,
             at.isoformat()),
        )  # fmt: skip
        await self._db.execute(
            "UPDATE boards SET revision = revision + 1, changed_at = ? WHERE id = ?",
            (at.isoformat(), board_id),
        )

    # Pictures

    async def free_id(self) -> str:
        """Draw an id that no picture has: among a hundred thousand, one drawn blindly may be."""
        while True:
            drawn = new_id()
            if not await self._count("SELECT count(*) FROM board_items WHERE id = ?", drawn):
                return drawn

    async def next_number(self, board_id: str) -> int:
        """Return a number that no picture of the board ever had."""
        cursor = await self._db.execute(
            "UPDATE boards SET last_number = last_number + 1 WHERE id = ? RETURNING last_number",
            (board_id,),
        )
        row = await cursor.fetchone()
        assert row is not None
        return int(row["last_number"])

    async def hang(self, item: Item, *, size_bytes: int) -> None:
        """Hang a picture, whose copy is there and weighs so much, behind all others."""
        place = await self._last_place(item.board_id) + 1
        await self._db.execute(_INSERT_ITEM, (*item_values(item, place), size_bytes))

    async def set_item(self, item_id: str, **columns: object) -> None:
        """Change columns of a picture."""
        await self._set("board_items", item_id, columns)

    async def set_tags(self, item_id: str, tags: Sequence[str]) -> None:
        """Give a picture other tags."""
        await self._set("board_items", item_id, {"tags": tags_text(tags)})

    async def move(self, item: Item, *, before: Item | None) -> None:
        """Put a picture before another one, or behind all."""
        if before is None:
            place = await self._last_place(item.board_id) + 1
        else:
            place = await self._count("SELECT place FROM board_items WHERE id = ?", before.id)
            await self._db.execute(
                "UPDATE board_items SET place = place + 1 WHERE board_id = ? AND place >= ?",
                (item.board_id, place),
            )
        await self._set("board_items", item.id, {"place": place})

    # What is said of pictures

    async def vote(self, item_id: str, user_id: int, *, at: dt.datetime) -> None:
        """Count a vote."""
        await self._db.execute(
            "INSERT INTO board_votes VALUES (?, ?, ?)", (item_id, user_id, at.isoformat())
        )

    async def unvote(self, item_id: str, user_id: int) -> None:
        """Take a vote back."""
        await self._db.execute(
            "DELETE FROM board_votes WHERE item_id = ? AND user_id = ?", (item_id, user_id)
        )

    async def comment(self, item_id: str, by: Viewer, text: str, *, at: dt.datetime) -> Comment:
        """Write down what somebody said."""
        name = user_name(by.user_name)
        cursor = await self._db.execute(
            "INSERT INTO board_comments (item_id, user_id, user_name, text, created_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (item_id, by.user_id, name, text, at.isoformat()),
        )
        assert cursor.lastrowid is not None
        return Comment(
            id=cursor.lastrowid, user_id=by.user_id, user_name=name, text=text, created_at=at
        )

    async def drop_comment(self, comment_id: int) -> None:
        """Forget what somebody said."""
        await self._db.execute("DELETE FROM board_comments WHERE id = ?", (comment_id,))

    # Plain SQL

    async def _last_place(self, board_id: str) -> int:
        return await self._count(
            "SELECT COALESCE(max(place), 0) FROM board_items WHERE board_id = ?", board_id
        )

    async def _set(self, table: str, id_: str, columns: dict[str, object]) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        await self._db.execute(
            f"UPDATE {table} SET {names} WHERE id = ?",  # noqa: S608 - names of this program only
            (*columns.values(), id_),
        )


def _insert(table: str, columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608


_INSERT_BOARD: Final = _insert("boards", BOARD_COLUMNS)
_INSERT_ITEM: Final = _insert("board_items", (*ITEM_COLUMNS, "size_bytes"))
