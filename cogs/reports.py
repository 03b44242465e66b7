"""The Report menu, `/report` and `/appeal`: what everybody can tell moderators."""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import generation_ids
from bot.discord_ui.content import sentence
from bot.discord_ui.deferrals import defer
from bot.discord_ui.forms import show_form
from bot.discord_ui.moderation.buttons import appeal, owner_named, why_field
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.submission import bot_of, find_some
from bot.discord_ui.viewers import viewer_of
from bot.domain.forms import Form
from bot.domain.jobs import typed_id
from bot.locales import text

Words = app_commands.Range[str, 1, 500]


class Reports(commands.Cog):
    """Tells moderators of images, and asks them for another decision."""

    @app_commands.command(
        description="Tell this server's moderators of an image; only they read it"
    )
    @app_commands.describe(id="The id under the image", why="Only moderators read this")
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def report(self, interaction: discord.Interaction, id: str, why: Words) -> None:  # noqa: A002 - the option's name
        """Report an image; the same as the menu of its message."""
        await report(interaction, [typed_id(id)], why)

    @app_commands.command(
        description="Ask moderators once to decide otherwise about a refusal, warning or ban"
    )
    @app_commands.rename(words="text")
    @app_commands.describe(words="Why they should")
    async def appeal(self, interaction: discord.Interaction, words: Words) -> None:
        """Hand in an appeal; whoever is banned can, too."""
        await appeal(interaction, None, words)


@app_commands.context_menu(name="Report")
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
async def report_menu(interaction: discord.Interaction, message: discord.Message) -> None:
    """Ask why the images of a message should not be there."""
    is_ours = message.author == interaction.client.user
    ids = generation_ids(message) if is_ours else []
    if not ids:
        raise RefusalError("no_image_here")
    images, locale = await find_some(interaction, ids), str(interaction.locale)
    viewer = await viewer_of(interaction)
    fields, ids = [why_field(locale, hint="report_hint")], [each.id for each in images]
    async with owner_named(interaction):
        bot_of(interaction).service.reports.check_read(viewer=viewer)
        await show_form(interaction, "report", text("form_report", locale), fields, ids=ids)


async def send_report(interaction: discord.Interaction, form: Form) -> None:
    """Hand in what was typed."""
    await report(interaction, form.subject["ids"], form.typed["why"])


async def report(interaction: discord.Interaction, ids: Sequence[str], why: str) -> None:
    """Hand a report to moderators, and say so in private."""
    viewer = await viewer_of(interaction)
    await defer(interaction)
    async with owner_named(interaction):
        await bot_of(interaction).service.reports.report(ids, why, viewer=viewer)
        await Answer.to(interaction).give(sentence(text("reported", str(interaction.locale))))


async def setup(bot: ImageBot) -> None:
    """Add the commands, the menu and the form."""
    await bot.add_cog(Reports())
    bot.tree.add_command(report_menu)
    bot.form_handlers["report"] = send_report
