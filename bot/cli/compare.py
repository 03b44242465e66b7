"""`python -m bot compare`: what one or two settings do, as one labelled sheet."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from bot.cli.common import Commands, check_lengths, open_engine_aloud, signing_key, step_bar
from bot.cli.comparison_file import ComparisonPlan, read_plan
from bot.cli.outputs import Outputs, Target
from bot.domain.drawing import DrawTask, Step
from bot.domain.recipe import make_recipe
from bot.domain.requests import FIELDS, PROMPT, SEED, SIZE, Axis, ControlKind, ImageRequest
from bot.domain.signature import SigningKey
from bot.domain.variations import MAX_VALUES
from bot.engine import Engine
from bot.environment.streams import say, tell
from bot.errors import EngineError, InvalidRequestError
from bot.locales import text
from bot.media.captions import caption, differing_axes, idle_notes, shared_facts, title
from bot.media.contact_sheet import Cell, Sheet, draw_grid, draw_sheet
from bot.media.control_pictures import map_at
from bot.media.encoding import encode_png, picture_png, to_pillow
from bot.media.source_pictures import Fit, prepared
from bot.models import located, model_rules
from bot.settings import Settings

_LOCALE: Final = "en-US"
_KEPT_EDGE: Final = 1024  # pixels: no sheet shows a picture larger

_OTHERS: Final = tuple(each.option for each in FIELDS if each not in (PROMPT, SIZE, SEED))

_EPILOG: Final = f"""\
FILE is TOML: what all images share, and what varies along the rows and the columns.

  prompt = "a red apple"
  source = "photo.jpg"              # what all begin with, for `strengths`; or leave it out
  seed = 42                         # none draws a random one, the same for all images
  size = "256x256"                  # also: {", ".join(_OTHERS)}, as in `imagine`

  [columns]
  guidance = [0, 1, 1.4]

  [rows]                            # leave it out to vary one thing only
  qualities = ["draft", "final"]

What can vary: {", ".join(Axis)}; 2 to {MAX_VALUES} values each.
`columns = "guidance"` takes the usual values. The single images, each with its recipe, are beside
the sheet: apple-image1.png ... for one thing that varies, apple-r1c1.png ... for two.

examples:
  %(prog)s apple.toml --output apple.png
  %(prog)s --prompt "a green apple" --source apple.png --vary strengths
"""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One image of the comparison, and where it is; or why it is not there."""

    request: ImageRequest
    picture: Image.Image | None = None
    path: Path | None = None
    duration_s: float = 0.0
    pixel_sha256: str = ""
    failure: str | None = None


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "compare",
        help="draw variations of one image as one labelled sheet",
        description="Draw variations of one image, all else and above all the seed the same, as "
        "one labelled sheet.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("file", metavar="FILE", nargs="?", help="what to compare (- is the standard input)")
    add("--prompt", metavar="WORDS", help="what to draw, instead of FILE's")
    add("--source", metavar="PICTURE", help="a picture that all images begin with")
    add("--control", metavar="PICTURE", help="a picture whose shapes all images follow")
    add(
        "--control-kind",
        choices=tuple(ControlKind),
        help="what of it: canny (edges, as usual), scribble, gray, or a ready map",
    )
    add("--vary", metavar="THING", help=f"what varies, with its usual values: {', '.join(Axis)}")
    add(
        "--output",
        metavar="PNG",
        help="the sheet; a relative path is taken from DATA_DIR/outputs, nothing is ever "
        "overwritten (default: FILE's name)",
    )
    add("--model", help="what draws, instead of MODEL: demo, Tongyi-MAI/Z-Image-Turbo or a folder")
    add("--json", action="store_true", help="print one JSON object of the sheet and its images")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Draw everything; all of it is checked before anything is written."""
    if options.model is not None:
        settings = settings.model_copy(update={"model": options.model})
    files = located(settings)
    plan = read_plan(options.file, rules=model_rules(files, settings), given=_given(options))
    target = Outputs(root=settings.data_dir / "outputs").plan_file(_output(options))
    check_lengths(plan.requests, files.folder)
    for note in idle_notes(plan.requests, _LOCALE):
        say(f"Note: {note}")
    with closing(open_engine_aloud(files, settings)) as engine:
        engine.load()
        work = list(zip(plan.requests, _targets(plan, target), strict=True))
        shots = _draw_all(engine, work, plan, signing_key(settings))
    path = None
    pictures = [shot.picture for shot in shots]
    if any(pictures):
        path = target.write(picture_png(draw_plan(plan, pictures).image))
    report = _json(plan, shots, path) if options.json else _report(plan, shots, path)
    tell(report, kept="" if path is None else f"The sheet is here: {path}.")
    return _said_failures(shots)


def _given(options: argparse.Namespace) -> dict[str, str]:
    """Return the keys of a comparison's file that the command line gives."""
    given = {
        "prompt": options.prompt,
        "source": options.source,
        "control": options.control,
        "control_kind": options.control_kind,
        "columns": options.vary,
    }
    given = {key: value for key, value in given.items() if value is not None}
    if options.file is None and not given:
        raise InvalidRequestError(
            "There is nothing to compare: name a FILE, or give --prompt and --vary."
        )
    return given


def _output(options: argparse.Namespace) -> str:
    if options.output is not None:
        return str(options.output)
    return "comparison.png" if options.file in {None, "-"} else f"{Path(options.file).stem}.png"


def _targets(plan: ComparisonPlan, sheet: Target) -> list[Target]:
    """Return the places of the single images: beside the sheet, named for their place on it."""
    return [
        Target(folder=sheet.folder, stem=f"{sheet.stem}-{name}")
        for name in (_place_name(plan, i) for i in range(len(plan.requests)))
    ]


def _place_name(plan: ComparisonPlan, index: int) -> str:
    if len(plan.rows) == 1:
        return f"image{index + 1}"
    row, column = divmod(index, len(plan.rows[0]))
    return f"r{row + 1}c{column + 1}"


def _draw_all(
    engine: Engine,
    work: Sequence[tuple[ImageRequest, Target]],
    plan: ComparisonPlan,
    key: SigningKey | None,
) -> list[Shot]:
    """Draw and write one image after the other; where one fails, the others still come."""
    steps = sum(request.num_steps for request, _ in work)
    with step_bar(steps) as bar:

        def on_step(_step: Step) -> None:
            bar.update()

        tasks = [(_task(request, plan), target) for request, target in work]
        return [_shot(engine, task, target, key, on_step) for task, target in tasks]


def _task(request: ImageRequest, plan: ComparisonPlan) -> DrawTask:
    """Return what draws an image, with its pictures at its own size."""
    pictures = []
    if plan.source is not None:
        pictures.append(prepared(plan.source.image, request.size))
        request = request.begun_with(pictures[0].pixel_sha256)
    if plan.control is not None and request.control is not None:
        kind, image = request.control.kind, plan.control.image
        pictures.append(map_at(image, kind, request.size, Fit.CROP))
        request = request.steered_by(kind, pictures[-1].pixel_sha256)
    return DrawTask(request=request, inputs=tuple(pictures))


def _shot(
    engine: Engine,
    task: DrawTask,
    target: Target,
    key: SigningKey | None,
    on_step: Callable[[Step], None],
) -> Shot:
    request = task.request
    try:
        drawing = engine.draw(task, on_step=on_step)
    except EngineError as error:
        return Shot(request=request, failure=error.message)
    recipe = make_recipe(request, drawing)
    path = target.write(encode_png(drawing.image, recipe=recipe, key=key))
    picture = to_pillow(drawing.image)
    picture.thumbnail((_KEPT_EDGE, _KEPT_EDGE), Image.Resampling.LANCZOS)
    return Shot(
        request=request,
        picture=picture,
        path=path,
        duration_s=drawing.duration_s,
        pixel_sha256=drawing.image.pixel_sha256,
    )


def draw_plan(plan: ComparisonPlan, pictures: Sequence[Image.Image | None]) -> Sheet:
    """Draw the sheet: a grid with headings for two things that vary, else numbered pictures."""
    first = plan.requests[0]
    headline = title(first, _LOCALE, *plan.axes)
    facts = " · ".join(shared_facts(first, _LOCALE, *plan.axes, *differing_axes(plan.requests)))
    if len(plan.rows) == 1:
        cells = [
            Cell(picture=picture, label=caption(request, plan.axes[0], _LOCALE), number=i)
            for i, (request, picture) in enumerate(zip(plan.rows[0], pictures, strict=True), 1)
            if picture is not None
        ]
        if plan.source is not None:
            cells.insert(0, Cell(picture=plan.source.image, label=text("sheet_source", _LOCALE)))
        elif (shown := _map_of(plan)) is not None:
            cells.insert(0, Cell(picture=shown, label=text("sheet_map", _LOCALE)))
        return draw_sheet(cells, title=headline, facts=facts)
    return draw_grid(
        [Cell(picture=picture, label="" if picture else "not drawn") for picture in pictures],
        columns=len(plan.rows[0]),
        column_labels=[caption(each, plan.axes[1], _LOCALE) for each in plan.rows[0]],
        row_labels=[caption(row[0], plan.axes[0], _LOCALE) for row in plan.rows],
        title=headline,
        facts=facts,
    )


def _map_of(plan: ComparisonPlan) -> Image.Image | None:
    """Return the map that the first image follows."""
    request = plan.requests[0]
    if plan.control is None or request.control is None:
        return None
    return to_pillow(map_at(plan.control.image, request.control.kind, request.size, Fit.CROP))


def _report(plan: ComparisonPlan, shots: Sequence[Shot], path: Path | None) -> str:
    """Return a line for each image, and one for the sheet."""
    lines = []
    for shot in shots:
        if shot.path is not None:
            facts = [caption(shot.request, axis, _LOCALE) for axis in plan.axes]
            if Axis.SEEDS not in plan.axes:
                facts.append(f"seed {shot.request.seed}")
            facts += [f"{shot.duration_s:.1f} s", f"sha256 {shot.pixel_sha256[:16]}"]
            lines.append("  ".join([str(shot.path), *facts]))
    return "\n".join([*lines, *([] if path is None else [f"Sheet: {path}"])])


def _json(plan: ComparisonPlan, shots: Sequence[Shot], path: Path | None) -> str:
    columns = len(plan.rows[0])
    images = [
        {"row": i // columns + 1, "column": i % columns + 1, **_facts(shot)}
        for i, shot in enumerate(shots)
    ]
    document = {"sheet": None if path is None else str(path), "varies": plan.axes, "images": images}
    return json.dumps(document, ensure_ascii=False)


def _facts(shot: Shot) -> dict[str, object]:
    request = shot.request
    return {
        "path": None if shot.path is None else str(shot.path),
        **{key: value for each in FIELDS for key, value in each.to_json(request).items()},
        "seconds": round(shot.duration_s, 3),
        "pixel_sha256": shot.pixel_sha256 or None,
        "error": shot.failure,
    }


def _said_failures(shots: Sequence[Shot]) -> int:
    """Print why images are missing, each reason once, and return the exit code."""
    for sentence in dict.fromkeys(shot.failure for shot in shots if shot.failure is not None):
        say(sentence)
    return 1 if any(shot.failure is not None for shot in shots) else 0
