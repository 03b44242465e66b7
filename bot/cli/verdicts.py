"""What the command line says about who wrote a recipe."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.domain.recipe import Recipe
from bot.domain.verdict import Verdict, verdict
from bot.errors import BotError
from bot.settings import Settings
from bot.storage import Store

VERDICTS: Final = {
    Verdict.SIGNED: "The recipe is of this installation: it bears its signature.",
    Verdict.KEPT: "The recipe is of this installation: its database has it.",
    Verdict.ALTERED: "The recipe is not of this installation: its signature claims the key of this "
    "one, and is false.",
    Verdict.OTHER_KEY: "The recipe is signed by another installation (or by this one, with a key "
    "that is lost): anybody could have written it.",
    Verdict.CONSISTENT: "The recipe is consistent with itself, but anybody could have written it.",
    Verdict.UNHASHED: "The recipe is of the first version: anybody could have written it.",
}


def verdict_of(recipe: Recipe, settings: Settings) -> Verdict:
    """Judge a recipe outside of an event loop; see `verdict_here`."""
    return asyncio.run(verdict_here(recipe, settings))


async def verdict_here(recipe: Recipe, settings: Settings) -> Verdict:
    """Judge a recipe by the key and the images of this installation, as far as there are any."""
    data = settings.data_dir
    try:
        async with Store(data / "bot.sqlite3", images=data / "images").to_read() as store:
            kept = await store.generations.with_pixels(recipe.pixel_sha256, None)
            return verdict(recipe, kept, store.key)
    except BotError:  # there is no database that could be asked
        return verdict(recipe, [], None)
