"""`python -m bot lineage`: the family of an image, as text, as JSON or as a picture."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

from bot.cli.common import Commands
from bot.cli.outputs import Outputs
from bot.domain.jobs import typed_id
from bot.domain.lineage import Family, FamilyMember, Presence
from bot.environment.streams import tell
from bot.errors import InvalidRequestError
from bot.media.encoding import picture_png
from bot.media.family_tree import all_changes, draw_family, relation_words
from bot.settings import Settings
from bot.storage import Store

_PROMPT_SHOWN = 60  # characters of the first image's prompt
_LOCALE = "en-US"  # the language of the command line


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "lineage",
        help="show what an image comes from and what was made from it",
        description="Show the family of an image: all that comes from the same first image, with "
        "what was changed at each step.",
    )
    parser.add_argument("id", metavar="ID", help="the id of an image of this bot")
    parser.add_argument(
        "--output", metavar="PNG", help="draw the family as a picture, too; hidden images are shown"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Look the family up, print it, and draw it where that is wanted."""
    target = None
    if options.output is not None:
        target = Outputs(root=settings.data_dir / "outputs").plan_file(options.output)
    family = asyncio.run(_find(typed_id(options.id), settings))
    kept = None
    if target is not None:
        portrait = draw_family(family, locale=_LOCALE, show_spoilers=True)
        kept = target.write(picture_png(portrait.image))
    report = _json(family, kept) if options.json else _tree(family, kept)
    tell(report, kept="" if kept is None else f"The picture is here: {kept}.")
    return 0


async def _find(generation_id: str, settings: Settings) -> Family:
    """Return the family of an image.

    Raises:
        InvalidRequestError: There is no such image.

    """
    data = settings.data_dir
    async with Store(data / "bot.sqlite3", images=data / "images").to_read() as store:
        if await store.generations.find(generation_id, None) is None:
            raise InvalidRequestError(
                f"There is no image {generation_id[:40]!r} in {data}: use the id under an image "
                "that is not deleted."
            )
        return await store.lineage.family(generation_id, None)


def _tree(family: Family, kept: Path | None) -> str:
    lines = list(_branches(family))
    if family.is_cut:
        lines.append(f"... and more: only the nearest {len(family.members)} were looked at")
    return "\n".join([*lines, *([f"Picture: {kept}"] if kept is not None else [])])


def _branches(family: Family) -> Iterator[str]:
    """Yield the lines of the first image and of all that comes from it, however deep."""
    children, waiting = family.children(), [(family.root, "", "")]
    while waiting:
        id_, own, below = waiting.pop()
        yield own + _line(family, family.members[id_])
        for i, child in enumerate(reversed(children[id_])):
            corner, bar = ("└─ ", "   ") if i == 0 else ("├─ ", "│  ")
            waiting.append((child, below + corner, below + bar))


def _line(family: Family, member: FamilyMember) -> str:
    mark = " <" if member.id == family.focus else ""
    if member.presence is Presence.DELETED:
        return f"{member.id}  {relation_words(member.relation, _LOCALE)}, deleted{mark}"
    words = [member.id, relation_words(member.relation, _LOCALE)]
    changed = all_changes(member, family.parent(member.id), _LOCALE)
    if not changed and member.request is not None and member.parent_id is None:
        changed = member.request.prompt[:_PROMPT_SHOWN]
    return "  ".join([*words, *([changed] if changed else [])]) + mark


def member_json(member: FamilyMember, parent: FamilyMember | None) -> dict[str, object]:
    """Return what is known of an image of a family, for other programs."""
    return {
        "id": member.id,
        "parent": member.parent_id,
        "relation": member.relation,
        "deleted": member.presence is Presence.DELETED,
        "spoiler": member.is_spoiler,
        "changes": [
            {"name": each.name, "before": each.before, "after": each.after}
            for each in member.changes_from(parent)
        ],
        "prompt": None if member.request is None else member.request.prompt,
        "seed": None if member.request is None else member.request.seed,
        "file": None if member.path is None else str(member.path),
    }


def _json(family: Family, kept: Path | None) -> str:
    members = family.members
    return json.dumps(
        {
            "id": family.focus,
            "line": [member.id for member in family.line()],
            "members": [member_json(member, family.parent(id_)) for id_, member in members.items()],
            "complete": not family.is_cut,
            "picture": None if kept is None else str(kept),
        },
        ensure_ascii=False,
    )
