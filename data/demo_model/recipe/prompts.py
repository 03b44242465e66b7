"""Draw held-out prompts of one kind, with what their pictures must show."""

from __future__ import annotations

import numpy as np
from art import Art
from captions import caption
from scenes import LANGUAGES, Scenes, sample


def evaluation_prompts(
    art: Art, kind: str, language: str, n: int, rng: np.random.Generator
) -> list[dict]:
    """Return `n` held-out prompts of a kind with the labels their pictures must show.

    Each also has the `scene` it describes, which `compose` paints with real art.

    Kinds: concept, style, background, gradient, place, pair, two, tint. Each prompt says just
    what its kind is about, except that every prompt names its thing.
    """
    prompts: list[dict] = []
    while len(prompts) < n:
        scenes = sample(art, rng, 4096, "held_out")
        scenes.language[:] = LANGUAGES.index(language)
        labels = scenes.labels()
        for i in np.flatnonzero(_of_kind(scenes, kind))[: n - len(prompts)]:
            wanted = {name: int(values[i]) for name, values in labels.items()}
            prompt = caption(art, scenes, int(i))
            about = {"kind": kind, "language": language, "scene": scenes[int(i) : int(i) + 1]}
            prompts.append({"prompt": prompt, **about, **wanted})
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
