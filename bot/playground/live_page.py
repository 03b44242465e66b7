"""A page that follows what the bot changes by itself."""

# ruff: noqa: ANN401 - simcord is not typed

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any, Final

from bot.playground.world import set_clock

logger = logging.getLogger(__name__)

CHANGE_TO_PAGE_S: Final = 0.15  # changes that come within this time reach the page together


@contextlib.asynccontextmanager
async def kept_current(env: Any, page: Any) -> AsyncIterator[None]:
    """Show on the page what changes by itself: progress, finished images.

    The page accepts a press only for the state it showed last, and one thing at a time; both would
    refuse a press during a progress edit, so presses wait here and are brought up to date.
    """
    changed, turn = asyncio.Event(), asyncio.Lock()
    plain_action = page._action  # noqa: SLF001

    async def action(context_id: str | None, body: Any) -> Any:
        async with turn:
            set_clock(env)
            revision = page._get_page(context_id).revision  # noqa: SLF001
            if "published_revision" in body:
                body = {**body, "published_revision": revision}
            return await plain_action(context_id, body)

    def note(event: str, payload: object) -> None:  # noqa: ARG001 - the form of a subscriber
        if event.startswith("MESSAGE_"):
            changed.set()

    page._action = action  # noqa: SLF001
    env.backend.subscribers.append(note)
    task = asyncio.create_task(_refresh_forever(env, page, changed, turn), name="playground page")
    try:
        yield
    finally:
        env.backend.subscribers.remove(note)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _refresh_forever(env: Any, page: Any, changed: asyncio.Event, turn: asyncio.Lock) -> None:
    while True:
        await changed.wait()
        await asyncio.sleep(CHANGE_TO_PAGE_S)
        async with turn:
            if env._operation_task is not None:  # noqa: SLF001 - something that asked for no turn
                continue
            changed.clear()
            set_clock(env)
            try:
                await page.refresh()
            except TimeoutError:
                logger.warning("The page could not be renewed", exc_info=True)
