"""Forms behind the buttons of a board and its pictures: votes, comments, words, places."""

from __future__ import annotations

import re

import discord

from bot.boards import Item
from bot.client import explain
from bot.errors import BotError
from bot.texts import text
from cogs.board_choosing import board_of, boards_of, picture_of
from cogs.board_curating import move, voted_words
from cogs.board_forms import Form, numbers_in
from cogs.board_people import actor_of
from cogs.board_showing import acknowledge, is_private, present_picture


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
            lines.append(text("failed", locale, sentence=explain(error, locale)))
        else:
            lines.append(voted_words(before, item, actor.user_id, locale))
    return lines


BUTTONS = {"vote": ask_votes, "comment": ask_comment, "words": ask_words, "move": ask_move}
