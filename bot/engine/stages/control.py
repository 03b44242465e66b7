"""The control stage: from a map, and from what is kept of a picture, to what the network reads."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses

from bot.domain.drawing import RawImage
from bot.engine.control.guidance import MapLatent
from bot.engine.host import pixels_of
from bot.engine.stages.encode import encode, encode_values, values_of
from bot.engine.stages.start import VAE_SCALE


def map_latent(
    vae: Any,
    picture: RawImage,
    *,
    scale: float,
    channels: int,
    kept: tuple[RawImage, RawImage] | None,
    tiled: bool,
) -> MapLatent:
    """Return a map as a control network of so many channels reads it, on the CPU.

    Behind the map's own latent some networks read where a picture is kept (1) and the picture
    without what is drawn, or zeros.

    Args:
        vae: The autoencoder.
        picture: The map.
        scale: How strongly it steers.
        channels: Of the network.
        kept: A picture and its mask, white where something is drawn.
        tiled: Whether the VAE works in tiles.

    """
    latent = encode(vae, picture, tiled=tiled)
    rest = channels - latent.shape[1]
    if rest:
        beside = latent.new_zeros((1, rest, *latent.shape[2:]))
        if kept is not None:
            beside = _kept(vae, *kept, tiled=tiled)
        latent = torch.cat([latent, beside], dim=1)
    return MapLatent(latent=latent, scale=scale)


def _kept(vae: Any, picture: RawImage, mask: RawImage, *, tiled: bool) -> torch.Tensor:
    drawn = (pixels_of(mask)[..., 0] >= 128).float()[None, None]  # noqa: PLR2004 - (1, 1, H, W)
    values = values_of(vae, picture)
    latent = encode_values(vae, values * (1 - drawn.to(values.device)), tiled=tiled)
    cells = F.interpolate(1 - drawn, scale_factor=1 / VAE_SCALE, mode="nearest")
    return torch.cat([cells, latent], dim=1)
