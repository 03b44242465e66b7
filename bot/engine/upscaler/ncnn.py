"""Networks in ncnn's file format, computed by torch: a `.param` of layers and a `.bin` of weights.

Only the layers that Real-ESRGAN's networks have. ncnn's documentation describes both files:
https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as nn

_MAGIC: Final = "7767517"
_FLOAT16: Final = 0x01306B47  # marks a layer's weights as half precision
_ARRAY: Final = -23300  # the key of an array is this minus its own
_LEAKY: Final = 2  # a convolution's activation
_INTERPOLATIONS: Final = {1: "nearest", 2: "bilinear", 3: "bicubic"}

Compute = Callable[[Sequence[Tensor]], Tensor]


@dataclass(frozen=True, kw_only=True)
class _Layer:
    inputs: Sequence[str]
    outputs: Sequence[str]
    compute: Compute


class NcnnNetwork:
    """A network of one input and one output."""

    def __init__(
        self, param: str, weights: bytes, *, device: torch.device, dtype: torch.dtype
    ) -> None:
        """Build it; everything in both files is used, or they are refused.

        Raises:
            ValueError: They do not belong together, or have a layer that is not known here.

        """
        lines = [line.split() for line in param.splitlines() if line.strip()]
        if not lines or lines[0] != [_MAGIC]:
            raise ValueError("the list of layers is none of ncnn's")
        reader = _Reader(weights, device=device, dtype=dtype)
        head, *others = lines[2:]
        self._layers = [_layer(words, reader) for words in others]
        if head[0] != "Input" or len(lines) - 2 != int(lines[1][0]):
            raise ValueError(f"{len(lines) - 2} of {lines[1][0]} layers are there")
        reader.check_end()
        self._input, self._output = head[4], self._layers[-1].outputs[0]

    def __call__(self, pixels: Tensor) -> Tensor:
        """Compute (1, 3, H, W) from (1, 3, H, W), values 0 .. 1."""
        blobs = {self._input: pixels}
        for layer in self._layers:
            # Each blob is read once: where several layers need it, a Split gives it further names.
            result = layer.compute([blobs.pop(name) for name in layer.inputs])
            blobs |= dict.fromkeys(layer.outputs, result)
        return blobs[self._output]


class _Reader:
    """Takes the weights of one layer after the other."""

    def __init__(self, content: bytes, *, device: torch.device, dtype: torch.dtype) -> None:
        self._content, self._at = memoryview(bytearray(content)), 0
        self._device, self._dtype = device, dtype

    def kernel(self, *shape: int) -> Tensor:
        """Return the weights of a convolution."""
        flag = int(self._take(1, torch.int32).item())
        if flag not in {0, _FLOAT16}:
            raise ValueError(f"weights of kind {flag:#x} at byte {self._at - 4} are not known here")
        count = torch.Size(shape).numel()
        values = self._take(count, torch.float16 if flag else torch.float32)
        self._at += -self._at % 4
        return self._moved(values).reshape(shape)

    def vector(self, count: int) -> Tensor:
        """Return biases or slopes."""
        return self._moved(self._take(count, torch.float32))

    def check_end(self) -> None:
        """Refuse bytes that no layer took."""
        if self._at != len(self._content):
            raise ValueError(f"{len(self._content) - self._at} bytes of weights are left over")

    def _take(self, count: int, dtype: torch.dtype) -> Tensor:
        start, self._at = self._at, self._at + count * dtype.itemsize
        if self._at > len(self._content):
            raise ValueError(f"the weights end after {len(self._content)} of {self._at} bytes")
        return torch.frombuffer(self._content[start : self._at], dtype=dtype)

    def _moved(self, values: Tensor) -> Tensor:
        return values.to(self._device, self._dtype)


def _layer(words: Sequence[str], reader: _Reader) -> _Layer:
    kind, name, num_inputs, num_outputs = words[0], words[1], int(words[2]), int(words[3])
    if kind not in _KINDS:
        raise ValueError(f"the layer {name} is a {kind}, which is not known here")
    ends, params = 4 + num_inputs, 4 + num_inputs + num_outputs
    return _Layer(
        inputs=words[4:ends],
        outputs=words[ends:params],
        compute=_KINDS[kind](dict(each.split("=") for each in words[params:]), reader),
    )


def _convolution(params: Mapping[str, str], reader: _Reader) -> Compute:
    outputs, side, pad = int(params["0"]), int(params["1"]), int(params.get("4", "0"))
    if params.get("5") != "1" or int(params.get("9", "0")) not in {0, _LEAKY}:
        raise ValueError("a convolution without bias, or with another activation")
    kernel = reader.kernel(outputs, int(params["6"]) // (outputs * side**2), side, side)
    bias = reader.vector(outputs)
    slope = float(_array(params, 10)[0]) if "9" in params else 1.0

    def compute(inputs: Sequence[Tensor]) -> Tensor:
        result = nn.conv2d(inputs[0], kernel, bias, padding=pad)
        return result if slope == 1 else nn.leaky_relu(result, slope, inplace=True)

    return compute


def _prelu(params: Mapping[str, str], reader: _Reader) -> Compute:
    slopes = reader.vector(int(params["0"]))
    return lambda inputs: nn.prelu(inputs[0], slopes)


def _eltwise(params: Mapping[str, str], _: _Reader) -> Compute:
    factors = [float(each) for each in _array(params, 1)]
    if params["0"] != "1" or len(factors) != 2:  # noqa: PLR2004 - a weighted sum of two
        raise ValueError("two values combined otherwise than by a weighted sum")
    return lambda inputs: factors[0] * inputs[0] + factors[1] * inputs[1]


def _interp(params: Mapping[str, str], _: _Reader) -> Compute:
    mode, scale = _INTERPOLATIONS[int(params["0"])], float(params["1"])
    return lambda inputs: nn.interpolate(inputs[0], scale_factor=scale, mode=mode)


def _binary(params: Mapping[str, str], _: _Reader) -> Compute:
    if params.get("0", "0") != "0":
        raise ValueError("two values combined otherwise than by a sum")
    return lambda inputs: inputs[0] + inputs[1]


def _pixel_shuffle(params: Mapping[str, str], _: _Reader) -> Compute:
    factor = int(params["0"])
    return lambda inputs: nn.pixel_shuffle(inputs[0], factor)


def _array(params: Mapping[str, str], key: int) -> Sequence[str]:
    return params[str(_ARRAY - key)].split(",")[1:]


_KINDS: Final[Mapping[str, Callable[[Mapping[str, str], _Reader], Compute]]] = {
    "Convolution": _convolution,
    "PReLU": _prelu,
    "Eltwise": _eltwise,
    "Interp": _interp,
    "BinaryOp": _binary,
    "PixelShuffle": _pixel_shuffle,
    "Split": lambda _params, _reader: lambda inputs: inputs[0],
    "Concat": lambda _params, _reader: lambda inputs: torch.cat(list(inputs), dim=1),
}
