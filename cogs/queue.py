"""`/queue` and `/cancel`: who is before me, and what happens when I no longer want it."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.buttons import cancel_job
from bot.discord_ui.client import ImageBot
from bot.discord_ui.content import Content, sentence
from bot.discord_ui.formatting import (
    PROMPT_IN_LIST,
    escaped,
    relative_time,
    shortened,
    user_mention,
)
from bot.discord_ui.viewers import viewer_of
from bot.domain.jobs import Job, typed_id
from bot.locales import text
from bot.services import PublicQueueEntry

ENTRIES_SHOWN = 15  # a page of a message; the line behind them is a number


class Queue(commands.Cog):
    """The line in front of the engine."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="See who is before you")
    async def queue(self, interaction: discord.Interaction) -> None:
        """Show the line in the order that will really happen, in private."""
        entries = self._bot.service.jobs.queue(viewer=await viewer_of(interaction))
        page = queue_page(entries, interaction, now=self._bot.now().timestamp())
        await Answer.to(interaction).give(Content(view=views.notice(page)))

    @app_commands.command(description="Cancel what is waiting or being drawn")
    @app_commands.describe(job="Which job; none means your latest")
    async def cancel(self, interaction: discord.Interaction, job: str | None = None) -> None:
        """Cancel a job and say what that stopped."""
        job_id = typed_id(job) if job is not None else await self._latest_of(interaction)
        if job_id is None:
            nothing = text("cancel_nothing", str(interaction.locale))
            await Answer.to(interaction).give(sentence(nothing))
            return
        await cancel_job(interaction, job_id)

    async def _latest_of(self, interaction: discord.Interaction) -> str | None:
        own = await self._own(interaction)
        return own[-1].id if own else None

    async def _own(self, interaction: discord.Interaction) -> list[Job]:
        """Return the user's jobs of this place, or in direct messages all, the latest last."""
        viewer = await viewer_of(interaction)
        own = [
            entry.job
            for entry in self._bot.service.jobs.queue(viewer=viewer)
            if entry.job is not None
            and entry.job.origin.user_id == viewer.user_id
            and viewer.guild_id in {None, entry.job.origin.guild_id}
        ]
        own += [
            each
            for each in await self._bot.service.jobs.held(viewer=viewer)
            if viewer.guild_id in {None, each.origin.guild_id}
        ]
        return sorted(own, key=lambda job: job.created_at)

    @cancel.autocomplete("job")
    async def suggest_jobs(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the user's own jobs, the latest first."""
        return [
            app_commands.Choice(name=shortened(f"{job.id} · {job.title}", 100), value=job.id)
            for job in reversed(await self._own(interaction))
            if typed.casefold() in f"{job.id} {job.title}".casefold()
        ][:25]


def queue_page(
    entries: list[PublicQueueEntry], interaction: discord.Interaction, *, now: float
) -> str:
    """Return the text of the line, as this user may see it."""
    locale = str(interaction.locale)
    if not entries:
        return text("queue_empty", locale)
    lines = [text("queue_title", locale)]
    lines += [_entry_line(entry, interaction, now=now) for entry in entries[:ENTRIES_SHOWN]]
    if len(entries) > ENTRIES_SHOWN:
        lines.append(text("queue_more", locale, count=len(entries) - ENTRIES_SHOWN))
    return "\n".join(lines)


def _entry_line(entry: PublicQueueEntry, interaction: discord.Interaction, *, now: float) -> str:
    locale, job = str(interaction.locale), entry.job
    unknown = text("queue_unknown_time", locale)
    return text(
        _line_key(entry),
        locale,
        position=entry.position,
        user=_name(job, interaction.user.id, locale),
        prompt="…" if job is None else escaped(job.title, limit=PROMPT_IN_LIST),
        when=unknown if entry.eta_s is None else relative_time(now + entry.eta_s),
    )


def _line_key(entry: PublicQueueEntry) -> str:
    if entry.is_paused:
        return "queue_paused_entry"
    return "queue_entry" if entry.position > 0 else "queue_running"


def _name(job: Job | None, reader_id: int, locale: str) -> str:
    if job is None:
        return text("queue_hidden", locale)
    if job.origin.user_id == reader_id:
        return f"**{text('queue_you', locale)}**"
    return user_mention(job.origin.user_id)


async def setup(bot: ImageBot) -> None:
    """Add the commands."""
    await bot.add_cog(Queue(bot))
