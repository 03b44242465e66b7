"""How long a job will take, from what this machine took for others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.jobs import Speed
from bot.domain.requests import ImageRequest

_MEMORY: Final = 0.7  # how much of a speed is kept when a new measurement arrives
# What an image's tokens are counted from, so that its speed is one of its own: upscaled with detail
# and without, and steered by a map.
_DETAILED, _PLAIN, _STEERED = 2**20, 2**21, 3 * 2**20


class Estimator:
    """Seconds by image size and by way of drawing, learned from every finished image."""

    def __init__(self, speeds: Mapping[int, Speed]) -> None:
        """Begin with what is known: speeds by image tokens."""
        self._speeds = dict(speeds)

    def learn(self, request: ImageRequest, durations_s: Mapping[str, float]) -> tuple[int, Speed]:
        """Take in a finished image; return the key of its speed and the speed now believed.

        Args:
            request: What was drawn.
            durations_s: Seconds by stage; `denoise` is what the forwards took.

        """
        tokens = _key(request)
        denoise = durations_s.get("denoise", 0.0)
        measured = Speed(
            seconds_per_forward=denoise / max(1, request.num_forwards),
            seconds_beside=sum(durations_s.values()) - denoise,
        )
        known = self._speeds.get(tokens, measured)
        self._speeds[tokens] = Speed(
            seconds_per_forward=_blend(known.seconds_per_forward, measured.seconds_per_forward),
            seconds_beside=_blend(known.seconds_beside, measured.seconds_beside),
        )
        return tokens, self._speeds[tokens]

    def seconds(self, requests: Sequence[ImageRequest]) -> float | None:
        """Return how long these images will take; None before anything was drawn here."""
        if not self._speeds:
            return None
        each_s = [self._seconds(request) for request in requests]
        return None if None in each_s else sum(filter(None, each_s))

    def _seconds(self, request: ImageRequest) -> float | None:
        key, tokens = _key(request), request.size.tokens
        if not _known_like(key, self._speeds):
            if key == tokens or not _known_like(tokens, self._speeds):
                return None
            # Nothing was drawn in this way yet.
            return request.work / tokens * self._speed(tokens).seconds_per_forward
        speed = self._speed(key)
        return request.num_forwards * speed.seconds_per_forward + speed.seconds_beside

    def _speed(self, tokens: int) -> Speed:
        """Return a measured speed, or one between or scaled from those of the nearest sizes."""
        if tokens in self._speeds:
            return self._speeds[tokens]
        like = _known_like(tokens, self._speeds)
        smaller = max((known for known in like if known < tokens), default=None)
        larger = min((known for known in like if known > tokens), default=None)
        if smaller is None or larger is None:
            nearest = smaller or larger
            assert nearest is not None
            scale = (tokens % _DETAILED) / (nearest % _DETAILED)
            return _mix(self._speeds[nearest], self._speeds[nearest], scale, 0.0)
        share = (tokens - smaller) / (larger - smaller)
        return _mix(self._speeds[smaller], self._speeds[larger], 1 - share, share)


def _key(request: ImageRequest) -> int:
    """Return the tokens of an image, counted from where its way of drawing begins."""
    tokens = request.size.tokens
    if not request.is_upscaled:
        return tokens if request.control is None else _STEERED + tokens
    return (_DETAILED if request.is_drawn else _PLAIN) + tokens


def _known_like(key: int, speeds: Mapping[int, Speed]) -> list[int]:
    """Return the keys of speeds that were measured in the same way of drawing."""
    return [each for each in speeds if each // _DETAILED == key // _DETAILED]


def _blend(known: float, measured: float) -> float:
    return _MEMORY * known + (1 - _MEMORY) * measured


def _mix(one: Speed, other: Speed, share_of_one: float, share_of_other: float) -> Speed:
    return Speed(
        seconds_per_forward=share_of_one * one.seconds_per_forward
        + share_of_other * other.seconds_per_forward,
        seconds_beside=share_of_one * one.seconds_beside + share_of_other * other.seconds_beside,
    )
