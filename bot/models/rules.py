"""What can be asked of a model that is on this disk."""

from __future__ import annotations

from bot.domain.requests import ModelRules
from bot.models.model_folder import ModelFiles
from bot.settings import Settings


def model_rules(files: ModelFiles, settings: Settings) -> ModelRules:  # noqa: ARG001 - LORA_DIR is to come
    """Return what can be asked of a model with an operator's settings."""
    return ModelRules(native=files.native)
