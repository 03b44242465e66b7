"""What somebody made, hung up or owns on boards, without them.

A board is its team's: others voted and decided on what hangs there. So a picture stays unless its
maker takes it off, but nothing says any more whose it was: not its row, its record, nor its file,
which is written anew without the recipe.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from bot.domain.boards import Item, ItemSource
from bot.domain.privacy import NOBODY, ErasureOrder
from bot.errors import BotError
from bot.media.image_input import read_picture
from bot.media.palettes import merged
from bot.media.picture_files import read_copy, write_once
from bot.services.boards.offers import Look, look_at
from bot.services.boards.updates import BoardChanges
from bot.storage.boards import BoardChange
from bot.storage.record_documents import RecordError, read_record


class PersonalPictures(BoardChanges):
    """Boards without somebody."""

    async def copies(self, order: ErasureOrder) -> list[str]:
        """Return the names of our copies of what they made: to be gone when all is done."""
        found = await self._table.of_person(order.user_id, before=order.asked_at)
        return sorted({each.path.name for each in found if each.author_id == order.user_id})

    async def erase(self, order: ErasureOrder, *, also: Collection[str] = ()) -> None:
        """Take somebody's name off all boards, or also their pictures.

        `also` are boards from which something of theirs is erased already: they are told, too.
        """
        async with self._context.files:
            found = await self._table.of_person(order.user_id, before=order.asked_at)
            owned = await self._table.owned_by(order.user_id, before=order.asked_at)
            by_board: dict[str, list[Item]] = defaultdict(list, {each: [] for each in owned})
            for item in found:
                by_board[item.board_id].append(item)
            for board_id, items in by_board.items():
                await self._erase_from(board_id, items, order, is_owned=board_id in owned)
        for board_id in {*by_board, *also}:
            await self._context.tell(board_id)
        if by_board:
            kept = await self._table.kept_pixels()
            await asyncio.to_thread(self._context.pictures.sweep, kept)

    async def delete_copies(self, names: Iterable[str]) -> None:
        """Delete copies that no picture needs any more, also where they are in quarantine."""
        async with self._context.files:
            for name in names:
                path = self._table.path_of(name)
                moved = await asyncio.to_thread(self._store.quarantine.found, path)
                gone = moved if await self._table.is_needed(name) else [path, *moved]
                for each in gone:
                    await asyncio.to_thread(each.unlink, missing_ok=True)

    async def _erase_from(
        self, board_id: str, items: Sequence[Item], order: ErasureOrder, *, is_owned: bool
    ) -> None:
        """Write files and records first: after a crash the rows still say what is to be done."""
        board = await self._table.head(board_id)
        assert board is not None
        if is_owned:
            board = replace(board, owner_id=NOBODY, owner_name="")
        news = {each.id: await self._without(each, order) for each in items}
        others = [each for each in await self._table.of_board(board_id) if each.id not in news]
        left = [each for each in news.values() if each is not None]
        write = self._store.records.write_item
        for item in (*left, *others) if is_owned else left:
            await asyncio.to_thread(write, board, item)
        async with self._table.change() as change:
            dropped = [id_ for id_, new in news.items() if new is None]
            await change.drop_items(dropped)
            for item in left:
                await _rewrite(change, item)
            if is_owned:
                await change.set_board(board_id, owner_id=NOBODY, owner_name="")
            palettes = await change.palettes(board_id)
            await change.set_palette(board_id, await asyncio.to_thread(merged, palettes))
            await change.touch(board_id)
        await asyncio.to_thread(self._store.records.delete_items, dropped)

    async def _without(self, item: Item, order: ErasureOrder) -> Item | None:
        """Return a picture without somebody; None where it goes altogether."""
        if item.added_by == order.user_id:
            item = replace(item, added_by=NOBODY, added_by_name="")
        if item.author_id != order.user_id:
            return item
        if order.takes_off:
            return None
        try:
            png, look = await asyncio.to_thread(_plain, item.path)
        except BotError:  # what a damaged file still holds, nobody can tell
            earlier = await asyncio.to_thread(self._written_before, item)
            if earlier is None:
                return None
            png, look = earlier
        path = self._table.copy_path(look.sha256, ".png")
        await asyncio.to_thread(write_once, path, png)
        width, height = look.picture.size
        return replace(
            item,
            source=ItemSource.UPLOAD,
            path=path,
            width=width,
            height=height,
            pixel_sha256=look.picture.pixel_sha256,
            generation_id=None,
            prompt=None,
            seed=None,
            recipe_text=None,
            credit="",
            author_id=None,
            link=None,
        )

    def _written_before(self, item: Item) -> tuple[bytes, Look] | None:
        """Return what was written of a picture when its maker was forgotten for the first time.

        A database that was replaced by an older copy names the file of before; the record does not.
        """
        with contextlib.suppress(BotError, RecordError, KeyError, TypeError):
            document = read_record(self._store.records.item_path(item.id))
            path = self._table.path_of(str(document["item"]["file"]))
            moved = self._store.quarantine.found(path)  # by a sweep that knew of no such row
            return _plain(next((each for each in moved if not path.exists()), path))
        return None


def _plain(path: Path) -> tuple[bytes, Look]:
    """Return a picture's pixels as a PNG that says nothing else.

    Raises:
        BotError: Its file is damaged or gone.

    """
    buffer = io.BytesIO()
    read_picture(read_copy(path)).image.save(buffer, "PNG")
    return buffer.getvalue(), look_at(buffer.getvalue())


async def _rewrite(change: BoardChange, item: Item) -> None:
    columns = ("width", "height", "pixel_sha256", "generation_id", "prompt", "seed", "credit",
               "author_id", "link", "added_by", "added_by_name")  # fmt: skip
    await change.set_item(
        item.id,
        **{name: getattr(item, name) for name in columns},
        source=item.source,
        file=item.path.name,
        recipe=item.recipe_text,
        size_bytes=0,  # it is weighed by the next sweep
    )
