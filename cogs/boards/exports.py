"""`/board export`: a board as files that fit Discord's limits."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import discord
from discord import app_commands, ui

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.boards.choice import BoardCommand, board_of, suggest_boards
from bot.discord_ui.boards.components import export_select
from bot.discord_ui.boards.formatting import board_name
from bot.discord_ui.content import Content
from bot.discord_ui.deferrals import defer
from bot.discord_ui.file_answers import DIRECT, MOST_FILES, FileAnswer, deliver, is_late
from bot.discord_ui.formatting import shortened
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.submission import bot_of
from bot.domain.boards import Board, Item, ItemStatus
from bot.domain.deferrals import Repeat
from bot.locales import text
from bot.media.exports import ExportFile, Form, export_board
from bot.media.exports.phrases import file_stem, plain_stem
from bot.media.thumbnails import PictureCache

FormName = Literal["zip", "html", "pdf", "png"]
Which = Literal["candidate", "shortlist", "approved", "rejected"]
MOST_WORDS: Final = 3600  # characters, of all files together; a message holds 4000


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
    items = [
        item for item in found.ordered() if status is None or item.status is ItemStatus(status)
    ]
    await send_export(interaction, found, items, form)


async def ask_form(interaction: discord.Interaction, board_id: str, _: str) -> None:
    """Ask which kind of files."""
    board, locale = await board_of(interaction, board_id), str(interaction.locale)
    words = text("board_export_title", locale, name=board_name(board.name))
    select: Any = ui.ActionRow(export_select(board, locale))
    view = views.layout(ui.TextDisplay(words), select)
    content = Content(view=view)
    await Answer.to(interaction).give(content)


async def chosen(interaction: discord.Interaction, board_id: str, value: str) -> None:
    """Write the files that were chosen."""
    board = await board_of(interaction, board_id)
    form: Any = value
    await send_export(interaction, board, board.ordered(), form)


async def send_export(
    interaction: discord.Interaction, board: Board, items: Sequence[Item], form: Form
) -> None:
    """Write what the reader may see and send it, all files in one private message.

    An answer can be sent for 15 minutes; what is ready later is sent to its reader directly.
    """
    locale = str(interaction.locale)
    if not items:
        raise RefusalError("board_export_empty")
    await defer(interaction, repeat=Repeat.ALWAYS)
    write = functools.partial(export_board, board, items=items, form=form, locale=locale)

    async def written(limit_bytes: int, folder: Path) -> FileAnswer:
        files = await _written(interaction, write, folder, limit_bytes=limit_bytes)
        named = [(_upload_name(board, each), each.path) for each in files]
        return FileAnswer(
            interaction, named, lambda shown, late: _view(board, files, shown, locale, late)
        )

    await deliver(interaction, written)


async def _written(
    interaction: discord.Interaction,
    write: Callable[..., list[ExportFile]],
    folder: Path,
    *,
    limit_bytes: int,
) -> list[ExportFile]:
    """Write the files that fit the place where they are sent, once it is known.

    Raises:
        RefusalError: They are too many.

    """
    boards = bot_of(interaction).service.boards
    async with boards.exporting:
        files = await _in_thread(write, boards.pictures, limit_bytes=limit_bytes, folder=folder)
        if is_late(interaction) and any(each.path.stat().st_size > DIRECT for each in files):
            smaller = folder / "direct"
            smaller.mkdir()
            files = await _in_thread(write, boards.pictures, limit_bytes=DIRECT, folder=smaller)
    if len(files) > MOST_FILES:
        raise RefusalError("board_export_many", count=len(files), limit=MOST_FILES)
    return files


async def _in_thread(
    write: Callable[..., list[ExportFile]],
    pictures: PictureCache,
    *,
    limit_bytes: int,
    folder: Path,
) -> list[ExportFile]:
    """Write in a thread; where this is cancelled, the thread ends before its folder goes."""
    stop = threading.Event()
    writing = asyncio.ensure_future(
        asyncio.to_thread(
            write, pictures=pictures.until(stop), limit_bytes=limit_bytes, folder=folder
        )
    )
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({writing})
        writing.exception()  # that it was stopped: nobody asks
        raise


def _upload_name(board: Board, file: ExportFile) -> str:
    """Return a file's name for Discord, which changes letters that it does not know."""
    if file.name.isascii():
        return file.name
    return plain_stem(board) + file.name.removeprefix(file_stem(board))


def _view(
    board: Board, files: Sequence[ExportFile], shown: Sequence[int], locale: str, late: str | None
) -> ui.LayoutView:
    parts: list[Any] = []
    for file in [files[index] for index in shown]:
        words = text("board_exported", locale, name=board_name(board.name), note=file.note)
        words = shortened(words, MOST_WORDS // len(shown))
        words += "" if late is None else f"\n-# {late}"
        parts += [ui.TextDisplay(words), ui.File(f"attachment://{_upload_name(board, file)}")]
    return views.layout(*parts, colour=views.DONE)


COMMANDS: Final[tuple[BoardCommand, ...]] = (export,)
BUTTONS = {"export": ask_form}
SELECTS = {"export": chosen}
