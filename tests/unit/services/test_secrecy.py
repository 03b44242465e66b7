"""Nothing of what may not be seen leaks, whatever is asked: every public method, any viewer.

A server is built with things that a viewer may see, and everything is asked once. Then things come
that this viewer may not see, by what they are and not by what the program says of them: from hidden
channels, of other servers, of other people. Two things have to hold: what was asked before is
answered as before, and whatever is asked of the hidden things is answered as for things that do not
exist. Neither words, ids, seeds, names nor numbers of theirs are in any answer, and nothing of them
is changed.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain import scenes
from bot.domain.boards import Access, Grant, ItemStatus, SheetOrder, StarRule
from bot.domain.moderation import Decision
from bot.domain.requests import ImageRequest, Size
from bot.domain.rules import Entry
from bot.domain.search import Search
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.media.image_input import read_picture
from bot.services import Service, open_service
from bot.services.queue import EVERYWHERE
from bot.settings import PROJECT_DIR, Settings
from tests.support.boards_env import picture, pixels
from tests.support.discord_env import SteeredEngine
from tests.support.hidden_things import (
    Place,
    Silent,
    Target,
    keep_board,
    keep_entry,
    keep_image,
    keep_item,
    keep_job,
    keep_style,
    origin,
)

pytest_plugins = ["tests.support.bot_fixtures"]

GUILDS = itertools.count(1)
ME = 42


@dataclass(frozen=True, kw_only=True)
class Call:
    """Somebody who asks, and what they ask about."""

    s: Service
    v: Viewer
    t: Target
    image: io.BytesIO | None = None

    @property
    def sha(self) -> str:
        return read_picture(picture(self.t.seed)).pixel_sha256


Ask = Callable[[Call], Any]
ADD_TO = "a picture that is handed in"

# Each public method, called about a target. A new one fails `test_every_method_is_asked` until it
# stands here, or below with a reason.
QUESTIONS: dict[str, Ask] = {
    "images.find": lambda c: c.s.images.find(c.t.image, viewer=c.v),
    "images.find_all": lambda c: c.s.images.find_all([c.t.image], viewer=c.v),
    "images.show_again": lambda c: c.s.images.show_again([c.t.image], viewer=c.v),
    "images.find_deletable": lambda c: c.s.images.find_deletable([c.t.image], viewer=c.v),
    "images.history": lambda c: _histories(c),  # noqa: PLW0108 - it stands below
    "images.of_message": lambda c: c.s.images.of_message(c.t.message, viewer=c.v),
    "images.ancestry": lambda c: c.s.images.ancestry(c.t.image, viewer=c.v),
    "images.family": lambda c: c.s.images.family(c.t.image, viewer=c.v),
    "images.comparison": lambda c: c.s.images.comparison([c.t.image, c.t.image], viewer=c.v),
    "images.hidden_among": lambda c: c.s.images.hidden_among([c.t.image], viewer=c.v),
    "images.map_file": lambda c: c.s.images.map_file(c.t.image, viewer=c.v),
    "images.signed_recipe": lambda c: c.s.images.signed_recipe(c.t.image, viewer=c.v),
    "images.with_pixels": lambda c: c.s.images.with_pixels(c.sha, viewer=c.v),
    "images.made_here": lambda c: c.s.images.made_here(read_picture(picture(c.t.seed)), viewer=c.v),
    "images.lookalike": lambda c: c.s.images.lookalike(
        pixels(c.t.seed).resize((80, 80)), viewer=c.v
    ),
    "trash.entry_of": lambda c: c.s.trash.entry_of([c.t.image], viewer=c.v),
    "jobs.queue": lambda c: [each.job for each in c.s.jobs.queue(viewer=c.v) if each.job],
    "jobs.held": lambda c: c.s.jobs.held(viewer=c.v),
    "styles.book": lambda c: c.s.styles.book(viewer=c.v),
    "styles.own": lambda c: c.s.styles.own(viewer=c.v),
    "styles.find": lambda c: c.s.styles.find(c.t.style, viewer=c.v),
    "styles.to_change": lambda c: c.s.styles.to_change(c.t.style, viewer=c.v),
    "styles.may_make": lambda c: _now(lambda: c.s.styles.may_make(viewer=c.v)),
    "styles.check_may_make": lambda c: _now(lambda: c.s.styles.check_may_make(viewer=c.v)),
    "jobs.recent_sizes": lambda c: c.s.jobs.recent_sizes(viewer=c.v),
    "moderation.movable": lambda c: [each.job for each in c.s.moderation.movable(viewer=c.v)],
    "moderation.is_paused": lambda c: _now(lambda: c.s.moderation.is_paused(viewer=c.v)),
    "boards.boards": lambda c: c.s.boards.boards(viewer=c.v, with_archived=True, with_deleted=True),
    "boards.find": lambda c: c.s.boards.find(c.t.board, viewer=c.v),
    "boards.head": lambda c: c.s.boards.head(c.t.board, viewer=c.v),
    "boards.of_channel": lambda c: c.s.boards.of_channel(c.t.channel, viewer=c.v),
    "boards.defaults": lambda c: c.s.boards.defaults(c.t.channel, viewer=c.v),
    "boards.num_items": lambda c: c.s.boards.num_items(c.t.board, viewer=c.v),
    "boards.picture": lambda c: c.s.boards.picture(c.t.board, c.t.number, viewer=c.v),
    "boards.signed_recipe": lambda c: c.s.boards.signed_recipe(c.t.board, c.t.number, viewer=c.v),
    "boards.describable": lambda c: c.s.boards.describable(c.t.board, c.t.number, viewer=c.v),
    "boards.neighbours": lambda c: _each_order(
        lambda order: c.s.boards.neighbours(c.t.board, c.t.number, order, viewer=c.v)
    ),
    "boards.labels": lambda c: _each_order(
        lambda order: c.s.boards.labels(c.t.board, viewer=c.v, order=order)
    ),
    "boards.taken_off": lambda c: c.s.boards.taken_off(c.t.board, viewer=c.v),
    "boards.hangings": lambda c: c.s.boards.hangings(c.t.image, viewer=c.v),
    "boards.log": lambda c: c.s.boards.log(c.t.board, viewer=c.v, page_size=4),
    "boards.star_board": lambda c: c.s.boards.star_board(c.t.channel, viewer=c.v),
    "usage.usage": lambda c: c.s.usage.usage(viewer=c.v, days=30),
    "usage.table": lambda c: c.s.usage.table(viewer=c.v, days=30),
    "members.audit": lambda c: _audit(c),  # noqa: PLW0108 - it stands below
    "cases.find": lambda c: c.s.cases.find(c.t.entry, viewer=c.v),
    "cases.images": lambda c: c.s.cases.images(c.t.entry, viewer=c.v),
    "cases.open_for": lambda c: c.s.cases.open_for(c.t.entry, Decision.DELETED, viewer=c.v),
    "rules.entries": lambda c: _now(lambda: c.s.rules.entries(viewer=c.v)),
    "rules.explain": lambda c: _now(lambda: c.s.rules.explain(_scene(c), viewer=c.v)),
    "rules.of_subject": lambda c: _now(
        lambda: c.s.rules.of_subject((scenes.Layer.CHANNEL, str(c.t.channel)), viewer=c.v)
    ),
    "quotas.state": lambda c: c.s.quotas.state(_scene(c), viewer=c.v),
    "rules.last_change": lambda c: c.s.rules.last_change(viewer=c.v),
    "rules.changes": lambda c: c.s.rules.changes(viewer=c.v),
    "rules.to_file": lambda c: _now(lambda: c.s.rules.to_file(viewer=c.v)),
}
CHANGES: dict[str, Ask] = {
    "trash.bring_back": lambda c: c.s.trash.bring_back(c.t.image, viewer=c.v),
    "images.delete": lambda c: c.s.images.delete(c.t.image, viewer=c.v),
    "jobs.submit": lambda c: c.s.jobs.submit(
        [ImageRequest(prompt="x", seed=1, size=Size(width=96, height=96))],
        origin(
            Place(guild_id=c.v.guild_id, channel_id=c.v.channel_id or 0), Target(user=c.v.user_id)
        ),
        viewer=c.v,
        reply=Silent(),
        parents=[c.t.image],
    ),
    "jobs.cancel": lambda c: c.s.jobs.cancel(c.t.job, viewer=c.v),
    "moderation.move_to_front": lambda c: c.s.moderation.move_to_front(c.t.job, viewer=c.v),
    "moderation.clear": lambda c: c.s.moderation.clear(viewer=c.v, user_id=c.t.user),
    "moderation.pause": lambda c: c.s.moderation.pause(viewer=c.v),
    "moderation.resume": lambda c: c.s.moderation.resume(viewer=c.v),
    "members.delete_images": lambda c: c.s.members.delete_images(
        c.t.user, None, viewer=c.v, locale="en-US"
    ),
    "members.hide": lambda c: c.s.members.hide([c.t.image], viewer=c.v),
    "cases.decide": lambda c: c.s.cases.decide(c.t.entry, Decision.DELETED, viewer=c.v),
    "reports.report": lambda c: c.s.reports.report([c.t.image], "mine", viewer=c.v),
    "reports.appeal": lambda c: c.s.reports.appeal(c.t.entry, "mine", viewer=c.v),
    "rules.change": lambda c: c.s.rules.change([_ban(c)], viewer=c.v),
    "rules.replace": lambda c: c.s.rules.replace("[server]\nuse = 'deny'", viewer=c.v),
    "quotas.grant": lambda c: c.s.quotas.grant(c.t.user, 3, viewer=c.v),
    "rules.undo": lambda c: c.s.rules.undo(viewer=c.v),
    "styles.edit": lambda c: c.s.styles.edit(c.t.style, viewer=c.v, name="mine", after="x"),
    "styles.remove": lambda c: c.s.styles.remove(c.t.style, viewer=c.v),
    "boards.create": lambda c: c.s.boards.create(viewer=c.v, name="mine", channel_id=c.t.channel),
    "boards.edit": lambda c: c.s.boards.edit(c.t.board, viewer=c.v, theme="light", brief="x"),
    "boards.archive": lambda c: c.s.boards.archive(c.t.board, viewer=c.v),
    "boards.unarchive": lambda c: c.s.boards.unarchive(c.t.board, viewer=c.v),
    "boards.delete": lambda c: c.s.boards.delete(c.t.board, viewer=c.v),
    "boards.restore": lambda c: c.s.boards.restore(c.t.board, viewer=c.v),
    "boards.grant": lambda c: c.s.boards.grant(
        c.t.board, Grant(kind="member", subject_id=ME, access=Access.OWN), viewer=c.v
    ),
    "boards.revoke": lambda c: c.s.boards.revoke(
        c.t.board, viewer=c.v, kind="member", subject_id=ME
    ),
    "boards.add_generation": lambda c: c.s.boards.add_generation(c.t.board, c.t.image, viewer=c.v),
    "boards.add_upload": lambda c: c.s.boards.add_upload(
        c.t.board,
        picture(c.t.seed),
        viewer=c.v,
        author_id=ME,
        author_name="me",
        channel_id=None,
        is_spoiler=False,
    ),
    "boards.move": lambda c: c.s.boards.move(c.t.board, c.t.number, before=None, viewer=c.v),
    "boards.describe": lambda c: c.s.boards.describe(
        c.t.board, c.t.number, viewer=c.v, caption="mine", tags=["mine"]
    ),
    "boards.set_status": lambda c: c.s.boards.set_status(
        c.t.board, c.t.number, ItemStatus.APPROVED, viewer=c.v
    ),
    "boards.remove": lambda c: c.s.boards.remove(c.t.board, c.t.number, viewer=c.v),
    "boards.bring_back": lambda c: c.s.boards.bring_back(c.t.board, c.t.number, viewer=c.v),
    "boards.take_off_everywhere": lambda c: c.s.boards.take_off_everywhere(c.t.image, viewer=c.v),
    "boards.vote": lambda c: c.s.boards.vote(c.t.board, c.t.number, viewer=c.v),
    "boards.comment": lambda c: c.s.boards.comment(c.t.board, c.t.number, "mine", viewer=c.v),
    "boards.delete_comment": lambda c: c.s.boards.delete_comment(
        c.t.board, c.t.number, c.t.comment, viewer=c.v
    ),
    "boards.set_stars": lambda c: c.s.boards.set_stars(StarRule(board_id=c.t.board), viewer=c.v),
}
NOT_ASKED = {
    "rules.ban": "by the id of anybody: nothing of theirs is looked at",
    "rules.unban": "the same",
    **dict.fromkeys(
        ("privacy.overview", "privacy.data", "privacy.erase"),
        "one's own, wherever it is: `test_privacy.py` shows that nothing of others is in it",
    ),
    "jobs.check": "what the rules say of requests that the viewer brings along",
    "jobs.refusals": "the same",
    "members.ban": "the same",
    "members.unban": "the same",
    "members.warn": "the same",
    "reports.check_read": "whether the viewer's own guild has a log channel",
    "styles.may_change": "of a style in hand",
    "styles.create": "something new; of what is there, it tells the names of this server's styles",
    "boards.space": "bytes of all boards of the server, which are its limit: everybody meets it",
}
WITHOUT_VIEWER = {
    "system": "the bot's own: `test_only_the_bots_own_work_asks_without_a_viewer` says who uses it",
    "forms": "by the id of a form and of the user who opened it",
    "hints": "by the user who gets them",
    "takeovers": "by an id that only stands in a private answer to who handed the file in",
    "stop": "the process",
    "idle": "the process",
    "lost": "the process",
    "load_failure": "the process",
    "temporary": "the process",
    "looking": "the process",
    "model_rules": "the model",
    "loras": "the operator's files, which everybody may know of",
    "policy": "what the rules say of whoever it is asked about: refusals, and no names in them",
    "usage.count_refusal": "a number, when the policy refuses something",
    "rules.open": "the process",
    "rules.on_change": "the process",
    "rules.book": "of the policy",
    "rules.decide": "of the policy",
    "rules.value": "of the policy",
    "rules.of_server": "of the policy",
    "rules.any_has": "of the policy",
    "model_id": "the model",
    "boards.space_bytes": "a setting",
    "boards.exporting": "a lock",
    "boards.pictures": "small copies of pictures that whoever asks has in hand",
}
OF_THE_BOARD = {  # of a hidden picture on a board that is seen, these are about the board
    "boards.edit", "boards.archive", "boards.unarchive", "boards.delete", "boards.restore",
    "boards.grant", "boards.revoke", "boards.set_stars",
    "boards.add_upload",  # that the very pixels of a hidden picture hang there already, is told
}  # fmt: skip
PARTS = (
    "jobs", "images", "boards", "moderation", "members", "cases", "reports", "rules", "quotas",
    "usage", "privacy", "trash", "styles",
)  # fmt: skip


def _scene(c: Call) -> scenes.Scene:
    return scenes.Scene(guild_id=c.v.guild_id, user_id=c.t.user, places=(c.t.channel,))


def _ban(c: Call) -> Entry:
    return Entry(layer=scenes.Layer.CHANNEL, subject=str(c.t.channel), name="use", value="deny")


async def _now(ask: Callable[[], Any]) -> Any:
    return ask()


async def _histories(c: Call) -> list[object]:
    wishes = (
        None, Search(words=c.t.words), Search(seed=c.t.seed), Search(user_id=c.t.user),
    )  # fmt: skip
    return [await c.s.images.history(viewer=c.v, search=wish, page_size=3) for wish in wishes]


async def _audit(c: Call) -> list[object]:
    users = (None, c.t.user)
    return [await c.s.members.audit(viewer=c.v, user_id=each, page_size=3) for each in users]


async def _each_order(ask: Callable[[SheetOrder], Awaitable[object]]) -> list[object]:
    return [await ask(order) for order in SheetOrder]


def public(thing: object) -> set[str]:
    """Return the names of everything that can be used of an object."""
    names = {name for name in dir(thing) if not name.startswith("_")}
    return names | {name for name in vars(thing) if not name.startswith("_")}


async def test_every_method_is_asked(service: Service):
    asked = {*QUESTIONS, *CHANGES, *NOT_ASKED, *WITHOUT_VIEWER}
    there = public(service) - set(PARTS)
    for part in PARTS:
        there |= {f"{part}.{name}" for name in public(getattr(service, part))}
    assert there - asked == set(), "ask these in QUESTIONS or CHANGES, or say why not"
    assert asked - there == set(), "these are no more"


async def test_every_method_says_who_asks(service: Service):
    for name in {*QUESTIONS, *CHANGES, *NOT_ASKED}:
        part, method = name.split(".")
        parameters = inspect.signature(getattr(getattr(service, part), method)).parameters
        viewer = parameters.get("viewer")
        assert viewer is not None, name
        assert viewer.kind is inspect.Parameter.KEYWORD_ONLY, name
        assert viewer.default is inspect.Parameter.empty, name
        assert viewer.annotation == "Viewer", f"{name}: nobody sees everything"


USES_THE_SYSTEM = {
    "bot/discord_ui/boards/pinned.py", "bot/discord_ui/boards/pinned_messages.py",
    "cogs/boards/events.py",  # messages of boards
    "cogs/boards/stars.py",  # whether stars do anything at all, before anything is looked up
    "bot/discord_ui/buttons.py", "bot/discord_ui/deletions.py",  # deletions, once they may be
    "bot/discord_ui/client.py", "bot/discord_ui/deferrals.py", "bot/discord_ui/drafts.py",
    "bot/discord_ui/file_answers.py",
    "bot/discord_ui/interruptions.py",  # restarts
    "bot/discord_ui/guilds.py",  # of which servers the bot is a member
    "bot/discord_ui/places.py", "bot/discord_ui/viewers.py",  # which channels there are
    "bot/discord_ui/posts.py", "bot/discord_ui/replies.py", "bot/discord_ui/pixel_verdict.py",
    "bot/discord_ui/moderation/writer.py", "cogs/moderation.py",  # what is carried out of decisions
    "bot/playground/run.py",  # what its forgetful Discord no longer shows
    "cogs/gallery.py",  # which messages show what, and the playground's first images
}  # fmt: skip


def test_only_the_bots_own_work_asks_without_a_viewer():
    found = {
        str(path.relative_to(PROJECT_DIR))
        for folder in ("bot", "cogs")
        for path in (PROJECT_DIR / folder).rglob("*.py")
        if re.search(r"service\.system\b", path.read_text(encoding="utf-8"))
    }
    assert found == USES_THE_SYSTEM


RIGHTS = r"permissions_for|guild_permissions|\.permissions\.|manage_messages|\bis_moderator\b"
READS_RIGHTS = {
    "bot/domain/viewers.py", "bot/domain/boards/policies.py",  # what a right allows
    "bot/storage/generations.py",  # the same as a condition of SQL
    "bot/discord_ui/viewers.py", "bot/discord_ui/places.py",
    "bot/discord_ui/channel_rules.py",  # what Discord says of them
    "bot/discord_ui/boards/people.py",  # what the bot itself may do
    "bot/playground/world.py",  # gives them
    "cogs/jobs.py", "cogs/moderation.py",  # tell Discord to whom the command is shown at first
}  # fmt: skip


def test_rights_are_read_at_one_place_and_decided_at_another():
    found = {
        str(path.relative_to(PROJECT_DIR))
        for folder in ("bot", "cogs")
        for path in (PROJECT_DIR / folder).rglob("*.py")
        if re.search(RIGHTS, path.read_text(encoding="utf-8"))
    }
    assert found == READS_RIGHTS


@pytest.fixture
async def service(settings: Settings, engine: SteeredEngine) -> AsyncIterator[Service]:
    async with open_service(settings, lambda: engine) as service:
        service._queue.pause(EVERYWHERE)  # jobs wait
        yield service


@dataclass(frozen=True, kw_only=True)
class World:
    """Who asks, from where, and what there is that they may not see."""

    asks: str  # "server", "elsewhere" (another server), "direct" messages
    is_moderator: bool
    moderates_hidden: bool
    access: Access  # on the board that they may see
    order: SheetOrder
    channels: frozenset[str]  # kinds of channels that hide their things
    boards: frozenset[str]  # why boards are hidden
    is_named: bool  # on the hidden boards


CHANNELS = ("hidden", "thread", "age-restricted", "gone", "another server's", "direct")
BOARDS = ("for nobody", "of a hidden channel", "of another server", "deleted")

worlds = st.builds(
    World,
    asks=st.sampled_from(["server", "server", "server", "elsewhere", "direct"]),
    is_moderator=st.booleans(),
    moderates_hidden=st.booleans(),
    access=st.sampled_from([Access.LOOK, Access.ADD, Access.CURATE, Access.OWN]),
    order=st.sampled_from(list(SheetOrder)),
    channels=st.frozensets(st.sampled_from(CHANNELS), min_size=1, max_size=3),
    boards=st.frozensets(st.sampled_from(BOARDS), min_size=1, max_size=2),
    is_named=st.booleans(),
)
THOROUGH = settings(
    max_examples=150, derandomize=True, database=None, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


class Scene:
    """A server with what a viewer may see, and then with what they may not."""

    def __init__(self, service: Service, world: World) -> None:
        self.service = service
        self.store = service._store
        self.world = world
        self.guild, self.other = next(GUILDS), next(GUILDS)
        base = self.guild * 1000
        names = ("open", "spoiler", "hidden", "thread", "age-restricted", "gone")
        self.channels = {name: base + i for i, name in enumerate(names)}
        self.viewer = self._viewer()

    def _viewer(self) -> Viewer:
        at, world = self.channels, self.world
        if world.asks == "direct":
            return Viewer(user_id=ME, user_name="me", channel_id=999, is_alone=True)
        hidden = {at["hidden"], at["thread"], at["age-restricted"]}
        there = Viewer(
            user_id=ME, user_name="me", guild_id=self.guild, channel_id=at["open"],
            role_ids=frozenset({5}), channels=frozenset({at["open"], at["spoiler"]}),
            gone=frozenset({at["gone"]}), hidden=frozenset(hidden),
            shared=frozenset({at["open"]}), veiled=frozenset({at["spoiler"]}),
            is_moderator=world.is_moderator,
            moderated=frozenset(hidden) if world.moderates_hidden else frozenset(),
        )  # fmt: skip
        if world.asks == "elsewhere":
            return replace(there, guild_id=self.other)
        return there

    async def show(self) -> Target:
        """Make what may be seen, and return it."""
        seen = Target()
        if self.world.asks != "server":
            home = None if self.world.asks == "direct" else self.other
            place = Place(guild_id=home, channel_id=self.channels["open"])
            seen = replace(seen, user=ME)
        else:
            place = Place(guild_id=self.guild, channel_id=self.channels["open"])
        await keep_image(self.store, place, seen)
        if place.guild_id is None:
            return seen
        seen = await keep_board(
            self.service, seen, place.guild_id, everyone=self.world.access, order=self.world.order
        )
        for image in (seen.image, Target().image):
            new = replace(Target(), board=seen.board, image=image)
            seen = replace(seen, number=new.number)
            kept = await keep_item(self.store, new, channel_id=None)
            seen = replace(seen, comment=kept.comment)
        return seen

    async def hide(self, seen: Target) -> list[tuple[Target, Target]]:
        """Make what may not be seen; return each with one that does not exist."""
        found = []
        for kind in sorted(self.world.channels):
            place = self._place(kind)
            if place is not None:
                found += await self._hide_in(place, seen)
        if "another server's" in self.world.channels:
            found.append((await keep_style(self.store, Target(), next(GUILDS)), Target()))
        for why in sorted(self.world.boards):
            found += await self._hide_board(why)
        return found

    def _place(self, kind: str) -> Place | None:
        """Return where something is made that the viewer may not see; None where they may."""
        match kind:
            case "another server's":
                return Place(guild_id=next(GUILDS), channel_id=self.channels["open"])
            case "direct":
                return Place(guild_id=None, channel_id=998)
            case "gone" if self.world.asks == "server" and self.world.is_moderator:
                return None
        return Place(guild_id=self.guild, channel_id=self.channels[kind])

    async def _hide_in(self, place: Place, seen: Target) -> list[tuple[Target, Target]]:
        image, job, none = Target(), Target(), Target()
        if place.guild_id is not None and not (self._moderates(place.guild_id)):
            image = replace(image, entry=(await keep_entry(self.store, place, image)).id)
        if place.guild_id == self.guild:
            image = replace(image, channel=place.channel_id)
        comes_from = seen.image if place.guild_id == self.guild else None
        await keep_image(self.store, place, image, parent_id=comes_from)
        job = replace(job, job=await keep_job(self.service, place, job))
        pairs = [(image, replace(none, channel=image.channel)), (job, Target())]
        is_on_board = place.guild_id == self.guild and self.world.asks == "server"
        if not is_on_board or (place.channel_id == self.channels["gone"] and self._owns()):
            return pairs
        for image, is_off in ((None, True), (seen.image, False)):  # the latter's image is seen
            item, at = replace(Target(), board=seen.board), place.channel_id
            item = await keep_item(self.store, item, channel_id=at, image=image, is_off=is_off)
            pairs.append((item, replace(Target(), board=seen.board, seed=item.seed)))
        return pairs

    def _moderates(self, guild_id: int) -> bool:
        return self.world.is_moderator and guild_id == self.viewer.guild_id

    def _owns(self) -> bool:
        return self.world.is_moderator or self.world.access is Access.OWN

    async def _hide_board(self, why: str) -> list[tuple[Target, Target]]:
        guild, columns, target = self.guild, {"everyone": Access.OWN}, Target()
        if why in {"for nobody", "deleted"} and self._owns_all():
            return []
        if why == "for nobody":
            columns["everyone"] = Access.NONE
        elif why == "of a hidden channel":
            target = replace(target, channel=self.channels["hidden"])
            columns["channel_id"] = target.channel
        elif why == "of another server":
            guild = next(GUILDS)
        is_mine = self.world.is_named and why in {"of a hidden channel", "of another server"}
        target = await keep_board(
            self.service, target, guild, owner=ME if is_mine else None, **columns
        )
        target = await keep_item(self.store, target, channel_id=None)
        if why == "deleted":
            maker = Viewer(user_id=target.user, user_name=target.words, guild_id=guild)
            await self.service.boards.edit(target.board, viewer=maker, everyone=Access.CURATE)
            await self.service.boards.delete(target.board, viewer=maker)
        return [(target, replace(Target(), seed=target.seed, channel=target.channel))]

    def _owns_all(self) -> bool:
        return self.world.asks == "server" and self.world.is_moderator

    async def kept(self, hidden: Collection[Target]) -> dict[str, Any]:
        """Return all that is kept of hidden things."""
        ids = ", ".join(f"'{each.image}'" for each in hidden)
        jobs = ", ".join(f"'{each.job}'" for each in hidden)
        numbers = ", ".join(str(each.number) for each in hidden)
        words = " OR ".join(f"name = '{each.words}'" for each in hidden) or "0"
        among = f"(SELECT id FROM boards WHERE {words})"
        queries = {
            "images": f"SELECT id, deleted_at FROM generations WHERE id IN ({ids})",
            "jobs": f"SELECT id, state, ended_by, moved_at FROM jobs WHERE id IN ({jobs})",
            "boards": f"SELECT * FROM boards WHERE {words}",
            "grants": f"SELECT * FROM board_grants WHERE board_id IN {among}",
            "items": f"SELECT * FROM board_items WHERE number IN ({numbers})",
            "styles": "SELECT * FROM styles ORDER BY id",
            "votes": "SELECT count(*) FROM board_votes",
            "comments": "SELECT count(*) FROM board_comments",
        }
        rows = {key: await self.store.database.rows(sql) for key, sql in queries.items()}
        return {key: [dict(row) for row in found] for key, found in rows.items()}


async def answer(name: str, call: Call) -> str:
    """Return what is answered, or the sentence that it is refused with, without its names."""
    try:
        said = {**QUESTIONS, **CHANGES}[name](call)
        said = repr(await said if inspect.isawaitable(said) else said)
    except BotError as error:
        said = f"{type(error).__name__}: {error.message}"
    return said


def lasting(said: str) -> str:
    """Return an answer without times and places in memory, and how often a board was changed."""
    return re.sub(r"revision=\d+|datetime\.datetime\([^)]*\)| at 0x[0-9a-f]+", "", said)


async def check(service: Service, world: World) -> None:
    scene = Scene(service, world)
    viewer = scene.viewer
    seen = await scene.show()
    before = {
        name: lasting(await answer(name, Call(s=service, v=viewer, t=seen))) for name in QUESTIONS
    }
    pairs = await scene.hide(seen)
    hidden = [target for target, _ in pairs]
    kept = await scene.kept(hidden)
    for name, said in before.items():
        after = lasting(await answer(name, Call(s=service, v=viewer, t=seen)))
        if name == "boards.num_items":  # its owner is told of hidden ones, too
            continue
        assert after == said, f"{name} tells of what is hidden"
    for target, none in pairs:
        for name in (*QUESTIONS, *CHANGES):
            if name == "boards.take_off_everywhere" and viewer.is_moderator:
                continue  # moderators take images off wherever they hang; they are not told where
            if name in OF_THE_BOARD and target.board == seen.board:
                continue
            real = await answer(name, Call(s=service, v=viewer, t=target))
            unreal = await answer(name, Call(s=service, v=viewer, t=none))
            leaked = [each.words for each in hidden if each.words in real]
            assert not leaked, f"{name} tells of what is hidden: {real}"
            named, nobody = target.without_names(real), none.without_names(unreal)
            assert lasting(named) == lasting(nobody), f"{name} tells that it is there"
        assert changed(await scene.kept(hidden), kept) == [], "something hidden was changed"
    await drain(service)


def changed(after: dict[str, Any], before: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    """Return table, column, and both values of all that is not as it was."""
    return [
        (table, column, old[column], new[column])
        for table, rows in before.items()
        for old, new in zip(rows, after[table], strict=True)
        for column in old
        if old[column] != new[column]
    ]


async def drain(service: Service) -> None:
    for active in list(service._active_jobs):
        place = active.job.origin
        owner = Viewer(user_id=place.user_id, guild_id=place.guild_id)
        with contextlib.suppress(BotError):
            await service.jobs.cancel(active.job.id, viewer=owner)
    await service.idle()


SAMPLES = [
    World(asks="server", is_moderator=False, moderates_hidden=True, access=Access.CURATE,
          order=SheetOrder.VOTES, channels=frozenset({"hidden", "gone", "direct"}),
          boards=frozenset({"for nobody", "of a hidden channel"}), is_named=True),
    World(asks="server", is_moderator=True, moderates_hidden=False, access=Access.LOOK,
          order=SheetOrder.CHOSEN, channels=frozenset({"age-restricted", "another server's"}),
          boards=frozenset({"of a hidden channel", "of another server"}), is_named=True),
]  # fmt: skip


@pytest.mark.parametrize("world", SAMPLES, ids=["member", "moderator"])
async def test_what_may_not_be_seen_does_not_exist(service: Service, world: World):
    await check(service, world)


@pytest.mark.nightly
@THOROUGH
@given(world=worlds)
async def test_what_may_not_be_seen_does_not_exist_at_length(service: Service, world: World):
    await check(service, world)
