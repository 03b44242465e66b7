"""The first answer to an interaction: it has three seconds, and Discord takes only one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import discord

from bot.discord_ui.answers.times import AnswerTimes
from bot.discord_ui.arrivals import Arrivals
from bot.discord_ui.discord_errors import Refusal, in_one_line, refusal_of
from bot.services import AnsweredElsewhereError, UnansweredError


class FirstAnswer:
    """The attempts to give the first answer; their time begins with this object."""

    def __init__(self, interaction: discord.Interaction[Any], times: AnswerTimes) -> None:
        self._interaction = interaction
        self._times = times
        self._since_s = time.monotonic()

    async def send(self, send: Callable[[], Awaitable[Any]], *, has_files: bool = False) -> Any:  # noqa: ANN401 - of discord.py
        """Send it within its three seconds.

        Returns:
            What Discord says of it; None where that was lost, and the answer has arrived.

        Raises:
            UnansweredError: Discord does not take it.

        """
        has_tried = False
        while True:
            try:
                async with asyncio.timeout(self._times.attempt_s):
                    return await send()
            except Exception as error:
                refusal = refusal_of(error, has_files=has_files)
                if refusal not in {Refusal.PASSING, Refusal.DONE, Refusal.ANSWER_DEAD}:
                    raise
                if refusal is Refusal.PASSING:
                    has_tried = True
                    if self._left_s() > 0:
                        await asyncio.sleep(self._times.pause_s)
                        continue
                if has_tried and (refusal is Refusal.DONE or await self._has_arrived()):
                    return None
                raise self._unanswered(refusal, error) from error

    def _left_s(self) -> float:
        return self._times.first_s - (time.monotonic() - self._since_s)

    async def _has_arrived(self) -> bool:
        """Look whether a first answer is there; where that cannot be seen, it is taken to be."""
        for pause_s in (0.0, *self._times.elsewhere_s):
            await asyncio.sleep(pause_s)
            found = await self.message_id()
            if found is not Refusal.PASSING:  # an answer that is deleted has arrived
                return found is Refusal.MESSAGE_GONE or isinstance(found, int)
        return True

    async def message_id(self) -> int | Refusal:
        """Look up the message that holds the first answer: its id, or why Discord tells none."""
        try:
            async with asyncio.timeout(self._times.request_s):
                return (await self._interaction.original_response()).id
        except Exception as error:
            refusal = refusal_of(error)
            if refusal is None:
                raise
            return refusal

    def _unanswered(self, refusal: Refusal, error: BaseException) -> UnansweredError:
        if refusal is Refusal.DONE:
            arrivals: Arrivals = self._interaction.client.arrivals
            arrivals.note_answered_elsewhere()
            return AnsweredElsewhereError(in_one_line(error))
        return UnansweredError(in_one_line(error))
