"""`python -m bot inspect`: where a picture comes from."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.cli.common import Commands
from bot.cli.lineage import member_json
from bot.cli.metadata import metadata_lines, source_lines, takeover_json
from bot.cli.verdicts import VERDICTS, verdict_here
from bot.domain.jobs import Generation
from bot.domain.lineage import Ancestry, Presence
from bot.domain.plain_text import json_line, visible
from bot.domain.recipe import Recipe, canonical, parse_recipe, recipe_text_of
from bot.domain.requests import MAX_PROMPT_CHARACTERS, ImageRequest, ModelRules
from bot.domain.verdict import Verdict
from bot.environment.streams import say, tell
from bot.errors import BotError
from bot.media.family_tree import all_changes, relation_words
from bot.media.fingerprint import candidates
from bot.media.image_input import Picture, read_picture_file
from bot.media.metadata import Takeover, ToolMetadata, read_source, read_tool_metadata, take_over
from bot.models import located, model_rules
from bot.services.lookalikes import Lookalike
from bot.settings import Settings
from bot.storage import Store

NOTHING_FOUND = 3  # the exit code
_DOUBT_SHOWN = 300  # characters
_VALUE_SHOWN = 200
_LOCALE = "en-US"  # the language of the command line


@dataclass(frozen=True, kw_only=True)
class InspectReport:
    """What is known of a picture.

    Attributes:
        by: `recipe` (in the file), `pixels` (exactly those of an image made here), `likeness` (a
            changed copy of one) or `metadata` (of another program).
        verdict: Who wrote the recipe in the file.
        id: Of the image made here.
        is_copy: Whether the picture is only a changed copy of that one.
        doubt: Why the recipe in the file cannot be believed.
        is_whole: Whether the pixels are those that the recipe in the file tells of.
        descent: Where the image made here comes from.
        metadata: What another program wrote into the file.
        takeover: What of that can be drawn here.

    """

    by: str | None
    recipe: Recipe | None
    verdict: Verdict | None
    id: str | None
    doubt: str | None
    is_copy: bool = False
    is_whole: bool = True
    descent: Ancestry | None = None
    metadata: ToolMetadata | None = None
    takeover: Takeover | None = None


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "inspect",
        help="find the recipe of a picture",
        description="Find out where a picture comes from: by the recipe in the file, else by its "
        "exact pixels among the images made here, else as a changed copy of one; also what other "
        "image generators wrote into it. Exit code 3: nothing found.",
    )
    parser.add_argument("image", metavar="IMAGE", help="a PNG, JPEG, WebP, AVIF, GIF or BMP")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Look, and print what was found."""
    picture = read_picture_file(Path(options.image))
    finding = asyncio.run(find(picture, settings))
    tell(_json(finding, picture) if options.json else _sentences(finding, picture))
    return 0 if finding.by is not None else NOTHING_FOUND


async def find(picture: Picture, settings: Settings) -> InspectReport:
    """Return what is known of a picture, from its file and from this bot's database."""
    doubt = None
    try:
        recipe = picture.recipe
    except BotError as error:
        recipe, doubt = None, error.message
    same, near = await _made_here(picture, settings)
    found, by = same or near, "pixels" if same else "likeness" if near else None
    is_whole = recipe is None or recipe.pixel_sha256 == picture.pixel_sha256
    judged, metadata = None, None
    if recipe is not None:
        by = "recipe"
        judged = await verdict_here(recipe, settings)
    elif found is not None:
        recipe = parse_recipe(recipe_text_of(found))
    elif doubt is None and (metadata := read_tool_metadata(picture.texts)) is not None:
        by = "metadata"
    return InspectReport(
        by=by,
        recipe=recipe,
        verdict=judged,
        metadata=metadata,
        takeover=None if metadata is None else _takeover(metadata, picture, settings),
        id=None if found is None else found.id,
        doubt=doubt,
        is_copy=near is not None,
        is_whole=is_whole,
        descent=await _descent(found, settings),
    )


def _takeover(found: ToolMetadata, picture: Picture, settings: Settings) -> Takeover | None:
    """Return what the model of the settings can draw; where it is missing, the large one."""
    try:
        files = located(settings)
    except BotError:
        return take_over(found, ModelRules(), picture.size)
    return take_over(found, model_rules(files, settings), picture.size)


async def _made_here(
    picture: Picture, settings: Settings
) -> tuple[Generation | None, Generation | None]:
    """Return the image with exactly these pixels, or else the one this is a changed copy of."""
    data = settings.data_dir
    if not (data / "bot.sqlite3").is_file():
        return None, None
    async with Store(data / "bot.sqlite3", images=data / "images").to_read() as store:
        if same := await store.generations.with_pixels(picture.pixel_sha256, None):
            return same[0], None
        known = await store.generations.likenesses(None)
        near = [await store.generations.find(id_, None) for id_ in candidates(picture.image, known)]
    found = Lookalike.among(picture.image, [each for each in near if each is not None])
    for each in found.unread:
        say(f"It may be a copy of {each.id}, whose file {each.path} is damaged or gone.")
    return None, found.original


async def _descent(found: Generation | None, settings: Settings) -> Ancestry | None:
    """Return where an image made here comes from."""
    if found is None:
        return None
    data = settings.data_dir
    async with Store(data / "bot.sqlite3", images=data / "images").to_read() as store:
        return await store.lineage.descent(found.id, None)


def _sentences(finding: InspectReport, picture: Picture) -> str:
    lines = []
    if finding.by == "recipe":
        assert finding.verdict is not None
        lines.append(
            "The file holds its recipe."
            if finding.is_whole
            else "The file holds a recipe, but its pixels are not the ones that it tells of: the "
            "picture was changed, or the recipe belongs to another one."
        )
        lines.append(VERDICTS[finding.verdict])
    if finding.id is not None:
        lines.append(
            f"A changed copy of {finding.id}, which was made here."
            if finding.is_copy
            else f"Made here as {finding.id}: exactly these pixels."
        )
    if finding.by is None:
        lines.append("No recipe in the file, and nothing made here is like it.")
    if finding.doubt is not None:
        lines.append(visible(finding.doubt, _DOUBT_SHOWN))
    if finding.recipe is not None:
        lines += [
            *_request_lines(finding.recipe.request),
            f"  model    {visible(str(finding.recipe.conditions.get('model')), _VALUE_SHOWN)}",
            *(
                f"  {each.role:8} SHA-256 {each.pixel_sha256}"
                for each in finding.recipe.request.inputs
            ),
            *(
                f"  lora     SHA-256 {each.sha256} ({visible(each.name, _VALUE_SHOWN)})"
                for each in finding.recipe.request.adapters
            ),
            f"  pixels   SHA-256 {finding.recipe.pixel_sha256}",
        ]
    if finding.descent is not None:
        lines += _descent_lines(finding.descent)
    if finding.metadata is not None:
        lines += metadata_lines(finding.metadata, finding.takeover)
    return "\n".join([*lines, *source_lines(picture), *picture.notes])


def _request_lines(request: ImageRequest) -> list[str]:
    """Return each field on a line, but for words that are not there."""
    shown = {field.option: field.shown_of(request) for field in request.fields}
    return [
        f"  {option:8} {visible(value, MAX_PROMPT_CHARACTERS)}"
        for option, value in shown.items()
        if value
    ]


def _descent_lines(descent: Ancestry) -> list[str]:
    """Return the way from the first image to this one, and how many were made from it."""
    lines = []
    if len(descent.members) > 1:
        lines = ["Where it comes from:", *(["  ..."] if descent.is_cut else [])]
        for parent, member in descent.steps():
            words = [member.id, relation_words(member.relation, _LOCALE)]
            if member.presence is Presence.DELETED:
                words.append("deleted")
            changed = all_changes(member, parent, _LOCALE)
            lines.append("  " + "  ".join([*words, *([changed] if changed else [])]))
    return [*lines, f"Made from it: {descent.num_children or 'nothing yet'}"]


def _json(finding: InspectReport, picture: Picture) -> str:
    recipe, descent = finding.recipe, finding.descent
    return json_line(
        {
            "found_by": finding.by,
            "id": finding.id,
            "is_changed_copy": finding.is_copy,
            "recipe_fits_pixels": finding.is_whole if finding.by == "recipe" else None,
            "verdict": finding.verdict,
            "doubt": finding.doubt,
            "line": []
            if descent is None
            else [member_json(member, parent) for parent, member in descent.steps()],
            "children": None if descent is None else descent.num_children,
            "recipe": None if recipe is None else json.loads(canonical(recipe.document)),
            "metadata": None if finding.metadata is None else asdict(finding.metadata),
            "draw_here": takeover_json(finding.takeover),
            "source": asdict(read_source(picture.texts)),
            "has_content_credentials": picture.has_credentials,
            "notes": picture.notes,
        }
    )
