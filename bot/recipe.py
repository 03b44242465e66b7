"""The recipe of an image: everything that made it, as one canonical JSON document with a hash.

It is in the database, in the PNG and in every answer about an image. Its text is the same wherever
it is written (sorted keys, no spaces, UTF-8), so its SHA-256 tells whether anything was changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.engines import Drawing
from bot.errors import BotError
from bot.generation import GenerationRequest, Quality, Size, check_variety
from bot.jobs import Generation
from bot.scales import NEWEST_SCALE, VarietyNoise, scale_of

RECIPE_VERSION: Final = 2  # 1 had no hash of its own and no variety
HASH_KEY: Final = "recipe_sha256"
MAX_CHARACTERS: Final = 100_000  # of a document from a stranger; ours have some two thousand
# What the requester decided; everything else in a recipe are conditions.
_REQUEST_KEYS: Final = (
    "prompt", "seed", "width", "height", "quality", "guidance_scale", "variety",
)  # fmt: skip


class RecipeError(BotError):
    """A text is no recipe, or not the one that was written."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A recipe that was read and found whole.

    Attributes:
        document: All of it.
        request: What the requester decided.
        pixel_sha256: Of the image it made.
        is_proven: Whether its own hash fits; recipes of version 1 have none.

    """

    document: Mapping[str, object]
    request: GenerationRequest
    pixel_sha256: str
    is_proven: bool

    @property
    def conditions(self) -> dict[str, object]:
        """Return what, beside the request, decided the pixels."""
        others = {*_REQUEST_KEYS, "version", "pixel_sha256", HASH_KEY}
        return {key: value for key, value in self.document.items() if key not in others}

    @property
    def sha256(self) -> str:
        """Return the hash of the document."""
        return recipe_sha256(self.document)


def make_recipe(request: GenerationRequest, drawing: Drawing) -> dict[str, object]:
    """Return the recipe of a drawing."""
    return build_recipe(request, drawing.conditions, drawing.image.pixel_sha256)


def recipe_text_of(generation: Generation) -> str:
    """Return the recipe of an image of the database, as it was written."""
    return generation.recipe_text or canonical(
        build_recipe(generation.request, generation.conditions, generation.pixel_sha256)
    )


def build_recipe(
    request: GenerationRequest, conditions: Mapping[str, object], pixel_sha256: str
) -> dict[str, object]:
    """Return what was asked for, the conditions it was drawn under, and the hashes."""
    document = {
        "version": RECIPE_VERSION,
        "prompt": request.prompt,
        "seed": request.seed,
        "width": request.size.width,
        "height": request.size.height,
        "quality": request.quality.value,
        "guidance_scale": request.guidance_scale,
        "variety": request.variety,
        **conditions,
        "pixel_sha256": pixel_sha256,
    }
    return {**document, HASH_KEY: recipe_sha256(document)}


def canonical(document: Mapping[str, object]) -> str:
    """Return the one text of a document."""
    return json.dumps(
        document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def recipe_sha256(document: Mapping[str, object]) -> str:
    """Return the hash of a document, without the hash that it may hold."""
    plain = {key: value for key, value in document.items() if key != HASH_KEY}
    return hashlib.sha256(canonical(plain).encode()).hexdigest()


def parse_recipe(text: str) -> Recipe:
    """Read a recipe from somewhere, and trust nothing in it.

    Raises:
        RecipeError: It is none, of a newer version, or was changed after it was written.

    """
    document = _document(text)
    version = document.get("version")
    if not isinstance(version, int) or version < 1:
        raise RecipeError("This JSON is no recipe of this bot: it has no version.")
    if version > RECIPE_VERSION:
        raise RecipeError(
            f"The recipe has version {version}, this program knows {RECIPE_VERSION}: update it."
        )
    is_proven = HASH_KEY in document
    if is_proven and document[HASH_KEY] != recipe_sha256(document):
        raise RecipeError(
            "The recipe was changed after it was written: its SHA-256 does not fit its contents."
        )
    if version > 1 and not is_proven:
        raise RecipeError("The recipe was changed after it was written: its SHA-256 is missing.")
    return Recipe(
        document=document,
        request=_request(document),
        pixel_sha256=_pixel_sha256(document),
        is_proven=is_proven,
    )


def _document(text: str) -> dict[str, Any]:
    if len(text) > MAX_CHARACTERS:
        raise RecipeError(
            f"The recipe has {len(text)} characters: {MAX_CHARACTERS} are the limit, so it is none "
            "of this bot's."
        )
    try:
        document = json.loads(text)
        if isinstance(document, dict):
            canonical(document).encode()  # no NaN, no infinity, no half of a surrogate pair
    except (ValueError, RecursionError) as error:
        raise RecipeError("This is no recipe: it is not JSON.") from error
    if not isinstance(document, dict):
        raise RecipeError("This JSON is no recipe of this bot: it is not an object.")
    return document


def _request(document: Mapping[str, Any]) -> GenerationRequest:
    try:
        return GenerationRequest(
            prompt=_typed(document["prompt"], str),
            seed=_typed(document["seed"], int),
            size=Size(width=_typed(document["width"], int), height=_typed(document["height"], int)),
            quality=Quality(document["quality"]),
            guidance_scale=float(_typed(document["guidance_scale"], (int, float))),
            variety=(variety := _typed(document.get("variety", 0), int)),
            variety_scale=_variety_scale(variety, document.get("variety_noise")),
        )
    except KeyError as error:
        raise RecipeError(f"This JSON is no recipe of this bot: it has no {error}.") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise RecipeError(f"The recipe holds a value that cannot be meant: {error}.") from error


def _variety_scale(variety: int, recorded: Any) -> int:  # noqa: ANN401 - JSON
    """Return the scale on which the variety is the noise that was recorded."""
    check_variety(variety)
    if variety == 0 or recorded is None:  # also engines without such noise
        return NEWEST_SCALE
    strength, fraction = (
        float(_typed(_typed(recorded, dict)[name], (int, float)))
        for name in ("strength", "fraction")
    )
    scale = scale_of(variety, VarietyNoise(strength=strength, fraction=fraction))
    if scale is None:
        raise RecipeError(
            f"The recipe has variety {variety} with noise of strength {strength:g} on "
            f"{fraction:g} of the values, which this program does not draw: update it."
        )
    return scale


def _typed(value: Any, type_: type | tuple[type, ...]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, bool) or not isinstance(value, type_):
        raise TypeError(f"{str(value)[:40]!r}")
    return value


def _pixel_sha256(document: Mapping[str, Any]) -> str:
    value = document.get("pixel_sha256")
    if not isinstance(value, str) or len(value) != 64 or not set(value) <= set("0123456789abcdef"):  # noqa: PLR2004 - hexadecimal digits
        raise RecipeError("This JSON is no recipe of this bot: it has no SHA-256 of the pixels.")
    return value


def parameters_text(recipe: Mapping[str, object]) -> str:
    """Return the `parameters` text that image viewers and other generators look for."""
    return (
        f"{recipe['prompt']}\n"
        f"Steps: {recipe['num_inference_steps']}, Sampler: Euler, Schedule type: Simple, "
        f"CFG scale: {recipe['guidance_scale']}, Seed: {recipe['seed']}, "
        f"Size: {recipe['width']}x{recipe['height']}, Model: {recipe['model']}"
    )
