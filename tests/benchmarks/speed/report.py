"""A benchmark's figures as text for a terminal, and as one JSON document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

from tests.benchmarks.speed.figures import (
    STAGES,
    ImageFigures,
    QueueFigures,
    Report,
    Spread,
    StartFigures,
    Way,
)

_GIB: Final = 2**30
_TERA: Final = 1e12
_FEW: Final = 10  # tera a second: below, giga are easier to read


def as_json(report: Report) -> str:
    """Return everything, with seconds and operations a second as plain numbers."""
    document = asdict(report)
    for way in document["ways"].values():
        for image in way["images"]:
            image["size"] = f"{image['size']['width']}x{image['size']['height']}"
    for figures, queue in zip(report.queues, document["queues"], strict=True):
        queue["images_per_minute"] = figures.images_per_minute
    return json.dumps(document, ensure_ascii=False, indent=2)


def as_text(report: Report) -> str:
    """Return tables of all parts that were measured."""
    parts = [_machine(report)]
    if report.ways:
        parts.append("\n".join(_images(report)))
        parts.append("\n".join(_texts(report)))
    if report.starts:
        parts.append("\n".join(_starts(report.starts)))
    if report.queues:
        parts.append("\n".join(_queues(report.queues)))
    return "\n\n".join(parts)


def _machine(report: Report) -> str:
    machine = report.machine
    versions = ", ".join(f"{name} {found}" for name, found in machine.versions.items() if found)
    shape = " x ".join(map(str, machine.matrix_shape))
    return (
        f"{machine.device}; {versions}\n"
        f"model {machine.model}, {machine.dtype}; best matrix rate "
        f"{rate(machine.matrix_flops)} ({shape})"
    )


def _images(report: Report) -> Iterator[str]:
    """Yield a table: milliseconds of the stages, medians, with the spread of the whole."""
    turns = "in turns with plain diffusers" if report.is_alternating else "one way after the other"
    yield f"One image, prompt to RGB bytes, in ms: medians of {report.repetitions}, {turns};"
    yield "CPU: of all threads; file: the PNG, made beside the next image; x: as fast as plain"
    heads = (*STAGES, "all", "least-most", "CPU", "file")
    yield _row("", "", *heads, "x", "rate", "of matrix")
    plain = report.ways.get(Way.PLAIN)
    for i, first in enumerate(next(iter(report.ways.values())).images):
        for way, figures in report.ways.items():
            image = figures.images[i]
            beside = None if plain is None else plain.images[i].whole.median / image.whole.median
            yield _row(
                str(first.size) if way is next(iter(report.ways)) else "",
                way.label,
                *(_ms(image.stages.get(stage)) for stage in STAGES),
                _ms(image.whole),
                f"{1000 * image.whole.least:.1f}-{1000 * image.whole.most:.1f}",
                _ms(image.cpu),
                _ms(image.encode),
                "" if beside is None else f"{beside:.2f}",
                rate(reached(image)),
                f"{100 * reached(image) / report.machine.matrix_flops:.0f} %",
            )


def _row(size: str, name: str, *cells: str) -> str:
    widths = (9, 9, 9, 9, 9, 17, 9, 13, 9, 14, 11)
    columns = "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{size:<10}{name:<28}{columns}".rstrip()


def reached(image: ImageFigures) -> float:
    """Return the operations a second over a whole image."""
    return image.flops / image.whole.median


def rate(flops: float) -> str:
    """Return operations a second as people read them."""
    tera = flops / _TERA
    if tera < _FEW:
        return f"{1000 * tera:.0f} GFLOP/s"
    return f"{tera:.0f} TFLOP/s"


def _texts(report: Report) -> Iterator[str]:
    yield "Text of a new prompt / of one seen before, and of the whole what the forwards reach"
    for way, figures in report.ways.items():
        new = _ms(figures.images[0].stages.get("text"))
        denoise = "; ".join(
            f"{image.size} {rate(image.denoise_flops / image.stages['denoise'].median)}"
            for image in figures.images
        )
        yield f"  {way.label:<28}{new} / {_ms(figures.text_seen)} ms   {denoise}"


def _starts(starts: Sequence[StartFigures]) -> Iterator[str]:
    yield "Starts, each in a process of its own, in seconds"
    for each in starts:
        kind = "cold" if each.is_cold else "warm"
        yield (
            f"  {each.way.label:<28}{kind}: first {each.size} image {each.ready_s:.1f} after the "
            f"process began (loading {each.load_s:.1f}, drawing {each.first_image_s:.2f}); "
            f"second {each.second_image_s:.2f}; peak {each.peak_bytes / _GIB:.2f} GiB"
        )


def _queues(queues: Sequence[QueueFigures]) -> Iterator[str]:
    yield "Queue: every image a job of its own, through service, SQLite and files"
    for each in queues:
        yield (
            f"  {each.images} {each.name}: {each.drawing_s:.1f} s of drawing, "
            f"{each.images_per_minute:.1f} images a minute; all stored after {each.stored_s:.1f} s"
        )
        yield (
            f"    outside of the stages of images {_ms(each.gaps)} ms (median; "
            f"{1000 * each.gaps.least:.1f}-{1000 * each.gaps.most:.1f}): "
            f"{100 * each.idle_share:.2f} % of the time"
        )
        if each.gpu is not None:
            yield (
                f"    the GPU's own record of {each.gpu.images} more: no kernel ran in "
                f"{100 * each.gpu.idle_share:.2f} % of the time, "
                f"{100 * each.gpu.waiting_share:.2f} % in pauses of 50 us or more"
            )


def _ms(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    milliseconds = 1000 * spread.median
    return f"{milliseconds:.2f}" if milliseconds < 1 else f"{milliseconds:.1f}"
