"""`python -m bot explore`: many small drafts on one numbered sheet, and some drawn large."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.cli.common import (
    Commands,
    add_option,
    check_lengths,
    open_engine_aloud,
    signing_key,
    step_bar,
)
from bot.cli.outputs import Outputs, Target, file_words
from bot.domain.drafts import (
    MAX_DRAFTS,
    MIN_DRAFTS,
    USUAL_DRAFTS,
    drafts_of,
    large_request,
)
from bot.domain.drawing import Drawing, DrawTask, Step
from bot.domain.recipe import make_recipe
from bot.domain.requests import (
    CONTROL_SCALE,
    FIELDS,
    PROMPT,
    QUALITY,
    STRENGTH,
    VARIETY,
    ImageRequest,
    ModelRules,
)
from bot.domain.signature import SigningKey
from bot.domain.styles import StyleBook
from bot.engine import Engine
from bot.environment.streams import say, tell
from bot.errors import InvalidRequestError
from bot.media.captions import idle_notes
from bot.media.contact_sheet import draw_tiles
from bot.media.encoding import encode_png, picture_png, to_pillow
from bot.media.fingerprint import composition_likeness, fingerprint
from bot.media.source_pictures import prepared
from bot.models import located, model_rules
from bot.settings import Settings

_LOCALE: Final = "en-US"
# Drafts begin with no picture, so there is nothing to be drawn anew, and no map to follow.
_OTHERS: Final = (PROMPT, QUALITY, STRENGTH, CONTROL_SCALE)
_OPTIONS: Final = tuple(field for field in FIELDS if field not in _OTHERS)

_EPILOG: Final = """\
The drafts, each with its recipe, are beside the sheet: sheet-draft1.png ... and what is drawn large
is sheet-large7.png. The size is that of the image that is drawn large; a draft has half its sides.
The seeds count upwards, so the same --seed draws the same sheet: look first, then add --large.
Turbo's drafts have a variety of 50, so that they differ; --variety 0 has the seed alone do it.

examples:
  %(prog)s "a castle at night" --seed 7 --output castles.png
  %(prog)s "a castle at night" --seed 7 --output castles.png --large 3 --large 8
"""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One image, where it is written, and what was drawn."""

    request: ImageRequest
    path: Path
    drawing: Drawing


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "explore",
        help="draw many small drafts as one numbered sheet",
        description="Draw many small drafts as one numbered sheet, and some of them large.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("prompt", metavar="PROMPT", help="what to draw")
    add(
        "--count",
        default=str(USUAL_DRAFTS),
        metavar="N",
        help=f"drafts, {MIN_DRAFTS} to {MAX_DRAFTS} (default: {USUAL_DRAFTS})",
    )
    for field in _OPTIONS:
        add_option(parser, field)
    add(
        "--large",
        action="append",
        default=[],
        metavar="N",
        help="also draw the draft with this number at full size; may be given several times",
    )
    add("--quality", help="of what is drawn large: draft, standard or final (default: standard)")
    add(
        "--output",
        metavar="PNG",
        help="the sheet; a relative path is taken from DATA_DIR/outputs, nothing is ever "
        "overwritten (default: the prompt's words)",
    )
    add("--model", help="what draws, instead of MODEL: demo, Tongyi-MAI/Z-Image-Turbo or a folder")
    add("--json", action="store_true", help="print one JSON object of the sheet and its images")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Draw everything; all of it is checked before anything is written."""
    if options.model is not None:
        settings = settings.model_copy(update={"model": options.model})
    files = located(settings)
    rules = model_rules(files, settings)
    count = _number("--count", options.count, MIN_DRAFTS, MAX_DRAFTS)
    numbers = [_number("--large", each, 1, count) for each in dict.fromkeys(options.large)]
    given = {each.option: getattr(options, each.option) for each in _OPTIONS}
    styled = StyleBook().applied({**given, "prompt": options.prompt})
    if styled.get(VARIETY.option) is None:
        styled[VARIETY.option] = str(rules.profile.draft_variety)
    request = ImageRequest.parse(rules=rules, **styled)
    quality = QUALITY.read(options.quality, rules)
    requests = drafts_of(request, count, rules)
    name = options.output or f"{file_words(options.prompt) or 'image'}-{request.seed}.png"
    target = Outputs(root=settings.data_dir / "outputs").plan_file(name)
    check_lengths(requests, files.folder)
    for note in idle_notes(requests, _LOCALE):
        say(f"Note: {note}")
    with closing(open_engine_aloud(files, settings)) as engine:
        engine.load()
        maker = _Maker(engine=engine, target=target, key=signing_key(settings))
        drafts = maker.drafts(requests)
        sheet = maker.sheet(drafts)
        large = {i: maker.large(drafts[i - 1], i, quality, rules) for i in numbers}
    report = _json if options.json else _report
    tell(report(drafts, sheet, large), kept=f"The sheet is here: {sheet}.")
    return 0


def _number(option: str, typed: str, least: int, most: int) -> int:
    value = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < len("1000") else 0
    if not least <= value <= most:
        raise InvalidRequestError(
            f"The {option} {typed[:40]!r} does not work: use {least} to {most}."
        )
    return value


@dataclass(frozen=True, kw_only=True)
class _Maker:
    """Draws images and writes them beside a sheet."""

    engine: Engine
    target: Target
    key: SigningKey | None

    def drafts(self, requests: Sequence[ImageRequest]) -> list[Shot]:
        shots = []
        with step_bar(sum(each.num_steps for each in requests)) as bar:

            def on_step(_step: Step) -> None:
                bar.update()

            for i, request in enumerate(requests, 1):
                drawing = self.engine.draw(DrawTask(request=request), on_step=on_step)
                shots.append(self._written(request, drawing, f"draft{i}"))
        return shots

    def sheet(self, drafts: Sequence[Shot]) -> Path:
        pictures = {i: to_pillow(each.drawing.image) for i, each in enumerate(drafts, 1)}
        return self.target.write(picture_png(draw_tiles(pictures).image))

    def large(self, draft: Shot, number: int, quality: str, rules: ModelRules) -> Shot:
        """Draw a draft at full size, with the draft as its source."""
        request = large_request(draft.request, quality, rules)
        source = prepared(to_pillow(draft.drawing.image), request.size)
        request = request.begun_with(source.pixel_sha256)
        drawing = self.engine.draw(DrawTask(request=request, inputs=(source,)))
        return self._written(request, drawing, f"large{number}")

    def _written(self, request: ImageRequest, drawing: Drawing, name: str) -> Shot:
        target = Target(folder=self.target.folder, stem=f"{self.target.stem}-{name}")
        recipe = make_recipe(request, drawing)
        path = target.write(encode_png(drawing.image, recipe=recipe, key=self.key))
        return Shot(request=request, path=path, drawing=drawing)


def _composition(draft: Shot, large: Shot) -> int:
    """Return how much of a draft's composition is left, in percent."""
    prints = [fingerprint(to_pillow(each.drawing.image)) for each in (draft, large)]
    return round(100 * composition_likeness(*prints))


def _report(drafts: Sequence[Shot], sheet: Path, large: dict[int, Shot]) -> str:
    """Return a line for each image, and one for the sheet."""
    lines = [f"{_line(each)}" for each in drafts] + [f"Sheet: {sheet}"]
    for number, shot in large.items():
        like = _composition(drafts[number - 1], shot)
        lines.append(f"{_line(shot)}  composition {like}% like draft {number}")
    return "\n".join(lines)


def _line(shot: Shot) -> str:
    drawing = shot.drawing
    facts = (f"seed {shot.request.seed}", f"{drawing.duration_s:.1f} s")
    return "  ".join([str(shot.path), *facts, f"sha256 {drawing.image.pixel_sha256[:16]}"])


def _json(drafts: Sequence[Shot], sheet: Path, large: dict[int, Shot]) -> str:
    larges = [
        {"draft": number, "composition": _composition(drafts[number - 1], shot), **_facts(shot)}
        for number, shot in large.items()
    ]
    document = {"sheet": str(sheet), "drafts": list(map(_facts, drafts)), "large": larges}
    return json.dumps(document, ensure_ascii=False)


def _facts(shot: Shot) -> dict[str, object]:
    return {
        "path": str(shot.path),
        **{key: value for each in FIELDS for key, value in each.to_json(shot.request).items()},
        "seconds": round(shot.drawing.duration_s, 3),
        "pixel_sha256": shot.drawing.image.pixel_sha256,
    }
