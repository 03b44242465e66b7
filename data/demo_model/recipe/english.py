"""Inflect English names: plurals and articles, as far as the concepts need it."""

from __future__ import annotations

import re

_IRREGULAR = {
    "mouse": "mice", "goose": "geese", "man": "men", "woman": "women", "person": "people",
    "tooth": "teeth", "foot": "feet", "leaf": "leaves", "wolf": "wolves", "knife": "knives",
    "loaf": "loaves", "elf": "elves", "ox": "oxen", "policeman": "policemen",
    "fireman": "firemen", "snowman": "snowmen", "dice": "dice", "fish": "fish", "sheep": "sheep",
    "deer": "deer", "shrimp": "shrimp", "squid": "squid",
    "jellyfish": "jellyfish",
    "clownfish": "clownfish", "sushi": "sushi", "scarf": "scarves",
    "cactus": "cacti", "potato": "potatoes", "tomato": "tomatoes", "mosquito": "mosquitoes",
    "mango": "mangoes", "volcano": "volcanoes", "biceps": "biceps", "sheaf": "sheaves",
}  # fmt: skip
_HEAD = re.compile(
    r" (?:of|with|in|on|over|behind|from|at|riding|covering|blowing|licking|screaming|surfing)"
    r"(?= |$)"
)
_SOUNDS_LIKE_YOU = re.compile(r"uni|eu|ewe|ufo|use|ukul|one")


def plural(name: str) -> str:
    """Return the English plural of a countable name, by its head noun."""
    split = _HEAD.search(name)
    head, tail = (name[: split.start()], name[split.start() :]) if split else (name, "")
    *before, last = head.split(" ")
    if last in _IRREGULAR:
        many = _IRREGULAR[last]
    elif re.search(r"(?:s|x|z|ch|sh)$", last):
        many = last + "es"
    elif re.search(r"[^aeiou]y$", last):
        many = last[:-1] + "ies"
    else:
        many = last + "s"
    return " ".join([*before, many]) + tail


def with_article(name: str) -> str:
    """Return an English name behind `a` or `an`."""
    vowel = name[0].lower() in "aeiou" and not _SOUNDS_LIKE_YOU.match(name.lower())
    return f"{'an' if vowel or name.startswith(('8-', 'hourglass')) else 'a'} {name}"
