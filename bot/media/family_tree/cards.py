"""One image of a family on its card: how it came, the picture or what stands for it, its id."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageOps

from bot.domain.lineage import Family, FamilyMember, FamilyView, Presence
from bot.errors import DamagedPictureError
from bot.locales import text
from bot.media.family_tree.phrases import all_changes, relation_words
from bot.media.family_tree.style import (
    BACKGROUND,
    CARD,
    COLOURS,
    EMPTY,
    FAINT,
    FOCUS,
    INK,
    SMOOTHING,
    SOFT,
    TITLE,
    Style,
)
from bot.media.family_tree.type_lines import cut, width_of, wrapped
from bot.media.picture_files import FileState, read_image
from bot.media.sheets.typography import draw_line, font

_RADIUS: Final = 12
_DASH: Final = 6
_RING: Final = 3  # pixels around the image that was asked for
_TINT: Final = 0.22  # of a relation's colour on its ground


class Cards:
    """Draws the cards of one picture."""

    def __init__(
        self,
        image: Image.Image,
        family: Family,
        view: FamilyView,
        style: Style,
        *,
        locale: str,
        show_spoilers: bool,
    ) -> None:
        """Remember what is drawn where, and for whom."""
        self._image = image
        self._draw = ImageDraw.Draw(image)
        self._family = family
        self._view = view
        self._style = style
        self._locale = locale
        self._show_spoilers = show_spoilers

    def draw(self, id_: str, left: int, top: int) -> None:
        """Draw a card."""
        style, member = self._style, self._view.members[id_]
        size = (style.card_width, style.card_height)
        if id_ == self._family.focus:
            ring = (size[0] + 2 * _RING, size[1] + 2 * _RING)
            self._fill((left - _RING, top - _RING), ring, FOCUS, radius=_RADIUS + _RING)
        self._fill((left, top), size, CARD, radius=_RADIUS)
        self._write_origin(member, left, top)
        self._draw_picture(member, left + style.pad, top + style.picture_top)
        self._write_id(member, left, top)

    def _fill(
        self, place: tuple[int, int], size: tuple[int, int], colour: str, *, radius: int
    ) -> None:
        self._image.paste(colour, (*place,), _rounded(size, radius))

    def _write_origin(self, member: FamilyMember, left: int, top: int) -> None:
        """Write how the image came, and below it what was changed."""
        style = self._style
        if member.presence is Presence.ELSEWHERE:
            return
        colour = COLOURS[member.relation]
        words = relation_words(member.relation, self._locale)
        width = round(width_of(words, style.text - 1)) + style.text
        lines = self._explanation(member)
        spare = (style.lines - len(lines)) * style.line_height // 2
        x, y = left + (style.card_width - width) // 2, top + style.pad + spare
        ground = _blend(colour, CARD, _TINT)
        self._fill((x, y), (width, style.chip_height), ground, radius=style.chip_height // 2)
        middle = left + style.card_width / 2
        self._centre(words, middle, y + style.chip_height / 2, style.text - 1, colour)
        y += style.chip_height + style.pad // 2
        for line in lines:
            self._centre(line, middle, y + style.line_height / 2, style.small, INK)
            y += style.line_height

    def _explanation(self, member: FamilyMember) -> list[str]:
        """Return what was changed; of the first image its prompt, as nothing was before."""
        parent = self._family.parent(member.id)
        words = all_changes(member, parent, self._locale)
        if not words and member.relation == "imagine" and member.request is not None:
            words = member.request.prompt
        size = self._style.small
        width = self._style.card_width - self._style.pad
        return wrapped(words, size, width=width, lines=self._style.lines)

    def _draw_picture(self, member: FamilyMember, left: int, top: int) -> None:
        if not member.is_here:
            key = "deleted" if member.presence is Presence.DELETED else "elsewhere"
            self._draw_frame(text(f"family_{key}", self._locale), left, top)
        elif member.is_spoiler and not self._show_spoilers:
            self._draw_tile(text("family_spoiler", self._locale), left, top)
        else:
            assert member.path is not None
            thumbnail = _thumbnail(member.path, self._style.picture)
            if isinstance(thumbnail, FileState):
                self._draw_frame(text(f"family_{thumbnail}", self._locale), left, top)
            else:
                x = left + (self._style.picture - thumbnail.width) // 2
                y = top + (self._style.picture - thumbnail.height) // 2
                self._image.paste(thumbnail, (x, y), _rounded(thumbnail.size, _RADIUS // 2))

    def _draw_tile(self, words: str, left: int, top: int) -> None:
        """Draw the plain tile that stands for a hidden image: nothing of it shines through."""
        edge = self._style.picture
        self._fill((left, top), (edge, edge), EMPTY, radius=_RADIUS // 2)
        size = self._style.text
        width = round(width_of(words, size)) + 2 * size
        height = round(size * 2.2)
        x, y = left + (edge - width) // 2, top + (edge - height) // 2
        self._fill((x, y), (width, height), BACKGROUND, radius=height // 2)
        self._centre(words, left + edge / 2, top + edge / 2, size, TITLE)

    def _draw_frame(self, words: str, left: int, top: int) -> None:
        """Draw an empty frame of dashes."""
        edge = self._style.picture - 1
        for at in range(0, edge, 2 * _DASH):
            end = min(at + _DASH, edge)
            for dash in (
                (left + at, top, left + end, top),
                (left + at, top + edge, left + end, top + edge),
                (left, top + at, left, top + end),
                (left + edge, top + at, left + edge, top + end),
            ):
                self._draw.line(dash, FAINT, width=2)
        self._centre(words, left + edge / 2, top + edge / 2, self._style.text, SOFT)

    def _write_id(self, member: FamilyMember, left: int, top: int) -> None:
        """Write the id, and beside it how many images hang on this one that are not shown."""
        style = self._style
        words = "" if member.presence is Presence.ELSEWHERE else member.id
        more = self._view.left_out.get(member.id, 0)
        if member.id == self._view.top and self._view.before:
            more += self._view.before
        badge = f"+{more}" if more else ""
        gap = style.text // 2 if words and badge else 0
        whole = width_of(words, style.text) + gap + width_of(badge, style.text)
        x = left + (style.card_width - whole) / 2
        y = top + style.picture_top + style.picture + style.line_height * 0.75
        is_focus = member.id == self._family.focus
        colour = FOCUS if is_focus else INK
        draw_line(self._draw, (x, y), words, size=style.text, colour=colour, anchor="lm")
        x += width_of(words, style.text) + gap
        self._draw.text((x, y), badge, COLOURS["edit"], font(style.text), anchor="lm")

    def _centre(self, words: str, x: float, y: float, size: int, colour: str) -> None:
        shown = cut(words, size, width=self._style.card_width - 4)
        draw_line(self._draw, (x, y), shown, size=size, colour=colour, anchor="mm")


def _thumbnail(path: Path, edge: int) -> Image.Image | FileState:
    """Return a stored image as large as fits, or what is wrong with its file."""
    try:
        content = read_image(path)
    except DamagedPictureError as error:
        return FileState.MISSING if error.is_missing else FileState.DAMAGED
    with Image.open(io.BytesIO(content)) as image:
        return ImageOps.contain(image.convert("RGB"), (edge, edge), Image.Resampling.LANCZOS)


def _rounded(size: tuple[int, int], radius: int) -> Image.Image:
    """Return the mask of a rectangle with round corners."""
    width, height = size
    mask = Image.new("L", (width * SMOOTHING, height * SMOOTHING), 0)
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, width * SMOOTHING - 1, height * SMOOTHING - 1), radius * SMOOTHING, fill=255
    )
    return mask.resize(size, Image.Resampling.BOX)


def _blend(colour: str, ground: str, share: float) -> str:
    """Return a colour between two, as `#rrggbb`."""
    mixed = (
        round(share * int(colour[i : i + 2], 16) + (1 - share) * int(ground[i : i + 2], 16))
        for i in (1, 3, 5)
    )
    return "#" + "".join(f"{each:02x}" for each in mixed)
