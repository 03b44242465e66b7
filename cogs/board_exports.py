"""`/board export`: a board as files that fit Discord, and what was split or shrunk for that."""

from __future__ import annotations

import asyncio
import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import discord
from discord import app_commands, ui

from bot.boards import Board, Item, Status
from bot.client import RefusalError
from bot.exhibits import ExportFile, Form, export_board
from bot.exhibits.wording import file_stem, plain_stem
from bot.texts import text
from cogs import layouts
from cogs.board_choosing import BoardCommand, board_of, suggest_boards
from cogs.board_rows import export_select
from cogs.board_wording import board_name
from cogs.posting import Content
from cogs.submitting import bot_of

FormName = Literal["zip", "html", "pdf", "png"]
Which = Literal["candidate", "shortlist", "approved", "rejected"]
MOST_FILES: Final = 20  # messages of one answer; more would flood whoever asked


@app_commands.command(name="export", description="Get a board as files: for you alone")
@app_commands.describe(
    form="zip: the originals; html: one page; pdf: to print or send; png: one large sheet",
    board="Which board",
    status="Only pictures that got so far",
)
@app_commands.autocomplete(board=suggest_boards)
async def export(
    interaction: discord.Interaction,
    form: FormName = "zip",
    board: str | None = None,
    status: Which | None = None,
) -> None:
    """Write a board to files and send them."""
    found = await board_of(interaction, board)
    items = [item for item in found.ordered() if status is None or item.status is Status(status)]
    await send_export(interaction, found, items, form)


async def ask_form(interaction: discord.Interaction, board_id: str, _: str) -> None:
    """Ask which kind of files."""
    board, locale = await board_of(interaction, board_id), str(interaction.locale)
    words = text("board_export_title", locale, name=board_name(board.name))
    select: Any = ui.ActionRow(export_select(board, locale))
    view = layouts.layout(ui.TextDisplay(words), select)
    content = Content(view=view)
    await interaction.response.send_message(ephemeral=True, **content.arguments_of_new())


async def chosen(interaction: discord.Interaction, board_id: str, value: str) -> None:
    """Write the files that were chosen."""
    board = await board_of(interaction, board_id)
    form: Any = value
    await send_export(interaction, board, board.ordered(), form)


async def send_export(
    interaction: discord.Interaction, board: Board, items: Sequence[Item], form: Form
) -> None:
    """Write what the reader may see and send it, each file in a private message of its own."""
    locale = str(interaction.locale)
    if not items:
        raise RefusalError("board_export_empty")
    if not interaction.response.is_done():
        await interaction.response.defer(ephemeral=True, thinking=True)
    service = bot_of(interaction).service
    with tempfile.TemporaryDirectory(prefix="board-") as folder:
        write = functools.partial(
            export_board,
            board,
            items=items,
            form=form,
            limit_bytes=interaction.filesize_limit,
            locale=locale,
            folder=Path(folder),
            pictures=service.boards.pictures,
        )
        async with service.boards.exporting:
            files = await asyncio.to_thread(write)
        if len(files) > MOST_FILES:
            raise RefusalError("board_export_many", count=len(files), limit=MOST_FILES)
        for file in files:
            name = _upload_name(board, file)
            await interaction.followup.send(
                view=_view(board, file, name, locale),
                file=discord.File(file.path, filename=name),
                ephemeral=True,
            )


def _upload_name(board: Board, file: ExportFile) -> str:
    """Return a file's name for Discord, which changes letters that it does not know."""
    if file.name.isascii():
        return file.name
    return plain_stem(board) + file.name.removeprefix(file_stem(board))


def _view(board: Board, file: ExportFile, name: str, locale: str) -> ui.LayoutView:
    words = text("board_exported", locale, name=board_name(board.name), note=file.note)
    parts: list[Any] = [ui.TextDisplay(words), ui.File(f"attachment://{name}")]
    return layouts.layout(*parts, colour=layouts.DONE)


COMMANDS: Final[tuple[BoardCommand, ...]] = (export,)
BUTTONS = {"export": ask_form}
SELECTS = {"export": chosen}
