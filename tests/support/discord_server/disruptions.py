"""Blows to the gateway, and to the place a request is about: the faults no answer can carry."""

from __future__ import annotations

import asyncio
from enum import StrEnum

from simcord.backend.errors import BackendError

from tests.support.discord_server.backend import WireBackend
from tests.support.discord_server.gateway import Gateway
from tests.support.discord_server.people import People


class Disruption(StrEnum):
    """What may be done."""

    DROP = "gateway drop"  # RESUME works
    INVALIDATE = "session invalidated"  # RESUME is refused
    RECONNECT = "reconnect"
    DEAF = "heartbeats unanswered"
    MESSAGE_DELETED = "message deleted"
    PERMISSION_REMOVED = "permission removed"
    CHANNEL_DELETED = "channel deleted"
    THREAD_ARCHIVED = "thread archived"
    THREAD_LOCKED = "thread locked"


class Disruptions:
    """Strike where a path leads: `/channels/…` and what belongs to an interaction's token."""

    def __init__(self, backend: WireBackend, gateway: Gateway, people: People) -> None:
        self.permission_back_s: float | None = None  # real seconds; None never gives it back
        self._backend = backend
        self._people = people
        self._gateway = {
            Disruption.DROP: gateway.drop,
            Disruption.INVALIDATE: gateway.invalidate,
            Disruption.RECONNECT: gateway.ask_to_reconnect,
            Disruption.DEAF: gateway.go_deaf,
        }

    def strike(self, disruption: Disruption, path: str) -> bool:
        """Do it; say whether there was anything it could be done to."""
        if disruption in self._gateway:
            return self._gateway[disruption]() > 0
        channel_id, message_id = self._place(path)
        if channel_id not in self._backend.channels:
            return False
        if disruption is Disruption.CHANNEL_DELETED:
            return self._delete_channel(channel_id)
        if disruption is Disruption.PERMISSION_REMOVED:
            return self._take_permission(channel_id)
        if disruption in {Disruption.THREAD_ARCHIVED, Disruption.THREAD_LOCKED}:
            return self._people.archive(channel_id, locked=disruption is Disruption.THREAD_LOCKED)
        return self._delete(channel_id, message_id)

    def _delete_channel(self, channel_id: int) -> bool:
        if self._backend.get_channel(channel_id).guild_id is None:
            return False  # nobody deletes direct messages
        self._backend.delete_channel(channel_id)
        return True

    def _take_permission(self, channel_id: int) -> bool:
        if self._backend.get_channel(channel_id).guild_id is None:
            return False
        self._people.forbid(channel_id, "send_messages")
        if self.permission_back_s is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self.permission_back_s, self._give_back, channel_id)
        return True

    def _give_back(self, channel_id: int) -> None:
        if channel_id in self._backend.channels:
            self._people.allow_again(channel_id)

    def _delete(self, channel_id: int, message_id: int | None) -> bool:
        if message_id is None:
            return False
        try:
            self._backend.delete_message(channel_id, message_id)
        except BackendError:
            return False
        return True

    def _place(self, path: str) -> tuple[int, int | None]:
        """Return the channel and the message a path is about; channel 0 is none."""
        parts = path.strip("/").split("/")
        message_id = int(parts[-1]) if parts[-1].isdigit() and parts[-2] == "messages" else None
        if parts[0] == "channels":
            return int(parts[1]), message_id
        if parts[0] not in {"webhooks", "interactions"} or len(parts) < 3:
            return 0, None
        record = self._backend.interactions.get(self._backend.interaction_tokens.get(parts[2], 0))
        if record is None:
            return 0, None
        return record.channel_id, message_id if message_id is not None else record.message_id
