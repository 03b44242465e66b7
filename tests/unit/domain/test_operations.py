"""A request says what is done and with what, as one document that any process can be sent."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import pytest

from bot.domain.recipe import RecipeError, parse_recipe, recipe_sha256
from bot.domain.requests import (
    DETAIL,
    Adapter,
    ImageRequest,
    InputPicture,
    Operation,
    Quality,
    Size,
    factors_of,
)
from bot.errors import BotError, InvalidRequestError
from bot.locales import sentence
from tests.unit.domain.test_recipe import recipe

FULL = ImageRequest(
    prompt="红苹果 🍎", seed=0, size=Size(width=272, height=128), quality=Quality.FINAL,
    guidance_scale=0.1 + 0.2, variety=60, variety_scale=1,
)  # fmt: skip
SHA = "0f" * 32


def test_a_request_is_one_document_and_comes_back_as_it_was():
    document = json.loads(json.dumps(FULL.to_json()))
    assert ImageRequest.from_json(document) == FULL
    assert document["operation"] == {"kind": "text_to_image", "inputs": []}
    assert document["adapters"] == []


def test_a_request_can_be_sent_to_another_process():
    assert pickle.loads(pickle.dumps(FULL)) == FULL
    assert hash(FULL) == hash(replace(FULL))


def test_a_document_of_before_means_text_to_image():
    document = FULL.to_json()
    del document["operation"], document["adapters"]
    assert ImageRequest.from_json(document) == FULL


def test_a_recipe_tells_the_operation():
    document = recipe()
    assert document["version"] == 5
    read = parse_recipe(json.dumps(document))
    assert read.request.operation == Operation()
    assert not {"operation", "adapters", "version"} & read.conditions.keys()


@pytest.mark.parametrize(
    "values",
    [
        {"operation": {"kind": "text_to_film", "inputs": []}},
        {"operation": {"kind": "text_to_image", "inputs": [{"role": "mask", "pixel_sha256": SHA}]}},
        {"adapters": [{"name": "x", "sha256": SHA, "scale": 3}]},
        {"adapters": [{"name": "x", "sha256": SHA, "scale": 1}] * 2},
        {"adapters": [{"name": "x", "sha256": f"{i}" * 64, "scale": 1} for i in range(4)]},
    ],
)
def test_what_only_a_newer_program_draws_is_refused_in_both_languages(values: dict[str, object]):
    document = {**recipe(), **values}
    document["recipe_sha256"] = recipe_sha256(document)
    with pytest.raises(BotError) as caught:
        parse_recipe(json.dumps(document))
    assert sentence(caught.value.message, "zh-CN") != caught.value.message


@pytest.mark.parametrize(
    "values",
    [
        {"operation": "text_to_image"},
        {"operation": {"kind": 1, "inputs": []}},
        {"operation": {"kind": "text_to_image", "inputs": {}}},
        {"operation": {"kind": "text_to_image", "inputs": [{"role": "x", "pixel_sha256": "y"}]}},
        {"adapters": {}},
        {"adapters": [{"name": "x", "sha256": "x", "scale": 1}]},
        {"adapters": [{"name": "x", "sha256": SHA, "scale": "much"}]},
    ],
)
def test_what_cannot_be_meant_is_refused(values: dict[str, object]):
    document = {**recipe(), **values}
    document["recipe_sha256"] = recipe_sha256(document)
    with pytest.raises(RecipeError, match="cannot be meant"):
        parse_recipe(json.dumps(document))


def test_inputs_and_adapters_are_named_by_their_content():
    with pytest.raises(ValueError, match="is no SHA-256"):
        InputPicture(role="source", pixel_sha256="my picture.png")
    with pytest.raises(ValueError, match="is no SHA-256"):
        Adapter(name="x", sha256=SHA.upper(), scale=1.0)
    with pytest.raises(InvalidRequestError, match="it needs no picture"):
        Operation(inputs=(InputPicture(role="source", pixel_sha256=SHA),))


def test_an_upscaled_image_says_so_and_takes_no_steps_alone():
    size = Size(width=512, height=512)
    plain = FULL.upscaled_from("0" * 64, size, strength=0)
    assert (plain.is_upscaled, plain.is_drawn) == (True, False)
    assert (plain.sigmas, plain.num_forwards) == ((), 0)
    assert ImageRequest.from_json(plain.to_json()) == plain
    detailed = FULL.upscaled_from("0" * 64, size, strength=DETAIL)
    assert (detailed.is_drawn, detailed.num_steps) == (True, 2)
    assert ImageRequest.from_json(detailed.to_json()) == detailed
    with pytest.raises(InvalidRequestError, match="51% is too much"):
        FULL.upscaled_from("0" * 64, size, strength=51)


@pytest.mark.parametrize(
    ("width", "height", "factors"),
    [(64, 64, [2, 4]), (1024, 512, [2, 4]), (1025, 8, [2]), (2048, 8, [2]), (8, 2049, [])],
)
def test_only_factors_whose_result_fits_are_there(width: int, height: int, factors: list[int]):
    assert factors_of(width, height) == factors
