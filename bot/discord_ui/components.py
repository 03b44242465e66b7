"""The rows of buttons under messages; a button's `custom_id` says what it is about.

`custom_id` is `zib:<action>:<ids joined by dots>`, at most 100 characters: a press is understood
by whichever run of the bot receives it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

import discord
from discord import ui

from bot.domain.jobs import Generation
from bot.locales import text

Button = ui.Button[ui.LayoutView]

_ROW_BUTTONS: Final = 5  # Discord allows so many in a row

_IMAGE_ACTIONS: Final = (
    ("new", "🎲", discord.ButtonStyle.primary),
    ("subtle", "🌱", discord.ButtonStyle.secondary),
    ("strong", "🌪️", discord.ButtonStyle.secondary),
    ("edit", "✏️", discord.ButtonStyle.secondary),
    ("use", "🖼️", discord.ButtonStyle.secondary),
    ("region", "🩹", discord.ButtonStyle.secondary),
    ("extend", "↔️", discord.ButtonStyle.secondary),
    ("same", "🔁", discord.ButtonStyle.secondary),
    ("recipe", "🧾", discord.ButtonStyle.secondary),
    ("delete", "🗑️", discord.ButtonStyle.secondary),
)
IMAGE_TEMPLATE: Final = (
    r"zib:(?P<action>same|new|subtle|strong|edit|use|region|extend|recipe|delete):"
    r"(?P<ids>[a-z0-9]+(\.[a-z0-9]+)*)"
)
CANCEL_TEMPLATE: Final = r"zib:cancel:(?P<job>[a-z0-9]+)"
ONE_TEMPLATE: Final = r"zib:one:(?P<id>[a-z0-9]+)"
APPEAL_TEMPLATE: Final = r"zib:appeal:(?P<number>\d+)"
CASE_TEMPLATE: Final = r"zib:case:(?P<choice>[a-z]+):(?P<number>\d+)"
AUDIT_TEMPLATE: Final = r"zib:audit:(?P<page>\d+):(?P<user>\d+)"
CELLS_TEMPLATE: Final = r"zib:cells:(?P<grid>\d):(?P<id>[a-z0-9]+)"
GRID_TEMPLATE: Final = r"zib:grid:(?P<grid>\d):(?P<id>[a-z0-9]+)"
TAKEOVER_TEMPLATE: Final = r"zib:takeover:(?P<id>[a-z0-9]+)"
PAGE_TEMPLATE: Final = r"zib:page:(?P<page>\d+):(?P<search>(?s:.*))"


def image_row(
    generation_ids: Sequence[str], locale: str, *, in_guild: bool = False
) -> list[Button]:
    """Return the buttons under finished images; Add to board only in a server."""
    ids = ".".join(generation_ids)
    buttons = [
        Button(
            style=style,
            emoji=emoji,
            label=text(f"button_{action}", locale),
            custom_id=f"zib:{action}:{ids}",
        )
        for action, emoji, style in _IMAGE_ACTIONS
    ]
    if in_guild:
        label = text("button_board", locale)
        buttons.append(Button(emoji="📌", label=label, custom_id=f"zib:board:{ids}"))
    return buttons


def sheet_row(
    generation_ids: Sequence[str], locale: str, *, in_guild: bool = False
) -> list[Button]:
    """Return the buttons for all images of a comparison; to edit them all at once means nothing."""
    return [
        button
        for button in image_row(generation_ids, locale, in_guild=in_guild)
        if not (button.custom_id or "").startswith("zib:edit:")
    ]


def numbered_rows(generations: Sequence[Generation], locale: str) -> list[list[Button]]:
    """Return a button for each image of a comparison, in rows of like lengths."""
    buttons = [
        Button(
            label=text("button_one", locale, number=each.index + 1),
            custom_id=f"zib:one:{each.id}",
        )
        for each in generations
    ]
    rows = math.ceil(len(buttons) / _ROW_BUTTONS)
    length = math.ceil(len(buttons) / rows)
    return [buttons[i : i + length] for i in range(0, len(buttons), length)]


def cancel_row(job_id: str, locale: str) -> list[Button]:
    """Return the button under a job on its way."""
    return [
        Button(
            style=discord.ButtonStyle.secondary,
            label=text("button_cancel", locale),
            custom_id=f"zib:cancel:{job_id}",
        )
    ]


def appeal_button(number: int | None, locale: str) -> Button:
    """Return the button that appeals against an entry of the audit table, or the last of theirs."""
    return Button(
        emoji="⚖️",
        label=text("button_appeal", locale),
        custom_id=f"zib:appeal:{number or 0}",
    )


def page_row(page: int, *, search: str, has_older: bool, locale: str) -> list[Button]:
    """Return the buttons that turn the pages of a history; page 0 is the newest."""
    return [
        Button(
            label="← " + text("button_newer", locale),
            custom_id=f"zib:page:{max(page - 1, 0)}:{search}",
            disabled=page == 0,
        ),
        Button(
            label=text("button_older", locale) + " →",
            custom_id=f"zib:page:{page + 1}:{search}",
            disabled=not has_older,
        ),
    ]


def ids_in(message: discord.Message) -> set[str]:
    """Return the ids of jobs and images that the buttons of a message are about."""
    found = (
        re.fullmatch(r"zib:[a-z]+:([a-z0-9.]+)", getattr(item, "custom_id", None) or "")
        for item in ui.LayoutView.from_message(message).walk_children()
    )
    return {id_ for match in found if match is not None for id_ in match[1].split(".")}


def generation_ids(message: discord.Message) -> list[str]:
    """Return the ids of the images a message of the bot shows, read from its buttons."""
    for item in ui.LayoutView.from_message(message).walk_children():
        match = re.fullmatch(IMAGE_TEMPLATE, getattr(item, "custom_id", None) or "")
        if match is not None:
            return match["ids"].split(".")
    return []
