"""Compose pictures of art that no training has met: icons of the same sets beyond the concepts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from art import Art
from collect import package_folder
from render import SETS, bitmap_paths, codepoints, find_svg, icon_set, picture
from scenes import Scenes, sample
from torch import Tensor
from vocabulary import CONCEPTS


def unseen_scenes(art: Art, work: Path, count: int) -> tuple[Scenes, Tensor]:
    """Return single-thing scenes and their (n, 256, 256, 4) uint8 pictures, `count` in all.

    Raises:
        FileNotFoundError: The art packages are not in the work folder.

    """
    rng = np.random.default_rng(38)
    sources = [source for name in SETS for source in _sources(work, name, rng, count // len(SETS))]
    pictures = np.stack([np.asarray(picture(source)) for source in sources])
    drawn = sample(art, rng, 4 * len(sources), "held_out")
    scenes = drawn[np.flatnonzero(drawn.layout == 0)[: len(sources)]]
    scenes.picture_a[:] = np.arange(len(sources))
    scenes.tint[:] = -1
    return scenes, torch.from_numpy(pictures)


def _sources(work: Path, name: str, rng: np.random.Generator, count: int) -> list[str]:
    """Choose icons of a set that belong to no concept; sequences (skin tones, flags) are left out."""
    known = {codepoints(concept.emoji) for concept in CONCEPTS}
    package = SETS[name][0]
    if name == "fluent-emoji-3d":
        found = bitmap_paths(package_folder(work, package) / "assets")
    else:
        keys = icon_set(work, package)[0]
        found = {
            key: icon
            for key in keys
            if "-" not in key and (icon := find_svg(work, package, chr(int(key, 16))))
        }
    free = sorted(key for key in found if key not in known and "-" not in key)
    return [found[key] for key in rng.choice(free, count, replace=False)]
