"""What is known of interrupted answers, and what their users are told."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, Final

import discord

from bot.discord_ui import views
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import generation_ids
from bot.discord_ui.discord_errors import NEVER_ANSWERED, Refusal, refusal_of
from bot.discord_ui.payloads import interaction_of
from bot.discord_ui.posts import own_messages
from bot.domain.deferrals import Deferral, Repeat
from bot.domain.jobs import ImageMessage
from bot.locales import text

logger = logging.getLogger(__name__)

# Codes of Discord's, which alone tell a final refusal from a passing one.
DEAD_TOKEN: Final = 50027  # 15 minutes are over
DISMISSED: Final = 10008  # no such message

ASK_AGAIN: Final = {
    Repeat.NEVER: "look_first",
    Repeat.UNANSWERED: "ask_again",
    Repeat.ALWAYS: "ask_again",
}


class AnswerState(Enum):
    """What is known of an answer.

    Attributes:
        OPEN: It is awaited, or may be.
        LATE: The 15 minutes in which it could be given are over.
        OVER: It was given but not recorded as given, or nobody waits for it any more.

    """

    OPEN = auto()
    LATE = auto()
    OVER = auto()


async def state_of(
    bot: ImageBot, deferral: Deferral, interaction: discord.Interaction
) -> tuple[AnswerState, discord.Message | None]:
    """Find out whether the user still waits, and what they see.

    Raises:
        discord.HTTPException: Discord does not tell now.

    """
    if bot.now() >= interaction.expires_at:
        return AnswerState.LATE, None
    try:
        message = await interaction.original_response()
    except discord.HTTPException as error:
        if error.code == DEAD_TOKEN:
            return AnswerState.LATE, None
        if error.code not in {NEVER_ANSWERED, DISMISSED}:
            raise
        return AnswerState.OVER, None
    except discord.ClientException:
        return AnswerState.OVER, None  # its channel is gone
    is_given = (
        not message.flags.loading if deferral.is_thinking else _has_changed(deferral, message)
    )
    is_over = is_given and deferral.repeat is not Repeat.ALWAYS
    return AnswerState.OVER if is_over else AnswerState.OPEN, message


def _has_changed(deferral: Deferral, message: discord.Message) -> bool:
    """Tell whether the message that was pressed has been edited since."""
    edited_at: str | None = deferral.payload.get("message", {}).get("edited_timestamp")
    return message.edited_at != discord.utils.parse_time(edited_at)


def words_of(deferral: Deferral, what: str) -> str:
    """Return a sentence about an answer: `goes_on`, `gave_up` or one of `ASK_AGAIN`."""
    locale = str(deferral.payload.get("locale", "en-US"))
    return text(f"deferral_{what}", locale, what=_name(deferral.payload, locale))


def _name(payload: Mapping[str, Any], locale: str) -> str:
    """Return what the user asked for in their own terms: a command, a button, a form."""
    data = payload["data"]
    if payload["type"] == discord.InteractionType.component.value:
        return text("deferral_button", locale)
    if payload["type"] == discord.InteractionType.modal_submit.value:
        return text("deferral_form", locale)
    if data.get("type", 1) != discord.AppCommandType.chat_input.value:
        return f"**{data['name']}**"
    words, groups = [data["name"]], {1, 2}  # kinds of options that are subcommands or groups
    while data.get("options") and data["options"][0]["type"] in groups:
        data = data["options"][0]
        words.append(data["name"])
    return f"`/{' '.join(words)}`"


async def say_in_place(deferral: Deferral, interaction: discord.Interaction, words: str) -> bool:
    """Put words where the answer would be; return False if that is no longer possible.

    Raises:
        discord.HTTPException: Not now.

    """
    view = views.notice(words, colour=views.STOPPED)
    try:
        if deferral.is_thinking:
            await interaction.edit_original_response(view=view, attachments=[])
        else:
            await interaction.followup.send(view=view, ephemeral=True)
    except discord.HTTPException as error:
        if error.code not in {DEAD_TOKEN, NEVER_ANSWERED, DISMISSED}:
            raise
        return False
    return True


async def is_awaited(bot: ImageBot, deferral: Deferral) -> bool:
    """Tell whether Discord still shows "thinking…"."""
    if not deferral.is_thinking:
        return False
    try:
        message = await interaction_of(bot, deferral).original_response()
    except discord.HTTPException:
        return False
    return message.flags.loading


async def note_images(bot: ImageBot, deferral: Deferral, message: discord.Message | None) -> bool:
    """Record the images that an answer shows to everyone; tell whether any were not known.

    An answer that is not where it belongs may have been written to the channel instead.
    """
    if not deferral.is_thinking:
        return False
    if message is not None:
        return await _note_found(bot, message)
    since, channel_id = deferral.created_at, int(deferral.payload.get("channel_id") or 0)
    try:
        written = [each async for each in own_messages(bot, channel_id, since=since)]
    except discord.HTTPException as error:
        if refusal_of(error) is Refusal.PASSING:
            raise
        return False  # the bot may not read there, or nothing is left to read
    return any([await _note_found(bot, each) for each in written])


async def _note_found(bot: ImageBot, message: discord.Message) -> bool:
    if message.flags.ephemeral:
        return False
    place = ImageMessage(channel_id=message.channel.id, message_id=message.id)
    return await bot.service.system.note_found(place, generation_ids(message))
