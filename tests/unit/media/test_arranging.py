"""A family's cards never overlap, and no line runs over a card, whatever the tree."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.lineage import Family, FamilyMember, Presence
from bot.domain.requests import ImageRequest, Size
from bot.media.family_tree import draw_family
from bot.media.family_tree.blocks import TreeMeasures
from bot.media.family_tree.tree import MAX_SIDE
from bot.media.family_tree.tree_layout import Arrangement, arrange
from bot.media.kit.typography import length, wrapped
from tests.support.sampling import sampled

WIDTH, HEIGHT = 100, 160
REQUEST = ImageRequest(prompt="红苹果, a red apple", seed=1, size=Size(width=128, height=128))
CHAIN, STAR, COMB = "chain", "star", "comb"


def parents(count: int, shape: int | str) -> list[int]:
    """Return each one's parent but the first one's; a number is a random tree's seed."""
    if shape == CHAIN:
        return list(range(count - 1))
    if shape == STAR:
        return [0] * (count - 1)
    if shape == COMB:
        return [i // 4 * 4 for i in range(count - 1)]
    chance = random.Random(shape)
    reach = chance.choice([2, 5, 20, 1000])
    return [chance.randrange(max(0, i - reach), i) for i in range(1, count)]


def tree(count: int, shape: int | str) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {str(i): [] for i in range(count)}
    for child, parent in enumerate(parents(count, shape), start=1):
        children[str(parent)].append(str(child))
    return children


def family(count: int, shape: int | str, focus: int = 0) -> Family:
    above = [None, *map(str, parents(count, shape))]
    members = [
        FamilyMember(id=str(i), parent_id=parent, relation="new_seed" if i else "imagine",
               presence=Presence.HERE, request=replace(REQUEST, seed=i), path=Path("gone.png"))
        for i, parent in enumerate(above)
    ]  # fmt: skip
    return Family.of(str(focus), members)


def check(arrangement: Arrangement, children: dict[str, list[str]]) -> None:
    assert set(arrangement.places) == set(children)
    boxes = {id_: (x, y, x + WIDTH, y + HEIGHT) for id_, (x, y) in arrangement.places.items()}
    for left, top, right, bottom in boxes.values():
        assert left >= 0
        assert top >= 0
        assert right <= arrangement.width + 0.01
        assert bottom <= arrangement.height + 0.01
    for a, b in itertools.combinations(boxes.values(), 2):
        assert not touch(a, b), "two cards overlap"
    above = {child: parent for parent, below in children.items() for child in below}
    assert sorted(edge.child for edge in arrangement.edges) == sorted(above)
    for edge in arrangement.edges:
        assert on_border(edge.points[0], boxes[above[edge.child]]), "it begins at its parent"
        assert on_border(edge.points[-1], boxes[edge.child]), "it ends at its card"
        for (x1, y1), (x2, y2) in itertools.pairwise(edge.points):
            assert abs(x1 - x2) < 0.01 or abs(y1 - y2) < 0.01
            piece = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
            crossed = [id_ for id_, box in boxes.items() if touch(piece, box)]
            assert not crossed, f"the line to {edge.child} runs over {crossed}"


def touch(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Tell whether a box, or a line that has no width or no height, lies within another box."""
    near = 0.01
    return all(
        max(a[i], b[i]) < min(a[i + 2], b[i + 2]) - near
        or (a[i + 2] - a[i] < near and b[i] + near < a[i] < b[i + 2] - near)
        for i in (0, 1)
    )


def on_border(point: tuple[float, float], box: tuple[float, ...]) -> bool:
    x, y = point
    inside = box[0] - 0.01 <= x <= box[2] + 0.01 and box[1] - 0.01 <= y <= box[3] + 0.01
    return inside and min(abs(x - box[0]), abs(x - box[2]), abs(y - box[1]), abs(y - box[3])) < 0.01


@pytest.mark.parametrize("is_centred", [True, False])
@pytest.mark.parametrize("one_row", [2, 6])
def test_nothing_overlaps_in_any_tree(is_centred: bool, one_row: int):  # noqa: FBT001
    measures = TreeMeasures(
        card_width=WIDTH, card_height=HEIGHT, gap_x=20, gap_y=30, arrow_y=90,
        one_row=one_row, is_centred=is_centred,
    )  # fmt: skip
    shapes: list[int | str] = [CHAIN, STAR, COMB, *range(60)]
    for number, shape in enumerate(shapes):
        count = (1, 2, 3, 7, 12, 25, 60)[number % 7] if isinstance(shape, int) else 40
        children = tree(count, shape)
        check(arrange("0", children, measures), children)


def test_a_parent_stands_over_the_middle_of_its_children():
    measures = TreeMeasures(card_width=WIDTH, card_height=HEIGHT, gap_x=20, gap_y=30, arrow_y=90)
    places = arrange("0", tree(4, STAR), measures).places
    assert places["0"][0] == places["2"][0]
    assert places["2"][0] - places["1"][0] == places["3"][0] - places["2"][0] == WIDTH + 20


@pytest.mark.parametrize("count", [1, 2, 7, 40, 300])
@pytest.mark.parametrize("shape", sampled([CHAIN, STAR, 4, COMB, 5], first=3))
def test_a_picture_of_any_family_stays_readable(count: int, shape: int | str):
    portrait = draw_family(family(count, shape, focus=count * 2 // 3), locale="zh-CN")
    assert max(portrait.image.size) <= MAX_SIDE + 200
    shown = portrait.view.members
    assert len(shown) + portrait.view.num_left_out == count
    assert str(count * 2 // 3) in shown
    assert len(shown) >= min(count, 16)


def test_all_of_a_family_of_forty_is_shown():
    for shape in (CHAIN, STAR, COMB):
        assert not draw_family(family(40, shape), locale="en-US").view.num_left_out


def test_the_nearest_hang_together_and_begin_with_the_line():
    for seed in range(20):
        whole = family(300, seed, focus=250)
        view = whole.nearest(30)
        assert len(view.members) == 30
        line = [each.id for each in whole.line()]
        shown = [id_ for id_ in line if id_ in view.members]
        assert len(shown) >= min(15, len(line))
        assert shown == line[-len(shown) :]
        for id_, member in view.members.items():
            assert id_ == view.top or member.parent_id in view.members
        assert len(view.members) + view.num_left_out == 300


def test_of_many_siblings_those_made_at_nearly_the_same_time_are_near():
    shown = family(300, STAR, focus=200).nearest(11).members
    assert set(shown) == {"0", *map(str, range(196, 205))} | ({"195", "205"} & set(shown))


@pytest.mark.parametrize(
    "words",
    [
        "a red apple on a wooden table",
        "一个放在木桌上的红苹果和一把椅子",
        "Donaudampfschifffahrtsgesellschaft",
        "红苹果 and a yellow pear on a chair",
    ],
)
def test_written_lines_keep_their_width_and_lose_nothing(words: str):
    lines = wrapped(words, size=14, width=90, max_lines=9)
    assert all(length(line, 14) <= 90 for line in lines)
    assert "".join("".join(lines).split()) == words.replace(" ", "")
    short = wrapped(words, size=14, width=90, max_lines=2)
    assert len(short) == 2
    assert short[-1].endswith("…")
    assert all(length(line, 14) <= 90 for line in short)
