"""What MODEL can name beside a folder of parts: ComfyUI's folders, files, and what they lack."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.cli import run
from bot.errors import ModelFilesError
from bot.media.pixel_comparison import changes
from bot.models import ModelFiles, fetch, hub_models, locate, unproven, verify
from bot.models.composition import read_composition
from bot.models.locations import needed_of
from bot.models.registry import HubModel
from tests.support.hub_server import Hub, serve
from tests.support.later import imported_later
from tests.support.model_folders import link_model
from tests.support.model_folders import write as put
from tests.support.weight_formats.original import COMFYUI, original, write, write_comfyui

with imported_later():
    import torch

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

TURBO = "Tongyi-MAI/Z-Image-Turbo"


@pytest.fixture(scope="module")
def made(demo_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return ComfyUI's folder `models` with the demo model's three files; it is not changed."""
    return write_comfyui(demo_model, tmp_path_factory.mktemp("comfyui") / "ComfyUI/models")


@pytest.fixture
def comfyui(made: Path, tmp_path: Path) -> Path:
    """Return a folder of links to them."""
    root = tmp_path / "ComfyUI/models"
    for name in COMFYUI.values():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(made / name)
    return root


@pytest.fixture
def folder(demo_model: Path, tmp_path: Path) -> Path:
    return link_model(demo_model, tmp_path / "model")


def found(model: Path | str, model_cache: Path = Path("unused")) -> ModelFiles:
    return locate(str(model), model_cache=model_cache, caches=())


def refusal(model: Path | str, model_cache: Path = Path("unused")) -> str:
    with pytest.raises(ModelFilesError) as caught:
        found(model, model_cache)
    assert "\n" not in caught.value.message
    return caught.value.message


def full_size_file(
    folder: Path,
    name: str = "z_image_turbo_bf16.safetensors",
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write what tells the sizes of the official transformer, and none of its other tensors."""
    return write(
        folder / name,
        {
            "x_pad_token": torch.zeros(1, 3840),
            "x_embedder.weight": torch.zeros(3840, 64),
            "cap_embedder.0.weight": torch.zeros(2560),
        },
        metadata,
    )


@pytest.mark.parametrize(
    "given",
    ["..", ".", "diffusion_models", "vae", "text_encoders"],
)
def test_a_folder_of_comfyui_is_found_by_any_of_its_folders(given: str, comfyui: Path):
    files = found(comfyui / given)
    assert {part: path.name for part, path in files.weights.items()} == {
        part: Path(name).name for part, name in COMFYUI.items()
    }
    assert files.model_id == "z_image_turbo_bf16"
    assert files.native == 256  # as the model's that they were made from


def test_comfyuis_own_downloads_are_found_in_hugging_faces_cache(made: Path, tmp_path: Path):
    cache = tmp_path / "models--Comfy-Org--z_image_turbo"
    snapshot = cache / "snapshots/0123"
    snapshot.mkdir(parents=True)
    (snapshot / "split_files").symlink_to(made)
    for given in (cache, snapshot, snapshot / "split_files"):
        assert found(given).weights.keys() == COMFYUI.keys()


def test_files_can_be_named_in_any_order_and_with_a_tilde(
    comfyui: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    files = [f"~/ComfyUI/models/{name}" for name in COMFYUI.values()]
    whole = found(";".join(files))
    assert found(f" {files[2]} ;{files[0]}; {files[1]};").learned == whole.learned
    some = found(f"{folder}; {files[1]}")
    assert (some.model_id, set(some.weights)) == ("model", {"text_encoder"})
    assert {path for path in some.learned if "text_encoder" in path} == {
        "text_encoder/qwen_3_4b.safetensors"
    }


def test_the_rest_of_a_single_transformer_comes_from_the_model_that_it_is_like(comfyui: Path):
    files = found(comfyui / COMFYUI["transformer"])
    assert files.weights.keys() == {"transformer"}
    assert set(files.learned) == {
        "text_encoder/model.safetensors",
        "tokenizer/tokenizer.json",
        "transformer/z_image_turbo_bf16.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    }
    assert files.learned["text_encoder/model.safetensors"].startswith("md5:")
    assert verify(files) == []
    assert unproven(files) == ["transformer/z_image_turbo_bf16.safetensors"]


def test_other_weights_of_the_same_name_are_told_apart(comfyui: Path, demo_model: Path):
    before = found(comfyui)
    path = comfyui / COMFYUI["vae"]
    changed = original(demo_model, "vae")
    path.unlink()
    write(path, {**changed, "decoder.conv_in.bias": changed["decoder.conv_in.bias"] + 1})
    after = found(comfyui)
    assert before.revision != after.revision
    told = changes({"model_files": before.learned}, {"model_files": after.learned})
    assert [each.name for each in told] == ["vae/ae.safetensors"]  # as Same seed says it


def test_of_what_else_is_in_comfyuis_folders_nothing_is_taken(comfyui: Path):
    other = {"double_blocks.0.img_attn.qkv.weight": torch.zeros(2, 2)}
    write(comfyui / "diffusion_models/flux/flux1-dev.safetensors", other)
    write(comfyui / "text_encoders/t5xxl.safetensors", {"encoder.block.0.x": torch.zeros(2)})
    put(comfyui / "vae/sdxl.safetensors", "garbage")
    put(comfyui / "diffusion_models/._z.safetensors", "left by a system")
    assert found(comfyui).weights.keys() == COMFYUI.keys()
    for part, name in COMFYUI.items():  # called otherwise, but the only one that fits
        path = comfyui / name
        path.rename(path.with_name(f"my_{part}.safetensors"))
    assert {path.stem for path in found(comfyui).weights.values()} == {
        f"my_{part}" for part in COMFYUI
    }


def test_of_several_that_fit_one_has_to_be_named(comfyui: Path):
    path = comfyui / COMFYUI["transformer"]
    one, two = (path.with_name(f"{name}.safetensors") for name in ("one", "two"))
    one.symlink_to(path.resolve())
    assert found(comfyui).weights["transformer"].name == path.name  # the usual name decides
    path.rename(two)
    said = refusal(comfyui)
    assert "several files for the transformer, diffusion_models/one.safetensors, diff" in said
    assert f"MODEL={comfyui};{one}" in said
    assert found(f"{comfyui}; {two}").weights["transformer"] == two


def test_a_folder_of_comfyui_without_z_image_says_so(tmp_path: Path):
    root = tmp_path / "ComfyUI/models"
    other = {"double_blocks.0.img_attn.qkv.weight": torch.zeros(2, 2)}
    write(root / "diffusion_models/flux1-dev.safetensors", other)
    said = refusal(tmp_path / "ComfyUI")
    assert said.startswith(f"{root} is a folder of ComfyUI without a transformer of Z-Image")


def test_names_that_do_not_go_together_are_refused(comfyui: Path, folder: Path, tmp_path: Path):
    transformer, vae = (comfyui / COMFYUI[part] for part in ("transformer", "vae"))
    twice = write(tmp_path / "ae2.safetensors", {"decoder.conv_in.weight": torch.zeros(2, 2)})
    assert f"two files for the vae, {vae} and {twice}" in refusal(f"{vae};{twice}")
    assert f"{vae} is only the vae of a model: name the transformer's" in refusal(vae)
    assert "names two models, demo and" in refusal(f"demo; {folder}; {vae}")
    lost = "MODEL names a file that is not there: /no/such.safetensors."
    assert refusal(f"{transformer};/no/such.safetensors") == lost
    assert refusal("/no/such.safetensors") == lost
    alone = folder / "vae/diffusion_pytorch_model.safetensors"
    assert refusal(alone).endswith(f"is one of the files of a whole model: set MODEL={folder}.")
    assert found(f"demo; {alone}").weights == {"vae": alone}
    assert "names two folders of ComfyUI" in refusal(f"{comfyui}; {comfyui.parent}")


def test_which_model_a_file_of_the_official_size_is_of_its_name_says(tmp_path: Path):
    turbo = full_size_file(tmp_path)
    said = refusal(turbo, tmp_path)
    assert said.startswith(
        "Beside z_image_turbo_bf16.safetensors, the configurations, text_encoder"
    )
    assert f"of {TURBO} are needed, which are not in {tmp_path} yet: run `python -m bot" in said
    assert "fetches only these (8,230 MB)" in said
    unknown = full_size_file(tmp_path, "my_photos_v3.safetensors")
    said = refusal(unknown, tmp_path)
    assert said.startswith(f"Which model {unknown} is of, its name does not tell: set MODEL=NAME;")
    assert refusal(f"{TURBO}; {unknown}", tmp_path).startswith("Beside my_photos_v3.safetensors")


@pytest.mark.parametrize("name", ["z_image_bf16", "my_zib_v2", "z-image-de-turbo"])
def test_what_is_not_turbo_is_never_taken_for_it(name: str, tmp_path: Path):
    path = full_size_file(tmp_path, f"{name}.safetensors")
    assert TURBO not in refusal(path, tmp_path).partition(", where NAME is ")[0]


def test_a_title_in_the_file_says_what_its_name_does_not(tmp_path: Path):
    path = full_size_file(tmp_path, "mine.safetensors", {"modelspec.title": "Z Image Turbo"})
    assert refusal(path, tmp_path).startswith("Beside mine.safetensors, ")
    assert refusal(full_size_file(tmp_path, "mine_ZIT_4.safetensors"), tmp_path).startswith(
        "Beside"
    )


def test_a_folder_may_have_a_semicolon_in_its_name(demo_model: Path, tmp_path: Path):
    folder = link_model(demo_model, tmp_path / "a;b")
    assert found(folder).folder == folder


def test_the_rest_is_found_without_its_own_weights(comfyui: Path, demo_model: Path, tmp_path: Path):
    cache = tmp_path / "cache"
    rest = cache / TURBO
    small = [each for each in hub_models()[TURBO].manifest if ".safetensors" not in each]
    for path in small:
        (rest / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(demo_model / path, rest / path)
    files = found(f"{TURBO}; {comfyui}", cache)
    assert (files.folder, set(files.weights)) == (rest, set(COMFYUI))
    said = refusal(f"{TURBO}; {comfyui / COMFYUI['vae']}", cache)
    assert "is broken: text_encoder/model-00001-of-00003.safetensors (missing)" in said


@pytest.fixture
def hub(demo_model: Path) -> Iterator[Hub]:
    with serve(demo_model) as hub:
        yield hub


def test_only_what_the_files_lack_is_fetched(
    hub: Hub, comfyui: Path, demo_model: Path, tmp_path: Path
):
    asked = read_composition(f"{TURBO}; {comfyui}")
    manifest = dict(
        reversed(line.split(maxsplit=1))  # type: ignore[misc]
        for line in (demo_model / "manifest.md5").read_text().splitlines()
        if line and not line.startswith("#")
    )
    model = HubModel(model_id=TURBO, manifest=manifest, size_bytes=50_000_000)
    needed = needed_of(model, asked.weights)
    cache = tmp_path / "cache"
    files = fetch(
        needed,
        source="huggingface",
        model_cache=cache,
        caches=(),
        endpoint=hub.address,
        asked=asked,
    )
    fetched = {path for path, _ in hub.fetched}
    assert "tokenizer/tokenizer.json" in fetched
    assert not any(path.endswith(".safetensors") for path in fetched)
    assert files.weights == asked.weights
    assert verify(files) == []


def test_doctor_and_download_name_the_files(
    comfyui: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("MODEL", str(comfyui))
    assert run(["download"]) == 0
    told = capsys.readouterr().out
    assert f"{comfyui / COMFYUI['transformer']}, " in told
    assert "the rest in " in told
    assert run(["doctor", "--json"]) == 0
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["model"]["status"] == "warning"
    assert str(comfyui / COMFYUI["vae"]) in checks["model"]["detail"]
    assert "compare the SHA-256 of the files" in checks["model"]["advice"]


def test_files_in_hugging_faces_cache_are_proven_by_their_links(comfyui: Path, tmp_path: Path):
    path = comfyui / COMFYUI["vae"]
    blob = tmp_path / "blobs" / ("0" * 64)
    blob.parent.mkdir()
    shutil.copy(path, blob)
    path.unlink()
    path.symlink_to(blob)
    files = found(comfyui)
    assert "vae/ae.safetensors" not in unproven(files)
    assert [(each.path, each.reason) for each in verify(files)] == [
        ("vae/ae.safetensors", "wrong SHA-256")
    ]


def test_a_gguf_file_says_what_to_install_where_nothing_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "gguf", None)  # as if it were not installed
    put(tmp_path / "ComfyUI/models/unet/z_image_turbo-Q4_K_M.gguf", "GGUF")
    said = refusal(tmp_path / "ComfyUI/models/unet/z_image_turbo-Q4_K_M.gguf")
    assert "is a GGUF file, but gguf is not installed: run `" in said
    assert refusal(tmp_path / "ComfyUI") == said
