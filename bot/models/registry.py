"""The models that have a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.domain.requests import ModelProfile
from bot.models.manifests import read_manifest

DEMO: Final = "demo"
_MANIFESTS: Final = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class HubModel:
    """A model the hubs offer, and what its files must be.

    Attributes:
        manifest: Relative path -> MD5 in hexadecimal; empty where nobody published any.
        paths: Of all files that are loaded.
        size_bytes: Of all files together, to refuse a disk that is too small.

    """

    model_id: str
    manifest: Mapping[str, str]
    size_bytes: int
    profile: ModelProfile = ModelProfile.TURBO
    paths: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Take the paths from the manifest, where it has them."""
        object.__setattr__(self, "paths", self.paths or tuple(self.manifest))


def hub_models() -> dict[str, HubModel]:
    """Return the models that can be downloaded, by name."""
    turbo = HubModel(
        model_id=ModelProfile.TURBO.model_id,
        manifest=read_manifest(_MANIFESTS / "Z-Image-Turbo.md5"),
        size_bytes=33_000_000_000,  # as the hubs list it; the transformer is stored in float32
    )
    base = HubModel(
        model_id=ModelProfile.BASE.model_id,
        manifest={},
        paths=_base_paths(turbo),
        size_bytes=20_700_000_000,  # as the hubs list it; all of it is in bfloat16
        profile=ModelProfile.BASE,
    )
    return {each.model_id: each for each in (turbo, base)}


def _base_paths(turbo: HubModel) -> tuple[str, ...]:
    """Return the files of the base model: Turbo's, with a transformer in two pieces."""
    weights = "transformer/diffusion_pytorch_model-0000{}-of-0000{}.safetensors"
    theirs = {weights.format(i, 3) for i in (1, 2, 3)}
    return (
        *(path for path in turbo.paths if path not in theirs),
        *(weights.format(i, 2) for i in (1, 2)),
    )


def hub_model(name: str) -> HubModel | None:
    """Return the model of that name, in upper or lower case, with a slash behind it or without."""
    known = {model.model_id.casefold(): model for model in hub_models().values()}
    return known.get(plain_name(name).casefold())


def plain_name(name: str) -> str:
    """Take spaces around a name or path off, and slashes behind it."""
    return name.strip().rstrip("/\\") or name.strip()
