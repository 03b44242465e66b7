"""The buttons under entries of the log channel, and the one that appeals."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any, Final

import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import APPEAL_TEMPLATE, CASE_TEMPLATE, Button
from bot.discord_ui.content import Content, sentence
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import user_mention
from bot.discord_ui.forms import show_form
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.moderation.entries import SHOW, entry_lines
from bot.discord_ui.submission import bot_of
from bot.discord_ui.uploads import fit_for_upload
from bot.discord_ui.viewers import viewer_of
from bot.domain.deferrals import Repeat
from bot.domain.forms import Choice, Field, Form
from bot.domain.jobs import now
from bot.domain.moderation import Decision
from bot.domain.rules.quota import DAY, HOUR
from bot.locales import text
from bot.services.members import WHY_LENGTH
from bot.services.reports import NobodyReadsError

DURATIONS: Final = {
    "1h": HOUR, "1d": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "forever": None,
}  # fmt: skip


def until_of(duration: str) -> dt.datetime | None:
    """Return when a ban ends that begins now; None for never."""
    length = DURATIONS[duration]
    return None if length is None else now() + length


class CaseButton(AnswerableItem[Button], template=CASE_TEMPLATE):
    """A button under an entry: to look at it, or to decide it."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Show what it is about, ask for a reason, or decide."""
        choice, number = self.match["choice"], int(self.match["number"])
        if choice == SHOW:
            await show_case(interaction, number)
        elif choice in {Decision.WARNED, Decision.BANNED}:
            await _ask_why(interaction, Decision(choice), number)
        else:
            await decide(interaction, number, Decision(choice))


async def decide(
    interaction: discord.Interaction,
    number: int,
    decision: Decision,
    *,
    why: str = "",
    until: dt.datetime | None = None,
) -> None:
    """Decide something, and say so in private; the log channel shows it to all."""
    cases, viewer = bot_of(interaction).service.cases, await viewer_of(interaction)
    await defer(interaction)
    locale = str(interaction.locale)
    await cases.decide(number, decision, viewer=viewer, why=why, until=until, locale=locale)
    words = text("case_decided", locale, number=number, what=text(f"decision_{decision}", locale))
    await Answer.to(interaction).give(sentence(words))


async def _ask_why(interaction: discord.Interaction, decision: Decision, number: int) -> None:
    """Open the form of a warning or a ban, for a moderator who may decide that still."""
    entry = await bot_of(interaction).service.cases.open_for(
        number, decision, viewer=await viewer_of(interaction)
    )
    locale = str(interaction.locale)
    fields = [why_field(locale)]
    if decision is Decision.BANNED:
        fields.insert(0, _duration_field(locale))
    title = text(f"form_{decision}", locale, name=entry.user_name)
    await show_form(interaction, decision.value, title, fields, number=number)


def why_field(locale: str, *, hint: str = "why_hint") -> Field:
    """Return the field for a reason."""
    return Field(
        name="why",
        label=text("field_why", locale),
        hint=text(hint, locale),
        max_length=WHY_LENGTH,
        is_required=True,
        is_long=True,
    )


def _duration_field(locale: str) -> Field:
    choices = [Choice(value=each, label=text(f"duration_{each}", locale)) for each in DURATIONS]
    return Field(name="for", label=text("field_for", locale), value="1d", choices=choices)


async def send_warning(interaction: discord.Interaction, form: Form) -> None:
    """Warn, and decide what the form was opened for."""
    await decide(interaction, form.subject["number"], Decision.WARNED, why=form.typed["why"])


async def send_ban(interaction: discord.Interaction, form: Form) -> None:
    """Ban, and decide what the form was opened for."""
    until = until_of(form.typed["for"])
    await decide(
        interaction, form.subject["number"], Decision.BANNED, why=form.typed["why"], until=until
    )


async def show_case(interaction: discord.Interaction, number: int) -> None:
    """Show an entry with its images, hidden until they are clicked, to one moderator alone."""
    cases, viewer = bot_of(interaction).service.cases, await viewer_of(interaction)
    await defer(interaction, repeat=Repeat.UNANSWERED)
    locale = str(interaction.locale)
    lines = entry_lines(await cases.find(number, viewer=viewer), locale)
    images = await cases.images(number, viewer=viewer)
    fitted = await asyncio.to_thread(
        fit_for_upload, images[:10], limit_bytes=interaction.filesize_limit, locale=locale
    )
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join([*lines, *fitted.notes]))]
    if fitted.uploads:
        items.append(
            ui.MediaGallery(
                *(
                    discord.MediaGalleryItem(
                        f"attachment://{each.name}", description=each.alt_text, spoiler=True
                    )
                    for each in fitted.uploads
                )
            )
        )
    await Answer.to(interaction).give(Content(view=views.layout(*items), files=fitted.uploads))


class AppealButton(AnswerableItem[Button], template=APPEAL_TEMPLATE):
    """Asks moderators for another decision; it works for who is banned, too."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Ask why."""
        locale = str(interaction.locale)
        fields = [why_field(locale, hint="appeal_hint")]
        title = text("form_appeal", locale)
        await show_form(interaction, "appeal", title, fields, number=int(self.match["number"]))


async def send_appeal(interaction: discord.Interaction, form: Form) -> None:
    """Hand an appeal to moderators."""
    await appeal(interaction, form.subject["number"] or None, form.typed["why"])


async def appeal(interaction: discord.Interaction, number: int | None, words: str) -> None:
    """Hand an appeal to moderators, and say so in private."""
    viewer = await viewer_of(interaction)
    await defer(interaction)
    async with owner_named(interaction):
        await bot_of(interaction).service.reports.appeal(number, words, viewer=viewer)
        await Answer.to(interaction).give(sentence(text("appealed", str(interaction.locale))))


@contextlib.asynccontextmanager
async def owner_named(interaction: discord.Interaction) -> AsyncIterator[None]:
    """Where moderators read nothing here, say whom to write to, instead of what is done in it."""
    try:
        yield
    except NobodyReadsError:
        owner_id = None if interaction.guild is None else interaction.guild.owner_id
        if owner_id is None:
            raise
        words = text("nobody_reads", str(interaction.locale), owner=user_mention(owner_id))
        await Answer.to(interaction).tell(Content(view=views.notice(words)))


def add_buttons(bot: ImageBot) -> None:
    """Let the buttons of every message be understood."""
    bot.add_dynamic_items(CaseButton, AppealButton)
    bot.form_handlers |= {"warned": send_warning, "banned": send_ban, "appeal": send_appeal}
