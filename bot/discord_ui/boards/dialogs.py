"""Forms behind the buttons of a board and its pictures: votes, comments, words, places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import discord

from bot.discord_ui.answers import Answer
from bot.discord_ui.boards.choice import boards_of, head_of, nameless, picture_of
from bot.discord_ui.boards.display import acknowledge, present_picture
from bot.discord_ui.boards.people import member_viewer_of
from bot.discord_ui.boards.typed_numbers import numbers_in
from bot.discord_ui.content import Content
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import shortened
from bot.discord_ui.forms import show_form
from bot.discord_ui.refusals import RefusalError, explain
from bot.domain.boards import Access, SheetOrder, Vote, rules
from bot.domain.forms import Field, Form
from bot.errors import BotError
from bot.locales import text
from bot.services.boards import ItemEdits

PLAIN_LENGTH: Final = 2000  # Discord's, characters of a message without components


async def ask_comment(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Ask what there is to say of a picture."""
    await _changeable(interaction, board_id, Access.ADD)
    await picture_of(interaction, board_id, int(number))
    locale = str(interaction.locale)
    field = Field(name="comment", label=text("board_field_comment", locale), max_length=1000,
                  is_required=True, is_long=True)  # fmt: skip
    title = text("board_comment_title", locale, number=number)
    await show_form(interaction, "comment", title, [field], board=board_id, number=int(number))


async def send_comment(interaction: discord.Interaction, form: Form) -> None:
    """Save the words typed about a picture."""
    board_id, number = form.subject["board"], form.subject["number"]
    await acknowledge(interaction)
    viewer = await member_viewer_of(interaction)
    await boards_of(interaction).comment(board_id, number, form.typed["comment"], viewer=viewer)
    await present_picture(interaction, board_id, number)


async def ask_words(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Ask for caption, credit and tags of a picture."""
    viewer, locale = await member_viewer_of(interaction), str(interaction.locale)
    item = await boards_of(interaction).describable(board_id, int(number), viewer=viewer)
    fields = [
        Field(name="caption", label=text("board_field_caption", locale), value=item.caption,
              max_length=500),
        Field(name="credit", label=text("board_field_credit", locale), value=item.credit,
              max_length=100),
        Field(name="tags", label=text("board_field_tags", locale), value=", ".join(item.tags),
              hint=text("board_hint_tags", locale), max_length=700),
    ]  # fmt: skip
    title = text("board_words_title", locale, number=number)
    await show_form(interaction, "words", title, fields, board=board_id, number=int(number))


async def send_words(interaction: discord.Interaction, form: Form) -> None:
    """Set the words of a picture that were typed."""
    board_id, number = form.subject["board"], form.subject["number"]
    await acknowledge(interaction)
    viewer, words = await member_viewer_of(interaction), changed_words(form)
    await boards_of(interaction).describe(board_id, number, viewer=viewer, **words)
    await present_picture(interaction, board_id, number)


def changed_words(form: Form) -> ItemEdits:
    """Return the fields changed in the form, so that others' changes meanwhile survive."""
    shown, typed = form.shown, form.typed
    before, wanted = rules.tags([shown["tags"]]), rules.tags([typed["tags"]])
    words: ItemEdits = {
        "tags": [each for each in wanted if each not in before],
        "untags": [each for each in before if each not in wanted],
    }
    if typed["caption"].strip() != shown["caption"]:
        words["caption"] = typed["caption"]
    if typed["credit"].strip() != shown["credit"]:
        words["credit"] = typed["credit"]
    return words


async def ask_move(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Ask where a picture shall stand."""
    await _changeable(interaction, board_id, Access.CURATE)
    await picture_of(interaction, board_id, int(number))
    locale = str(interaction.locale)
    field = Field(name="before", label=text("board_field_before", locale), max_length=10,
                  hint=text("board_hint_before", locale))  # fmt: skip
    title = text("board_move_title", locale, number=number)
    await show_form(interaction, "move", title, [field], board=board_id, number=int(number))


async def send_move(interaction: discord.Interaction, form: Form) -> None:
    """Move a picture before the one that was typed, or behind all."""
    words = form.typed["before"].strip()
    before = None if not words else numbers_in(words)[0]
    await move(interaction, form.subject["board"], form.subject["number"], before)


async def ask_votes(interaction: discord.Interaction, board_id: str, _: str) -> None:
    """Ask for the numbers of the pictures to vote for."""
    await _changeable(interaction, board_id, Access.ADD)
    viewer, locale = await member_viewer_of(interaction), str(interaction.locale)
    first = await boards_of(interaction).labels(board_id, viewer=viewer, limit=2)
    example = ", ".join(str(item.number) for item in first)
    field = Field(name="numbers", label=text("board_field_numbers", locale), is_required=True,
                  hint=text("board_hint_numbers", locale, example=example),
                  max_length=200)  # fmt: skip
    title = text("board_vote_title", locale)
    await show_form(interaction, "votes", title, [field], board=board_id)


async def send_votes(interaction: discord.Interaction, form: Form) -> None:
    """Vote for the pictures whose numbers were typed; words never take a board's place."""
    await defer(interaction)
    numbers = numbers_in(form.typed["numbers"])
    for message in packed(await _vote_all(interaction, form.subject["board"], numbers)):
        await Answer.to(interaction).give(Content(words=message))


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
    boards, viewer = boards_of(interaction), await member_viewer_of(interaction)
    locale, lines = str(interaction.locale), []
    for number in numbers:
        try:
            with nameless():
                vote = await boards.vote(board_id, number, viewer=viewer)
        except BotError as error:
            lines.append(text("failed", locale, sentence=explain(error, locale)))
        else:
            lines.append(voted_words(vote, locale))
    return lines


BUTTONS = {"vote": ask_votes, "comment": ask_comment, "words": ask_words, "move": ask_move}
FORMS = {"comment": send_comment, "words": send_words, "move": send_move, "votes": send_votes}


def voted_words(vote: Vote, locale: str) -> str:
    """Return what came of a vote."""
    key = "board_voted" if vote.is_given else "board_unvoted"
    said = text(key, locale, number=vote.item.number, count=vote.item.votes)
    if vote.is_decisive:
        said += " " + text("board_shortlisted", locale)
    return said


async def move(
    interaction: discord.Interaction, board_id: str, number: int, before: int | None
) -> None:
    """Move a picture before another one, before all (0), or behind all, and show it."""
    boards, viewer = boards_of(interaction), await member_viewer_of(interaction)
    if before == 0:
        order = SheetOrder.CHOSEN
        [first, *_] = await boards.labels(board_id, viewer=viewer, order=order, limit=1)
        before = first.number
    if before == number:
        raise RefusalError("board_stands_there", number=number)
    await acknowledge(interaction)
    await boards.move(board_id, number, before=before, viewer=viewer)
    key = "board_moved_last" if before is None else "board_moved"
    said = text(key, str(interaction.locale), number=number, before=before)
    await present_picture(interaction, board_id, number, notes=[said])


async def _changeable(interaction: discord.Interaction, board_id: str, needs: Access) -> None:
    """Open no form for what its reader may not do, or not on a board in the archive."""
    await head_of(interaction, board_id, needs=needs, is_archive_fine=False)
