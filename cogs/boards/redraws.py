"""From a board's pictures back to drawing: same seed, more like this, recipe, comparison."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import discord
from discord import app_commands, ui

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.boards.choice import (
    BoardCommand,
    boards_of,
    head_of,
    picture_of,
    suggest_boards,
    suggest_numbers,
)
from bot.discord_ui.boards.components import button
from bot.discord_ui.boards.formatting import board_name, item_title, status_name
from bot.discord_ui.boards.people import open_here
from bot.discord_ui.boards.typed_numbers import numbers_in
from bot.discord_ui.components import Button
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import escaped, shortened
from bot.discord_ui.forms import show_form
from bot.discord_ui.places import places_of
from bot.discord_ui.recipes import command_of
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.sources import prompt_field, source_from_board, strength_choices, strength_field
from bot.discord_ui.submission import bot_of, public_locale, still_there, submit
from bot.discord_ui.viewers import viewer_of
from bot.domain.boards import Board, Item
from bot.domain.deferrals import Repeat
from bot.domain.forms import Field, Form
from bot.domain.jobs import Generation
from bot.domain.recipe import Recipe, parse_recipe
from bot.domain.requests import (
    SEED,
    SIZE,
    STRENGTH,
    USUAL_STRENGTH,
    ImageRequest,
    random_seed,
)
from bot.domain.variations import series
from bot.locales import text
from bot.media.encoding import fit_under, picture_png
from bot.media.exports import draw_compared
from bot.media.picture_files import FileState
from bot.media.thumbnails import PictureCache

MORE_COUNT: Final = 4
COMPARED_SIDE: Final = 1296  # pixels, of the copies that a comparison is made of


def recipe_of(item: Item) -> Recipe:
    """Return what made a picture.

    Raises:
        RefusalError: It was not drawn by this bot.

    """
    if item.recipe_text is None:
        raise RefusalError("board_no_recipe", number=item.number)
    return parse_recipe(item.recipe_text)


async def draw_same(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Draw a picture again; where its image is still kept, its pixels are compared."""
    board, item = await picture_of(interaction, board_id, int(number))
    request = recipe_of(item).request
    await check_open_here(interaction, board, [item], "board_not_drawable")
    parents = await _original(interaction, item)
    await submit(interaction, [request], parents=parents, spoiler=item.is_spoiler)


async def _original(interaction: discord.Interaction, item: Item) -> list[Generation]:
    """Return a picture's original image, if it is still kept and everyone here may see it.

    A picture may be shown to more people than its image: a curator can release it.
    """
    viewer = await viewer_of(interaction)
    found = await still_there(interaction, [item.generation_id] if item.generation_id else [])
    return list(filter(viewer.may_share, found))


async def ask_more(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Ask how many more, and how like it; of a picture from elsewhere, also what it shows."""
    board, item = await picture_of(interaction, board_id, int(number))
    locale = str(interaction.locale)
    await check_open_here(interaction, board, [item], "board_not_drawable")
    fields = [
        Field(name="count", label=text("board_field_count", locale), value=str(MORE_COUNT),
              max_length=1, is_required=True, hint=text("board_hint_count", locale)),
        strength_field(locale, strength_choices(locale)),
    ]  # fmt: skip
    if item.recipe_text is None:
        fields.insert(0, prompt_field(locale, value=item.caption))
    title = text("board_more_title", locale, number=number)
    await show_form(interaction, "more", title, fields, board=board_id, number=int(number))


async def send_more(interaction: discord.Interaction, form: Form) -> None:
    """Draw as many more as were asked for, each begun with the picture."""
    board, item = await picture_of(interaction, form.subject["board"], form.subject["number"])
    await check_open_here(interaction, board, [item], "board_not_drawable")
    count = numbers_in(form.typed["count"])[0]
    if not 1 <= count <= MORE_COUNT:
        raise RefusalError("board_more_count", count=count, limit=MORE_COUNT)
    # A form that an earlier version opened asks for no strength.
    strength = form.typed.get("strength", "").strip() or USUAL_STRENGTH
    own = None if item.recipe_text is None else recipe_of(item).request
    rules = bot_of(interaction).service.model_rules
    size = None if own is None else SIZE.show(own.size_of_more(rules))
    source = await source_from_board(interaction, item, size=size)
    if own is None:
        request = ImageRequest.parse(
            rules=rules, prompt=form.typed["prompt"], size=str(source.size), strength=strength
        )
    else:
        values = {STRENGTH.name: STRENGTH.read(strength, rules), SEED.name: random_seed()}
        request = replace(own.for_profile(rules.profile), size=source.size, **values)
    requests = series(source.begin(request), count)
    parents = await _original(interaction, item)
    await submit(
        interaction,
        requests,
        parents=parents * count,
        spoiler=source.is_spoiler,
        sources=source.pictures,
    )


async def send_recipe(interaction: discord.Interaction, board_id: str, number: str) -> None:
    """Show what made a picture, also where its image is deleted."""
    _, item = await picture_of(interaction, board_id, int(number))
    recipe, locale = recipe_of(item), str(interaction.locale)
    made = recipe.conditions
    known = await still_there(interaction, [item.generation_id] if item.generation_id else [])
    command = command_of(recipe.request, known[0].id if known else None)
    lines = [
        text("recipe_title", locale, id=item.generation_id or item.id),
        escaped(recipe.request.prompt, limit=1000),
        f"```\n{shortened(command, 1500)}\n```",
        f"-# {made.get('model')} · {made.get('revision')} · {made.get('device')}",
        f"-# SHA-256 `{recipe.pixel_sha256}`",
    ]
    name = f"recipe-{item.generation_id or item.id}.json"
    parts: list[Any] = [ui.TextDisplay("\n".join(lines)), ui.File(f"attachment://{name}")]
    signed = await boards_of(interaction).signed_recipe(
        board_id, int(number), viewer=await viewer_of(interaction)
    )
    assert signed is not None  # it has one: `recipe_of` said so
    file = Upload(name=name, content=signed.encode())
    await Answer.to(interaction).give(Content(view=views.layout(*parts), files=[file]))


# Side by side


@app_commands.command(name="compare", description="Put two to four pictures side by side")
@app_commands.describe(
    a="One picture",
    b="Another picture",
    c="A third one",
    d="A fourth one",
    board="Which board",
    share="Show it to everyone in this channel",
)
@app_commands.autocomplete(board=suggest_boards)
@app_commands.autocomplete(
    a=suggest_numbers, b=suggest_numbers, c=suggest_numbers, d=suggest_numbers
)
async def compare(
    interaction: discord.Interaction,
    a: int,
    b: int,
    c: int | None = None,
    d: int | None = None,
    board: str | None = None,
    share: bool = False,  # noqa: FBT001, FBT002 - options of a command are positional
) -> None:
    """Show pictures of a board as one labelled sheet."""
    found = await head_of(interaction, board)
    numbers = list(dict.fromkeys(each for each in (a, b, c, d) if each is not None))
    if len(numbers) == 1:
        raise RefusalError("board_compare_two", number=a)
    items = [(await picture_of(interaction, found.id, number))[1] for number in numbers]
    if share:
        await check_open_here(interaction, found, items, "board_not_shareable")
    await defer(interaction, ephemeral=not share, repeat=Repeat.UNANSWERED)
    locale = public_locale(interaction) if share else str(interaction.locale)
    await Answer.to(interaction).give(await _comparison(interaction, found, items, locale))


async def check_open_here(
    interaction: discord.Interaction, board: Board, items: Sequence[Item], key: str
) -> None:
    """Refuse to show or draw here what not everyone here may see: the board itself, or a picture.

    A picture that is bound to no channel is for whoever sees its board.
    """
    assert interaction.guild is not None
    assert interaction.channel_id is not None
    sources = {item.number: item.channel_id or board.channel_id for item in items}
    others = {each for each in (board.channel_id, *sources.values()) if each is not None}
    book = places_of(bot_of(interaction))
    is_open = await open_here(book, interaction.guild, interaction.channel_id, others)
    for number, source in sources.items():
        if not {source, board.channel_id} - {None} <= is_open:
            raise RefusalError(key, number=number)


async def _comparison(
    interaction: discord.Interaction, board: Board, items: list[Item], locale: str
) -> Content:
    service = bot_of(interaction).service
    async with service.looking:
        upload = await asyncio.to_thread(
            _draw,
            service.boards.pictures,
            board,
            items,
            locale=locale,
            limit_bytes=interaction.filesize_limit,
        )
    picture = discord.MediaGalleryItem(
        f"attachment://{upload.name}",
        description=upload.alt_text,
        spoiler=any(item.is_spoiler for item in items),
    )
    row: Any = ui.ActionRow(*(_heart(board, item, locale) for item in items))
    view = views.layout(
        ui.TextDisplay(f"## {board_name(board.name)}"),
        ui.MediaGallery(picture),
        ui.TextDisplay("\n".join(_facts(item, locale) for item in items)),
        row,
    )
    return Content(view=view, files=[upload])


def _facts(item: Item, locale: str) -> str:
    facts = [item_title(item), status_name(item.status, locale)]
    if item.votes:
        facts.append(text("board_votes", locale, count=item.votes))
    return " · ".join(facts)


def _heart(board: Board, item: Item, locale: str) -> Button:
    number = str(item.number)
    return button("heart", board.id, number, locale=locale, emoji="❤️", label=number)


def _draw(
    cache: PictureCache, board: Board, items: list[Item], *, locale: str, limit_bytes: int
) -> Upload:
    """Draw the pictures side by side; reads files, so not on the loop."""
    for item in items:
        if cache.copy_of(item, side=COMPARED_SIDE) is None:
            is_missing = cache.state_of(item) is FileState.MISSING
            key = "board_file_missing" if is_missing else "board_file_damaged"
            raise RefusalError(key, number=item.number)
    sheet = draw_compared(board, items, pictures=cache, locale=locale)
    copy = fit_under(picture_png(sheet), limit_bytes=limit_bytes)
    alt = text("board_compare_alt", locale, numbers=", ".join(str(item.number) for item in items))
    return Upload(name=f"compared{copy.suffix}", content=copy.content, alt_text=alt)


COMMANDS: Final[tuple[BoardCommand, ...]] = (compare,)
FORMS = {"more": send_more}
BUTTONS = {"same": draw_same, "more": ask_more, "recipe": send_recipe}
