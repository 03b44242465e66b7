"""`/settings`: the rules of a server, for whoever manages it; all of it is private."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_ui.client import ImageBot
from bot.discord_ui.deferrals import defer
from bot.domain.deferrals import Repeat
from cogs.settings import changes, explanation
from cogs.settings.pages import RulesButton, RulesSelect, present, send_rules

Where = (
    discord.TextChannel
    | discord.VoiceChannel
    | discord.StageChannel
    | discord.CategoryChannel
    | discord.Thread
)


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.default_permissions(manage_guild=True)
class Settings(
    commands.GroupCog, group_name="settings", group_description="The rules of this server"
):
    """See, change, explain and keep the rules; the service decides who may."""

    @app_commands.command(description="See and change the rules of this server")
    async def show(self, interaction: discord.Interaction) -> None:
        """Show the page, at its first section."""
        await defer(interaction, repeat=Repeat.UNANSWERED)
        await present(interaction)

    @app_commands.command(description="Which rule decides for somebody somewhere, and why")
    @app_commands.describe(
        who="Which member; none means you",
        where="Which channel or thread; none means this one",
        rule="One rule; none means all",
    )
    async def explain(
        self,
        interaction: discord.Interaction,
        who: discord.User | None = None,
        where: Where | None = None,
        rule: str | None = None,
    ) -> None:
        """Explain rules."""
        await explanation.explain(interaction, who or interaction.user, where, rule)

    @explain.autocomplete("rule")
    async def suggest_rules(
        self, interaction: discord.Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the rules by name."""
        return explanation.rule_choices(interaction, typed)

    @app_commands.command(description="Who changed which rule, and when")
    async def log(self, interaction: discord.Interaction) -> None:
        """List the last changes, the newest first."""
        await changes.send_log(interaction)

    @app_commands.command(description="Take back the last change of the rules")
    async def undo(self, interaction: discord.Interaction) -> None:
        """Take back the newest change that was not taken back yet."""
        await changes.undo(interaction)

    @app_commands.command(description="Get the rules of this server as a file")
    async def export(self, interaction: discord.Interaction) -> None:
        """Send the rules as TOML."""
        await changes.send_file(interaction)

    @app_commands.command(
        name="import", description="Put the rules of a file in place of all that are set"
    )
    @app_commands.describe(file="A file as /settings export makes")
    async def import_(self, interaction: discord.Interaction, file: discord.Attachment) -> None:
        """Replace the rules by those of a file."""
        await changes.take_file(interaction, file)


async def setup(bot: ImageBot) -> None:
    """Add the commands, and let the page's buttons, selects and forms be understood."""
    await bot.add_cog(Settings())
    bot.add_dynamic_items(RulesButton, RulesSelect)
    bot.form_handlers["rules"] = send_rules
