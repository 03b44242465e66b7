"""One request, one picture: whatever process, order, company, stop or cancel it was drawn in.

What `test_engine.py` shows of one engine (another size between, previews of every step) is not
repeated here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.drawing import DrawTask, Step
from bot.domain.jobs import Job
from bot.domain.requests import ImageRequest, Quality, Size
from bot.errors import BadImageError, BotError, CancelledError, InvalidRequestError
from bot.services import Service, open_service
from bot.settings import PROJECT_DIR, Settings
from tests.support.discord_env import SteeredEngine, crash
from tests.support.later import imported_later
from tests.support.sampling import sampled
from tests.unit.services.test_service import HERE, Recorder, idle, origin, reached_a_step, submit

with imported_later():
    import torch

    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]

THREADS = 2  # the sums of one product are shared among several
PLAIN = ImageRequest(
    prompt="a red apple", seed=42, size=Size(width=128, height=128), quality=Quality.DRAFT
)
WANTED = {
    "plain": PLAIN,
    "guided": replace(PLAIN, guidance_scale=1.3, prompt="红苹果"),
    "varied": replace(PLAIN, variety=60, seed=0),
    "odd size": replace(PLAIN, size=Size(width=176, height=144), quality=Quality.FINAL),
}
DRAW = """
import json, sys
def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        raise AssertionError(f"{event} {args}")
sys.addaudithook(refuse)
from pathlib import Path
from bot.engine.z_image import ZImageEngine
from bot.domain.drawing import DrawTask
from bot.domain.recipe import parse_recipe
folder, threads, recipes = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
engine = ZImageEngine(
    Path(folder), model_id="demo", revision="test", device="cpu", cpu_threads=threads
)
drawings = [engine.draw(DrawTask(request=parse_recipe(recipe).request)) for recipe in recipes]
print(json.dumps([drawing.image.pixel_sha256 for drawing in drawings]))
"""


@pytest.fixture(scope="module")
def loaded_engine(sketch_model: Path) -> Iterator[ZImageEngine]:
    """Load the model, on several threads."""
    before = torch.get_num_threads()
    engine = new_engine(sketch_model)
    engine.load()
    yield engine
    engine.close()
    torch.set_num_threads(before)


def new_engine(folder: Path) -> ZImageEngine:
    return ZImageEngine(folder, model_id="demo", revision="test", device="cpu", cpu_threads=THREADS)


@pytest.fixture(scope="module")
def pixels(loaded_engine: ZImageEngine) -> dict[str, str]:
    """Return the SHA-256 of every wanted picture, as this process draws it first."""
    return {name: sha_of(loaded_engine, request) for name, request in WANTED.items()}


@pytest.fixture
async def service(settings: Settings, real_engine: SteeredEngine) -> AsyncIterator[Service]:
    async with open_service(settings, lambda: real_engine) as service:
        yield service
        real_engine.release()


def sha_of(engine: ZImageEngine, request: ImageRequest) -> str:
    return engine.draw(DrawTask(request=request)).image.pixel_sha256


def shas(reply: Recorder) -> list[str]:
    return [made.pixel_sha256 for made in reply.generations]


def in_another_process(sketch_model: Path, requests: list[ImageRequest]) -> list[str]:
    """Return the SHA-256 of the pictures that a process of its own draws."""
    recipes = [
        json.dumps({
            "version": 1, "prompt": each.prompt, "seed": each.seed, "width": each.size.width,
            "height": each.size.height, "quality": each.quality, "variety": each.variety,
            "guidance_scale": each.guidance_scale, "pixel_sha256": "0" * 64,
        })
        for each in requests
    ]  # fmt: skip
    line = [sys.executable, "-c", DRAW, str(sketch_model), str(THREADS), json.dumps(recipes)]
    drawn = subprocess.run(line, cwd=PROJECT_DIR, capture_output=True, text=True, check=False)
    assert drawn.returncode == 0, drawn.stderr
    return json.loads(drawn.stdout)


@pytest.mark.nightly
def test_a_fresh_process_without_a_network_gives_the_same_pixels_in_another_order(
    pixels: dict[str, str], sketch_model: Path
):
    names = list(reversed(WANTED))
    found = in_another_process(sketch_model, [WANTED[name] for name in names])
    assert dict(zip(names, found, strict=True)) == pixels
    assert len(set(pixels.values())) == len(WANTED), "each request has a picture of its own"


def cancelled_half_way(engine: ZImageEngine) -> None:
    cancel = threading.Event()

    def on_step(step: Step) -> None:
        if step.number == step.total // 2:
            cancel.set()

    with pytest.raises(CancelledError):
        engine.draw(DrawTask(request=WANTED["guided"]), cancel=cancel, on_step=on_step)


def refused(engine: ZImageEngine) -> None:
    with pytest.raises(InvalidRequestError, match="504 are the limit"):
        engine.draw(DrawTask(request=replace(PLAIN, prompt="word " * 700)))


def without_a_picture(engine: ZImageEngine) -> None:
    bias = engine._loaded().vae.decoder.conv_out.bias
    kept = bias.clone()
    bias.fill_(float("nan"))
    try:
        with pytest.raises(BadImageError, match="NaN"):
            engine.draw(DrawTask(request=PLAIN))
    finally:
        bias.copy_(kept)


def with_memory_run_out(engine: ZImageEngine) -> None:
    """Let decoding fail, also that of the second try, which decodes in tiles."""
    hook = engine._loaded().vae.decoder.register_forward_pre_hook(run_out)
    try:
        with pytest.raises(BotError, match="Memory ran out"):
            engine.draw(DrawTask(request=PLAIN))
    finally:
        hook.remove()


def run_out(*_: object) -> None:
    raise MemoryError


def another(engine: ZImageEngine) -> None:
    """Draw what has nothing in common with the wanted pictures."""
    request = ImageRequest(
        prompt="像素风格的城堡, a castle", seed=5, size=Size(width=272, height=128),
        quality=Quality.STANDARD, guidance_scale=2.0, variety=100,
    )  # fmt: skip
    engine.draw(DrawTask(request=request))


@pytest.mark.parametrize(
    "before",
    sampled(
        [another, cancelled_half_way, refused, without_a_picture, with_memory_run_out], first=2
    ),
)
def test_what_was_drawn_before_changes_nothing(
    loaded_engine: ZImageEngine, pixels: dict[str, str], before: Callable[[ZImageEngine], None]
):
    for name in ("plain", "guided"):
        before(loaded_engine)
        assert sha_of(loaded_engine, WANTED[name]) == pixels[name]


@pytest.mark.nightly
async def test_alone_or_among_others_and_in_any_order(
    service: Service, real_engine: SteeredEngine, pixels: dict[str, str]
):
    """The others are images of the same job, and jobs of other users that come between."""
    real_engine.hold()
    first = await submit(service, replace(PLAIN, seed=1), by=origin(20))
    await reached_a_step(real_engine)
    names = ["odd size", "plain", "varied"]
    together = await submit(service, *(WANTED[name] for name in names))
    others = [await submit(service, WANTED[name], by=origin(20)) for name in reversed(names)]
    real_engine.release()
    await idle(service)
    alone = await submit(service, WANTED["plain"])
    await idle(service)
    assert first.generations
    assert shas(together) == [pixels[name] for name in names]
    assert [shas(other) for other in others] == [[pixels[name]] for name in reversed(names)]
    assert shas(alone) == [pixels["plain"]]


@pytest.mark.nightly
async def test_previews_change_nothing(
    service: Service, pixels: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    for every_s, has_previews in ((0.0, True), (1e9, False)):
        monkeypatch.setattr("bot.services.slot_worker.PREVIEW_EVERY_S", every_s)
        names = ("guided", "odd size")
        reply = await submit(service, *(WANTED[name] for name in names))
        await idle(service)
        assert shas(reply) == [pixels[name] for name in names]
        shown = [each.preview for each in reply.steps if each.preview is not None]
        assert bool(shown) is has_previews


async def test_a_job_that_was_cancelled_half_way_changes_nothing(
    service: Service, real_engine: SteeredEngine, pixels: dict[str, str]
):
    real_engine.hold()
    cancelled = await submit(service, WANTED["guided"], WANTED["plain"])
    await reached_a_step(real_engine)
    await service.jobs.cancel(cancelled.job_id, viewer=replace(HERE, user_id=10))
    real_engine.release()
    reply = await submit(service, WANTED["guided"], WANTED["plain"])
    await idle(service)
    assert cancelled.was_cancelled
    assert shas(reply) == [pixels["guided"], pixels["plain"]]


async def test_a_restart_changes_nothing_even_in_the_midst_of_an_image(
    settings: Settings, sketch_model: Path, pixels: dict[str, str]
):
    """Every start has an engine that loads the weights anew; the second one takes up a job."""

    def steered() -> SteeredEngine:
        return SteeredEngine(new_engine(sketch_model))

    doomed = steered()
    async with open_service(settings, lambda: doomed) as service:
        doomed.hold()
        await submit(service, WANTED["varied"], WANTED["plain"])
        await reached_a_step(doomed)
        await crash(service)
        doomed.release()
    taken_up = Recorder()

    def reply_of(_job: Job) -> Recorder:
        return taken_up

    async with open_service(settings, steered) as service:
        await service.system.resume(reply_of)
        await idle(service)
        again = await submit(service, WANTED["varied"])
        await idle(service)
    assert shas(taken_up) == [pixels["varied"], pixels["plain"]]
    assert shas(again) == [pixels["varied"]]
