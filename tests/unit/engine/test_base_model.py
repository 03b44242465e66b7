"""Base Z-Image is drawn as diffusers draws it, on both paths, and never as Turbo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.drawing import DrawTask
from bot.domain.requests import ImageRequest, ModelProfile, ModelRules, Quality, Size
from bot.errors import InvalidRequestError
from tests.support.base_model import write_base_model
from tests.support.later import imported_later
from tests.support.sampling import sampled

with imported_later():
    import torch

    from bot.engine.stages.denoise import Guidance, guided
    from bot.engine.z_image import ZImageEngine
    from tests.benchmarks.guidance import error, our_latents, plain_latents, tasks

pytest_plugins = ["tests.support.bot_fixtures"]

BASE = ModelProfile.BASE
SMALL = Size(width=128, height=128)
REQUEST = ImageRequest(
    prompt="a red apple", seed=1, size=SMALL, quality=Quality.DRAFT, guidance_scale=4.0,
    negative="a table", profile=BASE,
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(sketch_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base_model(sketch_model, tmp_path_factory.mktemp("base") / "model")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[ZImageEngine]:
    engine = new_engine(folder)
    yield engine
    engine.close()


def new_engine(folder: Path, **options: str) -> ZImageEngine:
    return ZImageEngine(
        folder, model_id="base", revision="1", device="cpu", cpu_threads=1, profile=BASE, **options
    )


@pytest.mark.parametrize("path", sampled(["fast", "reference"], first=1))
def test_guided_latents_are_those_of_the_official_pipeline(
    demo_model: Path, tmp_path: Path, path: str
):
    folder = write_base_model(demo_model, tmp_path / "model", random_layers=1)
    engine, task = new_engine(folder, path=path), list(tasks(BASE, SMALL, 3).values())[-1]
    assert task.request.negative
    ours = our_latents(engine, task)
    official = plain_latents(engine, task.request)
    assert error(ours, official) < 1e-4  # float32: sums in another order, over 56 forwards
    engine.close()


def test_the_grid_is_shifted_as_the_model_wants_it(engine: ZImageEngine):
    scheduler = engine._loaded().scheduler
    scheduler.set_timesteps(sigmas=list(REQUEST.sigmas), device="cpu")
    half = REQUEST.sigmas.index(0.5)
    assert scheduler.sigmas[half].item() == pytest.approx(6 * 0.5 / (1 + 5 * 0.5))
    assert len(REQUEST.sigmas) == 28


def test_a_picture_begins_at_the_noise_that_its_strength_names():
    for profile in ModelProfile:
        request = replace(REQUEST, profile=profile, guidance_scale=0.0, strength=45)
        first, shift = request.begun_with("0" * 64).sigmas[0], profile.shift
        assert shift * first / (1 + (shift - 1) * first) == pytest.approx(0.45)


def test_a_normalised_velocity_is_no_longer_than_the_prompts_own():
    own, other = torch.tensor([[3.0, 4.0]]), torch.tensor([[-3.0, 1.0]])
    velocities = [lambda *_: own, lambda *_: other]
    long = guided(velocities, own, 0, Guidance(scale=4.0))
    short = guided(velocities, own, 0, Guidance(scale=4.0, normalised=True))
    assert short.norm() == pytest.approx(5.0)
    assert torch.allclose(short / short.norm(), long / long.norm())
    towards = [lambda *_: own, lambda *_: own * 1.5]  # the difference makes it shorter
    shorter = guided(towards, own, 0, Guidance(scale=0.5))
    assert torch.equal(guided(towards, own, 0, Guidance(scale=0.5, normalised=True)), shorter)


def test_the_recipe_says_whether_it_was_normalised_and_is_kept_to(engine: ZImageEngine):
    usual = engine.draw(DrawTask(request=REQUEST))
    assert usual.conditions["cfg_normalization"] is True
    assert usual.conditions["num_inference_steps"] == 28
    other = engine.draw(
        DrawTask(request=REQUEST, match={**usual.conditions, "cfg_normalization": False})
    )
    assert other.conditions["cfg_normalization"] is False
    assert other.image.pixel_sha256 != usual.image.pixel_sha256


def test_nothing_of_the_other_model_is_drawn(engine: ZImageEngine):
    turbo = ImageRequest(prompt="a red apple", seed=1, size=SMALL)
    with pytest.raises(InvalidRequestError, match="was made with Z-Image-Turbo, but Z-Image draws"):
        engine.draw(DrawTask(request=turbo))


def test_what_is_not_chosen_is_as_usual_with_the_model():
    base, turbo = ModelRules(profile=BASE), ModelRules()
    request = ImageRequest.parse(rules=base, prompt="a fox")
    assert (request.guidance_scale, request.num_forwards) == (4.0, 80)
    assert ImageRequest.parse(rules=turbo, prompt="a fox").num_forwards == 8
    off = ImageRequest.parse(rules=base, prompt="a fox", guidance="0", quality="final")
    assert off.num_forwards == 50
    with pytest.raises(InvalidRequestError, match=r"'9' does not work: .* to 8; 3 to 5 is usual"):
        ImageRequest.parse(rules=base, prompt="a fox", guidance="9")
    with pytest.raises(
        InvalidRequestError, match=r"'4' does not work: .* to 2; 1.2 to 1.5 follows"
    ):
        ImageRequest.parse(rules=turbo, prompt="a fox", guidance="4")


def test_a_request_tells_its_profile_and_one_of_before_is_turbos():
    document = REQUEST.to_json()
    assert ImageRequest.from_json(document) == REQUEST
    older = {key: each for key, each in document.items() if key != "profile"}
    assert ImageRequest.from_json({**older, "guidance_scale": 1.4}).profile is ModelProfile.TURBO
    with pytest.raises(InvalidRequestError, match="profile 'edit' is unknown"):
        ImageRequest.from_json({**document, "profile": "edit"})
