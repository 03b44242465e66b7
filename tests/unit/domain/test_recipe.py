"""A recipe is one text with one hash; what was changed, or is none, is refused in a sentence."""

from __future__ import annotations

import json

import pytest

from bot.domain.drawing import Drawing, RawImage
from bot.domain.recipe import (
    HASH_KEY,
    RECIPE_VERSION,
    RecipeError,
    canonical,
    make_recipe,
    parameters_text,
    parse_recipe,
    recipe_sha256,
)
from bot.domain.requests import ImageRequest, Quality, Size
from bot.errors import BotError

REQUEST = ImageRequest(
    prompt='红苹果 "quoted" 🍎',
    seed=0,
    size=Size(width=128, height=256),
    quality=Quality.FINAL,
    guidance_scale=1.3,
    variety=25,
)
CONDITIONS = {
    "model": "demo", "revision": "md5:abc", "prompt_used": "红苹果", "num_inference_steps": 9,
    "sigmas": [1.0, 0.1], "dtype": "float32", "device": "cpu", "torch": "2.13", "cuda": None,
}  # fmt: skip


def recipe() -> dict[str, object]:
    image = RawImage(width=1, height=1, pixels=b"abc")
    return make_recipe(REQUEST, Drawing(image=image, conditions=CONDITIONS))


def changed(**values: object) -> str:
    return json.dumps({**recipe(), **values})


def test_a_recipe_is_read_as_it_was_written():
    text = canonical(recipe())
    read = parse_recipe(text)
    assert read.request == REQUEST
    assert read.conditions == CONDITIONS
    assert read.has_hash
    assert canonical(read.document) == text
    assert read.sha256 == recipe()[HASH_KEY]
    assert "红苹果" in text


def test_the_hash_does_not_depend_on_how_the_text_is_laid_out():
    loose = json.dumps(dict(reversed(recipe().items())), indent=2, ensure_ascii=True)
    assert parse_recipe(loose).sha256 == parse_recipe(canonical(recipe())).sha256


@pytest.mark.parametrize(
    "values", [{"seed": 1}, {"prompt": "a pear"}, {"torch": "2.12"}, {"pixel_sha256": "0" * 64},
               {"extra": 1}, {HASH_KEY: "0" * 64}],
)  # fmt: skip
def test_a_tampered_recipe_is_refused(values: dict[str, object]):
    with pytest.raises(RecipeError, match="was changed after it was written"):
        parse_recipe(changed(**values))


def test_a_recipe_whose_hash_was_cut_out_is_refused():
    document = recipe()
    del document[HASH_KEY]
    with pytest.raises(RecipeError, match="its SHA-256 is missing"):
        parse_recipe(json.dumps(document))


def test_a_recipe_of_the_first_version_is_read_without_a_proof():
    document = {**recipe(), "version": 1}
    for key in (HASH_KEY, "variety"):
        del document[key]
    read = parse_recipe(json.dumps(document))
    assert not read.has_hash
    assert read.request.variety == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no json", "it is not JSON"),
        ("[" * 60_000, "it is not JSON"),
        ("[1]", "it is not an object"),
        ('{"a":' * 30 + "1" + "}" * 30, "nested too deeply"),
        ('{"version": 1e400}', "it is not JSON"),
        ('{"version": ' + "9" * 5000 + "}", "it is not JSON"),
        ("{}", "it has no version"),
        ('{"version": true}', "it has no version"),
        (json.dumps({"version": RECIPE_VERSION + 1}), "update it"),
        ('{"version": 1}', "it has no 'prompt'"),
        ('{"version": 2, "a": NaN}', "it is not JSON"),
        ('{"version": 2, "a": 1e999}', "it is not JSON"),
        ('{"version": 2, "a": "\\ud800"}', "it is not JSON"),
        ("x" * 100_001, "100000 are the limit"),
    ],
)
def test_what_is_no_recipe_is_refused(text: str, sentence: str):
    with pytest.raises(RecipeError, match=sentence):
        parse_recipe(text)


@pytest.mark.parametrize(
    "values",
    [{"seed": "1"}, {"seed": True}, {"quality": "best"}, {"width": 1.5}, {"guidance_scale": "x"},
     {"guidance_scale": 10**400}, {"width": 16 * 10**4000}, {"height": -(10**4000)},
     {"quality": "x" * 9000}, {"quality": ["draft"]}, {"variety": 1, "variety_noise": []}],
)  # fmt: skip
def test_a_value_that_cannot_be_meant_is_refused(values: dict[str, object]):
    document = {**recipe(), "version": 1, **values}
    del document[HASH_KEY]
    with pytest.raises(RecipeError, match="cannot be meant") as caught:
        parse_recipe(json.dumps(document))
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"control": {"kind": "magic", "pixel_sha256": "0" * 64}, "control_scale": 1.0},
            "The kind of map 'magic' is unknown: this program knows canny",
        ),
        ({"profile": "magic"}, "The model profile 'magic' is unknown: this program knows turbo"),
    ],
)
def test_what_a_newer_program_may_know_is_named(values: dict[str, object], sentence: str):
    document = {**recipe(), **values}
    with pytest.raises(BotError, match=sentence):
        parse_recipe(json.dumps({**document, HASH_KEY: recipe_sha256(document)}))


def test_a_number_of_any_length_makes_a_short_sentence():
    document = {**recipe(), "version": 1, "seed": -(10**4000)}
    del document[HASH_KEY]
    with pytest.raises(BotError) as caught:
        parse_recipe(json.dumps(document))
    assert len(caught.value.message) < 200
    with pytest.raises(RecipeError, match="this program knows") as caught:
        parse_recipe(json.dumps({"version": 10**4000}))
    assert len(caught.value.message) < 200


def test_other_tools_find_the_parameters_they_know():
    text = parameters_text(recipe())
    assert text.startswith('红苹果 "quoted" 🍎\nSteps: 9, ')
    assert "CFG scale: 1.3, Seed: 0, Size: 128x256, Model: demo" in text
