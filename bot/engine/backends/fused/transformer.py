"""The transformer of Z-Image over the weights of diffusers' `ZImageTransformer2DModel`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses

from bot.engine.backends.fused.attention import Attend
from bot.engine.backends.fused.blocks import ROWS, TransformerBlock
from bot.engine.backends.fused.offload import Layers, StagingBuffers, going
from bot.engine.backends.fused.quantised import Shrink
from bot.engine.backends.fused.transformer_ops import Rotation, Rows, TransformerOps, linear
from bot.engine.backends.fused.weights import Matrices, fused_layer
from bot.engine.placement import Placement

_MULTIPLE: Final = 32  # tokens: image and caption are each filled up to it with learned tokens
_PATCH: Final = 2  # latent cells a side
_KEPT: Final = 32  # rotary tables (sizes x caption lengths)
# Of grids of sigmas, together: 2 MB each at full size. Z-Image has up to 50 steps a grid.
_KEPT_STEPS: Final = 288


@dataclass(frozen=True, kw_only=True)
class Conditioning:
    """What a prompt and a size decide: the same at every step.

    Attributes:
        caption: (caption tokens, dim), behind its refiners.
        image: Rotary embeddings of the image's tokens.
        both: Those of image and caption.

    """

    caption: torch.Tensor
    image: Rotation
    both: Rotation

    def with_caption(self, caption: torch.Tensor) -> Conditioning:
        """Return the same for another caption of this length."""
        return replace(self, caption=caption)


class FusedTransformer:
    """The same function as the reference, with as little as possible around its products.

    Args:
        transformer: A loaded `ZImageTransformer2DModel`, wherever it is; its weights are shared,
            and moved to the device block by block.
        operations: The work between the products.
        attend: Attention of unmasked heads.
        staging: Where what does not stay on the device is copied to.
        placement: What stays there; all where there is none.
        shrink: What brings the blocks' weights to fewer bits, which takes the reference away.

    Attributes:
        readers: The matrices of the blocks that refine a caption.
        layers: Those of the blocks that run at every step.
        attend: Attention of unmasked heads.

    """

    def __init__(
        self,
        transformer: Any,
        operations: TransformerOps,
        attend: Attend,
        *,
        staging: StagingBuffers | None = None,
        placement: Placement | None = None,
        shrink: Shrink | None = None,
    ) -> None:
        """Take the weights, block by block."""
        self._source, self._operations, self.attend = transformer, operations, attend
        staging = staging or StagingBuffers(transformer.device)
        self._device = staging.device  # the networks follow, part by part
        _move_but(transformer, ("noise_refiner", "context_refiner", "layers"), self._device)
        self.readers, self.layers = Layers(staging, shrink), Layers(staging, shrink)
        plan = placement or Placement()

        def taken(
            blocks: Sequence[Any], layers: Layers, kept: int | None
        ) -> list[TransformerBlock]:
            leaving = going(len(blocks), 0 if kept is None else len(blocks) - kept)
            return [
                self._take(block, layers, shrink, stays=i not in leaving)
                for i, block in enumerate(blocks)
            ]

        self._read_by = taken(transformer.context_refiner, self.readers, plan.readers)
        blocks = (*transformer.noise_refiner, *transformer.layers)
        self._blocks = taken(blocks, self.layers, plan.blocks)
        self._refiners = len(transformer.noise_refiner)
        self._embedder = transformer.all_x_embedder["2-1"]
        self._final = transformer.all_final_layer["2-1"]
        self._steps: OrderedDict[tuple[float, ...], torch.Tensor] = OrderedDict()
        self._rotations: OrderedDict[tuple[int, ...], Rotation] = OrderedDict()

    def _take(
        self, block: Any, layers: Layers, shrink: Shrink | None, *, stays: bool
    ) -> TransformerBlock:
        block.to(self._device)
        attention, feed_forward = block.attention, block.feed_forward
        owners = (
            (attention.to_q, attention.to_k, attention.to_v),
            (attention.to_out[0],),
            (feed_forward.w1, feed_forward.w3),
            (feed_forward.w2,),
        )
        layers.add(fused_layer(owners, shrink), owners, stays=stays)
        return TransformerBlock(block)

    def reread(self) -> None:
        """Read again what was computed from weights that have changed."""
        self._steps.clear()
        for block in (*self._read_by, *self._blocks):
            block.reread()

    @torch.inference_mode()
    def steps(self, sigmas: Sequence[float]) -> torch.Tensor:
        """Return what each noise level decides; kept for the next image on the same grid.

        Returns:
            float32 (steps, rows, dim): four rows for every modulated block, the refiners' first,
            and one for the final norm.

        """
        key = (torch.get_num_threads(), *sigmas)  # on a CPU threads decide how sums are split
        if key not in self._steps:
            self._steps[key] = self._compute_steps(tuple(sigmas))
            while len(self._steps) > 1 and sum(map(len, self._steps.values())) > _KEPT_STEPS:
                self._steps.popitem(last=False)
        return self._steps[key]

    def _compute_steps(self, sigmas: tuple[float, ...]) -> torch.Tensor:
        # The model counts time from noise (0) to image (1).
        times = torch.tensor([1.0 - sigma for sigma in sigmas], dtype=torch.float32)
        source = self._source
        condition = source.t_embedder(times.to(self._device) * source.t_scale)
        condition = condition.to(source.x_pad_token.dtype)  # (steps, 256)
        blocks = [block.modulation(condition) for block in self._blocks]
        final = 1.0 + self._final.adaLN_modulation(condition).float()
        return torch.cat([*blocks, final[:, None]], dim=1)

    @torch.inference_mode()
    def refine(
        self, embedding: torch.Tensor, is_token: torch.Tensor, rotation: Rotation
    ) -> torch.Tensor:
        """Return the refined caption (length, dim) of what `filled` returns."""
        x = self._source.cap_embedder(embedding)
        x = torch.where(is_token, x, self._source.cap_pad_token)
        plain = torch.cat([block.modulation(None)[0] for block in self._read_by])
        return self._run(self._read_by, self.readers.walk(), plain, x, rotation)

    @torch.inference_mode()
    def reading(self, caption: torch.Tensor, *, height: int, width: int) -> Conditioning:
        """Return what all steps read of a refined caption (length, dim) and a size in cells."""
        words = self.rotation(len(caption))
        image = self.rotation(len(caption), height // _PATCH, width // _PATCH)
        return Conditioning(
            caption=caption,
            image=image,
            both=Rotation(
                cos=torch.cat([image.cos, words.cos]),
                sin=torch.cat([image.sin, words.sin]),
                is_interleaved=True,
            ),
        )

    def rotation(self, length: int, rows: int = 0, columns: int = 0) -> Rotation:
        """Return the embeddings of a caption, or of an image behind one; kept for the next."""
        key = (length, rows, columns)
        if key not in self._rotations:
            self._rotations[key] = self._compute_rotation(length, rows, columns)
            if len(self._rotations) > _KEPT:
                self._rotations.popitem(last=False)
        return self._rotations[key]

    def _compute_rotation(self, length: int, rows: int, columns: int) -> Rotation:
        if rows:
            axes = (torch.tensor([length + 1]), torch.arange(rows), torch.arange(columns))
        else:
            axes = (torch.arange(1, length + 1), torch.tensor([0]), torch.tensor([0]))
        places = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).flatten(0, 2)
        padding = torch.zeros((-len(places) % _MULTIPLE, 3), dtype=places.dtype)
        turns = self._source.rope_embedder(torch.cat([places, padding]).to(self._device))
        return Rotation(
            cos=turns.real.contiguous(), sin=turns.imag.contiguous(), is_interleaved=True
        )

    @torch.inference_mode()
    def velocity(
        self, latents: torch.Tensor, step: torch.Tensor, reading: Conditioning
    ) -> torch.Tensor:
        """Return d latents / d sigma, (1, channels, height, width) float32.

        Args:
            latents: (1, channels, height, width) float32.
            step: One of `steps`, (rows, dim).
            reading: Of the prompt, for this size.

        """
        dtype = self._source.x_pad_token.dtype
        patches = _patches(latents.to(dtype))  # (tokens, channels * 4)
        count, length = len(patches), len(reading.image.cos)
        x = self._embedder(patches)
        if length > count:
            x = torch.cat([x, self._source.x_pad_token.expand(length - count, -1)])
        first, cut = self._refiners, ROWS * self._refiners
        walk = self.layers.walk
        x = self._run(self._blocks[:first], walk(stop=first), step[:cut], x, reading.image)
        x = torch.cat([x, reading.caption])
        x = self._run(self._blocks[first:], walk(first), step[cut:-1], x, reading.both)[:count]
        x = F.layer_norm(x.float(), x.shape[-1:], step[-1], None, 1e-6).to(dtype)
        found = _cells(self._final.linear(x), latents.shape)
        return -found.float()

    def _run(
        self,
        blocks: Sequence[TransformerBlock],
        walk: Iterable[Matrices],
        modulation: torch.Tensor,
        x: torch.Tensor,
        rotation: Rotation,
    ) -> torch.Tensor:
        """Run blocks over (tokens, dim), which is changed; norms are joined across their borders.

        Args:
            blocks: At least one.
            walk: The matrices of each.
            modulation: (4 * blocks, dim).
            x: (tokens, dim).
            rotation: Of the tokens.

        """
        operations = self._operations
        vectors = modulation.unbind(0)
        rows: Rows | None = operations.norm(x, vectors[0], blocks[0].eps)
        for i, weights in enumerate(walk):
            block = blocks[i]
            _, gate1, scale2, gate2, *rest = vectors[ROWS * i :]
            attended = self._attention(block, weights, _there(rows), rotation)
            rows = operations.add_norm(x, attended, gate1, scale2, block.eps)
            grown = operations.gate(linear(_there(rows), weights.up))
            following = rest[0] if i + 1 < len(blocks) else None
            rows = operations.add_norm(x, linear(grown, weights.down), gate2, following, block.eps)
        return x

    def _attention(
        self, block: TransformerBlock, weights: Matrices, rows: Rows, rotation: Rotation
    ) -> torch.Tensor:
        qkv = linear(rows, weights.qkv)  # (tokens, 3 * dim)
        self._operations.rotate(qkv, block.heads, rotation)
        q, k, v = qkv.view(len(qkv), 3, block.heads.query, block.heads.size).unbind(1)
        return linear(self._operations.rows(self.attend(q, k, v)), weights.out)


def _move_but(transformer: Any, names: Sequence[str], device: torch.device) -> None:
    """Move everything of a transformer except some of its children."""
    for name, child in transformer.named_children():
        if name not in names:
            child.to(device)
    for parameter in transformer.parameters(recurse=False):
        parameter.data = parameter.data.to(device)


def filled(embedding: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a prompt's (tokens, hidden size) filled up to a multiple, and which rows are tokens.

    So that few lengths, and few graphs, serve all prompts.

    Returns:
        (length, hidden size), and bool (length, 1).

    """
    tokens = len(embedding)
    whole = F.pad(embedding, (0, 0, 0, -tokens % _MULTIPLE))
    return whole, (torch.arange(len(whole), device=whole.device) < tokens)[:, None]


def _there(rows: Rows | None) -> Rows:
    assert rows is not None
    return rows


def _patches(latents: torch.Tensor) -> torch.Tensor:
    """Cut (1, channels, height, width) into (tokens, 2 * 2 * channels)."""
    _, channels, height, width = latents.shape
    cut = latents.view(channels, height // _PATCH, _PATCH, width // _PATCH, _PATCH)
    return cut.permute(1, 3, 2, 4, 0).reshape(-1, _PATCH * _PATCH * channels)


def _cells(patches: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """Put (tokens, 2 * 2 * channels) together as (1, channels, height, width)."""
    _, channels, height, width = shape
    cut = patches.view(height // _PATCH, width // _PATCH, _PATCH, _PATCH, channels)
    return cut.permute(4, 0, 2, 1, 3).reshape(1, channels, height, width)
