"""The boundary around every handler: only what is in time comes in, and no error goes out."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import discord
from discord import app_commands, ui

from bot.discord_ui.answers import Answer
from bot.discord_ui.arrivals import Arrivals
from bot.discord_ui.components import appeal_button
from bot.discord_ui.content import sentence
from bot.discord_ui.discord_errors import in_one_line
from bot.discord_ui.refusals import explain
from bot.services import UnansweredError
from bot.services.policy import RefusedHereError, UnwantedWordError

logger = logging.getLogger(__name__)

# A key of an interaction's `extras`, set where not even an error could be told.
UNANSWERED: Final = "unanswered"


async def answer_error(interaction: discord.Interaction, error: BaseException) -> None:
    """Tell the user, and only them, in one sentence what went wrong."""
    while isinstance(error, app_commands.CommandInvokeError):
        error = error.original
    if isinstance(error, UnansweredError):
        logger.info("Interaction %d is dropped: %s", interaction.id, error)
        return
    if interaction.client.is_closed():
        logger.info("Interaction %d came while the bot ended, and is dropped", interaction.id)
        return
    locale = str(interaction.locale)
    buttons = appeal_of(error, locale)
    view = view_of(*buttons) if buttons else None
    await answer_privately(interaction, explain(error, locale), view=view)


def appeal_of(error: BaseException, locale: str) -> list[ui.Button[Any]]:
    """Return the button that asks moderators for another decision, where they can be asked."""
    if not isinstance(error, RefusedHereError | UnwantedWordError) or error.entry_id is None:
        return []
    return [appeal_button(error.entry_id, locale)]


def view_of(*buttons: ui.Button[Any]) -> ui.View:
    """Return buttons under plain words."""
    view = ui.View(timeout=None)
    for each in buttons:
        view.add_item(each)
    view.stop()
    return view


async def answer_privately(
    interaction: discord.Interaction, words: str, *, view: ui.View | None = None
) -> None:
    """Say one sentence that only the user sees; a failure of that is only logged."""
    try:
        await Answer.to(interaction).tell(sentence(words, view=view))
    except Exception as error:
        is_known = isinstance(error, UnansweredError | discord.HTTPException)
        if not is_known and not interaction.client.is_closed():
            raise
        logger.warning("An error could not be told: %s", in_one_line(error))
        interaction.extras[UNANSWERED] = True  # if somebody still waits, Discord will tell


@contextlib.asynccontextmanager
async def errors_answered(interaction: discord.Interaction) -> AsyncIterator[None]:
    """Turn whatever a button or form raises into one private sentence."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - one of the two boundaries of the design
        await answer_error(interaction, error)


def is_welcome(interaction: discord.Interaction[Any]) -> bool:
    """Return whether an interaction is new and in time; its seconds begin to count."""
    client = interaction.client
    Answer.to(interaction)
    client.note_handler(interaction)
    if interaction.response.is_done():  # promised by an earlier run, and taken up again
        return True
    arrivals: Arrivals = client.arrivals
    return arrivals.admit(interaction, client.now(), time.monotonic())
