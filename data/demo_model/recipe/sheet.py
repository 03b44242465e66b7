"""Draw a sheet of pictures with their prompts under them, through the bot's own engine.

    python data/demo_model/recipe/sheet.py --output data/demo_model/contact_sheet.webp

Needs a font with Chinese glyphs, for example Debian's `fonts-noto-cjk`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from layout import FONT, labelled_sheet
from PIL import Image

PROJECT = Path(__file__).resolve().parents[3]
COLUMNS, EDGE = 8, 168
PROMPTS = (
    "a red apple", "红苹果", "a pizza", "一只熊猫", "snowman", "黄色的皇冠", "a castle", "草莓",
    "rocket, dark blue background", "蓝色背景上的太阳", "a fox on the left", "右边有一只狗",
    "a purple cat", "粉色背景, 火车", "guitar, teal background", "绿色背景上的气球",
    "a sketch of a house", "线稿, 汽车", "pixel art heart", "像素风格的蘑菇", "cartoon bee",
    "卡通向日葵", "sticker of a star", "flat cactus",
    "two cars", "一只猫和一只狗", "月亮, 黑色背景", "ice cream", "a rainbow", "西瓜", "butterfly", "一杯咖啡",
)  # fmt: skip


def main() -> None:
    """Draw every prompt with one seed and lay the pictures out."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model", type=Path, default=Path("data/demo_model"))
    parser.add_argument("--output", type=Path, default=Path("data/demo_model/contact_sheet.webp"))
    parser.add_argument("--font", type=Path, default=FONT, help="with Latin and Chinese glyphs")
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    pictures = drawn(args.model, args.seed)
    sheet = labelled_sheet(pictures, PROMPTS, columns=COLUMNS, edge=EDGE, font=args.font)
    sheet.save(args.output, quality=90)


def drawn(model: Path, seed: int) -> list[Image.Image]:
    """Draw the prompts at the native size."""
    sys.path.insert(0, str(PROJECT))
    from bot.engines.z_image import ZImageEngine  # noqa: PLC0415 - found by the line above
    from bot.generation import GenerationRequest, Size  # noqa: PLC0415

    engine = ZImageEngine(model, model_id="demo", revision="sheet")
    size = Size(width=256, height=256)
    raw = [
        engine.generate(GenerationRequest(prompt=prompt, seed=seed, size=size)).image
        for prompt in PROMPTS
    ]
    return [Image.frombytes("RGB", (each.width, each.height), each.pixels) for each in raw]


if __name__ == "__main__":
    main()
