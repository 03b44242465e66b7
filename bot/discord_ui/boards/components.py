"""The buttons and selects of boards; the `custom_id` says what each is about.

`zib:b:<action>:<board>[:<detail>]` are buttons, `zib:s:<action>:<board>[:<detail>]` are selects:
they are understood by whichever run of the bot receives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui

from bot.discord_ui.boards.formatting import STATUS_SIGNS, option_label, status_name
from bot.discord_ui.boards.revision import stamp_of
from bot.discord_ui.components import Button
from bot.discord_ui.formatting import shortened
from bot.domain.boards import (
    Access,
    Board,
    BoardState,
    BoardSummary,
    Item,
    ItemStatus,
    Neighbours,
    SheetOrder,
    is_theirs,
)
from bot.domain.viewers import Viewer
from bot.locales import text
from bot.media.exports import FORMS
from bot.media.exports.phrases import count_words

Select = ui.Select[ui.LayoutView]

BUTTON_TEMPLATE: Final = (
    r"zib:b:(?P<action>[a-z]+):(?P<board>[a-z0-9]+)(?::(?P<detail>[a-z0-9.]*))?"
)
SELECT_TEMPLATE: Final = (
    r"zib:s:(?P<action>[a-z]+):(?P<board>[a-z0-9]+)(?::(?P<detail>[a-z0-9.]*))?"
)
ADD_TEMPLATE: Final = r"zib:board:(?P<ids>[a-z0-9]+(\.[a-z0-9]+)*)"
OFF_TEMPLATE: Final = r"zib:unhang:(?P<ids>[a-z0-9]+(\.[a-z0-9]+)*)"
_OPTIONS: Final = 25  # Discord's limit of a select
_OPTION_LENGTH: Final = 100  # characters


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who looks at a picture, what they may do on its board, and what stands beside it."""

    viewer: Viewer
    access: Access
    neighbours: Neighbours


def button(
    action: str,
    board_id: str,
    detail: str = "",
    *,
    locale: str,
    emoji: str | None = None,
    label: str | None = None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> Button:
    """Return a button of a board."""
    return Button(
        style=style,
        emoji=emoji,
        label=text(f"board_button_{action}", locale) if label is None else label,
        custom_id=f"zib:b:{action}:{board_id}" + (f":{detail}" if detail else ""),
    )


def look_select(board: Board, items: Sequence[Item], locale: str) -> Select:
    """Return the select that opens one of the pictures of a page."""
    return Select(
        custom_id=f"zib:s:look:{board.id}",
        placeholder=text("board_look", locale),
        options=[
            discord.SelectOption(
                label=option_label(item),
                value=str(item.number),
                description=_option_facts(item, locale),
                emoji=STATUS_SIGNS[item.status],
            )
            for item in items[:_OPTIONS]
        ],
    )


def _option_facts(item: Item, locale: str) -> str:
    facts = [text(f"exhibit_{item.status.value}", locale)]
    if item.votes:
        facts.append(text("board_votes", locale, count=item.votes))
    facts += [f"#{tag}" for tag in item.tags]
    return shortened(" · ".join(facts), _OPTION_LENGTH)


def sort_select(board: Board, order: SheetOrder, locale: str) -> Select:
    """Return the select that sorts what its reader looks at."""
    return Select(
        custom_id=f"zib:s:sort:{board.id}",
        options=[
            discord.SelectOption(
                label=text("board_sort", locale, order=text(f"board_order_{each}", locale)),
                value=each.value,
                default=each is order,
            )
            for each in SheetOrder
        ],
    )


def export_select(board: Board, locale: str) -> Select:
    """Return the select that writes a board to files."""
    return Select(
        custom_id=f"zib:s:export:{board.id}",
        placeholder=text("board_export_choose", locale),
        options=[
            discord.SelectOption(
                label=text(f"board_form_{form}", locale),
                value=form,
                description=text(f"board_form_{form}_hint", locale),
            )
            for form in FORMS
        ],
    )


def status_select(board: Board, item: Item, locale: str) -> Select:
    """Return the select that says how far a picture got."""
    return Select(
        custom_id=f"zib:s:status:{board.id}:{item.number}",
        options=[
            discord.SelectOption(
                label=text("board_status_is", locale, status=status_name(each, locale)),
                value=each.value,
                default=each is item.status,
            )
            for each in ItemStatus
        ],
    )


def board_options(
    found: Sequence[BoardSummary], chosen: str | None, locale: str
) -> list[discord.SelectOption]:
    """Return boards as options; `chosen` is the id of the one that is offered first."""
    found = sorted(found, key=lambda each: each.id != chosen)
    return [
        discord.SelectOption(
            label=shortened(each.name, _OPTION_LENGTH),
            value=each.id,
            description=count_words(each.num_items, locale),
            default=each.id == chosen,
        )
        for each in found[:_OPTIONS]
    ]


def open_select(found: Sequence[BoardSummary], locale: str) -> Select:
    """Return the select that opens one of the boards of a list."""
    return Select(
        custom_id="zib:s:open:list",
        placeholder=text("board_open", locale),
        options=board_options(found, None, locale),
    )


def board_row(board: Board, locale: str) -> list[Button]:
    """Return the buttons under a board."""
    buttons = []
    if board.state is BoardState.OPEN and board.items:
        buttons.append(
            button("vote", board.id, locale=locale, emoji="❤️", style=discord.ButtonStyle.primary)
        )
    if board.items:
        buttons.append(button("export", board.id, locale=locale, emoji="📦"))
    if board.palette and board.items:
        buttons.append(button("palette", board.id, locale=locale, emoji="🎨"))
    # It tells a later run of the bot whether its message is out of date.
    buttons.append(button("log", board.id, f"0.{stamp_of(board)}", locale=locale, emoji="📜"))
    return buttons


def page_row(
    board: Board, *, page: int, pages: int, order: SheetOrder, locale: str
) -> list[Button]:
    """Return the buttons that turn a board's pages; from 1."""
    before, after = max(page - 1, 1), min(page + 1, pages)
    found = [
        button("page", board.id, f"{before}.{order}", locale=locale, label="←"),
        button("page", board.id, f"{after}.{order}", locale=locale, label="→"),
    ]
    found[0].disabled, found[1].disabled = page == 1, page == pages
    return found


def picture_rows(board: Board, item: Item, *, reader: Reader, locale: str) -> list[list[Any]]:
    """Return the buttons and selects under one picture of an open board that its reader may use."""

    def one(action: str, emoji: str, **options: Any) -> Button:  # noqa: ANN401
        return button(action, board.id, str(item.number), locale=locale, emoji=emoji, **options)

    rows: list[list[Any]] = [[one(*each) for each in _deeds(item, reader)]]
    if reader.access >= Access.ADD:
        votes = text("board_button_voted", locale, count=item.votes)
        rows[0].insert(0, one("heart", "❤️", label=votes, style=discord.ButtonStyle.primary))
    if reader.access >= Access.CURATE:
        rows.append([status_select(board, item, locale)])
    return [row for row in rows if row]


def _deeds(item: Item, reader: Reader) -> list[tuple[str, str]]:
    """Return the action and sign of what a reader may do to a picture, apart from voting."""
    is_curator, may_add = reader.access >= Access.CURATE, reader.access >= Access.ADD
    has_added = may_add and reader.viewer.user_id == item.added_by
    deeds = [
        (may_add, ("comment", "💬")),
        (is_curator or has_added, ("words", "✏️")),
        (is_curator, ("move", "↕️")),
        (is_curator or is_theirs(item, reader.viewer), ("off", "🗑️")),
    ]
    return [deed for may, deed in deeds if may]


def drawing_row(board: Board, item: Item, locale: str) -> list[Button]:
    """Return the buttons that go on from a picture: they change nothing on its board."""
    actions = [("same", "🔁"), ("more", "🎲"), ("paint", "🎨"), ("recipe", "🧾")]
    if item.recipe_text is None:
        actions = [("more", "🎲"), ("paint", "🎨")]
    number = str(item.number)
    return [button(each, board.id, number, locale=locale, emoji=sign) for each, sign in actions]


def neighbours_row(board: Board, item: Item, neighbours: Neighbours, locale: str) -> list[Button]:
    """Return the buttons to the pictures before and after one, and to the sheet."""
    row = []
    before, after = neighbours.before, neighbours.after
    if (before, after) != (None, None):  # both stay where they are, to be pressed again
        for number, sign in ((before, "←"), (after, "→")):
            detail = str(item.number if number is None else number)
            row.append(button("look", board.id, detail, locale=locale, label=sign))
            row[-1].disabled = number is None
    row.append(button("sheet", board.id, str(item.number), locale=locale, emoji="🖼️"))
    if item.comments:
        label = text("board_button_comments", locale, count=len(item.comments))
        row.append(button("comments", board.id, str(item.number), locale=locale, emoji="💬",
                          label=label))  # fmt: skip
    return row
