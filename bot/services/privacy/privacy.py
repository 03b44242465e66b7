"""What somebody can ask about themselves, in all servers at once."""

from __future__ import annotations

import asyncio

from bot.domain.jobs import now
from bot.domain.privacy import DataOverview, ErasureOrder, OwnPicture, PersonalData
from bot.domain.viewers import Viewer
from bot.services.privacy.erasures import Erasures
from bot.storage import Store


class Privacy:
    """One's own data: whoever asks gets what is known of them, wherever it was made."""

    def __init__(self, store: Store, erasures: Erasures) -> None:
        self._store = store
        self._erasures = erasures

    async def overview(self, *, viewer: Viewer) -> DataOverview:
        """Return what is known of the viewer, counted."""
        return await overview_of(self._store, viewer.user_id)

    async def data(self, *, viewer: Viewer) -> PersonalData:
        """Return all that is known of the viewer, and where the files of their pictures are."""
        return await personal_data(self._store, viewer.user_id)

    async def erase(self, *, viewer: Viewer, locale: str, takes_off: bool) -> ErasureOrder:
        """Have all erased that is known of the viewer until now; it is under way from here on.

        Args:
            viewer: Who asks.
            locale: Their language, for what Discord does not let go.
            takes_off: Whether their pictures leave the boards, too.

        Raises:
            OSError: The order cannot be written down, so nothing is done.

        """
        order = ErasureOrder(
            user_id=viewer.user_id, locale=locale, takes_off=takes_off, asked_at=now()
        )
        await self._erasures.begin(order)
        return order


async def overview_of(store: Store, user_id: int) -> DataOverview:
    """Return what is known of a person, counted."""
    orders = await asyncio.to_thread(store.erasure_orders.find, user_id)
    under_way = [each.order.asked_at for each in orders if each.order.done_at is None]
    return DataOverview(
        counts=await store.personal.counts(user_id),
        num_servers=await store.personal.num_guilds(user_id),
        ordered_at=max(under_way, default=None),
    )


async def personal_data(store: Store, user_id: int) -> PersonalData:
    """Return all that is known of a person."""
    images, copies = await store.personal.pictures(user_id)
    sources = await store.sources.of_user(user_id)
    pictures = [
        *(OwnPicture(name=f"images/{id_}", path=store.image_path(sha)) for id_, sha in images),
        *(
            OwnPicture(name=f"boards/{board_id}-{number}", path=store.boards.path_of(file))
            for board_id, number, file in copies
        ),
        *(OwnPicture(name=f"sources/{sha[:16]}", path=store.sources.path(sha)) for sha in sources),
    ]
    return PersonalData(
        sections=await store.personal.sections(user_id),
        pictures=[each for each in pictures if each.path.is_file()],
    )
