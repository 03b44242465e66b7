"""Words in both languages for styles, places, colours of things and empty praise.

Styles have wordings of both splits; `phrases` holds those of all other parts of a caption.
"""

from __future__ import annotations

# Style phrases by key of the style: with `{n}` a bare name, with `{x}` anything.
STYLE_NOUNS = {
    "en": {
        "3d": ("3d {n}", "glossy 3d {n}", "3D {n}"),
        "flat": ("flat {n}", "flat design {n}", "flat vector {n}"),
        "cartoon": ("cartoon {n}", "comic {n}", "hand-drawn cartoon {n}"),
        "pixel": ("pixel art {n}", "pixel {n}", "8-bit {n}", "pixelated {n}"),
        "sketch": ("line art {n}", "{n} sketch", "{n} line drawing", "sketched {n}"),
        "sticker": ("{n} sticker", "die-cut {n} sticker"),
    },
    "zh": {
        "3d": ("3D{n}", "立体{n}", "3D风格的{n}", "立体的{n}"),
        "flat": ("扁平风格的{n}", "扁平化{n}", "扁平{n}"),
        "cartoon": ("卡通{n}", "卡通风格的{n}", "漫画{n}"),
        "pixel": ("像素{n}", "像素风格的{n}", "像素风{n}"),
        "sketch": ("{n}线稿", "{n}简笔画", "{n}素描"),
        "sticker": ("{n}贴纸", "贴纸风格的{n}"),
    },
}
STYLE_TRAIN = {
    "en": {
        "3d": (
            "3d render of {x}",
            "{x}, 3d",
            "{x} in 3d",
            "{x}, 3d style",
            "{x}, glossy 3d render",
            "{x} in 3d style",
            "3d, {x}",
        ),
        "flat": (
            "{x}, flat design",
            "{x} in flat style",
            "flat illustration of {x}",
            "{x}, flat vector art",
            "flat icon of {x}",
            "{x}, flat style",
            "flat design, {x}",
        ),
        "cartoon": (
            "{x}, cartoon",
            "cartoon of {x}",
            "{x} in cartoon style",
            "{x}, cartoon style",
            "cartoon drawing of {x}",
            "{x}, comic style",
            "cartoon, {x}",
        ),
        "pixel": (
            "{x}, pixel art",
            "pixel art of {x}",
            "{x} in pixel art style",
            "{x}, 8-bit",
            "{x} as pixel art",
            "{x}, pixel style",
            "pixel art, {x}",
            "{x}, retro pixel art",
        ),
        "sketch": (
            "line drawing of {x}",
            "a sketch of {x}",
            "{x}, line art",
            "{x}, line drawing",
            "{x} as a line drawing",
            "{x} in sketch style",
            "black and white sketch of {x}",
            "{x}, sketch",
            "sketch, {x}",
        ),
        "sticker": (
            "a sticker of {x}",
            "{x}, sticker",
            "{x} sticker with white border",
            "{x} as a sticker",
            "{x} in sticker style",
            "sticker of {x}",
            "sticker, {x}",
        ),
    },
    "zh": {
        "3d": (
            "{x},3D",
            "{x},3D风格",
            "{x},立体",
            "3D渲染的{x}",
            "{x} 3D渲染",
            "3D风格,{x}",
            "{x},三维",
        ),
        "flat": (
            "{x},扁平风格",
            "{x},扁平化设计",
            "{x},扁平插画",
            "扁平风格,{x}",
            "{x},矢量图",
            "{x},扁平",
        ),
        "cartoon": (
            "{x},卡通",
            "{x},卡通风格",
            "{x}的卡通画",
            "卡通风格,{x}",
            "{x},漫画风格",
            "{x} 卡通画",
        ),
        "pixel": (
            "{x},像素画",
            "{x},像素风格",
            "{x}的像素画",
            "像素风格,{x}",
            "{x},像素艺术",
            "{x},8位像素",
            "{x} 像素",
        ),
        "sketch": (
            "{x},线稿",
            "{x}的简笔画",
            "{x},素描",
            "{x}的线稿",
            "线稿,{x}",
            "{x},简笔画",
            "{x},线条画",
            "素描风格,{x}",
        ),
        "sticker": (
            "{x},贴纸",
            "{x}的贴纸",
            "{x}贴纸,白边",
            "贴纸风格,{x}",
            "{x},贴纸风格",
            "{x},白边贴纸",
        ),
    },
}
STYLE_HELD_OUT = {
    "en": {
        "3d": ("{x}, rendered in 3d", "{x} made as a 3d render"),
        "flat": ("{x}, drawn in a flat style", "{x} made as a flat illustration"),
        "cartoon": ("{x}, drawn in a cartoon style", "{x} made as a cartoon"),
        "pixel": ("{x}, drawn in a pixel art style", "{x} made as pixel art"),
        "sketch": ("{x}, drawn as line art", "{x} made as a line drawing"),
        "sticker": ("{x}, made as a sticker", "{x}, turned into a sticker"),
    },
    "zh": {
        "3d": ("{x},画成3D风格", "用3D渲染画{x}"),
        "flat": ("{x},画成扁平风格", "用扁平插画画{x}"),
        "cartoon": ("{x},画成卡通风格", "用卡通风格画{x}"),
        "pixel": ("{x},画成像素风格", "用像素画画{x}"),
        "sketch": ("{x},画成线稿", "用简笔画画{x}"),
        "sticker": ("{x},做成贴纸", "做一张{x}的贴纸"),
    },
}

PLACE_WORDS = {
    "en": {
        "centre": ("in the centre", "in the middle", "in the center", "centered"),
        "left": ("on the left", "on the left side", "to the left", "at the left"),
        "right": ("on the right", "on the right side", "to the right", "at the right"),
        "top": ("at the top", "in the upper half", "near the top", "up top"),
        "bottom": ("at the bottom", "in the lower half", "near the bottom", "down below"),
        "top-left": ("in the top left corner", "in the upper left", "top left"),
        "top-right": ("in the top right corner", "in the upper right", "top right"),
        "bottom-left": ("in the bottom left corner", "in the lower left", "bottom left"),
        "bottom-right": ("in the bottom right corner", "in the lower right", "bottom right"),
    },
    "zh": {
        "centre": ("中间", "正中间", "画面中央", "中央"),
        "left": ("左边", "左侧", "画面左边", "左面"),
        "right": ("右边", "右侧", "画面右边", "右面"),
        "top": ("上面", "上方", "画面上方", "顶部"),
        "bottom": ("下面", "下方", "画面下方", "底部"),
        "top-left": ("左上角", "左上方", "画面左上角"),
        "top-right": ("右上角", "右上方", "画面右上角"),
        "bottom-left": ("左下角", "左下方", "画面左下角"),
        "bottom-right": ("右下角", "右下方", "画面右下角"),
    },
}

# Words that mean nothing to this model and must do no harm.
PRAISE = {
    "en": ("cute {n}", "beautiful {n}", "nice {n}", "lovely {n}", "little {n}", "pretty {n}"),
    "zh": ("可爱的{n}", "漂亮的{n}", "好看的{n}", "美丽的{n}"),
}
EXTRAS = {
    "en": (
        ", 8k",
        ", high quality",
        ", masterpiece",
        ", highly detailed",
        ", best quality",
        ", cinematic lighting",
        ", 4k, sharp focus",
        ", simple",
        ", clean",
        ", digital art",
        ", trending on artstation",
        ", ultra detailed, 8k",
    ),
    "zh": (",高清", ",高质量", ",精美", ",8k", ",杰作", ",细节丰富", ",超清", ",简洁", ",光影效果"),
}
TINT_WORDS = {
    "en": {
        "pink": ("pink",),
        "red": ("red",),
        "orange": ("orange",),
        "yellow": ("yellow",),
        "green": ("green",),
        "blue": ("blue",),
        "purple": ("purple", "violet"),
        "teal": ("teal", "turquoise"),
    },
    "zh": {
        "pink": ("粉色的", "粉红色的"),
        "red": ("红色的",),
        "orange": ("橙色的", "橘色的"),
        "yellow": ("黄色的",),
        "green": ("绿色的",),
        "blue": ("蓝色的",),
        "purple": ("紫色的",),
        "teal": ("青色的", "蓝绿色的"),
    },
}
