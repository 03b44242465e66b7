"""How much the bot is used: for who manages a server, and for the bot's owners."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.jobs import JobSource
from bot.domain.scenes import Scene
from bot.domain.usage import Usage, check_days, to_csv
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.services.policy import RULE_ERRORS
from bot.storage import Store


class UsageReports:
    """Numbers of what was drawn and refused.

    Everything that takes a viewer raises a `BotError` where they neither manage the server nor,
    where all servers are concerned, own the bot.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def usage(self, *, viewer: Viewer, days: int, everywhere: bool = False) -> Usage:
        """Return the usage of the viewer's server, or of all, within the last days."""
        return await self._store.usage.of(_place(viewer, days, everywhere=everywhere), days=days)

    async def table(self, *, viewer: Viewer, days: int, everywhere: bool = False) -> bytes:
        """Return the images of each day and member as CSV."""
        guild_id = _place(viewer, days, everywhere=everywhere)
        return csv_of(await self._store.usage.by_day(guild_id, days=days))

    async def count_refusal(self, error: BotError, scene: Scene | JobSource) -> None:
        """Count that something was refused, if that is by a rule."""
        if isinstance(error, RULE_ERRORS):
            await self._store.usage.count_refusal(scene.guild_id, error.rule)


def csv_of(rows: Sequence[tuple[object, int, int, str, int]]) -> bytes:
    """Return the images of each day and member as CSV; ids are text, or spreadsheets round them."""
    header = ("day", "server", "member", "name", "images")
    return to_csv(
        header,
        [(day, f"{guild}", f"{user}", name, images) for day, guild, user, name, images in rows],
    )


def _place(viewer: Viewer, days: int, *, everywhere: bool) -> int | None:
    """Return the guild that may be looked at; None is all."""
    check_days(days)
    if everywhere:
        if not viewer.is_owner:
            raise BotError("Only the bot's owner can see all servers.")
        return None
    if not viewer.may_set_rules:
        raise BotError("Only who has *Manage Server* here can see how it is used.")
    return viewer.guild_id
