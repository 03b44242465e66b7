"""A picture to begin with: fetched, looked at, and brought to the size of the image."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import discord
from PIL import Image

from bot.discord_ui.answers import Answer
from bot.discord_ui.attachments import Attachment, fetch
from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import viewer_here
from bot.domain.boards import Item
from bot.domain.forms import Choice, Field, Form
from bot.domain.jobs import Generation
from bot.domain.requests import (
    MAX_PROMPT_CHARACTERS,
    MAX_STRENGTH,
    PROMPT,
    SEED,
    SIZE,
    STRENGTH,
    STRENGTHS,
    USUAL_STRENGTH,
    ControlKind,
    ImageRequest,
    ModelRules,
    random_seed,
)
from bot.errors import InvalidRequestError
from bot.locales import text
from bot.media.captions import field_title
from bot.media.control_pictures import MapPicture, map_of
from bot.media.image_input import MAX_BYTES, read_picture, too_heavy
from bot.media.masks import mask_of_file
from bot.media.picture_files import read_copy, read_image
from bot.media.source_pictures import Fit, StartPictures, source_of

# Of the 3 s in which Discord wants a first answer. Mostly a picture is here by then, and the answer
# is the place in line, or a refusal that only its user sees.
SOURCE_WITHIN_S: Final = 1.2
MAP_WITHIN_S: Final = 0.6  # a source may come before it

_Source = TypeVar("_Source")


@dataclass(frozen=True, kw_only=True)
class Source(StartPictures):
    """A picture to begin with.

    Attributes:
        is_spoiler: Whether what is made of it is hidden until it is clicked.

    """

    is_spoiler: bool = False


async def source_from_file(
    interaction: discord.Interaction,
    attachment: Attachment,
    *,
    size: str | None,
    fit: Fit,
    mask: Attachment | None = None,
) -> Source:
    """Fetch a file of a message, and perhaps one that marks what is drawn; make a source of it.

    Raises:
        BotError: It cannot be had, is no picture or none that is taken here, or the size does not
            work.

    """
    bot, scene = bot_of(interaction), viewer_here(interaction).scene

    async def content() -> bytes:
        return await content_of(interaction, attachment)

    async def marks() -> bytes | None:
        return None if mask is None else await content_of(interaction, mask)

    async def is_hidden(picture: Image.Image) -> bool:
        return await bot.service.policy.check_upload(picture, scene) or attachment.is_spoiler

    return await _in_time(interaction, content, is_hidden, marks, size=size, fit=fit)


async def map_from_file(
    interaction: discord.Interaction,
    attachment: Attachment | None,
    kind: str | None,
    *,
    size: str | None,
    fit: Fit,
) -> MapPicture | None:
    """Fetch a file of a message, if there is one, and make of it the map that steers images.

    Raises:
        BotError: It cannot be had, is no picture or none that is taken here, shows nothing of the
            kind, no control weights are installed, or a kind is given alone.

    """
    if attachment is None:
        if kind is not None:
            raise InvalidRequestError(
                f"The control kind {kind} belongs to no picture: give the picture as control, too."
            )
        return None
    own_kind = ControlKind(kind or ControlKind.CANNY)
    bot, scene = bot_of(interaction), viewer_here(interaction).scene
    service = bot.service
    service.model_rules.check_control()
    wanted = None if size is None else SIZE.read(size, service.model_rules)

    async def load() -> MapPicture:
        file = await content_of(interaction, attachment)
        async with service.looking:
            picture = await asyncio.to_thread(read_picture, file)
            is_found = await service.policy.check_upload(picture.image, scene)
            raw = await asyncio.to_thread(
                map_of, picture, own_kind, rules=service.model_rules, size=wanted, fit=fit
            )
        return MapPicture(kind=own_kind, picture=raw, is_spoiler=is_found or attachment.is_spoiler)

    return await in_time(interaction, load, within_s=MAP_WITHIN_S)


async def content_of(interaction: discord.Interaction, attachment: Attachment) -> bytes:
    """Fetch a picture that was handed in.

    Raises:
        BotError: It is too large, or cannot be had.

    """
    if attachment.size_bytes > MAX_BYTES:  # before anything of it is fetched
        raise too_heavy(attachment.size_bytes)
    return await fetch(bot_of(interaction), attachment)


async def source_from_image(
    interaction: discord.Interaction, generation: Generation, *, size: str | None
) -> Source:
    """Make a source of an image of this bot.

    Raises:
        BotError: Its file is damaged or gone, or the size does not work.

    """

    async def content() -> bytes:
        return await asyncio.to_thread(read_image, generation.path)

    async def is_hidden(_: Image.Image) -> bool:
        return False  # it was looked at when it was drawn; its job says whether it is hidden

    return await _in_time(interaction, content, is_hidden, size=size, fit=Fit.CROP)


async def source_from_board(
    interaction: discord.Interaction, item: Item, *, size: str | None
) -> Source:
    """Make a source of a board's copy of a picture; what is hidden there stays hidden.

    Raises:
        BotError: Its file is damaged or gone, it is not taken here, or the size does not work.

    """
    bot, scene = bot_of(interaction), viewer_here(interaction).scene

    async def content() -> bytes:
        return await asyncio.to_thread(read_copy, item.path)

    async def is_hidden(picture: Image.Image) -> bool:
        is_foreign = item.recipe_text is None
        is_found = is_foreign and await bot.service.policy.check_upload(picture, scene)
        return item.is_spoiler or is_found

    return await _in_time(interaction, content, is_hidden, size=size, fit=Fit.CROP)


def strength_choices(locale: str, *, with_new: bool = False) -> list[Choice]:
    """Return the strengths that have a name, and perhaps that which keeps nothing."""
    named = [
        Choice(value=name, label=f"{text(f'strength_{name}', locale)} · {percent}%")
        for name, percent in STRENGTHS.items()
    ]
    new = Choice(value=str(MAX_STRENGTH), label=f"{text('strength_new', locale)} · {MAX_STRENGTH}%")
    return [*named, new] if with_new else named


def prompt_field(locale: str, *, value: str, hint: str | None = None) -> Field:
    """Return the field for what a picture shows, or is to show."""
    return Field(
        name=PROMPT.option,
        label=field_title(PROMPT, locale),
        hint=hint,
        value=value,
        is_required=True,
        is_long=True,
        max_length=MAX_PROMPT_CHARACTERS,
    )


def strength_field(locale: str, choices: Sequence[Choice], *, value: str = USUAL_STRENGTH) -> Field:
    """Return the field for how much of a picture is drawn anew."""
    label = field_title(STRENGTH, locale)
    return Field(name=STRENGTH.option, label=label, value=value, choices=choices)


def drawn_into(source: Source, parent: Generation, form: Form, rules: ModelRules) -> ImageRequest:
    """Return an image's request as one that draws into it what these two fields of a form say."""
    return source.begin(
        parent.request.for_profile(rules.profile).with_typed(
            {
                PROMPT.name: PROMPT.read(form.typed[PROMPT.option], rules),
                STRENGTH.name: STRENGTH.read(form.typed[STRENGTH.option], rules),
                SEED.name: random_seed(),
                SIZE.name: source.size,
            },
            rules,
        )
    )


async def _in_time(
    interaction: discord.Interaction,
    content: Callable[[], Awaitable[bytes]],
    is_hidden: Callable[[Image.Image], Awaitable[bool]],
    marks: Callable[[], Awaitable[bytes | None]] | None = None,
    *,
    size: str | None,
    fit: Fit,
) -> Source:
    """Make the source of a file, and of one that marks what of it is drawn."""
    service = bot_of(interaction).service
    wanted = None if size is None else SIZE.read(size, service.model_rules)

    async def load() -> Source:
        file = await content()
        marked = None if marks is None else await marks()
        async with service.looking:
            picture = await asyncio.to_thread(read_picture, file)
            is_spoiler = await is_hidden(picture.image)
            raw, own = await asyncio.to_thread(
                source_of, picture, rules=service.model_rules, size=wanted, fit=fit
            )
            mask = None
            if marked is not None:
                mask = await asyncio.to_thread(
                    mask_of_file, marked, of=picture.image, size=own, fit=fit
                )
        return Source(picture=raw, is_spoiler=is_spoiler, mask=mask)

    return await in_time(interaction, load)


async def in_time(
    interaction: discord.Interaction,
    load: Callable[[], Coroutine[Any, Any, _Source]],
    *,
    within_s: float = SOURCE_WITHIN_S,
) -> _Source:
    """Make a source of any kind, and promise an answer where that takes long."""
    loading = asyncio.create_task(load(), name="source")
    try:
        await asyncio.wait({loading}, timeout=within_s)
        if not loading.done():
            await Answer.to(interaction).promise(private=False)
        return await loading
    finally:
        loading.cancel()
