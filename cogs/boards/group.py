"""`/board`: the commands of mood boards in one group, and their buttons and selects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import discord
from discord import app_commands, ui

from bot.discord_ui.boards import additions, comments, dialogs
from bot.discord_ui.boards.choice import nameless
from bot.discord_ui.boards.components import BUTTON_TEMPLATE, SELECT_TEMPLATE
from bot.discord_ui.boards.pinned import PinnedBoards
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import Button
from bot.discord_ui.deletions import UnhangButton
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.refusals import RefusalError
from bot.domain.forms import Form
from cogs.boards import curation, exports, gallery, lifecycle, members, palettes, redraws
from cogs.boards.events import BoardEvents
from cogs.boards.stars import Stars

Handler = Callable[[discord.Interaction, str, str], Awaitable[None]]
FormHandler = Callable[[discord.Interaction, Form], Awaitable[None]]

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


async def _refuse(_interaction: discord.Interaction, _board_id: str, _detail: str) -> None:
    raise RefusalError("item_unknown")


class BoardButton(AnswerableItem[Button], template=BUTTON_TEMPLATE):
    """Any button of a board."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the action in its `custom_id` says."""
        action = _BUTTONS.get(self.match["action"], _refuse)
        with nameless():
            await action(interaction, self.match["board"], self.match["detail"] or "")


class BoardSelect(AnswerableItem[ui.Select[ui.LayoutView]], template=SELECT_TEMPLATE):
    """Any select of a board."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the action in its `custom_id` says, with what was chosen."""
        [value] = self.item.values
        detail = self.match["detail"]
        action = _SELECTS.get(self.match["action"], _refuse)
        value = f"{detail}:{value}" if detail else value
        with nameless():
            await action(interaction, self.match["board"], value)


_FORMS: Final[Mapping[str, FormHandler]] = {
    **additions.FORMS,
    **dialogs.FORMS,
    **lifecycle.FORMS,
    **palettes.FORMS,
    **redraws.FORMS,
}


def _nameless(handle: FormHandler) -> FormHandler:
    """Return what handles a form about a board that may be gone by now."""

    async def handled(interaction: discord.Interaction, form: Form) -> None:
        with nameless():
            await handle(interaction, form)

    return handled


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
    bot.image_actions["board"] = additions.offer_images
    bot.add_dynamic_items(additions.AddButton, BoardButton, BoardSelect, UnhangButton)
    bot.form_handlers |= {kind: _nameless(handle) for kind, handle in _FORMS.items()}
    bot.form_actions |= dict.fromkeys(_FORMS, "board")
    pinned = PinnedBoards(bot)
    await bot.add_cog(pinned)
    await bot.add_cog(BoardEvents(bot, pinned))
    await bot.add_cog(Stars(bot))
