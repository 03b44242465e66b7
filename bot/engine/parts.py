"""A folder of the five parts of a `ZImagePipeline`: how large they are, and where each is put."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)
from torch import nn

from bot.domain.requests import ModelProfile
from bot.engine.adapters.clean import CleanValues
from bot.engine.adapters.library import AdapterLibrary, FindAdapter, no_adapters
from bot.engine.adapters.merge import MergedAdapters
from bot.engine.adapters.shapes import shapes_of_folder
from bot.engine.adapters.weights import ModelWeights
from bot.engine.backends.fused.backend import FusedBackend
from bot.engine.backends.reference import ReferenceBackend, put
from bot.engine.backends.selector import BackendSelector
from bot.engine.checked_model import CheckedModel, load_module
from bot.engine.control.network import CheckedControl, load_control, share_parts
from bot.engine.memory import MemoryPlanner
from bot.engine.placement import (
    Footprint,
    Placement,
    control_token_bytes,
    pixel_bytes,
    token_bytes,
)
from bot.engine.preview import fit_latent_to_rgb
from bot.engine.prompt_encoder import PromptEncoder

# Bytes of a weight, scales included: in 4 bits each 64 share two of two bytes.
_WEIGHT_BYTES: Final = {"fp8": 1.0, "int8": 1.0, "int4": 0.5625}
# Of a block's values, those of its largest matrix, which is made plain for its product, and what
# that takes on the way.
_MADE_PLAIN: Final = 0.45 * 1.5


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """How a model is to be loaded.

    Attributes:
        precision: full, fp8, int8 or int4.
        find_adapter: Finds the files of adapters.
        profile: Whose steps are drawn.

    """

    device: torch.device
    dtype: torch.dtype
    is_fast: bool
    precision: str
    find_adapter: FindAdapter = no_adapters
    profile: ModelProfile = ModelProfile.TURBO


@dataclass(kw_only=True)
class ModelParts:
    """The loaded model.

    Attributes:
        adapters: Those in the weights of its networks.
        control: What is known of the control network; None without one.

    """

    text: PromptEncoder
    backends: BackendSelector
    planner: MemoryPlanner
    transformer: Any
    vae: Any
    scheduler: Any
    adapters: MergedAdapters
    control: CheckedControl | None = None

    @property
    def channels(self) -> int:
        """Return the channels of a latent."""
        channels: int = self.transformer.in_channels
        return channels

    @functools.cached_property
    def latent_to_rgb(self) -> torch.Tensor:
        """Return the matrix of previews, (channels + 1, 3); fitted when it is first wanted."""
        return fit_latent_to_rgb(self.vae)


def measure(
    checkpoint: CheckedModel, options: LoadOptions, control: CheckedControl | None = None
) -> Footprint:
    """Return how large the parts will be, from their configurations; no weights are read."""
    transformer, vae = checkpoint.skeletons["transformer"], checkpoint.skeletons["vae"]
    text = checkpoint.skeletons["text_encoder"]
    item = options.dtype.itemsize
    weight = _WEIGHT_BYTES.get(options.precision, item)
    text_weight = item if options.precision == "fp8" else weight
    matrices = _matrices(transformer.layers[0])
    blocks = len(transformer.noise_refiner) + len(transformer.layers)
    readers = len(transformer.context_refiner)
    beside = _count(transformer) - (blocks + readers) * matrices
    controls = 0
    if control is not None:
        controls = len(control.layout.places) + control.layout.refiners
        beside += _count(control.skeleton) - controls * matrices
    has_fast_decoder = options.is_fast and options.device.type == "cuda"
    made_plain = _MADE_PLAIN * matrices if options.precision in ("int8", "int4") else 0
    vae_values = _count(vae) + has_fast_decoder * _count(vae.decoder)  # it has a copy of its own
    return Footprint(
        rest=round((beside + vae_values + made_plain) * item),
        block=round(matrices * weight),
        blocks=blocks,
        readers=readers,
        text_layer=round(_matrices(text.layers[0]) * text_weight),
        text_layers=len(text.layers) - 1,  # the last one is not needed
        table=_count(text.embed_tokens) * item,
        token=token_bytes(transformer.dim, item),
        pixel=pixel_bytes(vae.config.block_out_channels[0], item, is_fast=has_fast_decoder),
        tile=vae.config.sample_size,
        controls=controls,
        control_token=0
        if control is None
        else control_token_bytes(transformer.dim, item, held=len(control.layout.places)),
    )


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _matrices(block: nn.Module) -> int:
    """Return how many values a block multiplies tokens by; its modulation is no part of them."""
    return sum(
        parameter.numel()
        for name, parameter in block.named_parameters()
        if parameter.ndim == 2 and not name.startswith("adaLN")  # noqa: PLR2004 - a matrix
    )


def load_parts(
    checkpoint: CheckedModel,
    options: LoadOptions,
    planner: MemoryPlanner,
    control: CheckedControl | None = None,
) -> ModelParts:
    """Read the weights, each to where the planner wants it."""
    dtype, plan = options.dtype, planner.plan
    vae = load_module(checkpoint, "vae", dtype)
    if options.device.type == "cpu":
        # A quarter faster here (demo model, 2 cores); on an H100 slower on the reference path.
        vae = vae.to(memory_format=torch.channels_last)
    vae = vae.to(options.device)
    transformer = load_module(checkpoint, "transformer", dtype)
    network = None if control is None else load_control(control, dtype)
    path = _take_networks(transformer, vae, network, options, plan)
    text = PromptEncoder(checkpoint, device=options.device, dtype=dtype)
    if isinstance(path, FusedBackend):
        path.take_text(text.model)
    else:
        put(text.model, options.device, whole=plan.table)
    backends = BackendSelector(
        path,
        transformer=transformer,
        vae=vae,
        text=text,
        dtype=dtype,
        is_whole=plan.table and plan.blocks is None and plan.control is None,
        control=network,
    )
    return ModelParts(
        text=text,
        planner=planner,
        backends=backends,
        control=control,
        transformer=transformer,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler.from_pretrained(
            checkpoint.folder,
            subfolder="scheduler",
            local_files_only=True,
            shift=float(options.profile.shift),  # an operator may know better than the folder
        ),
        adapters=_adapters(checkpoint, options, ModelWeights(transformer, text, backends)),
    )


def _adapters(
    checkpoint: CheckedModel, options: LoadOptions, weights: ModelWeights
) -> MergedAdapters:
    shapes = replace(shapes_of_folder(checkpoint.folder), quantised=checkpoint.quantised)
    return MergedAdapters(
        AdapterLibrary(options.find_adapter, shapes),
        weights,
        CleanValues(weights, checkpoint.read_tensor, options.device),
        options.device,
    )


def _take_networks(
    transformer: Any, vae: Any, control: Any, options: LoadOptions, plan: Placement
) -> ReferenceBackend | FusedBackend:
    if options.is_fast:
        fast = FusedBackend(
            transformer, vae, dtype=options.dtype, precision=options.precision, placement=plan
        )
        if control is not None:
            fast.take_control(control)
            share_parts(control, transformer)
        return fast
    if control is not None:
        put(control, options.device, whole=plan.control is None)
    put(transformer, options.device, whole=plan.blocks is None)
    if control is not None:
        share_parts(control, transformer)  # not before: the streaming of each has its own hooks
    return ReferenceBackend(transformer, dtype=options.dtype, control=control)
