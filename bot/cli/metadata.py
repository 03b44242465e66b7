"""What other programs wrote into a picture, on the terminal."""

from __future__ import annotations

import shlex

from bot.domain.plain_text import visible
from bot.media.image_input import Picture
from bot.media.metadata import Takeover, ToolMetadata, read_source

_PROMPT_SHOWN = 4000  # characters
_VALUE_SHOWN = 200


def metadata_lines(found: ToolMetadata, takeover: Takeover | None) -> list[str]:
    """Say what another program wrote, and which command draws it here."""
    values = {
        "prompt": visible(found.prompt, _PROMPT_SHOWN),
        "without": visible(found.negative_prompt, _PROMPT_SHOWN),
        "model": visible(found.model, _VALUE_SHOWN),
        "seed": "" if found.seed is None else str(found.seed),
        "size": "" if found.size is None else "x".join(map(str, found.size)),
        "steps": "" if found.steps is None else str(found.steps),
        "sampler": visible(found.sampler, _VALUE_SHOWN),
        "CFG": visible(found.guidance, _VALUE_SHOWN),
        "LoRAs": visible(", ".join(found.loras), _VALUE_SHOWN),
    }
    tool = found.tool or "a program that writes like AUTOMATIC1111"
    lines = [f"The file says that {tool} made it, so (nothing proves it):"]
    lines += [f"  {name:8} {value}" for name, value in values.items() if value]
    if takeover is None:
        return [*lines, "It holds no prompt that can be drawn here."]
    lines += [
        "Draw this here (another picture: the model is another one):",
        f"  {command(takeover)}",
    ]
    if takeover.left_out:
        names = ", ".join(each.value.replace("_", " ") for each in takeover.left_out)
        lines.append(f"Not taken over: {names}.")
    if takeover.missing_loras:
        missing = visible(", ".join(takeover.missing_loras), _VALUE_SHOWN)
        lines.append(f"LoRAs that are not here: {missing}.")
    return lines


def command(takeover: Takeover) -> str:
    """Return the command line that draws it, as a POSIX shell reads it."""
    words = ["python", "-m", "bot", "imagine", takeover.prompt, "--size", str(takeover.size)]
    if takeover.seed is not None:
        words += ["--seed", str(takeover.seed)]
    if takeover.negative:
        words += ["--negative", takeover.negative]
    if takeover.prompt.startswith("-"):  # else it would be taken for an option
        words = [*words[:4], *words[5:], "--", takeover.prompt]
    return shlex.join(words)


def takeover_json(takeover: Takeover | None) -> dict[str, object] | None:
    """Return what can be drawn here, for a program."""
    if takeover is None:
        return None
    return {
        "prompt": takeover.prompt,
        "size": str(takeover.size),
        "seed": takeover.seed,
        "negative": takeover.negative,
        "command": command(takeover),
        "not_taken_over": list(takeover.left_out),
        "missing_loras": list(takeover.missing_loras),
    }


def source_lines(picture: Picture) -> list[str]:
    """Say what the file claims of its source without how it was made."""
    source = read_source(picture.texts)
    lines = []
    if source.is_generated or source.is_partly_generated:
        part = "it" if source.is_generated else "parts of it"
        lines.append(f"The file declares that a model generated {part} (IPTC digital source type).")
    if picture.has_credentials:
        lines.append("The file holds content credentials (C2PA), which are not checked here.")
    if source.program:
        lines.append(f"Saved by {visible(source.program, _VALUE_SHOWN)}, as the file says.")
    return lines
