"""The MobileNetV2 of nsfwjs 4.4.0, with its own numbers: five classes of pictures.

`README.md` beside this file tells where the weights come from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import threadpoolctl
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn import functional as nn

CLASSES: Final = ("drawing", "hentai", "neutral", "porn", "sexy")
WEIGHTS: Final = Path(__file__).with_name("nsfwjs-4.4.0.safetensors")
SHA256: Final = "1db0d5fe9ed4047cbf4860196258213ee52e6a15141784dd9b43a7b739792872"
_SIDE: Final = 224  # pixels
_EPSILON: Final = 1e-3
_STRIDED: Final = frozenset({1, 3, 6, 13})  # blocks that halve the sides
_RESIDUAL: Final = frozenset({2, 4, 5, 7, 8, 9, 11, 12, 14, 15})  # blocks that add their input
_BLOCKS: Final = 16  # after the first one, which has no expansion

Layer = tuple[Tensor, Tensor]  # weight and bias, the normalisation folded into both


class MobileNet:
    """The network; single-precision, on the CPU."""

    name: Final = "nsfwjs 4.4.0"

    def __init__(self, path: Path = WEIGHTS) -> None:
        """Read the weights.

        Raises:
            ValueError: They are not those of nsfwjs.
            OSError: They cannot be read.

        """
        weights = _read(path)
        self._stem = _folded(weights, "Conv1/kernel", "bn_Conv1")
        names = ["expanded_conv", *(f"block_{i + 1}" for i in range(_BLOCKS))]
        self._blocks = [_Block(weights, name, number) for number, name in enumerate(names)]
        self._head = _folded(weights, "Conv_1/kernel", "Conv_1_bn")
        self._dense = [
            (weights[f"dense_{i}/kernel"].T.contiguous(), weights[f"dense_{i}/bias"])
            for i in (1, 2, 3)
        ]

    def classify(self, pixels: npt.NDArray[np.uint8]) -> dict[str, float]:
        """Return the probability of each class for pixels (H, W, 3), RGB."""
        torch.get_num_threads()  # sets a new thread's number, which would undo what follows
        with threadpoolctl.threadpool_limits(1, user_api="openmp"):  # for this thread alone
            shares = self._shares(pixels).tolist()
        return dict(zip(CLASSES, shares, strict=True))

    @torch.inference_mode()
    def _shares(self, pixels: npt.NDArray[np.uint8]) -> Tensor:
        x = torch.from_numpy(resized(pixels, _SIDE) / np.float32(255)).permute(2, 0, 1)[None]
        x = x.contiguous(memory_format=torch.channels_last)
        x = nn.relu6(nn.conv2d(nn.pad(x, (0, 1, 0, 1)), *self._stem, stride=2))
        for block in self._blocks:
            x = block(x)
        x = nn.relu6(nn.conv2d(x, *self._head)).mean(dim=(2, 3))
        *hidden, last = self._dense
        for layer in hidden:
            x = nn.relu(nn.linear(x, *layer))
        return nn.linear(x, *last).softmax(dim=1)[0]


class _Block:
    """An inverted residual: wider, each channel by itself, narrower again."""

    def __init__(self, weights: Mapping[str, Tensor], name: str, number: int) -> None:
        self._expand = (
            _folded(weights, f"{name}_expand/kernel", f"{name}_expand_BN") if number else None
        )
        self._depthwise = _folded(
            weights, f"{name}_depthwise/depthwise_kernel", f"{name}_depthwise_BN"
        )
        self._project = _folded(weights, f"{name}_project/kernel", f"{name}_project_BN")
        self._is_strided, self._is_residual = number in _STRIDED, number in _RESIDUAL

    def __call__(self, x: Tensor) -> Tensor:
        y = x if self._expand is None else nn.relu6(nn.conv2d(x, *self._expand))
        padding = (0, 1, 0, 1) if self._is_strided else (1, 1, 1, 1)
        stride, groups = 2 if self._is_strided else 1, y.shape[1]
        y = nn.conv2d(nn.pad(y, padding), *self._depthwise, stride=stride, groups=groups)
        y = nn.conv2d(nn.relu6(y), *self._project)
        return x + y if self._is_residual else y


def resized(pixels: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.float32]:
    """Return pixels as a square, as TensorFlow.js does with aligned corners.

    Only the four neighbours of each new pixel are looked at, so a large picture costs no more.
    """
    top, bottom, down = _neighbours(pixels.shape[0], side)
    left, right, across = _neighbours(pixels.shape[1], side)
    at_left, at_right = (
        _between(
            pixels[top[:, None], columns], pixels[bottom[:, None], columns], down[:, None, None]
        )
        for columns in (left, right)
    )
    return _between(at_left, at_right, across[None, :, None])


def _between(
    first: npt.NDArray[np.generic],
    second: npt.NDArray[np.generic],
    how_far: npt.NDArray[np.float32],
) -> npt.NDArray[np.float32]:
    start = first.astype(np.float32)
    return start + (second.astype(np.float32) - start) * how_far


def _neighbours(
    length: int, side: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Return for each new place the one before it, the one after it, and how far it is between."""
    places = np.arange(side, dtype=np.float32) * np.float32((length - 1) / (side - 1))
    before = np.floor(places).astype(np.intp)
    return before, np.minimum(before + 1, length - 1), places - before.astype(np.float32)


def _read(path: Path) -> dict[str, Tensor]:
    """Return the weights by their names in nsfwjs, as single-precision numbers."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{path.name} is damaged")
    try:
        with safe_open(path, framework="pt") as file:
            quantisation = json.loads(file.metadata()["quantisation"])
            return {
                name: file.get_tensor(name).float() * scale + least
                for name, (least, scale) in quantisation.items()
            }
    except SafetensorError as error:
        raise ValueError(f"{path.name} is damaged") from error


def _folded(weights: Mapping[str, Tensor], kernel: str, norm: str) -> Layer:
    """Return a convolution (out, in, height, width) with the normalisation that follows it."""
    gamma, beta, mean, variance = (
        weights[f"{norm}/{each}"] for each in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    factor = gamma / torch.sqrt(variance + _EPSILON)
    # TensorFlow's: (height, width, in, out), where each channel is by itself (height, width, in, 1)
    order = (2, 3, 0, 1) if kernel.endswith("depthwise_kernel") else (3, 2, 0, 1)
    weight = weights[kernel].permute(*order) * factor[:, None, None, None]
    return weight.contiguous(memory_format=torch.channels_last), beta - mean * factor
