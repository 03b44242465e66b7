"""`python -m bot board`: the mood boards of this bot, listed, shown and exported."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
from typing import Any

from bot.cli.common import Commands, guild_id
from bot.cli.outputs import Outputs, cannot_write, file_words
from bot.domain.boards import Board, BoardState, BoardSummary, Item, SheetOrder
from bot.domain.jobs import typed_id
from bot.domain.plain_text import name_key
from bot.environment.installation import command_line
from bot.environment.streams import tell
from bot.errors import InvalidRequestError
from bot.media.picture_files import FileState, copy_state
from bot.settings import Settings
from bot.storage import Store

_FORMS = ("zip", "html", "pdf", "png")
_LOCALES = ("en-US", "zh-CN")
_TYPED_SHOWN = 80  # characters
_MB = 1024**2


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "board",
        help="list, show and export mood boards",
        description="The mood boards that the members of all guilds made with this bot.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="one line a board", description="List the boards.")
    _add_common(listing)
    listing.set_defaults(run=run_list)
    showing = actions.add_parser(
        "show", help="one line a picture", description="Show what hangs on a board."
    )
    _add_board(showing)
    showing.set_defaults(run=run_show)
    exporting = actions.add_parser(
        "export",
        help="write a board to files",
        description="Write a board to a new folder: an archive with the original files, their "
        "recipes and a table; one self-contained web page; a PDF; or one sheet for print.",
    )
    _add_board(exporting)
    exporting.add_argument("--form", choices=_FORMS, default="zip", help="default: zip")
    exporting.add_argument(
        "--output", metavar="FOLDER", help="where the new folder is made (default: outputs)"
    )
    exporting.add_argument(
        "--limit-mb", metavar="MB", type=_megabytes, help="split or shrink: no file is larger"
    )
    exporting.add_argument(
        "--language", choices=_LOCALES, default=_LOCALES[0], help="default: en-US"
    )
    exporting.add_argument(
        "--order", choices=[each.value for each in SheetOrder], help="default: the board's own"
    )
    exporting.set_defaults(run=run_export)


def run_list(options: argparse.Namespace, settings: Settings) -> int:
    """Print one line a board."""
    found = asyncio.run(_summaries(options.guild, settings))
    if options.json:
        tell(json.dumps([_summary_json(each) for each in found], ensure_ascii=False))
    else:
        tell("\n".join(map(_line, found)) or _no_boards(options.guild, settings))
    return 0


def _no_boards(guild_id: int | None, settings: Settings) -> str:
    whose = "" if guild_id is None else f" of guild {guild_id}"
    return f"There are no boards{whose} in {settings.data_dir}."


def run_show(options: argparse.Namespace, settings: Settings) -> int:
    """Print a board and what hangs on it."""
    board = asyncio.run(_find(options.board, options.guild, settings))
    tell(_json(board) if options.json else "\n".join(_lines(board)))
    return 0


def run_export(options: argparse.Namespace, settings: Settings) -> int:
    """Write a board to files and say what each of them holds."""
    # Fonts, pages and documents take a while to import: the other commands do without them.
    from bot.media.exports import export_board  # noqa: PLC0415
    from bot.media.thumbnails import PictureCache  # noqa: PLC0415

    board = asyncio.run(_find(options.board, options.guild, settings))
    outputs = Outputs(root=settings.data_dir / "outputs")
    folder = outputs.new_folder(options.output, file_words(board.name) or board.id)
    try:
        files = export_board(
            board,
            items=board.ordered(None if options.order is None else SheetOrder(options.order)),
            form=options.form,
            limit_bytes=None if options.limit_mb is None else round(options.limit_mb * _MB),
            locale=options.language,
            folder=folder,
            pictures=PictureCache(_store(settings).boards.small_copies),
        )
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise cannot_write(folder, error) from error
        raise
    if options.json:
        told = [{"path": str(each.path), "note": each.note} for each in files]
        report = json.dumps({"id": board.id, "files": told}, ensure_ascii=False)
    else:
        report = "\n".join(f"{each.path}\n  {each.note}".rstrip() for each in files)
    tell(report, kept=f"The board's files are here: {folder}.")
    return 0


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--guild", metavar="ID", type=guild_id, help="only boards of this guild")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _add_board(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("board", metavar="BOARD", help="the board's id or its name")
    _add_common(parser)


def _megabytes(typed: str) -> float:
    try:
        size = float(typed)
    except ValueError:
        size = 0.0
    if not 0 < size < float("inf"):
        raise argparse.ArgumentTypeError(f"{typed!r} is no size: use a number such as 10")
    return size


def _store(settings: Settings) -> Store:
    return Store(settings.data_dir / "bot.sqlite3", images=settings.data_dir / "images")


async def _summaries(guild_id: int | None, settings: Settings) -> list[BoardSummary]:
    """Return the boards that are not deleted."""
    async with _store(settings).to_read() as store:
        found = [summary for summary, _ in await store.boards.summaries(guild_id)]
    return [each for each in found if each.state is not BoardState.DELETED]


async def _find(typed: str, guild_id: int | None, settings: Settings) -> Board:
    """Return the board with this id or name.

    Raises:
        InvalidRequestError: There is none, or more than one.

    """
    found = await _summaries(guild_id, settings)
    named = [each for each in found if each.id == typed_id(typed)] or [
        each for each in found if name_key(each.name) == name_key(typed)
    ]
    if not named:
        raise InvalidRequestError(
            f"There is no board {typed[:_TYPED_SHOWN]!r} in {settings.data_dir}: "
            f"`{command_line('board list')}` shows those there are."
        )
    if len(named) > 1:
        ids = ", ".join(f"{each.id} (guild {each.guild_id})" for each in named)
        raise InvalidRequestError(
            f"{len(named)} guilds have a board {typed[:_TYPED_SHOWN]!r}: use one of the ids {ids}."
        )
    async with _store(settings).to_read() as store:
        board = await store.boards.find(named[0].id)
    assert board is not None
    return board


def _line(summary: BoardSummary) -> str:
    archived = ", archived" if summary.state is BoardState.ARCHIVED else ""
    return (
        f"{summary.id}  {summary.name}  {_pictures(summary.num_items)}, "
        f"{summary.num_approved} approved, of {summary.owner_name}, guild {summary.guild_id}"
        f"{archived}"
    )


def _lines(board: Board) -> list[str]:
    archived = ", archived" if board.state is BoardState.ARCHIVED else ""
    lines = [f"{board.name}  {board.id}, of {board.owner_name}{archived}"]
    lines += [f"  {line}" for line in board.brief.splitlines()]
    if board.palette:
        lines.append("Colours: " + " ".join(swatch.hex for swatch in board.palette))
    lines.append(f"{_pictures(len(board.items))}{':' if board.items else ''}")
    return lines + [_item_line(item) for item in board.ordered()]


def _item_line(item: Item) -> str:
    marks = [
        f"{item.votes} votes" if item.votes != 1 else "1 vote",
        *(f"#{tag}" for tag in item.tags),
        *(["spoiler"] if item.is_spoiler else []),
        *([item.generation_id] if item.generation_id else []),
        *([f"file {state}"] if (state := copy_state(item.path)) is not FileState.WHOLE else []),
    ]
    words = item.caption or item.prompt or ""
    return f"{item.number:>4}  {item.status.value}  {', '.join(marks)}  {words}".rstrip()


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"


def _summary_json(summary: BoardSummary) -> dict[str, object]:
    return {
        "id": summary.id,
        "guild": summary.guild_id,
        "name": summary.name,
        "brief": summary.brief,
        "state": summary.state.value,
        "channel": summary.channel_id,
        "owner": summary.owner_id,
        "pictures": summary.num_items,
        "approved": summary.num_approved,
        "created_at": summary.created_at.isoformat(),
        "changed_at": summary.changed_at.isoformat(),
    }


def _json(board: Board) -> str:
    return json.dumps(
        {
            "id": board.id,
            "guild": board.guild_id,
            "name": board.name,
            "brief": board.brief,
            "state": board.state.value,
            "channel": board.channel_id,
            "owner": board.owner_id,
            "style": board.defaults.name or board.defaults.after,
            "size": board.defaults.value("size"),
            "palette": [swatch.hex for swatch in board.palette],
            "pictures": [_item_json(item) for item in board.ordered()],
        },
        ensure_ascii=False,
    )


def _item_json(item: Item) -> dict[str, Any]:
    return {
        "number": item.number,
        "id": item.id,
        "image": item.generation_id,
        "file": str(item.path),
        "file_state": copy_state(item.path).value,
        "pixel_sha256": item.pixel_sha256,
        "width": item.width,
        "height": item.height,
        "status": item.status.value,
        "votes": item.votes,
        "caption": item.caption,
        "credit": item.credit,
        "tags": list(item.tags),
        "link": item.link,
        "spoiler": item.is_spoiler,
        "palette": [swatch.hex for swatch in item.palette],
        "comments": [
            {"by": each.user_name, "text": each.text, "at": each.created_at.isoformat()}
            for each in item.comments
        ],
        "added_by": item.added_by_name,
        "added_at": item.added_at.isoformat(),
        "recipe": None if item.recipe_text is None else json.loads(item.recipe_text),
    }
