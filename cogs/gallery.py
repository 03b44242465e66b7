"""`/show`, `/history` and the message menus: earlier images, found and brought back."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.buttons import draw_again
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import PAGE_TEMPLATE, Button, generation_ids, page_row
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import PROMPT_IN_LIST, escaped, user_mention
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.recipes import send_recipes
from bot.discord_ui.refusals import RefusalError
from bot.discord_ui.results import DEFAULT_FILESIZE_LIMIT, kept_images
from bot.discord_ui.submission import bot_of, find, find_some, public_locale
from bot.discord_ui.uploads import thumbnail
from bot.discord_ui.viewers import viewer_of
from bot.domain.deferrals import Repeat
from bot.domain.image_kinds import KINDS
from bot.domain.jobs import Generation, ImageMessage, typed_id
from bot.domain.search import Search
from bot.locales import text

PAGE_SIZE = 5  # images a page: each takes 3 of a message's 40 components and one of its 10 files
SEARCH_LENGTH = 80  # characters that fit into a button's custom_id, which has 100
Whose = Literal["everyone's", "mine"]


async def suggest_kinds(
    interaction: discord.Interaction, typed: str
) -> list[app_commands.Choice[str]]:
    """Offer the kinds of images."""
    locale = str(interaction.locale)
    named = {kind: text(f"kind_{kind}", locale) for kind in KINDS}
    return [
        app_commands.Choice(name=f"{kind} · {words}", value=kind)
        for kind, words in named.items()
        if typed.casefold() in f"{kind} {words}".casefold()
    ]


class Gallery(commands.Cog):
    """The images that were made here."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="Show an image again, with live buttons")
    @app_commands.describe(id="The id under the image")
    async def show(self, interaction: discord.Interaction, id: str) -> None:  # noqa: A002 - the option's name
        """Post an image of this place again."""
        await show_image(interaction, typed_id(id))

    @app_commands.command(description="Look through the images made here")
    @app_commands.describe(
        search="Words of the prompt",
        whose="Whose images",
        member="Of one member",
        seed="With this seed",
        size="Of this size, as WIDTHxHEIGHT",
        on="Made on a day, in a month or a year: 2026-11-23, 2026-11, 2026",
        kind="Made in this way",
    )
    @app_commands.autocomplete(kind=suggest_kinds)
    async def history(  # noqa: PLR0913, PLR0917 - Discord's options
        self,
        interaction: discord.Interaction,
        search: app_commands.Range[str, 0, 60] = "",
        whose: Whose = "everyone's",
        member: discord.User | None = None,
        seed: str | None = None,
        size: str | None = None,
        on: str | None = None,
        kind: str | None = None,
    ) -> None:
        """Show the newest images, in private; buttons turn the pages."""
        wanted = Search.parse(search)
        who = interaction.user if whose == "mine" else member
        given = {"by": str(who.id) if who else None, "seed": seed, "size": size, "on": on}
        given["kind"] = kind
        for name, value in given.items():
            if value is not None and value.strip():
                wanted = wanted.with_filter(name, value.strip())
        _check_length(wanted)
        await defer(interaction, repeat=Repeat.UNANSWERED)
        await Answer.to(interaction).give(await history_page(interaction, page=0, search=wanted))


def _check_length(search: Search) -> None:
    """Refuse what the page buttons cannot remember."""
    too_long = len(str(search)) - SEARCH_LENGTH
    if too_long > 0:
        raise RefusalError("search_too_long", count=too_long)


async def show_image(interaction: discord.Interaction, generation_id: str) -> None:
    """Post one image, with its buttons; to its reader alone where not everyone here may see it."""
    viewer, generations = await viewer_of(interaction), await find(interaction, [generation_id])
    await bot_of(interaction).service.images.show_again([generation_id], viewer=viewer)
    is_public = all(map(viewer.may_share, generations))
    message_id = await defer(interaction, ephemeral=not is_public, repeat=Repeat.UNANSWERED)
    if is_public and message_id is not None and interaction.channel_id is not None:
        here = ImageMessage(channel_id=interaction.channel_id, message_id=message_id)
        await bot_of(interaction).service.system.note_copy(here, generations)
    answer, service = Answer.to(interaction), bot_of(interaction).service
    locale = public_locale(interaction) if is_public else str(interaction.locale)
    hidden = await service.images.hidden_among([each.id for each in generations], viewer=viewer)
    content = await kept_images(
        generations,
        rules=service.model_rules,
        map_file=await service.images.map_file(generation_id, viewer=viewer),
        limit_bytes=interaction.filesize_limit,
        locale=locale,
        notes=[] if is_public else [text("shown_to_you", locale)],
        is_hidden=bool(hidden) or service.policy.hides(viewer.scene),
    )
    shown = await answer.give(content)
    if is_public and shown is not None and shown.message_id != message_id:
        await bot_of(interaction).service.system.note_copy(shown, generations)


async def post_again(
    bot: ImageBot, channel: discord.abc.Messageable, generations: Sequence[Generation]
) -> None:
    """Post earlier images to a channel, with live buttons."""
    hidden = await bot.service.system.spoilers_among([each.id for each in generations])
    content = await kept_images(
        generations,
        rules=bot.service.model_rules,
        map_file=bot.service.system.map_path(generations[0].request),
        limit_bytes=DEFAULT_FILESIZE_LIMIT,
        locale="en-US",
        is_hidden=bool(hidden),
    )
    sent = await channel.send(**content.arguments_of_new())
    message = ImageMessage(channel_id=sent.channel.id, message_id=sent.id)
    await bot.service.system.note_copy(message, generations)


async def history_page(interaction: discord.Interaction, *, page: int, search: Search) -> Content:
    """Return one page of the history and its thumbnails."""
    locale, viewer = str(interaction.locale), await viewer_of(interaction)
    found = await bot_of(interaction).service.images.history(
        viewer=viewer,
        search=search,
        page=page,
        page_size=PAGE_SIZE,
    )
    title, looked_for = _title(search, interaction)
    if not found.generations and page == 0:
        key = "history_nothing_found" if looked_for else "history_empty"
        words = f"{title}\n{text(key, locale, search=looked_for)}"
        return Content(view=views.notice(words))
    thumbnails = [await asyncio.to_thread(thumbnail, each, locale) for each in found.generations]
    hidden = await bot_of(interaction).service.images.hidden_among(
        [each.id for each in found.generations], viewer=viewer
    )
    sections = [
        _section(each, file, locale, spoiler=each.id in hidden)
        for each, file in zip(found.generations, thumbnails, strict=True)
    ]
    buttons = page_row(page, search=str(search), has_older=found.has_older, locale=locale)
    view = views.layout(
        ui.TextDisplay(f"{title}\n-# {text('history_page', locale, page=page + 1)}"),
        *sections,
        ui.ActionRow(*buttons),
    )
    return Content(view=view, files=[each for each in thumbnails if isinstance(each, Upload)])


def _title(search: Search, interaction: discord.Interaction) -> tuple[str, str]:
    """Return the heading of a history, and the search in it."""
    locale, is_own = str(interaction.locale), search.user_id == interaction.user.id
    title = text("history_title_mine" if is_own else "history_title", locale)
    looked_for = _words_of(search, is_own=is_own)
    if looked_for:
        title += " " + text("history_search", locale, search=looked_for)
    return title, looked_for


def _words_of(search: Search, *, is_own: bool) -> str:
    """Return the search as it is shown to its reader."""
    who = f" {user_mention(search.user_id)}" if search.user_id is not None and not is_own else ""
    return (escaped(str(replace(search, user_id=None))) + who).strip()


def _section(
    generation: Generation, file: Upload | str, locale: str, *, spoiler: bool
) -> ui.Item[ui.LayoutView]:
    prompt = escaped(generation.request.prompt, limit=PROMPT_IN_LIST)
    when = f"<t:{int(generation.created_at.timestamp())}:R>"
    words = f"**{prompt}**\n-# {views.details(generation, locale)} · {when}"
    if isinstance(file, str):
        return ui.TextDisplay(f"{words}\n{file}")
    picture: ui.Thumbnail[ui.LayoutView] = ui.Thumbnail(
        f"attachment://{file.name}",
        description=views.alt_text(generation.request.prompt, locale),
        spoiler=spoiler,
    )
    return ui.Section(ui.TextDisplay(words), accessory=picture)


class PageButton(AnswerableItem[Button], template=PAGE_TEMPLATE):
    """Newer and Older under a history."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Turn the page in place."""
        await defer(interaction, thinking=False, repeat=Repeat.UNANSWERED)
        search = Search.parse(self.match["search"])
        await Answer.to(interaction).give(
            await history_page(interaction, page=int(self.match["page"]), search=search)
        )


async def _images_of(
    interaction: discord.Interaction, message: discord.Message
) -> list[Generation]:
    is_ours = message.author == interaction.client.user
    ids = generation_ids(message) if is_ours else []
    if not ids:
        raise RefusalError("no_image_here")
    return await find_some(interaction, ids)


@app_commands.context_menu(name="Recipe")
async def recipe_menu(interaction: discord.Interaction, message: discord.Message) -> None:
    """Show what made the images of a message, in private."""
    await send_recipes(interaction, await _images_of(interaction, message))


@app_commands.context_menu(name="Same seed")
async def same_seed_menu(interaction: discord.Interaction, message: discord.Message) -> None:
    """Draw the images of a message again."""
    await draw_again(interaction, await _images_of(interaction, message))


async def setup(bot: ImageBot) -> None:
    """Add the commands, the menus and the page buttons."""
    await bot.add_cog(Gallery(bot))
    bot.tree.add_command(recipe_menu)
    bot.tree.add_command(same_seed_menu)
    bot.post_again = functools.partial(post_again, bot)
    bot.add_dynamic_items(PageButton)
