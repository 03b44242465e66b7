"""A score: the worse of two models counts, and it comes back as it was stored."""

from __future__ import annotations

import pytest

from bot.domain.picture_score import PictureScore

UNSAFE = frozenset({"porn", "hentai", "nsfw"})
FIRST = {"drawing": 0.2, "hentai": 0.3, "neutral": 0.1, "porn": 0.3001, "sexy": 0.0999}


@pytest.mark.parametrize(
    ("nsfw", "unsafe", "decided_by"), [(0.5, 0.6001, "a 1: porn"), (0.7, 0.7, "b 2: nsfw")]
)
def test_the_worse_model_counts_and_its_unsafe_classes_together(
    nsfw: float, unsafe: float, decided_by: str
):
    score = PictureScore.of({"a 1": FIRST, "b 2": {"nsfw": nsfw, "sfw": 1 - nsfw}}, UNSAFE)
    assert (score.unsafe, score.decided_by) == (unsafe, decided_by)
    assert score.models == ("a 1", "b 2")


def test_a_threshold_is_reached_by_what_is_as_unsafe():
    score = PictureScore.of({"a 1": FIRST}, UNSAFE)
    assert [score.reaches(each) for each in (0.6, 0.6001, 0.6002)] == [True, True, False]


def test_a_score_is_read_as_it_was_stored():
    score = PictureScore.of({"a 1": FIRST}, UNSAFE)
    assert PictureScore.from_json(score.to_json()) == score
