"""The Chinese of the one-sentence errors, found by the shape of their English."""

from __future__ import annotations

import re
from typing import Final


def in_chinese(message: str) -> str:
    """Return the sentence in Chinese with the same values, or unchanged if its shape is unknown."""
    for pattern, chinese in _SENTENCES:
        match = pattern.fullmatch(message)
        if match is not None:
            return match.expand(chinese)
    return message


def _compiled(pairs: dict[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(english, re.DOTALL), chinese) for english, chinese in pairs.items())


_SENTENCES: Final = _compiled({
    # Requests
    r"The size (\S+) does not work: width and height must be multiples of 16, "
    r"for example (\S+)\.": r"尺寸 \1 不行:宽和高都须是 16 的倍数,例如 \2。",
    r"The size (.+) is not understood: use WIDTHxHEIGHT, for example (\S+), or one of (.+)\.":
        r"看不懂尺寸 \1:请用 宽x高,例如 \2,或以下名称之一:\3。",
    r"The size (\S+) is outside this model's limits: each side must be between (\d+) and (\d+) "
    r"pixels\.": r"尺寸 \1 超出了本模型的范围:每边须在 \2 到 \3 像素之间。",
    r"The seed (.+) does not work: use a whole number from 0 to (\d+)\.":
        r"种子 \1 不行:请用 0 到 \2 的整数。",
    r"The prompt is empty: .*": "提示词是空的:请写要画什么,例如“红苹果”。",
    r"The prompt has (\d+) characters: (\d+) are the limit\.":
        r"提示词有 \1 个字符:最多 \2 个。",
    r"The prompt has (\d+) tokens: (\d+) are the limit, so shorten it by about (\d+) %\.":
        r"提示词有 \1 个词元:最多 \2 个,请缩短约 \3 %。",
    r"The prompt is not valid Unicode text: .*": "提示词不是有效的 Unicode 文字:请重新输入。",
    r"The quality (.+) is unknown: use (.+)\.": r"没有质量 \1:请用 \2。",
    r"The guidance (.+) does not work: use a number from 0 \(off\) to ([\d.]+);.*":
        r"引导 \1 不行:请用 0(关)到 \2 的数字;1.2 到 1.5 更贴近提示词。",
    r"The size (.+) cannot be looked for: .*": r"不能搜索尺寸 \1:请用 宽x高,例如 512x512。",
    r"(.+) is nobody: .*": r"找不到 \1:请选择成员,或填写其 ID。",
    r"The date (.+) cannot be looked for: .*":
        r"不能搜索日期 \1:请用 2026、2026-11 或 2026-11-23。",
    r"(\d+) values? cannot be compared: .*": r"不能对比 \1 个值:请写 2 到 9 个。",
    r"The value (.+) is there twice: .*": r"值 \1 写了两次:每个只写一次。",
    r"The value (.+) is the same as (.+): name .*": r"值 \1 与 \2 相同:每个只写一次。",
    r"There is one prompt to compare: .*":
        "只有一个提示词可对比:请把其他的也写上,用 | 隔开,例如“红苹果 | 绿苹果”。",
    r"The variety (.+) does not work: .*": r"变化 \1 不行:请用 0(关)到 100 的整数。",
    # The queue and the service
    r"You already have (\d+) jobs in the queue, and (\d+) are the limit: .*":
        r"你已有 \1 个任务在队列中,上限是 \2 个:请等一个完成,或用 /cancel 取消一个。",
    r"The queue is full with (\d+) jobs: .*": r"队列已满(\1 个任务):请过几分钟再试。",
    r"Only its requester and moderators can delete it\.": "只有请求者和管理员可以删除它。",
    r"The bot is about to restart: .*": "机器人即将重启:请一分钟后再试。",
    r"Something went wrong on my side; .*": "我这边出了问题,已记录下来,请再试一次。",
    r"Drawing this stopped the engine twice, .*": "画这张图使引擎停止了两次,不再尝试。",
    r"The image (.+) is made and kept, but .*":
        r"图片 \1 已画好并保存,但我不能再在原频道发布:请在别处用 /show 或 /history 查看。",
    r"The database could not be written .*": "数据库暂时无法写入:请一分钟后再试。",
    r"The image could not be stored: (.*)\.": r"图片无法保存:\1。",
    # Pictures and recipes
    r"The file has (\d+) MB: (\d+) MB are the limit\.": r"文件有 \1 MB:上限是 \2 MB。",
    r"This file is no picture: .*": "这个文件不是图片:请用 PNG、JPEG、WebP、GIF 或 BMP。",
    r"The picture has (.+) pixels: .*": r"图片像素太多(\1):最大 4096x4096。",
    r"The picture is damaged or cut short: .*": "图片损坏或不完整:请重新保存或发送。",
    r"The recipe was changed after it was written: .*": "配方在写入后被改过:它的 SHA-256 不符。",
    r"The recipe has version (\d+), .*": r"配方是版本 \1,比本程序新:请更新机器人。",
    r"This (?:is|JSON is) no recipe.*": "这不是本机器人的配方。",
    r"The recipe holds a value that cannot be meant: .*": "配方里有不可能的值。",
    # The engine
    r"Memory ran out while drawing (\S+): .*":
        r"画 \1 时内存不足:请选小一些的尺寸。",
    r"GPU memory ran out while drawing (\S+?),? .*": r"画 \1 时显存不足:请选小一些的尺寸。",
    r"The model returned no picture .*": "模型没有给出图片:请换一个种子。",
    r"The model returned one single colour: .*": "模型只给出了一种颜色:请换一个种子。",
    r"The image was cancelled.*": "图片已取消。",
    # Boards' exports
    r"This board does not fit into files of ([\d.]+) MB: .*":
        r"画板放不进 \1 MB 的文件:请允许更大的文件,或少导出一些图片。",
})  # fmt: skip
