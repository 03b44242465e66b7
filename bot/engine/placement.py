"""What of a model stays on a GPU and what comes to it when it is needed, by how much room there is.

Only arithmetic: bytes in, a plan out. Nothing in a plan changes an image.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

GIB: Final = 1024**3
MIB: Final = 1024**2

# Values that a denoising step holds for each token, in widths of the transformer: measured on an
# H100 13.0 at 1024 x 1024 and 13.5 at 2048 x 2048; the rest is what the allocator cannot use.
_STEP_ROWS: Final = 15
# Values that decoding holds for each pixel, in channels of the decoder's last block. The fast
# decoder: measured on an H100 6.0. Diffusers' own: 256 channels three times and 128 twice by the
# shapes, and half of that again. Encoding a source holds less: by the shapes four values in as many
# channels, half of what the fast decoder does.
_FAST_DECODE_CHANNELS: Final = 8
_DECODE_CHANNELS: Final = 12
_WORKSPACES: Final = 256 * MIB  # cuBLAS, tables of steps and rotations, the text's own tensors
_CAPTION_TOKENS: Final = 512
_BUFFERS: Final = 2  # blocks on the device that those which come in their turn are copied into
# Values that a controlled step holds for each token beside its own, in widths of the transformer:
# the map's tokens, the image's as the network sees them, and what is about to be added, in float32.
_CONTROL_ROWS: Final = 6
# What the largest recorded graphs hold while they are there: the fused backend records no more.
_GRAPHED_TOKENS: Final = 6144
_GRAPHED_PIXELS: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What stays on the device; None means all of them.

    Attributes:
        blocks: Of the transformer's blocks that run at every step; the others come in turn.
        readers: Of its blocks that refine a caption.
        text_layers: Of the text encoder.
        table: Whether the text encoder's embeddings do; else they are looked up in main memory.
        control: Of the control network's blocks.
        graphs: Whether there is room for recorded CUDA graphs, which read weights where they are:
            none where any come in their turn.

    """

    blocks: int | None = None
    readers: int | None = None
    text_layers: int | None = None
    table: bool = True
    control: int | None = None
    graphs: bool = True


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """How large a model's parts are on the device, in bytes, and how many there are.

    Attributes:
        rest: What always stays: the VAE, and what of the transformer is not in a block's matrices.
        block: The matrices of one of the transformer's blocks.
        text_layer: Those of one layer of the text encoder.
        table: The text encoder's embeddings.
        token: What a denoising step takes for each token.
        pixel: What decoding takes for each pixel.
        tile: Pixels a side of a tile of the VAE.
        controls: The control network's blocks, each as large as one of the transformer's.
        control_token: What a controlled step takes for each token beside `token`.

    """

    rest: int
    block: int
    blocks: int
    readers: int
    text_layer: int
    text_layers: int
    table: int
    token: int
    pixel: int
    tile: int
    controls: int = 0
    control_token: int = 0

    @property
    def weights(self) -> int:
        """Return the bytes of all weights."""
        text = self.table + self.text_layers * self.text_layer
        return self.rest + text + (self.blocks + self.readers + self.controls) * self.block

    @property
    def graphs(self) -> int:
        """Return the bytes that recorded graphs hold beside the weights."""
        return max(_GRAPHED_TOKENS * self.token, _GRAPHED_PIXELS * self.pixel)

    def work(self, *, width: int, height: int, tiled: bool) -> int:
        """Return the bytes that drawing takes beside the weights."""
        tokens = width * height // 256 + _CAPTION_TOKENS  # a token is 16 pixels a side
        decoded = width * height
        if tiled:
            decoded = min(width, self.tile) * min(height, self.tile)
        return max(tokens * self.token, decoded * self.pixel) + _WORKSPACES

    def control_work(self, *, width: int, height: int) -> int:
        """Return the bytes that control takes beside that."""
        return (width * height // 256 + _CAPTION_TOKENS) * self.control_token

    def away(self, plan: Placement) -> int:
        """Return the bytes that a plan keeps in main memory."""
        blocks = _less(self.blocks, plan.blocks) + _less(self.readers, plan.readers)
        blocks += _less(self.controls, plan.control)
        text = _less(self.text_layers, plan.text_layers) * self.text_layer
        return blocks * self.block + text + (0 if plan.table else self.table)


def token_bytes(width: int, itemsize: int) -> int:
    """Return the bytes that a step takes for each token of a transformer of this width."""
    return _STEP_ROWS * width * itemsize


def control_token_bytes(width: int, itemsize: int, *, held: int) -> int:
    """Return the bytes that control takes for each token; `held`: outputs kept at a time."""
    return (_CONTROL_ROWS + held) * width * itemsize


def pixel_bytes(channels: int, itemsize: int, *, is_fast: bool) -> int:
    """Return the bytes that decoding takes for each pixel; `channels` of the last block."""
    return (_FAST_DECODE_CHANNELS if is_fast else _DECODE_CHANNELS) * channels * itemsize


def place(model: Footprint, room: int) -> Placement | None:
    """Return what stays on a device with `room` bytes for weights; None where it cannot be.

    What is used seldom leaves first: the control network, which few images ask for; the embeddings,
    of which a prompt needs a few rows; the text encoder, which a new prompt runs once; then the
    blocks, which every step runs.
    """
    spare = room - model.weights
    if spare >= 0:
        return Placement(graphs=spare >= model.graphs)
    control = None
    if model.controls > _BUFFERS:
        leaving = math.ceil((2 * model.block - spare) / model.block)  # two to copy into
        if leaving <= model.controls:
            spare += (leaving - 2) * model.block
            return Placement(control=model.controls - leaving, graphs=spare >= model.graphs)
        control, spare = 0, spare + (model.controls - 2) * model.block
    spare += model.table
    if spare >= 0:
        return Placement(table=False, control=control, graphs=spare >= model.graphs)
    spare += 0 if control is None else 2 * model.block  # all share two buffers
    buffers = 2 * max(model.text_layer, 0 if control is None else model.block)
    leaving = math.ceil((buffers - spare) / model.text_layer)
    if leaving <= model.text_layers:
        return Placement(
            text_layers=model.text_layers - leaving, table=False, control=control, graphs=False
        )
    spare += model.text_layers * model.text_layer + model.readers * model.block
    leaving = math.ceil((2 * max(model.block, model.text_layer) - spare) / model.block)
    if leaving > model.blocks:
        return None
    blocks = model.blocks - max(0, leaving)
    return Placement(blocks=blocks, readers=0, text_layers=0, table=False, control=0, graphs=False)


LEAST: Final = Placement(blocks=0, readers=0, text_layers=0, table=False, control=0, graphs=False)


def described(model: Footprint, plan: Placement) -> str:
    """Return a plan in one line."""
    away = model.away(plan)
    if not away:
        return f"all weights on the device, {model.weights / GIB:.1f} GiB"
    counts = (
        (plan.blocks, model.blocks, "blocks"),
        (plan.readers, model.readers, "caption refiners"),
        (plan.text_layers, model.text_layers, "layers of the text encoder"),
        (plan.control, model.controls, "blocks of the control network"),
    )
    kept = [
        f"{total if here is None else here} of {total} {name}"
        for here, total, name in counts
        if total
    ]
    return (
        f"on the device stay {', '.join(kept)}; {away / GIB:.1f} GiB come from main memory in "
        "their turn"
    )


def _less(count: int, kept: int | None) -> int:
    return 0 if kept is None else count - kept
