"""What steers one image: its map as a latent, and how strongly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from bot.engine.host import to_device


@dataclass(frozen=True, kw_only=True)
class MapLatent:
    """A map as the control network reads it.

    Attributes:
        latent: (1, channels of the network, H/8, W/8) float32.
        scale: What the network's outputs are multiplied by.

    """

    latent: torch.Tensor
    scale: float

    def on(self, device: torch.device) -> MapLatent:
        """Return it on a device."""
        return replace(self, latent=to_device(self.latent, device))
