"""`python -m bot lora check`: what is in files of LoRAs, and whether they fit the model."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bot.cli.common import Commands
from bot.domain.plain_text import json_line, quoted, visible
from bot.engine.adapters.formats import AdapterFile, read_adapter
from bot.engine.adapters.report import AdapterReport
from bot.engine.adapters.shapes import shapes_of_folder
from bot.engine.weight_headers import read_whole_header
from bot.environment.streams import tell
from bot.errors import AdapterFileError, InvalidRequestError
from bot.models import located
from bot.models.lora_facts import facts_of, read_notes
from bot.settings import Settings

_DOES_NOT_FIT: Final = 1  # the exit code
_SHOWN: Final = 200  # characters of what a file says of itself
_SUFFIX: Final = ".safetensors"
_WRITTEN_BY: Final = ("software", "ss_sd_scripts_commit_hash")


def add_to(commands: Commands) -> None:
    """Add this command and its options to the parser."""
    parser = commands.add_parser(
        "check",
        help="say what is in files of LoRAs, and whether they fit the model",
        description="Say of each file its format, ranks and layers, what it tells of itself, and "
        "whether the model of the settings can draw with it. A folder stands for the .safetensors "
        "files in it. Exit code 1: one does not fit.",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="a .safetensors file, or a folder")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Look at every file, and print what was found."""
    model = located(settings)
    shapes, code = shapes_of_folder(model.folder), 0
    for path in _files(options.files):
        try:
            found: AdapterFile | str = read_adapter(path, shapes)
        except AdapterFileError as refusal:
            found, code = refusal.message, _DOES_NOT_FIT
        tell(_json(path, found) if options.json else _block(path, found, model.model_id))
    return code


def _files(typed: Sequence[str]) -> Iterator[Path]:
    for each in map(Path, typed):
        if not each.is_dir():
            yield each
            continue
        inside = sorted(path for path in each.iterdir() if path.suffix == _SUFFIX)
        if not inside:
            raise InvalidRequestError(f"The folder {quoted(each)} has no {_SUFFIX} files.")
        yield from inside


def _block(path: Path, found: AdapterFile | str, model: str) -> str:
    """Return what is said of a file to people."""
    name = visible(path.name, _SHOWN)
    if isinstance(found, str):
        return f"{name}: does not fit {model}\n  {found}"
    report = AdapterReport.of(found)
    facts = {
        "format": report.style,
        "strength": _strength(report),
        **{
            part.replace("_", " "): f"{sum(kinds.values())} layers: {_counted(kinds)}"
            for part, kinds in report.layers.items()
        },
        "without effect": _unused(report),
        "tensors": f"{report.tensors}, all mapped; {report.num_values / 1e6:.1f} million values",
        **_said(path, found),
        "file": f"{found.content.data.nbytes / 1e6:.1f} MB, SHA-256 {found.content.sha256}",
    }
    lines = [f"  {label:15} {words}" for label, words in facts.items() if words]
    return "\n".join([f"{name}: fits {model}", *lines])


def _strength(report: AdapterReport) -> str:
    if not report.ranks:
        return "full matrices" if report.layers else ""
    alphas = f"alpha {_listed(report.alphas)}" if report.alphas else "no alpha stated: as the rank"
    return f"rank {_listed(report.ranks)}, {alphas}; multiplied by {_listed(report.factors)}"


def _listed(values: Sequence[float]) -> str:
    """Return one number, or from where to where several are."""
    first, last = (f"{each:.4g}" for each in (values[0], values[-1]))
    return first if first == last else f"{first} to {last}"


def _counted(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def _unused(report: AdapterReport) -> str:
    if not report.unused:
        return ""
    return f"{report.unused} of the text encoder's last layer, which no image depends on"


def _said(path: Path, found: AdapterFile) -> dict[str, str]:
    """Return what the file, and the notes beside it, tell of it; nothing of it is proven."""
    facts = facts_of(read_whole_header(path, path.name), read_notes(path))
    metadata = found.content.metadata
    return {
        "title": facts["title"],
        "trained for": facts["base"],
        "trigger words": ", ".join(facts["triggers"]),
        "written by": visible(
            next((metadata[key] for key in _WRITTEN_BY if metadata.get(key)), ""), _SHOWN
        ),
    }


def _json(path: Path, found: AdapterFile | str) -> str:
    document: dict[str, Any] = {"file": str(path), "fits": not isinstance(found, str)}
    if isinstance(found, str):
        document["refusal"] = found
    else:
        document |= {"sha256": found.content.sha256, **asdict(AdapterReport.of(found))}
        document |= {label.replace(" ", "_"): words for label, words in _said(path, found).items()}
    return json_line(document)
