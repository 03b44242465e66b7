"""One thread draws; a drawing that hangs is given up, and the thread with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from bot.domain.drawing import Drawing, Step
from bot.domain.requests import ImageRequest, Quality, Size
from bot.engine.z_image import ZImageEngine
from bot.errors import CancelledError, ModelFilesError
from bot.execution.engine_thread import EngineHungError
from bot.execution.executor import ThreadExecutor

pytest_plugins = ["tests.support.bot_fixtures"]

PATIENCE_S = 0.2  # far above a step at 128 x 128 on the tests' stuck engine, which makes none


class Stuck:
    """The real engine, which can get stuck in a step, deaf to every cancel."""

    def __init__(self, engine: ZImageEngine) -> None:
        self._engine = engine
        self.is_stuck = False
        self.unstick = threading.Event()
        self.threads: set[str] = set()
        self.loads = 0
        self.failure: Exception | None = None
        self.warmed: list[Size] = []
        self.is_warming = threading.Event()
        self.warms_long = False

    def load(self) -> None:
        self.loads += 1
        if self.failure is not None:
            raise self.failure
        self._engine.load()

    def check(self, request: ImageRequest) -> None:
        self._engine.check(request)

    def generate(
        self,
        request: ImageRequest,
        *,
        like: Mapping[str, object] | None = None,
        cancel: threading.Event | None = None,
        on_step: Callable[[Step], None] | None = None,
    ) -> Drawing:
        self.threads.add(threading.current_thread().name)
        if self.is_stuck:
            self.unstick.wait()
        return self._engine.generate(request, like=like, cancel=cancel, on_step=on_step)

    def warm(self, size: Size, *, cancel: threading.Event) -> bool:
        self.warmed.append(size)
        self.is_warming.set()
        self.threads.add(threading.current_thread().name)
        if self.is_stuck:
            self.unstick.wait()
        return not (self.warms_long and cancel.wait(30.0))

    def close(self) -> None:
        pass


@pytest.fixture
def stuck(loaded_engine: ZImageEngine) -> Stuck:
    return Stuck(loaded_engine)


@pytest.fixture
async def executor(stuck: Stuck) -> AsyncIterator[ThreadExecutor]:
    async with ThreadExecutor(lambda: stuck, patience_s=30.0) as executor:
        yield executor
        stuck.unstick.set()


async def draw(executor: ThreadExecutor, cancel: threading.Event | None = None) -> Drawing:
    request = ImageRequest(
        prompt="a red apple", seed=1, size=Size(width=128, height=128), quality=Quality.DRAFT
    )
    return await executor.draw(
        request,
        cancel=cancel or threading.Event(),
        on_progress=lambda *_: None,
        wants_preview=lambda: False,
    )


async def test_everything_happens_on_the_one_thread(executor: ThreadExecutor, stuck: Stuck):
    images = await asyncio.gather(*(draw(executor) for _ in range(3)))
    assert stuck.threads == {"engine"}
    assert stuck.loads == 1
    assert len({drawing.image.pixel_sha256 for drawing in images}) == 1


async def test_whoever_asks_goes_before_what_is_warmed_and_warming_goes_on(
    stuck: Stuck, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.execution.executor.QUIET_S", 0.01)
    small, large = Size(width=128, height=128), Size(width=256, height=256)
    stuck.warms_long = True
    async with ThreadExecutor(lambda: stuck, usual_sizes=[small, large]) as executor:
        assert await asyncio.to_thread(stuck.is_warming.wait, 30.0)
        assert (await draw(executor)).image.pixels  # the first warming gave way
        assert set(stuck.warmed) == {small}
        stuck.warms_long = False
        await executor._warming
    assert stuck.warmed[-2:] == [small, large]
    assert stuck.threads == {"engine"}


async def test_an_engine_that_cannot_be_warmed_still_draws(
    stuck: Stuck, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(*_: object, **__: object) -> bool:
        raise RuntimeError("no such kernel")

    monkeypatch.setattr("bot.execution.executor.QUIET_S", 0.01)
    monkeypatch.setattr(stuck, "warm", broken)
    sizes = [Size(width=128, height=128)]
    async with ThreadExecutor(lambda: stuck, usual_sizes=sizes) as executor:
        await executor._warming
        assert (await draw(executor)).image.pixels
    assert "Warming the engine stopped" in caplog.text


async def test_whoever_asks_does_not_wait_for_ever_behind_warming_that_hangs(
    stuck: Stuck, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.execution.executor.QUIET_S", 0.01)
    stuck.is_stuck = True
    sizes = [Size(width=128, height=128)]
    async with ThreadExecutor(lambda: stuck, patience_s=PATIENCE_S, usual_sizes=sizes) as executor:
        assert await asyncio.to_thread(stuck.is_warming.wait, 30.0)
        with pytest.raises(EngineHungError, match="Warming the engine made no progress"):
            await draw(executor)
        stuck.is_stuck = False
        executor._patience_s = 30.0  # a real drawing needs more
        await executor.restart()
        assert (await draw(executor)).image.pixels
        stuck.unstick.set()


async def test_an_end_does_not_wait_for_ever_for_warming_that_hangs(
    stuck: Stuck, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.execution.executor.QUIET_S", 0.01)
    stuck.is_stuck = True
    sizes = [Size(width=128, height=128)]
    async with ThreadExecutor(lambda: stuck, patience_s=PATIENCE_S, usual_sizes=sizes):
        assert await asyncio.to_thread(stuck.is_warming.wait, 30.0)
    stuck.unstick.set()


async def test_a_hung_drawing_is_given_up_and_a_new_engine_draws(
    executor: ThreadExecutor, stuck: Stuck, monkeypatch: pytest.MonkeyPatch
):
    before = await draw(executor)
    monkeypatch.setattr("bot.execution.executor.GRACE_S", PATIENCE_S)
    executor._patience_s = PATIENCE_S
    stuck.is_stuck = True
    cancel = threading.Event()
    with pytest.raises(EngineHungError, match="no progress for 0 seconds"):
        await draw(executor, cancel)
    assert cancel.is_set()
    with pytest.raises(EngineHungError):
        await draw(executor)
    stuck.is_stuck = False
    executor._patience_s = 30.0
    await executor.restart()
    after = await draw(executor)
    assert after.image.pixel_sha256 == before.image.pixel_sha256
    assert stuck.loads == 2


async def test_a_slow_drawing_that_notices_its_cancel_keeps_its_thread(
    executor: ThreadExecutor, stuck: Stuck
):
    await draw(executor)
    executor._patience_s = PATIENCE_S
    stuck.is_stuck = True

    def let_go_when_cancelled(event: threading.Event) -> None:
        event.wait()
        stuck.unstick.set()

    cancel = threading.Event()
    threading.Thread(target=let_go_when_cancelled, args=(cancel,), daemon=True).start()
    with pytest.raises(EngineHungError):
        await draw(executor, cancel)
    stuck.is_stuck = False
    executor._patience_s = 30.0
    assert (await draw(executor)).image.pixels


async def test_a_failed_load_is_told_and_tried_again(stuck: Stuck):
    stuck.failure = ModelFilesError("The model is broken.")
    async with ThreadExecutor(lambda: stuck) as executor:
        with pytest.raises(ModelFilesError):
            await executor.loaded()
        with pytest.raises(ModelFilesError):
            await draw(executor)
        stuck.failure = None
        assert (await draw(executor)).image.pixels


async def test_a_cancelled_drawing_ends_at_its_next_step(executor: ThreadExecutor):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        await draw(executor, cancel)
