"""`/lineage`: the family of an image as a picture, and the line of descent in its recipe."""

from __future__ import annotations

import asyncio

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.deferrals import defer
from bot.discord_ui.image_choice import chosen, suggest_images
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import viewer_of
from bot.domain.deferrals import Repeat
from bot.domain.jobs import Generation
from bot.domain.lineage import Family
from bot.locales import text
from bot.media.encoding import fit_under, picture_png
from bot.media.family_tree import FamilyTree, draw_family


class Lineage(commands.Cog):
    """Where images come from, and what was made from them."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot
        self._drawing = asyncio.Lock()  # one picture at a time: each takes some tens of megabytes

    @app_commands.command(description="Draw the family of an image: what it comes from and became")
    @app_commands.describe(
        id="The id under the image, or a link to its message; none means your last image",
        spoilers="Show hidden images too, the whole picture behind a click",
    )
    @app_commands.autocomplete(id=suggest_images)
    async def lineage(
        self,
        interaction: discord.Interaction,
        id: str | None = None,  # noqa: A002 - the option's name
        spoilers: bool = False,  # noqa: FBT001, FBT002 - options of a command are positional
    ) -> None:
        """Show the family of an image, in private."""
        await defer(interaction, repeat=Repeat.UNANSWERED)
        images = await chosen(interaction, id)
        service = bot_of(interaction).service
        viewer = await viewer_of(interaction)
        family = await service.images.family(images[0].id, viewer=viewer)
        if family is None:  # it was deleted meanwhile
            raise RefusalError("not_found", id=images[0].id)
        locale = str(interaction.locale)
        async with self._drawing:
            portrait, upload = await asyncio.to_thread(
                _draw, family, locale, interaction.filesize_limit, show_spoilers=spoilers
            )
        view = _answer(portrait, upload, images, locale)
        await Answer.to(interaction).give(Content(view=view, files=[upload]))


def _draw(
    family: Family, locale: str, limit_bytes: int, *, show_spoilers: bool
) -> tuple[FamilyTree, Upload]:
    """Draw and encode; reads files, so not on the loop."""
    portrait = draw_family(family, locale=locale, show_spoilers=show_spoilers)
    copy = fit_under(picture_png(portrait.image), limit_bytes=limit_bytes)
    alt = text("family_alt", locale, id=family.focus, count=len(family.members))
    name = f"family-{family.focus}{copy.suffix}"
    return portrait, Upload(name=name, content=copy.content, alt_text=alt)


def _answer(
    portrait: FamilyTree, upload: Upload, images: list[Generation], locale: str
) -> ui.LayoutView:
    """Return the message: the picture, and what has to be said about it."""
    picture = discord.MediaGalleryItem(
        f"attachment://{upload.name}", description=upload.alt_text, spoiler=portrait.has_spoilers
    )
    notes = []
    if portrait.num_hidden:
        notes.append(text("family_spoiler_hint", locale))
    if len(portrait.view.members) == 1 and not portrait.view.num_left_out:
        notes.append(text("family_alone_hint", locale))
    if len(images) > 1:
        others = ", ".join(f"`{each.id}`" for each in images[1:])
        notes.append(text("family_more_here", locale, ids=others))
    items: list[ui.Item[ui.LayoutView]] = [ui.MediaGallery(picture)]
    if notes:
        items.append(ui.TextDisplay("\n".join(f"-# {note}" for note in notes)))
    return views.layout(*items)


async def setup(bot: ImageBot) -> None:
    """Add the command."""
    await bot.add_cog(Lineage(bot))
