"""The answer to one interaction, from the first promise to the last follow-up."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Any, Final, TypeVar

import aiohttp
import discord
from discord import ui

from bot.discord_ui.answers.elsewhere import TOLERATED, write_elsewhere
from bot.discord_ui.answers.first import FirstAnswer
from bot.discord_ui.answers.times import AnswerTimes
from bot.discord_ui.content import Content
from bot.discord_ui.discord_errors import Refusal, in_one_line, refusal_of
from bot.discord_ui.threads import reopened
from bot.domain.jobs import ImageMessage
from bot.services import AnsweredElsewhereError, UnansweredError

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")


class Stage(Enum):
    """What Discord has taken of an answer."""

    NONE = auto()
    THINKING = auto()  # a message that says so; the answer takes its place
    IN_PLACE = auto()  # the message that was pressed is to be changed
    GIVEN = auto()
    DEAD = auto()  # the user was told that nobody answered


# What an earlier run of the bot had promised.
_PROMISED: Final = {
    discord.InteractionResponseType.deferred_channel_message: Stage.THINKING,
    discord.InteractionResponseType.deferred_message_update: Stage.IN_PLACE,
}


class Answer:
    """The answer to one interaction."""

    def __init__(self, interaction: discord.Interaction) -> None:
        """Begin to count the time."""
        client: Any = interaction.client
        self._interaction = interaction
        self._client = client
        self._times: AnswerTimes = client.answer_times
        self._first_answer = FirstAnswer(interaction, self._times)
        promised = interaction.response.type
        self._stage = Stage.NONE if promised is None else _PROMISED.get(promised, Stage.GIVEN)
        self._is_private = True
        self._num_written = 0

    @classmethod
    def to(cls, interaction: discord.Interaction) -> Answer:
        """Return the answer to an interaction; it is the same one each time."""
        if "answer" not in interaction.extras:
            interaction.extras["answer"] = cls(interaction)
        answer: Answer = interaction.extras["answer"]
        return answer

    @property
    def is_begun(self) -> bool:
        """True once a first answer was given, or tried in vain."""
        return self._stage is not Stage.NONE

    # The first answer

    async def promise(self, *, private: bool = True) -> int | None:
        """Show "thinking…" unless an answer has begun; return the id of that message.

        Raises:
            UnansweredError: Discord does not take it: what was asked for is not to be done.

        """
        if self.is_begun:
            return None
        defer = self._interaction.response.defer
        self._is_private = private
        response = await self._first(lambda: defer(ephemeral=private, thinking=True))
        self._stage = Stage.THINKING
        known = self._first_answer.message_id
        found = await known() if response is None else response.message_id
        return found if isinstance(found, int) else None

    async def promise_in_place(self) -> None:
        """Acknowledge a press whose message will change; raises as `promise` does."""
        if not self.is_begun:
            await self._first(self._interaction.response.defer)
            self._stage = Stage.IN_PLACE

    async def ask(self, make_form: Callable[[], ui.Modal]) -> None:
        """Open a form; raises as `promise` does."""
        await self._first(lambda: self._interaction.response.send_modal(make_form()))
        self._stage = Stage.GIVEN

    async def _first(self, send: Callable[[], Awaitable[Any]], *, has_files: bool = False) -> Any:  # noqa: ANN401 - of discord.py
        """Send the first answer; None where it has arrived and what Discord says of it was lost."""
        try:
            return await self._first_answer.send(send, has_files=has_files)
        except UnansweredError:
            self._stage = Stage.DEAD
            raise

    # The answer itself

    async def give(self, content: Content, *, private: bool = True) -> ImageMessage | None:
        """Give the answer; if one was given already, add this in private.

        What is too large for Discord is sent in a smaller copy, and at last without files.

        Returns:
            The message that holds it, where it is known: behind a dead token in another channel.

        Raises:
            UnansweredError: Discord takes no first answer that is for everyone, or another process
                has given one. What is private is then written to the user.
            discord.HTTPException: Discord never takes this content, which is a defect.

        """
        while True:
            try:
                return await self._give(content, private=private)
            except discord.HTTPException as error:
                if refusal_of(error) is not Refusal.TOO_LARGE or not content.files:
                    raise
                logger.info("An answer is too large: a smaller copy is tried")
                content = await content.reduced(str(self._interaction.locale))

    async def _give(self, content: Content, *, private: bool) -> ImageMessage | None:
        if self._stage is Stage.NONE:
            try:
                return await self._give_first(content, private=private)
            except AnsweredElsewhereError:
                raise
            except UnansweredError as error:
                if not private:
                    raise
                logger.info("An answer is written to its user (%s)", error)
        if self._stage in {Stage.THINKING, Stage.IN_PLACE}:
            return await self._edit(content)
        if self._stage is Stage.DEAD:
            return await self._elsewhere(content)
        await self.add(content)
        return None

    async def _give_first(self, content: Content, *, private: bool) -> ImageMessage | None:
        send, self._is_private = self._interaction.response.send_message, private
        response = await self._first(
            lambda: send(ephemeral=private, **content.arguments_of_new()),
            has_files=bool(content.files),
        )
        self._stage = Stage.GIVEN
        return self._here(None if response is None else response.message_id)

    def _here(self, message_id: int | None) -> ImageMessage | None:
        channel_id = self._interaction.channel_id
        if message_id is None or channel_id is None:
            return None
        return ImageMessage(channel_id=channel_id, message_id=message_id)

    async def edited(self, edit: Callable[[], Awaitable[_Result]]) -> _Result:
        """Edit the answer, with a file, for as long as its token lives; raise why it fails."""
        results = []

        async def work() -> None:
            results.append(await edit())

        error = await self._until_it_works(work, has_files=True)
        if error is not None:
            raise error
        if self._stage is Stage.THINKING:
            self._stage = Stage.GIVEN
        return results[-1]

    async def update(self, content: Content) -> None:
        """Replace the content of the pressed message; otherwise like `give`."""
        edit = self._interaction.response.edit_message
        if not self.is_begun:
            try:
                await self._first(
                    lambda: edit(**content.arguments()), has_files=bool(content.files)
                )
            except AnsweredElsewhereError:
                raise
            except UnansweredError as error:
                logger.info("An answer is written to its user (%s)", error)
            else:
                self._stage = Stage.GIVEN
                return
        await self.give(content)

    async def tell(self, content: Content) -> None:
        """Report an error: privately, unless everyone already sees "thinking…"."""
        if self._stage in {Stage.IN_PLACE, Stage.GIVEN}:
            await self.add(content, is_needed=True)
        else:
            await self.give(content)

    async def add(self, content: Content, *, is_needed: bool = False) -> bool:
        """Send a private follow-up; return whether it is known to have arrived.

        Discord does not tell a repeated one apart: where only its answer is lost it is sent again
        if it is needed, and otherwise left.
        """
        send = self._interaction.followup.send

        async def send_one() -> None:
            await send(ephemeral=True, **content.arguments_of_new())

        error = await self._until_it_works(
            send_one, has_files=bool(content.files), repeats_unknown=is_needed
        )
        if error is not None and is_needed:
            await self._elsewhere(content)
        return error is None

    async def _edit(self, content: Content) -> ImageMessage | None:
        shown = None

        async def edit() -> None:
            nonlocal shown
            edited = await self._interaction.edit_original_response(**content.arguments())
            shown = self._here(edited.id)

        error = await self._until_it_works(edit, has_files=bool(content.files))
        if error is not None and await self._is_reopened(error):
            error = await self._until_it_works(edit, has_files=bool(content.files))
        if error is not None:
            shown = await self._elsewhere(content)
        if self._stage is Stage.THINKING:
            self._stage = Stage.GIVEN
        return shown

    async def _is_reopened(self, error: BaseException) -> bool:
        """Open the thread again whose archive keeps an answer from being given."""
        channel_id = self._interaction.channel_id
        if refusal_of(error) is not Refusal.NOT_EDITABLE or channel_id is None:
            return False
        try:
            async with asyncio.timeout(self._times.request_s):
                return await reopened(self._client, channel_id)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as refusal:
            logger.info("A thread could not be opened (%s)", in_one_line(refusal))
            return False

    async def _until_it_works(
        self,
        work: Callable[[], Awaitable[object]],
        *,
        has_files: bool = False,
        repeats_unknown: bool = True,
    ) -> BaseException | None:
        """Retry while the interaction's token lives; return the error that ended it, or None."""
        times = self._times
        within_s = times.upload_s if has_files else times.request_s
        for pause_s in itertools.chain(times.pauses_s, itertools.repeat(times.pauses_s[-1])):
            try:
                async with asyncio.timeout(within_s):
                    await work()
            except Exception as error:
                refusal = refusal_of(error, has_files=has_files)
                is_known = isinstance(error, discord.HTTPException)
                if refusal not in TOLERATED:
                    raise
                logger.info("An answer was not taken (%s)", in_one_line(error))
                may_repeat = refusal is Refusal.PASSING and (is_known or repeats_unknown)
                if not may_repeat or self._life_s() < pause_s + times.margin_s:
                    return error
                await asyncio.sleep(pause_s)
            else:
                return None
        return None

    def _life_s(self) -> float:
        """Return how long the interaction's token will still live."""
        left: float = (self._interaction.expires_at - self._client.now()).total_seconds()
        return left

    async def _elsewhere(self, content: Content) -> ImageMessage | None:
        self._num_written += 1
        nonce = f"zib{self._interaction.id}-{self._num_written}"
        return await write_elsewhere(
            self._interaction, content, self._times, private=self._is_private, nonce=nonce
        )
