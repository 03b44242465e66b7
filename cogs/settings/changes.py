"""What was changed: the log, taking back, and rules as a file."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import discord

from bot.discord_ui.answers import Answer
from bot.discord_ui.attachments import Attachment, fetch
from bot.discord_ui.content import Upload, sentence
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import shortened, user_mention
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.settings.answers import fitting, give_lines, service_of
from bot.discord_ui.settings.subjects import reader_of
from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import viewer_of
from bot.domain.deferrals import Repeat
from bot.domain.plain_text import quoted
from bot.domain.rules.document import MAX_CHARACTERS
from bot.environment.text_files import NotTextError, decode
from bot.locales import text
from bot.services.rule_texts import Reader, changes_words
from bot.storage.rules import RuleChange

_FILE: Final = "rules.toml"
_CHANGE_SHOWN: Final = 400  # characters


async def send_log(interaction: discord.Interaction) -> None:
    """List the last changes, the newest first."""
    viewer, reader = await viewer_of(interaction), reader_of(interaction)
    await defer(interaction, repeat=Repeat.UNANSWERED)
    changes = await service_of(interaction).changes(viewer=viewer)
    nothing = [text("settings_log_empty", reader.locale)]
    lines = fitting([_log_line(each, reader) for each in changes] or nothing, reader)
    await give_lines(interaction, text("settings_log_title", reader.locale), *lines)


def _log_line(change: RuleChange, reader: Reader) -> str:
    changes = shortened(changes_words(change.steps, reader), _CHANGE_SHOWN)
    if change.undoes is not None:
        changes = text("settings_log_undo", reader.locale, changes=changes)
    at, user = int(change.created_at.timestamp()), change.user_name  # of the command line
    if change.user_id:
        user = user_mention(change.user_id)
    return text("settings_log_line", reader.locale, at=at, user=user, changes=changes)


async def undo(interaction: discord.Interaction) -> None:
    """Take back the newest change that was not taken back yet."""
    viewer = await viewer_of(interaction)
    await defer(interaction)
    change = await service_of(interaction).undo(viewer=viewer)
    if change is None:
        raise RefusalError("settings_nothing_to_undo")
    await give_lines(interaction, undone(change, reader_of(interaction)))


def undone(change: RuleChange, reader: Reader) -> str:
    """Return what is said of a change that took another one back."""
    return text("settings_undone", reader.locale, changes=changes_words(change.steps, reader))


async def send_file(interaction: discord.Interaction) -> None:
    """Send the rules as TOML."""
    viewer, rules = await viewer_of(interaction), service_of(interaction)
    await defer(interaction, repeat=Repeat.UNANSWERED)
    count = sum(each.until is None for each in rules.entries(viewer=viewer))
    words = text("settings_exported", str(interaction.locale), count=count)
    file = Upload(name=_FILE, content=rules.to_file(viewer=viewer).encode())
    await Answer.to(interaction).give(replace(sentence(words), files=[file]))


async def take_file(interaction: discord.Interaction, file: discord.Attachment) -> None:
    """Put the rules of a file in place of all that are set; none where one does not work."""
    name, limit_kb = quoted(file.filename), MAX_CHARACTERS // 1000
    if file.size > MAX_CHARACTERS:
        size_kb = file.size // 1000
        raise RefusalError("settings_too_large", name=name, size=size_kb, limit=limit_kb)
    viewer, reader = await viewer_of(interaction), reader_of(interaction)
    await defer(interaction)
    try:
        words = decode(await fetch(bot_of(interaction), Attachment.of(file)))
    except NotTextError:
        raise RefusalError("settings_no_text", name=name) from None
    change = await service_of(interaction).replace(words, viewer=viewer)
    if change is None:
        said = text("settings_import_same", reader.locale)
    else:
        changes = changes_words(change.steps, reader)
        said = text("settings_imported", reader.locale, changes=changes)
    await give_lines(interaction, said)
