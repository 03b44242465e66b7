"""A model: whether its weights fit its configurations, and loading them.

A library that finds a tensor missing fills it with random numbers, and it skips one that it does
not know. Here both refuse the model: first by the headers of its files, before anything is loaded,
then by what the library reports.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from accelerate import init_empty_weights
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.transformers.transformer_z_image import ZImageTransformer2DModel
from diffusers.utils import logging as diffusers_logging
from safetensors import safe_open
from transformers import Qwen2Tokenizer, Qwen3Config, Qwen3Model
from transformers.utils import logging as transformers_logging

from bot.engine.quantisers import find_quantiser
from bot.engine.single_files.files import open_single_file
from bot.engine.single_files.plan import PartPlan, plan_part
from bot.engine.tensor_check import (
    Misfit,
    check_tensors,
    encoder_name,
    is_unused,
    modules_of,
    refuse_misfit,
)
from bot.engine.tokens import TokenCounter
from bot.engine.weight_files import (
    STEMS,
    WeightFileError,
    WeightFiles,
    broken_model,
    find_weights,
    read_json,
)
from bot.errors import ModelFilesError

_CLASSES: Final = {
    "text_encoder": Qwen3Model,
    "transformer": ZImageTransformer2DModel,
    "vae": AutoencoderKL,
}
_BUILDERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "text_encoder": lambda config: Qwen3Model(Qwen3Config.from_dict(config)),
    "transformer": ZImageTransformer2DModel.from_config,
    "vae": AutoencoderKL.from_config,
}
_OTHER_FILE: Final = "transformers_weights"


@dataclass(frozen=True, kw_only=True)
class CheckedModel:
    """A model whose files are complete and fit one another; no weights are loaded yet.

    Attributes:
        folder: With the five parts of a `ZImagePipeline`, but for weights that are elsewhere.
        files: Part -> its files of weights.
        plans: Part -> how it is made of a single file, of the parts that are in one.
        skeletons: Part -> the module without weights, on the meta device.
        quantised: Part -> method, of the parts that are quantised.
        tokenizer: Of transformers, with the official chat template or another.

    """

    folder: Path
    files: Mapping[str, WeightFiles]
    plans: Mapping[str, PartPlan]
    skeletons: Mapping[str, Any]
    quantised: Mapping[str, str]
    tokenizer: Any

    def read_tensor(self, part: str, name: str, dtype: torch.dtype) -> torch.Tensor:
        """Read one tensor of a part again, as it was loaded and whatever file it is in.

        Args:
            part: One that is not quantised by a package of its own.
            name: As in the loaded module.
            dtype: The loaded one.

        Raises:
            KeyError: The part has no such tensor.

        """
        if part in self.plans:
            return self.plans[part].tensor(name, dtype)
        file, stored = self._places[part, name]
        tensor: torch.Tensor = file.get_tensor(stored).to(dtype)
        return tensor

    @functools.cached_property
    def _places(self) -> Mapping[tuple[str, str], tuple[Any, str]]:
        """Return where each tensor of a part is: its file, opened, and its name there."""
        places = {}
        for part in self.files.keys() - self.plans.keys():
            modules = modules_of(self.skeletons[part].state_dict())
            for path in self.files[part].files:
                file: Any = safe_open(path, framework="pt")
                for name in file.keys():  # noqa: SIM118 - no mapping
                    places[part, encoder_name(name, modules)] = (file, name)
        return places


def open_checked_model(folder: Path, weights: Mapping[str, Path] | None = None) -> CheckedModel:
    """Read configurations, headers and tokenizer of a folder, and see that they fit.

    Takes 0.1 s for the demo model and under a second for Z-Image-Turbo; weights are not read.

    Args:
        folder: With the five parts of a `ZImagePipeline`.
        weights: Part -> a single file in the place of its weights there.

    Raises:
        ModelFilesError: They do not; the sentence names the file or the part and its tensor.

    """
    try:
        configs = {part: _config(folder, f"{part}/config.json") for part in STEMS}
        single = dict(weights or {})
        quantised = {
            part: method
            for part in STEMS
            if part not in single and (method := find_quantiser(folder, part, configs[part]))
        }
        skeletons = {part: _skeleton(part, configs[part]) for part in STEMS}
        plans = {
            part: plan_part(open_single_file(file), part, skeletons[part])
            for part, file in single.items()
        }
        files = {
            part: _single(part, single[part]) if part in single else find_weights(folder, part)
            for part in STEMS
        }
        for part in STEMS:
            if part not in single:
                check_tensors(folder, files[part], skeletons[part], is_quantised=part in quantised)
        tokenizer = _tokenizer(folder, skeletons["text_encoder"].config.vocab_size)
    except WeightFileError as error:
        raise broken_model(folder, error) from error
    return CheckedModel(
        folder=folder,
        files=files,
        plans=plans,
        skeletons=skeletons,
        quantised=quantised,
        tokenizer=tokenizer,
    )


def _single(part: str, file: Path) -> WeightFiles:
    return WeightFiles(part=part, variant=None, index=None, files=(file,))


def _config(folder: Path, path: str) -> dict[str, Any]:
    """Read a configuration; one that leads transformers to other files of weights is refused.

    Raises:
        WeightFileError: It is, or cannot be read.

    """
    config = read_json(folder / path, path)
    if (other := config.get(_OTHER_FILE)) is not None:
        raise WeightFileError(path, f"with {_OTHER_FILE} {other!r}, which must not be there")
    return config


def load_module(checkpoint: CheckedModel, part: str, dtype: torch.dtype) -> Any:
    """Load the weights of a part into main memory, frozen and ready to run.

    Raises:
        ModelFilesError: The library reports that a tensor is missing, unknown or misshapen.

    """
    if part in checkpoint.plans:
        return _load_single(checkpoint.plans[part], checkpoint.skeletons[part], dtype)
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


def _load_single(plan: PartPlan, skeleton: Any, dtype: torch.dtype) -> Any:
    """Fill a module of the skeleton's configuration from a file, one tensor after another.

    Beside the module itself, main memory holds what one tensor takes on the way; what needs no
    conversion is a view of the file, as it is where a library loads a folder.
    """
    with init_empty_weights():  # what is computed and not stored, such as frequencies, is made
        module = _rebuilt(plan.part, skeleton.config)
    module.load_state_dict(dict(plan.tensors(dtype)), strict=True, assign=True)
    return module.eval().requires_grad_(requires_grad=False)


def _rebuilt(part: str, config: Any) -> Any:
    return Qwen3Model(config) if part == "text_encoder" else _CLASSES[part].from_config(config)


def _reported(module: Any, report: Mapping[str, Any]) -> Misfit:
    """Read a library's report; diffusers believes an index and leaves out what a shard lacks."""
    left_out = {name for name, tensor in module.state_dict().items() if tensor.is_meta}
    misshapen = {name: (tuple(own), tuple(due)) for name, own, due in report["mismatched_keys"]}
    return Misfit(
        missing=(left_out | set(report["missing_keys"])) - misshapen.keys(),
        misshapen=misshapen,
        unknown=[name for name in report["unexpected_keys"] if not is_unused(name)],
    )


def _skeleton(part: str, config: Mapping[str, Any]) -> Any:
    """Build a part without weights, on the meta device.

    Raises:
        WeightFileError: The configuration is not that of such a part.

    """
    plain = {key: value for key, value in config.items() if key != "quantization_config"}
    try:
        with torch.device("meta"):
            return _BUILDERS[part](plain)
    except Exception as error:
        raise WeightFileError(
            f"{part}/config.json", "not the configuration of a Z-Image model"
        ) from error


def _tokenizer(folder: Path, vocabulary: int) -> Any:
    """Load the tokenizer, and try it on a prompt.

    Raises:
        WeightFileError: Its chat template cannot be used.
        ModelFilesError: It is damaged, or writes tokens that the text encoder does not know.

    """
    TokenCounter(folder)  # the same file; the library below says less clearly that it is broken
    try:
        tokenizer = Qwen2Tokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
        tokenizer.apply_chat_template(
            [{"role": "user", "content": ""}],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=True,
        )
    except Exception as error:
        raise WeightFileError(
            "tokenizer/tokenizer_config.json", "without a chat template that works"
        ) from error
    highest = max(tokenizer.get_vocab().values(), default=0)
    if highest >= vocabulary:
        raise ModelFilesError(
            f"The tokenizer of the model in {folder} is another model's: it has a token {highest}, "
            f"but the text encoder knows {vocabulary} tokens."
        )
    return tokenizer
