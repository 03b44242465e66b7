"""What was deleted less than a day ago: brought back by who deleted it, with its places on boards.

Until then nobody finds it, and its file stays where it was. Bringing it back is one transaction,
which also says that its job is to be posted: a crash behind it is made good by the next start, like
that of any job that is made and not posted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.domain.boards import Item
from bot.domain.jobs import Generation, Job, now
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.services.active_jobs import ActiveJob
from bot.services.boards import BoardContext, hang_again
from bot.services.job_context import JobContext, JobPart
from bot.services.policy import Policy
from bot.services.replies import Reply
from bot.storage.trash import TrashEntry

NOTHING_THERE: Final = (
    "There is nothing that you can bring back: after a day it is gone for good, or it was brought "
    "back already."
)
STILL_LEAVING: Final = "It is still being removed from Discord: try again in a minute."
STILL_COMING: Final = "Its message is being written just now: try again in a minute."
COMES_WITHIN_S: Final = 5.0
POSTING: Final = "show"  # the action whose rules say whether an image may be posted again


@dataclass(frozen=True, kw_only=True)
class BroughtBack:
    """What was brought back.

    Attributes:
        items: The pictures that hang on boards again.

    """

    generations: tuple[Generation, ...]
    items: tuple[Item, ...]


class Trash(JobPart):
    """Deleted images that can be brought back."""

    def __init__(
        self,
        context: JobContext,
        policy: Policy,
        boards: BoardContext,
        *,
        reply_to: Callable[[Job], Reply],
    ) -> None:
        super().__init__(context)
        self._policy = policy
        self._boards = boards
        self._reply_to = reply_to

    async def entry_of(self, ids: Sequence[str], *, viewer: Viewer) -> TrashEntry | None:
        """Return as what the viewer can bring back images; None where they cannot."""
        return await self._store.trash.entry_of(ids, viewer.user_id)

    async def bring_back(self, trash_id: str, *, viewer: Viewer) -> BroughtBack:
        """Let images that the viewer deleted be as they were; they are posted where they were.

        All that were deleted together, or none.

        Raises:
            BotError: There are none that they may bring back, not just now, or the rules of that
                place do not let them be posted there.

        """
        entry, images = await self._found(trash_id, viewer)
        await self._check(images, viewer)
        at = now()
        async with self._store.trash.bring_back(trash_id, viewer.user_id, at=at) as (ids, change):
            if not ids:  # it was pressed twice
                raise BotError(NOTHING_THERE)
            items = await hang_again(
                change, [each.id for each in images], since=entry.created_at, at=at, viewer=viewer
            )
        for board_id in dict.fromkeys(each.board_id for each in items):
            await self._boards.tell(board_id)
        await self._post(ids)
        return BroughtBack(generations=tuple(images), items=tuple(items))

    async def _found(self, trash_id: str, viewer: Viewer) -> tuple[TrashEntry, list[Generation]]:
        found = await self._store.trash.find(trash_id, viewer.user_id, at=now())
        if found is None:
            raise BotError(NOTHING_THERE)
        entry, ids = found
        images = await self._store.generations.find_any(ids, viewer)
        if len(images) < len(ids) or not all(map(viewer.may_end, images)):
            raise BotError(NOTHING_THERE)
        return entry, images

    async def _check(self, images: Sequence[Generation], viewer: Viewer) -> None:
        """Refuse what cannot be posted now, while nothing is changed."""
        if await self._store.trash.is_leaving([each.id for each in images]):
            raise BotError(STILL_LEAVING)
        for job in await self._jobs({each.job_id for each in images}):
            await self._wait_for_its_post(job.id)
            scene = replace(job.origin.scene, user_id=viewer.user_id, role_ids=viewer.role_ids)
            self._policy.check_use(POSTING, scene)

    async def _wait_for_its_post(self, job_id: str) -> None:
        """Wait a moment for a message that is still being written, perhaps with other images."""
        try:
            async with asyncio.timeout(COMES_WITHIN_S):
                await self._active_jobs.wait_until(lambda: self._active_jobs.find(job_id) is None)
        except TimeoutError:
            raise BotError(STILL_COMING) from None

    async def _post(self, job_ids: Collection[str]) -> None:
        """Have the images handed over like those of any job; the next start does so, too."""
        for job in await self._jobs(job_ids):
            active = ActiveJob(job=job, reply=self._reply_to(job))
            active.acknowledged.set()
            self._active_jobs.add(active)
            self._active_jobs.start(self._delivery.answer(active), f"bring back {job.id}")

    async def _jobs(self, job_ids: Collection[str]) -> list[Job]:
        found = [await self._store.jobs.find(each) for each in job_ids]
        return [job for job in found if job is not None]
