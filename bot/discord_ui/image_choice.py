"""Which image a command is about: an id, a link to a message, or the reader's own last one."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import Final

import discord
from discord import app_commands

from bot.discord_ui.components import generation_ids
from bot.discord_ui.formatting import shortened
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.submission import bot_of, find, still_there
from bot.discord_ui.viewers import viewer_of
from bot.domain.forms import Choice, Field, Form
from bot.domain.jobs import Generation, typed_id
from bot.domain.search import Search
from bot.errors import BotError
from bot.locales import text

_LINK: Final = re.compile(
    r"https://(?:\w+\.)?discord(?:app)?\.com/channels/(?:@me|\d+)/(\d{1,19})/(\d{1,19})/?"
)
_MAX_CHOICES: Final = 25  # Discord's
_MAX_ID: Final = 2**63 - 1  # of anything on Discord; SQLite takes no larger number


async def chosen(interaction: discord.Interaction, typed: str | None) -> list[Generation]:
    """Return the image that was named; with a link, all images of the message.

    Raises:
        RefusalError: There is none that may be seen from here.

    """
    if typed is None or not typed.strip():
        return [await _last_of(interaction)]
    link = _LINK.fullmatch(typed.strip().strip("<>"))
    if link is None:
        return await find(interaction, [typed_id(typed)])
    channel_id, message_id = map(int, link.groups())
    if max(channel_id, message_id) > _MAX_ID:
        raise RefusalError("no_image_there")
    return await _linked(interaction, channel_id=channel_id, message_id=message_id)


async def _last_of(interaction: discord.Interaction) -> Generation:
    """Return the newest image that the reader asked for in this place."""
    own = Search(user_id=interaction.user.id)
    page = await bot_of(interaction).service.images.history(
        viewer=await viewer_of(interaction), search=own, page_size=1
    )
    if not page.generations:
        raise RefusalError("no_image_of_yours")
    return page.generations[0]


async def _linked(
    interaction: discord.Interaction, *, channel_id: int, message_id: int
) -> list[Generation]:
    """Return the images of a message as recorded, else as its buttons name them."""
    service, viewer = bot_of(interaction).service, await viewer_of(interaction, {channel_id})
    if found := await service.images.of_message(message_id, viewer=viewer):
        return found
    is_own = viewer.guild_id is None and channel_id == interaction.channel_id
    may_look = is_own or channel_id in viewer.channels
    ids = await _ids_under(interaction, channel_id, message_id) if may_look else []
    seen = await still_there(interaction, ids)
    if not seen:
        raise RefusalError("no_image_there")
    return seen


async def _ids_under(
    interaction: discord.Interaction, channel_id: int, message_id: int
) -> list[str]:
    """Return the ids in a message that shows images again, if the bot can read it."""
    bot = bot_of(interaction)
    with contextlib.suppress(discord.HTTPException):
        message = await bot.get_partial_messageable(channel_id).fetch_message(message_id)
        if message.author == bot.user:
            return generation_ids(message)
    return []


def which_image(generations: Sequence[Generation], locale: str) -> Field:
    """Return the field of a form that says which image of a message is meant.

    Raises:
        RefusalError: There are more than a select holds.

    """
    if len(generations) > _MAX_CHOICES:
        raise RefusalError("choose_first", count=len(generations))
    choices = [
        Choice(value=each.id, label=text("source_one", locale, number=each.index + 1, id=each.id))
        for each in generations
    ]
    label = text("source_which", locale)
    return Field(name="which", label=label, value=generations[0].id, choices=choices)


def chosen_image(form: Form) -> str:
    """Return the id of the image that was chosen in a form, of those that it is about."""
    ids: list[str] = form.subject["ids"]
    chosen = form.typed.get("which", ids[0])
    return chosen if chosen in ids else ids[0]


async def suggest_images(
    interaction: discord.Interaction, typed: str
) -> list[app_commands.Choice[str]]:
    """Offer the reader's own last images, or those whose prompt has the typed words."""
    service, viewer = bot_of(interaction).service, await viewer_of(interaction)
    exact = await service.images.find(typed_id(typed), viewer=viewer) if typed.strip() else None
    if exact is not None:
        return _choices([exact])
    with contextlib.suppress(BotError):  # half a filter was typed, such as `seed:`
        search = Search.parse(typed) if typed.strip() else Search(user_id=interaction.user.id)
        page = await service.images.history(viewer=viewer, search=search, page_size=_MAX_CHOICES)
        return _choices(page.generations)
    return []


def _choices(generations: Sequence[Generation]) -> list[app_commands.Choice[str]]:
    return [
        app_commands.Choice(
            name=shortened(f"{each.id} · {each.request.prompt} · {each.request.seed}", 100),
            value=each.id,
        )
        for each in generations
    ]
