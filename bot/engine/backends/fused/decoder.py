"""The decoder of diffusers' `AutoencoderKL`, channels last, with one pass between convolutions."""

from __future__ import annotations

import copy
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses
from torch import nn

from bot.engine.backends.fused.decoder_ops import DecoderOps, DeferredAdd
from bot.engine.backends.fused.graphs import Graphs

_GRAPH_CELLS: Final = 128 * 128  # of the latent; above, launching is never the limit


def can_decode(decoder: nn.Module) -> bool:
    """Tell whether the kernels fit a decoder: its norms' channels and groups are powers of two."""
    norms = [each for each in decoder.modules() if isinstance(each, nn.GroupNorm)]
    counts = [count for each in norms for count in (each.num_channels, each.num_groups)]
    return all(count & (count - 1) == 0 for count in counts)


class FusedDecoder(nn.Module):
    """Takes the place of a decoder; a copy of its weights lies channels last (0.1 GB)."""

    def __init__(self, decoder: Any, cells: DecoderOps, graphs: Graphs) -> None:
        """Copy the decoder."""
        super().__init__()
        self._decoder = copy.deepcopy(decoder).to(memory_format=torch.channels_last)
        self._cells = cells
        self._graphs = graphs

    def forward(self, sample: torch.Tensor, *_: object) -> torch.Tensor:
        """Return (1, 3, height, width) of a latent (1, channels, height / 8, width / 8)."""
        height, width = sample.shape[2:]
        if height * width > _GRAPH_CELLS:
            return self._decoded(sample)
        return self._graphs.run(("decoder", height, width), self._decoded, sample)

    def _decoded(self, sample: torch.Tensor) -> torch.Tensor:
        decoder = self._decoder
        total = _convolved(decoder.conv_in, sample.contiguous(memory_format=torch.channels_last))
        middle = decoder.mid_block
        total = self._resnet(middle.resnets[0], total)
        for attention, resnet in zip(middle.attentions, middle.resnets[1:], strict=True):
            total = self._resnet(resnet, self._attention(attention, total))
        for block in decoder.up_blocks:
            for resnet in block.resnets:
                total = self._resnet(resnet, total)
            for upsampler in block.upsamplers or ():
                total = _convolved(upsampler.conv, self._cells.doubled(total))
        x = self._cells.normalised(total, decoder.conv_norm_out, silu=True, kept=True)
        found: torch.Tensor = decoder.conv_out(x)
        return found

    def _resnet(self, resnet: Any, total: DeferredAdd) -> DeferredAdd:
        h = self._cells.normalised(total, resnet.norm1, silu=True, kept=True)
        x, bias = total.x, resnet.conv2.bias  # x is the sum by now
        h = self._cells.normalised(_convolved(resnet.conv1, h), resnet.norm2, silu=True, kept=False)
        if resnet.conv_shortcut is not None:
            short = _convolved(resnet.conv_shortcut, x)
            x, bias = short.x, bias.float() + short.bias
        return DeferredAdd(x=x, added=_convolved(resnet.conv2, h).x, bias=bias)

    def _attention(self, attention: Any, total: DeferredAdd) -> DeferredAdd:
        """Let every cell look at all others, one head as wide as there are channels."""
        found = self._cells.normalised(total, attention.group_norm, silu=False, kept=True)
        x = total.x
        _, channels, height, width = x.shape
        rows = found.permute(0, 2, 3, 1).reshape(height * width, channels)
        q, k, v = (layer(rows) for layer in (attention.to_q, attention.to_k, attention.to_v))
        out = attention.to_out[0](self._cells.attended(q, k, v))
        added = out.view(1, height, width, channels).permute(0, 3, 1, 2)
        return DeferredAdd(x=x, added=added)


def _convolved(convolution: nn.Conv2d, x: torch.Tensor) -> DeferredAdd:
    """Convolve without the bias."""
    found = F.conv2d(x, convolution.weight, None, convolution.stride, convolution.padding)
    return DeferredAdd(x=found, bias=convolution.bias)
