"""How long the sheets and exports of a large board take, and how much memory.

The pictures are drawn here as PNG, in mixed shapes of about a megapixel with a photograph's noise.
Every step runs in a process of its own, so that its peak memory is its own. CPU seconds are told
beside the time: other work on the machine does not change them much.

    python -m tests.benchmarks.boards [--pictures 1000] [--limit-mb 10] [--folder DIR] [--only STEP]
"""

from __future__ import annotations

import argparse
import hashlib
import io
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from PIL import Image

from bot.domain.boards import Board, Item, Theme
from bot.media.exports import (
    FORMS,
    export_board,
    keep_sheet,
    page_count,
)
from bot.media.palettes import palette_of
from bot.media.thumbnails import PictureCache
from tests.support.board_samples import board_of, item_of, scene

if TYPE_CHECKING:
    from bot.media.exports.export import Form

SHAPES = ((1024, 1024), (832, 1216), (1216, 832), (768, 1344), (1344, 768))
DIFFERENT = 40  # every 40th picture's palette is computed; the others borrow one
STEPS = ("pinned-cold", "pages", "pinned", *FORMS, *(f"{form}-limited" for form in FORMS))


def make(folder: Path, count: int) -> None:
    """Write the pictures, each with pixels of its own, under the names of their bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    names = folder / "names.txt"
    known = names.read_text().split() if names.exists() else []
    noise = np.random.default_rng(1)
    for i in range(len(known), count):
        size = SHAPES[i % len(SHAPES)]
        pixels = np.asarray(scene(i, size), np.int16)
        grain = noise.normal(0, 2.5, (size[1], size[0], 1))
        buffer = io.BytesIO()
        Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8)).save(
            buffer, "PNG", compress_level=1
        )
        known.append(f"{hashlib.sha256(buffer.getvalue()).hexdigest()}.png")
        (folder / known[-1]).write_bytes(buffer.getvalue())
    names.write_text("\n".join(known))


def board(folder: Path, count: int) -> tuple[Board, list[Item]]:
    """Return a board of these files; names stand for the hashes of pixels."""
    paths = [folder / name for name in (folder / "names.txt").read_text().split()[:count]]
    sample = item_of(paths[0], 1)
    items = []
    for i, path in enumerate(paths):
        width, height = SHAPES[i % len(SHAPES)]
        items.append(
            replace(
                sample, id=f"i{i:06}", number=i + 1, path=path, width=width, height=height,
                pixel_sha256=path.stem, caption=f"Picture {i + 1}, harbour at dawn",
                palette=sample.palette if i % DIFFERENT else palette_of(Image.open(path)),
            )
        )  # fmt: skip
    return board_of(items), items


def run(step: str, folder: Path, count: int, limit_mb: int) -> None:
    """Do one step and print a line."""
    shown, items = board(folder / "pictures", count)
    pictures = PictureCache(folder / "copies")
    begin, said = time.perf_counter(), ""
    begin_cpu = time.process_time()
    if step.startswith("pinned"):
        cache = PictureCache(folder / "cold") if step == "pinned-cold" else pictures
        first, sheet = redrawn(shown, [items[20], *items[:20], *items[21:]], cache)
        again, _ = redrawn(shown, [items[19], *items[:19], *items[20:]], cache)
        said = f"drawn in {first:.2f} CPU s, with the next change in {again:.2f}, "
        said += f"JPEG {sheet.stat().st_size / 1e6:.1f} MB"
    elif step == "pages":
        said = every_page(shown, items, pictures)
    else:
        name, _, limited = step.partition("-")
        form = cast("Form", name)
        limit = limit_mb * 1024**2 if limited else None
        files = export_board(
            shown, items=items, form=form, limit_bytes=limit, locale="en-US",
            folder=folder / step, pictures=pictures,
        )  # fmt: skip
        sizes = [file.path.stat().st_size for file in files]
        said = f"{len(files)} files, {sum(sizes) / 1e6:.1f} MB; {files[-1].note}"
        for file in files:
            file.path.unlink()
    elapsed, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took = f"{elapsed:7.2f} s  {cpu:6.2f} CPU s  peak {peak_mb:4.0f} MiB"
    print(f"{step:14} {took}  {said}", flush=True)


def redrawn(shown: Board, items: list[Item], cache: PictureCache) -> tuple[float, Path]:
    """Draw the first page after one change, which moves all pictures; return the CPU seconds."""
    begin = time.process_time()
    sheet = keep_sheet(
        shown, items=items, theme=Theme.LIGHT, page=1, pictures=cache, locale="en-US"
    )
    return time.process_time() - begin, sheet


def every_page(shown: Board, items: list[Item], pictures: PictureCache) -> str:
    """Draw every page, then again after one picture got another caption."""

    def all_pages(items: list[Item]) -> float:
        begin = time.process_time()
        for page in range(1, page_count(len(items)) + 1):
            keep_sheet(
                shown, items=items, theme=Theme.LIGHT, page=page, pictures=pictures, locale="en-US"
            )
        return time.process_time() - begin

    first = all_pages(items)
    middle = len(items) // 2
    other = replace(items[middle], caption=f"at {time.time()}")
    changed = [*items[:middle], other, *items[middle + 1 :]]
    again = all_pages(changed)
    return f"all pages {first:.2f} CPU s, after one change {again:.2f} CPU s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--limit-mb", type=int, default=10)
    parser.add_argument("--folder", type=Path, help="keeps the pictures for another run")
    parser.add_argument("--only", choices=("make", *STEPS))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside and options.only == "make":
        make(options.folder / "pictures", options.pictures)
    elif options.inside:
        run(options.only, options.folder, options.pictures, options.limit_mb)
    if options.inside:
        return
    with tempfile.TemporaryDirectory() as name:
        folder = options.folder or Path(name)
        # A process begins with the peak of the one that started it: this one stays small.
        for step in ("make", *([options.only] if options.only else STEPS)):
            command = [
                sys.executable, "-m", "tests.benchmarks.boards", "--inside", "--only", step,
                "--folder", str(folder), "--pictures", str(options.pictures),
                "--limit-mb", str(options.limit_mb),
            ]  # fmt: skip
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
