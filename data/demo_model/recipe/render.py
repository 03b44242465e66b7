"""Render the collected art to 256-pixel RGBA pictures and pack them into one travelling file.

Every picture is cropped to what is drawn and centred, its longest side 244 of 256 pixels, so that
the composer knows each object's extent. Pictures are cached one by one: an interrupted run goes on
where it stopped. The pack is `art.bin` (WebP after WebP) with its table of contents `art.json`.
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from collect import package_folder
from PIL import Image
from tqdm import tqdm
from vocabulary import CONCEPTS, STYLES, Concept

SIZE = 256  # pixels a side
EXTENT = 244  # longest side of the drawn part, leaving room for filters at the rim
QUALITY = 90  # WebP; alpha is lossless
# Set -> (npm package, style it is drawn in). Twemoji and Fluent flat are told apart by nobody.
SETS = {
    "fluent-emoji-3d": ("@lobehub/fluent-emoji-3d", "3d"),
    "fluent-emoji-flat": ("@iconify-json/fluent-emoji-flat", "flat"),
    "twemoji": ("@iconify-json/twemoji", "flat"),
    "noto": ("@iconify-json/noto", "cartoon"),
}


@dataclass(frozen=True)
class Job:
    """One picture to render: an icon's SVG text or the path of a bitmap, and where it goes."""

    source: str
    target: Path


def codepoints(emoji: str) -> str:
    """Return the hyphenated code points without variation selectors, the key of every set."""
    return "-".join(f"{ord(char):x}" for char in emoji if ord(char) != 0xFE0F)


@functools.cache
def icon_set(work: Path, package: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Load an Iconify set: its names by code points, and the icons themselves."""
    folder = package_folder(work, package)
    names = json.loads((folder / "chars.json").read_text(encoding="utf-8"))
    icons = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
    plain = {key.replace("-fe0f", ""): name for key, name in names.items()}
    return plain, icons


def find_svg(work: Path, package: str, emoji: str) -> str | None:
    """Return the icon's body and square view box as `width height body`, or None if missing."""
    names, icons = icon_set(work, package)
    name = names.get(codepoints(emoji))
    entry = icons["icons"].get(name)
    if entry is None:
        return None
    width = entry.get("width", icons.get("width", 16))
    height = entry.get("height", icons.get("height", 16))
    return f"{width} {height} {entry['body']}"


def find_bitmap(work: Path, package: str, emoji: str) -> str | None:
    """Return the path of the glossy 3D picture, or None if the set lacks it."""
    folder = package_folder(work, package) / "assets"
    return bitmap_paths(folder).get(codepoints(emoji))


@functools.cache
def bitmap_paths(folder: Path) -> dict[str, str]:
    """Map code points to the bitmaps of a folder."""
    return {path.stem.replace("-fe0f", ""): str(path) for path in folder.glob("*.webp")}


def draw_svg(icon: str, box: tuple[float, float, float, float] | None = None) -> Image.Image:
    """Rasterise `width height body` at 256 pixels, optionally only a part of its view box."""
    import resvg_py  # noqa: PLC0415 - only the workers need it

    width, height, body = icon.split(" ", 2)
    x, y, w, h = box or (0, 0, float(width), float(height))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{SIZE}" height="{SIZE}" viewBox="{x} {y} {w} {h}">{body}</svg>'
    )
    drawn = resvg_py.svg_to_bytes(svg_string=svg, width=SIZE, height=SIZE, skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(drawn))).convert("RGBA")


def drawn_square(image: Image.Image) -> tuple[float, float, float]:
    """Return left, top and side (fractions) of the square to show so that the extent fits."""
    mask = np.asarray(image)[:, :, 3] > 8  # ignores invisible dust
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    side = max(bottom - top, right - left) * SIZE / EXTENT
    size = image.width
    return ((left + right - side) / 2 / size, (top + bottom - side) / 2 / size, side / size)


def picture(source: str) -> Image.Image:
    """Draw one source as a normalised 256-pixel RGBA picture."""
    if source.endswith(".webp"):
        image = Image.open(source).convert("RGBA")
        left, top, side = (value * image.width for value in drawn_square(image))
        premultiplied = image.convert("RGBa")
        box = (left, top, left + side, top + side)
        window = premultiplied.transform(
            (SIZE, SIZE), Image.Transform.EXTENT, box, Image.Resampling.BICUBIC
        )
        return window.convert("RGBA")
    left, top, side = drawn_square(draw_svg(source))
    width, height = (float(value) for value in source.split(" ", 2)[:2])
    return draw_svg(source, (left * width, top * height, side * width, side * height))


def render(job: Job) -> Path:
    """Render one job to its WebP file, atomically."""
    partial = job.target.with_suffix(f".{os.getpid()}")
    picture(job.source).save(partial, format="WEBP", quality=QUALITY, method=4)
    partial.replace(job.target)
    return job.target


def jobs_for(work: Path, concept: Concept) -> dict[str, Job]:
    """List what each set has for one concept."""
    found = {}
    for name, (package, _style) in SETS.items():
        finder = find_bitmap if name == "fluent-emoji-3d" else find_svg
        source = finder(work, package, concept.emoji)
        if source is not None:
            target = work / "rendered" / name / f"{codepoints(concept.emoji)}.webp"
            found[name] = Job(source, target)
    return found


def pack(work: Path, plan: list[dict[str, Job]]) -> None:
    """Concatenate the pictures and write the table of contents."""
    style_ids = {style.key: number for number, style in enumerate(STYLES)}
    pictures, offset = [], 0
    with (work / "art.bin.part").open("wb") as blob:
        for number, jobs in enumerate(plan):
            for name, job in jobs.items():
                content = job.target.read_bytes()
                blob.write(content)
                entry = {"concept": number, "style": style_ids[SETS[name][1]], "set": name}
                pictures.append({**entry, "offset": offset, "size": len(content)})
                offset += len(content)
    (work / "art.bin.part").replace(work / "art.bin")
    contents = {
        "concepts": [{"id": i, **concept.as_dict()} for i, concept in enumerate(CONCEPTS)],
        "styles": [{"id": i, **style.as_dict()} for i, style in enumerate(STYLES)],
        "pictures": pictures,
    }
    text = json.dumps(contents, ensure_ascii=False, separators=(",", ":"))
    (work / "art.json").write_text(text, encoding="utf-8")
    print(f"{len(CONCEPTS)} concepts, {len(pictures)} pictures, {offset / 2**20:.1f} MiB")


def main() -> None:
    """Parse the command line, render what is missing, pack."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--work", type=Path, default=Path(".train"), help="scratch folder")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    args = parser.parse_args()
    plan = [jobs_for(args.work, concept) for concept in CONCEPTS]
    missing = [concept.emoji for concept, jobs in zip(CONCEPTS, plan, strict=True) if len(jobs) < 4]
    if missing:
        raise SystemExit(f"not in every set: {' '.join(missing)}")
    todo = [job for jobs in plan for job in jobs.values() if not job.target.exists()]
    for name in SETS:
        (args.work / "rendered" / name).mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(args.workers) as pool:
        done = pool.map(render, todo, chunksize=8)
        list(tqdm(done, total=len(todo), desc="pictures", unit="picture"))
    pack(args.work, plan)


if __name__ == "__main__":
    main()
