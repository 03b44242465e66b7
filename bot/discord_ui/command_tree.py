"""The slash commands and menus as discord.py keeps them: cleaned, guarded and translated."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot import locales
from bot.discord_ui.boundary import answer_error, is_welcome
from bot.discord_ui.interaction_kinds import action_of
from bot.domain.plain_text import plain_text
from bot.errors import BotError


class ImageTree(app_commands.CommandTree[Any]):
    """The slash commands and menus, with the boundary all their errors end at."""

    def add_command(
        self,
        command: Any,  # noqa: ANN401
        /,
        *,
        override: bool = False,
        **options: Any,  # noqa: ANN401
    ) -> None:
        """Add a command or a menu; of menus as many as Discord takes.

        Discord takes 15 of a kind since March 2026, discord.py 2.7.1 still refuses the sixth.
        """
        if not isinstance(command, app_commands.ContextMenu):
            super().add_command(command, override=override, **options)
            return
        key = (command.name, None, command.type.value)
        if key in self._context_menus and not override:
            raise app_commands.CommandAlreadyRegistered(command.name, None)
        self._context_menus[key] = command

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Clean what was typed; drop a command that came twice or too late, or is refused here."""
        data: Any = interaction.data
        _clean(data.get("options", []))
        is_suggestion = interaction.type is discord.InteractionType.autocomplete
        if not is_suggestion and not is_welcome(interaction):
            return False
        try:
            await self.client.check_use(interaction, action_of(interaction))
        except BotError as error:
            await self._refuse(interaction, error, is_suggestion=is_suggestion)
            return False
        return True

    async def _refuse(
        self, interaction: discord.Interaction[Any], error: BotError, *, is_suggestion: bool
    ) -> None:
        if is_suggestion:
            await interaction.response.autocomplete([])
        else:
            await answer_error(interaction, error)

    async def on_error(
        self,
        interaction: discord.Interaction[Any],
        error: app_commands.AppCommandError,
        /,
    ) -> None:
        """Answer with one private sentence."""
        await answer_error(interaction, error)


def _clean(node: Any) -> None:  # noqa: ANN401 - JSON
    """Clean the text options of a command and its subcommands in place."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, str):
            node[key] = plain_text(value)
        elif isinstance(value, dict | list):
            _clean(value)


class BotTranslator(app_commands.Translator):
    """Give Discord the Chinese names and descriptions of the commands."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002 - part of the interface
    ) -> str | None:
        """Return the translation, or None to keep the English."""
        return locales.command_text(string.message, locale.value)
