"""`/stats`: how much a server, or for the bot's owner all of them, has had drawn."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.deferrals import defer
from bot.discord_ui.viewers import owner_viewer_of, viewer_of
from bot.domain.rules.quota import images
from bot.domain.usage import MAX_DAYS, Usage
from bot.locales import text
from bot.media.encoding import picture_png
from bot.media.usage_chart import SHOWN_BY_NAME, ChartWords, draw_usage

CHART: Final = "usage.png"
TABLE: Final = "usage.csv"
_RULES_TOLD: Final = 10
_MINUTE_S: Final = 60


class Stats(commands.Cog):
    """The numbers that who runs a server asks for."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="See how much this server draws")
    @app_commands.describe(
        days="How many days, today included (30)",
        everywhere="All servers; for the bot's owner only",
    )
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.default_permissions(manage_guild=True)
    async def stats(
        self,
        interaction: discord.Interaction,
        days: app_commands.Range[int, 1, MAX_DAYS] = 30,
        everywhere: bool = False,  # noqa: FBT001, FBT002 - a command's option
    ) -> None:
        """Answer in private with a chart, the numbers behind it, and all of them as a file."""
        viewer = await (owner_viewer_of if everywhere else viewer_of)(interaction)
        await defer(interaction)
        reports, locale = self._bot.service.usage, str(interaction.locale)
        usage = await reports.usage(viewer=viewer, days=days, everywhere=everywhere)
        table = await reports.table(viewer=viewer, days=days, everywhere=everywhere)
        if everywhere:
            named, name = self._with_servers(usage, locale), text("usage_everywhere", locale)
        else:
            named, name = usage, "" if interaction.guild is None else interaction.guild.name
        words = _words(named, name, locale, everywhere=everywhere)
        picture = await asyncio.to_thread(lambda: picture_png(draw_usage(named, words)))
        await Answer.to(interaction).give(_content(named, words, picture, table, locale))

    def _with_servers(self, usage: Usage, locale: str) -> Usage:
        """Return the usage with the names of servers, as far as the bot is still in them."""
        shares = [replace(each, name=self._name_of(each.id, locale)) for each in usage.shares]
        return replace(usage, shares=tuple(shares))

    def _name_of(self, guild_id: int, locale: str) -> str:
        if not guild_id:
            return text("usage_direct", locale)
        guild = self._bot.get_guild(guild_id)
        return str(guild_id) if guild is None else guild.name


def _words(usage: Usage, name: str, locale: str, *, everywhere: bool) -> ChartWords:
    days = list(usage.images)
    title = "usage_title" if len(days) > 1 else "usage_title_one"
    drawing = [each for each in usage.shares if each.images]
    ends = {state: usage.ends.get(state, 0) for state in ("posted", "failed", "cancelled")}
    return ChartWords(
        title=text(title, locale, name=name, days=len(days)),
        subtitle=text("usage_range", locale, first=days[0], last=days[-1]),
        by_day=text("usage_by_day", locale),
        by_member=text("usage_by_server" if everywhere else "usage_by_member", locale),
        others=text("usage_others", locale, count=max(len(drawing) - SHOWN_BY_NAME, 0)),
        nothing=text("usage_nothing", locale),
        facts=(
            (f"{usage.num_images:,}", text("usage_images", locale)),
            (images(usage.cost), text("usage_cost", locale)),
            (f"{ends['posted']:,}", text("usage_jobs", locale, **ends)),
            (_time(usage.wait_s(0.5), locale), text("usage_half", locale)),
            (_time(usage.wait_s(0.9), locale), text("usage_most", locale)),
            (f"{sum(usage.refusals.values()):,}", text("usage_refused", locale)),
        ),
    )


def _time(seconds: float | None, locale: str) -> str:
    if seconds is None:
        return "–"
    if seconds < _MINUTE_S:
        return text("usage_seconds", locale, seconds=seconds)
    minutes, left = divmod(round(seconds), _MINUTE_S)
    return text("usage_minutes", locale, minutes=minutes, seconds=left)


def _content(usage: Usage, words: ChartWords, picture: bytes, table: bytes, locale: str) -> Content:
    alt = text("usage_alt", locale)
    files = [Upload(name=CHART, content=picture, alt_text=alt), Upload(name=TABLE, content=table)]
    lines = [f"**{words.title}**", text("usage_file", locale, name=TABLE)]
    if usage.refusals:
        told = list(usage.refusals.items())[:_RULES_TOLD]
        counts = ", ".join(f"`{rule}` {number:,}" for rule, number in told)
        lines.append(text("usage_refused_by", locale, counts=counts))
    gallery = ui.MediaGallery[ui.LayoutView]()
    gallery.add_item(media=f"attachment://{CHART}", description=alt)
    file = ui.File[ui.LayoutView](f"attachment://{TABLE}")
    view = views.layout(ui.TextDisplay("\n".join(lines)), gallery, file)
    return Content(view=view, files=files)


async def setup(bot: ImageBot) -> None:
    """Add the command."""
    await bot.add_cog(Stats(bot))
