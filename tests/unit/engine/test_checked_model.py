"""Weights that do not fit are refused: by the headers, by the loader, in the same sentence."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Size
from bot.errors import EngineError, EngineOutOfMemoryError, ModelFilesError, SettingsError
from tests.support.later import imported_later
from tests.support.model_folders import (
    FILES,
    SHARD,
    TEXT,
    Weights,
    configure,
    edit_part,
    link_model,
    rewrite,
    write,
)
from tests.support.sampling import sampled

with imported_later():
    import torch
    from diffusers import TorchAoConfig, ZImageTransformer2DModel
    from safetensors.torch import save_file

    from bot.engine.checked_model import load_module, open_checked_model
    from bot.engine.load_errors import load_errors
    from bot.engine.z_image import ZImageEngine

Edit = Callable[[Weights], Weights]


@pytest.fixture
def folder(demo_model: Path, tmp_path: Path) -> Path:
    return link_model(demo_model, tmp_path / "model")


def refusal(folder: Path) -> str:
    with pytest.raises(ModelFilesError) as caught:
        open_checked_model(folder)
    assert "\n" not in caught.value.message
    return caught.value.message


def loading_refusal(folder: Path, **options: str) -> str:
    engine = ZImageEngine(folder, model_id="m", revision="r", device="cpu", **options)
    with pytest.raises(ModelFilesError) as caught:
        engine.load()
    return caught.value.message


def renamed(weights: Weights) -> Weights:
    return {f"text_model.{name}": tensor for name, tensor in weights.items()}


def without_the_first(weights: Weights) -> Weights:
    return {name: weights[name] for name in sorted(weights)[1:]}


def with_one_more(weights: Weights) -> Weights:
    return {**weights, "added.weight": torch.zeros(3)}


def with_a_larger_one(weights: Weights) -> Weights:
    first = min(weights)
    return {**weights, first: torch.zeros(weights[first].shape[0] + 1, *weights[first].shape[1:])}


def in_8_bits_with_scales(weights: Weights) -> Weights:
    matrices = [n for n, each in weights.items() if n.endswith(".weight") and each.ndim == 2]
    scales = {name.replace(".weight", ".scale_weight"): torch.ones(1) for name in matrices}
    return weights | {name: weights[name].to(torch.float8_e4m3fn) for name in matrices} | scales


def test_an_encoder_whose_tensors_have_other_names_is_refused_and_not_made_up(folder: Path):
    rewrite(folder / TEXT, renamed)
    said = refusal(folder)
    assert "text_encoder" in said
    assert "embed_tokens.weight and 45 more are missing" in said
    assert "text_model.embed_tokens.weight and 45 more are unknown" in said
    assert loading_refusal(folder) == said


@pytest.mark.parametrize("part", sampled(FILES, first=1))
@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (without_the_first, r"of its tensors, \S+(\.\S+) is missing; copy"),
        (with_one_more, r"of its tensors, added.weight is unknown; copy"),
        (with_a_larger_one, r"of its tensors, \S+ has the shape \[\d+.*\], not \[\d+.*\]; copy"),
    ],
)
def test_a_tensor_too_few_too_many_or_of_another_shape_is_named_with_its_part(
    part: str, edit: Edit, said: str, folder: Path
):
    checkpoint = open_checked_model(folder)
    edit_part(folder, part, edit)
    sentence = refusal(folder)
    assert re.search(rf"The {part} of the model in {folder} .*{said}", sentence)
    with pytest.raises(ModelFilesError) as caught:  # the headers were right when it looked
        load_module(checkpoint, part, torch.float32)
    assert caught.value.message == sentence
    assert loading_refusal(folder) == sentence


@pytest.mark.parametrize("part", FILES)
def test_8_bit_weights_are_refused_where_nothing_applies_their_scales(part: str, folder: Path):
    edit_part(folder, part, in_8_bits_with_scales)
    sentence = refusal(folder)
    assert re.search(rf"The {part} .* has the type F8_E4M3, whose scales are not applied", sentence)
    assert loading_refusal(folder) == sentence


def test_a_whole_language_model_is_a_text_encoder_with_parts_that_nothing_reads(
    folder: Path, demo_model: Path
):
    def whole(weights: Weights) -> Weights:
        return {f"model.{name}": tensor for name, tensor in weights.items()} | {
            "lm_head.weight": weights["embed_tokens.weight"].clone(),
            "model.layers.0.self_attn.rotary_emb.inv_freq": torch.zeros(32),
        }

    rewrite(folder / TEXT, whole)
    ours = load_module(open_checked_model(folder), "text_encoder", torch.float32).state_dict()
    plain = load_module(open_checked_model(demo_model), "text_encoder", torch.float32).state_dict()
    assert ours.keys() == plain.keys()
    assert all(torch.equal(ours[name], plain[name]) for name in plain)


def test_what_only_looks_like_a_part_that_nothing_reads_is_refused(folder: Path):
    rewrite(folder / TEXT, lambda weights: {**weights, "my_lm_head.weight": torch.zeros(2)})
    assert "my_lm_head.weight is unknown" in refusal(folder)


def test_a_configuration_of_another_size_is_told_by_the_tensors(folder: Path):
    configure(folder / "transformer/config.json", n_layers=5)
    assert "layers.5.adaLN_modulation.0.bias and 14 more are unknown" in refusal(folder)


def test_a_configuration_of_something_else_is_one_sentence(folder: Path):
    configure(folder / "vae/config.json", down_block_types=["NoSuchBlock"])
    said = refusal(folder)
    assert "vae/config.json (not the configuration of a Z-Image model)" in said
    assert "NoSuchBlock" not in said  # the library's words


def test_a_shard_that_lacks_what_the_index_promises_is_told_as_a_missing_tensor(folder: Path):
    rewrite(folder / SHARD, without_the_first)
    assert "cannot copy" not in loading_refusal(folder).lower()
    assert "is missing" in loading_refusal(folder)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "run `pip install bitsandbytes`"),
        ({"load_in_8bit": True}, "run `pip install bitsandbytes`"),
        ({"quant_method": "sdnq", "weights_dtype": "uint4"}, "run `pip install sdnq`"),
        ({"quant_method": "hqq"}, "run `pip install hqq`"),
        ({"quant_method": "quanto"}, "run `pip install optimum-quanto`"),
        ({"quant_method": "magic"}, "by the method 'magic', which nothing here reads"),
        ({}, "by the method '?'"),
        ("magic", "by the method 'magic', which nothing here reads"),
    ],
)
@pytest.mark.parametrize("part", ["text_encoder", "transformer"])
def test_weights_quantised_by_what_is_not_installed_say_what_to_install(
    how: object, said: str, part: str, folder: Path
):
    configure(folder / part / "config.json", quantization_config=how)
    sentence = refusal(folder)
    assert sentence.startswith(f"The {part} of the model in {folder} is quantised by")
    assert said in sentence
    assert loading_refusal(folder) == sentence


def test_quantised_weights_need_the_reference_path(folder: Path):
    pytest.importorskip("torchao")
    how = {"quant_method": "torchao", "quant_type": "int8wo"}
    configure(folder / "transformer/config.json", quantization_config=how)
    engine = ZImageEngine(folder, model_id="m", revision="r", device="cpu", path="fast")
    with pytest.raises(SettingsError, match=r"quantised by torchao.*set ENGINE_PATH=reference"):
        engine.load()
    with pytest.raises(SettingsError, match="set ENGINE_PATH=reference"):
        engine.foresee()


def quantise(folder: Path) -> Path:
    """Quantise the transformer as people do, by diffusers and torchao; return its file."""
    how = pytest.importorskip("torchao.quantization").Int8WeightOnlyConfig(version=2)
    transformer = ZImageTransformer2DModel.from_pretrained(
        folder,
        subfolder="transformer",
        dtype=torch.bfloat16,
        quantization_config=TorchAoConfig(how),
    )
    shutil.rmtree(folder / "transformer")
    transformer.save_pretrained(folder / "transformer")
    return folder / "transformer/diffusion_pytorch_model.safetensors"


@pytest.mark.nightly
def test_quantised_weights_whose_library_is_here_draw_on_the_reference_path(
    folder: Path, demo_model: Path
):
    quantise(folder)
    quantised, plain = (
        ZImageEngine(each, model_id="m", revision="r", device="cpu").draw(
            DrawTask(
                request=ImageRequest(
                    prompt="a red apple", seed=42, size=Size(width=128, height=128)
                )
            )
        )
        for each in (folder, demo_model)
    )
    ours, theirs = (np.frombuffer(each.image.pixels, np.uint8) for each in (quantised, plain))
    assert 0 < np.abs(ours.astype(int) - theirs).mean() < 12  # of 255


def test_quantised_weights_without_a_tensor_are_refused_when_they_are_loaded(folder: Path):
    file = quantise(folder)
    with safe_open(file, "pt") as content:
        labels = content.metadata()  # of torchao, without which it cannot put its tensors together
        tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
    scale = tensors.pop("layers.0.attention.to_q._weight_scale")  # only its quantiser misses it
    save_file(tensors, file, metadata=labels)
    assert "layers.0.attention.to_q.weight is missing" in loading_refusal(folder)
    tensors["layers.0.attention.to_q._weight_scale"] = scale
    tensors["layers.9.attention.to_q._weight_scale"] = tensors.pop("layers.1.ffn_norm1.weight")
    save_file(tensors, file, metadata=labels)
    said = refusal(folder)
    assert "layers.1.ffn_norm1.weight is missing" in said
    assert "layers.9.attention.to_q._weight_scale is unknown" in said
    assert loading_refusal(folder) == said


def test_a_tokenizer_of_another_model_is_refused(folder: Path):
    rewrite(
        folder / TEXT,
        lambda weights: {**weights, "embed_tokens.weight": weights["embed_tokens.weight"][:500]},
    )
    configure(folder / "text_encoder/config.json", vocab_size=500)
    assert "it has a token 6143, but the text encoder knows 500 tokens" in refusal(folder)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            lambda folder: write(folder / "tokenizer/tokenizer.json", "{"),
            "tokenizer.json (damaged)",
        ),
        (lambda folder: write(folder / "tokenizer/tokenizer.json", "{}"), "json (damaged)"),
        (lambda folder: write(folder / "tokenizer/tokenizer.json", "[1]"), "json (damaged)"),
        (
            lambda folder: configure(
                folder / "tokenizer/tokenizer_config.json", chat_template=None
            ),
            "tokenizer_config.json (without a chat template that works)",
        ),
    ],
)
def test_a_tokenizer_that_cannot_be_used_is_refused_before_any_weights(
    damage: Callable[[Path], None], said: str, folder: Path
):
    damage(folder)
    for name in ("vocab.json", "merges.txt"):  # the old form of the same
        (folder / "tokenizer" / name).unlink()
    assert said in refusal(folder)
    assert loading_refusal(folder) == refusal(folder)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (MemoryError(), EngineOutOfMemoryError, "Memory ran out while loading the model m"),
        (TypeError("odd"), ModelFilesError, r"though its files are complete \(odd\)"),
    ],
)
def test_what_else_goes_wrong_while_loading_is_one_sentence(
    error: Exception, kind: type[Exception], said: str, folder: Path
):
    cpu = torch.device("cpu")
    with pytest.raises(kind, match=said), load_errors(folder, model="m", device=cpu):
        raise error


def test_a_gpu_that_fails_while_loading_is_not_taken_for_a_broken_file(folder: Path):
    said, second = "The GPU cuda:1 cannot be used", torch.device("cuda", 1)
    with pytest.raises(EngineError, match=said), load_errors(folder, model="m", device=second):
        raise RuntimeError("Found no NVIDIA driver on your system.")
