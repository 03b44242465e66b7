"""What a board looks like outside its database: sheets, pages, documents and archives."""

from bot.exhibits.pictures import PictureCache
from bot.exhibits.sheet import PER_PAGE, BoardSheet, draw_board, page_count

__all__ = ["PER_PAGE", "BoardSheet", "PictureCache", "draw_board", "page_count"]
