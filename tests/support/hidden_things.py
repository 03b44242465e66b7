"""Images, jobs and boards with words that nobody may read who may not see them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.domain.boards import Item, ItemSource, ItemStatus, Swatch
from bot.domain.drawing import RawImage
from bot.domain.jobs import Generation, Job, JobSource, new_id, now
from bot.domain.moderation import Act, AuditEntry
from bot.domain.recipe import build_recipe, canonical
from bot.domain.requests import ImageRequest, Size
from bot.domain.styles import ServerStyle, Style
from bot.domain.viewers import Viewer
from bot.media.encoding import encode_png
from bot.media.fingerprint import fingerprint
from bot.media.palettes import merged
from bot.media.picture_files import write_once
from bot.services import Service
from bot.storage import Store
from tests.support.boards_env import CONDITIONS, pixels
from tests.support.viewers import viewer_at

_NUMBERS = itertools.count(1)
HIDDEN_NUMBER = 8_000_000  # of pictures on boards: no other number in an answer looks like it


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a call is about; what is not said is of nothing that exists.

    Attributes:
        words: That stand in everything that it says of itself.

    """

    image: str = field(default_factory=new_id)
    job: str = field(default_factory=new_id)
    board: str = field(default_factory=new_id)
    style: str = field(default_factory=new_id)
    number: int = field(default_factory=lambda: HIDDEN_NUMBER + next(_NUMBERS))
    comment: int = field(default_factory=lambda: 7_000_000 + next(_NUMBERS))
    entry: int = field(default_factory=lambda: 9_000_000 + next(_NUMBERS))
    channel: int = field(default_factory=lambda: 6_000_000 + next(_NUMBERS))
    message: int = field(default_factory=lambda: 5_000_000 + next(_NUMBERS))
    seed: int = field(default_factory=lambda: 40_000_000 + next(_NUMBERS))
    user: int = field(default_factory=lambda: 3_000_000 + next(_NUMBERS))
    words: str = field(default_factory=lambda: f"secret{next(_NUMBERS)}x")

    def names(self) -> Iterator[tuple[str, str]]:
        """Return what it is called by, and what stands for that in an answer that is compared."""
        for name in self.__dataclass_fields__:
            yield str(getattr(self, name)), f"<{name}>"

    def without_names(self, answer: str) -> str:
        """Return an answer in which this target looks like any other one."""
        for name, sign in self.names():
            if len(name) > 5:  # the id of a comment that is there is a small number
                answer = answer.replace(name, sign)
        return answer


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something is made."""

    guild_id: int | None
    channel_id: int


def origin(place: Place, target: Target) -> JobSource:
    return JobSource(
        guild_id=place.guild_id, channel_id=place.channel_id, user_id=target.user,
        user_name=target.words, locale="en-US", application_id=3, token=None, expires_at=now(),
    )  # fmt: skip


def request(target: Target) -> ImageRequest:
    return ImageRequest(prompt=target.words, seed=target.seed, size=Size(width=96, height=96))


async def keep_image(
    store: Store, place: Place, target: Target, *, parent_id: str | None = None, **job: Any
) -> Generation:
    """Keep an image as the bot does: its file, then its rows."""
    wish, image = request(target), pixels(target.seed)
    raw = RawImage(width=96, height=96, pixels=image.tobytes())
    recipe = build_recipe(wish, CONDITIONS, raw.pixel_sha256)
    made_by = Job(
        id=new_id(), requests=(wish,), relation="edit" if parent_id else "imagine",
        spoiler=False, created_at=now(), origin=origin(place, target),
        message_id=target.message, parents=(parent_id,) if parent_id else (),
    )  # fmt: skip
    made_by = replace(made_by, **job)
    made = Generation(
        id=target.image, job_id=made_by.id, index=0, request=wish, parent_id=parent_id,
        path=store.image_path(raw.pixel_sha256), pixel_sha256=raw.pixel_sha256,
        conditions=CONDITIONS, durations_s={}, user_id=target.user, guild_id=place.guild_id,
        channel_id=place.channel_id, created_at=now(), relation=made_by.relation,
        recipe_text=canonical(recipe), likeness=fingerprint(image),
    )  # fmt: skip
    write_once(made.path, encode_png(raw, recipe=recipe))
    await store.jobs.add(made_by)
    await store.jobs.set_message(made_by.id, place.channel_id, target.message)
    await store.generations.add(made_by, [made])
    return made


async def keep_entry(store: Store, place: Place, target: Target) -> AuditEntry:
    """Keep what somebody reported of an image."""
    assert place.guild_id is not None
    return await store.audit.add(
        AuditEntry(
            guild_id=place.guild_id,
            act=Act.REPORT,
            created_at=now(),
            by_id=target.user,
            by_name=target.words,
            user_id=target.user,
            user_name=target.words,
            channel_id=place.channel_id,
            image_ids=(target.image,),
            words=target.words,
            why=target.words,
        )
    )


async def keep_board(
    service: Service, target: Target, guild_id: int, *, owner: int | None = None, **columns: Any
) -> Target:
    """Keep a board that says its words everywhere; return the target with its id."""
    channel_id = columns.get("channel_id")
    channels = frozenset() if channel_id is None else frozenset({channel_id})
    maker = Viewer(
        user_id=owner or target.user, user_name=target.words, guild_id=guild_id, channels=channels
    )
    made = await service.boards.create(
        viewer=maker, name=target.words, brief=target.words, style=target.words, **columns
    )
    return replace(target, board=made.id)


async def keep_style(store: Store, target: Target, guild_id: int) -> Target:
    """Keep a style that says its words everywhere."""
    style = Style(name=target.words, before=target.words, after=target.words)
    await store.styles.add(
        ServerStyle(
            id=target.style, guild_id=guild_id, style=style, author_id=target.user,
            author_name=target.words, created_at=now(), changed_at=now(),
        ),
        most=1,
    )  # fmt: skip
    return target


async def keep_item(
    store: Store,
    target: Target,
    *,
    channel_id: int | None,
    image: str | None = None,
    is_off: bool = False,
    **item: Any,
) -> Target:
    """Hang a picture on the target's board, with a vote and a comment, and colour the board."""
    drawn = pixels(target.seed)
    sha = RawImage(width=96, height=96, pixels=drawn.tobytes()).pixel_sha256
    colour = Swatch(rgb=(target.seed % 256, target.seed // 256 % 256, 77), share=0.5)
    made = Item(
        id=new_id(), board_id=target.board, number=target.number, source=ItemSource.UPLOAD,
        path=Path(f"{sha}.png"), width=96, height=96, pixel_sha256=sha,
        likeness=fingerprint(drawn), generation_id=image or target.image, prompt=target.words,
        seed=target.seed, recipe_text=f'{{"prompt": "{target.words}"}}', caption=target.words,
        credit=target.words, author_id=target.user, link=None, channel_id=channel_id,
        is_spoiler=False, status=ItemStatus.CANDIDATE, tags=(target.words,),
        voter_ids=frozenset(), comments=(), palette=(colour,), added_by=target.user,
        added_by_name=target.words, added_at=now(),
    )  # fmt: skip
    made = replace(made, **item)
    by = Viewer(user_id=target.user, user_name=target.words)
    async with store.boards.change() as change:
        await change.hang(made, size_bytes=1)
        await change.vote(made.id, target.user, at=now())
        comment = await change.comment(made.id, by, target.words, at=now())
        await change.note(target.board, by, "added", at=now(), item=made, detail=target.words)
        if is_off:
            await change.set_item(made.id, removed_at=now().isoformat())
        palettes = await change.palettes(target.board)
        await change.set_palette(target.board, merged(palettes))
    return replace(target, comment=comment.id)


class Silent:
    """A reply that tells nobody."""

    def __getattr__(self, _name: str) -> Any:
        async def told(*_: object, **__: object) -> None:
            return None

        return told


async def keep_job(service: Service, place: Place, target: Target) -> str:
    """Let a job wait, and return its id."""
    source = origin(place, target)
    entry = await service.jobs.submit(
        [request(target)], source, viewer=viewer_at(source), reply=Silent()
    )
    assert entry is not None
    return entry.job.id
