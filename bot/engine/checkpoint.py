"""A model's folder: whether its weights fit its configurations, and loading them.

A library that finds a tensor missing fills it with random numbers, and it skips one that it does
not know. Here both refuse the model: first by the headers of its files, before anything is loaded,
then by what the library reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.transformers.transformer_z_image import ZImageTransformer2DModel
from diffusers.utils import logging as diffusers_logging
from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3Model
from transformers.utils import logging as transformers_logging

from bot.engine.load_errors import first_line
from bot.engine.quantisers import find_quantiser
from bot.engine.tensor_check import Misfit, check_tensors, is_unused, refuse_misfit
from bot.engine.weight_files import STEMS, WeightFileError, WeightFiles, find_weights, read_json
from bot.errors import ModelFilesError

_CLASSES: Final = {
    "text_encoder": Qwen3Model,
    "transformer": ZImageTransformer2DModel,
    "vae": AutoencoderKL,
}
_OTHER_FILE: Final = "transformers_weights"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A model whose files are complete and fit one another; no weights are loaded yet.

    Attributes:
        folder: With the five parts of a `ZImagePipeline`.
        files: Part -> its files of weights.
        skeletons: Part -> the module without weights, on the meta device.
        quantised: Part -> method, of the parts that are quantised.
        tokenizer: Of transformers, with the official chat template or another.

    """

    folder: Path
    files: Mapping[str, WeightFiles]
    skeletons: Mapping[str, Any]
    quantised: Mapping[str, str]
    tokenizer: Any


def open_checkpoint(folder: Path) -> Checkpoint:
    """Read configurations, headers and tokenizer of a folder, and see that they fit.

    Takes 0.1 s for the demo model and under a second for Z-Image-Turbo; weights are not read.

    Raises:
        ModelFilesError: They do not; the sentence names the file or the part and its tensor.

    """
    try:
        configs = {part: _config(folder, f"{part}/config.json") for part in STEMS}
        quantised = {
            part: method
            for part in STEMS
            if (method := find_quantiser(folder, part, configs[part]))
        }
        skeletons = _skeletons(folder, configs)
        files = {part: find_weights(folder, part) for part in STEMS}
        for part in STEMS:
            check_tensors(folder, files[part], skeletons[part], is_quantised=part in quantised)
    except WeightFileError as error:
        raise ModelFilesError(
            f"The model in {folder} is broken: {error}; copy it there again from where the folder "
            "came from."
        ) from error
    return Checkpoint(
        folder=folder,
        files=files,
        skeletons=skeletons,
        quantised=quantised,
        tokenizer=_tokenizer(folder, skeletons["text_encoder"].config.vocab_size),
    )


def _config(folder: Path, path: str) -> dict[str, Any]:
    """Read a configuration; one that leads transformers to other files of weights is refused.

    Raises:
        WeightFileError: It is, or cannot be read.

    """
    config = read_json(folder / path, path)
    if (other := config.get(_OTHER_FILE)) is not None:
        raise WeightFileError(path, f"with {_OTHER_FILE} {other!r}, which must not be there")
    return config


def load_module(checkpoint: Checkpoint, part: str, dtype: torch.dtype) -> Any:
    """Load the weights of a part into main memory, frozen and ready to run.

    Raises:
        ModelFilesError: The library reports that a tensor is missing, unknown or misshapen.

    """
    for library in (transformers_logging, diffusers_logging):
        library.disable_progress_bar()
        library.set_verbosity_error()  # what they would warn of is a refusal here: one line
    is_text = part == "text_encoder"
    module, report = _CLASSES[part].from_pretrained(
        checkpoint.folder / part if is_text else checkpoint.folder,
        **({} if is_text else {"subfolder": part}),
        variant=checkpoint.files[part].variant,
        dtype=dtype,
        local_files_only=True,
        low_cpu_mem_usage=True,
        use_safetensors=True,  # never a pickle
        output_loading_info=True,
        # So that they are reported; a quantiser has shapes of its own.
        ignore_mismatched_sizes=part not in checkpoint.quantised,
    )
    refuse_misfit(checkpoint.folder, part, _reported(module, report))
    return module.eval().requires_grad_(requires_grad=False)


def _reported(module: Any, report: Mapping[str, Any]) -> Misfit:
    """Read a library's report; diffusers believes an index and leaves out what a shard lacks."""
    left_out = {name for name, tensor in module.state_dict().items() if tensor.is_meta}
    misshapen = {name: (tuple(own), tuple(due)) for name, own, due in report["mismatched_keys"]}
    return Misfit(
        missing=(left_out | set(report["missing_keys"])) - misshapen.keys(),
        misshapen=misshapen,
        unknown=[name for name in report["unexpected_keys"] if not is_unused(name)],
    )


def _skeletons(folder: Path, configs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    plain = {
        part: {key: value for key, value in config.items() if key != "quantization_config"}
        for part, config in configs.items()
    }
    try:
        with torch.device("meta"):
            return {
                "text_encoder": Qwen3Model(Qwen3Config.from_dict(plain["text_encoder"])),
                "transformer": ZImageTransformer2DModel.from_config(plain["transformer"]),
                "vae": AutoencoderKL.from_config(plain["vae"]),
            }
    except Exception as error:
        raise ModelFilesError(
            f"The configurations of the model in {folder} are not those of a Z-Image model "
            f"({first_line(error)}): copy its config.json files again from where it came from."
        ) from error


def _tokenizer(folder: Path, vocabulary: int) -> Any:
    """Load the tokenizer, and try it on a prompt.

    Raises:
        ModelFilesError: It cannot be read, or writes tokens that the text encoder does not know.

    """
    place = f"The tokenizer of the model in {folder}"
    try:
        tokenizer = Qwen2Tokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        tokenizer.apply_chat_template(
            [{"role": "user", "content": ""}],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=True,
        )
    except Exception as error:
        raise ModelFilesError(
            f"{place} cannot be used ({first_line(error)}): copy the files of tokenizer again from "
            "where they came from."
        ) from error
    highest = max(tokenizer.get_vocab().values(), default=0)
    if highest >= vocabulary:
        raise ModelFilesError(
            f"{place} is another model's: it has a token {highest}, but the text encoder knows "
            f"{vocabulary} tokens."
        )
    return tokenizer
