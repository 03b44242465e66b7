"""`/board export`: a board as files that fit Discord's limits."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import tempfile
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
from bot.discord_ui.direct_messages import call
from bot.discord_ui.discord_errors import Refusal, is_forbidden, refusal_of
from bot.discord_ui.formatting import shortened
from bot.discord_ui.interruptions import DEAD_TOKEN
from bot.discord_ui.refusals import RefusalError, explain
from bot.discord_ui.results import SMALLEST_LIMIT
from bot.discord_ui.submission import bot_of
from bot.domain.boards import Board, Item, ItemStatus
from bot.domain.deferrals import Repeat
from bot.errors import BotError
from bot.locales import text
from bot.media.exports import ExportFile, Form, export_board
from bot.media.exports.phrases import file_stem, plain_stem
from bot.media.thumbnails import PictureCache
from bot.services.temporary_files import EXPORT_PREFIX

FormName = Literal["zip", "html", "pdf", "png"]
Which = Literal["candidate", "shortlist", "approved", "rejected"]
UPLOAD: Final = dt.timedelta(minutes=1)  # left of an answer's 15 minutes, to send a file in
DIRECT: Final = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES  # of a file written to a person
MOST_FILES: Final = 10  # of a message; Discord's limit
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
    service = bot_of(interaction).service
    write = functools.partial(
        export_board,
        board,
        items=items,
        form=form,
        locale=locale,
    )
    service.temporary.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=EXPORT_PREFIX, dir=service.temporary) as folder:
            await _deliver(interaction, board, write, Path(folder))
    except (BotError, discord.HTTPException) as error:
        is_known = isinstance(error, BotError) or is_forbidden(error)
        if not is_known or not _is_late(interaction):
            raise
        await _tell_late(interaction, error)


async def _deliver(
    interaction: discord.Interaction,
    board: Board,
    write: Callable[..., list[ExportFile]],
    folder: Path,
) -> None:
    """Write and send; smaller files where Discord takes less than it said."""
    limit = interaction.filesize_limit
    while True:
        files = await _written(interaction, write, folder / str(limit), limit_bytes=limit)
        try:
            await _send(interaction, board, files)
        except discord.HTTPException as error:
            if refusal_of(error) is not Refusal.TOO_LARGE or limit < SMALLEST_LIMIT:
                raise
            limit //= 2
        else:
            return


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
        if _is_late(interaction) and any(each.path.stat().st_size > DIRECT for each in files):
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


def _is_late(interaction: discord.Interaction) -> bool:
    return bot_of(interaction).now() >= interaction.expires_at - UPLOAD


async def _send(
    interaction: discord.Interaction, board: Board, files: Sequence[ExportFile]
) -> None:
    """Answer with files, or write to their reader where no answer is possible any more.

    The answer is one message that grows by a file with each edit, from the first one on whatever it
    held before: interrupted anywhere and begun again, it holds each file once.
    """
    shown: Sequence[discord.Attachment] = ()
    for index in range(1, len(files) + 1):
        if _is_late(interaction):
            await _send_directly(interaction, board, files)
            return
        grow = functools.partial(_grow, interaction, board, files[:index], shown)
        try:
            shown = await Answer.to(interaction).edited(grow)
        except discord.HTTPException as error:
            if error.code != DEAD_TOKEN:
                raise
            await _send_directly(interaction, board, files)  # Discord's clock is ahead of ours
            return


async def _grow(
    interaction: discord.Interaction,
    board: Board,
    files: Sequence[ExportFile],
    shown: Sequence[discord.Attachment],
) -> Sequence[discord.Attachment]:
    """Add the last one of some files to the answer that shows the others."""
    names = [_upload_name(board, each) for each in files]
    upload = discord.File(files[-1].path, filename=names[-1])
    view = _view(board, files, names, str(interaction.locale))
    message = await interaction.edit_original_response(view=view, attachments=[*shown, upload])
    return message.attachments


async def _send_directly(
    interaction: discord.Interaction, board: Board, files: Sequence[ExportFile]
) -> None:
    """Write to the reader, a file in each message; none of them twice, also after a restart."""
    locale, table = str(interaction.locale), bot_of(interaction).service.system.deferrals
    late, reader = text("board_export_late", locale), interaction.user
    channel = await reader.create_dm()
    for index in range(await table.num_sent(interaction.id), len(files)):
        file, name = files[index], _upload_name(board, files[index])
        await channel.send(
            view=_view(board, [file], [name], locale, late),
            file=discord.File(file.path, filename=name),
            nonce=f"{interaction.id}-{index}",  # where only the answer to an attempt was lost
        )
        await table.note_sent(interaction.id, index + 1)
    with contextlib.suppress(discord.HTTPException):  # in its last minute it can still be answered
        view = views.notice(late + " " + text("board_export_sent", locale))
        await interaction.edit_original_response(view=view, attachments=[])


async def _tell_late(
    interaction: discord.Interaction, error: BotError | discord.HTTPException
) -> None:
    """Write to the reader why there is no export; call them where they asked if they forbid it."""
    locale = str(interaction.locale)
    if isinstance(error, BotError):
        try:
            await interaction.user.send(view=views.notice(explain(error, locale)))
        except discord.HTTPException as refusal:
            if not is_forbidden(refusal):
                raise
        else:
            return
    channel = bot_of(interaction).get_partial_messageable(interaction.channel_id or 0)
    said = text("board_export_unsent", locale, user=interaction.user.mention)
    await call(channel, interaction.user, said)


def _upload_name(board: Board, file: ExportFile) -> str:
    """Return a file's name for Discord, which changes letters that it does not know."""
    if file.name.isascii():
        return file.name
    return plain_stem(board) + file.name.removeprefix(file_stem(board))


def _view(
    board: Board,
    files: Sequence[ExportFile],
    names: Sequence[str],
    locale: str,
    late: str | None = None,
) -> ui.LayoutView:
    parts: list[Any] = []
    for file, name in zip(files, names, strict=True):
        words = text("board_exported", locale, name=board_name(board.name), note=file.note)
        words = shortened(words, MOST_WORDS // len(files))
        words += "" if late is None else f"\n-# {late}"
        parts += [ui.TextDisplay(words), ui.File(f"attachment://{name}")]
    return views.layout(*parts, colour=views.DONE)


COMMANDS: Final[tuple[BoardCommand, ...]] = (export,)
BUTTONS = {"export": ask_form}
SELECTS = {"export": chosen}
