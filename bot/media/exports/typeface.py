"""The font of sheets in a PDF: its glyphs' numbers and widths, cut down to what was written."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, cast

import pydyf

from bot.media.kit.typography import FONT_FILE

NAME: Final = "ZIBSheetSans"
_PER_BLOCK: Final = 100  # characters in one block of a character map, at most
_DEFAULT_WIDTH: Final = 1000  # thousandths of an em: most glyphs are Chinese


class Typeface:
    """Glyphs by character; remembers which ones were written."""

    def __init__(self) -> None:
        """Read the font's tables."""
        self._cids, self._widths, self._box = _tables()
        self._written: set[str] = set()

    def encoded(self, line: str) -> bytes:
        """Return a line as a PDF string of glyph numbers, and remember its characters."""
        self._written.update(line)
        return b"<" + "".join(f"{self._cids.get(each, 0):04x}" for each in line).encode() + b">"

    def width(self, line: str) -> float:
        """Return how wide a line is, in ems."""
        return sum(self._widths.get(each, _DEFAULT_WIDTH) for each in line) / 1000

    @property
    def middle(self) -> float:
        """Return how far the baseline is below the middle of a line, in ems."""
        return (self._box[0] + self._box[1]) / 2000

    def add_to(self, pdf: pydyf.PDF) -> pydyf.Dictionary:
        """Write the font with the glyphs that were used; return what pages refer to."""
        characters = sorted(each for each in self._written if each in self._cids)
        file = pydyf.Stream([_glyphs(characters)], {"Subtype": "/CIDFontType0C"}, compress=True)
        pdf.add_object(file)
        ascent, descent = self._box
        descriptor = pydyf.Dictionary({
            "Type": "/FontDescriptor", "FontName": f"/{NAME}", "Flags": 4, "ItalicAngle": 0,
            "FontBBox": pydyf.Array([-1000, descent, 2000, ascent]), "Ascent": ascent,
            "Descent": descent, "CapHeight": 733, "StemV": 80, "FontFile3": file.reference,
        })  # fmt: skip
        pdf.add_object(descriptor)
        system = {"Registry": pydyf.String("Adobe"), "Ordering": pydyf.String("Identity")}
        descendant = pydyf.Dictionary({
            "Type": "/Font", "Subtype": "/CIDFontType0", "BaseFont": f"/{NAME}",
            "CIDSystemInfo": pydyf.Dictionary({**system, "Supplement": 0}),
            "FontDescriptor": descriptor.reference, "DW": _DEFAULT_WIDTH,
            "W": self._width_array(characters),
        })  # fmt: skip
        pdf.add_object(descendant)
        meaning = pydyf.Stream([_character_map(self._numbered(characters))], compress=True)
        pdf.add_object(meaning)
        font = pydyf.Dictionary({
            "Type": "/Font", "Subtype": "/Type0", "BaseFont": f"/{NAME}",
            "Encoding": "/Identity-H", "DescendantFonts": pydyf.Array([descendant.reference]),
            "ToUnicode": meaning.reference,
        })  # fmt: skip
        pdf.add_object(font)
        return font

    def _numbered(self, characters: Iterable[str]) -> list[tuple[int, str]]:
        """Return each glyph's number with its character; of two, the simpler one."""
        numbered: dict[int, str] = {}
        for each in characters:
            numbered.setdefault(self._cids[each], each)
        return sorted(numbered.items())

    def _width_array(self, characters: Iterable[str]) -> pydyf.Array:
        widths = pydyf.Array()
        for cid, each in self._numbered(characters):
            if self._widths[each] != _DEFAULT_WIDTH:
                widths.extend([cid, pydyf.Array([self._widths[each]])])
        return widths


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, int], dict[str, int], tuple[int, int]]:
    """Return the glyph number and the width of each character, and ascent and descent."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - only documents wait for its import

    with TTFont(FONT_FILE, lazy=True) as font:
        names = font.getBestCmap()
        metrics, header = font["hmtx"].metrics, font["hhea"]
        # The font is keyed by numbers: its glyphs are called cid00001 and so on.
        cids = {chr(code): int(name.removeprefix("cid")) for code, name in names.items()}
        widths = {chr(code): int(metrics[name][0]) for code, name in names.items()}
        return cids, widths, (int(header.ascent), int(header.descent))


def _glyphs(characters: Iterable[str]) -> bytes:
    """Return the outlines of some characters, as the font's CFF table."""
    from fontTools import subset  # noqa: PLC0415 - the same
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - the same

    options = subset.Options()
    options.layout_features, options.notdef_outline, options.hinting = [], True, False
    options.drop_tables += ["GPOS", "GSUB", "GDEF"]
    with TTFont(FONT_FILE) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(text="".join(characters))
        subsetter.subset(font)
        file = io.BytesIO()
        font.save(file)
    with TTFont(file) as font:
        return cast("bytes", font.reader["CFF "])


def _character_map(numbered: list[tuple[int, str]]) -> bytes:
    """Return what makes text selectable: the character of each glyph number."""
    blocks = []
    for i in range(0, len(numbered), _PER_BLOCK):
        block = numbered[i : i + _PER_BLOCK]
        rows = [f"<{cid:04x}> <{each.encode('utf-16-be').hex()}>" for cid, each in block]
        blocks += [f"{len(rows)} beginbfchar", *rows, "endbfchar"]
    lines = [
        "/CIDInit /ProcSet findresource begin", "12 dict begin", "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def", "/CMapType 2 def",
        "1 begincodespacerange", "<0000> <ffff>", "endcodespacerange", *blocks,
        "endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end",
    ]  # fmt: skip
    return "\n".join(lines).encode()
