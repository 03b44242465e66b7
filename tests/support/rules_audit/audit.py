"""What held when, read from the database: was anything drawn or charged against the rules?"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.domain.jobs import Job
from bot.domain.requests import ModelRules
from bot.domain.rules import Charge, Entry, Limit, RuleBook, cost_of
from bot.domain.rules.quota import HOUR, IMAGE
from bot.domain.scenes import Scene
from bot.domain.words import WordFilter, built_in, parse_list
from bot.storage import Store
from bot.storage.rules import RuleChange
from tests.support.discord_server.stand_in import DRAWINGS

# A change holds from a moment before it is written; a job is charged a moment after it is admitted.
MOMENT: Final = dt.timedelta(seconds=1)
NOTED_WITHIN: Final = dt.timedelta(milliseconds=50)  # of its beginning, a drawing
USUAL: Final = ModelRules(native=256).default


@dataclass(kw_only=True)
class Findings:
    """What an audit counted, and what it found wrong."""

    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return it as a table, with the first faults under it."""
        lines = [f"{name:40} {number:8}" for name, number in self.counts.items()]
        return "\n".join([*lines, *self.wrong[:20]])


@dataclass(kw_only=True)
class _Past:
    """The rules of one server at any time."""

    changes: Sequence[RuleChange]

    def book(self, at: dt.datetime) -> RuleBook:
        entries: dict[object, Entry] = {}
        for change in self.changes:
            if change.created_at > at:
                break
            for step in change.steps:
                entries.pop(step.entry.key, None)
                if step.new is not None:
                    entries[step.new.key] = step.new
        return RuleBook(entries.values())

    def books(self, at: dt.datetime) -> Iterator[RuleBook]:
        """Yield the rules of a moment, and those that may hold already or held when it began."""
        yield self.book(at)
        yield self.book(at - NOTED_WITHIN)
        yield self.book(at + MOMENT)


async def audit(data_dir: Path) -> Findings:
    """Compare every drawing and every charge with the rules that held."""
    found = Findings()
    async with Store(data_dir / "bot.sqlite3", images=data_dir / "images") as store:
        guilds = list((await store.rules.all()) or ())
        [guild_id] = guilds
        past = _Past(changes=list(reversed(await store.rules.changes(guild_id, limit=10**6))))
        rows = await store.database.rows("SELECT id FROM jobs ORDER BY created_at")
        jobs = {row["id"]: await store.jobs.find(row["id"]) for row in rows}
        ends = {
            row["id"]: dt.datetime.fromisoformat(row["changed_at"])
            for row in await store.database.rows("SELECT id, changed_at FROM jobs")
        }
        made: dict[str, set[int]] = defaultdict(set)
        for row in await store.database.rows("SELECT job_id, position FROM generations"):
            made[row["job_id"]].add(row["position"])
        charges = {
            (row["job_id"], row["position"]): row["cost"]
            for row in await store.database.rows("SELECT * FROM charges")
        }
    known = [job for job in jobs.values() if job is not None]
    drawings = _drawings(data_dir)
    _check_drawings(found, drawings, {job.id: job for job in known}, past)
    _check_charges(found, known, made, charges)
    _check_quotas(found, known, made, ends, past)
    found.counts |= {
        "changes of rules": len(past.changes),
        "jobs": len(known),
        "images": sum(map(len, made.values())),
        "drawings begun": len(drawings),
    }
    return found


def _drawings(data_dir: Path) -> list[tuple[dt.datetime, str, int]]:
    """Return when the engine began with which image."""
    lines = (data_dir / "stand-in" / DRAWINGS).read_text(encoding="utf-8").splitlines()
    read = [json.loads(each) for each in lines]
    return [(dt.datetime.fromisoformat(at), job_id, seed) for at, job_id, seed in read]


def _check_drawings(
    found: Findings,
    drawings: Sequence[tuple[dt.datetime, str, int]],
    jobs: dict[str, Job],
    past: _Past,
) -> None:
    refused = 0
    for at, job_id, seed in drawings:
        job = jobs[job_id]
        against = [_against(book, job, seed, at) for book in past.books(at)]
        if all(against):
            refused += 1
            found.wrong.append(f"job {job_id} was begun at {at} against {against[0]}")
    found.counts["drawn against a rule"] = refused


def _against(book: RuleBook, job: Job, seed: int, at: dt.datetime) -> str | None:
    """Return the rule that an image is against."""
    scene = job.origin.scene
    [request, *_] = [each for each in job.requests if each.seed == seed]
    action = "imagine" if job.relation == "imagine" else "redraw"

    def value(name: str) -> object:
        return book.decide(name, scene, at).value

    longest, most = max(request.size.width, request.size.height), value("max_side")
    qualities, own = value("qualities"), value("own_words")
    if value(f"use.{action}") != "allow":
        return f"use.{action}"
    if isinstance(most, int) and longest > most:
        return "max_side"
    if isinstance(qualities, tuple) and request.quality.value not in qualities:
        return "qualities"
    if value("words") == "refuse" and isinstance(own, tuple):
        words = WordFilter((*built_in(), *parse_list("\n".join(own))))
        if words.find(request.prompt) is not None:
            return "words"
    return None


def _check_charges(
    found: Findings,
    jobs: Sequence[Job],
    made: dict[str, set[int]],
    charges: dict[tuple[str, int], int],
) -> None:
    """Every image that was drawn is paid for once, and nothing else is."""
    due = {(job.id, i): cost_of(job.requests[i], USUAL) for job in jobs for i in made[job.id]}
    wrong = {key for key in due.keys() | charges.keys() if due.get(key) != charges.get(key)}
    found.counts["charges"] = len(charges)
    found.counts["wrong charges"] = len(wrong)
    found.wrong += [
        f"image {key} is charged {charges.get(key)}, not {due.get(key)}" for key in wrong
    ]


def _check_quotas(
    found: Findings,
    jobs: Sequence[Job],
    made: dict[str, set[int]],
    ends: dict[str, dt.datetime],
    past: _Past,
) -> None:
    """Nobody was let in whose quota was used up, whatever had been drawn or called off by then."""
    over = 0
    by_user: dict[int, list[Job]] = defaultdict(list)
    for job in jobs:
        at, earlier = job.created_at, by_user[job.origin.user_id]
        charges = [
            Charge(at=each.created_at, cost=cost_of(request, USUAL))
            for each in earlier
            for i, request in enumerate(each.requests)
            if i in made[each.id] or ends[each.id] > at
        ]
        cost = sum(cost_of(each, USUAL) for each in job.requests)
        moments = (at - MOMENT, at, at + MOMENT)
        limits = [_limit(past.book(moment), job.origin.scene, at) for moment in moments]
        if all(limit is not None and limit.left(charges, at) < cost for limit in limits):
            over += 1
            found.wrong.append(f"job {job.id} was let in over {limits[1]}")
        earlier.append(job)
    found.counts["let in over a quota"] = over


def _limit(book: RuleBook, scene: Scene, at: dt.datetime) -> Limit | None:
    most = book.decide("quota_hour", scene, at).value
    carry = book.decide("quota_carry", scene, at).value
    if not isinstance(most, int):
        return None
    carried = most * IMAGE * carry // 100 if isinstance(carry, int) else 0
    return Limit(name="quota_hour", window=HOUR, cost=most * IMAGE, carried=carried)
