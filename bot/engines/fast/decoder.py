"""The decoder of diffusers' `AutoencoderKL`, channels last, norms and SiLU in one kernel."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from bot.engines.fast.operations import Operations


class FastDecoder(nn.Module):
    """Takes the place of a decoder; a copy of its weights lies channels last (0.1 GB)."""

    def __init__(self, decoder: Any, operations: Operations) -> None:
        """Copy the decoder."""
        super().__init__()
        self._decoder = copy.deepcopy(decoder).to(memory_format=torch.channels_last)
        self._operations = operations

    def forward(self, sample: torch.Tensor, *_: object) -> torch.Tensor:
        """Return (1, 3, height, width) of a latent (1, channels, height / 8, width / 8)."""
        decoder = self._decoder
        x = decoder.conv_in(sample.contiguous(memory_format=torch.channels_last))
        x = self._resnet(decoder.mid_block.resnets[0], x)
        for attention, resnet in zip(
            decoder.mid_block.attentions, decoder.mid_block.resnets[1:], strict=True
        ):
            x = attention(x).contiguous(memory_format=torch.channels_last)
            x = self._resnet(resnet, x)
        for block in decoder.up_blocks:
            for resnet in block.resnets:
                x = self._resnet(resnet, x)
            for upsampler in block.upsamplers or ():
                x = upsampler(x)
        found: torch.Tensor = decoder.conv_out(self._normalised(decoder.conv_norm_out, x))
        return found

    def _resnet(self, resnet: Any, x: torch.Tensor) -> torch.Tensor:
        h = resnet.conv1(self._normalised(resnet.norm1, x))
        h = resnet.conv2(self._normalised(resnet.norm2, h))
        if resnet.conv_shortcut is not None:
            x = resnet.conv_shortcut(x)
        total: torch.Tensor = h.add_(x)
        return total

    def _normalised(self, norm: nn.GroupNorm, x: torch.Tensor) -> torch.Tensor:
        return self._operations.group_norm_silu(
            x, norm.num_groups, norm.weight, norm.bias, norm.eps
        )
