"""Regions by words in both languages, and by cells."""

from __future__ import annotations

import pytest

from bot.domain.regions import parse_cells, region_of, region_of_cells
from bot.errors import InvalidRequestError


def boxes(region) -> list[tuple[int, int, int, int]]:
    return [area.pixels(120, 60) for area in region]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("left half", [(0, 0, 60, 60)]),
        ("The Left-Half", [(0, 0, 60, 60)]),
        ("左半", [(0, 0, 60, 60)]),
        ("左边", [(0, 0, 60, 60)]),
        ("top third", [(0, 0, 120, 20)]),
        ("右上角", [(60, 0, 120, 30)]),
        ("centre", [(20, 10, 100, 50)]),
        ("left third and right third", [(0, 0, 40, 60), (80, 0, 120, 60)]),
        ("左上、右下", [(0, 0, 60, 30), (60, 30, 120, 60)]),
        (
            "background edges",
            [(0, 0, 120, 10), (0, 50, 120, 60), (0, 0, 20, 60), (100, 0, 120, 60)],
        ),
    ],
)
def test_words_name_a_region(words, found):
    assert boxes(region_of(words)) == found


@pytest.mark.parametrize("words", ["", " , ", "the sky", "left half, sky", "天空", "左半球"])
def test_other_words_are_refused_with_what_works(words: str):
    with pytest.raises(InvalidRequestError, match="left half"):
        region_of(words)


def test_cells_are_counted_as_one_reads():
    assert boxes(region_of_cells(parse_cells("1, 6，9"), grid=3)) == [
        (0, 0, 40, 20), (80, 20, 120, 40), (80, 40, 120, 60),
    ]  # fmt: skip
    assert boxes(region_of_cells([16], grid=4)) == [(90, 45, 120, 60)]
    assert region_of_cells([], grid=3) == ()


@pytest.mark.parametrize(("cells", "grid"), [([0], 3), ([10], 3), ([17], 4), ([1], 5), ([1], 0)])
def test_cells_that_are_not_there_are_refused(cells: list[int], grid: int):
    with pytest.raises(InvalidRequestError, match="does not work"):
        region_of_cells(cells, grid=grid)


@pytest.mark.parametrize("typed", ["a", "1,b", "-1", "1.5", "1234", "²"])
def test_cells_are_numbers(typed: str):
    with pytest.raises(InvalidRequestError, match="is no number"):
        parse_cells(typed)
