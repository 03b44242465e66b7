"""Weights in single files draw on a GPU what their folder draws, on all paths and precisions."""

from __future__ import annotations

import gc
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from bot.domain.drawing import DrawTask
from bot.engine.placement import LEAST
from bot.engine.z_image import ZImageEngine
from bot.models import locate
from tests.gpu.test_gpu import request
from tests.support.weight_formats.fp8 import expected, in_fp8
from tests.support.weight_formats.original import original, write, write_comfyui

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]
WAYS: list[dict[str, str]] = [
    {},
    {"path": "reference"},
    {"precision": "fp8"},
    {"precision": "int8"},
    {"precision": "int4"},
]
SIDES = (128, 256)


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    gc.collect()
    torch.cuda.empty_cache()


def hashes(model: str, **options: str) -> list[str]:
    files = locate(model, model_cache=Path("unused"), caches=())
    engine = ZImageEngine(
        files.folder,
        model_id=files.model_id,
        revision=files.revision,
        weights=files.weights,
        device="cuda",
        **options,
    )
    found = [engine.draw(DrawTask(request=request(side))).image.pixel_sha256 for side in SIDES]
    engine.close()
    return found


def skip_without(options: dict[str, str]) -> None:
    precision = options.get("precision")
    if precision in {"int8", "int4"} and not importlib.util.find_spec("torchao"):
        pytest.skip("torchao is not installed")
    if precision == "fp8" and torch.cuda.get_device_capability() < (8, 9):
        pytest.skip("this GPU has no products in 8 bits")


@pytest.mark.parametrize("options", WAYS, ids=lambda options: "-".join(options.values()) or "full")
@pytest.mark.parametrize("is_small", [False, True], ids=["all", "least"])
def test_comfyuis_files_draw_the_pixels_of_their_folder(
    options: dict[str, str],
    *,
    is_small: bool,
    demo_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    skip_without(options)
    write_comfyui(demo_model, tmp_path)
    if is_small:
        monkeypatch.setattr("bot.engine.memory.place", lambda *_: LEAST)
    assert hashes(str(tmp_path), **options) == hashes("demo", **options)


def test_values_in_8_bits_draw_what_they_stand_for(demo_model: Path, tmp_path: Path):
    plain = original(demo_model, "transformer")
    made, metadata = in_fp8(plain, "layers")
    scaled = write(tmp_path / "fp8.safetensors", made, metadata)
    meant = write(tmp_path / "meant.safetensors", expected(plain, made, "layers"))
    assert hashes(str(scaled)) == hashes(str(meant))


def test_gguf_draws_what_it_stands_for(demo_model: Path, tmp_path: Path):
    pytest.importorskip("gguf")
    from tests.support.weight_formats import gguf_files  # noqa: PLC0415 - is an extra

    plain = original(demo_model, "transformer")
    packed = gguf_files.write_gguf(tmp_path / "q.gguf", plain, "Q6_K", "lumina2")
    reference = {name: gguf_files.dequantised(each, "Q6_K") for name, each in plain.items()}
    meant = write(tmp_path / "meant.safetensors", reference)
    assert hashes(str(packed)) == hashes(str(meant))
