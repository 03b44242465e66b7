"""Upscaled images: the same pixels again, without seams, and stopped between two tiles."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bot.domain.drawing import Drawing, DrawTask, RawImage, Step
from bot.domain.recipe import canonical, make_recipe, parse_recipe
from bot.domain.requests import DETAIL, ImageRequest, Size
from bot.errors import CancelledError, InvalidRequestError
from tests.support.later import imported_later

with imported_later():
    import torch

    from bot.engine.stages.tiles import Windows
    from bot.engine.upscaler.upscale import upscale_alone

if TYPE_CHECKING:
    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]


def scene(side: int) -> RawImage:
    """Return a picture of smooth colours with a disc in it."""
    y, x = np.mgrid[0:side, 0:side] / side
    disc = ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.1)[..., None]
    ground = np.stack([200 + 40 * x, 180 + 60 * y, 220 + 0 * x], axis=-1)
    values = np.where(disc, [200, 40, 30], ground).astype(np.uint8)
    return RawImage(width=side, height=side, pixels=values.tobytes())


def task(source: RawImage, *, factor: int = 2, strength: int = 0, **changes: object) -> DrawTask:
    size = Size(width=source.width * factor, height=source.height * factor)
    request = ImageRequest(prompt="a red apple", seed=7, size=size).upscaled_from(
        source.pixel_sha256, size, strength=strength
    )
    return DrawTask(request=request, inputs=(source,), **changes)


def array(image: RawImage) -> np.ndarray:
    return np.frombuffer(image.pixels, np.uint8).reshape(image.height, image.width, 3).astype(float)


@pytest.mark.engine
def test_the_upscaler_alone_reads_no_words_and_loads_no_model(loaded_engine: ZImageEngine):
    steps: list[Step] = []
    source = scene(128)
    alone = upscale_alone(task(source, factor=4), device="cpu", cpu_threads=1)
    found = loaded_engine.draw(task(source, factor=4), on_step=steps.append)
    assert found.image == alone.image
    assert (found.image.width, found.image.height) == (512, 512)
    assert list(found.durations_s) == ["upscale"]
    assert [(each.number, each.total) for each in steps] == [(1, 1)]
    assert found.conditions["model"] == "realesr-animevideov3"
    assert found.conditions["prompt_used"] == ""
    small = array(found.image).reshape(128, 4, 128, 4, 3).mean(axis=(1, 3))
    assert np.abs(small - array(source)).mean() < 1, "every shape stays where it is"


def test_a_recipe_makes_it_again_with_the_network_that_made_it(loaded_engine: ZImageEngine):
    source = scene(32)
    first = upscale_alone(
        task(source, match={"upscaler": {"model": "RealESRGAN_x4plus"}}), device="cpu"
    )
    recipe = parse_recipe(canonical(make_recipe(task(source).request, first)))
    assert recipe.conditions["upscaler"]["model"] == "RealESRGAN_x4plus"
    again = loaded_engine.draw(task(source, match=recipe.conditions))
    assert again.image == first.image
    assert again.image != upscale_alone(task(source), device="cpu").image


@pytest.fixture(scope="module")
def detailed(demo_engine: ZImageEngine) -> tuple[Drawing, list[Step]]:
    steps: list[Step] = []
    drawing = demo_engine.draw(task(scene(160), strength=DETAIL), on_step=steps.append)
    return drawing, steps


def test_detail_is_drawn_step_by_step_over_all_tiles(detailed):
    drawing, steps = detailed
    windows = Windows.over(Size(width=320, height=320), side=256)
    assert windows.count == 4
    total = 1 + 4 * 2  # a tile of the upscaler, then two steps of the model
    assert [each.number for each in steps] == list(range(1, total + 1))
    assert {each.total for each in steps} == {total}
    assert drawing.conditions["upscaler"]["model"] == "realesr-animevideov3"
    assert list(drawing.durations_s) == ["upscale", "text", "encode", "denoise", "decode", "copy"]


def test_detail_is_the_same_pixels_again(detailed, demo_engine: ZImageEngine):
    assert demo_engine.draw(task(scene(160), strength=DETAIL)).image == detailed[0].image


def test_no_seam_is_seen(detailed):
    """Compare the gradient where windows begin and end with that at other cells near there."""
    values, plain = (
        array(detailed[0].image),
        array(upscale_alone(task(scene(160)), device="cpu").image),
    )
    windows = Windows.over(Size(width=320, height=320), side=256)
    edges = {each * 8 for each in windows.tops} | {each * 8 + 256 for each in windows.tops}
    inner = [each for each in edges if 0 < each < 320]
    near = [each + far for each in inner for far in (-32, -24, -16, 16, 24, 32)]

    def seam(pixels: np.ndarray, axis: int) -> float:
        gradient = np.abs(np.diff(pixels, axis=axis)).mean(axis=(1 - axis, 2))
        return float(
            np.mean([gradient[each - 1] for each in inner])
            / np.mean([gradient[each - 1] for each in near])
        )

    for axis in (0, 1):
        assert seam(values, axis) < 1.1 * seam(plain, axis), "the disc has edges of its own"


@pytest.mark.engine
@pytest.mark.parametrize(
    ("height", "width", "count"), [(512, 512, 9), (256, 640, 3), (128, 128, 1), (4096, 4096, 25)]
)
def test_windows_cover_everything_with_one_weight(height: int, width: int, count: int):
    size = Size(width=width, height=height)
    windows = Windows.over(size, side=1024 if height > 1024 else 256)
    cells = torch.arange(height * width // 64, dtype=torch.float32)
    latents = cells.reshape(1, 1, height // 8, width // 8)
    seen: list[int] = []
    blended = windows.blended(
        lambda part, _: part, before=lambda: None, after=lambda: seen.append(1)
    )
    assert torch.allclose(blended(latents, 0), latents, rtol=1e-5), "what is whole stays whole"
    assert len(seen) == windows.count == count


@pytest.mark.parametrize("at", [1, 4])
def test_a_cancel_stops_between_two_tiles(loaded_engine: ZImageEngine, at: int):
    cancel, steps = threading.Event(), []

    def on_step(step: Step) -> None:
        steps.append(step.number)
        if step.number == at:
            cancel.set()

    with pytest.raises(CancelledError):
        loaded_engine.draw(task(scene(160), strength=DETAIL), on_step=on_step, cancel=cancel)
    assert steps[-1] == at


def test_a_result_of_another_size_is_refused(loaded_engine: ZImageEngine):
    source = scene(64)
    odd = task(source, factor=3)
    with pytest.raises(InvalidRequestError, match="64x64 cannot be upscaled to 192x192: use 2 or"):
        loaded_engine.draw(odd)
    strong = replace(task(source, strength=DETAIL).request, strength=60)  # as a recipe may have it
    with pytest.raises(InvalidRequestError, match="60% is too much"):
        loaded_engine.draw(DrawTask(request=strong, inputs=(source,)))


def test_where_memory_runs_out_it_is_drawn_once_more_with_less(loaded_engine: ZImageEngine):
    numbers: list[int] = []

    def on_step(step: Step) -> None:
        numbers.append(step.number)
        if len(numbers) == 3:
            raise MemoryError

    found = loaded_engine.draw(task(scene(128), strength=DETAIL), on_step=on_step)
    assert numbers[:4] == [1, 2, 3, 1], "from the beginning"
    assert found.conditions["vae_tiling"] is True
    again = loaded_engine.draw(task(scene(128), strength=DETAIL, match=found.conditions))
    assert again.image == found.image
