"""Waiting times come from what this machine measured, and nothing is promised before."""

from __future__ import annotations

import pytest

from bot.domain.requests import ControlKind, ImageRequest, Quality, Size
from bot.services.estimator import Estimator


def request(side: int = 128, **changes: object) -> ImageRequest:
    return ImageRequest(
        **{"prompt": "x", "seed": 1, "size": Size(width=side, height=side), **changes}
    )


def took(denoise: float, beside: float = 0.0) -> dict[str, float]:
    return {"text": beside / 2, "denoise": denoise, "decode": beside / 2}


def test_nothing_is_promised_before_anything_was_measured():
    assert Estimator({}).seconds([request()]) is None


def test_other_qualities_and_guidance_take_more_forwards_but_no_more_decoding():
    estimator = Estimator({})
    estimator.learn(request(), took(0.8, beside=0.4))
    assert estimator.seconds([request()]) == pytest.approx(1.2)
    assert estimator.seconds([request(quality=Quality.DRAFT)]) == pytest.approx(0.7 + 0.4)
    assert estimator.seconds([request(guidance_scale=1.5)]) == pytest.approx(1.6 + 0.4)
    assert estimator.seconds([request(), request()]) == pytest.approx(2.4)


def test_other_sizes_are_scaled_from_the_nearest_and_drawn_between_two():
    estimator = Estimator({})
    estimator.learn(request(128), took(0.8))
    assert estimator.seconds([request(256)]) == pytest.approx(3.2)  # four times the tokens
    estimator.learn(request(512), took(40.0))
    between = estimator.seconds([request(256)])  # 256 tokens between 64 and 1024
    assert between == pytest.approx(0.8 + (256 - 64) / (1024 - 64) * (40.0 - 0.8))


def test_newer_measurements_weigh_more_without_one_deciding():
    estimator = Estimator({})
    estimator.learn(request(), took(0.8))
    estimator.learn(request(), took(1.8))
    assert 0.8 < estimator.seconds([request()]) < 1.3
    for _ in range(20):
        estimator.learn(request(), took(1.8))
    assert estimator.seconds([request()]) == pytest.approx(1.8, rel=0.01)


def test_what_is_learned_can_be_kept_and_taken_up_again():
    first = Estimator({})
    tokens, speed = first.learn(request(), took(0.8, beside=0.1))
    again = Estimator({tokens: speed})
    assert again.seconds([request()]) == first.seconds([request()])


def upscaled(side: int = 512, strength: int = 0) -> ImageRequest:
    size = Size(width=side, height=side)
    return request(side).upscaled_from("0" * 64, size, strength=strength)


def test_upscaling_has_a_speed_of_its_own_for_each_way():
    estimator = Estimator({})
    assert estimator.seconds([upscaled()]) is None
    estimator.learn(request(512), took(8.0))
    assert estimator.seconds([upscaled()]) == pytest.approx(0.25), "a guess from what is drawn"
    assert estimator.seconds([upscaled(strength=35)]) == pytest.approx(2 * 1.5 + 0.25)
    key, speed = estimator.learn(upscaled(), {"upscale": 3.0})
    estimator.learn(upscaled(strength=35), {"upscale": 3.0, "denoise": 4.0, "decode": 1.0})
    assert estimator.seconds([upscaled()]) == pytest.approx(3.0)
    assert estimator.seconds([upscaled(1024)]) == pytest.approx(12.0), "four times the tokens"
    assert estimator.seconds([upscaled(strength=35)]) == pytest.approx(8.0)
    assert estimator.seconds([request(512)]) == pytest.approx(8.0), "what is drawn stays apart"
    again = Estimator({key: speed})
    assert again.seconds([upscaled()]) == pytest.approx(3.0)
    assert again.seconds([request(512)]) is None


def test_a_map_costs_time_of_its_own():
    steered = request(512).steered_by(ControlKind.CANNY, "0" * 64)
    estimator = Estimator({})
    estimator.learn(request(512), {"denoise": 8.0})
    assert estimator.seconds([steered]) == pytest.approx(8 * 1.64), "counted, before it is measured"
    estimator.learn(steered, {"denoise": 10.0, "encode": 1.0})
    assert estimator.seconds([steered]) == pytest.approx(11.0)
    assert estimator.seconds([request(512)]) == pytest.approx(8.0)
