"""Order, words, status, and what is taken off: the curators' work on single pictures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

from bot.domain.boards import Access, BoardPlace, BoardState, Item, ItemStatus, may_clear, rules
from bot.domain.jobs import typed_id
from bot.domain.viewers import Viewer
from bot.errors import BotError, InvalidRequestError
from bot.services.boards.additions import check_room
from bot.services.boards.inputs import ItemEdits, texts_of
from bot.services.boards.overview import Overview
from bot.services.boards.refusals import guild_of
from bot.services.boards.updates import UNDO_FOR, BoardUpdate
from bot.storage.boards import BoardChange


class Curation(Overview):
    """What is done to single pictures; each answers with the picture as it is now."""

    async def move(self, board_id: str, number: int, *, viewer: Viewer, before: int | None) -> Item:
        """Put a picture before another one, or behind all."""
        async with self._working(viewer, board_id, Access.CURATE) as work:
            item = await work.item(number)
            other = None if before is None else await work.item(before)
            if before != number:
                await work.change.move(item, before=other)
                await work.note("moved", item=item, detail="" if before is None else f"{before}")
        return await self._after(work, number)

    async def describe(
        self, board_id: str, number: int, *, viewer: Viewer, **words: Unpack[ItemEdits]
    ) -> Item:
        """Change what is said of a picture, all of it or nothing; whoever hung it up may, too.

        Raises:
            BotError: A text is too long, there are too many tags, or the viewer may not do this.

        """
        new = _checked(words)
        await self._context.policy.check_texts(texts_of(new), viewer.scene)
        async with self._working(viewer, board_id, Access.ADD) as work:
            item = await work.item(number)
            if item.added_by != viewer.user_id:
                work.check(Access.CURATE)
            for key, verb in (("caption", "captioned"), ("credit", "credited")):
                await _set(work, item, key, new.get(key, getattr(item, key)), verb)
            kept = rules.without_tags(item.tags, new["untags"])
            await _set_tags(work, item, kept, "untagged")
            more = rules.with_tags(kept, new["tags"])
            await _set_tags(work, replace(item, tags=kept), more, "tagged")
        return await self._after(work, number)

    async def set_status(
        self, board_id: str, number: int, status: ItemStatus, *, viewer: Viewer
    ) -> Item:
        """Say how far a picture got."""
        async with self._working(viewer, board_id, Access.CURATE) as work:
            item = await work.item(number)
            await _set(work, item, "status", status, "status")
            if ItemStatus.REJECTED in {status, item.status} and status is not item.status:
                await work.recolour()
        return await self._after(work, number)

    async def remove(self, board_id: str, number: int, *, viewer: Viewer) -> Item:
        """Take a picture off; for a day `bring_back` hangs it up again with all that was said.

        Whoever hung it up and whoever made it may do so, too.

        Returns:
            The picture as it hung there.

        """
        async with self._working(viewer, board_id, Access.LOOK) as work:
            item = await work.item(number)
            work.check_theirs(item)
            await _take_off(work, item)
        return item

    async def bring_back(self, board_id: str, number: int, *, viewer: Viewer) -> Item:
        """Hang a picture up again that was taken off less than a day ago, where it hung.

        Raises:
            BotError: It was not, or it was too long ago, or it hangs there again already.

        """
        async with self._working(viewer, board_id, Access.LOOK) as work:
            since = work.at - UNDO_FOR
            found = await work.change.taken_off(board_id, since=since, number=number)
            item = next(filter(work.sees, found), None)
            if item is None:
                raise InvalidRequestError(
                    f"No picture {number} was taken off the board {work.board.name!r} within a "
                    "day: there is nothing to bring back."
                )
            work.check_theirs(item)
            same = await work.change.with_pixels(board_id, item.pixel_sha256)
            if same is not None and work.sees(same):
                raise BotError(f"It hangs there again already: it is picture {same.number}.")
            if same is not None:
                raise BotError("It hangs there again already.")
            await check_room(work)
            await _hang_again(work, item)
        return await self._after(work, number)

    async def take_off_everywhere(self, generation_id: str, *, viewer: Viewer) -> list[BoardPlace]:
        """Take an image off all boards of the guild, for who made it and for moderators.

        Boards that the viewer may not see and archived ones are no exception; what is not the
        viewer's stays where it hangs.

        Returns:
            Where it was taken off, as far as the viewer may see it.

        """
        gone = []
        async with self._table.change() as change:
            for item in await change.of_generation(guild_of(viewer), typed_id(generation_id)):
                board = await change.head(item.board_id)
                assert board is not None
                if may_clear(item, board, viewer):
                    at = self._context.now()
                    work = BoardUpdate(change=change, viewer=viewer, board=board, at=at)
                    await _take_off(work, item)
                    gone.append(item)
        for item in gone:
            await self._context.tell(item.board_id)
        return await self._seen_places(gone, viewer)


async def hang_again(
    change: BoardChange,
    generation_ids: Sequence[str],
    *,
    since: dt.datetime,
    at: dt.datetime,
    viewer: Viewer,
) -> list[Item]:
    """Hang up again, where they hung, the copies of images that the viewer took off since a time.

    All that was said of them is as it was. One that has no room any more, or hangs there again
    already, is left.

    Returns:
        What hangs again.

    """
    hung = []
    for id_ in generation_ids:
        for item in await change.taken_off_with(id_, by=viewer.user_id, since=since):
            board = await change.head(item.board_id)
            if board is None or board.state is BoardState.DELETED:
                continue
            if not may_clear(item, board, viewer):
                continue
            if await change.with_pixels(board.id, item.pixel_sha256) is not None:
                continue
            if await change.num_items(board.id) >= rules.MAX_ITEMS:
                continue
            work = BoardUpdate(change=change, viewer=viewer, board=board, at=at)
            await _hang_again(work, item)
            hung.append(item)
    return hung


def _checked(words: ItemEdits) -> dict[str, Any]:
    """Return words of a picture as they are kept."""
    found: dict[str, Any] = {
        "tags": rules.tags(words.get("tags", ())),
        "untags": rules.tags(words.get("untags", ())),
    }
    if "caption" in words:
        found["caption"] = rules.caption(words["caption"])
    if "credit" in words:
        found["credit"] = rules.credit(words["credit"])
    return found


async def _set(work: BoardUpdate, item: Item, key: str, value: str, verb: str) -> None:
    """Change what is said of a picture, if that is new."""
    if value != getattr(item, key):
        await work.change.set_item(item.id, **{key: value})
        await work.note(verb, item=item, detail=value)


async def _take_off(work: BoardUpdate, item: Item) -> None:
    await work.change.set_item(item.id, removed_at=work.at.isoformat())
    await work.recolour()
    await work.note("removed", item=item, detail=item.caption)


async def _hang_again(work: BoardUpdate, item: Item) -> None:
    await work.change.set_item(item.id, removed_at=None)
    await work.recolour()
    await work.note("brought_back", item=item)


async def _set_tags(work: BoardUpdate, item: Item, tags: tuple[str, ...], verb: str) -> None:
    if tags != item.tags:
        changed = {*tags} ^ {*item.tags}
        await work.change.set_tags(item.id, tags)
        await work.note(verb, item=item, detail=", ".join(sorted(changed)))
