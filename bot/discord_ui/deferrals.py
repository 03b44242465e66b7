"""Deferred answers: written down before anybody sees "thinking…", and given whatever happens.

What still works when the bot stops is interrupted, and its user told what becomes of it. What a
killed process left is taken up by the next start: handled again where that changes nothing, or else
its user is told in one sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import logging
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import aiohttp
import discord
from discord.ext import commands

from bot.discord_ui.answers import Answer
from bot.discord_ui.boundary import UNANSWERED
from bot.discord_ui.client import ImageBot
from bot.discord_ui.direct_messages import tell_elsewhere
from bot.discord_ui.discord_errors import Refusal, in_one_line, refusal_of
from bot.discord_ui.interruptions import (
    ASK_AGAIN,
    AnswerState,
    is_awaited,
    note_images,
    say_in_place,
    state_of,
    words_of,
)
from bot.discord_ui.payloads import (
    current_payload,
    handled,
    interaction_of,
    keep_payloads,
    with_roles_of_now,
)
from bot.domain.deferrals import Deferral, Repeat
from bot.errors import BotError
from bot.services import STOPPING_SENTENCE

logger = logging.getLogger(__name__)

MAX_ATTEMPTS: Final = 2  # by later starts: what ends the process each time is not tried for ever
PAUSES_S: Final = (0.0, 2.0, 10.0, 60.0, 300.0)  # before tries to reach Discord; the last repeats
TRIED_FOR_S: Final = 60.0  # one of them: a request that hangs is given up
GRACE_S: Final = 2.0  # for handlers that are nearly through when the bot stops
ENDS_S: Final = 10.0  # for interrupted ones to let go of their threads
KEPT_FOR: Final = dt.timedelta(days=1)  # nobody waits longer for an answer


@dataclass(frozen=True, kw_only=True)
class _Handling:
    """Tasks that handle one deferred interaction."""

    deferral: Deferral
    interaction: discord.Interaction
    tasks: set[asyncio.Task[Any]]


async def defer(
    interaction: discord.Interaction,
    *,
    ephemeral: bool = True,
    thinking: bool = True,
    repeat: Repeat = Repeat.NEVER,
) -> int | None:
    """Promise an answer; nothing where one was promised or given already.

    Returns:
        The id of the message that says so, where it is known.

    Args:
        interaction: What is answered.
        ephemeral: Whether only its user sees the answer.
        thinking: Whether a new message says "thinking…"; else the pressed one stays as it is.
        repeat: When a restarted bot may handle the interaction again.

    Raises:
        BotError: The bot is stopping.
        UnansweredError: Discord does not take it: what was asked for is not to be done.

    """
    answer = Answer.to(interaction)
    if answer.is_begun:
        return None
    await _deferrals_of(interaction).note(interaction, is_thinking=thinking, repeat=repeat)
    if thinking:
        return await answer.promise(private=ephemeral)
    await answer.promise_in_place()
    return None


def _deferrals_of(interaction: discord.Interaction) -> Deferrals:
    """Return who looks after the answers of the bot that an interaction came to."""
    assert isinstance(interaction.client, ImageBot)
    found = interaction.client.get_cog(Deferrals.__cog_name__)
    assert isinstance(found, Deferrals)
    return found


class Deferrals(commands.Cog):
    """Looks after deferred answers, from the promise to their end."""

    def __init__(self, bot: ImageBot, *, pauses_s: Sequence[float] = PAUSES_S) -> None:
        """Keep what every interaction of the bot looked like."""
        self._bot = bot
        self._pauses_s = pauses_s
        self._table = bot.service.system.deferrals
        self._working: dict[int, _Handling] = {}  # by interaction
        self._tasks: set[asyncio.Task[None]] = set()  # of this cog
        self._stopping = asyncio.Event()
        keep_payloads(bot)

    # While it is handled

    async def note(
        self, interaction: discord.Interaction, *, is_thinking: bool, repeat: Repeat
    ) -> None:
        """Write down that an answer is awaited from the task that asks for this.

        Raises:
            BotError: The bot is stopping.

        """
        if self._stopping.is_set():
            raise BotError(STOPPING_SENTENCE)
        deferral = Deferral(
            id=interaction.id,
            payload=current_payload(),
            is_thinking=is_thinking,
            repeat=repeat,
            created_at=interaction.created_at,
        )
        try:
            await self._table.add(deferral)
        except BotError as error:  # a full disk keeps nobody from looking at pictures
            logger.warning("An answer would not survive a restart: %s", error.message)
        task = asyncio.current_task()
        assert task is not None
        self._watch(deferral, interaction, [task])

    def _watch(
        self,
        deferral: Deferral,
        interaction: discord.Interaction,
        tasks: Iterable[asyncio.Task[Any]],
    ) -> None:
        work = _Handling(deferral=deferral, interaction=interaction, tasks=set(tasks))
        self._working[deferral.id] = work
        for task in tuple(work.tasks):
            task.add_done_callback(lambda done: self._note_end(work, done))

    def _note_end(self, work: _Handling, task: asyncio.Task[Any]) -> None:
        work.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("An interaction could not be answered (%r)", error)
            work.interaction.extras[UNANSWERED] = True
        if not work.tasks:
            del self._working[work.deferral.id]
            if not task.cancelled():  # else the bot stops, and sees to the rest itself
                self._start(self._settle(work))

    def _start(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(what, name="deferred answer")
        self._tasks.add(task)
        task.add_done_callback(self._note_done)

    def _note_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("A deferred answer could not be looked after", exc_info=error)

    async def _settle(self, work: _Handling) -> None:
        """Forget an answered deferral; otherwise try again, or tell the user."""
        deferral = work.deferral
        if work.interaction.extras.get(UNANSWERED):
            await self._take_up(deferral)
        elif deferral.attempts and await is_awaited(self._bot, deferral):
            # What was pressed is of another version, and nothing handled it.
            await self._tell(deferral, work.interaction, ASK_AGAIN[deferral.repeat])
        else:
            await self._table.forget(deferral.id)

    # When the bot stops

    async def stop(self) -> None:
        """Let handlers end that are nearly through; interrupt the others and tell their users."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        if running := {task for work in self._working.values() for task in work.tasks}:
            await asyncio.wait(running, timeout=GRACE_S)
        left = list(self._working.values())
        await asyncio.gather(*map(self._interrupt, left), return_exceptions=True)
        if running := {task for work in left for task in work.tasks}:
            await asyncio.wait(running, timeout=ENDS_S)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=ENDS_S)
        for task in self._tasks:
            task.cancel()  # they wait for Discord: the next start goes on

    async def cog_unload(self) -> None:
        """Do the same where the bot is closed without being stopped before."""
        await self.stop()

    async def _interrupt(self, work: _Handling) -> None:
        for task in work.tasks:
            task.cancel()
        # A Discord that hangs does not hold the stop up: then the next start says it.
        async with asyncio.timeout(self._bot.answer_times.request_s):
            await self._say_interrupted(work.deferral, work.interaction)

    async def _say_interrupted(self, deferral: Deferral, interaction: discord.Interaction) -> None:
        if deferral.repeat is Repeat.ALWAYS:
            await say_in_place(deferral, interaction, words_of(deferral, "goes_on"))
            return  # its row stays
        state, message = await state_of(self._bot, deferral, interaction)
        words = words_of(deferral, ASK_AGAIN[deferral.repeat])
        if state is AnswerState.OVER:
            await self._forget_given(deferral, message)
        elif await say_in_place(deferral, interaction, words):
            await self._table.forget(deferral.id)

    async def _forget_given(self, deferral: Deferral, message: discord.Message | None) -> None:
        """Forget an answer that was given; that it shows images may not be recorded yet."""
        await note_images(self._bot, deferral, message)
        await self._table.forget(deferral.id)

    # At the next start

    async def resume(self) -> None:
        """Take up what an earlier run of the program left without an answer."""
        for deferral in await self._table.left():
            if deferral.id not in self._working:
                self._start(self._take_up(deferral))

    async def _take_up(self, deferral: Deferral) -> None:
        pauses_s = itertools.chain(self._pauses_s, itertools.repeat(self._pauses_s[-1]))
        for number, pause_s in enumerate(pauses_s, start=1):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)
                return  # the next start goes on
            try:
                async with asyncio.timeout(TRIED_FOR_S):
                    await self._complete(deferral)
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                logger.warning("A deferred answer does not get through (%s)", in_one_line(error))
                if number >= len(self._pauses_s) and refusal_of(error) is not Refusal.PASSING:
                    return  # the next start tries once more
            else:
                return

    async def _complete(self, deferral: Deferral) -> None:
        """Answer: handle the interaction again, or tell its user what is known."""
        interaction = interaction_of(self._bot, deferral)
        is_old = self._bot.now() - deferral.created_at > KEPT_FOR
        state, message = AnswerState.OVER, None
        if not is_old:
            state, message = await state_of(self._bot, deferral, interaction)
        if state is AnswerState.OVER:
            await self._forget_given(deferral, message)
        elif state is AnswerState.LATE and await note_images(self._bot, deferral, None):
            await self._table.forget(deferral.id)  # it was given in the channel
        elif deferral.attempts >= MAX_ATTEMPTS:
            await self._tell(deferral, interaction, "gave_up")
        elif deferral.repeat is Repeat.ALWAYS or (
            deferral.repeat is Repeat.UNANSWERED and state is AnswerState.OPEN
        ):
            await self._repeat(deferral)
        else:
            await self._tell(deferral, interaction, ASK_AGAIN[deferral.repeat])

    async def _repeat(self, deferral: Deferral) -> None:
        """Handle an interaction once more, for its user as they are now."""
        again = await with_roles_of_now(self._bot, deferral)
        if again is None:
            await self._table.forget(deferral.id)
            return
        await self._table.note_attempt(deferral.id)
        again = replace(again, attempts=deferral.attempts + 1)
        interaction = interaction_of(self._bot, again)
        if tasks := handled(self._bot, again, interaction):
            self._watch(again, interaction, tasks)
        else:
            await self._tell(again, interaction, ASK_AGAIN[again.repeat])

    async def _tell(self, deferral: Deferral, interaction: discord.Interaction, what: str) -> None:
        """Say in one sentence that there is no answer."""
        words = words_of(deferral, what)
        if not await say_in_place(deferral, interaction, words):
            await tell_elsewhere(self._bot, interaction, words)
        await self._table.forget(deferral.id)
