"""The page of rules: shown, turned by its selects, changed by its buttons and forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import discord
from discord.ui.select import BaseSelect

from bot.discord_ui.answers import Answer
from bot.discord_ui.components import Button
from bot.discord_ui.content import Content
from bot.discord_ui.deferrals import defer
from bot.discord_ui.forms import show_form
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.settings.answers import service_of
from bot.discord_ui.settings.fields import changes_in, fields_of, groups_of
from bot.discord_ui.settings.page import BUTTON_TEMPLATE, SELECT_TEMPLATE, RulesPage, is_page
from bot.discord_ui.settings.subjects import SERVER, PageSubject, reader_of
from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import scene_in, viewer_of
from bot.domain.deferrals import Repeat
from bot.domain.forms import Form
from bot.domain.rules import Layer, Section
from bot.domain.scenes import Subject
from bot.locales import text
from bot.services.rule_texts import changes_words
from bot.services.rules import Setting
from cogs.settings.changes import send_file, send_log, undone

# Given the section, whom the page is for, and a number: of a group of rules, or of a change.
Handler = Callable[[discord.Interaction, Section, PageSubject, int | None], Awaitable[None]]


async def present(
    interaction: discord.Interaction,
    section: Section = Section.ACCESS,
    subject: PageSubject = SERVER,
    notes: Sequence[str] = (),
) -> None:
    """Show a page of rules as they are now: in place of the one that was pressed, or anew."""
    viewer, rules = await viewer_of(interaction), service_of(interaction)
    last = await rules.last_change(viewer=viewer)
    page = RulesPage(
        section=section,
        subject=subject,
        settings=await _settings(interaction, subject) if subject.is_chosen else (),
        entries=rules.entries(viewer=viewer),
        undoes=None if last is None else last.id,
        notes=notes,
    )
    await Answer.to(interaction).give(Content(view=page.view(reader_of(interaction))))


async def _settings(interaction: discord.Interaction, subject: PageSubject) -> list[Setting]:
    viewer, around = await viewer_of(interaction), await _around(interaction, subject)
    return service_of(interaction).of_subject(subject.subject, around, viewer=viewer)


async def _around(interaction: discord.Interaction, subject: PageSubject) -> list[Subject]:
    """Return what else holds in a channel: its category, and the kind that it is of."""
    guild = interaction.guild
    if subject.layer is not Layer.CHANNEL or guild is None:
        return []
    place = guild.get_channel_or_thread(int(subject.id))
    if place is None:
        return []
    scene = await scene_in(bot_of(interaction), interaction.user, place)
    places = [(Layer.CHANNEL, str(each)) for each in scene.places]
    return [*places, (Layer.KIND, scene.kind.value)]


async def _acknowledge(interaction: discord.Interaction, repeat: Repeat = Repeat.NEVER) -> None:
    """Promise that the page changes in place, or that another one comes."""
    await defer(interaction, thinking=not is_page(interaction.message), repeat=repeat)


# What its buttons and forms do


async def _change(
    interaction: discord.Interaction, section: Section, subject: PageSubject, number: int | None
) -> None:
    """Open the form of a group of rules."""
    settings = {each.rule.name: each for each in await _settings(interaction, subject)}
    groups = groups_of(section, subject.layer)
    if number is None or number >= len(groups):
        raise RefusalError("item_unknown")
    fields = fields_of([settings[each.name] for each in groups[number]], reader_of(interaction))
    title = text(f"section_{section.value}", str(interaction.locale))
    about = {"section": section.value, "subject": subject.code}
    await show_form(interaction, "rules", title, fields, **about)


async def send_rules(interaction: discord.Interaction, form: Form) -> None:
    """Set the rules that were changed in a form, and unset what was emptied."""
    subject, section = PageSubject.read(form.subject["subject"]), Section(form.subject["section"])
    entries, removed = changes_in(form, subject)
    viewer, reader = await viewer_of(interaction), reader_of(interaction)
    await _acknowledge(interaction)
    change = await service_of(interaction).change(entries, removed, viewer=viewer)
    note = text("settings_unchanged", reader.locale)
    if change is not None:
        changes = changes_words(change.steps, reader)
        note = text("settings_changed", reader.locale, changes=changes)
    await present(interaction, section, subject, [note])


async def _undo(
    interaction: discord.Interaction, section: Section, subject: PageSubject, number: int | None
) -> None:
    """Take back the change that was the last one when the page was shown."""
    viewer = await viewer_of(interaction)
    await _acknowledge(interaction)
    change = await service_of(interaction).undo(viewer=viewer, change_id=number)
    if change is None:
        raise RefusalError("settings_changed_since")
    await present(interaction, section, subject, [undone(change, reader_of(interaction))])


async def _log(interaction: discord.Interaction, *_: object) -> None:
    await send_log(interaction)


async def _export(interaction: discord.Interaction, *_: object) -> None:
    await send_file(interaction)


BUTTONS: Final[Mapping[str, Handler]] = {
    "change": _change,
    "undo": _undo,
    "log": _log,
    "export": _export,
}
SELECTS: Final = ("section", "layer", "subject")


class RulesButton(AnswerableItem[Button], template=BUTTON_TEMPLATE):
    """Any button of a page of rules."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the action in its `custom_id` says."""
        action, detail = BUTTONS.get(self.match["action"]), self.match["detail"]
        if action is None:
            raise RefusalError("item_unknown")
        section = _section_of(self.match["section"])
        subject = PageSubject.read(self.match["subject"])
        await action(interaction, section, subject, None if detail is None else int(detail))


class RulesSelect(AnswerableItem[BaseSelect[Any]], template=SELECT_TEMPLATE):
    """Any select of a page of rules: which section, and for whom."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Show the page that was chosen."""
        data: Any = interaction.data
        action, [value] = self.match["action"], data["values"]
        section = _section_of(value if action == "section" else self.match["section"])
        subject = PageSubject.read(value if action == "layer" else self.match["subject"])
        if action == "subject":
            subject = _named(interaction, subject.layer, value)
        await _acknowledge(interaction, Repeat.UNANSWERED)
        await present(interaction, section, subject)


def _named(interaction: discord.Interaction, layer: Layer, value: str) -> PageSubject:
    """Return whom a page is for; the role @everyone is the whole server."""
    is_everyone = layer is Layer.ROLE and value == str(interaction.guild_id)
    return SERVER if is_everyone else PageSubject(layer=layer, id=value)


def _section_of(name: str) -> Section:
    if name not in set(Section):
        raise RefusalError("item_unknown")
    return Section(name)
