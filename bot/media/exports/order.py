"""What is to be exported, for whom and how large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain.boards import Board, Item
from bot.locales import text
from bot.media.exports.phrases import file_stem
from bot.media.thumbnails import PictureCache


@dataclass(frozen=True, kw_only=True)
class ExportOrder:
    """What is to be written.

    Attributes:
        items: What the reader may see, in the order in which it hangs.
        limit_bytes: No file is larger; None for no limit.
        locale: The reader's.
        folder: Where the files are written.
        pictures: Where small copies are kept.

    """

    board: Board
    items: Sequence[Item]
    limit_bytes: int | None
    locale: str
    folder: Path
    pictures: PictureCache

    @property
    def limit_mb(self) -> str:
        """Return the limit as it is said."""
        return f"{(self.limit_bytes or 0) / 1024**2:.3g}"

    def say(self, key: str, **values: object) -> str:
        """Return a sentence in the reader's language; it may name the limit."""
        return text(key, self.locale, limit=self.limit_mb, **values)

    def file(self, suffix: str, part: int, parts: int) -> tuple[str, Path]:
        """Return the name and the place of a part, from 0."""
        place = f"-{part + 1}-of-{parts}" if parts > 1 else ""
        name = f"{file_stem(self.board)}{place}.{suffix}"
        return name, self.folder / name
