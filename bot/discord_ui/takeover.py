"""Draw this here: what the file of another program says becomes a job with one press."""

from __future__ import annotations

import re
from typing import Any, Self

import discord
from discord import ui

from bot.discord_ui.client import AnswerableItem, RefusalError, errors_answered
from bot.discord_ui.components import TAKEOVER_TEMPLATE, Button
from bot.discord_ui.submission import bot_of, submit
from bot.locales import text


def draw_button(takeover_id: str, locale: str) -> Button:
    """Return the button that draws what was kept under an id."""
    return Button(
        style=discord.ButtonStyle.primary,
        emoji="🖌️",
        label=text("button_draw_here", locale),
        custom_id=f"zib:takeover:{takeover_id}",
    )


class DrawHereButton(
    AnswerableItem, ui.DynamicItem[ui.Button[ui.LayoutView]], template=TAKEOVER_TEMPLATE
):
    """The button under what is told of another program's picture."""

    def __init__(self, item: ui.Button[ui.LayoutView], takeover_id: str) -> None:
        super().__init__(item)
        self.takeover_id = takeover_id

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - part of the interface
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Read what a pressed button is about."""
        assert isinstance(item, ui.Button)
        return cls(item, match["id"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Queue it like a prompt that was typed."""
        async with errors_answered(interaction):
            takeover = await bot_of(interaction).service.takeover(self.takeover_id)
            if takeover is None:
                raise RefusalError("takeover_gone")
            await submit(interaction, [takeover.request])
