"""The upscaler: pixels in, 2 or 4 times as many each way out, tile by tile.

A tile is computed with a margin that is cut off, so no seam shows; tiles are the same on every
device, as they decide the last bits.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import torch
from torch.nn import functional as nn

from bot.domain.drawing import RawImage
from bot.engine.host import pixels_of
from bot.engine.upscaler.ncnn import NcnnNetwork
from bot.engine.upscaler.weights import (
    LARGE,
    MODELS,
    PACKAGE,
    SMALL,
    MissingWeightsError,
    UpscalerModel,
    read_files,
)
from bot.errors import BadImageError

TILE: Final = 256  # pixels of the source, a side
MARGIN: Final = 32  # pixels around it; the small network sees 18 far
_NEAR: Final = 9  # pixels of the source, a side of what its colours are compared in
_MIRRORED: Final = 8  # pixels beyond the picture: what the networks take for black would darken it


class Upscaler:
    """The networks on one device, each loaded when it is first used."""

    def __init__(self, device: torch.device, *, folder: Path | None = None) -> None:
        """`folder` has the weights, if the package is not to be asked."""
        self._device, self._folder = device, folder
        # The weights are half precision; on a CPU that would be slower.
        self._dtype = torch.float16 if device.type == "cuda" else torch.float32
        self._networks: dict[str, NcnnNetwork] = {}

    def model(self, recorded: object = None) -> UpscalerModel:
        """Return the model that a recipe names, else the best one that is quick on this device."""
        name = recorded.get("model") if isinstance(recorded, dict) else None
        return MODELS.get(str(name)) or (LARGE if self._device.type == "cuda" else SMALL)

    def conditions(self, model: UpscalerModel) -> dict[str, Any]:
        """Return what a recipe records of it."""
        return {
            "model": model.name,
            "sha256": model.bin_sha256,
            "package": f"{PACKAGE} {importlib.metadata.version(PACKAGE)}",
            "dtype": str(self._dtype).removeprefix("torch."),
            "tile": [TILE, MARGIN],
        }

    @torch.inference_mode()
    def enlarge(
        self,
        picture: RawImage,
        factor: int,
        *,
        model: UpscalerModel,
        before_tile: Callable[[], None] = lambda: None,
        after_tile: Callable[[], None] = lambda: None,
    ) -> RawImage:
        """Return the picture, `factor` (2 or 4) times as large each way.

        Args:
            picture: What is enlarged.
            factor: By how much.
            model: By which network.
            before_tile: What it raises ends the work.
            after_tile: Called when a tile is done.

        Raises:
            MissingWeightsError: The weights are not installed, or damaged.
            BadImageError: The network returned no numbers.

        """
        network, own = self._network(model, factor)
        height, width = picture.height, picture.width
        source = pixels_of(picture).permute(2, 0, 1)[None]
        result = torch.empty((height * factor, width * factor, 3), dtype=torch.uint8)
        for rows, columns in tiles(height, width):
            before_tile()
            near_rows, near_columns = _near(rows, height), _near(columns, width)
            tile = source[:, :, _mirrored(near_rows, height)][..., _mirrored(near_columns, width)]
            tile = tile.to(self._device).to(self._dtype) / 255
            large = network(tile)
            if own != factor:
                large = nn.avg_pool2d(large, own // factor)
            large = _in_colours_of(tile, large, factor)
            top = (rows.start - near_rows.start) * factor
            left = (columns.start - near_columns.start) * factor
            place = _times(rows, factor), _times(columns, factor)
            size = place[0].stop - place[0].start, place[1].stop - place[1].start
            kept = large[0, :, top : top + size[0], left : left + size[1]]
            if not torch.isfinite(kept).all():
                raise BadImageError("The upscaler returned no picture (NaN): try it once more.")
            pixels = (kept.clamp(0, 1) * 255).round().to(torch.uint8)
            result[place] = pixels.permute(1, 2, 0).cpu()
            after_tile()
        return RawImage(
            width=width * factor, height=height * factor, pixels=result.numpy().tobytes()
        )

    def _network(self, model: UpscalerModel, factor: int) -> tuple[NcnnNetwork, int]:
        """Return a network and the factor it enlarges by, which may be larger than is wanted."""
        own = factor if factor in model.stems else max(model.stems)
        stem = model.stems[own]
        if stem not in self._networks:
            param, weights = read_files(model, own, self._folder)
            try:
                self._networks[stem] = NcnnNetwork(
                    param, weights, device=self._device, dtype=self._dtype
                )
            except (ValueError, KeyError, IndexError) as error:
                raise MissingWeightsError(
                    f"The upscaler's file {stem} cannot be used ({error}): install {PACKAGE} again."
                ) from error
        return self._networks[stem], own


def num_tiles(height: int, width: int) -> int:
    """Return how many tiles a source has."""
    return math.ceil(height / TILE) * math.ceil(width / TILE)


def tiles(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Yield the rows and columns of each tile of a source."""
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            yield slice(top, min(top + TILE, height)), slice(left, min(left + TILE, width))


def _in_colours_of(source: torch.Tensor, large: torch.Tensor, factor: int) -> torch.Tensor:
    """Give an enlarged picture its source's own colours: the networks are some levels off.

    Both are (1, 3, H, W); what is near every pixel is compared, so no detail is lost.
    """
    large = large.float()
    apart = source.float() - nn.avg_pool2d(large, factor)
    near = nn.avg_pool2d(apart, _NEAR, stride=1, padding=_NEAR // 2, count_include_pad=False)
    return large + nn.interpolate(near, scale_factor=factor, mode="bilinear")


def _near(place: slice, length: int) -> range:
    """Return what of a side of the source is looked at for a part of it."""
    return range(
        max(-_MIRRORED, place.start - MARGIN), min(length + _MIRRORED, place.stop + MARGIN)
    )


def _mirrored(near: range, length: int) -> torch.Tensor:
    places = torch.arange(near.start, near.stop).abs()
    return torch.minimum(places, 2 * (length - 1) - places)


def _times(place: slice, factor: int) -> slice:
    return slice(place.start * factor, place.stop * factor)
