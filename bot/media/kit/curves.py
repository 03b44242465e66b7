"""The geometry of lines of horizontal and vertical pieces: round corners and arrows' heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.media.kit.shapes import Point

_STEPS: Final = 8  # straight pieces of a round corner


def rounded_path(points: Sequence[Point], *, radius: float) -> list[Point]:
    """Return the points of a line whose corners are round, with a radius where there is room."""
    straight = _without_repeats(points)
    path = [straight[0]]
    for before, at, after in zip(straight, straight[1:], straight[2:], strict=False):
        path += _corner(before, at, after, radius)
    return [*path, straight[-1]]


def arrow_head(before: Point, tip: Point, *, size: float) -> list[Point]:
    """Return the corners of the head of an arrow that comes from a point."""
    x, y = _towards(tip, before, size)
    dx, dy = (size * 0.75, 0.0) if before[0] == tip[0] else (0.0, size * 0.75)
    return [tip, (x + dx, y + dy), (x - dx, y - dy)]


def _without_repeats(points: Sequence[Point]) -> list[Point]:
    """Return the line without points that lie on the way between their neighbours."""
    found = [points[0]]
    for point in points[1:]:
        if abs(point[0] - found[-1][0]) + abs(point[1] - found[-1][1]) < 1:
            continue
        if len(found) > 1 and _is_straight(found[-2], found[-1], point):
            found[-1] = point
        else:
            found.append(point)
    return found


def _is_straight(a: Point, b: Point, c: Point) -> bool:
    return a[0] == b[0] == c[0] or a[1] == b[1] == c[1]


def _corner(before: Point, at: Point, after: Point, radius: float) -> list[Point]:
    """Return the points of a quadratic curve between a corner's two legs."""
    legs = (abs(x - at[0]) + abs(y - at[1]) for x, y in (before, after))
    reach = min(radius, min(legs) / 2)
    start, end = _towards(at, before, reach), _towards(at, after, reach)
    curve = []
    for t in (step / _STEPS for step in range(_STEPS + 1)):
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
        curve.append((a * start[0] + b * at[0] + c * end[0], a * start[1] + b * at[1] + c * end[1]))
    return curve


def _towards(at: Point, leg: Point, distance: float) -> Point:
    share = distance / (abs(leg[0] - at[0]) + abs(leg[1] - at[1]))  # one of the two is 0
    return at[0] + (leg[0] - at[0]) * share, at[1] + (leg[1] - at[1]) * share
