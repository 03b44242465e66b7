"""Votes, comments, status, words, order, and taking pictures off: commands, buttons and forms."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import discord
from discord import app_commands, ui

from bot.boards import Board, Item, Status
from bot.client import RefusalError, errors_answered
from bot.errors import BotError, InvalidRequestError
from bot.service.boards import no_picture
from bot.texts import sentence, text
from cogs import layouts
from cogs.board_choosing import (
    BoardCommand,
    board_of,
    boards_of,
    picture_of,
    suggest_boards,
    suggest_numbers,
)
from cogs.board_people import actor_of
from cogs.board_rows import button
from cogs.board_showing import acknowledge, is_private, present, present_picture
from cogs.board_wording import board_name, status_name
from cogs.posting import Content

StatusName = Literal["candidate", "shortlist", "approved", "rejected"]
VOTES_AT_ONCE = 25


# Commands


@app_commands.command(name="vote", description="Vote for a picture, or take your vote back")
@app_commands.describe(number="Which picture", board="Which board")
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers)
async def vote(interaction: discord.Interaction, number: int, board: str | None = None) -> None:
    """Vote, one vote a person."""
    found, _ = await picture_of(interaction, board, number)
    await heart(interaction, found.id, str(number))


@app_commands.command(name="status", description="Say how far a picture got")
@app_commands.describe(number="Which picture", status="How far it got", board="Which board")
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers)
async def status(
    interaction: discord.Interaction, number: int, status: StatusName, board: str | None = None
) -> None:
    """Set the status of a picture."""
    found, _ = await picture_of(interaction, board, number)
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
    found, _ = await picture_of(interaction, board, number)
    await acknowledge(interaction)
    boards, actor = boards_of(interaction), actor_of(interaction)
    await boards.caption(actor, found.id, number, words)
    if credit is not None:
        await boards.credit(actor, found.id, number, credit)
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
    found, _ = await picture_of(interaction, board, number)
    boards, actor = boards_of(interaction), actor_of(interaction)
    await acknowledge(interaction)
    await (boards.untag if remove else boards.tag)(actor, found.id, number, tags)
    await present_picture(interaction, found.id, number)


@app_commands.command(name="order", description="Move a picture to another place")
@app_commands.describe(
    number="Which picture",
    before="The picture that it shall stand before; none puts it last",
    board="Which board",
)
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers, before=suggest_numbers)
async def order(
    interaction: discord.Interaction,
    number: int,
    before: int | None = None,
    board: str | None = None,
) -> None:
    """Move a picture in the chosen order."""
    found, _ = await picture_of(interaction, board, number)
    await move(interaction, found, number, before)


@app_commands.command(name="comment", description="Say something of a picture")
@app_commands.describe(number="Which picture", words="What there is to say", board="Which board")
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers)
async def comment(
    interaction: discord.Interaction, number: int, words: str, board: str | None = None
) -> None:
    """Comment on a picture."""
    found, _ = await picture_of(interaction, board, number)
    await acknowledge(interaction)
    await boards_of(interaction).comment(actor_of(interaction), found.id, number, words)
    await present_picture(interaction, found.id, number)


@app_commands.command(name="remove", description="Take a picture off; for a day it can be restored")
@app_commands.describe(number="Which picture", board="Which board")
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(number=suggest_numbers)
async def remove(interaction: discord.Interaction, number: int, board: str | None = None) -> None:
    """Take a picture off a board."""
    found, _ = await picture_of(interaction, board, number)
    await take_off(interaction, found.id, str(number))


# Buttons and selects


async def heart(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Vote for a picture, or take the vote back, and show it."""
    _, before = await picture_of(interaction, board_id, int(number))
    await acknowledge(interaction)
    actor = actor_of(interaction)
    item = await boards_of(interaction).vote(actor, board_id, int(number))
    said = _voted(before, item, actor.user_id, str(interaction.locale))
    await present_picture(interaction, board_id, int(number), notes=[said])


def _voted(before: Item, item: Item, user_id: int, locale: str) -> str:
    key = "board_voted" if user_id in item.voter_ids else "board_unvoted"
    said = text(key, locale, number=item.number, count=item.votes)
    if item.status is not before.status:
        said += " " + text("board_shortlisted", locale)
    return said


async def set_status(interaction: discord.Interaction, board_id: str, value: str) -> None:
    """Set the status of a picture; `value` is `number:status`."""
    number, _, name = value.partition(":")
    await picture_of(interaction, board_id, int(number))
    await acknowledge(interaction)
    status = Status(name)
    await boards_of(interaction).set_status(actor_of(interaction), board_id, int(number), status)
    locale = str(interaction.locale)
    said = text("board_status_set", locale, number=number, status=status_name(status, locale))
    await present_picture(interaction, board_id, int(number), notes=[said])


async def take_off(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Take a picture off, and offer to bring it back."""
    board, _ = await picture_of(interaction, board_id, int(number))
    await boards_of(interaction).remove(actor_of(interaction), board_id, int(number))
    locale = str(interaction.locale)
    said = text("board_removed", locale, number=number, name=board_name(board.name))
    row: Any = ui.ActionRow(button("back", board_id, number, locale=locale, emoji="↩️"))
    await present(interaction, Content(view=layouts.layout(ui.TextDisplay(said), row)))


async def move(
    interaction: discord.Interaction, board: Board, number: int, before: int | None
) -> None:
    """Move a picture, and show it."""
    if before is not None and board.item(before) is None:
        raise no_picture(board, before)
    await acknowledge(interaction)
    boards, actor = boards_of(interaction), actor_of(interaction)
    await boards.move(actor, board.id, number, before=before)
    key = "board_moved_last" if before is None else "board_moved"
    said = text(key, str(interaction.locale), number=number, before=before)
    await present_picture(interaction, board.id, number, notes=[said])


# Forms


class Form(ui.Modal):
    """A form whose answers are handed on by the ids of its fields."""

    def __init__(
        self,
        title: str,
        submit: Callable[[discord.Interaction, dict[str, str]], Awaitable[None]],
    ) -> None:
        """Remember what is done with the answers."""
        super().__init__(title=title, timeout=3600)
        self._submit = submit
        self._fields: dict[str, ui.TextInput[Any]] = {}

    def field(
        self,
        name: str,
        label: str,
        *,
        hint: str | None = None,
        default: str = "",
        max_length: int = 300,
        is_required: bool = False,
        is_long: bool = False,
    ) -> Form:
        """Add a field of text."""
        style = discord.TextStyle.paragraph if is_long else discord.TextStyle.short
        component: ui.TextInput[Any] = ui.TextInput(
            custom_id=name,
            default=default,
            max_length=max_length,
            required=is_required,
            style=style,
        )
        self._fields[name] = component
        self.add_item(ui.Label(text=label, description=hint, component=component))
        return self

    async def on_submit(self, interaction: discord.Interaction, /) -> None:
        """Hand the answers on."""
        await self._submit(interaction, {name: field.value for name, field in self._fields.items()})

    async def on_error(  # type: ignore[override]  # a form has no item
        self, interaction: discord.Interaction, error: Exception, /
    ) -> None:
        """Answer with one private sentence."""
        async with errors_answered(interaction):
            raise error


async def ask_comment(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Ask what there is to say of a picture."""
    await picture_of(interaction, board_id, int(number))
    locale = str(interaction.locale)

    async def submit(answered: discord.Interaction, typed: dict[str, str]) -> None:
        await picture_of(answered, board_id, int(number))
        await acknowledge(answered)
        boards = boards_of(answered)
        await boards.comment(actor_of(answered), board_id, int(number), typed["comment"])
        await present_picture(answered, board_id, int(number))

    form = Form(text("board_comment_title", locale, number=number), submit)
    label = text("board_field_comment", locale)
    form.field("comment", label, max_length=1000, is_required=True, is_long=True)
    await interaction.response.send_modal(form)


async def ask_words(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Ask for caption, credit and tags of a picture."""
    _, item = await picture_of(interaction, board_id, int(number))
    locale = str(interaction.locale)

    async def submit(answered: discord.Interaction, typed: dict[str, str]) -> None:
        await picture_of(answered, board_id, int(number))
        await acknowledge(answered)
        await _set_words(answered, board_id, item, typed)
        await present_picture(answered, board_id, int(number))

    form = Form(text("board_words_title", locale, number=number), submit)
    form.field("caption", text("board_field_caption", locale), default=item.caption,
               max_length=500)  # fmt: skip
    form.field("credit", text("board_field_credit", locale), default=item.credit, max_length=100)
    form.field("tags", text("board_field_tags", locale), default=", ".join(item.tags),
               hint=text("board_hint_tags", locale), max_length=700)  # fmt: skip
    await interaction.response.send_modal(form)


async def _set_words(
    interaction: discord.Interaction, board_id: str, item: Item, typed: dict[str, str]
) -> None:
    """Change what was changed in the form, and nothing that somebody else changed meanwhile."""
    boards, actor, number = boards_of(interaction), actor_of(interaction), item.number
    if typed["caption"].strip() != item.caption:
        await boards.caption(actor, board_id, number, typed["caption"])
    if typed["credit"].strip() != item.credit:
        await boards.credit(actor, board_id, number, typed["credit"])
    wanted = {each.strip().lstrip("#") for each in re.split(r"[,;,、;\n]", typed["tags"])} - {""}
    if gone := set(item.tags) - wanted:
        await boards.untag(actor, board_id, number, *gone)
    if new := [each for each in wanted if each not in item.tags]:
        await boards.tag(actor, board_id, number, *sorted(new))


async def ask_move(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Ask where a picture shall stand."""
    await picture_of(interaction, board_id, int(number))
    locale = str(interaction.locale)

    async def submit(answered: discord.Interaction, typed: dict[str, str]) -> None:
        board, _ = await picture_of(answered, board_id, int(number))
        words = typed["before"].strip()
        before = None if not words else numbers_in(words)[0]
        await move(answered, board, int(number), before)

    form = Form(text("board_move_title", locale, number=number), submit)
    form.field("before", text("board_field_before", locale), max_length=10,
               hint=text("board_hint_before", locale))  # fmt: skip
    await interaction.response.send_modal(form)


async def ask_votes(interaction: discord.Interaction, board_id: str, _: str) -> None:
    """Ask for the numbers of the pictures to vote for."""
    board, locale = await board_of(interaction, board_id), str(interaction.locale)

    async def submit(answered: discord.Interaction, typed: dict[str, str]) -> None:
        await answered.response.defer(ephemeral=True, thinking=not is_private(answered))
        lines = await _vote_all(answered, board_id, numbers_in(typed["numbers"]))
        await answered.followup.send("\n".join(lines), ephemeral=True)

    form = Form(text("board_vote_title", locale), submit)
    example = ", ".join(str(item.number) for item in board.ordered()[:2])
    form.field("numbers", text("board_field_numbers", locale), is_required=True, max_length=200,
               hint=text("board_hint_numbers", locale, example=example))  # fmt: skip
    await interaction.response.send_modal(form)


async def _vote_all(
    interaction: discord.Interaction, board_id: str, numbers: list[int]
) -> list[str]:
    """Vote for each picture, and return what came of each."""
    boards, actor, locale = boards_of(interaction), actor_of(interaction), str(interaction.locale)
    lines = []
    for number in numbers:
        try:
            _, before = await picture_of(interaction, board_id, number)
            item = await boards.vote(actor, board_id, number)
        except BotError as error:
            lines.append(text("failed", locale, sentence=sentence(error.message, locale)))
        else:
            lines.append(_voted(before, item, actor.user_id, locale))
    return lines


def numbers_in(typed: str) -> list[int]:
    """Return the numbers in a text, each once.

    Raises:
        InvalidRequestError: There is none, or far too many.

    """
    found = list(dict.fromkeys(int(each) for each in re.findall(r"\d{1,9}", typed)))
    if not found:
        raise InvalidRequestError(
            f"There is no number in {typed[:40]!r}: use those on the sheet, such as 3, 7."
        )
    if len(found) > VOTES_AT_ONCE:
        raise RefusalError("board_too_many_numbers", count=len(found), limit=VOTES_AT_ONCE)
    return found


COMMANDS: Final[tuple[BoardCommand, ...]] = (vote, status, caption, tag, order, comment, remove)
BUTTONS = {
    "heart": heart,
    "vote": ask_votes,
    "comment": ask_comment,
    "words": ask_words,
    "move": ask_move,
    "off": take_off,
}
SELECTS = {"status": set_status}
