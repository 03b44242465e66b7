"""`/board`: the commands of mood boards in one group, and what understands their buttons."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Self

import discord
from discord import app_commands, ui

from bot.discord_ui.boards import additions, comments, dialogs
from bot.discord_ui.boards.components import BUTTON_TEMPLATE, SELECT_TEMPLATE
from bot.discord_ui.boards.pinned import PinnedBoards
from bot.discord_ui.client import AnswerableItem, ImageBot, errors_answered
from bot.discord_ui.deletions import UnhangButton
from cogs.boards import curation, exports, gallery, lifecycle, members, palettes, redraws
from cogs.boards.events import BoardEvents
from cogs.boards.stars import Stars

Handler = Callable[[discord.Interaction, str, str], Awaitable[None]]

# What the name of a button's or select's action does; given the board and what it is about.
_BUTTONS: Final[Mapping[str, Handler]] = {
    **gallery.BUTTONS,
    **lifecycle.BUTTONS,
    **curation.BUTTONS,
    **dialogs.BUTTONS,
    **comments.BUTTONS,
    **exports.BUTTONS,
    **palettes.BUTTONS,
    **redraws.BUTTONS,
}
_SELECTS: Final[Mapping[str, Handler]] = {
    **gallery.SELECTS,
    **curation.SELECTS,
    **comments.SELECTS,
    **exports.SELECTS,
}
_COMMANDS: Final = (
    *lifecycle.COMMANDS,
    *gallery.COMMANDS,
    *additions.COMMANDS,
    *members.COMMANDS,
    *curation.COMMANDS,
    *exports.COMMANDS,
    *palettes.COMMANDS,
    *redraws.COMMANDS,
)


class BoardButton(
    AnswerableItem, ui.DynamicItem[ui.Button[ui.LayoutView]], template=BUTTON_TEMPLATE
):
    """Any button of a board."""

    def __init__(self, item: ui.Button[ui.LayoutView], match: re.Match[str]) -> None:
        """Remember what it does, and to what."""
        super().__init__(item)
        self._match = match

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - part of the interface
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Read what a pressed button is about."""
        assert isinstance(item, ui.Button)
        return cls(item, match)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do it; what goes wrong becomes one private sentence."""
        async with errors_answered(interaction):
            action = _BUTTONS[self._match["action"]]
            await action(interaction, self._match["board"], self._match["detail"] or "")


class BoardSelect(
    AnswerableItem, ui.DynamicItem[ui.Select[ui.LayoutView]], template=SELECT_TEMPLATE
):
    """Any select of a board."""

    def __init__(self, item: ui.Select[ui.LayoutView], match: re.Match[str]) -> None:
        """Remember what it does, and to what."""
        super().__init__(item)
        self._match = match

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - part of the interface
        item: ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Read what a select is about."""
        assert isinstance(item, ui.Select)
        return cls(item, match)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do it with what was chosen; what goes wrong becomes one private sentence."""
        async with errors_answered(interaction):
            [value] = self.item.values
            detail = self._match["detail"]
            action = _SELECTS[self._match["action"]]
            value = f"{detail}:{value}" if detail else value
            await action(interaction, self._match["board"], value)


_FORMS: Final = {
    **additions.FORMS,
    **dialogs.FORMS,
    **lifecycle.FORMS,
    **palettes.FORMS,
    **redraws.FORMS,
}


def board_group() -> app_commands.Group:
    """Return `/board` with all its commands; boards are a server's, so it is there only."""
    group = app_commands.Group(
        name="board",
        description="Mood boards of this server",
        guild_only=True,
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=False, private_channel=False
        ),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )
    for command in _COMMANDS:
        group.add_command(command)
    return group


async def setup(bot: ImageBot) -> None:
    """Add the commands and the menu, and let the buttons of every message be understood."""
    bot.tree.add_command(board_group())
    bot.tree.add_command(additions.add_menu)
    bot.add_dynamic_items(additions.AddButton, BoardButton, BoardSelect, UnhangButton)
    bot.form_handlers |= _FORMS
    pinned = PinnedBoards(bot)
    await bot.add_cog(pinned)
    await bot.add_cog(BoardEvents(bot, pinned))
    await bot.add_cog(Stars(bot))
