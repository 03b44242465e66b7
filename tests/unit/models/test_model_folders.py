"""Folders of models as people have them: each is loaded, or one sentence says what it is."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli import run
from bot.errors import LoadFailedError, ModelFilesError
from bot.models import locate, unproven, verify
from bot.services import open_service
from bot.settings import Settings
from tests.support.later import imported_later
from tests.support.model_folders import (
    FILES,
    INDEX,
    SHARD,
    TEXT,
    VAE,
    configure,
    link_model,
    rewrite,
    write,
)
from tests.support.sampling import sampled

with imported_later():
    import torch

    from bot.engine.checked_model import load_module, open_checked_model
    from bot.engine.z_image import ZImageEngine

pytestmark = pytest.mark.engine

OTHER_SHARD = SHARD.replace("00001-of", "00002-of")


@pytest.fixture
def folder(demo_model: Path, tmp_path: Path) -> Path:
    return link_model(demo_model, tmp_path / "model")


def refusal(model: str | Path) -> str:
    with pytest.raises(ModelFilesError) as caught:
        locate(str(model), model_cache=Path("unused"), caches=())
    assert "\n" not in caught.value.message
    return caught.value.message


def weights(folder: Path) -> dict[str, torch.Tensor]:
    checkpoint = open_checked_model(folder)
    return {
        f"{part}.{name}": tensor
        for part in FILES
        for name, tensor in load_module(checkpoint, part, torch.float32).state_dict().items()
    }


def make_variant(folder: Path, variant: str, part: str) -> None:
    """Rename a part's files as `save_pretrained(variant=...)` names them."""
    for path in list((folder / part).iterdir()):
        name = path.name
        if name.endswith(".index.json"):
            content = json.loads(path.read_text(encoding="utf-8"))
            shards = {
                key: with_variant(each, variant) for key, each in content["weight_map"].items()
            }
            write(
                path.with_name(name.replace(".json", f".{variant}.json")),
                json.dumps({**content, "weight_map": shards}),
            )
            path.unlink()
        elif name.endswith(".safetensors"):
            path.rename(path.with_name(with_variant(name, variant)))


def with_variant(name: str, variant: str) -> str:
    """Return `model.fp16.safetensors` or `model.fp16-00001-of-00002.safetensors`."""
    return re.sub(r"(-\d+-of-\d+)?\.safetensors$", rf".{variant}\g<0>", name)


@pytest.mark.parametrize("variant", sampled(["fp16", "bf16"], first=1))
@pytest.mark.parametrize(
    "parts", sampled([list(FILES), ["transformer"], ["text_encoder", "vae"]], first=1)
)
def test_weights_that_come_only_as_a_variant_are_loaded(
    variant: str, parts: list[str], folder: Path, demo_model: Path
):
    for part in parts:
        make_variant(folder, variant, part)
    files = locate(str(folder), model_cache=Path("unused"), caches=())
    assert verify(files) == []
    ours, plain = weights(folder), weights(demo_model)
    assert ours.keys() == plain.keys()
    assert all(torch.equal(ours[name], plain[name]) for name in plain)


def test_of_several_variants_the_plain_files_are_loaded_and_the_others_may_be_anything(
    folder: Path,
):
    write(folder / "text_encoder/model.fp16.safetensors", "garbage")
    write(folder / "vae/diffusion_pytorch_model.fp8.safetensors", "garbage")
    write(folder / "transformer/pytorch_model.bin", "garbage")
    locate(str(folder), model_cache=Path("unused"), caches=())
    open_checked_model(folder)


def test_what_systems_and_tools_leave_is_no_model_file(folder: Path, demo_model: Path):
    plain = locate(str(folder), model_cache=Path("unused"), caches=())
    for part in ("", *FILES, "scheduler", "tokenizer"):
        for name in (
            ".DS_Store", "Thumbs.db", "desktop.ini", "._config.json", "._model.safetensors",
            "._diffusion_pytorch_model.safetensors", "._model.safetensors.index.json",
            "._____temp/model.safetensors", ".cache/huggingface/x.json", ".git/config.json",
            ".git/objects/a.safetensors",
        ):  # fmt: skip
            write(folder / part / name, b"\0\x05\x16\x07 no JSON, no weights")
    files = locate(str(folder), model_cache=Path("unused"), caches=())
    assert files.learned == plain.learned
    assert files.revision == plain.revision
    assert verify(files) == []
    assert weights(folder).keys() == weights(demo_model).keys()


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("utf-16"),  # PowerShell's >
        lambda text: text.replace("  ", " *").replace("/", "\\").encode(),
        lambda text: ("# written by hand\n\n" + text.replace("  ", "  ./")).encode(),
    ],
    ids=["BOM", "CRLF", "UTF-16", "Windows", "comments"],
)
def test_a_manifest_is_read_as_other_programs_write_it(
    encode: Callable[[str], bytes], folder: Path, demo_model: Path
):
    text = (demo_model / "manifest.md5").read_text(encoding="utf-8")
    write(folder / "manifest.md5", encode(text))
    files = locate(str(folder), model_cache=Path("unused"), caches=())
    assert len(files.manifest) == len(text.splitlines())
    assert (verify(files), unproven(files)) == ([], [])


def test_a_manifest_of_other_checksums_is_refused_with_its_line(folder: Path):
    write(folder / "manifest.md5", f"{'a' * 64}  vae/config.json\n")
    assert re.search(r"manifest.md5 cannot be read: line 1, 'aaaa.*not an MD5", refusal(folder))


def test_a_manifest_that_leaves_files_out_proves_nothing(folder: Path, demo_model: Path):
    lines = (demo_model / "manifest.md5").read_text(encoding="utf-8").splitlines()
    write(folder / "manifest.md5", "\n".join(line for line in lines if "vae/" not in line))
    files = locate(str(folder), model_cache=Path("unused"), caches=())
    assert verify(files) == []
    assert unproven(files) == ["vae/config.json", VAE]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"shift": 5.0},
            "with shift 5.0, but Z-Image-Turbo is drawn with 3.0 and Z-Image with 6.0",
        ),
        ({"shift": None}, "shift 1.0"),
        ({"use_dynamic_shifting": True}, "use_dynamic_shifting True"),
        ({"use_karras_sigmas": True}, "use_karras_sigmas True"),
        ({"shift_terminal": 0.1}, "shift_terminal 0.1"),
        ({"num_train_timesteps": 500}, "num_train_timesteps 500"),
        ({"_class_name": "EulerDiscreteScheduler"}, "'EulerDiscreteScheduler' as its scheduler"),
    ],
)
def test_a_scheduler_of_another_model_is_refused_with_its_value(
    values: dict[str, object], said: str, folder: Path
):
    configure(folder / "scheduler/scheduler_config.json", **values)
    assert said in refusal(folder)


@pytest.mark.parametrize(
    ("file", "values", "said"),
    [
        ("model_index.json", {"_class_name": "FluxPipeline"}, "'FluxPipeline' as its pipeline"),
        ("model_index.json", {"_class_name": "ZImageOmniPipeline"}, "'ZImageOmniPipeline'"),
        ("model_index.json", {"_class_name": None}, "names none as its pipeline"),
        (
            "model_index.json",
            {"transformer": ["diffusers", "FluxTransformer2DModel"]},
            "'FluxTransformer2DModel' as its transformer, where ZImageTransformer2DModel is needed",
        ),
        (
            "model_index.json",
            {"text_encoder": ["transformers", "T5EncoderModel"]},
            "'T5EncoderModel' as its text_encoder",
        ),
        ("model_index.json", {"vae": [None, None]}, "names none as its vae"),
        ("model_index.json", {"tokenizer": None}, "names none as its tokenizer"),
        (
            "transformer/config.json",
            {"_class_name": "FluxTransformer2DModel"},
            "'FluxTransformer2DModel' as its transformer",
        ),
        ("vae/config.json", {"_class_name": "AutoencoderTiny"}, "'AutoencoderTiny' as its vae"),
        ("text_encoder/config.json", {"model_type": "t5"}, "'t5' as its text_encoder"),
        ("transformer/config.json", {"cap_feat_dim": 2560}, "hidden_size 256, but its transformer"),
        ("vae/config.json", {"latent_channels": 4}, "latent_channels 4, but its transformer"),
    ],
)
def test_a_folder_of_another_model_is_refused_with_what_it_names(
    file: str, values: dict[str, object], said: str, folder: Path
):
    configure(folder / file, **values)
    assert said in refusal(folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xef\xbb\xbf{}", "begins with a byte order mark"),
        (b"[]", "it is no object"),
        (b"\xff", "it is not UTF-8"),
        (b"", "empty"),
        (b"[" * 100_000, "it is nested too deep"),
        (b"version https://git-lfs.github.com/spec/v1\n", "only a pointer of Git LFS"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_named_without_words_of_a_library(
    content: bytes, said: str, folder: Path
):
    write(folder / "transformer/config.json", content)
    sentence = refusal(folder)
    assert "transformer/config.json" in sentence
    assert said in sentence


@pytest.mark.parametrize("path", ["vae/config.json", VAE, SHARD, "tokenizer/tokenizer.json"])
def test_a_link_to_a_file_that_is_gone_is_called_that(path: str, folder: Path):
    (folder / path).unlink()
    (folder / path).symlink_to("../../blobs/0123abc")
    assert f"{path} (missing: it is a link to ../../blobs/0123abc)" in refusal(folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"weight_map": {}}, "without the names of tensors"),
        ({}, "without the names of tensors"),
        ({"metadata": None}, "without its metadata"),
        ({"weight_map": {"a": "../../secret.safetensors"}}, "which is no file beside it"),
        ({"weight_map": {"a": 7}}, "which is no file beside it"),
    ],
)
def test_an_index_that_is_none_is_named(content: dict[str, object], said: str, folder: Path):
    write(folder / INDEX, json.dumps({"metadata": {}, **content}))
    sentence = refusal(folder)
    assert INDEX in sentence
    assert said in sentence


def test_a_configuration_that_leads_the_loader_to_another_file_is_refused(folder: Path):
    write(folder / "text_encoder/other.safetensors", "garbage")
    configure(folder / "text_encoder/config.json", transformers_weights="other.safetensors")
    with pytest.raises(ModelFilesError, match=r"config.json \(with transformers_weights 'other"):
        open_checked_model(folder)


def test_two_shards_with_the_same_tensor_are_refused(folder: Path):
    name = next(iter(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"]))
    for shard in (SHARD, OTHER_SHARD):
        rewrite(folder / shard, lambda tensors: {**tensors, name: torch.zeros(2)})
    with pytest.raises(ModelFilesError, match=rf"with the tensor {name}, which another file has"):
        open_checked_model(folder)


def test_a_tensor_whose_bytes_are_not_those_of_its_shape_is_no_safetensors_file(folder: Path):
    content = (folder / VAE).read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    name = next(name for name in header if name != "__metadata__")
    header[name]["shape"] = [*header[name]["shape"], 2]
    text = json.dumps(header).encode()
    write(folder / VAE, len(text).to_bytes(8, "little") + text + content[8 + length :])
    assert f"{VAE} (not a safetensors file)" in refusal(folder)


def cache_of(demo_model: Path, root: Path, *, commit: str = "0123abc") -> Path:
    """Return a folder as Hugging Face's cache has it."""
    cache = root / "models--someone--Z-Image-Fine"
    link_model(demo_model, cache / "snapshots" / commit)
    write(cache / "refs/main", commit)
    return cache


def test_a_folder_of_hugging_faces_cache_is_the_version_it_holds(demo_model: Path, tmp_path: Path):
    cache = cache_of(demo_model, tmp_path)
    (cache / "snapshots/older").mkdir()
    files = locate(str(cache), model_cache=Path("unused"), caches=())
    assert files.folder == cache / "snapshots/0123abc"
    assert files.model_id == "someone/Z-Image-Fine"
    assert locate(str(files.folder), model_cache=Path("unused"), caches=()) == files


def test_hugging_faces_cache_proves_its_files_by_the_names_of_its_blobs(
    demo_model: Path, tmp_path: Path
):
    snapshot = cache_of(demo_model, tmp_path) / "snapshots/0123abc"
    for path in [path for path in snapshot.rglob("*") if path.is_file()]:
        content = path.read_bytes()
        of_git = hashlib.sha1(b"blob %d\0" % len(content) + content)
        name = (of_git if path.suffix == ".json" else hashlib.sha256(content)).hexdigest()
        blob = snapshot.parent.parent / "blobs" / name
        write(blob, content)
        path.unlink()
        path.symlink_to(os.path.relpath(blob, path.parent))
    files = locate(str(snapshot), model_cache=Path("unused"), caches=())
    assert (verify(files), unproven(files)) == ([], [])
    for path, last in ((VAE, b"\1"), ("vae/config.json", b" \n")):
        write((snapshot / path).resolve(), (snapshot / path).read_bytes()[:-1] + last)
    assert {(each.path, each.reason) for each in verify(files)} == {
        (VAE, "wrong SHA-256"), ("vae/config.json", "wrong SHA-1"),
    }  # fmt: skip


def test_a_cache_that_holds_no_whole_download_says_so(demo_model: Path, tmp_path: Path):
    cache = cache_of(demo_model, tmp_path)
    shutil.rmtree(cache / "snapshots")
    said = refusal(cache)
    assert "is a cache of Hugging Face without a whole download of someone/Z-Image-Fine" in said


@pytest.mark.parametrize("below", [".", "model_parent", "transformer", "model_index.json"])
def test_a_path_near_a_model_is_answered_with_the_right_one(
    below: str, demo_model: Path, tmp_path: Path
):
    folder = link_model(demo_model, tmp_path / "outer/model_parent/model")
    given = {
        ".": folder.parent.parent,
        "model_parent": folder.parent,
        "transformer": folder / "transformer",
        "model_index.json": folder / "model_index.json",
    }[below]
    assert refusal(given).endswith(f"set MODEL={folder}.")


@pytest.mark.parametrize("name", ["z_image_turbo.safetensors", "z_image_turbo", "notes.txt"])
def test_a_file_that_holds_no_weights_is_called_that(name: str, tmp_path: Path):
    write(tmp_path / name, "weights")
    said = refusal(tmp_path / name)
    assert said == (
        f"The model's file {tmp_path / name} is broken: not a safetensors file; copy or download "
        "it again."
    )


def test_a_folder_without_anything_of_a_model_is_called_that(tmp_path: Path):
    assert "is no model, since it has no model_index.json" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["demo", "DEMO", " Demo ", "demo/"])
def test_the_demo_model_is_found_in_any_case(name: str):
    assert locate(name, model_cache=Path("unused"), caches=()).model_id == "demo"


@pytest.mark.parametrize("name", ["tongyi-mai/z-image-turbo", "Tongyi-MAI/Z-Image-Turbo/"])
def test_a_hubs_model_is_known_in_any_case(name: str):
    assert "Tongyi-MAI/Z-Image-Turbo is not in unused yet" in refusal(name)


def test_a_path_may_have_a_tilde_a_slash_a_link_and_spaces(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "my 模型").symlink_to(folder)
    plain = locate(str(folder), model_cache=Path("unused"), caches=())
    for given in ("~/model", "~/model/", "~/my 模型", f"{folder}//", "model"):
        found = locate(given, model_cache=Path("unused"), caches=())
        assert (found.model_id, found.revision) == ("model", plain.revision)


@pytest.mark.parametrize(
    "damage",
    sampled(
        [
            lambda folder: rewrite(folder / TEXT, lambda kept: dict(sorted(kept.items())[1:])),
            lambda folder: (folder / VAE).rename(folder / "vae/pytorch_model.bin"),
            lambda folder: configure(folder / "scheduler/scheduler_config.json", shift=5.0),
            lambda folder: configure(
                folder / "transformer/config.json", quantization_config={"quant_method": "sdnq"}
            ),
            lambda folder: write(folder / "tokenizer/tokenizer_config.json", "{}"),
        ],
        first=2,
    ),
    ids=["a tensor", "a pickle", "a scheduler", "a quantisation", "a tokenizer"],
)
async def test_doctor_download_and_every_start_say_the_same(
    damage: Callable[[Path], None],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    damage(folder)
    monkeypatch.setenv("MODEL", str(folder))
    settings = Settings(data_dir=tmp_path / "data", model=str(folder), device="cpu")
    sentence = await start(settings)
    assert run(["download"]) == 2
    assert capsys.readouterr().err.strip() == sentence
    assert run(["doctor", "--json"]) == 1
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["model"]["status"] == "problem"
    assert checks["model"]["detail"] == sentence
    assert run(["imagine", "a cat"]) == 2
    assert capsys.readouterr().err.strip().removeprefix("Loading model ...\n") == sentence


async def start(settings: Settings) -> str:
    """Start the service of a bot, and return the sentence that ends it."""
    engine = ZImageEngine(Path(settings.model), model_id="m", revision="r", device="cpu")
    try:
        async with open_service(settings, lambda: engine) as service:
            await service.lost.wait()
            assert service.load_failure is not None
            return service.load_failure.message
    except LoadFailedError as error:
        return error.message


def test_what_nothing_proves_is_not_called_verified(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("MODEL", str(folder))
    assert run(["download"]) == 0
    told = capsys.readouterr().out
    assert "complete, but nothing proves its content: no checksums are known" in told
    assert "verified" not in told
    assert run(["doctor", "--json"]) == 0
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["model"]["status"] == "warning"
    assert "nothing proves its content" in checks["model"]["detail"]
