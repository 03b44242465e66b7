"""What moderators can do about members and what these made: ban, warn, delete, hide, look back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.domain.jobs import Generation, now
from bot.domain.moderation import Act, AuditEntry
from bot.domain.viewers import MadeAt, Viewer
from bot.errors import BotError
from bot.services.audit_log import AuditLog
from bot.services.deletions import Deletions, Removal
from bot.services.images import deletion_entry
from bot.services.rules import Rules
from bot.storage import Store

WHY_LENGTH: Final = 500
TOGETHER: Final = 50  # images that are deleted in one step


@dataclass(frozen=True, kw_only=True)
class AuditPage:
    """Some entries of the audit table, newest first."""

    entries: list[AuditEntry]
    has_older: bool


class BannedAlreadyError(BotError):
    """Somebody is banned until that very moment."""


class Members:
    """Members of a guild, for its moderators.

    Everything here raises a `BotError` where the viewer is no moderator of the whole guild; images
    are deleted and hidden only where they may moderate what was made there.
    """

    def __init__(self, store: Store, rules: Rules, deletions: Deletions, log: AuditLog) -> None:
        self._store = store
        self._rules = rules
        self._deletions = deletions
        self._log = log

    async def audit(
        self, *, viewer: Viewer, user_id: int | None = None, page: int = 0, page_size: int = 10
    ) -> AuditPage:
        """Return what was done in the viewer's guild, or what concerns one member, newest first.

        Words of others are left out where the viewer does not see the channel that they are from.
        """
        found = await self._store.audit.page(
            moderated_by(viewer), user_id=user_id, offset=page * page_size, limit=page_size + 1
        )
        entries = [_as_seen(each, viewer) for each in found[:page_size]]
        return AuditPage(entries=entries, has_older=len(found) > page_size)

    async def ban(
        self,
        user_id: int,
        name: str,
        until: dt.datetime | None,
        why: str,
        *,
        viewer: Viewer,
    ) -> None:
        """Keep a member from using the bot, for a time or until they are let back; they are told.

        Raises:
            BotError: They are banned so already, or it is the viewer.

        """
        if user_id == viewer.user_id:
            raise BotError("You cannot ban yourself.")
        entry = _entry(Act.BANNED, viewer, user_id, name, why=why, until=until, is_done=False)
        change = await self._rules.ban(user_id, until, viewer=viewer, entry=entry)
        if change is None:
            raise BannedAlreadyError("They are banned until then already.")
        self._publish(change.entry)

    async def unban(self, user_id: int, name: str, *, viewer: Viewer) -> bool:
        """Let a member back; False where they were not banned."""
        entry = _entry(Act.UNBANNED, viewer, user_id, name)
        change = await self._rules.unban(user_id, viewer=viewer, entry=entry)
        if change is not None:
            self._publish(change.entry)
        return change is not None

    async def warn(self, user_id: int, name: str, why: str, *, viewer: Viewer) -> None:
        """Write a member a warning, in private."""
        await self._log.add(_entry(Act.WARNED, viewer, user_id, name, why=why, is_done=False))

    async def delete_images(
        self, user_id: int, since: dt.datetime | None, *, viewer: Viewer, locale: str
    ) -> list[Removal]:
        """Delete the images that a member made here since a moment, or all of them.

        Those that the viewer may not moderate stay. Nobody finds the others from here on; their
        messages go in time, whatever happens, and after a day in which the viewer can bring all of
        them back, their files.
        """
        moderated_by(viewer)
        found = await self._store.generations.of_member(user_id, since, viewer)
        found = [each for each in found if viewer.may_moderate(each)]
        removals = []
        trash = await self._deletions.room_in_trash([each.id for each in found])
        for first in range(0, len(found), TOGETHER):
            together = found[first : first + TOGETHER]
            removal = await self._deletions.begin(
                [each.id for each in together],
                by=viewer.user_id,
                locale=locale,
                entry=deletion_entry(together, viewer=viewer),
                trash=trash,
            )
            self._deletions.carry_out(removal)
            removals.append(removal)
        return removals

    async def hide(self, image_ids: Sequence[str], *, viewer: Viewer) -> int:
        """Let the messages of images hide them until they are clicked, now and later.

        All images of a job are hidden together. A moderator of where they were made may do it.

        Returns:
            How many images that concerns.

        Raises:
            BotError: There are none, or the viewer may not moderate them.

        """
        seen = await self._store.generations.find_any(image_ids, viewer)
        if not seen:
            raise BotError("There is no such image here.")
        found = [
            each
            for job_id in dict.fromkeys(each.job_id for each in seen)
            for each in await self._store.generations.left_of_job(job_id)
        ]
        if not found or not all(map(viewer.may_moderate, found)):
            raise BotError("Only a moderator of where an image was made can hide it.")
        self._publish(await self._store.audit.hide(hidden_entry(found, viewer=viewer)))
        return len(found)

    def _publish(self, entry: AuditEntry | None) -> None:
        assert entry is not None
        self._log.publish(entry)


def moderated_by(viewer: Viewer) -> int:
    """Return the guild whose members are the viewer's to moderate.

    Raises:
        BotError: There is none.

    """
    if viewer.guild_id is None or not viewer.may_ban:
        raise BotError(
            "Only moderators of this server can do that: it takes *Manage Messages* in the whole "
            "server."
        )
    return viewer.guild_id


def hidden_entry(found: Sequence[Generation], *, viewer: Viewer) -> AuditEntry:
    """Return what is written down where a moderator hides images."""
    first = found[0]
    return replace(
        _entry(Act.HIDDEN, viewer, first.user_id, is_done=False),
        channel_id=first.channel_id,
        job_id=first.job_id,
        image_ids=tuple(each.id for each in found),
    )


def _as_seen(entry: AuditEntry, viewer: Viewer) -> AuditEntry:
    made = MadeAt(guild_id=entry.guild_id, channel_id=entry.channel_id, user_id=entry.user_id or 0)
    is_public = entry.channel_id is None or viewer.sees(made)
    return entry if is_public else replace(entry, words="", why="")


def _entry(
    act: Act,
    viewer: Viewer,
    user_id: int,
    name: str = "",
    *,
    why: str = "",
    until: dt.datetime | None = None,
    is_done: bool = True,
) -> AuditEntry:
    """Return what a moderator does about a member; what has to follow is not done yet."""
    return AuditEntry(
        guild_id=moderated_by(viewer) if act is not Act.HIDDEN else viewer.guild_id or 0,
        act=act,
        created_at=now(),
        by_id=viewer.user_id,
        by_name=viewer.user_name,
        user_id=user_id,
        user_name=name,
        why=why.strip()[:WHY_LENGTH],
        until=until,
        is_done=is_done,
    )
