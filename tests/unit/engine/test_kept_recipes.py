"""Recipes of every version that was ever written are drawn again to the pixels they tell of.

The files beside this one are of the demo model, at small sizes; those of version 1 lack all that
was not recorded then. Pixels are promised under the same conditions: elsewhere this is skipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.domain.drawing import DrawTask
from bot.domain.recipe import Recipe, canonical, parse_recipe
from tests.support.sampling import sampled

if TYPE_CHECKING:
    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]

KEPT = sorted((Path(__file__).parent / "recipes").glob("*.json"))
SAMPLE = ("v1-text", "v2-older-variety", "v2-tiles", "v3-guided-variety")
MACHINE = ("cpu_instructions", "device", "diffusers", "torch", "transformers")


def read(path: Path) -> Recipe:
    return parse_recipe(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path",
    sampled(sorted(KEPT, key=lambda path: path.stem not in SAMPLE), first=len(SAMPLE)),
    ids=lambda path: path.stem,
)
def test_a_kept_recipe_is_drawn_to_the_same_pixels(path: Path, demo_engine: ZImageEngine):
    recipe = read(path)
    drawing = demo_engine.draw(DrawTask(request=recipe.request, match=recipe.conditions))
    if drawing.image.pixel_sha256 == recipe.pixel_sha256:
        return
    other = {
        name: (recipe.conditions[name], drawing.conditions[name])
        for name in MACHINE
        if recipe.conditions[name] != drawing.conditions[name]
    }
    if other:
        pytest.skip(f"it was made elsewhere: {other}")
    pytest.fail(f"{path.stem} is another picture")


def test_the_kept_recipes_are_of_every_kind():
    recipes = [read(path) for path in KEPT]
    assert {each.document["version"] for each in recipes} == {1, 2, 3}
    requests = [each.request for each in recipes]
    assert any(each.guidance_scale > 0 for each in requests)
    assert any(each.variety > 0 and not each.has_older_variety for each in requests)
    assert any(each.has_older_variety for each in requests)
    assert len({each.size for each in requests}) > 1
    assert any(each.conditions.get("vae_tiling") for each in recipes)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_kept_recipe_stays_as_it_was_written(path: Path):
    text = path.read_text(encoding="utf-8").strip()
    assert canonical(parse_recipe(text).document) == text
