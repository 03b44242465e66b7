"""A board's layouts as pages of a PDF: text stays text, pictures are read when they are written.

Pages have no lines; see `docs/decisions/0014-pictures-kit.md` for why this is no library's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pydyf
from PIL import Image

from bot.domain.boards import Item
from bot.media.exports.typeface import Typeface
from bot.media.kit import Box, Colour, Panel, Photo, SheetLayout, TextBlock
from bot.media.thumbnails import Copies

PAGE: Final = (841.89, 595.28)  # points: A4, lying
_ROUND: Final = 0.5523  # a quarter of a circle as a Bézier curve
_LINE: Final = 0.5  # points: a hairline
_MISSING_SIZE: Final = 12.0  # points


class PictureStream(pydyf.Stream):  # type: ignore[misc] # pydyf has no types
    """A JPEG that is in memory only while it is written."""

    def __init__(self, path: Path) -> None:
        """Look at the file's head."""
        with Image.open(path) as picture:
            width, height = picture.size
        super().__init__(
            extra={
                "Type": "/XObject",
                "Subtype": "/Image",
                "Width": width,
                "Height": height,
                "ColorSpace": "/DeviceRGB",
                "BitsPerComponent": 8,
                "Filter": "/DCTDecode",
            }
        )
        self._path = path

    @property
    def data(self) -> bytes:
        """Return the object with the file's bytes."""
        content = self._path.read_bytes()
        head: bytes = pydyf.Dictionary({**self.extra, "Length": len(content)}).data
        return b"\n".join((head, b"stream", content, b"endstream"))


@dataclass(kw_only=True)
class Document:
    """A PDF that grows page by page."""

    copies: Copies
    locale: str
    title: str
    _pdf: pydyf.PDF = field(default_factory=pydyf.PDF)
    _typeface: Typeface = field(default_factory=Typeface)
    _fonts: pydyf.Dictionary = field(default_factory=pydyf.Dictionary)
    _images: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with what all pages share."""
        self._pdf.add_object(self._fonts)

    def add_page(self, plan: SheetLayout[Item]) -> None:
        """Add a page that shows a plan as large as it fits."""
        sketch = _Sketch(plan=plan, typeface=self._typeface)
        used: dict[str, bytes] = {}
        sketch.fill_page()
        for shape in plan.shapes:
            match shape:
                case Panel():
                    sketch.panel(shape.box, shape.fill, shape.radius)
                case TextBlock():
                    sketch.words(shape)
                case Photo():
                    self._add_photo(sketch, shape, used)
        content = pydyf.Stream(sketch.done(), compress=True)
        self._pdf.add_object(content)
        resources = pydyf.Dictionary({"Font": self._fonts.reference})
        if used:
            resources["XObject"] = pydyf.Dictionary(used)
        self._pdf.add_page(
            pydyf.Dictionary({
                "Type": "/Page", "Parent": self._pdf.pages.reference,
                "MediaBox": pydyf.Array([0, 0, *PAGE]), "Contents": content.reference,
                "Resources": resources,
            })
        )  # fmt: skip

    def add_pages(self, plans: Iterable[SheetLayout[Item]]) -> None:
        """Add pages."""
        for plan in plans:
            self.add_page(plan)

    def _add_photo(self, sketch: _Sketch, photo: Photo[Item], used: dict[str, bytes]) -> None:
        sketch.frame(photo)
        image = self._image(photo.source)
        if image is None:
            sketch.note(photo, self.copies.damage(photo.source, self.locale))
            return
        name, reference = image
        used[name] = reference
        sketch.image(name, photo.shown)

    def _image(self, item: Item) -> tuple[str, bytes] | None:
        """Return a picture's name and object, which is written once, however often it is shown."""
        key = f"{item.pixel_sha256}{item.is_spoiler}"
        if key not in self._images:
            path = self.copies.shown(item)
            if path is None:
                return None
            stream = PictureStream(path)
            self._pdf.add_object(stream)
            self._images[key] = (f"P{len(self._images)}", stream.reference)
        return self._images[key]

    def save(self, path: Path) -> None:
        """Write the file."""
        self._fonts["F"] = self._typeface.add_to(self._pdf).reference
        self._pdf.info["Title"] = pydyf.String(self.title)
        language = "zh" if self.locale.startswith("zh") else "en"
        self._pdf.catalog["Lang"] = pydyf.String(language)
        self._pdf.catalog["ViewerPreferences"] = pydyf.Dictionary({"DisplayDocTitle": "true"})
        with path.open("wb") as file:
            self._pdf.write(file, version=b"1.7")


@dataclass(kw_only=True)
class _Sketch:
    """What is drawn on a page: operators, their places counted in points from the left foot."""

    plan: SheetLayout[Item]
    typeface: Typeface
    _parts: list[bytes] = field(default_factory=list)

    @property
    def scale(self) -> float:
        return min(PAGE[0] / self.plan.width, PAGE[1] / self.plan.height)

    def x(self, left: float) -> float:
        """Return a place in points; a narrow plan stands in the middle."""
        return (PAGE[0] - self.plan.width * self.scale) / 2 + left * self.scale

    def y(self, top: float) -> float:
        return PAGE[1] - top * self.scale

    def add(self, *operands: float | bytes) -> None:
        self._parts.append(
            b" ".join(
                each if isinstance(each, bytes) else f"{each:.3f}".encode() for each in operands
            )
        )

    def colour(self, colour: Colour, operator: bytes = b"rg") -> None:
        self.add(*(level / 255 for level in colour), operator)

    def fill_page(self) -> None:
        self.colour(self.plan.ground)
        self.add(0, 0, *PAGE, b"re", b"f")

    def panel(self, box: Box, fill: Colour, radius: int = 0) -> None:
        """Fill a rectangle, its corners rounded."""
        self.colour(fill)
        x, y = self.x(box.left), self.y(box.bottom)
        width, height, r = box.width * self.scale, box.height * self.scale, radius * self.scale
        if not radius:
            self.add(x, y, width, height, b"re", b"f")
            return
        near, far = r * (1 - _ROUND), r
        right, top = x + width, y + height
        self.add(x + far, y, b"m", right - far, y, b"l")
        self.add(right - near, y, right, y + near, right, y + far, b"c")
        self.add(right, top - far, b"l")
        self.add(right, top - near, right - near, top, right - far, top, b"c")
        self.add(x + far, top, b"l")
        self.add(x + near, top, x, top - near, x, top - far, b"c")
        self.add(x, y + far, b"l")
        self.add(x, y + near, x + near, y, x + far, y, b"c", b"f")

    def frame(self, photo: Photo[Item]) -> None:
        """Fill a picture's place and draw a hairline around it."""
        box = photo.box
        self.colour(photo.ground)
        self.colour(photo.edge or photo.ground, b"RG")
        place = self.x(box.left), self.y(box.bottom)
        self.add(_LINE, b"w", *place, box.width * self.scale, box.height * self.scale, b"re", b"B")

    def image(self, name: str, box: Box) -> None:
        matrix = (box.width * self.scale, 0, 0, box.height * self.scale)
        self.add(b"q", *matrix, self.x(box.left), self.y(box.bottom), b"cm")
        self.add(b"/" + name.encode(), b"Do", b"Q")

    def words(self, words: TextBlock) -> None:
        """Write lines; what could not be drawn as it was typed is still copied so."""
        style, shown = words.style, words.shown
        is_changed = words.source != " ".join(shown)
        if is_changed:
            actual = pydyf.String(words.source).data
            self.add(b"/Span << /ActualText", actual, b">> BDC")
        self.colour(style.colour)
        for i, line in enumerate(shown):
            middle = words.top + (i + 0.5) * style.line_height
            self._line(line, words.left, middle, style.size, words.anchor)
        if is_changed:
            self.add(b"EMC")

    def note(self, photo: Photo[Item], line: str) -> None:
        """Write a line in the place of a picture."""
        box = photo.box
        self.colour(photo.ink)
        size = round(min(_MISSING_SIZE / self.scale, box.width / 10))
        self._line(line, box.middle, box.top + box.height / 2, size, "m")

    def _line(self, line: str, left: float, middle: float, size: int, anchor: str) -> None:
        width = self.typeface.width(line) * size
        start = left - {"l": 0.0, "m": width / 2, "r": width}[anchor]
        baseline = middle + self.typeface.middle * size
        self.add(b"BT", b"/F", size * self.scale, b"Tf", self.x(start), self.y(baseline), b"Td")
        self.add(self.typeface.encoded(line), b"Tj", b"ET")

    def done(self) -> Sequence[bytes]:
        return self._parts
