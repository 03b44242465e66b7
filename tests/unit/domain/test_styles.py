"""Styles: what they put around a prompt and beside it, and who goes before whom."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.recipe import RECIPE_VERSION
from bot.domain.requests import (
    FIELDS,
    AppliedStyle,
    Axis,
    ImageRequest,
    ModelRules,
    Size,
    StyleOrigin,
    bare_prompt,
)
from bot.domain.styles import (
    BUILT_IN,
    MAX_NAME,
    MAX_WORDS,
    Style,
    StyleBook,
    check_values,
    parse_values,
    style_fields,
    style_name,
    style_words,
)
from bot.domain.variations import split_values
from bot.errors import InvalidRequestError
from bot.locales import sentence

RULES = ModelRules(native=256)
INK = Style.of(
    name="Ink", before="ink drawing of", after="on paper", size="128x160", guidance="1.2"
)


def drawn(book: StyleBook, **given: Any) -> ImageRequest:
    return ImageRequest.parse(rules=RULES, **book.applied({"prompt": "a fox", **given}))


@pytest.mark.parametrize(
    ("before", "after", "prompt", "whole"),
    [
        ("ink drawing of", "on paper", "a fox", "ink drawing of a fox, on paper"),
        ("ink drawing of", "", "  a   fox ", "ink drawing of a fox"),
        ("", "on paper", "a fox.", "a fox, on paper"),
        ("水墨画：", "宣纸", "狐狸", "水墨画：狐狸，宣纸"),
        ("水墨", "", "狐狸", "水墨狐狸"),
        ("", "", "a fox", "a fox"),
        ("x", "y", " ", ""),
    ],
)
def test_words_stand_around_a_prompt_as_their_language_joins_them(
    before: str, after: str, prompt: str, whole: str
):
    style = Style(before=before, after=after)
    assert style.with_words(prompt) == whole
    assert style.with_words(whole) == whole, "words that are there are not added again"


def test_what_is_typed_goes_before_a_style_and_that_before_a_board_and_that_before_a_server():
    board = Style.of(after="at night", size="160x128", variety="30", quality="final")
    server = Style.of(after="cosy", size="256x256", quality="draft", variety="10", negative="mud")
    book = StyleBook(own=(INK,), board=board, server=server)
    request = drawn(book, style="ink", guidance=0.5)
    assert request.prompt == "ink drawing of a fox, on paper, cosy"
    assert request.guidance_scale == 0.5
    assert str(request.size) == "128x160"
    assert (request.quality, request.variety, request.negative) == ("final", 30, "mud")
    assert drawn(book).prompt == "a fox, at night, cosy"
    assert str(drawn(book).size) == "160x128"
    assert drawn(book, style="none").prompt == "a fox, cosy"
    assert drawn(book, style="无", size="144x144").size == Size(width=144, height=144)


def test_a_request_keeps_what_styles_did_and_draws_the_same_without_them():
    book = StyleBook(own=(INK,), server=Style.of(after="cosy", size="256x256"))
    request = drawn(book, style="INK", guidance=2)
    assert request.style == (
        AppliedStyle(
            origin=StyleOrigin.REQUESTER, name="Ink", before="ink drawing of", after="on paper",
            values=(("size", "128x160"),),
        ),
        AppliedStyle(origin=StyleOrigin.SERVER, after="cosy"),
    )  # fmt: skip
    read = ImageRequest.from_json(json.loads(json.dumps(request.to_json())))
    assert read == request
    assert hash(read) == hash(request)
    assert bare_prompt(request.prompt, request.style) == "a fox"
    old = {key: value for key, value in request.to_json().items() if key != "style"}
    assert ImageRequest.from_json(old) == replace(request, style=())
    assert RECIPE_VERSION >= 5


def test_what_only_has_a_size_is_not_told():
    assert drawn(StyleBook(board=Style.of(size="wide"))).style == ()


def test_a_style_is_told_of_as_long_as_its_words_are_there():
    request = drawn(StyleBook(own=(INK,)), style="ink")
    again = request.with_typed({"prompt": request.prompt.replace("fox", "cat")}, ModelRules())
    assert [each.name for each in again.style] == ["Ink"]
    assert again.prompt == "ink drawing of a cat, on paper"
    assert request.with_typed({"prompt": "a cat"}, ModelRules()).style == ()
    assert request.with_typed({"seed": 3}, ModelRules()).style == request.style


def test_a_board_names_a_style_as_it_is_now_and_keeps_its_own_size():
    board = Style.of(name="ink", size="192x192")
    assert str(drawn(StyleBook(own=(INK,), board=board)).size) == "192x192"
    newer = replace(INK, after="in blue")
    request = drawn(StyleBook(own=(newer,), board=board))
    assert request.prompt == "ink drawing of a fox, in blue"
    assert request.guidance_scale == 1.2
    [told] = request.style
    assert (told.origin, told.name) == (StyleOrigin.BOARD, "Ink")
    assert drawn(StyleBook(board=Style.of(name="gone"))).prompt == "a fox"


def test_a_servers_style_goes_before_the_built_in_one_of_its_name():
    assert StyleBook().find("ink").after != "on paper"
    assert StyleBook(own=(INK,)).find("ＩＮＫ") == INK
    names = StyleBook(own=(INK,)).names()
    assert names[0] == "Ink"
    assert "ink" not in names
    assert len(names) == len(BUILT_IN)


@pytest.mark.parametrize("style", BUILT_IN, ids=lambda each: each.key)
def test_a_built_in_style_has_words_in_both_languages_by_any_of_its_names(style: Any):
    for name in (style.key, *style.names):
        assert drawn(StyleBook(), style=name).prompt == style.english.with_words("a fox")
        chinese = drawn(StyleBook(), style=name, prompt="一只狐狸").prompt
        assert chinese == style.chinese.with_words("一只狐狸")
        assert chinese.isascii() is False
        assert "a fox" not in chinese
    japanese = drawn(StyleBook(), style=style.key, prompt="狐の絵").prompt
    assert japanese == style.english.with_words("狐の絵")
    for one in (style.english, style.chinese):
        assert style_name(one.name) == one.name
        assert one.before or one.after
        assert check_values(dict(one.values), RULES) == one.values


def test_built_in_styles_are_twelve_and_no_two_share_a_name():
    names = [name for each in BUILT_IN for name in {each.key, *each.names}]
    assert len(BUILT_IN) == 12
    assert len({name.casefold() for name in names}) == len(names)


def test_the_sets_that_a_comparison_offers_are_of_styles_that_there_are():
    for tried in Axis.STYLES.field.tried:
        for name in split_values(Axis.STYLES, tried):
            assert name == "none" or StyleBook().find(name)


def test_values_are_typed_one_a_line_and_checked_like_options():
    typed = "guidance: 1.2\n\n negative = mud, fog \nQUALITY：draft"
    assert parse_values(typed, RULES) == (
        ("guidance", "1.2"), ("negative", "mud, fog"), ("quality", "draft"),
    )  # fmt: skip
    assert parse_values("", RULES) == ()
    assert {each.option for each in style_fields()} >= {"size", "guidance", "negative"}
    assert {each.option for each in style_fields()} <= {each.option for each in FIELDS}


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: parse_values("guidance: 9", RULES), "9"),
        (lambda: parse_values("guidance 1.2", RULES), "guidance 1.2"),
        (lambda: parse_values("seed: 1", RULES), "seed: 1"),
        (lambda: parse_values("strength: subtle", RULES), "strength"),
        (lambda: parse_values("x" * 1001, RULES), "1001"),
        (lambda: check_values({"size": "0x0"}, RULES), "0x0"),
        (lambda: style_name(""), "''"),
        (lambda: style_name("a, b"), "a, b"),
        (lambda: style_name("NONE"), "none"),
        (lambda: style_name("x" * (MAX_NAME + 1)), str(MAX_NAME)),
        (lambda: style_words("x" * (MAX_WORDS + 1)), str(MAX_WORDS)),
        (lambda: StyleBook().find("inc"), "inc"),
    ],
)
def test_what_does_not_work_is_named_in_one_sentence_of_both_languages(make: Any, part: str):
    with pytest.raises(InvalidRequestError) as caught:
        make()
    message = caught.value.message
    assert part in message
    assert sentence(message, "zh-CN") != message


@pytest.mark.parametrize(
    "style",
    [
        "ink", [{}], ["ink"], [{"origin": "nobody", "name": "", "before": "", "after": "",
        "values": {}}], [{"origin": "board", "name": 1, "before": "", "after": "", "values": {}}],
        [{"origin": "board", "name": "x" * 5000, "before": "", "after": "", "values": {}}],
        [{"origin": "board", "name": "", "before": "", "after": "", "values": {}}] * 4,
    ],
)  # fmt: skip
def test_a_strangers_recipe_with_a_senseless_style_is_refused(style: object):
    document = {**drawn(StyleBook()).to_json(), "style": style}
    with pytest.raises((KeyError, TypeError, ValueError)):
        ImageRequest.from_json(document)
