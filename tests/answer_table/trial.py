"""One thing done while something fails, and what its user sees of that."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.answer_table.inventory import name_of
from tests.answer_table.scene import LOOK_S, PATIENCE_S, Act, Done, Scene
from tests.answer_table.troubles import Trouble
from tests.answer_table.verdict import Outcome
from tests.support.discord_server.world import Seen

STILL_S: Final = 0.3  # nothing changes for so long: it is over
NOBODY_S: Final = 8.0  # nothing is seen for so long: nothing will be
SAID_S: Final = 4.5  # what is not said of a deletion by then, never is
LONGEST_S: Final = 24.0
# Rows that tell what was done, and how often.
TABLES: Final = (
    "board_votes", "board_comments", "board_grants", "board_stars", "board_log", "pauses", "audit",
)  # fmt: skip
COUNTED: Final[Mapping[str, str]] = {
    **{table: f"SELECT count(*) FROM {table}" for table in TABLES},
    "decisions": "SELECT count(*) FROM audit WHERE decision IS NOT NULL",
    "boards": "SELECT count(*) FROM boards WHERE deleted_at IS NULL AND state = 'open'",
    "pictures": "SELECT count(*) FROM board_items WHERE removed_at IS NULL",
    "jobs": "SELECT count(*) FROM jobs WHERE state <> 'cancelled'",
    "images": "SELECT count(*) FROM generations WHERE deleted_at IS NULL",
}


async def outcome(scene: Scene, act: Act, trouble: Trouble | None) -> Outcome | None:
    """Do one thing under one trouble; None where it met no such request."""
    await scene.settled()
    do = await act.prepare(scene)
    before = Before.of(scene)
    done = await do()
    _check_name(scene, act)
    trial = Trial(scene=scene, act=act, done=done, before=before)
    try:
        if trouble is not None:
            await trial.strike(trouble)
        await trial.still(trial.is_over)
    finally:
        scene.server.faults.clear()
    return trial.outcome() if trouble is None or trial.is_struck else None


def _check_name(scene: Scene, act: Act) -> None:
    """Assert that what was sent is what the row is of."""
    name = name_of(scene.sent)
    if name.startswith("form "):
        form_id = name.rpartition(":")[2]
        [(kind,)] = scene.rows("SELECT kind FROM forms WHERE id = ?", form_id)
        name = f"form {kind}"
    assert name == act.of, f"{act.of} was to be done, and {name} is"


@dataclass(frozen=True, kw_only=True)
class Before:
    """How things were: the messages that were there, and how many rows."""

    ids: set[int]
    counts: Counter[str]

    @classmethod
    def of(cls, scene: Scene) -> Before:
        return cls(ids=_ids(scene), counts=_counts(scene))


@dataclass(kw_only=True)
class Trial:
    """One act, from the moment that it is done.

    Attributes:
        is_struck: Whether there was a request that failed.
        was_killed: Whether the bot was, and started again.

    """

    scene: Scene
    act: Act
    done: Done
    before: Before
    is_struck: bool = False
    was_killed: bool = False
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._looks = None if self.done.pressed is None else _looks(self.done.pressed)
        self._asked = self.done.asked._interaction

    async def strike(self, trouble: Trouble) -> None:
        """Let the interaction's next requests fail; nothing of it has reached the bot yet."""
        number, faults, bot = self._struck(), self.scene.server.faults, self.scene.bot
        for method, path in trouble.part.of(self._asked.token):
            faults.next(trouble.fault, method, path, times=trouble.times, retry_after_s=0.2)
        await self.still(lambda: self._struck() > number or self.is_over(), for_s=0.0)
        self.is_struck = self._struck() > number
        if self.is_struck and trouble.kills:
            await bot.kill()
            faults.clear()
            await bot.start()
            await bot.ready(jobs_taken_up=True)
            self.was_killed, self.began = True, time.monotonic()

    def _struck(self) -> int:
        return self.scene.server.journal.fault_counts.total()

    async def still(self, is_so: Callable[[], bool], *, for_s: float = STILL_S) -> None:
        """Wait until something is so, and nothing is asked of Discord for a moment."""
        requests = self.scene.server.journal.requests
        async with asyncio.timeout(PATIENCE_S):
            while True:
                number = len(requests)
                await self.scene.server.changes.within(LOOK_S)
                if is_so():
                    await asyncio.sleep(for_s)
                    if not for_s or (is_so() and len(requests) == number):
                        return

    def is_over(self) -> bool:
        """Tell whether nothing more will be seen."""
        age_s, found = time.monotonic() - self.began, self._seen()
        if age_s > LONGEST_S:
            return True
        if not found.number:
            is_known = self.was_killed or self._is_dropped() or (found.is_gone and age_s > SAID_S)
            return age_s > NOBODY_S or (is_known and self.scene.is_at_rest())
        if found.is_thinking or not self.scene.is_at_rest():
            return False
        has_images = any(each.images or "⚠️" in each.text for each in found.new)
        return has_images or not self.act.draws

    def _is_dropped(self) -> bool:
        line = f"Interaction {self._asked.id} is dropped"
        return any(line in each for each in self.scene.bot.lines[-50:])

    def outcome(self) -> Outcome:
        """Return what is seen now, and what was done."""
        now = _counts(self.scene)
        done = {name: now[name] - self.before.counts[name] for name in COUNTED}
        return replace(self._seen(), done=Counter(done))

    def _seen(self) -> Outcome:
        pressed, goes = self.done.pressed, self.done.goes
        shown = [] if pressed is None else _shown(self.scene, [pressed.id])
        assert pressed is None or shown, "what was pressed is gone"
        return Outcome(
            new=[
                each
                for each in _shown(self.scene, _ids(self.scene) - self.before.ids)
                if not (self.act.reposts and each.images)
            ],
            has_form=self._asked.modal is not None,
            changed=[each for each in shown if _looks(each) != self._looks],
            is_gone=None if goes is None else not _shown(self.scene, [goes.id]),
            is_thinking=self._asked.loading,
            is_taken=self._asked.responded,
            direct=self.scene.place.moderator.user.dm_channel.id,
        )


def _counts(scene: Scene) -> Counter[str]:
    return Counter({name: scene.rows(sql)[0][0] for name, sql in COUNTED.items()})


def _places(scene: Scene) -> list[int]:
    return [scene.place.channel.id, scene.wall.id, scene.place.moderator.user.dm_channel.id]


def _ids(scene: Scene) -> set[int]:
    messages = scene.server.backend.messages
    return {id_ for place in _places(scene) for id_ in messages.get(place, ())}


def _shown(scene: Scene, ids: Iterable[int]) -> list[Seen]:
    """Return those messages that are there, as far as their user sees them."""
    messages, who = scene.server.backend.messages, scene.place.moderator.id
    found = [
        messages[place][id_]
        for place in _places(scene)
        for id_ in ids
        if id_ in messages.get(place, ())
    ]
    return [Seen(scene.people.world, each) for each in found if each.visible_to(who)]


def _looks(message: Seen) -> Any:
    return (message.text, message.components, [each["id"] for each in message.attachments])
