"""`/settings explain`: which rule decides for somebody somewhere, and which do not count."""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import app_commands

from bot.discord_ui.channel_rules import Place
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import user_mention
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.settings.answers import fitting, give_lines, service_of
from bot.discord_ui.settings.subjects import reader_of
from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import place_here, scene_in, viewer_of
from bot.domain.deferrals import Repeat
from bot.domain.rules import RULES, Decision
from bot.locales import text
from bot.services.rule_texts import Reader, reason, rule_name, value_words


async def explain(
    interaction: discord.Interaction,
    who: discord.User | discord.Member,
    where: Place | None,
    rule: str | None,
) -> None:
    """List the rules of which anybody says anything, or one rule, each with its reason."""
    if rule is not None and rule not in {each.name for each in RULES}:
        raise RefusalError("settings_not_a_rule", rule=rule)
    place = where or place_here(interaction)
    if place is None:
        raise RefusalError("place_unknown")
    await defer(interaction, repeat=Repeat.UNANSWERED)
    scene, viewer = await scene_in(bot_of(interaction), who, place), await viewer_of(interaction)
    found, reader = service_of(interaction).explain(scene, viewer=viewer), reader_of(interaction)
    shown = [each for each in found if each.rule.name == rule] if rule else _said(found)
    title = text("why_title", reader.locale, who=user_mention(who.id), where=place.mention)
    rest = [] if rule else ["-# " + text("why_rest", reader.locale)]
    lines = fitting([_line(each, reader) for each in shown], reader)
    await give_lines(interaction, f"### {title}", *lines, *rest)


def _said(decisions: Sequence[Decision]) -> list[Decision]:
    return [each for each in decisions if each.entry is not None and each.rule.leaves_choice]


def _line(decision: Decision, reader: Reader) -> str:
    return text(
        "why_line",
        reader.locale,
        name=rule_name(decision.rule, reader),
        rule=decision.rule.name,
        value=value_words(decision.rule, decision.value, reader),
        why=reason(decision, reader),
    )


def rule_choices(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """Return the rules that match what is typed, in the reader's words."""
    reader = reader_of(interaction)
    named = {
        each.name: f"{rule_name(each, reader)} · {each.name}"
        for each in RULES
        if each.leaves_choice
    }
    return [
        app_commands.Choice(name=name, value=value)
        for value, name in named.items()
        if typed.casefold() in name.casefold()
    ][:25]
