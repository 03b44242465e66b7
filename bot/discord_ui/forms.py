"""Forms that last: answered after a restart, and opened again with what was typed when refused.

A form's `custom_id` is the id of its row, which knows what it is about. discord.py is given none of
them to keep: what is sent is found by its row, whichever run of the bot opened it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import discord
from discord import ui
from discord.ext import commands

from bot.discord_ui.actions import check_use
from bot.discord_ui.answers import Answer
from bot.discord_ui.boundary import (
    answer_error,
    answer_privately,
    appeal_of,
    errors_answered,
    is_welcome,
    view_of,
)
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import Button
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.loras import prepare_loras
from bot.discord_ui.modals import modal_of, typed_into
from bot.discord_ui.refusals import RefusalError, explain
from bot.discord_ui.submission import bot_of
from bot.domain.forms import Field, Form
from bot.domain.plain_text import plain_text
from bot.domain.requests import FIELDS, FormEntry, RequestField
from bot.errors import BotError
from bot.locales import text
from bot.media.captions import field_title
from bot.services import UnansweredError

logger = logging.getLogger(__name__)

FORM_TEMPLATE: Final = re.compile(r"zib:form:(?P<form>[a-z0-9]+)")
AGAIN_TEMPLATE: Final = r"zib:again:(?P<form>[a-z0-9]+)"


async def show_form(
    interaction: discord.Interaction,
    kind: str,
    title: str,
    fields: Sequence[Field],
    **subject: Any,  # noqa: ANN401 - JSON
) -> None:
    """Open a form; the handler of its kind gets what is submitted.

    Args:
        interaction: What it answers.
        kind: A key of `ImageBot.form_handlers`.
        title: What stands above it.
        fields: At most five.
        **subject: What the handler needs to know of what the form is about, as JSON values.

    """
    form = await _opened(interaction, kind, title, fields, subject)
    await Answer.to(interaction).ask(lambda: modal_of(form, form.shown))


async def refuse(
    interaction: discord.Interaction,
    error: BotError,
    kind: str,
    title: str,
    fields: Sequence[Field],
    **subject: Any,  # noqa: ANN401 - JSON
) -> None:
    """Say why a command was refused, and offer its input again as a form."""
    sentence, again = explain(error, str(interaction.locale)), None
    try:
        form = await _opened(interaction, kind, title, fields, subject)
        again = offer_again(interaction, form.id, error)
    except BotError as unkept:  # a full disk: why it was refused is still what matters
        logger.warning("What was typed cannot be kept: %s", unkept.message)
    await answer_privately(interaction, sentence, view=again)


async def _opened(
    interaction: discord.Interaction,
    kind: str,
    title: str,
    fields: Sequence[Field],
    subject: Mapping[str, Any],
) -> Form:
    return await bot_of(interaction).service.forms.open(
        kind=kind,
        user_id=interaction.user.id,
        title=title,
        subject=subject,
        fields=[replace(each, value=plain_text(each.value)) for each in fields],
    )


def request_fields(values: Mapping[str, str], locale: str) -> list[Field]:
    """Return a request's fields that have a place in the form, filled with values as typed."""
    return [
        Field(
            name=field.option,
            label=field_title(field, locale),
            hint=text(f"edit_{field.option}_hint", locale) if entry.has_hint else None,
            value=values.get(field.option, ""),
            max_length=entry.max_length,
            is_required=entry.is_required,
            is_long=entry.is_long,
        )
        for field, entry in form_entries()
    ]


def form_entries() -> list[tuple[RequestField, FormEntry]]:
    """Return the fields of a request that have a place in the form, and which."""
    return [(field, field.form) for field in FIELDS if field.form is not None]


def values_in(typed: Mapping[str, str]) -> dict[str, str | None]:
    """Return what was typed into the fields of a request; None for what is empty or not there.

    A form that was opened before an update lacks the fields that came with it.
    """
    return {each.option: typed.get(each.option, "").strip() or None for each, _ in form_entries()}


async def answer_form(interaction: discord.Interaction, form_id: str) -> None:
    """Pass a form to its handler; if that refuses it, offer the form again as submitted."""
    typed, bot = typed_into(interaction), bot_of(interaction)
    try:
        form = await bot.service.forms.send(form_id, interaction.user.id, typed)
        if form is None or form.kind not in bot.form_handlers:
            raise RefusalError("form_gone")
    except BotError as error:  # also a database that cannot be written
        await _give_back(interaction, error, typed)
        return
    try:
        await check_use(interaction, bot.form_actions.get(form.kind))
        await prepare_loras(bot.service, None, *typed.values())
        await bot.form_handlers[form.kind](interaction, form)
    except UnansweredError as error:
        await answer_error(interaction, error)
    except Exception as error:  # noqa: BLE001 - a boundary of the design, as `errors_answered` is
        sentence = explain(error, str(interaction.locale))
        view = offer_again(interaction, form.id, error)
        await answer_privately(interaction, sentence, view=view)


def offer_again(
    interaction: discord.Interaction, form_id: str, error: BaseException | None = None
) -> ui.View:
    """Return the button that reopens a form as it was submitted, and one that appeals."""
    locale = str(interaction.locale)
    label = text("form_again", locale)
    button: ui.Button[ui.View] = ui.Button(label=label, emoji="✏️", custom_id=f"zib:again:{form_id}")
    return view_of(button, *([] if error is None else appeal_of(error, locale)))


async def _give_back(
    interaction: discord.Interaction, error: BotError, typed: Mapping[str, str]
) -> None:
    """Return the input as a file, because it cannot be kept."""
    content = "\n\n".join(value for value in typed.values() if value).encode()
    sentence = explain(error, str(interaction.locale))
    file = Upload(name="typed.txt", content=content)
    await Answer.to(interaction).give(Content(words=sentence, files=[file]))


class AgainButton(AnswerableItem[Button], template=AGAIN_TEMPLATE):
    """Edit again, under the sentence that refused a form."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Reopen the form as it was submitted."""
        service = bot_of(interaction).service
        form = await service.forms.find(self.match["form"], interaction.user.id)
        if form is None:
            raise RefusalError("form_old")
        values = {**form.shown, **form.typed}
        await Answer.to(interaction).ask(lambda: modal_of(form, values))


class Forms(commands.Cog):
    """Listens to forms that are sent."""

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Answer a form of this bot, whichever run of it opened it."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        if not is_welcome(interaction):
            return
        data: Any = interaction.data
        match = FORM_TEMPLATE.fullmatch(data["custom_id"])
        async with errors_answered(interaction):
            # Before there were rows for them, forms had ids that mean nothing to this run.
            await answer_form(interaction, "" if match is None else match["form"])


async def setup(bot: ImageBot) -> None:
    """Let forms and their buttons be understood."""
    await bot.add_cog(Forms())
    bot.add_dynamic_items(AgainButton)
