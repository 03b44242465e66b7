"""`/mod`: what moderators can do about members and what these made, and what was done."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Literal

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import AUDIT_TEMPLATE, Button
from bot.discord_ui.content import Content
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import user_mention
from bot.discord_ui.image_choice import suggest_images
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.moderation.buttons import DURATIONS, add_buttons, until_of
from bot.discord_ui.moderation.entries import ban_end, entry_line
from bot.discord_ui.moderation.writer import DiscordLogWriter
from bot.discord_ui.submission import bot_of
from bot.discord_ui.trash import back_row, until_line
from bot.discord_ui.viewers import viewer_of
from bot.domain.deferrals import Repeat
from bot.domain.jobs import now, typed_id
from bot.domain.search import Search
from bot.locales import text

PAGE_SIZE: Final = 10
IMAGES_NAMED: Final = 5
GONE_WITHIN_S: Final = 8.0  # an answer waits so long for Discord to let go of images
Duration = Literal["1h", "1d", "7d", "30d", "forever"]
Since = Literal["1h", "1d", "7d", "30d", "forever"]
Why = app_commands.Range[str, 1, 500]


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.default_permissions(manage_messages=True)
class ModCommands(
    commands.GroupCog, group_name="mod", group_description="Look after this server's members"
):
    """The service decides who may; Discord only hides the commands from others."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Post again what somebody deleted from the log before it was decided."""
        await self._bot.service.system.audit.show_again(payload.message_id)

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Do the same after many were deleted at once."""
        for message_id in payload.message_ids:
            await self._bot.service.system.audit.show_again(message_id)

    @app_commands.command(description="What a member made, and what was done about them")
    @app_commands.describe(member="Whose")
    async def history(self, interaction: discord.Interaction, member: discord.User) -> None:
        """Show a member's last images and everything that concerns them, in private."""
        await defer(interaction, repeat=Repeat.UNANSWERED)
        await Answer.to(interaction).give(await audit_page(interaction, 0, member.id))

    @app_commands.command(description="What moderators did, and what was refused and reported")
    async def log(self, interaction: discord.Interaction) -> None:
        """Show the audit table, in private."""
        await defer(interaction, repeat=Repeat.UNANSWERED)
        await Answer.to(interaction).give(await audit_page(interaction, 0, None))

    @app_commands.command(description="Keep a member from using me, for a time; they are told")
    @app_commands.describe(member="Whom", why="What they are told", length="For how long")
    @app_commands.rename(length="for")
    async def ban(
        self, interaction: discord.Interaction, member: discord.User, length: Duration, why: Why
    ) -> None:
        """Ban a member."""
        viewer, until = await viewer_of(interaction), until_of(length)
        await defer(interaction)
        await self._bot.service.members.ban(
            member.id, member.display_name, until, why, viewer=viewer
        )
        end = ban_end(until, str(interaction.locale))
        await _answer(interaction, "mod_banned", user=user_mention(member.id), until=end)

    @app_commands.command(description="Let a member use me again")
    @app_commands.describe(member="Whom")
    async def unban(self, interaction: discord.Interaction, member: discord.User) -> None:
        """End a ban."""
        viewer = await viewer_of(interaction)
        await defer(interaction)
        was_banned = await self._bot.service.members.unban(
            member.id, member.display_name, viewer=viewer
        )
        key = "mod_unbanned" if was_banned else "mod_not_banned"
        await _answer(interaction, key, user=user_mention(member.id))

    @app_commands.command(description="Write a member a warning, in private")
    @app_commands.describe(member="Whom", why="What they are told")
    async def warn(self, interaction: discord.Interaction, member: discord.User, why: Why) -> None:
        """Warn a member."""
        viewer = await viewer_of(interaction)
        await defer(interaction)
        await self._bot.service.members.warn(member.id, member.display_name, why, viewer=viewer)
        await _answer(interaction, "mod_warned", user=user_mention(member.id))

    @app_commands.command(description="Delete what a member made here in the last time, or all")
    @app_commands.describe(member="Whose images", since="Made within this time")
    async def delete(
        self, interaction: discord.Interaction, member: discord.User, since: Since
    ) -> None:
        """Delete a member's images, wherever they are shown; the answer says how many."""
        viewer, service = await viewer_of(interaction), self._bot.service
        await defer(interaction)
        length = DURATIONS[since]
        removals = await service.members.delete_images(
            member.id,
            None if length is None else now() - length,
            viewer=viewer,
            locale=str(interaction.locale),
        )
        deletions = service.system.deletions
        gone = [deletions.wait(each, within_s=GONE_WITHIN_S) for each in removals]
        are_gone = await asyncio.gather(*gone)
        count = sum(len(each.generation_ids) for each in removals)
        key = "mod_deleted" if all(are_gone) else "mod_deleting"
        locale = str(interaction.locale)
        words = text(key, locale, count=count, user=user_mention(member.id))
        trash = next((each.trash for each in removals if each.trash is not None), None)
        if trash is not None:
            words += " " + until_line(trash, locale)
        row = back_row(trash, locale)
        await Answer.to(interaction).give(Content(view=views.notice(words, row=row)))

    @app_commands.command(description="Hide an image until it is clicked, where it is shown")
    @app_commands.describe(id="The id under the image")
    @app_commands.autocomplete(id=suggest_images)
    async def hide(self, interaction: discord.Interaction, id: str) -> None:  # noqa: A002 - the option's name
        """Hide the images of a job."""
        viewer, image_id = await viewer_of(interaction), typed_id(id)
        await defer(interaction)
        count = await self._bot.service.members.hide([image_id], viewer=viewer)
        await _answer(interaction, "mod_hidden", count=count)


async def _answer(interaction: discord.Interaction, key: str, **values: object) -> None:
    words = text(key, str(interaction.locale), **values)
    await Answer.to(interaction).give(Content(view=views.notice(words)))


async def audit_page(interaction: discord.Interaction, page: int, user_id: int | None) -> Content:
    """Return a page of the audit table, or of what concerns one member."""
    locale, viewer = str(interaction.locale), await viewer_of(interaction)
    found = await bot_of(interaction).service.members.audit(
        viewer=viewer, user_id=user_id, page=page, page_size=PAGE_SIZE
    )
    title = text("mod_log_title", locale)
    lines = []
    if user_id is not None:
        title = text("mod_history_title", locale, user=user_mention(user_id))
        lines.append(await _images_line(interaction, user_id))
    lines += [entry_line(each, locale) for each in found.entries]
    if not found.entries:
        lines.append(text("mod_log_empty", locale))
    row = _page_row(page, user_id, has_older=found.has_older, locale=locale)
    return Content(view=views.layout(
        ui.TextDisplay("\n".join([title, *lines])[:4000]), ui.ActionRow(*row)
    ))  # fmt: skip


async def _images_line(interaction: discord.Interaction, user_id: int) -> str:
    """Return the ids of a member's last images, as far as the moderator sees them."""
    locale = str(interaction.locale)
    seen = await bot_of(interaction).service.images.history(
        viewer=await viewer_of(interaction),
        search=Search(user_id=user_id),
        page_size=IMAGES_NAMED,
    )
    ids = ", ".join(f"`{each.id}`" for each in seen.generations)
    return text("mod_history_images", locale, ids=ids + (" …" if seen.has_older else "") or "–")


def _page_row(page: int, user_id: int | None, *, has_older: bool, locale: str) -> list[Button]:
    def button(label: str, target: int, *, disabled: bool) -> Button:
        custom_id = f"zib:audit:{target}:{user_id or 0}"
        return Button(label=label, custom_id=custom_id, disabled=disabled)

    return [
        button("← " + text("button_newer", locale), max(page - 1, 0), disabled=page == 0),
        button(text("button_older", locale) + " →", page + 1, disabled=not has_older),
    ]


class AuditPageButton(AnswerableItem[Button], template=AUDIT_TEMPLATE):
    """Newer and Older under the audit table."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Turn the page in place."""
        await defer(interaction, thinking=False, repeat=Repeat.UNANSWERED)
        user_id = int(self.match["user"]) or None
        page = await audit_page(interaction, int(self.match["page"]), user_id)
        await Answer.to(interaction).give(page)


async def setup(bot: ImageBot) -> None:
    """Add the commands and buttons, and let the log channels be written."""
    await bot.add_cog(ModCommands(bot))
    bot.service.system.audit.writer = DiscordLogWriter(bot)
    bot.add_dynamic_items(AuditPageButton)
    add_buttons(bot)
