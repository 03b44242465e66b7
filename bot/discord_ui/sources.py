"""A picture to begin with: fetched, looked at, and brought to the size of the image."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import discord
from PIL import Image

from bot.discord_ui.answers import Answer
from bot.discord_ui.attachments import Attachment, fetch
from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import viewer_here
from bot.domain.drawing import RawImage
from bot.domain.jobs import Generation
from bot.domain.requests import SIZE
from bot.media.image_input import MAX_BYTES, read_picture, too_heavy
from bot.media.picture_files import read_image
from bot.media.source_pictures import Fit, source_of

# Of the 3 s in which Discord wants a first answer. Mostly a picture is here by then, and the answer
# is the place in line, or a refusal that only its user sees.
SOURCE_WITHIN_S: Final = 1.2


@dataclass(frozen=True, kw_only=True)
class Source:
    """A picture to begin with.

    Attributes:
        picture: At the size of the image.
        size: That size, as it is typed.
        is_spoiler: Whether what is made of it is hidden until it is clicked.

    """

    picture: RawImage
    size: str
    is_spoiler: bool = False


async def source_from_file(
    interaction: discord.Interaction, attachment: Attachment, *, size: str | None, fit: Fit
) -> Source:
    """Fetch a file of a message and make a source of it.

    Raises:
        BotError: It cannot be had, is no picture or none that is taken here, or the size does not
            work.

    """
    bot, scene = bot_of(interaction), viewer_here(interaction).scene
    if attachment.size_bytes > MAX_BYTES:  # before anything of it is fetched
        raise too_heavy(attachment.size_bytes)

    async def content() -> bytes:
        return await fetch(bot, attachment)

    async def is_hidden(picture: Image.Image) -> bool:
        return await bot.service.policy.check_upload(picture, scene) or attachment.is_spoiler

    return await _in_time(interaction, content, is_hidden, size=size, fit=fit)


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


async def _in_time(
    interaction: discord.Interaction,
    content: Callable[[], Awaitable[bytes]],
    is_hidden: Callable[[Image.Image], Awaitable[bool]],
    *,
    size: str | None,
    fit: Fit,
) -> Source:
    """Make the source, and promise an answer where that takes long."""
    service = bot_of(interaction).service
    wanted = None if size is None else SIZE.read(size, service.sizes)

    async def load() -> Source:
        file = await content()
        async with service.looking:
            picture = await asyncio.to_thread(read_picture, file)
            is_spoiler = await is_hidden(picture.image)
            raw, fitting = await asyncio.to_thread(
                source_of, picture, rules=service.sizes, size=wanted, fit=fit
            )
        return Source(picture=raw, size=str(fitting), is_spoiler=is_spoiler)

    loading = asyncio.create_task(load(), name="source")
    try:
        await asyncio.wait({loading}, timeout=SOURCE_WITHIN_S)
        if not loading.done():
            await Answer.to(interaction).promise(private=False)
        return await loading
    finally:
        loading.cancel()
