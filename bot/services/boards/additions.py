"""Hanging pictures up: opened without trust, copied, compared with what hangs there, noted."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

from PIL import Image

from bot.domain.boards import Access, Actor, Added, Item, ItemSource, ItemStatus, Swatch, rules
from bot.domain.jobs import Generation, typed_id
from bot.domain.plain_text import quoted
from bot.domain.recipe import recipe_text_of
from bot.domain.viewers import Viewer
from bot.errors import BotError, DamagedPictureError, InvalidRequestError
from bot.media.fingerprint import Match, best_match, candidates, fingerprint
from bot.media.image_input import Picture, read_picture
from bot.media.palettes import palette_of
from bot.media.picture_files import read_copy, read_image, write_once
from bot.services.boards.changes import BoardChanges, BoardUpdate, allowed
from bot.services.boards.options import Label, UploadDetails


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is seen of a picture when it is opened."""

    picture: Picture
    sha256: str
    likeness: bytes
    palette: tuple[Swatch, ...]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A picture that somebody wants to hang up, not opened yet; the fields are those of `Item`."""

    content: bytes
    source: ItemSource
    credit: str
    author_id: int | None
    channel_id: int | None
    is_spoiler: bool
    generation_id: str | None = None
    prompt: str | None = None
    seed: int | None = None
    recipe_text: str | None = None


class Additions(BoardChanges):
    """Hanging pictures up."""

    async def add_generation(
        self,
        actor: Actor,
        board_id: str,
        generation_id: str,
        *,
        viewer: Viewer,
        **label: Unpack[Label],
    ) -> Added:
        """Hang up an image of this bot, with its recipe; one that is hidden stays hidden.

        Args:
            actor: Who does so.
            board_id: Of the board.
            generation_id: Of the image.
            viewer: What they may see from where they ask: no other image is there for them.
            label: What is said of it.

        Returns:
            The new picture, or the one with the same pixels that hangs there already.

        Raises:
            BotError: There is no such board or image here, or the actor may not add.

        """
        await self._check(actor, board_id, label)
        found = await self._store.generations.find(typed_id(generation_id), viewer)
        if found is None:
            raise no_image(generation_id)
        return await self._hang(actor, board_id, await self._offer_of(found, viewer), label)

    async def add_upload(
        self, actor: Actor, board_id: str, content: bytes, **details: Unpack[UploadDetails]
    ) -> Added:
        """Hang up a picture that somebody posted.

        Returns:
            The new picture, or the one with the same pixels that hangs there already.

        Raises:
            BotError: There is no such board, the actor may not add, or it is no picture.

        """
        await self._check(actor, board_id, details)
        offer = Offer(
            content=content,
            source=ItemSource.UPLOAD,
            credit=details["author_name"],
            author_id=details["author_id"],
            channel_id=details["channel_id"],
            is_spoiler=details["is_spoiler"],
        )
        return await self._hang(actor, board_id, offer, details)

    async def _check(self, actor: Actor, board_id: str, label: Label) -> None:
        """Refuse early, before anything is opened; what counts is checked again at the end."""
        _said(label)
        allowed(await self._table.head(board_id), actor, _needs(label), typed=board_id)

    async def _offer_of(self, generation: Generation, viewer: Viewer) -> Offer:
        job = await self._store.jobs.find(generation.job_id)
        hidden = await self._store.generations.spoilers_among([generation.id])
        return Offer(
            content=await asyncio.to_thread(_content_of, generation),
            source=ItemSource.GENERATION,
            credit="" if job is None else job.origin.user_name,
            author_id=generation.user_id,
            channel_id=generation.channel_id,
            is_spoiler=bool(hidden) or generation.channel_id in viewer.veiled,
            generation_id=generation.id,
            prompt=generation.request.prompt,
            seed=generation.request.seed,
            recipe_text=recipe_text_of(generation),
        )

    async def _hang(self, actor: Actor, board_id: str, offer: Offer, label: Label) -> Added:
        """Copy the bytes, then write the row: a row never names a file that is not there."""
        async with self._looking:
            look = await asyncio.to_thread(_look, offer.content)
        path = self._table.copy_path(look.sha256, look.picture.suffix)
        async with self._files:
            near = await self._near(board_id, look.picture)
            async with (
                _copied(path, offer.content),
                self._working(actor, board_id, _needs(label)) as work,
            ):
                if not await work.change.is_kept(offer.generation_id):
                    raise no_image(offer.generation_id)
                same = await work.change.with_pixels(board_id, look.picture.pixel_sha256)
                if same is not None:
                    same = await _released(work, same, label)
                    return Added(item=same, duplicate_of=same, is_exact=True)
                await check_room(work)
                await self._check_space(work, path.name, len(offer.content))
                item = replace(
                    _item(work, path, offer, look, label),
                    id=await work.change.free_id(),
                    number=await work.change.next_number(board_id),
                )
                await asyncio.to_thread(self._store.records.write_item, work.board, item)
                await work.change.hang(item, size_bytes=len(offer.content))
                await work.recolour()
                await work.note("added", item=item, detail=item.caption)
        return Added(item=item, duplicate_of=near)

    async def _check_space(self, work: BoardUpdate, file: str, size_bytes: int) -> None:
        """Refuse a file that the guild has no room for; one that it keeps already takes none."""
        guild_id = work.board.guild_id
        used = await work.change.space(guild_id)
        if used + size_bytes <= self.space_bytes or await work.change.keeps_file(guild_id, file):
            return
        raise BotError(
            f"The boards of this server keep {megabytes(used)} MB of pictures, this one has "
            f"{megabytes(size_bytes)} MB, and {megabytes(self.space_bytes)} MB are the limit: take "
            "pictures off, or delete boards that nobody needs; it is free a day later."
        )

    async def space(self, actor: Actor) -> int:
        """Return how many bytes the pictures of the actor's guild take."""
        return await self._table.space(actor.guild_id)

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


def no_image(typed: str | None) -> InvalidRequestError:
    """Return what is said of an image that is not there, or was deleted while it was hung up."""
    return InvalidRequestError(
        f"There is no image {quoted(typed)} here: use the id under an image that is not deleted."
    )


def megabytes(size_bytes: int) -> str:
    """Return a size as people read it: `0.3`, `25`, `9,870`."""
    size = size_bytes / 1_000_000
    return f"{size:,.0f}" if size >= 10 else f"{size:.1f}"  # noqa: PLR2004


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


def _said(label: Label) -> dict[str, Any]:
    """Return what is said of a picture as it is kept.

    Raises:
        InvalidRequestError: A text is too long, or there are too many tags.

    """
    return {
        "caption": rules.caption(label.get("caption", "")),
        "credit": rules.credit(label.get("credit") or ""),
        "tags": rules.tags(label.get("tags", ())),
        "link": label.get("link"),
    }


def _item(work: BoardUpdate, path: Path, offer: Offer, look: Look, label: Label) -> Item:
    """Return a new picture that has neither id nor number yet."""
    said = _said(label)
    return Item(
        id="",
        board_id=work.board.id,
        number=0,
        source=offer.source,
        path=path,
        width=look.picture.size[0],
        height=look.picture.size[1],
        pixel_sha256=look.picture.pixel_sha256,
        likeness=look.likeness,
        generation_id=offer.generation_id,
        prompt=offer.prompt,
        seed=offer.seed,
        recipe_text=offer.recipe_text,
        author_id=offer.author_id,
        channel_id=None if label.get("is_released") else offer.channel_id,
        is_spoiler=offer.is_spoiler,
        status=ItemStatus.CANDIDATE,
        voter_ids=frozenset(),
        comments=(),
        palette=look.palette,
        added_by=work.actor.user_id,
        added_by_name=rules.user_name(work.actor.user_name),
        added_at=work.at,
        **{**said, "credit": said["credit"] or rules.user_name(offer.credit)},
    )


def _content_of(generation: Generation) -> bytes:
    """Read an image's file.

    Raises:
        BotError: It is damaged or gone.

    """
    try:
        return read_image(generation.path)
    except DamagedPictureError as error:
        state = "gone" if error.is_missing else "damaged"
        raise BotError(
            f"The file of the image {generation.id!r} is {state}: press Same seed under it, which "
            "draws it again, and add that."
        ) from error


def _look(content: bytes) -> Look:
    picture = read_picture(content)
    return Look(
        picture=picture,
        sha256=hashlib.sha256(content).hexdigest(),
        likeness=fingerprint(picture.image),
        palette=palette_of(picture.image),
    )


def _best(picture: Picture, items: Sequence[Item]) -> Match | None:
    return best_match(picture.image, _opened(items))


def _opened(items: Sequence[Item]) -> Iterator[tuple[str, Image.Image]]:
    """Open our copies, one at a time; one that somebody damaged is like nothing."""
    for item in items:
        with contextlib.suppress(DamagedPictureError):
            yield str(item.number), read_picture(read_copy(item.path)).image
