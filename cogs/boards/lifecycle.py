"""Boards as a whole: `/board create`, `edit`, `archive`, `delete` and `restore`."""

from __future__ import annotations

from typing import Any, Final, Literal

import discord
from discord import app_commands, ui

from bot.discord_ui import views
from bot.discord_ui.boards.choice import (
    BoardCommand,
    board_of,
    boards_of,
    head_of,
    suggest_boards,
    suggest_deleted,
    suggest_taken_off,
    summaries,
)
from bot.discord_ui.boards.components import button
from bot.discord_ui.boards.display import (
    acknowledge,
    present,
    present_board,
    present_picture,
    troubles,
)
from bot.discord_ui.boards.formatting import board_name
from bot.discord_ui.boards.people import may_keep, member_of, member_viewer_of
from bot.discord_ui.channel_rules import Place
from bot.discord_ui.content import Content
from bot.discord_ui.deferrals import defer
from bot.discord_ui.discord_errors import is_forbidden
from bot.discord_ui.forms import show_form
from bot.discord_ui.places import places_of
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.styles import suggest_styles
from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import may_make_board
from bot.domain.boards import Access, Board, BoardState, BoardSummary, SheetOrder, Theme
from bot.domain.forms import Field, Form
from bot.locales import text
from bot.media.exports.phrases import count_words
from bot.services.boards import BoardEdits, NoBoardError

OrderName = Literal["chosen", "newest", "votes", "status"]
ThemeName = Literal["dark", "light"]
Channel = discord.TextChannel | discord.Thread


@app_commands.command(name="create", description="Make a mood board, of its own or of a channel")
@app_commands.autocomplete(style=suggest_styles)
@app_commands.describe(
    name="What it is called",
    channel="A channel, thread or forum post that becomes the board",
    brief="What it is about",
    style="A style by its name, or words added to prompts in its channel",
    size="Size used in its channel where none is given",
)
async def create(
    interaction: discord.Interaction,
    name: str,
    channel: Channel | None = None,
    brief: str = "",
    style: str = "",
    size: str | None = None,
) -> None:
    """Make a board; where it is a channel, its message is posted and pinned there."""
    await defer(interaction)
    place = None if channel is None else await usable(interaction, channel.id)
    channel_id = None if place is None else place.id
    board = await boards_of(interaction).create(
        viewer=await member_viewer_of(interaction, [] if channel_id is None else [channel_id]),
        name=name,
        channel_id=channel_id,
        brief=brief,
        style=style,
        size=size,
    )
    locale = str(interaction.locale)
    key = "board_created" if channel_id is None else "board_created_channel"
    said = text(key, locale, name=board_name(board.name), channel=f"<#{channel_id}>")
    notes = [said, *await troubles(interaction, board)]
    await present_board(interaction, board, notes=notes)


async def usable(interaction: discord.Interaction, channel_id: int) -> Place:
    """Return a channel that this member may make a board.

    Raises:
        RefusalError: They may not pin there, or the bot may not post there.

    """
    member = member_of(interaction)
    try:
        place = await places_of(bot_of(interaction)).find(member.guild, channel_id)
    except discord.Forbidden as error:
        if not is_forbidden(error):
            raise
        place = None
    if place is None or not may_keep(place):
        raise RefusalError("board_may_not_post", channel=f"<#{channel_id}>")
    if not await may_make_board(interaction, place):
        raise RefusalError("board_needs_pinning", channel=f"<#{channel_id}>")
    return place


@app_commands.command(
    name="edit", description="Change how a board is set up; no option opens a form"
)
@app_commands.describe(
    board="Which board",
    name="Another name",
    channel="The channel, thread or post that is the board",
    detach="Let the board be no channel any more",
    order="How the sheet is sorted",
    theme="The sheet's colours",
    threshold="Votes that put a candidate on the shortlist",
    self_vote="Whether votes for one's own pictures count",
)
@app_commands.autocomplete(board=suggest_boards)
async def edit(  # noqa: PLR0913, PLR0917 - the options of the command
    interaction: discord.Interaction,
    board: str | None = None,
    name: str | None = None,
    channel: Channel | None = None,
    detach: bool = False,  # noqa: FBT001, FBT002 - options of a command are positional
    order: OrderName | None = None,
    theme: ThemeName | None = None,
    threshold: int | None = None,
    self_vote: bool | None = None,  # noqa: FBT001
) -> None:
    """Change the given settings; without any, open a form."""
    found = await head_of(interaction, board)
    given: dict[str, Any] = {
        "name": name,
        "order": None if order is None else SheetOrder(order),
        "theme": None if theme is None else Theme(theme),
        "threshold": threshold,
        "self_vote": self_vote,
    }
    edits: Any = {key: value for key, value in given.items() if value is not None}
    if channel is not None:
        edits["channel_id"] = (await usable(interaction, channel.id)).id
    elif detach:
        edits["channel_id"] = None
    if not edits:
        await head_of(interaction, found.id, needs=Access.OWN, is_archive_fine=False)
        await ask_setup(interaction, found)
        return
    await change(interaction, found, edits)


async def change(interaction: discord.Interaction, board: Board, edits: BoardEdits) -> None:
    """Change a board and show it."""
    await acknowledge(interaction)
    viewer = await member_viewer_of(interaction)
    await boards_of(interaction).edit(board.id, viewer=viewer, **edits)
    said = text("board_edited", str(interaction.locale))
    edited = await board_of(interaction, board.id)
    notes = [said, *await troubles(interaction, edited)]
    await present_board(interaction, edited, notes=notes)


async def ask_setup(interaction: discord.Interaction, board: Board) -> None:
    """Ask for a board's name, brief, style words and size."""
    locale = str(interaction.locale)

    def field(name: str, value: str, max_length: int, **options: Any) -> Field:  # noqa: ANN401
        hint = text(f"board_hint_{name}", locale) if name in {"style", "size"} else None
        return Field(name=name, label=text(f"board_field_{name}", locale), hint=hint, value=value,
                     max_length=max_length, **options)  # fmt: skip

    fields = [
        field("name", board.name, 80, is_required=True),
        field("brief", board.brief, 1000, is_long=True),
        field("style", board.defaults.name or board.defaults.after, 300),
        field("size", board.defaults.value("size") or "", 20),
    ]
    title = text("board_edit_title", locale)
    await show_form(interaction, "setup", title, fields, board=board.id)


async def send_setup(interaction: discord.Interaction, form: Form) -> None:
    """Apply the fields changed in the form, so that others' changes meanwhile survive."""
    shown, typed = form.shown, {key: value.strip() for key, value in form.typed.items()}
    edits: Any = {key: value for key, value in typed.items() if value != shown[key]}
    if "size" in edits:
        edits["size"] = edits["size"] or None
    await change(interaction, await head_of(interaction, form.subject["board"]), edits)


@app_commands.command(name="archive", description="Put a board away; restore brings it back")
@app_commands.describe(board="Which board")
@app_commands.autocomplete(board=suggest_boards)
async def archive(interaction: discord.Interaction, board: str | None = None) -> None:
    """Archive a board: it can be looked at, and nothing on it changes."""
    found, viewer = await head_of(interaction, board), await member_viewer_of(interaction)
    await acknowledge(interaction)
    await boards_of(interaction).archive(found.id, viewer=viewer)
    await _say(interaction, "board_archived", found, undo="restore")


@app_commands.command(name="delete", description="Delete a board; for a day it can be restored")
@app_commands.describe(board="Which board")
@app_commands.autocomplete(board=suggest_boards)
async def delete(interaction: discord.Interaction, board: str) -> None:
    """Ask before a board is deleted."""
    found = await head_of(interaction, board, needs=Access.OWN)
    viewer, locale = await member_viewer_of(interaction), str(interaction.locale)
    count = count_words(await boards_of(interaction).num_items(found.id, viewer=viewer), locale)
    words = text("board_delete_sure", locale, name=board_name(found.name), count=count)
    row = ui.ActionRow(
        button("delete", found.id, locale=locale, style=discord.ButtonStyle.danger, emoji="🗑️")
    )
    view = views.layout(ui.TextDisplay(words), row, colour=views.WARNING)
    await present(interaction, Content(view=view))


async def really_delete(interaction: discord.Interaction, board_id: str, _: str) -> None:
    """Delete a board, and offer to bring it back."""
    board, viewer = await head_of(interaction, board_id), await member_viewer_of(interaction)
    await acknowledge(interaction)
    await boards_of(interaction).delete(board_id, viewer=viewer)
    await _say(interaction, "board_deleted", board, undo="restore")


@app_commands.command(name="restore", description="Bring back a board or a picture")
@app_commands.describe(
    board="Which board: deleted within a day, or archived",
    number="A picture that was taken off it within a day",
)
@app_commands.autocomplete(board=suggest_deleted)
@app_commands.autocomplete(number=suggest_taken_off)
async def restore(interaction: discord.Interaction, board: str, number: int | None = None) -> None:
    """Bring back a board, or a picture of one that is there."""
    if number is not None:
        found = await head_of(interaction, board)
        await bring_back(interaction, found.id, str(number))
        return
    await really_restore(interaction, board, "")


async def _restorable(interaction: discord.Interaction, typed: str) -> BoardSummary:
    """Return a board that may be deleted or archived."""
    found = await summaries(interaction, with_archived=True, with_deleted=True)
    found.sort(key=lambda each: each.state is not BoardState.DELETED)
    for each in found:
        if typed.strip() in {each.id, each.name}:
            return each
    raise NoBoardError(typed)


async def really_restore(interaction: discord.Interaction, typed: str, _: str) -> None:
    """Bring a board back, from the archive or from being deleted."""
    boards, viewer = boards_of(interaction), await member_viewer_of(interaction)
    found = await _restorable(interaction, typed)
    await acknowledge(interaction)
    bring = boards.restore if found.state is BoardState.DELETED else boards.unarchive
    board = await bring(found.id, viewer=viewer)
    await _say(interaction, "board_restored", board)


async def bring_back(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Hang a picture up again that was taken off."""
    await acknowledge(interaction)
    viewer = await member_viewer_of(interaction)
    await boards_of(interaction).bring_back(board_id, int(number), viewer=viewer)
    said = text("board_brought_back", str(interaction.locale), number=number)
    await present_picture(interaction, board_id, int(number), notes=[said])


async def _say(
    interaction: discord.Interaction, key: str, board: Board, *, undo: str | None = None
) -> None:
    """Confirm in private what was done to a board."""
    locale = str(interaction.locale)
    items: list[ui.Item[ui.LayoutView]] = [
        ui.TextDisplay(text(key, locale, name=board_name(board.name)))
    ]
    if undo is not None:
        row: Any = ui.ActionRow(button(undo, board.id, locale=locale, emoji="↩️"))
        items.append(row)
    await present(interaction, Content(view=views.layout(*items)))


COMMANDS: Final[tuple[BoardCommand, ...]] = (create, edit, archive, delete, restore)
BUTTONS = {"delete": really_delete, "restore": really_restore, "back": bring_back}
FORMS = {"setup": send_setup}
