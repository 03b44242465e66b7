"""How boards and their pictures look in messages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.boards.components import (
    Reader,
    board_row,
    drawing_row,
    look_select,
    neighbours_row,
    page_row,
    picture_rows,
    sort_select,
)
from bot.discord_ui.boards.formatting import (
    board_name,
    hex_line,
    item_title,
    status_name,
    tags_line,
)
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.formatting import ALT_TEXT, escaped, shortened, user_mention
from bot.discord_ui.style_notes import words_of
from bot.domain.boards import Board, BoardState, Item, ItemSource, SheetOrder
from bot.domain.boards.values import Swatch
from bot.locales import text
from bot.media.exports import PER_PAGE, keep_sheet, page_count
from bot.media.exports.phrases import facts
from bot.media.picture_files import FileState
from bot.media.thumbnails import damage_words
from bot.services import Service

# Discord allows 4,000 characters in all texts of a message, and escaping may double them.
COMMENTS_SHOWN: Final = 4
COMMENT_SHOWN: Final = 150
TITLE_SHOWN: Final = 300
PROMPT_SHOWN: Final = 200
VIVID: Final = 60  # levels of 255 between the channels of a colour that looks like one
SHOWN_SIDE: Final = 1944  # pixels, of the copy shown where the original is too large


@dataclass(frozen=True, kw_only=True)
class BoardView:
    """How a reader looks at a board.

    Attributes:
        page: From 1.
        order: How it is sorted for them.
        limit_bytes: What a file may have here.

    """

    locale: str
    limit_bytes: int
    page: int = 1
    order: SheetOrder | None = None


async def board_content(
    service: Service, board: Board, looking: BoardView, *, notes: Sequence[str] = ()
) -> Content:
    """Return the message of a board: its sheet, its facts and its buttons.

    Args:
        service: Keeps the small copies.
        board: With the pictures that its reader may see.
        looking: Which page, in what order.
        notes: Small lines below the sheet.

    """
    locale, order = looking.locale, looking.order or board.order
    items = board.ordered(order)
    pages = page_count(len(items))
    page = min(max(looking.page, 1), pages)
    shown = items[(page - 1) * PER_PAGE : page * PER_PAGE]
    upload = await _sheet(service, board, items, page=page, locale=locale)
    # The sheet has the name in large letters: above it stands a line for those who cannot see it.
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(_headline(board, items, locale))]
    parts.append(
        ui.MediaGallery(
            discord.MediaGalleryItem(f"attachment://{upload.name}", description=upload.alt_text)
        )
    )
    if notes:
        parts.append(ui.TextDisplay("\n".join(f"-# {note}" for note in notes)))
    if shown:
        parts.append(ui.ActionRow(look_select(board, shown, locale)))
    if len(items) > 1:
        parts.append(ui.ActionRow(sort_select(board, order, locale)))
    turning = page_row(board, page=page, pages=pages, order=order, locale=locale)
    row = board_row(board, locale)
    if pages > 1 and len(row) + len(turning) > views.ROW_BUTTONS:
        parts.append(ui.ActionRow(*turning))
    elif pages > 1:
        row = [*turning, *row]
    parts.append(ui.ActionRow(*row))
    return Content(view=views.layout(*parts, colour=colour_of(board)), files=[upload])


def colour_of(board: Board) -> discord.Colour:
    """Return the stripe beside a board's message: its own most frequent colour."""
    if board.state is BoardState.ARCHIVED:
        return views.STOPPED
    return stripe(board.palette)


def stripe(palette: Sequence[Swatch]) -> discord.Colour:
    """Return the most frequent colour that is one: white and grey say nothing."""
    vivid = [swatch for swatch in palette if max(swatch.rgb) - min(swatch.rgb) >= VIVID]
    found = vivid or palette
    return discord.Colour.from_rgb(*found[0].rgb) if found else views.INK


def _headline(board: Board, items: Sequence[Item], locale: str) -> str:
    said = [f"📌 **{board_name(board.name)}**"]
    if board.state is BoardState.ARCHIVED:
        said.append(text("board_archived_mark", locale))
    said += [facts(items, locale)] if items else []
    usual = board.defaults
    if usual.name:
        said.append(text("board_style_named", locale, style=escaped(usual.name, limit=80)))
    if words := words_of(usual.before, usual.after):
        said.append(text("board_style_mark", locale, style=escaped(words, limit=80)))
    said += [escaped(value, limit=80) for _, value in usual.values]
    return "-# " + " · ".join(said)


async def _sheet(
    service: Service, board: Board, items: Sequence[Item], *, page: int, locale: str
) -> Upload:
    """Draw a page, or find it drawn; it reads and encodes, so not on the loop."""
    async with service.looking:
        path = await asyncio.to_thread(
            keep_sheet,
            board,
            items=items,
            theme=board.theme,
            page=page,
            pictures=service.boards.pictures,
            locale=locale,
        )
        content = await asyncio.to_thread(path.read_bytes)
    alt = text("board_alt", locale, name=board.name, facts=facts(items, locale))
    alt += f"\n{board.brief}" if board.brief else ""
    # A new name for a new picture: clients may keep what they have of an old one.
    name = f"board-{board.id}-{path.stem[:12]}.jpg"
    return Upload(name=name, content=content, alt_text=shortened(alt, ALT_TEXT))


async def picture_content(
    service: Service,
    board: Board,
    item: Item,
    *,
    reader: Reader,
    looking: BoardView,
    notes: Sequence[str] = (),
) -> Content:
    """Return the message of one picture: the picture, its facts and its buttons."""
    locale = looking.locale
    upload = await asyncio.to_thread(
        picture_upload, service, item, limit_bytes=looking.limit_bytes, locale=locale
    )
    head = f"-# 📌 {board_name(board.name)}\n### {item_title(item, limit=TITLE_SHOWN)}"
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join([head, *notes]))]
    if isinstance(upload, str):
        parts.append(ui.TextDisplay(upload))
    else:
        parts.append(ui.MediaGallery(gallery_item(upload, item)))
    parts.append(ui.TextDisplay("\n".join(item_lines(item, locale))))
    if item.comments:
        parts += [ui.Separator(), ui.TextDisplay("\n".join(comment_lines(item, locale)))]
    if board.state is BoardState.OPEN:
        rows = picture_rows(board, item, reader=reader, locale=locale)
        parts += [ui.ActionRow(*row) for row in rows]
    parts.append(ui.ActionRow(*drawing_row(board, item, locale)))
    parts.append(ui.ActionRow(*neighbours_row(board, item, reader.neighbours, locale)))
    files = [] if isinstance(upload, str) else [upload]
    return Content(view=views.layout(*parts, colour=stripe(item.palette)), files=files)


def gallery_item(upload: Upload, item: Item) -> discord.MediaGalleryItem:
    """Return a picture in a gallery; one that was hidden stays so."""
    return discord.MediaGalleryItem(
        f"attachment://{upload.name}", description=upload.alt_text, spoiler=item.is_spoiler
    )


def picture_upload(service: Service, item: Item, *, limit_bytes: int, locale: str) -> Upload | str:
    """Return a picture as a file Discord takes here, else a smaller copy; reads the disk.

    Where there is none, what is said in its place is returned.
    """
    pictures, path = service.boards.pictures, item.path
    state = pictures.state_of(item)
    if state is not FileState.WHOLE:
        return damage_words(state, locale)
    if path.stat().st_size > limit_bytes:
        copy = pictures.copy_of(item, side=SHOWN_SIDE)
        if copy is None or copy.stat().st_size > limit_bytes:
            return text("exhibit_too_large", locale)
        path = copy
    alt = item.caption or item.prompt or text("board_picture", locale, number=item.number)
    return Upload(
        name=f"picture-{item.number}{path.suffix}",
        content=path.read_bytes(),
        alt_text=shortened(alt, ALT_TEXT),
    )


def item_lines(item: Item, locale: str) -> list[str]:
    """Return the facts about a picture, as lines of small print."""
    state = [status_name(item.status, locale)]
    if item.votes:
        state.append(text("board_votes", locale, count=item.votes))
    state += [tags_line(item)] if item.tags else []
    lines = [" · ".join(state), _origin(item, locale)]
    if item.caption and item.prompt:
        lines.append(escaped(item.prompt, limit=PROMPT_SHOWN))
    if item.palette:
        lines.append(hex_line(item.palette))
    return [lines[0], *(f"-# {line}" for line in lines[1:])]


def _origin(item: Item, locale: str) -> str:
    is_own = (item.author_id, item.credit) == (item.added_by, item.added_by_name)
    said = []
    if item.credit and not is_own:
        said.append(text("board_credit", locale, name=escaped(item.credit)))
    said.append(text("board_added_by", locale, user=user_mention(item.added_by)))
    said.append(f"<t:{int(item.added_at.timestamp())}:R>")
    said.append(f"{item.width}×{item.height}")
    if item.source is ItemSource.GENERATION and item.generation_id:
        said.append(text("fact_seed", locale, seed=item.seed))
        said.append(f"`{item.generation_id}`")
    if item.link:
        said.append(f"[{text('exhibit_source_link', locale)}](<{item.link}>)")
    return " · ".join(said)


def comment_lines(item: Item, locale: str) -> list[str]:
    """Return the last that was said of a picture, each in one line."""
    shown = item.comments[-COMMENTS_SHOWN:]
    lines = []
    if len(shown) < len(item.comments):
        earlier = text("board_comments_more", locale, count=len(item.comments) - len(shown))
        lines.append(f"-# {earlier}")
    for comment in shown:
        words = escaped(" ".join(comment.text.split()), limit=COMMENT_SHOWN)
        lines.append(f"💬 {user_mention(comment.user_id)} {words}")
    return lines
