"""`python -m bot imagine`: prompts become image files."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.cli import inputs
from bot.cli.common import Commands, add_option, open_engine_aloud, signing_key, step_bar
from bot.cli.filmstrip import Filmstrip
from bot.cli.image_requests import OPTIONS, is_confirmed, requests_of
from bot.cli.inputs import inputs_of, map_for
from bot.cli.labelled_sheet import LabelledSheet
from bot.cli.outputs import Outputs, Target
from bot.domain.drawing import Drawing, DrawTask, PreviewKind, RawImage, Step
from bot.domain.recipe import make_recipe
from bot.domain.requests import ImageRequest
from bot.domain.signature import SigningKey
from bot.engine import Engine
from bot.environment.streams import say, tell
from bot.media.captions import idle_notes, trigger_notes
from bot.media.encoding import encode_png
from bot.models import located, lora_folder, model_rules
from bot.settings import Settings

_LOCALE: Final = "en-US"

_EPILOG: Final = """\
sizes: WIDTHxHEIGHT, each a multiple of 16, or a name: square, portrait, landscape, phone, wide,
  tall, small, large, huge. The names follow the model: square is 1024x1024 with Z-Image-Turbo and
  256x256 with the demo model. Z-Image-Turbo is at its best from 768 on the short side and between
  1:2 and 2:1.
qualities: draft, standard and final are 7, 8 and 9 steps of Z-Image-Turbo. Articles call these
  8, 9 and 10 steps: older software counted one more, which had no effect. Of Z-Image they are
  28, 40 and 50.
guidance: above 0 each step is drawn twice, and the negative prompt counts. Turbo was distilled for
  0; 1.2 to 1.5 follows the prompt more strictly. Z-Image wants 3 to 5; it is usually 4.

loras: NAME, or NAME:SCALE from -2 to 2; `lora list` names those in LORA_DIR (usually data/loras).
braces: "{red, green} apple" draws an apple of each colour, with one seed; so do braces in options,
  --size "{square, wide}". Put a backslash before a brace that is meant as such.

examples:
  %(prog)s "a red apple" --seed 42 --output apple.png
  %(prog)s 红苹果 "a blue rocket" --count 4 --output fruit-and-rockets
  %(prog)s "{red, green, blue} apple on {white, black}" --seed 42 --sheet apples.png
  %(prog)s --prompts-file prompts.csv --json > images.jsonl
  %(prog)s "a green apple" --source apple.png --strength subtle
  %(prog)s "a red apple, a pear" --source apple.png --region "right half"
  %(prog)s "a red apple" --source apple.png --extend zoom-2
  %(prog)s "a castle at night" --lora neon:0.8 --lora ink:0.5
  %(prog)s "a castle at night" --style watercolour
  %(prog)s "a pear" --control apple.png --control-kind canny --control-scale 0.75
  %(prog)s "a castle at night" --filmstrip castle-steps.png
"""


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "imagine",
        help="draw images from prompts, into files",
        description="Draw images from prompts, in English, Chinese or both mixed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("prompts", nargs="*", metavar="PROMPT", help="what to draw; several make several images")
    add(
        "--prompts-file",
        metavar="FILE",
        help="one prompt a line (- is the standard input), # starts a remark; or .csv with named "
        "columns (prompt, size, seed, ...), or .jsonl with such keys",
    )
    for field in OPTIONS:
        add_option(parser, field)
    inputs.add_to(parser)
    add(
        "--count",
        default="1",
        metavar="N",
        help="images a prompt, with the seeds seed ... seed+N-1",
    )
    add(
        "--output",
        metavar="PATH",
        help="a .png for one image, else a folder; a relative path is "
        "taken from DATA_DIR/outputs; nothing is ever overwritten",
    )
    add("--sheet", metavar="PNG", help="also write one labelled sheet of all images")
    add("--yes", action="store_true", help="draw all that braces stand for without asking")
    add("--filmstrip", metavar="PNG", help="also write a picture of every step on the way")
    add("--json", action="store_true", help="print one JSON object a line for each image")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Draw everything that was asked for; all of it is checked before anything is written."""
    files = located(settings)
    loras = lora_folder(files, settings)
    rules = model_rules(files, settings, loras)
    given = inputs_of(options, rules)
    if given is not None:
        options.size = str(given.size)
    steering = map_for(options, rules)
    if steering is not None:
        options.size = str(steering.size)
    wanted = requests_of(options, rules, files.folder, given, steering)
    requests = wanted.requests
    outputs = Outputs(root=settings.data_dir / "outputs")
    targets = outputs.plan(options.output, requests)
    filmstrip = None
    if options.filmstrip is not None:
        filmstrip = Filmstrip(outputs.plan_file(options.filmstrip))
    sheet = None
    if options.sheet is not None:
        sheet = LabelledSheet(outputs.plan_file(options.sheet), wanted.batch, requests)
    if not is_confirmed(wanted, has_said_yes=options.yes):
        say("Nothing is drawn.")
        return 0
    if warning := rules.warning(requests[0].size):
        say(f"Note: {warning}")
    triggers = trigger_notes(requests, loras.all, _LOCALE)
    for note in [*idle_notes(requests, _LOCALE), *triggers.values()]:
        say(f"Note: {note}")
    with closing(open_engine_aloud(files, settings)) as engine:
        engine.load()
        work, key = list(zip(requests, targets, strict=True)), signing_key(settings)
        pictures = () if given is None else given.pictures
        pictures = pictures if steering is None else (*pictures, steering.picture)
        extras = _Extras(filmstrip=filmstrip, sheet=sheet)
        _draw_all(engine, work, pictures, extras, key, options.json)
    if filmstrip is not None:
        say(f"Steps: {filmstrip.save()}")
    if sheet is not None:
        say("\n".join(f"Sheet: {path}" for path in sheet.save(_LOCALE)))
    return 0


@dataclass(frozen=True, kw_only=True)
class _Extras:
    """What is made of the images beside their files."""

    filmstrip: Filmstrip | None
    sheet: LabelledSheet | None


def _draw_all(
    engine: Engine,
    work: list[tuple[ImageRequest, Target]],
    pictures: tuple[RawImage, ...],
    extras: _Extras,
    key: SigningKey | None,
    as_json: bool,  # noqa: FBT001 - handed on from the option of that name
) -> None:
    """Draw, write and report one image after the other, under one progress bar of steps."""
    filmstrip = extras.filmstrip
    steps = sum(request.num_steps for request, _ in work)
    preview = PreviewKind.NONE if filmstrip is None else PreviewKind.FULL
    with step_bar(steps) as bar:
        for request, target in work:
            bar.set_description(request.prompt[:40])

            def on_step(step: Step) -> None:
                bar.update()
                if filmstrip is not None and step.preview is not None:
                    filmstrip.add(step.number, step.preview)

            task = DrawTask(request=request, inputs=pictures, preview=preview)
            drawing = engine.draw(task, on_step=on_step)
            recipe = make_recipe(request, drawing)
            if extras.sheet is not None:
                extras.sheet.add(drawing.image)
            path = target.write(encode_png(drawing.image, recipe=recipe, key=key))
            with bar.external_write_mode(file=sys.stdout):
                report = _report(path, request, drawing, recipe, as_json=as_json)
                tell(report, kept=f"The image is here: {path}.")


def _report(
    path: Path,
    request: ImageRequest,
    drawing: Drawing,
    recipe: Mapping[str, object],
    *,
    as_json: bool,
) -> str:
    """Return one image's line, for a program or for a person."""
    if not as_json:
        return (
            f"{path}  {request.size}  seed {request.seed}  {drawing.duration_s:.1f} s  "
            f"sha256 {str(recipe['pixel_sha256'])[:16]}"
        )
    shown = {
        "path": str(path),
        "prompt": request.prompt,
        "seed": request.seed,
        "width": request.size.width,
        "height": request.size.height,
        "steps": request.num_steps,
        "seconds": round(drawing.duration_s, 3),
        "pixel_sha256": recipe["pixel_sha256"],
        "model": recipe["model"],
    }
    return json.dumps(shown, ensure_ascii=False)
