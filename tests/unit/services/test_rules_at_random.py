"""Members, roles and rules at random, changed all the time, with the bot killed again and again.

An auditor who knows nothing of the program's own rule book looks at what was taken and drawn: no
job was taken and no image begun against every rule that held meanwhile, no quota was exceeded, and
what is charged is exactly what was drawn.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.domain.drawing import DrawTask
from bot.domain.jobs import Job
from bot.domain.requests import ImageRequest
from bot.domain.rules import Entry, Layer, cost_of, rule_in
from bot.domain.rules.quota import IMAGE
from bot.domain.scenes import ChannelKind, Scene
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.services import Service, open_service
from bot.settings import Settings
from tests.support.discord_env import SteeredEngine, crash
from tests.support.hidden_things import Place, Silent, Target, origin

pytest_plugins = ["tests.support.bot_fixtures"]

GUILD, ROLES = 1, range(101, 121)
PLACES = ((30, 20), (31, 20), (32, 21), (33, 21), (34,))  # channels, with their categories
ADULT = 34
MANAGER = Viewer(user_id=9_999, guild_id=GUILD, is_manager=True)
MOST_RULES, AT_ONCE = 50, 20
PROMPTS, SIZES, QUALITIES = ("a fox", "a toad", "a hare"), (128, 192, 256), ("draft", "final")
VALUES: dict[str, Sequence[object]] = {
    "use": ("allow", "allow", "deny"),
    "use.imagine": ("allow", "allow", "deny"),
    "max_side": (128, 200, "none"),
    "qualities": (["draft"], ["final"], "none"),
    "words": ("off", "refuse"),
    "quota_hour": (1, 3, 40),
    "quota_day": (2, 5, 60),
}
BY_PLACE = {"qualities"}  # of several roles it is not plain which is milder: not set for roles


@dataclass(kw_only=True)
class Auditor:
    """What an outsider writes down.

    Attributes:
        books: All rules that ever held, in their order.
        done: How many of them were completely set.
        began: The books that held while an image may have begun, by job and seed; the last time.

    """

    books: list[dict[tuple[Layer, str, str], object]] = field(default_factory=lambda: [{}])
    done: int = 1
    began: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)

    def held(self, since: int) -> list[dict[tuple[Layer, str, str], object]]:
        """Return the rules that held at any moment from the time when `done` was `since`."""
        return self.books[since - 1 :]


class AuditedEngine(SteeredEngine):
    """The engine, which notes by which rules each image begins."""

    auditor: Auditor

    def draw(self, task: DrawTask, **options: Any) -> Any:
        self.auditor.began[task.job_id, task.request.seed] = (
            self.auditor.done,
            len(self.auditor.books),
        )
        return super().draw(task, **options)


# The rules as somebody reads them who does not know the program


def subjects(scene: Scene) -> Iterable[list[tuple[Layer, str]]]:
    yield [(Layer.MEMBER, str(scene.user_id))]
    yield [(Layer.ROLE, str(each)) for each in scene.role_ids]
    yield from ([(Layer.CHANNEL, str(each))] for each in scene.places)
    yield [(Layer.KIND, scene.kind.value)]
    yield [(Layer.SERVER, "")]


def said(book: dict[tuple[Layer, str, str], Any], scene: Scene, *names: str) -> Any:
    """Return what the innermost subject says; of several roles the mildest."""
    for equals in subjects(scene):
        found = [
            next(book[(*each, name)] for name in names if (*each, name) in book)
            for each in equals
            if any((*each, name) in book for name in names)
        ]
        if found:
            return max(found, key=_mildness)
    return None


def _mildness(value: Any) -> float:
    if value is None:
        return float("inf")
    if isinstance(value, tuple):
        return 0.0  # set for no role, so never several of them
    return float({"allow": 1, "deny": 0, "off": 1, "refuse": 0}.get(value, value))


def allows(book: dict[tuple[Layer, str, str], Any], scene: Scene, request: ImageRequest) -> bool:
    side, qualities = said(book, scene, "max_side"), said(book, scene, "qualities")
    unwanted = said(book, scene, "own_words") or ()
    has_word = any(each in request.prompt for each in unwanted)
    return (
        said(book, scene, "use.imagine", "use") != "deny"
        and (side is None or request.size.width <= side)
        and (qualities is None or request.quality.value in qualities)
        and not (has_word and said(book, scene, "words") == "refuse")
    )


@dataclass(kw_only=True)
class Crowd:
    """Members who ask, and a manager who changes the rules under them."""

    settings: Settings
    engine: AuditedEngine
    dice: random.Random
    auditor: Auditor
    roles: dict[int, frozenset[int]]
    seeds: int = 0
    marks: dict = field(default_factory=dict)
    taken: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def scene(self) -> Scene:
        user_id, places = self.dice.choice(list(self.roles)), self.dice.choice(PLACES)
        kind = ChannelKind.AGE_RESTRICTED if places[0] == ADULT else ChannelKind.NORMAL
        return Scene(guild_id=GUILD, user_id=user_id, role_ids=self.roles[user_id],
                     places=places, kind=kind)  # fmt: skip

    async def ask(self, service: Service) -> None:
        scene, since = self.scene(), self.auditor.done
        channel = scene.places[0]
        source = replace(
            origin(Place(guild_id=GUILD, channel_id=channel), Target(user=scene.user_id)),
            role_ids=scene.role_ids,
            places=scene.places,
            channel_kind=scene.kind,
        )
        viewer = Viewer(
            user_id=scene.user_id, guild_id=GUILD, channel_id=channel, places=scene.places,
            role_ids=scene.role_ids, kind=scene.kind, channels=frozenset({channel}),
        )  # fmt: skip
        requests = self.requests(service)
        try:
            await service.jobs.submit(requests, source, viewer=viewer, reply=Silent())
        except BotError as error:
            self.refused[type(error).__name__] += 1
            return
        self.taken += 1
        assert any(
            all(allows(book, scene, each) for each in requests) for book in self.auditor.held(since)
        ), (scene, requests)
        await self.check_quota(service, scene, since)
        if self.dice.random() < 0.05:
            waiting = [each.job for each in service.jobs.queue(viewer=viewer) if each.job]
            for job in waiting[:1]:
                await service.jobs.cancel(job.id, viewer=viewer)

    def requests(self, service: Service) -> list[ImageRequest]:
        choose, found = self.dice.choice, []
        typed = {"prompt": choose(PROMPTS), "quality": choose(QUALITIES)}
        side = choose(SIZES)
        for _ in range(self.dice.randint(1, 2)):
            self.seeds += 1
            size = f"{side}x{side}"
            found.append(
                ImageRequest.parse(rules=service.model_rules, size=size, seed=self.seeds, **typed)
            )
        return found

    async def check_quota(self, service: Service, scene: Scene, since: int) -> None:
        """After a job was taken its requester is within the mildest quota that held meanwhile."""
        who = Viewer(user_id=scene.user_id, guild_id=GUILD)
        state = await service.quotas.state(replace(scene), viewer=who)
        for name in ("quota_hour", "quota_day"):
            limits = [said(book, scene, name) for book in self.auditor.held(since)]
            if None not in limits:
                used = sum(each.cost for each in state.member.charges)
                assert used <= max(limits) * IMAGE or not state.member.limits, (name, used, limits)

    async def change(self, service: Service) -> None:
        """Set a rule and unset another, as the auditor writes down."""
        book = dict(self.auditor.books[-1])
        known = [each for each in book if each[2] in VALUES]
        removed = [self.dice.choice(known)] if len(book) >= MOST_RULES else []
        for key in removed:
            del book[key]
        layer, subject, name = self.key()
        value = rule_in(layer, name).read(self.dice.choice(VALUES[name]))
        book[layer, subject, name] = value
        self.auditor.books.append(book)
        try:
            await service.rules.change(
                [Entry(layer=layer, subject=subject, name=name, value=value)],
                [Entry(layer=a, subject=b, name=c, value=None) for a, b, c in removed],
                viewer=MANAGER,
            )
        except BaseException:
            # Nobody was told that it is so: it may be, or not.
            self.auditor.books.append(_book(service))
            raise
        finally:
            self.auditor.done = len(self.auditor.books)

    def key(self) -> tuple[Layer, str, str]:
        name = self.dice.choice(list(VALUES))
        subject = {
            Layer.MEMBER: str(self.dice.choice(list(self.roles))),
            Layer.ROLE: str(self.dice.choice(ROLES)),
            Layer.CHANNEL: str(self.dice.choice([id_ for each in PLACES for id_ in each])),
            Layer.KIND: self.dice.choice(list(ChannelKind)).value,
            Layer.SERVER: "",
        }
        layers = [each for each in subject if each is not Layer.ROLE or name not in BY_PLACE]
        layer = self.dice.choice(layers)
        return layer, subject[layer], name

    async def live(self, commands: int, *, dies: bool) -> None:
        """Let the bot run for so many commands, and stop in order or die in the midst of them."""
        async with contextlib.AsyncExitStack() as stack:
            engine = self.engine
            service = await stack.enter_async_context(open_service(self.settings, lambda: engine))
            known = _book(service)
            self.auditor.books.append(known)
            self.auditor.done = len(self.auditor.books)
            self.marks[self.auditor.done] = "start"
            await service.system.resume(lambda _: Silent())
            while commands > 0:
                engine.hold()  # so that most of them wait, while rules change
                asked = [self.ask(service) for _ in range(min(AT_ONCE, commands))]
                commands -= len(asked)
                tasks = [asyncio.ensure_future(each) for each in (*asked, self.change(service))]
                if dies and commands <= 0:
                    await asyncio.wait(tasks, timeout=self.dice.random() / 20)
                    engine.release()
                    await crash(service)
                    for each in tasks:
                        each.cancel()
                    ended = await asyncio.gather(*tasks, return_exceptions=True)
                    self.check([e for e in ended if isinstance(e, AssertionError)])
                    return
                await asyncio.gather(*tasks)
                for _ in range(5):
                    await self.change(service)
                engine.release()
                await service.idle()
            await self.audit(service)

    def check(self, failures: list[AssertionError]) -> None:
        for each in failures:
            raise each

    async def audit(self, service: Service) -> None:
        """Compare what was drawn with the rules that held when it began, and with the charges."""
        paid: defaultdict[int, int] = defaultdict(int)
        made = await _made(service)
        bad = False
        for job, request in made:
            since, until = self.auditor.began[job.id, request.seed]
            held = self.auditor.books[since - 1 : until]
            if not any(allows(book, job.origin.scene, request) for book in held):
                print(
                    "BAD",
                    job.id,
                    len(job.requests),
                    request.size,
                    request.quality,
                    request.prompt,
                    since,
                    until,
                    len(self.auditor.books),
                    [
                        allows(b, job.origin.scene, request)
                        for b in self.auditor.books[since - 8 : until + 4]
                    ],
                    job.attempts,
                    job.created_at,
                    self.marks.get(since),
                    job.state,
                )
                bad = True
            paid[job.origin.user_id] += cost_of(request, service.model_rules.default)
        assert not bad
        assert await _charged(service) == {id_: cost for id_, cost in paid.items() if cost}


def _book(service: Service) -> dict[tuple[Layer, str, str], object]:
    return {each.key: each.value for each in service.rules.entries(viewer=MANAGER)}


async def _made(service: Service) -> list[tuple[Job, ImageRequest]]:
    """Return every image that was drawn, with its job."""
    database = service._store.database
    rows = await database.rows("SELECT job_id, position FROM generations ORDER BY job_id")
    found = []
    for row in rows:
        job = await service._store.jobs.find(row["job_id"])
        assert job is not None
        found.append((job, job.requests[row["position"]]))
    return found


async def _charged(service: Service) -> dict[int, int]:
    rows = await service._store.database.rows(
        "SELECT user_id, SUM(cost) AS cost FROM charges GROUP BY user_id"
    )
    return {row["user_id"]: row["cost"] for row in rows}


@pytest.mark.parametrize(
    ("members", "commands", "deaths"),
    [(10, 120, 2), pytest.param(200, 3000, 10, marks=pytest.mark.nightly)],
)
async def test_nothing_is_drawn_against_a_rule_and_quotas_are_exact(
    settings: Settings, engine: SteeredEngine, members: int, commands: int, deaths: int
):
    dice, auditor = random.Random(18), Auditor()
    audited = AuditedEngine(engine._engine)
    audited.auditor = auditor
    crowd = Crowd(
        settings=settings.model_copy(update={"max_jobs": 5000, "max_jobs_per_user": 5000}),
        engine=audited,
        dice=dice,
        auditor=auditor,
        roles={
            each: frozenset(dice.sample(ROLES, dice.randint(0, 3)))
            for each in range(1, members + 1)
        },
    )
    await crowd_rules(crowd)
    for _ in range(deaths):
        await crowd.live(commands // (deaths + 1), dies=True)
    await crowd.live(commands // (deaths + 1), dies=False)
    assert crowd.taken > 0
    assert crowd.refused["RefusedHereError"] > 0
    if commands > 1000:
        assert crowd.refused["QuotaError"] > 0
        assert crowd.refused["UnwantedWordError"] > 0


async def crowd_rules(crowd: Crowd) -> None:
    """Begin with many rules."""
    async with open_service(crowd.settings, lambda: crowd.engine) as service:
        text = '[server]\nown_words = ["toad"]\nquota_day = 5'
        await service.rules.replace(text, viewer=MANAGER)
        crowd.auditor.books.append(_book(service))
        for _ in range(MOST_RULES):
            await crowd.change(service)
