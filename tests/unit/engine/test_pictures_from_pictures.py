"""Masks: what is kept is kept bit for bit, and what is drawn is what diffusers draws."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bot.domain.drawing import DrawTask, PreviewKind, RawImage, Step
from bot.domain.regions import region_of
from bot.domain.requests import ImageRequest, OperationKind, Size
from bot.errors import CancelledError
from bot.media.encoding import to_pillow
from bot.media.masks import mask_of_region
from tests.support.later import imported_later

with imported_later():
    import torch

    from bot.engine.stages.blend import keep
    from bot.engine.z_image import ZImageEngine
    from tests.benchmarks.pictures_from_pictures import (
        error,
        our_latents,
        picture,
        plain_latents,
        tasks,
    )

pytest_plugins = ["tests.support.bot_fixtures"]

SMALL = Size(width=128, height=128)
FEATHER = 8  # pixels


@pytest.fixture(scope="module", params=["reference", "fast"])
def engine(
    request: pytest.FixtureRequest, sketch_model: Path, demo_model: Path
) -> Iterator[ZImageEngine]:
    folder = sketch_model if request.param == "reference" else demo_model  # it needs refiners
    engine = ZImageEngine(
        folder, model_id="demo", revision="test", device="cpu", path=request.param
    )
    yield engine
    engine.close()


def task(words: str = "left half", **changes: object) -> DrawTask:
    source, mask = picture(SMALL), mask_of_region(region_of(words), SMALL)
    values = {"prompt": "a red apple", "seed": 1, "size": SMALL, **changes}
    request = ImageRequest(**values).drawn_into(
        OperationKind.INPAINT, source=source.pixel_sha256, mask=mask.pixel_sha256
    )
    return DrawTask(request=request, inputs=(source, mask), preview=PreviewKind.FULL)


def array(image: RawImage) -> np.ndarray:
    return np.asarray(to_pillow(image)).astype(int)


@pytest.mark.parametrize("words", ["edges", "top third, bottom right"])
def test_nothing_outside_of_the_mask_changes(engine: ZImageEngine, words: str):
    given = task(words)
    source, mask = (array(each) for each in given.inputs)
    changed = (array(engine.draw(given).image) != source).any(axis=2)
    assert not changed[mask[..., 0] == 0].any()
    assert changed[mask[..., 0] == 255].mean() > 0.9


def test_it_is_the_same_again_with_and_without_previews(engine: ZImageEngine):
    given = task(strength=55)
    seen: list[Step] = []
    first = engine.draw(given, on_step=seen.append).image
    assert [each.number for each in seen] == [1, 2, 3]
    plain = DrawTask(request=given.request, inputs=given.inputs)
    assert engine.draw(plain).image.pixel_sha256 == first.pixel_sha256
    other = task(strength=55, seed=2)
    assert engine.draw(other).image.pixel_sha256 != first.pixel_sha256


def test_a_preview_shows_what_is_kept(engine: ZImageEngine):
    seen: list[Step] = []
    engine.draw(task(), on_step=seen.append)
    source = array(picture(SMALL))[:, 80:]
    far = [np.abs(array(each.preview)[:, 80:] - source).mean() for each in seen if each.preview]
    assert len(far) == 8
    assert max(far) < 25, "no more than the autoencoder loses"


def test_it_stops_between_steps(engine: ZImageEngine):
    cancel = threading.Event()
    with pytest.raises(CancelledError):
        engine.draw(task(), on_step=lambda _: cancel.set(), cancel=cancel)


def test_the_edge_fades_inside_of_the_mask_alone():
    source, mask = picture(SMALL), mask_of_region(region_of("left half"), SMALL)
    latent = torch.zeros(1, 16, 16, 16)
    share = keep(source, mask, source=latent, noise=latent).share[:, :, 0]
    row = share[64]
    assert row[64:].max() == 0
    assert (row[: 64 - FEATHER + 1] == 1).all(), "the picture's own edge is none"
    assert (row[64 - FEATHER : 63].diff() < 0).all()
    assert 0 < row[63] < 0.2


def test_a_small_mask_is_still_drawn_in_its_middle():
    dot = to_pillow(mask_of_region(region_of("center"), SMALL)).resize((8, 8))
    canvas = to_pillow(picture(SMALL))
    canvas.paste(0, (0, 0, 128, 128))
    canvas.paste(dot.point(lambda _: 255), (60, 60))
    mask = RawImage(width=128, height=128, pixels=canvas.tobytes())
    latent = torch.zeros(1, 16, 16, 16)
    kept = keep(picture(SMALL), mask, source=latent, noise=latent)
    assert kept.share.max() == 1
    assert kept.mask.sum() == 4


@pytest.mark.parametrize("name", ["image_to_image 75%", "inpaint 55%", "outpaint 100%"])
def test_in_float32_it_is_what_diffusers_draws(sketch_model: Path, name: str):
    engine = ZImageEngine(
        sketch_model, model_id="demo", revision="test", device="cpu", dtype="float32",
        path="reference",
    )  # fmt: skip
    given = tasks(SMALL, seed=1)[name]
    ours, plain = our_latents(engine, given), plain_latents(engine, given)
    engine.close()
    assert error(ours, plain) < 1e-5
