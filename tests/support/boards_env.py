"""What tests of boards share: people, pictures that differ, and images of the bot."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bot.domain.boards import Added, Board, Item, ItemSource, ItemStatus, Swatch
from bot.domain.drawing import RawImage
from bot.domain.jobs import Generation, Job, JobSource, new_id, now
from bot.domain.recipe import build_recipe, canonical
from bot.domain.requests import ImageRequest, ModelRules, Size
from bot.domain.viewers import Viewer
from bot.engine.picture_check import PictureClassifier
from bot.media.encoding import encode_png
from bot.media.fingerprint import fingerprint
from bot.media.picture_files import write_once
from bot.media.thumbnails import PictureCache
from bot.services.boards import BoardContext, Boards, BoardSystem
from bot.services.picture_check import PictureCheck
from bot.services.policy import Policy
from bot.services.rules import Rules
from bot.storage import Store

GUILD = 1
# Channels of this guild that all of them may view.
SEEN = frozenset(range(100))


def _member(user_id: int, user_name: str, **rights: Any) -> Viewer:
    where = {"guild_id": GUILD, "channels": SEEN}
    return Viewer(user_id=user_id, user_name=user_name, **{**where, **rights})


ADA = _member(10, "Ada")  # owns the boards
BEN = _member(11, "Ben", role_ids=frozenset({50}))
CLEO = _member(12, "Cleo")
MOD = _member(13, "Mod", is_moderator=True)
STRANGER = _member(10, "Ada", guild_id=2, is_moderator=True)  # of another guild
CONDITIONS = {
    "prompt_used": "x", "num_inference_steps": 8, "sigmas": [1.0], "model": "demo",
    "revision": "1", "dtype": "float32", "device": "cpu", "torch": "2", "diffusers": "0",
    "transformers": "4",
}  # fmt: skip


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: dt.datetime = field(default_factory=now)

    def __call__(self) -> dt.datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += dt.timedelta(**by)


@dataclass
class BoardsEnv:
    """Boards on a real database, beside which a test's clock ticks."""

    store: Store
    boards: Boards
    system: BoardSystem
    context: BoardContext
    clock: Clock
    told: list[str]

    async def board(self, name: str = "Spring", **options: Any) -> Board:
        return await self.boards.create(viewer=ADA, name=name, **options)

    async def upload(
        self, board: Board, seed: int = 1, *, by: Viewer = ADA, **details: Any
    ) -> Added:
        content = details.pop("content", None) or picture(seed)
        details = {
            "author_id": by.user_id, "author_name": by.user_name, "channel_id": 7,
            "is_spoiler": False, **details,
        }  # fmt: skip
        return await self.boards.add_upload(board.id, content, viewer=by, **details)

    async def now(self, board: Board) -> Board:
        found = await self.system.board(board.id)
        assert found is not None
        return found

    async def numbers(self, board: Board) -> list[int]:
        return [item.number for item in (await self.now(board)).items]

    def copies(self) -> list[str]:
        return sorted(path.name for path in self.store.boards.folder.rglob("*.*"))


@contextlib.asynccontextmanager
async def open_boards_env(folder: Path) -> AsyncIterator[BoardsEnv]:
    async with Store(folder / "bot.sqlite3", images=folder / "images") as store:
        clock, told, rules = Clock(), list[str](), ModelRules(native=256)
        context = BoardContext(
            store=store,
            model_rules=rules,
            policy=Policy(Rules(store), rules.default, PictureCheck(PictureClassifier)),
            now=clock,
            pictures=PictureCache(store.boards.small_copies),
        )
        boards, system = Boards(context), BoardSystem(context)

        async def note(board_id: str) -> None:
            told.append(board_id)

        system.on_change(note)
        yield BoardsEnv(
            store=store, boards=boards, system=system, context=context, clock=clock, told=told
        )


async def fill(boards_env: BoardsEnv, board: Board, count: int) -> None:
    """Hang up pictures without files, with recipes, votes and comments as a busy board has."""
    chance = random.Random(1)
    at = boards_env.clock()
    async with boards_env.store.boards.change() as change:
        for _ in range(count):
            number = await change.next_number(board.id)
            item = Item(
                id=f"{board.id}-{number}", board_id=board.id, number=number,
                source=ItemSource.GENERATION, path=Path(f"{number:064x}.png"),
                width=1024, height=768,
                pixel_sha256=f"{number:064x}", likeness=chance.randbytes(64), generation_id="x",
                prompt="a prompt " * 20, seed=number, recipe_text=str(CONDITIONS) * 10,
                caption=f"caption {number}", credit="Ada", author_id=10, link=None, channel_id=7,
                is_spoiler=False, status=ItemStatus.CANDIDATE, tags=("a", "b"),
                voter_ids=frozenset(),
                comments=(), palette=(Swatch(rgb=(1, 2, 3), share=0.5),) * 6, added_by=10,
                added_by_name="Ada", added_at=at,
            )  # fmt: skip
            await change.hang(item, size_bytes=1)
            for user_id in range(number % 5):
                await change.vote(item.id, user_id, at=at)
            if number % 3 == 0:
                await change.comment(item.id, BEN, f"comment {number}", at=at)


def pixels(seed: int, side: int = 96) -> Image.Image:
    """Return a picture of soft patches, unlike that of any other seed."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize((side, side), Image.Resampling.BICUBIC)


def picture(seed: int, form: str = "PNG", side: int = 96, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pixels(seed, side).save(buffer, form, **options)
    return buffer.getvalue()


async def an_image(  # noqa: PLR0913 - what tests vary of one
    store: Store, seed: int = 1, *, spoiler: bool = False, guild_id: int | None = GUILD,
    user: Viewer = BEN, is_old: bool = False, prompt: str = "红苹果 on a table",
    source: str | None = None,
) -> Generation:  # fmt: skip
    """Keep an image as the bot does: its file, then its rows.

    An old one is of a version that wrote neither recipes nor likenesses.
    """
    image, side = pixels(seed), 96
    request = ImageRequest(prompt=prompt, seed=seed, size=Size(width=side, height=side))
    if source is not None:
        request = request.begun_with(source)
    raw = RawImage(width=side, height=side, pixels=image.tobytes())
    recipe = build_recipe(request, CONDITIONS, raw.pixel_sha256)
    job = Job(
        id=new_id(), requests=(request,), relation="imagine", spoiler=spoiler, created_at=now(),
        origin=JobSource(
            guild_id=guild_id, channel_id=2, user_id=user.user_id, user_name=user.user_name,
            locale="en-US", application_id=3, token=None, expires_at=now(),
        ),
    )  # fmt: skip
    made = Generation(
        id=new_id(), job_id=job.id, index=0, request=request,
        path=store.image_path(raw.pixel_sha256), pixel_sha256=raw.pixel_sha256,
        conditions=CONDITIONS, durations_s={}, user_id=user.user_id, guild_id=guild_id,
        parent_id=None, created_at=now(), channel_id=2,
        recipe_text=None if is_old else canonical(recipe),
        likeness=None if is_old else fingerprint(image),
    )  # fmt: skip
    write_once(made.path, encode_png(raw, recipe=recipe))
    await store.jobs.add(job)
    await store.generations.add(job, [made])
    return made
