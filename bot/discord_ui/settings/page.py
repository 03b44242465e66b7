"""How the page of rules looks: sections, whom they are for, values with reasons, and buttons.

The `custom_id`s are `zib:set:<action>:<section>:<subject>[:<detail>]` of buttons and
`zib:pick:<action>:<section>:<subject>` of selects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui
from discord.ui.select import BaseSelect

from bot.discord_ui import views
from bot.discord_ui.components import Button
from bot.discord_ui.settings.fields import groups_of, is_too_long
from bot.discord_ui.settings.subjects import FIXED, NAMED, SUBJECT, PageSubject
from bot.domain.rules import Entry, Layer, Section, rule_named, rules_of
from bot.locales import text
from bot.services.rule_texts import Reader, reason, rule_name, value_words, who
from bot.services.rules import Setting

_ABOUT: Final = rf"(?P<section>[a-z]+):(?P<subject>{SUBJECT})"
BUTTON_TEMPLATE: Final = rf"zib:set:(?P<action>[a-z]+):{_ABOUT}(?::(?P<detail>\d+))?"
SELECT_TEMPLATE: Final = rf"zib:pick:(?P<action>[a-z]+):{_ABOUT}"
_ELSEWHERE: Final = 8  # subjects that are named

Items = list[ui.Item[ui.LayoutView]]


@dataclass(frozen=True, kw_only=True)
class RulesPage:
    """What stands on a page.

    Attributes:
        settings: All rules as they are for the subject; none where it is not chosen yet.
        entries: All that is set in the server.
        undoes: The id of the change that can be taken back, if there is one.
        notes: What has just been done.

    """

    section: Section
    subject: PageSubject
    settings: Sequence[Setting]
    entries: Sequence[Entry]
    undoes: int | None = None
    notes: Sequence[str] = ()

    def view(self, reader: Reader) -> ui.LayoutView:
        """Return the message."""
        head = "\n".join([self._title(reader), *self.notes])
        items: Items = [ui.TextDisplay(head), *self._choosers(reader)]
        if self.subject.is_chosen:
            items += [ui.Separator(), *self._groups(reader)]
        if elsewhere := self._elsewhere(reader):
            items.append(ui.TextDisplay(elsewhere))
        items.append(ui.ActionRow(*self._buttons(reader.locale)))
        return views.layout(*items)

    def _title(self, reader: Reader) -> str:
        section = text(f"section_{self.section.value}", reader.locale)
        if not self.subject.is_chosen:
            return text("settings_choose", reader.locale, section=section)
        whose = who(self.subject.layer, self.subject.id, reader)
        return text("settings_title", reader.locale, section=section, who=whose)

    def _choosers(self, reader: Reader) -> Items:
        rows: list[BaseSelect[Any]] = [
            self._section_select(reader.locale),
            self._layer_select(reader.locale),
        ]
        if self.subject.layer in NAMED:
            rows.append(self._subject_select(reader.locale))
        return [ui.ActionRow(each) for each in rows]

    def _section_select(self, locale: str) -> ui.Select[Any]:
        return ui.Select(
            custom_id=self._pick("section"),
            options=[
                discord.SelectOption(
                    label=text(f"section_{each.value}", locale),
                    value=each.value,
                    default=each is self.section,
                )
                for each in Section
                if rules_of(each)
            ],
        )

    def _layer_select(self, locale: str) -> ui.Select[Any]:
        offered = [*FIXED, *(PageSubject(layer=each) for each in NAMED)]
        return ui.Select(
            custom_id=self._pick("layer"),
            options=[
                discord.SelectOption(
                    label=_pick_label(each, locale),
                    value=each.code,
                    default=each == self.subject
                    or (each.layer is self.subject.layer and each.layer in NAMED),
                )
                for each in offered
            ],
        )

    def _subject_select(self, locale: str) -> BaseSelect[Any]:
        layer, custom_id = self.subject.layer, self._pick("subject")
        placeholder = text(f"settings_pick_{layer.value}", locale)
        chosen = [_default(self.subject)] if self.subject.id else []
        kinds: dict[Layer, Any] = {
            Layer.CHANNEL: ui.ChannelSelect,
            Layer.ROLE: ui.RoleSelect,
            Layer.MEMBER: ui.UserSelect,
        }
        found: BaseSelect[Any] = kinds[layer](
            custom_id=custom_id, placeholder=placeholder, default_values=chosen
        )
        return found

    def _groups(self, reader: Reader) -> Items:
        found: Items = []
        settings = {each.rule.name: each for each in self.settings}
        for number, rules in enumerate(groups_of(self.section, self.subject.layer)):
            lines = [self._line(settings[each.name], reader) for each in rules]
            label = text("settings_change", reader.locale)
            change = Button(label=label, custom_id=self._button("change", number))
            found.append(ui.Section("\n".join(lines), accessory=change))
        nothing = ui.TextDisplay[ui.LayoutView](text("settings_not_there", reader.locale))
        return found or [nothing]

    def _line(self, setting: Setting, reader: Reader) -> str:
        decision = setting.decision
        return text(
            "settings_line" if decision.entry is None else "settings_line_set",
            reader.locale,
            name=rule_name(setting.rule, reader),
            value=value_words(setting.rule, decision.value, reader),
            why=_why(setting, reader),
            help=text(f"rule_{setting.rule.name}_help", reader.locale),
        )

    def _elsewhere(self, reader: Reader) -> str:
        """Name for whom else rules of this section are set."""
        others = dict.fromkeys(
            (each.layer, each.subject)
            for each in self.entries
            if rule_named(each.name).section is self.section
            and (each.layer, each.subject) != self.subject.subject
        )
        if not others:
            return ""
        named = [who(*each, reader) for each in list(others)[:_ELSEWHERE]]
        more = [f"+{len(others) - _ELSEWHERE}"] if len(others) > _ELSEWHERE else []
        words = text("settings_elsewhere", reader.locale, who=", ".join([*named, *more]))
        return f"-# {words}"

    def _buttons(self, locale: str) -> list[Button]:
        shown: list[tuple[str, str, int | None]] = [("log", "📜", None), ("export", "📦", None)]
        if self.undoes is not None:
            shown.insert(0, ("undo", "↩️", self.undoes))
        return [
            Button(
                label=text(f"settings_{action}", locale),
                emoji=emoji,
                custom_id=self._button(action, detail),
            )
            for action, emoji, detail in shown
        ]

    def _button(self, action: str, detail: int | None) -> str:
        end = "" if detail is None else f":{detail}"
        return f"zib:set:{action}:{self.section.value}:{self.subject.code}{end}"

    def _pick(self, action: str) -> str:
        return f"zib:pick:{action}:{self.section.value}:{self.subject.code}"


def _why(setting: Setting, reader: Reader) -> str:
    own, decision = setting.own, setting.decision
    if is_too_long(setting):
        return text("settings_too_long", reader.locale)
    is_plain = decision.limit is None and own is not None and own.until is None
    if is_plain and decision.entry == own:
        return text("settings_set_here", reader.locale)
    return reason(decision, reader)


def _pick_label(subject: PageSubject, locale: str) -> str:
    name = text(f"kind_{subject.id}", locale) if subject.layer is Layer.KIND else ""
    return text(f"pick_{subject.layer.value}", locale, name=name)


def _default(subject: PageSubject) -> discord.SelectDefaultValue:
    kinds = discord.SelectDefaultValueType
    kind = {Layer.CHANNEL: kinds.channel, Layer.ROLE: kinds.role, Layer.MEMBER: kinds.user}
    return discord.SelectDefaultValue(id=int(subject.id), type=kind[subject.layer])


def is_page(message: discord.Message | None) -> bool:
    """Tell whether a message is a page of rules."""
    if message is None:
        return False
    found = ui.LayoutView.from_message(message).walk_children()
    return any(str(getattr(each, "custom_id", "")).startswith("zib:set:") for each in found)
