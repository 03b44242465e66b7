"""Paint scenes on the GPU (or CPU): backgrounds, things, and the styles made from other art.

Things are placed by two small matrices a scene, one for each axis, which resample by area with a
Catmull-Rom kernel: sharp, free of aliasing at any size, and nothing but batched products.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows
from art import SIZE, load_art
from scenes import (
    STYLE_3D,
    STYLE_CARTOON,
    STYLE_PIXEL,
    STYLE_SKETCH,
    STYLE_STICKER,
    Scenes,
    sample,
)
from vocabulary import COLOURS, PASTELS, TINTS

PIXEL_GRID = 32  # cells a side of pixel art; divides 256, so that all cells are alike
PIXEL_LEVELS = 10  # values a channel
SHADE_REACH = 0.05  # how far the lightness jitter moves a background, of full range
ROAMING = 0.4  # share of the free room a thing may be off the middle of its cell
INK = (0.13, 0.13, 0.17)  # line drawings
LUMA = (0.299, 0.587, 0.114)


def compose(
    scenes: Scenes, rows: np.ndarray | slice, pictures: torch.Tensor, height: int, width: int
) -> torch.Tensor:
    """Paint the rows as (n, 3, height, width) in [-1, 1], on the device of `pictures`.

    `pictures` is the pack's (m, 256, 256, 4) uint8; heights and widths from 128 to 512.
    """
    chosen = scenes[rows]
    device = pictures.device
    canvas = backgrounds(chosen, height, width, device)
    for second in (False, True):
        chosen_picture = chosen.picture_b if second else chosen.picture_a
        present = np.flatnonzero(chosen_picture >= 0)
        if len(present) == 0:
            continue
        part = chosen[present]
        source = dressed(part, pictures, chosen_picture[present])
        boxes = placement(part, height, width, second=second)
        things = place(source, boxes, height, width)
        index = torch.from_numpy(present).to(device)
        canvas[index] = blend(canvas[index], things, part, min(height, width))
    return canvas.clamp_(0, 1).mul_(2).sub_(1)


def _on(values: np.ndarray, device: torch.device) -> torch.Tensor:
    """Move an array to the device without waiting for it."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


def backgrounds(scenes: Scenes, height: int, width: int, device: torch.device) -> torch.Tensor:
    """Return solid and gradient backgrounds, (n, 3, height, width) in [0, 1]."""
    named = np.array([colour.rgb for colour in COLOURS], np.float32) / 255
    soft = np.array(PASTELS, np.float32) / 255
    plain = scenes.background >= 0
    first = np.where(plain[:, None], named[scenes.background], soft[scenes.pastel])
    last = np.where((scenes.background2 >= 0)[:, None], named[scenes.background2], first)
    last = np.where((scenes.pastel2 >= 0)[:, None], soft[scenes.pastel2], last)
    jitter = (scenes.shade * SHADE_REACH)[:, None].astype(np.float32)
    ends = [_on((end + jitter).clip(0, 1), device)[:, :, None, None] for end in (first, last)]
    y = torch.linspace(0, 1, height, device=device)[:, None].expand(height, width)
    x = torch.linspace(0, 1, width, device=device)[None, :].expand(height, width)
    radius = ((x - 0.5) ** 2 + (y - 0.5) ** 2).sqrt().mul(1.5).clamp(max=1)
    ramps = torch.stack([x, y, (x + y) / 2, radius])  # (4, height, width)
    ramp = ramps[_on(scenes.direction.astype(np.int64), device)][:, None]
    return torch.lerp(ends[0], ends[1], ramp)


def dressed(scenes: Scenes, pictures: torch.Tensor, chosen: np.ndarray) -> torch.Tensor:
    """Return the things' premultiplied pictures (n, 4, 256, 256) in [0, 1], dyed and styled."""
    device = pictures.device
    source = pictures[_on(chosen.astype(np.int64), device)].permute(0, 3, 1, 2).float().div_(255)
    tinted = np.flatnonzero(scenes.tint >= 0)
    if len(tinted):
        rows = _on(tinted, device)
        source[rows] = dye(source[rows], _on(scenes.tint[tinted].astype(np.int64), device))
    source[:, :3] *= source[:, 3:]
    changes = {STYLE_CARTOON: cartoon, STYLE_PIXEL: pixelate, STYLE_SKETCH: sketch}
    for style, change in changes.items():
        styled = np.flatnonzero(scenes.style == style)
        if len(styled):
            rows = _on(styled, device)
            source[rows] = change(source[rows])
    return source


def dye(rgba: torch.Tensor, tint: torch.Tensor) -> torch.Tensor:
    """Recolour what is saturated, keeping its shading; white, grey and black stay."""
    by_key = {colour.key: colour.rgb for colour in COLOURS}
    palette = torch.tensor([by_key[key] for key in TINTS], device=rgba.device) / 255
    target = palette[tint][:, :, None, None]  # (n, 3, 1, 1)
    rgb, alpha = rgba[:, :3], rgba[:, 3:]
    high, low = rgb.amax(1, keepdim=True), rgb.amin(1, keepdim=True)
    vivid = ((high - low) / high.clamp(min=0.05)).sub(0.08).div(0.22).clamp(0, 1)
    luma = (rgb * rgb.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
    weight = vivid * alpha
    mean = (luma * weight).sum((2, 3), keepdim=True) / weight.sum((2, 3), keepdim=True).clamp(1)
    relative = luma / mean.clamp(min=0.05)
    darker = target * relative.clamp(max=1)
    lighter = torch.lerp(target, torch.ones_like(target), (relative - 1).clamp(0, 1) * 0.6)
    dyed = torch.where(relative < 1, darker, lighter)
    return torch.cat([torch.lerp(rgb, dyed, vivid), alpha], 1)


def pixelate(rgba: torch.Tensor) -> torch.Tensor:
    """Turn premultiplied pictures to pixel art: a coarse grid, hard edges, few colours."""
    cells = F.interpolate(rgba, size=(PIXEL_GRID, PIXEL_GRID), mode="area")
    alpha = (cells[:, 3:] > 0.45).float()
    colour = cells[:, :3] / cells[:, 3:].clamp(min=0.05)
    few = colour.clamp(0, 1).mul(PIXEL_LEVELS - 1).round().div(PIXEL_LEVELS - 1)
    return F.interpolate(torch.cat([few * alpha, alpha], 1), size=(SIZE, SIZE), mode="nearest")


def ink_lines(rgba: torch.Tensor, threshold: float, width: int = 5) -> torch.Tensor:
    """Return the coverage (n, 1, 256, 256) of pen strokes along edges and the outline."""
    soft = blur(rgba, 1.2)
    dx = soft[..., 1:-1, 2:] - soft[..., 1:-1, :-2]
    dy = soft[..., 2:, 1:-1] - soft[..., :-2, 1:-1]
    strength = F.pad((dx.square() + dy.square()).sqrt(), (1, 1, 1, 1)).amax(1, keepdim=True)
    thick = F.max_pool2d(strength, width, 1, width // 2)
    return blur(((thick - threshold) / 0.08).clamp(0, 1), 0.8)


def sketch(rgba: torch.Tensor) -> torch.Tensor:
    """Turn premultiplied pictures to ink lines on white paper, cut out at the outline."""
    ink = ink_lines(rgba, 0.07)
    alpha = torch.maximum(rgba[:, 3:], ink)
    colour = rgba.new_tensor(INK)[:, None, None]
    return torch.cat([torch.lerp(torch.ones_like(colour), colour, ink) * alpha, alpha], 1)


def cartoon(rgba: torch.Tensor) -> torch.Tensor:
    """Draw bold contours around premultiplied pictures, and lighter ones inside, like a comic."""
    outline = F.max_pool2d(blur(rgba[:, 3:], 1.5).sub(0.2).div(0.3).clamp(0, 1), 7, 1, 3)
    outline = blur(outline, 0.8) * (1 - blur(rgba[:, 3:], 0.8).sub(0.35).div(0.5).clamp(0, 1))
    ink = torch.maximum(outline, 0.8 * ink_lines(rgba, 0.16, 3))
    alpha = torch.maximum(rgba[:, 3:], ink)
    colour = rgba.new_tensor(INK)[:, None, None]
    return torch.cat([torch.lerp(rgba[:, :3], colour * alpha, ink), alpha], 1)


def blur(image: torch.Tensor, sigma: float) -> torch.Tensor:
    """Blur by a Gaussian of `sigma` pixels, one axis after the other."""
    reach = max(1, int(2.5 * sigma + 0.5))
    steps = torch.arange(-reach, reach + 1, device=image.device, dtype=image.dtype)
    kernel = (-(steps**2) / (2 * sigma**2)).exp()
    kernel /= kernel.sum()
    channels = image.shape[1]
    row = kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    image = F.conv2d(image, row, padding=(0, reach), groups=channels)
    return F.conv2d(image, row.transpose(2, 3), padding=(reach, 0), groups=channels)


# Cells (left, top, width, height) as shares of the canvas, by layout and place.
_HALVES = {
    "centre": (0, 0, 1, 1),
    "left": (0, 0, 0.5, 1),
    "right": (0.5, 0, 0.5, 1),
    "top": (0, 0, 1, 0.5),
    "bottom": (0, 0.5, 1, 0.5),
    "top-left": (0, 0, 0.5, 0.5),
    "top-right": (0.5, 0, 0.5, 0.5),
    "bottom-left": (0, 0.5, 0.5, 0.5),
    "bottom-right": (0.5, 0.5, 0.5, 0.5),
}
_PLACE_CELLS = np.array(list(_HALVES.values()), np.float32)
_FIRST = np.array([_HALVES[key] for key in ("centre", "left", "left", "top")], np.float32)
_SECOND = np.array([_HALVES[key] for key in ("centre", "right", "right", "bottom")], np.float32)


def placement(scenes: Scenes, height: int, width: int, *, second: bool) -> np.ndarray:
    """Return left, top and side of each thing's square in pixels, (n, 3) float32."""
    cells = _SECOND[scenes.layout] if second else _FIRST[scenes.layout]
    single = scenes.layout == 0
    cells[single] = _PLACE_CELLS[scenes.place[single]]
    left, top, wide, high = (cells * np.array([width, height] * 2, np.float32)).T
    side = scenes.scale * np.minimum(wide, high)
    side = np.where(scenes.style == STYLE_STICKER, side * 0.94, side)  # room for its rim
    # Stay within 40 % of the free room: clear of the canvas's rim, shadows and sticker rims
    # included; along the long axis of a half, keep to its middle.
    room_x, room_y = (np.minimum(free - side, side * 0.4) / 2 for free in (wide, high))
    x = left + wide / 2 + scenes.shift_x * room_x * ROAMING
    y = top + high / 2 + scenes.shift_y * room_y * ROAMING
    return np.stack([x - side / 2, y - side / 2, side], 1).astype(np.float32)


def _catmull_rom(distance: torch.Tensor) -> torch.Tensor:
    """Weigh samples at a distance in source pixels."""
    d = distance.abs()
    near = (1.5 * d - 2.5) * d * d + 1
    far = ((-0.5 * d + 2.5) * d - 4) * d + 2
    return torch.where(d < 1, near, torch.where(d < 2, far, torch.zeros_like(d)))


def resampler(start: torch.Tensor, side: torch.Tensor, length: int) -> torch.Tensor:
    """Return (n, length, 256) weights drawing 256 source pixels from `start` over `side`."""
    at = torch.arange(length, device=start.device) + 0.5
    step = SIZE / side[:, None]
    centre = (at[None, :] - start[:, None]) * step - 0.5  # (n, length) in source pixels
    stretch = step.clamp(min=1)[:, :, None]
    source = torch.arange(SIZE, device=start.device, dtype=start.dtype)
    return _catmull_rom((centre[:, :, None] - source) / stretch) / stretch


def place(source: torch.Tensor, boxes: np.ndarray, height: int, width: int) -> torch.Tensor:
    """Draw premultiplied (n, 4, 256, 256) into boxes of an empty (n, 4, height, width)."""
    left, top, side = _on(boxes, source.device).unbind(1)
    rows = resampler(top, side, height)[:, None]  # (n, 1, height, 256)
    columns = resampler(left, side, width)[:, None].transpose(2, 3)  # (n, 1, 256, width)
    return (rows @ source @ columns).clamp_(0, 1)


def blend(
    canvas: torch.Tensor, things: torch.Tensor, scenes: Scenes, short_side: int
) -> torch.Tensor:
    """Lay the things on the canvas, with the shadow or rim that their style has."""
    glossy = np.flatnonzero(scenes.style == STYLE_3D)
    if len(glossy):
        rows = _on(glossy, canvas.device)
        canvas[rows] *= 1 - 0.22 * shadow(things[rows, 3:], short_side)
    stuck = np.flatnonzero(scenes.style == STYLE_STICKER)
    if len(stuck):
        rows = _on(stuck, canvas.device)
        rim = grow(things[rows, 3:], short_side * 0.016)
        canvas[rows] *= 1 - 0.38 * shadow(rim, short_side)
        canvas[rows] = torch.lerp(canvas[rows], torch.ones_like(canvas[rows]), rim)
    return canvas * (1 - things[:, 3:]) + things[:, :3]


def shadow(alpha: torch.Tensor, short_side: int) -> torch.Tensor:
    """Return a soft shadow slightly below a shape."""
    down = max(1, round(short_side * 0.022))
    moved = F.pad(alpha, (0, 0, down, 0))[:, :, : alpha.shape[2]]
    return blur(moved, short_side * 0.014)


def grow(alpha: torch.Tensor, radius: float) -> torch.Tensor:
    """Grow a shape by `radius` pixels, with round corners and a soft edge."""
    wide = blur(alpha, radius)
    return ((wide - 0.03) / 0.12).clamp(0, 1)


def main() -> None:
    """Measure the speed, and write some pictures to look at."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--work", type=Path, default=Path(".train"), help="scratch folder")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    art = load_art(args.work)
    pictures = torch.from_numpy(art.pixels).to(args.device)
    scenes = sample(art, np.random.default_rng(0), args.batch * 8, "train")
    for start in range(0, len(scenes), args.batch):
        began = time.perf_counter()
        images = compose(scenes, slice(start, start + args.batch), pictures, args.size, args.size)
        checksum = images.mean().item()  # waits for the device
        rate = args.batch / (time.perf_counter() - began)
        print(f"{rate:,.0f} images/s (mean {checksum:.3f})")


if __name__ == "__main__":
    main()
