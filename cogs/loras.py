"""`/lora list`: the LoRAs that can be used here, with pictures and facts."""

from __future__ import annotations

import asyncio
import math
from typing import Any, Final

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import LORAS_TEMPLATE, Button, turning_row
from bot.discord_ui.content import Content, Upload
from bot.discord_ui.deferrals import defer
from bot.discord_ui.formatting import code, escaped
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import scene_here
from bot.domain.deferrals import Repeat
from bot.domain.loras import Lora
from bot.domain.scenes import Scene
from bot.errors import BotError
from bot.locales import sentence, text
from bot.media.encoding import picture_thumbnail
from bot.media.image_input import read_picture_file
from bot.services import Service

PAGE_SIZE: Final = 6  # each takes 3 of a message's 40 components, and one of its 10 files
_SIDE: Final = 256  # pixels of a picture
_MEGABYTE: Final = 1_000_000
_FACT: Final = 120  # characters
_FAULT: Final = 250


class Loras(commands.GroupCog, group_name="lora", group_description="LoRAs: looks to draw with"):
    """What there is to draw with beside the model itself."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(name="list", description="Show the LoRAs that images can be drawn with")
    async def list_loras(self, interaction: discord.Interaction) -> None:
        """Show the first page, in private."""
        await defer(interaction, repeat=Repeat.UNANSWERED)
        await Answer.to(interaction).give(await lora_page(interaction, 0))


async def lora_page(interaction: discord.Interaction, page: int) -> Content:
    """Return one page of the LoRAs and their pictures; the last one if there are fewer by now."""
    service, locale = bot_of(interaction).service, str(interaction.locale)
    await service.loras.prepare()
    loras, scene = service.loras.all, scene_here(interaction)
    if not loras:
        return Content(view=views.notice(text("loras_none", locale)))
    pages = math.ceil(len(loras) / PAGE_SIZE)
    page = min(page, pages - 1)
    shown = loras[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
    files = [await _picture(service, each, i, scene) for i, each in enumerate(shown)]
    key = "loras_how" if service.policy.allows_loras(scene) else "loras_not_here"
    head = [text("loras_title", locale, count=len(loras)), text(key, locale)]
    items: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay("\n".join(head))]
    items += [_section(each, file, locale) for each, file in zip(shown, files, strict=True)]
    if pages > 1:
        items.append(ui.ActionRow(*_turning(page, pages, locale)))
    return Content(view=views.layout(*items), files=[each for each in files if each is not None])


async def _picture(service: Service, lora: Lora, place: int, scene: Scene) -> Upload | None:
    """Return the picture of a LoRA, if there is one that may be shown here."""
    path = await service.loras.picture(lora)
    if path is None:
        return None
    try:
        async with service.looking:
            picture = await asyncio.to_thread(read_picture_file, path)
            is_hidden = await service.policy.check_upload(picture.image, scene)
            content = await asyncio.to_thread(picture_thumbnail, picture.image, side=_SIDE)
    except BotError:  # it is no picture, or not one for here
        return None
    name = f"{'SPOILER_' if is_hidden else ''}lora{place}.webp"
    return Upload(name=name, content=content, alt_text=lora.name)


def _section(lora: Lora, file: Upload | None, locale: str) -> ui.Item[ui.LayoutView]:
    words = ui.TextDisplay[ui.LayoutView]("\n".join(_lines(lora, locale)))
    if file is None:
        return words
    picture: ui.Thumbnail[ui.LayoutView] = ui.Thumbnail(
        f"attachment://{file.name}",
        description=file.alt_text,
        spoiler=file.name.startswith("SPOILER_"),
    )
    return ui.Section(words, accessory=picture)


def _lines(lora: Lora, locale: str) -> list[str]:
    """Return what is known of one: how to type it, what it does, where it comes from."""
    name = code(lora.name, limit=_FACT)
    if lora.fault:
        why = sentence(f"The LoRA {lora.name} cannot be used: {lora.fault}.", locale)
        return [f"**{name}**", f"-# ⚠️ {escaped(why, limit=_FAULT, room=_FAULT)}"]
    title = escaped(lora.title, limit=_FACT, room=_FACT)
    lines = [f"**{name}**" + (f" {title}" if title and not lora.is_called(lora.title) else "")]
    if lora.triggers:
        words = escaped(", ".join(lora.triggers), limit=_FACT, room=2 * _FACT)
        lines.append(text("lora_words", locale, words=words))
    facts = [text("lora_size", locale, size=f"{lora.size_bytes / _MEGABYTE:.1f}")]
    if lora.rank is not None:
        facts.append(text("lora_rank", locale, rank=lora.rank))
    if lora.base:
        base = escaped(lora.base, limit=_FACT, room=_FACT)
        facts.append(text("lora_base", locale, base=base))
    if lora.sha256 is None:
        facts.append(text("lora_unread", locale))
    return [*lines, f"-# {' · '.join(facts)}"]


def _turning(page: int, pages: int, locale: str) -> list[Button]:
    names = text("loras_before", locale), text("loras_after", locale)
    return turning_row(page, names, lambda to: f"zib:loras:{to}", has_more=page + 1 < pages)


class LoraPageButton(AnswerableItem[Button], template=LORAS_TEMPLATE):
    """Back and Next under the LoRAs."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Turn the page in place."""
        await defer(interaction, thinking=False, repeat=Repeat.UNANSWERED)
        await Answer.to(interaction).give(await lora_page(interaction, int(self.match["page"])))


async def setup(bot: ImageBot) -> None:
    """Add the command and its buttons."""
    await bot.add_cog(Loras(bot))
    bot.add_dynamic_items(LoraPageButton)
