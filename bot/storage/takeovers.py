"""The table of what the files of other tools say, where somebody may draw it with one press."""

from __future__ import annotations

import datetime as dt
from typing import Final

from bot.domain.jobs import new_id, now
from bot.domain.requests import Size
from bot.media.metadata import Takeover
from bot.storage.database import Database

_KEPT: Final = dt.timedelta(days=30)  # the button is in a private answer, which is gone sooner


class TakeoverTable:
    """Offers to draw something; a button names one, since a prompt has no room in it."""

    def __init__(self, database: Database) -> None:
        """Remember the connection."""
        self._database = database

    async def add(self, takeover: Takeover, *, user_id: int) -> str:
        """Write one down for who handed the file in, forget old ones, and return its id."""
        id_, at, size = new_id(), now(), takeover.size
        await self.forget_old()
        async with self._database.transaction() as db:
            await db.execute(
                "INSERT INTO takeovers"
                " (id, prompt, width, height, seed, created_at, user_id, negative)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (id_, takeover.prompt, size.width, size.height, takeover.seed, at.isoformat(),
                 user_id, takeover.negative),
            )  # fmt: skip
        return id_

    async def forget_old(self) -> None:
        """Forget the offers of more than a month ago."""
        async with self._database.transaction() as db:
            oldest = (now() - _KEPT).isoformat()
            await db.execute("DELETE FROM takeovers WHERE created_at < ?", (oldest,))

    async def find(self, id_: str) -> Takeover | None:
        """Return one by its id."""
        rows = await self._database.rows("SELECT * FROM takeovers WHERE id = ?", id_)
        if not rows:
            return None
        row = rows[0]
        return Takeover(
            prompt=row["prompt"],
            size=Size(width=row["width"], height=row["height"]),
            seed=row["seed"],
            negative=row["negative"],
        )
