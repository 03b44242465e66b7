"""The control network over the weights of diffusers' `ZImageControlNetModel`.

Its blocks are the transformer's own but for two projections each, so they run on the same kernels,
in the same precision, and stream like them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from bot.engine.backends.fused.blocks import ROWS, TransformerBlock
from bot.engine.backends.fused.offload import Layers
from bot.engine.backends.fused.transformer_ops import Rotation

if TYPE_CHECKING:  # which has one of these
    from bot.engine.backends.fused.transformer import Conditioning, FusedTransformer


class Guide(NamedTuple):
    """What the control network reads at one step, beside image and caption.

    Attributes:
        context: The map's tokens (length, dim).
        step: What the noise level decides, (rows, dim) float32: four rows for every block.
        scale: How strongly it steers, a float32 scalar on the device.

    """

    context: torch.Tensor
    step: torch.Tensor
    scale: torch.Tensor


class FusedControl:
    """What a transformer's blocks are steered by.

    Args:
        transformer: Whose kernels and refiners it uses.
        network: A `ZImageControlNetModel`, whose blocks were taken.
        layers: The matrices of those blocks, refiners first.

    Attributes:
        layers: The same.

    """

    def __init__(self, transformer: FusedTransformer, network: Any, layers: Layers) -> None:
        """Read what is small."""
        self._transformer, self.layers = transformer, layers
        self._sources = (*network.control_noise_refiner, *network.control_layers)
        self._blocks = [TransformerBlock(each) for each in self._sources]
        self._refiners = len(network.control_noise_refiner)
        self._has_hints = network.add_control_noise_refiner is not None
        self._places: Sequence[int] = network.control_layers_places
        self._embedder = network.control_all_x_embedder["2-1"]

    def embed(self, patches: torch.Tensor, padding: torch.Tensor, length: int) -> torch.Tensor:
        """Return the map's tokens (length, dim) from its patches; `padding` fills them up."""
        x = self._embedder(patches)
        return torch.cat([x, padding.expand(length - len(patches), -1)])

    def modulation(self, condition: torch.Tensor) -> torch.Tensor:
        """Return float32 (steps, rows, dim) of a condition (steps, 256)."""
        return torch.cat([block.modulation(condition) for block in self._blocks], dim=1)

    def hints(
        self,
        x: torch.Tensor,
        refined: torch.Tensor,
        guide: Guide,
        reading: Conditioning,
        refiners: torch.Tensor,
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """Yield what is added behind which block, (length + caption, dim), before its scale.

        Args:
            x: The noisy image's tokens (length, dim), as they were before the noise refiners.
            refined: The same behind them.
            guide: What is read at this step.
            reading: Of the prompt, for this size.
            refiners: The modulation of the transformer's noise refiners.

        """
        control, hints = self._read(x, guide, reading)
        seen = refined
        if hints:
            seen = self._transformer.refined_with(x, hints, guide, refiners, reading.image)
        control = torch.cat([control, reading.caption])
        seen = torch.cat([seen, reading.caption])
        for place, i in zip(self._places, range(self._refiners, len(self._blocks)), strict=True):
            control = self._run(i, control, seen, guide, reading.both)
            yield place, self._sources[i].after_proj(control)

    def _read(
        self, x: torch.Tensor, guide: Guide, reading: Conditioning
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return the map's tokens behind their refiners, and what is added to the image's."""
        control, hints = guide.context.clone(), []
        for i in range(self._refiners):
            control = self._run(i, control, x, guide, reading.image)
            if self._has_hints:
                hints.append(self._sources[i].after_proj(control))
        return control, hints

    def _run(
        self, i: int, control: torch.Tensor, seen: torch.Tensor, guide: Guide, rotation: Rotation
    ) -> torch.Tensor:
        if hasattr(self._sources[i], "before_proj"):
            control = self._sources[i].before_proj(control) + seen
        return self._transformer.run(
            self._blocks[i : i + 1],
            self.layers.walk(i, i + 1),
            guide.step[ROWS * i : ROWS * (i + 1)],
            control,
            rotation,
        )
