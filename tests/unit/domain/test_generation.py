"""What a person types becomes a valid request, or one sentence."""

from __future__ import annotations

import pytest

from bot.domain.requests import (
    MAX_SEED,
    ImageRequest,
    ModelProfile,
    ModelRules,
    Quality,
    Size,
    clean_prompt,
    random_seed,
)
from bot.errors import InvalidRequestError

TURBO = ModelRules(native=1024)
DEMO = ModelRules(native=256)


def parse(**changes: object) -> ImageRequest:
    return ImageRequest.parse(**{"prompt": "a red apple", "rules": DEMO, **changes})


def test_a_prompt_alone_makes_a_square_of_the_models_own_size():
    assert parse().size == Size(width=256, height=256)
    assert parse(rules=TURBO).size == Size(width=1024, height=1024)


@pytest.mark.parametrize(
    ("name", "turbo", "demo"),
    [
        ("square", "1024x1024", "256x256"),
        ("portrait", "896x1152", "224x288"),
        ("phone", "768x1344", "192x336"),
        ("wide", "1280x720", "320x176"),
        ("huge", "2048x2048", "512x512"),
    ],
)
def test_named_sizes_follow_the_model(name: str, turbo: str, demo: str):
    assert str(TURBO.parse(name)) == turbo
    assert str(DEMO.parse(name.upper())) == demo


@pytest.mark.parametrize("text", ["512x256", "512X256", " 512 x 256 ", "512×256", "512*256"])
def test_sizes_are_read_however_they_are_typed(text: str):
    assert DEMO.parse(text) == Size(width=512, height=256)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("513x512", "multiples of 16, for example 512x512"),
        ("0x0", "multiples of 16"),
        ("10x", "is not understood"),
        ("99999x99999", "between 128 and 1024"),
        ("9" * 5000 + "x16", "between 128 and 1024"),
        ("64x256", "between 128 and 1024"),
        ("-256x256", "is not understood"),
        ("", "is not understood"),
        ("big", "is not understood"),
    ],
)
def test_a_size_that_does_not_work_is_named_with_what_would(text: str, said: str):
    with pytest.raises(InvalidRequestError, match=said) as caught:
        DEMO.parse(text)
    assert len(str(caught.value)) < 300


def test_every_named_size_of_both_models_can_be_drawn():
    for rules in (TURBO, DEMO):
        for size in rules.named.values():
            assert rules.check(size) == size


def test_sizes_the_model_was_not_made_for_are_warned_of():
    assert TURBO.warning(TURBO.parse("1024x1024")) is None
    assert TURBO.warning(TURBO.parse("768x1344")) is None
    assert "below 768" in str(TURBO.warning(TURBO.parse("512x512")))
    assert "1:2" in str(TURBO.warning(TURBO.parse("768x1792")))
    assert DEMO.warning(DEMO.parse("128x128")) is None
    assert "far above" in str(DEMO.warning(DEMO.parse("1024x1024")))


def test_seed_zero_is_a_seed():
    assert parse(seed="0").seed == 0
    assert parse(seed=0).seed == 0
    assert parse(seed=str(MAX_SEED)).seed == MAX_SEED


@pytest.mark.parametrize("seed", ["-1", str(2**32), "abc", "", "1.5", "9" * 5000])
def test_a_seed_that_does_not_work_is_named_with_what_would(seed: str):
    with pytest.raises(InvalidRequestError, match="from 0 to 4294967295") as caught:
        parse(seed=seed)
    assert len(str(caught.value)) < 200


def test_no_seed_is_a_random_one():
    assert len({random_seed() for _ in range(20)}) > 1
    assert 0 <= parse().seed <= MAX_SEED


def test_prompts_are_kept_but_for_their_white_space():
    assert clean_prompt("  a red\n\tapple  红苹果 ") == "a red apple 红苹果"


@pytest.mark.parametrize(
    ("prompt", "said"),
    [("", "empty"), (" \n ", "empty"), ("x" * 4001, "4001 characters"), ("\udcff", "Unicode")],
)
def test_a_prompt_that_does_not_work_is_refused(prompt: str, said: str):
    with pytest.raises(InvalidRequestError, match=said):
        parse(prompt=prompt)


@pytest.mark.parametrize("guidance", ["-0.1", "2.1", "nan", "inf", "much"])
def test_guidance_has_limits(guidance: str):
    with pytest.raises(InvalidRequestError, match="from 0"):
        parse(guidance=guidance)


@pytest.mark.parametrize("variety", ["-1", "101", "0.5", "much"])
def test_variety_has_limits(variety: str):
    with pytest.raises(InvalidRequestError, match=r"The variety .* from 0 \(off\) to 100"):
        parse(variety=variety)


def test_qualities_are_seven_eight_and_nine_forwards_and_guidance_doubles_them():
    forwards = [parse(quality=quality).num_forwards for quality in Quality]
    assert forwards == [7, 8, 9]
    assert parse(guidance="1.5").num_forwards == 16


def test_standard_quality_is_the_grid_the_model_was_distilled_on():
    assert ModelProfile.TURBO.sigmas(Quality.STANDARD) == (
        1.0,
        0.875,
        0.75,
        0.625,
        0.5,
        0.375,
        0.25,
        0.125,
    )


def test_an_unknown_quality_is_named_with_the_known_ones():
    with pytest.raises(InvalidRequestError, match="'best' is unknown: use draft, standard, final"):
        parse(quality="best")


@pytest.mark.parametrize("rules", [TURBO, DEMO])
def test_a_draft_is_a_size_of_the_model_and_leads_back_to_the_native_area(rules: ModelRules):
    for name, size in rules.named.items():
        draft = rules.draft_of(size)
        large = rules.large_of(draft)
        assert rules.check(draft) == draft, name
        assert rules.is_draft(draft), name
        assert rules.check(large).pixels <= 1.1 * rules.native**2
        assert not rules.is_draft(large), name
        assert large.width / large.height == pytest.approx(draft.width / draft.height, rel=0.05)


def test_drafts_of_usual_sizes_are_half_their_sides():
    names = {name: TURBO.draft_of(TURBO.named[name]) for name in ("square", "portrait", "phone")}
    assert {name: str(size) for name, size in names.items()} == {
        "square": "512x512", "portrait": "448x576", "phone": "384x672",
    }  # fmt: skip
    assert all(TURBO.large_of(size) == TURBO.named[name] for name, size in names.items())
    assert str(TURBO.draft_of(TURBO.named["huge"])) == "512x512"
    assert str(DEMO.draft_of(DEMO.default)) == "128x128"
