"""The rows of buttons under messages; a button's `custom_id` says what it is about.

`custom_id` is `zib:<action>:<ids joined by dots>`, at most 100 characters: a press is understood
by whichever run of the bot receives it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord import ui

from bot.domain.jobs import Generation
from bot.domain.regions import GRIDS
from bot.locales import text

Button = ui.Button[ui.LayoutView]

Select = ui.Select[ui.LayoutView]

_FEW: Final = 4  # images that have buttons of their own; more are chosen from a select
_OPTIONS: Final = 25  # of a select, Discord's limit
_NAMED: Final = 9  # images whose ids fit into a `custom_id`
ALL_IMAGES: Final = "all"  # stands for their ids where there are more: the select has them


@dataclass(frozen=True, kw_only=True)
class ImageAction:
    """Something that can be done with the images of a message.

    Its label is `button_<name>` in `bot.locales`, its line in the menu `about_<name>`; what it does
    is `ImageBot.image_actions[name]`, and whether rules can refuse it stands in
    `interaction_kinds`.

    Attributes:
        is_seen: Whether one image has a button for it; all others are in the menu.
        of_draft: Whether it is there for a draft, and only there; it is seen then instead.
        of_sheet: Whether it is of use for all images of a sheet together.
        in_guild: Whether it is only there in servers.

    """

    name: str
    emoji: str
    is_seen: bool = False
    of_draft: bool = False
    of_sheet: bool = True
    in_guild: bool = False


# In the order of the menu. What is seen first makes something new: it is the blue one.
IMAGE_ACTIONS: Final = (
    ImageAction(name="large", emoji="🔍", of_draft=True),
    ImageAction(name="around", emoji="✨", of_draft=True),
    ImageAction(name="new", emoji="🎲", is_seen=True),
    ImageAction(name="strong", emoji="🌪️", is_seen=True),
    ImageAction(name="edit", emoji="✏️", is_seen=True, of_sheet=False),
    ImageAction(name="subtle", emoji="🌱"),
    ImageAction(name="use", emoji="🖼️"),
    ImageAction(name="region", emoji="🩹"),
    ImageAction(name="extend", emoji="↔️"),
    ImageAction(name="upscale", emoji="⬆️"),
    ImageAction(name="same", emoji="🔁"),
    ImageAction(name="recipe", emoji="🧾"),
    ImageAction(name="board", emoji="📌", in_guild=True),
    ImageAction(name="delete", emoji="🗑️"),
)
_IDS: Final = r"(?P<ids>[a-z0-9]+(\.[a-z0-9]+)*)"
# Messages from before there was a menu have a button for each; that of boards knows itself.
IMAGE_TEMPLATE: Final = (
    rf"zib:(?P<action>{'|'.join(each.name for each in IMAGE_ACTIONS if not each.in_guild)}):{_IDS}"
)
MORE_TEMPLATE: Final = rf"zib:more:{_IDS}"
CHOOSE_TEMPLATE: Final = r"zib:choose:(one|\d)"
BACK_TEMPLATE: Final = r"zib:back:(?P<id>[a-z0-9]+)"
CANCEL_TEMPLATE: Final = r"zib:cancel:(?P<job>[a-z0-9]+)"
ONE_TEMPLATE: Final = r"zib:one:(?P<id>[a-z0-9]+)"
APPEAL_TEMPLATE: Final = r"zib:appeal:(?P<number>\d+)"
CASE_TEMPLATE: Final = r"zib:case:(?P<choice>[a-z]+):(?P<number>\d+)"
AUDIT_TEMPLATE: Final = r"zib:audit:(?P<page>\d+):(?P<user>\d+)"
_GRID: Final = f"(?P<grid>[{''.join(map(str, GRIDS))}])"
CELLS_TEMPLATE: Final = rf"zib:cells:{_GRID}:(?P<id>[a-z0-9]+)"
GRID_TEMPLATE: Final = rf"zib:grid:{_GRID}:(?P<id>[a-z0-9]+)"
TAKEOVER_TEMPLATE: Final = r"zib:takeover:(?P<id>[a-z0-9]+)"
LORAS_TEMPLATE: Final = r"zib:loras:(?P<page>\d{1,4})"
PAGE_TEMPLATE: Final = r"zib:page:(?P<page>\d+):(?P<search>(?s:.*))"


def image_rows(
    generations: Sequence[Generation],
    locale: str,
    *,
    in_guild: bool,
    is_sheet: bool = False,
    is_draft: bool = False,
    options: Sequence[str] = (),
) -> list[list[Button | Select]]:
    """Return the rows under finished images: the few things that matter, and a menu of the rest.

    Of several images, one is chosen first: U1 shows it, V1 varies it.

    Args:
        generations: The images.
        locale: The reader's language.
        in_guild: Whether they are in a server.
        is_sheet: Whether they are shown as one sheet, of which not all can be edited at once.
        is_draft: Whether it is a draft, that can be drawn large.
        options: What each is called where one of many is chosen; else by its seed.

    """
    ids = [each.id for each in generations]
    about = ".".join(ids) if len(ids) <= _NAMED else ALL_IMAGES
    offered = [
        each
        for each in IMAGE_ACTIONS
        if (each.of_sheet or not is_sheet)
        and (in_guild or not each.in_guild)
        and (is_draft or not each.of_draft)
    ]
    seen = [each for each in offered if (each.of_draft if is_draft else each.is_seen)]
    rows: list[list[Button | Select]] = []
    if len(ids) > 1:
        is_few = len(ids) <= _FEW
        rows = _own_rows(generations, locale) if is_few else _choices(generations, locale, options)
        seen = [each for each in seen if not (is_few and each.name == "strong")]
    rows.append([_button(each, about, locale, is_first=each is seen[0]) for each in seen])
    v_row = {"strong"} if len(ids) > 1 else set()
    rest = [each for each in offered if each not in seen and each.name not in v_row]
    return [*rows, [_menu(rest, about, locale)]]


def legend(generations: Sequence[Generation], locale: str) -> list[str]:
    """Return a line that says what U and V are, where there are such buttons."""
    return [text("choose_legend", locale)] if 1 < len(generations) <= _FEW else []


def _own_rows(generations: Sequence[Generation], locale: str) -> list[list[Button | Select]]:
    """Return a row that shows one of some images, and one that varies it."""
    actions = (("show", "one"), ("vary", "strong"))
    return [
        [
            Button(
                label=text(f"button_{word}_one", locale, number=each.index + 1),
                custom_id=f"zib:{action}:{each.id}",
            )
            for each in generations
        ]
        for word, action in actions
    ]


def _choices(
    generations: Sequence[Generation], locale: str, labels: Sequence[str]
) -> list[list[Button | Select]]:
    """Return the selects that show one of many images."""
    labels = labels or [
        text("choose_option", locale, number=each.index + 1, seed=each.request.seed)
        for each in generations
    ]
    options = [
        discord.SelectOption(label=label, value=each.id)
        for label, each in zip(labels, generations, strict=True)
    ]
    spans = [range(i, min(i + _OPTIONS, len(options))) for i in range(0, len(options), _OPTIONS)]
    return [
        [
            Select(
                custom_id=f"zib:choose:{number if number > 1 else 'one'}",
                placeholder=_placeholder(generations, span, locale),
                options=options[span.start : span.stop],
            )
        ]
        for number, span in enumerate(spans, 1)
    ]


def _placeholder(generations: Sequence[Generation], span: range, locale: str) -> str:
    """Return what a select says while nothing is chosen, with its numbers if it has not all."""
    words = text("choose_image", locale)
    if len(span) == len(generations):
        return words
    first, last = generations[span.start].index + 1, generations[span.stop - 1].index + 1
    return f"{first} – {last} · {words}"


def _button(action: ImageAction, about: str, locale: str, *, is_first: bool) -> Button:
    """Return a button; on a phone there is room for three in a row if only one has a sign."""
    return Button(
        style=discord.ButtonStyle.primary if is_first else discord.ButtonStyle.secondary,
        emoji=action.emoji if is_first else None,
        label=text(f"button_{action.name}", locale),
        custom_id=f"zib:{action.name}:{about}",
    )


def _menu(actions: Sequence[ImageAction], about: str, locale: str) -> Select:
    options = [
        discord.SelectOption(
            emoji=each.emoji,
            label=text(f"button_{each.name}", locale),
            description=text(f"about_{each.name}", locale),
            value=each.name,
        )
        for each in actions
    ]
    return Select(
        custom_id=f"zib:more:{about}", placeholder=text("more_actions", locale), options=options
    )


def cancel_row(job_id: str, locale: str) -> list[Button]:
    """Return the button under a job on its way."""
    return [
        Button(
            style=discord.ButtonStyle.secondary,
            label=text("button_cancel", locale),
            custom_id=f"zib:cancel:{job_id}",
        )
    ]


def back_button(trash_id: str, locale: str) -> Button:
    """Return the button that brings back what was deleted."""
    label = text("button_bring_back", locale)
    return Button(emoji="♻️", label=label, custom_id=f"zib:back:{trash_id}")


def appeal_button(number: int | None, locale: str) -> Button:
    """Return the button that appeals against an entry of the audit table, or the last of theirs."""
    return Button(
        emoji="⚖️",
        label=text("button_appeal", locale),
        custom_id=f"zib:appeal:{number or 0}",
    )


def page_row(page: int, *, search: str, has_older: bool, locale: str) -> list[Button]:
    """Return the buttons that turn the pages of a history; page 0 is the newest."""
    names = text("button_newer", locale), text("button_older", locale)
    return turning_row(page, names, lambda to: f"zib:page:{to}:{search}", has_more=has_older)


def turning_row(
    page: int, names: tuple[str, str], custom_id: Callable[[int], str], *, has_more: bool
) -> list[Button]:
    """Return the buttons to the page before and the page after one.

    Args:
        page: That is shown; 0 is the first.
        names: What the two are called.
        custom_id: Of the button that leads to a page.
        has_more: Whether there is a page after it.

    """
    before, after = names
    return [
        Button(label=f"← {before}", custom_id=custom_id(max(page - 1, 0)), disabled=page == 0),
        Button(label=f"{after} →", custom_id=custom_id(page + 1), disabled=not has_more),
    ]


def ids_in(message: discord.Message) -> set[str]:
    """Return the ids of jobs and images that the buttons and selects of a message are about."""
    found = set(generation_ids(message))
    for item in ui.LayoutView.from_message(message).walk_children():
        custom_id = getattr(item, "custom_id", None) or ""
        if (match := re.fullmatch(r"zib:[a-z]+:([a-z0-9.]+)", custom_id)) is not None:
            found |= set(match[1].split("."))
    return found


def generation_ids(message: discord.Message) -> list[str]:
    """Return the ids of the images a message of the bot shows, read from what is under them."""
    found: list[str] = []
    chosen: list[str] = []
    for item in ui.LayoutView.from_message(message).walk_children():
        custom_id = getattr(item, "custom_id", None) or ""
        match = re.fullmatch(IMAGE_TEMPLATE, custom_id) or re.fullmatch(MORE_TEMPLATE, custom_id)
        if isinstance(item, ui.Select) and re.fullmatch(CHOOSE_TEMPLATE, custom_id):
            chosen += [option.value for option in item.options]
        if match is not None:
            found = max(found, match["ids"].split("."), key=len)
    return chosen or found


def ids_about(message: discord.Message | None, ids: str) -> list[str]:
    """Return the ids that a button or select names, or those of all images of its message."""
    if ids == ALL_IMAGES:
        return [] if message is None else generation_ids(message)
    return ids.split(".")
