"""The figures as a chart: for each size a bar by way, cut into its stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from PIL import Image

from bot.media.kit import LIGHT, Box, Colour, LayoutBuilder, TextStyle, mixed, paint
from tests.benchmarks.speed.figures import STAGES, ImageFigures, Report, Way

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
_KEY: Final = 22  # the edge of a colour's square in the legend
_REST: Final = "rest"
_COLOURS: Final[dict[str, Colour]] = {
    "text": (238, 168, 60),
    "denoise": LIGHT.accent,
    "decode": (46, 160, 148),
    "copy": (206, 84, 110),
    _REST: (176, 179, 186),
}
_QUIET: Final = 0.55  # how much is left of the colours of plain diffusers
_LEGEND: Final = {
    "text": "text",
    "denoise": "denoising",
    "decode": "decoding",
    "copy": "copy to the host",
    _REST: "everything else",
}
_SHORT: Final = {
    Way.PLAIN: "plain diffusers",
    Way.REFERENCE: "this bot, reference",
    Way.FAST: "this bot, fast",
    Way.FP8: "this bot, fast, fp8",
    Way.INT8: "this bot, fast, int8",
    Way.INT4: "this bot, fast, int4",
}
_MODELS: Final = {
    "random-full": "Z-Image-Turbo's size, random weights",
    "demo": "demo model",
}


@dataclass(kw_only=True)
class _ChartBuilder(LayoutBuilder[NoReturn]):
    """A chart that grows from its top to its foot."""

    top: int = _MARGIN

    def row(self, words: str, left: int, style: TextStyle, height: int = 0) -> int:
        """Write a line in the middle of a row of a height; return where it ends to the right."""
        top = self.top + (max(height, style.line_height) - style.line_height) // 2
        return left + self.write(words, (left, top), style).width


def draw_report(report: Report) -> Image.Image:
    """Return the chart of a report with images."""
    builder = _ChartBuilder(width=_WIDTH, colours=LIGHT)
    _place_head(builder, report)
    longest = max(figures.whole.median for way in report.ways.values() for figures in way.images)
    sizes = [image.size for image in next(iter(report.ways.values())).images]
    for i, size in enumerate(sizes):
        style = builder.ink(_SIZE)
        builder.row(f"{size.width} × {size.height}", _MARGIN, style)
        builder.top += style.line_height + 16
        _place_group(builder, report, i, longest)
        builder.top += _GROUP_GAP
    _place_foot(builder, report)
    return paint(builder.plan(builder.top + _MARGIN))


def _place_head(builder: _ChartBuilder, report: Report) -> None:
    style = builder.ink(_TITLE)
    builder.row("One image: seconds from the prompt to its pixels", _MARGIN, style)
    builder.top += style.line_height + 16
    left, style = _MARGIN, builder.soft(_TEXT)
    for stage in _stages(report):
        row = Box(left=left, top=builder.top, width=_KEY, height=style.line_height)
        builder.panel(row.centred((_KEY, _KEY)), _COLOURS[stage])
        left = builder.row(_LEGEND[stage], row.right + 12, style) + 36
    builder.top += style.line_height + _GROUP_GAP


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


def _place_group(builder: _ChartBuilder, report: Report, index: int, longest: float) -> None:
    """Place the bars of one size."""
    plain = report.ways.get(Way.PLAIN)
    scale = (_WIDTH - 2 * _MARGIN - _NAMES - _VALUES) / longest
    for way, figures in report.ways.items():
        whole, is_ours = figures.images[index].whole.median, way is not Way.PLAIN
        style = builder.ink(_TEXT) if is_ours else builder.soft(_TEXT)
        builder.row(_SHORT[way], _MARGIN, style, _BAR)
        end = _place_bar(builder, list(_cut(figures.images[index])), scale, is_quiet=not is_ours)
        end = builder.row(_seconds(whole), end + 18, builder.ink(_TEXT), _BAR)
        if plain is not None and is_ours:
            times = f"{plain.images[index].whole.median / whole:.2f} × as fast"
            builder.row(times, end + 20, builder.accent(_TEXT), _BAR)
        builder.top += _BAR + _BAR_GAP


def _place_bar(
    builder: _ChartBuilder, parts: Sequence[tuple[str, float]], scale: float, *, is_quiet: bool
) -> int:
    """Place a bar and return its right end."""
    end = float(_MARGIN + _NAMES)
    for stage, seconds in parts:
        left, end = round(end), end + seconds * scale
        box = Box(left=left, top=builder.top, width=max(round(end) - left, 1), height=_BAR)
        colour = _COLOURS[stage]
        builder.panel(box, mixed(colour, LIGHT.ground, _QUIET) if is_quiet else colour)
    return round(end)


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value:.3f} s"


def _place_foot(builder: _ChartBuilder, report: Report) -> None:
    machine, versions = report.machine, report.machine.versions
    builder.top -= _GROUP_GAP // 2
    rule = Box(left=_MARGIN, top=builder.top, width=_WIDTH - 2 * _MARGIN, height=2)
    builder.panel(rule, LIGHT.line)
    builder.top += 24
    model = _MODELS.get(machine.model, machine.model)
    first = f"{machine.device} · {model}, {machine.dtype} · plain: 9 steps, this bot: 8"
    wanted = ("torch", "diffusers", "transformers")
    named = " · ".join(f"{name} {versions[name]}" for name in wanted if versions.get(name))
    turns = ", drawn in turns" if report.is_alternating else ""
    style = builder.soft(_SMALL)
    for line in (first, f"{named} · medians of {report.repetitions}{turns} · python -m bot bench"):
        builder.row(line, _MARGIN, style)
        builder.top += style.line_height + 4
