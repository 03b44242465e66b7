"""The check of pictures, on a thread of its own: no event loop and no engine waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, TypeVar

from PIL import Image

from bot.domain.picture_score import PictureScore
from bot.engine.picture_check import PACKAGE, PictureClassifier
from bot.environment.installation import install_line
from bot.errors import BotError
from bot.execution.engine_thread import EngineThread

_Result = TypeVar("_Result")

logger = logging.getLogger(__name__)

CHECK_WITHIN_S: Final = 60.0  # loading takes seconds on a busy machine, a picture 50 ms


class PictureCheckError(BotError):
    """A picture could not be checked: it must not be shown."""

    def __init__(self) -> None:
        """Say so; the reason is in the log."""
        super().__init__(
            "The picture could not be checked, so it is not shown: try again, and tell whoever "
            "runs the bot if it happens again."
        )


class PictureCheck:
    """Says how unsafe pictures are, one at a time; the models are loaded when they are first asked.

    What breaks or hangs is thrown away, and the next picture is checked by models loaded anew.
    """

    def __init__(
        self, load: Callable[[], PictureClassifier], *, within_s: float = CHECK_WITHIN_S
    ) -> None:
        """`load` is called on the thread; a picture that takes longer than `within_s` failed."""
        self._load = load
        self._within_s = within_s
        self._thread: EngineThread | None = None
        self._classifier: PictureClassifier | None = None
        self._asking = asyncio.Lock()

    async def score(self, picture: Image.Image) -> PictureScore:
        """Return how unsafe a picture of any mode and size is.

        Raises:
            PictureCheckError: That could not be found out; the log says why.

        """
        async with self._asking:
            return await self._run(lambda: self._loaded().score(picture))

    async def prepare(self) -> None:
        """Load the models and log which ones look at pictures."""
        async with self._asking:
            models = await self._run(lambda: self._loaded().models)
        logger.info("Pictures are checked by %s", " and ".join(models))
        if len(models) == 1:
            logger.warning(
                "One model alone checks pictures: `%s` brings a second, made for photographs",
                install_line(PACKAGE),
            )

    async def _run(self, call: Callable[[], _Result]) -> _Result:
        if self._thread is None:
            self._thread = EngineThread("picture check")
        try:
            async with asyncio.timeout(self._within_s):
                return await self._thread.run(call)
        except Exception as error:
            logger.exception("A picture could not be checked")
            self._thread.lose()
            self._thread = self._classifier = None
            raise PictureCheckError from error

    def _loaded(self) -> PictureClassifier:
        if self._classifier is None:
            self._classifier = self._load()
        return self._classifier

    def close(self) -> None:
        """Let the thread end."""
        if self._thread is not None:
            self._thread.end()
