"""Delete: the images of a message, by who asked for them or by a moderator."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import discord
from discord import ui

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.boards.components import OFF_TEMPLATE
from bot.discord_ui.boards.display import acknowledge
from bot.discord_ui.boards.formatting import board_name
from bot.discord_ui.boards.people import member_viewer_of
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import Button
from bot.discord_ui.content import Content, sentence
from bot.discord_ui.direct_messages import write_to_user
from bot.discord_ui.discord_errors import (
    Refusal,
    in_one_line,
    is_gone,
    refusal_of,
    refusals_translated,
)
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.results import images_content, notes_on, send_fitting, upload_limit
from bot.discord_ui.submission import bot_of
from bot.discord_ui.threads import reopened
from bot.discord_ui.trash import back_row, until_line
from bot.discord_ui.viewers import guild_of, viewer_of
from bot.domain.jobs import Generation, ImageMessage
from bot.locales import text
from bot.services import NotReachedError, Removal, UnansweredError

logger = logging.getLogger(__name__)

ANSWER_AFTER_S: Final = 8.0  # the deletion goes on; what it came to is told by then
_UNHUNG: Final = 11  # images: the `custom_id` of the button that takes them off has their ids
_NAMED: Final = 15  # messages that one sentence links to, all servers together
EDITED_TOO_OFTEN: Final = 30046  # a message that is over an hour old; it may be edited again later


async def delete_images(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Delete images, and take them out of every message that shows them.

    Nobody finds them from the first moment on. What Discord does not let go of at once is tried
    again, also after a restart; the answer says what is so.
    """
    deletions = bot_of(interaction).service.system.deletions
    removal = await bot_of(interaction).service.images.delete(
        *(generation.id for generation in generations),
        viewer=await viewer_of(interaction),
        locale=str(interaction.locale),
        shown_in=_pressed(interaction),
    )
    try:
        await _answer(interaction, generations, removal)
    except UnansweredError as error:
        # It happens all the same, so nothing else is said.
        logger.info("A deletion could not be answered: %s", error)
        if removal.refused:
            deletions.tell(removal)


async def _answer(
    interaction: discord.Interaction, generations: list[Generation], removal: Removal
) -> None:
    """Take the images out of Discord, and say in private what that came to so far."""
    deletions = bot_of(interaction).service.system.deletions
    try:
        await Answer.to(interaction).promise_in_place()
    finally:  # the interaction's token reaches its message only once it is acknowledged
        if not removal.ended.is_set():
            deletions.carry_out(removal)
    await deletions.wait(removal, within_s=ANSWER_AFTER_S)
    said = await _outcome(interaction, removal)
    back = back_row(removal.trash, str(interaction.locale))
    hanging = await hanging_view(interaction, generations, said, back)
    # Not a plain sentence with a button: Discord does not let that become a layout later.
    shown = views.notice(said, row=back) if hanging is None and back else hanging
    content = sentence(said) if shown is None else Content(view=shown)
    if not await Answer.to(interaction).add(content) and removal.refused:
        deletions.tell(removal)


def _pressed(interaction: discord.Interaction) -> ImageMessage | None:
    """Return the message whose button was pressed."""
    if interaction.message is None or interaction.channel_id is None:
        return None
    return ImageMessage(
        channel_id=interaction.channel_id,
        message_id=interaction.message.id,
        application_id=interaction.application_id,
        token=interaction.token,
        expires_at=interaction.expires_at,
    )


async def _outcome(interaction: discord.Interaction, removal: Removal) -> str:
    """Return what became of a deletion so far, and until when it can be brought back."""
    said, until = await _gone_so_far(interaction, removal), ""
    if removal.trash is not None:
        until = until_line(removal.trash, str(interaction.locale))
    elif removal.is_without_room:
        until = text("deleted_no_room", str(interaction.locale))
    return " ".join(filter(None, [said, until]))


async def _gone_so_far(interaction: discord.Interaction, removal: Removal) -> str:
    """Return what became of a deletion so far, in one or two sentences."""
    locale = str(interaction.locale)
    ids = ", ".join(removal.generation_ids)
    if not removal.ended.is_set():
        left = await bot_of(interaction).service.system.deletions.messages_of(removal)
        return text("deleting", locale, ids=ids, links=links_to(left, interaction.guild_id))
    if removal.refused:
        links = links_to(removal.refused, interaction.guild_id)
        return text("delete_refused", locale, ids=ids, links=links)
    return text("deleted", locale, ids=ids)


def links_to(messages: Sequence[ImageMessage], guild_id: int | None) -> str:
    """Return links to messages of one guild, or of direct messages."""
    place = "@me" if guild_id is None else guild_id
    return " ".join(
        f"https://discord.com/channels/{place}/{each.channel_id}/{each.message_id}"
        for each in messages
    )


class DiscordRemover:
    """Take deleted images out of Discord's messages."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    async def remove(self, message: ImageMessage, left: Sequence[Generation]) -> None:
        """Delete a message, or edit it to show what is left; see `services.deletions.Remover`."""
        with refusals_translated():
            if left:
                await self._show(message, left)
            else:
                await self._reach(message, None)

    async def _show(self, message: ImageMessage, left: Sequence[Generation]) -> None:
        """Edit a message to show what is left of a job."""
        job = await self._bot.service.system.job(left[0].job_id)
        assert job is not None
        notes = await notes_on(self._bot, job, left)
        # How many were drawn is not how many are left: what was said of that says it no more.
        shown = replace(job, error=None, ended_by=None)

        beside = self._bot.service.system.picture_beside(job)

        async def reach(limit_bytes: int) -> None:
            content = await images_content(
                self._bot, shown, left, notes, limit_bytes=limit_bytes, beside=beside
            )
            await self._reach(message, content)

        await send_fitting(upload_limit(self._bot, job.origin), reach)

    async def _reach(self, message: ImageMessage, content: Content | None) -> None:
        """Change a message; out of a thread that is archived, it is taken first."""
        if content is None and await self._deleted_by_token(message):
            return
        try:
            await self._as_bot(message, content)
        except discord.HTTPException as error:
            refusal = refusal_of(error, has_files=content is not None and bool(content.files))
            if refusal is Refusal.DONE or is_gone(error):
                return
            if error.code == EDITED_TOO_OFTEN or refusal is Refusal.PASSING:
                raise NotReachedError(in_one_line(error)) from error
            if refusal is not Refusal.NOT_EDITABLE:
                raise
            if not await reopened(self._bot, message.channel_id):
                raise
            await self._as_bot(message, content)

    async def _deleted_by_token(self, message: ImageMessage) -> bool:
        """Delete the message of a pressed button; False where its token leads nowhere."""
        if message.token is None or message.expires_at is None:
            return False
        if self._bot.now() >= message.expires_at:
            return False
        route = discord.http.Route(
            "DELETE",
            # Not `@original`: that is another message where the first answer was one of its own.
            "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
            webhook_id=message.application_id,
            webhook_token=message.token,
            message_id=message.message_id,
        )
        try:
            await self._bot.http.request(route)
        except discord.HTTPException as error:
            if refusal_of(error) is Refusal.PASSING:
                raise
            logger.info("A token does not reach a message (%s)", in_one_line(error))
            return False
        return True

    async def _as_bot(self, message: ImageMessage, content: Content | None) -> None:
        channel = self._bot.get_partial_messageable(message.channel_id)
        partial = channel.get_partial_message(message.message_id)
        if content is None:
            await partial.delete()
        else:
            await partial.edit(**content.arguments())

    async def tell_refused(self, removal: Removal) -> None:
        """Write to whoever deleted images which messages still show them."""
        found = await self._bot.service.system.images(removal.generation_ids)
        guilds = {each.channel_id: each.guild_id for each in found}
        links = [
            links_to([each], guilds.get(each.channel_id, self._guild_of(each)))
            for each in removal.refused[:_NAMED]
        ]
        if len(removal.refused) > _NAMED:
            links.append("…")
        ids = ", ".join(removal.generation_ids[:_NAMED])
        key = "delete_refused" if ids else "erasure_refused"
        line = text(key, removal.locale, ids=ids, links=" ".join(links))
        with refusals_translated():
            await write_to_user(self._bot, removal.by, line, about=ids)

    def _guild_of(self, message: ImageMessage) -> int | None:
        """Return the guild of a message that shows no image any more, as far as it is known."""
        guild = getattr(self._bot.get_channel(message.channel_id), "guild", None)
        return None if guild is None else int(guild.id)


async def hanging_view(
    interaction: discord.Interaction,
    generations: list[Generation],
    said: str,
    back: Sequence[Button],
) -> ui.LayoutView | None:
    """Return where deleted images still hang, with a button that takes them off, or None.

    A board keeps its own copy: others may have voted and decided on it. `back` are more buttons.
    """
    if guild_of(interaction) is None:
        return None
    boards, viewer = bot_of(interaction).service.boards, await viewer_of(interaction)
    by_id = {one.id: await boards.hangings(one.id, viewer=viewer) for one in generations}
    found = [each for places in by_id.values() for each in places]
    if not found:
        return None
    locale = str(interaction.locale)
    names = ", ".join(f"**{board_name(each.board_name)}** ({each.number})" for each in found)
    ids = ".".join([id_ for id_, places in by_id.items() if places][:_UNHUNG])
    button: ui.Button[ui.LayoutView] = ui.Button(
        label=text("board_button_unhang", locale), custom_id=f"zib:unhang:{ids}"
    )
    words = said + "\n" + text("board_still_hangs", locale, names=names)
    return views.layout(ui.TextDisplay(words), ui.ActionRow(button, *back))


class UnhangButton(AnswerableItem[Button], template=OFF_TEMPLATE):
    """Takes deleted images off the boards that still show them."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Take off the presser's own images, or for moderators any."""
        await acknowledge(interaction)
        boards = bot_of(interaction).service.boards
        viewer = await member_viewer_of(interaction)
        gone = [
            each
            for id_ in self.match["ids"].split(".")
            for each in await boards.take_off_everywhere(id_, viewer=viewer)
        ]
        names = ", ".join(f"**{board_name(each.board_name)}** ({each.number})" for each in gone)
        words = text("board_unhung" if gone else "board_unhung_none",
                     str(interaction.locale), names=names)  # fmt: skip
        ids = self.match["ids"].split(".")
        trash = await bot_of(interaction).service.trash.entry_of(ids, viewer=viewer)
        back = back_row(trash, str(interaction.locale))
        await Answer.to(interaction).update(Content(view=views.notice(words, row=back)))
