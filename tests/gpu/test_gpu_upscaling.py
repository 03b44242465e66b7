"""Upscaled images on a GPU: the same pixels again, close to those of a CPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bot.domain.drawing import DrawTask, RawImage
from bot.domain.requests import DETAIL
from bot.engine.upscaler.upscale import upscale_alone
from bot.engine.upscaler.weights import LARGE, SMALL
from bot.engine.z_image import ZImageEngine
from bot.settings import DEMO_MODEL_DIR
from tests.benchmarks.upscale import scene, task_of

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device"),
]


def levels(one: RawImage, other: RawImage) -> int:
    values = [np.frombuffer(each.pixels, np.uint8).astype(int) for each in (one, other)]
    return int(np.abs(values[0] - values[1]).max())


@pytest.mark.parametrize("name", [SMALL.name, LARGE.name])
def test_either_network_is_the_same_on_a_gpu_but_for_its_half_precision(name: str):
    task = task_of(scene(64), 4, "plain", name)
    first = upscale_alone(task, device="cuda")
    assert first.image == upscale_alone(task, device="cuda").image
    assert levels(first.image, upscale_alone(task, device="cpu").image) <= 6


def test_a_gpu_takes_the_large_network_by_itself():
    drawing = upscale_alone(task_of(scene(64), 2, "plain", None), device="cuda")
    assert drawing.conditions["model"] == LARGE.name


@pytest.mark.parametrize("path", ["fast", "reference"])
def test_detail_is_the_same_pixels_again(path: str):
    engine = ZImageEngine(
        DEMO_MODEL_DIR, model_id="demo", revision="test", device="cuda", path=path
    )
    task = task_of(scene(256), 2, "detail", None)
    assert task.request.strength == DETAIL
    first = engine.draw(task)
    assert engine.draw(task).image == first.image
    again = DrawTask(request=task.request, inputs=task.inputs, match=first.conditions)
    assert engine.draw(again).image == first.image
    engine.close()
