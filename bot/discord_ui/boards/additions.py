"""Hanging pictures up: the button under images, the message menu and `/board add`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import discord
from discord import app_commands, ui

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.attachments import Attachment
from bot.discord_ui.boards.choice import (
    CHOICES,
    BoardCommand,
    head_of,
    id_here,
    suggest_boards,
    summaries,
)
from bot.discord_ui.boards.components import ADD_TEMPLATE, board_options, button
from bot.discord_ui.boards.formatting import board_name
from bot.discord_ui.boards.people import member_of, member_viewer_of, open_here
from bot.discord_ui.boards.pictures import Pictures
from bot.discord_ui.components import Button, generation_ids
from bot.discord_ui.content import Content
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import escaped, shortened
from bot.discord_ui.forms import show_form
from bot.discord_ui.image_choice import suggest_images
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.places import places_of
from bot.discord_ui.refusals import RefusalError, explain
from bot.discord_ui.submission import bot_of, find_some, still_there
from bot.domain.boards import Access, Added, Board, BoardSummary
from bot.domain.deferrals import Repeat
from bot.domain.forms import Choice, Field, Form
from bot.domain.jobs import Generation, typed_id
from bot.domain.plain_text import one_line
from bot.errors import BotError
from bot.locales import text
from bot.services.boards import Label

LINES_SHOWN: Final = 10


# Hanging up, and saying so


async def hang(
    interaction: discord.Interaction,
    board_id: str,
    pictures: Pictures,
    indexes: Sequence[int] | None = None,
    *,
    label: Label | None = None,
) -> None:
    """Hang pictures up; answer in private with their numbers and anything noteworthy."""
    await defer(interaction, repeat=Repeat.UNANSWERED)  # what hangs there already stays one
    board, bot = await head_of(interaction, board_id), bot_of(interaction)
    viewer = await member_viewer_of(interaction)
    added, lines, errors = [], [], []
    for index in range(len(pictures)) if indexes is None else indexes:
        try:
            one = await pictures.hang(bot, board.id, index, label or {}, viewer)
        except BotError as error:
            if len(pictures) == 1:
                raise
            errors.append(error)
            lines.append(_failed(pictures.names()[index], error, str(interaction.locale)))
            continue
        added.append(one)
        lines.append(_said(board, one, str(interaction.locale)))
    if not added and len({error.message for error in errors}) == 1:
        raise errors[0]  # one sentence for all of them, and the form again
    lines = lines[:LINES_SHOWN]
    sources = [one.item.channel_id for one in added if one.item is not None]
    if not all([await _is_for_all(interaction, board, each) for each in sources]):
        lines.append(text("board_kept_back", str(interaction.locale)))
    content = _answer(board, added, lines, str(interaction.locale))
    await Answer.to(interaction).give(content)


def _said(board: Board, added: Added, locale: str) -> str:
    """Return what is said of a picture that was hung up, or hung there already.

    Of another one that the reader may not see, nothing is told but that these pixels hang there.
    """
    name = board_name(board.name)
    if added.item is None:
        return text("board_exact_hidden", locale, name=name)
    if added.is_exact:
        return text("board_exact", locale, number=added.item.number, name=name)
    said = text("board_added", locale, number=added.item.number, name=name)
    if added.duplicate_of is not None:
        said += "\n" + text("board_near", locale, number=added.duplicate_of.number)
    return said


def _failed(name: str, error: BotError, locale: str) -> str:
    """Return the line about one of several pictures that could not be added."""
    sentence = f"{escaped(one_line(name), limit=40)} · {explain(error, locale)}"
    return text("failed", locale, sentence=sentence)


async def _is_for_all(
    interaction: discord.Interaction, board: Board, source_id: int | None
) -> bool:
    """Return whether everyone who sees a board's channel may see a picture from another one."""
    if board.channel_id is None or source_id is None or source_id == board.channel_id:
        return True
    assert interaction.guild is not None
    book = places_of(bot_of(interaction))
    return source_id in await open_here(book, interaction.guild, board.channel_id, {source_id})


def _answer(board: Board, added: Sequence[Added], lines: Sequence[str], locale: str) -> Content:
    items: list[Any] = [ui.TextDisplay("\n".join(lines))]
    if len(added) == 1 and added[0].item is not None:
        number = str(added[0].item.number)
        row = [button("look", board.id, number, locale=locale, emoji="🔍",
                      label=text("board_button_open", locale))]  # fmt: skip
        if not added[0].is_exact:
            row.append(button("off", board.id, number, locale=locale, emoji="↩️",
                              label=text("board_button_undo", locale)))  # fmt: skip
        items.append(ui.ActionRow(*row))
    colour = views.DONE if any(not each.is_exact for each in added) else views.INK
    return Content(view=views.layout(*items, colour=colour))


# Asking which board


async def offer(interaction: discord.Interaction, pictures: Pictures) -> None:
    """Hang one picture on the board that this channel is, else ask in a form.

    Raises:
        RefusalError: There is no board to add to.

    """
    found = await summaries(interaction, needs=Access.ADD)
    if not found:
        raise RefusalError("board_none_to_add")
    here = await id_here(interaction)
    if here not in {each.id for each in found}:
        here = None
    if here is not None and len(pictures) == 1:
        await hang(interaction, here, pictures)
        return
    chosen = here or found[0].id
    found.sort(key=lambda each: each.id != chosen)
    locale = str(interaction.locale)
    fields = _fields(pictures, found[:CHOICES], chosen, locale, has_more=len(found) > CHOICES)
    title = text("board_add_title", locale)
    await show_form(interaction, "add", title, fields, pictures=pictures.to_json())


def _fields(
    pictures: Pictures,
    found: Sequence[BoardSummary],
    chosen: str,
    locale: str,
    *,
    has_more: bool,
) -> list[Field]:
    """Return the form: which board, which of several pictures, caption and tags."""

    def field(name: str, **options: Any) -> Field:  # noqa: ANN401
        return Field(name=name, label=text(f"board_field_{name}", locale), **options)

    options = board_options(found, chosen, locale)
    boards = [Choice(value=each.value, label=each.label, description=each.description)
              for each in options]  # fmt: skip
    more = text("board_add_more", locale) if has_more else None
    fields = [field("board", choices=boards, value=chosen, hint=more)]
    if 1 < len(pictures) <= CHOICES:  # of more, all are hung; single ones have their own button
        which = _picture_choices(pictures)
        all_of_them = ",".join(each.value for each in which)
        fields.append(
            field("pictures", choices=which, value=all_of_them, max_choices=len(pictures))
        )
    hint = text("board_hint_tags", locale)
    return [*fields, field("caption", max_length=500), field("tags", max_length=300, hint=hint)]


def _picture_choices(pictures: Pictures) -> list[Choice]:
    return [
        Choice(label=shortened(f"{i + 1} · {one_line(name)}", 100), value=str(i))
        for i, name in enumerate(pictures.names())
    ]


async def send_add(interaction: discord.Interaction, form: Form) -> None:
    """Hang up the pictures chosen in the form."""
    known, typed = form.subject["pictures"], form.typed
    ids = known["generations"]
    generations = await find_some(interaction, ids) if ids else []
    pictures = Pictures.from_json(known, generations)
    which = typed.get("pictures")
    indexes = None if which is None else sorted(map(int, which.split(",")))
    if which is not None and len(generations) < len(ids):  # one was deleted meanwhile
        left = [each.id for each in generations]
        indexes = [left.index(ids[i]) for i in indexes or () if ids[i] in left]
    label: Label = {"caption": typed["caption"], "tags": (typed["tags"],)}
    await hang(interaction, typed["board"], pictures, indexes, label=label)


# Where it begins


class AddButton(AnswerableItem[Button], template=ADD_TEMPLATE):
    """Add to board, under every image of a server."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Hang them up, or ask where."""
        generations = await find_some(interaction, self.match["ids"].split("."))
        await offer_images(interaction, generations)


async def offer_images(interaction: discord.Interaction, generations: list[Generation]) -> None:
    """Hang images up, or ask where."""
    await offer(interaction, Pictures(generations=generations))


@app_commands.context_menu(name="Add to board")
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
async def add_menu(interaction: discord.Interaction, message: discord.Message) -> None:
    """Hang up the pictures of any message."""
    member_of(interaction)
    pictures = await pictures_in(interaction, message)
    if not len(pictures):
        raise RefusalError("board_no_picture")
    await offer(interaction, pictures)


async def pictures_in(interaction: discord.Interaction, message: discord.Message) -> Pictures:
    """Return this bot's images in a message, else its attached pictures."""
    ids = generation_ids(message) if message.author == interaction.client.user else []
    if ids:
        return Pictures(generations=await still_there(interaction, ids))
    return Pictures.of_message(message)


@app_commands.command(
    name="add", description="Hang a picture up: an image of mine, or any you have"
)
@app_commands.describe(
    id="The id under an image",
    image="Any picture",
    board="Which board",
    caption="What stands under it",
    tags="Words to find it by, with commas between",
    credit="Who made it; none names its author",
    spoiler="Hide the picture that is handed in until it is clicked",
    everyone="Show it to all who see the board, whatever channel it is from; for curators",
)
@app_commands.autocomplete(id=suggest_images, board=suggest_boards)
async def add(  # noqa: PLR0913, PLR0917 - the options of the command
    interaction: discord.Interaction,
    id: str | None = None,  # noqa: A002 - the option's name
    image: discord.Attachment | None = None,
    board: str | None = None,
    caption: str = "",
    tags: str = "",
    credit: str | None = None,
    spoiler: bool = False,  # noqa: FBT001, FBT002 - options of a command are positional
    everyone: bool = False,  # noqa: FBT001, FBT002
) -> None:
    """Hang a picture up with its caption, tags and credit."""
    if (id is None) == (image is None):
        raise RefusalError("board_add_what")
    await defer(interaction, repeat=Repeat.UNANSWERED)
    found = await head_of(interaction, board)
    if id is not None:
        pictures = Pictures(generations=await find_some(interaction, [typed_id(id)]))
    else:
        assert image is not None
        handed = Attachment.of(image)
        pictures = Pictures(
            attachments=[replace(handed, is_spoiler=spoiler or handed.is_spoiler)],
            author_id=interaction.user.id,
            author_name=interaction.user.display_name,
            channel_id=interaction.channel_id,
        )
    label: Label = {"caption": caption, "tags": (tags,), "credit": credit, "is_released": everyone}
    await hang(interaction, found.id, pictures, label=label)


COMMANDS: Final[tuple[BoardCommand, ...]] = (add,)
FORMS = {"add": send_add}
