"""Load the art pack: decoded pictures, and tables over pictures and concepts."""

from __future__ import annotations

import io
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
from PIL import Image

SIZE = 256  # pixels a side of a picture
COMMON_WEIGHT = 3.0  # everyday things are drawn this much more often


class ConceptEntry(TypedDict):
    """One `vocabulary.Concept` as `art.json` holds it."""

    id: int
    key: str
    emoji: str
    group: str
    en: list[str]
    zh: list[str]
    measure: str
    common: bool


class StyleEntry(TypedDict):
    """One `vocabulary.Style` as `art.json` holds it."""

    id: int
    key: str
    derived: bool


@dataclass(eq=False)  # hashed by identity, so that tables made from it can be cached
class Art:
    """The decoded pack: pixels and tables over pictures and concepts."""

    pixels: np.ndarray  # (pictures, 256, 256, 4) uint8, not premultiplied
    concepts: list[ConceptEntry]
    styles: list[StyleEntry]
    concept: np.ndarray  # (pictures,) int32
    style: np.ndarray  # (pictures,) int32: the drawn (not derived) style
    sets: list[str]  # name of the source set, one a picture
    dyeable: np.ndarray  # (pictures,) bool: mostly one saturated colour
    choices: np.ndarray  # (concepts, 3 styles, most) int32 picture numbers, -1 padded
    choice_count: np.ndarray  # (concepts, 3 styles) int32

    def weights(self) -> np.ndarray:
        """Return the sampling probability of each concept, float64 summing to 1."""
        common = np.array([concept["common"] for concept in self.concepts])
        weight = np.where(common, COMMON_WEIGHT, 1.0)
        return weight / weight.sum()


def _decode(chunk: list[bytes]) -> np.ndarray:
    """Decode WebP files to one (n, 256, 256, 4) uint8 array."""
    return np.stack([np.asarray(Image.open(io.BytesIO(one)).convert("RGBA")) for one in chunk])


def load_art(work: Path, workers: int | None = None) -> Art:
    """Decode `art.bin` in several processes; about 2 ms a picture and core."""
    contents = json.loads((work / "art.json").read_text(encoding="utf-8"))
    blob = (work / "art.bin").read_bytes()
    pictures = contents["pictures"]
    files = [blob[p["offset"] : p["offset"] + p["size"]] for p in pictures]
    chunks = [files[start : start + 64] for start in range(0, len(files), 64)]
    with ProcessPoolExecutor(workers or os.cpu_count()) as pool:
        pixels = np.concatenate(list(pool.map(_decode, chunks)))
    concept = np.array([p["concept"] for p in pictures], np.int32)
    style = np.array([p["style"] for p in pictures], np.int32)
    choices, count = _choices(concept, style, len(contents["concepts"]))
    return Art(
        pixels=pixels,
        concepts=contents["concepts"],
        styles=contents["styles"],
        concept=concept,
        style=style,
        sets=[p["set"] for p in pictures],
        dyeable=_dyeable(pixels),
        choices=choices,
        choice_count=count,
    )


def _choices(concept: np.ndarray, style: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Tabulate the pictures of each concept in each drawn style."""
    count = np.zeros((n, 3), np.int32)
    np.add.at(count, (concept, style), 1)
    table = np.full((n, 3, count.max()), -1, np.int32)
    seen = np.zeros_like(count)
    for number, (c, s) in enumerate(zip(concept, style, strict=True)):
        table[c, s, seen[c, s]] = number
        seen[c, s] += 1
    return table, count


def _dyeable(pixels: np.ndarray) -> np.ndarray:
    """Tell which pictures are mostly one saturated hue, so that a dyed one is nameable."""
    small = pixels[:, 4::8, 4::8].astype(np.float32) / 255  # (n, 32, 32, 4)
    rgb, solid = small[..., :3], small[..., 3] > 0.5
    high, low = rgb.max(-1), rgb.min(-1)
    vivid = solid & (high - low > 0.3 * high) & (high > 0.25)
    share = vivid.sum((1, 2)) / np.maximum(solid.sum((1, 2)), 1)
    return (share > 0.6) & (_hue_spread(rgb, high, low, vivid) < 0.35)


def _hue_spread(
    rgb: np.ndarray, high: np.ndarray, low: np.ndarray, vivid: np.ndarray
) -> np.ndarray:
    """Return the circular variance of the hue over the vivid pixels: 0 is a single hue."""
    r, g, b = np.moveaxis(rgb, -1, 0)
    angle = np.arctan2(np.sqrt(3) * (g - b), 2 * r - g - b)
    weight = vivid * (high - low)
    total = np.maximum(weight.sum((1, 2)), 1e-6)
    x, y = (np.cos(angle) * weight).sum((1, 2)), (np.sin(angle) * weight).sum((1, 2))
    return 1 - np.hypot(x, y) / total
