"""A model's folder: whether its weights fit its configurations, and loading them.

A library that finds a tensor missing fills it with random numbers, and it skips one that it does
not know. Here both refuse the model: first by the headers of its files, before anything is loaded,
then by what the library reports.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.transformers.transformer_z_image import ZImageTransformer2DModel
from diffusers.utils import logging as diffusers_logging
from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3Model
from transformers.utils import logging as transformers_logging

from bot.engines.weight_files import (
    STEMS,
    WeightFileError,
    WeightFiles,
    find_weights,
    read_json,
    read_tensors,
)
from bot.errors import ModelFilesError

_CLASSES: Final = {
    "text_encoder": Qwen3Model,
    "transformer": ZImageTransformer2DModel,
    "vae": AutoencoderKL,
}
_FLOATS: Final = ("F64", "F32", "F16", "BF16")
# Parts of a whole language model that its encoder does without; transformers skips them, too.
_UNUSED: Final = re.compile(
    r"lm_head\.weight|(model\.)?(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq"
)
_LANGUAGE_MODEL: Final = "model."  # before the names of an encoder that was saved as a whole one

# Method of quantisation -> the package that reads such weights, and what pip calls it.
_QUANTISERS: Final = {
    "auto-round": ("auto_round", "auto-round"),
    "awq": ("gptqmodel", "gptqmodel"),
    "bitsandbytes": ("bitsandbytes", "bitsandbytes"),
    "compressed-tensors": ("compressed_tensors", "compressed-tensors"),
    "gguf": ("gguf", "gguf"),
    "gptq": ("gptqmodel", "gptqmodel"),
    "hqq": ("hqq", "hqq"),
    "modelopt": ("modelopt", "nvidia-modelopt"),
    "quanto": ("optimum.quanto", "optimum-quanto"),
    "sdnq": ("sdnq", "sdnq"),
    "torchao": ("torchao", "torchao"),
}


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


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """The tensors of a part that do not fit its configuration.

    Attributes:
        missing: Names.
        misshapen: Name -> shape in the file, shape by the configuration.
        unknown: Names of what no module reads.

    """

    missing: Iterable[str]
    misshapen: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    unknown: Iterable[str]


def open_checkpoint(folder: Path) -> Checkpoint:
    """Read configurations, headers and tokenizer of a folder, and see that they fit.

    Takes 0.1 s for the demo model and under a second for Z-Image-Turbo; weights are not read.

    Raises:
        ModelFilesError: They do not; the sentence names the file or the part and its tensor.

    """
    try:
        configs = {
            part: read_json(folder / part / "config.json", f"{part}/config.json") for part in STEMS
        }
        quantised = {
            part: method for part in STEMS if (method := _quantiser(folder, part, configs[part]))
        }
        skeletons = _skeletons(folder, configs)
        files = {part: find_weights(folder, part) for part in STEMS}
        for part in STEMS:
            _check_tensors(folder, files[part], skeletons[part], is_quantised=part in quantised)
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
    _refuse_misfit(checkpoint.folder, part, _reported(module, report))
    return module.eval().requires_grad_(requires_grad=False)


def _reported(module: Any, report: Mapping[str, Any]) -> Misfit:
    """Read a library's report; diffusers believes an index and leaves out what a shard lacks."""
    left_out = {name for name, tensor in module.state_dict().items() if tensor.is_meta}
    misshapen = {name: (tuple(own), tuple(due)) for name, own, due in report["mismatched_keys"]}
    return Misfit(
        missing=(left_out | set(report["missing_keys"])) - misshapen.keys(),
        misshapen=misshapen,
        unknown=[name for name in report["unexpected_keys"] if not _UNUSED.fullmatch(name)],
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


def _check_tensors(folder: Path, files: WeightFiles, skeleton: Any, *, is_quantised: bool) -> None:
    """Compare the headers with the configuration.

    Raises:
        ModelFilesError: They do not fit.
        WeightFileError: A file is broken.

    """
    part, found = files.part, read_tensors(files)
    expected = {name: tuple(each.shape) for name, each in skeleton.state_dict().items()}
    modules = {_owner(name) for name in expected}
    if part == "text_encoder":
        found = {_encoder_name(name, modules): tensor for name, tensor in found.items()}
    if is_quantised:
        _refuse_misfit(folder, part, _quantised_misfit(found.keys(), expected.keys()))
        return
    odd = [name for name in sorted(found) if found[name].dtype not in _FLOATS and name in expected]
    if odd:
        raise ModelFilesError(
            f"The {part} of the model in {folder} is quantised without saying how: {odd[0]}"
            f"{_more(len(odd))} has the type {found[odd[0]].dtype}, whose scales are not applied "
            "here; use the files in bfloat16."
        )
    listed = {_encoder_name(name, modules) for name in files.listed}
    misfit = Misfit(
        missing=expected.keys() - found.keys(),
        misshapen={
            name: (found[name].shape, shape)
            for name, shape in expected.items()
            if name in found and found[name].shape != shape
        },
        unknown=[
            name
            for name in (found.keys() | listed) - expected.keys()
            if not _UNUSED.fullmatch(name)
        ],
    )
    _refuse_misfit(folder, part, misfit)


def _encoder_name(name: str, modules: AbstractSet[str]) -> str:
    """Take off what a whole language model writes before a name, also before a quantised one."""
    short = name.removeprefix(_LANGUAGE_MODEL)
    return short if _module(short, modules) else name


def _quantised_misfit(found: AbstractSet[str], expected: AbstractSet[str]) -> Misfit:
    """Compare module by module: how many tensors a weight became, only its quantiser knows."""
    modules = {_owner(name) for name in expected}
    modules_found = {_module(name, modules) for name in found}
    return Misfit(
        missing=[
            name
            for name in expected - found
            if not _owner(name) or _owner(name) not in modules_found
        ],
        unknown=[
            name
            for name in found - expected
            if not _module(name, modules) and not _UNUSED.fullmatch(name)
        ],
    )


def _owner(name: str) -> str:
    return name.rpartition(".")[0]


def _module(name: str, modules: AbstractSet[str]) -> str:
    """Return the module that a tensor such as `layers.0.w1.weight.absmax` is of; else nothing."""
    while name and name not in modules:
        name = _owner(name)
    return name


def _refuse_misfit(folder: Path, part: str, misfit: Misfit) -> None:
    """Name the first tensor of each kind that does not fit."""
    faults = []
    if missing := sorted(misfit.missing):
        faults.append(f"{_named(missing)} missing")
    if misshapen := sorted(misfit.misshapen):
        own, due = misfit.misshapen[misshapen[0]]
        faults.append(
            f"{misshapen[0]}{_more(len(misshapen))} has the shape {list(own)}, not {list(due)}"
        )
    if unknown := sorted(misfit.unknown):
        faults.append(f"{_named(unknown)} unknown")
    if faults:
        raise ModelFilesError(
            f"The {part} of the model in {folder} does not fit its configuration: of its tensors, "
            f"{', and '.join(faults)}; copy the files of {part} again from where they came from."
        )


def _named(names: Sequence[str]) -> str:
    """Return the subject of a sentence, with its verb."""
    return f"{names[0]} is" if len(names) == 1 else f"{names[0]} and {len(names) - 1} more are"


def _more(count: int) -> str:
    """Say how many there are beside the one that is named."""
    return f" (and {count - 1} more)" if count > 1 else ""


def _quantiser(folder: Path, part: str, config: Mapping[str, Any]) -> str | None:
    """Return how a part is quantised; None where it is not.

    Raises:
        ModelFilesError: The package that reads it is not installed, or nothing here reads it.

    """
    how = config.get("quantization_config")
    if not isinstance(how, Mapping):
        return None
    method = str(how.get("quant_method") or ("bitsandbytes" if _is_in_few_bits(how) else "?"))
    known = next((name for name in _QUANTISERS if method.startswith(name)), None)
    quantised = f"The {part} of the model in {folder} is quantised"
    if known is None:
        raise ModelFilesError(
            f"{quantised} by the method {method!r}, which nothing here reads: use the files in "
            f"bfloat16, or of one of {', '.join(_QUANTISERS)}."
        )
    module, package = _QUANTISERS[known]
    if not _is_installed(module):
        raise ModelFilesError(
            f"{quantised} by {known}, but {package} is not installed: run `pip install {package}`, "
            "or use the files in bfloat16."
        )
    return known


def _is_in_few_bits(how: Mapping[str, Any]) -> bool:
    return bool(how.get("load_in_4bit") or how.get("load_in_8bit"))


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it is a part of is not there
        return False


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


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, at most 200 characters."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
