"""Buttons and selects of messages, understood by every run of the bot from their `custom_id`."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any, Final, Self, TypeVar

import aiohttp
import discord
from discord import ui
from discord.ext import commands
from discord.ui.select import BaseSelect

from bot.discord_ui.actions import check_use
from bot.discord_ui.boundary import answer_error, errors_answered, is_welcome
from bot.discord_ui.client import ImageBot
from bot.discord_ui.interaction_kinds import action_of
from bot.discord_ui.payloads import is_understood
from bot.discord_ui.refusals import RefusalError

_Item = TypeVar("_Item", bound=ui.Button[Any] | BaseSelect[Any])
_EDITED_WITHIN_S: Final = 5.0  # what hangs longer is given up
# A message that is not edited is no loss; the session is closed (RuntimeError) where the bot stops.
_UNEDITED: Final = (discord.HTTPException, aiohttp.ClientError, OSError, RuntimeError)
_NOTHING: Final = r"(?!)"  # matched by no `custom_id`; each kind of item brings a template


class AnswerableItem(ui.DynamicItem[_Item], template=_NOTHING):
    """A button or select that is answered once, however often Discord tells of the press.

    A kind of item is a subclass with a template, and says in `pressed` what a press does.

    Attributes:
        match: The `custom_id`, as its template reads it.

    """

    def __init__(self, item: _Item, match: re.Match[str]) -> None:
        super().__init__(item)
        self.match = match

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - part of the interface
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Build the item that was pressed."""
        pressed: Any = item
        return cls(pressed, match)

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Let a press through that is new and in time."""
        return is_welcome(interaction)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the item is for; what goes wrong becomes one private sentence."""
        async with errors_answered(interaction):
            await check_use(interaction, action_of(interaction))
            await self.pressed(interaction)

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the item is for."""
        raise NotImplementedError


def chosen_value(interaction: discord.Interaction[Any]) -> str:
    """Return the one value that was chosen from a select."""
    data: Any = interaction.data
    value: str = data["values"][0]
    return value


class LastingSelect(AnswerableItem[ui.Select[ui.LayoutView]], template=_NOTHING):
    """A select of a lasting message: it shows nothing chosen once its choice is answered.

    Discord's clients keep the choice, and send the same one again only after the message changed
    (discord-api-docs #4801): an edit that changes nothing does. It comes after the answer, also
    after a refusal: edits have a rate limit, and an answer that waits for one comes too late.
    """

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Answer, then let the same be chosen again; not where a stop came between."""
        await super().callback(interaction)
        message = interaction.message
        if message is not None and not message.flags.ephemeral:  # in private it is short-lived
            with contextlib.suppress(*_UNEDITED):
                async with asyncio.timeout(_EDITED_WITHIN_S):
                    await message.edit(allowed_mentions=discord.AllowedMentions.none())


class UnknownItems(commands.Cog):
    """Answers buttons and selects that only another version of the bot understands."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Say so, instead of letting Discord say that the interaction failed."""
        data: Any = interaction.data
        if interaction.type is not discord.InteractionType.component:
            return
        if not is_understood(self._bot, data["custom_id"]) and is_welcome(interaction):
            await answer_error(interaction, RefusalError("item_unknown"))


async def setup(bot: ImageBot) -> None:
    """Let no button or select be without an answer."""
    await bot.add_cog(UnknownItems(bot))
