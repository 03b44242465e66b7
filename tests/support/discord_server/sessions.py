"""Gateway sessions: what one connection was told, kept so that RESUME can tell it again."""

from __future__ import annotations

import copy
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import discord
from simcord import intents as simcord_intents

from tests.support.discord_server.backend import WireBackend

RESUMABLE_S = 180.0  # by the server's clock; Discord keeps sessions for some minutes
KEPT_EVENTS = 5000


@dataclass(kw_only=True, eq=False)
class Session:
    """One identified connection, and the events it may ask for again.

    Attributes:
        send: Hands a payload to the socket; None while none is connected.
        left_at_s: When the socket went, by the server's clock.
        shard: Its number and how many there are; each has its share of the guilds.

    """

    bot: str
    intents: discord.Intents
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    seq: int = 0
    send: Callable[[dict[str, Any]], None] | None = None
    left_at_s: float | None = None
    shard: tuple[int, int] = (0, 1)
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))

    def dispatch(self, event: str, data: Mapping[str, Any]) -> None:
        """Number an event, keep it, and send it if somebody listens."""
        self.seq += 1
        payload = {"op": 0, "s": self.seq, "t": event, "d": data}
        self.events.append(payload)
        if self.send is not None:
            self.send(payload)

    def has(self, guild_id: int | None) -> bool:
        """Tell whether events of a guild come here; those of no guild are the first shard's."""
        number, count = self.shard
        return number == (0 if guild_id is None else (guild_id >> 22) % count)

    def missed_since(self, seq: int) -> list[dict[str, Any]] | None:
        """Return the events after `seq`, or None where they are no longer all there."""
        if seq > self.seq or (self.events and seq < self.events[0]["s"] - 1):
            return None
        return [payload for payload in self.events if payload["s"] > seq]


class Sessions:
    """All sessions that can still be used."""

    def __init__(self, backend: WireBackend) -> None:
        self._backend = backend
        self._by_id: dict[str, Session] = {}
        backend.subscribers.append(self.feed)

    @property
    def connected(self) -> list[Session]:
        """Return the sessions somebody listens to, the newest last."""
        return [session for session in self._by_id.values() if session.send is not None]

    def begin(self, bot: str, intents_value: int, shard: tuple[int, int]) -> Session:
        """Begin a session, as IDENTIFY asks."""
        self._forget_old()
        intents = discord.Intents._from_value(intents_value)
        session = Session(bot=bot, intents=intents, shard=shard)
        self._by_id[session.id] = session
        return session

    def find(self, session_id: str) -> Session | None:
        """Return a session that can be resumed."""
        self._forget_old()
        return self._by_id.get(session_id)

    def end(self, session: Session) -> None:
        """Forget a session: it cannot be resumed."""
        session.send = None
        self._by_id.pop(session.id, None)

    def leave(self, session: Session) -> None:
        """Keep a session whose socket has gone, for a while."""
        session.send = None
        session.left_at_s = self._backend.clock.elapsed

    def feed(self, event: str, payload: Mapping[str, Any]) -> None:
        """Give an event to every session whose intents want it, as much of it as they may see."""
        for session in list(self._by_id.values()):
            if not session.has(_guild_of(event, payload)):
                continue
            gate = simcord_intents.required_intent(event, payload)
            if gate is None or getattr(session.intents, gate):
                session.dispatch(event, self.shown(event, payload, session.intents))

    def shown(
        self, event: str, payload: Mapping[str, Any], intents: discord.Intents
    ) -> dict[str, Any]:
        shown = copy.deepcopy(dict(payload))
        bot_id = self._backend.bot_user.id
        if event == "GUILD_CREATE":
            simcord_intents.prune_guild_create(shown, intents, bot_id)
        if intents.message_content:
            return shown
        if event in {"MESSAGE_CREATE", "MESSAGE_UPDATE"}:
            simcord_intents.censor_message(shown, bot_id, backend=self._backend)
        elif event == "INTERACTION_CREATE" and isinstance(shown.get("message"), dict):
            simcord_intents.censor_message(
                shown["message"], bot_id, backend=self._backend, exempt_root=True
            )
        return shown

    def _forget_old(self) -> None:
        now = self._backend.clock.elapsed
        for session in list(self._by_id.values()):
            if session.left_at_s is not None and now > session.left_at_s + RESUMABLE_S:
                self.end(session)


def _guild_of(event: str, payload: Mapping[str, Any]) -> int | None:
    guild_id = payload.get("id" if event.startswith("GUILD_") else "guild_id")
    guild_id = payload.get("guild_id", guild_id)
    return None if guild_id is None else int(guild_id)
