"""The names of colours, each with the colour it is a name for."""

from __future__ import annotations

from typing import Final, NamedTuple


class Named(NamedTuple):
    """A colour with its names."""

    rgb: tuple[int, int, int]
    english: str
    chinese: str


def _named(*rows: str) -> tuple[Named, ...]:
    """Return what rows of `hex, English, Chinese` say."""
    names = []
    for row in rows:
        code, english, chinese = row.split(", ")
        red, green, blue = bytes.fromhex(code)
        names.append(Named((red, green, blue), english, chinese))
    return tuple(names)


# Some for every region of sRGB that looks like a colour of its own, in words everybody knows.
NAMED: Final = _named(
    "ffffff, white, 白色",
    "f6f4ee, off-white, 米白",
    "f3ead3, cream, 奶油色",
    "fbf6d9, ivory, 象牙白",
    "e9dcc3, beige, 米色",
    "d9c29c, sand beige, 沙色",
    "c8ad84, light tan, 浅驼色",
    "b48a5e, tan, 驼色",
    "e6e7ea, pale grey, 淡灰",
    "cfd2d6, light grey, 浅灰",
    "b3b6ba, silver grey, 银灰",
    "8c8d90, grey, 灰色",
    "777779, medium grey, 中灰",
    "9c9ea2, ash grey, 烟灰",
    "6b6e73, dark grey, 深灰",
    "585859, iron grey, 铁灰",
    "45484d, charcoal, 炭灰",
    "2b2d31, graphite, 石墨色",
    "121317, black, 黑色",
    "a39b8f, warm grey, 暖灰",
    "736a5f, taupe, 灰褐色",
    "4a423b, umber, 赭黑",
    "75808f, slate grey, 石板灰",
    "4a5666, slate, 青石色",
    "a9b6c4, blue grey, 蓝灰",
    "fbe3e4, pale pink, 淡粉",
    "f9c3d0, light pink, 浅粉色",
    "f5a0bb, pink, 粉色",
    "ee6e9c, rose pink, 玫瑰粉",
    "e5398c, hot pink, 艳粉色",
    "d61f7a, magenta, 品红",
    "9c1b5c, raspberry red, 树莓红",
    "d99aa3, dusty pink, 藕粉色",
    "b9727f, dusty rose, 干枯玫瑰色",
    "f9a58f, salmon pink, 鲑鱼粉",
    "fa7e66, coral red, 珊瑚色",
    "f2474d, bright red, 鲜红",
    "de3434, red, 红色",
    "ff1a1a, vivid red, 大红",
    "e8400f, vermilion, 朱红",
    "d0305f, cherry red, 樱桃红",
    "c21c32, crimson, 绯红",
    "9e1b22, dark red, 深红",
    "6e1423, burgundy, 酒红",
    "3f0d14, oxblood, 牛血红",
    "b3423a, brick red, 砖红",
    "c4613e, terracotta orange, 赤陶色",
    "a94f1d, rust brown, 铁锈色",
    "fbd7bb, peach orange, 桃色",
    "f8b88b, apricot orange, 杏色",
    "f78f2c, orange, 橙色",
    "f26b1d, deep orange, 深橙",
    "d9822b, ochre orange, 赭橙",
    "fdb93a, amber yellow, 琥珀色",
    "fff3b8, pale yellow, 淡黄",
    "fbe36a, light yellow, 浅黄",
    "fcd542, yellow, 黄色",
    "f7e600, lemon yellow, 柠檬黄",
    "e0a526, golden yellow, 金黄",
    "c9a13b, gold, 金色",
    "b98a2c, ochre, 赭黄",
    "caa53d, mustard yellow, 芥末黄",
    "8a6a23, bronze, 古铜色",
    "d4cf8f, khaki, 卡其色",
    "a5714a, light brown, 浅棕",
    "7e5436, brown, 棕色",
    "5c3a24, dark brown, 深棕",
    "3a2418, chocolate brown, 巧克力色",
    "23160f, espresso brown, 浓咖啡色",
    "8b5a52, mauve brown, 豆沙棕",
    "e3f0c8, pale green, 淡绿",
    "c6e48b, light lime, 嫩绿",
    "a4d63a, lime green, 青柠绿",
    "2ee62e, neon green, 荧光绿",
    "6fbf3a, grass green, 草绿",
    "9fd6a0, light green, 浅绿",
    "4cb05e, green, 绿色",
    "1e8a45, emerald, 祖母绿",
    "165438, dark green, 墨绿",
    "0d2e20, deep forest green, 深林绿",
    "2f6b3a, forest green, 森林绿",
    "a9b78c, sage green, 鼠尾草绿",
    "8a9a5b, moss green, 苔绿",
    "6f7a35, olive green, 橄榄绿",
    "434a22, dark olive green, 深橄榄绿",
    "7d9183, grey green, 灰绿",
    "bfe8d4, mint green, 薄荷绿",
    "6cd4ae, sea green, 海绿",
    "8fd6d2, light teal, 浅青",
    "1a9e9c, teal, 青色",
    "0d6b70, deep teal, 深青",
    "0b3d44, dark teal, 暗青",
    "2fd0d8, turquoise, 绿松石色",
    "c9f1f5, pale aqua, 淡水蓝",
    "d7e9f7, pale blue, 淡蓝",
    "aed4f2, light blue, 浅蓝",
    "6fb7ee, sky blue, 天蓝",
    "2f8fe0, azure, 湛蓝",
    "2c6ce4, blue, 蓝色",
    "1740c4, royal blue, 宝蓝",
    "2323e8, vivid blue, 亮蓝",
    "6c8fc0, steel blue, 钢蓝",
    "3a618c, denim blue, 牛仔蓝",
    "22406b, deep blue, 深蓝",
    "14205a, navy blue, 藏青",
    "0d1530, midnight blue, 午夜蓝",
    "b7c0ee, periwinkle blue, 长春花蓝",
    "7a7fd6, cornflower blue, 矢车菊蓝",
    "e4daf6, pale lilac, 淡丁香色",
    "c7a9ea, lavender, 薰衣草紫",
    "a577dc, light purple, 浅紫",
    "824ec4, purple, 紫色",
    "5b2ba0, violet, 紫罗兰色",
    "3c1a66, deep purple, 深紫",
    "2c0f33, aubergine purple, 茄紫",
    "4b34c9, indigo, 靛蓝",
    "b57bb5, orchid purple, 兰花紫",
    "c63fc7, fuchsia, 紫红",
    "8f4a7d, plum purple, 梅子色",
    "55284a, dark plum purple, 深梅色",
    "a78fa5, mauve, 藕荷色",
    "dac6d2, pale mauve, 淡藕荷色",
    "c2acb8, dusty mauve, 灰藕荷色",
    "08c95a, bright green, 鲜绿",
)

# What a prompt may say: asked for "cherry", "coral" or "camel" a model draws one.
_NO_THINGS: Final = frozenset({
    "white", "off-white", "beige", "tan", "pale", "light", "medium", "dark", "deep", "bright",
    "vivid", "hot", "neon", "royal", "navy", "blue", "grey", "warm", "black", "pink", "magenta",
    "red", "crimson", "vermilion", "orange", "golden", "yellow", "green", "teal", "azure",
    "indigo", "purple", "brown",
})  # fmt: skip
SPOKEN: Final = tuple(each for each in NAMED if _NO_THINGS.issuperset(each.english.split()))

# What small models learn: the background's names among the demo model's words.
PLAIN: Final = _named(
    "fcfcfb, white, 白色",
    "16161a, black, 黑色",
    "92969d, grey, 灰色",
    "de3434, red, 红色",
    "f78f2c, orange, 橙色",
    "fcd542, yellow, 黄色",
    "4cb05e, green, 绿色",
    "165438, dark green, 深绿色",
    "1a9e9c, teal, 青色",
    "8ccdf8, light blue, 浅蓝色",
    "2c6ce4, blue, 蓝色",
    "182660, dark blue, 深蓝色",
    "824ec4, purple, 紫色",
    "faa5c6, pink, 粉色",
    "7e5436, brown, 棕色",
    "ead9bc, beige, 米色",
)
