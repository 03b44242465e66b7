"""What the bot says of styles, in both languages, and its commands in Chinese."""

from __future__ import annotations

from typing import Final

STYLES_ENGLISH: Final[dict[str, str]] = {
    "style_of_requester": "🖌️ With the style {words}",
    "style_of_board": "📌 With the words of this channel's board: {words} · `plain:True` in "
    "`/imagine` leaves them out",
    "style_of_board_named": "📌 With the style of this channel's board: {words} · `plain:True` in "
    "`/imagine` leaves it out",
    "style_of_server": "🏠 With the words that this server adds: {words} · `plain:True` in "
    "`/imagine` leaves them out",
    "style_too_long": "With the words of its styles the prompt has {tokens} tokens: {limit} are "
    "the limit. Write less, leave the style out, or say `plain:True`.",
    "style_list": "### Styles\n`/imagine style:` draws with one of them, `/compare vary:styles` "
    "shows several, `/style show` tells what one adds.",
    "style_list_own": "**Of this server:** {names}",
    "style_list_none": "This server has none of its own yet{how}.",
    "style_list_how": ": `/style create` makes one",
    "style_list_built_in": "**In every server:** {names}",
    "style_list_samples": "“{prompt}” in the built-in styles, drawn by the small demo model. It "
    "knows emoji and few media: what draws here may do better.",
    "style_sample": "The style {name}, drawn by the demo model",
    "style_before": "**Before the prompt** {words}",
    "style_after": "**Behind the prompt** {words}",
    "style_value": "**{name}** {value}",
    "style_built_in": "Built in: a prompt in Chinese gets the words in Chinese.",
    "style_made_by": "Made by {name}, {when}",
    "style_button_try": "Try it",
    "style_button_edit": "Edit",
    "style_button_remove": "Remove",
    "style_create_title": "A new style",
    "style_edit_title": "Edit the style",
    "style_field_name": "Name",
    "style_field_before": "Words before the prompt",
    "style_field_after": "Words behind the prompt",
    "style_field_size": "Size",
    "style_field_values": "Other values, one a line",
    "style_hint_before": "for example: watercolour painting of",
    "style_hint_after": "for example: soft washes, white paper",
    "style_hint_size": "Empty: as usual. A name such as portrait, or WIDTHxHEIGHT",
    "style_hint_values": "guidance: 1.2 · {options}",
    "style_made": "🖌️ The style **{name}** is there: `/imagine style:{name}`",
    "style_changed": "🖌️ The style **{name}** is changed. What was drawn with it stays as it is.",
    "style_sure": "Remove the style **{name}** for everyone here? What was drawn with it stays.",
    "style_removed": "🗑️ The style **{name}** is removed.",
    "style_boards_use": "Boards use it: {boards}",
    "style_boards_keep": "Boards keep its words and values as their own: {boards}",
}
STYLES_CHINESE: Final[dict[str, str]] = {
    "style_of_requester": "🖌️ 使用风格 {words}",
    "style_of_board": "📌 已加上本频道画板的词：{words} · 在 `/imagine` 中用 `plain:True` 可不加",
    "style_of_board_named": "📌 使用本频道画板的风格：{words} · 在 `/imagine` 中用 `plain:True` "
    "可不加",
    "style_of_server": "🏠 已加上本服务器的词：{words} · 在 `/imagine` 中用 `plain:True` 可不加",
    "style_too_long": "加上风格的词，提示词有 {tokens} 个词元：最多 {limit} 个。请写短些、"
    "不用风格，或用 `plain:True`。",
    "style_list": "### 风格\n`/imagine style:` 用其中一种来画，`/compare vary:styles` 对比几种，"
    "`/style show` 查看某一种会加什么。",
    "style_list_own": "**本服务器的：**{names}",
    "style_list_none": "本服务器还没有自己的风格{how}。",
    "style_list_how": "：用 `/style create` 新建",
    "style_list_built_in": "**各服务器都有的：**{names}",
    "style_list_samples": "内置风格下的“{prompt}”，由小小的演示模型绘制。它只懂表情符号和少数画法，"
    "这里的模型可能画得更好。",
    "style_sample": "风格“{name}”，由演示模型绘制",
    "style_before": "**提示词之前** {words}",
    "style_after": "**提示词之后** {words}",
    "style_value": "**{name}** {value}",
    "style_built_in": "内置：中文提示词用中文的词，其他语言用英文的词。",
    "style_made_by": "由 {name} 创建，{when}",
    "style_button_try": "试试",
    "style_button_edit": "编辑",
    "style_button_remove": "删除",
    "style_create_title": "新的风格",
    "style_edit_title": "编辑风格",
    "style_field_name": "名称",
    "style_field_before": "提示词之前的词",
    "style_field_after": "提示词之后的词",
    "style_field_size": "尺寸",
    "style_field_values": "其他取值，每行一个",
    "style_hint_before": "例如：水彩画：",
    "style_hint_after": "例如：柔和晕染，白色水彩纸",
    "style_hint_size": "留空则照常。名称（如 portrait）或 宽x高",
    "style_hint_values": "guidance: 1.2 · {options}",
    "style_made": "🖌️ 风格 **{name}** 已建好：`/imagine style:{name}`",
    "style_changed": "🖌️ 风格 **{name}** 已修改。用它画过的图保持不变。",
    "style_sure": "要为这里所有人删除风格 **{name}** 吗？用它画过的图会保留。",
    "style_removed": "🗑️ 风格 **{name}** 已删除。",
    "style_boards_use": "使用它的画板：{boards}",
    "style_boards_keep": "这些画板把它的词和取值留作自己的：{boards}",
}
STYLES_CHINESE_COMMANDS: Final[dict[str, str]] = {
    "style": "风格",
    "styles": "风格",
    "A style of this server or a built-in one: /style list shows them":
        "本服务器的或内置的风格：/style list 可查看",
    "Words and values that go into prompts by a name": "以名称加进提示词的词和取值",
    "The styles there are, with samples": "有哪些风格，附样图",
    "What a style adds to prompts": "一种风格给提示词加什么",
    "Make a style for this server": "为本服务器新建风格",
    "Change a style of this server": "修改本服务器的风格",
    "Remove a style of this server": "删除本服务器的风格",
    "Which style": "哪种风格",
    "A style by its name, or words added to prompts in its channel":
        "风格的名称，或加到其频道提示词里的词",
}  # fmt: skip
