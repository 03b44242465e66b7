"""The twelve styles that every installation has, in the languages that the models read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bot.domain.plain_text import name_key
from bot.domain.requests.applied_style import has_han
from bot.domain.styles.style import Style

_KANA: Final = re.compile("[\u3041-\u30ff]")


@dataclass(frozen=True, kw_only=True)
class BuiltInStyle:
    """A style in both languages.

    Attributes:
        key: What its sample picture is called.

    """

    key: str
    english: Style
    chinese: Style

    @property
    def names(self) -> tuple[str, str]:
        """Return what it may be called."""
        return self.english.name, self.chinese.name

    def in_language(self, *, is_chinese: bool) -> Style:
        """Return it in one of the languages."""
        return self.chinese if is_chinese else self.english

    def for_prompt(self, prompt: str) -> Style:
        """Return it in the language of a prompt; to Japanese the English words belong."""
        return self.in_language(is_chinese=has_han(prompt) and not _KANA.search(prompt))


def _style(key: str, english: tuple[str, str, str], chinese: tuple[str, str, str]) -> BuiltInStyle:
    first, second = (
        Style(name=name, before=before, after=after) for name, before, after in (english, chinese)
    )
    return BuiltInStyle(key=key, english=first, chinese=second)


# Name, words in front, words behind: the medium first, then what is seen of it. They name a ground
# where the style does not depend on one, so that the demo model, which knows few media, has
# something to follow. None decides a size or a guidance: they go with any.
BUILT_IN: Final = (
    _style(
        "photo",
        ("photo", "realistic photo of", ""),
        ("照片", "", "写实摄影，细节丰富，浅景深"),
    ),
    _style(
        "watercolour",
        ("watercolour", "watercolour painting of", "in soft washes on a pink background"),
        ("水彩", "", "水彩风格，柔和晕染，粉色背景"),
    ),
    _style(
        "ink",
        ("ink", "black and white ink sketch of", "in expressive strokes on a white background"),
        ("水墨", "", "黑白水墨画风格，写意，线稿，白色背景"),
    ),
    _style(
        "oil",
        ("oil painting", "oil painting of", "thick impasto, rich colours, brown background"),
        ("油画", "", "油画风格，厚涂，棕色背景"),
    ),
    _style(
        "pixel",
        ("pixel art", "pixel art of", "16-bit sprite"),
        ("像素画", "", "像素画，16位像素风格，复古"),
    ),
    _style(
        "line",
        ("line art", "line drawing of", "black and white line art, clean outlines, no shading"),
        ("线稿", "", "线稿，黑白轮廓，干净"),
    ),
    _style(
        "3d",
        ("3D render", "glossy 3D render of", "on a grey background"),
        ("立体", "", "3D渲染，立体风格，光滑圆润，灰色背景"),
    ),
    _style(
        "anime",
        ("anime", "", "anime style, cel shading, light blue background"),
        ("动漫", "", "动漫风格，赛璐璐，浅蓝色背景"),
    ),
    _style(
        "poster",
        ("poster", "", "flat vector poster, bold simple shapes, on a solid red background"),
        ("海报", "", "扁平风格矢量海报，简洁有力的造型，红色背景"),
    ),
    _style(
        "isometric",
        ("isometric", "isometric 3D illustration of", "miniature scene, on a purple background"),
        ("等距", "", "等距视角立体插画，微缩场景，紫色背景"),
    ),
    _style(
        "comic",
        ("comic", "cartoon drawing of", "comic book style, bold outlines, yellow background"),
        ("漫画", "", "卡通漫画风格，网点纸，黄色背景"),
    ),
    _style(
        "sticker",
        ("sticker", "", "die-cut sticker with white border, green background"),
        ("贴纸", "", "白边模切贴纸，绿色背景"),
    ),
)  # fmt: skip


def built_in_named(name: str) -> BuiltInStyle | None:
    """Return a built-in style by its name in any language."""
    wanted = name_key(name)
    for each in BUILT_IN:
        if wanted in map(name_key, (each.key, *each.names)):
            return each
    return None
