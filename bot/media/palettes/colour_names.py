"""What colours are called, in English and Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from bot.domain.boards import Swatch
from bot.locales import is_chinese
from bot.media.palettes.colour_table import NAMED, PLAIN, SPOKEN, Named
from bot.media.palettes.oklab import Colours, to_oklab

_MOST_SPOKEN: Final = 5  # colours a prompt names: more of them and a model follows none


def name_of(rgb: tuple[int, int, int], locale: str) -> str:
    """Return the name of the colour that looks most like one; 0 .. 255 each."""
    return _said(_nearest(rgb, NAMED), locale)


def prompt_words(swatches: Sequence[Swatch], locale: str) -> str:
    """Return words for a prompt that ask for these colours.

    The most frequent one is also asked for as background, by its plain name: that is what small
    models understand of it.
    """
    if not swatches:
        return ""
    spoken = swatches[:_MOST_SPOKEN]
    nearest = (_nearest(swatch.rgb, SPOKEN) for swatch in spoken)
    names = list(dict.fromkeys(_said(named, locale) for named in nearest))
    ground = _said(_nearest(swatches[0].rgb, PLAIN), locale)
    if is_chinese(locale):
        # A list with commas would ask small models for a second thing beside the first.
        return f"{ground}背景，{''.join(names)}配色"
    return f"{ground} background, in the colours {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    """Return the names as English lists them."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _said(named: Named, locale: str) -> str:
    return named.chinese if is_chinese(locale) else named.english


def _nearest(rgb: tuple[int, int, int], among: tuple[Named, ...]) -> Named:
    apart = np.linalg.norm(_oklab_of(among) - to_oklab([rgb]), axis=1)
    return among[int(np.argmin(apart))]


@lru_cache(maxsize=3)
def _oklab_of(among: tuple[Named, ...]) -> Colours:
    return to_oklab([named.rgb for named in among])
