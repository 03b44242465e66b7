"""Say what can be drawn: concepts, styles, colours and places, with their names in two languages.

Concepts come from `concepts.txt`, written by hand; every bare word means exactly one of them.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path

CONCEPT_FILE = Path(__file__).with_name("concepts.txt")


@dataclass(frozen=True)
class Concept:
    """A thing that can be drawn; `measure` is its Chinese measure word."""

    key: str
    emoji: str
    group: str
    en: tuple[str, ...]  # a leading `~` marks a plural or uncountable name
    zh: tuple[str, ...]  # a leading `~`: takes no measure word
    measure: str
    common: bool

    def as_dict(self) -> dict[str, object]:
        """Return the plain values for `art.json`."""
        return asdict(self)


@dataclass(frozen=True)
class Style:
    """A manner of drawing; `derived` styles are made from other art while composing."""

    key: str
    derived: bool

    def as_dict(self) -> dict[str, object]:
        """Return the plain values for `art.json`."""
        return asdict(self)


STYLES = (
    Style("3d", derived=False),
    Style("flat", derived=False),
    Style("cartoon", derived=False),
    Style("pixel", derived=True),
    Style("sketch", derived=True),
    Style("sticker", derived=True),
)


@dataclass(frozen=True)
class Colour:
    """A nameable colour: sRGB 0-255 and its names, the first one canonical."""

    key: str
    rgb: tuple[int, int, int]
    en: tuple[str, ...]
    zh: tuple[str, ...]


COLOURS = (
    Colour("white", (252, 252, 251), ("white",), ("白色", "纯白色", "白")),
    Colour("black", (22, 22, 26), ("black",), ("黑色", "纯黑色", "黑")),
    Colour("grey", (146, 150, 157), ("grey", "gray"), ("灰色", "灰")),
    Colour("red", (222, 52, 52), ("red",), ("红色", "大红色", "红")),
    Colour("orange", (247, 143, 44), ("orange",), ("橙色", "橘色", "橘黄色")),
    Colour("yellow", (252, 213, 66), ("yellow",), ("黄色", "黄")),
    Colour("green", (76, 176, 94), ("green",), ("绿色", "绿")),
    Colour("dark-green", (22, 84, 56), ("dark green",), ("深绿色", "墨绿色")),
    Colour("teal", (26, 158, 156), ("teal", "turquoise", "cyan"), ("青色", "蓝绿色")),
    Colour(
        "light-blue", (140, 205, 248), ("light blue", "sky blue"), ("浅蓝色", "天蓝色", "淡蓝色")
    ),
    Colour("blue", (44, 108, 228), ("blue",), ("蓝色", "蓝")),
    Colour("dark-blue", (24, 38, 96), ("dark blue", "navy blue", "navy"), ("深蓝色", "藏青色")),
    Colour("purple", (130, 78, 196), ("purple", "violet"), ("紫色", "紫")),
    Colour("pink", (250, 165, 198), ("pink",), ("粉色", "粉红色")),
    Colour("brown", (126, 84, 54), ("brown",), ("棕色", "褐色", "咖啡色")),
    Colour("beige", (234, 217, 188), ("beige", "cream"), ("米色", "米黄色")),
)
# Unspoken backgrounds: soft, without a name, so that a bare prompt looks clean.
PASTELS = (
    (250, 250, 248),
    (246, 247, 250),
    (252, 248, 240),
    (255, 240, 232),
    (253, 236, 240),
    (240, 236, 252),
    (232, 241, 253),
    (230, 246, 246),
    (235, 247, 234),
    (255, 247, 222),
)
# Colours a thing may be dyed in: vivid ones, told apart at a glance.
TINTS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "teal")

COLOUR_WORD = re.compile(
    r"\b(?:red|orange|yellow|green|blue|purple|pink|teal|white|black|brown|gold|golden|grey)\b"
)

PLACES = (
    "centre",
    "left",
    "right",
    "top",
    "bottom",
    "top-left",
    "top-right",
    "bottom-left",
    "bottom-right",
)
LAYOUTS = ("one", "two-same", "left-right", "above-below")


def read_concepts(path: Path = CONCEPT_FILE) -> tuple[Concept, ...]:
    """Parse the concept file; raises `ValueError` when a name is used twice."""
    concepts, group, default_measure = [], "", "个"
    owner: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            group, default_measure = line[3:].split()
        elif line and not line.startswith("#"):
            concept = parse_concept(line, group, default_measure)
            concepts.append(concept)
            for name in (*concept.en, *concept.zh):
                if owner.setdefault(name.lstrip("~"), concept.key) != concept.key:
                    raise ValueError(f"{name}: both {owner[name.lstrip('~')]} and {concept.key}")
    return tuple(concepts)


def parse_concept(line: str, group: str, default_measure: str) -> Concept:
    """Parse `[*]emoji | names | names [/measure]`."""
    emoji, en, zh = (part.strip() for part in line.split("|"))
    names, _, measure = zh.partition("/")
    english = tuple(name.strip() for name in en.split(","))
    return Concept(
        key=re.sub(r"[^a-z0-9]+", "-", english[0].lower()).strip("-"),
        emoji=emoji.lstrip("*"),
        group=group,
        en=english,
        zh=tuple(names.split()),
        measure=measure.strip() or default_measure,
        common=emoji.startswith("*"),
    )


CONCEPTS = read_concepts()
