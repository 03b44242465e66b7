"""Weights in single files make the same modules as a folder's, or the file is refused."""

from __future__ import annotations

import itertools
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, Size
from bot.errors import ModelFilesError
from bot.models import ModelFiles, locate
from tests.support.later import imported_later
from tests.support.sampling import sampled
from tests.support.weight_formats.bad import BAD_FILES
from tests.support.weight_formats.fp8 import KINDS, expected, in_fp8
from tests.support.weight_formats.original import (
    Weights,
    in_one_file,
    original,
    part_weights,
    write,
    write_comfyui,
)

with imported_later():
    import torch
    from safetensors.torch import load_file

    from bot.engine.checked_model import CheckedModel, load_module, open_checked_model
    from bot.engine.single_files.content import read_tensor, scaled
    from bot.engine.single_files.files import open_single_file
    from bot.engine.z_image import ZImageEngine
    from tests.support.weight_formats import gguf_files

pytest_plugins = ["tests.support.bot_fixtures"]

PARTS = ("text_encoder", "transformer", "vae")
REQUEST = ImageRequest(prompt="a red apple", seed=42, size=Size(width=64, height=64))
GGUF_TYPES = ("Q4_K", "Q6_K", "BF16", "Q8_0", "Q5_K", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "F16", "F32")
ARCHITECTURES = {"transformer": "lumina2", "text_encoder": "qwen3"}


def located(model: Path | str) -> ModelFiles:
    return locate(str(model), model_cache=Path("unused"), caches=())


def opened(model: Path | str) -> CheckedModel:
    files = located(model)
    return open_checked_model(files.folder, files.weights)


def tensors(model: Path | str, part: str, dtype: torch.dtype | None = None) -> Weights:
    return load_module(opened(model), part, dtype or torch.float32).state_dict()


def assert_equal(ours: Weights, theirs: Weights) -> None:
    assert ours.keys() == theirs.keys()
    assert [name for name in theirs if not torch.equal(ours[name], theirs[name])] == []


def refusal(model: Path | str) -> str:
    with pytest.raises(ModelFilesError) as caught:
        opened(model)
    assert "\n" not in caught.value.message
    return caught.value.message


def drawn(model: Path | str, **options: str) -> tuple[str, dict[str, object]]:
    files = located(model)
    engine = ZImageEngine(
        files.folder,
        model_id=files.model_id,
        revision=files.revision,
        model_files=files.learned,
        weights=files.weights,
        device="cpu",
        cpu_threads=1,
        **options,
    )
    drawing = engine.draw(DrawTask(request=REQUEST))
    engine.close()
    return drawing.image.pixel_sha256, dict(drawing.conditions)


def write_part(demo: Path, part: str, path: Path, prefix: str = "") -> Path:
    return write(path, {prefix + name: each for name, each in original(demo, part).items()})


@pytest.mark.parametrize("dtype", sampled(["bfloat16", "float32"], first=1))
def test_comfyuis_files_are_the_modules_of_the_folder_they_were_made_from(
    dtype: str, demo_model: Path, tmp_path: Path
):
    write_comfyui(demo_model, tmp_path)
    for part in PARTS:
        own = getattr(torch, dtype)
        assert_equal(tensors(tmp_path, part, own), tensors("demo", part, own))


@pytest.mark.parametrize(
    ("part", "prefix"),
    sampled(
        [
            ("transformer", "model.diffusion_model."),
            ("vae", "first_stage_model."),
            ("transformer", "diffusion_model."),
            ("vae", "vae."),
        ],
        first=2,
    ),
)
def test_names_may_have_the_prefixes_that_programs_write(
    part: str, prefix: str, sketch_model: Path, tmp_path: Path
):
    path = write_part(sketch_model, part, tmp_path / "file.safetensors", prefix)
    assert_equal(tensors(f"{sketch_model}; {path}", part), tensors(sketch_model, part))


@pytest.mark.parametrize("part", sampled(PARTS, first=1))
def test_diffusers_own_names_in_one_file_are_read_as_well(
    part: str, sketch_model: Path, tmp_path: Path
):
    path = write(tmp_path / "own.safetensors", part_weights(sketch_model, part))
    assert_equal(tensors(f"{sketch_model}; {path}", part), tensors(sketch_model, part))


def test_one_file_may_hold_all_parts(sketch_model: Path, tmp_path: Path):
    path = write(tmp_path / "all.safetensors", in_one_file(sketch_model))
    assert located(f"{sketch_model}; {path}").weights.keys() == set(PARTS)
    for part in PARTS:
        assert_equal(tensors(f"{sketch_model}; {path}", part), tensors(sketch_model, part))


def test_what_no_module_reads_of_known_programs_is_left_out(sketch_model: Path, tmp_path: Path):
    whole = {**original(sketch_model, "transformer"), "norm_final.weight": torch.ones(336)}
    path = write(tmp_path / "file.safetensors", whole)
    plan = opened(f"{sketch_model}; {path}").plans["transformer"]
    assert plan.idle == ("norm_final.weight",)
    assert len(plan.stored) == len(whole) - 1


@pytest.mark.parametrize("path", sampled(["reference", "fast"], first=1))
def test_a_picture_of_comfyuis_files_has_the_same_pixels_and_a_recipe_that_names_them(
    path: str, demo_model: Path, tmp_path: Path
):
    write_comfyui(demo_model, tmp_path)
    ours, conditions = drawn(tmp_path, path=path)
    theirs, before = drawn("demo", path=path)
    assert ours == theirs
    assert conditions["model"] == "z_image_turbo_bf16"
    assert str(conditions["revision"]).startswith("sampled:")
    assert conditions["revision"] != before["revision"]
    named = conditions["model_files"]
    assert isinstance(named, dict)
    assert {name: each.partition(":")[0] for name, each in named.items()} == {
        "text_encoder/qwen_3_4b.safetensors": "sampled",
        "tokenizer/tokenizer.json": "md5",
        "transformer/z_image_turbo_bf16.safetensors": "sampled",
        "vae/ae.safetensors": "sampled",
    }


@pytest.mark.parametrize("digits", sampled(["e4m3", "e5m2"], first=1))
@pytest.mark.parametrize("kind", sampled(KINDS, first=4))
def test_values_in_8_bits_are_multiplied_by_their_scales(
    kind: str, digits: str, sketch_model: Path, tmp_path: Path
):
    if kind == "bytes" and digits != "e4m3":
        pytest.skip("the maker has these in one type only")
    plain = original(sketch_model, "transformer")
    made, metadata = in_fp8(plain, kind, digits=digits)
    path = write(tmp_path / "fp8.safetensors", made, metadata)
    meant = write(tmp_path / "meant.safetensors", expected(plain, made, kind))
    ours = tensors(f"{sketch_model}; {path}", "transformer", torch.bfloat16)
    assert_equal(ours, tensors(f"{sketch_model}; {meant}", "transformer", torch.bfloat16))
    far = [
        float((ours[name].float() - tensor.float()).norm() / tensor.float().norm())
        for name, tensor in tensors(sketch_model, "transformer").items()
    ]
    assert max(far) < (0.04 if digits == "e4m3" else 0.08)


@pytest.mark.parametrize("prefix", ["", "model.diffusion_model."])
def test_a_header_describes_layers_with_their_prefix_or_without(
    prefix: str, sketch_model: Path, tmp_path: Path
):
    made, metadata = in_fp8(original(sketch_model, "transformer"), "header")
    plain = write(tmp_path / "plain.safetensors", made, metadata)
    layers = json.loads(metadata["_quantization_metadata"])["layers"]
    written = {"layers": {prefix + layer: how for layer, how in layers.items()}}
    path = write(
        tmp_path / "prefixed.safetensors",
        {f"model.diffusion_model.{name}": each for name, each in made.items()},
        {"_quantization_metadata": json.dumps(written)},
    )
    ours = tensors(f"{sketch_model}; {path}", "transformer")
    assert_equal(ours, tensors(f"{sketch_model}; {plain}", "transformer"))
    written["layers"][f"{prefix}layers.0.attention.qkv"] = {"format": "nvfp4"}
    write(path, load_file(path), {"_quantization_metadata": json.dumps(written)})
    assert "is quantised as 'nvfp4' (its layer layers.0.attention.qkv)" in refusal(
        f"{sketch_model}; {path}"
    )


def test_a_text_encoder_in_8_bits_is_read_like_a_transformer(sketch_model: Path, tmp_path: Path):
    plain = original(sketch_model, "text_encoder")
    made, _ = in_fp8(plain, "layers")
    path = write(tmp_path / "qwen_fp8.safetensors", made)
    meant = write(tmp_path / "meant.safetensors", expected(plain, made, "layers"))
    ours = tensors(f"{sketch_model}; {path}", "text_encoder")
    assert_equal(ours, tensors(f"{sketch_model}; {meant}", "text_encoder"))


def test_a_scale_is_of_the_whole_of_each_row_or_of_each_block():
    values = torch.tensor([[1.0, 2, 3, 4], [5, 6, 7, 8]])
    assert torch.equal(scaled(values, torch.tensor(2.0)), values * 2)
    assert torch.equal(scaled(values, torch.tensor([[2.0]])), values * 2)
    by_row = torch.tensor([[1.0, 2, 3, 4], [50, 60, 70, 80]])
    assert torch.equal(scaled(values, torch.tensor([1.0, 10])), by_row)
    by_block = torch.tensor([[1.0, 2, 30, 40], [5, 6, 70, 80]])
    assert torch.equal(scaled(values, torch.tensor([[1.0, 10]])), by_block)


@pytest.mark.parametrize(
    ("part", "kind"),
    sampled(
        [
            *zip(("transformer", "text_encoder"), GGUF_TYPES, strict=False),
            *zip(("text_encoder", "transformer"), GGUF_TYPES, strict=False),
            *itertools.product(("transformer", "text_encoder"), GGUF_TYPES[2:]),
        ],
        first=2,
    ),
)
def test_gguf_is_what_its_own_reference_makes_of_it(
    part: str, kind: str, sketch_model: Path, tmp_path: Path
):
    pytest.importorskip("gguf")
    plain = original(sketch_model, part)
    named = gguf_files.llama_names(plain) if part == "text_encoder" else plain
    path = gguf_files.write_gguf(tmp_path / "q.gguf", named, kind, ARCHITECTURES[part])
    reference = {name: gguf_files.dequantised(each, kind) for name, each in plain.items()}
    meant = write(tmp_path / "meant.safetensors", reference)
    for dtype in (torch.float32, torch.bfloat16):
        ours = tensors(f"{sketch_model}; {path}", part, dtype)
        assert_equal(ours, tensors(f"{sketch_model}; {meant}", part, dtype))
    if kind in {"BF16", "F32"}:  # the model's own values are in bfloat16
        assert_equal(tensors(f"{sketch_model}; {path}", part), tensors(sketch_model, part))


@pytest.mark.parametrize(
    "kind", sampled(["Q4_K", "IQ4_XS", "IQ4_NL", "Q2_K", "Q3_K", "Q5_K", "Q6_K"], first=2)
)
def test_any_bytes_of_a_gguf_type_are_what_its_reference_says_piece_by_piece(
    kind: str, tmp_path: Path
):
    gguf = pytest.importorskip("gguf")
    own = gguf.GGMLQuantizationType[kind]
    block, size = gguf.GGML_QUANT_SIZES[own]
    rows, columns = 1100, 1024  # more than one piece
    shape = (rows, columns // block * size)
    random = np.random.default_rng(0)  # any bytes, but for scales that are infinite or no numbers
    stored = random.integers(0, 0x7C, shape, np.uint8) | random.integers(0, 2, shape, np.uint8) << 7
    writer = gguf.GGUFWriter(tmp_path / "any.gguf", "lumina2")
    writer.add_tensor("w", stored, raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    file = open_single_file(tmp_path / "any.gguf")
    ours = read_tensor(file, "w", torch.float32, scale=None, stored=kind)
    assert ours.shape == (rows, columns)
    assert torch.equal(ours, torch.from_numpy(gguf.quants.dequantize(stored, own)))


def test_a_picture_of_gguf_that_loses_nothing_has_the_same_pixels(
    sketch_model: Path, tmp_path: Path
):
    pytest.importorskip("gguf")
    plain = original(sketch_model, "transformer")
    path = gguf_files.write_gguf(tmp_path / "z.gguf", plain, "BF16", "lumina2")
    ours, conditions = drawn(f"{sketch_model}; {path}")
    assert ours == drawn(sketch_model)[0]
    assert "transformer/z.gguf" in str(conditions["model_files"])


def test_a_vector_may_be_stored_as_one_in_gguf(sketch_model: Path, tmp_path: Path):
    pytest.importorskip("gguf")
    plain = original(sketch_model, "transformer")
    flat = {name: each.flatten() if "pad_token" in name else each for name, each in plain.items()}
    path = gguf_files.write_gguf(tmp_path / "z.gguf", flat, "BF16", "lumina2")
    assert_equal(
        tensors(f"{sketch_model}; {path}", "transformer"), tensors(sketch_model, "transformer")
    )


@pytest.mark.parametrize("source", sampled(["folder", "fp8", "gguf", "comfyui"], first=3))
def test_any_tensor_can_be_read_again_as_it_was_loaded(
    source: str, sketch_model: Path, tmp_path: Path
):
    plain = original(sketch_model, "transformer")
    more = ""
    if source == "comfyui":
        more = f"; {write_comfyui(sketch_model, tmp_path)}"
    elif source == "fp8":
        more = f"; {write(tmp_path / 'fp8.safetensors', in_fp8(plain, 'rows')[0])}"
    elif source == "gguf":
        pytest.importorskip("gguf")
        more = f"; {gguf_files.write_gguf(tmp_path / 'z.gguf', plain, 'Q4_K', 'lumina2')}"
    checkpoint = opened(f"{sketch_model}{more}")
    for part in PARTS:
        loaded = load_module(checkpoint, part, torch.bfloat16).state_dict()
        for name in list(loaded)[::17]:
            again = checkpoint.read_tensor(part, name, torch.bfloat16)
            assert torch.equal(again, loaded[name])
    with pytest.raises(KeyError):
        checkpoint.read_tensor("transformer", "layers.99.w", torch.bfloat16)


@pytest.mark.parametrize("what", sampled(BAD_FILES, first=13))
def test_what_is_broken_or_something_else_is_refused_in_one_sentence(
    what: str, sketch_model: Path, tmp_path: Path
):
    if what.startswith("GGUF"):
        pytest.importorskip("gguf")
    make, said = BAD_FILES[what]
    path = make(sketch_model, tmp_path)
    sentence = refusal(f"{sketch_model}; {path}")
    assert said in sentence
    assert str(path) in sentence


def test_gguf_of_another_architecture_or_type_or_size_is_refused(
    sketch_model: Path, tmp_path: Path
):
    pytest.importorskip("gguf")
    plain = original(sketch_model, "transformer")
    text = gguf_files.llama_names(original(sketch_model, "text_encoder"))
    path = gguf_files.write_gguf(tmp_path / "vl.gguf", text, "Q8_0", "qwen3vl")
    assert "is a language model of the architecture 'qwen3vl'" in refusal(f"{sketch_model}; {path}")
    path = gguf_files.write_gguf(tmp_path / "fine.gguf", plain, "Q8_0", "pig")
    opened(f"{sketch_model}; {path}")  # a transformer is what its tensors are
    path = gguf_files.write_gguf(tmp_path / "few.gguf", plain, "TQ2_0", "lumina2")
    assert "is quantised as TQ2_0 (its tensor " in refusal(f"{sketch_model}; {path}")
    path = gguf_files.write_gguf(tmp_path / "cut.gguf", plain, "Q8_0", "lumina2")
    path.write_bytes(path.read_bytes()[:-100])
    assert "is broken: truncated: " in refusal(f"{sketch_model}; {path}")
    path.write_bytes(path.read_bytes()[:200])
    assert "is broken: truncated: it ends in its header" in refusal(f"{sketch_model}; {path}")
    path.write_bytes(b"GGUF" + struct.pack("<I", 99) + bytes(64))
    assert "is broken: not a GGUF file that can be read" in refusal(f"{sketch_model}; {path}")
    path.write_bytes(b"weights")
    assert "is broken: not a GGUF file that can be read" in refusal(f"{sketch_model}; {path}")
