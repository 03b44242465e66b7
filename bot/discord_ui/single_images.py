"""One image of several, in a message of its own with all its buttons: U1, or chosen by number."""

from __future__ import annotations

from typing import Any

import discord

from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import CHOOSE_TEMPLATE, ONE_TEMPLATE, Button
from bot.discord_ui.deferrals import defer
from bot.discord_ui.items import AnswerableItem, LastingSelect, chosen_value
from bot.discord_ui.results import kept_images
from bot.discord_ui.submission import bot_of, find
from bot.discord_ui.viewers import viewer_of
from bot.domain.deferrals import Repeat


async def show_one(interaction: discord.Interaction, id_: str) -> None:
    """Show the exact image, in private."""
    viewer = await viewer_of(interaction)
    generations = await find(interaction, [id_])
    await defer(interaction, repeat=Repeat.UNANSWERED)
    await bot_of(interaction).service.images.show_again([id_], viewer=viewer)
    hidden = await bot_of(interaction).service.images.hidden_among([id_], viewer=viewer)
    content = await kept_images(
        generations,
        rules=bot_of(interaction).service.model_rules,
        map_file=await bot_of(interaction).service.images.map_file(id_, viewer=viewer),
        limit_bytes=interaction.filesize_limit,
        locale=str(interaction.locale),
        is_hidden=bool(hidden),
    )
    await Answer.to(interaction).give(content)


class ShowOneButton(AnswerableItem[Button], template=ONE_TEMPLATE):
    """The button under several images that shows one of them."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Show it."""
        await show_one(interaction, self.match["id"])


class ChooseSelect(LastingSelect, template=CHOOSE_TEMPLATE):
    """The select under a sheet that shows one of its images."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Show the chosen one."""
        await show_one(interaction, chosen_value(interaction))


async def setup(bot: ImageBot) -> None:
    """Let the buttons and selects of every message be understood."""
    bot.add_dynamic_items(ShowOneButton, ChooseSelect)
