"""Control weights: found, chosen by a setting, fetched from both hubs, and compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.requests import ModelRules
from bot.errors import InvalidRequestError, ModelFilesError
from bot.locales import sentence
from bot.models import Source, control_file, locate, model_rules
from bot.models.control import FULL, LITE, ControlWeights, fetch_control, find_weights, problem
from bot.settings import Settings
from tests.support.hub_server import Hub, serve

SOURCES: list[Source] = ["modelscope", "huggingface"]

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def weights_file(path: Path) -> ControlWeights:
    """Write a small file in the format, and return weights that it is."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    content = len(header).to_bytes(8, "little") + header + bytes(range(16))
    path.write_bytes(content)
    return replace(
        LITE, path=path.name, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = tmp_path / "hub"
    folder.mkdir()
    with serve(folder) as hub:
        yield hub


@pytest.mark.parametrize("source", SOURCES)
def test_they_are_fetched_once_and_compared(tmp_path: Path, hub: Hub, source: Source):
    weights, cache = weights_file(hub.folder / "w.safetensors"), tmp_path / "cache"
    path = fetch_control(weights, source=source, model_cache=cache, endpoint=hub.address)
    assert problem(weights, path) is None
    assert find_weights(weights, cache) == path
    fetched = len(hub.fetched)
    fetch_control(weights, source=source, model_cache=cache, endpoint=hub.address)
    assert len(hub.fetched) == fetched


def test_a_broken_file_is_fetched_again(tmp_path: Path, hub: Hub):
    weights, cache = weights_file(hub.folder / "w.safetensors"), tmp_path / "cache"
    path = fetch_control(weights, source="huggingface", model_cache=cache, endpoint=hub.address)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert problem(weights, path) == "wrong SHA-256"
    fetch_control(weights, source="huggingface", model_cache=cache, endpoint=hub.address)
    assert problem(weights, path) is None


def test_without_a_checksum_the_header_tells(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    weights = replace(weights_file(path), sha256=None)
    assert problem(weights, path) is None
    path.write_bytes(path.read_bytes()[:-3])
    assert "truncated" in str(problem(weights, path))


def test_the_setting_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    cache = tmp_path / "cache"
    demo = locate("demo", model_cache=cache)
    turbo = replace(demo, model_id="Tongyi-MAI/Z-Image-Turbo", native=1024, folder=tmp_path)

    def chosen(setting: str) -> str | None:
        settings = Settings(model_cache=cache, control=setting)
        found = control_file(turbo, settings)
        return None if found is None else found.name

    assert chosen("auto") is None
    assert control_file(demo, Settings(model_cache=cache, control="auto")) is not None
    with pytest.raises(ModelFilesError, match="download --control lite"):
        chosen("lite")
    for each in (LITE, FULL):
        folder = cache / "alibaba-pai" / "Z-Image-Turbo-Fun-Controlnet-Union-2.1"
        folder.mkdir(parents=True, exist_ok=True)
        weights_file(folder / each.path)
        assert chosen("auto") == Path(each.path).stem
    assert chosen("lite") == Path(LITE.path).stem
    assert chosen("off") is None
    assert chosen(str(folder / FULL.path)) == Path(FULL.path).stem
    with pytest.raises(ModelFilesError, match="is no file"):
        chosen("nowhere.safetensors")


def test_a_models_own_folder_goes_first(tmp_path: Path):
    (tmp_path / "control").mkdir()
    weights_file(tmp_path / "control" / "own.safetensors")
    demo = replace(locate("demo", model_cache=tmp_path), folder=tmp_path)
    found = control_file(demo, Settings(model_cache=tmp_path))
    assert found is not None
    assert found.fingerprint.startswith("sampled:")


@pytest.mark.parametrize("native", [256, 1024])
def test_without_weights_a_sentence_in_both_languages_says_what_to_do(tmp_path: Path, native: int):
    files = replace(locate("demo", model_cache=tmp_path), native=native, folder=tmp_path)
    rules = model_rules(files, Settings(model_cache=tmp_path, control="off"))
    assert not rules.has_control
    with pytest.raises(InvalidRequestError) as caught:
        rules.check_control()
    assert "draw without control" in caught.value.message
    assert ("download --control" in caught.value.message) == (native == 1024)
    assert "控制图" in sentence(caught.value.message, "zh-CN")


def test_rules_know_of_installed_weights():
    ModelRules(has_control=True).check_control()
