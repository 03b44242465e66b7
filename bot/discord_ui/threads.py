"""Threads that Discord has put into its archive."""

from __future__ import annotations

import discord


async def reopened(bot: discord.Client, channel_id: int) -> bool:
    """Take a thread out of Discord's archive; False where it is in none, or is locked."""
    place = await bot.fetch_channel(channel_id)
    if not isinstance(place, discord.Thread) or place.locked or not place.archived:
        return False
    await place.edit(archived=False)
    return True
