"""Model files: found, fetched from both hubs through broken networks, and proven right."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from bot.errors import ModelFilesError
from bot.models import (
    HubModel,
    Source,
    download,
    downloads,
    fetch,
    find_download,
    hub_models,
    hubs,
    locate,
    verify,
)
from bot.settings import DEMO_MODEL_DIR
from tests.support.hub_server import Hub, serve
from tests.support.sampling import sampled

SOURCES: list[Source] = ["modelscope", "huggingface"]
TURBO = "Tongyi-MAI/Z-Image-Turbo"

# Both packages leave sockets to the collector, and ModelScope's still uses a deprecated name.
pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def nobodys_home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep the developer's own downloads out of the tests."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture(scope="module")
def served(demo_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the parts of the demo model and nothing else, as a hub holds it."""
    folder = tmp_path_factory.mktemp("served") / "model"
    for path in parts_of(demo_model):
        target = folder / path.relative_to(demo_model)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return folder


@pytest.fixture(scope="module")
def hub_model(served: Path) -> HubModel:
    files = [path for path in served.rglob("*") if path.is_file()]
    return HubModel(
        model_id=TURBO,
        manifest={
            path.relative_to(served).as_posix(): hashlib.md5(path.read_bytes()).hexdigest()
            for path in files
        },
        size_bytes=sum(path.stat().st_size for path in files),
    )


@pytest.fixture(scope="module")
def largest(served: Path) -> str:
    path = max(served.rglob("*.safetensors"), key=lambda path: path.stat().st_size)
    return path.relative_to(served).as_posix()


@pytest.fixture
def hub(served: Path) -> Iterator[Hub]:
    with serve(served) as hub:
        yield hub


def parts_of(folder: Path) -> list[Path]:
    parts = ("scheduler", "text_encoder", "tokenizer", "transformer", "vae")
    inside = (path for part in parts for path in (folder / part).rglob("*") if path.is_file())
    return [folder / "model_index.json", *inside]


@pytest.mark.parametrize("source", SOURCES)
def test_a_download_is_complete_and_a_second_one_fetches_nothing(
    source: Source, hub: Hub, hub_model: HubModel, tmp_path: Path
):
    files = fetch(hub_model, source=source, model_cache=tmp_path, endpoint=hub.address)
    assert verify(files) == []
    assert sorted(path for path, _ in hub.fetched) == sorted(hub_model.manifest)
    assert (files.model_id, files.folder) == (TURBO, tmp_path / TURBO)
    hub.fetched.clear()
    fetch(hub_model, source=source, model_cache=tmp_path, endpoint=hub.address)
    assert hub.fetched == []


@pytest.mark.parametrize(
    ("first", "second"), [("modelscope", "huggingface"), ("huggingface", "modelscope")]
)
def test_what_one_hub_fetched_the_other_does_not_fetch_again(
    first: Source, second: Source, hub: Hub, hub_model: HubModel, tmp_path: Path
):
    fetch(hub_model, source=first, model_cache=tmp_path, endpoint=hub.address)
    hub.fetched.clear()
    fetch(hub_model, source=second, model_cache=tmp_path, endpoint=hub.address)
    assert hub.fetched == []


@pytest.mark.parametrize("source", sampled(SOURCES, first=1))
def test_a_connection_cut_in_the_middle_is_taken_up_where_it_broke(
    source: Source, hub: Hub, hub_model: HubModel, largest: str, tmp_path: Path
):
    # Hugging Face's package writes in chunks of 10 MB: what is cut before the first is not kept.
    hub.cut_once_after[largest] = 11_000_000
    files = fetch(hub_model, source=source, model_cache=tmp_path, endpoint=hub.address)
    ranges = [asked for path, asked in hub.fetched if path == largest]
    assert ranges[0] is None
    assert str(ranges[1]).startswith("bytes=1")
    assert verify(files) == []


@pytest.mark.parametrize("source", SOURCES)
def test_what_a_stopped_download_left_is_continued_by_either_hub(
    source: Source, hub: Hub, hub_model: HubModel, served: Path, largest: str, tmp_path: Path
):
    partial = tmp_path / TURBO / f"{largest}.incomplete"
    partial.parent.mkdir(parents=True)
    partial.write_bytes((served / largest).read_bytes()[:5_000_000])
    files = fetch(hub_model, source=source, model_cache=tmp_path, endpoint=hub.address)
    assert [asked for path, asked in hub.fetched if path == largest] == ["bytes=5000000-"]
    assert verify(files) == []
    assert not partial.exists()


@pytest.mark.parametrize("source", sampled(SOURCES, first=1))
def test_a_wrong_partial_file_is_thrown_away(
    source: Source, hub: Hub, hub_model: HubModel, served: Path, largest: str, tmp_path: Path
):
    partial = tmp_path / TURBO / f"{largest}.incomplete"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"x" * 5_000_000)
    files = fetch(hub_model, source=source, model_cache=tmp_path, endpoint=hub.address)
    assert [asked for path, asked in hub.fetched if path == largest] == ["bytes=5000000-", None]
    assert verify(files) == []


@pytest.mark.parametrize("source", sampled(SOURCES, first=1))
def test_a_corrupted_file_is_fetched_again_and_only_that_file(
    source: Source, hub: Hub, hub_model: HubModel, largest: str, tmp_path: Path
):
    hub.corrupt[largest] = 1
    files = fetch(hub_model, source=source, model_cache=tmp_path, endpoint=hub.address)
    assert verify(files) == []
    assert Counter(path for path, _ in hub.fetched) == {
        path: 2 if path == largest else 1 for path in hub_model.manifest
    }


@pytest.mark.parametrize("source", sampled(SOURCES, first=1))
def test_a_file_damaged_on_the_disk_is_named_and_fetched_again(
    source: Source, hub: Hub, hub_model: HubModel, largest: str, tmp_path: Path
):
    files = fetch(hub_model, source=source, model_cache=tmp_path, endpoint=hub.address)
    damaged = files.folder / largest
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    assert [(problem.path, problem.reason) for problem in verify(files)] == [(largest, "wrong MD5")]
    hub.fetched.clear()
    fetch(hub_model, source=source, model_cache=tmp_path, endpoint=hub.address)
    assert [path for path, _ in hub.fetched] == [largest]
    assert verify(files) == []


@pytest.mark.parametrize("source", SOURCES)
def test_a_file_that_always_arrives_broken_is_named(
    source: Source, hub: Hub, hub_model: HubModel, tmp_path: Path
):
    hub.corrupt["vae/config.json"] = 99
    with pytest.raises(ModelFilesError, match=r"vae/config.json .* arrived broken .* 3 times"):
        fetch(hub_model, source=source, model_cache=tmp_path, endpoint=hub.address)
    assert not (tmp_path / TURBO / "vae/config.json").exists()


@pytest.mark.parametrize("source", SOURCES)
def test_a_file_the_hub_does_not_have_is_named_with_the_other_hub(
    source: Source, hub: Hub, hub_model: HubModel, tmp_path: Path
):
    hub.missing.add("vae/config.json")
    other = "huggingface" if source == "modelscope" else "modelscope"
    with pytest.raises(
        ModelFilesError, match=rf"vae/config.json .* MODEL_SOURCE={other}"
    ) as caught:
        fetch(hub_model, source=source, model_cache=tmp_path, endpoint=hub.address)
    assert "\n" not in str(caught.value)


def test_a_disk_that_is_too_small_is_refused_before_anything_is_fetched(
    hub: Hub, hub_model: HubModel, tmp_path: Path
):
    huge = HubModel(
        model_id=TURBO,
        manifest=hub_model.manifest,
        size_bytes=shutil.disk_usage(tmp_path).total * 2,
    )
    with pytest.raises(ModelFilesError, match="GB free, but"):
        fetch(huge, source="modelscope", model_cache=tmp_path, endpoint=hub.address)
    assert hub.fetched == []


def test_a_broken_file_does_not_count_as_space_saved(
    hub: Hub, hub_model: HubModel, largest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    files = fetch(hub_model, source="modelscope", model_cache=tmp_path, endpoint=hub.address)
    with (files.folder / largest).open("r+b") as damaged:
        damaged.seek(-1, 2)
        damaged.write(b"?")
    hub.fetched.clear()
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(ModelFilesError, match=r"0.0 GB free, but"):
        fetch(hub_model, source="modelscope", model_cache=tmp_path, endpoint=hub.address)
    assert hub.fetched == []


def test_a_hub_that_cannot_be_reached_is_one_sentence(hub_model: HubModel, tmp_path: Path):
    nobody = "http://127.0.0.1:9"
    sentence = r"from http://127.0.0.1:9 \(Connection refused\): check the network .*=modelscope\.$"
    with pytest.raises(ModelFilesError, match=sentence) as caught:
        fetch(hub_model, source="huggingface", model_cache=tmp_path, endpoint=nobody)
    assert "\n" not in str(caught.value)


def test_what_a_package_wraps_around_a_refusal_is_not_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """As ModelScope's does, which would take half a minute to give up."""

    def fetch_nothing(*_: object) -> None:
        try:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        except OSError as error:
            raise requests.ConnectionError("_Pool(host='x'): Max retries exceeded") from error

    monkeypatch.setattr(hubs, "_from_modelscope", fetch_nothing)
    with pytest.raises(ModelFilesError, match=r"from http://x \(Connection refused\): check"):
        hubs.fetch_file("modelscope", TURBO, "a", tmp_path, endpoint="http://x")


def test_a_complete_cache_is_preferred_to_a_started_download(
    tmp_path: Path, served: Path, hub_model: HubModel
):
    complete = tmp_path / "hub/models--Tongyi-MAI--Z-Image-Turbo/snapshots/0123abc"
    shutil.copytree(served, complete)
    (tmp_path / TURBO).mkdir(parents=True)
    shutil.copy(served / "model_index.json", tmp_path / TURBO)
    assert find_download(hub_model, model_cache=tmp_path) == complete


def test_a_cache_that_cannot_be_written_is_one_sentence(hub_model: HubModel, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelFilesError, match="cannot be stored"):
        fetch(hub_model, source="modelscope", model_cache=tmp_path / "file")


@pytest.mark.parametrize(
    "layout",
    [
        TURBO,
        "hub/models--Tongyi-MAI--Z-Image-Turbo/snapshots/0123abc",
        "models--Tongyi-MAI--Z-Image-Turbo/snapshots/0123abc",
        "models/Tongyi-MAI/Z-Image-Turbo",
        "hub/models/Tongyi-MAI/Z-Image-Turbo",
        "models/Tongyi-MAI--Z-Image-Turbo/snapshots/master",
        "hub/Tongyi-MAI/Z-Image-Turbo",
        "modelscope/hub/Tongyi-MAI/Z-Image-Turbo",
    ],
)
def test_a_model_that_either_hubs_own_tools_fetched_is_found(
    layout: str, tmp_path: Path, served: Path, hub_model: HubModel
):
    link(served, tmp_path / layout)
    assert find_download(hub_model, model_cache=tmp_path) == tmp_path / layout


@pytest.mark.parametrize(
    "layout",
    [
        ".cache/huggingface/hub/models--Tongyi-MAI--Z-Image-Turbo/snapshots/0123abc",
        ".cache/modelscope/hub/models/Tongyi-MAI/Z-Image-Turbo",
        ".cache/modelscope/hub/Tongyi-MAI/Z-Image-Turbo",
        ".cache/modelscope/models/Tongyi-MAI--Z-Image-Turbo/snapshots/master",
    ],
)
def test_what_a_hubs_tool_keeps_at_home_is_used_and_not_fetched_again(
    layout: str, hub: Hub, hub_model: HubModel, served: Path, tmp_path: Path, nobodys_home: Path
):
    folder = link(served, nobodys_home / layout)
    files = fetch(hub_model, source="modelscope", model_cache=tmp_path, endpoint=hub.address)
    assert (files.folder, hub.fetched) == (folder, [])
    assert not (folder / ".download.lock").exists()
    (folder / "vae/config.json").unlink()  # a started one is left to the tool
    assert find_download(hub_model, model_cache=tmp_path) is None


@pytest.mark.parametrize("variable", ["HF_HOME", "HF_HUB_CACHE", "MODELSCOPE_CACHE"])
def test_a_cache_that_was_moved_is_found_by_its_variable(
    variable: str,
    hub_model: HubModel,
    served: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv(variable, str(tmp_path / "moved"))
    layout = {
        "HF_HOME": f"hub/models--{TURBO.replace('/', '--')}/snapshots/0123abc",
        "HF_HUB_CACHE": f"models--{TURBO.replace('/', '--')}/snapshots/0123abc",
        "MODELSCOPE_CACHE": f"hub/{TURBO}",
    }[variable]
    folder = link(served, tmp_path / "moved" / layout)
    assert find_download(hub_model, model_cache=tmp_path / "own") == folder


def test_a_name_with_a_dot_is_found_as_modelscope_wrote_it(
    hub_model: HubModel, served: Path, tmp_path: Path
):
    dotted = replace(hub_model, model_id="Owner/Name-2.1")
    folder = link(served, tmp_path / "hub/Owner/Name-2___1")
    assert find_download(dotted, model_cache=tmp_path) == folder


def test_what_modelscope_has_not_completed_is_no_download(
    hub_model: HubModel, served: Path, tmp_path: Path
):
    link(served, tmp_path / "hub/._____temp/models" / TURBO)
    assert find_download(hub_model, model_cache=tmp_path) is None


def link(served: Path, folder: Path) -> Path:
    """Make a folder of links, as Hugging Face's cache does."""
    for path in served.rglob("*"):
        if path.is_file():
            place = folder / path.relative_to(served)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path)
    return folder


def test_the_official_manifest_names_every_part():
    manifest = hub_models()[TURBO].manifest
    assert len(manifest) == 16
    assert all(len(md5) == 32 for md5 in manifest.values())
    assert {path.split("/")[0] for path in manifest} == {
        "model_index.json", "scheduler", "text_encoder", "tokenizer", "transformer", "vae",
    }  # fmt: skip


def test_the_demo_model_is_here_and_right():
    files = locate("demo", model_cache=Path("unused"))
    assert (files.model_id, files.folder, files.native) == ("demo", DEMO_MODEL_DIR, 256)
    seen: list[str] = []
    assert verify(files, progress=lambda file, _done, _total: seen.append(file)) == []
    assert set(seen) == set(files.manifest)
    assert download("demo", source="modelscope", model_cache=Path("unused")) == files


def test_a_model_that_is_not_here_says_how_to_get_it(tmp_path: Path):
    with pytest.raises(ModelFilesError, match=r"run `python -m bot download` \(33 GB\)"):
        locate(TURBO, model_cache=tmp_path)


@pytest.mark.parametrize(
    "model",
    ["stable-diffusion", "owner/name", "", "/no/such/folder", "~nobody-here/model", "a" * 300],
)
def test_an_unknown_model_is_named_with_the_known_ones(model: str, tmp_path: Path):
    if not model:
        model = str(tmp_path / "gone")
    with pytest.raises(ModelFilesError, match="is unknown: use demo, Tongyi-MAI/Z-Image-Turbo, T"):
        locate(model, model_cache=tmp_path)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.write_bytes(file.read_bytes() + b"more"), "too long: "),
        (lambda file: file.write_bytes(b""), "empty"),
        (
            lambda file: file.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha"),
            "only a pointer of Git LFS: run `git lfs pull`",
        ),
        (lambda file: file.write_bytes(b"<!DOCTYPE html><html>"), "not a safetensors file"),
        (lambda file: file.rename(file.with_suffix(".bin")), r"bin \(pickled, which could run"),
        (lambda file: file.rename(file.with_suffix(".gguf")), r"gguf \(GGUF, which cannot be"),
        (
            lambda file: file.rename(file.with_name("ae.safetensors")),
            r"of another program: its name should be diffusion_pytorch_model.safetensors",
        ),
        (
            lambda file: file.rename(
                file.with_name("diffusion_pytorch_model-00001-of-00002.safetensors")
            ),
            r"index.json \(missing, which lists diffusion_pytorch_model-00001",
        ),
        (lambda file: file.write_bytes(file.read_bytes()[:-7]), "truncated: "),
        (lambda file: file.write_bytes(file.read_bytes()[:4]), "truncated: 4 bytes"),
        (lambda file: file.write_bytes(b"\x08" + b"\0" * 7 + b"not json and more"), "safetensors"),
        (lambda file: file.write_bytes(b"\x08" + b"\0" * 7 + b'{"w": 1}'), "safetensors"),
        (lambda file: file.unlink(), "missing"),
    ],
)
def test_a_broken_weight_file_is_named_without_reading_it_all(
    damage: object, said: str, served: Path, tmp_path: Path
):
    copy = shutil.copytree(served, tmp_path / "model")
    for file in (copy / "vae").glob("*.safetensors"):
        damage(file)
    with pytest.raises(ModelFilesError, match=rf"broken: vae/.*{said}"):
        locate(str(copy), model_cache=tmp_path)


def test_a_folder_without_a_part_or_with_a_broken_configuration_is_refused(
    served: Path, tmp_path: Path
):
    copy = shutil.copytree(served, tmp_path / "model")
    (copy / "vae/config.json").write_text("{")
    with pytest.raises(ModelFilesError, match=r"vae/config.json \(not readable as JSON"):
        locate(str(copy), model_cache=tmp_path)
    shutil.rmtree(copy / "scheduler")
    with pytest.raises(ModelFilesError, match=r"scheduler/scheduler_config.json \(missing\)"):
        locate(str(copy), model_cache=tmp_path)


@pytest.mark.parametrize(
    "path", ["model_index.json", "tokenizer/tokenizer.json", "transformer/config.json"]
)
def test_a_folder_without_a_needed_file_says_to_copy_it_again(
    path: str, served: Path, tmp_path: Path
):
    copy = shutil.copytree(served, tmp_path / "model")
    (copy / path).unlink()
    with pytest.raises(ModelFilesError, match=rf"{path} \(missing\); copy it there again"):
        locate(str(copy), model_cache=tmp_path)


def test_a_shard_that_only_the_index_names_is_missed(served: Path, tmp_path: Path):
    copy = shutil.copytree(served, tmp_path / "model")
    index = copy / "vae/diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": {"a": "gone.safetensors"}}))
    with pytest.raises(ModelFilesError, match=r"vae/gone.safetensors \(missing\)"):
        locate(str(copy), model_cache=tmp_path)


def test_a_manifest_that_is_no_text_is_named(served: Path, tmp_path: Path):
    copy = shutil.copytree(served, tmp_path / "model")
    (copy / "manifest.md5").write_bytes(b"\xff\xfe\0")
    with pytest.raises(ModelFilesError, match=r"manifest.md5 cannot be read"):
        locate(str(copy), model_cache=tmp_path)


def test_other_weights_are_another_revision_without_a_manifest_too(served: Path, tmp_path: Path):
    files = locate(str(served), model_cache=tmp_path)
    assert files.revision.startswith("sampled:")
    assert locate(str(served), model_cache=tmp_path).revision == files.revision
    copy = shutil.copytree(served, tmp_path / "model")
    weights = copy / "vae/diffusion_pytorch_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    other = locate(str(copy), model_cache=tmp_path)
    assert other.revision != files.revision
    changed = {path for path in files.learned if files.learned[path] != other.learned[path]}
    assert changed == {"vae/diffusion_pytorch_model.safetensors"}


def test_a_folder_without_a_manifest_says_its_size(served: Path, tmp_path: Path):
    files = locate(str(served), model_cache=tmp_path)
    assert json.loads((served / "vae/config.json").read_text())["sample_size"] == files.native
