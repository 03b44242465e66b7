"""Palettes as files that other programs open."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Final

from bot.domain.boards import Swatch
from bot.locales import is_chinese
from bot.media.palettes.colour_names import name_of

_GROUP_START: Final = 0xC001
_GROUP_END: Final = 0xC002
_COLOUR: Final = 0x0001
_NORMAL: Final = 2  # neither global nor spot


def ase(swatches: Sequence[Swatch], name: str, *, locale: str = "en-US") -> bytes:
    """Return an Adobe Swatch Exchange file: one group with the palette's name.

    All numbers are big-endian; strings are UTF-16 with their length and a closing zero.
    """
    blocks = [_block(_GROUP_START, _string(_one_line(name)))]
    for swatch in swatches:
        levels = struct.pack(">3f", *(level / 255 for level in swatch.rgb))
        label = _string(f"{name_of(swatch.rgb, locale)} {swatch.hex}")
        blocks.append(_block(_COLOUR, label + b"RGB " + levels + struct.pack(">H", _NORMAL)))
    blocks.append(_block(_GROUP_END, b""))
    return b"ASEF" + struct.pack(">HHI", 1, 0, len(blocks)) + b"".join(blocks)


def _block(kind: int, content: bytes) -> bytes:
    return struct.pack(">HI", kind, len(content)) + content


def _string(words: str) -> bytes:
    encoded = words.encode("utf-16-be", "replace") + b"\0\0"
    return struct.pack(">H", len(encoded) // 2) + encoded


def gpl(swatches: Sequence[Swatch], name: str, *, locale: str = "en-US") -> str:
    """Return a palette for GIMP, Inkscape and Krita."""
    lines = ["GIMP Palette", f"Name: {_one_line(name)}", f"Columns: {len(swatches)}", "#"]
    for swatch in swatches:
        levels = " ".join(f"{level:3d}" for level in swatch.rgb)
        lines.append(f"{levels}\t{name_of(swatch.rgb, locale)} {swatch.hex}")
    return "\n".join(lines) + "\n"


def css(swatches: Sequence[Swatch], name: str, *, locale: str = "en-US") -> str:
    """Return custom properties named after the colours; a second one of a name gets a number."""
    lines = [f"/* {_one_line(name).replace('*/', '* /')} */", ":root {"]
    for variable, swatch in zip(_variables(swatches), swatches, strict=True):
        remark = f" /* {name_of(swatch.rgb, locale)} */" if is_chinese(locale) else ""
        lines.append(f"  --{variable}: {swatch.hex};{remark}")
    return "\n".join([*lines, "}"]) + "\n"


def _variables(swatches: Sequence[Swatch]) -> list[str]:
    variables: list[str] = []
    for swatch in swatches:
        plain = variable = name_of(swatch.rgb, "en-US").replace(" ", "-")
        number = 2
        while variable in variables:
            variable = f"{plain}-{number}"
            number += 1
        variables.append(variable)
    return variables


def palette_json(swatches: Sequence[Swatch], name: str) -> str:
    """Return the palette as JSON, the colours named in both languages."""
    colours = [
        {
            "hex": swatch.hex,
            "rgb": list(swatch.rgb),
            "share": swatch.share,
            "name": {"en": name_of(swatch.rgb, "en-US"), "zh": name_of(swatch.rgb, "zh-CN")},
        }
        for swatch in swatches
    ]
    document = {"name": name, "colours": colours}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _one_line(name: str) -> str:
    """Return a name without line ends and other control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())
