"""Age-restricted channels and spoiler channels, of which simcord says nothing in its payloads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from simcord.backend import serializers

from bot.discord_ui.places import SPOILER_FLAG


@contextlib.contextmanager
def channel_kinds_told() -> Iterator[None]:
    """Let every payload of a channel say what `mark_channel` made of it."""
    plain = serializers.channel_payload

    def told(backend: Any, channel: Any) -> Any:
        kinds = getattr(backend, "channel_kinds", {})
        return {**plain(backend, channel), **kinds.get(channel.id, {})}

    serializers.channel_payload = told
    try:
        yield
    finally:
        serializers.channel_payload = plain


def mark_channel(
    backend: Any, channel_id: int, *, nsfw: bool = False, is_spoiler: bool = False
) -> None:
    """Make a channel age-restricted, or one that is hidden until it is clicked, or plain again."""
    kind = {"nsfw": nsfw, "flags": SPOILER_FLAG if is_spoiler else 0}
    backend.channel_kinds = {**getattr(backend, "channel_kinds", {}), channel_id: kind}
    backend.announce_channel_update(channel_id)
