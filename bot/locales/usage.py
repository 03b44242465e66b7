"""The words of usage reports, in both languages."""

from __future__ import annotations

from typing import Final

USAGE_ENGLISH: Final[dict[str, str]] = {
    "usage_title": "{name} · last {days} days",
    "usage_title_one": "{name} · today",
    "usage_everywhere": "All servers",
    "usage_direct": "Direct messages",
    "usage_range": "{first} to {last}, UTC",
    "usage_by_day": "Images by day",
    "usage_by_member": "Images by member",
    "usage_by_server": "Images by server",
    "usage_others": "{count} others",
    "usage_nothing": "No images yet.",
    "usage_images": "images",
    "usage_jobs": "jobs posted, {failed} failed, {cancelled} cancelled",
    "usage_half": "until half of the jobs were answered",
    "usage_most": "until nine in ten were answered",
    "usage_cost": "images by cost, as quotas count them",
    "usage_refused": "refused by a rule",
    "usage_refused_by": "Refused: {counts}",
    "usage_minutes": "{minutes} min {seconds} s",
    "usage_seconds": "{seconds:.1f} s",
    "usage_alt": "Chart of the images drawn by day and by member",
    "usage_file": "Each day and member is in `{name}`.",
}
USAGE_CHINESE: Final[dict[str, str]] = {
    "usage_title": "{name} · 最近 {days} 天",
    "usage_title_one": "{name} · 今天",
    "usage_everywhere": "所有服务器",
    "usage_direct": "私信",
    "usage_range": "{first} 至 {last}（UTC）",
    "usage_by_day": "每天的图片",
    "usage_by_member": "各成员的图片",
    "usage_by_server": "各服务器的图片",
    "usage_others": "另外 {count} 个",
    "usage_nothing": "还没有图片。",
    "usage_images": "张图片",
    "usage_jobs": "个任务已发出，{failed} 个失败，{cancelled} 个取消",
    "usage_half": "内完成了一半的任务",
    "usage_most": "内完成了九成的任务",
    "usage_cost": "张（按配额的算法）",
    "usage_refused": "次被规则拒绝",
    "usage_refused_by": "被拒绝：{counts}",
    "usage_minutes": "{minutes} 分 {seconds} 秒",
    "usage_seconds": "{seconds:.1f} 秒",
    "usage_alt": "每天和各成员所画图片的图表",
    "usage_file": "每天、每位成员的数目见 `{name}`。",
}
USAGE_CHINESE_COMMANDS: Final[dict[str, str]] = {
    "stats": "统计",
    "days": "天数",
    "See how much this server draws": "查看这个服务器画了多少",
    "How many days, today included (30)": "多少天，含今天（30）",
    "All servers; for the bot's owner only": "所有服务器；仅限机器人的拥有者",
}
