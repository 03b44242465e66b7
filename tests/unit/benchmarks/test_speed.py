"""The benchmark of speed: what it counts, measures, draws and refuses."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import ClassVar

import pytest
from PIL import Image

from bot.cli.common import open_engine
from bot.domain.drawing import Drawing, DrawTask
from bot.domain.requests import ImageRequest, Size
from bot.models import locate
from bot.settings import Settings
from tests.benchmarks.speed.figures import Way
from tests.benchmarks.speed.flops import ModelFlops
from tests.benchmarks.speed.starts import read_start
from tests.support.later import imported_later

with imported_later():
    import torch

    from tests.benchmarks.baseline import process_memory, random_model
    from tests.benchmarks.baseline.activity import measure
    from tests.benchmarks.baseline.plain import PlainEngine
    from tests.benchmarks.speed.__main__ import main
    from tests.benchmarks.speed.images import ImageBench
    from tests.benchmarks.speed.run import Bench

pytestmark = pytest.mark.engine

SMALL = Size(width=128, height=128)


@pytest.fixture
def full() -> ModelFlops:
    """Return what the full model computes."""
    return ModelFlops(
        transformer={**random_model.TRANSFORMER, "in_channels": 16},
        text_encoder=random_model.TEXT_ENCODER,
        vae={**random_model.VAE, "out_channels": 3},
    )


@pytest.mark.parametrize(
    ("side", "linear", "attention", "decode"),
    [(512, 12.3, 0.6, 2.5), (1024, 47.1, 8.5, 10.5), (2048, 186.3, 132.9, 48.5)],
)
def test_operations_are_counted_from_the_configuration(
    full: ModelFlops, side: int, linear: float, attention: float, decode: float
):
    size = Size(width=side, height=side)

    counted = (
        full.linear(size, caption_tokens=64),
        full.attention(size, caption_tokens=64),
        full.decode(size),
    )

    assert [round(each / 1e12, 1) for each in counted] == [linear, attention, decode]


@pytest.mark.nightly
def test_torch_counts_the_same_operations(demo_model: Path):
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415 - slow to import

    engine = PlainEngine(demo_model, device="cpu")
    engine.load()
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        engine.draw(DrawTask(request=ImageRequest(prompt="a red apple", seed=1, size=SMALL)))
    parts = counter.get_flop_counts()
    flops = ModelFlops.read(demo_model)

    # It does not see attention on a CPU, a hundredth of the decoder; we leave out the modulation.
    forwards = sum(parts["ZImageTransformer2DModel"].values()) / 9
    decode = sum(parts["Decoder"].values())

    assert flops.linear(SMALL, caption_tokens=32) == pytest.approx(forwards, rel=0.01)
    assert flops.decode(SMALL) == pytest.approx(decode, rel=0.01)


def test_the_full_size_model_has_as_many_parameters_as_the_real_one():
    with torch.device("meta"):
        transformer = random_model.make_transformer()
        vae = random_model.make_vae()

    assert sum(each.numel() for each in transformer.parameters()) == pytest.approx(
        6.155e9, rel=1e-3
    )
    assert sum(each.numel() for each in vae.parameters()) == pytest.approx(84e6, rel=0.01)


def test_a_model_with_random_weights_is_a_model(tmp_path: Path):
    folder = random_model.build(
        tmp_path / "small",
        "cpu",
        text_encoder={
            **random_model.TEXT_ENCODER, "vocab_size": 6144, "hidden_size": 64, "head_dim": 16,
            "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2,
            "intermediate_size": 64,
        },
        transformer={
            **random_model.TRANSFORMER, "dim": 128, "n_layers": 1, "n_refiner_layers": 1,
            "n_heads": 2, "n_kv_heads": 2, "cap_feat_dim": 64, "axes_dims": [16, 24, 24],
        },
        vae={**random_model.VAE, "block_out_channels": (32, 32, 32, 32), "layers_per_block": 1},
    )  # fmt: skip

    engine = open_engine(locate(str(folder), model_cache=tmp_path), Settings(device="cpu"))
    drawing = engine.draw(DrawTask(request=ImageRequest(prompt="a red apple", seed=1, size=SMALL)))

    assert drawing.image.width == 128
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_idle_time_is_what_no_kernel_covers():
    microsecond = 1000
    spans = [(0, 10), (5, 20), (21, 30), (130, 140)]  # microseconds; two overlap

    found = measure((begin * microsecond, end * microsecond) for begin, end in reversed(spans))

    assert found.whole_s == pytest.approx(140e-6)
    assert found.idle_s == pytest.approx(101e-6)
    assert found.waiting_s == pytest.approx(100e-6)


@pytest.mark.nightly
def test_everything_is_measured_in_one_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr("tests.benchmarks.baseline.matrix._ROUNDS", 1)
    monkeypatch.setattr(
        "tests.benchmarks.speed.images.WARM_UPS", 0
    )  # a test waits for no steady figures
    monkeypatch.setattr("tests.benchmarks.speed.queue_load._WARM_UPS", 0)

    code = main(
        ["--model", "demo", "--sizes", "128x128", "--repeat", "1", "--queue", "1",
         "--no-starts", "--json", "--output", str(tmp_path / "speed.png")]
    )  # fmt: skip

    report = json.loads(capsys.readouterr().out)
    plain, own = (report["ways"][way]["images"][0] for way in ("plain", "reference"))
    stages = ("text", "denoise", "decode", "copy")
    assert code == 0
    assert report["is_alternating"]
    for image in (plain, own):
        assert tuple(image["stages"]) == stages
        whole = sum(image["stages"][stage]["median"] for stage in stages)
        assert 0 < whole <= image["whole"]["median"]
    assert plain["denoise_flops"] == pytest.approx(own["denoise_flops"] * 9 / 8)
    assert report["machine"]["matrix_flops"] > own["flops"] / own["whole"]["median"]
    assert [queue["images"] for queue in report["queues"]] == [1, 1]
    with Image.open(tmp_path / "speed.png") as picture:
        assert picture.width == 1500
    assert not list((tmp_path / "data").glob("*.sqlite3"))  # the queue's own folder is gone


class Repeating:
    """Draws one real image and returns it again and again."""

    alive: ClassVar[list[Way]] = []
    most = 0

    def __init__(self, way: Way, drawing: Drawing) -> None:
        self._way, self._drawing = way, drawing
        self.alive.append(way)
        Repeating.most = max(self.most, len(self.alive))

    def load(self) -> None:
        pass

    def draw(self, task: DrawTask, **_: object) -> Drawing:
        return self._drawing

    def warm(self, size: Size, *, cancel: threading.Event) -> bool:
        return True

    def close(self) -> None:
        self.alive.remove(self._way)


@pytest.mark.nightly
@pytest.mark.parametrize("has_room", [True, False])
def test_ways_draw_in_turns_where_two_models_fit(demo_model: Path, *, has_room: bool):
    engine = open_engine(locate("demo", model_cache=demo_model), Settings(device="cpu"))
    drawing = engine.draw(DrawTask(request=ImageRequest(prompt="a red apple", seed=1, size=SMALL)))
    Repeating.most = 0

    bench = ImageBench(
        lambda way: Repeating(way, drawing), sizes=[SMALL], repeat=1, has_room=lambda: has_room
    )
    ways = [Way.PLAIN, Way.REFERENCE]
    flops = ModelFlops.read(demo_model)
    figures = bench.measure(ways, flops, caption_tokens=32, on_image=lambda: None)

    assert list(figures) == ways
    assert bench.is_alternating == has_room
    assert (Repeating.most, Repeating.alive) == (2 if has_room else 1, [])


@pytest.mark.nightly
def test_a_start_is_measured_from_the_process_it_began(demo_model: Path):
    files = locate("demo", model_cache=demo_model)
    bench = Bench(
        files=files, name="demo", settings=Settings(device="cpu"), open_engine=open_engine,
        progress=None, sizes=[SMALL], ways=[Way.REFERENCE], repeat=1, queue=0, has_starts=True,
    )  # fmt: skip

    line = bench.start_once(Way.REFERENCE)
    start = read_start(line, began_at=json.loads(line)["ready_at"] - 9.0, is_cold=True)

    assert start.ready_s == pytest.approx(9.0)
    assert start.is_cold
    assert start.way is Way.REFERENCE
    assert start.load_s > 0 < start.first_image_s
    assert start.peak_bytes > 100 * 2**20


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--repeat", "0"], "--repeat '0' does not work: use a whole number from 1 to 10000."),
        (["--repeat", "٣"], "--repeat '٣' does not work"),
        (["--queue", "-1"], "--queue '-1' does not work: use a whole number from 0 to 10000."),
        (["--sizes", "100x100"], "The size 100x100 does not work"),
        (["--model", "nonsense"], "The model 'nonsense' is unknown"),
        (["--keep", "there"], "--keep is for --model random-full: demo is there already."),
        (["--output", "speed.jpg"], "The output 'speed.jpg' does not work"),
        (["--ways", "plain"], "Plain diffusers has no queue"),
        (["--ways", "fp8"], "The setting PRECISION 'fp8' does not work here"),
    ],
)
def test_a_mistake_is_one_sentence_before_anything_is_drawn(
    arguments: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("DEVICE", "cpu")

    code = main(arguments)

    said = capsys.readouterr()
    assert code == 2
    assert said.err.splitlines()[-1].startswith(sentence)
    assert said.err.removeprefix("Measuring demo ...\n").count("\n") == 1
    assert said.out == ""


def test_a_full_size_model_is_refused_where_it_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(process_memory, "can_hold_full_size", lambda _: False)

    code = main(["--model", "random-full", "--keep", str(tmp_path / "full")])

    assert code == 2
    assert capsys.readouterr().err.startswith("--model random-full needs a GPU with 24 GB")
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_else_is_not_built_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "photos").mkdir()

    code = main(["--model", "random-full", "--keep", str(tmp_path / "photos")])

    assert code == 2
    assert "it is there, and holds no model" in capsys.readouterr().err
