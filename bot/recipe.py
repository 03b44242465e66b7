"""The recipe of an image: everything that made it, as JSON values, and as text other tools read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.engines import Drawing
from bot.generation import GenerationRequest

RECIPE_VERSION: Final = 1


def make_recipe(request: GenerationRequest, drawing: Drawing) -> dict[str, object]:
    """Return what was asked for, the conditions it was drawn under, and the hash of the pixels."""
    return {
        "version": RECIPE_VERSION,
        "prompt": request.prompt,
        "seed": request.seed,
        "width": request.size.width,
        "height": request.size.height,
        "quality": request.quality.value,
        "guidance_scale": request.guidance_scale,
        "variety": request.variety,
        **drawing.conditions,
        "pixel_sha256": drawing.image.pixel_sha256,
    }


def parameters_text(recipe: Mapping[str, object]) -> str:
    """Return the `parameters` text that image viewers and other generators look for."""
    return (
        f"{recipe['prompt']}\n"
        f"Steps: {recipe['num_inference_steps']}, Sampler: Euler, Schedule type: Simple, "
        f"CFG scale: {recipe['guidance_scale']}, Seed: {recipe['seed']}, "
        f"Size: {recipe['width']}x{recipe['height']}, Model: {recipe['model']}"
    )
