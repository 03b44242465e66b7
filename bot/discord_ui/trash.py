"""Bring back: images that were deleted less than a day ago, by who deleted them."""

from __future__ import annotations

from typing import Any, Final

import discord

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.boards.display import acknowledge
from bot.discord_ui.boards.formatting import board_name
from bot.discord_ui.components import BACK_TEMPLATE, Button, back_button
from bot.discord_ui.content import Content
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import viewer_of
from bot.domain.jobs import Generation
from bot.domain.viewers import Viewer
from bot.locales import text
from bot.services.trash import BroughtBack
from bot.storage.trash import TrashEntry

_NAMED: Final = 15  # images and channels that one sentence names


def until_line(trash: TrashEntry, locale: str) -> str:
    """Return until when something can be brought back."""
    return text("deleted_until", locale, when=f"<t:{int(trash.until.timestamp())}:f>")


def back_row(trash: TrashEntry | None, locale: str) -> list[Button]:
    """Return the button that brings something back, where that is possible."""
    return [] if trash is None else [back_button(trash.id, locale)]


class BringBackButton(AnswerableItem[Button], template=BACK_TEMPLATE):
    """Brings back what its presser deleted less than a day ago."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Bring back all that was deleted together, also where it hung on boards."""
        await acknowledge(interaction)
        viewer = await viewer_of(interaction)
        back = await bot_of(interaction).service.trash.bring_back(self.match["id"], viewer=viewer)
        words = await _brought_back(interaction, back, viewer)
        await Answer.to(interaction).update(Content(view=views.notice(words)))


def _place(generation: Generation) -> str:
    """Return a link to where an image was made; direct messages have no name."""
    if generation.guild_id is None:
        return f"https://discord.com/channels/@me/{generation.channel_id}"
    return f"<#{generation.channel_id}>"


async def _brought_back(interaction: discord.Interaction, back: BroughtBack, viewer: Viewer) -> str:
    locale = str(interaction.locale)
    channels = list(dict.fromkeys(map(_place, back.generations)))
    ids = ", ".join(each.id for each in back.generations[:_NAMED])
    words = text("brought_back", locale, ids=ids, channels=" ".join(channels[:_NAMED]))
    hung = {(each.board_id, each.number) for each in back.items}
    boards = bot_of(interaction).service.boards
    places = [
        each
        for one in (back.generations if hung else ())
        for each in await boards.hangings(one.id, viewer=viewer)
        if (each.board_id, each.number) in hung
    ]
    if places:
        names = ", ".join(f"**{board_name(each.board_name)}** ({each.number})" for each in places)
        words += " " + text("brought_back_boards", locale, names=names)
    return words
