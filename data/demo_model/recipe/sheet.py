"""Draw a sheet of pictures with their prompts under them, through the bot's own engine.

    python data/demo_model/recipe/sheet.py --output data/demo_model/contact_sheet.webp

Needs a font with Chinese glyphs, for example Debian's `fonts-noto-cjk`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from bot.engines.z_image import ZImageEngine
from bot.generation import GenerationRequest, Size

FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
COLUMNS, EDGE, GAP, LABEL = 8, 168, 14, 30
PROMPTS = (
    "a red apple", "红苹果", "a pizza", "一只熊猫", "snowman", "黄色的皇冠", "a castle", "草莓",
    "rocket, dark blue background", "蓝色背景上的太阳", "a fox on the left", "右边有一只狗",
    "a purple cat", "粉色背景, 火车", "guitar, teal background", "绿色背景上的气球",
    "a sketch of a house", "线稿, 汽车", "pixel art heart", "像素风格的蘑菇", "cartoon bee",
    "卡通向日葵", "sticker of a star", "flat cactus",
    "two cars", "一只猫和一只狗", "月亮, 黑色背景", "ice cream", "a rainbow", "西瓜", "butterfly", "一杯咖啡",
)  # fmt: skip


def main() -> None:
    """Draw every prompt with seed 42 and lay the pictures out."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--model", type=Path, default=Path("data/demo_model"))
    parser.add_argument("--output", type=Path, default=Path("data/demo_model/contact_sheet.webp"))
    parser.add_argument("--font", default=FONT, help="a font with Latin and Chinese glyphs")
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    engine = ZImageEngine(args.model, model_id="demo", revision="sheet")
    rows = -(-len(PROMPTS) // COLUMNS)
    size = (COLUMNS * (EDGE + GAP) + GAP, rows * (EDGE + LABEL + GAP) + GAP)
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(args.font, 13)
    for number, prompt in enumerate(PROMPTS):
        picture = _picture(engine, prompt, args.seed)
        left = GAP + number % COLUMNS * (EDGE + GAP)
        top = GAP + number // COLUMNS * (EDGE + LABEL + GAP)
        sheet.paste(picture, (left, top))
        draw.text((left + EDGE / 2, top + EDGE + 6), prompt, (60, 60, 65), font, anchor="mt")
    sheet.save(args.output, quality=90)


def _picture(engine: ZImageEngine, prompt: str, seed: int) -> Image.Image:
    request = GenerationRequest(prompt=prompt, seed=seed, size=Size(width=256, height=256))
    raw = engine.generate(request).image
    image = Image.frombytes("RGB", (raw.width, raw.height), raw.pixels)
    return image.resize((EDGE, EDGE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
