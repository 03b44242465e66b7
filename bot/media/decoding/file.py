"""Opening a picture's file: which format it is, and what it holds beside pixels."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from PIL import ExifTags, Image

from bot.media.decoding import png

FORMATS: Final = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP")
_CODES: Final = 8  # bytes before an EXIF comment that name its encoding
_XMP_ORIENTATION: Final = re.compile(r'tiff:Orientation(?:="|>)([1-8])')
# Texts in EXIF; some programs write a ComfyUI graph where cameras write their make and model.
_EXIF_TEXTS: Final = {
    ExifTags.Base.ImageDescription: "ImageDescription",
    ExifTags.Base.Make: "Make",
    ExifTags.Base.Model: "Model",
    ExifTags.Base.Software: "Software",
}


@dataclass(frozen=True, kw_only=True)
class PictureFile:
    """A picture of which only the header was read.

    Attributes:
        image: Its pixels are not decoded yet.
        size_bytes: Of the file.
        texts: What the file says, by the keywords of PNG or the names of EXIF; XMP as `xmp`.
        profile: Its ICC colour profile.
        orientation: As in EXIF: 1 is upright.
        is_animated: Whether there are frames behind the first one.
        has_credentials: Whether it holds C2PA content credentials, which nothing here checks.
        notes: What was left out, one sentence each.

    """

    image: Image.Image
    size_bytes: int
    texts: Mapping[str, str]
    profile: bytes | None
    orientation: int
    is_animated: bool
    has_credentials: bool
    notes: tuple[str, ...]


@dataclass(kw_only=True)
class _Found:
    texts: dict[str, str] = field(default_factory=dict)
    profile: bytes | None = None
    exif: bytes = b""
    is_animated: bool = False
    has_credentials: bool = False
    notes: list[str] = field(default_factory=list)


def open_picture(content: bytes) -> PictureFile:
    """Read a picture's header and texts.

    Raises:
        PIL.UnidentifiedImageError: It is none of the formats.
        Exception: Whatever a decoder makes of a damaged file.

    """
    with warnings.catch_warnings():
        # Of many pixels or a strange EXIF; the pixels are counted before they are decoded.
        warnings.simplefilter("ignore")
        if content.startswith(png.SIGNATURE):
            chunks = png.read_png(content)
            image = Image.open(chunks.pixels, formats=["PNG"])
            found = _of_chunks(chunks)
        else:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            found = _of_other(image, content)
        exif = _exif_values(found.exif)
    found.texts.update(_exif_texts(exif))
    if found.is_animated:
        found.notes.append("It is animated: only the first frame was looked at.")
    return PictureFile(
        image=image,
        size_bytes=len(content),
        texts=found.texts,
        profile=found.profile,
        orientation=_orientation(exif, found.texts.get("xmp", "")),
        is_animated=found.is_animated,
        has_credentials=found.has_credentials,
        notes=tuple(found.notes),
    )


def _of_chunks(chunks: png.PngChunks) -> _Found:
    found = _Found(
        texts=chunks.texts,
        profile=chunks.profile,
        exif=chunks.exif,
        is_animated=chunks.is_animated,
        has_credentials=chunks.has_credentials,
    )
    if png.XMP_KEY in found.texts:
        found.texts["xmp"] = found.texts.pop(png.XMP_KEY)
    if chunks.left_out:
        found.notes.append(
            f"Not all text in the file was read: {png.MAX_TEXT_BYTES // 10**6} MB are the limit."
        )
    if chunks.has_larger_profile:
        found.notes.append(
            f"Its colour profile is damaged or has more than {png.MAX_PROFILE_BYTES // 10**6} MB, "
            "and was ignored."
        )
    return found


def _of_other(image: Image.Image, content: bytes) -> _Found:
    info: Mapping[Any, Any] = image.info
    found = _Found(profile=info.get("icc_profile"), exif=info.get("exif", b""))
    for key in ("xmp", "comment"):
        if isinstance(value := info.get(key), bytes):
            found.texts[key] = value[: png.MAX_TEXT_BYTES].decode("utf-8", "replace")
    # What Pillow calls MPO is one photograph, with a preview or a depth map behind it.
    found.is_animated = image.format != "MPO" and bool(getattr(image, "is_animated", False))
    found.has_credentials = b"c2pa" in content and (b"jumb" in content or b"C2PA" in content)
    return found


def _exif_values(content: bytes) -> Mapping[int, Any]:
    """Return all values of an EXIF; none if it is damaged."""
    try:
        exif = Image.Exif()
        exif.load(content)
        return {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}
    except Exception:  # noqa: BLE001 - strange bytes make Pillow raise whatever comes
        return {}


def _exif_texts(exif: Mapping[int, Any]) -> dict[str, str]:
    texts = {
        name: value for tag, name in _EXIF_TEXTS.items() if isinstance(value := exif.get(tag), str)
    }
    comment = exif.get(ExifTags.Base.UserComment)
    if isinstance(comment, bytes):
        texts["UserComment"] = _comment(comment[: png.MAX_TEXT_BYTES])
    elif isinstance(comment, str):
        texts["UserComment"] = comment
    return texts


def _comment(value: bytes) -> str:
    """Return an EXIF comment; of two byte orders, the one that makes more plain letters of it."""
    code, text = value[:_CODES], value[_CODES:]
    if not code.startswith(b"UNICODE"):
        return (text if code.rstrip(b"\0") in {b"", b"ASCII", b"JIS"} else value).decode(
            "utf-8", "replace"
        )
    readings = [text.decode(each, "replace") for each in ("utf-16-be", "utf-16-le", "utf-8")]
    return max(readings, key=lambda words: sum(" " <= char <= "~" for char in words))


def _orientation(exif: Mapping[int, Any], xmp: str) -> int:
    value = exif.get(ExifTags.Base.Orientation)
    if value is None and (said := _XMP_ORIENTATION.search(xmp)) is not None:
        return int(said[1])
    return value if isinstance(value, int) else 1
