"""`/board export`: a board as files that fit Discord, and what was split or shrunk for that."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import discord
from discord import app_commands, ui

from bot.boards import Board, Item, Status
from bot.client import RefusalError, explain
from bot.errors import BotError
from bot.exhibits import ExportFile, Form, export_board
from bot.exhibits.wording import file_stem, plain_stem
from bot.texts import text
from cogs import layouts
from cogs.board_choosing import BoardCommand, board_of, suggest_boards
from cogs.board_rows import export_select
from cogs.board_wording import board_name
from cogs.posting import Content
from cogs.submitting import bot_of

logger = logging.getLogger(__name__)

FormName = Literal["zip", "html", "pdf", "png"]
Which = Literal["candidate", "shortlist", "approved", "rejected"]
UPLOAD: Final = dt.timedelta(minutes=1)  # left of an answer's 15 minutes, to send a file in
DIRECT: Final = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES  # of a file written to a person
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
    """Write what the reader may see and send it, each file in a private message of its own.

    An answer can be sent for 15 minutes; what is ready later is sent to its reader directly.
    """
    locale = str(interaction.locale)
    if not items:
        raise RefusalError("board_export_empty")
    if not interaction.response.is_done():
        await interaction.response.defer(ephemeral=True, thinking=True)
    service = bot_of(interaction).service
    write = functools.partial(
        export_board,
        board,
        items=items,
        form=form,
        locale=locale,
        pictures=service.boards.pictures,
    )
    try:
        with tempfile.TemporaryDirectory(prefix="board-") as folder:
            for file in await _written(interaction, write, Path(folder)):
                await _send(interaction, board, file)
    except (BotError, discord.Forbidden) as error:
        if not _is_late(interaction):
            raise
        await _tell_late(interaction, error)


async def _written(
    interaction: discord.Interaction, write: Callable[..., list[ExportFile]], folder: Path
) -> list[ExportFile]:
    """Write the files that fit the place where they are sent, once it is known.

    Raises:
        RefusalError: They are too many.

    """
    limit = interaction.filesize_limit
    async with bot_of(interaction).service.boards.exporting:
        files = await asyncio.to_thread(write, limit_bytes=limit, folder=folder)
        if _is_late(interaction) and any(each.path.stat().st_size > DIRECT for each in files):
            smaller = folder / "direct"
            smaller.mkdir()
            files = await asyncio.to_thread(write, limit_bytes=DIRECT, folder=smaller)
    if len(files) > MOST_FILES:
        raise RefusalError("board_export_many", count=len(files), limit=MOST_FILES)
    return files


def _is_late(interaction: discord.Interaction) -> bool:
    return bot_of(interaction).now() >= interaction.expires_at - UPLOAD


async def _send(interaction: discord.Interaction, board: Board, file: ExportFile) -> None:
    """Answer with a file, or write to its reader where no answer is possible any more."""
    locale, name = str(interaction.locale), _upload_name(board, file)
    upload = discord.File(file.path, filename=name)
    if _is_late(interaction):
        late = text("board_export_late", locale)
        await interaction.user.send(view=_view(board, file, name, locale, late), file=upload)
    else:
        view = _view(board, file, name, locale)
        await interaction.followup.send(view=view, file=upload, ephemeral=True)


async def _tell_late(interaction: discord.Interaction, error: BotError | discord.Forbidden) -> None:
    """Write to the reader why there is no export; call them where they asked if they forbid it."""
    locale = str(interaction.locale)
    if isinstance(error, BotError):
        with contextlib.suppress(discord.Forbidden):
            await interaction.user.send(view=layouts.notice(explain(error, locale)))
            return
    channel = bot_of(interaction).get_partial_messageable(interaction.channel_id or 0)
    said = text("board_export_unsent", locale, user=interaction.user.mention)
    try:
        await channel.send(
            view=layouts.notice(said),
            allowed_mentions=discord.AllowedMentions(users=[interaction.user]),
        )
    except discord.HTTPException as unsent:
        logger.warning("Nobody can be told of an export that took too long (%s)", unsent)


def _upload_name(board: Board, file: ExportFile) -> str:
    """Return a file's name for Discord, which changes letters that it does not know."""
    if file.name.isascii():
        return file.name
    return plain_stem(board) + file.name.removeprefix(file_stem(board))


def _view(
    board: Board, file: ExportFile, name: str, locale: str, late: str | None = None
) -> ui.LayoutView:
    words = text("board_exported", locale, name=board_name(board.name), note=file.note)
    words += "" if late is None else f"\n-# {late}"
    parts: list[Any] = [ui.TextDisplay(words), ui.File(f"attachment://{name}")]
    return layouts.layout(*parts, colour=layouts.DONE)


COMMANDS: Final[tuple[BoardCommand, ...]] = (export,)
BUTTONS = {"export": ask_form}
SELECTS = {"export": chosen}
