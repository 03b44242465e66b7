"""The names and shapes of a model's parameters, by its configurations alone; without torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.errors import ModelFilesError

TRANSFORMER: Final = "transformer"
TEXT_ENCODER: Final = "text_encoder"

Shape = tuple[int, ...]
_CONDITION: Final = 256  # values of a noise level that modulate a block, as diffusers has them
_TIME: Final = 1024  # values inside the embedding of a noise level


@dataclass(frozen=True, kw_only=True)
class ModelShapes:
    """The parameters that a file of changes may name.

    Attributes:
        parts: `transformer` and `text_encoder`, each with name -> shape of its parameters.
        text_layers: Of the text encoder. The last one and the final norm are read by nothing: the
            model takes the state before them.
        quantised: Part -> method, of parts whose own files are quantised.

    """

    parts: Mapping[str, Mapping[str, Shape]]
    text_layers: int
    quantised: Mapping[str, str]

    def is_used(self, part: str, name: str) -> bool:
        """Tell whether a parameter has an effect on images."""
        unused = (f"layers.{self.text_layers - 1}.", "norm.")
        return part != TEXT_ENCODER or not name.startswith(unused)


def shapes_of_folder(folder: Path) -> ModelShapes:
    """Read the configurations in a model's folder.

    Raises:
        ModelFilesError: One cannot be read, or is not of a Z-Image model.

    """
    configs = {}
    for part in (TRANSFORMER, TEXT_ENCODER):
        file = folder / part / "config.json"
        try:
            configs[part] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelFilesError(
                f"The model in {folder} is broken: {part}/config.json cannot be read; copy it "
                "there again from where the folder came from."
            ) from error
    return shapes_of(configs[TRANSFORMER], configs[TEXT_ENCODER], folder=folder)


def shapes_of(
    transformer: Mapping[str, Any], text: Mapping[str, Any], *, folder: Path
) -> ModelShapes:
    """Work out the shapes from two configurations.

    Raises:
        ModelFilesError: They are not those of a Z-Image model.

    """
    try:
        parts = {
            TRANSFORMER: dict(_transformer(transformer)),
            TEXT_ENCODER: dict(_text_encoder(text)),
        }
        text_layers = text["num_hidden_layers"]
    except (KeyError, TypeError, IndexError) as error:
        raise ModelFilesError(
            f"The model in {folder} is broken: its configurations are not those of a Z-Image "
            "model; copy it there again from where the folder came from."
        ) from error
    return ModelShapes(
        parts=parts,
        text_layers=text_layers,
        quantised={
            part: str(found.get("quant_method", "a quantiser"))
            for part, config in ((TRANSFORMER, transformer), (TEXT_ENCODER, text))
            if isinstance(found := config.get("quantization_config"), Mapping)
        },
    )


def _transformer(config: Mapping[str, Any]) -> Iterator[tuple[str, Shape]]:
    dim, condition = config["dim"], min(config["dim"], _CONDITION)
    for patch, frames in zip(config["all_patch_size"], config["all_f_patch_size"], strict=True):
        size = patch * patch * frames * config["in_channels"]
        yield from _linear(f"all_x_embedder.{patch}-{frames}", size, dim)
        final = f"all_final_layer.{patch}-{frames}"
        yield from _linear(f"{final}.linear", dim, size)
        yield from _linear(f"{final}.adaLN_modulation.1", condition, dim)
    yield from _linear("t_embedder.mlp.0", _CONDITION, _TIME)
    yield from _linear("t_embedder.mlp.2", _TIME, condition)
    yield "cap_embedder.0.weight", (config["cap_feat_dim"],)
    yield from _linear("cap_embedder.1", config["cap_feat_dim"], dim)
    yield from ((name, (1, dim)) for name in ("x_pad_token", "cap_pad_token"))
    refiners = config["n_refiner_layers"]
    for stack, count in (
        ("noise_refiner", refiners), ("context_refiner", refiners), ("layers", config["n_layers"])
    ):  # fmt: skip
        for i in range(count):
            block = f"{stack}.{i}"
            yield from _block(block, dim, dim // config["n_heads"])
            if stack != "context_refiner":
                yield from _linear(f"{block}.adaLN_modulation.0", condition, 4 * dim)


def _block(block: str, dim: int, head: int) -> Iterator[tuple[str, Shape]]:
    inner = int(dim / 3 * 8)
    for name in ("to_q", "to_k", "to_v", "to_out.0"):
        yield f"{block}.attention.{name}.weight", (dim, dim)
    for name in ("norm_q", "norm_k"):
        yield f"{block}.attention.{name}.weight", (head,)
    for name, shape in (("w1", (inner, dim)), ("w2", (dim, inner)), ("w3", (inner, dim))):
        yield f"{block}.feed_forward.{name}.weight", shape
    for name in ("attention_norm1", "attention_norm2", "ffn_norm1", "ffn_norm2"):
        yield f"{block}.{name}.weight", (dim,)


def _linear(name: str, columns: int, rows: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (rows, columns)
    yield f"{name}.bias", (rows,)


def _text_encoder(config: Mapping[str, Any]) -> Iterator[tuple[str, Shape]]:
    width, inner, head = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    query, key = config["num_attention_heads"] * head, config["num_key_value_heads"] * head
    yield "embed_tokens.weight", (config["vocab_size"], width)
    yield "norm.weight", (width,)
    for i in range(config["num_hidden_layers"]):
        attention, feed_forward = f"layers.{i}.self_attn", f"layers.{i}.mlp"
        for name, shape in (
            ("q_proj", (query, width)), ("k_proj", (key, width)), ("v_proj", (key, width)),
            ("o_proj", (width, query)), ("q_norm", (head,)), ("k_norm", (head,)),
        ):  # fmt: skip
            yield f"{attention}.{name}.weight", shape
        for name in ("gate_proj", "up_proj"):
            yield f"{feed_forward}.{name}.weight", (inner, width)
        yield f"{feed_forward}.down_proj.weight", (width, inner)
        for name in ("input_layernorm", "post_attention_layernorm"):
            yield f"layers.{i}.{name}.weight", (width,)
