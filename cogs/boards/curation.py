"""Votes, comments, status, words, order, and taking pictures off: commands, buttons and forms."""

from __future__ import annotations

from typing import Any, Final, Literal

import discord
from discord import app_commands, ui

from bot.discord_ui import views
from bot.discord_ui.boards.choice import (
    BoardCommand,
    boards_of,
    head_of,
    suggest_boards,
    suggest_numbers,
)
from bot.discord_ui.boards.components import button
from bot.discord_ui.boards.dialogs import move, voted_words
from bot.discord_ui.boards.display import acknowledge, present, present_picture
from bot.discord_ui.boards.formatting import board_name, status_name
from bot.discord_ui.boards.people import member_viewer_of
from bot.discord_ui.content import Content
from bot.domain.boards import ItemStatus
from bot.locales import text
from bot.services.boards import ItemEdits

PlaceName = Literal["first", "last"]
StatusName = Literal["candidate", "shortlist", "approved", "rejected"]


# Commands


@app_commands.command(name="vote", description="Vote for a picture, or take your vote back")
@app_commands.describe(number="Which picture", board="Which board")
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers)
async def vote(interaction: discord.Interaction, number: int, board: str | None = None) -> None:
    """Vote, one vote a person."""
    await heart(interaction, (await head_of(interaction, board)).id, str(number))


@app_commands.command(name="status", description="Say how far a picture got")
@app_commands.describe(number="Which picture", status="How far it got", board="Which board")
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers)
async def status(
    interaction: discord.Interaction, number: int, status: StatusName, board: str | None = None
) -> None:
    """Set the status of a picture."""
    found = await head_of(interaction, board)
    await set_status(interaction, found.id, f"{number}:{status}")


@app_commands.command(name="caption", description="Say what a picture shows")
@app_commands.describe(
    number="Which picture",
    words="What stands under it; none takes it away",
    credit="Who made it",
    board="Which board",
)
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers)
async def caption(
    interaction: discord.Interaction,
    number: int,
    words: str = "",
    credit: str | None = None,
    board: str | None = None,
) -> None:
    """Set the caption, and the credit where it is given."""
    found, viewer = await head_of(interaction, board), await member_viewer_of(interaction)
    await acknowledge(interaction)
    said: ItemEdits = {"caption": words} if credit is None else {"caption": words, "credit": credit}
    await boards_of(interaction).describe(found.id, number, viewer=viewer, **said)
    await present_picture(interaction, found.id, number)


@app_commands.command(name="tag", description="Give a picture tags, or take them away")
@app_commands.describe(
    number="Which picture",
    tags="With commas between",
    remove="Take these away instead",
    board="Which board",
)
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers)
async def tag(
    interaction: discord.Interaction,
    number: int,
    tags: str,
    remove: bool = False,  # noqa: FBT001, FBT002 - options of a command are positional
    board: str | None = None,
) -> None:
    """Add or remove tags."""
    found, viewer = await head_of(interaction, board), await member_viewer_of(interaction)
    await acknowledge(interaction)
    said: ItemEdits = {"untags": [tags]} if remove else {"tags": [tags]}
    await boards_of(interaction).describe(found.id, number, viewer=viewer, **said)
    await present_picture(interaction, found.id, number)


@app_commands.command(name="order", description="Move a picture to another place")
@app_commands.describe(
    number="Which picture",
    before="The picture that it shall stand before; none puts it last",
    place="Put it first or last instead",
    board="Which board",
)
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers, before=suggest_numbers)
async def order(
    interaction: discord.Interaction,
    number: int,
    before: int | None = None,
    place: PlaceName | None = None,
    board: str | None = None,
) -> None:
    """Move a picture in the chosen order."""
    found = await head_of(interaction, board)
    if place is not None:
        before = 0 if place == "first" else None
    await move(interaction, found.id, number, before)


@app_commands.command(name="comment", description="Say something of a picture")
@app_commands.describe(number="Which picture", words="What there is to say", board="Which board")
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers)
async def comment(
    interaction: discord.Interaction, number: int, words: str, board: str | None = None
) -> None:
    """Comment on a picture."""
    found, viewer = await head_of(interaction, board), await member_viewer_of(interaction)
    await acknowledge(interaction)
    await boards_of(interaction).comment(found.id, number, words, viewer=viewer)
    await present_picture(interaction, found.id, number)


@app_commands.command(name="remove", description="Take a picture off; for a day it can be restored")
@app_commands.describe(number="Which picture", board="Which board")
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers)
async def remove(interaction: discord.Interaction, number: int, board: str | None = None) -> None:
    """Take a picture off a board."""
    await take_off(interaction, (await head_of(interaction, board)).id, str(number))


# Buttons and selects


async def heart(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Vote for a picture, or take the vote back, and show it."""
    await acknowledge(interaction)
    viewer = await member_viewer_of(interaction)
    vote = await boards_of(interaction).vote(board_id, int(number), viewer=viewer)
    said = voted_words(vote, str(interaction.locale))
    await present_picture(interaction, board_id, int(number), notes=[said])


async def set_status(interaction: discord.Interaction, board_id: str, value: str) -> None:
    """Set the status of a picture; `value` is `number:status`."""
    number, _, name = value.partition(":")
    await acknowledge(interaction)
    viewer, status = await member_viewer_of(interaction), ItemStatus(name)
    await boards_of(interaction).set_status(board_id, int(number), status, viewer=viewer)
    locale = str(interaction.locale)
    said = text("board_status_set", locale, number=number, status=status_name(status, locale))
    await present_picture(interaction, board_id, int(number), notes=[said])


async def take_off(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Take a picture off, and offer to bring it back."""
    board, viewer = await head_of(interaction, board_id), await member_viewer_of(interaction)
    await acknowledge(interaction)
    await boards_of(interaction).remove(board_id, int(number), viewer=viewer)
    locale = str(interaction.locale)
    said = text("board_removed", locale, number=number, name=board_name(board.name))
    row: Any = ui.ActionRow(button("back", board_id, number, locale=locale, emoji="↩️"))
    await present(interaction, Content(view=views.layout(ui.TextDisplay(said), row)))


COMMANDS: Final[tuple[BoardCommand, ...]] = (vote, status, caption, tag, order, comment, remove)
BUTTONS = {
    "heart": heart,
    "off": take_off,
}
SELECTS = {"status": set_status}
