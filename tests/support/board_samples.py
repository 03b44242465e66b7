"""Boards to draw and export: pictures of mixed shapes, from files or drawn here."""

from __future__ import annotations

import colorsys
import datetime as dt
import hashlib
import json
import math
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from bot.domain.boards import (
    Access,
    Board,
    BoardState,
    Comment,
    Item,
    ItemSource,
    ItemStatus,
    SheetOrder,
    Theme,
)
from bot.domain.styles import Style
from bot.media.encoding import RECIPE_KEY
from bot.media.palettes import merged, palette_of

SHAPES = ((512, 512), (384, 576), (640, 400), (432, 768), (768, 512), (480, 600), (900, 400))
PEOPLE = ("Ada Wong", "Boris", "陈晓", "Dana Levi", "Émile")
CAPTIONS = (
    "Morning fog over the harbour",
    "Teal and sand, close to the brief",
    "灯塔与海，黄昏的光",
    "",
    "Too busy for the cover, but the light in the upper half is exactly what we want",
    "Texture study",
)
TAGS = (("cover",), ("light", "sea"), ("材质",), (), ("cover", "sea"))
STATUSES = (
    ItemStatus.CANDIDATE,
    ItemStatus.SHORTLIST,
    ItemStatus.CANDIDATE,
    ItemStatus.APPROVED,
    ItemStatus.REJECTED,
)
START = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)


def scene(index: int, size: tuple[int, int] | None = None) -> Image.Image:
    """Return a picture of hills under a sky, another one for every index."""
    chance = random.Random(index)
    width, height = size or SHAPES[index % len(SHAPES)]
    hue = chance.random()

    def colour(shift: float, saturation: float, value: float) -> tuple[int, int, int]:
        red, green, blue = colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value)
        return round(red * 255), round(green * 255), round(blue * 255)

    sky = Image.linear_gradient("L").resize((width, height))
    image = Image.composite(
        Image.new("RGB", sky.size, colour(0.08, 0.35, 0.97)),
        Image.new("RGB", sky.size, colour(0, 0.55, 0.72)),
        sky,
    )
    draw = ImageDraw.Draw(image)
    radius, x = min(width, height) // 9, chance.uniform(0.2, 0.8) * width
    y = 0.28 * height
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour(0.5, 0.3, 1))
    for i in range(4):
        base, phase = height * (0.5 + 0.13 * i), chance.uniform(0, 6)
        wave = [
            (each, base + height * 0.07 * math.sin(each / width * (3 + i) + phase))
            for each in range(0, width + 8, 8)
        ]
        draw.polygon(
            [*wave, (width, height), (0, height)], fill=colour(0.04 * i, 0.6, 0.6 - 0.13 * i)
        )
    return image


def write_scenes(folder: Path, count: int, *, size: tuple[int, int] | None = None) -> list[Path]:
    """Write pictures as PNG; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{i:04}.png" for i in range(count)]
    for i, path in enumerate(paths):
        if not path.exists():
            scene(i, size).save(path, compress_level=1)
    return paths


def item_of(path: Path, number: int, **changes: object) -> Item:
    """Return a picture of a file as it hangs on a board."""
    path = renamed(path)
    with Image.open(path) as image:
        recipe = getattr(image, "text", {}).get(RECIPE_KEY)
        pixels = image.convert("RGB")
    is_drawn = recipe is not None
    fields: dict[str, object] = {
        "id": f"item{number:03}",
        "board_id": "board01",
        "number": number,
        "source": ItemSource.GENERATION if is_drawn else ItemSource.UPLOAD,
        "path": path,
        "width": pixels.width,
        "height": pixels.height,
        "pixel_sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
        "likeness": b"",
        "generation_id": f"gen{number:04}" if is_drawn else None,
        "prompt": prompt_in(recipe) if recipe is not None else None,
        "seed": 7 if is_drawn else None,
        "recipe_text": recipe,
        "caption": CAPTIONS[number % len(CAPTIONS)],
        "credit": PEOPLE[number % len(PEOPLE)],
        "author_id": 100 + number % len(PEOPLE),
        "link": f"https://discord.com/channels/1/2/{number}",
        "channel_id": 2,
        "is_spoiler": False,
        "status": STATUSES[number % len(STATUSES)],
        "tags": TAGS[number % len(TAGS)],
        "voter_ids": frozenset(range(number * 3 % 7)),
        "comments": (),
        "palette": palette_of(pixels),
        "added_by": 100,
        "added_by_name": PEOPLE[(number + 1) % len(PEOPLE)],
        "added_at": START + dt.timedelta(minutes=7 * number),
    }
    return Item(**{**fields, **changes})


def renamed(path: Path) -> Path:
    """Give a file the name that boards give it, that of its bytes; where it was, a copy stays."""
    own = path.with_name(hashlib.sha256(path.read_bytes()).hexdigest() + path.suffix)
    if not own.exists():
        shutil.copy(path, own)
    return own


def prompt_in(recipe: str) -> str:
    return str(json.loads(recipe)["prompt"])


def comment(text: str, *, name: str = "Boris") -> Comment:
    return Comment(id=1, user_id=101, user_name=name, text=text, created_at=START)


def board_of(items: Sequence[Item], **changes: object) -> Board:
    """Return a board with these pictures."""
    fields: dict[str, object] = {
        "id": "board01",
        "guild_id": 1,
        "name": "Harbour lights · spring campaign",
        "brief": "Calm mornings by the sea: teal, sand and one warm light. Room for a title in the "
        "upper third, nothing that looks like stock photography.",
        "channel_id": 2,
        "message_id": 3,
        "owner_id": 100,
        "owner_name": "Ada Wong",
        "state": BoardState.OPEN,
        "defaults": Style(after="soft light"),
        "theme": Theme.LIGHT,
        "order": SheetOrder.CHOSEN,
        "everyone": Access.ADD,
        "grants": (),
        "self_vote": True,
        "threshold": 3,
        "items": tuple(items),
        "palette": merged(item.palette for item in items),
        "revision": 12,
        "created_at": START,
    }
    return Board(**{**fields, **changes})
