"""The transformer of Z-Image over the weights of diffusers' `ZImageTransformer2DModel`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody uses

from bot.engine.backends.fused.attention import Attend
from bot.engine.backends.fused.blocks import ROWS, TransformerBlock
from bot.engine.backends.fused.control import FusedControl, Guide
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
        control: What steers the blocks, once it was taken.

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
        self._staging, self._shrink = staging, shrink
        plan = placement or Placement()
        self._take(transformer.context_refiner, self.readers, plan.readers)
        self._read_by = [TransformerBlock(each) for each in transformer.context_refiner]
        blocks = (*transformer.noise_refiner, *transformer.layers)
        self._take(blocks, self.layers, plan.blocks)
        self._blocks = [TransformerBlock(each) for each in blocks]
        self._refiners = len(transformer.noise_refiner)
        self._embedder = transformer.all_x_embedder["2-1"]
        self._final = transformer.all_final_layer["2-1"]
        self.control: FusedControl | None = None
        self._steps: OrderedDict[tuple[object, ...], torch.Tensor] = OrderedDict()
        self._rotations: OrderedDict[tuple[int, ...], Rotation] = OrderedDict()

    def _take(self, blocks: Sequence[Any], layers: Layers, kept: int | None) -> None:
        leaving = going(len(blocks), 0 if kept is None else len(blocks) - kept)
        for i, block in enumerate(blocks):
            block.to(self._device)
            attention, feed_forward = block.attention, block.feed_forward
            owners = (
                (attention.to_q, attention.to_k, attention.to_v),
                (attention.to_out[0],),
                (feed_forward.w1, feed_forward.w3),
                (feed_forward.w2,),
            )
            layers.add(fused_layer(owners, self._shrink), owners, stays=i not in leaving)

    def take_control(self, network: Any, kept: int | None) -> None:
        """Take the weights of a `ZImageControlNetModel`; so many of its blocks stay here."""
        _move_but(network, ("control_noise_refiner", "control_layers"), self._device)
        layers = Layers(self._staging, self._shrink)
        self._take((*network.control_noise_refiner, *network.control_layers), layers, kept)
        self.control = FusedControl(self, network, layers)

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

        def compute() -> torch.Tensor:
            condition = self._condition(sigmas)
            blocks = [block.modulation(condition) for block in self._blocks]
            final = 1.0 + self._final.adaLN_modulation(condition).float()
            return torch.cat([*blocks, final[:, None]], dim=1)

        return self._kept_steps(("main", *sigmas), compute)

    @torch.inference_mode()
    def control_steps(self, sigmas: Sequence[float]) -> torch.Tensor:
        """Return the same for the control network's blocks: float32 (steps, rows, dim)."""
        control = self.control
        assert control is not None
        return self._kept_steps(
            ("control", *sigmas), lambda: control.modulation(self._condition(sigmas))
        )

    def _kept_steps(
        self, key: tuple[object, ...], compute: Callable[[], torch.Tensor]
    ) -> torch.Tensor:
        key = (torch.get_num_threads(), *key)  # on a CPU threads decide how sums are split
        if key not in self._steps:
            self._steps[key] = compute()
            while len(self._steps) > 1 and sum(map(len, self._steps.values())) > _KEPT_STEPS:
                self._steps.popitem(last=False)
        return self._steps[key]

    def _condition(self, sigmas: Sequence[float]) -> torch.Tensor:
        """Return what noise levels are to every block, (steps, 256)."""
        # The model counts time from noise (0) to image (1).
        times = torch.tensor([1.0 - sigma for sigma in sigmas], dtype=torch.float32)
        source = self._source
        condition: torch.Tensor = source.t_embedder(times.to(self._device) * source.t_scale)
        return condition.to(source.x_pad_token.dtype)

    @torch.inference_mode()
    def refine(
        self, embedding: torch.Tensor, is_token: torch.Tensor, rotation: Rotation
    ) -> torch.Tensor:
        """Return the refined caption (length, dim) of what `filled` returns."""
        x = self._source.cap_embedder(embedding)
        x = torch.where(is_token, x, self._source.cap_pad_token)
        plain = torch.cat([block.modulation(None)[0] for block in self._read_by])
        return self.run(self._read_by, self.readers.walk(), plain, x, rotation)

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
    def context(self, latents: torch.Tensor, reading: Conditioning) -> torch.Tensor:
        """Return the tokens (length, dim) of a map's latent, (1, channels, height, width)."""
        assert self.control is not None
        padding = self._source.x_pad_token
        return self.control.embed(
            _patches(latents.to(padding.dtype)), padding, len(reading.image.cos)
        )

    @torch.inference_mode()
    def velocity(
        self,
        latents: torch.Tensor,
        step: torch.Tensor,
        reading: Conditioning,
        guide: Guide | None = None,
    ) -> torch.Tensor:
        """Return d latents / d sigma, (1, channels, height, width) float32.

        Args:
            latents: (1, channels, height, width) float32.
            step: One of `steps`, (rows, dim).
            reading: Of the prompt, for this size.
            guide: What the control network reads, if it is to steer.

        """
        dtype = self._source.x_pad_token.dtype
        patches = _patches(latents.to(dtype))  # (tokens, channels * 4)
        count, length = len(patches), len(reading.image.cos)
        x = self._embedder(patches)
        if length > count:
            x = torch.cat([x, self._source.x_pad_token.expand(length - count, -1)])
        noisy = None if guide is None else x.clone()
        cut = ROWS * self._refiners
        x = self._refined(x, step[:cut], reading.image)
        if guide is None or noisy is None:
            x = self._main(torch.cat([x, reading.caption]), step[cut:-1], reading.both)
        else:
            x = self._steered(x, noisy, step, reading, guide)
        x = F.layer_norm(x[:count].float(), x.shape[-1:], step[-1], None, 1e-6).to(dtype)
        found = _cells(self._final.linear(x), latents.shape)
        return -found.float()

    def _steered(
        self,
        x: torch.Tensor,
        noisy: torch.Tensor,
        step: torch.Tensor,
        reading: Conditioning,
        guide: Guide,
    ) -> torch.Tensor:
        """Run the main blocks with what the control network adds behind some of them.

        Args:
            x: The image's tokens behind the noise refiners.
            noisy: Those before.
            step: One of `steps`.
            reading: Of the prompt.
            guide: What the control network reads.

        """
        assert self.control is not None
        start, cut = 0, ROWS * self._refiners
        modulation = step[cut:-1]
        hints = self.control.hints(noisy, x, guide, reading, step[:cut])
        if self.control.layers.streams:
            # One behind the other, so that their copies come in order; else a hint at a time.
            hints = iter(list(hints))
        x = torch.cat([x, reading.caption])
        for place, hint in hints:
            x = self._main(x, modulation, reading.both, start=start, stop=place + 1)
            _add(x, hint, guide.scale)
            start = place + 1
        return self._main(x, modulation, reading.both, start=start)

    def refined_with(
        self,
        x: torch.Tensor,
        hints: Sequence[torch.Tensor],
        guide: Guide,
        modulation: torch.Tensor,
        rotation: Rotation,
    ) -> torch.Tensor:
        """Return image tokens behind the noise refiners, with something added behind each."""
        for i in range(self._refiners):
            x = self._refined(x, modulation, rotation, start=i, stop=i + 1)
            if i < len(hints):
                _add(x, hints[i], guide.scale)
        return x

    def _refined(
        self,
        x: torch.Tensor,
        modulation: torch.Tensor,
        rotation: Rotation,
        *,
        start: int = 0,
        stop: int | None = None,
    ) -> torch.Tensor:
        """Run noise refiners over an image's tokens; `modulation` is that of all of them."""
        stop = self._refiners if stop is None else stop
        return self._through(0, start, stop, modulation, x, rotation)

    def _main(
        self,
        x: torch.Tensor,
        modulation: torch.Tensor,
        rotation: Rotation,
        *,
        start: int = 0,
        stop: int | None = None,
    ) -> torch.Tensor:
        """Run main blocks over image and caption; `modulation` is that of all of them."""
        stop = len(self._blocks) - self._refiners if stop is None else stop
        return self._through(self._refiners, start, stop, modulation, x, rotation)

    def _through(
        self,
        first: int,
        start: int,
        stop: int,
        modulation: torch.Tensor,
        x: torch.Tensor,
        rotation: Rotation,
    ) -> torch.Tensor:
        """Run some of the blocks from `first` on; `modulation` is that of all from there on."""
        return self.run(
            self._blocks[first + start : first + stop],
            self.layers.walk(first + start, first + stop),
            modulation[ROWS * start : ROWS * stop],
            x,
            rotation,
        )

    def run(
        self,
        blocks: Sequence[TransformerBlock],
        walk: Iterable[Matrices],
        modulation: torch.Tensor,
        x: torch.Tensor,
        rotation: Rotation,
    ) -> torch.Tensor:
        """Run blocks over (tokens, dim), which is changed; norms are joined across their borders.

        Args:
            blocks: None are no change.
            walk: The matrices of each.
            modulation: (4 * blocks, dim).
            x: (tokens, dim).
            rotation: Of the tokens.

        """
        if not blocks:
            return x
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


def _add(x: torch.Tensor, hint: torch.Tensor, scale: torch.Tensor) -> None:
    """Add what control says to `x` in place, rounded once; a scale in 16 bits would be another."""
    x.add_(hint.float().mul_(scale))


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
