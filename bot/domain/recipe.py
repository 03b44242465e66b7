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

from bot.domain.drawing import Drawing
from bot.domain.jobs import Generation
from bot.domain.requests import FIELDS, PROMPT, VARIETY, ImageRequest, check_variety
from bot.domain.requests.field import of_type
from bot.domain.requests.operations import check_sha256
from bot.domain.signature import Proof, SigningKey, proof
from bot.domain.variety_schedule import NEWEST_SCALE, VarietyNoise, scale_of
from bot.errors import BotError

# 1 had no hash of its own, 2 no operation and no adapters, 4 no profile; a newer field brings the
# next one.
RECIPE_VERSION: Final = max(5, *(field.since for field in FIELDS))
HASH_KEY: Final = "recipe_sha256"
SIGNATURE_KEY: Final = "signature"  # beside the document, in a recipe that is a file of its own
MAX_CHARACTERS: Final = 100_000  # of a document from a stranger; ours have some two thousand
_MAX_DEPTH: Final = 20  # of nesting; ours have two
_SHOWN: Final = 60  # characters of a stranger's value in a sentence
_SHOWN_HASH: Final = 10  # digits
_SCALE_KEY: Final = "variety_scale"


class RecipeError(BotError):
    """A text is no recipe, or not the one that was written."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A recipe that was read and found whole.

    Attributes:
        document: All of it.
        request: What the requester decided.
        pixel_sha256: Of the image it made.
        has_hash: Whether it holds a hash of its own, which then fits; those of version 1 have none.
            Anybody can compute it: it shows mistakes, not who wrote the recipe.
        signature: What came with it to prove who wrote it.

    """

    document: Mapping[str, object]
    request: ImageRequest
    pixel_sha256: str
    has_hash: bool
    signature: str | None = None

    @property
    def conditions(self) -> dict[str, object]:
        """Return what, beside the request, decided the pixels."""
        others = {*_request_document(self.request), "version", "pixel_sha256", HASH_KEY}
        return {key: value for key, value in self.document.items() if key not in others}

    @property
    def sha256(self) -> str:
        """Return the hash of the document."""
        return recipe_sha256(self.document)

    def proof(self, key: SigningKey | None) -> Proof:
        """Tell whether the signature is that of this installation."""
        return proof(key, canonical(self.document), self.signature)


def make_recipe(request: ImageRequest, drawing: Drawing) -> dict[str, object]:
    """Return the recipe of a drawing."""
    return build_recipe(request, drawing.conditions, drawing.image.pixel_sha256)


def recipe_text_of(generation: Generation) -> str:
    """Return the recipe of an image of the database, as it was written."""
    return generation.recipe_text or canonical(
        build_recipe(generation.request, generation.conditions, generation.pixel_sha256)
    )


def build_recipe(
    request: ImageRequest, conditions: Mapping[str, object], pixel_sha256: str
) -> dict[str, object]:
    """Return what was asked for, the conditions it was drawn under, and the hashes."""
    document = {
        "version": RECIPE_VERSION,
        **_request_document(request),
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


def signed_text(text: str, key: SigningKey) -> str:
    """Return the text of a recipe with its signature inside, as a file to give away."""
    document = json.loads(text)
    return canonical({**document, SIGNATURE_KEY: key.sign(canonical(document))})


def parse_recipe(text: str, signature: str | None = None) -> Recipe:
    """Read a recipe from somewhere, and trust nothing in it.

    Args:
        text: The document, perhaps with a signature inside.
        signature: One that came beside it.

    Raises:
        RecipeError: It is none, of a newer version, or was changed after it was written.

    """
    document = _document(text)
    inside = document.pop(SIGNATURE_KEY, None)
    version = document.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise RecipeError("This JSON is no recipe of this bot: it has no version.")
    if version > RECIPE_VERSION:
        raise RecipeError(
            f"The recipe has version {_shown(version)}, this program knows {RECIPE_VERSION}: "
            "update it."
        )
    has_hash = HASH_KEY in document
    if has_hash and document[HASH_KEY] != recipe_sha256(document):
        raise RecipeError(
            "The recipe was changed after it was written: its SHA-256 does not fit its contents."
        )
    if version > 1 and not has_hash:
        raise RecipeError("The recipe was changed after it was written: its SHA-256 is missing.")
    return Recipe(
        document=document,
        request=_request(document),
        pixel_sha256=_pixel_sha256(document),
        has_hash=has_hash,
        signature=inside if isinstance(inside, str) else signature,
    )


def _document(text: str) -> dict[str, Any]:
    if len(text) > MAX_CHARACTERS:
        raise RecipeError(
            f"The recipe has {len(text)} characters: {MAX_CHARACTERS} are the limit, so it is none "
            "of this bot's."
        )
    try:
        document = json.loads(text)
        if _is_deeper(document, _MAX_DEPTH):
            raise RecipeError("This is no recipe of this bot: it is nested too deeply.")
        if isinstance(document, dict):
            canonical(document).encode()  # no NaN, no infinity, no half of a surrogate pair
    except (ValueError, RecursionError) as error:
        raise RecipeError("This is no recipe: it is not JSON.") from error
    if not isinstance(document, dict):
        raise RecipeError("This JSON is no recipe of this bot: it is not an object.")
    return document


def _is_deeper(value: Any, depth: int) -> bool:  # noqa: ANN401 - JSON
    """Tell whether lists and objects lie deeper within one another."""
    level = [value]
    for _ in range(depth):
        lists = [each.values() if isinstance(each, dict) else each for each in level]
        level = [item for each in lists for item in each if isinstance(item, (dict, list))]
        if not level:
            return False
    return True


def _shown(value: object) -> str:
    """Return a stranger's value as far as a sentence has room for it."""
    words = str(value)
    return words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…"


def _request_document(request: ImageRequest) -> dict[str, object]:
    """Return what the requester decided; what a variety means is told by the noise itself."""
    return {key: value for key, value in request.to_json().items() if key != _SCALE_KEY}


def _request(document: Mapping[str, Any]) -> ImageRequest:
    try:
        scale = _variety_scale(VARIETY.from_json(document), document.get("variety_noise"))
        return ImageRequest.from_json({**document, _SCALE_KEY: scale})
    except KeyError as error:
        raise RecipeError(f"This JSON is no recipe of this bot: it has no {error}.") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise RecipeError(
            f"The recipe holds a value that cannot be meant: {_shown(error)}."
        ) from error


def _variety_scale(variety: int, recorded: Any) -> int:  # noqa: ANN401 - JSON
    """Return the scale on which the variety is the noise that was recorded."""
    check_variety(variety)
    if variety == 0 or recorded is None:  # also engines without such noise
        return NEWEST_SCALE
    strength, fraction = (
        float(of_type(of_type(recorded, dict)[name], (int, float)))
        for name in ("strength", "fraction")
    )
    scale = scale_of(variety, VarietyNoise(strength=strength, fraction=fraction))
    if scale is None:
        raise RecipeError(
            f"The recipe has variety {variety} with noise of strength {strength:g} on "
            f"{fraction:g} of the values, which this program does not draw: update it."
        )
    return scale


def _pixel_sha256(document: Mapping[str, Any]) -> str:
    value = document.get("pixel_sha256")
    try:
        check_sha256(value)
    except ValueError as error:
        raise RecipeError(
            "This JSON is no recipe of this bot: it has no SHA-256 of the pixels."
        ) from error
    return str(value)


def parameters_text(recipe: Mapping[str, object]) -> str:
    """Return the `parameters` text that image viewers and other generators look for."""
    others = [field for field in FIELDS if field.is_text and recipe.get(field.name)]
    texts = [
        f"{each.noun.capitalize()}: {recipe[each.name]}\n" for each in others if each != PROMPT
    ]
    loras = _adapters_in(recipe)
    tags = "".join(f" <lora:{each['name']}:{each['scale']:g}>" for each in loras)
    return (
        f"{recipe['prompt']}{tags}\n{''.join(texts)}"
        f"Steps: {recipe['num_inference_steps']}, Sampler: Euler, Schedule type: Simple, "
        f"CFG scale: {recipe['guidance_scale']}, Seed: {recipe['seed']}, "
        f"Size: {recipe['width']}x{recipe['height']}, Model: {recipe['model']}"
        f"{_lora_hashes(loras)}"
    )


def _adapters_in(recipe: Mapping[str, object]) -> list[Mapping[str, Any]]:
    adapters = recipe.get("adapters")
    return adapters if isinstance(adapters, list) else []


def _lora_hashes(loras: list[Mapping[str, Any]]) -> str:
    """Return the hashes by which other programs and Civitai find LoRAs (there: AutoV2)."""
    hashes = ", ".join(f"{each['name']}: {each['sha256'][:_SHOWN_HASH]}" for each in loras)
    return f', Lora hashes: "{hashes}"' if hashes else ""
