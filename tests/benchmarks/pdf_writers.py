"""The same pages of a board as a PDF by our writer (pydyf) and by fpdf2: time, memory, size.

fpdf2 is no dependency: install it beside, `pip install fpdf2 uharfbuzz`, in a throw-away
environment. Every document is written in a process of its own, so that its peak memory is its own.

    python -m tests.benchmarks.pdf_writers [--pictures 24 1000] [--folder DIR]
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from bot.domain.boards import Board, Item
from bot.media.exports.pages import picture_page, sheet_pages, title_page
from bot.media.exports.pdf import PAGE, Document
from bot.media.kit import Box, Panel, Photo, SheetLayout, TextBlock
from bot.media.kit.typography import FONT_FILE
from bot.media.thumbnails import Copies, PictureCache
from tests.benchmarks.boards import SHAPES
from tests.support.board_samples import board_of, item_of, scene

WRITERS = ("ours", "fpdf2", "fpdf2-shaped")
CAPTIONS = ("Morning fog", "灯塔与海", "שלום עולם (2)", "مرحبا بالعالم", "안녕하세요", "fire 🔥")


class Jpegs(Copies):
    """Ready-made JPEGs in place of a board's copies."""

    def shown(self, item: Item) -> Path | None:
        return item.path


def make(folder: Path, count: int) -> None:
    """Write JPEGs with a photograph's noise, as large as those in a document of many pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(1)
    for i in range(count):
        path = folder / f"{i:04}.jpg"
        if not path.exists():
            size = SHAPES[i % len(SHAPES)]
            pixels = np.asarray(scene(i, size), float)
            pixels = np.clip(pixels + noise.normal(0, 2.5, (size[1], size[0], 1)), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(path, quality=90, subsampling=0)


def items_of(folder: Path, count: int) -> Iterator[Item]:
    sample = item_of(folder / "0000.jpg", 1)
    for i in range(count):
        width, height = SHAPES[i % len(SHAPES)]
        digest = hashlib.sha256(str(i).encode()).hexdigest()
        yield replace(
            sample, number=i + 1, path=folder / f"{i:04}.jpg", width=width, height=height,
            pixel_sha256=digest, caption=CAPTIONS[i % len(CAPTIONS)],
        )  # fmt: skip


def layouts(board: Board, items: list[Item]) -> Iterator[SheetLayout[Item]]:
    yield title_page(board, items, part="", locale="en-US")
    yield from sheet_pages(board, items, locale="en-US")
    for item in items:
        yield picture_page(board, item, locale="en-US")


def write_with_fpdf2(path: Path, pages: Iterator[SheetLayout[Item]], *, is_shaped: bool) -> None:
    from fpdf import FPDF  # noqa: PLC0415 - installed by hand

    pdf = FPDF(orientation="L", unit="pt", format="A4")
    pdf.set_auto_page_break(auto=False)
    pdf.add_font("Sheet", fname=FONT_FILE)
    pdf.set_text_shaping(use_shaping_engine=is_shaped)
    for layout in pages:
        pdf.add_page()
        scale = min(PAGE[0] / layout.width, PAGE[1] / layout.height)

        def placed(box: Box, scale: float = scale) -> tuple[float, float, float, float]:
            return box.left * scale, box.top * scale, box.width * scale, box.height * scale

        pdf.set_fill_color(*layout.ground)
        pdf.rect(0, 0, *PAGE, style="F")
        for shape in layout.shapes:
            match shape:
                case Panel():
                    pdf.set_fill_color(*shape.fill)
                    corners = {"round_corners": True, "corner_radius": shape.radius * scale}
                    pdf.rect(*placed(shape.box), style="F", **(corners if shape.radius else {}))
                case Photo():
                    pdf.image(shape.source.path, *placed(shape.shown))
                case TextBlock():
                    size = shape.style.size
                    pdf.set_font("Sheet", size=size * scale)
                    pdf.set_text_color(*shape.style.colour)
                    for i, line in enumerate(shape.lines if is_shaped else shape.shown):
                        width = pdf.get_string_width(line)
                        left = (
                            shape.left * scale
                            - {"l": 0.0, "m": 0.5, "r": 1.0}[shape.anchor] * width
                        )
                        middle = shape.top + (i + 0.5) * shape.style.line_height
                        pdf.text(left, (middle + 0.38 * size) * scale, line)
    pdf.output(path)


def write(writer: str, folder: Path, count: int) -> None:
    """Write a document and print a line."""
    items = list(items_of(folder, count))
    pages, path = layouts(board_of(items), items), folder / f"{writer}-{count}.pdf"
    begin = time.process_time()
    if writer == "ours":
        copies = Jpegs(pictures=PictureCache(folder), side=0)
        document = Document(copies=copies, locale="en-US", title="Board")
        document.add_pages(pages)
        document.save(path)
    else:
        write_with_fpdf2(path, pages, is_shaped=writer.endswith("shaped"))
    took = time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = path.stat().st_size / 1e6
    print(
        f"{writer:13} {count:5} {took:5.1f} CPU s  peak {peak:4.0f} MiB  {size:6.1f} MB", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, nargs="+", default=[24, 1000])
    parser.add_argument("--folder", type=Path, help="keeps the JPEGs for another run")
    parser.add_argument("--only", choices=("make", *WRITERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only == "make":
        make(options.folder, max(options.pictures))
    elif options.only:
        write(options.only, options.folder, options.pictures[0])
    else:
        with tempfile.TemporaryDirectory() as name:
            folder = options.folder or Path(name)
            steps = [("make", max(options.pictures))]
            steps += [(writer, count) for count in options.pictures for writer in WRITERS]
            for step, count in steps:  # a process begins with the peak of the one that started it
                command = [sys.executable, "-m", "tests.benchmarks.pdf_writers", "--only", step]
                command += ["--folder", str(folder), "--pictures", str(count)]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
