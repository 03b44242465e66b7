"""Whether anything is left of somebody in the bytes of a data folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

_SIZES = (1, 2, 3, 4, 6, 8)  # bytes in which SQLite writes whole numbers


def needles(user_id: int, words: Sequence[str]) -> list[bytes]:
    """Return what to look for: an id as text and as SQLite writes it, and words in any case.

    The search index leaves out what a word begins with if the one before begins so, too.
    """
    size = next(each for each in _SIZES if user_id < 1 << (8 * each - 1))
    texts = [str(user_id), *(word[start:] for word in words for start in range(3))]
    return [user_id.to_bytes(size), *(each.casefold().encode() for each in texts)]


def traces(folder: Path, wanted: Sequence[bytes]) -> dict[str, set[bytes]]:
    """Return what was found, by the files' paths in the folder."""
    found = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        contents = [path.read_bytes(), path.name.encode(), *_texts(path)]
        # Lower letters are looked for as text; a number in eight bytes is looked for as it is.
        here = {
            each
            for each in wanted
            if any(each in content or each in content.lower() for content in contents)
        }
        if here:
            found[str(path.relative_to(folder))] = here
    return found


def _texts(path: Path) -> Iterator[bytes]:
    """Yield what a PNG says about itself, which may be packed in its file."""
    if path.suffix == ".png":
        with Image.open(path) as image:
            image.load()
            for text in image.text.values():  # type: ignore[attr-defined]
                yield text.encode()
