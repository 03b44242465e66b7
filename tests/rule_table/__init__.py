"""What rules refuse: every command, button, select, menu and form, with the rule in each layer.

The real bot as a process of its own, and somebody who may not; `tests.wire.test_rules` says what
has to come out.

python -m tests.rule_table [docs/rules.md [ACT…]]
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bot.discord_ui import interaction_kinds
from bot.domain.rules import ACTIONS
from bot.domain.scenes import Layer
from tests.answer_table.rows import ACTS
from tests.answer_table.scene import LOOK_S, PATIENCE_S, Act, Done, Scene, scene

__all__ = ["ACTS", "LAYERS", "RULES", "Table", "action_of", "fill", "refusals_of", "scene"]

LAYERS: Final = tuple(each.value for each in Layer if each is not Layer.OPERATOR)
REFUSED: Final = "refused"
ALWAYS: Final = "never refused"
SAID: Final = r"(The rules of this server do not let|A moderator of this server has stopped) you .*"
FORM_ACTIONS: Final = {
    "imagine": "imagine",
    "edit": "redraw",
    "rules": None,
    "source": "redraw",
    "vary": "redraw",
    "upscale": "redraw",
    "style": "style",
    **dict.fromkeys(("warned", "banned", "appeal", "report")),
}  # others: a board's
# What is written down of what people do.
TABLES: Final = (
    "jobs", "requests", "generations", "charges", "grants", "boards", "board_grants",
    "board_items", "board_votes", "board_comments", "board_log", "board_stars", "deletions",
    "pauses", "takeovers", "copies", "styles",
)  # fmt: skip

INTRODUCTION: Final = """# What a server's rules refuse

Every command, button, select, menu and form, tried by somebody who may not, with the rule set in
each layer: for the member, for a role of theirs, for the channel, for its kind, for the whole
server. It is the real bot over real sockets (`python -m tests.rule_table`).

*refused*: there is one answer, which only they see, with the sentence of the rule and nothing else;
nothing was drawn, posted, written down or counted. *never refused*: whoever may draw no more can
still cancel and delete what is theirs, look at their quota, and read the help; moderators and
managers keep their tools. What drawing is also refused for stands in rows of its own.
"""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A rule that refuses, and what is said then; `beside` holds for the whole server."""

    line: str
    sentence: str
    beside: str = ""


RULES: Final[Mapping[str, Refusal]] = {
    "use": Refusal(line='use = "deny"', sentence=SAID),
    "qualities": Refusal(
        line='qualities = ["final"]', sentence=r"The quality '\w+' is not allowed here: use final."
    ),
    "words": Refusal(
        line='words = "refuse"',
        sentence=r"The prompt has a word that is not wanted here \('(apple|bowl)'\): leave it out.",
        beside='own_words = ["apple", "bowl"]',
    ),
    "quota_day": Refusal(
        line="quota_day = 0", sentence="No images are drawn here: the rule quota_day is 0."
    ),
    "slow_mode": Refusal(
        line="slow_mode = 21600",
        sentence=r"This channel is in slow mode: you can ask again <t:\d+:R>.",
    ),
}


def action_of(act: Act) -> str | None:
    """Return which of the actions that rules can refuse an act is; None for no such one."""
    kind, _, name = act.of.partition(" ")
    if kind == "form":
        return FORM_ACTIONS.get(name, "board")
    if kind == "menu":
        return interaction_kinds._MENUS.get(name)
    if kind in {"button", "select"}:
        return interaction_kinds._COMPONENTS.get(name.partition(":")[0])
    command = kind.removeprefix("/")
    command = interaction_kinds._COMMANDS.get(command, command)
    return command if command in ACTIONS else None


def refusals_of(act: Act) -> list[str]:
    """Return the rules that an act is refused for."""
    if action_of(act) is None:
        return []
    return list(RULES) if act.draws else ["use"]


@dataclass(kw_only=True)
class Table:
    """What came out: a cell by act, rule and layer."""

    cells: dict[tuple[str, str, str], str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Table:
        """Return the table of a page."""
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows = [re.split(r" ?\| ?", each)[1:-1] for each in lines if each.startswith("|")][2:]
        return cls(
            cells={
                (act, rule, layer): cell
                for act, rule, *cells in rows
                for layer, cell in zip(LAYERS, cells, strict=True)
            }
        )

    @property
    def bad(self) -> dict[tuple[str, str, str], str]:
        return {key: cell for key, cell in self.cells.items() if cell not in {REFUSED, ALWAYS}}

    def page(self) -> str:
        head = ["| | rule | " + " | ".join(LAYERS) + " |", "|---" * (len(LAYERS) + 2) + "|"]
        done = list(dict.fromkeys((act, rule) for act, rule, _ in self.cells))
        done.sort(key=lambda each: list(ACTS).index(each[0]))
        rows = [
            f"| {act} | {rule} | "
            + " | ".join(self.cells.get((act, rule, layer), "") for layer in LAYERS)
            + " |"
            for act, rule in done
        ]
        return "\n".join([INTRODUCTION, *head, *rows, ""])


async def fill(
    found: Scene, table: Table, name: str, wanted: Iterable[tuple[str, str]] | None = None
) -> None:
    """Do one thing with each rule in each layer, or with those that are wanted."""
    act = ACTS[name]
    if not refusals_of(act):
        table.cells |= {(name, "use", layer): ALWAYS for layer in LAYERS}
        return
    do = None
    every = [(rule, layer) for rule in refusals_of(act) for layer in LAYERS]
    for rule, layer in every if wanted is None else wanted:
        if do is None or act.of.startswith("form "):  # a form is sent once
            await _set(found, "")
            do = await act.prepare(found)
        table.cells[name, rule, layer] = await _cell(found, do, RULES[rule], layer)
    await _set(found, "")


async def _cell(
    found: Scene, do: Callable[[], Awaitable[Done]], refusal: Refusal, layer: str
) -> str:
    await _set(found, _document(found, refusal, layer))
    await _rest(found)
    before = _state(found)
    done = await do()
    seen = await found.answered(done.asked)
    await _rest(found)
    if seen is None:
        return "a form is opened"
    if not seen.ephemeral:
        return "everybody sees it"
    if len(found.people.followups(done.asked)) > 1:
        return "more than one answer"
    if not re.fullmatch(refusal.sentence, seen.text.strip()):
        return f"says: {seen.text.strip()[:80]}"
    return REFUSED if _state(found) == before else "something was done"


def _state(found: Scene) -> list[Any]:
    """Return all that is written down, and all that everybody sees."""
    rows: list[Any] = [sorted(map(repr, found.rows(f"SELECT * FROM {each}"))) for each in TABLES]
    for channel in (found.place.channel, found.wall):
        shown = found.people.messages(channel, viewer=found.place.ada)
        rows.append([(each.id, each.text, repr(each.attachments)) for each in shown])
    return rows


def _document(found: Scene, refusal: Refusal, layer: str) -> str:
    who = found.place.moderator
    member = found.server.backend.get_member(found.place.guild.id, who.id)
    headings = {
        "member": [f"member.{who.id}"],
        "role": [f"role.{each}" for each in member.role_ids],
        "channel": [f"channel.{found.place.channel.id}", f"channel.{found.wall.id}"],
        "kind": ["kind.normal"],
        "server": ["server"],
    }
    tables = {heading: [refusal.line] for heading in headings[layer]}
    tables.setdefault("server", []).append(refusal.beside)
    return "\n".join("\n".join([f"[{name}]", *lines]) for name, lines in tables.items())


async def _set(found: Scene, rules: str) -> None:
    told = await found.answer("settings import", file=("rules.toml", rules.encode()))
    assert "The rules are now" in told.text or "nothing was changed" in told.text, told.text


async def _rest(found: Scene) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not found.is_at_rest():
            await found.server.changes.within(LOOK_S)


async def fill_all(table: Table, acts: Iterable[str], *, after: Callable[[str], None]) -> None:
    """Do everything."""
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder)) as found:
            for act in acts:
                await fill(found, table, act)
                after(act)
