"""Files for Discord: the exact pixels where they fit, else the best copy that does, and which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.discord_ui.content import Steering, Upload
from bot.discord_ui.views import alt_text
from bot.domain.jobs import Generation
from bot.errors import DamagedPictureError
from bot.locales import text
from bot.media.captions import control_words
from bot.media.encoding import Fit, fit_under, make_thumbnail
from bot.media.picture_files import read_image

THUMBNAIL_SIDE: Final = 160  # pixels: Discord shows thumbnails at 85, screens have more


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The files of a message, one for each image, and what must be said about them."""

    files: list[Upload | None]
    notes: list[str]

    @property
    def uploads(self) -> list[Upload]:
        """Return the files that can be sent."""
        return [file for file in self.files if file is not None]

    @property
    def names(self) -> list[str | None]:
        """Return each image's file name, or None where no copy of it can be sent."""
        return [None if file is None else file.name for file in self.files]


def fit_for_upload(generations: Sequence[Generation], *, limit_bytes: int, locale: str) -> Fitted:
    """Return the images as files Discord takes here; reads and encodes, so not on the loop."""
    files: list[Upload | None] = []
    notes: list[str] = []
    for generation in generations:
        file, note = _fit(generation, limit_bytes=limit_bytes, locale=locale)
        files.append(file)
        if note is not None and note not in notes:
            notes.append(note)
    return Fitted(files=files, notes=notes)


def map_for_upload(
    generations: Sequence[Generation],
    path: Path | None,
    *,
    limit_bytes: int,
    locale: str,
) -> Steering | None:
    """Return the map to show beside images of one job; reads and encodes, so not on the loop."""
    request = generations[0].request
    if path is None or request.control is None:
        return None
    words = control_words(request, locale)
    try:
        copy = fit_under(read_image(path), limit_bytes=limit_bytes)
    except DamagedPictureError as error:
        lost = text("map_missing" if error.is_missing else "map_damaged", locale)
        return Steering(words=f"{words}: {lost}", file=None)
    if len(copy.content) > limit_bytes:
        return Steering(words=words, file=None)
    name = f"map-{request.control.pixel_sha256[:12]}{copy.suffix}"
    return Steering(words=words, file=Upload(name=name, content=copy.content, alt_text=words))


def _fit(
    generation: Generation, *, limit_bytes: int, locale: str
) -> tuple[Upload | None, str | None]:
    try:
        png = read_image(generation.path)
    except DamagedPictureError as error:
        return None, damage_note(generation, error, locale)
    copy = fit_under(png, limit_bytes=limit_bytes)
    if len(copy.content) > limit_bytes:
        return None, text("too_large", locale, id=generation.id)
    upload = Upload(
        name=generation.id + copy.suffix,
        content=copy.content,
        alt_text=alt_text(generation.request.prompt, locale),
    )
    if copy.fit is Fit.PNG:
        return upload, None
    return upload, text(f"{copy.fit}_webp", locale)


def damage_note(generation: Generation, error: DamagedPictureError, locale: str) -> str:
    """Return the line about an image's missing or damaged file."""
    return text("file_missing" if error.is_missing else "file_damaged", locale, id=generation.id)


def damage_notes(generations: Sequence[Generation], locale: str) -> list[str]:
    """Return a line for each image whose file is gone or damaged; reads and decodes them."""
    notes = []
    for generation in generations:
        try:
            read_image(generation.path)
        except DamagedPictureError as error:
            notes.append(damage_note(generation, error, locale))
    return notes


def thumbnail(generation: Generation, locale: str) -> Upload | str:
    """Return a small picture of an image, or the line that says what is wrong with its file."""
    try:
        content = make_thumbnail(read_image(generation.path), side=THUMBNAIL_SIDE)
    except DamagedPictureError as error:
        return damage_note(generation, error, locale)
    return Upload(name=f"{generation.id}.webp", content=content)
