"""What is known of a picture that was handed in, in words; all of it comes from its file."""

from __future__ import annotations

from bot.discord_ui.formatting import block, code, escaped
from bot.discord_ui.recipes import command_of, input_facts
from bot.domain.recipe import Recipe
from bot.domain.requests import ImageRequest
from bot.locales import sentence, text
from bot.media.image_input import Picture
from bot.media.metadata import Takeover, ToolMetadata, read_source
from bot.services import PictureOrigin

# Characters. All together stay below the 4,000 that Discord allows in a message.
PROMPT_ROOM = 800
NEGATIVE_ROOM = 300
COMMAND_ROOM = 1200
DOUBT_ROOM = 300
FACT_ROOM = 60
IDS_SHOWN = 10
LORAS_SHOWN = 5


def found_lines(finding: PictureOrigin, locale: str) -> list[str]:
    """Report which image of this bot it is, and what its recipe says and proves."""
    lines = []
    if finding.here:
        ids = ", ".join(f"`{each.id}`" for each in finding.here[:IDS_SHOWN])
        lines.append(text("inspect_here", locale, ids=ids))
    if finding.lookalike is not None:
        lines.append(text("inspect_lookalike", locale, id=finding.lookalike.id))
    if finding.unread:
        ids = ", ".join(f"`{each.id}`" for each in finding.unread[:IDS_SHOWN])
        lines.append(text("inspect_damaged", locale, ids=ids))
    if finding.doubt is not None:
        doubt = escaped(sentence(finding.doubt, locale), limit=DOUBT_ROOM, room=DOUBT_ROOM)
        lines.append(text("failed", locale, sentence=doubt))
    if finding.recipe is not None:
        lines += _verdict_lines(finding, locale)
    # What is kept here is shown rather than what anybody may have written into a file.
    if finding.known is not None and not finding.is_proven:
        return [*lines, *_request_lines(finding.known.request, finding.known.id, locale)]
    if finding.recipe is not None:
        lines += _recipe_lines(finding.recipe, finding, locale)
    return lines


def _verdict_lines(finding: PictureOrigin, locale: str) -> list[str]:
    """Say who wrote the recipe, and whether the pixels are those it tells of."""
    assert finding.verdict is not None
    lines = [text(f"inspect_{finding.verdict}", locale)]
    lines.append(text("inspect_whole" if finding.is_whole else "inspect_changed", locale))
    if finding.known is not None and not finding.is_proven:
        lines.append(text("inspect_own_shown", locale))
    return lines


def _recipe_lines(recipe: Recipe, finding: PictureOrigin, locale: str) -> list[str]:
    made = recipe.conditions
    names = ("model", "revision", "device", "torch")
    machine = [code(f"{name} {made[name]}", limit=FACT_ROOM) for name in names if made.get(name)]
    return [
        *_request_lines(recipe.request, finding.here[0].id if finding.here else None, locale),
        f"-# {' · '.join(machine)}",
        f"-# SHA-256 `{recipe.pixel_sha256}`",
    ]


def _request_lines(request: ImageRequest, known_as: str | None, locale: str) -> list[str]:
    prompt = escaped(request.prompt, limit=PROMPT_ROOM, room=PROMPT_ROOM)
    return [
        f"**{prompt}**",
        block(command_of(request, known_as), limit=COMMAND_ROOM),
        *(f"-# {name} {sha}" for name, sha in input_facts(request, locale).items()),
    ]


def metadata_lines(found: ToolMetadata, takeover: Takeover | None, locale: str) -> list[str]:
    """Say what another program wrote, and what of it can be drawn here."""
    key = "inspect_tool" if found.tool else "inspect_some_tool"
    lines = [text(key, locale, tool=found.tool or "AUTOMATIC1111")]
    if found.prompt:
        lines.append(f"**{escaped(found.prompt, limit=PROMPT_ROOM, room=PROMPT_ROOM)}**")
    if found.negative_prompt:
        words = escaped(found.negative_prompt, limit=NEGATIVE_ROOM, room=NEGATIVE_ROOM)
        lines.append(text("inspect_negative", locale, words=words))
    if facts := _facts(found):
        lines.append("-# " + " · ".join(facts))
    if takeover is None:
        key = "inspect_prompt_unusable" if found.prompt else "inspect_no_prompt"
        return [*lines, text(key, locale)]
    return [*lines, "", *_takeover_lines(takeover, locale)]


def _facts(found: ToolMetadata) -> list[str]:
    values = {
        "model": found.model,
        "seed": "" if found.seed is None else str(found.seed),
        "size": "" if found.size is None else "x".join(map(str, found.size)),
        "steps": "" if found.steps is None else str(found.steps),
        "sampler": found.sampler,
        "CFG": found.guidance,
        "LoRA": ", ".join(found.loras[:LORAS_SHOWN]),
    }
    return [code(f"{key} {value}", limit=FACT_ROOM) for key, value in values.items() if value]


def _takeover_lines(takeover: Takeover, locale: str) -> list[str]:
    """Say what the button draws: another model makes another picture of it."""
    seed = text("inspect_any_seed", locale) if takeover.seed is None else str(takeover.seed)
    lines = [text("inspect_takeover", locale, size=str(takeover.size), seed=seed)]
    if takeover.left_out:
        names = [text(f"left_out_{each}", locale) for each in takeover.left_out]
        if takeover.missing_loras:
            names.append(code(", ".join(takeover.missing_loras[:LORAS_SHOWN]), limit=FACT_ROOM))
        what = text("list_comma", locale).join(names)
        lines.append(text("inspect_left_out", locale, what=what))
    return lines


def source_lines(picture: Picture, locale: str) -> list[str]:
    """Say what the file claims of its source without how it was made."""
    source = read_source(picture.texts)
    lines = []
    if source.is_generated:
        lines.append(text("inspect_generated", locale))
    elif source.is_partly_generated:
        lines.append(text("inspect_partly_generated", locale))
    if picture.has_credentials:
        lines.append(text("inspect_credentials", locale))
    if source.program:
        program = code(source.program, limit=FACT_ROOM)
        lines.append(text("inspect_program", locale, program=program))
    return lines
