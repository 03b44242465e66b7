"""How long a job will take, from what this machine took for others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.jobs import Speed
from bot.domain.requests import ImageRequest

_MEMORY: Final = 0.7  # how much of a speed is kept when a new measurement arrives


class Estimator:
    """Seconds by image size, learned from every finished image."""

    def __init__(self, speeds: Mapping[int, Speed]) -> None:
        """Begin with what is known: speeds by image tokens."""
        self._speeds = dict(speeds)

    def learn(self, request: ImageRequest, durations_s: Mapping[str, float]) -> tuple[int, Speed]:
        """Take in a finished image; return its tokens and the speed now believed.

        Args:
            request: What was drawn.
            durations_s: Seconds by stage; `denoise` is what the forwards took.

        """
        tokens = request.size.tokens
        denoise = durations_s["denoise"]
        measured = Speed(
            seconds_per_forward=denoise / request.num_forwards,
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
        return sum(self._seconds(request) for request in requests)

    def _seconds(self, request: ImageRequest) -> float:
        speed = self._speed(request.size.tokens)
        return request.num_forwards * speed.seconds_per_forward + speed.seconds_beside

    def _speed(self, tokens: int) -> Speed:
        """Return a measured speed, or one between or scaled from those of the nearest sizes."""
        if tokens in self._speeds:
            return self._speeds[tokens]
        smaller = max((known for known in self._speeds if known < tokens), default=None)
        larger = min((known for known in self._speeds if known > tokens), default=None)
        if smaller is None or larger is None:
            nearest = smaller or larger
            assert nearest is not None
            return _mix(self._speeds[nearest], self._speeds[nearest], tokens / nearest, 0.0)
        share = (tokens - smaller) / (larger - smaller)
        return _mix(self._speeds[smaller], self._speeds[larger], 1 - share, share)


def _blend(known: float, measured: float) -> float:
    return _MEMORY * known + (1 - _MEMORY) * measured


def _mix(one: Speed, other: Speed, share_of_one: float, share_of_other: float) -> Speed:
    return Speed(
        seconds_per_forward=share_of_one * one.seconds_per_forward
        + share_of_other * other.seconds_per_forward,
        seconds_beside=share_of_one * one.seconds_beside + share_of_other * other.seconds_beside,
    )
