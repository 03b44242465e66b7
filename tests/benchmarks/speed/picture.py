"""The figures as a picture: for each size a bar by way, cut into its stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

from bot.media.sheets.typography import font
from tests.benchmarks.speed.figures import STAGES, ImageFigures, Report, Way

Colour = tuple[int, int, int]

_WIDTH: Final = 1500  # pixels: shown at half of it and sharp on dense screens
_MARGIN: Final = 56
_NAMES: Final = 300  # the width of the ways' names
_VALUES: Final = 300  # the width of the seconds behind the bars
_BAR: Final = 46  # the height of a bar
_BAR_GAP: Final = 14
_GROUP_GAP: Final = 40  # between sizes
_TITLE: Final = 40
_SIZE: Final = 30
_TEXT: Final = 27
_SMALL: Final = 22
_BACKGROUND: Final = (250, 250, 248)
_INK: Final = (30, 31, 34)
_GREY: Final = (98, 102, 110)
_HAIRLINE: Final = (222, 223, 226)
_ACCENT: Final = (71, 82, 196)
_REST: Final = "rest"
_COLOURS: Final[dict[str, Colour]] = {
    "text": (238, 168, 60),
    "denoise": (71, 82, 196),
    "decode": (46, 160, 148),
    "copy": (206, 84, 110),
    _REST: (176, 179, 186),
}
_QUIET: Final = 0.45  # how much of the background plain diffusers' colours get


@dataclass(kw_only=True)
class _Canvas:
    image: Image.Image
    draw: ImageDraw.ImageDraw
    top: int = _MARGIN

    def write(
        self, words: str, left: float, size: int, colour: Colour, *, anchor: str = "lm"
    ) -> None:
        """Write one line whose middle is the canvas's top."""
        self.draw.text((left, self.top), words, colour, font(size), anchor=anchor)


def draw_report(report: Report) -> Image.Image:
    """Return the picture of a report with images."""
    sizes = [image.size for image in next(iter(report.ways.values())).images]
    group = _SIZE + 24 + len(report.ways) * (_BAR + _BAR_GAP) + _GROUP_GAP
    height = _MARGIN + 146 + len(sizes) * group + 2 * 34 + 20
    image = Image.new("RGB", (_WIDTH, height), _BACKGROUND)
    canvas = _Canvas(image=image, draw=ImageDraw.Draw(image))
    _write_head(canvas, report)
    longest = max(figures.whole.median for way in report.ways.values() for figures in way.images)
    for i, size in enumerate(sizes):
        canvas.write(f"{size.width} × {size.height}", _MARGIN, _SIZE, _INK)
        canvas.top += _SIZE // 2 + 24
        _draw_group(canvas, report, i, longest)
        canvas.top += _GROUP_GAP
    _write_foot(canvas, report)
    return image


def _write_head(canvas: _Canvas, report: Report) -> None:
    canvas.top += _TITLE // 2
    canvas.write("One image: seconds from the prompt to its pixels", _MARGIN, _TITLE, _INK)
    canvas.top += 62
    left = float(_MARGIN)
    for stage in _stages(report):
        box = (left, canvas.top - 11, left + 22, canvas.top + 11)
        canvas.draw.rectangle(box, fill=_COLOURS[stage])
        canvas.write(_LEGEND[stage], left + 34, _TEXT, _GREY)
        left += 34 + font(_TEXT).getlength(_LEGEND[stage]) + 36
    canvas.top += 76


_LEGEND: Final = {
    "text": "text",
    "denoise": "denoising",
    "decode": "decoding",
    "copy": "copy to the host",
    _REST: "everything else",
}


def _stages(report: Report) -> list[str]:
    """Return the stages that can be seen in some bar."""
    found = [
        name for way in report.ways.values() for image in way.images for name, _ in _cut(image)
    ]
    return [stage for stage in (*STAGES, _REST) if stage in found]


def _cut(image: ImageFigures) -> Iterator[tuple[str, float]]:
    """Yield the stages with their seconds, and what is left of the whole."""
    for stage in STAGES:
        if stage in image.stages:
            yield stage, image.stages[stage].median
    known = sum(spread.median for spread in image.stages.values())
    if image.whole.median - known > 0.005 * image.whole.median:
        yield _REST, image.whole.median - known


def _draw_group(canvas: _Canvas, report: Report, index: int, longest: float) -> None:
    """Draw the bars of one size."""
    plain = report.ways.get(Way.PLAIN)
    room = _WIDTH - 2 * _MARGIN - _NAMES - _VALUES
    for way, figures in report.ways.items():
        image = figures.images[index]
        middle = canvas.top + _BAR // 2
        canvas.top = middle
        is_ours = way is not Way.PLAIN
        canvas.write(_SHORT[way], _MARGIN, _TEXT, _INK if is_ours else _GREY)
        end = _draw_bar(canvas, list(_cut(image)), room / longest, is_quiet=not is_ours)
        seconds = _seconds(image.whole.median)
        canvas.write(seconds, end + 18, _TEXT, _INK)
        if plain is not None and is_ours:
            times = f"{plain.images[index].whole.median / image.whole.median:.2f} × as fast"
            start = end + 18 + font(_TEXT).getlength(seconds) + 20
            canvas.write(times, start, _TEXT, _ACCENT)
        canvas.top += _BAR // 2 + _BAR_GAP


_SHORT: Final = {
    Way.PLAIN: "plain diffusers",
    Way.REFERENCE: "this bot, reference",
    Way.FAST: "this bot, fast",
    Way.FP8: "this bot, fast, fp8",
    Way.INT8: "this bot, fast, int8",
    Way.INT4: "this bot, fast, int4",
}


def _draw_bar(
    canvas: _Canvas, parts: Sequence[tuple[str, float]], scale: float, *, is_quiet: bool
) -> float:
    """Draw a bar around the canvas's top and return its right end."""
    left = float(_MARGIN + _NAMES)
    top, bottom = canvas.top - _BAR // 2, canvas.top + _BAR // 2
    for stage, seconds in parts:
        right = left + seconds * scale
        colour = _blend(_COLOURS[stage]) if is_quiet else _COLOURS[stage]
        canvas.draw.rectangle(
            (round(left), top, max(round(right) - 1, round(left)), bottom), colour
        )
        left = right
    return left


def _blend(colour: Colour) -> Colour:
    red, green, blue = (
        round(value + (paper - value) * _QUIET)
        for value, paper in zip(colour, _BACKGROUND, strict=True)
    )
    return red, green, blue


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value:.3f} s"


_MODELS: Final = {
    "random-full": "Z-Image-Turbo's size, random weights",
    "demo": "demo model",
}


def _write_foot(canvas: _Canvas, report: Report) -> None:
    machine, versions = report.machine, report.machine.versions
    canvas.top -= _GROUP_GAP // 2
    canvas.draw.line((_MARGIN, canvas.top, _WIDTH - _MARGIN, canvas.top), _HAIRLINE, 2)
    canvas.top += 38
    model = _MODELS.get(machine.model, machine.model)
    first = f"{machine.device} · {model}, {machine.dtype} · plain: 9 steps, this bot: 8"
    wanted = ("torch", "diffusers", "transformers")
    named = " · ".join(f"{name} {versions[name]}" for name in wanted if versions.get(name))
    turns = ", drawn in turns" if report.is_alternating else ""
    for line in (first, f"{named} · medians of {report.repetitions}{turns} · python -m bot bench"):
        canvas.write(line, _MARGIN, _SMALL, _GREY)
        canvas.top += 34
