"""Forms behind the buttons of a board and its pictures: votes, comments, words, places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import discord

from bot.boards import Access, Item, rules
from bot.client import explain
from bot.errors import BotError
from bot.service.boards import Words, changeable
from bot.texts import text
from cogs.board_choosing import board_of, boards_of, picture_of
from cogs.board_curating import first_of, move, voted_words
from cogs.board_forms import Form, numbers_in
from cogs.board_people import actor_of
from cogs.board_showing import acknowledge, is_private, present_picture
from cogs.wording import shortened

PLAIN_LENGTH: Final = 2000  # Discord's, characters of a message without components


async def ask_comment(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Ask what there is to say of a picture."""
    board, _ = await picture_of(interaction, board_id, int(number))
    changeable(board, actor_of(interaction), Access.ADD, typed=board_id)
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
    board, item = await picture_of(interaction, board_id, int(number))
    actor, locale = actor_of(interaction), str(interaction.locale)
    needs = Access.ADD if item.added_by == actor.user_id else Access.CURATE
    changeable(board, actor, needs, typed=board_id)

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
    wanted = rules.tags([typed["tags"]])
    words: Words = {
        "tags": [each for each in wanted if each not in item.tags],
        "untags": [each for each in item.tags if each not in wanted],
    }
    if typed["caption"].strip() != item.caption:
        words["caption"] = typed["caption"]
    if typed["credit"].strip() != item.credit:
        words["credit"] = typed["credit"]
    actor = actor_of(interaction)
    await boards_of(interaction).describe(actor, board_id, item.number, **words)


async def ask_move(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Ask where a picture shall stand."""
    board, _ = await picture_of(interaction, board_id, int(number))
    changeable(board, actor_of(interaction), Access.CURATE, typed=board_id)
    locale = str(interaction.locale)

    async def submit(answered: discord.Interaction, typed: dict[str, str]) -> None:
        board, _ = await picture_of(answered, board_id, int(number))
        words = typed["before"].strip()
        before = None if not words else numbers_in(words)[0]
        await move(answered, board, int(number), first_of(board) if before == 0 else before)

    form = Form(text("board_move_title", locale, number=number), submit)
    form.field("before", text("board_field_before", locale), max_length=10,
               hint=text("board_hint_before", locale))  # fmt: skip
    await interaction.response.send_modal(form)


async def ask_votes(interaction: discord.Interaction, board_id: str, _: str) -> None:
    """Ask for the numbers of the pictures to vote for."""
    board, locale = await board_of(interaction, board_id), str(interaction.locale)
    changeable(board, actor_of(interaction), Access.ADD, typed=board_id)

    async def submit(answered: discord.Interaction, typed: dict[str, str]) -> None:
        await answered.response.defer(ephemeral=True, thinking=not is_private(answered))
        lines = await _vote_all(answered, board_id, numbers_in(typed["numbers"]))
        for message in packed(lines):
            await answered.followup.send(message, ephemeral=True)

    form = Form(text("board_vote_title", locale), submit)
    example = ", ".join(str(item.number) for item in board.ordered()[:2])
    form.field("numbers", text("board_field_numbers", locale), is_required=True, max_length=200,
               hint=text("board_hint_numbers", locale, example=example))  # fmt: skip
    await interaction.response.send_modal(form)


def packed(lines: Sequence[str]) -> list[str]:
    """Return lines as few messages of plain text, none longer than Discord takes."""
    messages: list[str] = []
    for line in lines:
        if messages and len(messages[-1]) + len(line) + 1 <= PLAIN_LENGTH:
            messages[-1] += "\n" + line
        else:
            messages.append(shortened(line, PLAIN_LENGTH))
    return messages


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
            lines.append(text("failed", locale, sentence=explain(error, locale)))
        else:
            lines.append(voted_words(before, item, actor.user_id, locale))
    return lines


BUTTONS = {"vote": ask_votes, "comment": ask_comment, "words": ask_words, "move": ask_move}
