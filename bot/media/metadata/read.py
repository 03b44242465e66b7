"""Which program wrote the texts of a file, and what they say."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Final

from bot.media.metadata import documents
from bot.media.metadata.comfyui import read_graph
from bot.media.metadata.infotext import read_infotext
from bot.media.metadata.parameters import MAX_TEXT, ToolMetadata, parse_object, words

# Midjourney's description ends so: "… --ar 16:9 --v 6.1 Job ID: 0f…".
_MIDJOURNEY: Final = re.compile(r"\s(?:--\w[^\n]{0,200})?\s{0,4}Job ID: [0-9a-f-]{36}")
_XMP_COMMENT: Final = re.compile(
    r'UserComment(?:="([^"]{0,50000})"|.{0,200}?<rdf:li[^>]{0,100}>([^<]{0,50000}))', re.DOTALL
)


def read_tool_metadata(texts: Mapping[str, str]) -> ToolMetadata | None:
    """Return what another image generator wrote into a file, or None.

    Args:
        texts: By keyword, as `bot.media.image_input.Picture` has them.

    """
    readings = (_comfyui, _invokeai, _novelai, _parameters, _midjourney)
    found = (read(texts) for read in readings)
    return next((each for each in found if each is not None), None)


def _comfyui(texts: Mapping[str, str]) -> ToolMetadata | None:
    """Read a graph: of PNG, or of WebP, where it stands behind a name."""
    places = [
        texts.get("prompt"),
        *(texts.get(key, "").partition(":")[2] for key in ("Make", "Model")),
    ]
    graphs = (parse_object(each) for each in places)
    found = (read_graph(each) for each in graphs if each is not None)
    read = next((each for each in found if each is not None), None)
    if (
        read is None
        and parse_object(texts.get("workflow")) is not None
        and "parameters" not in texts
    ):
        return ToolMetadata(tool="ComfyUI")
    return read


def _invokeai(texts: Mapping[str, str]) -> ToolMetadata | None:
    if (found := parse_object(texts.get("invokeai_metadata"))) is not None:
        return documents.read_invokeai(found)
    if (found := parse_object(texts.get("sd-metadata"))) is not None:
        return documents.read_old_invokeai(found)
    return documents.read_dream(texts["Dream"]) if "Dream" in texts else None


def _novelai(texts: Mapping[str, str]) -> ToolMetadata | None:
    found = parse_object(texts.get("Comment"))
    if found is None:
        return None
    return documents.read_novelai(found, texts.get("Description", ""), texts.get("Source", ""))


def _parameters(texts: Mapping[str, str]) -> ToolMetadata | None:
    """Read what stands in one text: of PNG, of EXIF, or of XMP."""
    places = [texts.get(key) for key in ("parameters", "UserComment", "comment")]
    places.append(_xmp_comment(texts.get("xmp", "")))
    read = (_parameter_text(each) for each in places if each)
    return next((each for each in read if each is not None), None)


def _xmp_comment(xmp: str) -> str | None:
    # Only the first: to search on from every one of many would take long.
    found = _XMP_COMMENT.match(xmp, max(0, xmp.find("UserComment")))
    return None if found is None else html.unescape(found[1] or found[2] or "")


def _parameter_text(text: str) -> ToolMetadata | None:
    found = parse_object(text)
    if found is None:
        return read_infotext(text)
    if (graph := found.get("prompt")) is not None and isinstance(graph, dict):
        return read_graph(graph)
    readings = (documents.read_swarmui, documents.read_fooocus, documents.read_draw_things)
    read = (each(found) for each in readings)
    return next((each for each in read if each is not None), None)


def _midjourney(texts: Mapping[str, str]) -> ToolMetadata | None:
    text = texts.get("Description") or texts.get("ImageDescription") or ""
    found = _MIDJOURNEY.search(text[:MAX_TEXT])
    if found is None:
        return None
    return ToolMetadata(tool="Midjourney", prompt=words(text[: found.start()], MAX_TEXT))
