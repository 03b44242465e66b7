"""Draw at random what each training picture shows.

A scene is one row of numbers; `compose` paints it, `captions` describes it. What a caption will say
is decided here, because it decides the odds: an attribute that stays unspoken takes its default
(3d style, soft background, in the middle), so that a bare prompt gives a clean picture.

Some combinations (a concept on a background colour, a concept in a dye, two concepts together) are
held out by a hash of their numbers: training never sees them, evaluation uses nothing else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import cast

import numpy as np
from art import Art
from vocabulary import COLOUR_WORD, COLOURS, LAYOUTS, PASTELS, PLACES, STYLES, TINTS

HELD_OUT_SHARE = 10  # one combination in this many is never trained on
LANGUAGES = ("en", "zh", "mixed")
LANGUAGE_ODDS = (0.45, 0.40, 0.15)

# Odds of an attribute being spoken, and of defaults when it is not.
QUIET = 0.53  # nothing is said but the thing
SAYS_STYLE, SAYS_BACKGROUND, SAYS_PLACE, SAYS_TINT = 0.42, 0.55, 0.45, 0.45  # of the others
LAYOUT_ODDS = (0.58, 0.10, 0.19, 0.13)  # as LAYOUTS
DEFAULT_STYLE_ODDS = (0.74, 0.12, 0.14, 0.0, 0.0, 0.0)  # as STYLES
SPOKEN_STYLE_ODDS = (0.20, 0.16, 0.16, 0.16, 0.16, 0.16)
SPOKEN_PLACE_ODDS = (0.12, 0.17, 0.17, 0.15, 0.15, 0.06, 0.06, 0.06, 0.06)  # as PLACES
GRADIENT_ODDS = 0.22
NONSENSE_ODDS = 0.03

STYLE_3D, STYLE_FLAT, STYLE_CARTOON, STYLE_PIXEL, STYLE_SKETCH, STYLE_STICKER = range(6)
# Which art a derived style is made from: crisp shapes suit all three.
DERIVED_FROM = {STYLE_PIXEL: STYLE_FLAT, STYLE_SKETCH: STYLE_FLAT, STYLE_STICKER: STYLE_CARTOON}


@dataclass
class Scenes:
    """Rows of scenes; every field is an array of one value a scene, -1 where it does not apply."""

    concept_a: np.ndarray
    concept_b: np.ndarray
    picture_a: np.ndarray
    picture_b: np.ndarray
    style: np.ndarray
    layout: np.ndarray  # index into LAYOUTS
    place: np.ndarray  # index into PLACES; only where the layout is one
    background: np.ndarray  # index into COLOURS; -1: an unnamed pastel
    background2: np.ndarray  # second colour of a gradient
    pastel: np.ndarray  # index into PASTELS where the background is unnamed
    pastel2: np.ndarray
    direction: np.ndarray  # gradient: 0 left to right, 1 top to bottom, 2 diagonal, 3 inside out
    tint: np.ndarray  # index into TINTS: the thing is dyed
    scale: np.ndarray  # float32: share of its cell the thing fills
    shift_x: np.ndarray  # float32 in [-1, 1]: where in the free room of its cell
    shift_y: np.ndarray
    shade: np.ndarray  # float32 in [-1, 1]: lightness jitter of the background
    language: np.ndarray  # index into LANGUAGES
    says_style: np.ndarray  # bool
    says_background: np.ndarray
    says_place: np.ndarray
    nonsense: np.ndarray  # bool: the caption's noun is a made-up word
    caption_seed: np.ndarray  # int64
    held_out: np.ndarray  # bool

    def __len__(self) -> int:
        """Return the number of scenes."""
        return len(self.style)

    def __getitem__(self, rows: np.ndarray | slice) -> Scenes:
        """Return the chosen rows as scenes of their own."""
        return Scenes(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def labels(self, *, spoken_only: bool = False) -> dict[str, np.ndarray]:
        """Return int64 class numbers by name, -1 where none applies.

        `spoken_only` keeps only what the caption tells: the targets for a text encoder. Without
        it they are what the picture shows: the targets for a judge. Unspoken places stay, as
        they are always the middle.
        """
        names = ("concept_a", "concept_b", "style", "background", "background2", "place", "layout")
        found = {name: getattr(self, name).astype(np.int64) for name in (*names, "tint")}
        if spoken_only:
            found["style"][~self.says_style] = -1
            found["concept_a"][self.nonsense] = -1
        return found


def join_scenes(parts: list[Scenes]) -> Scenes:
    """Return the rows of several scenes as one."""
    names = [field.name for field in fields(Scenes)]
    return Scenes(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})


LABEL_SIZES = {
    "style": len(STYLES),
    "background": len(COLOURS),
    "background2": len(COLOURS),
    "place": len(PLACES),
    "layout": len(LAYOUTS),
    "tint": len(TINTS),
}


def is_held_out(a: np.ndarray, b: np.ndarray, salt: int) -> np.ndarray:
    """Hash pairs of numbers: True for one combination in `HELD_OUT_SHARE`."""
    mixed = np.asarray(a).astype(np.uint64) * np.uint64(2654435761)
    other = np.asarray(b).astype(np.uint64) * np.uint64(2246822519)
    mixed = mixed ^ (other + np.uint64(salt * 374761393))
    mixed ^= mixed >> np.uint64(15)
    mixed *= np.uint64(2654435761)
    mixed ^= mixed >> np.uint64(13)
    return (mixed % np.uint64(HELD_OUT_SHARE)) == 0


def pair_held_out(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Tell whether two concepts together are held out, whatever their order."""
    return is_held_out(np.minimum(a, b), np.maximum(a, b), 1)


def _redraw(
    bad: np.ndarray,
    arrays: tuple[np.ndarray, ...],
    draw: Callable[[int], tuple[np.ndarray, ...]],
) -> bool:
    """Draw the bad rows of each array anew; tell whether there were any."""
    rows = np.flatnonzero(bad)
    for array, fresh in zip(arrays, draw(len(rows)), strict=True):
        array[rows] = fresh
    return len(rows) > 0


def sample(art: Art, rng: np.random.Generator, n: int, split: str) -> Scenes:
    """Draw `n` scenes of a split, `train` or `held_out`."""
    held = split == "held_out"
    layout = rng.choice(len(LAYOUTS), n, p=LAYOUT_ODDS).astype(np.int32)
    single, pair = layout == 0, layout >= 2
    concept_a, concept_b = _draw_concepts(art, rng, layout, held=held)
    loud = rng.random(n) >= QUIET
    says_style = loud & (rng.random(n) < SAYS_STYLE)
    style = np.where(
        says_style,
        rng.choice(len(STYLES), n, p=SPOKEN_STYLE_ODDS),
        rng.choice(len(STYLES), n, p=DEFAULT_STYLE_ODDS),
    ).astype(np.int32)
    says_place = single & loud & (rng.random(n) < SAYS_PLACE)
    place = np.where(says_place, rng.choice(len(PLACES), n, p=SPOKEN_PLACE_ODDS), 0)
    backgrounds = _draw_backgrounds(rng, concept_a, concept_b, single, loud, held=held)
    picture_a = _draw_pictures(art, rng, concept_a, style)
    picture_b = _draw_pictures(art, rng, np.maximum(concept_b, 0), style)
    picture_b = np.where(pair, picture_b, np.where(layout == 1, picture_a, -1))
    tint = _draw_tints(art, rng, picture_a, style, loud & ~pair, held=held)
    tint[_same_colour(tint, backgrounds)] = -1
    spread = np.where(single & ~says_place, 1.0, 0.9)
    return Scenes(
        concept_a=concept_a,
        concept_b=np.where(pair, concept_b, -1).astype(np.int32),
        picture_a=picture_a,
        picture_b=picture_b.astype(np.int32),
        style=style,
        layout=layout,
        place=np.where(single, place, -1).astype(np.int32),
        **backgrounds,
        tint=tint,
        scale=np.where(
            single & (place == 0), rng.uniform(0.58, 0.86, n), rng.uniform(0.74, 0.89, n)
        ).astype(np.float32),
        shift_x=(rng.uniform(-1, 1, n) * spread).astype(np.float32),
        shift_y=(rng.uniform(-1, 1, n) * spread).astype(np.float32),
        shade=rng.uniform(-1, 1, n).astype(np.float32),
        language=rng.choice(len(LANGUAGES), n, p=LANGUAGE_ODDS).astype(np.int32),
        says_style=says_style,
        says_place=says_place,
        nonsense=(rng.random(n) < NONSENSE_ODDS) & single & (tint < 0) & (not held),
        caption_seed=rng.integers(0, 2**62, n),
        held_out=np.full(n, held),
    )


def _draw_concepts(
    art: Art, rng: np.random.Generator, layout: np.ndarray, *, held: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the concepts; pairs are two different ones of the right split."""
    odds, n = art.weights(), len(layout)
    a = rng.choice(len(odds), n, p=odds).astype(np.int32)
    b = rng.choice(len(odds), n, p=odds).astype(np.int32)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.choice(len(odds), count, p=odds), rng.choice(len(odds), count, p=odds)

    pair = layout >= 2
    while _redraw(pair & ((a == b) | (pair_held_out(a, b) != held)), (a, b), draw):
        pass
    return a, b


def _draw_pictures(
    art: Art, rng: np.random.Generator, concept: np.ndarray, style: np.ndarray
) -> np.ndarray:
    """Choose a source picture in the style, or in one a derived style is made from."""
    drawn = style.copy()
    for derived, source in DERIVED_FROM.items():
        drawn[style == derived] = source
    pick = (rng.random(len(concept)) * art.choice_count[concept, drawn]).astype(np.int32)
    return art.choices[concept, drawn, pick]


def _draw_backgrounds(
    rng: np.random.Generator,
    a: np.ndarray,
    b: np.ndarray,
    single: np.ndarray,
    loud: np.ndarray,
    *,
    held: bool,
) -> dict[str, np.ndarray]:
    """Draw plain, gradient and pastel backgrounds, keeping the splits apart."""
    n = len(a)
    says = loud & (rng.random(n) < SAYS_BACKGROUND)
    gradient = rng.random(n) < GRADIENT_ODDS
    first = rng.integers(0, len(COLOURS), n, dtype=np.int32)
    second = rng.integers(0, len(COLOURS), n, dtype=np.int32)

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.integers(0, len(COLOURS), count), rng.integers(0, len(COLOURS), count)

    wanted = held & single & _can_be_held(a)
    if held:
        says &= wanted | ~single  # what has no held-out background keeps a soft one
    while _redraw(
        (first == second)
        | (background_held_out(a, first) != wanted)
        | (gradient & background_held_out(a, second) & ~wanted)
        | (~single & (background_held_out(b, first) | background_held_out(b, second)) & ~held),
        (first, second),
        draw,
    ):
        pass
    return {
        "background": np.where(says, first, -1).astype(np.int32),
        "background2": np.where(says & gradient, second, -1).astype(np.int32),
        "pastel": np.where(says, -1, rng.integers(0, len(PASTELS), n)).astype(np.int32),
        "pastel2": np.where(says | ~gradient, -1, rng.integers(0, len(PASTELS), n)).astype(
            np.int32
        ),
        "direction": rng.integers(0, 4, n, dtype=np.int32),
        "says_background": says,
    }


def background_held_out(concept: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Tell whether a concept is never trained on a background colour."""
    return is_held_out(concept, colour, 2)


def _can_be_held(concept: np.ndarray) -> np.ndarray:
    """Tell which concepts have a held-out background at all (five in six do)."""
    colours = np.arange(len(COLOURS))
    held = background_held_out(concept[:, None], colours[None, :])
    return cast("np.ndarray", held.any(1))  # numpy's stubs allow for a single bool


def tint_held_out(concept: np.ndarray, tint: np.ndarray) -> np.ndarray:
    """Tell whether a concept is never trained in a dye."""
    return is_held_out(concept, tint, 3)


def _draw_tints(
    art: Art,
    rng: np.random.Generator,
    picture: np.ndarray,
    style: np.ndarray,
    allowed: np.ndarray,
    *,
    held: bool,
) -> np.ndarray:
    """Dye some of the things that are clearly of one colour."""
    n, concept = len(picture), art.concept[picture]
    tint = rng.integers(0, len(TINTS), n, dtype=np.int32)
    ok = allowed & art.dyeable[picture] & (rng.random(n) < SAYS_TINT) & (style != STYLE_SKETCH)
    ok &= tint_held_out(concept, tint) == held
    ok &= ~taken_names(art)[concept, tint]
    return np.where(ok, tint, -1).astype(np.int32)


def _same_colour(tint: np.ndarray, backgrounds: dict[str, np.ndarray]) -> np.ndarray:
    """Tell which dyed things would vanish into their background."""
    keys = [colour.key for colour in COLOURS]
    number = np.array([*(keys.index(key) for key in TINTS), -2])[tint]  # undyed: the last, -2
    return (number == backgrounds["background"]) | (number == backgrounds["background2"])


@functools.cache
def taken_names(art: Art) -> np.ndarray:
    """Return (concepts, tints) bool: dyeing it would make it another concept, or is nonsense.

    "Green apple" is a thing of its own, a "red book" too; "orange" is a fruit and a colour.
    """
    names = {name.lstrip("~") for concept in art.concepts for name in concept["en"]}
    groups = {"symbol", "face", "person", "body", "scenery"}
    table = np.zeros((len(art.concepts), len(TINTS)), bool)
    for row, concept in enumerate(art.concepts):
        names_here = [name.lstrip("~") for name in concept["en"]]
        bare = [name.split()[-1] for name in names_here]
        always_coloured = all(COLOUR_WORD.search(name) for name in names_here)
        for column, tint in enumerate(TINTS):
            clash = any(f"{tint} {name}" in names for name in bare)
            table[row, column] = clash or always_coloured or concept["group"] in groups
    return table
