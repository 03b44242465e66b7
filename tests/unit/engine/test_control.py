"""Control: our networks are diffusers', and files of other models are refused in one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.domain.drawing import DrawTask, RawImage
from bot.domain.requests import ControlKind, ImageRequest, Size
from bot.engine.control.file import ControlFile
from bot.engine.placement import GIB, Footprint, Placement, place
from bot.errors import BotError, InvalidRequestError, ModelFilesError
from bot.media.control_maps import control_map
from bot.media.encoding import to_pillow
from bot.media.source_pictures import raw_image
from bot.models import control_file, locate
from bot.settings import Settings
from tests.support.later import imported_later
from tests.support.sampling import sampled

with imported_later():
    from safetensors.torch import load_file, save_file

    from bot.engine.z_image import ZImageEngine
    from tests.benchmarks.controls import plain_latents, task_of
    from tests.benchmarks.pictures_from_pictures import error, our_latents
    from tests.support.control_files import write_control

pytest_plugins = ["tests.support.bot_fixtures"]

SMALL = Size(width=64, height=64)


@pytest.fixture(scope="module")
def controls(
    demo_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, ControlFile]]:
    folder = tmp_path_factory.mktemp("control")
    yield {
        kind: write_control(demo_model, folder / f"{kind}.safetensors", kind)
        for kind in ("full", "lite", "v1")
    }
    shutil.rmtree(folder)


def opened(folder: Path, control: ControlFile | None, **options: str) -> ZImageEngine:
    return ZImageEngine(
        folder, model_id="demo", revision="test", device="cpu", control=control, **options
    )


@pytest.mark.parametrize(
    ("kind", "operation"),
    sampled([("full", "text"), ("lite", "inpaint"), ("v1", "text")], first=2),
)
def test_in_float32_both_paths_draw_what_diffusers_draws(
    demo_model: Path, controls: dict[str, ControlFile], kind: str, operation: str
):
    task = task_of(operation, SMALL, seed=1)
    found = {}
    for path in ("reference", "fast"):
        engine = opened(demo_model, controls[kind], dtype="float32", path=path)
        found[path] = our_latents(engine, task, is_blended=False)
        if path == "reference":
            right = plain_latents(engine, task)
        engine.close()
    assert error(found["reference"], right) < 1e-5
    assert error(found["fast"], right) < 1e-5


def test_the_map_and_its_scale_decide_the_picture_and_are_recorded(
    demo_model: Path, controls: dict[str, ControlFile]
):
    engine = opened(demo_model, controls["lite"], path="fast")
    tasks = [
        task_of("text", SMALL, 1),
        task_of("text", SMALL, 1, scale=0.3),
        DrawTask(
            request=ImageRequest(
                prompt=task_of("text", SMALL, 1).request.prompt, seed=1, size=SMALL
            )
        ),
    ]
    drawn = [engine.draw(task) for task in (*tasks, tasks[0])]
    hashes = [each.image.pixel_sha256 for each in drawn]
    assert len(set(hashes[:3])) == 3
    assert hashes[3] == hashes[0], "the same again, with others in between"
    assert drawn[0].conditions["control_weights"] == controls["lite"].conditions
    assert "control_weights" not in drawn[2].conditions
    engine.close()


@pytest.mark.parametrize("path", ["fast", "reference"])
def test_the_demo_models_own_network_draws_along_a_map(demo_model: Path, path: str):
    files = locate("demo", model_cache=demo_model)
    control = control_file(files, Settings())
    assert control is not None
    assert control.path == demo_model / "control" / "control.safetensors"
    assert control.fingerprint.startswith("sampled:")
    engine = opened(demo_model, control, path=path)
    plain = ImageRequest(prompt="an apple", seed=1, size=Size(width=192, height=192))
    source = engine.draw(DrawTask(request=replace(plain, seed=2))).image
    given = raw_image(control_map(to_pillow(source), ControlKind.GRAY))
    task = DrawTask(request=plain.steered_by(ControlKind.GRAY, given.pixel_sha256), inputs=(given,))
    steered, free = (engine.draw(each).image for each in (task, DrawTask(request=plain)))
    engine.close()
    assert _apart(steered, given) < 0.5 * _apart(free, given)


def _apart(image: RawImage, given: RawImage) -> float:
    """Return the difference in brightness, in steps of 255."""
    one, other = (np.asarray(to_pillow(each).convert("L"), dtype=float) for each in (image, given))
    return float(np.abs(one - other).mean())


@pytest.mark.parametrize(
    "plan", sampled([Placement(blocks=2, control=1), Placement(control=0)], first=1)
)
def test_what_comes_in_its_turn_draws_the_same(
    demo_model: Path, controls: dict[str, ControlFile], plan: Placement
):
    engine = opened(demo_model, controls["full"], path="fast")
    task = task_of("text", SMALL, 1)
    usual = engine.draw(task).image.pixel_sha256
    parts = engine._loaded()
    parts.planner.settled = lambda *_, **__: plan
    assert engine.draw(task).image.pixel_sha256 == usual
    assert parts.backends._own._transformer.control.layers.streams
    engine.close()


def test_without_weights_one_sentence_says_what_to_run(demo_model: Path):
    engine = opened(demo_model, None)
    with pytest.raises(InvalidRequestError, match="download --control"):
        engine.draw(task_of("text", SMALL, 1))
    engine.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda it: it.pop("control_layers.0.after_proj.weight"), "after_proj.weight is missing"),
        (
            lambda it: it.update({"other.weight": it["control_layers.0.after_proj.bias"].clone()}),
            "unknown",
        ),
        (lambda it: it.pop("control_all_x_embedder.2-1.weight"), "no file of control weights"),
        (
            lambda it: it.update(
                {name: each[:1].clone() for name, each in it.items() if "before_proj.bias" in name}
            ),
            r"has the shape \[1\], not \[336\]",
        ),
        (
            lambda it: it["control_noise_refiner.0.before_proj.weight"].zero_(),
            "version 2.0",
        ),
        (
            lambda it: [it.pop(name) for name in list(it) if "refiner" in name and "_proj" in name],
            "version 2.0",
        ),
    ],
    ids=["missing", "unknown", "foreign", "misshapen", "older", "without projections"],
)
def test_files_that_do_not_fit_are_refused(
    demo_model: Path, controls: dict[str, ControlFile], tmp_path: Path, change, words: str
):
    weights = load_file(controls["lite"].path)
    change(weights)
    save_file(weights, tmp_path / "bad.safetensors")
    bad = ControlFile(path=tmp_path / "bad.safetensors", name="bad", fingerprint="none")
    with pytest.raises(ModelFilesError, match=words):
        opened(demo_model, bad, path="fast").load()


def test_a_truncated_file_is_refused(
    demo_model: Path, controls: dict[str, ControlFile], tmp_path: Path
):
    content = controls["lite"].path.read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(content[: len(content) // 2])
    cut = ControlFile(path=tmp_path / "cut.safetensors", name="cut", fingerprint="none")
    with pytest.raises(BotError, match="truncated"):
        opened(demo_model, cut).load()


# Z-Image-Turbo with the large control network: 17 blocks as large as the model's own.
TURBO = Footprint(
    rest=2 * GIB, block=GIB // 3, blocks=32, readers=2, text_layer=GIB // 5, text_layers=35,
    table=round(0.7 * GIB), token=100_000, pixel=2_000, tile=1024, controls=17,
)  # fmt: skip


@pytest.mark.parametrize("missing_gib", [0.1, 1, 3, 5, 6, 8, 12, 14])
def test_the_control_network_leaves_before_the_model_does(missing_gib: float):
    room = TURBO.weights - round(missing_gib * GIB)
    plan = place(TURBO, room)
    assert plan is not None
    buffers = 2 * max(TURBO.block, TURBO.text_layer)
    assert TURBO.weights - TURBO.away(plan) + buffers <= room + 2 * TURBO.block
    if missing_gib < 4:
        assert plan == Placement(control=plan.control, graphs=plan.graphs)
    else:
        assert plan.control == 0
