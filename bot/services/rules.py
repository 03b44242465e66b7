"""The rules of every server: kept in memory to be asked at any moment, changed in one step."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.jobs import now
from bot.domain.moderation import AuditEntry
from bot.domain.rules import (
    DENY,
    RULES,
    WHOLE,
    Decision,
    Entry,
    Layer,
    Rule,
    RuleBook,
    Scene,
    Value,
    from_toml,
    rule_in,
    to_toml,
)
from bot.domain.scenes import Subject
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.storage import Store
from bot.storage.rules import RuleChange, Step, steps_between

MAX_ENTRIES: Final = 2_000  # of one server
CHANGES_SHOWN: Final = 20


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A rule as it is for a member, a role, a place or the whole server.

    Attributes:
        own: What is set for the very subject; None where nothing is.
        outer: What it would come to without that.

    """

    decision: Decision
    own: Entry | None
    outer: Decision

    @property
    def rule(self) -> Rule:
        """Return the rule."""
        return self.decision.rule


class Rules:
    """What servers decide for themselves, under what the operator decides for all.

    Everything that takes a viewer raises a `BotError` where they may not manage the server.

    Attributes:
        on_change: Called between the moment from which a change holds and the moment at which it is
            written: whatever was admitted by the old rules and has not begun is called back.

    """

    def __init__(self, store: Store, operator: Iterable[Entry] = ()) -> None:
        self._store = store
        self._operator = tuple(operator)
        self._nothing = RuleBook(operator=self._operator)
        self._books: dict[int, RuleBook] = {}
        self._changing = asyncio.Lock()
        self.on_change: Callable[[], Awaitable[None]] | None = None

    async def open(self) -> None:
        """Read the rules of all servers."""
        self._books = {
            guild_id: RuleBook(entries, self._operator)
            for guild_id, entries in (await self._store.rules.all()).items()
        }

    def book(self, guild_id: int | None) -> RuleBook:
        """Return the rules that hold in a guild, or outside of guilds."""
        return self._books.get(guild_id or 0, self._nothing)

    def decide(self, name: str, scene: Scene) -> Decision:
        """Return what holds for somebody somewhere now."""
        return self.book(scene.guild_id).decide(name, scene, now())

    def value(self, name: str, scene: Scene) -> Value:
        """Return the value that holds for somebody somewhere now."""
        return self.decide(name, scene).value

    def of_server(self, name: str, guild_id: int) -> Value:
        """Return a rule's value where it concerns nobody in particular."""
        return self.value(name, Scene(guild_id=guild_id, user_id=0))

    def any_has(self, name: str, usual: Value) -> bool:
        """Tell whether a rule has another value than the usual one anywhere."""
        entries = (*self._operator, *(e for book in self._books.values() for e in book.entries))
        return any(each.name == name and each.value != usual for each in entries)

    # For whoever manages the server

    def entries(self, *, viewer: Viewer) -> tuple[Entry, ...]:
        """Return what is set in the viewer's guild."""
        return self.book(_managed(viewer)).entries

    def explain(self, scene: Scene, *, viewer: Viewer) -> list[Decision]:
        """Return what every rule comes to for somebody somewhere in the viewer's guild.

        Raises:
            BotError: They may not manage it, or ask for more than themselves in it.

        """
        is_own = scene.user_id == viewer.user_id and scene.guild_id == viewer.guild_id
        if not is_own and scene.guild_id != _managed(viewer):
            raise BotError("These rules are another server's: ask there.")
        return self.book(scene.guild_id).explain(scene, now())

    def of_subject(
        self, subject: Subject, around: Sequence[Subject] = (), *, viewer: Viewer
    ) -> list[Setting]:
        """Return every rule as it is for a member, a role or a place in the viewer's guild.

        Args:
            subject: Whom or what it is for.
            around: What else holds there, the innermost first; the whole server is added.
            viewer: Who asks.

        """
        book, at = self.book(_managed(viewer)), now()
        subjects = [(each,) for each in dict.fromkeys((subject, *around, (Layer.SERVER, WHOLE)))]
        own = {each.name: each for each in book.entries if (each.layer, each.subject) == subject}
        found = []
        for rule in RULES:
            entry, decision = own.get(rule.name), book.decide_for(rule.name, subjects, at)
            bare = RuleBook((each for each in book.entries if each != entry), self._operator)
            outer = decision if entry is None else bare.decide_for(rule.name, subjects, at)
            found.append(Setting(decision=decision, own=entry, outer=outer))
        return found

    async def change(
        self, entries: Sequence[Entry], removed: Iterable[Entry] = (), *, viewer: Viewer
    ) -> RuleChange | None:
        """Set rules and unset others; None where that changes nothing.

        Raises:
            BotError: A rule cannot be set there, or there are too many.

        """
        guild_id = _managed(viewer)
        gone = {_placed(each, guild_id).key for each in removed}
        given = {each.key: each for each in (_placed(each, guild_id) for each in entries)}
        async with self._changing:
            old = self.book(guild_id).entries
            kept = [each for each in old if each.key not in gone | given.keys()]
            return await self._replace(guild_id, [*kept, *given.values()], viewer)

    async def replace(self, text: str, *, viewer: Viewer) -> RuleChange | None:
        """Put the rules of a file in place of all that are set; None where that changes nothing.

        What ends by itself, as a ban for a time does, is not in files and stays.
        """
        guild_id = _managed(viewer)
        new = [_placed(each, guild_id) for each in from_toml(text)]
        async with self._changing:
            timed = [each for each in self.book(guild_id).entries if each.until is not None]
            keys = {each.key for each in timed}
            return await self._replace(
                guild_id, [*timed, *(each for each in new if each.key not in keys)], viewer
            )

    async def last_change(self, *, viewer: Viewer) -> RuleChange | None:
        """Return the newest change that was not taken back yet; None where there is none."""
        return await self._store.rules.last_to_undo(_managed(viewer))

    async def undo(self, *, viewer: Viewer, change_id: int | None = None) -> RuleChange | None:
        """Take back the newest change that was not taken back yet; None where there is none.

        With a `change_id` also None where that is not the newest one any more.
        """
        guild_id = _managed(viewer)
        async with self._changing:
            last = await self._store.rules.last_to_undo(guild_id)
            if last is None or change_id not in {None, last.id}:
                return None
            steps = [each.reverse for each in last.steps]
            return await self._write(guild_id, steps, viewer, undoes=last.id)

    async def changes(self, *, viewer: Viewer) -> list[RuleChange]:
        """Return the last changes, the newest first."""
        return await self._store.rules.changes(_managed(viewer), limit=CHANGES_SHOWN)

    def to_file(self, *, viewer: Viewer) -> str:
        """Return the rules of the viewer's guild as a file that `replace` reads."""
        return to_toml(self.entries(viewer=viewer))

    # For moderators

    async def ban(
        self,
        user_id: int,
        until: dt.datetime | None,
        *,
        viewer: Viewer,
        entry: AuditEntry | None = None,
    ) -> RuleChange | None:
        """Let a member use nothing of the bot any more, for a time or until they are let back.

        `entry` is what moderators read of it. None where they are banned so already.

        Raises:
            BotError: The viewer is no moderator of the server.

        """
        ban = Entry(layer=Layer.MEMBER, subject=str(user_id), name="use", value=DENY, until=until)
        return await self._set_member(ban, ban, viewer, entry)

    async def unban(
        self, user_id: int, *, viewer: Viewer, entry: AuditEntry | None = None
    ) -> RuleChange | None:
        """Let a member back; None where they were not banned."""
        ban = Entry(layer=Layer.MEMBER, subject=str(user_id), name="use", value=DENY)
        return await self._set_member(ban, None, viewer, entry)

    async def _set_member(
        self, key: Entry, rule: Entry | None, viewer: Viewer, entry: AuditEntry | None
    ) -> RuleChange | None:
        guild_id = viewer.guild_id
        if guild_id is None or not viewer.may_ban:
            raise BotError(
                "Only moderators of this server can do that: it takes *Manage Messages* in the "
                "whole server."
            )
        async with self._changing:
            kept = [each for each in self.book(guild_id).entries if each.key != key.key]
            rules = [*kept, *([rule] if rule else [])]
            return await self._replace(guild_id, rules, viewer, entry)

    async def _replace(
        self,
        guild_id: int,
        entries: Sequence[Entry],
        viewer: Viewer,
        entry: AuditEntry | None = None,
    ) -> RuleChange | None:
        if len(entries) > MAX_ENTRIES:
            raise BotError(f"A server can have {MAX_ENTRIES:,} rules, and these are more.")
        steps = steps_between(self.book(guild_id).entries, entries)
        return await self._write(guild_id, steps, viewer, entry=entry) if steps else None

    async def _write(
        self,
        guild_id: int,
        steps: Sequence[Step],
        viewer: Viewer,
        undoes: int | None = None,
        entry: AuditEntry | None = None,
    ) -> RuleChange:
        """Let a change hold, then write it: nothing begins by rules that are not there any more."""
        before = self.book(guild_id)
        entries = {each.key: each for each in before.entries}
        for step in steps:
            entries.pop(step.entry.key, None)
            if step.new is not None:
                entries[step.new.key] = step.new
        self._books[guild_id] = RuleBook(entries.values(), self._operator)
        try:
            if self.on_change is not None:
                await self.on_change()
            return await self._store.rules.change(
                guild_id,
                steps,
                by=viewer.user_id,
                name=viewer.user_name,
                undoes=undoes,
                entry=entry,
            )
        except BaseException:
            self._books[guild_id] = before
            raise


def _managed(viewer: Viewer) -> int:
    """Return the guild whose rules the viewer may set."""
    if viewer.guild_id is None or not viewer.may_set_rules:
        raise BotError("Only who has *Manage Server* here can see and change its rules.")
    return viewer.guild_id


def _placed(entry: Entry, guild_id: int) -> Entry:
    """Return an entry where it belongs: what is for the role @everyone is for the server.

    Raises:
        BotError: The rule cannot be set there.

    """
    is_everyone = entry.layer is Layer.ROLE and entry.subject == str(guild_id)
    layer, subject = (Layer.SERVER, WHOLE) if is_everyone else (entry.layer, entry.subject)
    rule_in(layer, entry.name)
    return Entry(layer=layer, subject=subject, name=entry.name, value=entry.value,
                 until=entry.until)  # fmt: skip
