"""Which kind of Z-Image a folder holds: told by its files, or refused where they disagree."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.requests import ModelProfile
from bot.errors import ModelFilesError
from bot.models import ModelFiles, Source, fetch, hub_models, locate, located, model_rules, unproven
from bot.models.kinds import check_kind
from bot.models.registry import HubModel
from bot.settings import Settings
from tests.support.base_model import write_base_model
from tests.support.hub_server import serve
from tests.support.model_folders import INDEX, VAE, configure, link_model
from tests.support.sampling import sampled

BASE, TURBO = ModelProfile.BASE, ModelProfile.TURBO
BASE_ID = "Tongyi-MAI/Z-Image"


@pytest.fixture
def folder(demo_model: Path, tmp_path: Path) -> Path:
    return write_base_model(demo_model, tmp_path / "mine")


def find(folder: Path, profile: ModelProfile | None = None) -> ModelFiles:
    return locate(str(folder), model_cache=Path("unused"), caches=(), profile=profile)


def test_a_folder_is_the_model_that_its_scheduler_is_made_for(folder: Path, demo_model: Path):
    files = find(folder)
    assert files.profile is BASE
    rules = model_rules(files, Settings())
    assert (rules.profile, rules.native) == (BASE, files.native)
    assert find(demo_model).profile is TURBO
    assert locate("demo", model_cache=Path("unused")).profile is TURBO


@pytest.mark.parametrize(
    ("change", "sign"),
    [
        (
            lambda folder: configure(
                folder / "transformer/config.json", _name_or_path="Tongyi-MAI/Z-Image-Turbo"
            ),
            "which says that it comes from Tongyi-MAI/Z-Image-Turbo, is of Z-Image-Turbo",
        ),
        (
            lambda folder: configure(
                folder / "model_index.json",
                _name_or_path="/x/models--Tongyi-MAI--Z-Image-Turbo/snapshots/1",
            ),
            "model_index.json, which says that",
        ),
    ],
)
def test_weights_of_turbo_with_the_other_scheduler_are_refused(
    folder: Path, change: Callable[[Path], None], sign: str
):
    change(folder)
    with pytest.raises(ModelFilesError) as error:
        find(folder)
    assert "has the scheduler of Z-Image (shift 6.0), but " in error.value.message
    assert sign in error.value.message
    assert "set MODEL_PROFILE=turbo or MODEL_PROFILE=base" in error.value.message
    assert find(folder, TURBO).profile is TURBO
    assert find(folder, BASE).profile is BASE


def test_a_known_list_of_weights_tells_whose_they_are(folder: Path):
    digest = hashlib.md5((folder / INDEX).read_bytes()).hexdigest()
    turbo = HubModel(model_id=TURBO.model_id, manifest={INDEX: digest}, size_bytes=1)
    with pytest.raises(
        ModelFilesError, match=r"index\.json is of Z-Image-Turbo: set MODEL_PROFILE"
    ):
        check_kind(folder, hubs=[turbo])
    assert check_kind(folder, hubs=[replace(turbo, profile=BASE)]) is BASE
    assert INDEX in hub_models()[TURBO.model_id].manifest


@pytest.mark.parametrize(
    ("name", "shift"), [("z-image-turbo-mine", 6.0), ("Z_Image_Base", 3.0), ("Z-Image", 3.0)]
)
def test_a_folders_own_name_counts_where_it_cannot_mean_both(
    name: str, shift: float, demo_model: Path, tmp_path: Path
):
    folder = link_model(demo_model, tmp_path / name)
    configure(folder / "scheduler/scheduler_config.json", shift=shift)
    if name == "Z-Image":  # as people call either
        assert find(folder).profile is TURBO
        return
    with pytest.raises(ModelFilesError, match=f"the folder's name, {name}, is of Z-Image"):
        find(folder)


def test_base_weights_with_turbos_scheduler_are_refused(demo_model: Path, tmp_path: Path):
    snapshot = tmp_path / f"models--{BASE_ID.replace('/', '--')}" / "snapshots" / "1"
    link_model(demo_model, snapshot)
    with pytest.raises(ModelFilesError, match=r"of Z-Image-Turbo \(shift 3\.0\), but its name is"):
        find(snapshot)


def test_an_operator_settles_what_the_files_leave_open(folder: Path):
    configure(folder / "scheduler/scheduler_config.json", shift=1.0)
    settings = Settings(model=str(folder))
    with pytest.raises(ModelFilesError, match=r"a scheduler with shift 1\.0"):
        located(settings)
    assert located(settings.model_copy(update={"model_profile": "base"})).profile is BASE


def test_no_setting_makes_a_known_model_another_one(folder: Path, tmp_path: Path):
    shutil.move(folder, tmp_path / BASE_ID)
    assert locate(BASE_ID, model_cache=tmp_path, caches=()).profile is BASE
    with pytest.raises(ModelFilesError, match=r"MODEL_PROFILE is turbo, but Tongyi-MAI/Z-Image is"):
        locate(BASE_ID, model_cache=tmp_path, caches=(), profile=TURBO)


def test_the_base_model_is_known_by_its_files_without_checksums():
    base = hub_models()[BASE_ID]
    assert base.profile is BASE
    assert not base.manifest
    named = [path for path in base.paths if "transformer/diffusion_pytorch_model-" in path]
    assert [path[-23:] for path in named] == [f"0{i}-of-00002.safetensors" for i in (1, 2)]
    assert len(base.paths) == len(hub_models()[TURBO.model_id].paths) - 1


@pytest.mark.parametrize("source", sampled(["huggingface", "modelscope"], first=1))
def test_a_download_of_it_is_complete_though_nothing_proves_it(
    source: Source, folder: Path, tmp_path: Path
):
    paths = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    base = replace(hub_models()[BASE_ID], paths=tuple(paths), size_bytes=60_000_000)
    with serve(folder) as hub:
        again = [VAE] if source == "huggingface" else []  # which tells the hash beforehand
        hub.corrupt.update(dict.fromkeys(again, 1))
        files = fetch(base, source=source, model_cache=tmp_path / "cache", endpoint=hub.address)
        assert files.profile is BASE
        assert len(unproven(files)) > 0
        assert sorted(path for path, _ in hub.fetched) == sorted([*paths, *again])
        piece = files.folder / INDEX.replace(
            ".safetensors.index.json", "-00001-of-00002.safetensors"
        )
        piece.write_bytes(piece.read_bytes()[:1000])  # cut off, as its own header tells
        hub.fetched.clear()
        fetch(base, source=source, model_cache=tmp_path / "cache", endpoint=hub.address)
        assert len(hub.fetched) == 1
