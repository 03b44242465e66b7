"""Looking at boards in private: sheets page by page, single pictures, the log."""

from __future__ import annotations

from typing import Final

import discord
from discord import app_commands, ui

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.boards.choice import (
    BoardCommand,
    board_of,
    boards_of,
    head_of,
    suggest_boards,
    suggest_numbers,
    summaries,
)
from bot.discord_ui.boards.components import button, open_select
from bot.discord_ui.boards.display import (
    acknowledge,
    present,
    present_board,
    present_picture,
    troubles,
    when,
)
from bot.discord_ui.boards.formatting import board_name, log_line
from bot.discord_ui.boards.people import member_viewer_of
from bot.discord_ui.content import Content
from bot.discord_ui.formatting import escaped, relative_time, user_mention
from bot.domain.boards import Board, BoardState, BoardSummary, SheetOrder
from bot.domain.boards.rules import MAX_BRIEF
from bot.domain.deferrals import Repeat
from bot.domain.plain_text import one_line
from bot.locales import text
from bot.media.exports import PER_PAGE
from bot.media.exports.phrases import count_words
from bot.services.boards import megabytes

LISTED: Final = 15  # boards; more are found by their names
NAME_LISTED: Final = 40  # characters


# Commands


@app_commands.command(name="list", description="The boards of this server")
async def list_boards(interaction: discord.Interaction) -> None:
    """List the boards that the reader may see, in private."""
    locale = str(interaction.locale)
    found = await summaries(interaction, with_archived=True)
    lines = [text("board_list_title", locale)]
    shown = found[:LISTED]
    lines += [_listed(each, locale) for each in shown]
    if len(found) > LISTED:
        lines.append(text("board_list_more", locale, count=len(found) - LISTED))
    if not found:
        lines.append(text("board_none", locale))
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join(lines))]
    if shown:
        boards = boards_of(interaction)
        used = megabytes(await boards.space(viewer=await member_viewer_of(interaction)))
        said = text("board_space", locale, used=used, limit=megabytes(boards.space_bytes))
        parts.append(ui.ActionRow(open_select(shown, locale)))
        parts.append(ui.TextDisplay(f"-# {said}"))
    await Answer.to(interaction).give(Content(view=views.layout(*parts)))


def _listed(summary: BoardSummary, locale: str) -> str:
    """Return a board as two lines: its name and channel, then its facts."""
    head = [f"**{board_name(summary.name, limit=NAME_LISTED)}**"]
    if summary.channel_id is not None:
        head.append(f"<#{summary.channel_id}>")
    if summary.state is BoardState.ARCHIVED:
        head.append(text("board_archived_mark", locale))
    facts = [count_words(summary.num_items, locale)]
    if summary.num_approved:
        facts.append(text("exhibit_count_approved", locale, count=summary.num_approved))
    facts.append(text("board_owned_by", locale, user=user_mention(summary.owner_id)))
    when = relative_time(summary.changed_at.timestamp())
    facts.append(text("board_changed_at", locale, when=when))
    return " · ".join(head) + "\n-# " + " · ".join(facts)


@app_commands.command(name="show", description="Look at a board, or at one of its pictures")
@app_commands.describe(board="Which board", number="Which picture; none shows the sheet")
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers)
async def show(
    interaction: discord.Interaction, board: str | None = None, number: int | None = None
) -> None:
    """Show a board or a picture to the reader alone."""
    if number is not None:
        meant = await head_of(interaction, board)
        await present_picture(interaction, meant.id, number)
        return
    found = await board_of(interaction, board)
    await acknowledge(interaction, Repeat.UNANSWERED)
    brief = [escaped(one_line(found.brief), limit=MAX_BRIEF)] if found.brief else []
    notes = [*brief, *await troubles(interaction, found)]
    await present_board(interaction, found, notes=notes)


@app_commands.command(name="log", description="What was done to a board, and by whom")
@app_commands.describe(board="Which board")
@app_commands.autocomplete(board=suggest_boards)
async def log(interaction: discord.Interaction, board: str | None = None) -> None:
    """Show the newest entries, in private."""
    await present_log(interaction, (await head_of(interaction, board)).id, "0")


# Buttons and selects


async def turn_page(interaction: discord.Interaction, board_id: str, detail: str) -> None:
    """Show another page: in place of a private one, beside a public one."""
    page, _, order = detail.partition(".")
    board = await board_of(interaction, board_id)
    await acknowledge(interaction, Repeat.UNANSWERED)
    await present_board(interaction, board, page=int(page), order=SheetOrder(order))


async def open_listed(interaction: discord.Interaction, _: str, board_id: str) -> None:
    """Show the board that was chosen in the list."""
    board = await board_of(interaction, board_id)
    await acknowledge(interaction, Repeat.UNANSWERED)
    await present_board(interaction, board)


async def sort(interaction: discord.Interaction, board_id: str, value: str) -> None:
    """Show a board in another order, to this reader alone."""
    board = await board_of(interaction, board_id)
    await acknowledge(interaction, Repeat.UNANSWERED)
    await present_board(interaction, board, order=SheetOrder(value))


async def look(interaction: discord.Interaction, board_id: str, value: str) -> None:
    """Show one picture."""
    await acknowledge(interaction, Repeat.UNANSWERED)
    await present_picture(interaction, board_id, int(value))


async def back_to_sheet(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Show the page of the sheet that a picture is on."""
    board = await board_of(interaction, board_id)
    await acknowledge(interaction, Repeat.UNANSWERED)
    items = board.ordered()
    at = next((i for i, each in enumerate(items) if each.number == int(number)), 0)
    await present_board(interaction, board, page=at // PER_PAGE + 1)


async def present_log(interaction: discord.Interaction, board_id: str, detail: str) -> None:
    """Show a page of the log, without entries on pictures that the reader may not see."""
    await acknowledge(interaction, Repeat.UNANSWERED)
    locale, page = str(interaction.locale), int(detail.partition(".")[0])
    board = await head_of(interaction, board_id)
    lines, has_older = await log_lines(interaction, board, page=page)
    head = text("board_log_title", locale, name=board_name(board.name))
    row = []
    if page > 0:
        row.append(button("log", board.id, str(page - 1), locale=locale,
                          label="← " + text("button_newer", locale)))  # fmt: skip
    if has_older:
        row.append(button("log", board.id, str(page + 1), locale=locale,
                          label=text("button_older", locale) + " →"))  # fmt: skip
    row.append(button("sheet", board.id, "0", locale=locale, emoji="🖼️"))
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join([head, *lines]))]
    parts.append(ui.ActionRow(*row))
    view = views.layout(*parts)
    await present(interaction, Content(view=view))


async def log_lines(
    interaction: discord.Interaction, board: Board, *, page: int
) -> tuple[list[str], bool]:
    """Return the entries of a page that the reader may see, and whether there are older ones."""
    boards, locale = boards_of(interaction), str(interaction.locale)
    found = await boards.log(board.id, page, viewer=await member_viewer_of(interaction))
    lines = [f"-# {when(each)} {log_line(each, locale)}" for each in found.activities]
    return lines, found.has_older


COMMANDS: Final[tuple[BoardCommand, ...]] = (list_boards, show, log)
BUTTONS = {
    "page": turn_page,
    "look": look,
    "sheet": back_to_sheet,
    "log": present_log,
}
SELECTS = {"look": look, "open": open_listed, "sort": sort}
