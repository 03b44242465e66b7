"""Drawing when memory runs out: less and less of the model on the GPU, then tiles."""

from __future__ import annotations

import logging
from typing import Final

import torch

from bot.engine.load_errors import first_line
from bot.engine.memory import free_cache, is_out_of_memory, out_of_memory_error
from bot.engine.parts import ModelParts
from bot.engine.pipeline import Run, Wait
from bot.engine.placement import Placement

logger = logging.getLogger(__name__)

# Of an upscaled image the whole picture is on the device beside the tiles that are worked on: in
# three colours, as half, as full precision, and once more while it is rounded.
_PIXEL_BYTES: Final = 3 * (2 + 4 + 4)


def draw_within_memory(run: Run, parts: ModelParts) -> Wait:
    """Draw as usual; where memory runs out, draw the same pixels with less, then in tiles.

    Raises:
        EngineOutOfMemoryError: Even that was too much.

    """
    return _attempt(run, parts) or _draw_cheaply(run, parts)


def _attempt(run: Run, parts: ModelParts, *, least: bool = False) -> Wait | None:
    """Draw with as many weights on the device as leave room; None where memory runs out.

    Args:
        run: What to draw, and how.
        parts: The model.
        least: Keep nothing there that can come in its turn.

    """
    backends, planner, size = parts.backends, parts.planner, run.task.request.size
    try:
        if backends.can_settle:
            backends.settle(planner.least() if least else _settled(run, parts))
        backends.take(run.task.match)
        parts.adapters.keep_within(0 if least else _spare(run, parts))
        return run.draw(parts)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        logger.warning("Out of memory at %s: %s", size, first_line(error))
        planner.ran_out()
    return None  # outside `except`: the failed attempt's tensors hang on the exception


def _settled(run: Run, parts: ModelParts) -> Placement:
    size, beside = run.seen_at_once(parts), _beside(run, parts)
    return parts.planner.settled(size, tiled=run.tiled, beside=beside)


def _spare(run: Run, parts: ModelParts) -> int:
    return parts.planner.spare(run.seen_at_once(parts), tiled=run.tiled, beside=_beside(run, parts))


def _beside(run: Run, parts: ModelParts) -> int:
    request = run.task.request
    beside = _PIXEL_BYTES * request.size.pixels if run.upscaling is not None else 0
    return beside + (0 if request.control is None else parts.planner.control_work(request.size))


def _draw_cheaply(run: Run, parts: ModelParts) -> Wait:
    on_gpu = run.device.type == "cuda"
    ways = [(on_gpu, True)]  # whether only the least stays there, and tiles
    if on_gpu and parts.backends.can_settle:
        ways = [(False, run.tiled), (True, run.tiled), (True, True)]
    is_moved = on_gpu and parts.backends.can_move_text
    try:
        with parts.backends.now.unrecorded():
            if is_moved:
                parts.text.move(torch.device("cpu"))
            for least, tiled in dict.fromkeys(ways):
                free_cache(run.device)
                run.tiled = tiled
                wait = _attempt(run, parts, least=least)
                if wait is not None:
                    return wait
        raise out_of_memory_error(run.device, what=str(run.task.request.size))
    finally:
        free_cache(run.device)
        if is_moved:
            parts.text.move(run.device)
