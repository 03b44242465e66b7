"""What goes to an engine and comes back can cross a process, in either form, unchanged."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from bot.domain.drawing import Drawing, DrawTask, PreviewKind, RawImage, Step
from bot.domain.requests import ImageRequest, Quality, Size
from bot.engine import protocol
from bot.engine.protocol import PreviewPace, from_json, to_json

if TYPE_CHECKING:
    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]

REQUEST = ImageRequest(
    prompt='一只 "orange" cat\n\x1f', seed=2**32 - 1, size=Size(width=128, height=128),
    quality=Quality.DRAFT, guidance_scale=1.3, variety=40,
)  # fmt: skip
EVERY_BYTE = RawImage(width=16, height=16, pixels=bytes(range(256)) * 3)
VALUES = [
    DrawTask(request=REQUEST),
    DrawTask(
        id="a-1", job_id="a", request=REQUEST, preview=PreviewKind.SMALL, preview_every_s=0.5,
        match={"sigmas": [1.0, 1 / 3], "loras": [], "quantization": None, "cpu_threads": 2},
    ),
    Step(number=1, total=8),
    Step(number=8, total=8, preview=EVERY_BYTE),
    Drawing(image=EVERY_BYTE, conditions={"a": {"b": [0.1, None, True, "像"]}}),
    Drawing(
        image=EVERY_BYTE, conditions={}, durations_s={"text": 0.1, "copy": 1e-9}, is_usual=False
    ),
]  # fmt: skip


def through_pickle(value: object) -> object:
    return pickle.loads(pickle.dumps(value))


def through_json(value: object) -> object:
    return from_json(to_json(value))


@pytest.mark.parametrize("across", [through_pickle, through_json])
@pytest.mark.parametrize("value", VALUES)
def test_a_value_arrives_as_it_was_sent(across: Callable[[object], object], value: object):
    arrived = across(value)
    assert arrived == value
    assert type(arrived) is type(value)
    assert repr(arrived) == repr(value)  # 1 is not 1.0, and an enum is not its text


@pytest.mark.parametrize("across", [through_pickle, through_json])
def test_the_real_engines_values_arrive_whole(
    loaded_engine: ZImageEngine, across: Callable[[object], object]
):
    request = ImageRequest(prompt="a red apple", seed=7, size=Size(width=128, height=128))
    task = across(DrawTask(request=request, preview=PreviewKind.SMALL))
    steps: list[Step] = []
    drawing = loaded_engine.draw(task, on_step=steps.append)
    assert across(drawing) == drawing
    assert [across(step) for step in steps] == steps
    assert all(step.preview is not None for step in steps)
    again = loaded_engine.draw(across(DrawTask(request=request, match=drawing.conditions)))
    assert again.image.pixel_sha256 == drawing.image.pixel_sha256


def test_previews_of_one_job_keep_their_pace_over_its_images(monkeypatch: pytest.MonkeyPatch):
    pace, now_s = PreviewPace(), 100.0
    monkeypatch.setattr(protocol.time, "monotonic", lambda: now_s)

    def due(job_id: str, **options: object) -> bool:
        task = DrawTask(request=REQUEST, job_id=job_id, **{"preview": PreviewKind.SMALL, **options})
        return pace.is_due(task)

    assert not due("a", preview_every_s=1.0)  # its first step
    now_s = 100.9
    assert not due("a", preview_every_s=1.0)
    now_s = 101.0
    assert due("a", preview_every_s=1.0)  # also of its next image
    assert not due("a", preview_every_s=1.0)
    assert not due("b", preview_every_s=1.0)
    now_s = 102.0
    assert due("b", preview_every_s=1.0)
    assert due("c")
    assert due("c")  # every step, unless a pause is asked for
    assert not due("c", preview=PreviewKind.NONE)
