"""The Chinese of the one-sentence errors, found by the shape of their English."""

from __future__ import annotations

import re
from typing import Final

from bot.locales.lora_sentences import LORA_SENTENCES
from bot.locales.rule_sentences import RULE_SENTENCES


def in_chinese(message: str) -> str:
    """Return the sentence in Chinese with the same values, or unchanged if its shape is unknown."""
    if _ROWS.match(message):
        return "\n".join(map(in_chinese, message.splitlines()))
    if line := _IN_FILE.fullmatch(message):
        return f"文件第 {line[1]} 行：{in_chinese(line[2])}"
    for pattern, chinese in _SENTENCES:
        match = pattern.fullmatch(message)
        if match is not None:
            return match.expand(chinese)
    return message


def _compiled(pairs: dict[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(english, re.DOTALL), chinese) for english, chinese in pairs.items())


_ROWS: Final = re.compile(r"Nothing of [^\n]+ is drawn: \d+ rows? do(?:es)? not work\.\n")
_IN_FILE: Final = re.compile(r"Line (\d+) of the file: (.*)", re.DOTALL)
_NOUNS: Final = {
    "prompt": "提示词", "name": "名称", "brief": "简介", "style": "风格", "caption": "说明",
    "credit": "署名", "tag": "标签", "comment": "评论",
}  # fmt: skip
_SENTENCES: Final = _compiled({
    **LORA_SENTENCES,
    # Requests
    r"The size (\S+) does not work: width and height must be multiples of 16, "
    r"for example (\S+)\.": r"尺寸 \1 不行：宽和高都须是 16 的倍数，例如 \2。",
    r"The size (.+) is not understood: use WIDTHxHEIGHT, for example (\S+), or one of (.+)\.":
        r"看不懂尺寸 \1：请用 宽x高，例如 \2，或以下名称之一：\3。",
    r"The size (\S+) is outside this model's limits: each side must be between (\d+) and (\d+) "
    r"pixels\.": r"尺寸 \1 超出了本模型的范围：每边须在 \2 到 \3 像素之间。",
    r"The seed (.+) does not work: use a whole number from 0 to (\d+)\.":
        r"种子 \1 不行：请用 0 到 \2 的整数。",
    r"The prompt is empty: .*": "提示词是空的：请写要画什么，例如“红苹果”。",
    r"The (?:\w+ )?prompt has (\d+) characters: (\d+) are the limit\.":
        r"提示词有 \1 个字符：最多 \2 个。",
    r"The (?:\w+ )?prompt has (\d+) tokens: (\d+) are the limit, so shorten it by about (\d+) %\.":
        r"提示词有 \1 个词元：最多 \2 个，请缩短约 \3 %。",
    r"The (?:\w+ )?prompt is not valid Unicode text: .*":
        "提示词不是有效的 Unicode 文字：请重新输入。",
    r"The quality (.+) is unknown: use (.+)\.": r"没有质量 \1：请用 \2。",
    r"Negative prompts have no effect while guidance is 0, .*: set guidance to ([\d.]+) or more\.":
        r"引导为 0 时，负面提示词不起作用，所有图片都会一样：请把引导设为 \1 或更高。",
    r"The guidance (.+) does not work: use a number from 0 \(off\) to ([\d.]+); "
    r"([\d.]+) to ([\d.]+) follows.*":
        r"引导 \1 不行：请用 0（关）到 \2 的数字；\3 到 \4 更贴近提示词。",
    r"The guidance (.+) does not work: use a number from 0 \(off\) to ([\d.]+); "
    r"([\d.]+) to ([\d.]+) is usual\.":
        r"引导 \1 不行：请用 0（关）到 \2 的数字；通常用 \3 到 \4。",
    r"This image was made with (\S+), but (\S+) draws here, with other steps: it needs (\S+), "
    r"or .*":
        r"这张图是 \1 画的，而这里用 \2 绘制，步数不同：需要设置 \3，或者重新画一张新图。",
    r"The size (.+) cannot be looked for: .*": r"不能搜索尺寸 \1：请用 宽x高，例如 512x512。",
    r"(.+) is nobody: .*": r"找不到 \1：请选择成员，或填写其 ID。",
    r"Strengths say how much of a picture is drawn anew, and there is none: .*":
        "强度说的是图片重画多少，可这里没有图片：请在 source 里给一张。",
    r"The picture is animated, and an image has one frame: .*":
        "这是动图，而一张图只有一帧：请用静态图片，例如把那一帧存成 PNG。",
    r"The picture has (\d+)x(\d+) pixels: use one with at least (\d+) on each side\.":
        r"图片是 \1×\2 像素：请用每边至少 \3 像素的图片。",
    r"The picture has (\d+)x(\d+) pixels: use one that is at most (\d+) times as long as it is "
    r"wide\.": r"图片是 \1×\2 像素：请用长不超过宽 \3 倍的图片。",
    r"There is no kind (.+) of images: use (.+)\.": r"没有 \1 这种图片：请用 \2。",
    r"The date (.+) cannot be looked for: .*":
        r"不能搜索日期 \1：请用 2026、2026-11 或 2026-11-23。",
    r"(\d+) values? cannot be compared: .*": r"不能对比 \1 个值：请写 2 到 9 个。",
    r"The value (.+) is there twice: .*": r"值 \1 写了两次：每个只写一次。",
    r"The value (.+) is the same as (.+): name .*": r"值 \1 与 \2 相同：每个只写一次。",
    r"There is one (?:\w+ )?prompt to compare: .*":
        "只有一个提示词可对比：请把其他的也写上，用 | 隔开，例如“红苹果 | 绿苹果”。",
    r"The variety (.+) does not work: .*": r"变化 \1 不行：请用 0（关）到 100 的整数。",
    r"The kind of map (.+) is unknown: .*": r"没有控制图种类 \1：更新版本的机器人也许有。",
    r"The model profile (.+) is unknown: .*": r"没有模型类型 \1：更新版本的机器人也许有。",
    r"The operation '(.+)' is unknown: .*": r"没有操作“\1”：更新版本的机器人也许有。",
    r"The operation (\w+) does not work with (.+): .*": r"操作 \1 不能用这些图片：\2。",
    # LoRAs
    r"There are no LoRAs here: .*":
        "这里没有 LoRA：由运行机器人的人把 .safetensors 文件放进 LoRA 文件夹（LORA_DIR，"
        "通常是 data/loras）。",
    r"There is no LoRA (.+) here: use (.+)\.": r"这里没有 LoRA \1：可以用 \2。",
    r"There is no LoRA (.+) here: (.+) may be meant\.": r"这里没有 LoRA \1：也许是 \2。",
    r"The LoRA (.+) could be any of (.+): write the whole name\.":
        r"LoRA \1 可能是 \2 中的一个：请写全名。",
    r"The LoRA (.+) is read for the first time: .*":
        r"LoRA \1 刚放进来，正在读取：请稍后再试。",
    r"The LoRA (.+) may be among (\d+) files that are read for the first time: .*":
        r"LoRA \1 可能在正在首次读取的 \2 个文件里：请稍后再试。",
    r"The LoRA (.+) cannot be read: (.+)\.": r"LoRA \1 无法读取：\2。",
    r"The LoRA (.+) is there twice: .*": r"LoRA \1 写了两次：请只写一次，带一个强度。",
    r"The LoRA (.+) has a name of (\d+) characters: 1 to (\d+) work\.":
        r"LoRA \1 的名称有 \2 个字符：请用 1 到 \3 个。",
    r"(\d+) LoRAs at once are too many: use up to (\d+)\.":
        r"一次用 \1 个 LoRA 太多：最多 \2 个。",
    r"The scale (.+) of the LoRA (.+) does not work: use a number from (\S+) to (\S+), for example "
    r"(.+)\.":
        r"LoRA \2 的强度 \1 不行：请用 \3 到 \4 的数字，例如 \5。",
    r"The lora_scale (.+) is for one LoRA without a number of its own: .*":
        r"lora_scale \1 只用于一个没写强度的 LoRA：有多个时，请把强度写在各自名称后面，"
        r"例如 neon:0.8, ink:0.5。",
    r"The lora_scale (.+) belongs to no LoRA: .*":
        r"lora_scale \1 没有对应的 LoRA：请用 lora 选一个。",
    r"Which LoRAs are compared is not said: .*":
        "没有写要对比哪些 LoRA：请写出来，例如“none, neon:0.5, neon:1”（同时使用的用 + 连接）。",
    r"LoRAs are not used here: .*": "这里不用 LoRA：请不带它再试。",
    # Braces and files of prompts
    r"The brace (before|behind) (.+) is never (closed|opened): .*":
        r"\2 附近的花括号没有配对：请把可选的词放进花括号，例如 {红，绿}；"
        r"花括号本身前面要加反斜杠。",
    r"More than (\d+) braces stand in each other: .*": r"花括号嵌套超过 \1 层：请少嵌套一些。",
    r"These braces make (\d+) images: (\d+) are the limit, .*":
        r"这些花括号会画 \1 张图：最多 \2 张，请少写几个选项。",
    r"(\d+) combinations are too many here: (\d+) are allowed\.":
        r"这里不能画 \1 种组合：最多 \2 种。",
    r"(\d+) prompts at once are too many here: (\d+) are allowed\.":
        r"这里一次不能画 \1 个提示词：最多 \2 个。",
    r"Nothing of (.+) is drawn: (\d+) rows? do(?:es)? not work\.": r"\1 没有画：\2 行有问题。",
    r"And (\d+) more\.": r"还有 \1 行。",
    r"The file (.+) holds no prompt: .*": r"文件 \1 里没有提示词：请每行写一个。",
    r"The file (.+) has ([\d.]+) MB: (\d+) MB is the limit\.": r"文件 \1 有 \2 MB：上限是 \3 MB。",
    r"The first line of (.+) has the column (.+), which means nothing: .*, of (.+)\.":
        r"\1 的第一行有不认识的列 \2：可用的列是 \3。",
    r"The first line of (.+) has the column (.+) twice: .*":
        r"\1 的第一行写了两次列 \2：每列只写一次。",
    r"It is no row of a CSV file \((.+)\)\.": r"这不是 CSV 的一行（\1）。",
    r"It has (\d+) values, and there are (\d+) columns: .*":
        r"有 \1 个值，但只有 \2 列：提示词里有逗号时请加引号。",
    r"It is no JSON object: .*": '这不是 JSON 对象：请每行写一个，例如 {"prompt": "红苹果"}。',
    r"The key (.+) means nothing: use (.+)\.": r"不认识键 \1：请用 \2。",
    r"The (\w+) (.+) does not work: use words or a number\.": r"\1 不能是 \2：请用文字或数字。",
    r"All images begin with one source, so they have one size: .*":
        "所有图都从同一张源图开始，所以只有一个尺寸：请只在命令里写尺寸。",
    # Usage
    r"(\d+) days cannot be counted: use 1 to (\d+)\.": r"不能统计 \1 天：请用 1 到 \2。",
    r"Only the bot's owner can see all servers\.": "只有机器人的拥有者能查看所有服务器。",
    r"Only who has \*Manage Server\* here can see how it is used\.":
        "只有在这里拥有“管理服务器”权限的人才能查看使用情况。",
    # Pictures from pictures
    r"The strength (.+) does not work: use (.+), or 1% to 100%\.":
        r"强度 \1 不行：请用 \2，或 1% 到 100%。",
    r"The strength 0% would leave the source as it is: use (.+), or 1% to 100%\.":
        r"强度 0% 会让源图保持不变：请用 \1，或 1% 到 100%。",
    r"The picture that this is made from \((\w+)…\) is \w+ here, and without it the image would be "
    r"another one: give it again as the source\.":
        r"这张图所用的源图（\1…）已经不在这里，没有它画出的就是另一张图：请重新上传源图。",
    r"The picture that this is made from \((\w+)…\) is \w+ here, and without it the image would be "
    r"another one: give it again as the mask\.":
        r"这张图所用的蒙版（\1…）已经不在这里，没有它画出的就是另一张图：请重新上传蒙版。",
    r"The picture that this is made from \((\w+)…\) is \w+ here, and without it the image would be "
    r"another one: give it again as the control\.":
        r"这张图所用的控制图（\1…）已经不在这里，没有它画出的就是另一张图：请重新上传控制图。",
    r"The control scale (.+) does not work: use a number above 0 and up to (\S+); (\S+) is usual\.":
        r"控制强度 \1 不行：请用大于 0、最多 \2 的数，通常是 \3。",
    r"The control scale 0 would leave the map without effect: .*":
        "控制强度为 0 时控制图不起作用：请用大于 0 的数，例如 0.75，或不用控制图。",
    r"A map does not steer an upscaled image, .*":
        "放大的图片跟随它的源图，控制图对它不起作用：请不用控制图来放大。",
    r"The control kind (\w+) belongs to no picture: .*":
        r"控制类型 \1 没有对应的图片：请同时给出控制图。",
    r"A map cannot steer images here: the model (.+) has no control weights, .*":
        r"这里还不能用控制图：模型 \1 没有控制权重，请不用控制图来画。",
    r"A map cannot steer images here: no control weights are installed: run `(.+)` first, .*":
        r"这里还不能用控制图：运营者可以运行 `\1`，或不用控制图来画。",
    r"The image is steered by a map, and no control weights are installed: run `(.+)`, .*":
        r"这张图需要控制图，而控制权重没有安装：运营者可以运行 `\1`，或不用控制图来画。",
    r"The picture has no lines that a (\w+) map could show: .*":
        r"这张图片没有能画成 \1 控制图的线条：请用轮廓更清楚的图片，或选 gray（明暗）。",
    r"The (\w+) map has one single colour: .*":
        r"这张 \1 控制图只有一种颜色：请上传由其他程序从图片生成的控制图。",
    r"Control scales say how strongly a map steers, and there is none: .*":
        "控制强度表示跟随控制图的程度，而这里没有控制图：请给出一张。",
    r"The region (.+) is not understood: use .*":
        r"看不懂区域 \1：请用 左半、右半、上半、下半、左/中/右三分之一、上/下三分之一、左上、右上、"
        r"左下、右下、中间、边缘，几个之间用逗号隔开。",
    r"No region is named: .*": "没有指定区域：请选网格里的格子、上传蒙版，或写一个，例如“左半”。",
    r"A grid of (\d+) cells a side does not work: use (.+)\.":
        r"每边 \1 格的网格不行：请用 \2。",
    r"The cell (\d+) does not work: the cells of this grid are 1 to (\d+)\.":
        r"没有第 \1 格：这个网格的格子是 1 到 \2。",
    r"The cell (.+) is no number: .*": r"\1 不是格子的编号：请写编号，例如 1,2,5。",
    r"The extension (.+) is not understood: use (.+), WIDTHxHEIGHT, or one of (.+)\.":
        r"看不懂扩展方式 \1：请用 \2、宽x高，或 \3 中的一个。",
    r"The picture already has (\S+), so there is nothing to draw around it: .*":
        r"图片已经是 \1，四周没有可画的：请选别的形状，或用 zoom-1.5。",
    r"The mask has (\S+) pixels and the picture (\S+): .*":
        r"蒙版是 \1 像素，图片是 \2：请用形状相同的蒙版。",
    r"The mask marks nothing to draw: .*":
        "蒙版没有标出要画的地方：请在黑底上涂白、在图上涂红，或让要画的地方透明。",
    r"The mask marks the whole picture, .*":
        "蒙版标出了整张图，什么也留不下：请只标一部分，或把图片用作源图，强度选 redraw。",
    r"The mask belongs to no picture: .*": "蒙版没有对应的图片：请同时给出源图。",
    r"The picture has (\S+) pixels, too few to upscale it (\d)×: use one with at least (\d+) on .*":
        r"图片只有 \1 像素，太小，不能放大 \2 倍：每边至少要 \3 像素。",
    r"The picture has (\S+) pixels, too many to upscale it (\d)×, .* may have (\d+): use (\d)×\.":
        r"图片有 \1 像素，放大 \2 倍会超过每边 \3 像素的上限：请放大 \4 倍。",
    r"The picture has (\S+) pixels, too many to upscale it (\d)×, .* may have (\d+): .* (\d+)\.":
        r"图片有 \1 像素，放大 \2 倍会超过每边 \3 像素的上限：请用每边最多 \4 像素的图片。",
    r"A picture of (\d+x\d+) cannot be upscaled to (\d+x\d+): use 2 or 4 times its size\.":
        r"\1 的图片不能放大到 \2：请用原来的 2 倍或 4 倍。",
    r"The strength (\d+)% is too much for an upscaled image: use up to (\d+)%, or none\.":
        r"放大时强度 \1% 太大：最多 \2%，也可以不设。",
    r"Upscaling needs weights that are not installed here: .*`(.+)`\.":
        r"放大所需的模型没有安装：机器人的运营者可以用 `\1` 安装。",
    r"The upscaler's file (\S+) cannot be used \(.*\): .*":
        r"放大模型的文件 \1 已损坏：机器人的运营者需要重新安装它。",
    # Words that are not wanted
    **{
        rf"The {noun} has a word that is not wanted here \((.+)\): .*":
            rf"{chinese}里有这里不允许的词（\1）：请删去。"
        for noun, chinese in _NOUNS.items()
    },
    **{
        rf"The {noun} took too long to look through for (.+): .*":
            rf"{chinese}太长，无法检查其中有没有 \1：请写短一些。"
        for noun, chinese in _NOUNS.items()
    },
    # Pictures that are not shown
    r"The picture check found it unsuitable \((\S+), and (\S+) is the limit\): try .*":
        r"图片检查认为它不合适（\1，上限是 \2）：请换个种子，或改写提示词。",
    r"The picture check found it unsuitable \((\S+), and (\S+) is the limit\): use .*":
        r"图片检查认为它不合适（\1，上限是 \2）：请换一张图片。",
    r"The picture could not be checked, so .*":
        "图片无法检查，因此不显示：请再试一次；若仍然如此，请告诉机器人的运营者。",
    **RULE_SENTENCES,
    # The queue and the service
    r"You already have (\d+) jobs in the queue, and (\d+) are the limit: .*":
        r"你已有 \1 个任务在队列中，上限是 \2 个：请等一个完成，或用 /cancel 取消一个。",
    r"The queue is full with (\d+) jobs: .*": r"队列已满（\1 个任务）：请过几分钟再试。",
    r"Only its requester and moderators can delete it\.": "只有请求者和管理员可以删除它。",
    r"What is stored about you does not fit into a file .*":
        "关于你保存的内容放不进这里能发送的文件：请向机器人的运营者索取。",
    r"The bot is about to restart: .*": "机器人即将重启：请一分钟后再试。",
    r"Something went wrong on my side; .*": "我这边出了问题，已记录下来，请再试一次。",
    r"Drawing this stopped the engine twice, .*": "画这张图使引擎停止了两次，不再尝试。",
    r"The file of the image '(\w+)' is gone: .*":
        r"图片 \1 的文件不见了：点它下方的“同一种子”可重新画出，再加入那一张。",
    r"The file of the image '(\w+)' is damaged: .*":
        r"图片 \1 的文件已损坏：点它下方的“同一种子”可重新画出，再加入那一张。",
    r"The bot's data were damaged and brought back from a copy, .*":
        "机器人的数据曾损坏，已从备份恢复，无法得知这个任务的结果：请重新提交。",
    r"The image (.+) is made and kept, but Discord did not take it for (\d+) hours: .*":
        r"图片 \1 已画好并保存，但 Discord 有 \2 小时没有接收它：请用 /show 或 /history 查看。",
    r"The image (.+) is made and kept, but .*":
        r"图片 \1 已画好并保存，但我不能再在原频道发布：请在别处用 /show 或 /history 查看。",
    r"The database could not be written \(the disk is full\).*":
        "磁盘已满，数据库无法写入：需要由运行我的人腾出空间。",
    r"The database could not be written .*": "数据库暂时无法写入：请一分钟后再试。",
    r"The database could not be read .*": "数据库暂时无法读取：请一分钟后再试。",
    r"The image could not be stored: (.*)\.": r"图片无法保存：\1。",
    # Boards
    r"There is no board (.+) here that you may see: .*":
        r"这里没有你能看到的画板 \1：请从列表中选择。",
    r"You may only look at the board (.+): ask (.+) or a moderator to let you add\.":
        r"画板 \1 你只能查看：请让 \2 或管理员允许你添加。",
    r"You may not curate the board (.+): ask (.+) or a moderator to let you\.":
        r"你不能整理画板 \1：请让 \2 或管理员授权。",
    r"Only (.+) and moderators can do that with the board (.+)\.":
        r"只有 \1 和管理员可以对画板 \2 这样做。",
    r"The board (.+) is archived: .*": r"画板 \1 已归档：请先取消归档。",
    r"The board (.+) is not deleted: .*": r"画板 \1 没有被删除：它还在。",
    r"The board (.+) was deleted more than a day ago: .*":
        r"画板 \1 已删除超过一天：无法恢复。",
    r"The image (\S+) is not there for everyone here: .*":
        r"图片 \1 并非这里所有人都能看到：请回到它的频道去画。",
    r"Only moderators of this server can steer its jobs: .*":
        "只有本服务器的管理员才能调度任务：需要在整个服务器（而不只是某个频道）拥有“管理消息”权限。",
    r"Only the bot's owner can do that for all servers\.":
        "只有机器人的所有者可以对所有服务器这样做。",
    r"There is no such channel here that you may see: .*":
        "这里没有你能看到的这个频道：请另选一个。",
    r"Boards belong to a server that has invited me: .*":
        "画板属于邀请了我的服务器：请在那里使用。",
    r"It hangs there again already\.": "它已经重新挂在那里了。",
    r"The board needs a name: .*": "画板需要名称：请写用途，例如“春季”。",
    r"There is a board (.+) here already: .*": r"这里已有画板 \1：请换一个名称。",
    r"The channel is a board already, (.+): archive .*":
        "这个频道已经是画板：请先归档那个画板，或换一个频道。",
    r"There are (\d+) boards here, and (\d+) are the limit: .*":
        r"这里已有 \1 个画板，上限是 \2 个：请删除不用的画板。",
    r"The board (.+) has (\d+) pictures, and (\d+) are the limit: .*":
        r"画板 \1 已有 \2 张图片，上限是 \3 张：请取下一些，或新建画板。",
    r"The boards of this server keep ([\d.,]+) MB of pictures, this one has ([\d.,]+) MB, "
    r"and ([\d.,]+) MB are the limit: .*":
        r"本服务器的画板已保存 \1 MB 图片，这张有 \2 MB，上限是 \3 MB：请取下一些图片，"
        r"或删除不用的画板；一天之后空间才会释放。",
    r"The file (.+) cannot be fetched from Discord: .*":
        r"无法从 Discord 取得文件 \1：若消息还在，请再试一次。",
    r"The board names (\d+) members and roles already: (\d+) are the limit\.":
        r"画板已列出 \1 个成员和角色：上限是 \2 个。",
    r"There is no picture (-?\d+) on the board (.+): .*":
        r"画板 \2 上没有第 \1 号图片：请用板上显示的编号。",
    r"There is no image (.+) here: .*": r"这里没有图片 \1：请用未删除图片下方的 ID。",
    r"No picture (-?\d+) was taken off the board (.+) within a day: .*":
        r"一天之内没有从画板 \2 取下第 \1 号图片：无可恢复。",
    r"It hangs there again already: it is picture (\d+)\.":
        r"它已经又在画板上了：第 \1 号图片。",
    r"Picture (\d+) is your own, and the board (.+) counts no votes .*":
        r"第 \1 号图片是你自己的，画板 \2 不计自投票：请投给别的图片。",
    r"Picture (\d+) has (\d+) comments, and (\d+) are the limit: .*":
        r"第 \1 号图片已有 \2 条评论，上限是 \3 条：请先删除一条。",
    r"There is no such comment on picture (\d+): .*":
        r"第 \1 号图片没有这条评论：可能已被删除。",
    r"The comment is empty: .*": "评论是空的：请写下要说的话。",
    r"A picture with (\d+) tags is too much: (\d+) are the limit\.":
        r"一张图片有 \1 个标签太多了：上限是 \2 个。",
    r"The threshold (.+) does not work: use a whole number from 1 to (\d+)\.":
        r"票数门槛 \1 不行：请用 1 到 \2 的整数。",
    r"The name has (\d+) characters: (\d+) are the limit\.":
        r"名称有 \1 个字符：最多 \2 个。",
    r"The brief has (\d+) characters: (\d+) are the limit\.":
        r"简介有 \1 个字符：最多 \2 个。",
    # Styles
    r"There is no style (.+) here: use (.+)\.": r"这里没有风格 \1：请用 \2。",
    r"The style (.+) draws with the LoRA (.+), which is not here any more: .*":
        r"风格 \1 要用的 LoRA \2 已经不在了：请另选一个 LoRA，或用 lora:none 不用它。",
    r"The style of this channel's board draws with the LoRA (.+), which .*":
        r"本频道画板的风格要用的 LoRA \1 已经不在了：请另选一个 LoRA，或用 lora:none 不用它。",
    r"There is no style (.+) here any more: .*": r"风格 \1 已经被人删除了。",
    r"The style cannot be called (.+): use a name without commas, .*":
        r"风格不能叫 \1：请用不含逗号的名称，例如“水墨”，也不要用“none”。",
    r"The line (.+) is no value of a style: write for example 'guidance: 1\.2', with one of (.+)\.":
        r"\1 这一行不是风格的取值：请写成例如 guidance: 1.2，可用的有 \2。",
    r"There are (\d+) styles here, and (\d+) are the limit: .*":
        r"这里已有 \1 种风格，最多 \2 种：请删除一种没人用的。",
    r"There is a style (.+) here already: .*": r"这里已有风格 \1：请换一个名称。",
    r"The style does nothing: .*": "这个风格什么也不加：请给它词、尺寸或取值。",
    r"The style (.+) is built in: .*":
        r"风格 \1 是内置的：可以新建一个同名的，在这里优先使用。",
    r"Styles belong to a server that has invited me: .*":
        "风格属于邀请了我的服务器：请在那里使用。",
    r"You may not make styles here: .*": "你不能在这里新建风格：请联系本服务器的管理员。",
    r"You may not change other people's styles here: .*":
        "你不能在这里修改别人的风格：请联系本服务器的管理员。",
    r"The style has (\d+) characters: (\d+) are the limit\.":
        r"风格词有 \1 个字符：最多 \2 个。",
    r"The caption has (\d+) characters: (\d+) are the limit\.":
        r"说明有 \1 个字符：最多 \2 个。",
    r"The credit has (\d+) characters: (\d+) are the limit\.":
        r"署名有 \1 个字符：最多 \2 个。",
    r"The comment has (\d+) characters: (\d+) are the limit\.":
        r"评论有 \1 个字符：最多 \2 个。",
    r"The tag has (\d+) characters: (\d+) are the limit\.":
        r"标签有 \1 个字符：最多 \2 个。",
    r"Only moderators can say what a star does in this server\.":
        "只有管理员可以设定星标在本服务器的作用。",
    r"There is no number in (.+): use those on the sheet, .*":
        r"\1 中没有编号：请用总览上的编号，例如 3, 7。",
    # Pictures and recipes
    r"The file has (\d+) MB: (\d+) MB are the limit\.": r"文件有 \1 MB：上限是 \2 MB。",
    r"This file is an? (.+), which cannot be read here: .*":
        r"这里读不了这种文件（\1）：请存为 PNG 或 JPEG。",
    r"It was read at 1/(\d) of its size: (\S+) pixels need too much memory\.":
        r"以 1/\1 的尺寸读取：\2 像素需要太多内存。",
    r"It is animated: .*": "这是动图：只看了第一帧。",
    r"Not all text in the file was read: (\d+) MB are the limit\.":
        r"文件中的文字没有全部读取：上限是 \1 MB。",
    r"Its colour profile is damaged and was ignored\.": "它的颜色配置文件已损坏，未使用。",
    r"Its colour profile is damaged or has more than (\d+) MB, .*":
        r"它的颜色配置文件已损坏或超过 \1 MB，未使用。",
    r"The file (.+) cannot be read: (.*)\.": r"无法读取文件 \1：\2。",
    r"This file is no picture: .*": "这个文件不是图片：请用 PNG、JPEG、WebP、AVIF、GIF 或 BMP。",
    r"The picture has too many pixels: use one of at most (.+)\.": r"图片像素太多：最大 \1。",
    r"The picture has (.+) pixels: use one of at most (.+)\.": r"图片像素太多（\1）：最大 \2。",
    r"The picture is damaged or cut short: .*": "图片损坏或不完整：请重新保存或发送。",
    r"The recipe was changed after it was written: .*": "配方在写入后被改过：它的 SHA-256 不符。",
    r"The recipe has (\d+) characters: (\d+) are the limit, .*":
        r"配方有 \1 个字符：上限是 \2 个，所以它不是本机器人的。",
    r"The recipe has version (\S+), .*": r"配方是版本 \1，比本程序新：请更新机器人。",
    r"The recipe has variety (\d+) with noise .*":
        r"配方的变化 \1 用了本程序不会画的噪声：请更新机器人。",
    r"The variety scale (.+) does not work: .*": r"变化标度 \1 不行：请更新机器人。",
    r"This (?:is|JSON is) no recipe.*": "这不是本机器人的配方。",
    r"The recipe holds a value that cannot be meant: .*": "配方里有不可能的值。",
    # The engine
    r"Memory ran out while drawing (\S+): .*":
        r"画 \1 时内存不足：请选小一些的尺寸。",
    r"GPU memory ran out while drawing (\S+?),? .*": r"画 \1 时显存不足：请选小一些的尺寸。",
    r"The model returned no picture .*": "模型没有给出图片：请换一个种子。",
    r"The model returned one single colour: .*": "模型只给出了一种颜色：请换一个种子。",
    r"The image was cancelled.*": "图片已取消。",
    # Moderation
    r"A moderator of this server has stopped you from using this bot\.":
        "本服务器的管理员已禁止你使用本机器人。",
    r"A moderator of this server has stopped you from using this bot until (.+)\.":
        r"本服务器的管理员已禁止你使用本机器人，到 \1 为止。",
    r"A moderator of this server decided against it\.": "本服务器的管理员没有同意。",
    r"No moderator of this server looked at it for a week\.": "一周内没有管理员处理。",
    r"The rules here send that to a moderator first, .*":
        "按这里的规则，这要先由管理员看过，但本服务器没有我能写入的日志频道：请联系管理员。",
    r"The rules have changed: a moderator has to look at this prompt first, .*":
        "规则已改变：这个提示词要先由管理员看过，请再提交一次。",
    r"(\d+) of your jobs wait for a moderator, and (\d+) are the limit: .*":
        r"你有 \1 个任务在等管理员，最多 \2 个：请等一等，或用 /cancel 取消一个。",
    r"Its prompt has (.+)\.": r"提示词里有 \1。",
    r"Only moderators of this server can do that: it takes .*":
        "只有本服务器的管理员可以这样做：需要整个服务器的“管理消息”权限。",
    r"Only moderators of this server can do that, and only .*":
        "只有本服务器的管理员可以这样做，而且记录还在时才行。",
    r"Only a moderator of where an image was made can hide it\.":
        "只有图片所在频道的管理员可以遮挡它。",
    r"There is no such image here\.": "这里没有这张图。",
    r"You cannot ban yourself\.": "不能禁用自己。",
    r"They are banned until then already\.": "对方已经被禁用到那时。",
    r"That cannot be decided of this\.": "不能这样决定。",
    r"That is not there any more\.": "那已经不在了。",
    r"That was decided before, by (.+): (\w+)\.": r"\1 已经决定过了（\2）。",
    r"These images are from an age-restricted channel: .*":
        "这些图来自年龄限制频道：日志频道也有年龄限制时才能在这里看。",
    r"Nobody would read that: .*": "没有人会看到：本服务器没有我能写入的管理员日志频道。",
    r"You have reported (\d+) images within an hour, .*":
        r"你一小时内已举报 \1 张图：管理员会先处理这些。",
    r"You have reported this before: .*": "你已经举报过了，管理员知道。",
    r"There is nothing to appeal against: .*": "没有可以申诉的：你没有被拒绝、警告或禁用。",
    r"You have appealed against that before: .*": "你已经申诉过了：只能申诉一次。",
    # Boards' exports
    r"This board does not fit into files of ([\d.]+) MB: .*":
        r"画板放不进 \1 MB 的文件：请允许更大的文件，或少导出一些图片。",
})  # fmt: skip
