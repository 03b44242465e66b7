"""A model of the full size for the benchmark: built once, kept where that is wanted."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.benchmarks.speed.figures import BenchError

NAME: Final = "random-full"
_BYTES: Final = 21_000_000_000  # of its weights in bfloat16, on the disk


@contextlib.contextmanager
def random_full(keep: Path | None, *, device: str, say: Callable[[str], object]) -> Iterator[Path]:
    """Yield the folder of Z-Image-Turbo with random weights; it is removed unless it is kept.

    Args:
        keep: A folder that holds it already, or one to be made; None for a temporary one.
        device: Where the weights are drawn.
        say: Told what takes long.

    Raises:
        BenchError: This machine or this disk is too small.

    """
    with contextlib.ExitStack() as stack:
        folder = keep
        if folder is None:
            temporary = tempfile.TemporaryDirectory(prefix="z-image-bench-")
            folder = Path(stack.enter_context(temporary)) / NAME
        if not (folder / "model_index.json").is_file():
            _build(folder, device, say)
        yield folder


def _build(folder: Path, device: str, say: Callable[[str], object]) -> None:
    if folder.exists():
        raise BenchError(f"--keep {folder} does not work: it is there, and holds no model.")
    from bot.engine.hardware import choose_device  # noqa: PLC0415
    from tests.benchmarks.baseline import process_memory, random_model  # noqa: PLC0415

    chosen = choose_device(device)
    if not process_memory.can_hold_full_size(chosen):
        raise BenchError(
            f"--model {NAME} needs a GPU with 24 GB, or 56 GiB of free memory without one: use "
            "--model demo here."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _check_disk(folder.parent)
        say(f"Building Z-Image-Turbo with random weights in {folder}")
        random_model.build(folder, str(chosen))
    except OSError as error:
        raise BenchError(
            f"{NAME} cannot be written to {folder}: {error.strerror or error}."
        ) from error


def _check_disk(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _BYTES:
        raise BenchError(
            f"The disk of {folder} has {free / 1e9:.1f} GB free, and {NAME} takes "
            f"{_BYTES / 1e9:.0f} GB: free some space, or name another disk with --keep."
        )
