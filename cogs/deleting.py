"""Delete: the images of a message, by who asked for them or by a moderator."""

from __future__ import annotations

import contextlib

import discord

from bot.jobs import Generation
from bot.texts import text
from cogs.replies import DEFAULT_FILESIZE_LIMIT
from cogs.rows import generation_ids
from cogs.sheets import sheet_content
from cogs.submitting import bot_of, is_moderator


async def delete_images(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Delete the images and the messages that show them; others than the requester are refused."""
    service = bot_of(interaction).service
    for generation in generations:
        await service.delete(
            generation.id, by=interaction.user.id, is_moderator=is_moderator(interaction)
        )
    await interaction.response.defer()
    await interaction.delete_original_response()
    await _delete_first_messages(interaction, generations)
    ids = ", ".join(generation.id for generation in generations)
    await interaction.followup.send(
        text("deleted", str(interaction.locale), ids=ids), ephemeral=True
    )


async def _delete_first_messages(
    interaction: discord.Interaction, generations: list[Generation]
) -> None:
    """Delete the messages that showed these images first, unless they show others too."""
    deleted = {generation.id for generation in generations}
    pressed = interaction.message.id if interaction.message is not None else None
    for generation in generations:
        if generation.message_id in {None, pressed} or generation.channel_id is None:
            continue
        channel = bot_of(interaction).get_partial_messageable(generation.channel_id)
        with contextlib.suppress(discord.HTTPException):  # gone already, or out of reach
            assert generation.message_id is not None
            message = await channel.fetch_message(generation.message_id)
            if set(generation_ids(message)) <= deleted:
                await message.delete()
            else:
                await _redraw_sheet(interaction, generation, message)


async def _redraw_sheet(
    interaction: discord.Interaction, generation: Generation, message: discord.Message
) -> None:
    """Take a deleted image from the sheet that shows it."""
    service = bot_of(interaction).service
    job, left = await service.job(generation.job_id), await service.images_of(generation.job_id)
    if job is not None and job.axis is not None and left:
        content = await sheet_content(job, left, limit_bytes=DEFAULT_FILESIZE_LIMIT)
        await message.edit(**content.arguments())
