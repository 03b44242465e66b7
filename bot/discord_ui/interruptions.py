"""What is known and said of answers that were interrupted, wherever their users are reached."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, Final

import discord

from bot.discord_ui import views
from bot.discord_ui.client import ImageBot
from bot.discord_ui.discord_errors import NEVER_ANSWERED
from bot.domain.deferrals import Deferral, Repeat
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
        OVER: It was given and only that is not recorded, or nobody waits for it any more.

    """

    OPEN = auto()
    LATE = auto()
    OVER = auto()


async def state_of(
    bot: ImageBot, deferral: Deferral, interaction: discord.Interaction
) -> tuple[AnswerState, discord.Message | None]:
    """Find out whether somebody still waits, and what they see.

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
    """Return what somebody asked for, as they know it."""
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
    """Say something in the place of an answer; return whether that is possible at all.

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
