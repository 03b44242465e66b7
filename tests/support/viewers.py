"""Viewers that tests ask with."""

from __future__ import annotations

from bot.domain.jobs import JobSource
from bot.domain.viewers import Viewer


def viewer_at(origin: JobSource) -> Viewer:
    """Return whoever asked for a job, with what they may see from there: that place alone."""
    here = frozenset({origin.channel_id})
    return Viewer(
        user_id=origin.user_id,
        user_name=origin.user_name,
        guild_id=origin.guild_id,
        channel_id=origin.channel_id,
        channels=here,
        shared=here,
    )
