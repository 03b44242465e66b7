"""The content of a message, and smaller copies of it where Discord finds it too large."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, Final

import discord
from discord import ui
from PIL import Image

from bot import locales
from bot.domain.plain_text import shortened

MESSAGE_LENGTH: Final = 2000  # characters of a plain message, Discord's limit
PICTURES: Final = frozenset({".png", ".webp", ".jpg", ".jpeg"})
SMALLEST_SIDE: Final = 96  # pixels; a smaller picture shows nothing any more
NOTE_ID: Final = 4_130_000  # of the component that says it, so that it is said once


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file on its way to Discord; large ones stay on the disk until they are sent."""

    name: str
    content: bytes | Path
    alt_text: str | None = None

    def to_discord(self) -> discord.File:
        """Return the file in the form one request uses up."""
        source = io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content
        return discord.File(source, filename=self.name, description=self.alt_text)


@dataclass(frozen=True, kw_only=True)
class Steering:
    """The map that steered a job's images.

    Attributes:
        words: What it is, and how strongly it steered.
        file: None where no copy of it can be sent.

    """

    words: str
    file: Upload | None


@dataclass(frozen=True, kw_only=True)
class Content:
    """The content of a message; its files are built anew for each attempt to send it."""

    view: ui.LayoutView | ui.View | None = None
    words: str | None = None
    files: Sequence[Upload] = ()

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of an edit."""
        return {**self._shown(), "attachments": self._files()}

    def arguments_of_new(self) -> dict[str, Any]:
        """Return the arguments of a new message."""
        return {**self._shown(), "files": self._files()}

    async def reduced(self, locale: str) -> Content:
        """Return a smaller copy that says so; the last one has no files."""
        view = self.view if isinstance(self.view, ui.LayoutView) else None
        return replace(self, files=await _reduced(view, list(self.files), locale))

    def _shown(self) -> dict[str, Any]:
        given = {"view": self.view, "content": self.words}
        return {name: value for name, value in given.items() if value is not None}

    def _files(self) -> list[discord.File]:
        return [file.to_discord() for file in self.files]


def sentence(words: str, *, view: ui.View | None = None) -> Content:
    """Return a message of plain words that mentions nobody."""
    escaped = discord.utils.escape_mentions(words)
    return Content(words=shortened(escaped, MESSAGE_LENGTH), view=view)


async def _reduced(view: ui.LayoutView | None, files: list[Upload], locale: str) -> list[Upload]:
    """Return smaller copies of a message's files, and name them in its view.

    Pictures lose half of their sides; once they are small, and where other files are too large,
    all files are left out.
    """
    smaller = await asyncio.to_thread(_halved, files)
    if view is not None and not smaller:
        _leave_out_files(view)
    elif view is not None:
        _rename(view, {old.name: new.name for old, new in zip(files, smaller, strict=True)})
    if view is not None:
        _say(view, locales.text("smaller_copy" if smaller else "answer_too_large", locale))
    return smaller


def _halved(files: list[Upload]) -> list[Upload]:
    """Return the pictures at half their size, the other files as they are; nothing if in vain."""
    smaller = [_half(file) if _is_picture(file) else file for file in files]
    whole = [each for each in smaller if each is not None]
    return whole if len(whole) == len(files) and any(map(_is_picture, files)) else []


def _is_picture(file: Upload) -> bool:
    return PurePath(file.name).suffix.lower() in PICTURES


def _half(file: Upload) -> Upload | None:
    source = io.BytesIO(file.content) if isinstance(file.content, bytes) else file.content
    with Image.open(source) as image:
        side = max(image.size) // 2
        if side < SMALLEST_SIDE:
            return None
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=85)
    name = PurePath(file.name).with_suffix(".webp").name
    return replace(file, name=name, content=buffer.getvalue())


def _rename(view: ui.LayoutView, names: dict[str, str]) -> None:
    """Let a view show the files of other names."""
    links = {f"attachment://{old}": f"attachment://{new}" for old, new in names.items()}
    for item in view.walk_children():
        shown: list[Any] = []
        if isinstance(item, ui.MediaGallery):
            shown = item.items
        elif isinstance(item, ui.Thumbnail | ui.File):
            shown = [item]
        for each in shown:
            each.media = links.get(each.media.url, each.media.url)


def _leave_out_files(view: ui.LayoutView) -> None:
    """Take out of a view what shows a file; the words beside a thumbnail stay."""
    for container in view.children:
        if not isinstance(container, ui.Container):
            continue
        kept: list[Any] = []
        for item in container.children:
            if isinstance(item, ui.Section):
                kept += item.children
            elif not isinstance(item, ui.MediaGallery | ui.File):
                kept.append(item)
        container.clear_items()
        for item in kept:
            container.add_item(item)


def _say(view: ui.LayoutView, words: str) -> None:
    """Let a view say one line below; the same place is used again."""
    container: Any = view.children[0]
    old = next((each for each in container.children if each.id == NOTE_ID), None)
    if old is not None:
        container.remove_item(old)
    container.add_item(ui.TextDisplay(f"-# {words}", id=NOTE_ID))
