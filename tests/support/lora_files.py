"""LoRAs of every format that trainers write, with small random values, and what they should do.

A file is made from the change of each layer, and the expected difference of each weight is worked
out here from the papers' formulas in float64, without the program's own code.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.later import imported_later

with imported_later():
    import torch
    from safetensors.torch import save_file

Tensors = dict[str, "torch.Tensor"]
Shapes = Mapping[str, tuple[int, ...]]
BLOCK = (
    "attention.to_q", "attention.to_k", "attention.to_v", "attention.to_out.0",
    "feed_forward.w1", "feed_forward.w2", "feed_forward.w3",
)  # fmt: skip
RANK, ALPHA = 4, 2.0


@dataclass(kw_only=True)
class LoraSample:
    """A file's tensors, and what it should add to each weight at a scale of 1, float64.

    Attributes:
        part: Whose weights they are.
        layers: How many layers the file names; a fused projection is one.
        metadata: Of the file.

    """

    tensors: Tensors
    deltas: dict[tuple[str, str], torch.Tensor]
    layers: int
    metadata: dict[str, str] = field(default_factory=dict)

    def save(self, file: Path) -> Path:
        """Write the file."""
        save_file(
            {key: each.contiguous() for key, each in self.tensors.items()},
            file,
            metadata={"format": "pt", **self.metadata},
        )
        return file


class Maker:
    """Draws the values of files for a model.

    Args:
        shapes: Part -> name -> shape of its parameters.
        value: Returns a parameter of the clean model, which DoRA needs.
        rank: Of the changes.
        size: Of their values; small ones are what a rounding would lose.
        blocks: Those of the transformer that are changed.

    """

    def __init__(
        self,
        shapes: Mapping[str, Shapes],
        value: Callable[[str, str], torch.Tensor],
        *,
        rank: int = RANK,
        size: float = 0.05,
        seed: int = 1,
        blocks: Iterable[str] = (),
        dtype: torch.dtype | None = None,
    ) -> None:
        self.shapes, self.value, self.rank, self.size = shapes, value, rank, size
        self.dtype = dtype or torch.float32
        self.generator = torch.Generator().manual_seed(seed)
        self.blocks = list(blocks) or sorted(
            {".".join(name.split(".")[:2]) for name in shapes["transformer"] if "_refiner." in name
             or name.startswith("layers.")}
        )  # fmt: skip

    def draw(self, *shape: int) -> torch.Tensor:
        return (torch.randn(shape, generator=self.generator) * self.size).to(self.dtype)

    def pair(self, rows: int, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.draw(self.rank, columns), self.draw(rows, self.rank)

    def modules(self) -> Iterator[str]:
        for block in self.blocks:
            yield from (f"{block}.{name}" for name in BLOCK)

    def shape(self, module: str, part: str = "transformer") -> tuple[int, ...]:
        return self.shapes[part][f"{module}.weight"]


def flat(name: str) -> str:
    return name.replace(".", "_")


def published(name: str) -> str:
    return name.replace("to_out.0", "out")


def plain(
    make: Maker,
    name: Callable[[str], str],
    ends: tuple[str, str] = ("lora_A", "lora_B"),
    alpha: float | None = None,
    part: str = "transformer",
    modules: Iterable[str] | None = None,
) -> LoraSample:
    """Return a LoRA with split projections."""
    tensors, deltas = {}, {}
    for module in make.modules() if modules is None else modules:
        rows, columns = make.shape(module, part)
        down, up = make.pair(rows, columns)
        tensors[f"{name(module)}.{ends[0]}.weight"] = down
        tensors[f"{name(module)}.{ends[1]}.weight"] = up
        factor = 1.0
        if alpha is not None:
            tensors[f"{name(module)}.alpha"] = torch.tensor(alpha)
            factor = alpha / make.rank
        deltas[part, f"{module}.weight"] = factor * up.double() @ down.double()
    return LoraSample(tensors=tensors, deltas=deltas, layers=len(deltas))


def fused(
    make: Maker, name: Callable[[str], str], ends: tuple[str, str], alpha: float | None
) -> LoraSample:
    """Return a LoRA with the model's published layers: one projection for three."""
    tensors, deltas, layers = {}, {}, 0
    factor = 1.0 if alpha is None else alpha / make.rank
    for block in make.blocks:
        modules = ("attention.qkv", "attention.out", *BLOCK[4:])
        for module in modules:
            own = [f"{block}.{each}" for each in BLOCK[:3]]
            if module != "attention.qkv":
                own = [f"{block}.{module.replace('attention.out', BLOCK[3])}"]
            rows, columns = make.shape(own[0])
            down, up = make.pair(rows * len(own), columns)
            key = name(f"{block}.{module}")
            tensors[f"{key}.{ends[0]}.weight"], tensors[f"{key}.{ends[1]}.weight"] = down, up
            if alpha is not None:
                tensors[f"{key}.alpha"] = torch.tensor(alpha)
            whole = factor * up.double() @ down.double()
            for each, delta in zip(own, whole.chunk(len(own)), strict=True):
                deltas["transformer", f"{each}.weight"] = delta
            layers += 1
    return LoraSample(tensors=tensors, deltas=deltas, layers=layers)


def _factors(number: int) -> tuple[int, int]:
    small = max(n for n in range(1, 17) if number % n == 0)
    return small, number // small


def lokr(make: Maker, name: Callable[[str], str], *, whole: bool, alpha: float) -> LoraSample:
    """Return a LoKr: w1 whole, and w2 whole or of low rank."""
    tensors, deltas = {}, {}
    for module in make.modules():
        (a, c), (b, d) = (_factors(each) for each in make.shape(module))
        one = make.draw(a, b)
        tensors[f"{name(module)}.lokr_w1"] = one
        tensors[f"{name(module)}.alpha"] = torch.tensor(alpha)
        if whole:  # alpha counts for nothing
            two = tensors[f"{name(module)}.lokr_w2"] = make.draw(c, d)
            delta = torch.kron(one.double(), two.double())
        else:
            left, right = make.draw(c, make.rank), make.draw(make.rank, d)
            tensors[f"{name(module)}.lokr_w2_a"], tensors[f"{name(module)}.lokr_w2_b"] = left, right
            two = left.double() @ right.double()
            delta = alpha / make.rank * torch.kron(one.double(), two)
        deltas["transformer", f"{module}.weight"] = delta
    return LoraSample(tensors=tensors, deltas=deltas, layers=len(deltas))


def fused_lokr(make: Maker) -> LoraSample:
    """Return a LoKr of fused projections, with an alpha that is a whole number."""
    tensors: Tensors = {}
    deltas = {}
    for block in make.blocks:
        own = [f"{block}.{each}" for each in BLOCK[:3]]
        rows, columns = make.shape(own[0])
        (a, c), (b, d) = _factors(3 * rows), _factors(columns)
        key = f"lora_unet_{flat(block)}_attention_qkv"
        one, left, right = make.draw(a, b), make.draw(c, make.rank), make.draw(make.rank, d)
        tensors |= {f"{key}.lokr_w1": one, f"{key}.lokr_w2_a": left, f"{key}.lokr_w2_b": right}
        tensors[f"{key}.alpha"] = torch.tensor(2)
        whole = 2 / make.rank * torch.kron(one.double(), left.double() @ right.double())
        for each, delta in zip(own, whole.chunk(3), strict=True):
            deltas["transformer", f"{each}.weight"] = delta
    return LoraSample(tensors=tensors, deltas=deltas, layers=len(make.blocks))


def fused_dora(make: Maker) -> LoraSample:
    """Return a DoRA of the model's published layers."""
    sample = fused(make, lambda n: f"diffusion_model.{n}", ("lora_down", "lora_up"), ALPHA)
    names: dict[str, list[tuple[str, str]]] = {}
    for part, name in sample.deltas:
        block, _, module = name.removesuffix(".weight").partition(".attention.")
        key = f"{block}.attention.{'out' if 'out' in module else 'qkv'}" if module else block
        names.setdefault(f"diffusion_model.{key}", []).append((part, name))
    for key, own in names.items():
        clean = torch.cat([make.value(*each).double().cpu() for each in own])
        changed = clean + torch.cat([sample.deltas[each] for each in own])
        lengths = clean.norm(dim=1, keepdim=True) * (1 + make.draw(len(clean), 1).double())
        stored = sample.tensors[f"{key}.dora_scale"] = lengths.float()
        added = stored.double() * changed / changed.norm(dim=1, keepdim=True) - clean
        sample.deltas.update(zip(own, added.chunk(len(own)), strict=True))
    return sample


def loha(make: Maker, name: Callable[[str], str], alpha: float) -> LoraSample:
    """Return a LoHa."""
    tensors, deltas = {}, {}
    for module in make.modules():
        rows, columns = make.shape(module)
        key, product = name(module), torch.ones(())
        for which in ("w1", "w2"):
            left, right = make.draw(rows, make.rank), make.draw(make.rank, columns)
            tensors[f"{key}.hada_{which}_a"], tensors[f"{key}.hada_{which}_b"] = left, right
            product = product * (left.double() @ right.double())
        tensors[f"{key}.alpha"] = torch.tensor(alpha)
        deltas["transformer", f"{module}.weight"] = alpha / make.rank * product
    return LoraSample(tensors=tensors, deltas=deltas, layers=len(deltas))


def dora(
    make: Maker, name: Callable[[str], str], ends: tuple[str, str], magnitude: str, *, axis: int = 1
) -> LoraSample:
    """Return a DoRA: rows (axis 1) or columns (0) have lengths of their own."""
    sample = plain(make, name, ends)
    for module in make.modules():
        key = ("transformer", f"{module}.weight")
        clean, delta = make.value(*key).double().cpu(), sample.deltas[key]
        lengths = clean.norm(dim=axis, keepdim=True) * (1 + make.draw(*(
            (len(clean), 1) if axis else (1, clean.shape[1])
        )).double())  # fmt: skip
        stored = lengths.float()
        sample.tensors[f"{name(module)}.{magnitude}"] = (
            stored.flatten() if "vector" in magnitude else stored
        )
        changed = clean + delta
        turned = changed / changed.norm(dim=axis, keepdim=True)
        sample.deltas[key] = stored.double() * turned - clean
    return sample


def differences(make: Maker) -> LoraSample:
    """Return whole differences: of matrices, of norms and of biases."""
    tensors, deltas = {}, {}
    for block in make.blocks:
        for module, end in (
            ("attention.to_q", "diff"), ("attention_norm1", "w_norm"), ("ffn_norm2", "diff"),
            ("attention.q_norm", "diff"), ("attention.norm_k", "diff"),
        ):  # fmt: skip
            own = f"{block}.{module.replace('q_norm', 'norm_q')}.weight"
            value = make.draw(*make.shapes["transformer"][own])
            tensors[f"diffusion_model.{block}.{module}.{end}"] = value
            deltas["transformer", own] = value.double()
    for module, own in (
        ("final_layer.linear", "all_final_layer.2-1.linear"), ("cap_embedder.1", "cap_embedder.1"),
        ("t_embedder.mlp.2", "t_embedder.mlp.2"),
    ):  # fmt: skip
        for end, kind in (("diff", "weight"), ("diff_b", "bias")):
            name = f"{own}.{kind}"
            value = make.draw(*make.shapes["transformer"][name])
            tensors[f"diffusion_model.{module}.{end}"] = value
            deltas["transformer", name] = value.double()
    for module in ("input_layernorm", "post_attention_layernorm", "self_attn.q_norm"):
        own = f"layers.0.{module}.weight"
        value = make.draw(*make.shapes["text_encoder"][own])
        tensors[f"text_encoder.model.layers.0.{module}.diff"] = value
        deltas["text_encoder", own] = value.double()
    return LoraSample(tensors=tensors, deltas=deltas, layers=len(deltas))


def other_layers(make: Maker) -> LoraSample:
    """Return a LoRA of what is in no block's matrices: embedders, modulation, the final layer."""
    names = {
        "x_embedder": "all_x_embedder.2-1", "final_layer.linear": "all_final_layer.2-1.linear",
        "final_layer.adaLN_modulation.1": "all_final_layer.2-1.adaLN_modulation.1",
        "cap_embedder.1": "cap_embedder.1", "t_embedder.mlp.0": "t_embedder.mlp.0",
        "layers.0.adaLN_modulation.0": "layers.0.adaLN_modulation.0",
        "noise_refiner.0.adaLN_modulation.0": "noise_refiner.0.adaLN_modulation.0",
    }  # fmt: skip
    back = {own: name for name, own in names.items() if make.shapes["transformer"].get(
        f"{own}.weight")}  # fmt: skip
    return plain(
        make, lambda each: f"diffusion_model.{back[each]}", ("lora_down", "lora_up"), ALPHA,
        modules=back,
    )  # fmt: skip


def text_encoder(make: Maker, name: Callable[[str], str], ends: tuple[str, str]) -> LoraSample:
    """Return a LoRA of all layers of the text encoder."""
    modules = [
        name_.removesuffix(".weight")
        for name_, shape in make.shapes["text_encoder"].items()
        if name_.startswith("layers.") and len(shape) == 2
    ]
    return plain(make, name, ends, ALPHA, part="text_encoder", modules=modules)


def _stated(make: Maker) -> LoraSample:
    sample = plain(make, lambda each: f"transformer.{each}")
    for key in sample.deltas:
        sample.deltas[key] *= 3.0 / make.rank
    sample.metadata["lora_adapter_metadata"] = json.dumps(
        {
            "transformer.r": make.rank,
            "transformer.lora_alpha": 3.0,
            "transformer.target_modules": ["to_q"],
            "transformer.rank_pattern": {},
            "transformer.alpha_pattern": {},
            "transformer.use_rslora": False,
        }
    )
    return sample


def _together(*samples: LoraSample) -> LoraSample:
    tensors: Tensors = {}
    deltas: dict[tuple[str, str], Any] = {}
    for each in samples:
        tensors |= each.tensors
        deltas |= each.deltas
    return LoraSample(tensors=tensors, deltas=deltas, layers=sum(each.layers for each in samples))


KOHYA = ("lora_down", "lora_up")
DIFFUSERS = ("lora_A", "lora_B")
FORMATS: dict[str, Callable[[Maker], LoraSample]] = {
    "diffusers": lambda make: plain(make, lambda n: f"transformer.{n}"),
    "diffusers, alpha in the metadata": _stated,
    "ai-toolkit": lambda make: plain(make, lambda n: f"diffusion_model.{n}"),
    "DiffSynth": lambda make: plain(
        make, lambda n: n, ("lora_A.default", "lora_B.default")
    ),
    "kohya or musubi, split qkv": lambda make: plain(
        make, lambda n: f"lora_unet_{flat(n)}", KOHYA, ALPHA
    ),
    "kohya or musubi, fused qkv": lambda make: fused(
        make, lambda n: f"lora_unet_{flat(n)}", KOHYA, ALPHA
    ),
    "VideoX-Fun": lambda make: plain(make, lambda n: f"lora_unet__{flat(n)}", KOHYA, ALPHA),
    "ComfyUI, fused qkv, lora_down": lambda make: fused(
        make, lambda n: f"diffusion_model.{n}", KOHYA, ALPHA
    ),
    "ComfyUI, fused qkv, lora_A": lambda make: fused(
        make, lambda n: f"diffusion_model.{n}", DIFFUSERS, None
    ),
    "OneTrainer": lambda make: plain(make, lambda n: f"transformer.{n}", KOHYA, ALPHA),
    "no prefix": lambda make: plain(make, lambda n: n),
    "no prefix, published names": lambda make: fused(make, lambda n: n, DIFFUSERS, None),
    "PEFT": lambda make: plain(make, lambda n: f"base_model.model.{n}"),
    "LoKr, whole": lambda make: lokr(
        make, lambda n: f"diffusion_model.{n}", whole=True, alpha=1e10
    ),
    "LoKr, low rank, LyCORIS": lambda make: lokr(
        make, lambda n: f"lycoris_{flat(n)}", whole=False, alpha=ALPHA
    ),
    "LoKr, fused qkv": fused_lokr,
    "LoHa": lambda make: loha(make, lambda n: f"lycoris_{flat(n)}", ALPHA),
    "DoRA, kohya": lambda make: dora(
        make, lambda n: f"lora_unet_{flat(n)}", KOHYA, "dora_scale"
    ),
    "DoRA, by column": lambda make: dora(
        make, lambda n: f"diffusion_model.{n}", KOHYA, "dora_scale", axis=0
    ),
    "DoRA, PEFT": lambda make: dora(
        make, lambda n: f"base_model.model.{n}", DIFFUSERS, "lora_magnitude_vector"
    ),
    "DoRA, fused qkv": fused_dora,
    "differences, norms and biases": differences,
    "embedders and modulation": other_layers,
    "text encoder, diffusers": lambda make: text_encoder(
        make, lambda n: f"text_encoder.{n}", DIFFUSERS
    ),
    "text encoder, kohya": lambda make: text_encoder(
        make, lambda n: f"lora_te_{flat(n)}", KOHYA
    ),
    "text encoder, ComfyUI": lambda make: text_encoder(
        make, lambda n: f"text_encoders.qwen3_4b.transformer.model.{n}", KOHYA
    ),
    "both parts, kohya": lambda make: _together(
        fused(make, lambda n: f"lora_unet_{flat(n)}", KOHYA, ALPHA),
        text_encoder(make, lambda n: f"lora_te1_model_{flat(n)}", KOHYA),
    ),
}  # fmt: skip


def random_lora(
    shapes: Any, *, rank: int, seed: int, parts: Iterable[str], size: float = 0.01
) -> Tensors:
    """Return the tensors of a LoRA of all blocks, of any size: nothing is worked out of it."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for part in parts:
        for name, shape in shapes.parts[part].items():
            is_block = "layers." in name or "_refiner." in name
            if len(shape) == 2 and is_block and "adaLN" not in name:
                key = f"{part}.{name.removesuffix('.weight')}"
                for end, (rows, columns) in (
                    ("lora_A", (rank, shape[1])), ("lora_B", (shape[0], rank))
                ):  # fmt: skip
                    values = torch.randn((rows, columns), generator=generator) * size
                    tensors[f"{key}.{end}.weight"] = values.bfloat16()
    return tensors
