"""Answers of several files, which may be ready later than an interaction can be answered."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.direct_messages import call
from bot.discord_ui.discord_errors import Refusal, is_forbidden, refusal_of
from bot.discord_ui.interruptions import DEAD_TOKEN
from bot.discord_ui.refusals import explain
from bot.discord_ui.results import SMALLEST_LIMIT
from bot.discord_ui.submission import bot_of
from bot.errors import BotError
from bot.locales import text
from bot.services.temporary_files import EXPORT_PREFIX

UPLOAD: Final = dt.timedelta(minutes=1)  # left of an answer's 15 minutes, to send a file in
DIRECT: Final = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES  # of a file written to a person
MOST_FILES: Final = 10  # of a message; Discord's limit

# Makes the view of some files, by their places, and of a line that says why they come so late.
ViewOf = Callable[[Sequence[int], str | None], ui.LayoutView]


def is_late(interaction: discord.Interaction) -> bool:
    """Tell whether there is no time left to answer with a file."""
    return bot_of(interaction).now() >= interaction.expires_at - UPLOAD


class FileAnswer:
    """Files for whoever asked for them: in the answer, or written to them directly."""

    def __init__(
        self,
        interaction: discord.Interaction,
        files: Sequence[tuple[str, Path]],
        view_of: ViewOf,
    ) -> None:
        """`files` are named as Discord is to show them, at most `MOST_FILES`."""
        self._interaction = interaction
        self._files = files
        self._view_of = view_of

    async def send(self) -> None:
        """Answer with the files, or write to their reader where no answer is possible any more.

        The answer is one message that grows by a file with each edit, from the first one on
        whatever it held before: interrupted anywhere and begun again, it holds each file once.
        """
        shown: Sequence[discord.Attachment] = ()
        for index in range(len(self._files)):
            if is_late(self._interaction):
                await self._send_directly()
                return
            grow = functools.partial(self._grow, index, shown)
            try:
                shown = await Answer.to(self._interaction).edited(grow)
            except discord.HTTPException as error:
                if error.code != DEAD_TOKEN:
                    raise
                await self._send_directly()  # Discord's clock is ahead of ours
                return

    async def _grow(
        self, index: int, shown: Sequence[discord.Attachment]
    ) -> Sequence[discord.Attachment]:
        """Add a file to the answer that shows those before it."""
        view = self._view_of(range(index + 1), None)
        message = await self._interaction.edit_original_response(
            view=view, attachments=[*shown, self._upload(index)]
        )
        return message.attachments

    async def _send_directly(self) -> None:
        """Write to the reader, a file a message; none of them twice, also after a restart."""
        interaction, locale = self._interaction, str(self._interaction.locale)
        table = bot_of(interaction).service.system.deferrals
        late = text("board_export_late", locale)
        channel = await interaction.user.create_dm()
        for index in range(await table.num_sent(interaction.id), len(self._files)):
            await channel.send(
                view=self._view_of([index], late),
                file=self._upload(index),
                nonce=f"{interaction.id}-{index}",  # where only the answer to an attempt was lost
            )
            await table.note_sent(interaction.id, index + 1)
        with contextlib.suppress(discord.HTTPException):  # in its last minute it can be answered
            view = views.notice(late + " " + text("board_export_sent", locale))
            await interaction.edit_original_response(view=view, attachments=[])

    def _upload(self, index: int) -> discord.File:
        name, path = self._files[index]
        return discord.File(path, filename=name)


async def deliver(
    interaction: discord.Interaction, write: Callable[[int, Path], Awaitable[FileAnswer]]
) -> None:
    """Have files written and send them, smaller ones where Discord takes less than it said.

    Whoever asked is told even where that comes too late for an answer.

    Args:
        interaction: What is answered; that an answer comes is promised.
        write: Writes files of at most so many bytes into a folder, which is gone afterwards.

    """
    temporary = bot_of(interaction).service.temporary
    temporary.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=EXPORT_PREFIX, dir=temporary) as folder:
            await _deliver(interaction, write, Path(folder))
    except (BotError, discord.HTTPException) as error:
        is_known = isinstance(error, BotError) or is_forbidden(error)
        if not is_known or not is_late(interaction):
            raise
        await _tell_late(interaction, error)


async def _deliver(
    interaction: discord.Interaction,
    write: Callable[[int, Path], Awaitable[FileAnswer]],
    folder: Path,
) -> None:
    limit = interaction.filesize_limit
    while True:
        answer = await write(limit, folder / str(limit))
        try:
            await answer.send()
        except discord.HTTPException as error:
            if refusal_of(error) is not Refusal.TOO_LARGE or limit < SMALLEST_LIMIT:
                raise
            limit //= 2
        else:
            return


async def _tell_late(
    interaction: discord.Interaction, error: BotError | discord.HTTPException
) -> None:
    """Write to the reader why there is no export; call them where they asked if they forbid it."""
    locale = str(interaction.locale)
    if isinstance(error, BotError):
        try:
            await interaction.user.send(view=views.notice(explain(error, locale)))
        except discord.HTTPException as refusal:
            if not is_forbidden(refusal):
                raise
        else:
            return
    channel = bot_of(interaction).get_partial_messageable(interaction.channel_id or 0)
    said = text("board_export_unsent", locale, user=interaction.user.mention)
    await call(channel, interaction.user, said)
