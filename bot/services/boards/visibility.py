"""A board as somebody sees it: hidden pictures leave nothing behind, not even their colours."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.boards import Board, Item, ItemStatus, access_of, sees_item
from bot.domain.viewers import Viewer
from bot.media.palettes import merged


def seen_board(board: Board, viewer: Viewer) -> Board:
    """Return a board with the pictures that a viewer may see."""
    access = access_of(board, viewer)
    return with_items(board, [each for each in board.items if sees_item(each, access, viewer)])


def with_items(board: Board, items: list[Item]) -> Board:
    """Return a board with some of its pictures, and the colours of these."""
    if len(items) == len(board.items):
        return board
    palettes = [item.palette for item in items if item.status is not ItemStatus.REJECTED]
    return replace(board, items=tuple(items), palette=merged(palettes))


def without_colours(head: Board) -> Board:
    """Return a board that was read without its pictures, without their colours, too."""
    return replace(head, palette=())
