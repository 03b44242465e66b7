"""Order, words, status, and what is taken off: the curators' work on single pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Unpack

from bot.domain.boards import Access, Actor, BoardPlace, Item, ItemStatus, access_of, rules
from bot.domain.jobs import typed_id
from bot.errors import BotError, InvalidRequestError
from bot.services.boards.additions import check_room
from bot.services.boards.changes import UNDO_FOR, BoardChanges, BoardUpdate
from bot.services.boards.options import ItemEdits


class Curation(BoardChanges):
    """What is done to single pictures; each answers with the picture as it is now."""

    async def item(self, actor: Actor, board_id: str, number: int) -> Item:
        """Return a picture of a board that the actor may see."""
        board = await self._seen(actor, board_id)
        return await self._now(board, number)

    async def move(self, actor: Actor, board_id: str, number: int, *, before: int | None) -> Item:
        """Put a picture before another one, or behind all."""
        async with self._working(actor, board_id, Access.CURATE) as work:
            item = await work.item(number)
            other = None if before is None else await work.item(before)
            if before != number:
                await work.change.move(item, before=other)
                await work.note("moved", item=item, detail="" if before is None else f"{before}")
        return await self._now(work.board, number)

    async def describe(
        self, actor: Actor, board_id: str, number: int, **words: Unpack[ItemEdits]
    ) -> Item:
        """Change what is said of a picture, all of it or nothing; whoever hung it up may, too.

        Raises:
            BotError: A text is too long, there are too many tags, or the actor may not do this.

        """
        new = _checked(words)
        async with self._working(actor, board_id, Access.ADD) as work:
            item = await _own(work, number)
            for key, verb in (("caption", "captioned"), ("credit", "credited")):
                text = new.get(key)
                if text is not None and text != getattr(item, key):
                    await work.change.set_item(item.id, **{key: text})
                    await work.note(verb, item=item, detail=text)
            kept = rules.without_tags(item.tags, new["untags"])
            await _set_tags(work, item, kept, "untagged")
            more = rules.with_tags(kept, new["tags"])
            await _set_tags(work, replace(item, tags=kept), more, "tagged")
        return await self._now(work.board, number)

    async def caption(self, actor: Actor, board_id: str, number: int, text: str) -> Item:
        """Give a picture another caption, or none; whoever hung it up may do so, too."""
        return await self.describe(actor, board_id, number, caption=text)

    async def credit(self, actor: Actor, board_id: str, number: int, name: str) -> Item:
        """Say who made a picture; whoever hung it up may do so, too."""
        return await self.describe(actor, board_id, number, credit=name)

    async def tag(self, actor: Actor, board_id: str, number: int, *tags: str) -> Item:
        """Give a picture further tags; whoever hung it up may do so, too."""
        return await self.describe(actor, board_id, number, tags=tags)

    async def untag(self, actor: Actor, board_id: str, number: int, *tags: str) -> Item:
        """Take tags from a picture; whoever hung it up may do so, too."""
        return await self.describe(actor, board_id, number, untags=tags)

    async def set_status(
        self, actor: Actor, board_id: str, number: int, status: ItemStatus
    ) -> Item:
        """Say how far a picture got."""
        async with self._working(actor, board_id, Access.CURATE) as work:
            item = await work.item(number)
            if status is not item.status:
                await work.change.set_item(item.id, status=status)
                if ItemStatus.REJECTED in {status, item.status}:
                    await work.recolour()
                await work.note("status", item=item, detail=status.value)
        return await self._now(work.board, number)

    async def remove(self, actor: Actor, board_id: str, number: int) -> Item:
        """Take a picture off; for a day `bring_back` hangs it up again with all that was said.

        Whoever hung it up and whoever made it may do so, too.

        Returns:
            The picture as it hung there.

        """
        async with self._working(actor, board_id, Access.LOOK) as work:
            item = await work.item(number)
            _check_theirs(work, item)
            await _take_off(work, item)
        return item

    async def bring_back(self, actor: Actor, board_id: str, number: int) -> Item:
        """Hang a picture up again that was taken off less than a day ago, where it hung.

        Raises:
            BotError: It was not, or it was too long ago, or it hangs there again already.

        """
        async with self._working(actor, board_id, Access.LOOK) as work:
            item = await work.change.taken_off(board_id, number, since=work.at - UNDO_FOR)
            if item is None:
                raise InvalidRequestError(
                    f"No picture {number} was taken off the board {work.board.name!r} within a "
                    "day: there is nothing to bring back."
                )
            _check_theirs(work, item)
            same = await work.change.with_pixels(board_id, item.pixel_sha256)
            if same is not None:
                raise BotError(f"It hangs there again already: it is picture {same.number}.")
            await check_room(work)
            await work.change.set_item(item.id, removed_at=None)
            await work.recolour()
            await work.note("brought_back", item=item)
        return await self._now(work.board, number)

    async def taken_off(self, actor: Actor, board_id: str) -> list[Item]:
        """Return the pictures that the actor can bring back to a board."""
        board = await self._seen(actor, board_id)
        found = await self._table.taken_off(board_id, since=self.now() - UNDO_FOR)
        if access_of(board, actor) >= Access.CURATE:
            return found
        return [each for each in found if actor.user_id in {each.added_by, each.author_id}]

    async def hangings(self, actor: Actor, generation_id: str) -> list[BoardPlace]:
        """Return where an image hangs, on boards that the actor may see."""
        found = await self._table.hangings(actor.guild_id, typed_id(generation_id))
        heads = [await self._table.head(each.board_id) for each in found]
        return [
            each
            for each, head in zip(found, heads, strict=True)
            if head is not None and access_of(head, actor) >= Access.LOOK
        ]

    async def take_off_everywhere(self, actor: Actor, generation_id: str) -> list[BoardPlace]:
        """Take an image off all boards of the guild, for who made it and for moderators.

        Boards that the actor may not see and archived ones are no exception; what is not the
        actor's stays where it hangs.

        Returns:
            Where it was taken off.

        """
        gone = []
        async with self._table.change() as change:
            for item in await change.of_generation(actor.guild_id, typed_id(generation_id)):
                board = await change.head(item.board_id)
                assert board is not None
                if actor.moderates(board.channel_id) or item.author_id == actor.user_id:
                    await _take_off(
                        BoardUpdate(change=change, actor=actor, board=board, at=self.now()), item
                    )
                    gone.append(
                        BoardPlace(board_id=board.id, board_name=board.name, number=item.number)
                    )
        for hanging in gone:
            await self._tell(hanging.board_id)
        return gone


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


async def _own(work: BoardUpdate, number: int) -> Item:
    """Return a picture that the actor may curate, or that they hung up."""
    item = await work.item(number)
    if item.added_by != work.actor.user_id:
        work.check(Access.CURATE)
    return item


def _check_theirs(work: BoardUpdate, item: Item) -> None:
    """Refuse to take off what is not the actor's, unless they may curate."""
    if work.actor.user_id not in {item.added_by, item.author_id}:
        work.check(Access.CURATE)


async def _take_off(work: BoardUpdate, item: Item) -> None:
    await work.change.set_item(item.id, removed_at=work.at.isoformat())
    await work.recolour()
    await work.note("removed", item=item, detail=item.caption)


async def _set_tags(work: BoardUpdate, item: Item, tags: tuple[str, ...], verb: str) -> None:
    if tags != item.tags:
        changed = {*tags} ^ {*item.tags}
        await work.change.set_tags(item.id, tags)
        await work.note(verb, item=item, detail=", ".join(sorted(changed)))
