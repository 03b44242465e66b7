"""Make the README's picture of pictures from pictures: one apple, and what four buttons made of it.

python -m tests.pictures.apple [docs/pictures/apple.webp]
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from PIL import Image

from bot.domain.lineage import FamilyMember
from bot.media.family_tree import relation_words
from bot.media.family_tree.style import COLOURS
from bot.media.kit import DARK, Box, LayoutBuilder, Lines, Photo, TextStyle, mixed, paint
from bot.media.kit.layout_builder import mark_height
from bot.media.picture_files import read_pixels
from bot.settings import DEMO_MODEL_DIR, Settings
from tests.pictures.playground import write_picture
from tests.support.discord_env import DiscordEnv, SteeredEngine, answer_of, ids_of, open_env

SEED, SEED_BESIDE = 3, 7  # of the cupcake: the one whose seam is seen least
GROUND: Final = "yellow background"
APPLE: Final = f"a red apple on the left, {GROUND}"
GREEN: Final = f"a green apple on the left, {GROUND}"
COFFEE: Final = f"a green apple on the left and a cup of coffee on the right, {GROUND}"
CUPCAKE: Final = f"a cupcake on the right, {GROUND}"

LOCALE: Final = "en-US"
WIDTH, MARGIN, GAP, ROW_GAP, PAD, RADIUS = 1200, 24, 40, 56, 14, 16  # pixels
RELATION, WORDS = 30, 25  # type that is still read at a third of the width
TINT: Final = 0.22  # of a relation's colour on its ground, as in families
DETAIL: Final = (0.13, 0.24, 0.28, 0.55)  # of the width and height: the leaf, before and after


async def filled(env: DiscordEnv, opened: Any, **typed: Any) -> Any:
    """Fill in a form and return the message that shows its image."""
    sent = await env.ada.submit_modal(opened, typed)
    await env.idle()
    return sent.response


async def grow(env: DiscordEnv) -> str:
    """Press the buttons, each under the image of the one before, and return the last image's id."""
    ada = env.ada
    image = await env.imagine(prompt=APPLE, seed=SEED, size="256x256")
    form = await ada.click(image, label="Use as source")
    image = await filled(env, form, prompt=GREEN, strength=["redraw"], size="", seed=str(SEED))
    grid = answer_of(await ada.click(image, label="Edit region"))
    form = await ada.click(grid, label="Choose cells")
    image = await filled(env, form, words="right half", prompt=COFFEE, strength=["100"])
    form = await ada.click(image, label="Extend")
    image = await filled(env, form, how=["right"], prompt=CUPCAKE, strength=["100"])
    form = await ada.click(image, label="Upscale")
    image = await filled(env, form, factor="4", way="plain")
    return ids_of(image)[0]


@dataclass(frozen=True, kw_only=True)
class Card:
    """One image of the line: how it came, in words, and what is shown of it, side by side."""

    member: FamilyMember
    words: str
    pictures: tuple[Image.Image, ...]
    marks: tuple[str, ...] = ()


def cards_of(line: Sequence[FamilyMember]) -> list[Card]:
    """Return a card for each image; of the last one a detail, beside the same one before."""
    images = [read_pixels(each.path).convert("RGB") for each in line if each.path is not None]
    requests = [each.request for each in line if each.request is not None]
    cards = [
        Card(member=member, words=request.prompt, pictures=(image,))
        for member, request, image in zip(line[:-1], requests[:-1], images[:-1], strict=True)
    ]
    before, after = requests[-2].size, requests[-1].size
    factor = f"{after.width // before.width}×"
    last = Card(
        member=line[-1],
        words=f"{factor} as large: {before} → {after}",
        pictures=tuple(detail(each) for each in images[-2:]),
        marks=("before", factor),
    )
    return [*cards, last]


def detail(image: Image.Image) -> Image.Image:
    """Cut the same part out of a picture of any size."""
    left, top, right, bottom = DETAIL
    width, height = image.size
    return image.crop(
        (round(left * width), round(top * height), round(right * width), round(bottom * height))
    )


def draw_line(cards: Sequence[Card]) -> Image.Image:
    """Draw the first three images in a row of squares, and the other two below."""
    builder = LayoutBuilder[Image.Image](width=WIDTH, colours=DARK)
    third, half = ((WIDTH - 2 * MARGIN - (n - 1) * GAP) // n for n in (3, 2))
    edge = third - 2 * PAD
    boxes = [
        place_card(builder, card, (MARGIN + i * (third + GAP), MARGIN), (edge, edge), lines=3)
        for i, card in enumerate(cards[:3])
    ]
    top, wide = boxes[0].bottom + ROW_GAP, half - 2 * PAD
    boxes += [
        place_card(builder, card, (MARGIN + i * (half + GAP), top), (wide, wide * 2 // 3), lines=1)
        for i, card in enumerate(cards[3:])
    ]
    turn = boxes[0].bottom + ROW_GAP // 2
    across = [
        (
            (before.right, before.top + before.height // 2),
            (after.left, after.top + after.height // 2),
        )
        for before, after in pairwise(boxes)
        if before.top == after.top
    ]
    down = ((boxes[2].middle, boxes[2].bottom), (boxes[2].middle, turn),
            (boxes[3].middle, turn), (boxes[3].middle, boxes[3].top))  # fmt: skip
    builder.shapes.append(Lines(paths=(*across, down), colour=DARK.accent, width=4))
    return paint(builder.plan(boxes[-1].bottom + MARGIN), shown)


def place_card(
    builder: LayoutBuilder[Image.Image],
    card: Card,
    corner: tuple[int, int],
    room: tuple[int, int],
    *,
    lines: int,
) -> Box:
    """Place a card with so much room for pictures and words; return where it is."""
    (left, top), (width, height) = corner, room
    words = builder.ink(WORDS)
    below = top + round(1.5 * RELATION) + lines * words.line_height + 3 * PAD
    whole = Box(left=left, top=top, width=width + 2 * PAD, height=below + height + PAD - top)
    builder.panel(whole, DARK.tile, radius=RADIUS)
    colour = COLOURS[card.member.relation]
    chip, ground = TextStyle(size=RELATION, colour=colour), mixed(colour, DARK.tile, TINT)
    relation = relation_words(card.member.relation, LOCALE)
    mark = builder.mark(relation, (whole.middle, top + PAD), chip, ground, anchor="m")
    said = (whole.middle, mark.bottom + PAD // 2)
    builder.write(card.words, said, words, width=whole.width - PAD, lines=lines, anchor="m")
    place_pictures(builder, card, Box(left=left + PAD, top=below, width=width, height=height))
    return whole


def place_pictures(builder: LayoutBuilder[Image.Image], card: Card, room: Box) -> None:
    """Place a card's pictures side by side, with their marks on them."""
    count = len(card.pictures)
    width = (room.width - (count - 1) * PAD) // count
    for i, picture in enumerate(card.pictures):
        left = room.left + i * (width + PAD)
        box = Box(left=left, top=room.top, width=width, height=room.height)
        builder.shapes.append(
            Photo(box=box, source=picture, size=picture.size, ground=DARK.tile, ink=DARK.soft,
                  radius=RADIUS // 2)
        )  # fmt: skip
    style = TextStyle(size=WORDS, colour=DARK.badge_ink)
    top = room.bottom - PAD - mark_height(WORDS)
    for i, mark in enumerate(card.marks):
        left = room.left + i * (width + PAD)
        builder.mark(mark, (left + PAD, top), style, DARK.badge)


def shown(photo: Photo[Image.Image]) -> Image.Image:
    """Return a picture as large as its place."""
    return photo.source.resize((photo.shown.width, photo.shown.height), Image.Resampling.BICUBIC)


async def draw(folder: Path, engine: Any) -> Any:
    """Return the picture."""
    settings = Settings(data_dir=folder, model=str(DEMO_MODEL_DIR), device="cpu")
    with (  # their forms have no field for a seed, and this picture is to be the same every time
        patch("cogs.regions.random_seed", return_value=SEED),
        patch("cogs.extensions.random_seed", return_value=SEED_BESIDE),
    ):
        async with open_env(settings, SteeredEngine(engine)) as env:
            family = await env.service.images.family(await grow(env), viewer=env.viewer())
            assert family is not None
            return await asyncio.to_thread(lambda: draw_line(cards_of(family.line())))


if __name__ == "__main__":
    write_picture(draw, "docs/pictures/apple.webp")
