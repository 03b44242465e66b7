"""`/privacy`: what is stored about whoever asks, sent to them, and erased."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any, Final

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.discord_ui import views
from bot.discord_ui.answers import Answer
from bot.discord_ui.boards.display import acknowledge
from bot.discord_ui.client import ImageBot
from bot.discord_ui.components import Button
from bot.discord_ui.content import Content
from bot.discord_ui.deferrals import defer
from bot.discord_ui.file_answers import DIRECT, MOST_FILES, FileAnswer, deliver
from bot.discord_ui.formatting import relative_time
from bot.discord_ui.items import AnswerableItem
from bot.discord_ui.submission import bot_of
from bot.discord_ui.viewers import viewer_here
from bot.domain.deferrals import Repeat
from bot.domain.privacy import DataOverview, PersonalData
from bot.locales import text
from bot.services.privacy import DataArchive, write_archive
from bot.settings import Settings
from bot.storage.backups import KEPT_FOR

_DANGER: Final = discord.ButtonStyle.danger
# `custom_id`s, and how their buttons look.
_BUTTONS: Final = {
    "zib:mydata:send": ("📦", discord.ButtonStyle.primary),
    "zib:forgetme:ask": ("🧹", discord.ButtonStyle.secondary),
    "zib:forgetnow:keep": (None, _DANGER),
    "zib:forgetnow:off": (None, _DANGER),
}


class PrivacyCommands(commands.Cog):
    """The command about one's own data, in servers and in direct messages."""

    def __init__(self, bot: ImageBot) -> None:
        self._bot = bot

    @app_commands.command(description="What is stored about you: see it, get it, have it erased")
    async def privacy(self, interaction: discord.Interaction) -> None:
        """Show what is stored, in private, with what can be done about it."""
        viewer, locale = viewer_here(interaction), str(interaction.locale)
        overview = await self._bot.service.privacy.overview(viewer=viewer)
        page = ui.TextDisplay[Any](_page(overview, self._bot.settings, locale))
        row = [_button(each, locale) for each in ("zib:mydata:send", "zib:forgetme:ask")]
        items: list[ui.Item[Any]] = [page, *([ui.ActionRow(*row)] if overview.counts else [])]
        await Answer.to(interaction).give(Content(view=views.layout(*items)))


def _page(overview: DataOverview, settings: Settings, locale: str) -> str:
    lines = [text("privacy_title", locale)]
    if not overview.counts:
        lines.append(text("privacy_nothing", locale))
    else:
        lines.append(text("privacy_where", locale, count=overview.num_servers))
    lines += [
        text("privacy_count", locale, what=text(f"privacy_count_{key}", locale), count=count)
        for key, count in overview.counts.items()
    ]
    if overview.ordered_at is not None:
        since = relative_time(overview.ordered_at.timestamp())
        lines.append(text("privacy_under_way", locale, since=since))
    if settings.retention_days:
        lines.append(text("privacy_retention", locale, days=settings.retention_days))
    lines += [text("privacy_deleted", locale)] if settings.max_trash_mb else []
    lines.append(text("privacy_copies", locale, days=KEPT_FOR.days))
    if settings.privacy_contact:
        lines.append(text("privacy_contact", locale, contact=settings.privacy_contact))
    return "\n".join(lines)


def _button(custom_id: str, locale: str) -> Button:
    emoji, style = _BUTTONS[custom_id]
    label = text("button_" + custom_id.removeprefix("zib:").replace(":", "_"), locale)
    return Button(style=style, emoji=emoji, label=label, custom_id=custom_id)


class DataButton(AnswerableItem[Button], template=r"zib:mydata:(?P<what>send)"):
    """Send it to me."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Send all that is stored about the presser, as zip files for them alone."""
        await defer(interaction, repeat=Repeat.ALWAYS)
        viewer, locale = viewer_here(interaction), str(interaction.locale)
        service = bot_of(interaction).service
        data = await service.privacy.data(viewer=viewer)

        async def written(limit_bytes: int, folder: Path) -> FileAnswer:
            async with service.boards.exporting:  # files of anybody are written one by one
                archive = await _written(data, folder, limit_bytes=min(limit_bytes, DIRECT))
            return FileAnswer(
                interaction,
                [(path.name, path) for path in archive.paths],
                lambda shown, late: _files_view(archive, len(shown), locale, late),
            )

        await deliver(interaction, written)


async def _written(data: PersonalData, folder: Path, *, limit_bytes: int) -> DataArchive:
    """Write in a thread; where this is cancelled, the thread ends before its folder goes."""
    stop = threading.Event()
    writing = asyncio.ensure_future(
        asyncio.to_thread(
            write_archive,
            data,
            folder,
            limit_bytes=limit_bytes,
            most_files=MOST_FILES,
            stop=stop,
        )
    )
    try:
        return await asyncio.shield(writing)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({writing})
        raise


def _files_view(archive: DataArchive, count: int, locale: str, late: str | None) -> ui.LayoutView:
    words = [text("privacy_sent", locale)]
    if archive.num_smaller:
        words.append(text("privacy_smaller", locale, count=archive.num_smaller))
    if archive.num_left_out:
        words.append(text("privacy_left_out", locale, count=archive.num_left_out))
    words += [] if late is None else [f"-# {late}"]
    names = [path.name for path in archive.paths]
    files: list[ui.Item[Any]] = [ui.File(f"attachment://{name}") for name in names[:count]]
    return views.layout(ui.TextDisplay("\n".join(words)), *files, colour=views.DONE)


class ForgetButton(AnswerableItem[Button], template=r"zib:forgetme:(?P<what>ask)"):
    """Forget me."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Say what goes and what stays, and ask once more."""
        locale = str(interaction.locale)
        words = text("privacy_forget", locale, days=KEPT_FOR.days)
        row = [_button(each, locale) for each in ("zib:forgetnow:keep", "zib:forgetnow:off")]
        view = views.layout(ui.TextDisplay(words), ui.ActionRow(*row), colour=views.WARNING)
        await Answer.to(interaction).update(Content(view=view))


class ForgetNowButton(AnswerableItem[Button], template=r"zib:forgetnow:(?P<boards>keep|off)"):
    """Forget me, after what that means was read."""

    async def pressed(self, interaction: discord.Interaction[Any]) -> None:
        """Write the order down; it is carried out whatever happens from here on."""
        await acknowledge(interaction)
        locale, service = str(interaction.locale), bot_of(interaction).service
        await service.privacy.erase(
            viewer=viewer_here(interaction),
            locale=locale,
            takes_off=self.match["boards"] == "off",
        )
        view = views.notice(text("privacy_begun", locale), colour=views.DONE)
        await Answer.to(interaction).update(Content(view=view))


async def setup(bot: ImageBot) -> None:
    """Add the command and its buttons."""
    await bot.add_cog(PrivacyCommands(bot))
    bot.add_dynamic_items(DataButton, ForgetButton, ForgetNowButton)
