"""The path of a job, with the real engine, SQLite and files: nothing is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import io
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bot.domain.drawing import Drawing, DrawTask, Step
from bot.domain.jobs import CancelOutcome, Generation, Job, JobSource, now
from bot.domain.requests import ImageRequest, Quality, Size
from bot.domain.search import Search
from bot.domain.viewers import Viewer
from bot.errors import BotError
from bot.services import (
    POISON_SENTENCE,
    NotPostableError,
    NotReachedError,
    Progress,
    QueueEntry,
    Service,
    open_service,
)
from bot.services.retries import RetryPolicy
from bot.settings import PROJECT_DIR, Settings
from bot.storage import Store
from tests.support.databases import lay_database
from tests.support.discord_env import SteeredEngine, empty_trash
from tests.support.viewers import viewer_at

pytest_plugins = ["tests.support.bot_fixtures"]

HERE = Viewer(user_id=0, guild_id=1, channels=frozenset({2}))  # of nobody who asked for anything
PATIENCE_S = 30.0


def here(user_id: int) -> Viewer:
    """Return somebody who sees the channel that all jobs of these tests come from."""
    return replace(HERE, user_id=user_id)


class Recorder:
    """A reply that remembers what it was told; it can refuse to be reached."""

    def __init__(self) -> None:
        self.entries: list[QueueEntry] = []
        self.steps: list[Progress] = []
        self.generations: list[Generation] = []
        self.sentence = ""
        self.undelivered_sentence = ""
        self.was_cancelled = False
        self.was_kept = False
        self.moves: list[QueueEntry] = []
        self.refusals = 0

    @property
    def job_id(self) -> str:
        return self.entries[0].job.id

    async def queued(self, entry: QueueEntry) -> None:
        self.entries.append(entry)

    async def progress(self, progress: Progress) -> None:
        self.steps.append(progress)

    async def done(self, job: Job, generations: Sequence[Generation]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionError("nobody there")
        self.generations = list(generations)

    async def held(self, job: Job) -> None:
        """Nothing is held here."""

    async def refused(self, job: Job, sentence: str, /) -> None:
        """Nor refused."""

    async def failed(self, job: Job, sentence: str, /) -> None:
        self.sentence = sentence

    async def undelivered(self, job: Job, sentence: str, /) -> None:
        self.undelivered_sentence = sentence

    async def cancelled(self, job: Job, *, by_requester: bool) -> None:
        self.was_cancelled = True

    async def moved(self, entry: QueueEntry) -> None:
        self.moves.append(entry)

    async def kept(self, job: Job) -> None:
        self.was_kept = True


@pytest.fixture
async def service(settings: Settings, engine: SteeredEngine) -> AsyncIterator[Service]:
    async with opened(settings, engine) as service:
        yield service


@contextlib.asynccontextmanager
async def opened(settings: Settings, engine: SteeredEngine) -> AsyncIterator[Service]:
    await lay_database(settings.data_dir)
    async with open_service(settings, lambda: engine) as service:
        try:
            yield service
        finally:
            engine.release()


def request(prompt: str = "a red apple", *, seed: int = 42, **changes: object) -> ImageRequest:
    values = {"size": Size(width=128, height=128), "quality": Quality.DRAFT, **changes}
    return ImageRequest(prompt=prompt, seed=seed, **values)


def origin(user_id: int = 10, *, guild_id: int | None = 1) -> JobSource:
    return JobSource(
        guild_id=guild_id,
        channel_id=2,
        user_id=user_id,
        user_name="Ada",
        locale="en-US",
        application_id=3,
        token="interaction token",
        expires_at=now() + dt.timedelta(minutes=15),
    )


async def submit(service: Service, *requests: ImageRequest, **options: object) -> Recorder:
    reply = Recorder()
    user = options.pop("by", origin())
    await service.jobs.submit(
        requests or (request(),), user, viewer=viewer_at(user), reply=reply, **options
    )
    return reply


async def idle(service: Service) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await service.idle()


async def reached_a_step(engine: SteeredEngine) -> None:
    assert await asyncio.to_thread(engine.at_step.wait, PATIENCE_S)


def rows(settings: Settings, sql: str) -> list[sqlite3.Row]:
    with contextlib.closing(sqlite3.connect(settings.data_dir / "bot.sqlite3")) as db:
        db.row_factory = sqlite3.Row
        return db.execute(sql).fetchall()


def states(settings: Settings) -> list[str]:
    return [row["state"] for row in rows(settings, "SELECT state FROM jobs ORDER BY created_at")]


def image_files(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.data_dir / "images").rglob("*.*"))


async def test_an_image_is_drawn_stored_and_handed_over(service: Service, settings: Settings):
    reply = await submit(service)
    await idle(service)
    (made,) = reply.generations
    with Image.open(io.BytesIO(made.path.read_bytes())) as image:
        assert hashlib.sha256(image.tobytes()).hexdigest() == made.pixel_sha256
    assert made.path.parent.parent == settings.data_dir / "images"
    assert made.path.name == f"{made.pixel_sha256}.png"
    assert states(settings) == ["posted"]
    assert (await service.images.find(made.id, viewer=HERE)) is not None


async def test_the_row_tells_everything_that_made_the_image(
    settings: Settings, real_engine: SteeredEngine
):
    async with opened(settings, real_engine) as service:
        await submit(service, request("  <|im_end|> 红苹果"), relation="imagine")
        await idle(service)
    (row,) = rows(settings, "SELECT * FROM generations")
    assert row["prompt"] == "  <|im_end|> 红苹果"
    assert row["prompt_used"] == "  < |im_end|> 红苹果"
    assert (row["seed"], row["width"], row["height"], row["num_inference_steps"]) == (
        42,
        128,
        128,
        7,
    )
    assert row["sigmas"].startswith("[1.0, 0.857")
    expected = {
        "model_id",
        "model_revision",
        "dtype",
        "device",
        "torch",
        "diffusers",
        "transformers",
    }
    assert all(row[name] for name in expected)
    assert '"denoise"' in row["durations"]
    assert rows(settings, "SELECT * FROM jobs")[0]["token"] is None  # of no more use


async def test_the_job_is_written_before_it_is_acknowledged(service: Service, settings: Settings):
    seen: list[list[str]] = []

    class MessageObserver(Recorder):
        async def queued(self, entry: QueueEntry) -> None:
            seen.append(states(settings))

    await service.jobs.submit(
        (request(),), origin(), viewer=viewer_at(origin()), reply=MessageObserver()
    )
    await idle(service)
    assert seen[0][0] in {"queued", "running"}


async def test_several_images_are_one_job_with_one_answer(service: Service, settings: Settings):
    reply = await submit(service, request(seed=1), request(seed=2))
    await idle(service)
    assert [made.request.seed for made in reply.generations] == [1, 2]
    assert len({made.pixel_sha256 for made in reply.generations}) == 2
    assert len(image_files(settings)) == 2


async def test_the_same_seed_shares_one_file(service: Service, settings: Settings):
    first = await submit(service)
    await idle(service)
    parent = first.generations[0]
    again = await submit(service, relation="same_seed", parents=[parent.id])
    await idle(service)
    assert again.generations[0].pixel_sha256 == parent.pixel_sha256
    assert again.generations[0].parent_id == parent.id
    assert len(image_files(settings)) == 1
    await service.images.delete(parent.id, viewer=here(10))
    assert len(image_files(settings)) == 1
    await service.images.delete(again.generations[0].id, viewer=here(10))
    await empty_trash(service)
    assert image_files(settings) == []


async def test_waiting_jobs_know_their_place_and_time(service: Service, engine: SteeredEngine):
    await submit(service)
    await idle(service)
    engine.hold()
    await submit(service)
    await reached_a_step(engine)
    later = [await submit(service, by=origin(user)) for user in (10, 10, 20)]
    places = [reply.entries[0].position for reply in later]
    assert places == [1, 2, 2]  # the second user comes before the first one's third
    entries = service.jobs.queue(viewer=HERE)
    assert [entry.position for entry in entries] == [0, 1, 2, 3]
    assert [entry.job.origin.user_id for entry in entries] == [10, 10, 20, 10]
    times = [entry.eta_s for entry in entries]
    assert None not in times
    assert times == sorted(times)
    engine.release()
    await idle(service)


async def test_a_waiting_job_is_cancelled_before_it_begins(
    service: Service, engine: SteeredEngine, settings: Settings
):
    engine.hold()
    await submit(service)
    await reached_a_step(engine)
    waiting = await submit(service)
    job_id = waiting.entries[0].job.id
    assert await service.jobs.cancel("unknown", viewer=here(10)) is CancelOutcome.UNKNOWN
    assert await service.jobs.cancel(job_id, viewer=here(99)) is CancelOutcome.NOT_YOURS
    hidden = Viewer(user_id=99, guild_id=1, channels=frozenset({3}), is_moderator=True)
    for stranger in (replace(hidden, guild_id=9, channels=frozenset({2})), hidden):
        assert await service.jobs.cancel(job_id, viewer=stranger) is CancelOutcome.UNKNOWN
    assert await service.jobs.cancel(job_id, viewer=here(10)) is CancelOutcome.QUEUED
    assert states(settings) == ["running", "cancelled"]  # whatever ends the process now
    engine.release()
    await idle(service)
    assert waiting.was_cancelled
    assert states(settings) == ["posted", "cancelled"]
    assert await service.jobs.cancel(job_id, viewer=here(10)) is CancelOutcome.TOO_LATE


async def test_a_running_job_is_cancelled_within_a_step_and_leaves_nothing(
    service: Service, engine: SteeredEngine, settings: Settings
):
    engine.hold()
    reply = await submit(service, request(seed=1), request(seed=2))
    await reached_a_step(engine)
    job_id = reply.entries[0].job.id
    outcome = await service.jobs.cancel(job_id, viewer=replace(here(5), is_moderator=True))
    assert states(settings) == ["cancelled"]  # whatever ends the process now
    engine.release()
    await idle(service)
    assert outcome is CancelOutcome.RUNNING
    assert reply.was_cancelled
    assert states(settings) == ["cancelled"]
    assert image_files(settings) == []
    assert rows(settings, "SELECT * FROM generations") == []


async def test_a_job_that_breaks_the_engine_twice_is_given_up_and_the_next_is_drawn(
    service: Service, engine: SteeredEngine, caplog: pytest.LogCaptureFixture
):
    engine.failure = ZeroDivisionError("a defect")
    reply = await submit(service)
    await idle(service)
    assert reply.sentence == POISON_SENTENCE
    assert "ZeroDivisionError" in caplog.text
    engine.failure = None
    after = await submit(service)
    await idle(service)
    assert after.generations


async def test_limits_are_refused_before_anything_is_written(
    settings: Settings, engine: SteeredEngine
):
    engine.hold()
    async with opened(settings.model_copy(update={"max_jobs_per_user": 1}), engine) as service:
        await submit(service)
        await reached_a_step(engine)
        with pytest.raises(BotError, match="already have 1 jobs"):
            await submit(service)
        await submit(service, by=origin(20))
        assert len(states(settings)) == 2
        engine.release()
        await idle(service)


async def test_other_places_do_not_see_an_image(service: Service):
    guild = await submit(service)
    direct = await submit(service, by=origin(guild_id=None))
    await idle(service)
    (in_guild,), (in_direct,) = guild.generations, direct.generations
    elsewhere = frozenset({3})
    for viewer, seen in [
        (here(10), {in_guild.id}),
        (replace(here(10), channels=elsewhere), set()),
        (replace(here(10), guild_id=2), set()),
        (replace(here(10), channels=elsewhere, gone=frozenset({2})), {in_guild.id}),
        (replace(here(11), channels=elsewhere, gone=frozenset({2})), set()),
        (replace(here(11), gone=frozenset({2}), is_moderator=True), {in_guild.id}),
        (Viewer(user_id=10), {in_direct.id}),
        (Viewer(user_id=11), set()),
    ]:
        page = await service.images.history(viewer=viewer)
        assert {made.id for made in page.generations} == seen
        found = [await service.images.find(i, viewer=viewer) for i in (in_guild.id, in_direct.id)]
        assert {made.id for made in found if made} == seen


async def test_history_is_paged_searched_and_newest_first(service: Service):
    for prompt in ("a red apple", "100% 红苹果", "a cat"):
        await submit(service, request(prompt))
    await idle(service)
    page = await service.images.history(viewer=HERE, page_size=2)
    assert [made.request.prompt for made in page.generations] == ["a cat", "100% 红苹果"]
    assert page.has_older
    found = await service.images.history(viewer=HERE, search=Search(words="苹果"))
    assert [made.request.prompt for made in found.generations] == ["100% 红苹果"]
    assert not (await service.images.history(viewer=HERE, search=Search(words="0%c"))).generations
    assert not (await service.images.history(viewer=HERE, search=Search(user_id=11))).generations


async def test_only_the_requester_and_moderators_delete(service: Service):
    reply = await submit(service)
    await idle(service)
    (made,) = reply.generations
    with pytest.raises(BotError, match="Only its requester"):
        await service.images.delete(made.id, viewer=replace(here(11), moderated=frozenset({3})))
    await service.images.delete(
        made.id, viewer=replace(here(11), channels=frozenset(), is_moderator=True)
    )
    assert made.path.exists(), "what a moderator may not see is not there for them"
    await service.images.delete(made.id, viewer=replace(here(11), moderated=frozenset({2})))
    assert await service.images.find(made.id, viewer=HERE) is None
    await empty_trash(service)
    assert not made.path.exists()


async def test_an_image_that_cannot_be_posted_is_posted_by_the_next_start(
    settings: Settings, engine: SteeredEngine
):
    async with opened(settings, engine) as service:
        reply = Recorder()
        reply.refusals = 99
        await service.jobs.submit((request(),), origin(), viewer=viewer_at(origin()), reply=reply)
        await idle(service)
        assert states(settings) == ["made"]
    again = Recorder()
    engine.drawn.clear()
    async with opened(settings, engine) as service:
        await service.system.resume(lambda _job: again)
        await idle(service)
    assert len(again.generations) == 1
    assert engine.drawn == []  # from the stored file
    assert states(settings) == ["posted"]


class Unreachable(Recorder):
    """Somebody whose channel never takes anything, while they take direct messages."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = 0

    async def done(self, job: Job, generations: Sequence[Generation]) -> None:
        self.tries += 1
        raise NotReachedError("503 Service Unavailable")


async def test_an_outage_that_lasts_too_long_is_told_in_private_once(
    settings: Settings, engine: SteeredEngine, caplog: pytest.LogCaptureFixture
):
    reply = Unreachable()
    async with opened(settings, engine) as service:
        service._delivery._patience = RetryPolicy(
            pauses_s=(0.0,), seldom_s=0.0, lasts=dt.timedelta()
        )
        await service.jobs.submit((request(),), origin(), viewer=viewer_at(origin()), reply=reply)
        async with asyncio.timeout(PATIENCE_S):
            while not reply.undelivered_sentence:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
        [made] = (await service.images.history(viewer=HERE)).generations
    assert reply.tries == RetryPolicy().tries
    assert "Discord did not take it" in reply.undelivered_sentence
    assert made.id in reply.undelivered_sentence
    assert [r for r in caplog.records if r.exc_info] == []
    assert sum("is given up" in r.message for r in caplog.records) == 1
    again = Recorder()
    async with opened(settings, engine) as service:
        await service.system.resume(lambda _job: again)
        await idle(service)
    assert again.undelivered_sentence == again.sentence == ""


async def test_an_outage_does_not_end_before_its_time(settings: Settings, engine: SteeredEngine):
    reply = Unreachable()
    async with opened(settings, engine) as service:
        service._delivery._patience = RetryPolicy(pauses_s=(0.0,) * 5, seldom_s=999.0)
        await service.jobs.submit((request(),), origin(), viewer=viewer_at(origin()), reply=reply)
        async with asyncio.timeout(PATIENCE_S):
            while reply.tries < 6:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
        assert states(settings) == ["made"]
        assert reply.undelivered_sentence == ""


async def test_images_that_were_deleted_before_they_were_posted_are_not_posted(
    settings: Settings, engine: SteeredEngine
):
    reply = Recorder()
    reply.refusals = 99
    async with opened(settings, engine) as service:
        await service.jobs.submit(
            (request(seed=1), request(seed=2)), origin(), viewer=viewer_at(origin()), reply=reply
        )
        await idle(service)
        first, second = (await service.images.history(viewer=HERE)).generations
        await service.images.delete(first.id, viewer=here(10))
    again = Recorder()
    async with opened(settings, engine) as service:
        await service.system.resume(lambda _job: again)
        await idle(service)
    assert [each.id for each in again.generations] == [second.id]
    assert states(settings) == ["posted"]


# Innocent jobs, and guilty images


async def crashed_at(settings: Settings, job_id: str, index: int) -> None:
    """Record what a process that died at an image leaves behind."""
    async with Store(settings.data_dir / "bot.sqlite3", images=settings.data_dir) as store:
        await store.breakdowns.add("process", job_id=job_id, index=index)


async def left_job(settings: Settings, *seeds: int) -> str:
    """Write a job down that an earlier run of the program began with."""
    job = Job(
        id="left",
        requests=tuple(request(seed=seed) for seed in seeds),
        origin=origin(),
        relation="imagine",
        spoiler=False,
        created_at=now(),
    )
    async with Store(settings.data_dir / "bot.sqlite3", images=settings.data_dir) as store:
        await store.jobs.add(job)
        await store.jobs.start(job.id)
    return job.id


async def resumed(settings: Settings, engine: SteeredEngine) -> Recorder:
    reply = Recorder()
    async with opened(settings, engine) as service:
        await service.system.resume(lambda _job: reply)
        await idle(service)
    return reply


async def test_a_job_killed_at_two_of_its_images_is_drawn(
    settings: Settings, engine: SteeredEngine
):
    job_id = await left_job(settings, 1, 2, 3, 4)
    for index in (0, 2):
        await crashed_at(settings, job_id, index)
    reply = await resumed(settings, engine)
    assert [each.request.seed for each in reply.generations] == [1, 2, 3, 4]
    assert states(settings) == ["posted"]


async def test_only_the_image_that_ends_the_process_is_given_up(
    settings: Settings, engine: SteeredEngine
):
    job_id = await left_job(settings, 1, 2, 3, 4)
    for _ in range(2):
        await crashed_at(settings, job_id, 2)
    reply = await resumed(settings, engine)
    assert [each.request.seed for each in reply.generations] == [1, 2, 4]
    [row] = rows(settings, "SELECT * FROM jobs")
    assert (row["state"], row["error"]) == ("posted", POISON_SENTENCE)


async def test_an_image_is_not_blamed_while_the_process_dies_at_others_too(
    settings: Settings, engine: SteeredEngine
):
    """Something kills the bot again and again: two deaths at one image prove nothing then."""
    job_id = await left_job(settings, 1)
    for name in ("other", "another"):
        await crashed_at(settings, name, 0)
    for _ in range(2):
        await crashed_at(settings, job_id, 0)
    reply = await resumed(settings, engine)
    assert len(reply.generations) == 1


async def test_the_next_start_knows_which_image_the_process_died_at(
    settings: Settings, engine: SteeredEngine
):
    engine.hold_after = 1
    async with opened(settings, engine) as service:
        reply = await submit(service, request(seed=1), request(seed=2))
        await reached_a_step(engine)
        note = (settings.data_dir / "drawing").read_text().split()
        assert note == [reply.job_id, "1"]
        engine.release()
        await idle(service)
        assert (settings.data_dir / "drawing").read_text().strip() == ""
    assert not (settings.data_dir / "drawing").exists()
    (settings.data_dir / "drawing").write_text(f"{reply.job_id} 1")
    async with opened(settings, engine):
        pass
    [row] = rows(settings, "SELECT * FROM breakdowns")
    assert (row["cause"], row["job_id"], row["position"]) == ("process", reply.job_id, 1)


async def test_what_is_drawn_is_delivered_where_an_image_breaks_the_engine(
    service: Service, engine: SteeredEngine, settings: Settings
):
    engine.failures = {2: ZeroDivisionError("a defect")}
    reply = await submit(service, *(request(seed=seed) for seed in (1, 2, 3)))
    await idle(service)
    assert [each.request.seed for each in reply.generations] == [1, 3]
    [row] = rows(settings, "SELECT * FROM jobs")
    assert (row["state"], row["error"]) == ("posted", POISON_SENTENCE)


async def test_what_is_drawn_is_delivered_where_an_image_cannot_be_made(
    service: Service, engine: SteeredEngine, settings: Settings
):
    engine.failures = {1: BotError("The model returned no picture.")}
    reply = await submit(service, *(request(seed=seed) for seed in (1, 2)))
    await idle(service)
    assert [each.request.seed for each in reply.generations] == [2]
    [row] = rows(settings, "SELECT * FROM jobs")
    assert (row["state"], row["error"]) == ("posted", "The model returned no picture.")


@pytest.mark.nightly
async def test_a_channel_that_hangs_holds_no_others_up_after_a_restart(
    settings: Settings, engine: SteeredEngine
):
    """Three channels hang at once when it is said that their jobs go on."""
    async with Store(settings.data_dir / "bot.sqlite3", images=settings.data_dir) as store:
        for number in range(4):
            await store.jobs.add(
                Job(
                    id=f"job{number}",
                    requests=(request(seed=number),),
                    origin=replace(origin(user_id=number), channel_id=number),
                    relation="imagine",
                    spoiler=False,
                    created_at=now(),
                )
            )

    class Hanging(Recorder):
        async def queued(self, entry: QueueEntry) -> None:
            await asyncio.Event().wait()

    replies: dict[str, Recorder] = {}

    def reply_to(job: Job) -> Recorder:
        reply = Recorder() if job.id == "job3" else Hanging()
        return replies.setdefault(job.id, reply)

    async with opened(settings, engine) as service:
        async with asyncio.timeout(PATIENCE_S):
            await service.system.resume(reply_to)
            await service.idle()
    assert all(reply.generations for reply in replies.values())
    assert replies["job3"].entries


async def test_stopping_finishes_what_runs_and_keeps_what_waits(
    settings: Settings, engine: SteeredEngine
):
    engine.hold()
    async with opened(settings, engine) as service:
        running = await submit(service)
        await reached_a_step(engine)
        waiting = await submit(service, request(seed=7))
        stop = asyncio.create_task(service.stop())
        await asyncio.sleep(0)
        engine.release()
        await stop
        with pytest.raises(BotError, match="about to restart"):
            await submit(service)
    assert running.generations
    assert not waiting.generations
    assert states(settings) == ["posted", "queued"]
    resumed = Recorder()
    async with opened(settings, engine) as service:
        await service.system.resume(lambda _job: resumed)
        await idle(service)
    assert [made.request.seed for made in resumed.generations] == [7]
    assert resumed.entries


async def test_a_job_that_stopped_the_program_twice_is_given_up(
    settings: Settings, engine: SteeredEngine
):
    async with Store(settings.data_dir / "bot.sqlite3", images=settings.data_dir) as store:
        job = Job(
            id="poison",
            requests=(request(),),
            origin=origin(),
            relation="imagine",
            spoiler=False,
            created_at=now(),
        )
        await store.jobs.add(job)
        for _ in range(2):
            await store.jobs.start(job.id)
            await store.breakdowns.add("process", job_id=job.id, index=0)
    reply = Recorder()
    async with opened(settings, engine) as service:
        await service.system.resume(lambda _job: reply)
        await idle(service)
    assert reply.sentence == POISON_SENTENCE
    assert states(settings) == ["failed"]


def test_a_killed_process_loses_no_job(settings: Settings, tmp_path: Path):
    program = textwrap.dedent(
        """
        import asyncio, sys
        from pathlib import Path
        from bot.services import open_service
        from bot.settings import Settings
        from tests.support.discord_server.stand_in import StandInEngine
        from tests.support.viewers import viewer_at
        from tests.unit.services.test_service import Recorder, request, origin

        class Loud(Recorder):
            is_heard = False

            async def progress(self, progress):
                if Loud.is_heard:
                    print("step", flush=True)

        async def main():
            folder = Path(sys.argv[1])
            engine = StandInEngine(seconds_per_forward=0.3, notes=folder / "notes")
            async with open_service(Settings(data_dir=folder), lambda: engine) as service:
                for seed in range(1, 3):
                    place, wish = origin(), request(seed=seed)
                    viewer = viewer_at(place)
                    await service.jobs.submit((wish,), place, viewer=viewer, reply=Loud())
                Loud.is_heard = True
                await service.idle()

        asyncio.run(main())
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(settings.data_dir)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT_DIR)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "step\n"
        process.send_signal(signal.SIGKILL)
    assert set(states(settings)) <= {"queued", "running"}
    assert len(states(settings)) == 2


async def test_what_a_killed_process_left_is_drawn_with_the_same_seed(
    settings: Settings, engine: SteeredEngine
):
    replies: dict[str, Recorder] = {}

    def recorder(job: Job) -> Recorder:
        return replies.setdefault(job.id, Recorder())

    async with Store(settings.data_dir / "bot.sqlite3", images=settings.data_dir) as store:
        for number, start in enumerate((True, False)):
            job = Job(
                id=f"job{number}",
                requests=(request(seed=number),),
                origin=origin(),
                relation="imagine",
                spoiler=False,
                created_at=now(),
            )
            await store.jobs.add(job)
            if start:
                await store.jobs.start(job.id)
    async with opened(settings, engine) as service:
        await service.system.resume(recorder)
        await idle(service)
    seeds = [reply.generations[0].request.seed for reply in replies.values()]
    assert seeds == [0, 1]
    assert states(settings) == ["posted", "posted"]


async def test_a_cancel_after_the_last_step_keeps_its_word(
    service: Service, engine: SteeredEngine, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    drawn, go_on = threading.Event(), threading.Event()
    draw = engine.draw

    def draw_and_linger(*arguments: object, **options: object) -> Drawing:
        drawing = draw(*arguments, **options)
        drawn.set()
        assert go_on.wait(PATIENCE_S)
        return drawing

    monkeypatch.setattr(engine, "draw", draw_and_linger)
    reply = await submit(service)
    assert await asyncio.to_thread(drawn.wait, PATIENCE_S)
    cancel = service.jobs.cancel(reply.entries[0].job.id, viewer=here(10))
    asking = asyncio.create_task(cancel)
    active = service._active_jobs.find(reply.entries[0].job.id)
    async with asyncio.timeout(PATIENCE_S):
        while not active.is_cancelled:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
    go_on.set()
    assert await asking is CancelOutcome.RUNNING
    await idle(service)
    assert states(settings) == ["cancelled"]
    assert reply.was_cancelled
    assert not reply.generations
    assert image_files(settings) == []


async def test_limits_hold_for_whoever_asks_at_the_same_moment(
    service: Service, engine: SteeredEngine, settings: Settings
):
    engine.hold()
    results = await asyncio.gather(*(submit(service) for _ in range(12)), return_exceptions=True)
    accepted = [result for result in results if isinstance(result, Recorder)]
    assert len(accepted) == settings.max_jobs_per_user
    assert len(states(settings)) == len(accepted)
    engine.release()
    await idle(service)


async def test_the_worker_outlives_a_database_that_refuses_to_be_written(
    service: Service, engine: SteeredEngine, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.services.delivery.STORE_AGAIN_S", (0.01,))
    engine.hold()
    held = await submit(service)
    await reached_a_step(engine)
    async with service._store.database.transaction() as db:
        await db.execute("PRAGMA busy_timeout = 1")
    with contextlib.closing(sqlite3.connect(settings.data_dir / "bot.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BotError, match="could not be written"):
            await submit(service)
        engine.release()
        await idle(service)
        assert "could not be written" in held.sentence
    after = await submit(service)
    await idle(service)
    assert after.generations


async def test_an_image_that_cannot_be_stored_is_told_and_leaves_nothing(
    service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.services.delivery.STORE_AGAIN_S", (0.01,))
    (settings.data_dir / "images").write_text("no folder")
    reply = await submit(service)
    await idle(service)
    assert reply.sentence.startswith("The image could not be stored: ")
    assert states(settings) == ["failed"]
    assert rows(settings, "SELECT * FROM generations") == []
    (settings.data_dir / "images").unlink()
    after = await submit(service)
    await idle(service)
    assert after.generations


async def test_an_image_is_stored_as_soon_as_the_disk_takes_it(
    service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    images = settings.data_dir / "images"
    images.write_text("no folder")

    class Repair(logging.Handler):
        """Let the disk take files again after the first refusal."""

        def emit(self, record: logging.LogRecord) -> None:
            images.unlink(missing_ok=True)

    monkeypatch.setattr("bot.services.delivery.STORE_AGAIN_S", (0.01,))
    log = logging.getLogger("bot.services.delivery")
    monkeypatch.setattr(log, "handlers", [Repair()])
    reply = await submit(service)
    await idle(service)
    assert reply.generations
    assert reply.sentence == ""


async def test_an_engine_that_broke_once_is_replaced_and_the_job_is_drawn(
    service: Service, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch
):
    draw = engine.draw

    def break_once(*arguments: object, **options: object) -> Drawing:
        monkeypatch.setattr(engine, "draw", draw)
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(engine, "draw", break_once)
    reply = await submit(service)
    await idle(service)
    assert reply.generations


async def test_a_job_that_hangs_twice_is_given_up_and_the_next_one_is_drawn(
    settings: Settings, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch
):
    draw, unstick = engine.draw, threading.Event()

    def hang(task: DrawTask, **options: object) -> Drawing:
        if task.request.prompt == "hang":
            assert unstick.wait(PATIENCE_S)
        return draw(task, **options)

    monkeypatch.setattr(engine, "draw", hang)
    patient = settings.model_copy(update={"engine_patience_s": 1.0})
    async with open_service(patient, lambda: engine, grace_s=0.1) as service:
        stuck = await submit(service, request("hang"))
        after = await submit(service, by=origin(20))
        await idle(service)
        unstick.set()
    assert stuck.sentence == POISON_SENTENCE
    assert after.generations
    assert states(settings) == ["failed", "posted"]


async def test_an_engine_that_is_lost_ends_the_service_and_loses_no_job(
    settings: Settings, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch
):
    class Broken:
        """An engine whose device fell off: it can neither draw nor be loaded again."""

        loads = 0

        def load(self) -> None:
            Broken.loads += 1
            if Broken.loads > 1:
                raise RuntimeError("CUDA error: no device")

        def draw(self, *_: object, **__: object) -> Drawing:
            raise RuntimeError("CUDA error: device lost")

        def close(self) -> None:
            pass

    async with open_service(settings, Broken) as service:
        first, second = await submit(service), await submit(service)
        async with asyncio.timeout(PATIENCE_S):
            await service.lost.wait()
        await service.stop()
        assert second.was_kept
    assert first.sentence == second.sentence == ""
    assert states(settings) == ["running", "queued"]
    replies = {job_id: Recorder() for job_id in (first.job_id, second.job_id)}
    async with opened(settings, engine) as service:
        await service.system.resume(lambda job: replies[job.id])
        await idle(service)
    assert all(reply.generations for reply in replies.values())


class Listener(Recorder):
    """A reply that knows when it was told of a step."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = threading.Semaphore(0)

    async def progress(self, progress: Progress) -> None:
        await super().progress(progress)
        self.heard.release()


class PatientEngine(SteeredEngine):
    """An engine that goes on when its step was told; a quick one's are told in part."""

    listener: Listener

    def draw(self, task, *, on_step, **options):
        def patient(step: Step) -> None:
            on_step(step)
            assert self.listener.heard.acquire(timeout=PATIENCE_S)

        return super().draw(task, on_step=patient, **options)


async def test_progress_carries_a_preview_of_longer_drawings(
    settings: Settings, engine: SteeredEngine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.services.slot_worker.PREVIEW_EVERY_S", 0.0)
    patient = PatientEngine(engine)
    reply = patient.listener = Listener()
    async with opened(settings, patient) as service:
        await service.jobs.submit((request(),), origin(), viewer=viewer_at(origin()), reply=reply)
        await idle(service)
    assert [progress.step for progress in reply.steps] == list(range(1, 8))
    previews = [progress.preview for progress in reply.steps if progress.preview is not None]
    assert previews
    assert all(preview.startswith(b"RIFF") for preview in previews)


async def test_an_image_deleted_before_it_could_be_posted_is_not_said_to_be_kept(
    service: Service, settings: Settings
):
    class Refused(Recorder):
        async def done(self, job: Job, generations: Sequence[Generation]) -> None:
            await service.images.delete(generations[0].id, viewer=here(10))
            raise NotPostableError("Unknown Channel", is_final=True)

    reply = Refused()
    await service.jobs.submit((request(),), origin(), viewer=viewer_at(origin()), reply=reply)
    await idle(service)
    assert (reply.sentence, reply.undelivered_sentence) == ("", "")
    assert states(settings) == ["posted"]
    await empty_trash(service)
    assert image_files(settings) == []


async def test_an_image_knows_the_message_that_was_found_while_it_was_drawn(
    service: Service, engine: SteeredEngine, settings: Settings
):
    class Unreached(Recorder):
        async def done(self, job: Job, generations: Sequence[Generation]) -> None:
            self.generations = list(generations)

    engine.hold()
    reply = Unreached()
    await service.jobs.submit((request(),), origin(), viewer=viewer_at(origin()), reply=reply)
    await reached_a_step(engine)
    await service.system.set_message(reply.job_id, 2, 77)
    engine.release()
    await idle(service)
    assert [each.message_id for each in reply.generations] == [77]
    assert [row["message_id"] for row in rows(settings, "SELECT message_id FROM generations")] == [
        77
    ]
