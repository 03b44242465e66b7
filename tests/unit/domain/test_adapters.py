"""LoRAs as people type them: names, scales, several, and the notation of other programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from bot.domain.lineage import changes, relation_of
from bot.domain.loras import Lora
from bot.domain.recipe import parameters_text
from bot.domain.requests import ADAPTERS, Axis, ImageRequest, ModelRules, with_scale
from bot.domain.variations import default_values, vary
from bot.errors import InvalidRequestError
from bot.locales import sentence


@dataclass(frozen=True)
class Known:
    """Finds what it was given, and nothing else."""

    files: Mapping[str, str]

    def find(self, name: str) -> Lora:
        if name.casefold() not in self.files:
            raise InvalidRequestError(f"There is no LoRA {name!r} here: use neon.")
        return Lora(name=name.casefold(), sha256=self.files[name.casefold()])

    def with_hash(self, digits: str) -> Lora | None:
        return None


NEON, INK, TOY, PEN = (f"{i}" * 64 for i in range(1, 5))
RULES = ModelRules(loras=Known({"neon": NEON, "ink": INK, "toy": TOY, "pen": PEN}))


def asked(**typed: str | None) -> ImageRequest:
    return ImageRequest.parse(rules=RULES, **{"prompt": "a cat", "seed": "1", **typed})


def of(request: ImageRequest) -> list[tuple[str, float]]:
    return [(each.name, each.scale) for each in request.adapters]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (None, []), ("", []), ("none", []), ("neon", [("neon", 1.0)]),
        ("Neon:0.8", [("neon", 0.8)]), ("neon : .5", [("neon", 0.5)]),
        ("neon:-1", [("neon", -1.0)]),
        ("neon：0.8，ink：0.5", [("neon", 0.8), ("ink", 0.5)]),
        ("ink:0.5 + neon:2, toy", [("ink", 0.5), ("neon", 2.0), ("toy", 1.0)]),
        ("neon:0", [("neon", 0.0)]), ("neon:-0", [("neon", 0.0)]),
        ("neon:0.33333", [("neon", 0.333)]), ("neon:", [("neon", 1.0)]),
    ],
)  # fmt: skip
def test_what_is_typed_is_what_is_meant(typed: str | None, wanted: list[tuple[str, float]]):
    request = asked(lora=typed)
    assert of(request) == wanted
    assert "-0" not in str([scale for _, scale in of(request)])
    assert asked(lora=ADAPTERS.shown_of(request)) == request
    assert ImageRequest.from_json(request.to_json()) == request


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("neon:3", "The scale '3' of the LoRA 'neon' does not work: use a number from -2 to 2"),
        ("neon:much", "'much'"), ("neon:nan", "'nan'"), ("neon:1e5", "'1e5'"), ("neon:٣", "'٣'"),
        ("neon:0.8:0.5", "There is no LoRA 'neon:0.8' here"),
        ("neon, ink, toy, pen", "4 LoRAs at once are too many: use up to 3."),
        ("neon:0.5, neon:1", "The LoRA 'neon' is there twice: name it once, with one scale."),
        (":0.5", "There is no LoRA"), ("none, neon", "There is no LoRA 'none' here"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_in_both_languages(typed: str, words: str):
    with pytest.raises(InvalidRequestError) as caught:
        asked(lora=typed)
    assert words in caught.value.message
    assert sentence(caught.value.message, "zh-CN") != caught.value.message


def test_without_loras_the_sentence_says_where_they_go():
    with pytest.raises(InvalidRequestError, match=r"\.safetensors files into its folder of LoRAs"):
        ImageRequest.parse(rules=ModelRules(), prompt="a cat", lora="neon")


def test_a_scale_beside_is_for_one_lora_alone():
    assert of(asked(lora=with_scale("neon", 0.8))) == [("neon", 0.8)]
    assert of(asked(lora=with_scale(" neon ", 1 / 3))) == [("neon", 0.333)]
    for typed in ("neon, ink", "neon:0.5"):
        with pytest.raises(InvalidRequestError, match=r"lora_scale 0\.8 is for one LoRA") as caught:
            with_scale(typed, 0.8)
        assert sentence(caught.value.message, "zh-CN") != caught.value.message


def test_other_programs_notation_in_a_prompt_works_where_the_lora_is_here():
    request = asked(prompt="a cat <lora:Neon:0.8>, at night <LORA:ink> <lora:toy:0.5:0.7>")
    assert request.prompt == "a cat, at night"
    assert of(request) == [("neon", 0.8), ("ink", 1.0), ("toy", 0.5)]
    assert of(asked(prompt="a cat <lora:ink:1>", lora="neon")) == [("neon", 1.0), ("ink", 1.0)]
    for prompt, wanted in {
        "a cat, <lora:neon:1>, at night": "a cat, at night",
        "<lora:neon:1>, a cat": "a cat", "a cat,<lora:neon:1>": "a cat",
        "red<lora:neon:1>blue": "red blue", "a cat, <lora:neon:1> asleep": "a cat, asleep",
        "一只猫，<lora:neon:1>，夜晚": "一只猫，夜晚",
        "a, <lora:what:1>, b <lora:neon:1>": "a, <lora:what:1>, b",
    }.items():  # fmt: skip
        assert asked(prompt=prompt).prompt == wanted
    strange = "a cat <lora:unknown:1> <hypernet:x:1> <lora>"
    assert asked(prompt=strange).prompt == strange
    with pytest.raises(InvalidRequestError, match="The prompt is empty"):
        asked(prompt="<lora:neon:1>")
    with pytest.raises(InvalidRequestError, match="there twice"):
        asked(prompt="a cat <lora:neon:1>", lora="neon:0.5")


def test_a_prompt_that_is_edited_may_name_them_too():
    before = asked(lora="neon:0.5, ink")
    after = before.with_typed({"prompt": "a dog <lora:neon:1>"}, RULES)
    assert (after.prompt, of(after)) == ("a dog", [("ink", 1.0), ("neon", 1.0)])
    assert of(before.with_typed({"prompt": "a dog"}, RULES)) == of(before)
    without = before.with_typed({"prompt": "a dog <lora:neon:0>"}, RULES)
    assert (without.prompt, of(without)) == ("a dog", [("ink", 1.0)])


def test_they_are_compared_on_one_seed():
    base = asked()
    found = vary(base, Axis.LORAS, ["none", "neon:0.5", "neon:1 + ink"], rules=RULES)
    assert [of(each) for each in found] == [
        [], [("neon", 0.5)], [("neon", 1.0), ("ink", 1.0)],
    ]  # fmt: skip
    assert len({each.seed for each in found}) == 1
    one = asked(lora="neon")
    assert default_values(Axis.LORAS, one) == ["none", "neon:0.5", "neon:1"]
    scales = vary(one, Axis.LORAS, ["0", "0.5", "-1"], rules=RULES)
    assert [of(each) for each in scales] == [[("neon", 0.0)], [("neon", 0.5)], [("neon", -1.0)]]
    for lora in (None, "neon, ink"):
        with pytest.raises(InvalidRequestError, match="Which LoRAs are compared") as caught:
            default_values(Axis.LORAS, asked(lora=lora))
        assert sentence(caught.value.message, "zh-CN") != caught.value.message
    prompts = vary(base, Axis.PROMPTS, ["a cat <lora:neon:1>", "a dog"], rules=RULES)
    assert [of(each) for each in prompts] == [[("neon", 1.0)], []]


def test_an_image_upscaled_without_the_model_needs_none():
    request, sha = asked(lora="neon"), "f" * 64
    assert request.upscaled_from(sha, request.size, strength=0).adapters == ()
    assert request.upscaled_from(sha, request.size, strength=35).adapters == request.adapters


def test_what_was_changed_is_told():
    before, after = asked(lora="neon:0.8"), asked(lora="neon:1")
    [change] = changes(before, after)
    assert (change.name, change.before, change.after) == ("lora", "neon:0.8", "neon:1")
    assert relation_of(before, after) == "edit"
    assert relation_of(before, asked(lora="neon:0.8")) == "same_seed"


def test_other_programs_find_them_in_the_parameters():
    document = {
        **asked(lora="neon:0.8, ink").to_json(), "num_inference_steps": 8, "model": "demo",
    }  # fmt: skip
    text = parameters_text(document)
    assert text.startswith("a cat <lora:neon:0.8> <lora:ink:1>\nSteps: 8, ")
    assert text.endswith(f', Lora hashes: "neon: {NEON[:10]}, ink: {INK[:10]}"')
    assert "ora" not in parameters_text({**document, "adapters": []})
