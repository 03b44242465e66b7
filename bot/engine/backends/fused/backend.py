"""The fused backend: text encoder, transformer and decoder, written for one device."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import torch
from torch import nn

from bot.engine.backends.fused.attention import attentions
from bot.engine.backends.fused.control import Guide
from bot.engine.backends.fused.decoder import FusedDecoder, can_decode
from bot.engine.backends.fused.decoder_ops import DecoderOps
from bot.engine.backends.fused.graphs import Graphs
from bot.engine.backends.fused.offload import Layers, StagingBuffers
from bot.engine.backends.fused.quantised import choose_shrink, description
from bot.engine.backends.fused.text_encoder import FusedTextEncoder
from bot.engine.backends.fused.transformer import Conditioning, FusedTransformer, filled
from bot.engine.backends.fused.transformer_ops import TorchTransformerOps, TransformerOps
from bot.engine.backends.reference import Velocity
from bot.engine.control.guidance import MapLatent
from bot.engine.placement import Placement

logger = logging.getLogger(__name__)

_TEXT_MULTIPLE: Final = 32  # tokens a text is filled up to, so that few graphs serve all prompts
_GRAPH_TOKENS: Final = 6144  # above, launching is never the limit and a graph's memory is large


class FusedBackend:
    """Text, denoising and decoding with shared weights.

    Args:
        transformer: A loaded `ZImageTransformer2DModel`, wherever it is.
        vae: An `AutoencoderKL` on the device.
        dtype: Of the weights.
        precision: full, fp8, int8 or int4.
        placement: What stays on the device.

    Attributes:
        decoder: Takes the place of the autoencoder's; None where its own is as fast.

    """

    def __init__(
        self,
        transformer: Any,
        vae: Any,
        *,
        dtype: torch.dtype,
        precision: str = "full",
        placement: Placement | None = None,
    ) -> None:
        """Take the transformer's weights and choose kernels."""
        self._device: torch.device = vae.device
        self._precision, self._shrink = precision, choose_shrink(precision)
        self._placement: Placement | None = placement or Placement()
        self._staging = StagingBuffers(self._device)
        self._operations = choose_operations(self._device, quantised=precision == "fp8")
        self._attentions = attentions(self._device, dtype)
        self._attention, attend = next(iter(self._attentions.items()))
        self._transformer = FusedTransformer(
            transformer,
            self._operations,
            attend,
            staging=self._staging,
            placement=self._placement,
            shrink=self._shrink,
        )
        self._plain = choose_operations(self._device, quantised=False)
        self._text: FusedTextEncoder | None = None
        self._graphs = Graphs(self._device)
        self._graphs.use(if_possible=placement is None or placement.graphs)
        self._reserve()
        self.decoder: nn.Module | None = None
        if self._plain.name != TorchTransformerOps.name and can_decode(vae.decoder):
            self.decoder = FusedDecoder(vae.decoder, _triton_cells(self._device), self._graphs)

    @property
    def conditions(self) -> dict[str, object]:
        """Return what a recipe records of it."""
        return {
            "path": "fast",
            "attention": self._attention,
            "kernels": self._operations.name,
            "quantization": description(self._precision),
        }

    def attend_with(self, name: object) -> None:
        """Use the attention kernel that recipes know by this name, else the usual one."""
        self._attention = name if name in self._attentions else next(iter(self._attentions))
        self._transformer.attend = self._attentions[self._attention]

    def take_control(self, network: Any) -> None:
        """Take the weights of a loaded `ZImageControlNetModel`, wherever it is."""
        plan = self._placement or Placement()
        self._transformer.take_control(network, plan.control)
        self._reserve()

    def take_text(self, model: Any) -> None:
        """Take the weights of a loaded `Qwen3Model`, wherever it is."""
        self._text = FusedTextEncoder(
            model,
            self._plain,
            staging=self._staging,
            placement=self._placement,
            # 8-bit floats are for the long rows of images; a text takes no time.
            shrink=None if self._precision == "fp8" else self._shrink,
        )
        self._reserve()

    def settle(self, placement: Placement) -> None:
        """Move weights, where they are not where this plan wants them; the results stay the same.

        Graphs read weights where they were, so they are recorded again.
        """
        if placement == self._placement:
            return
        self._placement = None  # until all is there: memory may run out on the way
        transformer, text = self._transformer, self._text
        self._graphs.forget()
        self._graphs.use(if_possible=placement.graphs)
        _keep(transformer.layers, placement.blocks)
        _keep(transformer.readers, placement.readers)
        if transformer.control is not None:
            _keep(transformer.control.layers, placement.control)
        if text is not None:
            _keep(text.layers, placement.text_layers)
            text.keep_table(here=placement.table)
        self._reserve()
        self._placement = placement

    def _reserve(self) -> None:
        self._staging.reserve(max(each.largest for each in self._stacks()))

    def _stacks(self) -> list[Layers]:
        stacks = [self._transformer.layers, self._transformer.readers]
        stacks += [] if self._text is None else [self._text.layers]
        control = self._transformer.control
        return stacks + ([] if control is None else [control.layers])

    def forget(self) -> None:
        """Let nothing that is on its way to the device be used: weights are about to change."""
        self._staging.forget()

    def write(self, linear: nn.Module, values: torch.Tensor) -> bool:
        """Write the weight of one linear layer; False if it is in no block or layer here."""
        return any(stack.write(linear, values) for stack in self._stacks())

    def reread(self) -> None:
        """Read again what was computed from weights that have changed; graphs stay valid."""
        self._transformer.reread()
        if self._text is not None:
            self._text.reread()

    @property
    def shares_all(self) -> bool:
        """Tell whether the networks it was made of can still draw by themselves."""
        plan = self._placement
        is_here = plan is not None and plan == Placement(graphs=plan.graphs)
        return is_here and self._precision == "full"

    def unrecorded(self) -> AbstractContextManager[None]:
        """Give back the memory of recorded graphs, and record none meanwhile."""
        return self._graphs.unused()

    @torch.inference_mode()
    def encode(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the states (tokens, hidden size) of token ids (tokens,).

        A causal encoder gives a token the same state whatever follows it.
        """
        assert self._text is not None
        tokens = len(ids)
        if self._device.type == "cuda":
            ids = torch.nn.functional.pad(ids, (0, -tokens % _TEXT_MULTIPLE))
        embeddings = self._text.embed(ids)
        return self._graphs.run(("text", len(ids)), self._text.states, embeddings)[:tokens]

    def velocity(
        self,
        embedding: torch.Tensor,
        sigmas: Sequence[float],
        *,
        height: int,
        width: int,
        control: MapLatent | None = None,
    ) -> Velocity:
        """Return a function of latents (1, channels, height, width) and step: d latents / d sigma.

        Args:
            embedding: (tokens, hidden size).
            sigmas: The noise level of each step.
            height: In latent cells.
            width: Likewise.
            control: What steers the image, on the device.

        """
        transformer = self._transformer
        steps = transformer.steps(sigmas)
        reading = transformer.reading(self._refined(embedding), height=height, width=width)
        guides = () if control is None else self._guides(control, sigmas, reading)

        def at(latents: torch.Tensor, i: int) -> torch.Tensor:
            return transformer.velocity(latents, steps[i], reading, guides[i] if guides else None)

        if len(reading.both.cos) > _GRAPH_TOKENS or (guides and not self._can_record_control):
            return at

        def forward(
            latents: torch.Tensor, step: torch.Tensor, caption: torch.Tensor, *rest: torch.Tensor
        ) -> torch.Tensor:
            guide = Guide(*rest) if rest else None
            return transformer.velocity(latents, step, reading.with_caption(caption), guide)

        def replayed(latents: torch.Tensor, i: int) -> torch.Tensor:
            key = (
                "velocity", self._attention, height, width, len(reading.caption), bool(guides)
            )  # fmt: skip
            guide = guides[i] if guides else ()
            return self._graphs.run(key, forward, latents, steps[i], reading.caption, *guide)

        return replayed

    @property
    def _can_record_control(self) -> bool:
        control = self._transformer.control
        return control is not None and not control.layers.streams

    def _guides(
        self, control: MapLatent, sigmas: Sequence[float], reading: Conditioning
    ) -> list[Guide]:
        """Return what the control network reads at each step."""
        context = self._transformer.context(control.latent, reading)
        scale = torch.tensor(control.scale, device=self._device)
        steps = self._transformer.control_steps(sigmas)
        return [Guide(context=context, step=each, scale=scale) for each in steps]

    def _refined(self, embedding: torch.Tensor) -> torch.Tensor:
        """Return the caption (length, dim) of a prompt's (tokens, hidden size)."""
        whole, is_token = filled(embedding)
        rotation = self._transformer.rotation(len(whole))

        def refine(embedding: torch.Tensor, is_token: torch.Tensor) -> torch.Tensor:
            return self._transformer.refine(embedding, is_token, rotation)

        return self._graphs.run(("caption", self._attention, len(whole)), refine, whole, is_token)


def _keep(layers: Layers, count: int | None) -> None:
    layers.keep(len(layers) if count is None else count)


def choose_operations(device: torch.device, *, quantised: bool) -> TransformerOps:
    """Return Triton's kernels where they can run, else torch's own operations."""
    if device.type == "cuda" and importlib.util.find_spec("triton"):
        try:
            from bot.engine.backends.fused.triton_transformer_ops import TritonTransformerOps  # noqa: PLC0415 - not everywhere

            operations = TritonTransformerOps(quantised=quantised)
            operations.norm(torch.ones((1, 16), device=device), torch.ones(16, device=device), 1e-6)
        except Exception as error:  # noqa: BLE001 - no compiler, no driver: Triton has its own errors
            logger.warning(
                "Triton's kernels cannot be built (%s): drawing is slower without; they need a C "
                "compiler, for example `apt install gcc`",
                str(error).splitlines()[0] if str(error) else type(error).__name__,
            )
        else:
            return operations
    return TorchTransformerOps()


def _triton_cells(device: torch.device) -> DecoderOps:
    from bot.engine.backends.fused.triton_decoder_ops import TritonDecoderOps  # noqa: PLC0415 - not everywhere

    return TritonDecoderOps(device)
