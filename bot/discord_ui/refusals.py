"""The one sentence that a user is told about an error, in their language."""

from __future__ import annotations

import errno
import logging
from typing import Final

from discord import app_commands

from bot import locales
from bot.discord_ui.discord_errors import Refusal, in_one_line, is_forbidden, refusal_of
from bot.domain.plain_text import in_code
from bot.errors import BotError

logger = logging.getLogger(__name__)

_FULL: Final = {errno.ENOSPC, errno.EDQUOT}
_VALUE_SHOWN: Final = 100  # characters of a typed value in a sentence


class RefusalError(BotError):
    """A refusal whose sentence exists in every language."""

    def __init__(self, key: str, **values: object) -> None:
        """Keep the key and the values for the reader's language; the message is English."""
        super().__init__(locales.text(key, "en-US", **values))
        self.key = key
        self.values = values

    def in_language(self, locale: str) -> str:
        """Return the sentence in the reader's language, with typed values cut and harmless."""
        shown = {
            name: in_code(value, _VALUE_SHOWN) if isinstance(value, str) else value
            for name, value in self.values.items()
        }
        return locales.text(self.key, locale, **shown)


def explain(error: BaseException, locale: str) -> str:
    """Return the one sentence a user is told about an error, and log it if it is a defect."""
    if isinstance(error, RefusalError):
        return _unlinked(error.in_language(locale))
    if isinstance(error, BotError):
        return _unlinked(locales.sentence(error.message, locale))
    if isinstance(error, app_commands.AppCommandError):
        # What was typed is in the message of a conversion that failed: it is not logged.
        is_of_value = isinstance(error, app_commands.TransformerError)
        reason = type(error).__name__ if is_of_value else in_one_line(error)
        logger.warning("A command cannot be run as Discord sent it: %s", reason)
        return locales.text("place_unknown" if _is_of_place(error) else "command_changed", locale)
    return _explain_other(error, locale)


def _is_of_place(error: app_commands.AppCommandError) -> bool:
    """Tell whether a command names a channel that the bot does not know."""
    kinds = app_commands.AppCommandChannel | app_commands.AppCommandThread
    return isinstance(error, app_commands.TransformerError) and isinstance(error.value, kinds)


def _explain_other(error: BaseException, locale: str) -> str:
    """Return the sentence about what Discord or the machine refuses, or about a defect."""
    if is_forbidden(error):
        return locales.text("no_permission_here", locale)
    if isinstance(error, OSError) and error.errno in _FULL:
        logger.error("The disk is full: %s", error)
        return locales.text("disk_full", locale)
    refusal = refusal_of(error)
    if refusal is None:
        logger.error("Unexpected error in an interaction", exc_info=error)
        return locales.text("fixed_error", locale)
    logger.warning("Discord refused a request: %s", in_one_line(error))
    keys = {Refusal.PASSING: "discord_silent", Refusal.TOO_LARGE: "answer_too_large"}
    return locales.text(keys.get(refusal, "fixed_error"), locale)


def _unlinked(sentence: str) -> str:
    """Return a sentence in which nothing that people named becomes a link to elsewhere."""
    return sentence.replace("](", "]\u200b(")
