"""Every tensor of a LoRA's file is mapped, or the file is refused in one sentence."""

from __future__ import annotations

import contextlib
import json
import random
import re
from pathlib import Path

import pytest

from bot.engine.adapters.formats import read_adapter
from bot.engine.adapters.report import AdapterReport
from bot.engine.adapters.shapes import ModelShapes, shapes_of, shapes_of_folder
from bot.errors import AdapterFileError, ModelFilesError
from bot.locales import sentence
from tests.support.bad_loras import BAD_FILES
from tests.support.later import imported_later
from tests.support.lora_files import FORMATS, Maker
from tests.support.sampling import sampled

with imported_later():
    import torch
    from diffusers import ZImageTransformer2DModel
    from safetensors.torch import save_file

    from bot.engine.checked_model import open_checked_model

REASONS = {
    "empty": "it is empty",
    "no safetensors": "it is not a safetensors file",
    "truncated": r"it is truncated: \d+ bytes, \d+ by its own header",
    "with more at its end": r"it is too long: \d+ bytes",
    "a pickle": "it is pickled, which could run any code",
    "a pickle of torch": "it is pickled, which could run any code",
    "GGUF": "it is a GGUF file",
    "a pointer of Git LFS": "only a pointer of Git LFS",
    "without tensors": "there are no tensors in it",
    "a broken header": "it is not a safetensors file",
    "half a pair": r"to_q\.lora_B\.weight is half of a pair: its lora_A \(or .*\) is missing",
    "not a number": r"to_q\.lora_A\.weight has values that are no numbers",
    "another width": r"to_q\.lora_A\.weight is for a weight of 336 x 352, .* 336 x 336",
    "for the full model": r"3840 x 3840, .* 336 x 336: it is for the full Z-Image",
    "an unknown layer": r"layers\.99\.attention\.to_q\.alpha is of a layer that this model",
    "whole numbers": r"to_q\.lora_A\.weight has the type I32, and floats are needed",
    "a layer twice": r"transformer\.layers\.0\..* and diffusion_model\..* change the same weight",
    "a whole model": "is a weight of a whole model, not a change of one",
    "FLUX": "it is for FLUX, not for Z-Image",
    "FLUX, diffusers": "it is for FLUX, not for Z-Image",
    "SDXL": "it is for Stable Diffusion XL, not for Z-Image",
    "Qwen-Image": "it is for Qwen-Image, not for Z-Image",
    "Wan": "it is for Wan, not for Z-Image",
    "Stable Diffusion 3": "it is for Stable Diffusion 3, not for Z-Image",
    "OFT": "is of a method other than LoRA, LoKr, LoHa and DoRA",
    "a textual inversion": "emb_params is no part of a LoRA",
}


@pytest.fixture(scope="module")
def shapes(demo_model: Path) -> ModelShapes:
    return shapes_of_folder(demo_model)


@pytest.fixture(scope="module")
def make(shapes: ModelShapes) -> Maker:
    return Maker(shapes.parts, lambda *key: torch.ones(shapes.parts[key[0]][key[1]]))


def test_the_shapes_are_those_of_the_model(demo_model: Path, shapes: ModelShapes):
    skeletons = open_checked_model(demo_model).skeletons
    for part, known in shapes.parts.items():
        assert known == {
            name: tuple(each.shape) for name, each in skeletons[part].state_dict().items()
        }


def test_the_shapes_of_the_full_size_are_right_as_well(demo_model: Path):
    with torch.device("meta"):
        full = ZImageTransformer2DModel()
    text = json.loads((demo_model / "text_encoder" / "config.json").read_text(encoding="utf-8"))
    found = shapes_of(full.config, text, folder=demo_model).parts["transformer"]
    assert found == {name: tuple(each.shape) for name, each in full.state_dict().items()}


def test_a_model_without_configurations_is_told(tmp_path: Path):
    with pytest.raises(ModelFilesError, match=r"transformer/config\.json cannot be read"):
        shapes_of_folder(tmp_path)
    with pytest.raises(ModelFilesError, match=r"not those of a Z-Image model"):
        shapes_of({}, {}, folder=tmp_path)


@pytest.mark.parametrize("form", FORMATS)
def test_every_tensor_of_every_format_is_mapped(
    make: Maker, shapes: ModelShapes, tmp_path: Path, form: str
):
    sample = FORMATS[form](make)
    file = read_adapter(sample.save(tmp_path / "x.safetensors"), shapes)
    used = [key for change in file.changes for key in change.keys.values()]
    assert sorted(used) == sorted(sample.tensors)
    assert len(file.changes) == sample.layers
    found = {(change.part, name) for change in file.changes for name in change.parameters}
    assert found == set(sample.deltas)
    report = AdapterReport.of(file)
    assert sum(sum(kinds.values()) for kinds in report.layers.values()) == len(found)
    assert ("DoRA" in report.style) is ("DoRA" in form)


@pytest.mark.parametrize("form", sampled(FORMATS, first=4))
def test_without_any_one_tensor_a_file_is_another_one_or_refused(
    make: Maker, shapes: ModelShapes, tmp_path: Path, form: str
):
    """Nothing is passed over: without any of its tensors a file is not what it was."""
    sample = FORMATS[form](make)
    for key in list(sample.tensors)[:: max(1, len(sample.tensors) // 12)]:
        left = {name: each for name, each in sample.tensors.items() if name != key}
        save_file(left, tmp_path / "x.safetensors")
        try:
            found = read_adapter(tmp_path / "x.safetensors", shapes)
        except AdapterFileError:
            continue
        assert {each for change in found.changes for each in change.keys.values()} == set(left)


def test_all_bad_files_have_a_reason():
    assert REASONS.keys() == BAD_FILES.keys()


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_in_one_plain_sentence(
    shapes: ModelShapes, tmp_path: Path, name: str
):
    file = tmp_path / "wanted.safetensors"
    BAD_FILES[name](file, shapes)
    with pytest.raises(AdapterFileError, match=REASONS[name]) as refusal:
        read_adapter(file, shapes)
    message = refusal.value.message
    assert message.startswith("The LoRA wanted.safetensors cannot be used: ")
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 300
    chinese = sentence(message, "zh-CN")
    assert chinese.startswith("LoRA wanted.safetensors 不能用：")
    assert not re.search(r"[a-z]{3,} (is|has|for|the|not)\b", chinese)


def test_files_damaged_anywhere_are_read_or_refused(
    make: Maker, shapes: ModelShapes, tmp_path: Path
):
    file = FORMATS["kohya or musubi, fused qkv"](make).save(tmp_path / "x.safetensors")
    content, dice = file.read_bytes(), random.Random(5)
    header = int.from_bytes(content[:8], "little")
    for _ in range(150):
        damaged = bytearray(content[: header + 8 + dice.choice([0, 4, len(content)])])
        for _ in range(dice.randint(1, 3)):
            damaged[dice.randrange(min(len(damaged), header + 8))] = dice.randrange(256)
        file.write_bytes(damaged)
        with contextlib.suppress(AdapterFileError):  # and nothing else
            read_adapter(file, shapes)


def test_a_part_that_others_quantised_is_refused(make: Maker, shapes: ModelShapes, tmp_path: Path):
    file = FORMATS["both parts, kohya"](make).save(tmp_path / "x.safetensors")
    quantised = ModelShapes(
        parts=shapes.parts, text_layers=shapes.text_layers, quantised={"text_encoder": "sdnq"}
    )
    with pytest.raises(AdapterFileError, match="changes the text encoder, which sdnq quantised"):
        read_adapter(file, quantised)


@pytest.mark.parametrize(
    ("stated", "factor"),
    [
        ({"transformer.lora_alpha": 8}, 2.0),
        ({"transformer.lora_alpha": 8, "transformer.use_rslora": True}, 4.0),
        ({"transformer.lora_alpha": 8, "transformer.alpha_pattern": {"to_q": 2}}, 0.5),
        ({"transformer.lora_alpha": "eight"}, 1.0),
        ({"text_encoder.lora_alpha": 8}, 1.0),
        ([], 1.0),
    ],
)
def test_an_alpha_in_the_metadata_counts(
    shapes: ModelShapes, tmp_path: Path, stated: object, factor: float
):
    make = Maker(shapes.parts, lambda *_: torch.zeros(()), blocks=["layers.0"])
    sample = FORMATS["diffusers"](make)
    sample.metadata["lora_adapter_metadata"] = json.dumps(stated)
    file = read_adapter(sample.save(tmp_path / "x.safetensors"), shapes)
    found = {change.parameters[0]: change.factor for change in file.changes}
    assert found["layers.0.attention.to_q.weight"] == factor


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16", "float8_e4m3fn"])
def test_values_of_any_float_are_read(shapes: ModelShapes, tmp_path: Path, dtype: str):
    make = Maker(shapes.parts, lambda *_: torch.zeros(()), blocks=["layers.0"])
    sample = FORMATS["kohya or musubi, split qkv"](make)
    kind = getattr(torch, dtype)
    tensors = {
        key: each if key.endswith("alpha") and "float8" in dtype else each.to(kind)
        for key, each in sample.tensors.items()
    }
    save_file(tensors, tmp_path / "x.safetensors")
    file = read_adapter(tmp_path / "x.safetensors", shapes)
    assert {change.alpha for change in file.changes} == {2.0}
