"""Braces stand for every choice, read as other programs read them, and nothing else is."""

from __future__ import annotations

import pytest

from bot.domain.batches import Batch, BatchKind, combined
from bot.domain.permutations import MAX_COMBINATIONS, Pattern, Permutation
from bot.errors import InvalidRequestError


def prompts(text: str) -> list[str]:
    combinations = Permutation.of({"prompt": text}).combinations()
    return [" ".join(each["prompt"].split()) for each in combinations]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a red apple", ["a red apple"]),
        ("{red, green} apple", ["red apple", "green apple"]),
        ("{red,green} {apple,pear}", ["red apple", "red pear", "green apple", "green pear"]),
        ("a {red, {dark, light} blue} cup", ["a red cup", "a dark blue cup", "a light blue cup"]),
        ("{a, shiny|b} cup", ["a, shiny cup", "b cup"]),
        (r"{a\, shiny, b} cup", ["a, shiny cup", "b cup"]),
        ("a {, red} apple", ["a apple", "a red apple"]),
        ("{red, red, blue} cup", ["red cup", "blue cup"]),
        ("｛红，绿｝苹果", ["红苹果", "绿苹果"]),
        ("{红、绿、蓝}苹果", ["红苹果", "绿苹果", "蓝苹果"]),
        ("｛红｜绿}苹果", ["红苹果", "绿苹果"]),
        # Nothing to choose: as it was typed.
        ("{{masterpiece}}, {one} cat", ["{{masterpiece}}, {one} cat"]),
        ("{} empty", ["{} empty"]),
        (r"the words \{a, b\} on a sign", ["the words {a, b} on a sign"]),
        (r"{a\, b} stays", ["{a, b} stays"]),
        (r"\(deep\) and C:\new, this", [r"\(deep\) and C:\new, this"]),
        ("{big {red, blue}} cup", ["{big red} cup", "{big blue} cup"]),
        ("({red, blue}:1.2) cup", ["(red:1.2) cup", "(blue:1.2) cup"]),
    ],
)
def test_braces_stand_for_each_of_their_choices(typed: str, expected: list[str]):
    assert prompts(typed) == expected


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("a {red, green apple", r"brace before 'red, green apple' is never closed"),
        ("red, green} apple", r"brace behind 'red, green' is never opened"),
        ("a {red, {dark} cup", r"brace before 'red, \{dark\} cup' is never closed"),
        ("{" * 9 + "a, b" + "}" * 9, r"More than 8 braces"),
        ("{" * 3000, r"More than 8 braces"),
    ],
)
def test_braces_that_do_not_fit_are_refused_in_one_sentence(typed: str, sentence: str):
    with pytest.raises(InvalidRequestError, match=sentence):
        Pattern.parse(typed)


def test_what_explodes_is_counted_and_never_made():
    permutation = Permutation.of({"prompt": "{a, b}" * 60})
    assert permutation.count == 2**60
    with pytest.raises(InvalidRequestError, match=f"{2**60} images: {MAX_COMBINATIONS} are"):
        permutation.combinations()
    deep = Permutation.of({"prompt": "{" + "{a,b}" * 40 + ", c}"})
    assert deep.count == 2**40 + 1


def test_other_options_have_braces_too_and_say_what_they_are():
    permutation = Permutation.of({"prompt": "{a, b}", "size": "{square, wide}", "seed": "{1,2}"})
    assert permutation.count == 8
    first, *_, last = permutation.combinations()
    assert first == {"prompt": "a", "size": "square", "seed": "1"}
    assert last == {"prompt": "b", "size": "wide", "seed": "2"}
    assert permutation.labels == (("a", "b"), ("square", "wide"), ("seed 1", "seed 2"))


def test_options_that_are_no_text_stay_as_they_are():
    typed = {"prompt": "x", "seed": 5, "size": None, "guidance": 1.2}
    assert Permutation.of(typed).combinations() == [typed]


def test_a_batch_knows_the_labels_of_each_image():
    batch, images = combined("{a, b} on {c, d}", [["a", "b"], ["c", "d"]], ["ac", "ad", "bc", "bd"])
    assert images == ["ac", "ad", "bc", "bd"]
    assert [batch.label(i) for i in range(5)] == ["a · c", "a · d", "b · c", "b · d", ""]
    assert batch.table == (("a", "b"), ("c", "d"))
    assert Batch.from_json(batch.to_json()) == batch


def test_the_longer_of_two_groups_goes_from_left_to_right():
    typed = ["ac", "ad", "bc", "bd", "xc", "xd"]
    batch, images = combined("{a, b, x} on {c, d}", [["a", "b", "x"], ["c", "d"]], typed)
    assert images == ["ac", "bc", "xc", "ad", "bd", "xd"]
    assert [batch.label(i) for i in (0, 1, 3)] == ["a · c", "b · c", "a · d"]
    assert batch.table == (("c", "d"), ("a", "b", "x"))
    assert Batch.from_json(batch.to_json()) == batch


def test_what_is_left_of_a_batch_is_one_group_and_all_of_it_stays():
    batch, _ = combined("{a, b} on {c, d}", [["a", "b"], ["c", "d"]], range(4))
    assert batch.among(range(4)) == batch
    assert batch.among([0, 3]).groups == (("a · c", "b · d"),)
    file = Batch(kind=BatchKind.PROMPTS, title="list.txt")
    assert file.among([2, 5]) == file
