"""What can be asked of images: find, show, compare, and delete; nobody finds what is hidden."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from bot.domain.batches import Comparison
from bot.domain.jobs import Generation, ImageMessage, now
from bot.domain.lineage import Ancestry, Family
from bot.domain.moderation import Act, AuditEntry
from bot.domain.recipe import recipe_text_of
from bot.domain.search import Search
from bot.domain.verdict import verdict
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.media.fingerprint import candidates
from bot.media.image_input import Picture
from bot.services.deletions import Deletions, Removal
from bot.services.lookalikes import Lookalike
from bot.services.picture_gate import PictureGate
from bot.services.picture_origin import PictureOrigin
from bot.services.policy import Policy
from bot.services.replies import Page
from bot.storage import Store


class Images:
    """Finished images, as far as a viewer may see them."""

    def __init__(
        self, store: Store, deletions: Deletions, policy: Policy, gate: PictureGate
    ) -> None:
        self._store = store
        self._deletions = deletions
        self._policy = policy
        self._gate = gate

    async def find(self, generation_id: str, *, viewer: Viewer) -> Generation | None:
        """Return an image that may be seen; its file may be damaged or gone."""
        return await self._store.generations.find(generation_id, viewer)

    async def find_all(self, ids: Sequence[str], *, viewer: Viewer) -> list[Generation]:
        """Return those of some images that may be seen, in the order of their ids."""
        found = [await self.find(id_, viewer=viewer) for id_ in ids]
        return [generation for generation in found if generation is not None]

    async def show_again(self, ids: Sequence[str], *, viewer: Viewer) -> list[Generation]:
        """Return those of some images that may be seen, fit to be shown once more.

        Raises:
            InvalidRequestError: One was never checked, and is not shown by the rules of now.
            PictureCheckError: One could not be checked.

        """
        found = await self.find_all(ids, viewer=viewer)
        await self._gate.let_through(found)
        return found

    async def find_deletable(self, ids: Sequence[str], *, viewer: Viewer) -> list[Generation]:
        """Return images that may be seen, deleted ones too: a message may still show them."""
        return await self._store.generations.find_any(ids, viewer)

    async def history(
        self,
        *,
        viewer: Viewer,
        search: Search | None = None,
        page: int = 0,
        page_size: int = 5,
    ) -> Page:
        """Return a page of the images of a place, newest first.

        Raises:
            PictureCheckError: One was never checked, and cannot be.

        """
        found = await self._store.generations.history(
            viewer=viewer,
            search=search or Search(),
            offset=page * page_size,
            limit=page_size + 1,
        )
        shown = await self._gate.fit_to_show(found[:page_size])
        return Page(generations=shown, has_older=len(found) > page_size)

    async def of_message(self, message_id: int, *, viewer: Viewer) -> list[Generation]:
        """Return the images that a message was the first to show, if they may be seen."""
        return await self._store.generations.of_message(message_id, viewer)

    async def ancestry(self, generation_id: str, *, viewer: Viewer) -> Ancestry:
        """Return the way from the first image to one that may be seen; empty for any other."""
        if await self.find(generation_id, viewer=viewer) is None:
            return Ancestry(members=(), num_children=0, is_cut=False)
        return await self._store.lineage.descent(generation_id, viewer)

    async def family(self, generation_id: str, *, viewer: Viewer) -> Family | None:
        """Return all that comes from the same first image as one that may be seen."""
        if await self.find(generation_id, viewer=viewer) is None:
            return None
        return await self._store.lineage.family(generation_id, viewer)

    async def comparison(self, ids: Sequence[str], *, viewer: Viewer) -> Comparison:
        """Return what images that belong to one sheet have to do with each other."""
        found = await self._store.generations.find_any(ids, viewer)
        job_ids = {each.job_id for each in found}
        if len(found) < 2 or len(found) < len(ids) or len(job_ids) > 1:  # noqa: PLR2004
            return Comparison()
        job = await self._store.jobs.find(job_ids.pop())
        if job is None:
            return Comparison()
        places = {each.id: each.index for each in found}
        batch = None if job.batch is None else job.batch.among([places[id_] for id_ in ids])
        return Comparison(axis=job.axis, batch=batch)

    async def hidden_among(self, ids: Sequence[str], *, viewer: Viewer) -> frozenset[str]:
        """Return those of some images that may be seen, hidden until they are clicked."""
        found = await self._store.generations.find_any(ids, viewer)
        veiled = {each.id for each in found if viewer.veils(each)}
        spoilers = await self._store.generations.spoilers_among([each.id for each in found])
        return spoilers | veiled

    async def map_file(self, generation_id: str, *, viewer: Viewer) -> Path | None:
        """Return the file of the map that steered an image that may be seen."""
        found = await self.find(generation_id, viewer=viewer)
        control = None if found is None else found.request.control
        return None if control is None else self._store.sources.path(control.pixel_sha256)

    async def signed_recipe(self, generation_id: str, *, viewer: Viewer) -> str | None:
        """Return the recipe of an image that may be seen, with the signature that proves it."""
        found = await self.find_deletable([generation_id], viewer=viewer)
        return self._store.signed(recipe_text_of(found[0])) if found else None

    # Pictures that are handed in

    async def with_pixels(self, pixel_sha256: str, *, viewer: Viewer) -> list[Generation]:
        """Return the images with exactly these pixels that may be seen."""
        return await self._store.generations.with_pixels(pixel_sha256, viewer)

    async def made_here(self, picture: Picture, *, viewer: Viewer) -> PictureOrigin:
        """Return what a picture's file says, what proves it, and what was made here of it.

        Raises:
            UnsuitablePictureError: Such pictures are not taken here.
            PictureCheckError: It could not be checked.

        """
        await self._policy.check_upload(picture.image, viewer.scene)
        recipe, doubt = None, None
        try:
            recipe = picture.recipe
        except BotError as error:
            doubt = error.message
        here = await self.with_pixels(picture.pixel_sha256, viewer=viewer)
        kept = [] if recipe is None else await self.with_pixels(recipe.pixel_sha256, viewer=viewer)
        found = Lookalike(original=None)
        if not here:
            found = await self.lookalike(picture.image, viewer=viewer)
        return PictureOrigin(
            recipe=recipe,
            verdict=None if recipe is None else verdict(recipe, kept, self._store.key),
            doubt=doubt,
            is_whole=recipe is not None and recipe.pixel_sha256 == picture.pixel_sha256,
            here=here,
            lookalike=found.original,
            unread=found.unread,
        )

    async def lookalike(self, image: Image.Image, *, viewer: Viewer) -> Lookalike:
        """Look for the image that `image` (RGB) is a changed copy of, if it may be seen."""
        known = await self._store.generations.likenesses(viewer)
        near = await asyncio.to_thread(candidates, image, known)
        found = await self.find_all(near, viewer=viewer)
        return await asyncio.to_thread(Lookalike.among, image, found)

    async def delete(
        self,
        *generation_ids: str,
        viewer: Viewer,
        locale: str = "en-US",
        shown_in: ImageMessage | None = None,
    ) -> Removal:
        """Delete images for their requester or a moderator of where they were made.

        All of them or none. Nobody finds them from here on; their messages go with
        `deletions.carry_out`, or at once where no message shows them, and for a day the viewer
        can bring them back (`Trash.bring_back`), if there is room for their files. Images that are
        deleted already may be named again, with one more message that still shows them.

        Args:
            generation_ids: The images; those that the viewer may not see do not exist.
            viewer: Who asks.
            locale: Their language.
            shown_in: A message that shows all of them.

        Raises:
            BotError: Somebody else asks.

        """
        found = await self._store.generations.find_any(generation_ids, viewer)
        if not all(map(viewer.may_end, found)):
            raise BotError("Only its requester and moderators can delete it.")
        ids = [each.id for each in found]
        trash = await self._deletions.room_in_trash(ids)
        removal = await self._deletions.begin(
            ids,
            by=viewer.user_id,
            locale=locale,
            shown_in=shown_in,
            entry=deletion_entry(found, viewer=viewer),
            trash=trash,
        )
        removal.is_without_room = trash is None
        if not await self._deletions.messages_of(removal):
            await self._deletions.carry_out_now(removal)
        return removal


def deletion_entry(
    generations: Sequence[Generation], *, viewer: Viewer, why: str = ""
) -> AuditEntry | None:
    """Return what is written down where a moderator deletes what others made; else None."""
    others = [each for each in generations if each.user_id != viewer.user_id]
    if viewer.guild_id is None or not others:
        return None
    return AuditEntry(
        guild_id=viewer.guild_id,
        act=Act.DELETED,
        created_at=now(),
        by_id=viewer.user_id,
        by_name=viewer.user_name,
        user_id=others[0].user_id,
        channel_id=others[0].channel_id,
        job_id=others[0].job_id,
        image_ids=tuple(each.id for each in others),
        why=why,
    )
