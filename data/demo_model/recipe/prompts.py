"""Draw held-out prompts of one kind, with what their pictures must show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from art import Art
from captions import caption
from scenes import LANGUAGES, Scenes, sample


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A prompt, the labels its picture must show, and the one scene it describes.

    `compose` paints the scene with real art.
    """

    text: str
    labels: dict[str, int]
    scene: Scenes


def evaluation_prompts(
    art: Art, kind: str, language: str, n: int, rng: np.random.Generator
) -> list[Prompt]:
    """Return `n` held-out prompts of a kind.

    Kinds: concept, style, background, gradient, place, pair, two, tint. Each prompt says just
    what its kind is about, except that every prompt names its thing.
    """
    prompts: list[Prompt] = []
    while len(prompts) < n:
        scenes = sample(art, rng, 4096, "held_out")
        scenes.language[:] = LANGUAGES.index(language)
        labels = scenes.labels()
        for i in np.flatnonzero(_of_kind(scenes, kind))[: n - len(prompts)]:
            wanted = {name: int(values[i]) for name, values in labels.items()}
            text, scene = caption(art, scenes, int(i)), scenes[int(i) : int(i) + 1]
            prompts.append(Prompt(text=text, labels=wanted, scene=scene))
    return prompts


def _of_kind(scenes: Scenes, kind: str) -> np.ndarray:
    """Tell which scenes say exactly what a kind of prompt is about."""
    layout = {"pair": scenes.layout >= 2, "two": scenes.layout == 1}
    says_two_colours = scenes.says_background & (scenes.background2 >= 0)
    return (
        layout.get(kind, scenes.layout == 0)
        & (scenes.says_style == (kind == "style"))
        & (scenes.says_background == (kind in {"background", "gradient"}))
        & (says_two_colours == (kind == "gradient"))
        & (scenes.says_place == (kind == "place"))
        & ((scenes.tint >= 0) == (kind == "tint"))
    )
