"""`/queue` and `/cancel`: who is before me, and what happens when I no longer want it."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import ImageBot
from bot.jobs import typed_id
from bot.plain_text import in_code
from bot.service import Ticket
from bot.texts import text
from cogs import layouts
from cogs.submitting import bot_of, guild_of, is_moderator, scope_of
from cogs.wording import PROMPT_IN_LIST, escaped, relative_time, shortened, user_mention

ENTRIES_SHOWN = 15  # a page of a message; the line behind them is a number


class Waiting(commands.Cog):
    """The line in front of the engine."""

    def __init__(self, bot: ImageBot) -> None:
        """Remember the bot."""
        self._bot = bot

    @app_commands.command(description="See who is before you")
    async def queue(self, interaction: discord.Interaction) -> None:
        """Show the line in the order that will really happen, in private."""
        entries = self._bot.service.queue_for()
        page = queue_page(entries, interaction, now=self._bot.now().timestamp())
        await interaction.response.send_message(view=layouts.notice(page), ephemeral=True)

    @app_commands.command(description="Cancel what is waiting or being drawn")
    @app_commands.describe(job="Which job; none means your latest")
    async def cancel(self, interaction: discord.Interaction, job: str | None = None) -> None:
        """Cancel a job and say what that stopped."""
        job_id = typed_id(job) if job is not None else self._latest_of(interaction)
        if job_id is None:
            nothing = text("cancel_nothing", str(interaction.locale))
            await interaction.response.send_message(nothing, ephemeral=True)
            return
        await cancel_job(interaction, job_id)

    def _latest_of(self, interaction: discord.Interaction) -> str | None:
        own = self._own(interaction)
        return own[-1].job.id if own else None

    def _own(self, interaction: discord.Interaction) -> list[Ticket]:
        """Return the user's jobs of this place, the latest last."""
        scope = scope_of(interaction)
        own = [
            entry
            for entry in self._bot.service.queue_for()
            if entry.job.origin.user_id == interaction.user.id
            and (scope.guild_id is None or entry.job.origin.guild_id == scope.guild_id)
        ]
        return sorted(own, key=lambda entry: entry.job.created_at)

    @cancel.autocomplete("job")
    async def suggest_jobs(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the user's own jobs, the latest first."""
        return [
            app_commands.Choice(
                name=shortened(f"{entry.job.id} · {entry.job.requests[0].prompt}", 100),
                value=entry.job.id,
            )
            for entry in reversed(self._own(interaction))
            if typed.casefold() in f"{entry.job.id} {entry.job.requests[0].prompt}".casefold()
        ][:25]


def queue_page(entries: list[Ticket], interaction: discord.Interaction, *, now: float) -> str:
    """Return the text of the line, as this user may see it."""
    locale = str(interaction.locale)
    if not entries:
        return text("queue_empty", locale)
    lines = [text("queue_title", locale)]
    lines += [_entry_line(entry, interaction, now=now) for entry in entries[:ENTRIES_SHOWN]]
    if len(entries) > ENTRIES_SHOWN:
        lines.append(text("queue_more", locale, count=len(entries) - ENTRIES_SHOWN))
    return "\n".join(lines)


def _entry_line(entry: Ticket, interaction: discord.Interaction, *, now: float) -> str:
    locale, job = str(interaction.locale), entry.job
    is_own = job.origin.user_id == interaction.user.id
    is_here = is_own or (
        job.origin.guild_id is not None and job.origin.guild_id == guild_of(interaction)
    )
    unknown = text("queue_unknown_time", locale)
    return text(
        _line_key(entry),
        locale,
        position=entry.position,
        user=_name(job.origin.user_id, locale, is_own=is_own, is_here=is_here),
        prompt=escaped(job.requests[0].prompt, limit=PROMPT_IN_LIST) if is_here else "…",
        when=unknown if entry.eta_s is None else relative_time(now + entry.eta_s),
    )


def _line_key(entry: Ticket) -> str:
    if entry.is_paused:
        return "queue_paused_entry"
    return "queue_entry" if entry.position > 0 else "queue_running"


def _name(user_id: int, locale: str, *, is_own: bool, is_here: bool) -> str:
    if is_own:
        return f"**{text('queue_you', locale)}**"
    return user_mention(user_id) if is_here else text("queue_hidden", locale)


async def cancel_job(interaction: discord.Interaction, job_id: str) -> None:
    """Cancel a job for this user and tell them, in private, what that stopped."""
    await interaction.response.defer(ephemeral=True, thinking=True)  # to stop may take a step
    outcome = await bot_of(interaction).service.cancel(
        job_id,
        by=interaction.user.id,
        is_moderator=is_moderator(interaction),
        scope=scope_of(interaction),
    )
    words = text(f"cancel_{outcome.value}", str(interaction.locale), id=in_code(job_id))
    await interaction.followup.send(words, ephemeral=True)


async def setup(bot: ImageBot) -> None:
    """Add the commands."""
    await bot.add_cog(Waiting(bot))
