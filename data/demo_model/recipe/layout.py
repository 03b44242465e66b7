"""Lay pictures out on a sheet with their prompts under them, in clean type of both languages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

# Debian's fonts-noto-cjk; any font with Latin and Chinese glyphs will do.
FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
PAPER, INK, FAINT = (255, 255, 255), (52, 54, 60), (140, 143, 150)
LINES = 2  # of text under a picture; what does not fit ends in an ellipsis


def labelled_sheet(
    pictures: Sequence[Image.Image],
    prompts: Sequence[str],
    translations: Sequence[str] = (),
    *,
    columns: int,
    edge: int,
    font: Path = FONT,
) -> Image.Image:
    """Return the pictures at `edge` pixels a side, row by row; sizes follow from the edge.

    A prompt takes up to two lines, or one with its translation faintly below, in smaller type if
    it is too long.
    """
    if not font.is_file():
        raise SystemExit(f"There is no font at {font}: install fonts-noto-cjk or name another.")
    gap, size, radius = edge // 10, max(11, edge // 12), edge // 14
    line = round(size * 1.4)
    type_ = ImageFont.truetype(str(font), size, index=2)  # 2: the simplified Chinese face
    step_x, step_y = edge + gap, edge + gap + LINES * line + gap // 2
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * step_x + gap, rows * step_y + gap), PAPER)
    draw, mask = ImageDraw.Draw(sheet), rounded(edge, radius)
    for number, (picture, prompt) in enumerate(zip(pictures, prompts, strict=True)):
        left, top = gap + number % columns * step_x, gap + number // columns * step_y
        sheet.paste(fitted(picture, edge), (left, top), mask)
        lines = [(text, INK) for text in wrapped(prompt, type_, edge)]
        if translations:
            lines = [(prompt, INK), (translations[number], FAINT)]
        for row, (text, colour) in enumerate(lines):
            middle = (left + edge / 2, top + edge + gap // 2 + size + row * line)
            narrow = type_.font_variant(size=size * min(1, edge / type_.getlength(text)))
            draw.text(middle, text, colour, narrow, anchor="ms")  # one baseline for both scripts
    return sheet


def fitted(picture: Image.Image, edge: int) -> Image.Image:
    """Return the picture as a square of that many pixels a side."""
    return picture.resize((edge, edge), Image.Resampling.LANCZOS)


def rounded(edge: int, radius: int) -> Image.Image:
    """Return a mask with round corners, smoothed by drawing it four times as large."""
    mask = Image.new("L", (edge * 4, edge * 4), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, edge * 4 - 1, edge * 4 - 1), radius * 4, 255)
    return mask.resize((edge, edge), Image.Resampling.LANCZOS)


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Break into at most `LINES` lines, between words or Chinese characters."""
    lines: list[str] = []
    rest = pieces(text)
    while rest and len(lines) < LINES:
        count = next(
            (n for n in range(len(rest), 1, -1) if fits("".join(rest[:n]), font, width)), 1
        )
        lines.append("".join(rest[:count]).strip())
        rest = rest[count:]
    if rest:
        lines[-1] = shortened(lines[-1], font, width)
    return lines


def pieces(text: str) -> list[str]:
    """Cut where a line may break: after spaces, and around Chinese characters."""
    found = [""]
    for char in text:
        wide = char >= "\u2e80"
        if wide and char not in "，。！？：、）":  # punctuation does not begin a line
            found.append("")
        found[-1] += char
        if wide or char == " ":
            found.append("")
    return [piece for piece in _glued(found) if piece]


def _glued(found: list[str]) -> list[str]:
    """Put punctuation that stands alone back behind the piece before it."""
    glued: list[str] = []
    for piece in found:
        if glued and piece and piece[0] in "，。！？：、）,.!?:)":
            glued[-1] += piece
        else:
            glued.append(piece)
    return glued


def fits(text: str, font: ImageFont.FreeTypeFont, width: float) -> bool:
    """Tell whether a line is narrow enough."""
    return font.getlength(text.strip()) <= width


def shortened(line: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """End a line with an ellipsis, within the width."""
    while line and not fits(line + "…", font, width):
        line = line[:-1]
    return line.rstrip() + "…"
