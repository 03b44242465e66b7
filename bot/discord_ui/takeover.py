"""Draw this here: what the file of another program says becomes a job with one press."""

from __future__ import annotations

from typing import Any

import discord

from bot.discord_ui.components import TAKEOVER_TEMPLATE, Button
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.loras import prepare_loras
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.submission import bot_of, submit
from bot.locales import text


def draw_button(takeover_id: str, locale: str) -> Button:
    """Return the button that draws the settings stored under an id."""
    return Button(
        style=discord.ButtonStyle.primary,
        emoji="🖌️",
        label=text("button_draw_here", locale),
        custom_id=f"zib:takeover:{takeover_id}",
    )


class DrawHereButton(AnswerableItem[Button], template=TAKEOVER_TEMPLATE):
    """The button under the settings found in another program's picture."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Queue it like a prompt that was typed."""
        service = bot_of(interaction).service
        takeover = await service.takeovers.find(self.match["id"])
        if takeover is None:
            raise RefusalError("takeover_gone")
        await prepare_loras(service, None, takeover.prompt)
        await submit(interaction, [takeover.request(service.model_rules)])
