"""What is known of a recipe that came with a file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum

from bot.domain.jobs import Generation
from bot.domain.recipe import Recipe, recipe_sha256, recipe_text_of
from bot.domain.signature import Proof, SigningKey


class Verdict(StrEnum):
    """Who wrote a recipe, from the strongest proof to none."""

    SIGNED = "signed"  # this installation
    KEPT = "kept"  # this installation: the database has it
    ALTERED = "altered"  # not this installation, whose signature it claims to bear
    OTHER_KEY = "other_key"  # another installation, or this one with a key that is lost
    CONSISTENT = "consistent"  # anybody: only its own hash fits
    UNHASHED = "unhashed"  # anybody: it is of the first version, which had no hash

    @property
    def is_proven(self) -> bool:
        """Tell whether this installation wrote it beyond doubt."""
        return self in {Verdict.SIGNED, Verdict.KEPT}


def verdict(recipe: Recipe, kept: Iterable[Generation], key: SigningKey | None) -> Verdict:
    """Judge a recipe by its signature and by the images of the database with its pixels."""
    proof = recipe.proof(key)
    if proof is Proof.SIGNED:
        return Verdict.SIGNED
    if any(recipe_sha256(json.loads(recipe_text_of(each))) == recipe.sha256 for each in kept):
        return Verdict.KEPT
    if proof is not Proof.NONE:
        return Verdict(proof.value)
    return Verdict.CONSISTENT if recipe.has_hash else Verdict.UNHASHED
