"""`/jobs`: what moderators can do with the line of their own server."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.content import Content, sentence
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import relative_time, shortened, user_mention
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.viewers import owner_viewer_of, viewer_of
from bot.domain.jobs import typed_id
from bot.domain.viewers import Viewer
from bot.locales import text
from bot.services import QueueEntry


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.default_permissions(manage_messages=True)
class JobCommands(
    commands.GroupCog, group_name="jobs", group_description="Steer this server's jobs"
):
    """Move, pause, resume and clear; other servers' jobs keep their turns."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="Let a waiting job be the next one of this server")
    @app_commands.describe(job="Which job")
    async def move(self, interaction: discord.Interaction, job: str) -> None:
        """Move a job to the front of the server's own jobs."""
        locale, job_id = str(interaction.locale), typed_id(job)
        viewer = await viewer_of(interaction)
        await defer(interaction)
        entry = await self._bot.service.moderation.move_to_front(job_id, viewer=viewer)
        if entry is None:
            raise RefusalError("not_waiting", id=job_id)
        words = text("moved", locale, id=job_id, when=self._ready(entry, locale))
        await Answer.to(interaction).give(sentence(words))

    def _ready(self, entry: QueueEntry, locale: str) -> str:
        if entry.eta_s is None:
            return ""
        when = relative_time(self._bot.now().timestamp() + entry.eta_s)
        return text("moved_when", locale, when=when)

    @app_commands.command(description="Hold back this server's waiting jobs")
    @app_commands.describe(everywhere="All servers' jobs; for the bot's owner only")
    async def pause(self, interaction: discord.Interaction, everywhere: bool = False) -> None:  # noqa: FBT001, FBT002 - a command's option
        """Pause; what is being drawn is finished."""
        viewer = await _viewer(interaction, everywhere=everywhere)
        await defer(interaction)
        await self._bot.service.moderation.pause(viewer=viewer, everywhere=everywhere)
        await self._answer(interaction, "paused_everywhere" if everywhere else "paused")

    @app_commands.command(description="Let this server's jobs go on")
    @app_commands.describe(everywhere="End a pause of all servers; for the bot's owner only")
    async def resume(self, interaction: discord.Interaction, everywhere: bool = False) -> None:  # noqa: FBT001, FBT002 - a command's option
        """End a pause; one of the owner's keeps a server waiting."""
        viewer, moderation = (
            await _viewer(interaction, everywhere=everywhere),
            self._bot.service.moderation,
        )
        await defer(interaction)
        if not await moderation.resume(viewer=viewer, everywhere=everywhere):
            raise RefusalError("was_not_paused")
        is_still = moderation.is_paused(viewer=viewer, everywhere=everywhere)
        await self._answer(interaction, "paused_everywhere" if is_still else "resumed")

    @app_commands.command(description="Cancel this server's waiting jobs")
    @app_commands.describe(user="Only this member's; none means everybody's")
    async def clear(
        self, interaction: discord.Interaction, user: discord.User | None = None
    ) -> None:
        """Cancel what waits; everybody concerned is told."""
        viewer = await viewer_of(interaction)
        user_id = user.id if user else None
        await defer(interaction)
        count = await self._bot.service.moderation.clear(viewer=viewer, user_id=user_id)
        if count == 0:
            raise RefusalError("nothing_to_clear")
        if user is None:
            await self._answer(interaction, "cleared", count=count)
        else:
            await self._answer(interaction, "cleared_of", count=count, user=user_mention(user.id))

    async def _answer(self, interaction: discord.Interaction, key: str, **values: object) -> None:
        words = text(key, str(interaction.locale), **values)
        await Answer.to(interaction).give(Content(view=views.notice(words)))  # it may name a member

    @move.autocomplete("job")
    async def suggest_jobs(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the server's waiting jobs in the order of the line."""
        viewer = await viewer_of(interaction)
        waiting = [entry.job for entry in self._bot.service.moderation.movable(viewer=viewer)]
        named = {job.id: f"{job.id} · {job.origin.user_name} · {job.title}" for job in waiting}
        return [
            app_commands.Choice(name=shortened(name, 100), value=job_id)
            for job_id, name in named.items()
            if typed.casefold() in name.casefold()
        ][:25]


async def _viewer(interaction: discord.Interaction, *, everywhere: bool) -> Viewer:
    return await (owner_viewer_of if everywhere else viewer_of)(interaction)


async def setup(bot: ImageBot) -> None:
    """Add the commands."""
    await bot.add_cog(JobCommands(bot))
