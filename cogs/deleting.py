"""Delete: the images of a message, by who asked for them or by a moderator."""

from __future__ import annotations

import discord

from bot.jobs import Generation
from bot.texts import text
from cogs.submitting import bot_of, is_moderator


async def delete_images(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Delete the images and the message that shows them; others than the requester are refused."""
    service = bot_of(interaction).service
    for generation in generations:
        await service.delete(
            generation.id, by=interaction.user.id, is_moderator=is_moderator(interaction)
        )
    await interaction.response.defer()
    await interaction.delete_original_response()
    ids = ", ".join(generation.id for generation in generations)
    await interaction.followup.send(
        text("deleted", str(interaction.locale), ids=ids), ephemeral=True
    )
