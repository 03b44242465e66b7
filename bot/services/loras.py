"""The LoRAs of the operator, kept known beside the event loop: what there is, and its hashes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.domain.loras import Lora
from bot.domain.requests import ImageRequest
from bot.models.loras import LoraFolder

logger = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 30.0  # for files that appear or vanish while nobody asks
_PATIENCE_S: Final = 1.5  # of the 3 s within which Discord wants an answer


class Loras:
    """The LoRAs that everybody may know of; whether they may be used here, rules say."""

    def __init__(self, folder: LoraFolder) -> None:
        self._folder = folder
        self._looked_at = float("-inf")
        self._has_unread, self._all_read = asyncio.Event(), asyncio.Event()

    @property
    def all(self) -> list[Lora]:
        """Return all that were there at the last look, broken ones too, by name."""
        return self._folder.all

    async def refresh(self, *, within_s: float = 0.0) -> None:
        """Look which files there are now, unless that was done within some seconds."""
        if within_s and time.monotonic() - self._looked_at < within_s:
            return
        self._looked_at = time.monotonic()
        await asyncio.to_thread(self._folder.refresh)
        if self._folder.num_unread:
            self._all_read.clear()
            self._has_unread.set()
        else:
            self._all_read.set()

    async def prepare(self) -> None:
        """Look which files there are, and wait a moment for the hashes of new ones."""
        await self.refresh()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._all_read.wait()

    async def watch(self) -> None:
        """Look again and again, and hash what is new, for ever."""
        while True:
            try:
                await self.refresh()
                while await asyncio.to_thread(self._folder.hash_next):
                    pass
            except OSError as error:
                logger.warning("The LoRAs cannot be read: %s", error)
            self._has_unread.clear()
            self._all_read.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._has_unread.wait()

    async def check(self, requests: Sequence[ImageRequest]) -> None:
        """Refuse requests whose LoRAs are not here.

        Raises:
            MissingAdapterError: A file is gone.
            BotError: It may be among those that are not read yet.

        """
        adapters = {each.sha256: each for request in requests for each in request.adapters}
        if adapters:
            await self.prepare()  # also right behind a start
            await asyncio.to_thread(self._folder.check, list(adapters.values()))

    async def wait_for(self, request: ImageRequest) -> None:
        """Find the files of a request that is about to be drawn, however long it takes.

        Raises:
            MissingAdapterError: A file is gone.

        """
        if request.adapters:
            await asyncio.to_thread(self._folder.check_now, request.adapters)

    async def picture(self, lora: Lora) -> Path | None:
        """Return the picture that lies beside a file, if there is one."""
        if lora.sha256 is None:
            return None
        return await asyncio.to_thread(self._folder.picture, lora.sha256)
