"""LoRAs in the weights: right to the last bit, on every backend, and gone without a trace."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.drawing import DrawTask, RawImage
from bot.domain.requests import Adapter, OperationKind
from bot.engine.placement import LEAST, Placement
from bot.errors import AdapterFileError, MissingAdapterError
from tests.support.later import imported_later
from tests.support.lora_engines import REQUEST, LoraFiles, draw, keep_to, weights_hash
from tests.support.lora_files import FORMATS
from tests.support.sampling import sampled

with imported_later():
    import torch

    from bot.engine.adapters.clean import CleanValues
    from bot.engine.adapters.merge import MergedAdapters
    from bot.engine.adapters.weights import Key, ModelWeights
    from bot.engine.backends.fused.quantised import choose_shrink
    from bot.engine.backends.fused.transformer_ops import quantise
    from bot.engine.backends.fused.weights import taken_apart
    from bot.engine.z_image import ZImageEngine
    from tests.support.tiny_model import write_tiny_model

FUSED = "kohya or musubi, fused qkv"
PLAIN = "diffusers"
TEXT = "text encoder, ComfyUI"
BOTH = "both parts, kohya"
OTHERS = "differences, norms and biases"
KINDS = [("fast", "full"), ("reference", "full"), ("fast", "int8"), ("fast", "int4")]


@pytest.fixture(scope="module")
def tiny_model(demo_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(demo_model, tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="module")
def files(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> LoraFiles:
    return LoraFiles(tiny_model, tmp_path_factory.mktemp("loras"))


@pytest.fixture(scope="module")
def engine(files: LoraFiles) -> Iterator[ZImageEngine]:
    """Return one engine for what leaves its weights clean in the end."""
    engine = files.engine(dtype="bfloat16")
    engine.load()
    yield engine
    engine.close()


def merged(engine: ZImageEngine, key: Key) -> torch.Tensor:
    value = engine._loaded().adapters._weights.value(key)
    assert value is not None
    return value


@pytest.mark.parametrize("form", FORMATS)
def test_weights_are_the_clean_ones_and_the_change_rounded_once(
    engine: ZImageEngine, files: LoraFiles, form: str
):
    adapter = files.make(form, scale=0.7)
    adapters = engine._loaded().adapters
    adapters.apply([adapter])
    sample = files.samples[adapter.sha256]
    assert sample.deltas
    for key, delta in sample.deltas.items():
        if not files.shapes.is_used(*key):
            continue
        exact = files.clean(*key).double() + adapter.scale * delta.double()
        found = merged(engine, key).double()
        # A half of the last of bfloat16's 8 bits, and a trace of float32's rounding.
        assert ((found - exact).abs() <= exact.abs() * 2.0**-8 * 1.001 + 1e-6).all(), key
        assert not torch.equal(found, files.clean(*key).double())
    adapters.apply([])


def test_several_are_added_before_the_one_rounding(engine: ZImageEngine, files: LoraFiles):
    pair = [files.make(FUSED, scale=0.3), files.make("LoHa", scale=-1.5, seed=2)]
    engine._loaded().adapters.apply(pair)
    key = ("transformer", "layers.1.attention.to_k.weight")
    deltas = [files.samples[each.sha256].deltas[key].double() * each.scale for each in pair]
    exact = files.clean(*key).double() + sum(deltas)
    assert torch.equal(merged(engine, key), exact.float().bfloat16())
    engine._loaded().adapters.apply([])


def test_a_thousand_changes_leave_every_bit_as_it_was(engine: ZImageEngine, files: LoraFiles):
    clean = weights_hash(engine)
    small = [
        files.make(form, seed=i, blocks=["layers.0"])
        for i, form in enumerate((FUSED, "DoRA, kohya", "LoKr, low rank, LyCORIS", OTHERS))
    ]
    adapters = engine._loaded().adapters
    for i in range(1000):
        chosen = [] if i % 3 == 2 else small[i % 4 : i % 4 + 1 + i % 2]
        adapters.apply(chosen)
        if i == 400:
            changed = weights_hash(engine)
    adapters.apply([])
    assert weights_hash(engine) == clean != changed


@pytest.mark.parametrize(("path", "precision"), sampled(KINDS, first=3))
def test_images_repeat_and_weights_come_back(
    files: LoraFiles, engine: ZImageEngine, path: str, precision: str
):
    if precision != "full" and not importlib.util.find_spec("torchao"):
        pytest.skip("torchao is not installed")
    own = files.engine(path=path, precision=precision, dtype="bfloat16")
    plain = draw(own)
    clean = weights_hash(own)
    loras = [files.make(form, seed=i) for i, form in enumerate((FUSED, BOTH, OTHERS))]
    first = [draw(own, each) for each in loras]
    assert len({plain, *first}) == len(first) + 1
    assert draw(own) == plain
    assert weights_hash(own) == clean
    assert [draw(own, each) for each in reversed(loras)] == first[::-1]
    together = draw(own, *loras)
    assert draw(own, Adapter(name="x", sha256=loras[0].sha256, scale=0.0)) == plain
    assert draw(own, *loras) == together
    draw(own)
    assert weights_hash(own) == clean
    own.close()


def test_text_encoder_parts_change_the_embedding_and_leave_it(
    engine: ZImageEngine, files: LoraFiles
):
    parts, lora = engine._loaded(), files.make(TEXT)
    plain = parts.text.encode("a fox")
    parts.adapters.apply([lora])
    changed = parts.text.encode("a fox")
    parts.adapters.apply([])
    assert not torch.equal(plain, changed)
    assert parts.text.encode("a fox") is plain  # still known
    parts.adapters.apply([lora])
    assert parts.text.encode("a fox") is changed
    parts.adapters.apply([])


def velocity(own: ZImageEngine, adapters: list[Adapter]) -> torch.Tensor:
    """Return what one step makes of an embedding and latents that are the same for all."""
    parts, generator = own._loaded(), torch.Generator().manual_seed(1)
    parts.adapters.apply(adapters)
    embedding = torch.randn((9, 256), generator=generator).to(own._options.dtype)
    latents = torch.randn((1, 16, 8, 8), generator=generator)
    with torch.inference_mode():
        found = parts.backends.now.velocity(embedding, (1.0, 0.5), height=8, width=8)(latents, 1)
    parts.adapters.apply([])
    return found


def test_both_backends_draw_the_same_with_them(files: LoraFiles):
    adapters = [files.make(BOTH), files.make(OTHERS, size=0.3)]
    found = {}
    for dtype in ("float32", "bfloat16"):
        for path in ("fast", "reference"):
            own = files.engine(path=path, dtype=dtype)
            found[path, dtype] = velocity(own, adapters)
            own.close()
    exact = found["reference", "float32"]
    error = {key: float((each - exact).norm() / exact.norm()) for key, each in found.items()}
    assert error["fast", "float32"] < 1e-5
    assert error["fast", "bfloat16"] < 1.1 * error["reference", "bfloat16"]


def test_a_backend_made_of_merged_weights_draws_what_one_merged_later_does(files: LoraFiles):
    """Whatever a backend computed of weights before, of norms and noise levels, is made anew."""
    lora = files.make(OTHERS, size=0.3)
    task = DrawTask(request=replace(REQUEST, adapters=(lora,)), match={"path": "fast"})
    own, other = (files.engine(path=path, dtype="bfloat16") for path in ("reference", "fast"))
    draw(own, lora)
    plain = draw(other)
    assert own._loaded().backends.fast is None  # it is made now
    wanted = own.draw(task).image.pixel_sha256
    assert draw(other, lora) == wanted != plain
    assert own.draw(replace(task, request=REQUEST)).image.pixel_sha256 == plain
    own.close()
    other.close()


def test_a_layer_that_is_away_is_never_computed_with_what_it_was(files: LoraFiles):
    own = files.engine(dtype="float32")
    keep_to(own, LEAST)
    draw(own)
    stack = own._loaded().backends.fast._transformer.layers
    linear = own._loaded().transformer.noise_refiner[0].attention.to_q
    values = torch.full_like(linear.weight, 2.0)
    for _ in stack.walk():  # behind the last one the first is in a buffer again
        pass
    own._loaded().adapters._weights.begin()
    own._loaded().adapters._weights.write(
        ("transformer", "noise_refiner.0.attention.to_q.weight"), values
    )
    first = next(stack.walk())
    assert torch.equal(first.qkv[: len(values)], values)
    own.close()


@pytest.mark.parametrize("precision", sampled(["full", "int8", "int4"], first=1))
def test_weights_move_while_they_are_changed(files: LoraFiles, precision: str):
    if precision != "full" and not importlib.util.find_spec("torchao"):
        pytest.skip("torchao is not installed")
    own = files.engine(precision=precision, dtype="bfloat16")
    loras = [files.make(form, seed=i) for i, form in enumerate((FUSED, BOTH))]
    plain, wanted = draw(own), [draw(own, each) for each in loras]
    some = Placement(blocks=1, readers=0, text_layers=1, graphs=False)
    for i, plan in enumerate((LEAST, some, Placement())):
        keep_to(own, plan)
        assert draw(own, loras[1 - i % 2]) == wanted[1 - i % 2]  # moved as it was merged
        assert draw(own) == plain
        assert [draw(own, each) for each in loras] == wanted
        draw(own, loras[i % 2])
    own.close()


def test_without_room_for_copies_the_files_have_the_clean_values(files: LoraFiles):
    own = files.engine(dtype="bfloat16")
    parts = own._loaded()
    before = parts.adapters
    clean = CleanValues(
        before._weights, before._clean._read, torch.device("cpu"), free_memory=lambda: 0
    )
    parts.adapters = MergedAdapters(before._library, before._weights, clean, torch.device("cpu"))
    plain, lora = weights_hash(own), files.make(BOTH)
    first = draw(own, lora)
    assert not clean._away
    draw(own)
    assert weights_hash(own) == plain
    assert draw(own, lora) == first
    own.close()


class FailingWeights:
    """Weights that cannot be written once, after some writes."""

    def __init__(self, weights: ModelWeights) -> None:
        self._weights, self.left = weights, -1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._weights, name)

    def write(self, key: Key, values: torch.Tensor) -> None:
        self.left -= 1
        if self.left == 0:
            raise MemoryError
        self._weights.write(key, values)


def test_what_failed_on_the_way_is_mended_by_the_next_drawing(files: LoraFiles):
    own = files.engine(dtype="bfloat16")
    lora, other = files.make(FUSED), files.make(BOTH, seed=2)
    plain, wanted, wanted_too = draw(own), draw(own, lora), draw(own, other)
    draw(own)
    clean, parts = weights_hash(own), own._loaded()
    before = parts.adapters
    failing = FailingWeights(before._weights)
    parts.adapters = MergedAdapters(before._library, failing, before._clean, torch.device("cpu"))
    failing.left = 5
    with pytest.raises(MemoryError):
        parts.adapters.apply([other])
    assert draw(own) == plain
    assert weights_hash(own) == clean
    failing.left = 8
    with pytest.raises(MemoryError):
        parts.adapters.apply([other])
    assert draw(own, lora) == wanted
    failing.left = 9
    assert draw(own, other) == wanted_too  # the second attempt of the same drawing
    failing.left = 3
    assert draw(own) == plain
    assert weights_hash(own) == clean
    own.close()


def test_a_file_that_is_gone_or_changed_is_refused_and_the_weights_stay(
    engine: ZImageEngine, files: LoraFiles
):
    clean, plain = weights_hash(engine), draw(engine)
    lora = files.make(PLAIN, seed=77)
    path = files.path(lora.sha256)
    path.write_bytes(files.path(files.make(PLAIN, seed=78).sha256).read_bytes())
    with pytest.raises(AdapterFileError, match=r"it is not the file that was asked for"):
        draw(engine, lora)
    path.unlink()
    with pytest.raises(MissingAdapterError, match=r"is not here, and without it"):
        draw(engine, lora)
    with pytest.raises(MissingAdapterError):
        draw(engine, Adapter(name="never", sha256="0" * 64, scale=1.0))
    assert weights_hash(engine) == clean
    assert draw(engine) == plain


def test_what_is_drawn_into_a_picture_has_them_too(engine: ZImageEngine, files: LoraFiles):
    width, height = REQUEST.size.width, REQUEST.size.height
    dark, light = (
        RawImage(width=width, height=height, pixels=bytes([grey]) * (3 * width * height))
        for grey in (40, 255)
    )
    request = REQUEST.drawn_into(
        OperationKind.INPAINT, source=dark.pixel_sha256, mask=light.pixel_sha256
    )
    drawn = [
        engine.draw(
            DrawTask(request=replace(request, adapters=adapters), inputs=(dark, light))
        ).image.pixel_sha256
        for adapters in ((), (files.make(FUSED),), ())
    ]
    assert drawn[0] == drawn[2] != drawn[1]


def test_the_recipe_names_them_in_their_order(engine: ZImageEngine, files: LoraFiles):

    pair = (files.make(FUSED, scale=0.5), files.make(BOTH, seed=3))
    drawing = engine.draw(DrawTask(request=replace(REQUEST, adapters=pair)))
    assert drawing.conditions["loras"] == [
        {"name": each.name, "sha256": each.sha256, "scale": each.scale} for each in pair
    ]
    assert "adapters" in drawing.durations_s
    again = engine.draw(DrawTask(request=replace(REQUEST, adapters=pair)))
    assert "adapters" not in again.durations_s
    plain = engine.draw(DrawTask(request=REQUEST))
    assert plain.conditions["loras"] == []


@pytest.mark.parametrize("precision", ["fp8", "int8", "int4"])
def test_rows_are_brought_to_fewer_bits_one_by_one(precision: str):
    if precision != "fp8" and not importlib.util.find_spec("torchao"):
        pytest.skip("torchao is not installed")
    matrix = torch.randn((96, 128), generator=torch.Generator().manual_seed(1)).bfloat16()
    matrix[7] = 0
    shrink = quantise if precision == "fp8" else choose_shrink(precision)
    whole, rows = taken_apart(shrink(matrix))[0], taken_apart(shrink(matrix[32:64]))[0]
    for all_rows, own in zip(whole, rows, strict=True):
        assert torch.equal(all_rows[32:64].view(torch.uint8), own.view(torch.uint8))
