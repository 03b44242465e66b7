"""Which parts of a Z-Image model a file of weights holds, or what it is instead; without torch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.engine.single_files.files import ARCHITECTURE, SingleFile
from bot.errors import ModelFilesError

Names = Mapping[str, str]  # of a part: a tensor's name in the part -> its name in the file

# Before the names of a part, where a program writes several into one file. The first that fits.
_PREFIXES: Final = (
    ("model.diffusion_model.", "transformer"),
    ("diffusion_model.", "transformer"),
    ("text_encoders.qwen3_4b.transformer.", "text_encoder"),
    ("first_stage_model.", "vae"),
    ("vae.", "vae"),
)
# ComfyUI saves this with any text encoder; Qwen3 has no such number.
_NEVER_READ: Final = ("text_encoders.qwen3_4b.logit_scale",)

# What no other model's part has. Lumina 2 is built alike, but has no learned padding.
_SIGNATURES: Final = {
    "transformer": re.compile(r"x_pad_token|cap_pad_token"),
    "text_encoder": re.compile(
        r"(model\.)?layers\.0\.self_attn\.q_norm\.weight|blk\.0\.attn_q_norm\.weight"
    ),
    "vae": re.compile(r"decoder\.conv_in\.weight"),
}
# What people take for a Z-Image model, by a tensor's name, and what to do about it.
_LORA: Final = re.compile(r"\.(lora_(A|B|up|down)|lokr_w\d|hada_w\d)|\.dora_scale$|_lora\.")
_OTHERS: Final = (
    (
        _LORA,
        "a LoRA, which changes a model but is none: put it into the folder that LORA_DIR names",
    ),
    (re.compile(r"^control_(layers|all_x_embedder)\."), "a ControlNet of Z-Image, but no model"),
    (re.compile(r"(^|\.)double_blocks\.\d+\.img_"), "a transformer of Flux"),
    (re.compile(r"(^|\.)joint_blocks\."), "a transformer of Stable Diffusion 3"),
    (re.compile(r"^conditioner\.embedders\."), "a checkpoint of Stable Diffusion XL"),
    (re.compile(r"(^|\.)(input_blocks|output_blocks)\."), "a checkpoint of Stable Diffusion"),
    (re.compile(r"(^|\.)transformer_blocks\."), "a transformer of another model"),
    (re.compile(r"(^|\.)cap_embedder\."), "a transformer of Lumina 2"),
    (re.compile(r"^encoder\.block\.|^enc\.blk\."), "a text encoder of the T5 family"),
    (re.compile(r"(^|\.)text_model\."), "a text encoder of the CLIP family"),
    (
        re.compile(r"(^|\.)layers\.0\.(self_attn|mlp)\.|^blk\.0\."),
        "a language model other than Qwen3",
    ),
)
_FIRST: Final = re.compile(r"(all_)?x_embedder\.(2-1\.)?weight")
_EMBEDDINGS: Final = re.compile(r"(model\.)?embed_tokens\.weight|token_embd\.weight")
_NEEDED: Final = (
    "MODEL takes files with Z-Image's transformer, its text encoder Qwen3-4B and its VAE"
)
_LANGUAGE_MODEL: Final = "qwen3"  # as GGUF files call its architecture


def parts_of(file: SingleFile) -> dict[str, Names]:
    """Sort the tensors of a file by the part of a model that they are of.

    Raises:
        ModelFilesError: The file is something else; the sentence says what, if that is known.

    """
    sorted_names: dict[str, dict[str, str]] = {}
    plain: dict[str, str] = {}
    for name in file.tensors:
        if name in _NEVER_READ:
            continue
        part, short = _without_prefix(name)
        names = plain if part is None else sorted_names.setdefault(part, {})
        if short in names:
            raise ModelFilesError(
                f"{file.path} has one tensor twice, {names[short]} and {name}: which of them is "
                "meant, nothing says."
            )
        names[short] = name
    if plain:
        known = [part for part in _SIGNATURES if _has(plain, part)]
        if len(known) != 1 or known[0] in sorted_names or _is_lora(file.tensors):
            raise _foreign(file)
        sorted_names[known[0]] = plain
    if not all(_has(names, part) and not _is_lora(names) for part, names in sorted_names.items()):
        raise _foreign(file)
    if "text_encoder" in sorted_names:
        _check_architecture(file)
    if not sorted_names:
        raise _foreign(file)
    return dict(sorted_names)


def _without_prefix(name: str) -> tuple[str | None, str]:
    for prefix, part in _PREFIXES:
        if name.startswith(prefix):
            return part, name.removeprefix(prefix)
    return None, name


def _has(names: Iterable[str], part: str) -> bool:
    return any(_SIGNATURES[part].fullmatch(name) for name in names)


def _is_lora(names: Iterable[str]) -> bool:
    return any(_LORA.search(name) for name in names)


def _check_architecture(file: SingleFile) -> None:
    """Refuse a language model whose tensors only look like Qwen3's, such as that of Qwen3-VL.

    Of transformers the tensors are proof enough, and everybody calls them otherwise.
    """
    named = file.metadata.get(ARCHITECTURE, _LANGUAGE_MODEL)
    if named.lower() != _LANGUAGE_MODEL:
        raise ModelFilesError(
            f"{file.path} is a language model of the architecture {named!r}, but Z-Image's text "
            f"encoder is of {_LANGUAGE_MODEL!r}: use Qwen3-4B."
        )


def _foreign(file: SingleFile) -> ModelFilesError:
    """Say what a file is that holds no part of a Z-Image model."""
    for pattern, what in _OTHERS:
        if any(pattern.search(name) for name in file.tensors):
            return ModelFilesError(f"{file.path} is {what}; {_NEEDED}.")
    named = file.metadata.get(ARCHITECTURE)
    what = f" but of the architecture {named!r}" if named else ""
    first = min(file.tensors, default=None)
    begin = "it has no tensors" if first is None else f"its first tensor is {first[:80]}"
    return ModelFilesError(f"{file.path} is no part of a Z-Image model{what} ({begin}); {_NEEDED}.")


@dataclass(frozen=True, kw_only=True)
class Joints:
    """The sizes at which a transformer meets the other parts.

    Attributes:
        width: Of its own tokens.
        text: Width of the text encoder's.
        channels: Of a latent.

    """

    width: int
    text: int
    channels: int


def joints(file: SingleFile) -> Joints:
    """Read the sizes of a file's transformer.

    Raises:
        ModelFilesError: A tensor that tells them is missing or has another shape.

    """
    names = parts_of(file)["transformer"]
    try:
        first = next(own for name, own in names.items() if _FIRST.fullmatch(name))
        width, values = file.tensors[first].shape
        text = file.tensors[names["cap_embedder.0.weight"]].shape[0]
    except (StopIteration, KeyError, ValueError, IndexError) as error:
        raise ModelFilesError(
            f"{file.path} is only a piece of Z-Image's transformer, or damaged: x_embedder.weight "
            "or cap_embedder.0.weight is not what it should be; download it again."
        ) from error
    return Joints(width=width, text=text, channels=values // 4)  # of a patch of 2x2


def fits(file: SingleFile, part: str, sizes: Joints) -> bool:
    """Tell whether a file's part could be the one that a transformer was trained with."""
    names = parts_of(file).get(part, {})
    for name, own in names.items():
        shape = file.tensors[own].shape
        if part == "text_encoder" and _EMBEDDINGS.fullmatch(name):
            return shape[-1:] == (sizes.text,)
        if part == "vae" and name == "decoder.conv_in.weight":
            return shape[1:2] == (sizes.channels,)
    return False
