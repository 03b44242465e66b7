"""All that was said of a picture, page by page, and comments that are deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.boards.choice import boards_of, picture_of
from bot.discord_ui.boards.components import Select, button
from bot.discord_ui.boards.display import acknowledge, present
from bot.discord_ui.boards.formatting import board_name, item_title
from bot.discord_ui.boards.people import member_viewer_of
from bot.discord_ui.content import Content
from bot.discord_ui.formatting import escaped_lines, relative_time, shortened, user_mention
from bot.domain.boards import Access, Board, BoardState, Comment, Item, access_of
from bot.domain.deferrals import Repeat
from bot.domain.plain_text import one_line
from bot.domain.viewers import Viewer
from bot.locales import text

PAGE_LENGTH: Final = 3000  # characters; a message of Discord has 4,000
PAGE_COMMENTS: Final = 20  # a select to delete them has 25 options
COMMENT_LENGTH: Final = 1200  # characters; escaping doubles them at most


async def show_comments(interaction: discord.Interaction, board_id: str, detail: str) -> None:
    """Show a page of comments; `detail` is `number` for the newest, or `number.page`, from 0."""
    number, _, page = detail.partition(".")
    await acknowledge(interaction, Repeat.UNANSWERED)
    await present_comments(interaction, board_id, int(number), page=int(page) if page else None)


async def present_comments(
    interaction: discord.Interaction, board_id: str, number: int, *, page: int | None = None
) -> None:
    """Show the comments on a picture in private, the oldest first."""
    await acknowledge(interaction)
    board, item = await picture_of(interaction, board_id, number)
    locale, pages = str(interaction.locale), pages_of(item.comments)
    at = len(pages) - 1 if page is None else min(page, len(pages) - 1)
    head = f"-# 📌 {board_name(board.name)}\n### {item_title(item)}"
    lines = [_line(each) for each in pages[at]] or [text("board_comments_none", locale)]
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join([head, *lines]))]
    viewer = await member_viewer_of(interaction)
    if theirs := _deletable(board, pages[at], viewer):
        parts.append(ui.ActionRow(_delete_select(board, item, theirs, locale)))
    parts.append(ui.ActionRow(*_row(board, item, at, len(pages), locale)))
    await present(interaction, Content(view=views.layout(*parts)))


def pages_of(comments: Sequence[Comment]) -> list[list[Comment]]:
    """Return comments as pages that fit a message each; at least one, which may be empty."""
    pages: list[list[Comment]] = [[]]
    length = 0
    for comment in comments:
        length += len(_line(comment)) + 1
        if pages[-1] and (length > PAGE_LENGTH or len(pages[-1]) == PAGE_COMMENTS):
            pages.append([])
            length = len(_line(comment)) + 1
        pages[-1].append(comment)
    return pages


def _line(comment: Comment) -> str:
    when = relative_time(comment.created_at.timestamp())
    words = escaped_lines(comment.text, limit=COMMENT_LENGTH)
    return f"-# 💬 {user_mention(comment.user_id)} · {when}\n{words}"


def _deletable(board: Board, comments: Sequence[Comment], viewer: Viewer) -> list[Comment]:
    """Return the comments that the reader may delete: their own, and all of them for curators."""
    if board.state is not BoardState.OPEN:
        return []
    if access_of(board, viewer) >= Access.CURATE:
        return list(comments)
    return [each for each in comments if each.user_id == viewer.user_id]


def _delete_select(board: Board, item: Item, comments: Sequence[Comment], locale: str) -> Select:
    return Select(
        custom_id=f"zib:s:uncomment:{board.id}:{item.number}",
        placeholder=text("board_comment_delete", locale),
        options=[
            discord.SelectOption(
                label=shortened(f"{each.user_name}: {one_line(each.text)}", 100), value=str(each.id)
            )
            for each in comments
        ],
    )


def _row(board: Board, item: Item, at: int, count: int, locale: str) -> list[Any]:
    number = str(item.number)
    row = []
    if at > 0:
        row.append(button("comments", board.id, f"{number}.{at - 1}", locale=locale, label="←"))
    if board.state is BoardState.OPEN:
        row.append(button("comment", board.id, number, locale=locale, emoji="💬"))
    row.append(button("look", board.id, number, locale=locale, emoji="🔍",
                      label=text("board_picture", locale, number=number)))  # fmt: skip
    if at + 1 < count:
        row.append(button("comments", board.id, f"{number}.{at + 1}", locale=locale, label="→"))
    return row


async def delete_comment(interaction: discord.Interaction, board_id: str, value: str) -> None:
    """Delete a comment; `value` is `number:comment`."""
    number, _, comment_id = value.partition(":")
    await acknowledge(interaction)
    viewer = await member_viewer_of(interaction)
    await boards_of(interaction).delete_comment(
        board_id, int(number), int(comment_id), viewer=viewer
    )
    await present_comments(interaction, board_id, int(number))


BUTTONS = {"comments": show_comments}
SELECTS = {"uncomment": delete_comment}
