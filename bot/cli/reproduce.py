"""`python -m bot reproduce`: draw an image again and compare the pixels."""

from __future__ import annotations

import argparse
import asyncio
import codecs
import contextlib
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bot.cli import inputs
from bot.cli.common import Commands, check_lengths, open_engine_aloud, signing_key, step_bar
from bot.cli.outputs import Outputs
from bot.cli.upscale import upscaled
from bot.cli.verdicts import VERDICTS, verdict_of
from bot.domain.drawing import Drawing, DrawTask, RawImage, Step
from bot.domain.jobs import typed_id
from bot.domain.plain_text import json_line, visible
from bot.domain.recipe import Recipe, make_recipe, parse_recipe, recipe_text_of
from bot.domain.requests import (
    CONTROL,
    MASK,
    SOURCE,
    ControlKind,
    ImageRequest,
    ModelRules,
    factors_of,
)
from bot.domain.verdict import Verdict
from bot.environment.installation import command_line
from bot.environment.streams import say, tell
from bot.errors import DamagedPictureError, InvalidRequestError
from bot.media.control_pictures import map_of
from bot.media.encoding import encode_png, to_pillow
from bot.media.image_input import Picture, read_file, read_picture, read_picture_file
from bot.media.picture_files import read_image
from bot.media.pixel_comparison import ConditionChange, Difference, changes, compare
from bot.media.source_pictures import Fit, raw_image_of, upscale_source
from bot.models import ModelFiles, located, lora_folder, model_rules
from bot.settings import Settings
from bot.storage import Store

DIFFERENT = 3  # the exit code
_CHANGE_SHOWN = 200  # characters: the recipe may be anybody's
_CHANGES_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class Original:
    """What is drawn again.

    Attributes:
        image: What the new drawing is compared with, where there is more than a recipe.
        verdict: Who wrote the recipe.
        is_changed: Whether its pixels are not the ones that the recipe tells of.

    """

    recipe: Recipe
    image: Image.Image | None
    verdict: Verdict
    is_changed: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of it; `changes` are conditions that may explain another drawing."""

    recipe: Recipe
    verdict: Verdict
    drawing: Drawing
    difference: Difference | None
    changes: list[ConditionChange]
    picture_is_changed: bool

    @property
    def is_as_recorded(self) -> bool:
        """Tell whether every pixel is the one that the recipe tells of, by the hash."""
        return self.drawing.image.pixel_sha256 == self.recipe.pixel_sha256

    @property
    def is_identical(self) -> bool:
        """Tell whether that also holds for the picture that was handed in."""
        return self.is_as_recorded and not self.picture_is_changed


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "reproduce",
        help="draw an image again and say whether the pixels are the same",
        description="Draw an image again from its recipe and compare the pixels. Exit code 0: "
        "identical; 3: different, with how much and what was recorded differently.",
    )
    parser.add_argument(
        "what",
        metavar="ID|IMAGE.png|RECIPE.json",
        help="the id of an image of this bot, a PNG it made, or a recipe",
    )
    inputs.add_again_to(parser)
    parser.add_argument("--output", metavar="PNG", help="also keep the new image")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Find the recipe, draw, compare and report."""
    original = find_original(options.what, settings)
    request = original.recipe.request
    if not request.is_upscaled:
        files = located(settings)
        rules = model_rules(files, settings)
        request.check_profile(rules.profile)
        rules.check(request.size)
        check_lengths([request], files.folder)
        lora_folder(files, settings).check(request.adapters)
    target = None
    if options.output is not None:
        target = Outputs(root=settings.data_dir / "outputs").plan_file(options.output)
    if request.is_upscaled:
        pictures = _pictures(request, _upscalable(options.source), settings)
        task = DrawTask(request=request, inputs=pictures, match=original.recipe.conditions)
        drawing = upscaled(task, settings)
    else:
        pictures = _pictures(request, _given(options, request, rules), settings)
        drawing = _draw(original.recipe, pictures, files, settings)
    outcome = judge(original, drawing)
    kept = None
    if target is not None:
        recipe = make_recipe(original.recipe.request, drawing)
        kept = target.write(encode_png(drawing.image, recipe=recipe, key=signing_key(settings)))
    report = _json(outcome, kept) if options.json else _sentence(outcome)
    tell(report, kept="" if kept is None else f"The image is here: {kept}.")
    return 0 if outcome.is_identical else DIFFERENT


def _pictures(
    request: ImageRequest, given: Mapping[str, Mapping[str, RawImage]], settings: Settings
) -> tuple[RawImage, ...]:
    """Return the pictures that an image is made from: kept here, made here, or `given`.

    Raises:
        InvalidRequestError: One of them is none of these.

    """
    data = settings.data_dir
    store = Store(data / "bot.sqlite3", images=data / "images")
    found = []
    for each in request.inputs:
        sha, made_here = each.pixel_sha256, store.image_path(each.pixel_sha256)
        known = given.get(each.role, {})
        if sha in known:
            found.append(known[sha])
        elif known:
            raise InvalidRequestError(
                f"The {each.role} that is given is not the one that this was made with: at "
                f"{request.size} its pixels have another SHA-256 than {sha[:16]}…"
            )
        elif made_here.is_file():
            found.append(raw_image_of(read_image(made_here)))
        else:
            found.append(store.sources.read(sha, each.role))
    return tuple(found)


def _given(
    options: argparse.Namespace, request: ImageRequest, rules: ModelRules
) -> Mapping[str, Mapping[str, RawImage]]:
    """Return the pictures that are handed in, by role and hash, brought to the size in every way.

    Raises:
        BotError: They do not work in any.

    """
    found: dict[str, dict[str, RawImage]] = defaultdict(dict)
    refusal = None
    for fit in Fit:
        size = None if options.extend else str(request.size)
        tried = argparse.Namespace(**{**vars(options), "fit": fit, "size": size})
        try:
            given = inputs.inputs_of(tried, rules)
        except InvalidRequestError as error:
            refusal = error
            continue
        for role, picture in zip(
            (SOURCE, MASK), () if given is None else given.pictures, strict=False
        ):
            found[role][picture.pixel_sha256] = picture
        for picture in _maps(tried, request, rules):
            found[CONTROL][picture.pixel_sha256] = picture
    if refusal is not None and not found:
        raise refusal
    return found


def _maps(
    tried: argparse.Namespace, request: ImageRequest, rules: ModelRules
) -> Iterator[RawImage]:
    """Yield what a picture that is handed in can be as a map: one that is made of it, or itself."""
    if tried.control is None or request.control is None:
        return
    picture, kind = read_picture_file(Path(tried.control)), request.control.kind
    kinds = (ControlKind(tried.control_kind or kind), ControlKind.DEPTH)  # the last as it is
    for each in kinds:
        with contextlib.suppress(InvalidRequestError):  # it has no lines
            yield map_of(picture, each, rules=rules, size=request.size, fit=Fit(tried.fit))


def _upscalable(source: str | None) -> Mapping[str, Mapping[str, RawImage]]:
    """Return a picture that is handed in as what can have been upscaled, by role and hash."""
    if source is None:
        return {}
    picture, found = read_picture_file(Path(source)), {}
    for factor in factors_of(*picture.size):
        with contextlib.suppress(InvalidRequestError):  # it is too small for that
            kept, _ = upscale_source(picture, factor)
            found[kept.pixel_sha256] = kept
    return {SOURCE: found}


def _draw(
    recipe: Recipe, pictures: tuple[RawImage, ...], files: ModelFiles, settings: Settings
) -> Drawing:
    with (
        closing(open_engine_aloud(files, settings)) as engine,
        step_bar(recipe.request.num_steps) as bar,
    ):

        def on_step(_step: Step) -> None:
            bar.update()

        task = DrawTask(request=recipe.request, inputs=pictures, match=recipe.conditions)
        return engine.draw(task, on_step=on_step)


def find_original(what: str, settings: Settings) -> Original:
    """Return the recipe that an id, an image or a file stands for.

    Raises:
        BotError: There is none, or it cannot be believed.

    """
    path = Path(what)
    if not os.path.isfile(path):  # noqa: PTH113 - no error for a name too long
        _refuse_path(what)
        return asyncio.run(_by_id(what, settings))
    content = read_file(path)
    words = _words(content)
    if path.suffix.lower() == ".json" or words.lstrip()[:1] == "{":
        alone = parse_recipe(words)
        return Original(recipe=alone, image=None, verdict=verdict_of(alone, settings))
    picture = read_picture(content)
    recipe = picture.recipe
    if recipe is None:
        raise InvalidRequestError(
            f"The picture {what} holds no recipe of this bot: `{command_line('inspect')} {what}` "
            "looks for it among the images made here."
        )
    return _compared(recipe, picture, verdict_of(recipe, settings))


def _refuse_path(what: str) -> None:
    """Refuse what is meant as a file, which an id has no suffix or folder for."""
    if not what.strip():
        raise InvalidRequestError("Nothing is named: use an id, a PNG or a recipe.")
    if os.path.isdir(what):  # noqa: PTH112 - the same
        raise InvalidRequestError(f"{what} is a folder: name a PNG or a recipe in it.")
    if Path(what).suffix or Path(what).name != what:
        raise InvalidRequestError(f"There is no file {what}.")


def _words(content: bytes) -> str:
    """Return a text file's words; some editors and shells mark its encoding, or use UTF-16."""
    is_utf_16 = content[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
    return content.decode("utf-16" if is_utf_16 else "utf-8-sig", "replace")


def _compared(recipe: Recipe, picture: Picture, judged: Verdict) -> Original:
    is_changed = picture.pixel_sha256 != recipe.pixel_sha256
    return Original(recipe=recipe, image=picture.image, verdict=judged, is_changed=is_changed)


async def _by_id(id_: str, settings: Settings) -> Original:
    data = settings.data_dir
    async with Store(data / "bot.sqlite3", images=data / "images").to_read() as store:
        found = await store.generations.find(typed_id(id_), None)
    if found is None:
        raise InvalidRequestError(
            f"{id_[:60]!r} is neither a file nor the id of an image in {data}."
        )
    recipe = parse_recipe(recipe_text_of(found))
    try:
        return _compared(recipe, read_picture(read_image(found.path)), Verdict.KEPT)
    except DamagedPictureError as error:
        say(f"{error.message} Only the recipe is compared.")
        return Original(recipe=recipe, image=None, verdict=Verdict.KEPT)


def judge(original: Original, drawing: Drawing) -> Outcome:
    """Compare a new drawing with its original."""
    recipe = original.recipe
    difference = None
    if original.image is not None:
        difference = compare(original.image, to_pillow(drawing.image))
    return Outcome(
        recipe=recipe,
        verdict=original.verdict,
        drawing=drawing,
        difference=difference,
        changes=changes(recipe.conditions, drawing.conditions),
        picture_is_changed=original.is_changed,
    )


def _sentence(outcome: Outcome) -> str:
    recorded = outcome.recipe.pixel_sha256
    if outcome.is_identical:
        return f"identical, SHA-256 {recorded}\n  {VERDICTS[outcome.verdict]}"
    lines = ["different"]
    if (difference := outcome.difference) is not None:
        lines[0] += (
            f": at most {difference.max} of 255 levels, {difference.mean:.3f} on average, "
            f"PSNR {difference.psnr_db:.1f} dB"
        )
    if outcome.picture_is_changed:
        lines.append("  the picture was changed after it was made")
    if outcome.is_as_recorded:
        lines.append(f"  what its recipe tells of is drawn identically, SHA-256 {recorded}")
        lines.append(f"  {VERDICTS[outcome.verdict]}")
        return "\n".join(lines)
    changed = [_change(each) for each in outcome.changes[:_CHANGES_SHOWN]]
    lines += [f"  {visible(each, _CHANGE_SHOWN)}" for each in changed]
    if not outcome.changes:
        lines.append("  nothing that is recorded explains it")
    lines.append(f"  {VERDICTS[outcome.verdict]}")
    return "\n".join(lines)


def _change(change: ConditionChange) -> str:
    return f"{change.name}: was {change.before}, now {change.after}"


def _json(outcome: Outcome, kept: Path | None) -> str:
    difference = outcome.difference
    return json_line(
        {
            "identical": outcome.is_identical,
            "picture_was_changed": outcome.picture_is_changed,
            "verdict": outcome.verdict.value,
            "pixel_sha256": {
                "recorded": outcome.recipe.pixel_sha256,
                "now": outcome.drawing.image.pixel_sha256,
            },
            "difference": None
            if difference is None
            else {
                "max": difference.max,
                "mean": difference.mean,
                "psnr_db": None if difference.is_none else difference.psnr_db,
            },
            "changes": {
                each.name: {"before": each.before, "after": each.after} for each in outcome.changes
            },
            "recipe_sha256": outcome.recipe.sha256,
            "path": None if kept is None else str(kept),
        }
    )
