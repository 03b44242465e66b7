"""One image of a family on its card: how it came, the picture or what stands for it, its id."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps

from bot.domain.lineage import Family, FamilyMember, FamilyView, Presence
from bot.errors import DamagedPictureError
from bot.locales import text
from bot.media.family_tree.phrases import all_changes, relation_words
from bot.media.family_tree.style import COLOURS, LINES, Style
from bot.media.kit import Box, LayoutBuilder, Photo, TextBlock, TextStyle, mixed
from bot.media.kit.layout_builder import mark_height
from bot.media.kit.typography import length
from bot.media.picture_files import FileState, read_image

_RADIUS: Final = 12
_RING: Final = 3  # pixels around the image that was asked for
_TINT: Final = 0.22  # of a relation's colour on its ground


@dataclass(frozen=True, kw_only=True)
class Cards:
    """Places the cards of one picture."""

    builder: LayoutBuilder[FamilyMember]
    family: Family
    view: FamilyView
    style: Style
    locale: str
    show_spoilers: bool

    def place(self, id_: str, left: int, top: int) -> None:
        """Place a card."""
        style, builder, member = self.style, self.builder, self.view.members[id_]
        card = Box(left=left, top=top, width=style.card_width, height=style.card_height)
        if id_ == self.family.focus:
            builder.panel(card.inset(-_RING), builder.colours.accent, radius=_RADIUS + _RING)
        builder.panel(card, builder.colours.tile, radius=_RADIUS)
        if member.presence is not Presence.ELSEWHERE:
            self._write_origin(member, card)
        edge = style.picture
        place = Box(left=left + style.pad, top=top + style.picture_top, width=edge, height=edge)
        self._place_picture(member, place)
        self._write_id(member, card)

    def _write_origin(self, member: FamilyMember, card: Box) -> None:
        """Write how the image came and what was changed, in the middle of the room for both."""
        style, builder, colour = self.style, self.builder, COLOURS[member.relation]
        words, small, width = (
            self._explanation(member),
            builder.ink(style.small),
            card.width - style.pad,
        )
        relation = TextStyle(size=style.text - 1, colour=colour)
        gap = style.pad // 2
        taken = mark_height(relation.size) + gap
        taken += TextBlock.of(words, small, width=width, lines=LINES).height
        top = card.top + style.pad + (style.origin_height - taken) // 2
        ground = mixed(colour, builder.colours.tile, _TINT)
        chip = builder.mark(
            relation_words(member.relation, self.locale), (card.middle, top), relation, ground,
            width=width, anchor="m",
        )  # fmt: skip
        place = (card.middle, chip.bottom + gap)
        builder.write(words, place, small, width=width, lines=LINES, anchor="m")

    def _explanation(self, member: FamilyMember) -> str:
        """Return what was changed; of the first image its prompt, as nothing was before."""
        words = all_changes(member, self.family.parent(member.id), self.locale)
        if not words and member.parent_id is None and member.request is not None:
            return member.request.prompt
        return words

    def _place_picture(self, member: FamilyMember, place: Box) -> None:
        style, builder = self.style, self.builder
        colours, radius = builder.colours, _RADIUS // 2
        if member.is_here and (self.show_spoilers or not member.is_spoiler):
            assert member.request is not None
            size = (member.request.size.width, member.request.size.height)
            builder.shapes.append(
                Photo(box=place, source=member, size=size, ground=colours.ground,
                      ink=colours.soft, radius=radius)
            )  # fmt: skip
            return
        builder.panel(place, colours.ground, radius=radius)
        if member.is_here:  # nothing of a hidden image shines through
            top = place.top + (place.height - mark_height(style.text)) // 2
            badge = TextStyle(size=style.text, colour=colours.badge_ink)
            words = text("family_spoiler", self.locale)
            builder.mark(words, (place.middle, top), badge, colours.badge, anchor="m")
        else:
            key = "deleted" if member.presence is Presence.DELETED else "elsewhere"
            builder.write_within(
                text(f"family_{key}", self.locale), place, builder.soft(style.text)
            )

    def _write_id(self, member: FamilyMember, card: Box) -> None:
        """Write the id, and beside it how many images hang on this one that are not shown."""
        style, builder = self.style, self.builder
        words = "" if member.presence is Presence.ELSEWHERE else member.id
        more = self.view.left_out.get(member.id, 0)
        if member.id == self.view.top and self.view.before:
            more += self.view.before
        badge = f"+{more}" if more else ""
        gap = style.text // 2 if words and badge else 0
        whole = length(words, style.text) + gap + length(badge, style.text)
        left = round(card.middle - whole / 2)
        id_style = (builder.accent if member.id == self.family.focus else builder.ink)(style.text)
        top = card.top + style.picture_top + style.picture + style.pad // 2
        if words:
            left += builder.write(words, (left, top), id_style).width + gap
        if badge:
            builder.write(badge, (left, top), TextStyle(size=style.text, colour=COLOURS["edit"]))


def opened(photo: Photo[FamilyMember], locale: str) -> Image.Image | str:
    """Return a stored image as large as fits, or what is wrong with its file."""
    path = photo.source.path
    assert path is not None
    try:
        content = read_image(path)
    except DamagedPictureError as error:
        state = FileState.MISSING if error.is_missing else FileState.DAMAGED
        return text(f"family_{state}", locale)
    with Image.open(io.BytesIO(content)) as image:
        size = (photo.box.width, photo.box.height)
        return ImageOps.contain(image.convert("RGB"), size, Image.Resampling.LANCZOS)
