"""simcord's backend with what the wire adds: real addresses, places' limits, people's languages."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping
from typing import Any

from simcord.backend import Backend, serializers
from simcord.backend.cdn import CDN_BASE, CdnStore
from simcord.backend.models import Guild

from tests.support.discord_server.clock import Changes, MovableClock

MIB = 1024**2
# Bytes one file may have, by a guild's boost level; direct messages have the first.
UPLOAD_LIMITS = {0: 10 * MIB, 1: 10 * MIB, 2: 50 * MIB, 3: 100 * MIB}
LINK_LIVES_S = 24 * 3600.0  # Discord signs attachment links for about a day
KEPT_LINES = 2000  # of simcord's own logs, which otherwise grow for ever


class WireCdn(CdnStore):
    """Attachments under addresses of this server, signed and expiring as Discord's are."""

    def __init__(self, clock: MovableClock) -> None:
        super().__init__()
        self._clock = clock
        self.most_bytes = 512 * MIB
        self._stored_bytes = 0
        self.base = CDN_BASE  # replaced when the server knows its port

    def store_attachment(
        self,
        attachment_id: int,
        channel_id: int,
        filename: str,
        data: bytes,
        description: str | None,
    ) -> dict[str, Any]:
        self._make_room(len(data))
        found = super().store_attachment(attachment_id, channel_id, filename, data, description)
        path = found["url"].removeprefix(CDN_BASE)
        found["url"] = found["proxy_url"] = self.base + path + "?" + self._signature(path)
        return found

    def _make_room(self, size_bytes: int) -> None:
        """Forget the oldest attachments where there would be too many bytes."""
        self._stored_bytes += size_bytes
        while self._stored_bytes > self.most_bytes and self._blobs:
            self._stored_bytes -= len(self._blobs.pop(next(iter(self._blobs))))

    def read(self, path: str, expires: str, signature: str) -> bytes | None:
        """Return the bytes of an attachment, or None where the link is wrong or too old."""
        blob: bytes | None = self.get(CDN_BASE + path)
        if self._sign(path, expires) != signature or int(expires, 16) < self._clock.elapsed:
            return None
        return blob

    def _signature(self, path: str) -> str:
        expires = f"{int(self._clock.elapsed + LINK_LIVES_S):x}"
        return f"ex={expires}&hm={self._sign(path, expires)}"

    def _sign(self, path: str, expires: str) -> str:
        return hashlib.sha256(f"{path}?{expires}".encode()).hexdigest()


class WireBackend(Backend):
    """The whole state of the simulated Discord; it outlives every bot that connects."""

    def __init__(self, changes: Changes) -> None:
        clock = MovableClock()
        super().__init__(clock=clock)
        self.cdn: Any = WireCdn(clock)
        self.http_requests: Any = deque(maxlen=KEPT_LINES)
        self.transcript: Any = deque(maxlen=KEPT_LINES)
        self.changes = changes
        self.bot_user.name = "Z-Image"
        self.locales: dict[int, str] = {}  # by user
        self.boosts: dict[int, int] = {}  # level, by guild
        self.limits: dict[int, int] = {}  # bytes, by channel or guild: overrides the level's
        self.hidden_limits: set[int] = set()  # places whose interactions do not tell the limit

    def upload_limit(self, channel_id: int) -> int:
        """Return how many bytes one file may have in a channel."""
        channel = self.get_channel(channel_id)
        for place in (channel_id, channel.parent_id, channel.guild_id):
            if place in self.limits:
                return self.limits[place]
        return UPLOAD_LIMITS[self.boosts.get(channel.guild_id, 0)]

    def told_limit(self, channel_id: int) -> int:
        """Return the limit interactions tell, which is not always the one that is enforced."""
        channel = self.get_channel(channel_id)
        if self.hidden_limits & {channel_id, channel.guild_id}:
            return UPLOAD_LIMITS[self.boosts.get(channel.guild_id, 0)]
        return self.upload_limit(channel_id)

    def delete_channel(self, channel_id: int) -> None:
        """Delete a channel with its threads, which simcord leaves behind."""
        threads = [each.id for each in self.channels.values() if each.parent_id == channel_id
                   and each.thread_metadata is not None]  # fmt: skip
        for thread_id in threads:
            super().delete_channel(thread_id)
        super().delete_channel(channel_id)

    def guild_payload(self, guild: Guild) -> dict[str, Any]:
        """Return a guild as GUILD_CREATE shows it."""
        return self._boosted(serializers.guild_create_payload(self, guild))

    def emit(self, event: str, payload: Mapping[str, Any]) -> None:
        if event == "INTERACTION_CREATE":
            payload = self._in_context(payload)
        elif event in {"GUILD_CREATE", "GUILD_UPDATE"}:
            payload = self._boosted(payload)
        super().emit(event, payload)
        self.changes.notify()

    def _boosted(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        return {**payload, "premium_tier": self.boosts.get(int(payload["id"]), 0)}

    def _in_context(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Add what simcord says the same of everyone: languages, the limit, the installer."""
        user = payload.get("user") or payload["member"]["user"]
        amended = {
            **payload,
            "locale": self.locales.get(int(user["id"]), "en-US"),
            "attachment_size_limit": self.told_limit(int(payload["channel_id"])),
        }
        if "guild_id" in payload:
            guild = self.get_guild(int(payload["guild_id"]))
            amended["guild_locale"] = guild.preferred_locale
            amended["authorizing_integration_owners"] = {"0": str(guild.id)}
        return amended
