"""Delete: the images of a message, by who asked for them or by a moderator."""

from __future__ import annotations

import contextlib
import re
from typing import Any, Self

import discord
from discord import ui

from bot.boards import Hanging
from bot.client import errors_answered
from bot.jobs import Generation
from bot.texts import text
from cogs import layouts
from cogs.board_choosing import summaries
from cogs.board_people import actor_of
from cogs.board_rows import OFF_TEMPLATE
from cogs.board_wording import board_name
from cogs.replies import DEFAULT_FILESIZE_LIMIT
from cogs.rows import generation_ids
from cogs.sheets import sheet_content
from cogs.submitting import bot_of, guild_of, is_moderator


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
    said = text("deleted", str(interaction.locale), ids=ids)
    hanging = await hanging_view(interaction, generations, said)
    if hanging is None:
        await interaction.followup.send(said, ephemeral=True)
    else:
        await interaction.followup.send(view=hanging, ephemeral=True)


async def hanging_view(
    interaction: discord.Interaction, generations: list[Generation], said: str
) -> ui.LayoutView | None:
    """Return where deleted images still hang, with a button that takes them off, or None.

    A board keeps its own copy: others may have voted and decided on it.
    """
    if guild_of(interaction) is None:
        return None
    boards, actor = bot_of(interaction).service.boards, actor_of(interaction)
    found = [each for one in generations for each in await boards.hangings(actor, one.id)]
    found = await _seen_by(interaction, found)
    if not found:
        return None
    locale = str(interaction.locale)
    names = ", ".join(f"**{board_name(each.board_name)}** ({each.number})" for each in found)
    ids = ".".join(each.id for each in generations)
    button: ui.Button[ui.LayoutView] = ui.Button(
        label=text("board_button_unhang", locale), custom_id=f"zib:unhang:{ids}"
    )
    words = said + "\n" + text("board_still_hangs", locale, names=names)
    return layouts.layout(ui.TextDisplay(words), ui.ActionRow(button))


async def _seen_by(interaction: discord.Interaction, found: list[Hanging]) -> list[Hanging]:
    """Return the places on boards that the reader may see, for what names them."""
    seen = {each.id for each in await summaries(interaction, with_archived=True)}
    return [each for each in found if each.board_id in seen]


class UnhangButton(ui.DynamicItem[ui.Button[ui.LayoutView]], template=OFF_TEMPLATE):
    """Takes deleted images off the boards that they still hang on."""

    def __init__(self, item: ui.Button[ui.LayoutView], ids: list[str]) -> None:
        """Remember which images."""
        super().__init__(item)
        self.ids = ids

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - part of the interface
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Read which images a pressed button is about."""
        assert isinstance(item, ui.Button)
        return cls(item, match["ids"].split("."))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Take off what is the presser's own, or anything for moderators."""
        async with errors_answered(interaction):
            boards, actor = bot_of(interaction).service.boards, actor_of(interaction)
            gone = [
                each for id_ in self.ids for each in await boards.take_off_everywhere(actor, id_)
            ]
            gone = await _seen_by(interaction, gone)
            names = ", ".join(f"**{board_name(each.board_name)}** ({each.number})" for each in gone)
            words = text("board_unhung" if gone else "board_unhung_none",
                         str(interaction.locale), names=names)  # fmt: skip
            await interaction.response.edit_message(view=layouts.notice(words))


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
