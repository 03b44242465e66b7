"""Hanging pictures up: opened without trust, copied, compared with what hangs there, noted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from PIL import Image

from bot.domain.boards import Access, Added, Item, ItemSource, rules
from bot.domain.jobs import Generation, typed_id
from bot.domain.recipe import recipe_text_of
from bot.domain.viewers import Viewer
from bot.errors import BotError, DamagedPictureError
from bot.media.fingerprint import Match, best_match, candidates
from bot.media.image_input import Picture, read_picture
from bot.media.picture_files import read_copy, write_once
from bot.services.boards.inputs import Label, UploadDetails, megabytes, texts_of
from bot.services.boards.offers import Offer, content_of, look_at, new_item, said_of
from bot.services.boards.refusals import allowed, no_image
from bot.services.boards.updates import BoardChanges, BoardUpdate


class Additions(BoardChanges):
    """Hanging pictures up."""

    async def add_generation(
        self, board_id: str, generation_id: str, *, viewer: Viewer, **label: Unpack[Label]
    ) -> Added:
        """Hang up an image of this bot, with its recipe; one that is hidden stays hidden.

        Args:
            board_id: Of the board.
            generation_id: Of the image.
            viewer: Who does so: no image is there for them that they may not see.
            label: What is said of it.

        Returns:
            The new picture, or the one with the same pixels that hangs there already.

        Raises:
            BotError: There is no such board or image here, or the viewer may not add.

        """
        await self._check(viewer, board_id, label)
        found = await self._store.generations.find(typed_id(generation_id), viewer)
        if found is None:
            raise no_image(generation_id)
        return await self._hang(viewer, board_id, await self._offer_of(found, viewer), label)

    async def add_upload(
        self, board_id: str, content: bytes, *, viewer: Viewer, **details: Unpack[UploadDetails]
    ) -> Added:
        """Hang up a picture that somebody posted.

        Returns:
            The new picture, or the one with the same pixels that hangs there already.

        Raises:
            BotError: There is no such board, the viewer may not add, it is no picture, or none that
                is taken here.

        """
        await self._check(viewer, board_id, details)
        offer = Offer(
            content=content,
            source=ItemSource.UPLOAD,
            credit=details["author_name"],
            author_id=details["author_id"],
            channel_id=details["channel_id"],
            is_spoiler=details["is_spoiler"],
        )
        return await self._hang(viewer, board_id, offer, details)

    async def _check(self, viewer: Viewer, board_id: str, label: Label) -> None:
        """Refuse early, before anything is opened; what counts is checked again at the end."""
        await self._context.policy.check_texts(texts_of(said_of(label)), viewer.scene)
        allowed(await self._table.head(board_id), viewer, _needs(label), typed=board_id)

    async def _offer_of(self, generation: Generation, viewer: Viewer) -> Offer:
        job = await self._store.jobs.find(generation.job_id)
        hidden = await self._store.generations.spoilers_among([generation.id])
        return Offer(
            content=await asyncio.to_thread(content_of, generation),
            source=ItemSource.GENERATION,
            credit="" if job is None else job.origin.user_name,
            author_id=generation.user_id,
            channel_id=generation.channel_id,
            is_spoiler=bool(hidden) or generation.channel_id in viewer.veiled,
            generation_id=generation.id,
            prompt=generation.request.prompt,
            seed=generation.request.seed,
            recipe_text=recipe_text_of(generation),
            is_checked=generation.score is not None,
        )

    async def _hang(self, viewer: Viewer, board_id: str, offer: Offer, label: Label) -> Added:
        """Copy the bytes, then write the row: a row never names a file that is not there."""
        async with self._context.looking:
            look = await asyncio.to_thread(look_at, offer.content)
            image, scene = look.picture.image, viewer.scene
            if not offer.is_checked and await self._context.policy.check_upload(image, scene):
                offer = replace(offer, is_spoiler=True)
        path = self._table.copy_path(look.sha256, look.picture.suffix)
        async with self._context.files:
            near = await self._near(board_id, look.picture)
            async with (
                _copied(path, offer.content),
                self._working(viewer, board_id, _needs(label)) as work,
            ):
                if not await work.change.is_kept(offer.generation_id):
                    raise no_image(offer.generation_id)
                same = await work.change.with_pixels(board_id, look.picture.pixel_sha256)
                if same is not None:
                    if not work.sees(same):
                        return Added(item=None, is_exact=True)
                    same = await _released(work, same, label)
                    return Added(item=same, duplicate_of=same, is_exact=True)
                await check_room(work)
                await self._check_space(work, path.name, len(offer.content))
                item = replace(
                    new_item(work, path, offer, look, label),
                    id=await work.change.free_id(),
                    number=await work.change.next_number(board_id),
                )
                await asyncio.to_thread(self._store.records.write_item, work.board, item)
                await work.change.hang(item, size_bytes=len(offer.content))
                await work.recolour()
                await work.note("added", item=item, detail=item.caption)
        return Added(item=item, duplicate_of=near if near is not None and work.sees(near) else None)

    async def _check_space(self, work: BoardUpdate, file: str, size_bytes: int) -> None:
        """Refuse a file that the guild has no room for; one that it keeps already takes none."""
        guild_id, limit = work.board.guild_id, self._context.space_bytes
        used = await work.change.space(guild_id)
        if used + size_bytes <= limit or await work.change.keeps_file(guild_id, file):
            return
        raise BotError(
            f"The boards of this server keep {megabytes(used)} MB of pictures, this one has "
            f"{megabytes(size_bytes)} MB, and {megabytes(limit)} MB are the limit: take "
            "pictures off, or delete boards that nobody needs; it is free a day later."
        )

    async def _near(self, board_id: str, picture: Picture) -> Item | None:
        """Return the picture of the board that this one is a changed copy of."""
        known = await self._table.likenesses(board_id)
        near = await asyncio.to_thread(candidates, picture.image, known)
        found = [await self._table.item(board_id, int(number)) for number in near]
        items = {str(each.number): each for each in found if each is not None}
        match = await asyncio.to_thread(_best, picture, list(items.values()))
        return None if match is None else items[match.key]


@contextlib.asynccontextmanager
async def _copied(path: Path, content: bytes) -> AsyncIterator[None]:
    """Write our copy; where the picture does not hang in the end, a new copy goes again."""
    was_there = await asyncio.to_thread(path.exists)
    try:
        await asyncio.to_thread(write_once, path, content)
        yield
    except (BotError, OSError):
        if not was_there:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        raise


async def check_room(work: BoardUpdate) -> None:
    """Refuse a picture that would be one too many."""
    count = await work.change.num_items(work.board.id)
    if count >= rules.MAX_ITEMS:
        raise BotError(
            f"The board {work.board.name!r} has {count} pictures, and {rules.MAX_ITEMS} are the "
            "limit: take some off, or begin another board."
        )


async def _released(work: BoardUpdate, item: Item, label: Label) -> Item:
    """Let whoever sees the board see a picture that hangs there already, where that was asked."""
    if not label.get("is_released") or item.channel_id is None:
        return item
    released = replace(item, channel_id=None)
    await work.change.set_item(item.id, channel_id=None)
    await work.note("released", item=released)
    return released


def _needs(label: Label) -> Access:
    return Access.CURATE if label.get("is_released") else Access.ADD


def _best(picture: Picture, items: Sequence[Item]) -> Match | None:
    return best_match(picture.image, _opened(items))


def _opened(items: Sequence[Item]) -> Iterator[tuple[str, Image.Image]]:
    """Open our copies, one at a time; one that somebody damaged is like nothing."""
    for item in items:
        with contextlib.suppress(DamagedPictureError):
            yield str(item.number), read_picture(read_copy(item.path)).image
