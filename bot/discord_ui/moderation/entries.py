"""How an entry of the audit table reads: as a message of the log channel, and as a line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.components import Button
from bot.discord_ui.formatting import escaped, user_mention
from bot.domain.moderation import HOLDS, Act, AuditEntry, Decision
from bot.locales import sentence, text

WORDS_SHOWN: Final = 1000
WORDS_IN_LIST: Final = 100
SHOW: Final = "show"  # beside the decisions, what a button does

_Look = tuple[Decision, str, discord.ButtonStyle]
_RED, _GREY, _GREEN = (
    discord.ButtonStyle.danger,
    discord.ButtonStyle.secondary,
    discord.ButtonStyle.success,
)
_PENALTIES: Final[tuple[_Look, ...]] = (
    (Decision.WARNED, "⚠️", _GREY),
    (Decision.BANNED, "⛔", _RED),
)
_BUTTONS: Final[Mapping[Act, tuple[_Look, ...]]] = {
    Act.HELD: (
        (Decision.APPROVED, "✅", _GREEN), (Decision.REFUSED, "🚫", _RED), *_PENALTIES,
    ),
    Act.HELD_IMAGES: (
        (Decision.APPROVED, "✅", _GREEN), (Decision.REFUSED, "🚫", _RED), *_PENALTIES,
    ),
    Act.REPORT: (
        (Decision.HIDDEN, "🙈", _GREY), (Decision.DELETED, "🗑️", _RED), *_PENALTIES,
        (Decision.DISMISSED, "👌", _GREY),
    ),
    Act.APPEAL: ((Decision.LIFTED, "✅", _GREEN), (Decision.DISMISSED, "🚫", _GREY)),
    Act.REFUSED: _PENALTIES,
}  # fmt: skip
_SIGNS: Final = {
    Act.JOB: "🖼️", Act.REFUSED: "🚫", Act.HELD: "✋", Act.HELD_IMAGES: "✋", Act.REPORT: "🚩",
    Act.APPEAL: "⚖️", Act.WARNED: "⚠️", Act.BANNED: "⛔", Act.UNBANNED: "🤝", Act.DELETED: "🗑️",
    Act.HIDDEN: "🙈", Act.MOVED: "⏫", Act.PAUSED: "⏸️", Act.RESUMED: "▶️", Act.CLEARED: "🧹",
    Act.CANCELLED: "🛑", Act.STYLE_MADE: "🖌️", Act.STYLE_CHANGED: "🖌️", Act.STYLE_REMOVED: "🖌️",
}  # fmt: skip


def log_view(entry: AuditEntry, locale: str, *, is_everyones: bool) -> ui.LayoutView:
    """Return the message of a log channel.

    Where everyone can read the channel, neither words nor who reported something are in it.
    """
    items: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay("\n".join(entry_lines(entry, locale, is_everyones=is_everyones)))
    ]
    items += views.rows_of(_row(entry, locale, is_everyones=is_everyones))
    colour = views.WARNING if entry.is_open else views.STOPPED
    return views.layout(*items, colour=colour)


def entry_lines(entry: AuditEntry, locale: str, *, is_everyones: bool = False) -> list[str]:
    """Return all that an entry says."""
    lines = [f"{_SIGNS[entry.act]} **{text(f'act_{entry.act}', locale)}** · #{entry.id}"]
    facts = _facts(entry, locale, is_everyones=is_everyones)
    if facts:
        lines.append(" · ".join(facts))
    if is_everyones and _has_secrets(entry):
        lines.append("-# " + text("log_everyones", locale))
    elif not is_everyones:
        if entry.words:
            lines.append("> " + escaped(entry.words, limit=WORDS_SHOWN))
        if entry.why:
            lines.append("-# " + escaped(sentence(entry.why, locale), limit=WORDS_SHOWN))
    if entry.decision is not None:
        lines.append(_decided(entry, locale))
    return lines


def entry_line(entry: AuditEntry, locale: str) -> str:
    """Return an entry as a line of a list."""
    facts = [
        f"{_SIGNS[entry.act]} `#{entry.id}` {_when(entry.created_at)}",
        text(f"act_{entry.act}", locale),
        *_facts(entry, locale, is_everyones=False),
    ]
    words = " ".join(
        escaped(each, limit=WORDS_IN_LIST) for each in (entry.words, entry.why) if each
    )
    line = " · ".join(facts) + (f"\n-# {words}" if words else "")
    return line if entry.decision is None else f"{line}\n-# {_decided(entry, locale)}"


def _facts(entry: AuditEntry, locale: str, *, is_everyones: bool) -> list[str]:
    by, is_secret = entry.by_id, is_everyones and entry.act in {Act.REPORT, Act.APPEAL}
    is_of_two = entry.user_id is not None and entry.act is not Act.APPEAL
    facts = [user_mention(entry.user_id)] if is_of_two and entry.user_id is not None else []
    if entry.channel_id is not None:
        facts.append(f"<#{entry.channel_id}>")
    if entry.job_id is not None and not entry.image_ids:
        facts.append(f"`{entry.job_id}`")
    if entry.image_ids:
        shown = ", ".join(f"`{each}`" for each in entry.image_ids[:4])
        more = len(entry.image_ids) - 4
        facts.append(shown + (f" +{more}" if more > 0 else ""))
    if entry.act is Act.BANNED:
        facts.append(ban_end(entry.until, locale))
    if by is not None and not is_secret:
        facts.append(text("log_by", locale, user=user_mention(by)))
    return facts


def ban_end(until: dt.datetime | None, locale: str) -> str:
    """Return until when a ban lasts."""
    if until is None:
        return text("ban_forever", locale)
    return text("ban_until", locale, when=f"<t:{int(until.timestamp())}:f>")


def _decided(entry: AuditEntry, locale: str) -> str:
    assert entry.decision is not None
    words = text(f"decision_{entry.decision}", locale)
    who = "" if entry.decided_by is None else " · " + user_mention(entry.decided_by)
    when = "" if entry.decided_at is None else " " + _when(entry.decided_at)
    return f"➡️ {words}{who}{when}"


def _when(moment: dt.datetime) -> str:
    return f"<t:{int(moment.timestamp())}:R>"


def _has_secrets(entry: AuditEntry) -> bool:
    return bool(entry.words or entry.why or entry.image_ids)


def _row(entry: AuditEntry, locale: str, *, is_everyones: bool) -> list[Button]:
    """Return what can be pressed: to look at it, and as long as nobody has, to decide."""
    shows = entry.act in {Act.HELD_IMAGES, Act.REPORT} or (is_everyones and _has_secrets(entry))
    row = [_button(SHOW, "👁️", _GREY, entry, locale)] if shows else []
    if entry.decision is None:
        row += [
            _button(each, emoji, style, entry, locale)
            for each, emoji, style in _BUTTONS.get(entry.act, ())
        ]
    return row


def _button(
    choice: str, emoji: str, style: discord.ButtonStyle, entry: AuditEntry, locale: str
) -> Button:
    return Button(
        style=style,
        emoji=emoji,
        label=text(_label(choice, entry.act), locale),
        custom_id=f"zib:case:{choice}:{entry.id}",
    )


def _label(choice: str, act: Act) -> str:
    """Return the key of what a button says; a penalty also ends what it is given for."""
    if (act, choice) == (Act.HELD_IMAGES, Decision.APPROVED):
        return "case_post"
    if (act, choice) == (Act.APPEAL, Decision.DISMISSED):
        return "case_uphold"
    if choice in {Decision.WARNED, Decision.BANNED} and act is not Act.REFUSED:
        return f"case_{choice}_{'held' if act in HOLDS else act}"
    return f"case_{choice}"
