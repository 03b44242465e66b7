"""One thread draws; a drawing that hangs is given up, and the thread with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from bot.domain.drawing import Drawing, DrawTask, Step
from bot.domain.requests import ImageRequest, Quality, Size
from bot.engine.protocol import OnStep
from bot.errors import CancelledError, ModelFilesError
from bot.execution.slot import EngineHungError
from bot.execution.thread_slot import ThreadSlot

if TYPE_CHECKING:
    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]

PATIENCE_S = 0.2  # far above a step at 128 x 128 on the tests' stuck engine, which makes none


class Stuck:
    """The real engine, which can get stuck in a step, deaf to every cancel."""

    def __init__(self, engine: ZImageEngine) -> None:
        self._engine = engine
        self.is_stuck = False
        self.notices_cancel = False
        self.cancel: threading.Event | None = None  # of the last drawing
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

    def draw(
        self,
        task: DrawTask,
        *,
        on_step: OnStep | None = None,
        cancel: threading.Event | None = None,
    ) -> Drawing:
        self.threads.add(threading.current_thread().name)
        self.cancel = cancel
        if self.is_stuck and self.notices_cancel:
            cancel.wait()
        elif self.is_stuck:
            self.unstick.wait()
        return self._engine.draw(task, on_step=on_step, cancel=cancel)

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
async def slot(stuck: Stuck) -> AsyncIterator[ThreadSlot]:
    async with ThreadSlot(lambda: stuck, patience_s=30.0) as slot:
        yield slot
        stuck.unstick.set()


def task(**options: object) -> DrawTask:
    request = ImageRequest(
        prompt="a red apple", seed=1, size=Size(width=128, height=128), quality=Quality.DRAFT
    )
    return DrawTask(request=request, **options)


async def test_everything_happens_on_the_one_thread(slot: ThreadSlot, stuck: Stuck):
    images = await asyncio.gather(*(slot.draw(task()) for _ in range(3)))
    assert stuck.threads == {"engine"}
    assert stuck.loads == 1
    assert len({drawing.image.pixel_sha256 for drawing in images}) == 1


async def test_whoever_asks_goes_before_what_is_warmed_and_warming_goes_on(stuck: Stuck):
    small, large = Size(width=128, height=128), Size(width=256, height=256)
    stuck.warms_long = True
    async with ThreadSlot(lambda: stuck, usual_sizes=[small, large], quiet_s=0.01) as slot:
        assert await asyncio.to_thread(stuck.is_warming.wait, 30.0)
        assert (await slot.draw(task())).image.pixels  # the first warming gave way
        assert set(stuck.warmed) == {small}
        stuck.warms_long = False
        await slot._warming
    assert stuck.warmed[-2:] == [small, large]
    assert stuck.threads == {"engine"}


async def test_an_engine_that_cannot_be_warmed_still_draws(
    stuck: Stuck, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(*_: object, **__: object) -> bool:
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(stuck, "warm", broken)
    sizes = [Size(width=128, height=128)]
    async with ThreadSlot(lambda: stuck, usual_sizes=sizes, quiet_s=0.01) as slot:
        await slot._warming
        assert (await slot.draw(task())).image.pixels
    assert "Warming the engine stopped" in caplog.text


async def test_whoever_asks_does_not_wait_for_ever_behind_warming_that_hangs(stuck: Stuck):
    stuck.is_stuck = True
    sizes = [Size(width=128, height=128)]
    async with ThreadSlot(
        lambda: stuck, patience_s=PATIENCE_S, usual_sizes=sizes, quiet_s=0.01
    ) as slot:
        assert await asyncio.to_thread(stuck.is_warming.wait, 30.0)
        with pytest.raises(EngineHungError, match="Warming the engine made no progress"):
            await slot.draw(task())
        stuck.is_stuck = False
        slot._patience_s = 30.0  # a real drawing needs more
        await slot.restart()
        assert (await slot.draw(task())).image.pixels
        stuck.unstick.set()


async def test_an_end_does_not_wait_for_ever_for_warming_that_hangs(stuck: Stuck):
    stuck.is_stuck = True
    sizes = [Size(width=128, height=128)]
    async with ThreadSlot(lambda: stuck, patience_s=PATIENCE_S, usual_sizes=sizes, quiet_s=0.01):
        assert await asyncio.to_thread(stuck.is_warming.wait, 30.0)
    stuck.unstick.set()


async def test_a_hung_drawing_is_given_up_and_a_new_engine_draws(stuck: Stuck):
    async with ThreadSlot(lambda: stuck, patience_s=30.0, grace_s=PATIENCE_S) as slot:
        before = await slot.draw(task())
        slot._patience_s = PATIENCE_S
        stuck.is_stuck = True
        with pytest.raises(EngineHungError, match="no progress for 0 seconds"):
            await slot.draw(task())
        assert stuck.cancel is not None
        assert stuck.cancel.is_set()
        with pytest.raises(EngineHungError):
            await slot.draw(task())
        stuck.is_stuck = False
        slot._patience_s = 30.0
        await slot.restart()
        after = await slot.draw(task())
        stuck.unstick.set()
    assert after.image.pixel_sha256 == before.image.pixel_sha256
    assert stuck.loads == 2


async def test_a_slow_drawing_that_notices_its_cancel_keeps_its_thread(
    slot: ThreadSlot, stuck: Stuck
):
    await slot.draw(task())
    slot._patience_s = PATIENCE_S
    stuck.is_stuck = stuck.notices_cancel = True
    with pytest.raises(EngineHungError):
        await slot.draw(task())
    stuck.is_stuck = False
    slot._patience_s = 30.0
    assert (await slot.draw(task())).image.pixels


async def test_a_failed_load_is_told_and_tried_again(stuck: Stuck):
    stuck.failure = ModelFilesError("The model is broken.")
    async with ThreadSlot(lambda: stuck) as slot:
        with pytest.raises(ModelFilesError):
            await slot.loaded()
        with pytest.raises(ModelFilesError):
            await slot.draw(task())
        stuck.failure = None
        assert (await slot.draw(task())).image.pixels


async def test_a_cancelled_drawing_ends_before_its_next_step(slot: ThreadSlot):
    steps: list[Step] = []

    def stop(step: Step) -> None:
        steps.append(step)
        slot.cancel("it")

    with pytest.raises(CancelledError):
        await slot.draw(task(id="it"), on_step=stop)
    assert steps
    assert steps[-1].number < steps[-1].total


async def test_a_task_that_was_cancelled_in_time_is_never_begun(slot: ThreadSlot, stuck: Stuck):
    stuck.is_stuck = True
    first = asyncio.create_task(slot.draw(task(id="first")))
    begun: list[str] = []
    second = asyncio.create_task(
        slot.draw(task(id="second"), on_begin=lambda: begun.append("second"))
    )
    await asyncio.sleep(0)
    slot.cancel("second")
    slot.cancel("nobody's")
    stuck.unstick.set()
    assert (await first).image.pixels
    with pytest.raises(CancelledError):
        await second
    assert not begun
