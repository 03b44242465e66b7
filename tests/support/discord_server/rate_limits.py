"""Discord's rate limits: a bucket for each route and place, and one for everything together."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

from tests.support.discord_server.clock import MovableClock


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many requests in so many seconds."""

    requests: int
    per_s: float


# Measured ones of Discord's; it tells others only in its headers, and may change them.
LIMITS = {
    ("POST", "/channels/{channel_id}/messages"): Limit(requests=5, per_s=5.0),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): Limit(requests=5, per_s=5.0),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): Limit(requests=5, per_s=1.0),
    ("GET", "/channels/{channel_id}/messages"): Limit(requests=5, per_s=5.0),
    ("POST", "/webhooks/{webhook_id}/{token}"): Limit(requests=5, per_s=2.0),
    ("PATCH", "/webhooks/{webhook_id}/{token}/messages/@original"): Limit(requests=5, per_s=5.0),
    ("PATCH", "/webhooks/{webhook_id}/{token}/messages/{message_id}"): Limit(requests=5, per_s=5.0),
    ("PUT", "/applications/{application_id}/commands"): Limit(requests=2, per_s=20.0),
}
GLOBAL = Limit(requests=50, per_s=1.0)
MOST_WINDOWS = 5000  # then the old ones are forgotten: each interaction's token has its own
# What may differ within one bucket: each channel, guild and webhook has its own.
_MAJOR = ("{channel_id}", "{guild_id}", "{webhook_id}", "{token}")


@dataclass(kw_only=True)
class _Window:
    began: float
    used: int = 0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a request may pass, and the headers either way."""

    passes: bool
    headers: dict[str, str]
    retry_after_s: float = 0.0
    is_global: bool = False


@dataclass(kw_only=True)
class RateLimits:
    """Count requests; the clock's seconds, so moving it on empties the buckets."""

    clock: MovableClock
    limits: dict[tuple[str, str], Limit] = field(default_factory=lambda: dict(LIMITS))
    globally: Limit = GLOBAL
    enabled: bool = True
    _windows: dict[str, _Window] = field(default_factory=dict)

    def judge(self, method: str, route: str, path: str) -> Verdict:
        """Count one request, or refuse it."""
        if not self.enabled:
            return Verdict(passes=True, headers={})
        # Answers to interactions are outside the limit of the whole bot.
        if not route.startswith(("/interactions/", "/webhooks/")):
            window = self._window("global", self.globally)
            if window.used >= self.globally.requests:
                return _refused(self._left(window, self.globally), {}, is_global=True)
            window.used += 1
        limit = self.limits.get((method, route))
        if limit is None:
            return Verdict(passes=True, headers={})
        return self._judge_bucket(limit, method, route, path)

    def _judge_bucket(self, limit: Limit, method: str, route: str, path: str) -> Verdict:
        window = self._window(f"{method} {route} {_major(route, path)}", limit)
        left = self._left(window, limit)
        passes = window.used < limit.requests
        window.used += passes
        headers = {
            "X-RateLimit-Limit": str(limit.requests),
            "X-RateLimit-Remaining": str(limit.requests - window.used),
            "X-RateLimit-Reset": f"{self.clock.now().timestamp() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(f"{method} {route}".encode()).hexdigest()[:32],
        }
        if passes:
            return Verdict(passes=True, headers=headers)
        return _refused(left, headers, is_global=False)

    def _window(self, key: str, limit: Limit) -> _Window:
        now = self.clock.elapsed
        window = self._windows.get(key)
        if window is None or now >= window.began + limit.per_s:
            if len(self._windows) > MOST_WINDOWS:
                self._forget_old(now)
            window = self._windows[key] = _Window(began=now)
        return window

    def _forget_old(self, now: float) -> None:
        longest = max(limit.per_s for limit in (*self.limits.values(), self.globally))
        kept = {key: each for key, each in self._windows.items() if now < each.began + longest}
        self._windows = kept

    def _left(self, window: _Window, limit: Limit) -> float:
        return max(window.began + limit.per_s - self.clock.elapsed, 0.001)


def refusal_headers(
    retry_after_s: float, *, scope: str, bucket: dict[str, str] | None = None
) -> dict[str, str]:
    """Return the headers of a 429; without `Via`, discord.py takes it for a ban of its address."""
    headers = {
        **(bucket or {}),
        "Retry-After": str(math.ceil(retry_after_s)),
        "X-RateLimit-Scope": scope,
        "Via": "1.1 google",
    }
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    return headers


def _refused(left: float, headers: dict[str, str], *, is_global: bool) -> Verdict:
    scope = "global" if is_global else "user"
    return Verdict(
        passes=False,
        headers=refusal_headers(left, scope=scope, bucket=headers),
        retry_after_s=left,
        is_global=is_global,
    )


def _major(route: str, path: str) -> str:
    pairs = zip(route.strip("/").split("/"), path.strip("/").split("/"), strict=True)
    return "/".join(segment for part, segment in pairs if part in _MAJOR)
