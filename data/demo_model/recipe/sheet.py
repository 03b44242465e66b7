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
COLUMNS, EDGE = 8, 176
# Each prompt with what it means in the other language, in which it is not drawn.
PROMPTS = (
    ("a red apple", "红苹果"), ("红苹果", "a red apple"), ("a pizza", "披萨"),
    ("一只熊猫", "a panda"), ("snowman", "雪人"), ("黄色的皇冠", "a yellow crown"),
    ("a castle", "城堡"), ("草莓", "strawberry"),
    ("rocket, dark blue background", "火箭, 深蓝色背景"), ("蓝色背景上的太阳", "sun on a blue background"),
    ("a fox on the left", "左边有一只狐狸"), ("右边有一只狗", "a dog on the right"),
    ("a purple cat", "紫色的猫"), ("粉色背景, 火车", "pink background, train"),
    ("guitar, teal background", "吉他, 青色背景"), ("绿色背景上的气球", "balloon on a green background"),
    ("a sketch of a house", "房子的线稿"), ("线稿, 汽车", "line drawing, car"),
    ("pixel art heart", "像素风格的心"), ("像素风格的蘑菇", "pixel art mushroom"),
    ("cartoon bee", "卡通蜜蜂"), ("卡通向日葵", "cartoon sunflower"),
    ("sticker of a star", "星星贴纸"), ("flat cactus", "扁平风格的仙人掌"),
    ("two cars", "两辆汽车"), ("一只猫和一只狗", "a cat and a dog"),
    ("月亮, 黑色背景", "moon, black background"), ("ice cream", "冰淇淋"), ("a rainbow", "彩虹"),
    ("西瓜", "watermelon"), ("butterfly", "蝴蝶"), ("一杯咖啡", "a cup of coffee"),
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
    prompts, translations = zip(*PROMPTS, strict=True)
    sheet = labelled_sheet(
        pictures, prompts, translations, columns=COLUMNS, edge=EDGE, font=args.font
    )
    sheet.save(args.output, quality=90)


def drawn(model: Path, seed: int) -> list[Image.Image]:
    """Draw the prompts at the native size."""
    sys.path.insert(0, str(PROJECT))
    from bot.cli.common import let_threads_sleep  # noqa: PLC0415 - found by the line above

    let_threads_sleep()
    from bot.domain.drawing import DrawTask  # noqa: PLC0415
    from bot.domain.requests import ImageRequest, Size  # noqa: PLC0415
    from bot.engine.z_image import ZImageEngine  # noqa: PLC0415 - only now: it imports torch

    engine = ZImageEngine(model, model_id="demo", revision="sheet")
    size = Size(width=256, height=256)
    raw = [
        engine.draw(DrawTask(request=ImageRequest(prompt=prompt, seed=seed, size=size))).image
        for prompt, _translation in PROMPTS
    ]
    return [Image.frombytes("RGB", (each.width, each.height), each.pixels) for each in raw]


if __name__ == "__main__":
    main()
