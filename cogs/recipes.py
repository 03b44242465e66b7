"""`/recipe`, `/reproduce`, `/inspect` and the Inspect menu: where an image comes from, proven."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.attachments import Attachment, fetch
from bot.discord_ui.boards.pictures import pictures_of
from bot.discord_ui.buttons import draw_again
from bot.discord_ui.client import ImageBot
from bot.discord_ui.content import Content
from bot.discord_ui.deferrals import defer
from bot.discord_ui.findings import found_lines, metadata_lines, source_lines
from bot.discord_ui.formatting import escaped
from bot.discord_ui.image_choice import suggest_images
from bot.discord_ui.recipes import send_recipes
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.submission import bot_of, find
from bot.discord_ui.takeover import DrawHereButton, draw_button
from bot.discord_ui.viewers import scene_here, viewer_of
from bot.domain.deferrals import Repeat
from bot.domain.jobs import typed_id
from bot.domain.loras import NoLoras
from bot.domain.requests import ImageRequest
from bot.errors import BotError
from bot.locales import sentence, text
from bot.media.image_input import MAX_BYTES, Picture, read_picture, too_heavy
from bot.media.metadata import read_tool_metadata, take_over
from bot.services import PictureOrigin, Service


class Recipes(commands.Cog):
    """Commands that tell where an image comes from."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="Show everything that made an image")
    @app_commands.describe(id="The id under the image")
    @app_commands.autocomplete(id=suggest_images)
    async def recipe(self, interaction: discord.Interaction, id: str) -> None:  # noqa: A002 - the option's name
        """Show the recipe of an image, in private."""
        await send_recipes(interaction, await find(interaction, [typed_id(id)]))

    @app_commands.command(description="Draw an image again and say whether the pixels are the same")
    @app_commands.describe(id="The id under the image")
    @app_commands.autocomplete(id=suggest_images)
    async def reproduce(self, interaction: discord.Interaction, id: str) -> None:  # noqa: A002 - the option's name
        """Queue exactly this image again; the answer compares the pixels."""
        await draw_again(interaction, await find(interaction, [typed_id(id)]))

    @app_commands.command(description="Find out where a picture comes from")
    @app_commands.describe(image="A picture, for example one that this bot drew")
    async def inspect(self, interaction: discord.Interaction, image: discord.Attachment) -> None:
        """Look into a picture that is handed in, in private."""
        await inspect_attachment(interaction, image)


async def inspect_attachment(
    interaction: discord.Interaction, attachment: discord.Attachment
) -> None:
    """Answer with what is known of a picture."""
    if attachment.size > MAX_BYTES:  # before anything of it is fetched
        raise too_heavy(attachment.size)
    await defer(interaction, repeat=Repeat.UNANSWERED)
    content = await fetch(bot_of(interaction), Attachment.of(attachment))
    service = bot_of(interaction).service
    async with service.looking:
        picture = await asyncio.to_thread(read_picture, content)
        finding = await service.images.made_here(picture, viewer=await viewer_of(interaction))
    view = await _answer(service, picture, finding, interaction)
    await Answer.to(interaction).give(Content(view=view))


async def _answer(
    service: Service, picture: Picture, finding: PictureOrigin, interaction: discord.Interaction
) -> ui.LayoutView:
    locale = str(interaction.locale)
    lines = found_lines(finding, locale)
    metadata, takeover = None, None
    shown = finding.known or finding.recipe
    if shown is not None and (why := await _hindrance(service, shown.request)):
        lines.append(text("failed", locale, sentence=escaped(sentence(why.message, locale))))
    if finding.recipe is None and finding.doubt is None and finding.known is None:
        metadata = await asyncio.to_thread(read_tool_metadata, picture.texts)
    if metadata is not None:
        rules = service.model_rules
        if not service.policy.allows_loras(scene_here(interaction)):
            rules = replace(rules, loras=NoLoras())
        await service.loras.prepare()
        takeover = take_over(metadata, rules, picture.size)
        lines += metadata_lines(metadata, takeover, locale)
    lines += source_lines(picture, locale)
    if not lines:
        lines.append(text("inspect_nothing", locale))
    lines += [f"-# {sentence(note, locale)}" for note in picture.notes]
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join(lines))]
    if takeover is not None:
        id_ = await service.takeovers.add(takeover, user_id=interaction.user.id)
        items.append(ui.ActionRow(draw_button(id_, locale)))
    colour = views.DONE if finding.here or finding.is_proven else views.INK
    return views.layout(*items, colour=colour)


async def _hindrance(service: Service, request: ImageRequest) -> BotError | None:
    """Return why an image cannot be made again here as its recipe has it, if there is a reason."""
    try:
        request.check_profile(service.model_rules.profile)
        await service.loras.check([request])
    except BotError as error:
        return error
    return None


@app_commands.context_menu(name="Inspect")
async def inspect_menu(interaction: discord.Interaction, message: discord.Message) -> None:
    """Look into the first picture of any message."""
    pictures = pictures_of(message)
    if not pictures:
        raise RefusalError("no_picture_here")
    await inspect_attachment(interaction, pictures[0])


async def setup(bot: ImageBot) -> None:
    """Add the commands, the menu and the button."""
    await bot.add_cog(Recipes(bot))
    bot.tree.add_command(inspect_menu)
    bot.add_dynamic_items(DrawHereButton)
