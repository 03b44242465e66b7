"""What can be asked of a model that is on this disk."""

from __future__ import annotations

from typing import Final

from bot.domain.loras import LoraFinder
from bot.domain.requests import ModelProfile, ModelRules
from bot.models.control import control_cure, control_file
from bot.models.locations import locate
from bot.models.loras import HASHES_NAME, LoraFolder, ModelWeights
from bot.models.model_folder import ModelFiles
from bot.settings import Settings

_OF_MODEL: Final = "loras"  # in a model's own folder: those that come with it


def located(settings: Settings) -> ModelFiles:
    """Find the model that an operator chose; see `bot.models.locations.locate`.

    Raises:
        ModelFilesError: It is not there, or not right.

    """
    return locate(
        settings.model, model_cache=settings.model_cache, profile=profile_setting(settings)
    )


def profile_setting(settings: Settings) -> ModelProfile | None:
    """Return what an operator says that a folder's weights are; None if they leave it open."""
    return None if settings.model_profile == "auto" else ModelProfile(settings.model_profile)


def model_rules(
    files: ModelFiles, settings: Settings, loras: LoraFinder | None = None
) -> ModelRules:
    """Return what can be asked of a model with an operator's settings.

    Args:
        files: The model.
        settings: Of the operator.
        loras: What finds LoRAs; else a folder that is read when one is asked for.

    Raises:
        ModelFilesError: A setting names weights that are not here.

    """
    return ModelRules(
        native=files.native,
        profile=files.profile,
        loras=loras or lora_folder(files, settings),
        has_control=control_file(files, settings) is not None,
        control_cure=control_cure(files),
    )


def lora_folder(
    files: ModelFiles, settings: Settings, *, reads_when_asked: bool = True
) -> LoraFolder:
    """Return the LoRAs of the operator, and those that come with the model."""
    return LoraFolder(
        settings.lora_folder,
        files.folder / _OF_MODEL,
        hashes=settings.data_dir / HASHES_NAME,
        samples=settings.data_dir / "lora_samples",
        model=ModelWeights(folder=files.folder, revision=files.revision),
        reads_when_asked=reads_when_asked,
    )
