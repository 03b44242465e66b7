"""What moderators decide: held jobs, reports, appeals; whoever decides first, decides."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Final

from bot.domain.jobs import Generation
from bot.domain.moderation import HOLDS, Act, AuditEntry, Decision
from bot.domain.scenes import ChannelKind
from bot.domain.viewers import MadeAt, Viewer
from bot.errors import BotError
from bot.services.audit_log import AuditLog
from bot.services.deletions import Deletions
from bot.services.holds import Holds
from bot.services.images import deletion_entry
from bot.services.members import BannedAlreadyError, Members, hidden_entry
from bot.storage import Store

# What can be decided of what; a job or an image ends with a warning or a ban, too.
CHOICES: Final = {
    Act.HELD: {Decision.APPROVED, Decision.REFUSED, Decision.WARNED, Decision.BANNED},
    Act.HELD_IMAGES: {Decision.APPROVED, Decision.REFUSED, Decision.WARNED, Decision.BANNED},
    Act.REPORT: {
        Decision.DISMISSED, Decision.HIDDEN, Decision.DELETED, Decision.WARNED, Decision.BANNED,
    },
    Act.APPEAL: {Decision.LIFTED, Decision.DISMISSED},
    Act.REFUSED: {Decision.WARNED, Decision.BANNED},
}  # fmt: skip


_OF_SERVER: Final = {Decision.WARNED, Decision.BANNED, Decision.LIFTED}


class Cases:
    """Entries of the audit table that wait for a decision, for the moderators who may decide.

    Those of the whole guild may, and those of the channel that something was made in.
    """

    def __init__(
        self, store: Store, members: Members, holds: Holds, deletions: Deletions, log: AuditLog
    ) -> None:
        self._store = store
        self._members = members
        self._holds = holds
        self._deletions = deletions
        self._log = log

    async def find(self, number: int, *, viewer: Viewer) -> AuditEntry:
        """Return an entry for a moderator.

        Raises:
            BotError: There is none here, or they may not see it.

        """
        entry = await self._store.audit.find(number)
        if entry is None or not _may_decide(viewer, entry):
            raise BotError("Only moderators of this server can do that, and only while it is kept.")
        return entry

    async def images(self, number: int, *, viewer: Viewer) -> list[Generation]:
        """Return the images that an entry is about and that are left.

        Raises:
            BotError: As of `find`; or they are from an age-restricted channel, and who looks is
                not in one.

        """
        entry = await self.find(number, viewer=viewer)
        await self._check_age(entry, viewer)
        return await self._left(entry)

    async def _left(self, entry: AuditEntry) -> list[Generation]:
        found = await self._store.generations.find_any(entry.image_ids, None)
        left = {
            each.id
            for job_id in {each.job_id for each in found}
            for each in await self._store.generations.left_of_job(job_id)
        }
        return [each for each in found if each.id in left]

    async def _check_age(self, entry: AuditEntry, viewer: Viewer) -> None:
        if not entry.image_ids or viewer.kind is ChannelKind.AGE_RESTRICTED:
            return
        known = {
            each.channel_id: each for each in await self._store.places.of_guild(entry.guild_id)
        }
        place = known.get(entry.channel_id or 0)
        if place is not None and place.is_age_restricted:
            raise BotError(
                "These images are from an age-restricted channel: they are shown where the log "
                "channel is age-restricted, too."
            )

    async def open_for(self, number: int, decision: Decision, *, viewer: Viewer) -> AuditEntry:
        """Return an entry that the viewer may decide so, and nobody has decided yet.

        Raises:
            BotError: They may not, or somebody has; the sentence says who.

        """
        entry = await self.find(number, viewer=viewer)
        if decision not in CHOICES.get(entry.act, set()):
            raise BotError("That cannot be decided of this.")
        if decision in _OF_SERVER and not viewer.may_ban:
            raise BotError(
                "Only moderators of this server can do that: it takes *Manage Messages* in the "
                "whole server."
            )
        if entry.decision is not None:
            raise _decided_before(entry)
        return entry

    async def decide(
        self,
        number: int,
        decision: Decision,
        *,
        viewer: Viewer,
        why: str = "",
        until: dt.datetime | None = None,
        locale: str = "en-US",
    ) -> AuditEntry:
        """Decide something, once.

        Args:
            number: The id of the entry.
            decision: One of `CHOICES`.
            viewer: Who decides.
            why: What whom it concerns is told, of a warning or ban.
            until: When a ban ends; None for never.
            locale: The viewer's language.

        Returns:
            The entry with its decision.

        Raises:
            BotError: The viewer may not, or it was decided before: the sentence says by whom.

        """
        entry = await self.open_for(number, decision, viewer=viewer)
        await self._bar_or_let_in(entry, decision, viewer, why, until)
        if not await self._decided(entry, decision, viewer, locale):
            raise _decided_before(await self._store.audit.find(number))
        if decision is Decision.WARNED and entry.user_id is not None:
            await self._members.warn(entry.user_id, entry.user_name, why, viewer=viewer)
        return await self.find(number, viewer=viewer)

    async def _bar_or_let_in(
        self,
        entry: AuditEntry,
        decision: Decision,
        viewer: Viewer,
        why: str,
        until: dt.datetime | None,
    ) -> None:
        """Ban a member or let them back: before that is written down, so that a kill loses nothing.

        Raises:
            BotError: The viewer may not.

        """
        user_id, name = entry.user_id, entry.user_name
        if user_id is None:
            return
        if decision is Decision.BANNED:
            with contextlib.suppress(BannedAlreadyError):
                await self._members.ban(user_id, name, until, why, viewer=viewer)
        elif decision is Decision.LIFTED:
            await self._members.unban(user_id, name, viewer=viewer)

    async def _decided(
        self, entry: AuditEntry, decision: Decision, viewer: Viewer, locale: str
    ) -> bool:
        """Write a decision down and do what it means; False where there was one before."""
        by, name = viewer.user_id, viewer.user_name
        if entry.act in HOLDS:
            if decision is Decision.APPROVED:
                return await self._holds.approve(entry, by=by, name=name)
            return await self._holds.end(entry, decision, by=by, name=name)
        tell = entry.act is Act.APPEAL
        is_first = await self._store.audit.decide(entry, decision, by=by, name=name, tell=tell)
        if not is_first:
            return False
        if entry.act is Act.REPORT and decision is not Decision.DISMISSED:
            await self._act_on_report(entry, decision, viewer, locale)
        if (known := await self._store.audit.find(entry.id)) is not None:
            self._log.publish(known)
        return True

    async def _act_on_report(
        self, entry: AuditEntry, decision: Decision, viewer: Viewer, locale: str
    ) -> None:
        """Hide the images of a report, or delete them."""
        images = await self._left(entry)
        if not images:
            return
        if decision is Decision.HIDDEN:
            hidden = hidden_entry(images, viewer=viewer)
            self._log.publish(await self._store.audit.hide(hidden))
            return
        removal = await self._deletions.begin(
            [each.id for each in images],
            by=viewer.user_id,
            locale=locale,
            entry=deletion_entry(images, viewer=viewer),
            is_final=True,  # what was reported and judged, nobody is to bring back
        )
        self._deletions.carry_out(removal)


def _may_decide(viewer: Viewer, entry: AuditEntry) -> bool:
    if viewer.guild_id != entry.guild_id:
        return False
    made = MadeAt(guild_id=entry.guild_id, channel_id=entry.channel_id, user_id=entry.user_id or 0)
    return viewer.may_ban or viewer.may_moderate(made)


def _decided_before(entry: AuditEntry | None) -> BotError:
    if entry is None or entry.decision is None:
        return BotError("That is not there any more.")
    who = entry.decided_by_name or "nobody in time"
    return BotError(f"That was decided before, by {who}: {entry.decision}.")
