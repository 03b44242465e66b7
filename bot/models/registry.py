"""The models that have a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.models.manifests import read_manifest

DEMO: Final = "demo"
_MANIFESTS: Final = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class HubModel:
    """A model the hubs offer, and what its files must be.

    Attributes:
        manifest: Relative path -> MD5 in hexadecimal.
        size_bytes: Of all files together, to refuse a disk that is too small.

    """

    model_id: str
    manifest: Mapping[str, str]
    size_bytes: int


def hub_models() -> dict[str, HubModel]:
    """Return the models that can be downloaded, by name."""
    turbo = HubModel(
        model_id="Tongyi-MAI/Z-Image-Turbo",
        manifest=read_manifest(_MANIFESTS / "Z-Image-Turbo.md5"),
        size_bytes=33_000_000_000,  # as the hubs list it; the transformer is stored in float32
    )
    return {turbo.model_id: turbo}


def hub_model(name: str) -> HubModel | None:
    """Return the model of that name, in upper or lower case, with a slash behind it or without."""
    known = {model.model_id.casefold(): model for model in hub_models().values()}
    return known.get(plain_name(name).casefold())


def plain_name(name: str) -> str:
    """Take spaces around a name or path off, and slashes behind it."""
    return name.strip().rstrip("/\\") or name.strip()
