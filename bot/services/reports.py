"""What everybody can tell moderators: reports of images, and appeals against what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.domain.jobs import now
from bot.domain.moderation import Act, AuditEntry
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.services.audit_log import HOUR, AuditLog
from bot.services.members import WHY_LENGTH
from bot.storage import Store

MAX_REPORTS: Final = 10  # of one member in an hour


class NobodyReadsError(BotError):
    """The server has no log channel in which moderators would read something."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__(
            "Nobody would read that: this server has no log channel for its moderators that I can "
            "write to."
        )


class Reports:
    """The way to the moderators of a guild, where these read a log channel."""

    def __init__(self, store: Store, log: AuditLog) -> None:
        self._store = store
        self._log = log

    def check_read(self, *, viewer: Viewer) -> None:
        """Refuse where nobody would read a report.

        Raises:
            NobodyReadsError: There is no log channel in the viewer's guild.

        """
        self._guild_read_in(viewer)

    async def report(self, image_ids: Sequence[str], why: str, *, viewer: Viewer) -> None:
        """Tell moderators of images; each of them once by everybody.

        Raises:
            NobodyReadsError: There is no log channel.
            BotError: The viewer does not see the images, or has reported them before.

        """
        guild_id = self._guild_read_in(viewer)
        images = await self._store.generations.find_any(image_ids, viewer)
        if not images:
            raise BotError("There is no such image here.")
        since = now() - HOUR
        count = await self._store.audit.reports_since(guild_id, viewer.user_id, since)
        if count >= MAX_REPORTS:
            raise BotError(
                f"You have reported {count} images within an hour, and {MAX_REPORTS} are the "
                "limit: moderators look at these first."
            )
        first = images[0]
        job = await self._store.jobs.find(first.job_id)
        entry = AuditEntry(
            guild_id=guild_id,
            act=Act.REPORT,
            created_at=now(),
            by_id=viewer.user_id,
            by_name=viewer.user_name,
            user_id=first.user_id,
            user_name="" if job is None else job.origin.user_name,
            channel_id=first.channel_id,
            job_id=first.job_id,
            image_ids=tuple(each.id for each in images),
            words=first.request.prompt,
            why=why.strip()[:WHY_LENGTH],
        )
        written = await self._store.audit.report(entry)
        if written is None:
            raise BotError("You have reported this before: moderators know of it.")
        self._log.publish(written)

    async def appeal(self, number: int | None, words: str, *, viewer: Viewer) -> None:
        """Ask moderators once to decide otherwise; whoever is banned may, too.

        Args:
            number: The id of the entry that the viewer does not agree with; None for the last.
            words: Why.
            viewer: Who asks: in their server, or in direct messages.

        Raises:
            NobodyReadsError: There is no log channel.
            BotError: There is nothing of that kind, or it was appealed against before.

        """
        entry = await self._appealed(number, viewer)
        if entry is None:
            raise BotError(
                "There is nothing to appeal against: you were not refused, warned or banned."
            )
        if self._log.channel_of(entry.guild_id) is None:
            raise NobodyReadsError
        written = await self._store.audit.appeal(
            AuditEntry(
                guild_id=entry.guild_id,
                act=Act.APPEAL,
                created_at=now(),
                by_id=viewer.user_id,
                by_name=viewer.user_name,
                user_id=viewer.user_id,
                user_name=viewer.user_name,
                channel_id=entry.channel_id,
                words=words.strip()[:WHY_LENGTH],
                why=f"#{entry.id}",
                about=entry.id,
            )
        )
        if written is None:
            raise BotError("You have appealed against that before: it can be done once.")
        self._log.publish(written)

    async def _appealed(self, number: int | None, viewer: Viewer) -> AuditEntry | None:
        if number is None:
            return await self._store.audit.last_appealable(viewer.guild_id, viewer.user_id)
        entry = await self._store.audit.find(number)
        if entry is None or entry.user_id != viewer.user_id or not entry.can_be_appealed:
            return None
        return entry if viewer.guild_id in {None, entry.guild_id} else None

    def _guild_read_in(self, viewer: Viewer) -> int:
        if viewer.guild_id is None or self._log.channel_of(viewer.guild_id) is None:
            raise NobodyReadsError
        return viewer.guild_id
