"""The Chinese of what rules and quotas refuse, by the shape of the English sentences."""

from __future__ import annotations

from typing import Final

_WINDOWS: Final = {"an hour": "每小时", "a day": "每天", "a month": "每月"}
_WHOSE: Final = {"This server has": "本服务器", "You have": "你"}
_LAYERS: Final = {"member": "成员", "role": "身份组", "channel": "频道"}
RULE_SENTENCES: Final[dict[str, str]] = {
    r"The rule (\S+) cannot be (.*): use a whole number from (\d+) to (\d+) or none\.":
        r"规则 \1 不能是 \2：请用 \3 到 \4 的整数，或 none。",
    r"The rule (\S+) cannot be (.*): use at most (\d+) characters(?: in all)?\.":
        r"规则 \1 不能是 \2：最多 \3 个字符。",
    r"The rule (\S+) cannot be (.*): use the id of a channel or none\.":
        r"规则 \1 不能是 \2：请用频道的 ID，或 none。",
    r"The rule (\S+) cannot be (.*): use (.*) or none\.":
        r"规则 \1 不能是 \2：请用 \3 或 none。",
    r"The rule (\S+) cannot be (.*): use (.*)\.": r"规则 \1 不能是 \2：请用 \3。",
    r"There is no rule (.+): the rules are (.+)\.": r"没有规则 \1：规则有 \2。",
    r"The rule (\S+) cannot be set for an? (\w+): it is one of (.+)\.":
        r"规则 \1 不能为 \2 设置：可用于 \3。",
    r"The table (.+) is unknown: a file of rules has (.+)\.": r"没有表 \1：规则文件里有 \2。",
    r"The rule (.+) stands in \[(\w+)\]: say whose it is\.":
        r"规则 \1 写在 [\2] 里：请写明是谁的。",
    r"(.+) is no kind of channel: use (.+)\.": r"没有 \1 这类频道：请用 \2。",
    **{
        rf"(.+) is no id of a {layer}: an id is a number\.":
            rf"\1 不是{chinese}的 ID：ID 是一个数字。"
        for layer, chinese in _LAYERS.items()
    },
    r"The file of rules has ([\d,]+) characters: ([\d,]+) are the most\.":
        r"规则文件有 \1 个字符：最多 \2 个。",
    r"The file of rules is no TOML \((.*)\)\.": r"规则文件不是 TOML（\1）。",
    r"The file has ([\d,]+) rules: ([\d,]+) are the most\.": r"文件里有 \1 条规则：最多 \2 条。",
    r"A server can have ([\d,]+) rules, and these are more\.": r"一个服务器最多 \1 条规则。",
    r"Only who has \*Manage Server\* here can see and change its rules\.":
        "只有在这里拥有“管理服务器”权限的人才能查看和更改规则。",
    r"Only moderators of this server can do that: .*":
        "只有本服务器的管理员可以这样做：需要在整个服务器拥有“管理消息”权限。",
    r"These (?:rules|quotas) are another server's: ask there\.":
        "那是另一个服务器的：请在那里查看。",
    r"(\d+) images cannot be granted: use 1 to ([\d,]+)\.": r"不能增加 \1 张：请用 1 到 \2。",
    **{
        rf"{whose} ([\d.]+) left of ([\d.]+) images {window}, and this takes ([\d.]+): "
        rf"there is room again (.+)\.":
            rf"{owner}{times} \2 张的限额还剩 \1 张，而这需要 \3 张：\4又有余额。"
        for window, times in _WINDOWS.items()
        for whose, owner in _WHOSE.items()
    },
    **{
        rf"{whose} ([\d.]+) left of ([\d.]+) images {window}, and this takes ([\d.]+): ask .*":
            rf"{owner}{times} \2 张的限额还剩 \1 张，而这需要 \3 张：请少要几张，或选小一些的尺寸。"
        for window, times in _WINDOWS.items()
        for whose, owner in _WHOSE.items()
    },
    r"No images are drawn here: the rule (\w+) is 0\.": r"这里不画图：规则 \1 为 0。",
    r"This channel is in slow mode: you can ask again (.+)\.":
        r"这个频道是慢速模式：\1可以再请求。",
    r"(\d+) images at once are too many here: (\d+) are allowed\.":
        r"这里一次不能要 \1 张图：最多 \2 张。",
    r"The size (\S+) is too large here: a side may have (\d+) pixels\.":
        r"尺寸 \1 在这里太大：一边最多 \2 像素。",
    r"The quality (.+) is not allowed here: use (.+)\.": r"这里不能用质量 \1：请用 \2。",
    r"The operation (.+) is not allowed here: use (.+)\.": r"这里不能用画法 \1：请用 \2。",
    r"A moderator of this server has stopped you from using this bot\.":
        "本服务器的管理员已停止你使用这个机器人。",
    r"A moderator of this server has stopped you from using this bot until (.+)\.":
        r"本服务器的管理员已停止你使用这个机器人，\1恢复。",
    r"The rules of this server do not let you use (.+) in this channel\.":
        r"按本服务器的规则，你不能在这个频道使用 \1。",
    r"The rules of this server do not let you use (.+) here\.":
        r"按本服务器的规则，你不能在这里使用 \1。",
    r"The operator of this bot does not let you use (.+) here\.":
        r"机器人的运营者不允许你在这里使用 \1。",
    # Lists of words
    r"The list of words has more than (\d+) entries\.": r"词表超过 \1 条。",
    r"Line (\d+) of the list of words names the category (.+): use (.+)\.":
        r"词表第 \1 行的类别 \2 不存在：请用 \3。",
    r"Line (\d+) of the list of words has (\d+) characters: (\d+) are .*":
        r"词表第 \1 行有 \2 个字符：最多 \3 个。",
    r"Line (\d+) of the list of words has no letters: (.+)\. Write a word, or .*":
        r"词表第 \1 行没有文字：\2。请写一个词或正则表达式。",
    r"Line (\d+) of the list of words is no regular expression: (.+)\.":
        r"词表第 \1 行不是正则表达式：\2。",
}  # fmt: skip
