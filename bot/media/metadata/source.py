"""What a file says about where its picture comes from, without how it was made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.media.metadata.parameters import words

# The words of the IPTC (cv.iptc.org/newscodes/digitalsourcetype) for pictures of machines.
_GENERATED: Final = {"trainedAlgorithmicMedia", "algorithmicMedia"}
_PARTLY: Final = {"compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"}
_SOURCE_TYPE: Final = re.compile(r"digitalsourcetype/(\w{1,60})")
_CREATOR_TOOL: Final = re.compile(r"CreatorTool(?:=[\"']|>)([^\"'<]{1,200})")
_CREDIT: Final = re.compile(r"photoshop:Credit(?:=[\"']|>)([^\"'<]{1,200})")


@dataclass(frozen=True, kw_only=True)
class PictureClaims:
    """Claims of a file about its picture.

    Attributes:
        is_generated: Whether it calls the picture made by a model.
        is_partly_generated: Whether it calls parts of it that.
        program: What saved it, as it says.

    """

    is_generated: bool
    is_partly_generated: bool
    program: str


def read_source(texts: Mapping[str, str]) -> PictureClaims:
    """Return what XMP, EXIF and text chunks claim."""
    xmp = texts.get("xmp", "")
    kinds = set(_SOURCE_TYPE.findall(xmp))
    said = (_CREATOR_TOOL.search(xmp), _CREDIT.search(xmp))
    program = next((words(each[1]) for each in said if each is not None), "")
    return PictureClaims(
        is_generated=bool(kinds & _GENERATED),
        is_partly_generated=bool(kinds & _PARTLY),
        program=program or words(texts.get("Software", "")),
    )
