"""A quick engine for tests that restart the bot hundreds of times: the same pixels, no model.

Its pixels are a hash of what was asked. Prompts may ask for trouble: a word `poison:KIND` in one
makes KIND happen, `poison:KIND:N` only for the first N drawings, counted across restarts, and
`poison:KIND@SEED` only for the image with that seed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import signal
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from PIL import Image

from bot.domain.drawing import Drawing, DrawTask, PreviewKind, RawImage, Step
from bot.domain.requests import ImageRequest, Size
from bot.engine.protocol import OnStep, PreviewPace
from bot.errors import BadImageError, CancelledError, EngineOutOfMemoryError

POISON = re.compile(r"poison:(crash|hang|raise|nan|memory)(?::(\d+))?(?:@(\d+))?")
SQUARE = 8  # pixels; sizes are multiples of 16
DRAWINGS = "drawings.jsonl"  # among the notes: when which image of a job was begun
SMALLEST_TOKENS = 64  # of a 128x128 image, whose forward takes `seconds_per_forward`


@dataclass(kw_only=True)
class StandInEngine:
    """Draw what hashing makes of a request, as slowly as it was told to.

    Attributes:
        seconds_per_forward: Of the smallest image; larger ones take more by their tokens.
        notes: A folder that counts how often each poisoned prompt was drawn.
        logs_drawings: Whether it notes there what it begins with.

    """

    seconds_per_forward: float
    notes: Path
    logs_drawings: bool = False
    pace: PreviewPace = field(default_factory=PreviewPace)

    def load(self) -> None:
        """Have nothing to load."""

    def warm(self, size: Size, *, cancel: threading.Event) -> bool:
        """Have nothing to warm."""
        return True

    def draw(
        self,
        task: DrawTask,
        *,
        on_step: OnStep | None = None,
        cancel: threading.Event | None = None,
    ) -> Drawing:
        """Go through the steps; see the module for what a prompt may do."""
        request = task.request
        if self.logs_drawings:
            self._log(task)
        cancel, start = cancel or threading.Event(), time.perf_counter()
        pause = self.seconds_per_forward * request.size.tokens / SMALLEST_TOKENS
        pause *= request.num_forwards / request.profile.steps(request.quality)
        total = request.profile.steps(request.quality)
        for number in range(1, total + 1):
            if cancel.wait(pause):
                raise CancelledError("The job was cancelled.")
            if number == total // 2:
                self._suffer(request)
            if on_step is not None:
                preview = _preview(task, number, total) if self.pace.is_due(task) else None
                on_step(Step(number=number, total=total, preview=preview))
        if cancel.is_set():
            raise CancelledError("The job was cancelled.")
        return Drawing(
            image=pixels_of(request),
            conditions=_conditions(request),
            durations_s={"text": 0.0, "denoise": time.perf_counter() - start, "decode": 0.0},
        )

    def close(self) -> None:
        """Have nothing to give back."""

    def _log(self, task: DrawTask) -> None:
        self.notes.mkdir(parents=True, exist_ok=True)
        line = json.dumps([dt.datetime.now(dt.UTC).isoformat(), task.job_id, task.request.seed])
        with (self.notes / DRAWINGS).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _suffer(self, request: ImageRequest) -> None:
        """Do the harm a prompt asks for, unless it has been done often enough."""
        found = POISON.search(request.prompt)
        if found is None or found[3] not in {None, str(request.seed)}:
            return
        if found[2] is not None and self._count(request) > int(found[2]):
            return
        if found[1] == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if found[1] == "hang":
            threading.Event().wait()
        if found[1] == "nan":
            raise BadImageError("The model returned no picture (NaN): try another seed.")
        if found[1] == "memory":
            raise EngineOutOfMemoryError("Memory ran out: try a smaller size.")
        raise RuntimeError("a defect of the engine")

    def _count(self, request: ImageRequest) -> int:
        self.notes.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(request.prompt.encode()).hexdigest()[:16]
        with (self.notes / name).open("a+") as file:
            file.write("x")
            file.flush()
            os.fsync(file.fileno())
            return file.tell()


def pixels_of(request: ImageRequest) -> RawImage:
    """Return the pixels this engine makes of a request, on every machine the same.

    They are squares of one colour: noise takes longer to compress and to find the colours of. A
    prompt with the word `noise` is drawn as noise, whose files are large.
    """
    size = request.size
    text = f"{request.seed}|{request.prompt}|{size}|{request.quality}|{request.guidance_scale:g}"
    text += f"|{request.variety}"
    text += "".join(f"|{each.sha256}:{each.scale:g}" for each in request.adapters)
    square = 1 if "noise" in request.prompt else SQUARE
    small = (size.width // square, size.height // square)
    colours = hashlib.shake_128(text.encode()).digest(small[0] * small[1] * 3)
    pixels = Image.frombytes("RGB", small, colours).resize(
        (size.width, size.height), Image.Resampling.NEAREST
    )
    return RawImage(width=size.width, height=size.height, pixels=pixels.tobytes())


def _conditions(request: ImageRequest) -> dict[str, object]:
    """Return what the real engine tells, in its words; there are no libraries behind this one."""
    return {
        "model": "stand-in",
        "revision": "1",
        "num_inference_steps": request.profile.steps(request.quality),
        "sigmas": list(request.profile.sigmas(request.quality)),
        "dtype": "uint8",
        "noise": "SHAKE-128",
        "device": "hash",
        "prompt_used": request.prompt,
        "loras": [asdict(each) for each in request.adapters],
        "torch": "none",
        "diffusers": "none",
        "transformers": "none",
    }


def _preview(task: DrawTask, number: int, total: int) -> RawImage:
    if task.preview is PreviewKind.FULL:
        return pixels_of(task.request)
    width, height = task.request.size.width // 8, task.request.size.height // 8
    shade = 255 * number // total
    return RawImage(width=width, height=height, pixels=bytes([shade]) * (width * height * 3))
